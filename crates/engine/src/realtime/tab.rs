//! What a session costs: money is held for the next response before it can begin, and what each has cost is written into
//! the session's one entry of the books at once, so that no crash loses it.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dialects::realtime::Terms;
use policy::catalogue;
use policy::price::{Bill, Origin, Tariff};
use store::{Charge, CostLines, Entry, EntryFault, Status};
use types::{Fault, FaultKind, Usage, Usd};

use super::attempt::Billed;
use crate::ask::Ask;
use crate::booking::{Booking, Order, Receipt, lines};
use crate::pass::Pass;
use crate::seat::Seat;
use crate::{Deployment, Gate, Setup};

/// Tokens that a first response reads at least, and those by which a hold is ahead of what was said.
pub(super) const LEAST: u64 = 64;
/// Part of what was said by which a hold is ahead of it, too.
const AHEAD: u64 = 4;
/// Most responses at a time.
const MOST_RESPONSES: usize = 32;
/// Bytes per token, as bookings reckon.
const BYTES_PER_TOKEN: u64 = 3;
/// Tokens of a second that is written down.
const HEARD_PER_SECOND: u64 = 10;

/// The bill of a session.
pub(super) struct Tab {
    gate: Rc<Gate>,
    setup: Arc<Setup>,
    ask: Rc<Ask>,
    pass: Rc<Pass>,
    seat: Rc<Seat>,
    pub deployment: Arc<Deployment>,
    pub model: String,
    /// The session in the books; `None` if none are kept, or once it is closed.
    entry: Option<Box<Entry>>,
    /// What is held for the next response, and for how many tokens of input.
    next: Option<Part>,
    covered: u64,
    /// About how many tokens the next response reads.
    context: u64,
    running: HashMap<String, Part>,
    /// What the session has agreed on.
    pub terms: Terms,
    /// Events, both ways.
    pub events: u64,
    /// What it took to open.
    opening: Duration,
}

/// A response.
struct Part {
    booking: Booking,
    /// Tokens that were written, and those among them that are sound.
    written: u64,
    sound: u64,
    /// Bytes that what is held pays for.
    paid: usize,
    charges: Vec<Charge>,
}

impl Part {
    fn new(booking: Booking) -> Self {
        let (paid, charges) = (booking.paid_bytes(), booking.charges());
        Part { booking, written: 0, sound: 0, paid, charges }
    }

    /// What it has consumed as far as anybody has seen.
    fn seen(&self) -> Usage {
        Usage { output: Some(self.written), audio_output: Some(self.sound), ..Usage::default() }
    }
}

impl Tab {
    pub fn new(gate: &Rc<Gate>, setup: &Arc<Setup>, (ask, pass): (Rc<Ask>, Rc<Pass>), billed: Billed) -> Self {
        let Billed { seat, deployment, model, entry } = billed;
        Tab {
            gate: gate.clone(),
            setup: setup.clone(),
            opening: pass.record.as_ref().map(|record| record.worked()).unwrap_or_default(),
            ask,
            pass,
            seat,
            deployment,
            model,
            entry,
            next: None,
            covered: 0,
            context: 0,
            running: HashMap::new(),
            terms: Terms::default(),
            events: 0,
        }
    }

    /// What the provider calls a model that callers know by `name`.
    pub fn name_of(&self, name: &str) -> Option<String> {
        name_at(&self.setup, &self.deployment, name)
    }

    /// Whether a response is being written.
    pub fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// So many tokens more will be read by the next response.
    pub fn said(&mut self, tokens: u64) {
        self.context = self.context.saturating_add(tokens);
    }

    /// Whether what is held does not pay for the next response.
    pub fn owes(&self) -> bool {
        self.next.is_none() || self.context > self.covered
    }

    /// Holds what the next response may cost, or says why there is no money for it.
    pub async fn hold(&mut self) -> Result<(), Fault> {
        if !self.owes() {
            return Ok(());
        }
        // What was held for less comes back first.
        self.next = None;
        let covered = self.context.saturating_add(self.context / AHEAD).saturating_add(LEAST);
        let ask = self.ask.estimated(covered)?;
        let Tab { gate, setup, seat, deployment, model, .. } = self;
        let booking = Booking::unbounded(&Order { gate, setup, seat, ask: &ask, deployment, model }).await?;
        (self.next, self.covered) = (Some(Part::new(booking.into_part())), covered);
        Ok(())
    }

    /// A response has begun.
    pub async fn begun(&mut self, response: String) -> Result<(), Fault> {
        if self.running.len() >= MOST_RESPONSES {
            let message = format!("the provider writes more than {MOST_RESPONSES} responses at a time");
            return Err(Fault::provider(FaultKind::Malformed, message));
        }
        let part = self.take().await?;
        self.running.insert(response, part);
        // Another one may begin while this one is written, but not without money.
        Ok(())
    }

    /// What is held for the next response, which begins.
    async fn take(&mut self) -> Result<Part, Fault> {
        loop {
            if let Some(mut part) = self.next.take() {
                part.booking.open().await;
                return Ok(part);
            }
            self.hold().await?;
        }
    }

    /// More of a response has come: more is held for it, if it is to go on.
    pub async fn written(&mut self, response: &str, tokens: u64, sound: bool) -> Result<(), Fault> {
        let patience = self.setup.spending.patience;
        let Some(part) = self.running.get_mut(response) else { return Ok(()) };
        if part.written == 0 && tokens > 0 {
            part.booking.answered();
            if let Some(entry) = &mut self.entry {
                entry.first_token_at.get_or_insert(self.pass.now_ms());
            }
        }
        part.written = part.written.saturating_add(tokens);
        part.sound = part.sound.saturating_add(if sound { tokens } else { 0 });
        part.booking.goes_on();
        let bytes = usize::try_from(part.written.saturating_mul(BYTES_PER_TOKEN)).unwrap_or(usize::MAX);
        if bytes > part.paid {
            if let Some(paying) = part.booking.pay(bytes, patience)? {
                paying.await?;
            }
            part.paid = part.booking.paid_bytes();
        }
        Ok(())
    }

    /// A response is over: it is paid for, and booked before anybody sees its end.
    pub async fn done(&mut self, response: &str, usage: Option<Usage>, failed: bool) -> Result<(), Fault> {
        let mut part = match self.running.remove(response) {
            Some(part) => part,
            None if usage.is_none() => return Ok(()),
            // Nobody said that it began.
            None => self.take().await?,
        };
        let receipt = match usage {
            Some(usage) => {
                self.context = usage.total().unwrap_or(self.context);
                part.booking.settle(usage, 0)
            }
            // A provider that fails before it answers bills nothing.
            None if failed && part.written == 0 => {
                let fault = Fault::provider(FaultKind::Upstream, "the response failed");
                part.booking.fail(&fault);
                return Ok(());
            }
            None => {
                let seen = part.seen();
                part.booking.settle(seen, 0)
            }
        };
        let estimated = usage.is_none_or(|usage| usage.input.is_none() || usage.output.is_none());
        self.add(&receipt, part.charges, estimated).await;
        Ok(())
    }

    /// What the caller said was written down, by a model of its own.
    pub async fn transcribed(&mut self, usage: Option<Usage>) -> Result<(), Fault> {
        // A model that says nothing of it bills by the sound, which was counted as it came.
        let usage = usage.unwrap_or(Usage { audio_ms: Some(0), ..Usage::default() });
        let model = self.terms.transcribes.clone();
        let tariff = model.map_or_else(|| self.deployment.tariff(&self.model), |model| self.tariff_of(&model));
        let part = self.take().await?;
        let charges = part.charges;
        let receipt = part.booking.at(tariff.clone()).settle(by_tokens(usage, &tariff), 0);
        self.add(&receipt, charges, false).await;
        Ok(())
    }

    /// The tariff of another model of the same provider: as the operator has it, or else as everybody knows it. One that
    /// nobody knows is paid for like the session's own: unknown is never zero.
    fn tariff_of(&self, model: &str) -> Arc<Tariff> {
        let provider = self.deployment.provider;
        let mut all = self.setup.groups.values().flat_map(|group| &group.deployments);
        if let Some(known) = all.find(|one| one.provider == provider && one.model == model) {
            return known.tariff(model);
        }
        let listed = catalogue::lookup(provider, model).map(|entry| entry.prices()).filter(|prices| prices.is_known());
        match listed {
            Some(prices) => Arc::new(Tariff::new(prices, Origin::Catalogue)),
            None => self.deployment.tariff(&self.model),
        }
    }

    /// Writes what a part has cost into the books.
    async fn add(&mut self, receipt: &Receipt, charges: Vec<Charge>, estimated: bool) {
        if let Some(written) = self.note(receipt, charges, estimated) {
            written.await;
        }
    }

    fn note(&mut self, receipt: &Receipt, charges: Vec<Charge>, estimated: bool) -> Option<crate::Durable> {
        let (ledger, entry) = self.gate.ledger.as_ref().zip(self.entry.as_mut())?;
        if entry.charges != charges {
            // The window of a budget is another one: what came before counts for the former.
            if entry.usage.total() != Some(0) {
                let now_ms = self.pass.now_ms();
                let former = Entry { status: Status::Success, ended_at: Some(now_ms), ..(**entry).clone() };
                drop(ledger.settle(&former));
                entry.attempt_id = self.gate.dice.borrow_mut().uuid(now_ms);
                entry.started_at = now_ms;
                entry.usage = Usage { input: Some(0), output: Some(0), ..Usage::default() };
                (entry.cost, entry.lines, entry.estimated) = (Some(Usd::ZERO), CostLines::default(), false);
            }
            entry.charges = charges;
        }
        entry.usage.add(&receipt.usage);
        entry.estimated |= estimated;
        entry.cost = entry.cost.zip(receipt.cost).map(|(sum, cost)| sum + cost.total);
        if let Some(cost) = &receipt.cost {
            let (sum, more) = (&mut entry.lines, lines(cost));
            let pairs = [
                (&mut sum.input, more.input),
                (&mut sum.cache_read, more.cache_read),
                (&mut sum.cache_write, more.cache_write),
                (&mut sum.output, more.output),
                (&mut sum.reasoning, more.reasoning),
                (&mut sum.other, more.other),
            ];
            pairs.into_iter().for_each(|(sum, more)| *sum += more);
        }
        Some(ledger.open(entry))
    }

    /// The session is over. What was being written is paid for as far as it was seen.
    pub fn close(&mut self, status: Status, fault: Option<&Fault>) {
        self.next = None;
        for (_, mut part) in std::mem::take(&mut self.running) {
            let seen = part.seen();
            let receipt = match fault {
                Some(fault) => part.booking.break_off(fault, seen, 0),
                None => part.booking.abort(seen, 0),
            };
            drop(self.note(&receipt, part.charges, true));
        }
        let Some(mut entry) = self.entry.take() else { return };
        (entry.status, entry.ended_at) = (status, Some(self.pass.now_ms()));
        entry.fault = fault.map(|fault| EntryFault::from(&self.deployment.without_credential(fault.clone())));
        if let Some(record) = &self.pass.record {
            record.sat(self.opening);
            record.answered(&mut entry);
        }
        entry.story.iter_mut().for_each(|story| story.events = self.events);
        if let Some(ledger) = &self.gate.ledger {
            drop(ledger.settle(&entry));
        }
    }

    /// What becomes of the deployment's health.
    pub fn ended(&self, fault: Option<&Fault>) {
        match fault {
            Some(fault) => self.seat.broke_off(fault),
            None => self.seat.ended(),
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.close(Status::Aborted, None);
    }
}

/// What the provider of `deployment` calls a model that callers know by `name`, if it is one of its own.
pub(super) fn name_at(setup: &Setup, deployment: &Deployment, name: &str) -> Option<String> {
    let (group, star) = setup.find(name)?;
    let own = || group.deployments.iter().filter(|one| one.provider == deployment.provider);
    let nearest = own().find(|one| one.endpoint == deployment.endpoint).or_else(|| own().next())?;
    Some(nearest.upstream_model(star.as_deref()))
}

/// Sound that was counted in seconds, for prices that are by tokens.
fn by_tokens(usage: Usage, tariff: &Tariff) -> Usage {
    let Some(ms) = usage.audio_ms.filter(|_| usage.input.is_none()) else { return usage };
    let usage = Usage { input: Some(0), output: Some(0), ..usage };
    match tariff.cost(&usage, &Bill::default()) {
        Some(cost) if cost.total > Usd::ZERO => usage,
        _ => {
            let tokens = Some(ms.saturating_mul(HEARD_PER_SECOND).div_ceil(1000));
            Usage { input: tokens, audio_input: tokens, ..usage }
        }
    }
}
