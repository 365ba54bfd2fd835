//! Whether a text has the form that the caller wants: JSON, or JSON by a schema.
//!
//! Of JSON Schema what schemas for answers are made of is looked at: `type`, `enum`, `const`, `properties`, `required`,
//! `additionalProperties: false`, `items`, `anyOf`, `$ref` within the schema. What is not known counts as fulfilled.

use dialects::json::{Doc, Json, Kind};
use types::Format;

/// Most schemas within each other that are followed, references included.
const DEEPEST: usize = 64;
/// Most comparisons for one answer.
const MOST_STEPS: usize = 100_000;

/// Whether `text` has the form `format`.
pub(crate) fn fits(text: &str, format: &Format) -> bool {
    let Ok(value) = Doc::parse(text.as_bytes()) else { return false };
    match format {
        Format::Json => value.root().kind() == Kind::Object,
        Format::Schema { schema, .. } => match Doc::parse(schema.get().as_bytes()) {
            Ok(schema) => {
                let mut judge = Judge { root: schema.root(), steps: 0 };
                judge.fits(value.root(), schema.root(), 0)
            }
            Err(_) => true,
        },
    }
}

/// Compares values with parts of one schema.
struct Judge<'s> {
    root: Json<'s>,
    steps: usize,
}

impl<'s> Judge<'s> {
    fn fits(&mut self, value: Json, schema: Json<'s>, depth: usize) -> bool {
        self.steps += 1;
        if depth > DEEPEST || self.steps > MOST_STEPS || schema.kind() == Kind::Bool {
            return schema.as_bool() != Some(false);
        }
        if let Some(target) = schema.get("$ref").and_then(|path| self.find(&path.as_string()?)) {
            return self.fits(value, target, depth + 1);
        }
        let among = |list: Json, fits: &dyn Fn(Json) -> bool| list.items().any(fits);
        if schema.get("type").is_some_and(|types| !types.one_or_many().any(|name| is_of_type(value, name))) {
            return false;
        }
        if schema.get("enum").is_some_and(|list| !among(list, &|known| equal(known, value))) {
            return false;
        }
        if schema.get("const").is_some_and(|known| !equal(known, value)) {
            return false;
        }
        if let Some(list) = schema.get("anyOf").filter(|list| list.kind() == Kind::Array)
            && !list.items().any(|schema| self.fits(value, schema, depth + 1))
        {
            return false;
        }
        match value.kind() {
            Kind::Object => self.fits_fields(value, schema, depth),
            Kind::Array => {
                match schema.get("items").filter(|items| matches!(items.kind(), Kind::Object | Kind::Bool)) {
                    Some(items) => value.items().all(|item| self.fits(item, items, depth + 1)),
                    None => true,
                }
            }
            _ => true,
        }
    }

    fn fits_fields(&mut self, value: Json, schema: Json<'s>, depth: usize) -> bool {
        let required = schema.get("required").filter(|list| list.kind() == Kind::Array);
        let has = |name: Json| name.as_string().is_none_or(|name| value.get(&name).is_some());
        if required.is_some_and(|list| !list.items().all(has)) {
            return false;
        }
        let properties = schema.get("properties").filter(|fields| fields.kind() == Kind::Object);
        let closed = schema.get("additionalProperties").and_then(|flag| flag.as_bool()) == Some(false);
        value.fields().all(|(name, field)| {
            let known = properties.and_then(|properties| properties.get(&name.as_string()?));
            known.map_or(!closed, |schema| self.fits(field, schema, depth + 1))
        })
    }

    /// What a reference such as `#/$defs/step` means.
    fn find(&self, path: &str) -> Option<Json<'s>> {
        let mut at = self.root;
        for name in path.strip_prefix('#')?.split('/').skip(1) {
            at = at.get(&name.replace("~1", "/").replace("~0", "~"))?;
        }
        Some(at)
    }
}

fn is_of_type(value: Json, name: Json) -> bool {
    let kind = value.kind();
    match name.as_string().as_deref() {
        Some("object") => kind == Kind::Object,
        Some("array") => kind == Kind::Array,
        Some("string") => kind == Kind::String,
        Some("number") => kind == Kind::Number,
        Some("integer") => kind == Kind::Number && value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("boolean") => kind == Kind::Bool,
        Some("null") => kind == Kind::Null,
        _ => true,
    }
}

/// Whether two values that are no lists or objects are the same; those are taken for equal if their texts are.
fn equal(one: Json, other: Json) -> bool {
    match (one.kind(), other.kind()) {
        (Kind::String, Kind::String) => one.as_string() == other.as_string(),
        (Kind::Number, Kind::Number) => one.as_f64() == other.as_f64(),
        (one_kind, other_kind) => one_kind == other_kind && one.raw() == other.raw(),
    }
}

#[cfg(test)]
mod tests {
    use types::Raw;

    use super::*;

    fn check(schema: &str, text: &str, expected: bool) {
        let format =
            Format::Schema { name: None, description: None, schema: Raw::new(schema.to_owned()), strict: None };
        assert_eq!(fits(text, &format), expected, "{text} by {schema}");
    }

    #[test]
    fn json_is_an_object_and_nothing_around_it() {
        for (text, expected) in
            [("{\"a\": 1}", true), (" {} ", true), ("[]", false), ("```json\n{}\n```", false), ("", false)]
        {
            assert_eq!(fits(text, &Format::Json), expected, "{text}");
        }
    }

    #[test]
    fn an_answer_fits_its_schema_or_not() {
        let person = r##"{"type": "object", "required": ["name", "age"], "additionalProperties": false, "properties": {
            "name": {"type": "string"}, "age": {"type": "integer"}, "mood": {"enum": ["good", "bad", 3]},
            "friends": {"type": "array", "items": {"$ref": "#/$defs/friend"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            "$defs": {"friend": {"type": "object", "required": ["id"]}}}"##;
        check(person, r#"{"name": "Ada", "age": 36}"#, true);
        check(person, r#"{"name": "Ada", "age": 36.5}"#, false);
        check(person, r#"{"name": "Ada"}"#, false);
        check(person, r#"{"name": "Ada", "age": 36, "more": 1}"#, false);
        check(person, r#"{"name": "Ada", "age": 36, "mood": "good", "note": null}"#, true);
        check(person, r#"{"name": "Ada", "age": 36, "mood": "fine"}"#, false);
        check(person, r#"{"name": "Ada", "age": 36, "note": 1}"#, false);
        check(person, r#"{"name": "Ada", "age": 36, "friends": [{"id": 1}]}"#, true);
        check(person, r#"{"name": "Ada", "age": 36, "friends": [{"id": 1}, {}]}"#, false);
        check(person, "Ada is 36.", false);
    }

    #[test]
    fn a_schema_that_goes_in_circles_ends() {
        check(r##"{"$ref": "#"}"##, "{}", true);
        check(r##"{"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}"##, "{}", true);
        check("7", "{}", true);
    }
}
