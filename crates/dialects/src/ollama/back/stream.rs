//! A streamed answer of Ollama: text and thoughts in pieces, calls whole, and a last line with the counts
//! (wire.md 9D).

use types::{Delta, Event, Fault, ToolCall};

use super::{fault, line};
use crate::json::Json;
use crate::think::{Piece, ThinkTags};
use crate::{StreamReader, upstream};

/// Decodes one stream.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    tags: ThinkTags,
    calls: u32,
    /// The last line, or a fault, was seen.
    over: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        if self.over || data.trim_ascii().is_empty() {
            return Ok(());
        }
        let doc = upstream::parse(data)?;
        let root = doc.root();
        if let Some(error) = root.get_some("error") {
            self.fail(fault::in_band(error), out);
            return Ok(());
        }
        if !self.started {
            self.started = true;
            out.push(Event::Start {
                id: String::new(),
                model: root.get("model").and_then(|model| model.as_string()).unwrap_or_default(),
            });
        }
        self.content(root, out);
        if line::is_done(root) {
            self.done(root, out);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<Event>) {
        // The last line says that it is the last: without it the stream was cut.
    }
}

impl Reader {
    fn content(&mut self, root: Json, out: &mut Vec<Event>) {
        let (thinking, content) = line::spoken(root);
        if let Some(text) = thinking {
            self.tags.not_needed();
            out.push(delta(Delta::Thinking(text)));
        }
        let mut pieces = Vec::new();
        if let Some(text) = content {
            self.tags.push(&text, &mut pieces);
        }
        let mut made = self.calls;
        let calls = line::calls(root, &mut made);
        if line::is_done(root) || !calls.is_empty() {
            self.tags.finish(&mut pieces);
        }
        out.extend(pieces.into_iter().map(|piece| {
            delta(match piece {
                Piece::Text(text) => Delta::Text(text),
                Piece::Thinking(text) => Delta::Thinking(text),
            })
        }));
        for (index, call) in (self.calls..).zip(calls) {
            self.call(index, call, out);
        }
        self.calls = made;
        out.extend(line::logprobs(root).map(|raw| delta(Delta::Logprobs(raw))));
    }

    fn call(&self, index: u32, call: ToolCall, out: &mut Vec<Event>) {
        let begin = Delta::ToolStart { index, id: call.id, name: call.name, signature: None };
        let fragment = call.arguments;
        out.push(delta(begin));
        out.push(delta(Delta::ToolArguments { index, fragment }));
    }

    fn done(&mut self, root: Json, out: &mut Vec<Event>) {
        let usage = line::usage(root);
        if usage.total().is_some() {
            out.push(Event::Usage(usage));
        }
        match line::finish(root, self.calls > 0) {
            Ok(finish) => {
                out.push(Event::Finish { choice: 0, finish, stop_sequence: None });
                out.push(Event::End);
                self.over = true;
            }
            Err(fault) => self.fail(fault, out),
        }
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.over = true;
        out.push(Event::Error(Box::new(fault)));
    }
}

fn delta(delta: Delta) -> Event {
    Event::Delta { choice: 0, delta }
}
