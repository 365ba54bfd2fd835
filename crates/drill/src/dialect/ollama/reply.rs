//! Ollama's answers that are not streamed, and what they share with the lines of a stream.

use crate::dialect::{CREATED_TEXT, logprobs};
use crate::script::{Finish, Shape, ToolCall, Turn};
use serde_json::{Map, Value, json};

pub(super) fn whole(turn: &Turn) -> Value {
    let reply = &turn.answer.replies[0];
    let (content, thinking) = match turn.knobs.on(turn.knobs.think_tags) && !reply.thinking.is_empty() {
        true => (format!("<think>{}</think>{}", reply.thinking, reply.text), ""),
        false => (reply.text.clone(), reply.thinking.as_str()),
    };
    let mut body = match turn.ask.shape {
        Shape::Load { unload } => return loaded(turn, unload),
        shape => line(turn, shape, &content, thinking),
    };
    if !reply.calls.is_empty() {
        body["message"]["tool_calls"] = calls(&reply.calls, 0);
    }
    if let Some(top) = turn.ask.logprobs {
        body["logprobs"] =
            turn.answer.cut.pieces(&reply.text).take(logprobs::MOST).map(|piece| logprobs::entry(piece, top)).collect();
    }
    end(turn, &mut body);
    body
}

/// The answer to a request that only loads or unloads the model; it generates nothing.
fn loaded(turn: &Turn, unload: bool) -> Value {
    let mut body = line(turn, Shape::Chat, "", "");
    body["done_reason"] = json!(if unload { "unload" } else { "load" });
    body["done"] = json!(true);
    body
}

/// One object of an answer: text and thinking, in the place the endpoint has for them.
pub(super) fn line(turn: &Turn, shape: Shape, content: &str, thinking: &str) -> Value {
    let mut body = json!({ "model": turn.ask.model, "created_at": CREATED_TEXT });
    if shape == Shape::Text {
        body["response"] = json!(content);
        if !thinking.is_empty() {
            body["thinking"] = json!(thinking);
        }
    } else {
        let mut message = json!({ "role": "assistant", "content": content });
        if !thinking.is_empty() {
            message["thinking"] = json!(thinking);
        }
        body["message"] = message;
    }
    body["done"] = json!(false);
    body
}

/// Calls as Ollama writes them: whole, with arguments as an object.
pub(super) fn calls(calls: &[ToolCall], first: usize) -> Value {
    let one = |(at, call): (usize, &ToolCall)| {
        let arguments = match call.parsed() {
            object @ Value::Object(_) => object,
            _ => json!({}),
        };
        let function = json!({ "index": first + at, "name": call.name, "arguments": arguments });
        json!({ "id": format!("call_{}", call.id), "function": function })
    };
    calls.iter().enumerate().map(one).collect()
}

/// Turns the object into the last one: the reason and the numbers.
pub(super) fn end(turn: &Turn, body: &mut Value) {
    let reply = &turn.answer.replies[0];
    // Tool calls do not show in the reason.
    let usual = if reply.finish == Finish::Length { "length" } else { "stop" };
    let mut last = Map::new();
    last.insert("done_reason".into(), json!(turn.knobs.finish.as_deref().unwrap_or(usual)));
    last.insert("done".into(), json!(true));
    if turn.ask.shape == Shape::Text {
        last.insert("context".into(), json!([1, 2, 3]));
    }
    last.insert("total_duration".into(), json!(4_935_886_791_u64));
    last.insert("load_duration".into(), json!(534_986_708_u64));
    if !turn.knobs.on(turn.knobs.no_usage) {
        let usage = &turn.answer.usage;
        for (name, count) in [("prompt_eval_count", usage.input()), ("eval_count", usage.output())] {
            // Go leaves a zero out.
            if count > 0 {
                last.insert(name.into(), json!(count));
            }
        }
    }
    last.insert("prompt_eval_duration".into(), json!(107_345_000_u64));
    last.insert("eval_duration".into(), json!(4_289_432_000_u64));
    if let Some(map) = body.as_object_mut() {
        map.extend(last);
    }
}
