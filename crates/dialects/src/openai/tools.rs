//! Reading what a request says about tools and about the form of the answer.

use types::{Format, FunctionTool, Raw, Tool, ToolChoice};

use super::{NAME, parts};
use crate::json::{Json, Kind};
use crate::typed::{Place, Wrong, each, field, flag, object, required, text};

/// Fields of functions that are understood.
const KNOWN: [&str; 6] = ["name", "description", "parameters", "strict", "cache_control", "prompt_cache_breakpoint"];

/// One item of `tools`. Functions are understood, everything else belongs to OpenAI alone.
pub fn definition(value: Json) -> Result<Tool, Wrong> {
    let kind = field(object(value)?, "type", text)?;
    match kind.as_deref() {
        Some("function") | None => {
            let mut tool = required(value, "function", function_fields)?;
            tool.cache = parts::cache_mark(value).or(tool.cache);
            Ok(Tool::Function(tool))
        }
        Some(kind) => Ok(Tool::Opaque { dialect: NAME, kind: kind.to_owned(), raw: value.to_raw() }),
    }
}

/// One item of the deprecated `functions`.
pub(super) fn function(value: Json) -> Result<Tool, Wrong> {
    function_fields(value).map(Tool::Function)
}

fn function_fields(value: Json) -> Result<FunctionTool, Wrong> {
    let function = object(value)?;
    Ok(FunctionTool {
        name: required(function, "name", text)?,
        description: field(function, "description", text)?,
        parameters: field(function, "parameters", |schema| Ok(object(schema)?.to_raw()))?,
        strict: field(function, "strict", flag)?,
        cache: parts::cache_mark(function),
        extras: function.beside(&KNOWN),
    })
}

/// `tool_choice`, or the deprecated `function_call`, whose named form lacks the outer object.
pub fn choice(value: Json) -> Result<ToolChoice, Wrong> {
    if value.kind() == Kind::String {
        return match &*text(value)? {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            // Some servers and their clients say "any".
            "required" | "any" => Ok(ToolChoice::Required),
            _ => Err(Wrong::new("must be 'auto', 'none', 'required' or an object")),
        };
    }
    match field(object(value)?, "type", text)?.as_deref() {
        Some("allowed_tools") => allowed(value.get_some("allowed_tools").unwrap_or(value)),
        Some("auto") => Ok(ToolChoice::Auto),
        Some("none") => Ok(ToolChoice::None),
        Some("required" | "any") => Ok(ToolChoice::Required),
        _ => tool_name(value).map(ToolChoice::Tool),
    }
}

fn allowed(value: Json) -> Result<ToolChoice, Wrong> {
    let mode = field(object(value)?, "mode", text)?;
    Ok(ToolChoice::Allowed {
        names: required(value, "tools", |tools| each(tools, tool_name))?,
        required: mode.as_deref() == Some("required"),
    })
}

/// The name in `{type, function: {name}}`, `{type, custom: {name}}` or `{name}`.
fn tool_name(value: Json) -> Result<String, Wrong> {
    let name = |value| required(value, "name", text);
    if value.get_some("name").is_some() {
        name(value)
    } else if let Some(custom) = field(object(value)?, "custom", name)? {
        Ok(custom)
    } else {
        required(value, "function", name)
    }
}

/// `response_format`.
pub(super) fn format(value: Json) -> Result<Option<Format>, Wrong> {
    match &*required(object(value)?, "type", text)? {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => required(value, "json_schema", schema).map(Some),
        _ => Err(Wrong::new("must be 'text', 'json_object' or 'json_schema'")).within("type"),
    }
}

fn schema(value: Json) -> Result<Format, Wrong> {
    let spec = object(value)?;
    Ok(Format::Schema {
        name: field(spec, "name", text)?,
        description: field(spec, "description", text)?,
        schema: field(spec, "schema", |schema| Ok(object(schema)?.to_raw()))?.unwrap_or_else(|| Raw::new("{}")),
        strict: field(spec, "strict", flag)?,
    })
}
