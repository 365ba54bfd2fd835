//! Decoding a provider's stream (wire.md 3.6 and 9A). Unknown events and deltas are skipped, as Anthropic asks;
//! blocks are told apart by their index, in case a server lets them overlap.

use types::{Delta, Event, Fault, FaultKind, Raw};

use super::open::Open;
use crate::StreamReader;
use crate::anthropic::usage::Counts;
use crate::anthropic::words::{self, JSON_TOOL};
use crate::anthropic::{answer, faults};
use crate::json::{Doc, Json};
use crate::sse::MAX_EVENT_BYTES;

/// Most blocks that may be open at once. Anthropic opens one; the bound is for servers that never close any.
const MAX_OPEN: usize = 64;

/// State of one stream.
#[derive(Default)]
pub(in crate::anthropic) struct Reader {
    started: bool,
    finished: bool,
    ended: bool,
    counts: Counts,
    /// Open blocks by their index.
    open: Vec<(u64, Open)>,
    /// How many calls of the caller's tools began.
    calls: u32,
    /// Characters of text so far: citations count in them.
    written: usize,
    /// Bytes that were kept until the end of a block.
    held: usize,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let data = data.trim_ascii();
        if self.ended || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let doc = Doc::parse_answer(data).map_err(|error| malformed(error.what))?;
        let event = doc.root();
        let kind = event.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
        match kind.as_ref() {
            "ping" => out.push(Event::Ping),
            "error" => {
                self.ended = true;
                out.push(Event::Error(Box::new(faults::read_in_answer(event))));
            }
            "message_start" => self.start(event.get("message"), out),
            "message_stop" => self.end(out),
            "message_delta" => self.message_delta(event, out),
            _ if self.finished => {}
            "content_block_start" => self.open_block(event, out)?,
            "content_block_delta" => self.delta(event, out)?,
            "content_block_stop" => self.close_block(index(event), out),
            _ => {}
        }
        Ok(())
    }

    /// Only `message_stop` ends a stream; without it there is nothing to add.
    fn finish(&mut self, _out: &mut Vec<Event>) {}
}

impl Reader {
    fn start(&mut self, message: Option<Json>, out: &mut Vec<Event>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let string = |name: &str| message.map(|message| text_of(message, name)).unwrap_or_default();
        out.push(Event::Start { id: string("id"), model: string("model") });
        if let Some(usage) = message.and_then(|message| message.get_some("usage")) {
            self.counts.update(Counts::read(usage));
            out.push(Event::Usage(self.counts.usage()));
        }
    }

    fn open_block(&mut self, event: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        let Some(block) = event.get("content_block") else {
            return Ok(());
        };
        if self.open.len() == MAX_OPEN {
            return Err(malformed("too many open blocks"));
        }
        self.start(None, out);
        let string = |name: &str| text_of(block, name);
        let open = match string("type").as_str() {
            "text" => self.open_text(block, out),
            "thinking" => {
                push_some(out, string("thinking"), Delta::Thinking);
                push_some(out, string("signature"), Delta::Signature);
                Open::Said
            }
            "redacted_thinking" => {
                out.push(content(Delta::RedactedThinking(string("data"))));
                Open::Said
            }
            "tool_use" if string("name") == JSON_TOOL => Open::Json { silent: true },
            "tool_use" => self.open_call(block, out),
            _ => {
                self.hold(block.raw().len())?;
                Open::Opaque { start: block.to_raw(), input: String::new() }
            }
        };
        self.open.push((index(event), open));
        Ok(())
    }

    fn open_text(&mut self, block: Json, out: &mut Vec<Event>) -> Open {
        let start = self.written;
        self.text(text_of(block, "text"), out);
        let citations = block.get("citations").into_iter().flat_map(|list| list.items());
        Open::Text { start, citations: citations.map(|citation| citation.to_raw()).collect() }
    }

    fn open_call(&mut self, block: Json, out: &mut Vec<Event>) -> Open {
        let index = self.calls;
        self.calls += 1;
        let (id, name) = (text_of(block, "id"), text_of(block, "name"));
        out.push(content(Delta::ToolStart { index, id, name, signature: None }));
        let input = block.get_some("input").map(|input| input.to_raw());
        Open::Tool { index, input: input.unwrap_or_else(|| Raw::new("{}")), silent: true }
    }

    fn delta(&mut self, event: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        let Some(delta) = event.get("delta") else { return Ok(()) };
        let string = |name: &str| text_of(delta, name);
        let place = index(event);
        let kind = delta.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
        match kind.as_ref() {
            "text_delta" => {
                self.start(None, out);
                self.text(string("text"), out);
            }
            "thinking_delta" => {
                self.start(None, out);
                push_some(out, string("thinking"), Delta::Thinking);
            }
            "signature_delta" => {
                self.start(None, out);
                push_some(out, string("signature"), Delta::Signature);
            }
            "input_json_delta" => self.input(place, string("partial_json"), out)?,
            "citations_delta" => self.citation(place, delta)?,
            _ => {}
        }
        Ok(())
    }

    fn citation(&mut self, place: u64, delta: Json) -> Result<(), Fault> {
        let Some(citation) = delta.get("citation") else {
            return Ok(());
        };
        self.hold(citation.raw().len())?;
        if let Some(Open::Text { citations, .. }) = self.block(place) {
            citations.push(citation.to_raw());
        }
        Ok(())
    }

    /// Accounts for bytes that are kept until their block ends.
    fn hold(&mut self, bytes: usize) -> Result<(), Fault> {
        self.held += bytes;
        match self.held > MAX_EVENT_BYTES {
            true => Err(malformed("more than 16 MiB of blocks that cannot be passed on piece by piece")),
            false => Ok(()),
        }
    }

    fn block(&mut self, place: u64) -> Option<&mut Open> {
        self.open.iter_mut().rev().find(|(index, _)| *index == place).map(|(_, open)| open)
    }

    fn text(&mut self, text: String, out: &mut Vec<Event>) {
        self.written += text.chars().count();
        push_some(out, text, Delta::Text);
    }

    /// A fragment of a tool's input.
    fn input(&mut self, place: u64, fragment: String, out: &mut Vec<Event>) -> Result<(), Fault> {
        if fragment.is_empty() {
            return Ok(());
        }
        match self.block(place) {
            Some(Open::Tool { index, silent, .. }) => {
                *silent = false;
                let index = *index;
                out.push(content(Delta::ToolArguments { index, fragment }));
            }
            Some(Open::Json { silent }) => {
                *silent = false;
                self.text(fragment, out);
            }
            Some(Open::Opaque { input, .. }) => {
                input.push_str(&fragment);
                return self.hold(fragment.len());
            }
            _ => {}
        }
        Ok(())
    }

    fn close_block(&mut self, place: u64, out: &mut Vec<Event>) {
        if let Some(at) = self.open.iter().rposition(|(index, _)| *index == place) {
            let (_, open) = self.open.remove(at);
            out.extend(open.close(self.written).map(content));
        }
    }

    fn close_all(&mut self, out: &mut Vec<Event>) {
        for (_, open) in std::mem::take(&mut self.open) {
            out.extend(open.close(self.written).map(content));
        }
    }

    fn message_delta(&mut self, event: Json, out: &mut Vec<Event>) {
        if let Some(usage) = event.get_some("usage") {
            self.counts.update(Counts::read_late(usage));
            out.push(Event::Usage(self.counts.usage()));
        }
        let Some(delta) = event.get("delta").filter(|_| !self.finished) else {
            return;
        };
        if let Some(reason) = delta.get_some("stop_reason").and_then(|reason| reason.as_str()) {
            self.start(None, out);
            self.close_all(out);
            push_some(out, answer::explanation(delta).unwrap_or_default(), Delta::Refusal);
            let stop_sequence = delta.get_some("stop_sequence").and_then(|text| text.as_string());
            self.finish_choice(Some(&reason), stop_sequence, out);
        }
    }

    fn finish_choice(&mut self, reason: Option<&str>, stop_sequence: Option<String>, out: &mut Vec<Event>) {
        self.close_all(out);
        self.finished = true;
        out.push(Event::Finish { choice: 0, finish: words::finish_of(reason, self.calls > 0), stop_sequence });
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        self.start(None, out);
        if !self.finished {
            self.finish_choice(None, None, out);
        }
        self.ended = true;
        out.push(Event::End);
    }
}

fn index(event: Json) -> u64 {
    event.get("index").and_then(|index| index.as_u64()).unwrap_or(0)
}

fn text_of(object: Json, name: &str) -> String {
    object.get(name).and_then(|value| value.as_string()).unwrap_or_default()
}

fn content(delta: Delta) -> Event {
    Event::Delta { choice: 0, delta }
}

fn push_some(out: &mut Vec<Event>, text: String, make: fn(String) -> Delta) {
    if !text.is_empty() {
        out.push(content(make(text)));
    }
}

fn malformed(what: &str) -> Fault {
    Fault::provider(FaultKind::Malformed, format!("the provider's stream cannot be read: {what}"))
}
