//! Reading JSON the way Ollama's server does: unknown names pass, wrong types are refused in Go's words; and
//! the fields chat and generate have in common.

use crate::dialect::{Incoming, field};
use crate::node::Wish;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Ask, Format, Shape};
use serde_json::Value;
use std::time::Duration;

const INTEGERS: &[&str] = &[
    "num_ctx",
    "num_predict",
    "top_k",
    "seed",
    "repeat_last_n",
    "num_keep",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "num_thread",
    "draft_num_predict",
];

const FLOATS: &[&str] =
    &["temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty"];

/// The refusal of a value Go cannot put into a field of this type.
pub(super) fn wrong_type(got: &Value, path: &str, wanted: &str) -> Problem {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Problem::refuse(format!("json: cannot unmarshal {got} into Go struct field {path} of type {wanted}"))
}

pub(super) fn text<'a>(object: &'a Value, name: &str, path: &str) -> Result<&'a str, Problem> {
    match field(object, name) {
        None => Ok(""),
        Some(value) => value.as_str().ok_or_else(|| wrong_type(value, &format!("{path}.{name}"), "string")),
    }
}

pub(super) fn switch(object: &Value, name: &str, path: &str) -> Result<Option<bool>, Problem> {
    let wrong = |value: &Value| wrong_type(value, &format!("{path}.{name}"), "bool");
    field(object, name).map(|value| value.as_bool().ok_or_else(|| wrong(value))).transpose()
}

pub(super) fn list<'a>(object: &'a Value, name: &str, path: &str, kind: &str) -> Result<&'a [Value], Problem> {
    match field(object, name) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(value) => Err(wrong_type(value, &format!("{path}.{name}"), kind)),
    }
}

/// Images are bytes, which in Go's JSON means plain base64; a data URL is not that.
pub(super) fn images(object: &Value, path: &str) -> Result<(), Problem> {
    for image in list(object, "images", path, "[]api.ImageData")? {
        let data = image.as_str().ok_or_else(|| wrong_type(image, &format!("{path}.images"), "api.ImageData"))?;
        if !crate::dialect::is_base64(data) {
            let good = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
            let at = data.find(|c| !good(c)).unwrap_or(data.len());
            return Err(Problem::refuse(format!("illegal base64 data at input byte {at}")));
        }
    }
    Ok(())
}

/// An `Ask` with all that chat and generate have in common.
pub(super) fn common(incoming: &Incoming<'_>, path: &str) -> Result<Ask, Problem> {
    let body = incoming.body;
    let no_options = Value::Null;
    let options = field(body, "options").unwrap_or(&no_options);
    check(options, path)?;
    keep_alive(body)?;
    let predict = field(options, "num_predict").and_then(Value::as_f64).filter(|limit| *limit > 0.0);
    let stops = field(options, "stop").and_then(Value::as_array).into_iter().flatten();
    Ok(Ask {
        model: incoming.model.to_owned(),
        stream: switch(body, "stream", path)?.unwrap_or(true),
        format: format(body)?,
        thinking: think(incoming)?,
        max_tokens: predict.map(|limit| limit as u64),
        stops: stops.filter_map(Value::as_str).map(str::to_owned).collect(),
        n: 1,
        logprobs: logprobs(body, path)?,
        ..Ask::default()
    })
}

fn check(options: &Value, path: &str) -> Result<(), Problem> {
    let Some(map) = options.as_object() else {
        return if options.is_null() {
            Ok(())
        } else {
            Err(wrong_type(options, &format!("{path}.options"), "map[string]interface {}"))
        };
    };
    for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        let name = name.as_str();
        let (good, kind) = match name {
            _ if INTEGERS.contains(&name) => (value.is_number(), "integer"),
            _ if FLOATS.contains(&name) => (value.is_number(), "float32"),
            "use_mmap" => (value.is_boolean(), "boolean"),
            "stop" => (value.as_array().is_some_and(|list| list.iter().all(Value::is_string)), "array"),
            _ => (true, ""),
        };
        if !good {
            return Err(Problem::refuse(format!("option \"{name}\" must be of type {kind}")));
        }
    }
    Ok(())
}

/// What a request wants of the memory.
pub(super) fn wish(op: Op, model: &str, body: &Value) -> Wish {
    let says = |name: &str| field(body, name).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()));
    let has_content = says(match op {
        Op::Chat => "messages",
        Op::Text => "prompt",
        _ => "input",
    });
    let unloads = matches!(load_shape(body), Shape::Load { unload: true });
    Wish {
        model: full_name(model),
        num_ctx: field(body, "options").and_then(|options| field(options, "num_ctx")?.as_u64()),
        keep: field(body, "keep_alive").map(keep),
        loads: has_content || !unloads,
        refuses: field(body, "truncate") == Some(&Value::Bool(false)),
    }
}

/// A name without a tag means the latest.
pub(super) fn full_name(model: &str) -> String {
    if model.contains(':') { model.to_owned() } else { format!("{model}:latest") }
}

/// How long a model stays: seconds, or a duration in whole units; for ever if that is negative.
fn keep(value: &Value) -> Option<Duration> {
    let text = value.as_str().map(str::to_owned).unwrap_or_else(|| format!("{value}s"));
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &text[number.len()..] {
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        _ => 1.0,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().unwrap_or(300.0) * scale).ok()
}

fn keep_alive(body: &Value) -> Result<(), Problem> {
    match field(body, "keep_alive") {
        None | Some(Value::Number(_)) => Ok(()),
        Some(Value::String(text)) if is_duration(text) => Ok(()),
        Some(Value::String(text)) => Err(Problem::refuse(format!("time: invalid duration \"{text}\""))),
        Some(_) => Err(Problem::refuse("Unsupported type for keep_alive")),
    }
}

/// Whether text is one of Go's durations, such as `5m` or `1h30m`.
fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let tail = &rest[digits..];
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"]
            .into_iter()
            .filter(|unit| tail.starts_with(unit))
            .max_by_key(|u| u.len());
        let Some(unit) = unit.filter(|_| digits > 0) else {
            return text == "0";
        };
        rest = &tail[unit.len()..];
    }
    !text.is_empty()
}

/// Whether the load time of the model is zero: the request wants it out of memory.
pub(super) fn load_shape(body: &Value) -> Shape {
    let unload = field(body, "keep_alive").is_some_and(|time| *time == 0 || *time == "0");
    Shape::Load { unload }
}

fn format(body: &Value) -> Result<Option<Format>, Problem> {
    match field(body, "format") {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text == "json" => Ok(Some(Format::Json)),
        Some(schema @ Value::Object(_)) => Ok(Some(Format::Schema(schema.clone()))),
        Some(other) => {
            Err(Problem::refuse(format!("invalid format: {other}; expected \"json\" or a valid JSON Schema object")))
        }
    }
}

fn think(incoming: &Incoming<'_>) -> Result<bool, Problem> {
    let wanted = match field(incoming.body, "think") {
        None => return Ok(incoming.knobs.on(incoming.knobs.thinks)),
        Some(Value::Bool(wanted)) => *wanted,
        Some(Value::String(level)) if ["low", "medium", "high", "max"].contains(&level.as_str()) => true,
        Some(other) => {
            let text = format!(
                "invalid think value: {other} (must be \"high\", \"medium\", \"low\", \"max\", true, or false)"
            );
            return Err(Problem::refuse(text));
        }
    };
    if wanted && incoming.knobs.on(incoming.knobs.no_think) {
        return Err(Problem::refuse(format!("\"{}\" does not support thinking", incoming.model)));
    }
    Ok(wanted)
}

fn logprobs(body: &Value, path: &str) -> Result<Option<usize>, Problem> {
    let wanted = switch(body, "logprobs", path)?.unwrap_or(false);
    let top = match field(body, "top_logprobs") {
        None => 0,
        Some(value) => value.as_i64().ok_or_else(|| wrong_type(value, &format!("{path}.top_logprobs"), "int"))?,
    };
    if !(0..=20).contains(&top) {
        return Err(Problem::refuse("top_logprobs must be between 0 and 20"));
    }
    Ok(wanted.then_some(top as usize))
}
