//! Streamed answers: each piece is an answer of its own, as an event or as an item of an array. Calls come whole.

use bytes::{BufMut, BytesMut};
use types::{Block, Delta, Event, Fault, Finish, Raw, Text, ToolCall, Usage};

use super::super::Gemini;
use super::{Front, answer, fault};
use crate::json::Writer;
use crate::{Stamp, StreamWriter};

/// How the pieces stand in the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    Events,
    /// Items of one array.
    Array,
}

impl Form {
    /// Writes a piece; `begun` says whether there was one before.
    fn piece(self, begun: bool, out: &mut BytesMut, fill: impl FnOnce(&mut Writer)) {
        out.extend_from_slice(match (self, begun) {
            (Form::Events, _) => b"data: ",
            (Form::Array, false) => b"[",
            (Form::Array, true) => b",\r\n",
        });
        let start = out.len();
        Writer::after(out).object(fill);
        if self == Form::Events {
            // Raw values may hold line breaks, which would end the event.
            out[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
            out.put_slice(b"\r\n\r\n");
        }
    }

    /// Writes the end.
    fn end(self, begun: bool, out: &mut BytesMut) {
        if self == Form::Array {
            out.put_slice(if begun { b"]" } else { b"[]" });
        }
    }

    /// Writes a fault, which is the last piece.
    pub(super) fn fault(self, fault: &Fault, begun: bool, out: &mut BytesMut) {
        self.piece(begun, out, |w| fault::fields(w, fault, Front::status(&Gemini, fault)));
        self.end(true, out);
    }
}

/// Encodes one stream.
pub(super) struct Events {
    stamp: Stamp,
    form: Form,
    id: String,
    model: String,
    /// Calls with their answer and index, as far as they have come.
    calls: Vec<(u32, u32, ToolCall)>,
    /// Answers that are over, and why: said together with the counts.
    finished: Vec<(u32, Finish)>,
    usage: Usage,
    /// What stands behind the answers in every piece, until more is known of the counts.
    tail: String,
    begun: bool,
    closed: bool,
}

impl Events {
    pub(super) fn new(stamp: Stamp, form: Form) -> Self {
        let (id, model, calls, finished, usage, tail) = Default::default();
        Events { stamp, form, id, model, calls, finished, usage, tail, begun: false, closed: false }
    }

    fn say(
        &mut self,
        choice: u32,
        blocks: &[Block],
        finish: Option<Finish>,
        logprobs: Option<&Raw>,
        out: &mut BytesMut,
    ) {
        let begun = std::mem::replace(&mut self.begun, true);
        if self.tail.is_empty() {
            let mut tail = BytesMut::new();
            answer::tail(&mut Writer::new(&mut tail), &self.usage, &self.id, &self.model, &self.stamp);
            self.tail = String::from_utf8_lossy(&tail).into_owned();
        }
        self.form.piece(begun, out, |w| {
            w.key("candidates").array(|w| answer::candidate(w, choice, blocks, finish, logprobs));
            w.json(&self.tail);
        });
    }

    fn delta(&mut self, choice: u32, delta: Delta, out: &mut BytesMut) {
        let block = match delta {
            Delta::Text(text) if text.is_empty() => return,
            Delta::Text(text) => Block::text(text),
            Delta::Refusal(text) => Block::Refusal(text),
            Delta::Thinking(text) if text.is_empty() => return,
            Delta::Thinking(text) => Block::Thinking { text, signature: None },
            Delta::Block(block) => block,
            Delta::ToolStart { index, id, name, signature } => {
                self.calls.push((choice, index, ToolCall { id, name, arguments: String::new(), signature }));
                return;
            }
            Delta::CustomStart { index, id, name } => {
                return self.delta(choice, Delta::ToolStart { index, id, name, signature: None }, out);
            }
            Delta::ToolArguments { index, fragment } => {
                let call = self.calls.iter_mut().find(|(_, own, _)| *own == index);
                call.into_iter().for_each(|(_, _, call)| call.arguments.push_str(&fragment));
                return;
            }
            Delta::Logprobs(raw) => return self.say(choice, &[Block::Text(Text::default())], None, Some(&raw), out),
            Delta::Signature(_) | Delta::RedactedThinking(_) | Delta::Citations(_) => return,
        };
        self.say(choice, &[block], None, None, out);
    }

    /// Calls are told when all of them are there.
    fn tell_calls(&mut self, choice: u32, out: &mut BytesMut) {
        let (told, left) = std::mem::take(&mut self.calls).into_iter().partition(|(own, ..)| *own == choice);
        self.calls = left;
        let told: Vec<(u32, u32, ToolCall)> = told;
        let blocks: Vec<Block> = told.into_iter().map(|(_, _, call)| Block::ToolCall(call)).collect();
        if !blocks.is_empty() {
            self.say(choice, &blocks, None, None, out);
        }
    }

    /// The counts come behind the reasons at some providers, and must stand beside them here.
    fn end(&mut self, out: &mut BytesMut) {
        self.closed = true;
        for (choice, finish) in std::mem::take(&mut self.finished) {
            self.say(choice, &[Block::Text(Text::default())], Some(finish), None, out);
        }
        self.form.end(self.begun, out);
    }
}

impl StreamWriter for Events {
    fn write(&mut self, event: Event, out: &mut BytesMut) {
        if self.closed {
            return;
        }
        match event {
            Event::Start { id, model } => {
                (self.id, self.model) = (id, model);
                self.tail.clear();
            }
            Event::Delta { choice, delta } => self.delta(choice, delta, out),
            Event::Finish { choice, finish, .. } => {
                self.tell_calls(choice, out);
                self.finished.push((choice, finish));
            }
            Event::Usage(usage) => {
                self.usage.update(&usage);
                self.tail.clear();
            }
            Event::Ping => {}
            Event::End => self.end(out),
            Event::Error(fault) => {
                self.closed = true;
                self.form.fault(&fault, self.begun, out);
            }
        }
    }
}
