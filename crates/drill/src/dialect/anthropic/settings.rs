//! Reads and checks the settings of a messages request: thinking, sampling, stop sequences, output format,
//! metadata and cache markers.

use super::request::{Version, extra, required, required_text};
use super::schema;
use crate::dialect::{Incoming, field, unknown};
use crate::knobs::Knobs;
use crate::problem::Problem;
use crate::script::Format;
use serde_json::Value;

#[derive(Default)]
pub(super) struct Thinking {
    pub(super) active: bool,
    pub(super) hidden: bool,
    /// Earlier turns must bring their thinking back.
    pub(super) strict: bool,
}

pub(super) fn thinking(body: &Value, max_tokens: Option<u64>, knobs: &Knobs) -> Result<Thinking, Problem> {
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

pub(super) fn sampling(incoming: &Incoming<'_>, version: Version, thinking: bool) -> Result<(), Problem> {
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

pub(super) fn stops(body: &Value) -> Result<Vec<String>, Problem> {
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

pub(super) fn format(body: &Value) -> Result<Option<Format>, Problem> {
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

pub(super) fn metadata(body: &Value) -> Result<(), Problem> {
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
pub(super) fn cache_markers(body: &Value) -> Result<(), Problem> {
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
