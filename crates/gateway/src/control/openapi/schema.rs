//! Tables of fields as JSON Schema.

use serde_json::{Map, Value, json};

use super::super::manage::{Field, Tables, Takes};
use super::about::about;

/// The fields of several tables, each name once. Needed is what any of them needs.
pub fn fields(tables: Tables) -> Vec<&'static Field> {
    let mut found: Vec<&'static Field> = Vec::new();
    for field in tables.iter().flat_map(|table| table.iter()) {
        match found.iter_mut().find(|known| known.name() == field.name()) {
            Some(known) if field.is_needed() => *known = field,
            Some(_) => {}
            None => found.push(field),
        }
    }
    found
}

/// An object with these fields.
pub fn object(fields: &[&'static Field]) -> Value {
    let property = |field: &&'static Field| (field.name().to_owned(), property(field));
    let needed = fields.iter().filter(|field| field.is_needed()).map(|field| field.name());
    let mut schema = json!({ "type": "object", "properties": fields.iter().map(property).collect::<Map<_, _>>() });
    let needed: Vec<_> = needed.collect();
    if !needed.is_empty() {
        schema["required"] = needed.into();
    }
    schema
}

/// A field of an object; one that may be missing may be null.
fn property(field: &'static Field) -> Value {
    let mut schema = value(&field.takes());
    if !field.is_needed() {
        if let Some(kind) = schema.get("type").cloned() {
            schema["type"] = json!([kind, "null"]);
        }
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.push(Value::Null);
        }
    }
    with_description(schema, field)
}

/// A field of a query.
pub fn parameter(field: &'static Field) -> Value {
    let mut parameter = json!({ "name": field.name(), "in": "query", "schema": value(&field.takes()) });
    if field.is_needed() {
        parameter["required"] = true.into();
    }
    with_description(parameter, field)
}

/// A part of a path.
pub fn segment(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}

fn with_description(mut schema: Value, field: &Field) -> Value {
    if let Some(line) = about(field.name()) {
        schema["description"] = line.into();
    }
    schema
}

/// What a field takes.
fn value(takes: &Takes) -> Value {
    match takes {
        Takes::Text => json!({ "type": "string" }),
        Takes::Name => json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        Takes::Id => json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^/|]+$" }),
        Takes::OneOf(words) => json!({ "type": "string", "enum": words }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Count => json!({ "type": "integer", "minimum": 0 }),
        Takes::Positive => json!({ "type": "integer", "minimum": 1 }),
        Takes::Dollars => json!({ "type": "number", "minimum": 0 }),
        Takes::Span => json!({ "type": "string", "examples": ["30s", "15m", "24h", "7d", "1w", "1mo"] }),
        Takes::Lifetime => json!({ "type": "string", "examples": ["24h", "30d", "-1"] }),
        Takes::Moment => json!({ "type": "string", "examples": ["2026-01-31", "2026-01-31T12:00:00Z"] }),
        Takes::ListOf(each) => json!({ "type": "array", "items": value(each) }),
        Takes::MapOf(each) => json!({ "type": "object", "additionalProperties": value(each) }),
        Takes::Object(fields) => object(&fields.iter().collect::<Vec<_>>()),
        Takes::Map => json!({ "type": "object", "additionalProperties": true }),
        Takes::Any => json!({}),
        Takes::File => json!({ "type": "string", "format": "binary" }),
    }
}

/// What is said where something is not done, in the caller's dialect: Ollama's is a text, Gemini's code is a number.
pub fn error() -> Value {
    let text = json!({ "type": ["string", "null"] });
    let code = json!({ "type": ["string", "integer", "null"] });
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": ["object", "string"],
                "required": ["message"],
                "properties": { "message": { "type": "string" }, "type": text, "param": text, "code": code },
            },
        },
    })
}

/// What is said where fields have the wrong type.
pub fn invalid() -> Value {
    json!({
        "type": "object",
        "required": ["detail"],
        "properties": {
            "detail": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["type", "loc", "msg"],
                    "properties": {
                        "type": { "type": "string" },
                        "loc": { "type": "array", "items": { "type": ["string", "integer"] } },
                        "msg": { "type": "string" },
                        "input": {},
                        "ctx": { "type": "object" },
                    },
                },
            },
        },
    })
}
