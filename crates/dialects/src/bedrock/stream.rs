//! Decoding a stream of Converse (wire.md 6.4): text and reasoning begin without a word, the usage comes behind the stop,
//! and failures come as frames of their own.

use types::{Delta, Event, Fault, Usage};

use super::{answer, fault, finish, usage};
use crate::anthropic::words::JSON_TOOL;
use crate::frames::{self, Frame};
use crate::json::{Json, Names};
use crate::upstream::{self, malformed};
use crate::{Glance, StreamReader};

/// Most blocks that may be open at once.
const MAX_OPEN: usize = 64;
/// Fields of an event that hold what the model wrote.
const WRITTEN: Names = Names::of(&["text", "name", "input"]);

/// State of one stream.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    finished: bool,
    ended: bool,
    /// Calls that are open, by the index of their block.
    open: Vec<(u64, Open)>,
    calls: u32,
    has_words: bool,
}

/// A call in the making.
struct Open {
    /// Its number among the calls; none of what stands in for the form of the answer.
    call: Option<u32>,
    /// Whether nothing of its input has come.
    silent: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        if self.ended {
            return Ok(());
        }
        match frames::read(data)? {
            Frame::Event(name, payload) => {
                let doc = upstream::parse(payload)?;
                self.event(name, doc.root(), out)
            }
            Frame::Exception(name, payload) => {
                self.fail(fault::in_stream(name, payload), out);
                Ok(())
            }
            Frame::Error(code, message) => {
                self.fail(fault::of(code, None, message), out);
                Ok(())
            }
        }
    }

    /// The stop was said; what it took may be missing.
    fn finish(&mut self, out: &mut Vec<Event>) {
        if self.finished && !self.ended {
            self.end(out);
        }
    }
}

impl Reader {
    fn event(&mut self, name: &str, event: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        match name {
            "messageStart" => self.start(out),
            "messageStop" if !self.finished => self.stop(event, out)?,
            "metadata" => {
                self.start(out);
                if let Some(counts) = event.get_some("usage") {
                    out.push(Event::Usage(usage::read(counts, event)));
                }
                if self.finished {
                    self.end(out);
                }
            }
            _ if self.finished => {}
            "contentBlockStart" => self.open(event, out)?,
            "contentBlockDelta" => self.delta(event, out),
            "contentBlockStop" => self.close(place(event), out),
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Event::Start { id: String::new(), model: String::new() });
        }
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        self.ended = true;
        out.push(Event::End);
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.ended = true;
        out.push(Event::Error(Box::new(fault)));
    }

    fn open(&mut self, event: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        let Some(call) = event.get("start").and_then(|start| start.get_some("toolUse")) else { return Ok(()) };
        if self.open.len() == MAX_OPEN {
            return Err(malformed("the provider's stream has too many open blocks"));
        }
        self.start(out);
        let string = |name: &str| call.get(name).and_then(|value| value.as_string()).unwrap_or_default();
        let name = string("name");
        let mut open = Open { call: None, silent: true };
        if name != JSON_TOOL {
            let index = self.calls;
            self.calls += 1;
            open.call = Some(index);
            out.push(content(Delta::ToolStart { index, id: string("toolUseId"), name, signature: None }));
        }
        self.open.push((place(event), open));
        Ok(())
    }

    fn delta(&mut self, event: Json, out: &mut Vec<Event>) {
        let Some(delta) = event.get("delta") else { return };
        self.start(out);
        let text = |json: Json, name: &str| {
            json.get_some(name).and_then(|value| value.as_string()).filter(|text| !text.is_empty())
        };
        if let Some(words) = text(delta, "text") {
            self.has_words = true;
            out.push(content(Delta::Text(words)));
        }
        if let Some(fragment) = delta.get_some("toolUse").and_then(|call| text(call, "input")) {
            self.input(place(event), fragment, out);
        }
        if let Some(reasoning) = delta.get_some("reasoningContent") {
            out.extend(text(reasoning, "text").map(Delta::Thinking).map(content));
            out.extend(text(reasoning, "signature").map(Delta::Signature).map(content));
            out.extend(text(reasoning, "redactedContent").map(Delta::RedactedThinking).map(content));
        }
    }

    fn input(&mut self, place: u64, fragment: String, out: &mut Vec<Event>) {
        let Some((_, open)) = self.open.iter_mut().rev().find(|(index, _)| *index == place) else { return };
        open.silent = false;
        match open.call {
            Some(index) => out.push(content(Delta::ToolArguments { index, fragment })),
            None => {
                self.has_words = true;
                out.push(content(Delta::Text(fragment)));
            }
        }
    }

    fn close(&mut self, place: u64, out: &mut Vec<Event>) {
        let Some(at) = self.open.iter().rposition(|(index, _)| *index == place) else { return };
        let (_, open) = self.open.remove(at);
        out.extend(silence(&open));
    }

    fn stop(&mut self, event: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        self.start(out);
        for (_, open) in std::mem::take(&mut self.open) {
            out.extend(silence(&open));
        }
        let reason = event.get("stopReason").and_then(|reason| reason.as_str()).unwrap_or_default();
        let finish = finish::of(&reason, self.calls > 0, self.has_words)?;
        self.finished = true;
        out.push(Event::Finish { choice: 0, finish, stop_sequence: answer::stop_sequence(event) });
        Ok(())
    }
}

/// A call without a word of input has an empty one.
fn silence(open: &Open) -> Option<Event> {
    let index = open.call.filter(|_| open.silent)?;
    Some(content(Delta::ToolArguments { index, fragment: "{}".to_owned() }))
}

fn place(event: Json) -> u64 {
    event.get("contentBlockIndex").and_then(|index| index.as_u64()).unwrap_or(0)
}

fn content(delta: Delta) -> Event {
    Event::Delta { choice: 0, delta }
}

/// Looks at one event of a stream that passes untouched.
pub(super) fn glance(event: &[u8], known: &Usage) -> Glance {
    let (name, payload) = match frames::read(event) {
        Ok(Frame::Event(name, payload)) => (name, payload),
        Ok(Frame::Exception(name, payload)) => return Glance::failed(fault::in_stream(name, payload)),
        Ok(Frame::Error(code, message)) => return Glance::failed(fault::of(code, None, message)),
        Err(fault) => return Glance::failed(fault),
    };
    let (stops, counts) = (name == "messageStop", name == "metadata");
    let look = |root: Json| {
        let said = root.get_some("usage").and_then(|counts| counts.inside(|counts| usage::read(counts, root)));
        Glance { usage: said.map(|said| known.updated(&said)), end: stops, over: counts, ..Glance::default() }
    };
    upstream::glance(payload, WRITTEN, stops || counts, look)
        .unwrap_or_else(|error| Glance::failed(upstream::broken(&error)))
}
