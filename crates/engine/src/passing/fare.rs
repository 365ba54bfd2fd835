//! What a call that is passed on costs: by what its answer says it consumed, by the call, or nobody knows.

use std::rc::Rc;

use policy::price::Cost;
use policy::{Need, Obeys};
use store::{Entry, EntryFault, Status};
use types::{Fault, FaultKind, Operation, Side, Usage, Usd};

use super::Passage;
use super::ahead::Ahead;
use super::known::Known;
use crate::booking::{Booking, Order, Paying, Receipt, entry};
use crate::caller::denied;
use crate::hold::Hold;
use crate::ledger::Ledger;
use crate::seat::Seat;

/// Methods of calls that cost nothing, as far as anybody knows.
const HARMLESS: [&str; 2] = ["GET", "DELETE"];
/// What the log calls the end of a batch.
const CANCEL: &str = "acancel_batch";
/// What it calls the beginning.
const MAKE: &str = "acreate_batch";
/// What is held for a call of which nobody knows what it costs: whoever has spent all has not even that.
const TOKEN: Usd = Usd::from_nanos(1);

/// What a call costs.
pub(super) enum Fare {
    /// What it consumes.
    Metered(Box<Booking>),
    /// As much as any call through this passage, or nobody knows.
    Flat(Box<Ticket>),
    /// Nothing: tokens are counted for free.
    Free,
}

/// A call whose cost does not depend on what it consumes.
pub(super) struct Ticket {
    seat: Rc<Seat>,
    ledger: Option<Rc<dyn Ledger>>,
    entry: Option<Box<Entry>>,
    hold: Option<Hold>,
    cost: Option<Usd>,
    /// Whether what is held is for later.
    is_ahead: bool,
    settled: bool,
}

impl Fare {
    /// Holds the money for a call. Where it is not known what it may cost, somebody who has spent all is refused.
    pub async fn begin(
        order: &Order<'_>,
        passage: &Passage,
        known: Option<&Known>,
        method: &str,
    ) -> Result<Self, Fault> {
        let is_priced = || passage.built_in.is_some() || order.deployment.tariff(order.model).is_known();
        match (passage.cost, known) {
            (None, Some(known)) if known.operation == Operation::CountTokens => Ok(Fare::Free),
            (None, Some(_)) if is_priced() => Ok(Fare::Metered(Box::new(Booking::begin(order).await?))),
            _ => {
                // Who only looks, or takes something back, may do so without money.
                let may_cost = !HARMLESS.contains(&method) && passage.thing != Some(CANCEL);
                Ok(Fare::Flat(Box::new(Ticket::begin(order, passage, may_cost).await?)))
            }
        }
    }

    /// The bound of the answer that the money pays for, if it is smaller than the caller's.
    pub fn lowered(&self) -> Option<u64> {
        if let Fare::Metered(booking) = self { booking.lowered } else { None }
    }

    /// Who pays.
    pub fn payer(&self) -> Option<Box<Entry>> {
        if let Fare::Flat(ticket) = self { ticket.entry.clone() } else { None }
    }

    /// What is held for later, which is not given back with the answer.
    pub fn ahead(&mut self) -> Option<Ahead> {
        let Fare::Flat(ticket) = self else { return None };
        ticket.hold.take_if(|_| ticket.is_ahead).map(Ahead)
    }

    /// It is about to be sent.
    pub async fn open(&mut self) {
        match self {
            Fare::Metered(booking) => booking.open().await,
            Fare::Flat(ticket) => ticket.open().await,
            Fare::Free => {}
        }
    }

    /// The answer has begun.
    pub fn answered(&mut self) {
        if let Fare::Metered(booking) = self {
            booking.answered();
        }
    }

    /// It was refused, or nobody answered.
    pub fn fail(self, fault: &Fault) {
        match self {
            Fare::Metered(booking) => booking.fail(fault),
            Fare::Flat(mut ticket) => ticket.settled = true,
            Fare::Free => {}
        }
    }

    /// The answer came.
    pub fn settle(&mut self, usage: Usage, written: usize) -> Receipt {
        match self {
            Fare::Metered(booking) => booking.settle(usage, written),
            Fare::Flat(ticket) => ticket.settle(Status::Success, usage, None),
            Fare::Free => Receipt::default(),
        }
    }

    /// It broke off.
    pub fn break_off(&mut self, fault: &Fault, usage: Usage, written: usize) -> Receipt {
        match self {
            Fare::Metered(booking) => booking.break_off(fault, usage, written),
            Fare::Flat(ticket) => ticket.settle(Status::Failure, usage, Some(fault)),
            Fare::Free => Receipt::default(),
        }
    }

    /// The caller left.
    pub fn abort(&mut self, usage: Usage, written: usize) {
        match self {
            Fare::Metered(booking) => drop(booking.abort(usage, written)),
            Fare::Flat(ticket) => drop(ticket.settle(Status::Aborted, usage, None)),
            Fare::Free => {}
        }
    }

    /// How many bytes of output what is held pays for.
    pub fn paid_bytes(&self) -> usize {
        if let Fare::Metered(booking) = self { booking.paid_bytes() } else { usize::MAX }
    }

    /// Holds more money for an answer of which so much is written.
    pub fn pay(&self, written: usize, patience: std::time::Duration) -> Result<Option<Paying>, Fault> {
        if let Fare::Metered(booking) = self { booking.pay(written, patience) } else { Ok(None) }
    }
}

impl Ticket {
    async fn begin(order: &Order<'_>, passage: &Passage, may_cost: bool) -> Result<Self, Fault> {
        let (Order { gate, setup, seat, .. }, cost) = (order, passage.cost);
        if gate.ledger.as_ref().is_some_and(|ledger| !ledger.is_healthy()) {
            let message = "the gateway cannot book what calls cost right now, so it makes none; please try again";
            return Err(Fault::new(FaultKind::Unavailable, Side::Gateway, message));
        }
        if setup.pricing.block_unpriced && cost.is_none() && may_cost && passage.thing.is_none() {
            let message = "what this call costs is not known, and such calls are refused here";
            return Err(denied(FaultKind::Permission, "model_cost_map_missing", message));
        }
        let pass = seat.pass();
        let mut entry = gate.ledger.is_some().then(|| Box::new(entry(order, 0, None)));
        let mut hold = None;
        let is_ahead = passage.thing == Some(MAKE) && pass.is_limited();
        if is_ahead && passage.worst.is_none() {
            let message = "what a batch of this file costs at worst is not known, so that it cannot be made on a budget: \
                           each line needs a model whose price is known and a bound of the answer; files that were kept \
                           by an older version have to be uploaded again";
            return Err(denied(FaultKind::Permission, "model_cost_map_missing", message));
        }
        if pass.has_budget() {
            let ahead = passage.worst.filter(|_| is_ahead).map(|worst| worst.max(TOKEN));
            let all = cost.or(ahead).unwrap_or(if may_cost { TOKEN } else { Usd::ZERO });
            let need =
                Need { input: all, small: all, likely: Some(all), worst: Some(all), obeys: Obeys::Yes, grows: false };
            let taken = Hold::take(pass, &[], &need, setup.spending.patience).await?;
            entry.iter_mut().for_each(|entry| entry.charges = taken.charges());
            hold = Some(taken);
        }
        if let Some(entry) = &mut entry {
            (entry.usage, entry.estimated, entry.cost) = (Usage::default(), false, cost);
            entry.model.truncate(entry.model.trim_end_matches('/').len());
        }
        Ok(Ticket { seat: (*seat).clone(), ledger: gate.ledger.clone(), entry, hold, cost, is_ahead, settled: false })
    }

    async fn open(&mut self) {
        if let (Some(ledger), Some(entry)) = (&self.ledger, &mut self.entry) {
            entry.started_at = self.seat.pass().now_ms();
            if self.cost.is_some() {
                ledger.open(entry).await;
            }
        }
    }

    fn settle(&mut self, status: Status, usage: Usage, fault: Option<&Fault>) -> Receipt {
        if std::mem::replace(&mut self.settled, true) {
            return Receipt::default();
        }
        if let Some(mut hold) = self.hold.take() {
            hold.settle(self.cost.unwrap_or_default());
        }
        self.seat.count(&usage);
        let durable = self.ledger.as_ref().zip(self.entry.as_mut()).map(|(ledger, entry)| {
            (entry.status, entry.usage, entry.fault) = (status, usage, fault.map(EntryFault::from));
            entry.ended_at = Some(self.seat.pass().now_ms());
            entry.lines.other = self.cost.unwrap_or_default();
            self.seat.pass().record.iter().for_each(|record| record.answered(entry));
            ledger.settle(entry)
        });
        let cost = self.cost.map(|cost| Cost { other: cost, total: cost, ..Cost::default() });
        Receipt { cost, usage: Box::new(usage), durable }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.settle(Status::Aborted, Usage::default(), None);
    }
}
