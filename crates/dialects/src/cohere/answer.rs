//! A whole answer of Cohere.

use types::{Block, Choice, Fault, Raw, Response, Text, ToolCall};

use super::{citations, finish, logprobs, usage};
use crate::json::{Json, Kind, compact};
use crate::upstream::malformed;

/// Decodes the answer to a chat.
pub(super) fn read(root: Json) -> Result<Response, Fault> {
    let message = root.get_some("message").filter(|message| message.kind() == Kind::Object);
    let message = message.ok_or_else(|| malformed("the provider's answer has no message"))?;
    let mut blocks = Vec::new();
    blocks.extend(text(message, "tool_plan").map(thinking));
    let offsets = content(message, &mut blocks);
    let offset = |index: u64| offsets.iter().find(|(at, _)| *at == index).map(|(_, offset)| *offset);
    let sources = message.get_some("citations").and_then(|list| citations::annotations(list, offset));
    cite(&mut blocks, sources);
    let before = blocks.len();
    let calls = message.get_some("tool_calls");
    blocks.extend(calls.into_iter().flat_map(|list| list.items()).filter_map(tool_call).map(Block::ToolCall));
    let choice = Choice {
        finish: finish::of(root, blocks.len() > before)?,
        blocks,
        stop_sequence: None,
        logprobs: root.get_some("logprobs").and_then(logprobs::read),
    };
    Ok(Response {
        id: text(root, "id").unwrap_or_default(),
        choices: vec![choice],
        usage: root.get_some("usage").map(usage::read).unwrap_or_default(),
        ..Response::default()
    })
}

/// Reads what was said and thought. Which pieces are texts, and where each begins in all of them, in characters.
fn content(message: Json, blocks: &mut Vec<Block>) -> Vec<(u64, u64)> {
    let Some(content) = message.get_some("content") else { return Vec::new() };
    if let Some(words) = content.as_string() {
        blocks.extend(Some(words).filter(|words| !words.is_empty()).map(Block::text));
        return vec![(0, 0)];
    }
    let mut offsets = Vec::new();
    let mut so_far = 0;
    for (index, item) in (0u64..).zip(content.items()) {
        if let Some(thought) = text(item, "thinking") {
            blocks.push(thinking(thought));
        } else if let Some(words) = text(item, "text") {
            offsets.push((index, so_far));
            so_far += words.chars().count() as u64;
            blocks.push(Block::text(words));
        }
    }
    offsets
}

/// Text of a field, `None` if it is missing or empty.
pub(super) fn text(object: Json, name: &str) -> Option<String> {
    object.get_some(name).and_then(|value| value.as_string()).filter(|text| !text.is_empty())
}

fn thinking(text: String) -> Block {
    Block::Thinking { text, signature: None }
}

/// Puts the sources at the last text.
fn cite(blocks: &mut [Block], sources: Option<Raw>) {
    let last = blocks.iter_mut().rev().find_map(|block| match block {
        Block::Text(Text { citations, .. }) => Some(citations),
        _ => None,
    });
    if let (Some(citations), Some(_)) = (last, &sources) {
        *citations = sources;
    }
}

/// A call; what has no function is none.
pub(super) fn tool_call(call: Json) -> Option<ToolCall> {
    let function = call.get_some("function")?;
    let arguments = arguments(function);
    Some(ToolCall {
        id: text(call, "id").unwrap_or_default(),
        name: text(function, "name").unwrap_or_default(),
        arguments: if arguments.is_empty() { "{}".to_owned() } else { arguments },
        signature: None,
    })
}

/// Arguments as JSON text, or a fragment of it; servers that only resemble Cohere's may send an object.
pub(super) fn arguments(function: Json) -> String {
    match function.get_some("arguments") {
        None => String::new(),
        Some(arguments) => arguments.as_string().unwrap_or_else(|| compact(arguments.raw())),
    }
}
