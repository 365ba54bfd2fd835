//! The texts of a body, in whatever dialect: every string that somebody says to a model or a model says, and none of the
//! names, ids, addresses and proofs around them.

use dialects::json::{Json, Kind};
use guardrails::Form;

/// Who says a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The application.
    System,
    User,
    Assistant,
    Tool,
}

/// One text.
#[derive(Clone, Copy)]
pub(super) struct Piece<'d> {
    /// A string, or a number among the arguments of a tool.
    pub json: Json<'d>,
    pub form: Form,
    pub who: Who,
}

/// Fields of a request in which something is said.
const SPOKEN: &[&str] = &[
    "contents",
    "content",
    "documents",
    "functions",
    "input",
    "instructions",
    "messages",
    "prediction",
    "prompt",
    "query",
    "requests",
    "suffix",
    "system",
    "systemInstruction",
    "system_instruction",
    "tools",
];

/// Fields whose strings are for machines.
const MACHINES: &[&str] = &[
    "type",
    "role",
    "id",
    "model",
    "name",
    "tool_call_id",
    "call_id",
    "tool_use_id",
    "tool_name",
    "url",
    "data",
    "file_data",
    "file_id",
    "fileUri",
    "file_uri",
    "bytes",
    "signature",
    "thoughtSignature",
    "thought_signature",
    "encrypted_content",
    "media_type",
    "mime_type",
    "mimeType",
    "format",
    "detail",
    "cache_control",
    "finish_reason",
    "finishReason",
    "stop_reason",
    "done_reason",
    "object",
    "status",
    "item_id",
    "created_at",
    "responseId",
    "modelVersion",
    "system_fingerprint",
    "service_tier",
    "images",
    "usage",
    "usageMetadata",
    "logprobs",
    "logprobsResult",
];

/// Fields in which the application speaks, in whatever API.
const SYSTEMS: &[&str] = &["system", "instructions", "preamble", "systemInstruction", "system_instruction"];

/// Fewest digits of a number that is looked at.
const SHORTEST_NUMBER: usize = 7;

/// Shows `look` all texts of a request.
pub(super) fn of_request<'d>(root: Json<'d>, look: &mut dyn FnMut(Piece<'d>)) {
    for (key, value) in root.fields() {
        let Some(name) = SPOKEN.iter().find(|name| key.is(name)) else { continue };
        match *name {
            "tools" | "functions" => descriptions(value, look),
            "system" | "instructions" | "systemInstruction" | "system_instruction" => walk(value, Who::System, look),
            _ => walk(value, Who::User, look),
        }
    }
}

/// Shows `look` all texts of a whole answer.
pub(super) fn of_answer<'d>(root: Json<'d>, look: &mut dyn FnMut(Piece<'d>)) {
    walk(root, Who::Assistant, look);
}

/// Shows `look` every text of a body of which nobody knows what is said where.
pub(super) fn of_all<'d>(root: Json<'d>, who: Who, look: &mut dyn FnMut(Piece<'d>)) {
    match root.kind() {
        Kind::Array => root.items().for_each(|item| of_all(item, who, look)),
        Kind::Object => {
            let who = said_by(root).unwrap_or(who);
            for (key, value) in root.fields() {
                let who = if SYSTEMS.iter().any(|name| key.is(name)) { Who::System } else { who };
                match key.is("arguments") && value.kind() == Kind::String {
                    true => look(Piece { json: value, form: Form::Json, who }),
                    false => of_all(value, who, look),
                }
            }
        }
        _ => leaves(root, who, look),
    }
}

fn walk<'d>(value: Json<'d>, who: Who, look: &mut dyn FnMut(Piece<'d>)) {
    match value.kind() {
        Kind::String => look(Piece { json: value, form: Form::Plain, who }),
        Kind::Array => value.items().for_each(|item| walk(item, who, look)),
        Kind::Object => fields(value, said_by(value).unwrap_or(who), look),
        _ => {}
    }
}

fn fields<'d>(object: Json<'d>, who: Who, look: &mut dyn FnMut(Piece<'d>)) {
    let kind = object.get("type");
    let is_call =
        kind.is_some_and(|kind| ["tool_use", "mcp_tool_use", "server_tool_use"].iter().any(|name| kind.is(name)));
    for (key, value) in object.fields() {
        if key.is("data") && kind.is_some_and(|kind| kind.is("text")) {
            // A document that is plain text.
            walk(value, who, look);
        } else if key.is("arguments") && value.kind() == Kind::String {
            look(Piece { json: value, form: Form::Json, who });
        } else if key.is("args")
            || key.is("arguments")
            || key.is("response") && who == Who::Tool
            || key.is("input") && is_call
        {
            leaves(value, who, look);
        } else if key.is("functionResponse") {
            value.fields().filter(|(key, _)| key.is("response")).for_each(|(_, value)| leaves(value, Who::Tool, look));
        } else if !is_machines(key, value) {
            walk(value, who, look);
        }
    }
}

fn is_machines(key: Json, value: Json) -> bool {
    MACHINES.iter().any(|name| key.is(name)) || key.is("image_url") && value.kind() == Kind::String
}

/// All strings and long numbers, however they are called.
fn leaves<'d>(value: Json<'d>, who: Who, look: &mut dyn FnMut(Piece<'d>)) {
    match value.kind() {
        Kind::String => look(Piece { json: value, form: Form::Plain, who }),
        Kind::Number if value.raw().len() >= SHORTEST_NUMBER => look(Piece { json: value, form: Form::Plain, who }),
        Kind::Array => value.items().for_each(|item| leaves(item, who, look)),
        Kind::Object => value.fields().for_each(|(_, value)| leaves(value, who, look)),
        _ => {}
    }
}

/// What tools are said to be for.
fn descriptions<'d>(value: Json<'d>, look: &mut dyn FnMut(Piece<'d>)) {
    match value.kind() {
        Kind::Array => value.items().for_each(|item| descriptions(item, look)),
        Kind::Object => value.fields().for_each(|(key, value)| match key.is("description") {
            true => walk(value, Who::System, look),
            false => descriptions(value, look),
        }),
        _ => {}
    }
}

fn said_by(object: Json) -> Option<Who> {
    if let Some(role) = object.get("role").and_then(|role| role.as_str()) {
        return match &*role {
            "system" | "developer" => Some(Who::System),
            "assistant" | "model" => Some(Who::Assistant),
            "tool" | "function" => Some(Who::Tool),
            _ => Some(Who::User),
        };
    }
    let kind = object.get("type")?;
    ["tool_result", "function_call_output", "custom_tool_call_output"]
        .iter()
        .any(|name| kind.is(name))
        .then_some(Who::Tool)
}

/// Names of the tools that a request offers.
pub(super) fn tools(root: Json) -> Vec<String> {
    let mut names = Vec::new();
    // Bedrock has its list one floor lower.
    let lists = [root.get_some("tools"), root.get_some("functions"), root.get_some("toolConfig")];
    let lists = lists.into_iter().flatten().map(|list| list.get_some("tools").unwrap_or(list));
    for tool in lists.flat_map(|list| list.items()) {
        let inner = ["function", "functionDeclarations", "function_declarations", "toolSpec"]
            .iter()
            .find_map(|name| tool.get_some(name));
        let inner = inner.unwrap_or(tool);
        let named =
            inner.one_or_many().filter_map(|tool| tool.get_some("name").or_else(|| tool.get_some("type"))?.as_string());
        names.extend(named);
    }
    names
}

/// How many messages a request has.
pub(super) fn messages(root: Json) -> u64 {
    let lists = ["messages", "input", "contents"].into_iter().filter_map(|name| root.get_some(name));
    lists.map(|list| list.items().count() as u64).sum()
}
