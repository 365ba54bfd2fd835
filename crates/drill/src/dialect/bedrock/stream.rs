//! Streamed answers: blocks of text and reasoning begin with their first piece, calls with an event; the usage comes
//! last, behind the stop.

use super::failure::in_frame;
use super::reply::{call_id, ending, usage};
use super::{frame, proof};
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

/// Writes one answer as frames.
pub(super) struct Stream<'a> {
    turn: &'a Turn,
    open: Open,
    /// Index of the block that is open or comes next.
    index: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        Self { turn, open: Open::Nothing, index: 0 }
    }

    fn event(&self, name: &str, data: &Value, out: &mut Vec<u8>) {
        frame::event(name, data.to_string().as_bytes(), out);
    }

    /// Makes `wanted` the open block, closing another one that is open.
    fn block(&mut self, wanted: Open, out: &mut Vec<u8>) {
        if self.open != wanted {
            self.end_block(out);
            self.open = wanted;
        }
    }

    fn end_block(&mut self, out: &mut Vec<u8>) {
        if self.open == Open::Nothing {
            return;
        }
        if self.open == Open::Thinking {
            let signature = proof(&self.turn.answer.replies[0].thinking);
            self.delta(&json!({ "reasoningContent": { "signature": signature } }), out);
        }
        self.event("contentBlockStop", &json!({ "contentBlockIndex": self.index }), out);
        self.index += 1;
        self.open = Open::Nothing;
    }

    fn delta(&self, delta: &Value, out: &mut Vec<u8>) {
        self.event("contentBlockDelta", &json!({ "contentBlockIndex": self.index, "delta": delta, "p": "abcd" }), out);
    }

    /// A piece of text on the hot path, written without building JSON values.
    fn piece(&self, around: (&str, &str), text: &str, out: &mut Vec<u8>) {
        let mut payload = format!(r#"{{"contentBlockIndex":{},"delta":{}"#, self.index, around.0).into_bytes();
        quoted(text, &mut payload);
        payload.extend_from_slice(around.1.as_bytes());
        payload.push(b'}');
        frame::event("contentBlockDelta", &payload, out);
    }

    fn call(&mut self, index: usize, call: &ToolCall, out: &mut Vec<u8>) {
        self.block(Open::Call(index), out);
        let start = json!({ "toolUse": { "toolUseId": call_id(call), "name": call.name } });
        self.event("contentBlockStart", &json!({ "contentBlockIndex": self.index, "start": start }), out);
    }
}

impl Writer for Stream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        match *step {
            Step::Open => self.event("messageStart", &json!({ "role": "assistant" }), out),
            Step::Thinking { text, .. } => {
                self.block(Open::Thinking, out);
                self.piece((r#"{"reasoningContent":{"text":"#, "}}"), text, out);
            }
            Step::Text { text, .. } => {
                self.block(Open::Text, out);
                self.piece((r#"{"text":"#, "}"), text, out);
            }
            Step::Call { index, call, .. } => self.call(index, call, out),
            Step::Arguments { text, .. } => self.piece((r#"{"toolUse":{"input":"#, "}}"), text, out),
            Step::Finish { reply } => {
                self.end_block(out);
                self.event("messageStop", &Value::Object(ending(self.turn, &self.turn.answer.replies[reply])), out);
            }
            Step::Close => {
                let mut data = json!({ "metrics": { "latencyMs": 1 } });
                if !self.turn.knobs.on(self.turn.knobs.no_usage) {
                    data["usage"] = usage(&self.turn.answer.usage);
                }
                self.event("metadata", &data, out);
            }
        }
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        let payload = json!({ "message": failure.body["message"] }).to_string();
        frame::exception(&in_frame(&failure), payload.as_bytes(), out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        frame::event("contentBlockDelta", garbage.as_bytes(), out);
    }
}
