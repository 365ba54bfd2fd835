//! Answers that are not streamed, and what they share with streamed ones: ids, usage, reasons.

use super::proof;
use crate::script::{Finish, Reply, ToolCall, Turn, Usage};
use serde_json::{Map, Value, json};

pub(super) fn whole(turn: &Turn) -> Value {
    let reply = &turn.answer.replies[0];
    let mut body = Map::new();
    body.insert("output".into(), json!({ "message": { "role": "assistant", "content": content(reply) } }));
    body.extend(ending(turn, reply));
    body.insert("metrics".into(), json!({ "latencyMs": 1 }));
    if !turn.knobs.on(turn.knobs.no_usage) {
        body.insert("usage".into(), usage(&turn.answer.usage));
    }
    Value::Object(body)
}

fn content(reply: &Reply) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !reply.thinking.is_empty() {
        let text = json!({ "text": reply.thinking, "signature": proof(&reply.thinking) });
        blocks.push(json!({ "reasoningContent": { "reasoningText": text } }));
    }
    if !reply.text.is_empty() {
        blocks.push(json!({ "text": reply.text }));
    }
    let call = |call: &ToolCall| json!({ "toolUse": { "toolUseId": call_id(call), "name": call.name, "input": call.parsed() } });
    blocks.extend(reply.calls.iter().map(call));
    blocks
}

pub(super) fn call_id(call: &ToolCall) -> String {
    format!("tooluse_drill{}", call.id)
}

/// The fields that say why the answer ended.
pub(super) fn ending(turn: &Turn, reply: &Reply) -> Map<String, Value> {
    let reason = match &reply.finish {
        Finish::Stop => "end_turn",
        Finish::Sequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
        Finish::Refusal => "content_filtered",
    };
    let mut map = Map::new();
    map.insert("stopReason".into(), json!(turn.knobs.finish.as_deref().unwrap_or(reason)));
    if let Finish::Sequence(stop) = &reply.finish {
        map.insert("additionalModelResponseFields".into(), json!({ "stop_sequence": stop }));
    }
    map
}

pub(super) fn usage(usage: &Usage) -> Value {
    json!({
        "inputTokens": usage.fresh,
        "outputTokens": usage.output(),
        "totalTokens": usage.input() + usage.output(),
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": usage.cache_write,
    })
}
