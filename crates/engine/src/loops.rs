//! Keys that run in circles: what each has called lately, in memory of this process, and what is done about it. Whoever has
//! no virtual key is not looked after.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use dialects::json::Kind;
use foldhash::fast::FixedState;
use policy::runaway::{Breaking, Cause, RunawayRules, RunawayWish, Trail, Trip, Verdict, without_numbers};
use store::records::Fields;
use tokio::time::sleep;
use types::{Fault, FaultKind};

use crate::Caller;
use crate::ask::Ask;
use crate::caller::denied;

/// Most keys that are looked after.
const MOST: usize = 20_000;
/// How often keys that are quiet are looked for when there are so many, milliseconds.
const SWEEP_MS: i64 = 60_000;
/// Longest last message that is compared, bytes: what is longer costs more to read than it tells.
const LONGEST: usize = 16_384;
/// The field of the metadata of keys, projects and teams.
const FIELD: &str = "loop_breaker";
/// What a refusal is known by.
const CODE: &str = "loop_breaker";

/// What keys have called lately.
#[derive(Default)]
pub struct Loops {
    trails: RwLock<HashMap<Box<str>, Arc<Mutex<Trail>>>>,
    swept_ms: AtomicI64,
    /// Calls that were among too many, by cause and by what was done.
    calls: [[AtomicU64; Breaking::ALL.len()]; Cause::ALL.len()],
}

impl Loops {
    /// Keys that run in circles, and how.
    pub fn trips(&self, now_ms: i64) -> Vec<(String, Trip)> {
        let trails = self.trails.read().unwrap_or_else(PoisonError::into_inner);
        let trips = trails.iter().filter_map(|(key, trail)| Some((key.to_string(), lock(trail).trip(now_ms)?)));
        trips.collect()
    }

    /// Forgets what a key has called; says whether it was known for running in circles.
    pub fn release(&self, key_hash: &str, now_ms: i64) -> bool {
        let mut trails = self.trails.write().unwrap_or_else(PoisonError::into_inner);
        trails.remove(key_hash).is_some_and(|trail| lock(&trail).trip(now_ms).is_some())
    }

    /// How many calls were among too many since the start: by cause, and by what was done.
    pub fn calls(&self) -> impl Iterator<Item = (Cause, Breaking, u64)> + '_ {
        let causes = Cause::ALL.into_iter().zip(&self.calls);
        causes.flat_map(|(cause, row)| {
            Breaking::ALL.into_iter().zip(row).map(move |(done, n)| (cause, done, n.load(Relaxed)))
        })
    }

    /// What happens to a call of a key.
    fn note(&self, key_hash: &str, ask: &Ask, rules: &RunawayRules, now_ms: i64) -> Verdict {
        let Some(trail) = self.trail(key_hash, now_ms) else { return Verdict::Goes };
        let files: Vec<_> = ask.form.iter().flat_map(|form| form.files()).collect();
        // Who opens a session says nothing yet: all of them are alike, and none is the same again.
        let session = ask.front.realtime().map(|_| now_ms);
        let whole = FixedState::default().hash_one((&ask.body.bytes()[..], files, session));
        let verdict = lock(&trail).note(whole, || last_message(ask), rules, now_ms);
        if let Verdict::Noticed(trip) | Verdict::Waits(trip, _) | Verdict::Refused(trip, _) = verdict {
            self.calls[trip.cause as usize][trip.breaking as usize].fetch_add(1, Relaxed);
        }
        verdict
    }

    fn trail(&self, key_hash: &str, now_ms: i64) -> Option<Arc<Mutex<Trail>>> {
        if let Some(trail) = self.trails.read().unwrap_or_else(PoisonError::into_inner).get(key_hash) {
            return Some(trail.clone());
        }
        let mut trails = self.trails.write().unwrap_or_else(PoisonError::into_inner);
        if trails.len() >= MOST {
            if now_ms.saturating_sub(self.swept_ms.swap(now_ms, Relaxed)) < SWEEP_MS {
                return None;
            }
            trails.retain(|_, trail| !lock(trail).is_over(now_ms));
        }
        (trails.len() < MOST).then(|| trails.entry(key_hash.into()).or_default().clone())
    }
}

/// A hash of the last message without its numbers, if it is one that can be compared.
fn last_message(ask: &Ask) -> Option<u64> {
    ask.body.with(|root| {
        let said = root.get_some(ask.front.conversation()).or_else(|| root.get_some("input"));
        let said = said.or_else(|| root.get_some("prompt"))?;
        let hash = |text: &str| (text.len() <= LONGEST).then(|| without_numbers(text.as_bytes()));
        match said.kind() {
            Kind::Array => said.inside(|said| hash(said.items().last()?.raw()))?,
            _ => hash(said.raw()),
        }
    })
}

/// What the metadata of a key, its project and its team want: the first word counts.
pub(crate) fn wish(metadata: [Option<&Fields>; 3]) -> RunawayWish {
    let all = || metadata.into_iter().flatten().filter_map(|fields| fields.get(FIELD));
    let number = |name: &str| all().find_map(|fields| fields.get(name)?.as_u64());
    let small = |name: &str| number(name).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let seconds = |name: &str| number(name).map(|seconds| seconds.saturating_mul(1_000));
    RunawayWish {
        breaking: all().find_map(|fields| Breaking::find(fields.get("action")?.as_str()?)),
        same: small("same"),
        within_ms: seconds("window"),
        burst: small("burst"),
        burst_floor: small("burst_floor"),
        delay_ms: seconds("delay"),
        block_ms: seconds("block_for"),
    }
}

/// Has a call of somebody who runs in circles wait, or refuses it.
pub(crate) async fn break_loop(
    loops: &Loops,
    rules: &RunawayRules,
    caller: &Caller,
    ask: &Ask,
    now_ms: i64,
) -> Result<(), Fault> {
    let rules = rules.with(&caller.runaway);
    if caller.key_hash.is_empty() || rules.breaking == Breaking::Off {
        return Ok(());
    }
    match loops.note(&caller.key_hash, ask, &rules, now_ms) {
        Verdict::Goes | Verdict::Noticed(_) => Ok(()),
        Verdict::Waits(_, wait_ms) => {
            sleep(Duration::from_millis(wait_ms)).await;
            Ok(())
        }
        Verdict::Refused(trip, left_ms) => Err(refusal(&trip, &rules, left_ms)),
    }
}

fn refusal(trip: &Trip, rules: &RunawayRules, left_ms: u64) -> Fault {
    let Trip { calls, limit, .. } = trip;
    let window = rules.within_ms / 1_000;
    let what = match trip.cause {
        Cause::Same => format!("it made the same call {calls} times within {window} seconds, more than {limit}"),
        Cause::Alike => format!(
            "it made {calls} calls within {window} seconds whose last messages differ in numbers alone, more than {limit}"
        ),
        Cause::Burst => format!("it made {calls} calls within a minute, far more than usual, which is {limit} at most"),
    };
    let left = left_ms.div_ceil(1_000);
    let message =
        format!("This key seems to run in circles: {what}. Its calls are refused for another {left} seconds.");
    let retry_after = Some(Duration::from_millis(left_ms));
    Fault { retry_after, code: Some(CODE.to_owned()), ..denied(FaultKind::RateLimit, "rate_limit_error", message) }
}

fn lock(trail: &Mutex<Trail>) -> MutexGuard<'_, Trail> {
    trail.lock().unwrap_or_else(PoisonError::into_inner)
}
