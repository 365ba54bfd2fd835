//! Gemini's speech, whose samples are the bytes of the words themselves.

use crate::dialect::Incoming;
use crate::problem::Problem;
use crate::script::words;
use serde_json::{Value, json};

/// Tokens of a spoken word.
const PER_WORD: u64 = 10;
/// Some of the voices.
const VOICES: [&str; 6] = ["Zephyr", "Puck", "Charon", "Kore", "Fenrir", "Leda"];

/// Whether a chat is to be answered with sound.
pub(super) fn is_wanted(body: &Value) -> bool {
    let wanted = body.pointer("/generationConfig/responseModalities").and_then(Value::as_array);
    wanted.is_some_and(|list| list.iter().any(|one| one == "AUDIO"))
}

pub(super) fn speak(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let text = incoming.body.pointer("/contents/0/parts/0/text").and_then(Value::as_str);
    let text = text.ok_or_else(|| Problem::refuse("* GenerateContentRequest.contents: contents is not specified"))?;
    let voice = "/generationConfig/speechConfig/voiceConfig/prebuiltVoiceConfig/voiceName";
    if let Some(voice) = incoming.body.pointer(voice).filter(|voice| !VOICES.iter().any(|known| *voice == known)) {
        return Err(Problem::refuse(format!(
            "Voice name {voice} is not supported. Allowed voice names are: {VOICES:?}"
        )));
    }
    let (heard, spoken) = (words(text), words(text) * PER_WORD);
    let sound = json!({ "inlineData": { "mimeType": "audio/L16;codec=pcm;rate=24000", "data": super::encode(text) } });
    Ok(json!({
        "candidates": [{ "content": { "role": "model", "parts": [sound] }, "finishReason": "STOP", "index": 0 }],
        "usageMetadata": {
            "promptTokenCount": heard,
            "candidatesTokenCount": spoken,
            "totalTokenCount": heard + spoken,
            "candidatesTokensDetails": [{ "modality": "AUDIO", "tokenCount": spoken }],
        },
        "modelVersion": incoming.model,
    }))
}
