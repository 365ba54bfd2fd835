//! Messages that are not streamed, and what they share with streamed ones: ids, usage, reasons.

use super::signature;
use crate::script::{Finish, Reply, ToolCall, Turn, Usage};
use serde_json::{Map, Value, json};

pub(super) fn whole(turn: &Turn) -> Value {
    let reply = &turn.answer.replies[0];
    let mut message = start(turn);
    message["content"] = Value::Array(content(turn, reply));
    for (name, value) in ending(turn, reply) {
        message[name] = value;
    }
    match (turn.knobs.on(turn.knobs.no_usage), message.as_object_mut()) {
        (true, Some(map)) => drop(map.shift_remove("usage")),
        _ => message["usage"] = usage(&turn.answer.usage, turn.answer.usage.output()),
    }
    message
}

/// The message before it has content, as a stream announces it.
pub(super) fn start(turn: &Turn) -> Value {
    json!({
        "id": format!("msg_drill{:08}", turn.seq),
        "type": "message",
        "role": "assistant",
        "model": turn.ask.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage(&turn.answer.usage, 1),
    })
}

fn content(turn: &Turn, reply: &Reply) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !reply.thinking.is_empty() {
        let text = shown_thinking(turn, reply);
        blocks.push(json!({ "type": "thinking", "thinking": text, "signature": signature(text) }));
    }
    if !reply.text.is_empty() {
        blocks.push(json!({ "type": "text", "text": reply.text }));
    }
    let call =
        |call: &ToolCall| json!({ "type": "tool_use", "id": call_id(call), "name": call.name, "input": call.parsed() });
    blocks.extend(reply.calls.iter().map(call));
    blocks
}

/// The thinking's text, which the caller may have asked to leave out.
pub(super) fn shown_thinking<'a>(turn: &Turn, reply: &'a Reply) -> &'a str {
    if turn.ask.thinking_hidden { "" } else { &reply.thinking }
}

pub(super) fn call_id(call: &ToolCall) -> String {
    format!("toolu_drill{}", call.id)
}

/// The fields that say why the message ended.
pub(super) fn ending(turn: &Turn, reply: &Reply) -> Map<String, Value> {
    let (reason, sequence) = match &reply.finish {
        Finish::Stop => ("end_turn", None),
        Finish::Sequence(stop) => ("stop_sequence", Some(stop)),
        Finish::Length => ("max_tokens", None),
        Finish::Calls => ("tool_use", None),
        Finish::Refusal => ("refusal", None),
    };
    let mut map = Map::new();
    map.insert("stop_reason".into(), json!(turn.knobs.finish.as_deref().unwrap_or(reason)));
    map.insert("stop_sequence".into(), json!(sequence));
    if reply.finish == Finish::Refusal {
        let details = json!({ "type": "refusal", "category": null, "explanation": reply.text });
        map.insert("stop_details".into(), details);
    }
    map
}

/// Usage with this many output tokens.
pub(super) fn usage(usage: &Usage, output: u64) -> Value {
    json!({
        "input_tokens": usage.fresh,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": { "ephemeral_5m_input_tokens": usage.cache_write, "ephemeral_1h_input_tokens": 0 },
        "output_tokens": output,
        "output_tokens_details": { "thinking_tokens": usage.reasoning.min(output) },
        "service_tier": "standard",
    })
}
