//! Step 7 of the journey: a streamed answer reaches its caller, with signs of life in silence, an end to endless
//! silence, and a proper error if the provider breaks off.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::Front;
use providers::http::Body;
use tokio::time::{Instant, Sleep, sleep_until};
use types::{Fault, FaultKind};

use crate::attempt::Opening;
use crate::booking::Paying;
use crate::cache::Recording;
use crate::defect::caught;
use crate::flow::Flow;
use crate::journey::Attempts;
use crate::ledger::Durable;

/// How long the end of an answer is held back for what may still come behind it: the token counts, mostly.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Bytes of an answer that is given again that go out at once.
const PIECE: usize = 64 << 10;

/// A streamed answer. Dropping it closes the upstream connection.
pub struct Delivery {
    state: State,
    service: Service,
    /// Whether the answer is bytes, among which nothing else may stand.
    is_raw: bool,
    /// When the provider was last heard of.
    heard: Instant,
    /// When the caller last got something.
    sent: Instant,
    /// Rings at the earliest time at which something may have to be done; set anew only when it rings.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// How an answer is delivered.
pub(crate) struct Service {
    pub front: &'static dyn Front,
    /// Silence after which a sign of life is sent.
    pub heartbeat: Duration,
    /// How long a stream waits for money that others hold.
    pub patience: Duration,
    /// What takes the answer down, if it may be kept.
    pub recording: Option<Rc<Recording>>,
}

enum State {
    /// No attempt has opened yet.
    Waiting(Attempts),
    /// An answer flows.
    Flowing(Stream),
    /// An answer is given again.
    Replaying(Bytes),
    /// A fault has still to be told.
    Failed(Fault),
    /// Everything was said.
    Over,
}

/// An answer that flows.
struct Stream {
    flow: Box<Flow>,
    /// Without a body nothing more comes, and what is still in the flow goes out before `end`.
    body: Option<Body>,
    end: Option<Box<Fault>>,
    /// Nothing is read while money is short.
    paying: Option<Paying>,
    /// The end goes out when it is booked for good.
    booked: Booked,
}

/// How far the booking of an answer is.
enum Booked {
    /// It goes on.
    Not,
    /// It is written, and may still be forgotten.
    Written(Durable),
    /// For good.
    ForGood,
}

impl Stream {
    fn new(flow: Box<Flow>, body: Body) -> Self {
        Stream { flow, body: Some(body), end: None, paying: None, booked: Booked::Not }
    }

    /// Nothing more is read; an answer that is complete is so in spite of `fault`.
    fn finish(&mut self, fault: Option<Fault>) {
        self.body = None;
        let fault = fault.filter(|_| !self.flow.is_complete());
        self.end = fault.map(|fault| Box::new(self.flow.deployment.without_credential(fault)));
    }

    /// The next bytes for the caller; `None` at the end.
    fn poll(&mut self, cx: &mut Context, service: &Service, heard: &mut Instant) -> Poll<Option<Bytes>> {
        loop {
            if let Some(paying) = &mut self.paying {
                let paid = ready!(paying.as_mut().poll(cx));
                self.paying = None;
                self.flow.paid();
                if let Err(fault) = paid {
                    self.finish(Some(fault));
                }
            }
            if let Some(fault) = self.flow.take_fault() {
                self.finish(Some(fault));
            }
            if self.body.is_some() && self.flow.owes() {
                match self.flow.pay(service.patience) {
                    Ok(paying) => self.paying = paying,
                    Err(fault) => self.finish(Some(fault)),
                }
                continue;
            }
            let over = self.body.is_none() || self.flow.is_over();
            if over {
                self.settle(service);
            }
            if let Some(words) = self.flow.take() {
                return Poll::Ready(Some(words));
            }
            // What may be the end is held back until it is booked for good.
            if over {
                ready!(self.poll_booked(cx));
                if let Some(end) = self.flow.take_end() {
                    return Poll::Ready(Some(end));
                }
            }
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            let piece = ready!(body.poll_piece(cx));
            *heard = Instant::now();
            match piece {
                Some(Ok(piece)) => match self.flow.feed(piece) {
                    Ok(()) => self.flow.goes_on(),
                    Err(fault) => self.finish(Some(fault)),
                },
                // Some dialects end with the connection: what was complete before it broke is complete.
                Some(Err(fault)) => {
                    let _ = self.flow.flush();
                    self.finish(Some(fault));
                }
                None => {
                    let finished = self.flow.finish();
                    self.finish(finished.err());
                }
            }
        }
    }

    /// Books the answer, once.
    fn settle(&mut self, service: &Service) {
        if let Booked::Not = self.booked {
            let receipt = self.flow.settle(self.end.as_deref());
            if let (Some(recording), None, true) = (&service.recording, &self.end, self.flow.is_complete()) {
                recording.settled(&self.flow.deployment, &receipt);
            }
            let durable = receipt.durable;
            self.booked = durable.map_or(Booked::ForGood, Booked::Written);
        }
    }

    /// Waits until the booking is for good.
    fn poll_booked(&mut self, cx: &mut Context) -> Poll<()> {
        if let Booked::Written(written) = &mut self.booked {
            ready!(written.as_mut().poll(cx));
            self.booked = Booked::ForGood;
        }
        Poll::Ready(())
    }
}

impl Delivery {
    /// The attempts go on while the caller already waits on a stream.
    pub(crate) fn waiting(attempts: Attempts, service: Service) -> Box<Self> {
        let heartbeat = service.heartbeat;
        let mut delivery = Delivery::new(State::Waiting(attempts), service);
        // The silence so far lasted for one heartbeat: the first sign of life is due.
        delivery.sent -= heartbeat;
        Box::new(delivery)
    }

    /// An answer has opened.
    pub(crate) fn flowing(flow: Box<Flow>, body: Body, service: Service) -> Box<Self> {
        let is_raw = flow.is_raw();
        Box::new(Delivery { is_raw, ..Delivery::new(State::Flowing(Stream::new(flow, body)), service) })
    }

    /// An answer is given again that was kept.
    pub(crate) fn replaying(answer: Bytes, service: Service) -> Box<Self> {
        Box::new(Delivery::new(State::Replaying(answer), service))
    }

    fn new(state: State, service: Service) -> Self {
        let now = Instant::now();
        Delivery { state, service, is_raw: false, heard: now, sent: now, alarm: None }
    }

    /// Whether an answer of bytes has ended without its end: the connection must not end well then.
    pub fn is_broken(&self) -> bool {
        self.is_raw && matches!(self.state, State::Failed(_))
    }

    /// The answer as far as it is there, for those who keep it though its caller leaves now.
    pub fn given_up(&self) -> Option<Bytes> {
        match &self.state {
            State::Flowing(stream) => stream.flow.given_up(),
            _ => None,
        }
    }

    /// The next bytes for the caller; `None` at the end. Faults are part of the bytes, where there is a place for them.
    pub fn poll_piece(&mut self, cx: &mut Context) -> Poll<Option<Bytes>> {
        caught(|| self.poll_answer_or_silence(cx)).unwrap_or_else(|defect| {
            self.state = State::Failed(defect);
            self.poll_answer(cx)
        })
    }

    fn poll_answer_or_silence(&mut self, cx: &mut Context) -> Poll<Option<Bytes>> {
        match self.poll_answer(cx) {
            Poll::Ready(piece) => {
                self.sent = Instant::now();
                Poll::Ready(piece)
            }
            Poll::Pending => self.poll_silence(cx),
        }
    }

    fn poll_answer(&mut self, cx: &mut Context) -> Poll<Option<Bytes>> {
        loop {
            match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Failed(_) if self.is_raw => return Poll::Ready(None),
                State::Failed(fault) => {
                    let mut out = BytesMut::new();
                    self.service.front.write_stream_fault(fault, &mut out);
                    self.state = State::Over;
                    return Poll::Ready(Some(out.freeze()));
                }
                State::Waiting(attempts) => match ready!(attempts.as_mut().poll(cx)) {
                    Ok(opened) => {
                        self.heard = Instant::now();
                        self.service.recording.iter().for_each(|recording| recording.opened(&opened));
                        self.state = match opened.answer {
                            Opening::Stream(flow, body) => State::Flowing(Stream::new(flow, body)),
                            Opening::Whole(_) | Opening::Session(_) => State::Over,
                        };
                    }
                    Err(fault) => self.state = State::Failed(fault),
                },
                State::Flowing(stream) => match ready!(stream.poll(cx, &self.service, &mut self.heard)) {
                    Some(bytes) => {
                        self.service.recording.iter().for_each(|recording| recording.note(&bytes));
                        return Poll::Ready(Some(bytes));
                    }
                    None => {
                        let end = stream.end.take();
                        self.service.recording.iter().filter(|_| end.is_none()).for_each(|recording| recording.end());
                        self.state = end.map_or(State::Over, |fault| State::Failed(*fault));
                    }
                },
                State::Replaying(rest) if rest.is_empty() => self.state = State::Over,
                State::Replaying(rest) => return Poll::Ready(Some(rest.split_to(rest.len().min(PIECE)))),
            }
        }
    }

    /// Nothing came: is a sign of life due, or has the provider been silent for too long?
    fn poll_silence(&mut self, cx: &mut Context) -> Poll<Option<Bytes>> {
        loop {
            let idle = match &self.state {
                State::Flowing(stream) if stream.body.is_some() && stream.paying.is_none() => {
                    let flow = &stream.flow;
                    let last_words = flow.is_complete() && !flow.is_over();
                    Some(if last_words { LAST_WORDS } else { flow.deployment.limits.idle })
                }
                _ => None,
            };
            let gives_up = idle.map(|idle| self.heard + idle);
            let heartbeat = if self.is_raw { "" } else { self.service.front.heartbeat() };
            let beats = (!heartbeat.is_empty()).then(|| self.sent + self.service.heartbeat);
            let now = Instant::now();
            if gives_up.is_some_and(|at| at <= now)
                && let State::Flowing(stream) = &mut self.state
            {
                let message = "the provider fell silent in the middle of its answer";
                stream.finish(Some(Fault::provider(FaultKind::Timeout, message)));
                return self.poll_answer(cx);
            }
            if beats.is_some_and(|at| at <= now) {
                self.sent = now;
                return Poll::Ready(Some(Bytes::from_static(heartbeat.as_bytes())));
            }
            let Some(next) = gives_up.into_iter().chain(beats).min() else {
                return Poll::Pending;
            };
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(next)));
            if alarm.is_elapsed() || alarm.deadline() > next {
                alarm.as_mut().reset(next);
            }
            ready!(alarm.as_mut().poll(cx));
        }
    }
}

#[cfg(test)]
mod tests;
