//! A safe guess of the tokens of a request, where nobody can count them exactly.

use types::{Block, Chat, Message, Tool};

/// Bytes of text per token: common tokenizers reach about 4 on English prose, fewer on code and JSON.
const BYTES_PER_TOKEN: usize = 4;
/// What a message costs beside its text: role and separators.
const PER_MESSAGE: u64 = 4;
/// What a picture costs: the usual charge for one of about a megapixel.
const PER_IMAGE: u64 = 1_100;
/// What a document costs without knowing its pages.
const PER_DOCUMENT: u64 = 3_000;

/// Estimates the input tokens of `chat`.
pub fn estimate_tokens(chat: &Chat) -> u64 {
    let messages: u64 = chat.messages.iter().map(message).sum();
    let tools: u64 = chat.tools.iter().map(tool).sum();
    (messages + tools).max(1)
}

fn message(message: &Message) -> u64 {
    PER_MESSAGE + message.blocks.iter().map(block).sum::<u64>()
}

fn block(block: &Block) -> u64 {
    match block {
        Block::Text(part) => text(&part.text),
        Block::Thinking { text: thinking, .. } => text(thinking),
        Block::Refusal(refusal) => text(refusal),
        Block::RedactedThinking { data } => text(data),
        Block::Image { .. } => PER_IMAGE,
        Block::Document { source: types::Source::PlainText(plain), .. } => text(plain),
        Block::Audio { .. } | Block::Document { .. } => PER_DOCUMENT,
        Block::ToolCall(call) => PER_MESSAGE + text(&call.name) + text(&call.arguments),
        Block::ToolResult(result) => PER_MESSAGE + result.blocks.iter().map(self::block).sum::<u64>(),
        Block::Opaque { raw, .. } => text(raw.get()),
    }
}

fn tool(tool: &Tool) -> u64 {
    match tool {
        Tool::Function(function) => {
            let schema = function.parameters.as_ref().map_or(0, |schema| text(schema.get()));
            PER_MESSAGE + text(&function.name) + text(function.description.as_deref().unwrap_or_default()) + schema
        }
        Tool::Opaque { raw, .. } => text(raw.get()),
    }
}

fn text(text: &str) -> u64 {
    text.len().div_ceil(BYTES_PER_TOKEN) as u64
}
