//! One attempt in the books: money is held before it is sent, it is noted as open when it is, and settled when it is
//! over. A booking that is dropped in between is settled as aborted, with what is known by then.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use policy::price::{Bill, Cost, Quote, Tariff};
use store::{Aside, Charge, CostLines, Entry, EntryFault, Status};
use tokio::time::Instant;
use types::{Fault, FaultKind, Side, Usage, Usd};

use crate::ask::Ask;
use crate::asked::Asked;
use crate::caller::Account;
use crate::forecast::Forecast;
use crate::hold::{CUT_OFF, Hold};
use crate::ledger::{Durable, Ledger};
use crate::pass::Pass;
use crate::seat::Seat;
use crate::{Deployment, Gate, Setup};

/// Tokens that no answer reaches: who has money for more needs no bound, and providers refuse absurd ones.
const LONGEST_ANSWER: u64 = 1_000_000;
/// Tokens that a provider does not write faster than it is read: before it has more than that, it is cut off.
const LONGEST_BURST: u64 = 16_384;
/// Tokens by which the hold of a stream is ahead of what it has cost.
const AHEAD: u64 = 64;
/// Bytes of output per token, on the careful side: the money must last until the provider counts.
const BYTES_PER_TOKEN: u64 = 3;
/// Bytes per token that no whole answer reaches.
const MOST_BYTES_PER_TOKEN: u64 = 16;

/// An attempt that will be booked.
pub(crate) struct Booking {
    pass: Rc<Pass>,
    seat: Rc<Seat>,
    ledger: Option<Rc<dyn Ledger>>,
    deployment: Arc<Deployment>,
    tariff: Arc<Tariff>,
    quote: Option<Quote>,
    asked: Asked,
    /// `None` if nobody's money is limited, or once it is settled.
    hold: Option<Rc<RefCell<Hold>>>,
    /// What is written into the ledger, if there is one.
    entry: Option<Box<Entry>>,
    /// When it was sent, milliseconds since 1970.
    started_at: i64,
    /// The same, for what the rest of the call takes.
    sent_at: Option<Instant>,
    input_estimate: u64,
    /// What was quoted.
    foreseen: Box<Usage>,
    /// The bound that the provider was given, tokens.
    bound: Option<u64>,
    /// Whether the bound is ours, and smaller than what the caller wanted.
    pub lowered: Option<u64>,
    has_output: bool,
    stream: bool,
    opened: bool,
    /// Whether it may have cost something.
    sent: bool,
    settled: bool,
}

/// What came of an attempt.
#[derive(Default)]
pub(crate) struct Receipt {
    /// What it cost; `None` if the price is not known.
    pub cost: Option<Cost>,
    /// What it consumed. In a box: it goes through many hands while streams wait.
    pub usage: Box<Usage>,
    /// What to wait for before anybody sees the end of the answer.
    pub durable: Option<Durable>,
}

/// What a booking is about.
pub(crate) struct Order<'a> {
    pub gate: &'a Gate,
    pub setup: &'a Setup,
    pub seat: &'a Rc<Seat>,
    pub ask: &'a Ask,
    pub deployment: &'a Arc<Deployment>,
    /// The model as the provider calls it.
    pub model: &'a str,
}

impl Booking {
    /// Holds the money for an attempt. Waits for others to settle, within bounds, when they hold what is left.
    pub async fn begin(order: &Order<'_>) -> Result<Self, Fault> {
        let Order { gate, setup, seat, ask, deployment, model } = order;
        let (pass, others) = (seat.pass(), deployment.accounts(&seat.pass().meters));
        if gate.ledger.as_ref().is_some_and(|ledger| !ledger.is_healthy()) {
            let message = "the gateway cannot book what calls cost right now, so it makes none; please try again";
            return Err(Fault::new(FaultKind::Unavailable, Side::Gateway, message));
        }
        let limited = pass.has_budget() || others.iter().any(Account::has_budget);
        // Foreseeing costs time that only money is worth.
        let cares = limited || gate.ledger.is_some() || setup.pricing.block_unpriced;
        let forecast = Forecast::of(ask, deployment, model, cares);
        let priced = forecast.priced(setup, ask, deployment, limited)?;
        let Forecast { asked, tariff, input_estimate, foreseen, quote, bound, has_output, .. } = forecast;
        let mut booking = Booking {
            entry: gate.ledger.is_some().then(|| Box::new(entry(order, input_estimate, quote.as_ref()))),
            started_at: 0,
            sent_at: None,
            pass: pass.clone(),
            seat: (*seat).clone(),
            ledger: gate.ledger.clone(),
            deployment: (*deployment).clone(),
            tariff,
            quote,
            asked,
            hold: None,
            input_estimate,
            foreseen: Box::new(foreseen),
            bound,
            lowered: None,
            has_output,
            stream: ask.flows(),
            opened: false,
            sent: false,
            settled: false,
        };
        if let Some((quote, need)) = priced {
            let hold = Hold::take(pass, others, &need, setup.spending.patience).await?;
            // A stream that has not even what it must always be ahead is one of the last that the money pays for.
            let grows = need.grows && hold.amount() >= quote.worst(AHEAD);
            booking.bound_to(&hold, &quote, grows);
            if let Some(entry) = &mut booking.entry {
                entry.charges = hold.charges();
            }
            booking.hold = Some(Rc::new(RefCell::new(hold)));
        }
        Ok(booking)
    }

    /// Bounds the answer to what is held, or to what the hold can become while the answer comes.
    fn bound_to(&mut self, hold: &Hold, quote: &Quote, grows: bool) {
        let (paid, longest) = match grows {
            true => (quote.tokens_for(hold.most()), LONGEST_BURST),
            false => (quote.tokens_for(hold.amount()), LONGEST_ANSWER),
        };
        if self.has_output && self.bound.unwrap_or(longest) > paid {
            (self.bound, self.lowered) = (Some(paid), Some(paid));
        }
    }

    /// The attempt is about to be sent: when this is over it may cost something.
    pub async fn open(&mut self) {
        self.opened = true;
        self.started_at = self.pass.now_ms();
        self.sent_at = Some(Instant::now());
        if self.entry.is_some() {
            self.pass.record.iter().for_each(|record| record.attempted());
        }
        if let (Some(ledger), Some(entry)) = (&self.ledger, &mut self.entry) {
            entry.started_at = self.started_at;
            ledger.open(entry).await;
        }
        self.sent = true;
    }

    /// For an attempt that writes what it likes, up to what its model writes at most: the provider hears nothing of a bound of
    /// ours. What is held is always ahead of what it writes; who has no money for that is refused.
    pub async fn unbounded(order: &Order<'_>) -> Result<Self, Fault> {
        let mut booking = Booking::begin(order).await?;
        booking.lowered = None;
        booking.bound = order.deployment.facts.max_output_tokens;
        if booking.paid_bytes() == 0 {
            let paid = match booking.pay(1, order.setup.spending.patience) {
                Ok(Some(paying)) => paying.await,
                Ok(None) => Ok(()),
                Err(fault) => Err(fault),
            };
            let note = " What is left does not pay for a response.";
            paid.map_err(|fault| Fault { message: fault.message.replace(CUT_OFF, note), ..fault })?;
        }
        Ok(booking)
    }

    /// It is a part of an attempt: what it costs is booked with that.
    pub fn into_part(mut self) -> Self {
        (self.entry, self.ledger) = (None, None);
        self
    }

    /// The entry of an attempt whose parts cost something from now on, and not the attempt itself.
    pub fn into_entry(mut self) -> Option<Box<Entry>> {
        self.settled = true;
        self.entry.take()
    }

    /// The sums that it counts for, beside everybody's totals.
    pub fn charges(&self) -> Vec<Charge> {
        self.hold.as_ref().map(|hold| hold.borrow().charges()).unwrap_or_default()
    }

    /// Its prices are others.
    pub fn at(self, tariff: Arc<Tariff>) -> Self {
        let mut other = self;
        other.tariff = tariff;
        other
    }

    /// What goes along with its entry.
    pub fn aside(&self) -> Option<&Aside> {
        self.entry.as_ref()?.aside.as_deref()
    }

    /// The first content has come.
    pub fn answered(&mut self) {
        if let Some(entry) = &mut self.entry {
            entry.first_token_at = Some(self.pass.now_ms());
        }
        if let Some(placement) = self.seat.placement() {
            placement.answered();
        }
        self.note_pace(1);
    }

    /// The attempt failed before it brought anything.
    pub fn fail(mut self, fault: &Fault) {
        self.note(fault);
        if fault.kind == FaultKind::Timeout {
            // Whoever does not answer in time is slow.
            self.note_pace(1);
        }
        // A provider that refuses or breaks before it answers bills nothing.
        self.settle_as(Status::Failure, nothing(), false, false);
    }

    /// More of the answer has come.
    pub fn goes_on(&self) {
        self.seat.goes_on();
    }

    /// The attempt brought an answer and consumed this; `output_bytes` is what the model wrote, for what the provider
    /// did not count.
    pub fn settle(&mut self, usage: Usage, output_bytes: usize) -> Receipt {
        if self.stream {
            self.seat.ended();
        }
        self.settle_with(Status::Success, usage, output_bytes)
    }

    /// The attempt brought a part of an answer and then failed.
    pub fn break_off(&mut self, fault: &Fault, usage: Usage, output_bytes: usize) -> Receipt {
        self.note(fault);
        self.seat.broke_off(fault);
        self.settle_with(Status::Failure, usage, output_bytes)
    }

    /// The caller left.
    pub fn abort(&mut self, usage: Usage, output_bytes: usize) -> Receipt {
        self.settle_with(Status::Aborted, usage, output_bytes)
    }

    /// Takes note of what it took to write so many tokens, or to begin to.
    fn note_pace(&self, tokens: u64) {
        let seconds = (self.pass.now_ms() - self.started_at).max(0) as f64 / 1000.0;
        self.deployment.health.note_pace(self.stream, seconds / tokens.max(1) as f64);
    }

    fn note(&mut self, fault: &Fault) {
        if let Some(entry) = &mut self.entry {
            // Some providers repeat what they were shown.
            entry.fault = Some(EntryFault::from(&self.deployment.without_credential(fault.clone())));
        }
    }

    fn settle_with(&mut self, status: Status, mut usage: Usage, output_bytes: usize) -> Receipt {
        let estimated = usage.input.is_none() || self.has_output && usage.output.is_none();
        if usage.input.is_none() {
            usage.input = self.foreseen.input;
        } else if status == Status::Success {
            let (input, output) = (usage.input.unwrap_or_default(), usage.output.unwrap_or_default());
            self.deployment.health.note_answer(self.input_estimate, input, output, self.bound);
            if let Some(placement) = self.seat.placement() {
                placement.served(&usage);
            }
        }
        // What nobody stated is as it was foreseen.
        usage = self.foreseen.updated(&usage);
        if usage.output.is_none() {
            let written = (output_bytes as u64).div_ceil(BYTES_PER_TOKEN + 1);
            usage.output = Some(if self.has_output { written } else { 0 });
        }
        if status == Status::Success && !self.stream {
            self.note_pace(usage.output.unwrap_or_default());
            let lasted = (self.pass.now_ms() - self.started_at).max(0);
            self.deployment.health.note_lasted(lasted as f64 / 1000.0);
        }
        self.settle_as(status, usage, estimated, true)
    }

    /// `is_last` says that no other attempt will follow: the entry stands for the call.
    fn settle_as(&mut self, status: Status, usage: Usage, estimated: bool, is_last: bool) -> Receipt {
        if self.settled || !self.opened {
            // Nothing was sent: what is held is given back when the booking goes.
            self.settled = true;
            return Receipt::default();
        }
        self.settled = true;
        let ended_at = self.pass.now_ms();
        let bill = self.asked.bill(self.started_at, (ended_at - self.started_at).max(0) as u64);
        // Who left before it was sent owes nothing.
        let usage = if self.sent { usage } else { nothing() };
        if self.tariff.is_stated_nonsense(&usage) {
            let deployment = &self.deployment.name;
            tracing::warn!(%deployment, "the provider states a cost that no call has: prices count instead");
        }
        let cost = match (status, usage.total()) {
            _ if !self.sent => Some(Cost::default()),
            (Status::Failure, Some(0)) => Some(Cost::default()),
            _ => self.tariff.cost(&usage, &bill),
        };
        let total = cost.map(|cost| cost.total);
        let saved = self.saved(total, &usage, &bill).filter(|_| status == Status::Success);
        let energy = self.tariff.energy_mj(&bill).filter(|_| self.sent);
        energy.iter().for_each(|millijoules| self.deployment.health.note_energy(*millijoules));
        if let Some(hold) = self.hold.take() {
            // A price may be missing only now, of a search for example: the rest is no present.
            let quoted = || self.quote.map(|quote| quote.worst(usage.output.unwrap_or_default()));
            hold.borrow_mut().settle(total.or_else(quoted).unwrap_or_default());
        }
        self.seat.count(&usage);
        let lines = cost.as_ref().map(lines).unwrap_or_default();
        let durable = self.ledger.as_ref().zip(self.entry.as_mut()).map(|(ledger, entry)| {
            (entry.status, entry.ended_at, entry.usage, entry.estimated) = (status, Some(ended_at), usage, estimated);
            (entry.cost, entry.lines, entry.energy_mj, entry.saved) = (total, lines, energy, saved);
            if let Some(record) = &self.pass.record {
                record.waited(self.sent_at.map(|at| at.elapsed()).unwrap_or_default());
                if is_last {
                    record.answered(entry);
                }
            }
            ledger.settle(entry)
        });
        Receipt { cost, usage: Box::new(usage), durable }
    }

    /// What the model would have cost more that this one replaces.
    fn saved(&self, cost: Option<Usd>, usage: &Usage, bill: &Bill) -> Option<Usd> {
        let replaced = self.deployment.replaced.as_ref()?.cost(usage, bill)?.total;
        Some((replaced - cost?).max(Usd::ZERO))
    }

    /// How many bytes of output what is held pays for. A provider that was given a bound and keeps to it may well write
    /// more bytes than usual with the tokens that it has.
    pub fn paid_bytes(&self) -> usize {
        let (Some(hold), Some(quote)) = (&self.hold, &self.quote) else { return usize::MAX };
        let tokens = quote.tokens_for(hold.borrow().amount());
        let bytes = tokens.saturating_sub(AHEAD).saturating_mul(BYTES_PER_TOKEN);
        let bounded = self.bound.filter(|bound| *bound <= tokens);
        let bytes = bytes.max(bounded.map_or(0, |bound| bound.saturating_mul(MOST_BYTES_PER_TOKEN)));
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Holds more money for an answer of which `written` bytes are there and that goes on; resolves to the fault that
    /// ends it if there is none to be had. `None` if that needed no waiting.
    pub fn pay(&self, written: usize, patience: std::time::Duration) -> Result<Option<Paying>, Fault> {
        let (Some(hold), Some(quote)) = (&self.hold, self.quote) else { return Ok(None) };
        let of_output = |tokens: u64| quote.worst(tokens) - quote.input;
        let held = quote.tokens_for(hold.borrow().amount());
        let needed = (written as u64).div_ceil(BYTES_PER_TOKEN).saturating_add(AHEAD).saturating_sub(held).max(AHEAD);
        // Beyond the bound only who ignores it needs anything.
        let left = self.bound.and_then(|bound| bound.checked_sub(held)).filter(|left| *left > 0);
        let (least, wanted) = match (left, self.bound) {
            (Some(left), _) => (of_output(needed.min(left)), of_output(left)),
            (None, Some(_)) => (of_output(needed), of_output(needed)),
            (None, None) => (of_output(needed), of_output(u64::MAX)),
        };
        let mut growing = hold.borrow_mut();
        match growing.grow(wanted, least, self.pass.now_ms().max(0) as u64) {
            Ok(()) => Ok(None),
            Err(policy::Funds::Wait | policy::Funds::Missing(_)) => {
                let (hold, pass) = (hold.clone(), self.pass.clone());
                Ok(Some(Box::pin(async move { Hold::wait_to_grow(&hold, &pass, wanted, least, patience).await })))
            }
            Err(_) => Err(growing.exhausted()),
        }
    }
}

/// Waiting for money.
pub(crate) type Paying = std::pin::Pin<Box<dyn Future<Output = Result<(), Fault>>>>;

impl Drop for Booking {
    fn drop(&mut self) {
        if !self.settled {
            self.abort(Usage::default(), 0);
        }
    }
}

/// No token at all.
fn nothing() -> Usage {
    Usage { input: Some(0), output: Some(0), ..Usage::default() }
}

/// The lines of a cost, as the ledger has them.
pub(crate) fn lines(cost: &Cost) -> CostLines {
    let Cost { input, cache_read, cache_write, output, reasoning, other, .. } = *cost;
    CostLines { input, cache_read, cache_write, output, reasoning, other }
}

/// The entry of an attempt that is about to be sent: what it costs at least is in it, should we not live to see more.
pub(crate) fn entry(order: &Order, input_estimate: u64, quote: Option<&Quote>) -> Entry {
    let Order { gate, seat, ask, deployment, model, .. } = order;
    let pass = seat.pass();
    let caller = &pass.caller;
    Entry {
        // Most calls have one attempt, and nothing to tell the two apart by.
        attempt_id: match pass.id_is_free.take() {
            true => pass.call_id.clone(),
            false => gate.dice.borrow_mut().uuid(pass.now_ms()),
        },
        call_id: pass.call_id.clone(),
        session_id: pass.attribution.session_id.clone(),
        call_type: ask.front.call_type(ask.operation).to_owned(),
        stream: ask.stream,
        key: caller.counted_hash().to_owned(),
        key_alias: caller.key.as_ref().and_then(|key| key.key_alias.clone()),
        user_id: caller.user_id.clone(),
        team_id: caller.team_id.clone(),
        organization_id: caller.organization_id.clone(),
        customer_id: pass.attribution.customer_id.clone(),
        tags: pass.attribution.tags.clone(),
        model_group: ask.model.clone(),
        model: format!("{}/{model}", deployment.provider),
        provider: deployment.provider.to_owned(),
        deployment_id: deployment.id.clone(),
        api_base: deployment.endpoint.url(),
        usage: Usage { input: Some(input_estimate), ..Usage::default() },
        estimated: true,
        cost: quote.map(|quote| quote.input),
        ip: pass.ip.as_ref().map(IpAddr::to_string),
        metadata: pass.attribution.metadata.clone(),
        aside: pass.record.as_ref().and_then(|record| record.aside()),
        ..Entry::default()
    }
}

#[cfg(test)]
mod tests;
