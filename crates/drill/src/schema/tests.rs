//! Examples fit their schemas, and hostile schemas stay small.

use super::*;

fn check(schema: Value, expected: Value) {
    assert_eq!(example(&schema, 0), expected, "{schema}");
}

#[test]
fn simple_types_have_simple_examples() {
    check(json!({ "type": "string" }), json!("text"));
    check(json!({ "type": "STRING" }), json!("text"));
    check(json!({ "type": "number" }), json!(1.5));
    check(json!({ "type": "integer" }), json!(1));
    check(json!({ "type": "boolean" }), json!(true));
    check(json!({ "type": "null" }), json!(null));
    check(json!({ "type": ["null", "integer"] }), json!(1));
    check(json!({}), json!("text"));
    check(json!({ "enum": ["red", "blue"] }), json!("red"));
    check(json!({ "const": 7 }), json!(7));
    check(json!({ "type": "array", "items": { "type": "integer" } }), json!([1]));
    check(json!({ "type": "string", "format": "date" }), json!("2026-01-01"));
}

#[test]
fn bounds_are_kept() {
    check(json!({ "type": "integer", "minimum": 5 }), json!(5));
    check(json!({ "type": "integer", "exclusiveMinimum": 5 }), json!(6));
    check(json!({ "type": "integer", "maximum": -2 }), json!(-2));
    check(json!({ "type": "number", "exclusiveMaximum": 0 }), json!(-0.5));
    check(json!({ "type": "string", "minLength": 6 }), json!("textxx"));
    check(json!({ "type": "string", "maxLength": 2 }), json!("te"));
    check(json!({ "type": "array", "minItems": 2, "items": { "type": "boolean" } }), json!([true, true]));
    check(json!({ "type": "array", "maxItems": 0 }), json!([]));
}

#[test]
fn objects_have_all_their_properties_in_order() {
    let schema = json!({ "type": "object", "required": ["b"], "properties": {
        "b": { "type": "string" }, "a": { "anyOf": [{ "type": "integer" }, { "type": "null" }] } } });
    assert_eq!(example(&schema, 0).to_string(), r#"{"b":"text","a":1}"#);
    check(
        json!({ "allOf": [{ "properties": { "a": {} } }, { "properties": { "b": { "type": "integer" } } }] }),
        json!({ "a": "text", "b": 1 }),
    );
}

#[test]
fn references_are_followed_and_recursion_ends() {
    let schema = json!({ "$ref": "#/$defs/node", "$defs": { "node": { "type": "object", "properties": {
        "name": { "type": "string" }, "next": { "$ref": "#/$defs/node" }, "all": { "type": "array", "items": { "$ref": "#" } } } } } });
    let made = example(&schema, 0);
    assert_eq!(made["next"]["name"], "text");
    let endless = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
    check(endless, json!(null));
    check(
        json!({ "type": "OBJECT", "properties": { "a": { "ref": "x" } }, "defs": { "x": { "type": "INTEGER" } } }),
        json!({ "a": 1 }),
    );
    check(json!({ "$ref": "#/nowhere" }), json!(null));
}

#[test]
fn variants_differ() {
    let schema = json!({ "type": "object", "properties": { "s": { "type": "string" }, "i": { "type": "integer" }, "e": { "enum": [1, 2] } } });
    assert_eq!(example(&schema, 1), json!({ "s": "text 2", "i": 2, "e": 2 }));
}

#[test]
fn schemas_that_multiply_are_bounded() {
    let mut wide = json!({ "type": "string" });
    for _ in 0..10 {
        wide = json!({ "type": "array", "minItems": 64, "items": wide });
    }
    assert!(example(&wide, 0).to_string().len() < 2_000_000);
    let names: Map<String, Value> = (0..20).map(|n| (n.to_string(), json!({ "$ref": "#" }))).collect();
    let required: Vec<String> = names.keys().cloned().collect();
    let tree = json!({ "type": "object", "properties": names, "required": required });
    assert!(example(&tree, 0).to_string().len() < 2_000_000);
}
