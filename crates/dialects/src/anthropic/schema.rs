//! Making a JSON schema fit Anthropic's constrained decoding: what the decoder cannot enforce becomes words.
//!
//! A constraint that is moved into a `description` is still told to the model, but no longer guaranteed: whoever
//! needs the guarantee validates the answer.

use bytes::BytesMut;
use types::Raw;

use crate::json::{Doc, Json, Kind, Writer};

/// Keywords that the decoder refuses (wire.md 3.8).
const REFUSED: [&str; 26] = [
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
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
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "unevaluatedItems",
    "if",
    "then",
    "else",
    "not",
];

/// String formats that the decoder knows.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Groups that let a pattern look around, which the decoder cannot.
const LOOK_AROUND: [&str; 4] = ["(?=", "(?!", "(?<=", "(?<!"];

/// The schema as the decoder accepts it.
pub(super) fn decodable(schema: &Raw) -> Raw {
    let Ok(doc) = Doc::parse(schema.get().as_bytes()) else {
        return schema.clone();
    };
    let mut out = BytesMut::with_capacity(schema.get().len() + 64);
    write(doc.root(), &mut Writer::new(&mut out));
    Raw::new(String::from_utf8_lossy(&out).into_owned())
}

/// Writes a schema; the depth is bounded by the parser's.
fn write(schema: Json, w: &mut Writer) {
    if schema.kind() != Kind::Object {
        return w.json(schema.raw());
    }
    w.object(|w| {
        let mut told = Vec::new();
        let has_any_of = schema.get("anyOf").is_some();
        for (key, value) in schema.fields() {
            let key = key.as_str().unwrap_or_default();
            match key.as_ref() {
                // Written below, with what is told instead of enforced.
                "description" => {}
                "additionalProperties" => {
                    if value.as_bool() != Some(false) {
                        told.push(format!("additionalProperties: {}", value.raw()));
                    }
                }
                // It becomes `anyOf`; if both are there, both must hold, and only one can be kept.
                "oneOf" if has_any_of => told.push(format!("oneOf: {}", value.raw())),
                name if is_refused(name, value) => told.push(format!("{name}: {}", value.raw())),
                name => write_keyword(name, value, w),
            }
        }
        if is_object(schema) {
            w.num_field("additionalProperties", false);
        }
        write_description(schema, &told, w);
    });
}

fn is_refused(name: &str, value: Json) -> bool {
    match name {
        "minItems" => value.as_u64().is_none_or(|least| least > 1),
        "format" => !FORMATS.iter().any(|format| value.is(format)),
        "pattern" => value.as_str().is_none_or(|pattern| LOOK_AROUND.iter().any(|group| pattern.contains(group))),
        // One schema per position: an old spelling of `prefixItems`.
        "items" => value.kind() == Kind::Array,
        name => REFUSED.contains(&name),
    }
}

fn write_keyword(name: &str, value: Json, w: &mut Writer) {
    let name = if name == "oneOf" { "anyOf" } else { name };
    w.key(name);
    match (name, value.kind()) {
        ("properties" | "$defs" | "definitions", Kind::Object) => w.object(|w| {
            for (key, schema) in value.fields() {
                w.key(&key.as_str().unwrap_or_default());
                write(schema, w);
            }
        }),
        ("anyOf" | "allOf", Kind::Array) => w.array(|w| value.items().for_each(|schema| write(schema, w))),
        ("items", _) => write(value, w),
        _ => w.json(value.raw()),
    }
}

/// Whether the schema describes objects: those must be closed.
fn is_object(schema: Json) -> bool {
    let says = schema.get("type").is_some_and(|kinds| kinds.one_or_many().any(|kind| kind.is("object")));
    says || schema.get("properties").is_some()
}

fn write_description(schema: Json, told: &[String], w: &mut Writer) {
    let description = schema.get("description").and_then(|text| text.as_str());
    let told = (!told.is_empty()).then(|| format!("Must satisfy: {}.", told.join("; ")));
    match (description, told) {
        (Some(text), Some(told)) => w.str_field("description", &format!("{text}\n{told}")),
        (Some(text), None) => w.str_field("description", &text),
        (None, Some(told)) => w.str_field("description", &told),
        (None, None) => {}
    }
}

/// Whether the schema describes an object, as a tool's input must be.
pub(super) fn describes_object(schema: &Raw) -> bool {
    Doc::parse(schema.get().as_bytes()).is_ok_and(|doc| is_object(doc.root()))
}
