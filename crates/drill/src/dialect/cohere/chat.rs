//! Reads and checks a chat request.

use super::fields::{decimal, integer, invalid, known, list, one_of, required, switch, texts};
use super::{messages, tools};
use crate::dialect::{Incoming, field};
use crate::problem::Problem;
use crate::script::{Ask, Format};
use serde_json::Value;

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "strict_tools",
    "documents",
    "citation_options",
    "response_format",
    "safety_mode",
    "max_tokens",
    "stop_sequences",
    "temperature",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "k",
    "p",
    "logprobs",
    "tool_choice",
    "thinking",
    "priority",
    "stream",
];

/// Most stop sequences.
const MAX_STOPS: usize = 5;
/// Parameters that some models refuse.
const SAMPLING: [&str; 3] = ["temperature", "k", "p"];

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    known(body, "the request", FIELDS, incoming)?;
    sampling(incoming)?;
    let mut ask = messages::read(incoming)?;
    let offered = tools::read(incoming)?;
    let format = format(incoming)?;
    let beside = !offered.tools.is_empty() || !list(body, "documents")?.is_empty();
    if beside && format.is_some() {
        return Err(invalid("response_format is not supported with RAG or tools."));
    }
    safety(body, beside)?;
    integer(body, "priority", 0, 999)?;
    let stops = texts(body, "stop_sequences")?;
    if stops.len() > MAX_STOPS {
        return Err(invalid(format!("stop_sequences must have at most {MAX_STOPS} elements")));
    }
    ask.model = incoming.model.to_owned();
    ask.stream = switch(body, "stream")?.unwrap_or(false);
    (ask.tools, ask.choice) = (offered.tools, offered.choice);
    ask.format = format;
    ask.thinking = thinking(incoming)?.unwrap_or(knobs.on(knobs.thinks));
    ask.max_tokens = integer(body, "max_tokens", 1, i64::MAX)?.map(|most| most as u64);
    ask.stops = stops.into_iter().map(str::to_owned).collect();
    ask.n = 1;
    ask.logprobs = switch(body, "logprobs")?.filter(|wanted| *wanted).map(|_| 0);
    Ok(ask)
}

fn sampling(incoming: &Incoming<'_>) -> Result<(), Problem> {
    let body = incoming.body;
    let refused = SAMPLING.iter().find(|name| field(body, name).is_some());
    if let Some(name) = refused.filter(|_| incoming.knobs.on(incoming.knobs.no_sampling)) {
        return Err(invalid(format!("{name} is not supported by this model")));
    }
    decimal(body, "temperature", 0.0, f64::MAX)?;
    decimal(body, "p", 0.01, 0.99)?;
    decimal(body, "frequency_penalty", 0.0, 1.0)?;
    decimal(body, "presence_penalty", 0.0, 1.0)?;
    integer(body, "k", 0, 500)?;
    integer(body, "seed", i64::MIN, i64::MAX).map(|_| ())
}

fn safety(body: &Value, beside: bool) -> Result<(), Problem> {
    let mode = one_of(body, "safety_mode", &["CONTEXTUAL", "STRICT", "OFF"])?;
    match mode.filter(|_| beside) {
        Some(_) => Err(invalid("safety_mode is not supported with tools or documents")),
        None => Ok(()),
    }
}

fn format(incoming: &Incoming<'_>) -> Result<Option<Format>, Problem> {
    let Some(format) = field(incoming.body, "response_format") else { return Ok(None) };
    known(format, "response_format", &["type", "json_schema"], incoming)?;
    required(format, "type", "response_format")?;
    let kind = one_of(format, "type", &["text", "json_object"])?;
    match (kind, field(format, "json_schema")) {
        (Some("json_object"), None) => Ok(Some(Format::Json)),
        (Some("json_object"), Some(schema @ Value::Object(_))) => Ok(Some(Format::Schema(schema.clone()))),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(invalid("json_schema must be an object, and the type json_object")),
    }
}

/// Whether the model is to think, if the request says so.
fn thinking(incoming: &Incoming<'_>) -> Result<Option<bool>, Problem> {
    let Some(thinking) = field(incoming.body, "thinking") else { return Ok(None) };
    known(thinking, "thinking", &["type", "token_budget"], incoming)?;
    required(thinking, "type", "thinking")?;
    let wanted = one_of(thinking, "type", &["enabled", "disabled"])? == Some("enabled");
    integer(thinking, "token_budget", 1, i64::MAX)?;
    if wanted && incoming.knobs.on(incoming.knobs.no_think) {
        return Err(invalid("thinking is not supported by this model"));
    }
    Ok(Some(wanted))
}
