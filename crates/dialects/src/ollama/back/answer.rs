//! A whole answer of Ollama.

use types::{Block, Choice, Fault, Response, Usage};

use super::line;
use crate::json::Json;
use crate::think::{Piece, ThinkTags};
use crate::upstream::malformed;

/// Decodes the answer to a chat or a completion.
pub(super) fn read(root: Json) -> Result<Response, Fault> {
    check(root)?;
    let (thinking, content) = line::spoken(root);
    let mut blocks = Vec::new();
    let mut pieces = Vec::new();
    let mut tags = ThinkTags::default();
    if let Some(text) = thinking {
        tags.not_needed();
        pieces.push(Piece::Thinking(text));
    }
    tags.push(content.as_deref().unwrap_or_default(), &mut pieces);
    tags.finish(&mut pieces);
    for piece in pieces {
        blocks.push(match piece {
            Piece::Text(text) => Block::text(text),
            Piece::Thinking(text) => Block::Thinking { text, signature: None },
        });
    }
    let mut made = 0;
    blocks.extend(line::calls(root, &mut made).into_iter().map(Block::ToolCall));
    let choice =
        Choice { blocks, finish: line::finish(root, made > 0)?, stop_sequence: None, logprobs: line::logprobs(root) };
    Ok(Response {
        model: root.get("model").and_then(|model| model.as_string()).unwrap_or_default(),
        choices: vec![choice],
        usage: line::usage(root),
        ..Response::default()
    })
}

fn check(root: Json) -> Result<(), Fault> {
    match root.get_some("message").or(root.get_some("response")) {
        Some(_) => Ok(()),
        None => Err(malformed("the provider's answer has neither message nor response")),
    }
}

/// What an answer consumed, if it is one: its head tells.
pub(super) fn usage(root: Json) -> Result<Usage, Fault> {
    check(root)?;
    line::finish(root, false).map(|_| line::usage(root))
}
