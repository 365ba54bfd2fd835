//! How each deployment fared lately: shared by all workers, alive across reloads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use policy::{Habits, Rules, Tally, rest};
use tokio::time::Instant;
use types::Fault;

/// A deployment's recent past. Times are milliseconds since `epoch`.
pub struct Health {
    epoch: Instant,
    minute: AtomicU64,
    good: AtomicU32,
    bad: AtomicU32,
    /// Until when it rests.
    rests_until: AtomicU64,
    /// Whether it rests because it asked for less traffic.
    asked_for_rest: AtomicU64,
    /// What its answers were like.
    habits: Mutex<Habits>,
}

impl Default for Health {
    fn default() -> Self {
        Health {
            epoch: Instant::now(),
            minute: AtomicU64::new(0),
            good: AtomicU32::new(0),
            bad: AtomicU32::new(0),
            rests_until: AtomicU64::new(0),
            asked_for_rest: AtomicU64::new(0),
            habits: Mutex::default(),
        }
    }
}

impl Health {
    fn now(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    /// How much longer it rests; zero if it does not.
    pub fn rest_left(&self) -> Duration {
        Duration::from_millis(self.rests_until.load(Relaxed).saturating_sub(self.now()))
    }

    /// How much longer the provider itself wants no traffic; zero if it said nothing.
    pub fn asked_rest_left(&self) -> Duration {
        Duration::from_millis(self.asked_for_rest.load(Relaxed).saturating_sub(self.now()))
    }

    /// What its answers were like lately.
    pub fn habits(&self) -> Habits {
        *self.habits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of an answer: tokens of input as estimated and in truth, of output, and its bound.
    pub fn note_answer(&self, estimated: u64, input: u64, output: u64, bound: Option<u64>) {
        let mut habits = self.habits.lock().unwrap_or_else(PoisonError::into_inner);
        habits.note(estimated, input, output, bound);
    }

    /// A call succeeded: whatever was wrong is over.
    pub fn succeeded(&self) {
        self.turn_minute();
        self.good.fetch_add(1, Relaxed);
        self.rests_until.store(0, Relaxed);
        self.asked_for_rest.store(0, Relaxed);
    }

    /// A call failed; decides whether the deployment rests. A shorter rest never cuts a longer one.
    pub fn failed(&self, rules: &Rules, fault: &Fault, alternative: bool) {
        self.turn_minute();
        let bad = self.bad.fetch_add(1, Relaxed) + 1;
        let tally = Tally { good: self.good.load(Relaxed), bad };
        let until = |wait: Duration| self.now() + wait.as_millis() as u64;
        if let Some(rest) = rest(rules, fault, tally, alternative) {
            self.rests_until.fetch_max(until(rest), Relaxed);
        }
        if let Some(wait) = fault.retry_after {
            self.asked_for_rest.fetch_max(until(wait), Relaxed);
        }
    }

    fn turn_minute(&self) {
        let minute = self.now() / 60_000;
        if self.minute.swap(minute, Relaxed) != minute {
            self.good.store(0, Relaxed);
            self.bad.store(0, Relaxed);
        }
    }
}

/// The health of all deployments that ever were, by id.
#[derive(Default)]
pub struct Roll(Mutex<HashMap<String, Arc<Health>>>);

impl Roll {
    /// The health of deployment `id`, new if it was never seen.
    pub fn of(&self, id: &str) -> Arc<Health> {
        let mut roll = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        roll.entry(id.to_owned()).or_default().clone()
    }
}
