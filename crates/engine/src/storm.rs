//! A storm over policy, engine and store: from a seed come callers, providers, payers and misfortunes, and the engine's
//! own code runs among them, under a clock and a network that the test owns. What must hold, always: of every budget,
//! granted = spent + held + released.
//!
//! It covers whole answers, streams and embeddings, in the caller's dialect and another; callers who are slow or leave at
//! any moment; providers that refuse, break off, fall silent, are deaf to the end of a call, ignore their bound or miscount;
//! retries and fallbacks; keys with users, teams, members, organizations, customers, tags and models, each with several
//! budgets and limits, on deployments that have some too; budgets that are changed, spends that are reset, callers that are
//! blocked and setups that are replaced while calls run; a disk that takes no more; a database that is away, or books and
//! does not say so; processes that are killed or lose power at any moment, with those after them taking over the spool
//! (mostly one in memory that keeps the spool's promises and no more, in some seeds the real one).
//!
//! `witness.rs` holds against that: meters have spent what the ledger says and hold something exactly for the attempts that
//! are open; nothing is held when all is over; no budget is overshot but by what providers bill beyond what they were
//! asked for, or a stream brings at a stroke; no limit on requests, tokens, or calls at a time is exceeded; whoever is
//! refused has taken nothing; no provider is asked for what is not noted; an answer whose end was seen is booked exactly
//! once, at the provider's count and price, whatever crashes; rows, sums, and what a new process learns of them agree.
//!
//! Left to others: HTTP towards callers and the control plane's loops (`gateway/tests/it`; `office.rs` plays them here),
//! shares among several replicas (`engine/sharing`, `tests/it`), Postgres, several worker threads, limits that change, limits
//! on requests a day, input or output, costs that providers state.
//!
//! `LOCKGATE_STORM_SEEDS=20000 cargo test -p engine storm::nothing` tries more seeds. A seed that fails is printed with the
//! command that repeats it, and that tells its whole story.

mod caller;
mod chance;
mod life;
mod office;
mod provider;
mod shelf;
mod witness;
mod world;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use life::Outcome;
use types::Usd;

/// Seeds that are tried, if nobody says how many.
const SEEDS: u64 = 1_000;
/// Most failures that are shown.
const SHOWN: usize = 10;

thread_local! {
    /// What the hold that was settled last had held.
    static SETTLED: Cell<Option<Usd>> = const { Cell::new(None) };
}

/// A hold of `amount` is settled: its attempt goes into the ledger next.
pub(crate) fn note_settlement(amount: Usd) {
    SETTLED.set(Some(amount));
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, but is {text}")))
}

fn outcome(seed: u64, tells: bool) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| life::run(seed, tells))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let failure = Some(format!("panicked: {}", text.unwrap_or("for no reason")));
        Outcome { failure, digest: 0, counts: BTreeMap::new() }
    })
}

#[test]
fn nothing_is_lost_counted_twice_or_spent_beyond_a_limit_whatever_happens() {
    let (first, count) = (number("LOCKGATE_STORM_SEED"), number("LOCKGATE_STORM_SEEDS"));
    let count = count.unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let first = first.unwrap_or(0);
    let (next, failed, counts) = (AtomicU64::new(first), Mutex::new(BTreeMap::new()), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return;
            }
            let outcome = outcome(seed, count == 1);
            for (what, count) in outcome.counts {
                *counts.lock().unwrap().entry(what).or_insert(0) += count;
            }
            if let Some(failure) = outcome.failure {
                failed.lock().unwrap().insert(seed, failure);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    println!("{count} seeds: {:?}", counts.into_inner().unwrap());
    let failed = failed.into_inner().unwrap();
    let shown = failed.iter().take(SHOWN);
    let shown = shown.map(|(seed, failure)| {
        format!("LOCKGATE_STORM_SEED={seed} cargo test -p engine storm::nothing\n    {failure}\n")
    });
    assert!(failed.is_empty(), "{} seeds of {count} failed:\n{}", failed.len(), shown.collect::<String>());
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in 0..20 {
        assert_eq!(outcome(seed, false).digest, outcome(seed, false).digest, "seed {seed}");
    }
}
