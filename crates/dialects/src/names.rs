//! Names of tools and ids of calls that a target would refuse. They are made fit, always in the same way, so that
//! calls stay with their results and prompt caches stay warm; `amends.rs` gives the answer the caller's own back.

use std::borrow::Cow;

use types::{Block, Chat, Request, Tool, ToolChoice};

use crate::Amends;

/// What a target takes for a name or an id.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Most characters.
    pub most: usize,
    /// Characters beside ASCII letters and digits.
    pub marks: &'static str,
    /// Whether the first character must be a letter or an underscore.
    pub letter_first: bool,
    /// A name that means something else; empty if there is none.
    pub reserved: &'static str,
}

/// Characters of the hash that tells shortened names apart, with its underscore.
const HASH: usize = 17;

impl Rule {
    fn allows(self, character: char) -> bool {
        character.is_ascii_alphanumeric() || self.marks.contains(character)
    }

    /// Whether the target takes `text` as it is. An empty text is for the target to refuse.
    pub fn takes(self, text: &str) -> bool {
        let starts = !self.letter_first || text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let known = text.is_empty() || text != self.reserved && starts && text.chars().all(|c| self.allows(c));
        known && text.len() <= self.most
    }

    /// The text, or what is left of it with a hash that keeps it distinct.
    pub fn fit(self, text: &str) -> Cow<'_, str> {
        if self.takes(text) {
            return Cow::Borrowed(text);
        }
        let first = text.chars().next().unwrap_or('_');
        let lead = (self.letter_first && !first.is_ascii_alphabetic()).then_some('_');
        let kept = text.chars().map(|character| if self.allows(character) { character } else { '_' });
        let kept: String = lead.into_iter().chain(kept).take(self.most - HASH).collect();
        Cow::Owned(format!("{kept}_{:016x}", hash(text)))
    }
}

/// FNV-1a: the same on every machine and in every version, which the standard hashers do not promise.
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The request with names of tools that the target takes; `amends` know what the others were called.
pub fn fit<'r>(request: &'r Request, rule: Rule, amends: &mut Amends) -> Cow<'r, Request> {
    let chat = match request {
        Request::Chat(chat) | Request::CountTokens(chat) => chat,
        _ => return Cow::Borrowed(request),
    };
    if names_of(chat).all(|name| rule.takes(name)) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    if let Request::Chat(chat) | Request::CountTokens(chat) = &mut request {
        for_each_name(chat, |name| {
            if let Cow::Owned(sent) = rule.fit(name) {
                amends.renamed(std::mem::replace(name, sent.clone()), sent);
            }
        });
    }
    Cow::Owned(request)
}

/// Every place of a chat that names a tool.
fn names_of(chat: &Chat) -> impl Iterator<Item = &String> {
    let offered = chat.tools.iter().filter_map(|tool| match tool {
        Tool::Function(function) => Some(&function.name),
        Tool::Opaque { .. } => None,
    });
    let chosen = match &chat.tool_choice {
        Some(ToolChoice::Tool(name)) => std::slice::from_ref(name),
        Some(ToolChoice::Allowed { names, .. }) => names.as_slice(),
        _ => &[],
    };
    let called = chat.messages.iter().flat_map(|message| &message.blocks).filter_map(|block| match block {
        Block::ToolCall(call) => Some(&call.name),
        Block::ToolResult(result) => result.name.as_ref(),
        _ => None,
    });
    offered.chain(chosen).chain(called)
}

/// The same places, to be changed.
fn for_each_name(chat: &mut Chat, mut change: impl FnMut(&mut String)) {
    for tool in &mut chat.tools {
        if let Tool::Function(function) = tool {
            change(&mut function.name);
        }
    }
    match &mut chat.tool_choice {
        Some(ToolChoice::Tool(name)) => change(name),
        Some(ToolChoice::Allowed { names, .. }) => names.iter_mut().for_each(&mut change),
        _ => {}
    }
    for block in chat.messages.iter_mut().flat_map(|message| &mut message.blocks) {
        match block {
            Block::ToolCall(call) => change(&mut call.name),
            Block::ToolResult(result) => result.name.iter_mut().for_each(&mut change),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
