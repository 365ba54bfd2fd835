//! Reads and checks the content blocks of one message.

use super::request::{extra, required, required_text};
use super::signature;
use crate::dialect::{field, is_base64, is_name, unknown};
use crate::problem::Problem;
use crate::script::words;
use serde_json::Value;
use std::borrow::Cow;

/// A block, as far as it matters to the conversation.
pub(super) enum Block<'a> {
    Text(&'a str),
    Call(&'a str),
    Result { id: &'a str, text: Cow<'a, str> },
    Thinking,
    Other,
}

impl<'a> Block<'a> {
    pub(super) fn text(&self) -> Option<&str> {
        if let Block::Text(text) = self { Some(text) } else { None }
    }

    /// The id of a call.
    pub(super) fn call(&self) -> Option<&'a str> {
        if let Block::Call(id) = self { Some(id) } else { None }
    }

    /// The id of the call a result answers.
    pub(super) fn result(&self) -> Option<&'a str> {
        if let Block::Result { id, .. } = self { Some(id) } else { None }
    }

    pub(super) fn result_text(&self) -> Option<&str> {
        if let Block::Result { text, .. } = self { Some(text) } else { None }
    }
}

const EMPTY: &str = "messages: text content blocks must be non-empty";

/// The blocks of a message. Only the last message, if it is the assistant's, may be empty.
pub(super) fn read<'a>(content: &'a Value, role: &str, path: &str, last: bool) -> Result<Vec<Block<'a>>, Problem> {
    let empty =
        format!("{path}: all messages must have non-empty content except for the optional final assistant message");
    match content {
        Value::String(text) if text.is_empty() && last => Ok(Vec::new()),
        Value::String(text) if text.is_empty() => Err(Problem::refuse(empty)),
        Value::String(text) if text.trim().is_empty() => Err(blank()),
        Value::String(text) => Ok(vec![Block::Text(text)]),
        Value::Array(list) if list.is_empty() && !last => Err(Problem::refuse(empty)),
        Value::Array(list) => {
            let one = |(at, value): (usize, &'a Value)| block(value, role, &format!("{path}.content.{at}"));
            list.iter().enumerate().map(one).collect()
        }
        _ => Err(Problem::refuse(format!("{path}.content: Input should be a valid string or list"))),
    }
}

fn blank() -> Problem {
    Problem::refuse("messages: text content blocks must contain non-whitespace text")
}

fn block<'a>(block: &'a Value, role: &str, path: &str) -> Result<Block<'a>, Problem> {
    if !block.is_object() {
        return Err(Problem::refuse(format!("{path}: Input should be an object")));
    }
    let kind = required_text(block, &format!("{path}.type"))?;
    let path = format!("{path}.{kind}");
    let fields = |known: &[&str]| only(block, known, &path);
    match (kind, role) {
        ("text", _) => {
            fields(&["type", "text", "citations", "cache_control"])?;
            cache_control(block, &path)?;
            text(required_text(block, &format!("{path}.text"))?).map(Block::Text)
        }
        ("image", "user") => {
            fields(&["type", "source", "cache_control", "transformations"])?;
            source(block, &path, &["image/jpeg", "image/png", "image/gif", "image/webp"])
        }
        ("document", "user") => {
            fields(&["type", "source", "title", "context", "citations", "cache_control"])?;
            source(block, &path, &["application/pdf"])
        }
        ("search_result" | "container_upload", "user") => Ok(Block::Other),
        ("tool_result", "user") => tool_result(block, &path),
        ("tool_use", "assistant") => tool_use(block, &path),
        ("thinking", "assistant") => thinking(block, &path),
        ("redacted_thinking", "assistant") => required_text(block, &format!("{path}.data")).map(|_| Block::Thinking),
        (kind, "assistant") if kind.ends_with("_tool_result") || kind == "server_tool_use" => Ok(Block::Other),
        _ => {
            let text = format!("{path}: content blocks of type `{kind}` are not allowed in {role} messages");
            Err(Problem::refuse(text))
        }
    }
}

fn only(block: &Value, known: &[&str], path: &str) -> Result<(), Problem> {
    match block.as_object().and_then(|map| unknown(map, known)) {
        Some(name) => Err(extra(&format!("{path}.{name}"))),
        None => Ok(()),
    }
}

fn text(text: &str) -> Result<&str, Problem> {
    match text {
        "" => Err(Problem::refuse(EMPTY)),
        text if text.trim().is_empty() => Err(blank()),
        text => Ok(text),
    }
}

/// Checks a block that must be text; its words.
pub(super) fn text_only(block: &Value, path: &str) -> Result<u64, Problem> {
    if required_text(block, &format!("{path}.type"))? != "text" {
        return Err(Problem::refuse(format!("{path}.type: Input should be 'text'")));
    }
    only(block, &["type", "text", "citations", "cache_control"], path)?;
    cache_control(block, path)?;
    match required_text(block, &format!("{path}.text"))? {
        "" => Err(Problem::refuse(EMPTY.replace("messages", "system"))),
        text => Ok(words(text)),
    }
}

/// Checks the cache marker of a block or tool, if it has one.
pub(super) fn cache_control(block: &Value, path: &str) -> Result<(), Problem> {
    let Some(mark) = field(block, "cache_control") else {
        return Ok(());
    };
    let path = format!("{path}.cache_control");
    if required_text(mark, &format!("{path}.type"))? != "ephemeral" {
        return Err(Problem::refuse(format!("{path}.type: Input should be 'ephemeral'")));
    }
    if field(mark, "ttl").is_some_and(|ttl| ttl != "5m" && ttl != "1h") {
        return Err(Problem::refuse(format!("{path}.ttl: Input should be '5m' or '1h'")));
    }
    only(mark, &["type", "ttl"], &path)
}

/// Checks the source of an image or document.
fn source<'a>(block: &Value, path: &str, types: &[&str]) -> Result<Block<'a>, Problem> {
    cache_control(block, path)?;
    let path = format!("{path}.source");
    let source = required(block, &path)?;
    let kind = required_text(source, &format!("{path}.type"))?;
    let path = format!("{path}.{kind}");
    match kind {
        "base64" => {
            only(source, &["type", "media_type", "data"], &path)?;
            let media = required_text(source, &format!("{path}.media_type"))?;
            if !types.contains(&media) {
                let known = types.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
                return Err(Problem::refuse(format!("{path}.media_type: Input should be {known}")));
            }
            let data = required_text(source, &format!("{path}.data"))?;
            if data.is_empty() || !is_base64(data) {
                return Err(Problem::refuse(format!("{path}.data: Invalid base64 data")));
            }
        }
        "url" => {
            only(source, &["type", "url"], &path)?;
            if !required_text(source, &format!("{path}.url"))?.starts_with("http") {
                return Err(Problem::refuse(format!("{path}.url: Only HTTP(S) URLs are supported.")));
            }
        }
        "file" => {
            required_text(source, &format!("{path}.file_id"))?;
        }
        "text" if types.contains(&"application/pdf") => {
            required_text(source, &format!("{path}.data"))?;
        }
        "content" if types.contains(&"application/pdf") => {
            required(source, &format!("{path}.content"))?;
        }
        other => {
            let text =
                format!("{path}: Input tag '{other}' found using 'type' does not match any of the expected tags");
            return Err(Problem::refuse(text));
        }
    }
    Ok(Block::Other)
}

fn tool_id<'a>(block: &'a Value, path: &str) -> Result<&'a str, Problem> {
    let id = required_text(block, path)?;
    if !is_name(id, "_-", usize::MAX) {
        return Err(Problem::refuse(format!("{path}: String should match pattern '^[a-zA-Z0-9_-]+$'")));
    }
    Ok(id)
}

fn tool_use<'a>(block: &'a Value, path: &str) -> Result<Block<'a>, Problem> {
    only(block, &["type", "id", "name", "input", "caller", "toolset_name", "cache_control"], path)?;
    let id = tool_id(block, &format!("{path}.id"))?;
    if !is_name(required_text(block, &format!("{path}.name"))?, "_-", 200) {
        return Err(Problem::refuse(format!("{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,200}}$'")));
    }
    if !required(block, &format!("{path}.input"))?.is_object() {
        return Err(Problem::refuse(format!("{path}.input: Input should be a valid dictionary")));
    }
    Ok(Block::Call(id))
}

fn tool_result<'a>(block: &'a Value, path: &str) -> Result<Block<'a>, Problem> {
    only(block, &["type", "tool_use_id", "content", "is_error", "cache_control"], path)?;
    cache_control(block, path)?;
    let id = tool_id(block, &format!("{path}.tool_use_id"))?;
    if field(block, "is_error").is_some_and(|flag| !flag.is_boolean()) {
        return Err(Problem::refuse(format!("{path}.is_error: Input should be a valid boolean")));
    }
    let text = match field(block, "content") {
        None => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
        Some(Value::Array(list)) => Cow::Owned(result_texts(list, path)?),
        Some(_) => {
            return Err(Problem::refuse(format!("{path}.content: Input should be a valid string or list")));
        }
    };
    Ok(Block::Result { id, text })
}

fn result_texts(list: &[Value], path: &str) -> Result<String, Problem> {
    let mut texts = Vec::new();
    for (at, inner) in list.iter().enumerate() {
        let path = format!("{path}.content.{at}");
        let kind = required_text(inner, &format!("{path}.type"))?;
        match kind {
            "text" | "image" | "document" => {
                if let Block::Text(text) = block(inner, "user", &path)? {
                    texts.push(text);
                }
            }
            "search_result" | "tool_reference" | "browser_state" => {}
            other => {
                return Err(Problem::refuse(format!("{path}: Input tag '{other}' is not allowed in a tool_result")));
            }
        }
    }
    Ok(texts.join(" "))
}

fn thinking<'a>(block: &'a Value, path: &str) -> Result<Block<'a>, Problem> {
    only(block, &["type", "thinking", "signature"], path)?;
    let text = required_text(block, &format!("{path}.thinking"))?;
    let given = required_text(block, &format!("{path}.signature"))?;
    if given != signature(text) {
        let path = path.trim_end_matches(".thinking");
        return Err(Problem::refuse(format!("{path}: Invalid `signature` in `thinking` block")));
    }
    Ok(Block::Thinking)
}
