//! From a request and its knobs to an answer: tool calls if there are tools, JSON if a format is asked,
//! otherwise a sentence with the last user text in it.

use super::{Answer, Ask, Choice, Cut, Finish, Format, Reply, Tool, ToolCall, Usage};
use crate::knobs::Knobs;
use crate::schema::example;
use serde_json::{Value, json};

/// What a model that declines says.
pub(crate) const DECLINED: &str = "I can't help with that.";
/// What long answers are made of.
const FILLER: &str = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor ";
/// Bytes of a chunk when only the number of chunks is given.
const CHUNK: u64 = 4;
/// Largest answer over all its replies, in bytes: the rest is cut off.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Most tool calls in one answer.
const MAX_CALLS: u64 = 128;

/// The answer to a request. `seq` numbers the request, so that ids of calls differ.
pub(crate) fn compose(ask: &Ask, knobs: &Knobs, seq: u64) -> Answer {
    let cut = match (knobs.chunk_bytes, knobs.chunks, knobs.answer_bytes) {
        (Some(size), ..) => Cut::Bytes(size as usize),
        (None, Some(chunks), Some(bytes)) => Cut::Bytes(bytes.div_ceil(chunks.max(1)) as usize),
        (None, Some(_), None) => Cut::Bytes(CHUNK as usize),
        _ => Cut::Words,
    };
    let replies: Vec<Reply> = (0..ask.n.max(1)).map(|index| reply(ask, knobs, cut, seq, index)).collect();
    let usage = usage(ask, knobs, cut, &replies);
    Answer { replies, usage, cut }
}

fn reply(ask: &Ask, knobs: &Knobs, cut: Cut, seq: u64, index: usize) -> Reply {
    let mut reply = draft(ask, knobs, seq, index);
    if index > 0 && reply.calls.is_empty() && ask.format.is_none() {
        reply.text.push_str(&format!(" (answer {})", index + 1));
    }
    let most = MAX_ANSWER / ask.n.max(1);
    if reply.text.len() > most {
        reply.text.truncate(head(&reply.text, most).len());
        reply.text.shrink_to_fit();
    }
    stop_at_sequence(&mut reply, &ask.stops);
    limit(&mut reply, ask.max_tokens, hidden_reasoning(ask, knobs), cut);
    reply
}

fn draft(ask: &Ask, knobs: &Knobs, seq: u64, index: usize) -> Reply {
    let thinking = if ask.thinking { thoughts(ask) } else { String::new() };
    let plain = |text: String, finish| Reply { thinking: thinking.clone(), text, calls: Vec::new(), finish };
    if knobs.on(knobs.refusal) {
        return plain(DECLINED.to_owned(), Finish::Refusal);
    }
    let calls = calls(ask, knobs, seq, index);
    if !calls.is_empty() {
        let text = if knobs.on(knobs.preface) { "Let me look that up.".to_owned() } else { String::new() };
        return Reply { calls, ..plain(text, Finish::Calls) };
    }
    plain(text(ask, knobs), Finish::Stop)
}

fn thoughts(ask: &Ask) -> String {
    format!("The user wants an answer to: {}", head(&ask.last_user, 200))
}

fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn text(ask: &Ask, knobs: &Knobs) -> String {
    if let Some(text) = sized(knobs) {
        return text;
    }
    let said = match (&ask.format, &ask.tool_result) {
        (Some(Format::Schema(schema)), _) => example(schema, 0).to_string(),
        (Some(Format::Json), Some(result)) => json!({ "answer": result }).to_string(),
        (Some(Format::Json), None) => json!({ "answer": ask.last_user }).to_string(),
        (None, Some(result)) => format!("The tool said: {result}"),
        (None, None) => format!("You said: {}", ask.last_user),
    };
    match &ask.echo {
        Some(prompt) => format!("{prompt}{said}"),
        None => said,
    }
}

/// The text when the knobs decide about it: given, or filler of a given size.
fn sized(knobs: &Knobs) -> Option<String> {
    if knobs.text.is_some() {
        return knobs.text.clone();
    }
    let chunk = knobs.chunk_bytes.unwrap_or(CHUNK);
    let bytes = knobs.answer_bytes.or_else(|| Some(knobs.chunks?.saturating_mul(chunk)))?;
    let bytes = (bytes as usize).min(MAX_ANSWER);
    let mut text = FILLER.repeat(bytes.div_ceil(FILLER.len()));
    text.truncate(bytes);
    Some(text)
}

fn calls(ask: &Ask, knobs: &Knobs, seq: u64, index: usize) -> Vec<ToolCall> {
    if ask.tools.is_empty() || ask.choice == Choice::Never || ask.tool_result.is_some() || knobs.on(knobs.no_call) {
        return Vec::new();
    }
    let count = if ask.one_call { 1 } else { knobs.parallel.unwrap_or(1).min(MAX_CALLS) as usize };
    let named = |name: &str, at: usize| ask.tools.iter().find(|tool| tool.name == name).map(|tool| (tool, at));
    let pick = |at: usize| match (&ask.choice, &knobs.tool) {
        (Choice::Named(name), _) | (_, Some(name)) => named(name, at),
        _ => Some((&ask.tools[at % ask.tools.len()], at / ask.tools.len())),
    };
    let make = |at: usize, tool: &Tool, variant: usize| ToolCall {
        id: format!("{seq:06}{:02}{at:02}", index),
        name: tool.name.clone(),
        arguments: knobs.args.clone().unwrap_or_else(|| arguments(tool, variant)),
        custom: tool.schema.is_null(),
    };
    (0..count).filter_map(|at| pick(at).map(|(tool, variant)| make(at, tool, variant))).collect()
}

fn arguments(tool: &Tool, variant: usize) -> String {
    if tool.schema.is_null() {
        return "text".to_owned();
    }
    match example(&tool.schema, variant) {
        object @ Value::Object(_) => object.to_string(),
        _ => "{}".to_owned(),
    }
}

fn stop_at_sequence(reply: &mut Reply, stops: &[String]) {
    let found = |stop: &String| Some((reply.text.find(stop.as_str())?, stop.clone()));
    if let Some((at, stop)) = stops.iter().filter(|stop| !stop.is_empty()).filter_map(found).min_by_key(|hit| hit.0) {
        reply.text.truncate(at);
        reply.calls.clear();
        reply.finish = Finish::Sequence(stop);
    }
}

/// Reasoning tokens that have no text, which count against the limit all the same.
fn hidden_reasoning(ask: &Ask, knobs: &Knobs) -> u64 {
    if ask.thinking { 0 } else { knobs.reasoning.unwrap_or(0) }
}

/// Cuts the reply after so many tokens, in the order they are produced. A call that does not fit is dropped.
fn limit(reply: &mut Reply, most: Option<u64>, hidden: u64, cut: Cut) {
    let Some(most) = most else { return };
    let mut left = most.saturating_sub(hidden);
    let mut over = hidden > most;
    for text in [&mut reply.thinking, &mut reply.text] {
        let fits: usize = cut.pieces(text).take(left as usize).map(str::len).sum();
        over |= fits < text.len();
        text.truncate(fits);
        left -= cut.count(text).min(left);
    }
    let before = reply.calls.len();
    reply.calls.retain(|call| {
        let cost = call_tokens(call, cut);
        let fits = cost <= left;
        left = if fits { left - cost } else { 0 };
        fits
    });
    if over || reply.calls.len() < before {
        reply.finish = Finish::Length;
    }
}

fn call_tokens(call: &ToolCall, cut: Cut) -> u64 {
    1 + cut.count(&call.arguments)
}

fn usage(ask: &Ask, knobs: &Knobs, cut: Cut, replies: &[Reply]) -> Usage {
    let visible =
        |reply: &Reply| cut.count(&reply.text) + reply.calls.iter().map(|call| call_tokens(call, cut)).sum::<u64>();
    let thought = replies.iter().map(|reply| cut.count(&reply.thinking)).sum();
    Usage {
        fresh: ask.words.max(1),
        cached: knobs.cached.unwrap_or(0),
        cache_write: knobs.cache_write.unwrap_or(0),
        visible: replies.iter().map(visible).sum(),
        reasoning: knobs.reasoning.unwrap_or(thought),
    }
}
