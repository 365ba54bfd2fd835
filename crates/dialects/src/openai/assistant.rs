//! What an assistant message may hold beyond its text, the same in a request's history and in an answer:
//! reasoning in its several spellings, tool calls, and Gemini's signatures on them.

use types::{Block, Raw, ToolCall};

use super::{NAME, proofs};
use crate::json::{Json, Kind};
use crate::typed::{Wrong, field, object, required, text};

/// The reasoning of a message (wire.md 2.9). Of several spellings only one is taken: they repeat each other.
pub(super) fn thinking(message: Json) -> Vec<Block> {
    let plain = reasoning_text(message);
    let mut blocks = signed_blocks(message);
    let mut texts = blocks.iter_mut().filter_map(|block| match block {
        Block::Thinking { text, .. } => Some(text),
        _ => None,
    });
    match (texts.next(), texts.next(), plain) {
        // Clients that add up deltas may hold the text in one place and its signature in the other.
        (Some(only), None, Some(plain)) if only.is_empty() => *only = plain,
        (None, _, Some(text)) => blocks.insert(0, Block::Thinking { text, signature: None }),
        _ => {}
    }
    blocks
}

/// The reasoning text of a message or delta: DeepSeek's word, OpenRouter's, or the texts of its details.
pub(super) fn reasoning_text(message: Json) -> Option<String> {
    let plain = ["reasoning_content", "reasoning"]
        .iter()
        .filter_map(|name| message.get(name)?.as_string())
        .find(|text| !text.is_empty());
    plain.or_else(|| {
        let details = message.get("reasoning_details")?.items();
        let texts = details.filter_map(|detail| detail.get_some("text").or(detail.get_some("summary"))?.as_string());
        Some(texts.collect::<String>()).filter(|text| !text.is_empty())
    })
}

/// `thinking_blocks`: reasoning in Anthropic's shape, with the signatures that must return.
pub(super) fn signed_blocks(message: Json) -> Vec<Block> {
    let list = message.get("thinking_blocks").map(|list| list.items());
    list.into_iter().flatten().filter_map(signed_block).collect()
}

fn signed_block(block: Json) -> Option<Block> {
    let text = |name: &str| block.get(name).and_then(|value| value.as_string());
    if block.get("type")?.is("redacted_thinking") {
        return text("data").and_then(proofs::unmarked).map(|data| Block::RedactedThinking { data });
    }
    Some(Block::Thinking { text: text("thinking")?, signature: text("signature").and_then(proofs::unmarked) })
}

/// A content part of type `thinking`: Mistral's, whose text is a list of text parts, or Anthropic's.
pub(super) fn thinking_part(part: Json) -> Block {
    let inner = part.get("thinking");
    let texts = inner.iter().flat_map(|inner| inner.one_or_many());
    Block::Thinking {
        text: texts.filter_map(|item| item.as_string().or_else(|| item.get("text")?.as_string())).collect(),
        signature: part.get("signature").and_then(|signature| signature.as_string()),
    }
}

/// One item of `tool_calls`. Calls of custom tools belong to OpenAI alone.
pub(super) fn call(value: Json) -> Result<Block, Wrong> {
    if object(value)?.get("type").is_some_and(|kind| kind.is("custom")) {
        return Ok(Block::Opaque { dialect: NAME, raw: value.to_raw() });
    }
    let call = required(value, "function", named_call)?;
    let (id, rider) = proofs::split(field(value, "id", text)?.unwrap_or_default());
    Ok(Block::ToolCall(ToolCall { id, signature: signature(value).or(rider), ..call }))
}

/// The `{name, arguments}` of a call, without an id. Arguments that are no text are taken as they were written.
pub(super) fn named_call(value: Json) -> Result<ToolCall, Wrong> {
    Ok(ToolCall {
        id: String::new(),
        name: required(object(value)?, "name", text)?,
        arguments: value.get_some("arguments").map(arguments).unwrap_or_default(),
        signature: None,
    })
}

/// Arguments as text, also from servers and clients that send the object itself.
pub(crate) fn arguments(value: Json) -> String {
    match value.kind() {
        Kind::String => value.as_string().unwrap_or_default(),
        _ => value.raw().to_owned(),
    }
}

/// Gemini's thought signature on a call, where Google's own endpoint puts it or where LiteLLM does.
pub(super) fn signature(call: Json) -> Option<String> {
    let google = |call: Json| call.get("extra_content")?.get("google")?.get("thought_signature")?.as_string();
    let litellm = |holder: Json| holder.get("provider_specific_fields")?.get("thought_signature")?.as_string();
    google(call).or_else(|| litellm(call)).or_else(|| litellm(call.get("function")?)).and_then(proofs::unmarked)
}

/// The items of OpenAI's `annotations`, if there are any.
pub(super) fn annotations(message: Json) -> Option<Raw> {
    let list = message.get_some("annotations")?;
    list.items().next().map(|_| list.to_raw())
}
