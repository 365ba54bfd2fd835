//! What was said in a call, as it may be kept and told: without keys, and no longer than the operator wants it. All of this
//! is done long after the call has been answered.

use std::borrow::Cow;

use serde_json::Value;
use store::Content;

use crate::config::is_secret;

/// What stands for a secret.
const MASK: &str = "***";
/// How keys begin, ours and those of many providers; and the fewest bytes behind that.
const KEY: &str = "sk-";
const SHORTEST_KEY: usize = 12;
/// Lengths to which texts are cut, one after the other, until everything fits.
const LENGTHS: [usize; 6] = [64 << 10, 16 << 10, 4 << 10, 1 << 10, 256, 64];

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Cleaned {
    /// Name of the dialect.
    pub dialect: &'static str,
    /// The request.
    pub request: Value,
    /// The answer, if there was one.
    pub answer: Option<Value>,
    /// Whether something is missing.
    pub cut: bool,
}

impl Cleaned {
    /// What may be kept of `content`: request and answer of at most `most` bytes each. `None` if it is nothing that
    /// could be looked through for secrets.
    pub fn of(content: &Content, most: usize) -> Option<Self> {
        let mut request: Value = serde_json::from_slice(&content.request).ok()?;
        hide_named(&mut request);
        let mut answer: Option<Value> = content.answer.as_ref().and_then(|answer| serde_json::from_slice(answer).ok());
        let mut cut = content.cut | fit(&mut request, most);
        if let Some(answer) = &mut answer {
            hide_keys(answer);
            cut |= fit(answer, most);
        }
        Some(Cleaned { dialect: content.dialect, request, answer, cut })
    }
}

/// Masks what may be a secret by its name, and whatever looks like a key.
pub fn hide_named(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match is_secret(name, value) {
                    true => mask(value),
                    false => hide_named(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_named),
        plain => hide_keys(plain),
    }
}

/// Masks texts that go by the name of a secret. What only describes such a thing, as the schema of a tool does, stays.
fn mask(value: &mut Value) {
    match value {
        Value::String(text) => MASK.clone_into(text),
        Value::Object(fields) if fields.values().all(Value::is_string) && !fields.contains_key("type") => {
            fields.values_mut().for_each(mask);
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        other => hide_named(other),
    }
}

fn hide_keys(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(hidden) = without_keys(text) {
                *text = hidden;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_keys),
        Value::Object(fields) => fields.values_mut().for_each(hide_keys),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text without what looks like a key.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let (mut out, mut from, mut at) = (String::new(), 0, 0);
    while let Some(found) = text[at..].find(KEY) {
        let (begin, behind) = (at + found, at + found + KEY.len());
        let length = text[behind..].bytes().take_while(|byte| is_part(*byte)).count();
        // Words may end in these letters: `task-`.
        let is_word = begin > 0 && text.as_bytes()[begin - 1].is_ascii_alphanumeric();
        if !is_word && length >= SHORTEST_KEY {
            out.extend([&text[from..behind], MASK]);
            from = behind + length;
        }
        at = behind + length;
    }
    match from {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(out + &text[from..]),
    }
}

/// Makes a value one of at most `most` bytes of JSON; says whether something had to go.
fn fit(value: &mut Value, most: usize) -> bool {
    let length = |value: &Value| value.to_string().len();
    if length(value) <= most {
        return false;
    }
    for longest in LENGTHS.into_iter().filter(|longest| *longest < most) {
        cut(value, longest);
        if length(value) <= most {
            return true;
        }
    }
    // Many small things: there is no telling which of them matter.
    let text = value.to_string();
    let mut longest = most / 2;
    loop {
        *value = Value::String(text[..text.floor_char_boundary(longest)].to_owned());
        if length(value) <= most || longest == 0 {
            return true;
        }
        longest /= 2;
    }
}

/// Cuts all texts to `longest` bytes.
fn cut(value: &mut Value, longest: usize) {
    match value {
        Value::String(text) if text.len() > longest => {
            let gone = text.len() - longest;
            text.truncate(text.floor_char_boundary(longest));
            text.push_str(&format!("… ({gone} bytes more)"));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cut(item, longest)),
        Value::Object(fields) => fields.values_mut().for_each(|field| cut(field, longest)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(request: Value, answer: Option<Value>, most: usize) -> Cleaned {
        let bytes = |value: &Value| value.to_string().into();
        let content =
            Content { dialect: "openai", request: bytes(&request), answer: answer.as_ref().map(bytes), cut: false };
        Cleaned::of(&content, most).unwrap()
    }

    #[test]
    fn no_key_is_in_what_is_kept_wherever_it_was() {
        let key = "sk-proj-abcdefghijkl_0123456789";
        let said = said(
            json!({
                "api_key": "a key of any form", "extra_headers": {"x-any": "secret"}, "max_tokens": 5,
                "fallbacks": [{"model": "b", "api_key": "another"}],
                "messages": [{"role": "user", "content": format!("my key is {key}, use it; task-force-is-no-key-at-all")}],
                "tools": [{"function": {"parameters": {"properties": {"api_key": {"type": "string", "description": "yours"}}}}}],
            }),
            Some(json!({"token": "kept", "content": format!("you said {key}")})),
            1 << 20,
        );
        let expected = json!({
            "api_key": "***", "extra_headers": {"x-any": "***"}, "max_tokens": 5,
            "fallbacks": [{"model": "b", "api_key": "***"}],
            "messages": [{"role": "user", "content": "my key is sk-***, use it; task-force-is-no-key-at-all"}],
            "tools": [{"function": {"parameters": {"properties": {"api_key": {"type": "string", "description": "yours"}}}}}],
        });
        assert_eq!((said.request, said.cut), (expected, false));
        assert_eq!(said.answer, Some(json!({"token": "kept", "content": "you said sk-***"})));
        let none = Content { request: "sk-no-json-at-all".into(), ..Content::default() };
        assert_eq!(Cleaned::of(&none, 100), None);
    }

    #[test]
    fn what_is_too_long_loses_its_longest_texts_first() {
        let picture = "A".repeat(100_000);
        let long = json!({"messages": [{"role": "user", "content": [{"text": "look"}, {"image": picture}]}]});
        let said = said(long, Some(json!({"content": "é".repeat(3_000)})), 2_048);
        let text = said.request.to_string();
        assert!(said.cut && text.len() <= 2_048 && text.contains("look") && text.contains("bytes more"), "{text}");
        assert!(said.answer.unwrap().to_string().len() <= 2_048);
        let many = json!({"input": (0..5_000).collect::<Vec<_>>()});
        let kept = self::said(many, None, 500);
        assert!(kept.request.is_string() && kept.request.to_string().len() <= 500 && kept.cut);
        assert_eq!(self::said(json!({"a": "b"}), None, 1).request, "");
    }
}
