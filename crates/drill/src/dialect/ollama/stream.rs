//! Ollama's streams: one JSON object per line, calls whole, the last line with the reason and the numbers.

use super::reply::{calls, end, line, whole};
use crate::dialect::frame::{Frame, Kind};
use crate::dialect::{CREATED_TEXT, Failure, Writer, logprobs, put, quoted};
use crate::script::{Shape, Step, ToolCall, Turn};
use serde_json::json;

/// Writes one answer as lines.
pub(super) struct Stream<'a> {
    turn: &'a Turn,
    frame: Frame,
    /// Everything of a line before its text, and after it.
    head: String,
    tail: &'static str,
    /// `<think>` is open.
    tagged: bool,
}

impl<'a> Stream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        let model = json!(turn.ask.model);
        let (place, tail) = match turn.ask.shape {
            Shape::Text => (r#""response":"#, r#","done":false}"#),
            _ => (r#""message":{"role":"assistant","content":"#, r#"},"done":false}"#),
        };
        let head = format!(r#"{{"model":{model},"created_at":"{CREATED_TEXT}",{place}"#);
        Self { turn, frame: Frame::new(Kind::Lines, &turn.knobs), head, tail, tagged: false }
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        self.frame.begin(None, out);
        out.extend_from_slice(self.head.as_bytes());
        quoted(text, out);
        match self.turn.ask.logprobs {
            None => out.extend_from_slice(self.tail.as_bytes()),
            Some(top) => {
                out.extend_from_slice(&self.tail.as_bytes()[..self.tail.len() - 1]);
                out.extend_from_slice(br#","logprobs":["#);
                put(&logprobs::entry(text, top), out);
                out.extend_from_slice(b"]}");
            }
        }
        self.frame.end(out);
    }

    fn thinking(&mut self, text: &str, out: &mut Vec<u8>) {
        if !self.turn.knobs.on(self.turn.knobs.think_tags) {
            return self.frame.event(None, &line(self.turn, self.turn.ask.shape, "", text), out);
        }
        if !std::mem::replace(&mut self.tagged, true) {
            self.text("<think>", out);
        }
        self.text(text, out);
    }

    fn untag(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.tagged) {
            self.text("</think>", out);
        }
    }

    fn call(&mut self, index: usize, call: &ToolCall, out: &mut Vec<u8>) {
        let mut body = line(self.turn, Shape::Chat, "", "");
        body["message"]["tool_calls"] = calls(std::slice::from_ref(call), index);
        self.frame.event(None, &body, out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let mut body = line(self.turn, self.turn.ask.shape, "", "");
        end(self.turn, &mut body);
        self.frame.event(None, &body, out);
    }
}

impl Writer for Stream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        if matches!(self.turn.ask.shape, Shape::Load { .. }) {
            if matches!(step, Step::Close) {
                self.frame.event(None, &whole(self.turn), out);
            }
            return;
        }
        match *step {
            Step::Open | Step::Arguments { .. } => {}
            Step::Thinking { text, .. } => self.thinking(text, out),
            Step::Text { text, .. } => {
                self.untag(out);
                self.text(text, out);
            }
            Step::Call { index, call, .. } => {
                self.untag(out);
                self.call(index, call, out);
            }
            Step::Finish { .. } => self.untag(out),
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
