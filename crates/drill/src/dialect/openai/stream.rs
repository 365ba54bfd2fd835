//! Streamed chat completions. Plain text is the hot path of benchmarks: everything around the text of a
//! chunk is laid out once per stream.

use super::reply::{call_id, finish, id, inline_thinking, reasoning_field, usage};
use crate::dialect::frame::{Frame, Kind};
use crate::dialect::{CREATED, Failure, Writer, logprobs, put, quoted};
use crate::knobs::CallStyle;
use crate::script::{Finish, Shape, Step, ToolCall, Turn, Usage};
use serde_json::{Value, json};

/// Writes one chat completion as chunks.
pub(super) struct ChatStream<'a> {
    turn: &'a Turn,
    frame: Frame,
    /// Everything of a chunk before its choices, and after them.
    head: String,
    tail: &'static str,
    /// Pieces sent so far, for usage on every chunk.
    sent: u64,
    /// Replies whose `<think>` is open.
    tagged: Vec<bool>,
}

impl<'a> ChatStream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        let head = format!(
            r#"{{"id":"{}","object":"chat.completion.chunk","created":{CREATED},"model":{},"service_tier":"default","system_fingerprint":"fp_drill","choices":["#,
            id(turn),
            json!(turn.ask.model),
        );
        let tail =
            if turn.ask.stream_usage && !turn.knobs.on(turn.knobs.no_usage) { r#"],"usage":null}"# } else { "]}" };
        let tagged = vec![false; turn.answer.replies.len()];
        Self { turn, frame: Frame::new(Kind::Sse, &turn.knobs), head, tail, sent: 0, tagged }
    }

    /// A chunk with one choice, written by `choice`.
    fn chunk(&mut self, out: &mut Vec<u8>, choice: impl FnOnce(&mut Vec<u8>)) {
        self.frame.begin(None, out);
        out.extend_from_slice(self.head.as_bytes());
        choice(out);
        if self.turn.knobs.on(self.turn.knobs.usage_each) {
            let so_far = Usage { visible: self.sent, reasoning: 0, ..self.turn.answer.usage };
            out.extend_from_slice(format!(r#"],"usage":{}}}"#, usage(self.turn, &so_far)).as_bytes());
        } else {
            out.extend_from_slice(self.tail.as_bytes());
        }
        self.frame.end(out);
    }

    fn delta(&mut self, reply: usize, delta: &Value, out: &mut Vec<u8>) {
        let choice = json!({ "index": reply, "delta": delta, "logprobs": null, "finish_reason": null });
        self.chunk(out, |out| put(&choice, out));
    }

    fn open(&mut self, out: &mut Vec<u8>) {
        if self.turn.knobs.on(self.turn.knobs.empty_choices_first) {
            let first = json!({ "id": "", "object": "", "created": 0, "model": "", "choices": [],
                "prompt_filter_results": [{ "prompt_index": 0, "content_filter_results": {} }] });
            self.frame.event(None, &first, out);
        }
        for reply in 0..self.turn.answer.replies.len() {
            let calls = !self.turn.answer.replies[reply].calls.is_empty();
            let content = if calls { Value::Null } else { json!("") };
            self.delta(reply, &json!({ "role": "assistant", "content": content, "refusal": null }), out);
        }
    }

    /// A chunk whose delta is one string: the hot path.
    fn string(&mut self, reply: usize, field: &str, text: &str, out: &mut Vec<u8>) {
        self.sent += 1;
        let logprobs = match self.turn.ask.logprobs {
            Some(top) if field == "content" => json!({ "content": [logprobs::entry(text, top)], "refusal": null }),
            _ => Value::Null,
        };
        self.chunk(out, |out| {
            out.extend_from_slice(br#"{"index":"#);
            number(reply, out);
            out.extend_from_slice(br#","delta":{""#);
            out.extend_from_slice(field.as_bytes());
            out.extend_from_slice(br#"":"#);
            quoted(text, out);
            out.extend_from_slice(br#"},"logprobs":"#);
            put(&logprobs, out);
            out.extend_from_slice(br#","finish_reason":null}"#);
        });
    }

    fn thinking(&mut self, reply: usize, text: &str, out: &mut Vec<u8>) {
        if !inline_thinking(self.turn) {
            return self.string(reply, reasoning_field(self.turn), text, out);
        }
        if !std::mem::replace(&mut self.tagged[reply], true) {
            self.string(reply, "content", "<think>", out);
        }
        self.string(reply, "content", text, out);
    }

    /// Closes an open `<think>` before anything else of that reply.
    fn untag(&mut self, reply: usize, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.tagged[reply]) {
            self.string(reply, "content", "</think>", out);
        }
    }

    fn text(&mut self, reply: usize, text: &str, out: &mut Vec<u8>) {
        self.untag(reply, out);
        let refused = self.turn.answer.replies[reply].finish == Finish::Refusal;
        self.string(reply, if refused { "refusal" } else { "content" }, text, out);
    }

    fn call(&mut self, reply: usize, index: usize, call: &ToolCall, out: &mut Vec<u8>) {
        self.untag(reply, out);
        let whole = self.style() == CallStyle::Whole;
        let arguments = if whole { call.arguments.as_str() } else { "" };
        if self.turn.ask.shape == Shape::Functions {
            let delta = json!({ "function_call": { "name": call.name, "arguments": arguments } });
            return self.delta(reply, &delta, out);
        }
        let (kind, text) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
        let mut part = json!({ "index": index, "id": call_id(call), "type": kind });
        part[kind] = json!({ "name": call.name });
        part[kind][text] = json!(arguments);
        self.part(reply, part, out);
    }

    fn arguments(&mut self, reply: usize, index: usize, call: &ToolCall, text: &str, out: &mut Vec<u8>) {
        self.sent += 1;
        match (self.style(), self.turn.ask.shape) {
            (CallStyle::Whole, _) => {}
            (_, Shape::Functions) => self.delta(reply, &json!({ "function_call": { "arguments": text } }), out),
            (style, _) => {
                let mut part = json!({ "index": index });
                if style == CallStyle::RepeatId {
                    part["id"] = json!(call_id(call));
                }
                let inner = if call.custom { ("custom", "input") } else { ("function", "arguments") };
                part[inner.0][inner.1] = json!(text);
                self.part(reply, part, out);
            }
        }
    }

    fn part(&mut self, reply: usize, mut part: Value, out: &mut Vec<u8>) {
        if let (CallStyle::NoIndex, Some(map)) = (self.style(), part.as_object_mut()) {
            map.shift_remove("index");
        }
        self.delta(reply, &json!({ "tool_calls": [part] }), out);
    }

    fn style(&self) -> CallStyle {
        self.turn.knobs.call_style.unwrap_or(CallStyle::Fragments)
    }

    fn finish(&mut self, reply: usize, out: &mut Vec<u8>) {
        self.untag(reply, out);
        let reason = finish(self.turn, &self.turn.answer.replies[reply]);
        let choice = json!({ "index": reply, "delta": {}, "logprobs": null, "finish_reason": reason });
        self.chunk(out, |out| put(&choice, out));
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.turn.ask.stream_usage && !self.turn.knobs.on(self.turn.knobs.no_usage) {
            self.frame.begin(None, out);
            out.extend_from_slice(self.head.as_bytes());
            out.extend_from_slice(format!(r#"],"usage":{}}}"#, usage(self.turn, &self.turn.answer.usage)).as_bytes());
            self.frame.end(out);
        }
        self.frame.raw(None, "[DONE]", out);
    }
}

impl Writer for ChatStream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        match *step {
            Step::Open => self.open(out),
            Step::Thinking { reply, text } => self.thinking(reply, text, out),
            Step::Text { reply, text } => self.text(reply, text, out),
            Step::Call { reply, index, call } => self.call(reply, index, call, out),
            Step::Arguments { reply, index, call, text } => self.arguments(reply, index, call, text, out),
            Step::Finish { reply } => self.finish(reply, out),
            Step::Close => self.close(out),
        }
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        self.frame.event(None, &failure.body, out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        self.frame.raw(None, garbage, out);
    }
}

/// Appends a small number without allocating.
fn number(value: usize, out: &mut Vec<u8>) {
    if value < 10 {
        out.push(b'0' + value as u8);
    } else {
        out.extend_from_slice(value.to_string().as_bytes());
    }
}
