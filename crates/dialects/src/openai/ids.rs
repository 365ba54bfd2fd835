//! Ids of tool calls on their way to a provider: made where they are missing, and cleaned where they came from a
//! dialect with other rules. The same id always becomes the same id, so calls and results stay together, and
//! prompt caches stay warm.

use std::borrow::Cow;
use std::collections::HashSet;

use types::{Block, Message};

/// Longest id that OpenAI takes.
const MAX_LEN: usize = 64;
/// Mistral's length.
const SHORT_LEN: usize = 9;

/// Hands out the ids of one conversation, in the order of its calls.
pub(super) struct CallIds<'a> {
    short: bool,
    given: HashSet<&'a str>,
    made: usize,
    /// Calls without an id whose result has not come yet: tool name and id made for it.
    waiting: Vec<(&'a str, String)>,
}

impl<'a> CallIds<'a> {
    pub(super) fn new(messages: &'a [Message], short: bool) -> Self {
        let blocks = messages.iter().flat_map(|message| &message.blocks);
        let ids = blocks.filter_map(|block| match block {
            Block::ToolCall(call) => Some(call.id.as_str()),
            _ => None,
        });
        CallIds { short, given: ids.filter(|id| !id.is_empty()).collect(), made: 0, waiting: Vec::new() }
    }

    /// The id of a call.
    pub(super) fn call(&mut self, id: &'a str, name: &'a str) -> Cow<'a, str> {
        if !id.is_empty() {
            return self.clean(id);
        }
        let made = loop {
            let candidate = format!("call_{}", self.made);
            self.made += 1;
            if !self.given.contains(candidate.as_str()) {
                break candidate;
            }
        };
        let id = self.clean(&made).into_owned();
        self.waiting.push((name, id.clone()));
        Cow::Owned(id)
    }

    /// The id of the call that a result answers. A result without an id answers the first open call of its
    /// tool, or the first open call at all.
    pub(super) fn result(&mut self, id: &'a str, name: Option<&str>) -> Cow<'a, str> {
        if !id.is_empty() {
            return self.clean(id);
        }
        let named = self.waiting.iter().position(|(tool, _)| Some(*tool) == name);
        match named.or((!self.waiting.is_empty()).then_some(0)) {
            Some(at) => Cow::Owned(self.waiting.remove(at).1),
            None => Cow::Borrowed("call_unknown"),
        }
    }

    fn clean<'i>(&self, id: &'i str) -> Cow<'i, str> {
        match self.short {
            true => short(id),
            false => clean(id),
        }
    }
}

/// The id, or if OpenAI would refuse it, what is left of it with a hash that keeps it distinct.
fn clean(id: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if id.len() <= MAX_LEN && id.chars().all(plain) {
        return Cow::Borrowed(id);
    }
    let kept = id.chars().map(|c| if plain(c) { c } else { '_' });
    let kept: String = kept.take(MAX_LEN - 17).collect();
    Cow::Owned(format!("{kept}_{:016x}", hash(id)))
}

/// Nine letters and digits.
fn short(id: &str) -> Cow<'_, str> {
    if id.len() == SHORT_LEN && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(id);
    }
    const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = hash(id);
    let digits = std::iter::repeat_with(|| {
        let digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
        char::from(digit)
    });
    Cow::Owned(digits.take(SHORT_LEN).collect())
}

/// FNV-1a: the same on every machine and in every version, which the standard hashers do not promise.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
