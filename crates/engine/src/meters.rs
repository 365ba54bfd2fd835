//! What everybody has used of their budgets and limits: in memory, shared by all workers. A call that is counted in
//! several places takes their locks in one order, looks at all of them, and then takes from all or from none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::Loops;
use crate::sharing::{Pool, Sharing};
use jiff::tz::TimeZone;
use policy::limits::{Dimension, Usage};
use policy::{Purse, Span, Window};
use tokio::sync::Notify;
use types::Usd;

/// Spans whose windows are remembered.
const MOST_SPANS: usize = 64;

/// What everybody has used.
pub struct Meters {
    meters: RwLock<HashMap<Box<str>, Arc<Meter>>>,
    /// What was spent before this process or by others, by subject and period.
    sums: RwLock<HashMap<Box<str>, Sums>>,
    next: AtomicU64,
    /// Where days and months begin.
    zone: TimeZone,
    /// The window of each span that was asked for last: calendars are slow.
    windows: RwLock<HashMap<Span, Window>>,
    /// What is shared with other replicas.
    sharing: Option<Arc<Sharing>>,
    /// What keys have called lately.
    pub loops: Loops,
}

/// What the store knows to be spent by a subject in a period.
pub struct Spend {
    /// Who.
    pub subject: String,
    /// When.
    pub period: String,
    /// By processes before this one, and by other replicas.
    pub others: Usd,
    /// By this process, as far as it is counted in purses.
    pub own: Usd,
}

/// Amounts by period.
type Sums = HashMap<Box<str>, Usd>;

/// What one subject has used.
pub(crate) struct Meter {
    /// Where its lock stands in the order of locks.
    pub number: u64,
    /// Whom it counts for, as the ledger says it.
    pub subject: Box<str>,
    state: Mutex<State>,
    /// Rings when money was given back: those who wait for it are woken one by one.
    pub freed: Arc<Notify>,
    /// Rings when a call ends.
    pub vacated: Arc<Notify>,
    /// What it shares with other replicas, if anything is shared.
    pub sharing: Option<Arc<Sharing>>,
}

/// The counts themselves.
#[derive(Default)]
pub(crate) struct State {
    pub usage: Usage,
    purses: Vec<Purse>,
    /// What is shared with other replicas.
    pub pools: Vec<Pool>,
    /// Whether somebody looks after that.
    pub is_enrolled: bool,
}

impl Meters {
    /// Nothing was used yet; windows follow the calendar of `zone`.
    pub fn new(zone: TimeZone) -> Self {
        let (meters, sums, next, windows, loops) = Default::default();
        Meters { meters, sums, next, zone, windows, sharing: None, loops }
    }

    /// The same, for a replica among several.
    pub fn shared(zone: TimeZone, sharing: Arc<Sharing>) -> Self {
        Meters { sharing: Some(sharing), ..Meters::new(zone) }
    }

    /// What is shared with other replicas.
    pub fn sharing(&self) -> Option<&Arc<Sharing>> {
        self.sharing.as_ref()
    }

    /// Learns what the store knows to be spent, in its state `tick`.
    pub fn learn(&self, spends: impl IntoIterator<Item = Spend>, tick: i64) {
        for Spend { subject, period, others, own } in spends {
            // Before the meter, so that no purse is made of what is out of date and told nothing any more.
            let mut all = self.sums.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(subject.as_str().into()).or_default().insert(period.as_str().into(), others);
            drop(all);
            if let Some(meter) = self.read(&subject) {
                meter.lock().learn(&period, others, own, tick);
            }
        }
        if let Some(sharing) = &self.sharing {
            sharing.known_up_to(tick);
        }
    }

    /// What a subject has spent in the period that `span` names at this moment; calls in flight are not counted.
    pub fn spent(&self, subject: &str, span: Option<Span>, now_ms: i64) -> Usd {
        let window = self.window(span, now_ms);
        match self.read(subject) {
            Some(meter) => meter.lock().purse(self, subject, span, window).spent(),
            None => self.sum(subject, span, window),
        }
    }

    /// Requests and tokens that a subject has used within the last minute.
    pub fn used(&self, subject: &str, now_ms: u64) -> (u64, u64) {
        let Some(meter) = self.read(subject) else { return (0, 0) };
        let mut state = meter.lock();
        (state.usage.used(Dimension::Requests, now_ms), state.usage.used(Dimension::Tokens, now_ms))
    }

    /// What is held for calls in flight, all subjects together: nothing, when nothing runs.
    pub fn held(&self) -> Usd {
        let meters = self.meters.read().unwrap_or_else(PoisonError::into_inner);
        meters.values().map(|meter| meter.lock().purses.iter().map(|purse| purse.held).sum()).sum()
    }

    /// The meter of a subject.
    pub(crate) fn of(&self, subject: &str) -> Arc<Meter> {
        if let Some(meter) = self.read(subject) {
            return meter;
        }
        let mut meters = self.meters.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let number = self.next.fetch_add(1, Relaxed);
            let (subject, state, sharing) = (subject.into(), Mutex::default(), self.sharing.clone());
            Arc::new(Meter { number, subject, state, freed: Arc::default(), vacated: Arc::default(), sharing })
        };
        meters.entry(subject.into()).or_insert_with(new).clone()
    }

    /// The meters of all subjects.
    #[cfg(test)]
    pub(crate) fn all(&self) -> Vec<Arc<Meter>> {
        self.meters.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The window that `span` names at this moment.
    pub fn window(&self, span: Option<Span>, now_ms: i64) -> Window {
        let Some(span) = span else { return Window { start: i64::MIN, end: i64::MAX } };
        let now = now_ms.div_euclid(1000);
        let windows = self.windows.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = windows.get(&span).filter(|window| (window.start..window.end).contains(&now)) {
            return *window;
        }
        drop(windows);
        let window = span.window(now, &self.zone);
        let mut windows = self.windows.write().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST_SPANS {
            windows.clear();
        }
        windows.insert(span, window);
        window
    }

    fn read(&self, subject: &str) -> Option<Arc<Meter>> {
        self.meters.read().unwrap_or_else(PoisonError::into_inner).get(subject).cloned()
    }

    fn sum(&self, subject: &str, span: Option<Span>, window: Window) -> Usd {
        let sums = self.sums.read().unwrap_or_else(PoisonError::into_inner);
        let known = sums.get(subject).and_then(|periods| periods.get(&*Purse::period(span, window)));
        known.copied().unwrap_or_default()
    }
}

impl Meter {
    /// A meter for one call alone: nobody else knows it, and it is locked last.
    pub fn of_call() -> Arc<Self> {
        let (state, freed, vacated) = Default::default();
        Arc::new(Meter { number: u64::MAX, subject: "call".into(), state, freed, vacated, sharing: None })
    }

    /// The counts. Never to be held across an await.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The purse for a window; a new one if the window has just begun. What is held in an earlier window is
    /// settled there: its purse goes when nothing is held in it.
    pub fn purse(&mut self, meters: &Meters, subject: &str, span: Option<Span>, window: Window) -> &mut Purse {
        let at = self.purses.iter().position(|purse| purse.span == span && purse.window.start == window.start);
        let at = at.unwrap_or_else(|| {
            self.purses.retain(|purse| purse.span != span || purse.calls > 0);
            self.purses.push(Purse::new(span, window, meters.sum(subject, span, window)));
            self.purses.len() - 1
        });
        &mut self.purses[at]
    }

    /// The purse in which something is held.
    pub fn purse_of(&mut self, span: Option<Span>, start: i64) -> Option<&mut Purse> {
        self.purses.iter_mut().find(|purse| purse.span == span && purse.window.start == start)
    }

    /// All purses.
    #[cfg(test)]
    pub fn purses(&self) -> &[Purse] {
        &self.purses
    }

    fn learn(&mut self, period: &str, others: Usd, own: Usd, tick: i64) {
        let mut booked = Vec::new();
        for purse in self.purses.iter_mut().filter(|purse| Purse::period(purse.span, purse.window) == period) {
            let before = std::mem::replace(&mut purse.booked, own);
            // With what is said of it: another replica may know more, or less, by now.
            (purse.base, purse.known_at) = (others, tick);
            booked.push((*purse, own - before));
        }
        booked.iter().for_each(|(purse, amount)| self.shrink(purse, *amount));
    }
}
