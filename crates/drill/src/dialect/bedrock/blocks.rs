//! Reads and checks the messages of a Converse request: whose turn it is, blocks, calls and their results.

use super::proof;
use super::request::{cache_point, object, only, refuse, required, text};
use crate::dialect::{field, is_base64, is_name};
use crate::problem::Problem;
use crate::script::words;
use serde_json::Value;

const IMAGES: &[&str] = &["png", "jpeg", "gif", "webp"];
const DOCUMENTS: &[&str] = &["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];

/// What the messages amount to.
#[derive(Default)]
pub(super) struct Talk {
    pub(super) last_user: String,
    /// Text of the tool results at the end, if the messages end with some.
    pub(super) tool_result: Option<String>,
    pub(super) words: u64,
}

/// Reads the messages; `tools` says whether any are defined.
pub(super) fn read(body: &Value, tools: bool) -> Result<Talk, Problem> {
    let list = required(body, "messages")?.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Problem::refuse("A conversation must start with a user message."))?;
    let mut talk = Talk::default();
    let mut open: Vec<&str> = Vec::new();
    let mut wanted = "user";
    for message in list {
        object(message, "messages", &["role", "content"])?;
        let role = text(message, "role")?;
        if role != wanted {
            let why = "A conversation must alternate between user and assistant roles and start with a user message.";
            return Err(Problem::refuse(why));
        }
        wanted = if role == "user" { "assistant" } else { "user" };
        let content = required(message, "content")?.as_array().filter(|list| !list.is_empty());
        let content = content.ok_or_else(|| Problem::refuse("The content field in the Message object is empty."))?;
        turn(content, role == "user", &mut open, &mut talk)?;
        if role == "user" && !open.is_empty() {
            let ids = open.join(", ");
            return Err(Problem::refuse(format!(
                "Expected toolResult blocks at messages for the following Ids: {ids}"
            )));
        }
        let of_tool = |block: &Value| block.get("toolUse").is_some() || block.get("toolResult").is_some();
        if !tools && content.iter().any(of_tool) {
            let why = "The toolConfig field must be defined when using toolUse and toolResult content blocks.";
            return Err(Problem::refuse(why));
        }
    }
    match open.is_empty() {
        true => Ok(talk),
        false => Err(Problem::refuse("Expected toolResult blocks for the calls of the last message.")),
    }
}

fn turn<'a>(content: &'a [Value], user: bool, open: &mut Vec<&'a str>, talk: &mut Talk) -> Result<(), Problem> {
    let (mut said, mut results, mut documents) = (Vec::new(), Vec::new(), false);
    for block in content {
        let (kind, block) = only(block, "messages.content")?;
        match (kind, user) {
            ("text", _) => said.push(words_of(block)?),
            ("image", true) => media(block, IMAGES)?,
            ("document", true) => {
                document(block)?;
                documents = true;
            }
            ("cachePoint", _) => cache_point(block)?,
            ("toolResult", true) => results.push(result(block, open)?),
            ("toolUse", false) => open.push(call(block)?),
            ("reasoningContent", false) => reasoning(block)?,
            (other, _) => return Err(refuse("messages.content", &format!("{other} is not allowed here"))),
        }
    }
    if documents && said.is_empty() {
        return Err(Problem::refuse("A text block is required when a document is in the message."));
    }
    talk.words += said.iter().map(|text| words(text)).sum::<u64>();
    talk.words += results.iter().map(|text| words(text)).sum::<u64>();
    if user {
        talk.tool_result = (!results.is_empty()).then(|| results.join(" "));
        if !said.is_empty() {
            talk.last_user = said.join(" ");
        }
    }
    Ok(())
}

fn words_of(block: &Value) -> Result<&str, Problem> {
    let text = block.as_str().ok_or_else(|| refuse("text", "must be a text"))?;
    match text.trim().is_empty() {
        true => Err(Problem::refuse("The text field in the ContentBlock object is blank. Add text to the text field.")),
        false => Ok(text),
    }
}

fn media(block: &Value, formats: &[&str]) -> Result<(), Problem> {
    if !formats.contains(&text(block, "format")?) {
        return Err(refuse("format", &format!("Member must satisfy enum value set: [{}]", formats.join(", "))));
    }
    let (kind, source) = only(required(block, "source")?, "source")?;
    match (kind, source.as_str()) {
        ("bytes", Some(data)) if !data.is_empty() && is_base64(data) => Ok(()),
        ("s3Location", _) => Ok(()),
        _ => Err(refuse("source", "must be bytes")),
    }
}

fn document(block: &Value) -> Result<(), Problem> {
    object(block, "document", &["format", "name", "source", "citations", "context"])?;
    let name = text(block, "name")?;
    if !is_name(name, " -()[]", 200) || name.contains("  ") {
        let why = "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, \
                   parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.";
        return Err(Problem::refuse(why));
    }
    media(block, DOCUMENTS)
}

fn id(block: &Value) -> Result<&str, Problem> {
    let id = text(block, "toolUseId")?;
    match is_name(id, "_.:-", 64) {
        true => Ok(id),
        false => Err(refuse("toolUseId", "must match [a-zA-Z0-9_.:-]{1,64}")),
    }
}

fn call(block: &Value) -> Result<&str, Problem> {
    object(block, "toolUse", &["toolUseId", "name", "input", "type"])?;
    if !is_name(text(block, "name")?, "_-", 64) {
        return Err(refuse("toolUse.name", "must match [a-zA-Z0-9_-]{1,64}"));
    }
    if !required(block, "input")?.is_object() {
        return Err(Problem::refuse("The format of the value at toolUse.input is invalid. Provide a json object."));
    }
    id(block)
}

fn result(block: &Value, open: &mut Vec<&str>) -> Result<String, Problem> {
    object(block, "toolResult", &["toolUseId", "content", "status", "type"])?;
    let id = id(block)?;
    let Some(at) = open.iter().position(|other| *other == id) else {
        let why = "The number of toolResult blocks exceeds the number of toolUse blocks of previous turn.";
        return Err(Problem::refuse(why));
    };
    open.remove(at);
    if field(block, "status").is_some_and(|status| status != "success" && status != "error") {
        return Err(refuse("toolResult.status", "must be success or error"));
    }
    let mut texts = Vec::new();
    for inner in required(block, "content")?.as_array().into_iter().flatten() {
        match only(inner, "toolResult.content")? {
            ("text", Value::String(text)) => texts.push(text.clone()),
            ("json", json) => texts.push(json.to_string()),
            ("image", block) => media(block, IMAGES)?,
            ("document", block) => document(block)?,
            (other, _) => return Err(refuse("toolResult.content", &format!("{other} is no member"))),
        }
    }
    Ok(texts.join(" "))
}

fn reasoning(block: &Value) -> Result<(), Problem> {
    match only(block, "reasoningContent")? {
        ("redactedContent", Value::String(data)) if is_base64(data) => Ok(()),
        ("reasoningText", said) => {
            let thought = text(said, "text")?;
            match text(said, "signature")? == proof(thought) {
                true => Ok(()),
                false => Err(Problem::refuse("messages.content: Invalid `signature` in `thinking` block")),
            }
        }
        _ => Err(refuse("reasoningContent", "must be reasoningText or redactedContent")),
    }
}
