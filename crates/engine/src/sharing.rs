//! Limits and budgets that several replicas share. This replica uses no more than its share of each, without asking
//! anybody; what the shares are is settled by whoever drives [`Sharing`], off the path of the calls.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use policy::limits::{Dimension, Limits};
use policy::share::{self, Claim};
use policy::{Budget, Purse, Span};
use tokio::sync::Notify;
use types::Usd;

use crate::meters::{Meter, State};

/// How long a call waits for a larger share while the others can be reached.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
/// For how long it is believed that nobody has anything to spare.
const EXHAUSTED_MS: u64 = 100;
/// For how long others are left everything that is not in use, after they had too little.
const CONTESTED_MS: u64 = 2_000;
/// Settlings without use after which a share is given back.
const IDLE: u32 = 50;

/// What is shared.
#[derive(Default)]
pub struct Sharing {
    /// Rings when somebody needs a larger share.
    pub hungry: Notify,
    /// Rings when shares have moved, or cannot.
    pub(crate) moved: Arc<Notify>,
    is_away: AtomicBool,
    active: Mutex<Vec<Arc<Meter>>>,
    asked: AtomicU64,
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
    used_before: u64,
    /// Until when nobody has anything to spare.
    exhausted_until: u64,
    /// When something frees elsewhere.
    frees_at: Option<u64>,
    contested_until: u64,
    idle: u32,
}

/// How long what a replica used stays used after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// Calls at a time: they end with it.
    Moment,
    /// Within any minute.
    Minute,
    /// Within any day.
    Day,
    /// Until the store knows of it.
    Money,
}

/// What is to be settled about one pool.
pub struct Ask {
    /// Name of the pool.
    pub pool: String,
    /// What this replica says.
    pub claim: Claim,
    /// What the store knows to be spent, nanodollars, and in which state: what is left is to be shared.
    pub spent: Option<(u64, i64)>,
    /// How long use lasts.
    pub lasting: Lasting,
    /// Number of this ask: an older one must not undo a newer one.
    pub number: u64,
    /// When something of what this replica uses frees, milliseconds since 1970.
    pub frees_at: Option<u64>,
    /// Whether calls wait for more.
    pub is_hungry: bool,
    /// What had been taken off the share until then.
    told: u64,
    meter: Arc<Meter>,
    what: What,
}

/// What was settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The share of this replica.
    pub share: u64,
    /// What others have and do not use.
    pub spare: u64,
    /// Whether others had too little lately.
    pub contested: bool,
    /// When something frees elsewhere, milliseconds since 1970.
    pub frees_at: Option<u64>,
}

impl Sharing {
    /// Whether shares cannot be settled now: everybody lives on what they have.
    pub fn is_away(&self) -> bool {
        self.is_away.load(Relaxed)
    }

    /// Shares cannot be settled now. Nobody waits for it.
    pub fn lose_touch(&self) {
        self.is_away.store(true, Relaxed);
        self.moved.notify_waiters();
    }

    /// Has `meter` looked after.
    pub(crate) fn enrol(&self, meter: &Arc<Meter>) {
        self.active().push(meter.clone());
    }

    /// What is to be settled now: of all pools, or of those alone that calls wait for; at most `most`. What is said
    /// not to be wanted is not used any more from now on, whether anybody hears it or not.
    pub fn asks(&self, hungry: bool, most: usize, now_ms: u64) -> Vec<Ask> {
        let mut active = self.active();
        let mut asks = Vec::new();
        active.retain(|meter| {
            if asks.len() >= most {
                return true;
            }
            let mut state = meter.lock();
            self.asks_of(meter, &mut state, hungry, now_ms, &mut asks);
            !state.pools.is_empty()
        });
        // The next time it is the turn of the others.
        if let Some(half) = (asks.len() >= most).then_some(active.len() / 2) {
            active.rotate_left(half);
        }
        asks
    }

    fn asks_of(&self, meter: &Arc<Meter>, state: &mut State, hungry: bool, now_ms: u64, asks: &mut Vec<Ask>) {
        let mut pools = std::mem::take(&mut state.pools);
        pools.retain_mut(|pool| {
            if hungry && pool.hunger == 0 {
                return true;
            }
            let purse = match pool.what {
                What::Money(span, start) => state.purse_of(span, start).copied(),
                What::Limit(_) => None,
            };
            let used = match pool.what {
                What::Limit(dimension) => state.usage.used(dimension, now_ms),
                What::Money(..) => nanos(purse.map(|purse| purse.used()).unwrap_or_default()),
            };
            let is_hungry = pool.hunger > 0;
            let recent = used.saturating_sub(pool.used_before);
            pool.idle = if used == 0 && !is_hungry { pool.idle + 1 } else { 0 };
            let is_over = pool.idle > IDLE;
            let spent = purse.map(|purse| nanos(purse.base + purse.booked));
            let left = pool.capacity.saturating_sub(spent.unwrap_or_default());
            let want = match pool.contested_until > now_ms {
                _ if is_over => 0,
                true => used.saturating_add(pool.hunger).min(left).max(used),
                // Answers are bounded by what there is: of money there should be some.
                false if purse.is_some() => share::want(used, pool.hunger, left / 4, left),
                false => share::want(used, pool.hunger, recent, left),
            };
            if !hungry {
                pool.used_before = used;
            }
            (pool.hunger, pool.share) = (0, pool.share.min(want));
            let (lasting, frees_at) = match pool.what {
                What::Limit(Dimension::Parallel) => (Lasting::Moment, None),
                What::Limit(Dimension::DayTokens) => (Lasting::Day, state.usage.frees_at(Dimension::DayTokens, now_ms)),
                What::Limit(dimension) => (Lasting::Minute, state.usage.frees_at(dimension, now_ms)),
                What::Money(..) => (Lasting::Money, None),
            };
            asks.push(Ask {
                pool: name(&meter.subject, pool.what),
                claim: Claim { capacity: pool.capacity, have: pool.share, used, want },
                spent: purse.map(|purse| (nanos(purse.base + purse.booked), purse.known_at)),
                lasting,
                number: self.asked.fetch_add(1, Relaxed) + 1,
                frees_at,
                is_hungry,
                told: pool.told,
                meter: meter.clone(),
                what: pool.what,
            });
            !is_over
        });
        state.pools = pools;
        state.tell_purses();
    }

    /// What `asks` came to.
    pub fn settle(&self, asks: &[Ask], settled: &[Settled], now_ms: u64) {
        for (ask, settled) in asks.iter().zip(settled) {
            let mut state = ask.meter.lock();
            if let Some(pool) = state.pools.iter_mut().find(|pool| pool.what == ask.what) {
                // What the store has learnt since it was asked was a part of it, and is not any more.
                pool.share = settled.share.saturating_sub(pool.told.saturating_sub(ask.told));
                pool.frees_at = settled.frees_at;
                if settled.contested {
                    pool.contested_until = now_ms + CONTESTED_MS;
                }
                if settled.share < ask.claim.want && settled.spare == 0 {
                    pool.exhausted_until = now_ms + EXHAUSTED_MS;
                }
            }
            state.tell_purses();
        }
        self.is_away.store(false, Relaxed);
        self.moved.notify_waiters();
    }

    /// The others have buried us: what we had is theirs.
    pub fn lose_all(&self) {
        for meter in self.active().iter() {
            let mut state = meter.lock();
            state.pools.iter_mut().for_each(|pool| pool.share = 0);
            state.tell_purses();
        }
    }

    fn active(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Meter>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Looks after the limits of a subject, if they are shared.
    pub fn share_limits(&mut self, meter: &Arc<Meter>, limits: &Limits) {
        let Some(sharing) = &meter.sharing else { return };
        for dimension in Dimension::ALL {
            if let Some(limit) = limits.of(dimension) {
                self.pool(sharing, meter, What::Limit(dimension), limit);
            }
        }
    }

    /// Looks after a budget of a subject, if it is shared.
    pub fn share_budget(&mut self, meter: &Arc<Meter>, budget: &Budget, start: i64) {
        let Some(sharing) = &meter.sharing else { return };
        self.pool(sharing, meter, What::Money(budget.span, start), nanos(budget.limit));
        self.tell_purses();
    }

    fn pool(&mut self, sharing: &Sharing, meter: &Arc<Meter>, what: What, capacity: u64) {
        if let Some(pool) = self.pools.iter_mut().find(|pool| pool.what == what) {
            pool.capacity = capacity;
            return;
        }
        if self.pools.is_empty() {
            sharing.enrol(meter);
        }
        self.pools.push(Pool {
            what,
            capacity,
            share: 0,
            told: 0,
            hunger: 0,
            used_before: 0,
            exhausted_until: 0,
            frees_at: None,
            contested_until: 0,
            idle: 0,
        });
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
        pool.hunger = pool.hunger.saturating_add(missing);
        sharing.hungry.notify_one();
        true
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

/// The name of a pool, the same at all replicas.
fn name(subject: &str, what: What) -> String {
    match what {
        What::Limit(Dimension::Requests) => format!("{subject}|rpm"),
        What::Limit(Dimension::Tokens) => format!("{subject}|tpm"),
        What::Limit(Dimension::DayTokens) => format!("{subject}|tpd"),
        What::Limit(Dimension::Parallel) => format!("{subject}|parallel"),
        What::Money(None, _) => format!("{subject}|usd"),
        What::Money(Some(span), start) => format!("{subject}|usd|{span}@{start}"),
    }
}

#[cfg(test)]
mod tests;
