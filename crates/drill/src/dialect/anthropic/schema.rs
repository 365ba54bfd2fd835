//! The limits Anthropic puts on the schema of structured output.

use serde_json::Value;

/// Words constrained decoding does not know.
const UNSUPPORTED: &[&str] = &[
    "maxItems",
    "uniqueItems",
    "contains",
    "prefixItems",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "dependentRequired",
    "dependentSchemas",
    "oneOf",
    "if",
    "then",
    "else",
    "not",
];

const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Depth to which schemas are checked.
const MAX_DEPTH: usize = 64;

/// What is wrong with a schema, if something is.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    at(schema, 0)
}

fn at(schema: &Value, depth: usize) -> Result<(), String> {
    let Some(map) = schema.as_object() else {
        return Err("Input should be an object".to_owned());
    };
    if depth > MAX_DEPTH {
        return Err("Schema is nested too deeply".to_owned());
    }
    let kind = map.get("type").and_then(Value::as_str);
    if let Some(word) = UNSUPPORTED.iter().find(|word| map.contains_key(**word)) {
        return Err(format!("For '{}' type, property '{word}' is not supported", kind.unwrap_or("any")));
    }
    if map.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
        return Err("For 'array' type, 'minItems' values other than 0 or 1 are not supported".to_owned());
    }
    if kind == Some("object") && map.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err("For 'object' type, 'additionalProperties' must be explicitly set to false".to_owned());
    }
    if let Some(format) = map.get("format").and_then(Value::as_str).filter(|format| !FORMATS.contains(format)) {
        return Err(format!("For 'string' type, format '{format}' is not supported"));
    }
    let maps = ["properties", "$defs", "definitions"].into_iter().filter_map(|word| map.get(word)?.as_object());
    let lists = ["anyOf", "allOf"].into_iter().filter_map(|word| map.get(word)?.as_array());
    let parts = maps.flat_map(|map| map.values()).chain(lists.flatten()).chain(map.get("items"));
    parts.into_iter().try_for_each(|part| at(part, depth + 1))
}
