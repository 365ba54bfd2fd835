//! Gemini's embeddings: `embedContent` for one text, `batchEmbedContents` for several, and Vertex's `predict`.

use super::fields::{get, integer, list, object, word};
use crate::dialect::{Incoming, vector};
use crate::knobs::Knobs;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::words;
use serde_json::{Value, json};

const FIELDS: &[&str] = &["model", "content", "taskType", "title", "outputDimensionality", "embedContentConfig"];

const TASKS: &[&str] = &[
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

/// Most texts of one batch.
const MAX_BATCH: usize = 100;

pub(super) fn answer(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    if incoming.op == Op::Embed && get(body, "instances").is_some() {
        return predict(body, incoming.knobs);
    }
    if incoming.op == Op::Embed {
        let (values, tokens) = one(body, "", incoming.knobs)?;
        return Ok(json!({ "embedding": { "values": values }, "usageMetadata": usage(tokens) }));
    }
    object(body, "", &["requests"])?;
    let requests = list(body, "requests", "requests")?;
    if requests.is_empty() {
        return Err(Problem::refuse("* BatchEmbedContentsRequest.requests: requests is not specified"));
    }
    if requests.len() > MAX_BATCH {
        return Err(Problem::refuse(format!(
            "* BatchEmbedContentsRequest.requests: at most {MAX_BATCH} requests can be in one batch"
        )));
    }
    let wanted = format!("models/{}", incoming.model);
    let mut embeddings = Vec::with_capacity(requests.len());
    let mut total = 0;
    for (at, request) in requests.iter().enumerate() {
        let path = format!("requests[{at}]");
        // Every request of a batch repeats the model of the path.
        if request["model"] != wanted.as_str() {
            return Err(Problem::refuse(format!(
                "* BatchEmbedContentsRequest.{path}.model: model does not match the one in the batch request."
            )));
        }
        let (values, tokens) = one(request, &path, incoming.knobs)?;
        total += tokens;
        embeddings.push(json!({ "values": values }));
    }
    Ok(json!({ "embeddings": embeddings, "usageMetadata": usage(total) }))
}

/// Vertex's older way: texts are instances, and each vector says what it took.
fn predict(body: &Value, knobs: &Knobs) -> Result<Value, Problem> {
    object(body, "", &["instances", "parameters"])?;
    let parameters = get(body, "parameters");
    if let Some(parameters) = parameters {
        object(parameters, "parameters", &["outputDimensionality", "autoTruncate"])?;
    }
    let most = vector::MAX_DIMENSIONS as i64;
    let dimensions = parameters.map(|own| integer(own, "outputDimensionality", "parameters", 1, most)).transpose()?;
    let dimensions = dimensions.flatten().map_or(vector::DIMENSIONS, |n| n as u64);
    let mut predictions = Vec::new();
    for (at, instance) in list(body, "instances", "instances")?.iter().enumerate() {
        let path = format!("instances[{at}]");
        object(instance, &path, &["content", "task_type", "title", "mimeType"])?;
        word(instance, "task_type", &path, TASKS)?;
        let text = get(instance, "content").and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() {
            return Err(Problem::refuse("The text content is empty."));
        }
        let statistics = json!({ "token_count": words(text), "truncated": false });
        let values = vector::embed(text, dimensions, knobs);
        predictions.push(json!({ "embeddings": { "values": values, "statistics": statistics } }));
    }
    Ok(json!({ "predictions": predictions, "metadata": { "billableCharacterCount": 4 } }))
}

fn usage(tokens: u64) -> Value {
    json!({ "promptTokenCount": tokens, "promptTokenDetails": [{ "modality": "TEXT", "tokenCount": tokens }] })
}

fn one(request: &Value, path: &str, knobs: &Knobs) -> Result<(Vec<f32>, u64), Problem> {
    object(request, path, FIELDS)?;
    let config = get(request, "embedContentConfig").unwrap_or(request);
    word(config, "taskType", path, TASKS)?;
    let most = vector::MAX_DIMENSIONS as i64;
    let dimensions = integer(config, "outputDimensionality", path, 1, most)?;
    let content = get(request, "content").ok_or_else(|| Problem::refuse("content is required"))?;
    object(content, "content", &["role", "parts"])?;
    let parts = list(content, "parts", "content.parts")?;
    let text = parts.iter().filter_map(|part| get(part, "text")?.as_str()).collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(Problem::refuse("* EmbedContentRequest.content: content is empty"));
    }
    Ok((vector::embed(&text, dimensions.map_or(vector::DIMENSIONS, |n| n as u64), knobs), words(&text)))
}
