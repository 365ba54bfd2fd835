//! What becomes of a call, for the log: each call leaves one record, whoever answers or refuses it, and also if its
//! caller leaves. Mostly the entry of the attempt that answers is that record; where there is none, or where it is known
//! only later which answer stands, an entry of its own tells it. That one may be lost: nothing waits for it.

use std::cell::{Cell, OnceCell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::Front;
use http::HeaderMap;
use store::{Aside, Entry, EntryFault, Status, Story};
use tokio::time::Instant;
use types::{Fault, Operation};

use crate::ask::Ask;
use crate::attribution::Attribution;
use crate::cache::CacheKey;
use crate::guards::Guarding;
use crate::line::Waited;
use crate::pass::Pass;
use crate::route::Route;
use crate::telemetry::Telling;
use crate::{Call, Caller, Gate, Setup, trace};

/// The record of a call, while it goes on.
pub(crate) struct Record {
    gate: Rc<Gate>,
    stranger: Stranger,
    caller: Option<Arc<Caller>>,
    began: Instant,
    received_at: i64,
    asked: OnceCell<Asked>,
    guarding: OnceCell<Rc<Guarding>>,
    attempts: Cell<u32>,
    fallbacks: Cell<u32>,
    /// What of it the provider does not get.
    dropped: RefCell<Vec<String>>,
    /// Time spent waiting for providers.
    waited: Cell<Duration>,
    /// What is told of it beside the books, if anything is.
    telling: Option<Telling>,
    /// The key under which no answer was found that was kept.
    missed: OnceCell<CacheKey>,
    /// An answer that may still be thrown away.
    answer: RefCell<Option<Box<Entry>>>,
    /// Whether the record is written.
    told: Cell<bool>,
}

/// A call of which no more is known than how it came in.
pub struct Stranger {
    /// Its id.
    pub id: String,
    /// The dialect its caller speaks.
    pub front: &'static dyn Front,
    /// What is asked for.
    pub operation: Operation,
    /// The caller's address.
    pub ip: Option<IpAddr>,
}

/// What a call asks for, as the log shows it.
struct Asked {
    model: String,
    stream: bool,
    attribution: Rc<Attribution>,
    route: Option<Rc<Route>>,
    queue: Rc<Cell<Option<Waited>>>,
}

/// Leaves the record of a call that was refused before the engine got to see it.
pub fn note_refusal(gate: &Rc<Gate>, stranger: Stranger, caller: Option<Arc<Caller>>, fault: &Fault) {
    if let Some(record) = Record::new(gate, &(gate.setup)(), stranger, caller, &HeaderMap::new()) {
        record.refuse(fault);
    }
}

/// Leaves the record of a call that was answered without the engine, and cost nothing.
pub fn note_answer(gate: &Rc<Gate>, stranger: Stranger, caller: Arc<Caller>) {
    if let Some(record) = Record::new(gate, &(gate.setup)(), stranger, Some(caller), &HeaderMap::new()) {
        record.answered_for_nothing();
    }
}

impl Record {
    /// The record of a call that has just come in; `None` if nobody keeps any.
    pub fn begin(gate: &Rc<Gate>, setup: &Setup, call: &Call) -> Option<Rc<Self>> {
        let (id, ip) = (call.id.clone(), call.ip);
        let stranger = Stranger { id, front: call.front, operation: call.operation, ip };
        Record::new(gate, setup, stranger, Some(call.caller.clone()), &call.headers).map(Rc::new)
    }

    fn new(
        gate: &Rc<Gate>,
        setup: &Setup,
        stranger: Stranger,
        caller: Option<Arc<Caller>>,
        headers: &HeaderMap,
    ) -> Option<Self> {
        gate.ledger.as_ref()?;
        let trace = || Some(trace::begin(headers, &mut gate.dice.borrow_mut()));
        let telling = Telling::begin(&setup.telemetry, caller.as_deref(), headers, trace);
        Some(Record {
            gate: gate.clone(),
            stranger,
            caller,
            began: Instant::now(),
            received_at: (gate.unix_ms)(),
            asked: OnceCell::new(),
            guarding: OnceCell::new(),
            attempts: Cell::new(0),
            fallbacks: Cell::new(0),
            dropped: RefCell::default(),
            waited: Cell::default(),
            telling,
            missed: OnceCell::new(),
            answer: RefCell::default(),
            told: Cell::new(false),
        })
    }

    /// The call was understood, and goes on with `pass` if it was admitted.
    pub fn understood(&self, setup: &Setup, ask: &Ask, pass: Option<&Pass>) {
        let attribution = match (pass, &self.caller) {
            (Some(pass), _) => pass.attribution.clone(),
            (None, Some(caller)) => Rc::new(ask.attribution(setup, caller)),
            (None, None) => Rc::default(),
        };
        let queue = pass.map(|pass| pass.waited.clone()).unwrap_or_default();
        let asked =
            Asked { model: ask.model.clone(), stream: ask.stream, attribution, route: ask.route.clone(), queue };
        self.telling.iter().for_each(|telling| telling.understood(ask));
        ask.guarding.iter().for_each(|guarding| drop(self.guarding.set(guarding.clone())));
        // It is understood once.
        let _ = self.asked.set(asked);
    }

    /// This is lost on the way to the provider that is tried now.
    pub fn lose(&self, dropped: &[String]) {
        // Nearly always nothing is, and nothing was.
        if !dropped.is_empty() || !self.dropped.borrow().is_empty() {
            *self.dropped.borrow_mut() = dropped.to_vec();
        }
    }

    /// Of the request, only this may be kept and told.
    pub fn hide(&self, request: Bytes) {
        self.telling.iter().for_each(|telling| telling.hide(request.clone()));
    }

    /// The guardrails that look over it.
    pub fn guarding(&self) -> Option<&Rc<Guarding>> {
        self.guarding.get()
    }

    /// Another attempt is made.
    pub fn attempted(&self) {
        self.attempts.set(self.attempts.get().saturating_add(1));
    }

    /// Another group is tried.
    pub fn fell_back(&self) {
        self.fallbacks.set(self.fallbacks.get().saturating_add(1));
    }

    /// The attempt took so long.
    pub fn waited(&self, duration: Duration) {
        self.waited.set(self.waited.get() + duration);
    }

    /// A session has ended that took `opening` to begin: the rest of its time was spent waiting for both sides.
    pub fn sat(&self, opening: Duration) {
        self.waited.set(self.began.elapsed().saturating_sub(opening));
    }

    /// How long it has gone on without waiting for providers.
    pub fn worked(&self) -> Duration {
        self.began.elapsed().saturating_sub(self.waited.get())
    }

    /// What goes along with the entry of a new attempt.
    pub fn aside(&self) -> Option<Box<Aside>> {
        let telling = self.telling.as_ref()?;
        // A call that ends in a panic may end while somebody rolls.
        let mut dice = self.gate.dice.try_borrow_mut().ok()?;
        Some(telling.aside(&mut dice))
    }

    /// No answer was kept under this key.
    pub fn missed(&self, key: CacheKey) {
        let _ = self.missed.set(key);
    }

    /// How many bytes of its answer are kept, if any are.
    pub fn keeps(&self) -> Option<usize> {
        self.telling.as_ref()?.keeps()
    }

    /// This is what was answered, or as much of it as is kept.
    pub fn said(&self, answer: Bytes, cut: bool) {
        let answer = match self.guarding.get() {
            Some(guarding) => guarding.logged(answer),
            None => answer,
        };
        self.telling.iter().for_each(|telling| telling.answered(answer.clone(), cut));
    }

    /// What was said goes along with the entry that stands for the call.
    fn add_content(&self, entry: &mut Entry) {
        if let (Some(telling), Some(aside)) = (&self.telling, &mut entry.aside) {
            aside.content = telling.content();
        }
    }

    /// An attempt has answered, or its caller left: its entry, which is complete but for this, stands for the call.
    pub fn answered(&self, entry: &mut Entry) {
        entry.cache_key = self.missed.get().map(CacheKey::to_string);
        if self.asked.get().is_some_and(|asked| asked.route.as_ref().is_some_and(|route| route.may_escalate())) {
            *self.answer.borrow_mut() = Some(Box::new(entry.clone()));
        } else if !self.told.replace(true) {
            entry.story = Some(self.story(false));
            self.add_content(entry);
        }
    }

    /// The call was answered without anything that is booked.
    pub fn answered_for_nothing(&self) {
        self.tell(Entry { status: Status::Success, ..self.entry() });
    }

    /// The call got an answer that was kept from an earlier one, whose entry this is: it counts as a call that cost
    /// nothing.
    pub fn answered_again(&self, entry: Entry) {
        let (false, Some(ledger)) = (self.told.replace(true), &self.gate.ledger) else { return };
        let Ok(mut dice) = self.gate.dice.try_borrow_mut() else { return };
        let attempt_id = dice.uuid(self.received_at);
        drop(dice);
        let Entry {
            status, model, provider, deployment_id, api_base, usage, cost, cache_key, similarity, saved, ..
        } = entry;
        let mut entry = Entry {
            attempt_id,
            status,
            model,
            provider,
            deployment_id,
            api_base,
            usage,
            cost,
            cache_hit: true,
            cache_key,
            similarity,
            saved,
            story: Some(self.story(false)),
            ..self.entry()
        };
        self.add_content(&mut entry);
        // It may be lost: nobody has paid for it.
        drop(ledger.settle(&entry));
    }

    /// The call was refused, or everything was tried in vain.
    pub fn refuse(&self, fault: &Fault) {
        let fault = EntryFault::from(fault);
        self.tell(Entry { status: Status::Refused, fault: Some(fault), ..self.entry() });
    }

    fn tell(&self, entry: Entry) {
        let (false, Some(ledger)) = (self.told.replace(true), &self.gate.ledger) else { return };
        // A call that ends in a panic may end while somebody rolls: then there is no record of it, and no second panic.
        let Ok(mut dice) = self.gate.dice.try_borrow_mut() else { return };
        let attempt_id = dice.uuid(self.received_at);
        drop(dice);
        let mut entry = Entry { attempt_id, story: Some(self.story(true)), ..entry };
        self.add_content(&mut entry);
        ledger.tell(&entry);
    }

    /// All that is known of the call.
    fn entry(&self) -> Entry {
        let Stranger { id, front, operation, ip } = &self.stranger;
        let entry = Entry {
            call_id: id.clone(),
            started_at: self.received_at,
            ended_at: Some((self.gate.unix_ms)()),
            call_type: front.call_type(*operation).to_owned(),
            ip: ip.as_ref().map(IpAddr::to_string),
            aside: self.aside(),
            ..Entry::default()
        };
        let entry = match &self.caller {
            Some(caller) => Entry {
                key: caller.counted_hash().to_owned(),
                key_alias: caller.key.as_ref().and_then(|key| key.key_alias.clone()),
                user_id: caller.user_id.clone(),
                team_id: caller.team_id.clone(),
                organization_id: caller.organization_id.clone(),
                ..entry
            },
            None => entry,
        };
        match self.asked.get() {
            Some(Asked { model, stream, attribution, .. }) => Entry {
                model_group: model.clone(),
                stream: *stream,
                customer_id: attribution.customer_id.clone(),
                session_id: attribution.session_id.clone(),
                tags: attribution.tags.clone(),
                metadata: attribution.metadata.clone(),
                ..entry
            },
            None => entry,
        }
    }

    fn story(&self, alone: bool) -> Story {
        let asked = self.asked.get();
        let queue_ms = asked.and_then(|asked| asked.queue.get()?.ms).unwrap_or_default();
        let elsewhere = self.waited.get() + Duration::from_millis(queue_ms);
        Story {
            alone,
            received_at: self.received_at,
            attempts: self.attempts.get(),
            fallbacks: self.fallbacks.get(),
            queue_ms,
            overhead_us: self.began.elapsed().saturating_sub(elsewhere).as_micros() as u64,
            route: asked.and_then(|asked| Some(asked.route.as_deref()?.told(None))),
            guardrails: self.guarding.get().map(|guarding| guarding.verdicts.all()).unwrap_or_default(),
            dropped: self.dropped.borrow().clone(),
            events: 0,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.told.get() {
            return;
        }
        match self.answer.take() {
            // It was the last one, so it stands. What it cost is booked with its attempt.
            Some(answer) => self.tell(Entry { started_at: self.received_at, charges: Vec::new(), ..*answer }),
            None => self.tell(Entry { status: Status::Aborted, ..self.entry() }),
        }
    }
}

#[cfg(test)]
mod tests;
