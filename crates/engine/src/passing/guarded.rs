//! Guardrails of calls that are passed on: what is asked is looked over before it is sent, and what is answered before it
//! is shown. Where that cannot be done truly the call is refused.

use std::collections::VecDeque;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use dialects::json::Doc;
use dialects::sse::{self, Splitter};
use dialects::{Clock, Framing, Stamp, StreamReader, StreamWriter};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use providers::http::Body;
use types::{Event, Fault, FaultKind, Operation};

use super::known::Known;
use super::meter::{Meter, Reader};
use super::{PassBody, PassCall};
use crate::ask::Ask;
use crate::guards::{self, Guarding, Passed, Spread, Unknown};
use crate::record::Record;
use crate::{Caller, Gate, Setup};

/// Looks a call over. It is refused, or goes on with what is left of it.
pub(super) async fn look_over(
    (gate, setup, record): (&Rc<Gate>, &Setup, Option<&Rc<Record>>),
    caller: &Caller,
    ask: &mut Ask,
    call: &mut PassCall,
    known: Option<&Known>,
) -> Result<(), Fault> {
    if call.passage.thing.is_some() {
        // Files and batches are no calls of a model yet.
        return Ok(());
    }
    let passage = call.passage.clone();
    let body = match &call.body {
        PassBody::Whole(body) => Some(body),
        PassBody::Stream(upload) => (upload.length() == Some(0)).then_some(&EMPTY),
    };
    let unknown = known.is_none().then_some(Unknown { body, query: call.query.as_deref() });
    let spread = known.map_or(Spread::All, |known| known.spread);
    let what = Passed { own: &passage.guards, spread, unknown };
    let instead = guards::passed((gate, &call.id, record), setup, caller, ask, what).await?;
    if let Some(body) = instead.body {
        call.body = PassBody::Whole(body);
    }
    call.query = instead.query.or(call.query.take());
    let Some(guarding) = minding(ask, known) else { return Ok(()) };
    match ask.stream && !known.is_some_and(|known| known.has_readable_events(call.query.as_deref())) {
        true => Err(guarding.unreadable("the events of this stream cannot be looked over here")),
        false => Ok(()),
    }
}

/// A body without anything in it.
static EMPTY: Bytes = Bytes::new();

/// Who looks over the answer, if anybody does: as at the gateway's own paths at what models write, at what nobody knows,
/// and wherever the passage says so.
pub(super) fn minding(ask: &Ask, known: Option<&Known>) -> Option<Rc<Guarding>> {
    let guarding = ask.guarding.as_ref().filter(|guarding| guarding.minds_answers())?;
    let minds = known.is_none_or(|known| known.operation.writes()) || guarding.has_own_of_answers();
    minds.then(|| guarding.clone())
}

/// A whole answer, as its caller may have it.
pub(super) async fn whole(guarding: &Guarding, answer: Bytes) -> Result<Bytes, Fault> {
    if Doc::parse_answer(&answer).is_err() {
        return Err(guarding.unreadable("the answer is no JSON that could be looked over"));
    }
    Ok(guarding.restored(guarding.look_over(answer).await?))
}

/// Whether an answer has nothing in it that could be looked over.
pub(super) fn is_empty(status: u16, headers: &HeaderMap) -> bool {
    matches!(status, 204 | 205 | 304) || headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0")
}

impl Known {
    /// Whether the events of its streams can be read, and written again, one by one.
    fn has_readable_events(&self, query: Option<&str>) -> bool {
        let asks = |field: &str| query.unwrap_or_default().split('&').any(|own| own == field);
        self.operation.writes()
            && self.spread == Spread::Spoken
            && match self.reader {
                Reader::Back(back) => back.framing() == Framing::Sse && (!self.is_array || asks("alt=sse")),
                Reader::Cohere => false,
            }
    }
}

/// A stream whose events are looked over, and written anew.
pub(super) struct Rewriting {
    splitter: Splitter,
    reader: Box<dyn StreamReader>,
    writer: Box<dyn StreamWriter>,
    events: Vec<Event>,
    ended: bool,
}

impl Rewriting {
    /// Of a stream that `meter` reads; `None` if it is in no form in which it could be looked over.
    pub fn of(gate: &Gate, guarding: &Rc<Guarding>, ask: &Ask, known: &Known, meter: &Meter) -> Option<Self> {
        let Reader::Back(back) = known.reader else { return None };
        if !meter.has_events() || !known.operation.writes() || known.spread != Spread::Spoken {
            return None;
        }
        let began_ms = (gate.unix_ms)();
        let stamp = Stamp {
            id: gate.dice.borrow_mut().id(),
            created: (began_ms / 1000).max(0) as u64,
            began_ms,
            clock: Clock::new(gate.unix_ms.clone()),
            model: ask.model.clone(),
            stream_usage: ask.stream_usage == Some(true),
            echo: ask.body.with(|root| ask.front.echo(root, false)),
            ..Stamp::default()
        };
        let reader = guards::stream::reading(guarding, back.stream_reader(known.operation));
        let write = |stamp| ask.front.stream_writer(known.operation, stamp);
        let writer = guards::stream::writing(guarding, stamp, write);
        Some(Rewriting { splitter: Splitter::new(Framing::Sse), reader, writer, events: Vec::new(), ended: false })
    }

    /// The pieces of a stream that somebody was asked about by network.
    pub async fn heard(
        guarding: &Guarding,
        known: &Known,
        body: &mut Body,
        limit: usize,
    ) -> Result<VecDeque<Bytes>, Fault> {
        match (known.reader, guarding.asks_about_answers()) {
            (Reader::Back(back), true) => {
                let reader = back.stream_reader(known.operation);
                guarding.heard((reader, Framing::Sse), body, limit).await.map(VecDeque::from)
            }
            _ => Ok(VecDeque::new()),
        }
    }

    /// What a piece of the provider's becomes.
    pub fn feed(&mut self, piece: &Bytes) -> Result<Bytes, Fault> {
        let mut out = BytesMut::new();
        if !self.ended {
            self.splitter.feed(piece.clone());
            if let Some(batch) = self.splitter.next_batch()? {
                self.batch(&batch, &mut out)?;
            }
        }
        Ok(out.freeze())
    }

    /// Nothing more comes: what there still is.
    pub fn finish(&mut self) -> Result<Bytes, Fault> {
        let mut out = BytesMut::new();
        if self.ended {
            return Ok(out.freeze());
        }
        let mut rest = BytesMut::from(&self.splitter.leftover()[..]);
        if !rest.is_empty() {
            rest.extend_from_slice(b"\n\n");
            let _ = self.batch(&rest, &mut out);
        }
        self.reader.finish(&mut self.events);
        self.write(&mut out)?;
        match self.ended {
            true => Ok(out.freeze()),
            false => Err(Fault::provider(FaultKind::Cut, "the provider's answer ended before it was complete")),
        }
    }

    fn batch(&mut self, batch: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        for event in sse::events(Framing::Sse, batch) {
            let data = sse::data(Framing::Sse, event);
            if !data.is_empty() {
                self.reader.read(&data, &mut self.events)?;
                self.write(out)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        for event in self.events.drain(..) {
            if self.ended {
                continue;
            }
            match &event {
                Event::Error(fault) => return Err((**fault).clone()),
                Event::End => self.ended = true,
                _ => {}
            }
            self.writer.write(event, out);
        }
        Ok(())
    }
}

/// What is asked for by a call of which that is known, or not.
pub(super) fn operation(known: Option<&Known>) -> Operation {
    known.map_or(Operation::PassThrough, |known| known.operation)
}
