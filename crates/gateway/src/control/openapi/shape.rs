//! What answers look like: tables of shapes, and the JSON Schema that they become.

use serde_json::{Map, Value, json};

/// What a value is.
#[derive(Clone, Copy)]
pub enum Shape {
    /// A text.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A moment, in RFC 3339.
    Moment,
    /// True or false.
    Flag,
    /// A whole number.
    Count,
    /// A number.
    Number,
    /// Whatever somebody else says: a provider, a caller, a later version.
    Any,
    /// That, or null.
    Maybe(&'static Shape),
    /// One of these.
    Either(&'static [Shape]),
    /// A list.
    ListOf(&'static Shape),
    /// An object whose fields have names that cannot be foreseen.
    MapOf(&'static Shape),
    /// An object.
    Object(Parts),
    /// An object that is described once, by its name.
    Named(&'static Kind),
    /// An object and fields beside its own.
    And(&'static Kind, Parts),
    /// No JSON: this media type.
    Media(&'static str),
}

/// Fields in several tables.
pub type Parts = &'static [&'static [Part]];

/// An object that has a name.
pub struct Kind {
    /// The name.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its fields.
    pub parts: Parts,
    /// What fields are that no table foresees; `None` if there are none.
    pub others: Option<Shape>,
}

/// A field of an answer.
pub struct Part {
    name: &'static str,
    shape: Shape,
    is_always_there: bool,
}

/// A field that is always there.
pub const fn has(name: &'static str, shape: Shape) -> Part {
    Part { name, shape, is_always_there: true }
}

/// A field that is not always there.
pub const fn may_have(name: &'static str, shape: Shape) -> Part {
    Part { name, shape, is_always_there: false }
}

/// A kind of object whose fields are all known.
pub const fn kind(name: &'static str, about: &'static str, parts: Parts) -> Kind {
    Kind { name, about, parts, others: None }
}

impl Shape {
    /// The answer of an operation, by media type.
    pub fn content(&self) -> Value {
        match self {
            Shape::Media(media) => json!({ *media: {} }),
            shape => json!({ "application/json": { "schema": shape.schema() } }),
        }
    }

    /// The schema of a value.
    pub fn schema(&self) -> Value {
        match self {
            Shape::Text => json!({ "type": "string" }),
            Shape::OneOf(words) => json!({ "type": "string", "enum": words }),
            Shape::Moment => json!({ "type": "string", "format": "date-time" }),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Count => json!({ "type": "integer" }),
            Shape::Number => json!({ "type": "number" }),
            Shape::Any | Shape::Media(_) => json!({}),
            Shape::Maybe(shape) => or_null(shape.schema()),
            Shape::Either(shapes) => json!({ "anyOf": shapes.iter().map(Shape::schema).collect::<Vec<_>>() }),
            Shape::ListOf(shape) => json!({ "type": "array", "items": shape.schema() }),
            Shape::MapOf(shape) => json!({ "type": "object", "additionalProperties": shape.schema() }),
            Shape::Object(parts) => object(parts),
            Shape::Named(kind) => json!({ "$ref": format!("#/components/schemas/{}", kind.name) }),
            Shape::And(kind, parts) => json!({ "allOf": [Shape::Named(kind).schema(), object(parts)] }),
        }
    }

    /// Describes the kinds of objects that are named in it.
    pub fn name_kinds(&self, described: &mut Map<String, Value>) {
        let mut each = |parts: Parts| {
            parts.iter().flat_map(|table| table.iter()).for_each(|part| part.shape.name_kinds(described));
        };
        match self {
            Shape::Maybe(shape) | Shape::ListOf(shape) | Shape::MapOf(shape) => shape.name_kinds(described),
            Shape::Either(shapes) => shapes.iter().for_each(|shape| shape.name_kinds(described)),
            Shape::Object(parts) => each(parts),
            Shape::Named(kind) => kind.describe(described),
            Shape::And(kind, parts) => {
                each(parts);
                kind.describe(described);
            }
            _ => {}
        }
    }
}

impl Kind {
    fn describe(&self, described: &mut Map<String, Value>) {
        if described.contains_key(self.name) {
            return;
        }
        let mut schema = object(self.parts);
        schema["description"] = self.about.into();
        if let Some(others) = &self.others {
            schema["additionalProperties"] = others.schema();
        }
        described.insert(self.name.to_owned(), schema);
        Shape::Object(self.parts).name_kinds(described);
    }
}

fn object(parts: Parts) -> Value {
    let parts = || parts.iter().flat_map(|table| table.iter());
    let properties: Map<_, _> = parts().map(|part| (part.name.to_owned(), part.shape.schema())).collect();
    let always: Vec<_> = parts().filter(|part| part.is_always_there).map(|part| part.name).collect();
    json!({ "type": "object", "properties": properties, "required": always })
}

fn or_null(mut schema: Value) -> Value {
    match (schema.get("type").cloned(), schema.get_mut("enum")) {
        (Some(kind @ Value::String(_)), words) => {
            if let Some(Value::Array(words)) = words {
                words.push(Value::Null);
            }
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}
