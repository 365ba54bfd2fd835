//! OpenAI's moderations: a text is harmful if it says so.

use super::fields::{known_fields, missing, wrong_type};
use crate::dialect::{Incoming, field, hash};
use crate::problem::Problem;
use serde_json::{Value, json};

/// The categories, each with the word by which it is found.
const CATEGORIES: &[(&str, &str)] = &[
    ("harassment", "idiot"),
    ("harassment/threatening", "idiot!"),
    ("hate", "hate"),
    ("hate/threatening", "hate!"),
    ("illicit", "steal"),
    ("illicit/violent", "bomb"),
    ("self-harm", "hurt myself"),
    ("self-harm/intent", "will hurt myself"),
    ("self-harm/instructions", "how to hurt myself"),
    ("sexual", "naked"),
    ("sexual/minors", "naked child"),
    ("violence", "kill"),
    ("violence/graphic", "blood"),
];

pub(super) fn answer(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    known_fields(body, &["model", "input"], incoming)?;
    let texts = texts(field(body, "input").ok_or_else(|| missing("input"))?)?;
    let id = hash(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    Ok(json!({
        "id": format!("modr-{id:016x}"),
        "model": incoming.model,
        "results": texts.iter().map(|text| judged(text)).collect::<Vec<_>>(),
    }))
}

fn judged(text: &str) -> Value {
    let found = |word: &str| text.contains(word);
    let all = |value: fn(bool) -> Value| -> Value {
        CATEGORIES
            .iter()
            .map(|(name, word)| ((*name).to_owned(), value(found(word))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    json!({
        "flagged": CATEGORIES.iter().any(|(_, word)| found(word)),
        "categories": all(|is| json!(is)),
        "category_scores": all(|is| json!(if is { 0.97 } else { 0.0001 })),
        "category_applied_input_types": all(|_| json!(["text"])),
    })
}

/// A text, several, or parts of which those count that are texts.
fn texts(input: &Value) -> Result<Vec<String>, Problem> {
    match input {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        Value::Array(list) if list.iter().all(|part| part["type"].is_string()) => {
            Ok(vec![list.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" ")])
        }
        other => Err(wrong_type("input", "a string, or an array of strings or parts", other)),
    }
}
