//! What sinks are told of a call: one struct for all of them, and the incumbent's payload, which most of them take.

use serde_json::{Map, Value, json};
use store::{Entry, Status, Story, Verdict};
use types::{Operation, Usd, day};

use super::cleaned::{Cleaned, hide_named};

/// A call, or an attempt of one.
pub struct Told {
    /// As it is booked.
    pub entry: Entry,
    /// The alias of the team that pays.
    pub team_alias: Option<String>,
    /// What was said, if that is kept.
    pub said: Option<Cleaned>,
}

/// How a call ended, in the incumbent's words.
pub fn status(entry: &Entry) -> &'static str {
    if entry.status == Status::Success { "success" } else { "failure" }
}

/// The model as the provider calls it.
pub fn bare(entry: &Entry) -> &str {
    entry.model.split_once('/').map_or(&*entry.model, |(_, model)| model)
}

/// What was asked for, by the name that the log has for it.
pub fn operation(entry: &Entry) -> Operation {
    operation_of(&entry.call_type)
}

/// The same of a name of the log.
pub fn operation_of(call_type: &str) -> Operation {
    match call_type {
        name if name.contains("embed") => Operation::Embedding,
        name if name.contains("text_completion") => Operation::Completion,
        name if name.contains("count_tokens") => Operation::CountTokens,
        "acompact_responses" => Operation::Compact,
        "amoderation" => Operation::Moderation,
        "arerank" => Operation::Rerank,
        "aimage_generation" => Operation::Image,
        "aimage_edit" => Operation::ImageEdit,
        "aimage_variation" => Operation::ImageVariation,
        "aspeech" => Operation::Speech,
        "atranscription" => Operation::Transcription,
        "atranslation" => Operation::Translation,
        "pass_through_endpoint" => Operation::PassThrough,
        _ => Operation::Chat,
    }
}

impl Told {
    /// Without whose call it was.
    pub fn redacted(mut self) -> Self {
        let Entry { key, key_alias, user_id, team_id, organization_id, .. } = &mut self.entry;
        key.clear();
        (*key_alias, *user_id, *team_id, *organization_id, self.team_alias) = Default::default();
        self
    }

    /// What the caller said for the log.
    pub fn metadata(&self) -> Value {
        let own = self.entry.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let mut own = own.unwrap_or(Value::Null);
        hide_named(&mut own);
        own
    }

    /// Seconds from its arrival to its end.
    pub fn seconds(&self) -> f64 {
        let end = self.entry.ended_at.unwrap_or(self.entry.started_at);
        (end - self.entry.received_at()).max(0) as f64 / 1000.0
    }

    /// The incumbent's standard payload of a call, as far as there is something to say; `contents` says whether what was
    /// said belongs to it.
    pub fn payload(&self, contents: bool) -> Value {
        let Entry { usage, lines, story, .. } = &self.entry;
        let entry = &self.entry;
        let story = story.clone().unwrap_or_default();
        let seconds = |ms: i64| ms as f64 / 1000.0;
        let said = self.said.as_ref().filter(|_| contents);
        let fault = entry.fault.as_ref();
        let mut payload = json!({
            "id": entry.attempt_id,
            "litellm_call_id": entry.call_id,
            "trace_id": entry.aside.as_ref().and_then(|aside| aside.trace.as_ref()).map(|trace| format!("{:032x}", trace.id)),
            "session_id": entry.session_id,
            "call_type": entry.call_type,
            "stream": entry.stream,
            "status": status(entry),
            "status_fields": { "llm_api_status": status(entry), "guardrail_status": guardrail_status(&story) },
            "response_cost": entry.cost.unwrap_or_default().dollars(),
            "cost_breakdown": {
                "input_cost": (lines.input + lines.cache_read + lines.cache_write).dollars(),
                "output_cost": (lines.output + lines.reasoning).dollars(),
                "tool_usage_cost": lines.other.dollars(),
                "total_cost": entry.cost.map(Usd::dollars),
            },
            "cache_hit": entry.cache_hit,
            "cache_key": entry.cache_key,
            "saved_cache_cost": entry.saved.unwrap_or_default().dollars(),
            "custom_llm_provider": entry.provider,
            "model": bare(entry),
            "model_id": entry.deployment_id,
            "model_group": entry.model_group,
            "api_base": entry.api_base,
            "prompt_tokens": usage.input.unwrap_or_default(),
            "completion_tokens": usage.output.unwrap_or_default(),
            "total_tokens": usage.total().unwrap_or_default(),
            "startTime": seconds(entry.received_at()),
            "endTime": entry.ended_at.map(seconds),
            "completionStartTime": entry.first_token_at.or(entry.ended_at).map(seconds),
            "response_time": self.seconds(),
            "request_tags": entry.tags,
            "end_user": entry.customer_id,
            "requester_ip_address": entry.ip,
            "error_str": fault.map(|fault| &fault.message),
            "error_information": fault.map(|fault| json!({
                "error_code": fault.status.to_string(), "error_class": fault.kind, "error_message": fault.message,
                "llm_provider": entry.provider,
            })),
            "hidden_params": {
                "model_id": entry.deployment_id,
                "api_base": entry.api_base,
                "response_cost": entry.cost.map(Usd::dollars),
                "litellm_overhead_time_ms": story.overhead_us as f64 / 1000.0,
                "usage_object": usage_object(entry),
            },
            "messages": said.map(|said| messages(&said.request)),
            "response": said.and_then(|said| said.answer.as_ref()),
            "model_parameters": said.map(|said| parameters(&said.request)),
        });
        payload["metadata"] = json!({
            "user_api_key_hash": Some(&entry.key).filter(|key| !key.is_empty()),
            "user_api_key_alias": entry.key_alias,
            "user_api_key_user_id": entry.user_id,
            "user_api_key_team_id": entry.team_id,
            "user_api_key_team_alias": self.team_alias,
            "user_api_key_org_id": entry.organization_id,
            "user_api_key_end_user_id": entry.customer_id,
            "requester_metadata": self.metadata(),
            "requester_ip_address": entry.ip,
            "routing_decision": story.route,
            "applied_guardrails": applied(&story),
            "guardrail_information": story.guardrails.iter().map(information).collect::<Vec<_>>(),
            "attempts": story.attempts,
            "attempted_fallbacks": story.fallbacks,
            "queue_ms": story.queue_ms,
            "outcome": entry.status.name(),
            "status_code": entry.code(),
        });
        payload
    }
}

/// Fields in which requests say what is asked, in one dialect or another.
const ASKING: [&str; 5] = ["messages", "contents", "input", "prompt", "content"];

/// What an attempt consumed, in the incumbent's words.
pub fn usage_object(entry: &Entry) -> Value {
    let usage = &entry.usage;
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "reasoning_tokens": usage.reasoning,
        "estimated": entry.estimated,
    })
}

/// What a request asks.
pub fn messages(request: &Value) -> &Value {
    ASKING.iter().find_map(|name| request.get(name)).unwrap_or(request)
}

/// Plain settings of a request: numbers, flags and short texts.
pub fn parameters(request: &Value) -> Value {
    let plain =
        |value: &Value| value.is_number() || value.is_boolean() || value.as_str().is_some_and(|text| text.len() < 100);
    let fields = request.as_object().into_iter().flatten();
    let own = fields.filter(|(name, value)| plain(value) && *name != "model" && !ASKING.contains(&name.as_str()));
    Value::Object(own.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// A moment as most who take times as texts want it.
pub fn moment(at_ms: i64) -> String {
    day::moment(at_ms)
}

/// What guardrails did to a call as a whole, in the incumbent's words.
fn guardrail_status(story: &Story) -> &'static str {
    let any = |verdict: &str| story.guardrails.iter().any(|said| said.verdict == verdict);
    match () {
        () if story.guardrails.is_empty() => "not_run",
        () if any("blocked") || any("masked") => "guardrail_intervened",
        () if any("failed") => "guardrail_failed_to_respond",
        () if any("noted") => "guardrail_flagged",
        () => "success",
    }
}

/// Names of the guardrails that were asked.
fn applied(story: &Story) -> Vec<&str> {
    let mut names: Vec<&str> = story.guardrails.iter().map(|said| said.name.as_str()).collect();
    names.dedup();
    names
}

/// What one of them said: never what it found.
fn information(said: &Verdict) -> Value {
    json!({
        "guardrail_name": said.name,
        "guardrail_mode": said.mode,
        "guardrail_status": said.verdict,
        "duration": said.took_us as f64 / 1e6,
        "masked_entity_count": said.found.iter().map(|(class, count)| (class.clone(), json!(count))).collect::<Map<_, _>>(),
    })
}
