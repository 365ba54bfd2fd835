//! What the answers to calls that are passed on say of their consumption, read beside them: nothing of them is changed or
//! held up for it.

use bytes::{Bytes, BytesMut};
use dialects::json::{Doc, Json, Kind};
use dialects::sse::{self, Splitter};
use dialects::{Back, Framing, Glance};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use types::{Fault, Operation, Usage};

use super::head::is_json;
use super::known::Known;
use crate::ask::Ask;

/// Most of a stream that is one JSON text that is kept to be read at its end, bytes.
const MOST_KEPT: usize = 16 << 20;
/// Media type of Amazon's binary frames.
const FRAMES: &str = "application/vnd.amazon.eventstream";

/// Who reads what an answer says of its consumption.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// A dialect.
    Back(&'static dyn Back),
    /// Cohere's own API, in either of its versions.
    Cohere,
}

impl Reader {
    /// What a whole answer consumed, as far as it says so.
    pub fn whole(self, operation: Operation, body: &[u8]) -> Usage {
        match self {
            Reader::Back(back) => back.glance_answer(operation, body).unwrap_or_default(),
            Reader::Cohere => Doc::parse_answer(body).map(|doc| of_cohere(doc.root())).unwrap_or_default(),
        }
    }

    fn glance(self, operation: Operation, data: &[u8], known: &Usage) -> Glance {
        match self {
            Reader::Back(back) if operation.is_media() => back.glance_media(data, known),
            Reader::Back(back) => back.glance(data, known),
            Reader::Cohere => {
                let usage = Doc::parse_answer(data).map(|doc| of_cohere(doc.root())).unwrap_or_default();
                let said = usage != Usage::default();
                let usage = said.then(|| known.updated(&usage));
                // An event has about as many bytes around its words.
                Glance {
                    usage,
                    output_bytes: data.len().saturating_sub(64),
                    end: said,
                    over: said,
                    ..Glance::default()
                }
            }
        }
    }
}

/// What an answer, or an event, of Cohere's says that is billed.
fn of_cohere(root: Json) -> Usage {
    let places = [Some(root), root.get_some("delta"), root.get_some("response")];
    let billed = places.into_iter().flatten().flat_map(|place| [place.get_some("usage"), place.get_some("meta")]);
    let billed = billed.flatten().find_map(|place| place.get_some("billed_units"));
    let Some(billed) = billed else { return Usage::default() };
    let count = |name: &str| billed.get_some(name).and_then(|value| value.as_f64()).map(|value| value.max(0.0) as u64);
    Usage {
        input: count("input_tokens"),
        output: count("output_tokens"),
        queries: count("search_units"),
        ..Usage::default()
    }
}

/// Reads a stream as it passes.
pub(super) struct Meter {
    reader: Reader,
    operation: Operation,
    form: Form,
    pub usage: Usage,
    /// Bytes that the model wrote so far.
    pub written: usize,
    /// Whether the answer said that it was at its end.
    pub ended: bool,
    /// Whether nothing of interest comes any more.
    pub over: bool,
    /// What the provider says went wrong.
    pub fault: Option<Fault>,
}

enum Form {
    /// Events.
    Events(Framing, Splitter),
    /// One JSON array, whose items are what events would be.
    Array(BytesMut),
    /// Nobody can read on.
    Lost,
}

impl Meter {
    /// What reads the answer with these headers; `None` if it is no stream.
    pub fn of(known: &Known, ask: &Ask, headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let framing = match kind {
            _ if kind.starts_with("text/event-stream") => Some(Framing::Sse),
            _ if kind.starts_with(FRAMES) => Some(Framing::Frames),
            _ if kind.contains("ndjson") || kind.contains("stream+json") => Some(Framing::Lines),
            _ => None,
        };
        let form = match framing {
            Some(framing) => Form::Events(framing, Splitter::new(framing)),
            None if ask.stream && is_json(headers) => Form::Array(BytesMut::new()),
            None => return None,
        };
        let Known { reader, operation, .. } = *known;
        let usage = Usage::default();
        Some(Meter { reader, operation, form, usage, written: 0, ended: false, over: false, fault: None })
    }

    /// Whether the answer comes in server-sent events, among which others may stand.
    pub fn has_events(&self) -> bool {
        matches!(self.form, Form::Events(Framing::Sse, _))
    }

    /// A piece passes.
    pub fn read(&mut self, piece: &Bytes) {
        let is_lost = match &mut self.form {
            Form::Events(framing, splitter) => {
                splitter.feed(piece.clone());
                let framing = *framing;
                match splitter.next_batch() {
                    Ok(Some(batch)) => {
                        self.events(framing, &batch);
                        false
                    }
                    Ok(None) => false,
                    Err(_) => true,
                }
            }
            Form::Array(kept) => {
                kept.extend_from_slice(piece);
                kept.len() > MOST_KEPT
            }
            Form::Lost => false,
        };
        if is_lost {
            self.form = Form::Lost;
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        match std::mem::replace(&mut self.form, Form::Lost) {
            Form::Events(framing, mut splitter) => {
                let mut rest = BytesMut::from(&splitter.leftover()[..]);
                if !rest.is_empty() && framing != Framing::Frames {
                    rest.extend_from_slice(b"\n\n");
                    self.events(framing, &rest);
                }
            }
            Form::Array(kept) => self.array(&kept),
            Form::Lost => {}
        }
    }

    fn events(&mut self, framing: Framing, batch: &[u8]) {
        for event in sse::events(framing, batch) {
            let data = sse::data(framing, event);
            if !data.is_empty() {
                self.event(&data);
            }
        }
    }

    fn event(&mut self, data: &[u8]) {
        let glance = self.reader.glance(self.operation, data, &self.usage);
        self.usage = glance.usage.unwrap_or(self.usage);
        self.written += glance.output_bytes;
        self.ended |= glance.end;
        self.over |= glance.over;
        self.fault = self.fault.take().or(glance.fault.map(|fault| *fault));
    }

    /// An array of answers, or one answer alone.
    fn array(&mut self, text: &[u8]) {
        let Ok(doc) = Doc::parse_answer(text) else { return };
        match doc.root().kind() {
            Kind::Array => doc.root().items().for_each(|item| self.event(item.raw().as_bytes())),
            _ => self.event(text),
        }
    }
}
