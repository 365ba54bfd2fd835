//! Reads and checks a messages request.

use super::settings::{cache_markers, format, metadata, sampling, stops, thinking};
use super::{blocks, messages, tools};
use crate::dialect::{Incoming, field, unknown};
use crate::problem::Problem;
use crate::script::{Ask, words};
use crate::server::Head;
use serde_json::Value;

const FIELDS: &[&str] = &[
    "model",
    "max_tokens",
    "messages",
    "system",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "thinking",
    "output_config",
    "tools",
    "tool_choice",
    "metadata",
    "service_tier",
    "speed",
    "inference_geo",
    "container",
    "cache_control",
    "diagnostics",
    "stream",
];

/// Fields a beta header unlocks.
const BETA_FIELDS: &[&str] = &[
    "mcp_servers",
    "context_management",
    "compaction",
    "fallbacks",
    "fallback_credit_token",
    "billing_policy",
    "thread",
];

const COUNT_FIELDS: &[&str] =
    &["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "speed", "cache_control"];

/// The API versions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// `2023-06-01`
    First,
    /// `2026-10-21`, which knows no sampling parameters.
    Second,
    /// The first one as Vertex AI and Bedrock have it: the model is in the path, the version in the body.
    InBody,
}

pub(super) fn version(head: &Head, body: &Value) -> Result<Version, Problem> {
    let hosts = [("/publishers/anthropic/", "vertex-2023-10-16"), ("/invoke", "bedrock-2023-05-31")];
    if let Some((_, version)) = hosts.into_iter().find(|(part, _)| head.path().contains(part)) {
        return match field(body, "anthropic_version").and_then(Value::as_str) {
            Some(given) if given == version => Ok(Version::InBody),
            _ => Err(Problem::refuse(format!("anthropic_version: Input should be '{version}'"))),
        };
    }
    match head.header("anthropic-version") {
        None => Err(Problem::refuse("anthropic-version: header is required")),
        Some("2023-06-01") => Ok(Version::First),
        Some("2026-10-21") => Ok(Version::Second),
        Some(other) => Err(Problem::refuse(format!("anthropic-version: \"{other}\" is not a valid version"))),
    }
}

pub(super) fn read(incoming: &Incoming<'_>, version: Version) -> Result<Ask, Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    match version {
        Version::InBody => {
            let own = FIELDS.iter().copied().filter(|name| *name != "model").chain(["anthropic_version"]);
            known_fields(incoming, &own.collect::<Vec<_>>())?;
        }
        Version::First | Version::Second => known_fields(incoming, FIELDS)?,
    }
    let max_tokens = required(body, "max_tokens")?;
    let max_tokens = max_tokens.as_u64().ok_or_else(|| {
        let wrong = if max_tokens.is_i64() {
            "Input should be greater than or equal to 0"
        } else {
            "Input should be a valid integer"
        };
        Problem::refuse(format!("max_tokens: {wrong}"))
    })?;
    let thinking = thinking(body, Some(max_tokens), knobs)?;
    let forced = tools::is_forced(body);
    if forced && knobs.on(knobs.no_forced_tool) {
        return Err(Problem::refuse("tool_choice: this model only supports `auto` and `none`."));
    }
    if forced && thinking.active {
        return Err(Problem::refuse("Thinking may not be enabled when tool_choice forces tool use."));
    }
    sampling(incoming, version, thinking.active)?;
    let talk = messages::read(body, knobs, thinking.strict)?;
    let tools = tools::read(body)?;
    let (choice, one_call) = tools::choice(body, &tools)?;
    cache_markers(body)?;
    metadata(body)?;
    Ok(Ask {
        model: incoming.model.to_owned(),
        stream: switch(body, "stream")?.unwrap_or(false),
        last_user: talk.last_user,
        tool_result: talk.tool_result,
        tools,
        choice,
        one_call,
        format: format(body)?,
        thinking: thinking.active,
        thinking_hidden: thinking.hidden,
        max_tokens: Some(max_tokens),
        stops: stops(body)?,
        n: 1,
        words: talk.words + system(body)?,
        ..Ask::default()
    })
}

/// Checks a request that only wants its tokens counted; their number.
pub(super) fn count(incoming: &Incoming<'_>, _: Version) -> Result<u64, Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    // Vertex AI counts at one path for all models, and its clients say the version there too.
    let on_vertex = incoming.head.path().ends_with("/count-tokens:rawPredict");
    let known: Vec<&str> = COUNT_FIELDS.iter().copied().chain(on_vertex.then_some("anthropic_version")).collect();
    known_fields(incoming, &known)?;
    let thinking = thinking(body, None, knobs)?;
    let talk = messages::read(body, knobs, thinking.strict)?;
    tools::read(body)?;
    Ok((talk.words + system(body)?).max(1))
}

fn known_fields(incoming: &Incoming<'_>, known: &[&str]) -> Result<(), Problem> {
    let map = incoming.body.as_object().ok_or_else(|| Problem::refuse("The request body is not a JSON object"))?;
    let beta = incoming.head.header("anthropic-beta").is_some();
    let known: Vec<&str> = known.iter().chain(BETA_FIELDS.iter().filter(|_| beta)).copied().collect();
    match unknown(map, &known).filter(|_| !incoming.knobs.on(incoming.knobs.extras)) {
        Some(name) => Err(extra(name)),
        None => Ok(()),
    }
}

/// The refusal of a field nobody knows.
pub(super) fn extra(path: &str) -> Problem {
    Problem::refuse(format!("{path}: Extra inputs are not permitted"))
}

/// A field that must be there.
pub(super) fn required<'a>(object: &'a Value, path: &str) -> Result<&'a Value, Problem> {
    let name = path.rsplit('.').next().unwrap_or(path);
    field(object, name).ok_or_else(|| Problem::refuse(format!("{path}: Field required")))
}

/// A text that must be there.
pub(super) fn required_text<'a>(object: &'a Value, path: &str) -> Result<&'a str, Problem> {
    required(object, path)?.as_str().ok_or_else(|| Problem::refuse(format!("{path}: Input should be a valid string")))
}

fn switch(body: &Value, name: &str) -> Result<Option<bool>, Problem> {
    let wrong = || Problem::refuse(format!("{name}: Input should be a valid boolean"));
    field(body, name).map(|value| value.as_bool().ok_or_else(wrong)).transpose()
}

/// Checks the system prompt; its words.
fn system(body: &Value) -> Result<u64, Problem> {
    match field(body, "system") {
        None => Ok(0),
        Some(Value::String(text)) => Ok(words(text)),
        Some(Value::Array(list)) => {
            let one = |(at, block): (usize, &Value)| blocks::text_only(block, &format!("system.{at}"));
            list.iter().enumerate().map(one).sum()
        }
        Some(_) => Err(Problem::refuse("system: Input should be a valid string or list of text blocks")),
    }
}
