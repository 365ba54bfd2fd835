//! Reads and checks a chat completions request.

use super::fields::{decimal, integer, known_fields, missing, one_of, switch, unknown_parameter, wrong_type};
use super::{messages, tools};
use crate::dialect::{Incoming, field, is_name, unknown};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::script::{Ask, Format, Shape};
use serde_json::Value;

/// Every field of a request that OpenAI knows.
const FIELDS: &[&str] = &[
    "model",
    "messages",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "logit_bias",
    "stop",
    "n",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "response_format",
    "reasoning_effort",
    "verbosity",
    "modalities",
    "audio",
    "prediction",
    "stream",
    "stream_options",
    "service_tier",
    "store",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "moderation",
    "web_search_options",
];

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    known_fields(body, FIELDS, incoming)?;
    let talk = messages::read(body, knobs)?;
    let stream = switch(body, "stream")?.unwrap_or(false);
    let choice = tools::choice(body)?;
    sampling(body, incoming)?;
    let max_tokens = max_tokens(body, incoming)?;
    one_of(body, "service_tier", &["auto", "default", "flex", "scale", "priority", "fast"])?;
    one_of(body, "verbosity", &["low", "medium", "high"])?;
    let effort = one_of(body, "reasoning_effort", EFFORTS)?;
    metadata(body)?;
    Ok(Ask {
        model: incoming.model.to_owned(),
        stream,
        last_user: talk.last_user,
        tool_result: talk.tool_result,
        tools: tools::read(body)?,
        choice,
        one_call: switch(body, "parallel_tool_calls")? == Some(false),
        format: format(body, &talk.all_text)?,
        thinking: effort.map_or(knobs.on(knobs.thinks), |effort| effort != "none"),
        max_tokens,
        stops: stops(body)?,
        n: integer(body, "n", 1, 128)?.unwrap_or(1) as usize,
        logprobs: logprobs(body)?,
        stream_usage: stream_usage(body, stream, incoming)?,
        shape: if body.get("functions").is_some() { Shape::Functions } else { Shape::Chat },
        words: talk.words,
        ..Ask::default()
    })
}

/// Temperature and its like, which reasoning models refuse.
pub(super) fn sampling(body: &Value, incoming: &Incoming<'_>) -> Result<(), Problem> {
    let temperature = decimal(body, "temperature", 0.0, 2.0)?;
    let top_p = decimal(body, "top_p", 0.0, 1.0)?;
    decimal(body, "presence_penalty", -2.0, 2.0)?;
    decimal(body, "frequency_penalty", -2.0, 2.0)?;
    integer(body, "seed", i64::MIN, i64::MAX)?;
    logit_bias(body)?;
    if !incoming.knobs.on(incoming.knobs.no_sampling) {
        return Ok(());
    }
    if let Some(number) = temperature.filter(|number| *number != 1.0) {
        let text = format!(
            "Unsupported value: 'temperature' does not support {number} with this model. Only the default (1) value is supported."
        );
        return Err(Problem::refuse(text).at("temperature").code("unsupported_value"));
    }
    let refused = ["presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "stop"];
    let top_p = top_p.filter(|number| *number != 1.0).map(|_| "top_p");
    match top_p.or_else(|| refused.into_iter().find(|name| field(body, name).is_some())) {
        Some(name) => Err(unsupported(name, "")),
        None => Ok(()),
    }
}

fn logit_bias(body: &Value) -> Result<(), Problem> {
    let Some(value) = field(body, "logit_bias") else {
        return Ok(());
    };
    let map = value.as_object().ok_or_else(|| wrong_type("logit_bias", "an object", value))?;
    map.keys().try_for_each(|token| decimal(value, token, -100.0, 100.0).map(|_| ()))
}

fn unsupported(name: &str, hint: &str) -> Problem {
    Problem::refuse(format!("Unsupported parameter: '{name}' is not supported with this model.{hint}"))
        .at(name)
        .kind(Trouble::Unsupported)
}

fn max_tokens(body: &Value, incoming: &Incoming<'_>) -> Result<Option<u64>, Problem> {
    let old = integer(body, "max_tokens", 1, i64::MAX)?;
    let new = integer(body, "max_completion_tokens", 1, i64::MAX)?;
    if old.is_some() && incoming.knobs.on(incoming.knobs.no_max_tokens) {
        return Err(unsupported("max_tokens", " Use 'max_completion_tokens' instead."));
    }
    if old.is_some() && new.is_some() {
        let text = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Problem::refuse(text).at("max_tokens").code("invalid_parameter_combination"));
    }
    Ok(old.or(new).map(|most| most as u64))
}

pub(super) fn stops(body: &Value) -> Result<Vec<String>, Problem> {
    let wrong = |value: &Value| wrong_type("stop", "a string or an array of strings", value);
    match field(body, "stop") {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(list)) if list.len() > 4 => {
            let text = format!(
                "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length {} instead.",
                list.len()
            );
            Err(Problem::refuse(text).at("stop").code("array_above_max_length"))
        }
        Some(Value::Array(list)) => {
            list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(|| wrong(one))).collect()
        }
        Some(other) => Err(wrong(other)),
    }
}

fn logprobs(body: &Value) -> Result<Option<usize>, Problem> {
    let wanted = switch(body, "logprobs")?.unwrap_or(false);
    let top = integer(body, "top_logprobs", 0, 20)?;
    if top.is_some() && !wanted {
        let text = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
        return Err(Problem::refuse(text).at("top_logprobs").code("invalid_parameter_combination"));
    }
    Ok(wanted.then_some(top.unwrap_or(0) as usize))
}

pub(super) fn stream_usage(body: &Value, stream: bool, incoming: &Incoming<'_>) -> Result<bool, Problem> {
    let Some(options) = field(body, "stream_options") else {
        return Ok(false);
    };
    if incoming.knobs.on(incoming.knobs.no_stream_options) {
        return Err(Problem::refuse("Unrecognized request argument supplied: stream_options").at("stream_options"));
    }
    if !stream {
        let text = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Problem::refuse(text).at("stream_options"));
    }
    let map = options.as_object().ok_or_else(|| wrong_type("stream_options", "an object", options))?;
    if let Some(name) = unknown(map, &["include_usage", "include_obfuscation"]) {
        return Err(unknown_parameter(&format!("stream_options.{name}")));
    }
    Ok(switch(options, "include_usage")?.unwrap_or(false))
}

fn metadata(body: &Value) -> Result<(), Problem> {
    let Some(value) = field(body, "metadata") else {
        return Ok(());
    };
    let map = value.as_object().ok_or_else(|| wrong_type("metadata", "an object", value))?;
    if map.len() > 16 {
        return Err(Problem::refuse("Invalid 'metadata': too many properties. Expected at most 16.").at("metadata"));
    }
    for (name, value) in map {
        let text = value.as_str().ok_or_else(|| wrong_type(&format!("metadata.{name}"), "a string", value))?;
        if name.chars().count() > 64 || text.chars().count() > 512 {
            return Err(Problem::refuse(format!("Invalid 'metadata.{name}': string too long.")).at("metadata"));
        }
    }
    Ok(())
}

fn format(body: &Value, all_text: &str) -> Result<Option<Format>, Problem> {
    let Some(value) = field(body, "response_format") else {
        return Ok(None);
    };
    if !value.is_object() {
        return Err(wrong_type("response_format", "an object", value));
    }
    match one_of(value, "type", &["text", "json_object", "json_schema"])? {
        None => Err(missing("response_format.type")),
        Some("text") => Ok(None),
        Some("json_object") if all_text.to_ascii_lowercase().contains("json") => Ok(Some(Format::Json)),
        Some("json_object") => {
            let text =
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
            Err(Problem::refuse(text).at("messages"))
        }
        Some(_) => json_schema(value).map(Some),
    }
}

fn json_schema(format: &Value) -> Result<Format, Problem> {
    let inner = field(format, "json_schema").ok_or_else(|| missing("response_format.json_schema"))?;
    let map = inner.as_object().ok_or_else(|| wrong_type("response_format.json_schema", "an object", inner))?;
    if let Some(name) = unknown(map, &["name", "description", "schema", "strict"]) {
        return Err(unknown_parameter(&format!("response_format.json_schema.{name}")));
    }
    let name = field(inner, "name").ok_or_else(|| missing("response_format.json_schema.name"))?;
    if !name.as_str().is_some_and(|name| is_name(name, "_-", 64)) {
        let text = "Invalid 'response_format.json_schema.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
        return Err(Problem::refuse(text).at("response_format.json_schema.name").code("invalid_value"));
    }
    let Some(schema) = field(inner, "schema") else {
        return Ok(Format::Json);
    };
    if !schema.is_object() {
        return Err(wrong_type("response_format.json_schema.schema", "an object", schema));
    }
    if switch(inner, "strict")? == Some(true) {
        tools::strict(schema, "()").map_err(|wrong| {
            strict_problem("response_format", &format!("schema for response_format '{name}'"), &wrong)
        })?;
    }
    Ok(Format::Schema(schema.clone()))
}

/// The refusal of a schema that `strict` does not allow.
pub(super) fn strict_problem(param: &str, what: &str, wrong: &str) -> Problem {
    Problem::refuse(format!("Invalid {}: {wrong}", what.replace('"', ""))).at(param).code("invalid_json_schema")
}
