//! One object of Ollama's answers: a line of a stream, or a whole answer, which looks the same.

use types::{Fault, FaultKind, Finish, Raw, ToolCall, Usage};

use crate::json::{Json, compact};
use crate::upstream::{count, malformed};

/// Text of a field, `None` if it is missing or empty.
fn text(object: Json, name: &str) -> Option<String> {
    object.get(name).and_then(|value| value.as_string()).filter(|text| !text.is_empty())
}

/// What the object says: `message` of `/api/chat`, or the fields of `/api/generate`.
pub(super) fn spoken(root: Json) -> (Option<String>, Option<String>) {
    match root.get_some("message") {
        Some(message) => (text(message, "thinking"), text(message, "content")),
        None => (text(root, "thinking"), text(root, "response")),
    }
}

/// The calls it contains. `made` counts the calls of the whole answer.
pub(super) fn calls(root: Json, made: &mut u32) -> Vec<ToolCall> {
    let list = root.get_some("message").and_then(|message| message.get_some("tool_calls"));
    let calls = list.into_iter().flat_map(|list| list.items());
    calls
        .filter_map(|call| {
            let function = call.get_some("function")?;
            let at = *made;
            *made += 1;
            Some(ToolCall {
                id: text(call, "id").unwrap_or_else(|| made_id(root, at)),
                name: text(function, "name").unwrap_or_default(),
                arguments: arguments(function),
                signature: None,
            })
        })
        .collect()
}

/// Arguments as JSON text. They come as an object; servers that only resemble Ollama send text.
fn arguments(function: Json) -> String {
    match function.get_some("arguments") {
        None => "{}".to_owned(),
        Some(arguments) => arguments.as_string().unwrap_or_else(|| compact(arguments.raw())),
    }
}

/// An id for a call of an old server. Answers have none either, but each was made at another nanosecond.
fn made_id(root: Json, at: u32) -> String {
    let created = text(root, "created_at").unwrap_or_default();
    let moment: String = created.chars().filter(char::is_ascii_digit).take(30).collect();
    if moment.is_empty() { moment } else { format!("call_{moment}_{at}") }
}

/// Log probabilities, which have OpenAI's shape but for the object around them.
pub(super) fn logprobs(root: Json) -> Option<Raw> {
    let list = root.get_some("logprobs")?;
    list.items().next()?;
    Some(Raw::new(format!(r#"{{"content":{}}}"#, list.raw())))
}

/// Token counts; fields that are missing are unknown.
pub(super) fn usage(root: Json) -> Usage {
    Usage { input: count(root.get("prompt_eval_count")), output: count(root.get("eval_count")), ..Usage::default() }
}

/// Whether it is the last object.
pub(super) fn is_done(root: Json) -> bool {
    root.get("done").and_then(|done| done.as_bool()) == Some(true)
}

/// Why the answer ended. An end without reason is a runner whose connection broke; only old servers and imitations,
/// which still report their metrics, leave it out.
pub(super) fn finish(root: Json, calls: bool) -> Result<Finish, Fault> {
    let reason = root.get_some("done_reason").and_then(|reason| reason.as_string());
    let metrics = ["eval_count", "total_duration"].iter().any(|name| root.get_some(name).is_some());
    match reason.as_deref() {
        Some("length") => Ok(Finish::Length),
        Some("") => Err(cut()),
        None if !metrics => Err(cut()),
        Some("error") => Err(malformed("the provider gave up in the middle of the answer")),
        _ if calls => Ok(Finish::ToolCalls),
        _ => Ok(Finish::Stop),
    }
}

fn cut() -> Fault {
    Fault::provider(FaultKind::Cut, "the model's runner broke off before the answer was complete")
}
