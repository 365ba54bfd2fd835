//! What ties a call to others, with which it goes to one deployment: its session, how its prompt begins, its key; the
//! first of them that the group looks at and the call has.

use dialects::json::Json;
use policy::{Affinity, Bond};

use crate::ask::Ask;
use crate::pass::Pass;

/// Providers keep no shorter inputs in their caches, tokens.
const WORTH_KEEPING: u64 = 1024;
/// How much of each part of a prompt tells it from others, bytes.
const ENOUGH: usize = 8 << 10;
/// How many messages, and blocks of each, are looked at.
const MOST_PARTS: usize = 8;

/// The bond of a call, if it has one.
pub(crate) fn bond(affinity: Affinity, pass: &Pass, ask: &Ask) -> Option<Bond> {
    let session = pass.attribution.session_id.as_deref().filter(|_| affinity.session);
    let session = session.map(|id| Bond::of(b"session").and(id.as_bytes()));
    let prompt = || affinity.prompt.then(|| prompt(ask)).flatten();
    let key = || Some(pass.caller.counted_hash()).filter(|hash| affinity.key && !hash.is_empty());
    session.or_else(prompt).or_else(|| key().map(|hash| Bond::of(b"key").and(hash.as_bytes())))
}

/// A conversation is known by its beginning; or by the caller's own name for it.
fn prompt(ask: &Ask) -> Option<Bond> {
    ask.body.with(|root| match root.get_some("prompt_cache_key") {
        Some(name) => Some(Bond::of(b"prompt").and(head(name))),
        None if ask.input_estimate() < WORTH_KEEPING => None,
        None => beginning(root),
    })
}

/// What all turns of a conversation share: tools, system prompt and the first message of the user.
fn beginning(root: Json) -> Option<Bond> {
    let bond = root.get_some("tools").map(head).into_iter().fold(Bond::of(b"prompt"), Bond::and);
    let system = root.get_some("system").and_then(|system| system.inside(|system| with_text(bond, system)));
    let bond = system.unwrap_or(bond);
    root.get_some("messages")?.inside(|messages| {
        let is_user = |message: &Json| message.get("role").is_some_and(|role| role.is("user"));
        let first = messages.items().take(MOST_PARTS).position(|message| is_user(&message));
        let first = first.map_or(MOST_PARTS, |index| index + 1);
        messages.items().take(first).filter_map(|message| message.get("content")).fold(bond, with_text)
    })
}

/// The texts of a message. What stands around them changes from turn to turn: marks of what is to be cached wander to
/// later messages, and a plain text becomes a block to carry one.
fn with_text(bond: Bond, content: Json) -> Bond {
    let blocks = content.one_or_many().take(MOST_PARTS);
    blocks.map(|block| block.get("text").unwrap_or(block)).map(head).fold(bond, Bond::and)
}

fn head(value: Json<'_>) -> &[u8] {
    let bytes = value.raw().as_bytes();
    &bytes[..bytes.len().min(ENOUGH)]
}

#[cfg(test)]
mod tests;
