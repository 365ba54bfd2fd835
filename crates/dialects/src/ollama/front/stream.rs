//! Streamed answers: a line for each piece, the calls of tools whole, and a last line with what it took.

use bytes::BytesMut;
use types::{Block, Delta, Event, Finish, Operation, ToolCall, Usage, day};

use super::line::{self, Said};
use super::{Front, Ollama};
use crate::{Stamp, StreamWriter};

/// Encodes one stream.
pub(super) struct Lines {
    operation: Operation,
    stamp: Stamp,
    /// Calls by their index, as far as they have come.
    calls: Vec<(u32, ToolCall)>,
    usage: Usage,
    finish: Finish,
    /// When the first content came.
    first_ms: Option<i64>,
    /// The newest moment, and how it is written.
    written: Option<(i64, String)>,
    closed: bool,
}

impl Lines {
    pub(super) fn new(operation: Operation, stamp: Stamp) -> Self {
        let (calls, usage, finish) = Default::default();
        Lines { operation, stamp, calls, usage, finish, first_ms: None, written: None, closed: false }
    }

    fn say(&mut self, said: &Said, out: &mut BytesMut) {
        let now = self.stamp.clock.now_ms();
        // Many pieces come in the same millisecond.
        if self.written.as_ref().is_none_or(|(at, _)| *at != now) {
            self.written = Some((now, day::moment(now)));
        }
        let said = Said { at: self.written.as_ref().map(|(_, text)| &**text), ..*said };
        line::write(out, |w| {
            line::begin(w, self.operation, &self.stamp, &said);
            w.key("done").json("false");
        });
    }

    fn delta(&mut self, delta: Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) | Delta::Refusal(text) => self.text(&text, out),
            Delta::Block(Block::Text(text)) => self.text(&text.text, out),
            Delta::Thinking(thinking) if !thinking.is_empty() => {
                self.say(&Said { thinking: &thinking, ..Said::default() }, out);
            }
            Delta::ToolStart { index, id, name, .. } | Delta::CustomStart { index, id, name } => {
                let call = ToolCall { id, name, arguments: String::new(), signature: None };
                self.calls.push((index, call));
            }
            Delta::ToolArguments { index, fragment } => {
                let call = self.calls.iter_mut().find(|(own, _)| *own == index);
                call.into_iter().for_each(|(_, call)| call.arguments.push_str(&fragment));
            }
            Delta::Logprobs(raw) => line::write(out, |w| {
                line::begin(w, self.operation, &self.stamp, &Said::default());
                w.num_field("done", false);
                line::logprobs(w, &raw);
            }),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, out: &mut BytesMut) {
        if !text.is_empty() {
            self.say(&Said { text, ..Said::default() }, out);
        }
    }

    /// Calls are told when all of them are there.
    fn tell_calls(&mut self, out: &mut BytesMut) {
        let calls: Vec<ToolCall> = self.calls.drain(..).map(|(_, call)| call).collect();
        if !calls.is_empty() {
            self.say(&Said { calls: &calls, ..Said::default() }, out);
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.closed = true;
        self.tell_calls(out);
        line::write(out, |w| {
            line::begin(w, self.operation, &self.stamp, &Said::default());
            line::end(w, Some(self.finish), &self.stamp, self.first_ms, &self.usage);
        });
    }
}

impl StreamWriter for Lines {
    fn write(&mut self, event: Event, out: &mut BytesMut) {
        if self.closed {
            return;
        }
        if event.is_content() {
            self.first_ms.get_or_insert_with(|| self.stamp.clock.now_ms());
        }
        match event {
            // Ollama knows one answer.
            Event::Delta { choice: 0, delta } => self.delta(delta, out),
            Event::Finish { choice: 0, finish, .. } => {
                self.finish = finish;
                self.tell_calls(out);
            }
            Event::Usage(usage) => self.usage.update(&usage),
            Event::Start { .. } | Event::Delta { .. } | Event::Finish { .. } | Event::Ping => {}
            Event::End => self.end(out),
            Event::Error(fault) => {
                self.closed = true;
                Ollama.write_stream_fault(&fault, out);
            }
        }
    }
}
