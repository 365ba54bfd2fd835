//! An example value for a JSON Schema, in JSON Schema's own words or in Gemini's upper-case ones. It fits
//! what can be met by construction (types, enums, bounds, references); patterns and negations are ignored.

#[cfg(test)]
mod tests;

use serde_json::{Map, Number, Value, json};
use std::cell::Cell;

/// Below this depth only what is required is built, so that recursive schemas end.
const DEEP: usize = 6;
/// Below this depth there is only null.
const TOO_DEEP: usize = 24;
/// Most values in one example: where schemas multiply, the rest is null.
const MOST_VALUES: usize = 10_000;
/// Most items or characters built to reach a schema's minimum.
const MOST: u64 = 64;

/// A value that fits `schema`. `variant` makes values differ from one another: 0 is the plain one.
pub(crate) fn example(schema: &Value, variant: usize) -> Value {
    Maker { root: schema, variant, left: Cell::new(MOST_VALUES) }.value(schema, 0)
}

struct Maker<'a> {
    root: &'a Value,
    variant: usize,
    /// Values still to be made.
    left: Cell<usize>,
}

impl<'a> Maker<'a> {
    fn value(&self, schema: &'a Value, depth: usize) -> Value {
        if depth > TOO_DEEP || self.left.get() == 0 {
            return Value::Null;
        }
        self.left.set(self.left.get() - 1);
        if let Some(target) = text_of(schema, "$ref").or_else(|| text_of(schema, "ref")) {
            return self.find(target).map_or(Value::Null, |found| self.value(found, depth + 1));
        }
        if let Some(fixed) = schema.get("const") {
            return fixed.clone();
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|list| !list.is_empty()) {
            return choices[self.variant % choices.len()].clone();
        }
        if let Some(first) = ["anyOf", "oneOf"].iter().find_map(|word| schema.get(*word)?.as_array()?.first()) {
            return self.value(first, depth + 1);
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            return self.all_of(schema, all, depth);
        }
        self.typed(schema, depth)
    }

    fn typed(&self, schema: &'a Value, depth: usize) -> Value {
        match kind(schema).as_str() {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "number" => self.number(schema),
            "integer" => self.integer(schema),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::String(self.text(schema)),
        }
    }

    /// Every part's example, merged where they are objects; otherwise the first part decides.
    fn all_of(&self, schema: &'a Value, all: &'a [Value], depth: usize) -> Value {
        let mut parts = all.iter().map(|part| self.value(part, depth + 1)).collect::<Vec<_>>();
        if schema.get("properties").is_some() {
            parts.push(self.object(schema, depth));
        }
        let merged: Map<_, _> =
            parts.iter().filter_map(Value::as_object).flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        match parts.into_iter().next() {
            Some(first) if !first.is_object() => first,
            _ => Value::Object(merged),
        }
    }

    fn object(&self, schema: &'a Value, depth: usize) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let must = |name: &str| required.is_some_and(|list| list.iter().any(|one| one == name));
        let properties = schema.get("properties").and_then(Value::as_object);
        let wanted = properties.into_iter().flatten().filter(|(name, _)| depth < DEEP || must(name));
        Value::Object(wanted.map(|(name, inner)| (name.clone(), self.value(inner, depth + 1))).collect())
    }

    fn array(&self, schema: &'a Value, depth: usize) -> Value {
        let least = bound(schema, "minItems").map_or(0, |n| n as u64);
        let most = bound(schema, "maxItems").map_or(MOST, |n| n as u64);
        let count = least.max(u64::from(depth < DEEP)).min(most).min(MOST);
        if let Some(fixed) = schema.get("prefixItems").and_then(Value::as_array) {
            return fixed.iter().map(|item| self.value(item, depth + 1)).collect();
        }
        let item = || schema.get("items").map_or(json!("text"), |items| self.value(items, depth + 1));
        (0..count).map(|_| item()).collect()
    }

    fn number(&self, schema: &Value) -> Value {
        let value = within(schema, 1.5 + self.variant as f64, 0.5);
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }

    fn integer(&self, schema: &Value) -> Value {
        let value = within(schema, 1.0 + self.variant as f64, 1.0);
        let step = bound(schema, "multipleOf").filter(|step| *step >= 1.0).unwrap_or(1.0);
        json!(((value / step).ceil() * step) as i64)
    }

    fn text(&self, schema: &Value) -> String {
        let plain = match text_of(schema, "format") {
            Some("date-time") => "2026-01-01T00:00:00Z",
            Some("date") => "2026-01-01",
            Some("time") => "00:00:00Z",
            Some("duration") => "P1D",
            Some("email") => "text@example.com",
            Some("hostname") => "example.com",
            Some("uri" | "url") => "https://example.com/",
            Some("ipv4") => "127.0.0.1",
            Some("ipv6") => "::1",
            Some("uuid") => "00000000-0000-4000-8000-000000000000",
            _ if self.variant > 0 => return self.sized(schema, format!("text {}", self.variant + 1)),
            _ => return self.sized(schema, "text".to_owned()),
        };
        plain.to_owned()
    }

    fn sized(&self, schema: &Value, mut text: String) -> String {
        while (text.len() as f64) < bound(schema, "minLength").unwrap_or(0.0) && (text.len() as u64) < MOST {
            text.push('x');
        }
        text.truncate(bound(schema, "maxLength").map_or(usize::MAX, |most| most.max(0.0) as usize));
        text
    }

    fn find(&self, target: &str) -> Option<&'a Value> {
        let path = target.strip_prefix('#').unwrap_or(target);
        if path.is_empty() || path.starts_with('/') {
            return self.root.pointer(path);
        }
        // Gemini's form names the definition alone.
        self.root.get("defs").or_else(|| self.root.get("$defs"))?.get(path)
    }
}

fn text_of<'a>(schema: &'a Value, field: &str) -> Option<&'a str> {
    schema.get(field).and_then(Value::as_str)
}

/// Numbers come as numbers or, from Google's SDKs, as text.
fn bound(schema: &Value, field: &str) -> Option<f64> {
    let value = schema.get(field)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn within(schema: &Value, value: f64, step: f64) -> f64 {
    let least = bound(schema, "minimum").or_else(|| bound(schema, "exclusiveMinimum").map(|n| n + step));
    let most = bound(schema, "maximum").or_else(|| bound(schema, "exclusiveMaximum").map(|n| n - step));
    value.max(least.unwrap_or(f64::MIN)).min(most.unwrap_or(f64::MAX))
}

/// The schema's type in lower case; a list means its first type other than null; no type is guessed.
fn kind(schema: &Value) -> String {
    let named = match schema.get("type") {
        Some(Value::String(one)) => Some(one.as_str()),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).find(|one| *one != "null").or(Some("null")),
        _ => None,
    };
    match named {
        Some(name) => name.to_ascii_lowercase(),
        None if schema.get("properties").is_some() => "object".to_owned(),
        None if schema.get("items").is_some() => "array".to_owned(),
        None => "string".to_owned(),
    }
}
