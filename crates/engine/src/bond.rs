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
/// How many messages may come before the first of the user that count.
const MOST_MESSAGES: usize = 8;

/// The bond of a call, if it has one.
pub(crate) fn bond(affinity: Affinity, pass: &Pass, ask: &Ask) -> Option<Bond> {
    let session = pass.attribution.session_id.as_deref().filter(|_| affinity.session);
    let session = session.map(|id| Bond::of(b"session").and(id.as_bytes()));
    let prompt = || affinity.prompt.then(|| prompt(ask)).flatten();
    let key = || Some(pass.caller.counted_hash()).filter(|hash| affinity.key && !hash.is_empty());
    session.or_else(prompt).or_else(|| key().map(|hash| Bond::of(b"key").and(hash.as_bytes())))
}

/// A conversation is known by its beginning, which all of its turns share: tools, system prompt and the first message of
/// the user; or by the caller's own name for it.
fn prompt(ask: &Ask) -> Option<Bond> {
    ask.body.with(|root| {
        if let Some(name) = root.get_some("prompt_cache_key") {
            return Some(Bond::of(b"prompt").and(head(name)));
        }
        if ask.input_estimate() < WORTH_KEEPING {
            return None;
        }
        let before = ["tools", "system"].into_iter().filter_map(|name| root.get_some(name));
        let before = before.fold(Bond::of(b"prompt"), |bond, part| bond.and(head(part)));
        root.get_some("messages")?.inside(|messages| {
            let is_user = |message: &Json| message.get("role").is_some_and(|role| role.is("user"));
            let first = messages.items().take(MOST_MESSAGES).position(|message| is_user(&message));
            let first = first.map_or(MOST_MESSAGES, |index| index + 1);
            messages.items().take(first).fold(before, |bond, message| bond.and(head(message)))
        })
    })
}

fn head(value: Json<'_>) -> &[u8] {
    let bytes = value.raw().as_bytes();
    &bytes[..bytes.len().min(ENOUGH)]
}
