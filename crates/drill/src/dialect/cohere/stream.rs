//! Cohere's streams: named events, pieces of content and calls one after the other, usage with the end.

use super::reply::{call_start, finish, id, plans, probability, usage};
use crate::dialect::frame::{Frame, Kind};
use crate::dialect::{Failure, Writer, put, quoted};
use crate::script::{Step, ToolCall, Turn};
use serde_json::{Value, json};

/// What kind of content is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Thinking,
    Text,
}

/// A call that is being told.
struct Call {
    index: usize,
    /// Whether something of its arguments was told.
    begun: bool,
}

/// Writes one answer as events.
pub(super) struct Stream<'a> {
    turn: &'a Turn,
    frame: Frame,
    open: Open,
    /// Index of the content that is open or comes next.
    index: usize,
    calls: Vec<Call>,
    /// Everything of a delta event of the open content before its text: the hot path's constant part.
    head: String,
}

impl<'a> Stream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        let frame = Frame::new(Kind::Sse, &turn.knobs);
        Self { turn, frame, open: Open::Nothing, index: 0, calls: Vec::new(), head: String::new() }
    }

    fn event(&mut self, data: &Value, out: &mut Vec<u8>) {
        self.frame.event(data["type"].as_str(), data, out);
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
        let id = id(self.turn);
        self.event(&json!({ "type": "message-start", "id": id, "delta": { "message": message } }), out);
    }

    /// Makes `wanted` the open content, closing another one that is open.
    fn content(&mut self, wanted: Open, out: &mut Vec<u8>) {
        if self.open == wanted {
            return;
        }
        self.end_content(out);
        let name = if wanted == Open::Thinking { "thinking" } else { "text" };
        let content = json!({ "type": name, name: "" });
        let delta = json!({ "message": { "content": content } });
        self.event(&json!({ "type": "content-start", "index": self.index, "delta": delta }), out);
        self.open = wanted;
        let index = self.index;
        self.head = format!(r#"{{"type":"content-delta","index":{index},"delta":{{"message":{{"content":{{"{name}":"#);
    }

    fn end_content(&mut self, out: &mut Vec<u8>) {
        if self.open != Open::Nothing {
            self.event(&json!({ "type": "content-end", "index": self.index }), out);
            self.index += 1;
            self.open = Open::Nothing;
        }
    }

    fn delta(&mut self, text: &str, out: &mut Vec<u8>) {
        self.frame.begin(Some("content-delta"), out);
        out.extend_from_slice(self.head.as_bytes());
        quoted(text, out);
        out.extend_from_slice(b"}}}");
        if self.open == Open::Text && self.turn.ask.logprobs.is_some() {
            out.extend_from_slice(br#","logprobs":"#);
            put(&probability(text), out);
        }
        out.extend_from_slice(b"}");
        self.frame.end(out);
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        if plans(&self.turn.answer.replies[0]) {
            let delta = json!({ "message": { "tool_plan": text } });
            return self.event(&json!({ "type": "tool-plan-delta", "delta": delta }), out);
        }
        self.content(Open::Text, out);
        self.delta(text, out);
    }

    fn call(&mut self, index: usize, call: &ToolCall, out: &mut Vec<u8>) {
        self.end_content(out);
        if self.calls.iter().all(|call| call.begun) {
            self.end_calls(out);
        }
        let delta = json!({ "message": { "tool_calls": call_start(call, "") } });
        self.event(&json!({ "type": "tool-call-start", "index": index, "delta": delta }), out);
        self.calls.push(Call { index, begun: false });
    }

    fn arguments(&mut self, index: usize, text: &str, out: &mut Vec<u8>) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.index == index) {
            call.begun = true;
        }
        let delta = json!({ "message": { "tool_calls": { "function": { "arguments": text } } } });
        self.event(&json!({ "type": "tool-call-delta", "index": index, "delta": delta }), out);
    }

    fn end_calls(&mut self, out: &mut Vec<u8>) {
        for call in std::mem::take(&mut self.calls) {
            self.event(&json!({ "type": "tool-call-end", "index": call.index }), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.end_content(out);
        self.end_calls(out);
        let mut delta = json!({ "finish_reason": finish(self.turn) });
        if let Some(usage) = usage(self.turn) {
            delta["usage"] = usage;
        }
        self.event(&json!({ "type": "message-end", "delta": delta }), out);
    }
}

impl Writer for Stream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        match *step {
            Step::Open => self.start(out),
            Step::Thinking { text, .. } => {
                self.content(Open::Thinking, out);
                self.delta(text, out);
            }
            Step::Text { text, .. } => self.text(text, out),
            Step::Call { index, call, .. } => self.call(index, call, out),
            Step::Arguments { index, text, .. } => self.arguments(index, text, out),
            Step::Finish { .. } => self.finish(out),
            Step::Close => self.frame.raw(None, "[DONE]", out),
        }
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        let delta = json!({ "error": failure.body["message"], "finish_reason": "ERROR" });
        self.event(&json!({ "type": "message-end", "delta": delta }), out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        self.frame.raw(Some("content-delta"), garbage, out);
    }
}
