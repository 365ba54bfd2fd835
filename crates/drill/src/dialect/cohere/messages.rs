//! Reads and checks the messages of a chat.

use super::fields::{invalid, known, list, one_of, required, text};
use crate::dialect::{Incoming, field, is_base64};
use crate::problem::Problem;
use crate::script::{Ask, words};
use serde_json::Value;

/// What the messages say.
pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let mut ask = Ask::default();
    let mut calls = Vec::new();
    let messages = list(incoming.body, "messages")?;
    if messages.is_empty() {
        return Err(invalid("messages must not be empty"));
    }
    for (at, message) in messages.iter().enumerate() {
        let path = format!("messages[{at}]");
        match required(message, "role", &path)? {
            "system" if at > 0 => return Err(Problem::refuse("system turn must be the first in the list")),
            "system" => {
                known(message, &path, &["role", "content"], incoming)?;
                ask.words += words(&content(message, &path, &["text"], incoming)?);
            }
            "user" => {
                known(message, &path, &["role", "content"], incoming)?;
                let said = content(message, &path, &["text", "image_url"], incoming)?;
                ask.words += words(&said);
                (ask.last_user, ask.tool_result) = (said, None);
            }
            "assistant" => {
                ask.words += words(&assistant(message, &path, &mut calls, incoming)?);
                ask.tool_result = None;
            }
            "tool" => {
                known(message, &path, &["role", "tool_call_id", "content"], incoming)?;
                let id = required(message, "tool_call_id", &path)?;
                if !calls.contains(&id) {
                    return Err(invalid(format!("{path}: no tool call before it has the id '{id}'")));
                }
                let said = content(message, &path, &["text", "document"], incoming)?;
                ask.words += words(&said);
                let before = ask.tool_result.take().map(|before| before + " ").unwrap_or_default();
                ask.tool_result = Some(before + &said);
            }
            other => {
                return Err(invalid(format!("{path}.role must be one of system, user, assistant, tool: '{other}'")));
            }
        }
    }
    Ok(ask)
}

/// What the model said, which may be calls of tools alone; their ids go to the others.
fn assistant<'a>(
    message: &'a Value,
    path: &str,
    calls: &mut Vec<&'a str>,
    incoming: &Incoming<'_>,
) -> Result<String, Problem> {
    known(message, path, &["role", "content", "tool_calls", "tool_plan", "citations"], incoming)?;
    text(message, "tool_plan")?;
    let made = list(message, "tool_calls")?;
    for call in made {
        known(call, "tool_calls", &["id", "type", "function"], incoming)?;
        calls.push(required(call, "id", "tool_calls")?);
        required(call, "type", "tool_calls")?;
        one_of(call, "type", &["function"])?;
        let function = field(call, "function").ok_or_else(|| invalid("tool_calls.function is required"))?;
        known(function, "tool_calls.function", &["name", "arguments"], incoming)?;
        required(function, "name", "tool_calls.function")?;
        let arguments = required(function, "arguments", "tool_calls.function")?;
        if !serde_json::from_str::<Value>(arguments).is_ok_and(|arguments| arguments.is_object()) {
            return Err(invalid(format!("{path}: the arguments of a tool call must be a JSON object")));
        }
    }
    match field(message, "content") {
        None if !made.is_empty() => Ok(String::new()),
        _ => content(message, path, &["text", "thinking"], incoming),
    }
}

/// The words of a message, whose parts may be of these kinds.
fn content(message: &Value, path: &str, kinds: &[&str], incoming: &Incoming<'_>) -> Result<String, Problem> {
    let parts = match field(message, "content") {
        Some(Value::String(text)) => return Ok(text.clone()),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(invalid(format!("{path}.content must be a string or an array"))),
        None => return Err(invalid(format!("{path}.content is required"))),
    };
    let mut said = Vec::new();
    for part in parts {
        let kind = required(part, "type", &format!("{path}.content"))?;
        if !kinds.contains(&kind) {
            return Err(invalid(format!("{path}.content: the type '{kind}' is not one of {}", kinds.join(", "))));
        }
        known(part, path, &["type", kind], incoming)?;
        match kind {
            "image_url" => image(&part["image_url"], path, incoming)?,
            "document" => said.push(document(&part["document"], path, incoming)?),
            _ => said.push(required(part, kind, path)?.to_owned()),
        }
    }
    Ok(said.join(" "))
}

fn image(image: &Value, path: &str, incoming: &Incoming<'_>) -> Result<(), Problem> {
    known(image, &format!("{path}.image_url"), &["url", "detail"], incoming)?;
    one_of(image, "detail", &["auto", "low", "high"])?;
    let url = required(image, "url", &format!("{path}.image_url"))?;
    let inline = url.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    let good = url.starts_with("http") || inline.is_some_and(|(_, data)| is_base64(data));
    if good { Ok(()) } else { Err(invalid(format!("{path}: the image is no address and no base64 data"))) }
}

fn document(document: &Value, path: &str, incoming: &Incoming<'_>) -> Result<String, Problem> {
    known(document, &format!("{path}.document"), &["data", "id"], incoming)?;
    match field(document, "data") {
        Some(data @ (Value::Object(_) | Value::String(_))) => Ok(data.to_string()),
        _ => Err(invalid(format!("{path}.document.data is required"))),
    }
}
