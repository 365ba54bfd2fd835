//! A whole answer of Gemini.

use types::{Block, Choice, Fault, Finish, Response, Text, Usage};

use super::finish::{self, Produced};
use super::grounding::{self, Extent};
use super::part::{self, CallIds};
use super::{logprobs, usage};
use crate::json::Json;
use crate::upstream::malformed;

/// Decodes the answer to a chat.
pub(super) fn read(root: Json) -> Result<Response, Fault> {
    let text = |name| root.get(name).and_then(|value| value.as_string()).unwrap_or_default();
    let id = text("responseId");
    let mut ids = CallIds::new(&id);
    let mut usage = root.get_some("usageMetadata").map(usage::read).unwrap_or_default();
    let mut choices = Vec::new();
    for candidate in root.get("candidates").into_iter().flat_map(|list| list.items()) {
        choices.push(choice(candidate, &mut ids)?);
        count_searches(candidate, &mut usage);
    }
    if choices.is_empty() {
        if !finish::is_blocked(root) {
            return Err(malformed("the provider's answer has no candidates"));
        }
        choices.push(Choice { blocks: Vec::new(), finish: Finish::ContentFilter, stop_sequence: None, logprobs: None });
    }
    Ok(Response { id, model: text("modelVersion"), choices, usage, ..Response::default() })
}

fn choice(candidate: Json, ids: &mut CallIds) -> Result<Choice, Fault> {
    let parts = candidate.get("content").and_then(|content| content.get("parts"));
    let mut blocks = Vec::new();
    let mut produced = Produced::default();
    let mut extent = Extent::default();
    for block in parts.into_iter().flat_map(|parts| parts.items()).filter_map(|item| part::read(item, ids)) {
        produced.note(&block);
        if let Block::Text(text) = &block {
            extent.add(&text.text);
        }
        join(&mut blocks, block);
    }
    let finish = match finish::of_candidate(candidate, produced) {
        Some(finish) => finish?,
        None if produced.anything => produced.stop(),
        None => return Err(malformed("the provider's answer is empty and gives no reason")),
    };
    let citations = candidate.get_some("groundingMetadata").and_then(|meta| grounding::annotations(meta, extent));
    let last_text = blocks.iter_mut().rev().find_map(|block| match block {
        Block::Text(text) => Some(text),
        _ => None,
    });
    if let (Some(text), Some(_)) = (last_text, &citations) {
        text.citations = citations;
    }
    Ok(Choice { blocks, finish, stop_sequence: None, logprobs: logprobs::read(candidate) })
}

/// Adds a block, joining what belongs together: Gemini cuts texts and thoughts into parts as it likes. A signature
/// closes its part; one that comes alone belongs to the text before it.
fn join(blocks: &mut Vec<Block>, block: Block) {
    match (blocks.last_mut(), block) {
        (Some(Block::Text(Text { text, signature: open @ None, .. })), Block::Text(more)) => {
            text.push_str(&more.text);
            *open = more.signature;
        }
        (Some(Block::Thinking { text, .. }), Block::Thinking { text: more, .. }) => text.push_str(&more),
        (_, block) => blocks.push(block),
    }
}

/// Searches are billed like tokens, but Gemini reports them with the candidate.
pub(super) fn count_searches(candidate: Json, usage: &mut Usage) {
    if let Some(searches) = grounding::searches(candidate) {
        usage.web_searches = Some(searches);
    }
}
