//! The types of what the UI sends and gets, written from the description: `ui/src/api/requests.ts` and `answers.ts`. A test
//! compares them.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{document, names};

const HOW: &str = "LOCKGATE_WRITE_DOCS=1 cargo test -p gateway typescript";
/// What stands for a name in a path.
const ANY: &str = "${string}";
/// Errors are read by hand: they come from anywhere.
const NOT_ANSWERS: [&str; 2] = ["Error", "Invalid"];

#[test]
fn the_types_of_the_ui_are_those_of_the_description() {
    let document = document();
    for (name, written) in [("requests.ts", requests(&document)), ("answers.ts", answers(&document))] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/api").join(name);
        let written = format!("// Written from the description of the API by `{HOW}`.\n\n{written}");
        if std::env::var_os("LOCKGATE_WRITE_DOCS").is_some() {
            std::fs::write(&file, &written).expect("the file is written");
        }
        let there = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(there == written, "ui/src/api/{name} is out of date: {HOW}");
    }
}

/// What each path reads.
fn requests(document: &Value) -> String {
    let fields = |operation: &Value| {
        let content = operation["requestBody"]["content"].as_object().and_then(|kinds| kinds.values().next());
        let schema = content.map_or(&Value::Null, |content| &content["schema"]);
        let parameters = operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query");
        let parameters =
            parameters.map(|one| field(one["name"].as_str().expect("a name"), one["required"] == true, &one["schema"]));
        let fields: Vec<_> = fields(schema).chain(parameters).collect();
        match fields.is_empty() {
            true => "Record<never, never>".to_owned(),
            false => format!("{{ {} }}", fields.join("; ")),
        }
    };
    let about = "What each path reads, by method: fields of the body, or of the query.";
    by_path(document, "Requests", about, |operation| Some(fields(operation)))
}

/// What each path answers, and the kinds of objects that are named there.
fn answers(document: &Value) -> String {
    let kinds = document["components"]["schemas"].as_object().expect("schemas");
    let mut text = String::new();
    for (name, schema) in kinds.iter().filter(|(name, _)| !NOT_ANSWERS.contains(&name.as_str())) {
        let _ =
            writeln!(text, "/** {}. */\nexport interface {name} {{", schema["description"].as_str().expect("words"));
        for field in fields(schema) {
            let _ = writeln!(text, "  {field}");
        }
        if !schema["additionalProperties"].is_null() {
            let _ = writeln!(text, "  [name: string]: {}", of(&schema["additionalProperties"]));
        }
        text.push_str("}\n\n");
    }
    let about = "What each path answers, by method.";
    text + &by_path(document, "Answers", about, |operation| {
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        (!schema.is_null()).then(|| of(schema))
    })
}

/// An interface with something about each method of each path.
fn by_path(document: &Value, name: &str, about: &str, each: impl Fn(&Value) -> Option<String>) -> String {
    let mut text = format!("/** {about} */\nexport interface {name} {{\n");
    // The UI names models in bodies.
    let paths = document["paths"].as_object().expect("paths").iter().filter(|(path, _)| !path.contains("{model}"));
    let mut all = Vec::new();
    for (path, methods) in paths {
        let placed = names(path).fold(path.clone(), |path, name| path.replace(&format!("{{{name}}}"), ANY));
        for (method, operation) in methods.as_object().expect("methods") {
            all.extend(each(operation).map(|is| (format!("{} {placed}", method.to_uppercase()), is)));
        }
    }
    for (key, is) in &all {
        let Some((before, after)) = key.split_once(ANY) else {
            let _ = writeln!(text, "  '{key}': {is}");
            continue;
        };
        // What holds for a pattern must hold for all that it covers.
        let after = after.rsplit(ANY).next().unwrap_or_default();
        let covered = all.iter().filter(|(other, _)| other.starts_with(before) && other.ends_with(after));
        let mut of_covered: Vec<&str> = covered.map(|(_, is)| &**is).filter(|other| other != is).collect();
        of_covered.dedup();
        let is = [&**is].into_iter().chain(of_covered).collect::<Vec<_>>().join(" | ");
        let _ = writeln!(text, "  [path: `{key}`]: {is}");
    }
    text + "}\n"
}

/// The fields of an object.
fn fields(schema: &Value) -> impl Iterator<Item = String> {
    let needed = |name: &str| schema["required"].as_array().is_some_and(|list| list.contains(&name.into()));
    let fields = schema["properties"].as_object().into_iter().flat_map(Map::iter);
    fields.map(move |(name, one)| field(name, needed(name), one))
}

fn field(name: &str, needed: bool, schema: &Value) -> String {
    format!("{name}{}: {}", if needed { "" } else { "?" }, of(schema))
}

/// A schema as a type.
fn of(schema: &Value) -> String {
    let each = |list: &Value, between: &str| {
        let types = list.as_array().into_iter().flatten().map(of);
        types.collect::<Vec<_>>().join(between)
    };
    if let Some(target) = schema["$ref"].as_str() {
        return target.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if !schema["anyOf"].is_null() {
        return each(&schema["anyOf"], " | ");
    }
    if !schema["allOf"].is_null() {
        return each(&schema["allOf"], " & ");
    }
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
        "object" => match (schema["properties"].is_object(), &schema["additionalProperties"]) {
            (true, _) => format!("{{ {} }}", fields(schema).collect::<Vec<_>>().join("; ")),
            (false, Value::Object(_)) => format!("Record<string, {}>", of(&schema["additionalProperties"])),
            (false, _) => "Record<string, unknown>".to_owned(),
        },
        "integer" => "number".to_owned(),
        other => other.to_owned(),
    };
    kinds.into_iter().map(kind).collect::<Vec<_>>().join(" | ")
}
