//! Cohere's answers that are not streamed, and what they share with the events of a stream.

use crate::dialect::logprobs;
use crate::script::{Finish, Reply, ToolCall, Turn};
use serde_json::{Map, Value, json};

pub(super) fn whole(turn: &Turn) -> Value {
    let reply = &turn.answer.replies[0];
    let mut message = json!({ "role": "assistant" });
    let mut content = Vec::new();
    if !reply.thinking.is_empty() {
        content.push(json!({ "type": "thinking", "thinking": reply.thinking }));
    }
    if plans(reply) {
        message["tool_plan"] = json!(reply.text);
    } else if !reply.text.is_empty() {
        content.push(json!({ "type": "text", "text": reply.text }));
    }
    if !content.is_empty() || reply.calls.is_empty() {
        message["content"] = json!(content);
    }
    if !reply.calls.is_empty() {
        message["tool_calls"] = reply.calls.iter().map(|call| call_start(call, &call.arguments)).collect();
    }
    let mut body = json!({ "id": id(turn), "finish_reason": finish(turn), "message": message });
    if let Some(usage) = usage(turn) {
        body["usage"] = usage;
    }
    if turn.ask.logprobs.is_some() {
        let pieces = turn.answer.cut.pieces(&reply.text).take(logprobs::MOST);
        body["logprobs"] = pieces.map(probability).collect();
    }
    body
}

/// Whether what the model says leads to calls of tools: that is a plan, and no text.
pub(super) fn plans(reply: &Reply) -> bool {
    !reply.calls.is_empty() && !reply.text.is_empty()
}

/// The id of the answer.
pub(super) fn id(turn: &Turn) -> String {
    format!("drill{:08}", turn.seq)
}

/// A call with so much of its arguments.
pub(super) fn call_start(call: &ToolCall, arguments: &str) -> Value {
    let function = json!({ "name": call.name, "arguments": arguments });
    json!({ "id": format!("{}_{}", call.name, call.id), "type": "function", "function": function })
}

/// The probability of a piece of text, whose token goes by its length.
pub(super) fn probability(piece: &str) -> Value {
    json!({ "text": piece, "token_ids": [piece.len()], "logprobs": [logprobs::CHOSEN] })
}

pub(super) fn finish(turn: &Turn) -> &str {
    let usual = match turn.answer.replies[0].finish {
        Finish::Stop | Finish::Refusal => "COMPLETE",
        Finish::Sequence(_) => "STOP_SEQUENCE",
        Finish::Length => "MAX_TOKENS",
        Finish::Calls => "TOOL_CALL",
    };
    turn.knobs.finish.as_deref().unwrap_or(usual)
}

/// What was consumed, and what is billed of it.
pub(super) fn usage(turn: &Turn) -> Option<Value> {
    if turn.knobs.on(turn.knobs.no_usage) {
        return None;
    }
    let (input, output) = (turn.answer.usage.input(), turn.answer.usage.output());
    let billed = turn.knobs.billed.unwrap_or(input);
    let mut usage = Map::new();
    usage.insert("billed_units".into(), json!({ "input_tokens": billed, "output_tokens": output }));
    usage.insert("tokens".into(), json!({ "input_tokens": input, "output_tokens": output }));
    usage.insert("cached_tokens".into(), json!(turn.answer.usage.cached));
    Some(Value::Object(usage))
}
