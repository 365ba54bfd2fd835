//! Schemas as Gemini's callers write them, brought to JSON Schema: types are words in capitals, numbers may be texts, and
//! `nullable` is a type of its own elsewhere.

use bytes::BytesMut;
use types::Raw;

use super::object::camel;
use crate::json::{Json, Kind, Writer};

/// Words whose value is a schema.
const SCHEMA: [&str; 3] = ["items", "additionalProperties", "not"];
/// Words whose value is a list of schemas.
const SCHEMAS: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
/// Words whose value is an object with a schema in each field.
const NAMED: [&str; 4] = ["properties", "defs", "$defs", "patternProperties"];
/// Words whose value is a number.
const NUMBERS: [&str; 8] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "minimum", "maximum"];
/// Words that JSON Schema does not know.
const OWN: [&str; 2] = ["propertyOrdering", "nullable"];

/// The schema as JSON Schema.
pub(super) fn json_schema(schema: Json) -> Raw {
    let mut out = BytesMut::new();
    write(schema, &mut Writer::new(&mut out));
    Raw::new(String::from_utf8_lossy(&out))
}

fn write(schema: Json, w: &mut Writer) {
    if schema.kind() != Kind::Object {
        return w.json(schema.raw());
    }
    let nullable = schema.get("nullable").and_then(|flag| flag.as_bool()) == Some(true);
    w.object(|w| {
        for (key, value) in schema.fields().filter(|(_, value)| !value.is_null()) {
            let word = camel(&key.as_str().unwrap_or_default());
            match word.as_str() {
                own if OWN.contains(&own) => {}
                "type" => kind(value, nullable, w.key("type")),
                // Gemini names the format of a choice; elsewhere it would be an unknown one.
                "format" if value.is("enum") => {}
                "defs" => named(value, w.key("$defs")),
                "ref" => w.key("$ref").json(value.raw()),
                word if SCHEMA.contains(&word) => write(value, w.key(word)),
                word if SCHEMAS.contains(&word) => {
                    w.key(word).array(|w| value.items().for_each(|item| write(item, w)));
                }
                word if NAMED.contains(&word) => named(value, w.key(word)),
                word if NUMBERS.contains(&word) => number(value, w.key(word)),
                word => w.key(word).json(value.raw()),
            }
        }
    });
}

fn named(object: Json, w: &mut Writer) {
    w.object(|w| {
        for (name, schema) in object.fields() {
            write(schema, w.key(&name.as_str().unwrap_or_default()));
        }
    });
}

fn kind(value: Json, nullable: bool, w: &mut Writer) {
    match value.as_str().map(|word| word.to_ascii_lowercase()) {
        Some(word) if nullable => w.array(|w| [word.as_str(), "null"].into_iter().for_each(|word| w.string(word))),
        Some(word) => w.string(&word),
        None => w.json(value.raw()),
    }
}

fn number(value: Json, w: &mut Writer) {
    match value.as_str().filter(|text| text.parse::<f64>().is_ok_and(f64::is_finite)) {
        Some(text) => w.json(&text),
        None => w.json(value.raw()),
    }
}
