//! Reads and checks the messages of a chat: roles, contents, and that every tool call has its results.

use super::fields::{invalid_value, missing, wrong_type};
use super::tools::name;
use crate::dialect::{field, is_base64};
use crate::knobs::Knobs;
use crate::problem::Problem;
use crate::script::words;
use serde_json::Value;

const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];
/// Most characters of a tool call's id.
const MAX_ID: usize = 64;

/// What the messages amount to.
#[derive(Default)]
pub(super) struct Talk {
    pub(super) last_user: String,
    /// Text of the tool results at the end, if the messages end with some.
    pub(super) tool_result: Option<String>,
    pub(super) all_text: String,
    pub(super) words: u64,
}

pub(super) fn read(body: &Value, knobs: &Knobs) -> Result<Talk, Problem> {
    let value = field(body, "messages").ok_or_else(|| missing("messages"))?;
    let list = value.as_array().ok_or_else(|| wrong_type("messages", "an array of objects", value))?;
    if list.is_empty() {
        let text =
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Problem::refuse(text).at("messages").code("empty_array"));
    }
    let mut talk = Talk::default();
    for (at, message) in list.iter().enumerate() {
        let path = format!("messages[{at}]");
        let role = role(message, &path, knobs)?;
        let text = content(message, role, &path, knobs)?;
        talk.words += words(&text);
        talk.all_text.push_str(&text);
        match role {
            "user" => (talk.last_user, talk.tool_result) = (text, None),
            "tool" | "function" => {
                let before = talk.tool_result.take().map(|before| before + " ").unwrap_or_default();
                talk.tool_result = Some(before + &text);
            }
            "assistant" => talk.tool_result = None,
            _ => {}
        }
    }
    pairs(list)?;
    Ok(talk)
}

fn role<'a>(message: &'a Value, path: &str, knobs: &Knobs) -> Result<&'a str, Problem> {
    if !message.is_object() {
        return Err(wrong_type(path, "an object", message));
    }
    let path = format!("{path}.role");
    let value = field(message, "role").ok_or_else(|| missing(&path))?;
    let role = value.as_str().ok_or_else(|| wrong_type(&path, "a string", value))?;
    if !ROLES.contains(&role) || (role == "developer" && knobs.on(knobs.no_developer)) {
        let known = if knobs.on(knobs.no_developer) { &ROLES[..5] } else { ROLES };
        return Err(invalid_value(&path, role, known));
    }
    Ok(role)
}

/// Checks a message and returns its text.
fn content(message: &Value, role: &str, path: &str, knobs: &Knobs) -> Result<String, Problem> {
    let calls = match role {
        "assistant" => calls(message, path)?,
        _ => false,
    };
    match role {
        "tool" => {
            let id = field(message, "tool_call_id").ok_or_else(|| missing(&format!("{path}.tool_call_id")))?;
            call_id(id, &format!("{path}.tool_call_id"))?;
        }
        "function" => {
            name(message, path)?;
        }
        _ => {}
    }
    let spoken = calls || ["refusal", "audio"].iter().any(|name| field(message, name).is_some());
    let path = format!("{path}.content");
    match message.get("content") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(_)) if knobs.on(knobs.text_only) => {
            Err(Problem::refuse(format!("Invalid type for '{path}': this server only takes a string.")).at(path))
        }
        Some(Value::Array(parts)) => texts(parts, role, &path),
        None | Some(Value::Null) if spoken => Ok(String::new()),
        None => Err(missing(&path)),
        Some(other) => Err(wrong_type(&path, "one of a string or array of objects", other)),
    }
}

fn texts(parts: &[Value], role: &str, path: &str) -> Result<String, Problem> {
    if parts.is_empty() {
        let text = format!(
            "Invalid '{path}': empty array. Expected an array with minimum length 1, but got an empty array instead."
        );
        return Err(Problem::refuse(text).at(path).code("empty_array"));
    }
    let parts = parts.iter().enumerate().map(|(at, part)| part_text(part, role, &format!("{path}[{at}]")));
    Ok(parts.collect::<Result<Vec<_>, _>>()?.join(" ").trim().to_owned())
}

fn part_text(part: &Value, role: &str, path: &str) -> Result<String, Problem> {
    let known: &[&str] = match role {
        "user" => &["text", "image_url", "input_audio", "file"],
        "assistant" => &["text", "refusal"],
        _ => &["text"],
    };
    let kind = field(part, "type").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.type")))?;
    if !known.contains(&kind) {
        return Err(invalid_value(&format!("{path}.type"), kind, known));
    }
    let inner_path = format!("{path}.{kind}");
    let inner = field(part, kind).ok_or_else(|| missing(&inner_path))?;
    match kind {
        "text" | "refusal" => {
            inner.as_str().map(str::to_owned).ok_or_else(|| wrong_type(&inner_path, "a string", inner))
        }
        "image_url" => image(inner, &inner_path),
        "input_audio" => audio(inner, &inner_path),
        _ if inner.is_object() => Ok(String::new()),
        _ => Err(wrong_type(&inner_path, "an object", inner)),
    }
}

fn image(inner: &Value, path: &str) -> Result<String, Problem> {
    if !inner.is_object() {
        return Err(wrong_type(path, "an object", inner));
    }
    let url = field(inner, "url").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.url")))?;
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let good = match data {
        Some((kind, data)) => kind.starts_with("image/") && is_base64(data),
        None => url.starts_with("http://") || url.starts_with("https://"),
    };
    if !good {
        let text =
            "Invalid image: expected a valid URL or a base64-encoded data URL such as 'data:image/png;base64,<data>'.";
        return Err(Problem::refuse(text).at(path).code("invalid_image_url"));
    }
    if let Some(detail) =
        field(inner, "detail").filter(|d| !["auto", "low", "high", "original"].iter().any(|k| *d == k))
    {
        return Err(invalid_value(
            &format!("{path}.detail"),
            &detail.to_string(),
            &["auto", "low", "high", "original"],
        ));
    }
    Ok(String::new())
}

fn audio(inner: &Value, path: &str) -> Result<String, Problem> {
    let data = field(inner, "data").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.data")))?;
    let format = field(inner, "format").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.format")))?;
    if !["wav", "mp3"].contains(&format) {
        return Err(invalid_value(&format!("{path}.format"), format, &["wav", "mp3"]));
    }
    if !is_base64(data) {
        return Err(Problem::refuse("Invalid audio data: not base64.")
            .at(format!("{path}.data"))
            .code("invalid_value"));
    }
    Ok(String::new())
}

/// Checks the calls of an assistant message; whether there are any.
fn calls(message: &Value, path: &str) -> Result<bool, Problem> {
    if let Some(call) = field(message, "function_call") {
        name(call, &format!("{path}.function_call"))?;
        return Ok(true);
    }
    let path = format!("{path}.tool_calls");
    let Some(value) = field(message, "tool_calls") else {
        return Ok(false);
    };
    let list = value.as_array().ok_or_else(|| wrong_type(&path, "an array of objects", value))?;
    if list.is_empty() {
        let text = format!(
            "Invalid '{path}': empty array. Expected an array with minimum length 1, but got an empty array instead."
        );
        return Err(Problem::refuse(text).at(path).code("empty_array"));
    }
    for (at, call) in list.iter().enumerate() {
        let path = format!("{path}[{at}]");
        call_id(field(call, "id").ok_or_else(|| missing(&format!("{path}.id")))?, &format!("{path}.id"))?;
        let kind = field(call, "type").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.type")))?;
        let text = match kind {
            "function" => "arguments",
            "custom" => "input",
            other => return Err(invalid_value(&format!("{path}.type"), other, &["function", "custom"])),
        };
        let inner = field(call, kind).ok_or_else(|| missing(&format!("{path}.{kind}")))?;
        name(inner, &format!("{path}.{kind}"))?;
        let path = format!("{path}.{kind}.{text}");
        match field(inner, text) {
            None => return Err(missing(&path)),
            Some(Value::String(_)) => {}
            Some(other) => return Err(wrong_type(&path, "a string", other)),
        }
    }
    Ok(true)
}

fn call_id(value: &Value, path: &str) -> Result<(), Problem> {
    let id = value.as_str().ok_or_else(|| wrong_type(path, "a string", value))?;
    let (size, code) = match id.chars().count() {
        0 => ("empty string. Expected a string with minimum length 1, but got an empty string", "empty_string"),
        1..=MAX_ID => return Ok(()),
        _ => (
            "string too long. Expected a string with maximum length 64, but got a longer one",
            "string_above_max_length",
        ),
    };
    Err(Problem::refuse(format!("Invalid '{path}': {size} instead.")).at(path).code(code))
}

/// Every assistant message with calls must be followed by one tool message per call, and there are no others.
fn pairs(messages: &[Value]) -> Result<(), Problem> {
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let Some(found) = open.iter().position(|one| *one == id) else {
                return Err(orphan(at, id, messages));
            };
            open.remove(found);
            continue;
        }
        if !open.is_empty() {
            return Err(unanswered(at, &open));
        }
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        open = calls.filter_map(|call| call["id"].as_str()).collect();
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len(), &open)) }
}

fn orphan(at: usize, id: &str, messages: &[Value]) -> Problem {
    let path = format!("messages.[{at}].role");
    let follows = at > 0 && (messages[at - 1]["role"] == "tool" || messages[at - 1].get("tool_calls").is_some());
    let text = if follows {
        format!("Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous message.")
    } else {
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
            .to_owned()
    };
    Problem::refuse(text).at(path)
}

fn unanswered(at: usize, ids: &[&str]) -> Problem {
    let text = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        ids.join(", ")
    );
    Problem::refuse(text).at(format!("messages.[{at}].role"))
}
