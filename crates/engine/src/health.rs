//! How each deployment fares: shared by all workers, alive across reloads. What choosing looks at for every deployment
//! of a group is atomic; what happens once per call takes a short lock.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use policy::router::Vectors;
use policy::{Admission, Breaker, Habits, RestRules, RetryBudget};
use tokio::time::Instant;
use types::Fault;

use crate::access_token::AccessTokens;
use crate::gauge::Gauge;
use crate::nodes::Fleets;
use crate::pace::{Minute, Pace};
use crate::quota::Quota;
use crate::tokens::Sources;

/// A deployment's recent past. Times are milliseconds since `epoch`.
pub struct Health {
    epoch: Instant,
    breaker: Mutex<Breaker>,
    /// Until when no call goes there, as the breaker says.
    barred_until: AtomicU64,
    /// Whether it failed and has not been well since.
    is_broken: AtomicBool,
    busy: AtomicU32,
    /// Calls that it has failed and that try it again.
    retries: AtomicU32,
    /// Seconds per token of whole answers, and until the first content of streams.
    paces: [Pace; 2],
    /// Seconds that whole answers took.
    lasted: Pace,
    used: Minute,
    /// What its answers were like.
    habits: Mutex<Habits>,
    /// Energy that its calls took, millijoules.
    energy_mj: AtomicU64,
    /// How often it began to rest after faults, by their status.
    rests: Mutex<BTreeMap<u16, u64>>,
    /// What its provider says is left.
    pub quota: Quota,
}

impl Default for Health {
    fn default() -> Self {
        Health {
            epoch: Instant::now(),
            breaker: Mutex::default(),
            barred_until: AtomicU64::new(0),
            is_broken: AtomicBool::new(false),
            busy: AtomicU32::new(0),
            retries: AtomicU32::new(0),
            paces: Default::default(),
            lasted: Pace::default(),
            used: Minute::default(),
            habits: Mutex::default(),
            energy_mj: AtomicU64::new(0),
            rests: Mutex::default(),
            quota: Quota::default(),
        }
    }
}

impl Health {
    fn now(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    /// How much longer no call goes there; zero if it is well, or may be tried again.
    pub fn rest_left(&self) -> Duration {
        match self.barred_until.load(Relaxed) {
            0 => Duration::ZERO,
            until => Duration::from_millis(until.saturating_sub(self.now())),
        }
    }

    /// How much longer the provider itself wants no traffic; zero if it said nothing.
    pub fn asked_rest_left(&self) -> Duration {
        Duration::from_millis(self.breaker().asked_rest_left(self.now()))
    }

    /// Calls under way.
    pub fn busy(&self) -> u32 {
        self.busy.load(Relaxed)
    }

    /// What its answers took lately: seconds until the first content of streams, seconds per token of whole answers.
    /// What is older than `ttl` is forgotten.
    pub fn pace(&self, stream: bool, ttl: Duration) -> Option<f64> {
        self.paces[usize::from(stream)].get(self.epoch.elapsed(), ttl)
    }

    /// Seconds that its answers took lately, or took to begin if they are streamed, whichever is worse. What is older than
    /// `ttl` is forgotten.
    pub fn response_time(&self, ttl: Duration) -> Option<f64> {
        self.pace(true, ttl).into_iter().chain(self.lasted.get(self.epoch.elapsed(), ttl)).reduce(f64::max)
    }

    /// Takes note of how many seconds a whole answer took.
    pub fn note_lasted(&self, seconds: f64) {
        self.lasted.note(seconds, self.epoch.elapsed());
    }

    /// Calls in this minute that succeeded, and that failed by the provider's fault.
    pub fn recent(&self) -> (u32, u32) {
        self.breaker().recent(self.now())
    }

    /// Somebody looked, without a call, and found it well: if it rests after faults, the next call may try.
    pub fn found_well(&self) {
        self.change(Breaker::found_well);
    }

    /// Somebody looked and found it ill: it rests so long, unless it is found well before.
    pub fn found_ill(&self, rest: Duration) {
        self.change(|breaker, now| breaker.found_ill(rest, now));
    }

    /// Tokens it was given in this minute.
    pub fn used(&self) -> u64 {
        self.used.get(self.epoch.elapsed())
    }

    /// Energy that its calls took, millijoules; zero also if that is not known.
    pub fn energy_mj(&self) -> u64 {
        self.energy_mj.load(Relaxed)
    }

    /// Takes note of the energy that a call took.
    pub fn note_energy(&self, millijoules: u64) {
        self.energy_mj.fetch_add(millijoules, Relaxed);
    }

    /// How often faults of calls made it rest, by the status of the fault.
    pub fn rests(&self) -> BTreeMap<u16, u64> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What its answers were like lately.
    pub fn habits(&self) -> Habits {
        *self.habits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of an answer: tokens of input as estimated and in truth, of output, and its bound.
    pub fn note_answer(&self, estimated: u64, input: u64, output: u64, bound: Option<u64>) {
        self.used.add(input.saturating_add(output), self.epoch.elapsed());
        let mut habits = self.habits.lock().unwrap_or_else(PoisonError::into_inner);
        habits.note(estimated, input, output, bound);
    }

    /// Takes note of what an answer took: see [`Health::pace`].
    pub fn note_pace(&self, stream: bool, seconds: f64) {
        self.paces[usize::from(stream)].note(seconds, self.epoch.elapsed());
    }

    /// Whether a call would be let in now: see [`Health::visit`], which lets it in.
    pub(crate) fn would_admit(&self, anyway: bool) -> bool {
        anyway || !matches!(self.breaker().admits(self.now()), Admission::Rests(_))
    }

    /// A call that it has failed wants to try it again; `None` if too many do so already.
    pub(crate) fn retry(self: &Arc<Self>, budget: &RetryBudget) -> Option<Retry> {
        let room = |retries: u32| budget.room(self.busy().saturating_add(retries));
        let more = |retries: u32| (retries < room(retries)).then(|| retries + 1);
        self.retries.fetch_update(Relaxed, Relaxed, more).ok()?;
        Some(Retry(self.clone()))
    }

    /// A call goes there; `None` if another one is trying already whether it is well again, and `anyway` is not said.
    pub(crate) fn visit(self: &Arc<Self>, rules: &Arc<RestRules>, anyway: bool) -> Option<Visit> {
        let mut is_trial = false;
        if self.is_broken.load(Relaxed) {
            let (mut breaker, now) = (self.breaker(), self.now());
            match breaker.admits(now) {
                Admission::Open => {}
                Admission::Trial => {
                    breaker.begin_trial(rules, now);
                    self.show(&breaker, now);
                    is_trial = true;
                }
                Admission::Rests(_) if anyway => {}
                Admission::Rests(_) => return None,
            }
        }
        self.busy.fetch_add(1, Relaxed);
        Some(Visit { health: self.clone(), rules: rules.clone(), is_trial, opened_at: Cell::new(0) })
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the breaker.
    fn change(&self, change: impl FnOnce(&mut Breaker, u64)) {
        let (mut breaker, now) = (self.breaker(), self.now());
        change(&mut breaker, now);
        self.show(&breaker, now);
    }

    /// Lets the breaker know of a fault, and counts it if a rest begins by it.
    fn blame(&self, fault: &Fault, tell: impl FnOnce(&mut Breaker, u64)) {
        let mut begins = false;
        self.change(|breaker, now| {
            let rested = breaker.is_resting(now);
            tell(breaker, now);
            begins = !rested && breaker.is_resting(now);
        });
        if begins {
            *self.rests.lock().unwrap_or_else(PoisonError::into_inner).entry(fault.status()).or_default() += 1;
        }
    }

    /// Lets everybody see what the breaker says.
    fn show(&self, breaker: &Breaker, now: u64) {
        let left = breaker.rest_left(now);
        self.is_broken.store(breaker.admits(now) != Admission::Open, Relaxed);
        self.barred_until.store(if left == 0 { 0 } else { now + left }, Relaxed);
    }
}

/// A call that goes to a deployment. Dropping it ends the visit.
pub(crate) struct Visit {
    health: Arc<Health>,
    rules: Arc<RestRules>,
    /// Whether it tries if the deployment is well again.
    is_trial: bool,
    /// When its stream opened, milliseconds since the health's epoch.
    opened_at: Cell<u64>,
}

/// A call that tries a deployment again, until it is dropped.
pub(crate) struct Retry(Arc<Health>);

impl Drop for Retry {
    fn drop(&mut self) {
        self.0.retries.fetch_sub(1, Relaxed);
    }
}

impl Visit {
    /// A whole answer has come.
    pub fn succeeded(&self) {
        self.health.change(Breaker::succeeded);
    }

    /// A stream has opened.
    pub fn opened(&self) {
        self.opened_at.set(self.health.now());
        self.health.change(|breaker, _| breaker.opened());
    }

    /// More of the stream has come. Whether the deployment is well must not wait for the end of a long answer.
    pub fn goes_on(&self) {
        if self.is_trial && self.health.is_broken.load(Relaxed) {
            self.health.change(|breaker, now| {
                if self.lived(now) > breaker.longest_cut() {
                    breaker.outlived();
                }
            });
        }
    }

    /// The stream has come to its end.
    pub fn ended(&self) {
        self.health.change(|breaker, now| breaker.ended(self.is_trial, now));
    }

    /// The call failed by the provider's fault. `alternative` says whether anybody else could take its calls.
    pub fn failed(&self, fault: &Fault, alternative: bool) {
        self.health.blame(fault, |breaker, now| breaker.failed(&self.rules, fault, alternative, now));
    }

    /// The same after the stream had opened.
    pub fn broke_off(&self, fault: &Fault, alternative: bool) {
        self.health
            .blame(fault, |breaker, now| breaker.broke_off(&self.rules, fault, self.lived(now), alternative, now));
    }

    /// How long its stream has flowed, milliseconds.
    fn lived(&self, now: u64) -> u64 {
        now.saturating_sub(self.opened_at.get())
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.health.busy.fetch_sub(1, Relaxed);
        if self.is_trial && self.health.is_broken.load(Relaxed) {
            self.health.change(|breaker, _| breaker.give_up_trial());
        }
    }
}

/// What outlives reloads: the health of all deployments that ever were, by id, the vectors of examples, and the fleets of
/// nodes.
#[derive(Default)]
pub struct Roll {
    healths: Mutex<HashMap<String, Arc<Health>>>,
    vectors: Mutex<HashMap<String, Arc<Vectors>>>,
    /// The fleets.
    pub fleets: Arc<Fleets>,
    /// What this machine takes.
    pub gauge: Arc<Gauge>,
    /// Where the keys of tokens come from.
    pub sources: Sources,
    /// Tokens that take the place of keys at providers.
    pub access_tokens: AccessTokens,
}

impl Roll {
    /// The health of deployment `id`, new if it was never seen.
    pub fn of(&self, id: &str) -> Arc<Health> {
        let mut healths = self.healths.lock().unwrap_or_else(PoisonError::into_inner);
        healths.entry(id.to_owned()).or_default().clone()
    }

    /// The vectors of these examples, as whoever goes by `embedder` makes them.
    pub fn vectors(&self, embedder: &str, examples: &[String]) -> Arc<Vectors> {
        let mut vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that no setup needs any more go.
        vectors.retain(|_, vectors| Arc::strong_count(vectors) > 1);
        vectors.entry(format!("{embedder}\0{}", examples.join("\0"))).or_default().clone()
    }
}

#[cfg(test)]
mod tests;
