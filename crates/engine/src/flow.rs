//! A streamed answer on its way from the provider's bytes to the caller's bytes.
//!
//! Reading happens twice in the same way: before the first content inside an attempt, where a fault leads to another
//! attempt, and after it inside the delivery, where a fault can only be told.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::sse::{self, Splitter};
use dialects::{Back, Framing, Issuer, StreamReader, StreamWriter};
use types::{Event, Fault, FaultKind, Operation, Usage};

use crate::Deployment;
use crate::booking::{Booking, Paying, Receipt};
use crate::transcript::Transcript;

/// What stands instead of some bytes of a batch.
type Change = (Range<usize>, Bytes);

thread_local! {
    /// Where events are while they are handed on: a stream that waits holds no room for them.
    static EVENTS: Cell<Vec<Event>> = const { Cell::new(Vec::new()) };
}

/// A stream between one deployment and one caller.
pub(crate) struct Flow {
    pub deployment: Arc<Deployment>,
    splitter: Splitter,
    framing: Framing,
    pipe: Pipe,
    /// Bytes for the caller.
    out: BytesMut,
    /// Bytes for the caller that were never touched; sent before `out`.
    untouched: Vec<Bytes>,
    /// Bytes for the caller that may be the end of the answer. Copies: the memory of the words is free while the end
    /// waits for the disk.
    end: BytesMut,
    /// Token counts so far.
    pub usage: Usage,
    /// Bytes that the model wrote so far.
    output_bytes: usize,
    /// Bytes that the money which is held pays for.
    paid_bytes: usize,
    booking: Option<Box<Booking>>,
    /// Whether the caller would see something of the answer.
    pub has_content: bool,
    /// Whether several answers come in one stream: the end of one is not the end of all.
    several: bool,
    /// Whether the model said anything: an answer may also end without a word.
    pub has_words: bool,
    /// Whether an answer came to its finish, however much is still said about it.
    finished: bool,
    ended: bool,
    over: bool,
    /// What went wrong behind content that is still to be shown.
    failed: Option<Box<Fault>>,
    /// What was said, if that is kept.
    transcript: Option<Box<Transcript>>,
}

enum Pipe {
    /// Front and back are the same dialect: bytes pass, and are only looked at.
    /// The reader finds the first content, and is not needed any more after it.
    /// What is given out in them is marked with its `issuer`, if the dialect has such things.
    Verbatim {
        back: &'static dyn Back,
        operation: Operation,
        reader: Option<Box<dyn StreamReader>>,
        hide_usage: bool,
        issuer: Option<Issuer>,
    },
    /// Bytes pass that are no events: they are there as soon as one of them is, and end where the body ends.
    Raw,
    /// Events are decoded and encoded again.
    Translate { reader: Box<dyn StreamReader>, writer: Box<dyn StreamWriter> },
}

impl Pipe {
    /// Whoever decodes events at this point.
    fn reader(&mut self) -> Option<&mut dyn StreamReader> {
        match self {
            Pipe::Verbatim { reader: None, .. } | Pipe::Raw => None,
            Pipe::Verbatim { reader: Some(reader), .. } | Pipe::Translate { reader, .. } => Some(reader.as_mut()),
        }
    }
}

impl Flow {
    /// Bytes pass as they are, except for the usage event if `hide_usage`.
    pub fn verbatim(
        deployment: Arc<Deployment>,
        back: &'static dyn Back,
        operation: Operation,
        reader: Box<dyn StreamReader>,
        hide_usage: bool,
        several: bool,
    ) -> Self {
        let issuer = back.gives_out().then(|| deployment.issuer());
        let pipe = Pipe::Verbatim { back, operation, reader: Some(reader), hide_usage, issuer };
        Flow::new(deployment, pipe, several)
    }

    /// Bytes pass as they are, whatever they are.
    pub fn raw(deployment: Arc<Deployment>) -> Self {
        Flow::new(deployment, Pipe::Raw, false)
    }

    /// Events are translated.
    pub fn translate(
        deployment: Arc<Deployment>,
        reader: Box<dyn StreamReader>,
        writer: Box<dyn StreamWriter>,
        several: bool,
    ) -> Self {
        Flow::new(deployment, Pipe::Translate { reader, writer }, several)
    }

    fn new(deployment: Arc<Deployment>, pipe: Pipe, several: bool) -> Self {
        let framing = deployment.back.framing();
        Flow {
            deployment,
            splitter: Splitter::new(framing),
            framing,
            pipe,
            out: BytesMut::new(),
            untouched: Vec::new(),
            end: BytesMut::new(),
            usage: Usage::default(),
            output_bytes: 0,
            paid_bytes: usize::MAX,
            booking: None,
            has_content: false,
            several,
            has_words: false,
            finished: false,
            ended: false,
            over: false,
            failed: None,
            transcript: None,
        }
    }

    /// From now on what is said is kept.
    pub fn keep(&mut self, transcript: Transcript) {
        self.transcript = Some(Box::new(transcript));
    }

    /// Takes in a piece of the provider's body.
    pub fn feed(&mut self, piece: Bytes) -> Result<(), Fault> {
        if self.ended && self.is_translated() {
            return Ok(());
        }
        if let Pipe::Raw = self.pipe {
            self.has_content |= !piece.is_empty();
            self.has_words = self.has_content;
            self.untouched.push(piece);
            self.untouched.retain(|piece| !piece.is_empty());
            return Ok(());
        }
        self.splitter.feed(piece);
        match self.splitter.next_batch()? {
            Some(batch) => self.batch(batch),
            None => Ok(()),
        }
    }

    /// The provider's body ended. A stream that did not say that it was over was cut.
    pub fn finish(&mut self) -> Result<(), Fault> {
        self.flush()?;
        self.ended |= self.is_raw() && self.has_content;
        match self.ended {
            true => {
                self.over = true;
                Ok(())
            }
            false => Err(Fault::provider(FaultKind::Cut, "the provider's answer ended before it was complete")),
        }
    }

    /// Nothing more comes of the provider's body: what is there is all there is.
    pub fn flush(&mut self) -> Result<(), Fault> {
        let mut leftover = BytesMut::from(&self.splitter.leftover()[..]);
        if !leftover.is_empty() {
            // An event without its line end may be whole all the same; half of one is no news beside the cut.
            leftover.extend_from_slice(b"\n\n");
            let _ = self.batch(leftover.freeze());
        }
        self.read(|reader, events| {
            reader.finish(events);
            Ok(())
        })
    }

    /// Has whoever decodes events at this point do so, and hands them on.
    fn read(
        &mut self,
        decode: impl FnOnce(&mut dyn StreamReader, &mut Vec<Event>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(reader) = self.pipe.reader() else { return Ok(()) };
        let mut events = EVENTS.take();
        let result = decode(reader, &mut events).and_then(|()| self.pass_events(&mut events));
        events.clear();
        EVENTS.set(events);
        result
    }

    /// The answer as far as it is there, marked as given up, where it is encoded here and its dialect has such a thing.
    pub fn given_up(&self) -> Option<Bytes> {
        match &self.pipe {
            Pipe::Translate { writer, .. } => writer.given_up().map(BytesMut::freeze),
            Pipe::Verbatim { .. } | Pipe::Raw => None,
        }
    }

    /// Whether it is bytes rather than events.
    pub fn is_raw(&self) -> bool {
        matches!(self.pipe, Pipe::Raw)
    }

    fn is_translated(&self) -> bool {
        matches!(self.pipe, Pipe::Translate { .. })
    }

    fn batch(&mut self, batch: Bytes) -> Result<(), Fault> {
        let mut changes = Vec::new();
        let (mut at, mut words) = (0, 0);
        let mut result = Ok(());
        for event in sse::events(self.framing, &batch) {
            match self.event(event) {
                Ok(false) => self.mark(at, event, &mut changes),
                Ok(true) => changes.push((at..at + event.len(), Bytes::new())),
                Err(fault) => {
                    result = Err(fault);
                    break;
                }
            }
            at += event.len();
            if !self.is_complete() {
                words = at;
            }
        }
        if matches!(self.pipe, Pipe::Verbatim { .. }) {
            self.pass_untouched(batch.slice(..at), words, changes);
        }
        result
    }

    /// Marks what an event gives out that begins at `start` of its batch.
    fn mark(&self, start: usize, event: &[u8], changes: &mut Vec<Change>) {
        let Pipe::Verbatim { back, issuer: Some(issuer), .. } = &self.pipe else { return };
        // Data of several lines, which nobody writes, has no place in the event.
        let Cow::Borrowed(data @ [_, ..]) = sse::data(self.framing, event) else { return };
        let start = start + (data.as_ptr().addr() - event.as_ptr().addr());
        let marks = back.marks(data, *issuer).into_iter();
        changes.extend(marks.map(|(at, mark)| (start + at..start + at, mark.into())));
    }

    /// Passes a batch on with `changes`; what is behind its first `words` bytes is the end of the answer.
    fn pass_untouched(&mut self, batch: Bytes, words: usize, changes: Vec<Change>) {
        let mut at = 0;
        for (range, instead) in changes.into_iter().chain([(batch.len()..batch.len(), Bytes::new())]) {
            let kept = at..range.start;
            let (of_words, of_end) =
                (kept.start.min(words)..kept.end.min(words), kept.start.max(words)..kept.end.max(words));
            self.untouched.push(batch.slice(of_words));
            self.end.extend_from_slice(&batch[of_end]);
            match range.start < words {
                true => self.untouched.push(instead),
                false => self.end.extend_from_slice(&instead),
            }
            at = range.end;
        }
        self.untouched.retain(|piece| !piece.is_empty());
    }

    /// Takes in one event; tells whether the caller must not see it.
    fn event(&mut self, event: &[u8]) -> Result<bool, Fault> {
        let data = sse::data(self.framing, event);
        if data.is_empty() {
            return Ok(false);
        }
        if self.pipe.reader().is_some() {
            self.read(|reader, events| reader.read(&data, events))?;
        } else if let Some(transcript) = &mut self.transcript {
            transcript.read(&data);
        }
        match &mut self.pipe {
            Pipe::Verbatim { back, operation, reader, hide_usage, .. } if self.has_content => {
                if let (Some(reader), Some(transcript)) = (reader.take(), &mut self.transcript) {
                    transcript.go_on(reader);
                }
                let glance = match operation.is_media() {
                    true => back.glance_media(&data, &self.usage),
                    false => back.glance(&data, &self.usage),
                };
                if let Some(fault) = glance.fault {
                    return Err(*fault);
                }
                self.usage = glance.usage.unwrap_or(self.usage);
                self.output_bytes += glance.output_bytes;
                self.ended |= glance.end;
                self.over |= glance.over;
                Ok(glance.usage_only && *hide_usage)
            }
            _ => Ok(false),
        }
    }

    /// Hands decoded events on.
    fn pass_events(&mut self, events: &mut Vec<Event>) -> Result<(), Fault> {
        for event in events.drain(..) {
            if self.ended && matches!(self.pipe, Pipe::Translate { .. }) {
                continue;
            }
            self.has_content |= event.is_content();
            self.has_words |= event.is_content() && !matches!(event, Event::Finish { .. });
            match &event {
                Event::Error(fault) => return Err((**fault).clone()),
                Event::Usage(usage) => self.usage.update(usage),
                Event::End => self.ended = true,
                // A caller who gets the provider's own bytes has what it needs; others wait for the writer to close.
                Event::Finish { .. } => {
                    self.finished = true;
                    self.ended |= matches!(self.pipe, Pipe::Verbatim { .. });
                }
                _ => {}
            }
            if let Some(transcript) = &mut self.transcript {
                transcript.note(&event);
            }
            if let Pipe::Translate { writer, .. } = &mut self.pipe {
                self.output_bytes += event.output_bytes();
                self.over |= self.ended;
                let ends = self.over || self.finished && !self.several;
                writer.write(event, if ends { &mut self.end } else { &mut self.out });
            }
        }
        Ok(())
    }

    /// Whether the answer is complete: what goes wrong behind its end is nobody's concern.
    pub fn is_complete(&self) -> bool {
        self.over || self.ended && !self.several
    }

    /// Whether nothing of interest comes any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// From now on what it consumes is booked.
    pub fn book(&mut self, booking: Box<Booking>) {
        self.paid_bytes = booking.paid_bytes();
        self.booking = Some(booking);
    }

    /// More of it has come since it opened.
    pub fn goes_on(&self) {
        if let Some(booking) = &self.booking {
            booking.goes_on();
        }
    }

    /// How many bytes the model wrote so far.
    pub fn written(&self) -> usize {
        self.output_bytes
    }

    /// Whether more was written than what is held pays for. What is complete is settled instead.
    pub fn owes(&self) -> bool {
        self.output_bytes > self.paid_bytes && !self.is_complete()
    }

    /// Holds more money; what to wait for, if others must give some back first.
    pub fn pay(&mut self, patience: Duration) -> Result<Option<Paying>, Fault> {
        let written = self.output_bytes;
        let paying = self.booking.as_ref().map_or(Ok(None), |booking| booking.pay(written, patience));
        self.paid();
        paying
    }

    /// More money is held.
    pub fn paid(&mut self) {
        self.paid_bytes = self.booking.as_ref().map_or(usize::MAX, |booking| booking.paid_bytes());
    }

    /// Books what was consumed, once; the answer ended well, or by `fault`.
    pub fn settle(&mut self, fault: Option<&Fault>) -> Receipt {
        let Some(mut booking) = self.booking.take() else { return Receipt::default() };
        if let Some(transcript) = self.transcript.take() {
            transcript.end(self.usage);
        }
        match fault {
            Some(fault) => booking.break_off(fault, self.usage, self.output_bytes),
            None if self.is_complete() => booking.settle(self.usage, self.output_bytes),
            None => booking.abort(self.usage, self.output_bytes),
        }
    }

    /// Notes a fault that is told when everything before it was shown.
    pub fn fail(&mut self, fault: Fault) {
        self.failed = Some(Box::new(fault));
    }

    /// Whether a fault is noted.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// The noted fault, if there is one.
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.failed.take().map(|fault| *fault)
    }

    /// The next bytes for the caller that are not the end, if there are any.
    pub fn take(&mut self) -> Option<Bytes> {
        if !self.untouched.is_empty() {
            return Some(self.untouched.remove(0));
        }
        (!self.out.is_empty()).then(|| self.out.split().freeze())
    }

    /// What may be the end of the answer, when everything else was taken.
    pub fn take_end(&mut self) -> Option<Bytes> {
        (!self.end.is_empty()).then(|| self.end.split().freeze())
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.settle(None);
    }
}
