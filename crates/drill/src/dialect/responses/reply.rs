//! Answers: their items, and the object around them.

use crate::dialect::CREATED;
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::script::{Ask, Finish, Reply, ToolCall, Turn};
use serde_json::{Value, json};

/// How the mock's seals on reasoning begin.
pub(super) const SEAL: &str = "gAAAAdrill";

pub(super) fn whole(turn: &Turn) -> Value {
    let reply = turn.answer.replies.first();
    let status = match reply.map(|reply| &reply.finish) {
        Some(Finish::Length) => "incomplete",
        _ => "completed",
    };
    let output = reply.map(|reply| items(turn, reply)).unwrap_or_default();
    object(turn, status, &output, true)
}

/// The object at some point of its life.
pub(super) fn object(turn: &Turn, status: &str, output: &[Value], over: bool) -> Value {
    let usage = &turn.answer.usage;
    let usage = json!({
        "input_tokens": usage.input(),
        "input_tokens_details": { "cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write },
        "output_tokens": usage.output(),
        "output_tokens_details": { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.input() + usage.output(),
    });
    let cut = (status == "incomplete").then(|| json!({ "reason": "max_output_tokens" }));
    json!({
        "id": format!("resp_drill{:08}", turn.seq),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": null,
        "incomplete_details": cut,
        "instructions": null,
        "model": turn.ask.model,
        "output": output,
        "parallel_tool_calls": !turn.ask.one_call,
        "tool_choice": "auto",
        "tools": [],
        "usage": if over && !turn.knobs.on(turn.knobs.no_usage) { usage } else { Value::Null },
        "metadata": {},
    })
}

/// What is said of an answer that is kept: nothing is, so each id that looks like one of ours is known. `path` is the id, and
/// what of it is meant.
pub(super) fn kept(method: &str, path: &str) -> Result<Value, Problem> {
    let (id, what) = path.split_once('/').unwrap_or((path, ""));
    if !id.starts_with("resp_drill") {
        return Err(Problem::new(Trouble::NotFound));
    }
    let item = json!({
        "id": "msg_kept", "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "kept" }],
    });
    let status = if what == "cancel" { "cancelled" } else { "completed" };
    Ok(match (method, what) {
        ("DELETE", _) => json!({ "id": id, "object": "response", "deleted": true }),
        (_, "input_items") => json!({
            "object": "list", "data": [item], "first_id": "msg_kept", "last_id": "msg_kept", "has_more": false,
        }),
        _ => json!({
            "id": id, "object": "response", "created_at": CREATED, "status": status, "output": [], "model": "demo",
            "error": null, "incomplete_details": null, "instructions": null, "metadata": {}, "tools": [],
            "tool_choice": "auto", "parallel_tool_calls": true, "usage": null,
        }),
    })
}

/// A conversation made short: what its users said, and the rest in a form that nobody can read.
pub(super) fn compacted(body: &Value, ask: &Ask) -> Result<Value, Problem> {
    for name in ["stream", "tools", "store", "max_output_tokens"] {
        if body.get(name).is_some() {
            return Err(Problem::refuse(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"));
        }
    }
    let message = |content: &Value| {
        let content = match content {
            Value::String(text) => json!([{ "type": "input_text", "text": text }]),
            parts => parts.clone(),
        };
        json!({ "type": "message", "role": "user", "content": content })
    };
    let said = |item: &&Value| item["role"] == "user";
    let mut output: Vec<Value> = match &body["input"] {
        Value::Array(items) => items.iter().filter(said).map(|item| message(&item["content"])).collect(),
        text => vec![message(text)],
    };
    output.push(json!({ "type": "compaction", "id": "cmp_drill", "encrypted_content": format!("{SEAL}compacted") }));
    Ok(json!({
        "id": "resp_drillcompact", "object": "response.compaction", "created_at": CREATED, "output": output,
        "usage": {
            "input_tokens": ask.words, "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens": 7, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": ask.words + 7,
        },
    }))
}

pub(super) fn items(turn: &Turn, reply: &Reply) -> Vec<Value> {
    let mut items = Vec::new();
    if !reply.thinking.is_empty() {
        items.push(reasoning(turn, &reply.thinking));
    }
    if !reply.text.is_empty() || reply.calls.is_empty() {
        items.push(message(turn, &reply.text, reply.finish == Finish::Refusal));
    }
    items.extend(reply.calls.iter().map(|call| self::call(call, &call.arguments, "completed")));
    items
}

pub(super) fn reasoning(turn: &Turn, text: &str) -> Value {
    json!({
        "id": format!("rs_drill{:08}", turn.seq),
        "type": "reasoning",
        "summary": [{ "type": "summary_text", "text": text }],
        "encrypted_content": format!("{SEAL}{:08}", turn.seq),
    })
}

pub(super) fn part(text: &str, refused: bool) -> Value {
    match refused {
        true => json!({ "type": "refusal", "refusal": text }),
        false => json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] }),
    }
}

pub(super) fn message(turn: &Turn, text: &str, refused: bool) -> Value {
    json!({
        "id": format!("msg_drill{:08}", turn.seq),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part(text, refused)],
    })
}

pub(super) fn call(call: &ToolCall, arguments: &str, status: &str) -> Value {
    let (kind, text) = if call.custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
    let mut item = json!({
        "id": format!("fc_{}", call.id),
        "type": kind,
        "status": status,
        "call_id": format!("call_{}", call.id),
        "name": call.name,
    });
    item[text] = json!(arguments);
    item
}
