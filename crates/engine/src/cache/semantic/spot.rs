//! Where in a body the user's last text stands. Everything else of the body must be the same in a question that is
//! answered like another one, so only bodies are understood in which there is no doubt about that place.

use std::ops::Range;

use dialects::json::{Json, Kind};

/// Fields that hold what is said, of all dialects.
const FIELDS: [&str; 4] = ["messages", "contents", "input", "prompt"];
/// Fields of a message; one with others, such as pictures, is not compared.
const OF_MESSAGES: [&str; 7] = ["role", "content", "parts", "type", "name", "id", "status"];
/// Fields of a part of a message.
const OF_PARTS: [&str; 3] = ["type", "text", "cache_control"];

/// Where the user's last text stands.
pub(in crate::cache) struct Spot {
    /// The field of the body.
    pub field: &'static str,
    /// The text within the field, quotes included.
    pub place: Range<usize>,
    /// The text.
    pub text: String,
    /// How many messages there are.
    pub messages: usize,
}

impl Spot {
    /// The place in the body `root`; `None` if the last word is not the user's, or is not text alone.
    pub fn find(root: Json) -> Option<Self> {
        let field = only(&FIELDS, root)?;
        let value = root.get(field)?;
        if value.kind() == Kind::String {
            return Some(Spot { field, place: 0..value.raw().len(), text: value.as_string()?, messages: 1 });
        }
        value.inside(|value| {
            let last = value.items().last().filter(|last| last.kind() == Kind::Object)?;
            let text = text(last)?;
            let (start, end) = text.span();
            Some(Spot { field, place: start..end, text: text.as_string()?, messages: value.items().count() })
        })?
    }
}

/// Which one of these fields there is, if it is there once and no other one is.
fn only(names: &[&'static str], object: Json) -> Option<&'static str> {
    let mut found = object.fields().filter_map(|(key, _)| names.iter().find(|name| key.is(name)));
    found.next().filter(|_| found.next().is_none()).copied()
}

/// The text of a message of the user.
fn text(message: Json) -> Option<Json> {
    let says =
        |name: &str, words: &[&str]| message.get(name).is_none_or(|value| words.iter().any(|word| value.is(word)));
    let content = message.get(only(&["content", "parts"], message)?)?;
    let is_users = message.get("role").is_some() || message.get("parts").is_some();
    if !is_users || !says("role", &["user"]) || !says("type", &["message"]) || !has_only(&OF_MESSAGES, message) {
        return None;
    }
    if content.kind() == Kind::String {
        return Some(content);
    }
    let mut last = None;
    for part in content.items() {
        let text = part.get("text").filter(|text| text.kind() == Kind::String)?;
        let is_text = part.get("type").is_none_or(|kind| kind.is("text") || kind.is("input_text"));
        if !is_text || !has_only(&OF_PARTS, part) {
            return None;
        }
        last = Some(text);
    }
    last
}

/// Whether an object has no other fields than these, and none of them twice.
fn has_only(names: &[&str], object: Json) -> bool {
    let times = |name: &str| object.fields().filter(|(key, _)| key.is(name)).count();
    object.fields().all(|(key, _)| names.iter().any(|name| key.is(name))) && names.iter().all(|name| times(name) <= 1)
}

#[cfg(test)]
mod tests;
