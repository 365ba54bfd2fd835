//! Ids of tool calls on their way to a provider: made where they are missing, and made fit where they came from a
//! dialect with other rules.

use std::borrow::Cow;
use std::collections::HashSet;

use types::{Block, Message};

use crate::names::{Rule, hash};

/// Names of tools that OpenAI takes.
pub(crate) const TOOL_NAMES: Rule = Rule { most: 64, marks: "_-", letter_first: false, reserved: "" };

/// Ids of calls that OpenAI takes. Servers with ids of their own like to put the tool's name into them.
pub(super) const CALL_IDS: Rule = Rule { marks: "_-.:", ..TOOL_NAMES };

/// Mistral's length.
const SHORT_LEN: usize = 9;

/// Hands out the ids of one conversation, in the order of its calls.
pub(crate) struct CallIds<'a> {
    short: bool,
    given: HashSet<&'a str>,
    made: usize,
    /// Calls without an id whose result has not come yet: tool name and id made for it.
    waiting: Vec<(&'a str, String)>,
}

impl<'a> CallIds<'a> {
    pub(crate) fn new(messages: &'a [Message], short: bool) -> Self {
        let blocks = messages.iter().flat_map(|message| &message.blocks);
        let ids = blocks.filter_map(|block| match block {
            Block::ToolCall(call) => Some(call.id.as_str()),
            _ => None,
        });
        CallIds { short, given: ids.filter(|id| !id.is_empty()).collect(), made: 0, waiting: Vec::new() }
    }

    /// The id of a call.
    pub(crate) fn call(&mut self, id: &'a str, name: &'a str) -> Cow<'a, str> {
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
    pub(crate) fn result(&mut self, id: &'a str, name: Option<&str>) -> Cow<'a, str> {
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
            false => CALL_IDS.fit(id),
        }
    }
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
