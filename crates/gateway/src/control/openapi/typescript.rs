//! The types of what the UI sends, written from the description: `ui/src/api/requests.ts`. A test compares it.

use std::fmt::Write as _;

use serde_json::Value;

use super::{document, names};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/api/requests.ts");

const HEAD: &str =
    "// Written from the description of the API by `LOCKGATE_WRITE_DOCS=1 cargo test -p gateway typescript`.

/** What each path reads, by method: fields of the body, or of the query. */
export interface Requests {
";

#[test]
fn the_types_of_the_ui_are_those_of_the_description() {
    let written = written();
    if std::env::var_os("LOCKGATE_WRITE_DOCS").is_some() {
        std::fs::write(FILE, &written).expect("the file is written");
    }
    let there = std::fs::read_to_string(FILE).unwrap_or_default();
    let how = "LOCKGATE_WRITE_DOCS=1 cargo test -p gateway typescript";
    assert!(there == written, "ui/src/api/requests.ts is out of date: {how}");
}

fn written() -> String {
    let document = document();
    let mut text = HEAD.to_owned();
    // The UI names models in bodies.
    for (path, methods) in
        document["paths"].as_object().expect("paths").iter().filter(|(path, _)| !path.contains("{model}"))
    {
        let placed = names(path).fold(path.clone(), |path, name| path.replace(&format!("{{{name}}}"), "${string}"));
        for (method, operation) in methods.as_object().expect("methods") {
            let mut fields = Vec::new();
            let content = operation["requestBody"]["content"].as_object().and_then(|kinds| kinds.values().next());
            let schema = content.map_or(&Value::Null, |content| &content["schema"]);
            for (name, one) in schema["properties"].as_object().into_iter().flatten() {
                let needed = schema["required"].as_array().is_some_and(|list| list.contains(&name.as_str().into()));
                fields.push(field(name, needed, one));
            }
            for one in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
                fields.push(field(one["name"].as_str().expect("a name"), one["required"] == true, &one["schema"]));
            }
            let key = match placed.contains('$') {
                true => format!("[path: `{} {placed}`]", method.to_uppercase()),
                false => format!("'{} {placed}'", method.to_uppercase()),
            };
            let _ = match fields.is_empty() {
                true => writeln!(text, "  {key}: Record<never, never>"),
                false => writeln!(text, "  {key}: {{ {} }}", fields.join("; ")),
            };
        }
    }
    text + "}\n"
}

fn field(name: &str, needed: bool, schema: &Value) -> String {
    format!("{name}{}: {}", if needed { "" } else { "?" }, of(schema))
}

/// A schema as a type.
fn of(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| word.to_string().replace('"', "'")).collect::<Vec<_>>().join(" | ");
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![&**kind],
        _ => return "unknown".to_owned(),
    };
    let kind = |kind: &str| match kind {
        "array" => format!("({})[]", of(&schema["items"])),
        "object" => match (schema["properties"].as_object(), &schema["additionalProperties"]) {
            (Some(fields), _) => {
                let needed = |name: &str| schema["required"].as_array().is_some_and(|list| list.contains(&name.into()));
                let fields = fields.iter().map(|(name, one)| field(name, needed(name), one));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join("; "))
            }
            (None, Value::Object(_)) => format!("Record<string, {}>", of(&schema["additionalProperties"])),
            (None, _) => "Record<string, unknown>".to_owned(),
        },
        "integer" => "number".to_owned(),
        other => other.to_owned(),
    };
    kinds.into_iter().map(kind).collect::<Vec<_>>().join(" | ")
}
