//! Chat completions that are not streamed, and what they share with streamed ones: ids, usage, reasons.

use crate::dialect::{CREATED, logprobs};
use crate::script::{Finish, Reply, Shape, ToolCall, Turn, Usage};
use serde_json::{Map, Value, json};

pub(super) fn whole(turn: &Turn) -> Value {
    let choices: Vec<Value> =
        turn.answer.replies.iter().enumerate().map(|(at, reply)| choice(turn, at, reply)).collect();
    let mut body = json!({
        "id": id(turn),
        "object": "chat.completion",
        "created": CREATED,
        "model": turn.ask.model,
        "choices": choices,
        "usage": usage(turn, &turn.answer.usage),
        "service_tier": "default",
        "system_fingerprint": "fp_drill",
    });
    without_usage(turn, &mut body);
    body
}

/// Takes usage out where a knob says so.
pub(super) fn without_usage(turn: &Turn, body: &mut Value) {
    if let (true, Some(map)) = (turn.knobs.on(turn.knobs.no_usage), body.as_object_mut()) {
        map.shift_remove("usage");
    }
}

pub(super) fn id(turn: &Turn) -> String {
    format!("chatcmpl-drill{:08}", turn.seq)
}

fn choice(turn: &Turn, index: usize, reply: &Reply) -> Value {
    json!({
        "index": index,
        "message": message(turn, reply),
        "logprobs": choice_logprobs(turn, reply),
        "finish_reason": finish(turn, reply),
    })
}

fn message(turn: &Turn, reply: &Reply) -> Value {
    let mut message = Map::new();
    message.insert("role".into(), json!("assistant"));
    let refused = reply.finish == Finish::Refusal;
    let silent = refused || (reply.text.is_empty() && !reply.calls.is_empty());
    let text = match inline_thinking(turn) && !reply.thinking.is_empty() {
        true => format!("<think>{}</think>{}", reply.thinking, reply.text),
        false => reply.text.clone(),
    };
    message.insert("content".into(), if silent { Value::Null } else { json!(text) });
    message.insert("refusal".into(), if refused { json!(reply.text) } else { Value::Null });
    message.insert("annotations".into(), json!([]));
    if !reply.thinking.is_empty() && !inline_thinking(turn) {
        message.insert(reasoning_field(turn).into(), json!(reply.thinking));
    }
    match (turn.ask.shape, reply.calls.as_slice()) {
        (_, []) => {}
        (Shape::Functions, [call, ..]) => {
            message.insert("function_call".into(), json!({ "name": call.name, "arguments": call.arguments }));
        }
        (_, calls) => {
            message.insert("tool_calls".into(), calls.iter().map(tool_call).collect());
        }
    }
    Value::Object(message)
}

/// Whether reasoning goes into the text, between tags.
pub(super) fn inline_thinking(turn: &Turn) -> bool {
    turn.knobs.on(turn.knobs.think_tags)
}

pub(super) fn reasoning_field(turn: &Turn) -> &str {
    turn.knobs.reasoning_field.as_deref().unwrap_or("reasoning_content")
}

pub(super) fn call_id(call: &ToolCall) -> String {
    format!("call_{}", call.id)
}

fn tool_call(call: &ToolCall) -> Value {
    if call.custom {
        let inner = json!({ "name": call.name, "input": call.arguments });
        return json!({ "id": call_id(call), "type": "custom", "custom": inner });
    }
    let inner = json!({ "name": call.name, "arguments": call.arguments });
    json!({ "id": call_id(call), "type": "function", "function": inner })
}

fn choice_logprobs(turn: &Turn, reply: &Reply) -> Value {
    let Some(top) = turn.ask.logprobs else {
        return Value::Null;
    };
    let content: Vec<Value> =
        turn.answer.cut.pieces(&reply.text).take(logprobs::MOST).map(|piece| logprobs::entry(piece, top)).collect();
    json!({ "content": content, "refusal": null })
}

pub(super) fn finish<'a>(turn: &'a Turn, reply: &Reply) -> &'a str {
    if let Some(finish) = &turn.knobs.finish {
        return finish;
    }
    match reply.finish {
        Finish::Calls if turn.ask.shape == Shape::Functions => "function_call",
        Finish::Calls => "tool_calls",
        Finish::Length => "length",
        Finish::Stop | Finish::Sequence(_) | Finish::Refusal => "stop",
    }
}

pub(super) fn usage(turn: &Turn, usage: &Usage) -> Value {
    let mut counts = json!({
        "prompt_tokens": usage.input(),
        "completion_tokens": usage.output(),
        "total_tokens": usage.input() + usage.output(),
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    });
    let bill = turn.knobs.bill.as_ref().and_then(|fields| serde_json::from_str(&format!("{{{fields}}}")).ok());
    if let (Some(Value::Object(bill)), Some(counts)) = (bill, counts.as_object_mut()) {
        counts.extend(bill);
    }
    counts
}
