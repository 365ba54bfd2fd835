//! A streamed answer of Cohere: named events, the last of which has the reason and the counts (wire.md 7).

use types::{Delta, Event, Fault, Usage};

use super::{answer, citations, fault, finish, logprobs, usage};
use crate::json::{Json, Kind};
use crate::{Glance, StreamReader, upstream};

/// Most calls of tools, and pieces of text, that are kept account of in one answer: no model makes as many.
const MOST: usize = 1024;

/// Decodes one stream.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    calls: Vec<Call>,
    /// Where the texts begin: which piece of content, and behind how many characters of the answer.
    texts: Vec<(u64, u64)>,
    /// Characters of text so far.
    characters: u64,
    /// The last event, or a fault, was seen.
    over: bool,
}

/// A call of a tool.
struct Call {
    /// Its number among Cohere's events.
    place: u64,
    /// Whether nothing of its arguments came yet.
    silent: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let data = data.trim_ascii();
        if self.over || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let doc = upstream::parse(data)?;
        self.event(doc.root(), out)
    }

    fn finish(&mut self, _: &mut Vec<Event>) {
        // `message-end` says that it is the end: without it the stream was cut.
    }
}

impl Reader {
    fn event(&mut self, event: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        let Some(kind) = event.get_some("type").and_then(|kind| kind.as_str()) else {
            if let Some(fault) = fault::of_event(event) {
                self.fail(fault, out);
            }
            return Ok(());
        };
        let delta = event.get_some("delta");
        let message = delta.and_then(|delta| delta.get_some("message"));
        let place = event.get_some("index").and_then(|index| index.as_u64()).unwrap_or(0);
        match (&*kind, message) {
            ("message-start", _) => self.start(event, out),
            ("content-start" | "content-delta", Some(message)) => {
                let piece = message.get_some("content");
                let piece = piece.and_then(first).into_iter();
                piece.for_each(|piece| self.content(place, piece, event, out));
                self.check()?;
            }
            ("tool-plan-delta", Some(message)) => {
                let plan = answer::text(message, "tool_plan");
                plan.into_iter().for_each(|plan| self.say(event, Delta::Thinking(plan), out));
            }
            ("tool-call-start", Some(message)) => {
                let call = message.get_some("tool_calls").and_then(first);
                call.into_iter().for_each(|call| self.call(place, call, event, out));
                self.check()?;
            }
            ("tool-call-delta", Some(message)) => {
                let call = message.get_some("tool_calls").and_then(first);
                let function = call.and_then(|call| call.get_some("function"));
                function.into_iter().for_each(|function| self.arguments(place, answer::arguments(function), out));
            }
            ("tool-call-end", _) => self.end_call(place, out),
            ("citation-start", Some(message)) => {
                let offset = |index: u64| self.texts.iter().find(|(at, _)| *at == index).map(|(_, offset)| *offset);
                let cited = message.get_some("citations").and_then(|list| citations::annotations(list, offset));
                cited.into_iter().for_each(|cited| self.say(event, Delta::Citations(cited), out));
            }
            ("message-end", _) => self.end(event, delta, out),
            // Ends of pieces, and what comes to be added, say nothing.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, event: Json, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Event::Start { id: answer::text(event, "id").unwrap_or_default(), model: String::new() });
        }
    }

    /// Says something, having said that the answer begins.
    fn say(&mut self, event: Json, delta: Delta, out: &mut Vec<Event>) {
        self.start(event, out);
        out.push(Event::Delta { choice: 0, delta });
    }

    fn content(&mut self, place: u64, piece: Json, event: Json, out: &mut Vec<Event>) {
        if let Some(thought) = answer::text(piece, "thinking") {
            self.say(event, Delta::Thinking(thought), out);
        }
        if let Some(words) = answer::text(piece, "text") {
            if self.texts.last().is_none_or(|(last, _)| *last != place) {
                self.texts.push((place, self.characters));
            }
            self.characters += words.chars().count() as u64;
            self.say(event, Delta::Text(words), out);
        }
        if let Some(probabilities) = event.get_some("logprobs").and_then(logprobs::read) {
            self.say(event, Delta::Logprobs(probabilities), out);
        }
    }

    fn call(&mut self, place: u64, call: Json, event: Json, out: &mut Vec<Event>) {
        let Some(function) = call.get_some("function") else { return };
        let index = self.calls.len() as u32;
        self.calls.push(Call { place, silent: true });
        let id = answer::text(call, "id").unwrap_or_default();
        let name = answer::text(function, "name").unwrap_or_default();
        self.say(event, Delta::ToolStart { index, id, name, signature: None }, out);
        self.arguments(place, answer::arguments(function), out);
    }

    /// A fragment of the arguments of the call at this place; of the newest one, if there is none.
    fn arguments(&mut self, place: u64, fragment: String, out: &mut Vec<Event>) {
        let at = self.calls.iter().rposition(|call| call.place == place).or(self.calls.len().checked_sub(1));
        if let Some(at) = at.filter(|_| !fragment.is_empty()) {
            self.calls[at].silent = false;
            out.push(arguments(at, fragment));
        }
    }

    fn end_call(&mut self, place: u64, out: &mut Vec<Event>) {
        if let Some(at) = self.calls.iter().rposition(|call| call.place == place) {
            out.extend(self.silence(at));
        }
    }

    /// The end says that all calls are whole.
    fn end_calls(&mut self, out: &mut Vec<Event>) {
        for at in 0..self.calls.len() {
            out.extend(self.silence(at));
        }
    }

    /// A call without a word of arguments has none.
    fn silence(&mut self, at: usize) -> Option<Event> {
        std::mem::take(&mut self.calls[at].silent).then(|| arguments(at, "{}".to_owned()))
    }

    fn end(&mut self, event: Json, delta: Option<Json>, out: &mut Vec<Event>) {
        self.start(event, out);
        let usage = delta.and_then(|delta| delta.get_some("usage")).map(usage::read).unwrap_or_default();
        if usage != Usage::default() {
            out.push(Event::Usage(usage));
        }
        match finish::of(delta.unwrap_or(event), !self.calls.is_empty()) {
            Ok(finish) => {
                self.end_calls(out);
                out.push(Event::Finish { choice: 0, finish, stop_sequence: None });
                out.push(Event::End);
                self.over = true;
            }
            Err(fault) => self.fail(fault, out),
        }
    }

    fn check(&self) -> Result<(), Fault> {
        match self.calls.len().max(self.texts.len()) > MOST {
            true => Err(upstream::malformed("the provider's answer has more pieces than any model makes")),
            false => Ok(()),
        }
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.over = true;
        out.push(Event::Error(Box::new(fault)));
    }
}

fn arguments(at: usize, fragment: String) -> Event {
    Event::Delta { choice: 0, delta: Delta::ToolArguments { index: at as u32, fragment } }
}

/// What stands for one thing, as itself or in a list.
fn first(value: Json) -> Option<Json> {
    match value.kind() {
        Kind::Array => value.items().next(),
        Kind::Object => Some(value),
        _ => None,
    }
}

/// Looks at one event of a stream that passes untouched, which says the same as in the middle of one that is read.
pub(super) fn glance(event: &[u8], known: &Usage) -> Glance {
    let calls = vec![Call { place: 0, silent: false }];
    let mut reader = Reader { started: true, calls, ..Reader::default() };
    let mut told = Vec::new();
    if let Err(fault) = reader.read(event, &mut told) {
        return Glance::failed(fault);
    }
    let mut seen = Glance { output_bytes: told.iter().map(Event::output_bytes).sum(), ..Glance::default() };
    for event in told {
        match event {
            Event::Usage(usage) => seen.usage = Some(known.updated(&usage)),
            Event::End => (seen.end, seen.over) = (true, true),
            Event::Error(fault) => seen.fault = Some(fault),
            _ => {}
        }
    }
    seen
}
