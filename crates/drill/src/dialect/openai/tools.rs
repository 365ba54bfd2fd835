//! Reads and checks tools, functions and the choice among them.

use super::fields::{invalid_value, missing, switch, unknown_parameter, wrong_type};
use super::request::strict_problem;
use crate::dialect::{field, is_name, unknown};
use crate::problem::Problem;
use crate::script::{Choice, Tool};
use serde_json::{Value, json};

/// Most tools in one request.
const MAX_TOOLS: usize = 128;
/// Depth to which schemas are checked.
const MAX_DEPTH: usize = 64;

/// The tools the model may call: all of them, or those `allowed_tools` leaves.
pub(super) fn read(body: &Value) -> Result<Vec<Tool>, Problem> {
    if let Some(functions) = field(body, "functions") {
        let list = list(functions, "functions")?;
        return list.iter().enumerate().map(|(at, one)| function(one, &format!("functions[{at}]"))).collect();
    }
    let Some(tools) = field(body, "tools") else {
        return Ok(Vec::new());
    };
    let all = list(tools, "tools")?.iter().enumerate().map(|(at, one)| tool(one, at)).collect::<Result<Vec<_>, _>>()?;
    let Some(allowed) = body.pointer("/tool_choice/allowed_tools/tools").and_then(Value::as_array) else {
        return Ok(all);
    };
    let named = |tool: &Tool| allowed.iter().any(|one| one["function"]["name"] == tool.name);
    Ok(all.into_iter().filter(named).collect())
}

fn list<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], Problem> {
    let list = value.as_array().ok_or_else(|| wrong_type(path, "an array of objects", value))?;
    let (size, code) = match list.len() {
        0 => ("short. Expected an array with minimum length 1", "empty_array"),
        n if n > MAX_TOOLS => ("long. Expected an array with maximum length 128", "array_above_max_length"),
        _ => return Ok(list),
    };
    let text = format!("Invalid '{path}': array too {size}, but got an array with length {} instead.", list.len());
    Err(Problem::refuse(text).at(path).code(code))
}

fn tool(tool: &Value, at: usize) -> Result<Tool, Problem> {
    let path = format!("tools[{at}]");
    match field(tool, "type").and_then(Value::as_str) {
        None => Err(missing(&format!("{path}.type"))),
        Some("function") => {
            let inner = field(tool, "function").ok_or_else(|| missing(&format!("{path}.function")))?;
            function(inner, &format!("{path}.function"))
        }
        Some("custom") => {
            let inner = field(tool, "custom").ok_or_else(|| missing(&format!("{path}.custom")))?;
            Ok(Tool { name: name(inner, &format!("{path}.custom"))?, schema: Value::Null })
        }
        Some(other) => Err(invalid_value(&format!("{path}.type"), other, &["function", "custom"])),
    }
}

fn function(function: &Value, path: &str) -> Result<Tool, Problem> {
    let map = function.as_object().ok_or_else(|| wrong_type(path, "an object", function))?;
    if let Some(name) = unknown(map, &["name", "description", "parameters", "strict"]) {
        return Err(unknown_parameter(&format!("{path}.{name}")));
    }
    let name = name(function, path)?;
    let schema = field(function, "parameters").cloned().unwrap_or_else(|| json!({ "type": "object" }));
    let typed = schema.get("type").and_then(Value::as_str);
    if !schema.is_object() || typed != Some("object") {
        let got = typed.map_or("type: \"None\"".to_owned(), |got| format!("type: \"{got}\""));
        let text = format!(
            "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"', got '{got}'."
        );
        return Err(Problem::refuse(text).at(format!("{path}.parameters")).code("invalid_function_parameters"));
    }
    if switch(function, "strict")? == Some(true) {
        strict(&schema, "()").map_err(|wrong| {
            strict_problem(&format!("{path}.parameters"), &format!("schema for function '{name}'"), &wrong)
                .code("invalid_function_parameters")
        })?;
    }
    Ok(Tool { name, schema })
}

/// A name where one is required, of the form OpenAI allows.
pub(super) fn name(object: &Value, path: &str) -> Result<String, Problem> {
    let path = format!("{path}.name");
    let value = field(object, "name").ok_or_else(|| missing(&path))?;
    let name = value.as_str().ok_or_else(|| wrong_type(&path, "a string", value))?;
    if name.len() > 64 {
        let text = format!(
            "Invalid '{path}': string too long. Expected a string with maximum length 64, but got a string with length {} instead.",
            name.len()
        );
        return Err(Problem::refuse(text).at(path).code("string_above_max_length"));
    }
    if !is_name(name, "_-", 64) {
        let text = format!(
            "Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        );
        return Err(Problem::refuse(text).at(path).code("invalid_value"));
    }
    Ok(name.to_owned())
}

/// What `strict` demands: objects closed, and all their properties required.
pub(super) fn strict(schema: &Value, context: &str) -> Result<(), String> {
    strict_at(schema, context, 0)
}

fn strict_at(schema: &Value, context: &str, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("In context={context}, the schema is nested too deeply."));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    if schema.get("type").is_some_and(|kind| kind == "object") || properties.is_some() {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(format!(
                "In context={context}, 'additionalProperties' is required to be supplied and to be false."
            ));
        }
        let required = schema.get("required").and_then(Value::as_array);
        let must = |name: &str| required.is_some_and(|list| list.iter().any(|one| one == name));
        if let Some((name, _)) = properties.into_iter().flatten().find(|(name, _)| !must(name)) {
            return Err(format!(
                "In context={context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '{name}'."
            ));
        }
    }
    let inner = |word: &str| schema.get(word).and_then(Value::as_object).into_iter().flatten();
    for (name, part) in inner("properties").chain(inner("$defs")).chain(inner("definitions")) {
        strict_at(part, &format!("{}, '{name}')", context.trim_end_matches(')')), depth + 1)?;
    }
    let lists = ["anyOf", "allOf"].into_iter().filter_map(|word| schema.get(word)?.as_array()).flatten();
    lists.chain(schema.get("items")).try_for_each(|part| strict_at(part, context, depth + 1))
}

/// What the request says about which tool to call.
pub(super) fn choice(body: &Value) -> Result<Choice, Problem> {
    if field(body, "functions").is_some() {
        return function_call(body);
    }
    let tools = field(body, "tools");
    for name in ["tool_choice", "parallel_tool_calls"] {
        if tools.is_none() && field(body, name).is_some() {
            return Err(Problem::refuse(format!("'{name}' is only allowed when 'tools' are specified.")).at(name));
        }
    }
    match field(body, "tool_choice") {
        None => Ok(Choice::Free),
        Some(Value::String(word)) => match word.as_str() {
            "none" => Ok(Choice::Never),
            "auto" | "required" => Ok(Choice::Free),
            other => Err(invalid_value("tool_choice", other, &["none", "auto", "required"])),
        },
        Some(object) => object_choice(object, tools.unwrap_or(&Value::Null)),
    }
}

fn object_choice(choice: &Value, tools: &Value) -> Result<Choice, Problem> {
    let kind = field(choice, "type").and_then(Value::as_str).ok_or_else(|| missing("tool_choice.type"))?;
    match kind {
        "function" | "custom" => {
            let inner = field(choice, kind).ok_or_else(|| missing(&format!("tool_choice.{kind}")))?;
            let name = name(inner, &format!("tool_choice.{kind}"))?;
            let offered = |tool: &Value| tool.get(kind).and_then(|inner| inner.get("name")) == Some(&json!(name));
            if !tools.as_array().is_some_and(|list| list.iter().any(offered)) {
                let text = format!("Tool choice '{name}' not found in 'tools' parameter.");
                return Err(Problem::refuse(text).at("tool_choice"));
            }
            Ok(Choice::Named(name))
        }
        "allowed_tools" if choice.pointer("/allowed_tools/tools").is_some_and(Value::is_array) => Ok(Choice::Free),
        "allowed_tools" => Err(missing("tool_choice.allowed_tools.tools")),
        other => Err(invalid_value("tool_choice.type", other, &["function", "custom", "allowed_tools"])),
    }
}

fn function_call(body: &Value) -> Result<Choice, Problem> {
    match field(body, "function_call") {
        None => Ok(Choice::Free),
        Some(Value::String(word)) if word == "none" => Ok(Choice::Never),
        Some(Value::String(word)) if word == "auto" => Ok(Choice::Free),
        Some(object @ Value::Object(_)) => name(object, "function_call").map(Choice::Named),
        Some(other) => Err(wrong_type("function_call", "'none', 'auto' or an object", other)),
    }
}
