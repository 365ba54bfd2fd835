//! Step 7 of the journey: a streamed answer reaches its caller, with signs of life in silence, an end to endless
//! silence, and a proper error if the provider breaks off.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::Front;
use providers::http::Body;
use tokio::time::{Instant, Sleep, sleep_until};
use types::{Fault, FaultKind};

use crate::attempt::Opening;
use crate::defect::caught;
use crate::flow::Flow;
use crate::journey::Attempts;

/// A streamed answer. Dropping it closes the upstream connection.
pub struct Delivery {
    state: State,
    front: &'static dyn Front,
    heartbeat: Duration,
    /// When the provider was last heard of.
    heard: Instant,
    /// When the caller last got something.
    sent: Instant,
    /// Rings at the earliest time at which something may have to be done; set anew only when it rings.
    alarm: Option<Pin<Box<Sleep>>>,
}

#[expect(clippy::large_enum_variant, reason = "a delivery is boxed, and flows for nearly all of its life")]
enum State {
    /// No attempt has opened yet.
    Waiting(Attempts),
    /// An answer flows. Without a body nothing more comes, and what is still in the flow goes out before `end`.
    Flowing { flow: Box<Flow>, body: Option<Body>, end: Option<Fault> },
    /// A fault has still to be told.
    Failed(Fault),
    /// Everything was said.
    Over,
}

impl State {
    fn flowing(flow: Box<Flow>, body: Body) -> Self {
        State::Flowing { flow, body: Some(body), end: None }
    }
}

impl Delivery {
    /// The attempts go on while the caller already waits on a stream.
    pub(crate) fn waiting(attempts: Attempts, front: &'static dyn Front, heartbeat: Duration) -> Box<Self> {
        let mut delivery = Delivery::new(State::Waiting(attempts), front, heartbeat);
        // The silence so far lasted for one heartbeat: the first sign of life is due.
        delivery.sent -= heartbeat;
        Box::new(delivery)
    }

    /// An answer has opened.
    pub(crate) fn flowing(flow: Box<Flow>, body: Body, front: &'static dyn Front, heartbeat: Duration) -> Box<Self> {
        Box::new(Delivery::new(State::flowing(flow, body), front, heartbeat))
    }

    fn new(state: State, front: &'static dyn Front, heartbeat: Duration) -> Self {
        let now = Instant::now();
        Delivery { state, front, heartbeat, heard: now, sent: now, alarm: None }
    }

    /// The next bytes for the caller; `None` at the end. Faults are part of the bytes.
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
                State::Failed(fault) => {
                    let mut out = BytesMut::new();
                    self.front.write_stream_fault(fault, &mut out);
                    self.state = State::Over;
                    return Poll::Ready(Some(out.freeze()));
                }
                State::Waiting(attempts) => match ready!(attempts.as_mut().poll(cx)) {
                    Ok(opened) => {
                        self.heard = Instant::now();
                        self.state = match opened.answer {
                            Opening::Stream(flow, body) => State::flowing(flow, body),
                            Opening::Whole(_) => State::Over,
                        };
                    }
                    Err(fault) => self.state = State::Failed(fault),
                },
                State::Flowing { flow, body, end } => {
                    if let Some(bytes) = flow.take() {
                        return Poll::Ready(Some(bytes));
                    }
                    if let Some(fault) = flow.take_fault() {
                        (*body, *end) = (None, Some(fault).filter(|_| !flow.is_complete()));
                    }
                    let Some(upstream) = body else {
                        self.state = end.take().map_or(State::Over, State::Failed);
                        continue;
                    };
                    let piece = ready!(upstream.poll_piece(cx));
                    self.heard = Instant::now();
                    let done = !matches!(piece, Some(Ok(_)));
                    let result = match piece {
                        Some(Ok(piece)) => flow.feed(piece),
                        // Some dialects end with the connection: what was complete before it broke is complete.
                        Some(Err(fault)) => flow.finish().map_err(|_| fault),
                        None => flow.finish(),
                    };
                    if done || result.is_err() {
                        (*body, *end) = (None, result.err().filter(|_| !flow.is_complete()));
                    }
                }
            }
        }
    }

    /// Nothing came: is a sign of life due, or has the provider been silent for too long?
    fn poll_silence(&mut self, cx: &mut Context) -> Poll<Option<Bytes>> {
        loop {
            let idle = match &self.state {
                State::Flowing { flow, .. } => Some(flow.deployment.limits.idle),
                _ => None,
            };
            let gives_up = idle.map(|idle| self.heard + idle);
            let heartbeat = self.front.heartbeat();
            let beats = (!heartbeat.is_empty()).then(|| self.sent + self.heartbeat);
            let now = Instant::now();
            if gives_up.is_some_and(|at| at <= now) {
                let fault = Fault::provider(FaultKind::Timeout, "the provider fell silent in the middle of its answer");
                self.state = State::Failed(fault);
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
