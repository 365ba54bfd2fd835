//! Reads and checks a Converse request: fields, settings, tools.

use super::blocks;
use crate::dialect::{Incoming, field, is_name, unknown, vector};
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Ask, Choice, Format, Tool, words};
use serde_json::{Value, json};

const FIELDS: &[&str] = &[
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "outputConfig",
    "guardrailConfig",
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "promptVariables",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
];

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    if !knobs.on(knobs.extras) {
        object(body, "The request", FIELDS)?;
    }
    let nothing = json!({});
    let config = field(body, "inferenceConfig").unwrap_or(&nothing);
    object(config, "inferenceConfig", &["maxTokens", "temperature", "topP", "stopSequences"])?;
    for name in ["temperature", "topP"] {
        let Some(value) = field(config, name) else { continue };
        if !value.as_f64().is_some_and(|number| (0.0..=1.0).contains(&number)) {
            return Err(refuse(&format!("inferenceConfig.{name}"), "must be a number from 0 to 1"));
        }
        if knobs.on(knobs.no_sampling) {
            return Err(refuse(&format!("inferenceConfig.{name}"), "is not supported on this model"));
        }
    }
    let max_tokens = match field(config, "maxTokens") {
        None => None,
        Some(value) => match value.as_u64() {
            Some(most @ 1..) => Some(most),
            _ => return Err(refuse("inferenceConfig.maxTokens", "must be a whole number from 1")),
        },
    };
    let (tools, choice, cached) = tools(body)?;
    let talk = blocks::read(body, !cached.is_empty() || !tools.is_empty())?;
    let model = field(body, "additionalModelRequestFields").unwrap_or(&nothing);
    let thinking = thinking(model, max_tokens, incoming)?;
    let forced = field(body, "toolConfig").and_then(|config| field(config, "toolChoice"));
    if thinking && forced.is_some_and(|choice| choice.get("auto").is_none()) {
        return Err(Problem::refuse("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(Ask {
        model: incoming.model.to_owned(),
        stream: incoming.op == Op::ChatStream,
        last_user: talk.last_user,
        tool_result: talk.tool_result,
        tools,
        choice,
        one_call: model.pointer("/tool_choice/disable_parallel_tool_use") == Some(&Value::Bool(true)),
        format: format(body)?,
        thinking,
        max_tokens,
        stops: stops(config)?,
        n: 1,
        words: talk.words + system(body)?,
        ..Ask::default()
    })
}

/// Checks a request that only wants its tokens counted; their number.
pub(super) fn count(incoming: &Incoming<'_>) -> Result<u64, Problem> {
    object(incoming.body, "The request", &["input"])?;
    let inner = incoming.body.pointer("/input/converse");
    let body = inner.ok_or_else(|| refuse("input", "must have converse"))?;
    object(body, "input.converse", &["messages", "system", "toolConfig", "additionalModelRequestFields"])?;
    let (tools, ..) = tools(body)?;
    Ok((blocks::read(body, !tools.is_empty())?.words + system(body)?).max(1))
}

/// Vectors, in the form of Amazon's own models.
pub(super) fn embed(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    object(body, "The request", &["inputText", "dimensions", "normalize", "embeddingTypes"])?;
    let text = required(body, "inputText")?.as_str().ok_or_else(|| refuse("inputText", "must be a text"))?;
    let size = field(body, "dimensions").and_then(Value::as_u64).unwrap_or(vector::DIMENSIONS);
    let vector = vector::embed(text, size.min(vector::MAX_DIMENSIONS), incoming.knobs);
    Ok(json!({ "embedding": vector, "inputTextTokenCount": words(text) }))
}

/// The refusal of a field.
pub(super) fn refuse(path: &str, why: &str) -> Problem {
    Problem::refuse(format!("1 validation error detected: Value at '{path}' failed to satisfy constraint: {why}"))
}

/// Checks that a value is an object with no other fields than these.
pub(super) fn object(value: &Value, path: &str, known: &[&str]) -> Result<(), Problem> {
    let map = value.as_object().ok_or_else(|| refuse(path, "must be an object"))?;
    match unknown(map, known) {
        Some(name) => {
            Err(Problem::refuse(format!("The model returned: {path}.{name}: Extra inputs are not permitted")))
        }
        None => Ok(()),
    }
}

/// A field that must be there.
pub(super) fn required<'a>(object: &'a Value, name: &str) -> Result<&'a Value, Problem> {
    field(object, name).ok_or_else(|| refuse(name, "Member must not be null"))
}

/// A text that must be there.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, Problem> {
    required(object, name)?.as_str().ok_or_else(|| refuse(name, "must be a text"))
}

/// The one field that a union has.
pub(super) fn only<'a>(value: &'a Value, path: &str) -> Result<(&'a str, &'a Value), Problem> {
    let map = value.as_object().ok_or_else(|| refuse(path, "must be an object"))?;
    match map.iter().collect::<Vec<_>>()[..] {
        [(name, value)] => Ok((name, value)),
        _ => Err(refuse(path, "must have exactly one member")),
    }
}

fn list<'a>(object: &'a Value, name: &str) -> Result<&'a [Value], Problem> {
    let value = required(object, name)?;
    let list = value.as_array().filter(|list| !list.is_empty());
    list.map(Vec::as_slice).ok_or_else(|| refuse(name, "must be a list with at least one item"))
}

/// Marks of what may be cached.
pub(super) fn cache_point(mark: &Value) -> Result<(), Problem> {
    object(mark, "cachePoint", &["type", "ttl"])?;
    if text(mark, "type")? != "default" || field(mark, "ttl").is_some_and(|ttl| ttl != "5m" && ttl != "1h") {
        return Err(refuse("cachePoint", "must be of type default, for 5m or 1h"));
    }
    Ok(())
}

fn system(body: &Value) -> Result<u64, Problem> {
    if field(body, "system").is_none() {
        return Ok(0);
    }
    let mut sum = 0;
    for block in list(body, "system")? {
        match only(block, "system")? {
            ("text", Value::String(text)) if !text.is_empty() => sum += words(text),
            ("cachePoint", mark) => cache_point(mark)?,
            _ => return Err(refuse("system", "must be a text that is not empty")),
        }
    }
    Ok(sum)
}

fn stops(config: &Value) -> Result<Vec<String>, Problem> {
    if field(config, "stopSequences").is_none() {
        return Ok(Vec::new());
    }
    let one = |value: &Value| match value.as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(refuse("inferenceConfig.stopSequences", "must be texts")),
    };
    list(config, "stopSequences")?.iter().map(one).collect()
}

/// Tools, which of them is wanted, and their marks.
fn tools(body: &Value) -> Result<(Vec<Tool>, Choice, Vec<()>), Problem> {
    let Some(config) = field(body, "toolConfig") else { return Ok(Default::default()) };
    object(config, "toolConfig", &["tools", "toolChoice"])?;
    let (mut tools, mut marks) = (Vec::<Tool>::new(), Vec::new());
    for tool in list(config, "tools")? {
        match only(tool, "toolConfig.tools")? {
            ("cachePoint", mark) => marks.push(cache_point(mark)?),
            ("toolSpec", spec) => {
                object(spec, "toolSpec", &["name", "description", "inputSchema", "strict"])?;
                let name = text(spec, "name")?;
                if !is_name(name, "_-", 64) {
                    return Err(refuse("toolSpec.name", "must match [a-zA-Z0-9_-]{1,64}"));
                }
                if field(spec, "description").is_some_and(|text| text == "") {
                    return Err(refuse("toolSpec.description", "must not be empty"));
                }
                let schema = required(required(spec, "inputSchema")?, "json")?;
                if schema.get("type").is_none_or(|kind| kind != "object") {
                    return Err(refuse("toolSpec.inputSchema.json.type", "must be object"));
                }
                if tools.iter().any(|other| other.name == name) {
                    return Err(Problem::refuse(format!("The tool {name} is already defined at toolConfig.tools.")));
                }
                tools.push(Tool { name: name.to_owned(), schema: schema.clone() });
            }
            _ => return Err(refuse("toolConfig.tools", "must be toolSpec or cachePoint")),
        }
    }
    let choice = match field(config, "toolChoice").map(|choice| only(choice, "toolConfig.toolChoice")).transpose()? {
        None | Some(("auto" | "any", _)) => Choice::Free,
        Some(("tool", named)) => {
            let name = text(named, "name")?;
            if !tools.iter().any(|tool| tool.name == name) {
                return Err(Problem::refuse("toolChoice.tool.name is not among the tools."));
            }
            Choice::Named(name.to_owned())
        }
        Some((other, _)) => return Err(refuse("toolConfig.toolChoice", &format!("{other} is no member"))),
    };
    Ok((tools, choice, marks))
}

fn thinking(model: &Value, max_tokens: Option<u64>, incoming: &Incoming<'_>) -> Result<bool, Problem> {
    let knobs = incoming.knobs;
    let Some(thinking) = field(model, "thinking") else {
        let effort = field(model, "reasoning_effort").is_some() || field(model, "reasoningConfig").is_some();
        return Ok(effort || knobs.on(knobs.thinks));
    };
    match text(thinking, "type")? {
        "enabled" => {
            let budget = required(thinking, "budget_tokens")?.as_u64().unwrap_or(0);
            if budget < 1024 || max_tokens.is_some_and(|most| most <= budget) {
                let text = "`max_tokens` must be greater than `thinking.budget_tokens`, which must be at least 1024.";
                return Err(Problem::refuse(text));
            }
            Ok(true)
        }
        "adaptive" => Ok(true),
        "disabled" => Ok(false),
        _ => Err(Problem::refuse("thinking.type: unknown")),
    }
}

fn format(body: &Value) -> Result<Option<Format>, Problem> {
    let Some(config) = field(body, "outputConfig") else { return Ok(None) };
    object(config, "outputConfig", &["textFormat", "effort"])?;
    let Some(format) = field(config, "textFormat") else { return Ok(None) };
    if text(format, "type")? != "json_schema" {
        return Err(refuse("outputConfig.textFormat.type", "must be json_schema"));
    }
    let schema = format.pointer("/structure/jsonSchema").ok_or_else(|| refuse("structure", "must have jsonSchema"))?;
    object(schema, "jsonSchema", &["schema", "name", "description"])?;
    let schema = serde_json::from_str(text(schema, "schema")?);
    schema.map(|schema| Some(Format::Schema(schema))).map_err(|_| refuse("jsonSchema.schema", "must be JSON as a text"))
}
