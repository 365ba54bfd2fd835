//! Reads and checks a chat request.

use super::options::{common, images, list, load_shape, text, wrong_type};
use crate::dialect::{Incoming, field};
use crate::problem::Problem;
use crate::script::{Ask, Tool, words};
use serde_json::{Value, json};

const PATH: &str = "ChatRequest";

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let body = incoming.body;
    let mut ask = common(incoming, PATH)?;
    ask.tools = tools(incoming)?;
    let messages = list(body, "messages", PATH, "[]api.Message")?;
    if messages.is_empty() {
        ask.shape = load_shape(body);
    }
    for message in messages {
        let (role, content) = check(message)?;
        ask.words += words(content);
        match role.as_str() {
            "user" => (ask.last_user, ask.tool_result) = (content.to_owned(), None),
            "tool" => {
                let before = ask.tool_result.take().map(|before| before + " ").unwrap_or_default();
                ask.tool_result = Some(before + content);
            }
            "assistant" => ask.tool_result = None,
            _ => {}
        }
    }
    Ok(ask)
}

/// A message's role and content.
fn check(message: &Value) -> Result<(String, &str), Problem> {
    let path = "ChatRequest.messages";
    if !message.is_object() {
        return Err(wrong_type(message, path, "api.Message"));
    }
    let role = text(message, "role", path)?.to_lowercase();
    if !["system", "user", "assistant", "tool"].contains(&role.as_str()) {
        return Err(Problem::refuse(format!(
            "invalid role: {role:?}; must be one of \"system\", \"user\", \"assistant\" or \"tool\""
        )));
    }
    for name in ["thinking", "tool_name", "tool_call_id"] {
        text(message, name, path)?;
    }
    images(message, path)?;
    for call in list(message, "tool_calls", path, "[]api.ToolCall")? {
        let path = "ChatRequest.messages.tool_calls.function";
        let function = field(call, "function").filter(|function| function.is_object());
        let function = function.ok_or_else(|| wrong_type(&call["function"], path, "api.ToolCallFunction"))?;
        text(function, "name", path)?;
        if let Some(arguments) = field(function, "arguments").filter(|arguments| !arguments.is_object()) {
            return Err(wrong_type(arguments, &format!("{path}.arguments"), "api.ToolCallFunctionArguments"));
        }
    }
    Ok((role, text(message, "content", path)?))
}

fn tools(incoming: &Incoming<'_>) -> Result<Vec<Tool>, Problem> {
    let tools = list(incoming.body, "tools", PATH, "api.Tools")?;
    if !tools.is_empty() && incoming.knobs.on(incoming.knobs.no_tools) {
        let text = format!("registry.ollama.ai/library/{} does not support tools", incoming.model);
        return Err(Problem::refuse(text));
    }
    tools.iter().map(tool).collect()
}

fn tool(tool: &Value) -> Result<Tool, Problem> {
    let path = "ChatRequest.tools.function";
    let function = field(tool, "function").filter(|function| function.is_object());
    let function = function.ok_or_else(|| wrong_type(&tool["function"], path, "api.ToolFunction"))?;
    text(function, "description", path)?;
    let schema = match field(function, "parameters") {
        None => json!({ "type": "object" }),
        Some(schema @ Value::Object(_)) => schema.clone(),
        Some(other) => {
            return Err(wrong_type(other, &format!("{path}.parameters"), "api.ToolFunctionParameters"));
        }
    };
    Ok(Tool { name: text(function, "name", path)?.to_owned(), schema })
}
