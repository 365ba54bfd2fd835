//! Vectors: numbers, or packed in base64.

use super::fields::{integer, invalid, known, list, one_of, required, texts};
use crate::dialect::{Incoming, field, vector};
use crate::problem::Problem;
use crate::script::words;
use serde_json::{Map, Value, json};

const FIELDS: &[&str] = &[
    "model",
    "input_type",
    "texts",
    "images",
    "inputs",
    "embedding_types",
    "output_dimension",
    "max_tokens",
    "truncate",
    "priority",
];

/// Most texts of one request.
const MAX_TEXTS: usize = 96;

pub(super) fn answer(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    known(body, "the request", FIELDS, incoming)?;
    required(body, "input_type", "the request")?;
    let tasks = ["search_document", "search_query", "classification", "clustering", "image"];
    one_of(body, "input_type", &tasks)?;
    one_of(body, "truncate", &["NONE", "START", "END"])?;
    integer(body, "max_tokens", 1, i64::MAX)?;
    let texts = texts(body, "texts")?;
    if texts.len() > MAX_TEXTS {
        let message = format!("total number of texts must be at most {MAX_TEXTS} - received {}", texts.len());
        return Err(invalid(message));
    }
    if texts.is_empty() {
        return Err(invalid("one of texts, images and inputs must be given"));
    }
    let most = vector::MAX_DIMENSIONS as i64;
    let dimensions = integer(body, "output_dimension", 1, most)?.map_or(vector::DIMENSIONS, |n| n as u64);
    let vectors: Vec<_> = texts.iter().map(|text| vector::embed(text, dimensions, incoming.knobs)).collect();
    let tokens: u64 = texts.iter().map(|text| words(text)).sum();
    Ok(json!({
        "id": "drill-embed",
        "embeddings": by_type(body, &vectors)?,
        "texts": texts,
        "meta": {
            "api_version": { "version": "2" },
            "billed_units": { "input_tokens": incoming.knobs.billed.unwrap_or(tokens) },
        },
        "response_type": "embeddings_by_type",
    }))
}

fn by_type(body: &Value, vectors: &[Vec<f32>]) -> Result<Map<String, Value>, Problem> {
    if field(body, "embedding_types").is_none() {
        return Err(invalid("embedding_types is required for embed models v3 and higher"));
    }
    let mut found = Map::new();
    for kind in list(body, "embedding_types")? {
        let kind = kind.as_str().unwrap_or_default();
        let written = match kind {
            "float" => json!(vectors),
            "base64" => vectors.iter().map(|vector| json!(vector::packed(vector))).collect(),
            _ => return Err(invalid(format!("embedding_types: '{kind}' is not one of float, base64"))),
        };
        found.insert(kind.to_owned(), written);
    }
    Ok(found)
}
