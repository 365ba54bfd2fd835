//! Reads and checks tools, the choice among them, and schemas of Google's own kind.

use super::fields::{get, invalid, list, object, text, word};
use crate::dialect::is_name;
use crate::problem::Problem;
use crate::script::{Choice, Tool};
use serde_json::{Value, json};

const TOOLS: &[&str] = &[
    "functionDeclarations",
    "googleSearch",
    "googleSearchRetrieval",
    "urlContext",
    "codeExecution",
    "googleMaps",
    "fileSearch",
    "computerUse",
    "mcpServers",
    "retrieval",
    "enterpriseWebSearch",
    "parallelAiSearch",
    "exaAiSearch",
];

const FUNCTION: &[&str] =
    &["name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior"];

const SCHEMA: &[&str] = &[
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "properties",
    "required",
    "propertyOrdering",
    "anyOf",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "pattern",
    "default",
    "example",
    "additionalProperties",
    "defs",
    "ref",
];

const TYPES: &[&str] = &["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"];

/// Depth to which schemas are checked.
const MAX_DEPTH: usize = 32;

pub(super) fn read(body: &Value) -> Result<(Vec<Tool>, Choice), Problem> {
    let mut functions: Vec<Tool> = Vec::new();
    for (at, tool) in list(body, "tools", "tools")?.iter().enumerate() {
        let path = format!("tools[{at}]");
        object(tool, &path, TOOLS)?;
        for (at, one) in list(tool, "functionDeclarations", &path)?.iter().enumerate() {
            let function = function(one, &format!("{path}.function_declarations[{at}]"))?;
            if functions.iter().any(|other| other.name == function.name) {
                return Err(Problem::refuse(format!("Duplicate function declaration found: {}", function.name)));
            }
            functions.push(function);
        }
    }
    choose(body, functions)
}

fn function(declaration: &Value, path: &str) -> Result<Tool, Problem> {
    object(declaration, path, FUNCTION)?;
    let name = text(declaration, "name", path)?.unwrap_or_default();
    if !is_name(name, "_.:-", 128) || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        let text = format!(
            "* GenerateContentRequest.{path}.name: Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128."
        );
        return Err(Problem::refuse(text));
    }
    let schema = match (get(declaration, "parameters"), get(declaration, "parametersJsonSchema")) {
        (Some(_), Some(_)) => {
            let text = format!("{path}: only one of parameters and parameters_json_schema can be set.");
            return Err(Problem::refuse(text));
        }
        (Some(own), None) => {
            let path = format!("{path}.parameters");
            check_schema(own, &path, 0)?;
            if !own["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("object")) {
                let text = format!("* GenerateContentRequest.{path}.type: parameters schema should be of type OBJECT.");
                return Err(Problem::refuse(text));
            }
            own.clone()
        }
        (None, Some(json)) if json.is_object() => json.clone(),
        (None, Some(_)) => {
            return Err(Problem::refuse(format!("{path}.parameters_json_schema: must be an object")));
        }
        (None, None) => json!({ "type": "object" }),
    };
    Ok(Tool { name: name.to_owned(), schema })
}

/// Checks a schema of Google's own kind, which is a subset of OpenAPI's.
pub(super) fn check_schema(schema: &Value, path: &str, depth: usize) -> Result<(), Problem> {
    object(schema, path, SCHEMA)?;
    if depth > MAX_DEPTH {
        return Err(Problem::refuse(format!("{path}: schema is nested too deeply.")));
    }
    let kind = match schema.get("type") {
        None => None,
        Some(Value::String(kind)) => Some(kind.to_ascii_uppercase()),
        Some(_) => {
            return Err(invalid(path, &format!("Proto field is not repeating, cannot start list at '{path}.type'.")));
        }
    };
    if let Some(other) = kind.as_deref().filter(|kind| !TYPES.contains(kind)) {
        return Err(Problem::refuse(format!("Invalid value at '{path}.type' (TYPE_ENUM), \"{other}\"")));
    }
    if kind.as_deref() == Some("ARRAY") && get(schema, "items").is_none() {
        return Err(Problem::refuse(format!("* GenerateContentRequest.{path}.items: missing field.")));
    }
    for choice in list(schema, "enum", path)? {
        if !choice.is_string() {
            return Err(Problem::refuse(format!("Invalid value at '{path}.enum[0]' (TYPE_STRING), {choice}")));
        }
    }
    inner_schemas(schema, path, depth)
}

fn inner_schemas(schema: &Value, path: &str, depth: usize) -> Result<(), Problem> {
    if let Some(items) = get(schema, "items") {
        check_schema(items, &format!("{path}.items"), depth + 1)?;
    }
    for (at, part) in list(schema, "anyOf", path)?.iter().enumerate() {
        check_schema(part, &format!("{path}.any_of[{at}]"), depth + 1)?;
    }
    for word in ["properties", "defs"] {
        for (at, part) in schema.get(word).and_then(Value::as_object).into_iter().flatten().enumerate() {
            check_schema(part.1, &format!("{path}.{word}[{at}].value"), depth + 1)?;
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (at, name) in list(schema, "required", path)?.iter().enumerate() {
        if !name.as_str().is_some_and(|name| properties.is_some_and(|map| map.contains_key(name))) {
            let text = format!("* GenerateContentRequest.{path}.required[{at}]: property is not defined");
            return Err(Problem::refuse(text));
        }
    }
    Ok(())
}

/// Applies the tool config: no calls, or calls only of some functions.
fn choose(body: &Value, functions: Vec<Tool>) -> Result<(Vec<Tool>, Choice), Problem> {
    let Some(config) = get(body, "toolConfig") else {
        return Ok((functions, Choice::Free));
    };
    object(config, "tool_config", &["functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"])?;
    let Some(calling) = get(config, "functionCallingConfig") else {
        return Ok((functions, Choice::Free));
    };
    let path = "tool_config.function_calling_config";
    object(calling, path, &["mode", "allowedFunctionNames", "streamFunctionCallArguments"])?;
    let mode = word(calling, "mode", path, &["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])?;
    let allowed = list(calling, "allowedFunctionNames", path)?;
    if !allowed.is_empty() && !matches!(mode, Some("ANY" | "VALIDATED")) {
        return Err(Problem::refuse("Please set allowed_function_names only when function calling mode is ANY."));
    }
    let is_declared = |name: &Value| functions.iter().any(|function| *name == function.name.as_str());
    if let Some(name) = allowed.iter().find(|name| !is_declared(name)) {
        let text = format!("The allowed function name {name} is not in the list of function declarations.");
        return Err(Problem::refuse(text));
    }
    if mode == Some("ANY") && functions.is_empty() {
        return Err(Problem::refuse("Function calling config is set without function_declarations."));
    }
    let allow = |tool: &Tool| allowed.is_empty() || allowed.iter().any(|name| *name == tool.name.as_str());
    let choice = if mode == Some("NONE") { Choice::Never } else { Choice::Free };
    Ok((functions.into_iter().filter(allow).collect(), choice))
}
