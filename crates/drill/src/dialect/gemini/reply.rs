//! Responses of generateContent that are not streamed, and what they share with chunks of a stream.

use super::signature;
use crate::dialect::{CREATED_TEXT, logprobs};
use crate::script::{Finish, Reply, ToolCall, Turn, Usage};
use serde_json::{Map, Value, json};

pub(super) fn whole(turn: &Turn) -> Value {
    if turn.knobs.on(turn.knobs.blocked) {
        return blocked(turn);
    }
    let candidates: Vec<Value> =
        turn.answer.replies.iter().enumerate().map(|(at, reply)| candidate(turn, at, reply)).collect();
    response(turn, Some(candidates), turn.answer.usage.visible, turn.answer.usage.reasoning)
}

/// The answer to a prompt that is blocked: no candidates at all.
pub(super) fn blocked(turn: &Turn) -> Value {
    let mut response = response(turn, None, 0, 0);
    response["promptFeedback"] = json!({ "blockReason": "SAFETY", "blockReasonMessage": "The prompt was blocked." });
    response
}

/// The frame around candidates, with usage so far.
pub(super) fn response(turn: &Turn, candidates: Option<Vec<Value>>, visible: u64, reasoning: u64) -> Value {
    let mut body = Map::new();
    if let Some(candidates) = candidates {
        body.insert("candidates".into(), Value::Array(candidates));
    }
    if !turn.knobs.on(turn.knobs.no_usage) {
        let so_far = Usage { visible, reasoning, ..turn.answer.usage };
        body.insert("usageMetadata".into(), usage(&so_far));
    }
    body.insert("modelVersion".into(), json!(turn.ask.model));
    body.insert("createTime".into(), json!(CREATED_TEXT));
    body.insert("responseId".into(), json!(format!("drill{:08}", turn.seq)));
    Value::Object(body)
}

fn usage(usage: &Usage) -> Value {
    let input = usage.input();
    let mut map = json!({
        "promptTokenCount": input,
        "candidatesTokenCount": usage.visible,
        "totalTokenCount": input + usage.output(),
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": input }],
    });
    // As everywhere in this API, a zero is left out.
    if usage.cached > 0 {
        map["cachedContentTokenCount"] = json!(usage.cached);
        map["cacheTokensDetails"] = json!([{ "modality": "TEXT", "tokenCount": usage.cached }]);
    }
    if usage.reasoning > 0 {
        map["thoughtsTokenCount"] = json!(usage.reasoning);
    }
    map
}

fn candidate(turn: &Turn, index: usize, reply: &Reply) -> Value {
    let mut parts = Vec::new();
    if !reply.thinking.is_empty() {
        parts.push(json!({ "text": reply.thinking, "thought": true }));
    }
    if reply.finish != Finish::Refusal && !reply.text.is_empty() {
        parts.push(json!({ "text": reply.text }));
    }
    if reply.calls.is_empty() {
        sign_text(turn, reply, &mut parts);
    }
    parts.extend(reply.calls.iter().enumerate().map(|(at, call)| call_part(turn, at, call)));
    let mut candidate = json!({ "content": { "parts": parts, "role": "model" } });
    candidate["finishReason"] = json!(finish(turn, reply));
    candidate["index"] = json!(index);
    if let Some(top) = turn.ask.logprobs {
        let pieces: Vec<&str> = turn.answer.cut.pieces(&reply.text).take(logprobs::MOST).collect();
        candidate["avgLogprobs"] = json!(logprobs::CHOSEN);
        candidate["logprobsResult"] = probabilities(&pieces, top);
    }
    if reply.finish == Finish::Refusal {
        candidate["finishMessage"] = json!(reply.text);
    }
    candidate
}

/// The signature of a text answer: on the last text, or on an empty part of its own.
fn sign_text(turn: &Turn, reply: &Reply, parts: &mut Vec<Value>) {
    if !signs(turn, reply) {
        return;
    }
    match parts.last_mut().filter(|part| part.get("thought").is_none() && !turn.knobs.on(turn.knobs.late_signature)) {
        Some(part) => part["thoughtSignature"] = json!(signature("text")),
        None => parts.push(json!({ "text": "", "thoughtSignature": signature("text") })),
    }
}

/// Whether text of this reply is signed.
pub(super) fn signs(turn: &Turn, reply: &Reply) -> bool {
    !reply.thinking.is_empty() || turn.knobs.on(turn.knobs.gemini3) || turn.knobs.on(turn.knobs.late_signature)
}

/// A call's part; the first of a step carries the signature.
pub(super) fn call_part(turn: &Turn, index: usize, call: &ToolCall) -> Value {
    let mut inner = json!({ "name": call.name, "args": call.parsed() });
    if turn.knobs.on(turn.knobs.gemini3) {
        inner["id"] = json!(call.id);
    }
    let mut part = json!({ "functionCall": inner });
    if index == 0 {
        part["thoughtSignature"] = json!(signature(&call.name));
    }
    part
}

pub(super) fn finish<'a>(turn: &'a Turn, reply: &Reply) -> &'a str {
    let usual = match reply.finish {
        Finish::Stop | Finish::Sequence(_) | Finish::Calls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Refusal => "SAFETY",
    };
    turn.knobs.finish.as_deref().unwrap_or(usual)
}

pub(super) fn probabilities(pieces: &[&str], top: usize) -> Value {
    let one = |token: &str, logprob: f64| json!({ "token": token, "tokenId": token.len(), "logProbability": logprob });
    let all = |piece: &&str| -> Value {
        let list: Vec<Value> = logprobs::candidates(piece, top).map(|(token, logprob)| one(&token, logprob)).collect();
        json!({ "candidates": list })
    };
    json!({
        "chosenCandidates": pieces.iter().map(|piece| one(piece, logprobs::CHOSEN)).collect::<Vec<_>>(),
        "topCandidates": pieces.iter().map(all).collect::<Vec<_>>(),
    })
}
