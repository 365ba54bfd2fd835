//! Gemini's pictures, which are no pictures: base64 of what they were to show. Its own models answer with them in a chat,
//! Imagen predicts them.

use crate::dialect::{Incoming, unknown};
use crate::problem::Problem;
use crate::script::words;
use serde_json::{Value, json};

/// Tokens of a picture.
const TOKENS: u64 = 1290;
/// Shapes of pictures.
const SHAPES: &[&str] = &["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];

/// Whether a chat is to be answered with pictures alone or among others.
pub(super) fn are_wanted(body: &Value) -> bool {
    let wanted = body.pointer("/generationConfig/responseModalities").and_then(Value::as_array);
    wanted.is_some_and(|list| list.iter().any(|one| one == "IMAGE"))
}

pub(super) fn draw(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let prompt = incoming.body.pointer("/contents/0/parts/0/text").and_then(Value::as_str);
    let prompt =
        prompt.ok_or_else(|| Problem::refuse("* GenerateContentRequest.contents: contents is not specified"))?;
    check_shape(incoming.body.pointer("/generationConfig/imageConfig/aspectRatio"))?;
    let given = incoming.body.pointer("/contents/0/parts/1/inlineData/data").and_then(Value::as_str);
    let shown = given.map_or_else(|| picture(prompt), |given| given.to_owned());
    let picture = json!({ "inlineData": { "mimeType": "image/png", "data": shown } });
    Ok(json!({
        "candidates": [{
            "content": { "role": "model", "parts": [{ "text": "Here it is." }, picture] },
            "finishReason": "STOP",
            "index": 0,
        }],
        "usageMetadata": {
            "promptTokenCount": words(prompt),
            "candidatesTokenCount": TOKENS + 3,
            "totalTokenCount": words(prompt) + TOKENS + 3,
            "candidatesTokensDetails": [{ "modality": "IMAGE", "tokenCount": TOKENS }],
        },
        "modelVersion": incoming.model,
    }))
}

pub(super) fn predict(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let fields = incoming.body.as_object().ok_or_else(|| Problem::refuse("The body is no object."))?;
    if let Some(name) = unknown(fields, &["instances", "parameters"]) {
        return Err(Problem::refuse(format!("Unknown name \"{name}\": Cannot find field.")));
    }
    let prompt = incoming.body.pointer("/instances/0/prompt").and_then(Value::as_str);
    let prompt = prompt.ok_or_else(|| Problem::refuse("Image generation failed: no prompt"))?;
    check_shape(incoming.body.pointer("/parameters/aspectRatio"))?;
    let count = incoming.body.pointer("/parameters/sampleCount").and_then(Value::as_u64).unwrap_or(1);
    let one = json!({ "mimeType": "image/png", "bytesBase64Encoded": picture(prompt) });
    Ok(json!({ "predictions": vec![one; count.min(4) as usize] }))
}

fn check_shape(shape: Option<&Value>) -> Result<(), Problem> {
    match shape {
        Some(shape) if !SHAPES.iter().any(|known| shape == known) => {
            Err(Problem::refuse(format!("aspect ratio {shape} is not supported")))
        }
        _ => Ok(()),
    }
}

fn picture(prompt: &str) -> String {
    super::encode(&format!("a picture of {prompt}"))
}
