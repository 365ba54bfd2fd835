//! One object of an answer: a line of a stream, or a whole answer, which looks the same.

use bytes::{BufMut, BytesMut};
use types::{Finish, Operation, Raw, ToolCall, Usage, day};

use crate::json::{Doc, Writer};
use crate::{Stamp, turns};

/// Nanoseconds in a millisecond.
const MS: i64 = 1_000_000;

/// Writes an object as a line.
pub(super) fn write(out: &mut BytesMut, fill: impl FnOnce(&mut Writer)) {
    let start = out.len();
    // A writer begins behind a line's end as at the beginning.
    Writer::new(out).object(fill);
    // Arguments of calls, and other raw values, may hold line breaks, which would end the line.
    out[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    out.put_u8(b'\n');
}

/// What was said in an object.
#[derive(Clone, Copy, Default)]
pub(super) struct Said<'a> {
    pub text: &'a str,
    pub thinking: &'a str,
    pub calls: &'a [ToolCall],
    /// When, where that is written already.
    pub at: Option<&'a str>,
}

/// Writes how every object begins, and what is said in it.
pub(super) fn begin(w: &mut Writer, operation: Operation, stamp: &Stamp, said: &Said) {
    w.str_field("model", &stamp.model);
    match said.at {
        Some(at) => w.str_field("created_at", at),
        None => w.str_field("created_at", &day::moment(stamp.clock.now_ms())),
    }
    if operation == Operation::Completion {
        w.str_field("response", said.text);
        if !said.thinking.is_empty() {
            w.str_field("thinking", said.thinking);
        }
        return;
    }
    w.key("message").object(|w| {
        w.str_field("role", "assistant");
        w.str_field("content", said.text);
        if !said.thinking.is_empty() {
            w.str_field("thinking", said.thinking);
        }
        if !said.calls.is_empty() {
            w.key("tool_calls").array(|w| {
                for (index, call) in said.calls.iter().enumerate() {
                    w.object(|w| write_call(w, index, call));
                }
            });
        }
    });
}

/// Arguments are an object here. Text that is none stays to be seen by the tool, which will complain.
fn write_call(w: &mut Writer, index: usize, call: &ToolCall) {
    w.opt_str("id", Some(&*call.id).filter(|id| !id.is_empty()));
    w.key("function").object(|w| {
        w.num_field("index", index);
        w.str_field("name", &call.name);
        match turns::object_text(&call.arguments) {
            Some(object) => w.key("arguments").json(&object),
            None => w.key("arguments").object(|w| w.str_field("arguments", &call.arguments)),
        }
    });
}

/// Writes log probabilities: OpenAI's without the object around them.
pub(super) fn logprobs(w: &mut Writer, raw: &Raw) {
    if let Ok(doc) = Doc::parse(raw.get().as_bytes())
        && let Some(list) = doc.root().get_some("content")
    {
        w.key("logprobs").json(list.raw());
    }
}

/// Writes how the last object ends: why, how long it took, and what it consumed. What is not known, or zero, is left
/// out, as Ollama does. `first_ms` is when the first content came.
pub(super) fn end(w: &mut Writer, finish: Option<Finish>, stamp: &Stamp, first_ms: Option<i64>, usage: &Usage) {
    w.num_field("done", true);
    w.str_field("done_reason", reason(finish));
    let (now, began) = (stamp.clock.now_ms(), stamp.began_ms);
    let mut span = |name: &str, from: i64, to: i64| {
        if to > from {
            w.num_field(name, (to - from) * MS);
        }
    };
    let first = first_ms.unwrap_or(began);
    span("total_duration", began, now);
    span("prompt_eval_duration", began, first);
    span("eval_duration", first, now);
    w.opt_num("prompt_eval_count", usage.input.filter(|count| *count > 0));
    w.opt_num("eval_count", usage.output.filter(|count| *count > 0));
}

/// Calls of tools do not change the word; no finish at all is the answer to who only wanted the model loaded.
fn reason(finish: Option<Finish>) -> &'static str {
    match finish {
        None => "load",
        Some(Finish::Length) => "length",
        Some(Finish::Stop | Finish::ToolCalls | Finish::ContentFilter) => "stop",
    }
}
