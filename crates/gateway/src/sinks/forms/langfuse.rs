//! Langfuse's ingestion API: a trace for each call, and in it a generation.

use std::rc::Rc;

use serde_json::{Value, json};
use store::Status;
use types::Usd;

use super::super::told::{Told, bare, messages, moment, parameters};

/// The body that tells of these calls.
pub fn body(batch: &[Rc<Told>], contents: bool) -> String {
    let events: Vec<Value> = batch.iter().flat_map(|told| events(told, contents)).collect();
    json!({ "batch": events }).to_string()
}

fn events(told: &Told, contents: bool) -> [Value; 2] {
    let entry = &told.entry;
    let payload = told.payload(false);
    let said = told.said.as_ref().filter(|_| contents);
    let (input, output) = (said.map(|said| messages(&said.request)), said.and_then(|said| said.answer.as_ref()));
    let started_at = moment(entry.received_at());
    // Calls of one trace of the caller's are one trace there, too.
    let trace_id = payload["trace_id"].as_str().unwrap_or(&entry.attempt_id);
    let trace = json!({
        "id": trace_id,
        "timestamp": started_at,
        "name": entry.call_type,
        "userId": entry.customer_id.as_ref().or(entry.user_id.as_ref()),
        "sessionId": entry.session_id,
        "tags": entry.tags,
        "metadata": payload["metadata"],
        "input": input,
        "output": output,
    });
    let usage = &entry.usage;
    let (read, written) = (usage.cache_read.unwrap_or_default(), usage.cache_write.unwrap_or_default());
    let generation = json!({
        "id": entry.attempt_id,
        "traceId": trace_id,
        "name": format!("{} {}", entry.call_type, entry.model_group),
        "startTime": started_at,
        "completionStartTime": entry.first_token_at.map(moment),
        "endTime": entry.ended_at.map(moment),
        "model": if entry.model.is_empty() { &entry.model_group } else { bare(entry) },
        "modelParameters": said.map(|said| parameters(&said.request)),
        "input": input,
        "output": output,
        "usageDetails": {
            // Parts do not overlap there.
            "input": usage.input.unwrap_or_default().saturating_sub(read + written),
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "output": usage.output.unwrap_or_default(),
            "total": usage.total().unwrap_or_default(),
        },
        "costDetails": { "total": entry.cost.map(Usd::dollars) },
        "level": if entry.status == Status::Success { "DEFAULT" } else { "ERROR" },
        "statusMessage": entry.fault.as_ref().map(|fault| &fault.message),
        "metadata": { "provider": entry.provider, "model_id": entry.deployment_id, "status_code": entry.code() },
    });
    // Langfuse knows by the ids of events what it has already.
    let event = |kind: &str, body: Value| json!({ "id": format!("{}-{kind}", entry.attempt_id), "timestamp": started_at, "type": kind, "body": body });
    [event("trace-create", trace), event("generation-create", generation)]
}
