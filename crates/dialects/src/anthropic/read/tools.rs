//! Decoding the tools a caller offers, and which of them must be called.

use types::{Chat, Fault, FunctionTool, Tool, ToolChoice};

use super::At;
use crate::anthropic::words;
use crate::json::{Json, Kind};

/// Fields of functions that are understood.
const KNOWN: [&str; 6] = ["type", "name", "description", "input_schema", "strict", "cache_control"];

/// Decodes one of `tools`: a function, or a tool that Anthropic runs or defines.
pub(super) fn tool(json: Json, at: &At) -> Result<Tool, Fault> {
    at.expect(json, Kind::Object)?;
    match at.optional_string(json, "type")? {
        Some(kind) if kind != "custom" => Ok(Tool::Opaque { dialect: words::DIALECT, kind, raw: json.to_raw() }),
        _ => function(json, at),
    }
}

fn function(json: Json, at: &At) -> Result<Tool, Fault> {
    let schema = at.required(json, "input_schema")?;
    At::Field(at, "input_schema").expect(schema, Kind::Object)?;
    Ok(Tool::Function(FunctionTool {
        name: at.required_string(json, "name")?,
        description: at.optional_string(json, "description")?,
        parameters: Some(schema.to_raw()),
        strict: at.optional_bool(json, "strict")?,
        cache: json.get_some("cache_control").map(words::cache_mark),
        extras: json.beside(&KNOWN),
    }))
}

/// Decodes `tool_choice`.
pub(super) fn choice(chat: &mut Chat, json: Json, at: &At) -> Result<(), Fault> {
    let kind = at.required_string(json, "type")?;
    chat.tool_choice = Some(match kind.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(at.required_string(json, "name")?),
        _ => return Err(At::Field(at, "type").fault("must be 'auto', 'any', 'tool' or 'none'")),
    });
    if at.optional_bool(json, "disable_parallel_tool_use")? == Some(true) {
        chat.parallel_tool_calls = Some(false);
    }
    Ok(())
}
