//! Reads and checks a messages request.

use super::{blocks, messages, schema, tools};
use crate::dialect::{Incoming, field, unknown};
use crate::knobs::Knobs;
use crate::problem::Problem;
use crate::script::{Ask, Format, words};
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
}

pub(super) fn version(head: &Head) -> Result<Version, Problem> {
    match head.header("anthropic-version") {
        None => Err(Problem::refuse("anthropic-version: header is required")),
        Some("2023-06-01") => Ok(Version::First),
        Some("2026-10-21") => Ok(Version::Second),
        Some(other) => Err(Problem::refuse(format!("anthropic-version: \"{other}\" is not a valid version"))),
    }
}

pub(super) fn read(incoming: &Incoming<'_>, version: Version) -> Result<Ask, Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    known_fields(incoming, FIELDS)?;
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
    known_fields(incoming, COUNT_FIELDS)?;
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

#[derive(Default)]
struct Thinking {
    active: bool,
    hidden: bool,
    /// Earlier turns must bring their thinking back.
    strict: bool,
}

fn thinking(body: &Value, max_tokens: Option<u64>, knobs: &Knobs) -> Result<Thinking, Problem> {
    let Some(thinking) = field(body, "thinking") else {
        return Ok(Thinking { active: knobs.on(knobs.thinks), ..Thinking::default() });
    };
    let kind = required_text(thinking, "thinking.type")?;
    let known: &[&str] = match kind {
        "enabled" => &["type", "budget_tokens", "display"],
        "adaptive" => &["type", "display"],
        "between_tools" | "disabled" => &["type"],
        other => {
            let text = format!(
                "thinking: Input tag '{other}' found using 'type' does not match any of the expected tags: 'adaptive', 'between_tools', 'disabled', 'enabled'"
            );
            return Err(Problem::refuse(text));
        }
    };
    if let Some(name) = thinking.as_object().and_then(|map| unknown(map, known)) {
        return Err(extra(&format!("thinking.{kind}.{name}")));
    }
    if knobs.on(knobs.no_think) && kind != "disabled" {
        return Err(Problem::refuse(format!("thinking: '{kind}' is not supported on this model")));
    }
    if kind == "enabled" {
        let budget = required(thinking, "thinking.enabled.budget_tokens")?.as_u64().unwrap_or(0);
        if budget < 1024 {
            let text = "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
            return Err(Problem::refuse(text));
        }
        if max_tokens.is_some_and(|most| most <= budget) {
            return Err(Problem::refuse("`max_tokens` must be greater than `thinking.budget_tokens`."));
        }
    }
    let display = field(thinking, "display");
    if display.is_some_and(|display| display != "summarized" && display != "omitted") {
        return Err(Problem::refuse(format!("thinking.{kind}.display: Input should be 'summarized' or 'omitted'")));
    }
    Ok(Thinking {
        active: matches!(kind, "enabled" | "adaptive"),
        hidden: display.is_some_and(|display| display == "omitted"),
        strict: kind == "enabled",
    })
}

fn sampling(incoming: &Incoming<'_>, version: Version, thinking: bool) -> Result<(), Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = field(body, name) else { continue };
        if version == Version::Second {
            return Err(Problem::refuse(format!("{name}: not supported in API version 2026-10-21")));
        }
        let wrong = || Problem::refuse(format!("{name}: Input should be a valid number"));
        let number = value.as_f64().ok_or_else(wrong)?;
        let most = if name == "top_k" { f64::MAX } else { 1.0 };
        if !(0.0..=most).contains(&number) {
            let bound = if number < 0.0 { "greater than or equal to 0" } else { "less than or equal to 1" };
            return Err(Problem::refuse(format!("{name}: Input should be {bound}")));
        }
        let plain = name == "temperature" && number == 1.0;
        if knobs.on(knobs.no_sampling) && !plain {
            return Err(Problem::refuse(format!("`{name}` is not supported on this model.")));
        }
        if thinking && name == "temperature" && !plain {
            return Err(Problem::refuse("`temperature` may only be set to 1 when thinking is enabled."));
        }
    }
    Ok(())
}

fn stops(body: &Value) -> Result<Vec<String>, Problem> {
    let Some(value) = field(body, "stop_sequences") else {
        return Ok(Vec::new());
    };
    let list = value.as_array().ok_or_else(|| Problem::refuse("stop_sequences: Input should be a valid list"))?;
    let one = |(at, value): (usize, &Value)| {
        let text = value
            .as_str()
            .ok_or_else(|| Problem::refuse(format!("stop_sequences.{at}: Input should be a valid string")))?;
        if text.trim().is_empty() {
            return Err(Problem::refuse("stop_sequences: each stop sequence must contain non-whitespace"));
        }
        Ok(text.to_owned())
    };
    list.iter().enumerate().map(one).collect()
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

fn format(body: &Value) -> Result<Option<Format>, Problem> {
    let Some(config) = field(body, "output_config") else {
        return Ok(None);
    };
    let map = config.as_object().ok_or_else(|| Problem::refuse("output_config: Input should be an object"))?;
    if let Some(name) = unknown(map, &["effort", "format"]) {
        return Err(extra(&format!("output_config.{name}")));
    }
    if let Some(effort) = field(config, "effort")
        && !["low", "medium", "high", "xhigh", "max"].iter().any(|known| effort == known)
    {
        let text = "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'";
        return Err(Problem::refuse(text));
    }
    let Some(format) = field(config, "format") else {
        return Ok(None);
    };
    if required_text(format, "output_config.format.type")? != "json_schema" {
        return Err(Problem::refuse("output_config.format.type: Input should be 'json_schema'"));
    }
    if let Some(name) = format.as_object().and_then(|map| unknown(map, &["type", "schema"])) {
        return Err(extra(&format!("output_config.format.{name}")));
    }
    let schema = required(format, "output_config.format.schema")?;
    schema::check(schema).map_err(|wrong| Problem::refuse(format!("output_config.format.schema: {wrong}")))?;
    Ok(Some(Format::Schema(schema.clone())))
}

fn metadata(body: &Value) -> Result<(), Problem> {
    let Some(metadata) = field(body, "metadata") else {
        return Ok(());
    };
    let map = metadata.as_object().ok_or_else(|| Problem::refuse("metadata: Input should be an object"))?;
    match unknown(map, &["user_id"]) {
        Some(name) => Err(extra(&format!("metadata.{name}"))),
        None => Ok(()),
    }
}

/// At most four places may be marked for the cache.
fn cache_markers(body: &Value) -> Result<(), Problem> {
    fn count(value: &Value) -> usize {
        match value {
            Value::Object(map) => {
                let own = usize::from(map.get("cache_control").is_some_and(|mark| !mark.is_null()));
                own + map
                    .iter()
                    .filter(|(name, _)| *name != "input" && *name != "input_schema")
                    .map(|(_, v)| count(v))
                    .sum::<usize>()
            }
            Value::Array(list) => list.iter().map(count).sum(),
            _ => 0,
        }
    }
    match count(body) {
        0..=4 => Ok(()),
        n => Err(Problem::refuse(format!("A maximum of 4 blocks with cache_control may be provided. Found {n}."))),
    }
}
