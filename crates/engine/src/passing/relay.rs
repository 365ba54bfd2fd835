//! The body of an answer that is passed on: piece by piece as it comes, read beside, paid for while it goes on, and cut off
//! if nobody can pay or the provider falls silent.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::Front;
use providers::http::Body;
use tokio::time::{Instant, Sleep, sleep_until};
use types::{Fault, FaultKind, Usage};

use super::fare::Fare;
use super::guarded::Rewriting;
use super::meter::Meter;
use crate::booking::Paying;
use crate::ledger::Durable;
use crate::seat::Seat;

/// The body of an answer that is passed on. Dropping it closes the upstream connection.
pub struct Relay {
    body: Option<Body>,
    bill: Option<Bill>,
    idle: Duration,
    heard: Instant,
    alarm: Option<Pin<Box<Sleep>>>,
    /// A piece that goes out when what comes before is done.
    held: Option<Bytes>,
    durable: Option<Durable>,
    paying: Option<Paying>,
    broken: bool,
    /// What looks over a stream, and writes it anew.
    rewriting: Option<Box<Rewriting>>,
    /// Pieces that came before.
    early: VecDeque<Bytes>,
    _seat: Rc<Seat>,
}

/// Who pays, and what it goes by.
struct Bill {
    fare: Fare,
    meter: Option<Meter>,
    patience: Duration,
    front: &'static dyn Front,
    paid_bytes: usize,
    answered: bool,
}

impl Relay {
    /// Passes `body` on, whose provider may be silent for `idle`; who pays, and what reads it.
    pub(super) fn new(
        body: Body,
        seat: Rc<Seat>,
        idle: Duration,
        bill: Option<(Fare, Option<Meter>, Duration, &'static dyn Front)>,
    ) -> Self {
        let bill = bill.map(|(fare, meter, patience, front)| Bill {
            paid_bytes: fare.paid_bytes(),
            fare,
            meter,
            patience,
            front,
            answered: false,
        });
        if bill.is_some() {
            seat.opened();
        }
        Relay {
            body: Some(body),
            bill,
            idle,
            heard: Instant::now(),
            alarm: None,
            held: None,
            durable: None,
            paying: None,
            broken: false,
            rewriting: None,
            early: VecDeque::new(),
            _seat: seat,
        }
    }

    /// The same through what looks it over, and the pieces that came already.
    pub(super) fn through(mut self, through: Option<(Rewriting, VecDeque<Bytes>)>) -> Self {
        if let Some((rewriting, early)) = through {
            (self.rewriting, self.early) = (Some(Box::new(rewriting)), early);
        }
        self
    }

    /// Whether the answer has ended without its end: the connection must not end well then.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The next bytes for the caller; `None` at the end.
    pub fn poll_piece(&mut self, cx: &mut Context) -> Poll<Option<Bytes>> {
        loop {
            if let Some(durable) = &mut self.durable {
                ready!(durable.as_mut().poll(cx));
                self.durable = None;
            }
            if let Some(paying) = &mut self.paying {
                let paid = ready!(paying.as_mut().poll(cx));
                self.paying = None;
                match (paid, &mut self.bill) {
                    (Ok(()), Some(bill)) => bill.paid_bytes = bill.fare.paid_bytes(),
                    (Err(fault), _) => self.give_up(&fault),
                    (Ok(()), None) => {}
                }
                continue;
            }
            if let Some(piece) = self.held.take() {
                return Poll::Ready(Some(piece));
            }
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            if let Some(piece) = self.early.pop_front() {
                self.pass(piece);
                continue;
            }
            match body.poll_piece(cx) {
                Poll::Pending => {
                    ready!(self.poll_silence(cx));
                    continue;
                }
                Poll::Ready(Some(Ok(piece))) => self.pass(piece),
                Poll::Ready(Some(Err(fault))) => {
                    self.body = None;
                    self.broken = true;
                    self.end(Some(&fault));
                }
                Poll::Ready(None) => self.finish(),
            }
        }
    }

    fn pass(&mut self, piece: Bytes) {
        self.heard = Instant::now();
        let shown = match &mut self.rewriting {
            Some(rewriting) => rewriting.feed(&piece),
            None => Ok(piece.clone()),
        };
        let mut withheld = None;
        match shown {
            Ok(shown) => self.held = (!shown.is_empty()).then_some(shown),
            Err(fault) => withheld = Some(fault),
        }
        let Some(bill) = &mut self.bill else { return };
        if !std::mem::replace(&mut bill.answered, true) {
            bill.fare.answered();
        }
        self._seat.goes_on();
        let Some(meter) = &mut bill.meter else { return };
        meter.read(&piece);
        if let Some(fault) = withheld {
            self.give_up(&fault);
        } else if meter.over {
            // Nobody gets to see the end of an answer that could still be forgotten.
            self.end(None);
        } else if meter.written > bill.paid_bytes && !meter.ended {
            match bill.fare.pay(meter.written, bill.patience) {
                Ok(Some(paying)) => self.paying = Some(paying),
                Ok(None) => bill.paid_bytes = bill.fare.paid_bytes(),
                Err(fault) => self.give_up(&fault),
            }
        }
    }

    /// Nothing more comes from the provider.
    fn finish(&mut self) {
        let rest = self.rewriting.as_mut().map_or(Ok(Bytes::new()), |rewriting| rewriting.finish());
        match rest {
            Ok(rest) => {
                self.body = None;
                self.held = (!rest.is_empty()).then_some(rest);
                self.end(None);
            }
            Err(fault) => self.give_up(&fault),
        }
    }

    /// The answer is cut off: events say so, other bytes just end.
    fn give_up(&mut self, fault: &Fault) {
        self.body = None;
        let events = self.bill.as_ref().filter(|bill| bill.meter.as_ref().is_some_and(Meter::has_events));
        match events.map(|bill| bill.front) {
            Some(front) => {
                let mut out = BytesMut::from(self.held.take().unwrap_or_default().as_ref());
                front.write_stream_fault(fault, &mut out);
                self.held = Some(out.freeze());
            }
            None => self.broken = true,
        }
        self.end(Some(fault));
    }

    /// Books the answer, once.
    fn end(&mut self, fault: Option<&Fault>) {
        let Some(bill) = &mut self.bill else { return };
        let (mut usage, mut written, mut said) = (Usage::default(), 0, None);
        if let Some(meter) = &mut bill.meter {
            meter.finish();
            (usage, written, said) = (meter.usage, meter.written, meter.fault.take());
        }
        let receipt = match fault.or(said.as_ref()) {
            Some(fault) => bill.fare.break_off(fault, usage, written),
            None => bill.fare.settle(usage, written),
        };
        self.durable = receipt.durable.or(self.durable.take());
    }

    /// The provider says nothing; for too long?
    fn poll_silence(&mut self, cx: &mut Context) -> Poll<()> {
        let until = self.heard + self.idle;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alarm.is_elapsed() || alarm.deadline() != until {
            alarm.as_mut().reset(until);
        }
        ready!(alarm.as_mut().poll(cx));
        let message = "the provider fell silent in the middle of its answer";
        self.give_up(&Fault::provider(FaultKind::Timeout, message));
        Poll::Ready(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let Some(bill) = &mut self.bill else { return };
        let (usage, written) = bill.meter.as_ref().map(|meter| (meter.usage, meter.written)).unwrap_or_default();
        bill.fare.abort(usage, written);
    }
}
