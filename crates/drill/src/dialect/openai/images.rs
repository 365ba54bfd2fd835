//! OpenAI's pictures, which are no pictures: base64 of what they were to show.

use super::fields::{integer, known_fields, missing, one_of, switch};
use crate::dialect::{CREATED, Incoming, Work, field};
use crate::problem::Problem;
use crate::route::Op;
use crate::script::words;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const FIELDS: &[&str] = &[
    "model",
    "prompt",
    "n",
    "size",
    "quality",
    "background",
    "moderation",
    "output_format",
    "output_compression",
    "partial_images",
    "stream",
    "response_format",
    "style",
    "user",
    "image",
    "image[]",
    "mask",
    "input_fidelity",
];

/// Tokens of a picture of each quality.
const TOKENS: [(&str, u64); 3] = [("low", 272), ("medium", 1056), ("high", 4160)];

pub(super) fn answer(incoming: &Incoming<'_>) -> Result<Work, Problem> {
    let body = incoming.body;
    known_fields(body, FIELDS, incoming)?;
    let prompt = field(body, "prompt").and_then(Value::as_str).unwrap_or_default();
    if incoming.op != Op::ImageVariation && prompt.is_empty() {
        return Err(missing("prompt"));
    }
    if incoming.op != Op::Image && field(body, "image").or_else(|| field(body, "image[]")).is_none() {
        return Err(missing("image"));
    }
    let n = integer(body, "n", 1, 10)?.unwrap_or(1) as u64;
    let quality = one_of(body, "quality", &["low", "medium", "high", "auto", "standard", "hd"])?.unwrap_or("high");
    let each = TOKENS.iter().find(|(name, _)| *name == quality).map_or(4160, |(_, tokens)| *tokens);
    let (input, output) = (words(prompt), n * each);
    let usage = json!({
        "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
        "input_tokens_details": { "text_tokens": input, "image_tokens": 0 },
    });
    // The old models count nothing.
    let counts = incoming.model.contains("gpt-image") && !incoming.knobs.on(incoming.knobs.no_usage);
    let picture = STANDARD.encode(format!("a picture of {prompt}"));
    if switch(body, "stream")?.unwrap_or(false) {
        let name = if incoming.op == Op::Image { "image_generation" } else { "image_edit" };
        let partial = integer(body, "partial_images", 0, 3)?.unwrap_or(0);
        let event = |kind: &str, more: Value| {
            let mut event = json!({ "type": format!("{name}.{kind}"), "b64_json": picture, "created_at": CREATED });
            event.as_object_mut().into_iter().for_each(|all| all.extend(more.as_object().cloned().unwrap_or_default()));
            format!("event: {name}.{kind}\ndata: {event}\n\n").into_bytes()
        };
        let partial = (0..partial).map(|at| event("partial_image", json!({ "partial_image_index": at })));
        let pieces = partial.chain([event("completed", if counts { json!({ "usage": usage }) } else { json!({}) })]);
        return Ok(Work::Pieces("text/event-stream; charset=utf-8", pieces.collect()));
    }
    let mut answer = json!({ "created": CREATED, "data": vec![json!({ "b64_json": picture }); n as usize] });
    if counts {
        answer["usage"] = usage;
    }
    Ok(Work::Json(answer))
}
