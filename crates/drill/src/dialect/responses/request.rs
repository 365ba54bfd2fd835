//! Reads and checks requests.

use crate::dialect::{Incoming, field, unknown};
use crate::problem::Problem;
use crate::script::{Ask, Choice, Format, Tool, words};
use serde_json::{Map, Value, json};

/// Fields of a request.
#[rustfmt::skip]
const FIELDS: &[&str] = &[
    "model", "input", "instructions", "max_output_tokens", "max_tool_calls", "temperature", "top_p", "top_logprobs", "tools",
    "tool_choice", "parallel_tool_calls", "reasoning", "text", "include", "store", "background", "stream", "stream_options",
    "previous_response_id", "conversation", "prompt", "truncation", "context_management", "service_tier", "metadata", "user",
    "safety_identifier", "prompt_cache_key", "prompt_cache_options", "moderation", "client_metadata",
];

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let body = incoming.body;
    if let Some(name) = body.as_object().and_then(|map| unknown(map, FIELDS)) {
        return Err(Problem::refuse(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"));
    }
    let mut ask = Ask { model: incoming.model.to_owned(), n: 1, ..Ask::default() };
    ask.stream = field(body, "stream").and_then(Value::as_bool).unwrap_or(false);
    ask.words = field(body, "instructions").and_then(Value::as_str).map_or(0, words);
    match field(body, "input") {
        Some(Value::String(text)) => said(&mut ask, text),
        Some(Value::Array(items)) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                read_item(&mut ask, item, at)?;
            }
        }
        _ => return Err(missing("input")),
    }
    ask.tools = tools(body)?;
    ask.choice = choice(body)?;
    ask.one_call = field(body, "parallel_tool_calls") == Some(&Value::Bool(false));
    ask.max_tokens = field(body, "max_output_tokens").and_then(Value::as_u64);
    let effort = body.pointer("/reasoning/effort").and_then(Value::as_str);
    ask.thinking = effort.is_some_and(|effort| effort != "none");
    ask.format = match body.pointer("/text/format/type").and_then(Value::as_str) {
        Some("json_object") if !field(body, "input").is_some_and(says_json) => {
            let text = "Response input messages must contain the word 'json' in some form to use 'text.format' of type \
                'json_object'.";
            return Err(Problem::refuse(text).at("input"));
        }
        Some("json_object") => Some(Format::Json),
        Some("json_schema") => {
            let schema = body.pointer("/text/format/schema").ok_or_else(|| missing("text.format.schema"))?;
            Some(Format::Schema(schema.clone()))
        }
        _ => None,
    };
    Ok(ask)
}

fn says_json(input: &Value) -> bool {
    input.to_string().to_ascii_lowercase().contains("json")
}

fn missing(path: &str) -> Problem {
    Problem::refuse(format!("Missing required parameter: '{path}'.")).at(path).code("missing_required_parameter")
}

fn said(ask: &mut Ask, text: &str) {
    ask.words += words(text);
    ask.last_user = text.to_owned();
    ask.tool_result = None;
}

fn read_item(ask: &mut Ask, item: &Value, at: usize) -> Result<(), Problem> {
    let map = item.as_object().ok_or_else(|| missing(&format!("input[{at}]")))?;
    let kind = map.get("type").and_then(Value::as_str).unwrap_or("message");
    let need =
        |name: &str| map.get(name).and_then(Value::as_str).ok_or_else(|| missing(&format!("input[{at}].{name}")));
    match kind {
        "message" => {
            let role = need("role")?;
            let text = content(map, at)?;
            match role {
                "user" => said(ask, &text),
                "assistant" | "system" | "developer" => ask.words += words(&text),
                other => {
                    let text = format!("Invalid value: '{other}'.");
                    return Err(Problem::refuse(text).at(format!("input[{at}].role")).code("invalid_value"));
                }
            }
        }
        "function_call" => {
            need("call_id")?;
            need("name")?;
            need("arguments")?;
        }
        "custom_tool_call" => {
            need("call_id")?;
            need("input")?;
        }
        "function_call_output" | "custom_tool_call_output" => {
            need("call_id")?;
            let text = map.get("output").map(text_of).unwrap_or_default();
            ask.words += words(&text);
            let before = ask.tool_result.take();
            ask.tool_result = Some(before.map_or(text.clone(), |before| format!("{before} {text}")));
        }
        "reasoning" => {
            // Only OpenAI's own seals are taken back.
            let sealed = map.get("encrypted_content").and_then(Value::as_str);
            if sealed.is_some_and(|sealed| !sealed.starts_with(super::reply::SEAL)) {
                let text = "The encrypted content could not be verified.";
                return Err(Problem::refuse(text).code("invalid_encrypted_content"));
            }
        }
        _ => {}
    }
    Ok(())
}

fn content(map: &Map<String, Value>, at: usize) -> Result<String, Problem> {
    match map.get("content") {
        Some(content @ (Value::String(_) | Value::Array(_))) => Ok(text_of(content)),
        _ => Err(missing(&format!("input[{at}].content"))),
    }
}

/// The texts of a string or of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Problem> {
    let list = field(body, "tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut tools = Vec::new();
    for (at, tool) in list.iter().enumerate() {
        let name = || tool["name"].as_str().map(str::to_owned).ok_or_else(|| missing(&format!("tools[{at}].name")));
        match tool["type"].as_str() {
            Some("function") => {
                let schema = field(tool, "parameters").cloned().unwrap_or_else(|| json!({ "type": "object" }));
                tools.push(Tool { name: name()?, schema });
            }
            Some("custom") => tools.push(Tool { name: name()?, schema: Value::Null }),
            // OpenAI's own tools are there, and never needed.
            Some(_) => {}
            None => return Err(missing(&format!("tools[{at}].type"))),
        }
    }
    Ok(tools)
}

fn choice(body: &Value) -> Result<Choice, Problem> {
    match field(body, "tool_choice") {
        Some(Value::String(word)) if word == "none" => Ok(Choice::Never),
        Some(object @ Value::Object(_)) if object.get("name").is_some() => {
            let name = object["name"].as_str().ok_or_else(|| missing("tool_choice.name"))?;
            Ok(Choice::Named(name.to_owned()))
        }
        _ => Ok(Choice::Free),
    }
}
