//! Streamed messages: named events, blocks one after the other, usage that only grows.

use super::reply::{call_id, ending, shown_thinking, start, usage};
use super::signature;
use crate::dialect::frame::{Frame, Kind};
use crate::dialect::{Failure, Writer, quoted};
use crate::script::{Step, ToolCall, Turn};
use serde_json::{Value, json};

/// What kind of block is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Thinking,
    Text,
    Call(usize),
}

/// Writes one message as events.
pub(super) struct Stream<'a> {
    turn: &'a Turn,
    frame: Frame,
    open: Open,
    /// Index of the block that is open or comes next.
    index: usize,
    /// Everything of a delta event of the open block before its text: the hot path's constant part.
    head: String,
}

impl<'a> Stream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        let frame = Frame::new(Kind::Sse, &turn.knobs);
        Self { turn, frame, open: Open::Nothing, index: 0, head: String::new() }
    }

    fn event(&mut self, data: &Value, out: &mut Vec<u8>) {
        self.frame.event(data["type"].as_str(), data, out);
        if self.turn.knobs.on(self.turn.knobs.comments) {
            self.frame.event(Some("ping"), &json!({ "type": "ping" }), out);
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        let mut message = start(self.turn);
        if let (true, Some(map)) = (self.turn.knobs.on(self.turn.knobs.no_usage), message.as_object_mut()) {
            map.shift_remove("usage");
        }
        self.event(&json!({ "type": "message_start", "message": message }), out);
        self.frame.event(Some("ping"), &json!({ "type": "ping" }), out);
    }

    /// Makes `wanted` the open block, closing another one that is open.
    fn block(&mut self, wanted: Open, start: impl FnOnce() -> Value, out: &mut Vec<u8>) {
        if self.open == wanted {
            return;
        }
        self.end_block(out);
        let begin = json!({ "type": "content_block_start", "index": self.index, "content_block": start() });
        self.event(&begin, out);
        self.open = wanted;
        let (kind, field) = match wanted {
            Open::Thinking => ("thinking_delta", "thinking"),
            Open::Call(_) => ("input_json_delta", "partial_json"),
            _ => ("text_delta", "text"),
        };
        self.head =
            format!(r#"{{"type":"content_block_delta","index":{},"delta":{{"type":"{kind}","{field}":"#, self.index);
    }

    fn end_block(&mut self, out: &mut Vec<u8>) {
        if self.open == Open::Nothing {
            return;
        }
        if self.open == Open::Thinking {
            let text = shown_thinking(self.turn, &self.turn.answer.replies[0]);
            let delta = json!({ "type": "signature_delta", "signature": signature(text) });
            self.event(&json!({ "type": "content_block_delta", "index": self.index, "delta": delta }), out);
        }
        self.event(&json!({ "type": "content_block_stop", "index": self.index }), out);
        self.index += 1;
        self.open = Open::Nothing;
    }

    fn delta(&mut self, text: &str, out: &mut Vec<u8>) {
        self.frame.begin(Some("content_block_delta"), out);
        out.extend_from_slice(self.head.as_bytes());
        quoted(text, out);
        out.extend_from_slice(b"}}");
        self.frame.end(out);
    }

    fn thinking(&mut self, text: &str, out: &mut Vec<u8>) {
        self.block(Open::Thinking, || json!({ "type": "thinking", "thinking": "", "signature": "" }), out);
        if !self.turn.ask.thinking_hidden {
            self.delta(text, out);
        }
    }

    fn call(&mut self, index: usize, call: &ToolCall, out: &mut Vec<u8>) {
        let start = || json!({ "type": "tool_use", "id": call_id(call), "name": call.name, "input": {} });
        self.block(Open::Call(index), start, out);
        self.delta("", out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.end_block(out);
        let delta = ending(self.turn, &self.turn.answer.replies[0]);
        let mut event = json!({ "type": "message_delta", "delta": delta });
        if !self.turn.knobs.on(self.turn.knobs.no_usage) {
            event["usage"] = usage(&self.turn.answer.usage, self.turn.answer.usage.output());
        }
        self.event(&event, out);
    }
}

impl Writer for Stream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        match *step {
            Step::Open => self.start(out),
            Step::Thinking { text, .. } => self.thinking(text, out),
            Step::Text { text, .. } => {
                self.block(Open::Text, || json!({ "type": "text", "text": "" }), out);
                self.delta(text, out);
            }
            Step::Call { index, call, .. } => self.call(index, call, out),
            Step::Arguments { text, .. } => self.delta(text, out),
            Step::Finish { .. } => self.finish(out),
            Step::Close => self.event(&json!({ "type": "message_stop" }), out),
        }
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        self.frame.event(Some("error"), &failure.body, out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        self.frame.raw(Some("content_block_delta"), garbage, out);
    }
}
