//! OpenAI's embeddings, as lists of numbers or packed in base64.

use super::fields::{integer, known_fields, missing, one_of, wrong_type};
use crate::dialect::{Incoming, field, vector};
use crate::problem::Problem;
use crate::script::words;
use serde_json::{Value, json};

/// Most inputs of one request.
const MAX_INPUTS: usize = 2048;

pub(super) fn answer(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    known_fields(body, &["model", "input", "dimensions", "encoding_format", "user"], incoming)?;
    let inputs = inputs(field(body, "input").ok_or_else(|| missing("input"))?)?;
    let packed = one_of(body, "encoding_format", &["float", "base64"])? == Some("base64");
    let most = vector::MAX_DIMENSIONS as i64;
    let dimensions = integer(body, "dimensions", 1, most)?.map_or(vector::DIMENSIONS, |n| n as u64);
    let one = |(index, text): (usize, &String)| {
        let vector = vector::embed(text, dimensions, incoming.knobs);
        let embedding = if packed { json!(vector::packed(&vector)) } else { json!(vector) };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    };
    let tokens: u64 = inputs.iter().map(|text| words(text)).sum();
    Ok(json!({
        "object": "list",
        "data": inputs.iter().enumerate().map(one).collect::<Vec<_>>(),
        "model": incoming.model,
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    }))
}

/// A text, several, a list of token ids, or several of those; ids read as their numbers.
fn inputs(input: &Value) -> Result<Vec<String>, Problem> {
    let empty = || Problem::refuse("Invalid 'input': input cannot be an empty string.").at("input");
    match input {
        Value::String(text) if text.is_empty() => Err(empty()),
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(list) if list.is_empty() => {
            Err(Problem::refuse("Invalid 'input': empty array.").at("input").code("empty_array"))
        }
        Value::Array(list) if list.len() > MAX_INPUTS => {
            let text = format!("Invalid 'input': array too long. Expected at most {MAX_INPUTS} inputs.");
            Err(Problem::refuse(text).at("input").code("array_above_max_length"))
        }
        Value::Array(list) if list.iter().all(Value::is_u64) => Ok(vec![ids(list)]),
        Value::Array(list) => list.iter().map(one).collect(),
        other => Err(wrong_type("input", "a string or an array of strings or tokens", other)),
    }
}

fn one(input: &Value) -> Result<String, Problem> {
    match input {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_u64) => Ok(ids(list)),
        other => Err(wrong_type("input", "non-empty strings or arrays of tokens", other)),
    }
}

fn ids(list: &[Value]) -> String {
    list.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}
