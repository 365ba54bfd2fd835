//! Reads and checks tools and the choice among them.

use super::blocks::cache_control;
use super::request::{extra, required, required_text};
use crate::dialect::{field, is_name, unknown};
use crate::problem::Problem;
use crate::script::{Choice, Tool};
use serde_json::Value;

const FIELDS: &[&str] = &[
    "type",
    "name",
    "description",
    "input_schema",
    "strict",
    "cache_control",
    "input_examples",
    "defer_loading",
    "allowed_callers",
    "eager_input_streaming",
];

/// The tools the caller runs. Typed tools, which Anthropic runs or defines itself, are checked no further.
pub(super) fn read(body: &Value) -> Result<Vec<Tool>, Problem> {
    let Some(value) = field(body, "tools") else {
        return Ok(Vec::new());
    };
    let list = value.as_array().ok_or_else(|| Problem::refuse("tools: Input should be a valid list"))?;
    let mut tools: Vec<Tool> = Vec::new();
    for (at, tool) in list.iter().enumerate() {
        if field(tool, "type").is_some_and(|kind| kind != "custom") {
            continue;
        }
        let tool = custom(tool, &format!("tools.{at}.custom"))?;
        if tools.iter().any(|other| other.name == tool.name) {
            return Err(Problem::refuse("tools: Tool names must be unique."));
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn custom(tool: &Value, path: &str) -> Result<Tool, Problem> {
    let map = tool.as_object().ok_or_else(|| Problem::refuse(format!("{path}: Input should be an object")))?;
    if let Some(name) = unknown(map, FIELDS) {
        return Err(extra(&format!("{path}.{name}")));
    }
    let name = required_text(tool, &format!("{path}.name"))?;
    if !is_name(name, "_-", 128) {
        return Err(Problem::refuse(format!("{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")));
    }
    cache_control(tool, path)?;
    let path = format!("{path}.input_schema");
    let schema = required(tool, &path)?;
    if !schema.is_object() {
        return Err(Problem::refuse(format!("{path}: Input should be an object")));
    }
    if required_text(schema, &format!("{path}.type"))? != "object" {
        return Err(Problem::refuse(format!("{path}.type: Input should be 'object'")));
    }
    if ["oneOf", "allOf", "anyOf"].iter().any(|word| schema.get(*word).is_some()) {
        let text = format!("{path}: input_schema does not support oneOf, allOf, or anyOf at the top level");
        return Err(Problem::refuse(text));
    }
    Ok(Tool { name: name.to_owned(), schema: schema.clone() })
}

/// Whether the request forces a call.
pub(super) fn is_forced(body: &Value) -> bool {
    body.pointer("/tool_choice/type").is_some_and(|kind| kind == "any" || kind == "tool")
}

/// Which tool to call, and whether to call one at most.
pub(super) fn choice(body: &Value, tools: &[Tool]) -> Result<(Choice, bool), Problem> {
    let Some(choice) = field(body, "tool_choice") else {
        return Ok((Choice::Free, false));
    };
    if field(body, "tools").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(Problem::refuse("tool_choice: may only be specified while providing tools"));
    }
    let kind = required_text(choice, "tool_choice.type")?;
    let known: &[&str] = match kind {
        "none" => &["type"],
        "tool" => &["type", "name", "disable_parallel_tool_use"],
        "auto" | "any" => &["type", "disable_parallel_tool_use"],
        other => {
            let text = format!(
                "tool_choice: Input tag '{other}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'"
            );
            return Err(Problem::refuse(text));
        }
    };
    if let Some(name) = choice.as_object().and_then(|map| unknown(map, known)) {
        return Err(extra(&format!("tool_choice.{kind}.{name}")));
    }
    let one_call = choice.get("disable_parallel_tool_use") == Some(&Value::Bool(true));
    let which = match kind {
        "none" => Choice::Never,
        "tool" => {
            let name = required_text(choice, "tool_choice.tool.name")?;
            if !tools.iter().any(|tool| tool.name == name) {
                return Err(Problem::refuse(format!("Tool '{name}' not found in provided tools")));
            }
            Choice::Named(name.to_owned())
        }
        _ => Choice::Free,
    };
    Ok((which, one_call))
}
