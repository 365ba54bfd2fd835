//! Ollama's other endpoints: embeddings, and what clients probe before they talk.

use super::options::{full_name, text, wrong_type};
use crate::dialect::{CREATED_TEXT, Incoming, field, vector};
use crate::problem::Problem;
use crate::route::Op;
use crate::script::words;
use serde_json::{Value, json};

/// Version the mock claims to be.
const VERSION: &str = "0.33.0";

pub(super) fn answer(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    match incoming.op {
        Op::Embed => embed(incoming),
        Op::EmbedOther => {
            let prompt = text(incoming.body, "prompt", "EmbeddingRequest")?;
            Ok(json!({ "embedding": vector::embed(prompt, vector::DIMENSIONS, incoming.knobs) }))
        }
        Op::Show => Ok(show(incoming.knobs.context.unwrap_or(131_072))),
        Op::Running => Ok(json!({ "models": [] })),
        Op::Version => Ok(json!({ "version": VERSION })),
        _ => Ok(json!({ "models": incoming.models.iter().map(|name| tag(name)).collect::<Vec<_>>() })),
    }
}

fn embed(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    let wrong = || Problem::refuse("invalid input type");
    let inputs: Vec<&str> = match field(body, "input") {
        None => Vec::new(),
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().map(|one| one.as_str().ok_or_else(wrong)).collect::<Result<_, _>>()?,
        Some(_) => return Err(wrong()),
    };
    let dimensions = match field(body, "dimensions") {
        None => vector::DIMENSIONS,
        Some(value) => value.as_u64().ok_or_else(|| wrong_type(value, "EmbedRequest.dimensions", "int"))?,
    };
    let dimensions = if dimensions == 0 { vector::DIMENSIONS } else { dimensions.min(vector::MAX_DIMENSIONS) };
    Ok(json!({
        "model": incoming.model,
        "embeddings": inputs.iter().map(|text| vector::embed(text, dimensions, incoming.knobs)).collect::<Vec<_>>(),
        "total_duration": 14_143_917,
        "load_duration": 1_019_500,
        "prompt_eval_count": inputs.iter().map(|text| words(text)).sum::<u64>(),
    }))
}

fn details() -> Value {
    json!({
        "parent_model": "",
        "format": "gguf",
        "family": "drill",
        "families": ["drill"],
        "parameter_size": "1B",
        "quantization_level": "Q4_K_M",
    })
}

fn tag(name: &str) -> Value {
    let name = full_name(name);
    json!({
        "name": name,
        "model": name,
        "modified_at": CREATED_TEXT,
        "size": 1_000_000_000u64,
        "digest": "0".repeat(64),
        "details": details(),
    })
}

fn show(context: u64) -> Value {
    json!({
        "modelfile": "FROM drill",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": details(),
        "model_info": { "general.architecture": "drill", "drill.context_length": context, "drill.embedding_length": 8 },
        "capabilities": ["completion", "tools", "thinking", "vision"],
        "modified_at": CREATED_TEXT,
    })
}
