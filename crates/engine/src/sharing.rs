//! Limits and budgets that several replicas share. This replica uses no more than its share of each, without asking
//! anybody; what the shares are is settled by whoever drives [`Sharing`], off the path of the calls.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use policy::limits::{Dimension, Limits};
use policy::share::{self, Need, Said};
use policy::{Budget, Purse, Span};
use store::coordination::{Answer, Claim, Kind};
use tokio::sync::Notify;
use types::Usd;

use crate::meters::{Meter, State};

/// How long a call waits for a larger share while the others can be reached.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
/// After how long a call that waits for what other replicas hold asks again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// For how long nobody waits after somebody has waited in vain.
const FUTILE_MS: u64 = 1_000;
/// For how long it is believed that nobody has anything to spare.
const EXHAUSTED_MS: u64 = 100;
/// For how long others are left everything that is not in use, after they had too little.
const CONTESTED_MS: u64 = 300;
/// For how long a replica lets another one have what both wait for.
const YIELDS_MS: u64 = 50;
/// For how long a share that was asked for is left to those who asked.
const SETTLE_IN_MS: u64 = 20;
/// How long after the last call a replica keeps more than it uses.
const BUSY_MS: u64 = 10_000;

/// What is shared.
#[derive(Default)]
pub struct Sharing {
    /// Rings when somebody needs a larger share.
    pub hungry: Notify,
    /// Rings when shares have moved, or cannot.
    pub(crate) moved: Arc<Notify>,
    is_away: AtomicBool,
    active: Mutex<Vec<Arc<Meter>>>,
    /// How many replicas there are, as far as it is known.
    replicas: AtomicU64,
    /// The state of the store in which all sums are known.
    known_at: AtomicI64,
}

/// What a pool is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A limit.
    Limit(Dimension),
    /// A budget: its length, and the first second of its window.
    Money(Option<Span>, i64),
}

/// A limit or a budget that is shared, as this replica sees it.
#[derive(Debug)]
pub(crate) struct Pool {
    what: What,
    capacity: u64,
    /// What this replica may use.
    share: u64,
    /// What has been taken off the share so far because the store knows of it.
    told: u64,
    /// What is missing for calls that wait.
    hunger: u64,
    /// What the others used when we heard of them last.
    elsewhere: u64,
    /// When a call last wanted something of it.
    wanted_at: u64,
    /// What was said of it last, and whether that was heard.
    said: Said,
    is_settled: bool,
    /// The same, of what the store knows.
    told_before: u64,
    /// Until when nobody has anything to spare.
    exhausted_until: u64,
    /// When something frees elsewhere.
    frees_at: Option<u64>,
    contested_until: u64,
    /// When the share became larger last.
    grown_at: u64,
    /// Until when we let another replica have what calls wait for here.
    yields_until: u64,
}

/// What is to be settled about one pool.
pub struct Ask {
    /// What this replica says.
    pub claim: Claim,
    /// What had been taken off the share until then.
    told: u64,
    meter: Arc<Meter>,
    what: What,
}

impl Sharing {
    /// Whether shares cannot be settled now: everybody lives on what they have.
    pub fn is_away(&self) -> bool {
        self.is_away.load(Relaxed)
    }

    /// How many replicas there are.
    pub fn set_replicas(&self, replicas: u64) {
        self.replicas.store(replicas, Relaxed);
    }

    /// All sums of the store's state `tick` are known.
    pub(crate) fn known_up_to(&self, tick: i64) {
        self.known_at.store(tick, Release);
    }

    /// Has `meter` looked after.
    fn enrol(&self, meter: &Arc<Meter>) {
        self.active().push(meter.clone());
    }

    /// Nobody knows any more what was said: it is to be said again.
    pub fn say_again(&self) {
        for meter in self.all() {
            meter.lock().pools.iter_mut().for_each(|pool| pool.said = Said::default());
        }
    }

    /// What is to be settled now: of all pools of which there is something to say, or of those alone that somebody waits
    /// for, here or elsewhere. What is said not to be wanted is not used any more from now on, whether anybody hears it
    /// or not.
    pub fn asks(&self, hungry: bool, now_ms: u64) -> Vec<Ask> {
        let mut asks = Vec::new();
        // Whoever holds the lock of a meter may be about to enrol another one: the list is not locked meanwhile.
        let mut active = std::mem::take(&mut *self.active());
        active.retain(|meter| {
            // At least that is known of the purse that is looked at now.
            let known_at = self.known_at.load(Acquire);
            let mut state = meter.lock();
            self.asks_of(meter, &mut state, hungry, known_at, now_ms, &mut asks);
            state.is_enrolled = !state.pools.is_empty();
            state.is_enrolled
        });
        self.active().append(&mut active);
        asks
    }

    /// Nobody makes calls any more: what is to be said so that the others have all that is not used.
    pub fn give_back(&self, now_ms: u64) -> Vec<Ask> {
        self.say_again();
        for meter in self.all() {
            meter.lock().pools.iter_mut().for_each(|pool| pool.wanted_at = 0);
        }
        self.asks(false, now_ms)
    }

    fn asks_of(
        &self,
        meter: &Arc<Meter>,
        state: &mut State,
        hungry: bool,
        known_at: i64,
        now_ms: u64,
        asks: &mut Vec<Ask>,
    ) {
        let mut pools = std::mem::take(&mut state.pools);
        for pool in &mut pools {
            if hungry && pool.hunger == 0 && pool.contested_until <= now_ms {
                continue;
            }
            let purse = match pool.what {
                What::Money(span, start) => state.purse_of(span, start).copied(),
                What::Limit(_) => None,
            };
            let used = match pool.what {
                What::Limit(dimension) => state.usage.used(dimension, now_ms),
                What::Money(..) => nanos(purse.map(|purse| purse.used()).unwrap_or_default()),
            };
            if now_ms < pool.yields_until {
                (pool.hunger, pool.grown_at) = (0, 0);
            }
            let (is_hungry, contested) = (pool.hunger > 0, pool.contested_until > now_ms);
            // Of a budget all that is not booked is to be shared.
            let booked = purse.map(|purse| nanos(purse.base + purse.booked)).unwrap_or_default();
            let capacity = pool.capacity.saturating_sub(booked);
            let need = Need {
                have: pool.share,
                used,
                hunger: pool.hunger,
                elsewhere: pool.elsewhere,
                capacity,
                replicas: self.replicas.load(Relaxed),
                is_busy: pool.is_busy(now_ms) && !contested,
            };
            let (mut want, need) = (share::want(&need), share::needed(&need));
            let told = std::mem::replace(&mut pool.told_before, pool.told) != pool.told;
            if now_ms < pool.grown_at.saturating_add(SETTLE_IN_MS) {
                // The calls for which it was asked have not had the time to use it.
                want = want.max(pool.share);
            }
            // What may not have been heard is said again.
            let unheard = !hungry && !pool.is_settled;
            let outdated = pool.said.is_outdated(pool.share, used, want, contested, now_ms);
            if !(is_hungry || told || unheard || outdated) {
                continue;
            }
            (pool.said, pool.is_settled) = (Said { at_ms: now_ms, used }, false);
            (pool.hunger, pool.share) = (0, pool.share.min(want));
            let claim = Claim {
                pool: name(&meter.subject, pool.what),
                kind: kind(pool.what, purse.as_ref(), known_at),
                capacity,
                have: pool.share,
                used,
                need,
                want,
                frees_in_ms: match pool.what {
                    What::Limit(dimension) => state.usage.frees_in_ms(dimension, now_ms),
                    What::Money(..) => None,
                },
            };
            asks.push(Ask { claim, told: pool.told, meter: meter.clone(), what: pool.what });
        }
        // What nobody uses or wants is forgotten, but not before others know that it is theirs.
        pools.retain(|pool| pool.share > 0 || !pool.is_settled || pool.said.used > 0 || pool.is_busy(now_ms));
        state.pools = pools;
        state.tell_purses();
    }

    /// What `asks` came to.
    pub fn settle(&self, asks: &[Ask], answers: &[Answer], now_ms: u64) {
        for (Ask { claim, told, meter, what }, answer) in asks.iter().zip(answers) {
            let mut state = meter.lock();
            if let Some(pool) = state.pools.iter_mut().find(|pool| pool.what == *what) {
                let more = answer.share.saturating_sub(claim.have.max(claim.used));
                // What the store has learnt since it was asked was a part of it, and is not any more.
                if more > 0 {
                    (pool.exhausted_until, pool.grown_at) = (0, now_ms);
                }
                pool.share = claim.have.saturating_add(more).saturating_sub(pool.told.saturating_sub(*told));
                pool.is_settled = true;
                pool.elsewhere = answer.others_used;
                pool.frees_at = answer.frees_in_ms.map(|ms| now_ms.saturating_add(ms));
                if answer.contested {
                    pool.contest(now_ms);
                }
                if answer.share < claim.want && answer.others <= answer.others_used {
                    pool.exhausted_until = now_ms + EXHAUSTED_MS;
                }
            }
            state.tell_purses();
        }
        self.moved.notify_waiters();
    }

    /// Shares can be settled, or not now: then nobody waits for it.
    pub fn set_away(&self, away: bool) {
        if self.is_away.swap(away, Relaxed) != away {
            self.moved.notify_waiters();
        }
    }

    /// Another replica has too little of a pool. If we have too little too, one of us `yields`: what each has left may only
    /// be of use together.
    pub fn contest(&self, pool: &str, yields: bool, now_ms: u64) {
        let candidates = |meter: &&Arc<Meter>| pool.starts_with(&*meter.subject);
        let candidates: Vec<Arc<Meter>> = self.active().iter().filter(candidates).cloned().collect();
        for meter in candidates {
            let mut state = meter.lock();
            let pools = state.pools.iter_mut().filter(|own| name(&meter.subject, own.what) == pool);
            for pool in pools {
                pool.contest(now_ms);
                if yields && pool.hunger > 0 {
                    pool.yields_until = now_ms.saturating_add(YIELDS_MS);
                }
            }
        }
        self.hungry.notify_one();
    }

    /// The others have buried us: what we had is theirs.
    pub fn lose_all(&self) {
        for meter in self.all() {
            let mut state = meter.lock();
            state.pools.iter_mut().for_each(|pool| pool.share = 0);
            state.tell_purses();
        }
    }

    /// All of which account is kept. No lock of a meter is waited for while the list is locked.
    fn all(&self) -> Vec<Arc<Meter>> {
        self.active().clone()
    }

    fn active(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Meter>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn new(what: What) -> Self {
        Pool {
            what,
            capacity: 0,
            share: 0,
            told: 0,
            hunger: 0,
            elsewhere: 0,
            wanted_at: 0,
            said: Said::default(),
            is_settled: false,
            told_before: 0,
            exhausted_until: 0,
            frees_at: None,
            contested_until: 0,
            grown_at: 0,
            yields_until: 0,
        }
    }

    fn contest(&mut self, now_ms: u64) {
        self.contested_until = now_ms.saturating_add(CONTESTED_MS);
    }

    /// Whether somebody makes calls.
    fn is_busy(&self, now_ms: u64) -> bool {
        now_ms < self.wanted_at.saturating_add(BUSY_MS)
    }
}

impl State {
    /// Looks after the limits of a subject, if they are shared.
    pub fn share_limits(&mut self, meter: &Arc<Meter>, limits: &Limits, now_ms: u64) {
        let Some(sharing) = &meter.sharing else { return };
        for dimension in Dimension::ALL {
            if let Some(limit) = limits.of(dimension) {
                self.pool(sharing, meter, What::Limit(dimension), limit, now_ms);
            }
        }
    }

    /// Looks after a budget of a subject, if it is shared.
    pub fn share_budget(&mut self, meter: &Arc<Meter>, budget: &Budget, start: i64, now_ms: u64) {
        let Some(sharing) = &meter.sharing else { return };
        self.pool(sharing, meter, What::Money(budget.span, start), nanos(budget.limit), now_ms);
        self.tell_purses();
    }

    fn pool(&mut self, sharing: &Sharing, meter: &Arc<Meter>, what: What, capacity: u64, now_ms: u64) {
        if !std::mem::replace(&mut self.is_enrolled, true) {
            sharing.enrol(meter);
        }
        let at = self.pools.iter().position(|pool| pool.what == what).unwrap_or_else(|| {
            self.pools.push(Pool::new(what));
            self.pools.len() - 1
        });
        (self.pools[at].capacity, self.pools[at].wanted_at) = (capacity, now_ms);
    }

    /// This replica's shares of limits.
    pub fn shares(&self) -> Limits {
        let mut shares = Limits::default();
        for pool in &self.pools {
            if let What::Limit(dimension) = pool.what {
                *shares.of_mut(dimension) = Some(pool.share);
            }
        }
        shares
    }

    /// Lets purses know their shares.
    pub(crate) fn tell_purses(&mut self) {
        for at in 0..self.pools.len() {
            if let What::Money(span, start) = self.pools[at].what {
                let share = Usd::from_nanos(i64::try_from(self.pools[at].share).unwrap_or(i64::MAX));
                if let Some(purse) = self.purse_of(span, start) {
                    purse.share = Some(share);
                }
            }
        }
    }

    /// So much of our share has become known to the store: it is neither used nor ours any more.
    pub(crate) fn shrink(&mut self, purse: &Purse, booked: Usd) {
        let what = What::Money(purse.span, purse.window.start);
        if let Some(pool) = self.pools.iter_mut().find(|pool| pool.what == what) {
            pool.share = pool.share.saturating_sub(nanos(booked));
            pool.told = pool.told.saturating_add(nanos(booked));
        }
        self.tell_purses();
    }

    /// A call needs so much more of a share. Whether it is worth waiting for: not if nobody has any, or nobody can be
    /// asked.
    pub fn want_more(&mut self, meter: &Meter, what: What, missing: u64, now_ms: u64) -> bool {
        let Some(sharing) = &meter.sharing else { return false };
        let Some(pool) = self.pools.iter_mut().find(|pool| pool.what == what) else { return false };
        if sharing.is_away() || pool.exhausted_until > now_ms {
            return false;
        }
        pool.hunger = match what {
            What::Limit(_) => pool.hunger.saturating_add(missing),
            // A call of which nothing is known wants all there is; many of them want it one after the other.
            What::Money(..) => pool.hunger.max(missing),
        };
        pool.wanted_at = now_ms;
        sharing.hungry.notify_one();
        true
    }

    /// Whether other replicas use something of it that may come back. Not if nobody can be asked.
    pub fn is_held_elsewhere(&self, meter: &Meter, what: What) -> bool {
        let pool = self.pools.iter().find(|pool| pool.what == what);
        pool.is_some_and(|pool| pool.elsewhere > 0) && meter.sharing.as_ref().is_some_and(|sharing| !sharing.is_away())
    }

    /// A call has waited for more in vain. The next ones need not, for a moment.
    pub fn give_up(&mut self, what: What, now_ms: u64) {
        if let Some(pool) = self.pools.iter_mut().find(|pool| pool.what == what) {
            pool.exhausted_until = now_ms.saturating_add(FUTILE_MS);
        }
    }

    /// After how long something may free elsewhere.
    pub fn frees_elsewhere(&self, what: What, now_ms: u64) -> Option<u64> {
        let pool = self.pools.iter().find(|pool| pool.what == what)?;
        Some(pool.frees_at?.saturating_sub(now_ms).max(1))
    }
}

fn nanos(amount: Usd) -> u64 {
    u64::try_from(amount.nanos()).unwrap_or(0)
}

fn kind(what: What, purse: Option<&Purse>, known_at: i64) -> Kind {
    match what {
        What::Limit(Dimension::Parallel) => Kind::Parallel,
        What::Limit(dimension) if dimension.is_daily() => Kind::Day,
        What::Limit(_) => Kind::Minute,
        What::Money(..) => {
            let (sum, upto) =
                purse.map_or((0, 0), |purse| ((purse.base + purse.booked).nanos(), purse.known_at.max(known_at)));
            Kind::Money { sum, upto }
        }
    }
}

/// The name of a pool, the same at all replicas.
fn name(subject: &str, what: What) -> String {
    match what {
        What::Limit(Dimension::Requests) => format!("{subject}|rpm"),
        What::Limit(Dimension::DayRequests) => format!("{subject}|rpd"),
        What::Limit(Dimension::InputTokens) => format!("{subject}|itpm"),
        What::Limit(Dimension::OutputTokens) => format!("{subject}|otpm"),
        What::Limit(Dimension::Tokens) => format!("{subject}|tpm"),
        What::Limit(Dimension::DayTokens) => format!("{subject}|tpd"),
        What::Limit(Dimension::Parallel) => format!("{subject}|parallel"),
        What::Money(None, _) => format!("{subject}|usd"),
        What::Money(Some(span), start) => format!("{subject}|usd|{span}@{start}"),
    }
}

#[cfg(test)]
mod tests;
