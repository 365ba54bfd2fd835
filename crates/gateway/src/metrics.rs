//! Numbers for Prometheus, at `/metrics`, and for whoever is sent them. Each worker counts what its calls did in series of
//! its own, so that no lock is shared between workers and nothing is allocated for a call like an earlier one; who asks adds
//! them up. How many series there can be is bounded: what is over that is counted under `other`. How things stand now is
//! looked up when asked.

mod block;
mod counting;
mod gauges;
mod guards;
mod labels;
mod payers;
mod rows;
mod text;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::quality::RandomState;
use store::Entry;

use crate::books::unix_ms;
use crate::live::Live;
use crate::sinks;
pub use block::{Block, Histogram, SIZES, TIMES};
pub use counting::Counting;
pub use gauges::groups;
use guards::Guards;
pub use labels::Labels;
pub use text::{Braces, CONTENT_TYPE, Page};

/// Most series of calls, of each metric: what is over that is counted as `other`.
pub const MOST_SERIES: usize = 2_048;
/// Most of those that refusals may begin: nobody crowds out what others do by calls that are refused.
const MOST_REFUSED: usize = 512;

/// All numbers of the process.
#[derive(Default)]
pub struct Metrics {
    known: Mutex<Known>,
    shards: Mutex<Vec<Arc<Shard>>>,
    workers: AtomicU64,
    guards: Guards,
    state: RandomState,
    began: Began,
}

/// When counting began, milliseconds since 1970.
struct Began(i64);

impl Default for Began {
    fn default() -> Self {
        Began(unix_ms())
    }
}

/// The series that there are.
#[derive(Default)]
struct Known {
    labels: HashSet<Arc<Labels>>,
    refused: usize,
}

/// The numbers of one thread that makes calls. Only that one adds to them.
#[derive(Default)]
pub struct Shard {
    series: Mutex<HashMap<u64, Arc<Series>>>,
    other: Block,
    /// Refusals that are not in the log, for there were too many.
    unlogged: AtomicU64,
}

/// What was counted for some labels.
struct Series {
    labels: Arc<Labels>,
    block: Block,
}

impl Metrics {
    /// One more worker serves callers.
    pub fn add_worker(&self) {
        self.workers.fetch_add(1, Relaxed);
    }

    /// The numbers of one more thread that makes calls.
    pub fn shard(&self) -> Arc<Shard> {
        let shard = Arc::new(Shard::default());
        lock(&self.shards).push(shard.clone());
        shard
    }

    /// Counts an entry that is settled, or stands for a call. `strange` says that its model is a name that the caller made
    /// up.
    fn count(&self, shard: &Shard, entry: &Entry, strange: bool) {
        self.guards.count(entry);
        let hash = labels::hash(&self.state, entry, strange);
        // Nobody else takes this lock but who asks for the numbers, and not for long.
        let mut known = lock(&shard.series);
        let series = match known.get(&hash) {
            Some(series) => series,
            None => {
                let Some(labels) = self.admit(Labels::of(entry, strange)) else {
                    drop(known);
                    shard.other.count(entry);
                    return;
                };
                known.entry(hash).or_insert_with(|| Arc::new(Series { labels, block: Block::default() }))
            }
        };
        series.block.count(entry);
    }

    /// Labels that there may be series of.
    fn admit(&self, labels: Labels) -> Option<Arc<Labels>> {
        let mut known = lock(&self.known);
        if let Some(labels) = known.labels.get(&labels) {
            return Some(labels.clone());
        }
        if known.labels.len() >= MOST_SERIES || labels.is_refusal && known.refused >= MOST_REFUSED {
            return None;
        }
        known.refused += usize::from(labels.is_refusal);
        let labels = Arc::new(labels);
        known.labels.insert(labels.clone());
        Some(labels)
    }

    /// When counting began, milliseconds since 1970.
    pub fn began_at_ms(&self) -> i64 {
        self.began.0
    }

    /// What all threads have counted together.
    pub fn sums(&self) -> HashMap<Arc<Labels>, Block> {
        let shards = lock(&self.shards).clone();
        let mut sums: HashMap<Arc<Labels>, Block> = HashMap::new();
        let other = Arc::new(Labels::other());
        for shard in &shards {
            let series: Vec<Arc<Series>> = lock(&shard.series).values().cloned().collect();
            for one in series {
                sums.entry(one.labels.clone()).or_default().add(&one.block);
            }
            if !shard.other.is_empty() {
                sums.entry(other.clone()).or_default().add(&shard.other);
            }
        }
        sums
    }

    /// All numbers, as Prometheus reads them.
    pub fn page(&self, live: &Live) -> String {
        let sums = self.sums();
        let mut page = Page::default();
        rows::write(&mut page, &sums, live);
        self.guards.write(&mut page);
        gauges::write(&mut page, live);
        sinks::write(&mut page, &live.tray);
        page.one("lockgate_workers", "threads that serve calls", "gauge", self.workers.load(Relaxed) as f64);
        let unlogged: u64 = lock(&self.shards).iter().map(|shard| shard.unlogged.load(Relaxed)).sum();
        page.one("lockgate_log_dropped_total", "refused calls that are not in the log", "counter", unlogged as f64);
        page.one(
            "lockgate_metrics_series",
            "combinations of labels of calls",
            "gauge",
            lock(&self.known).labels.len() as f64,
        );
        page.one("lockgate_metrics_series_limit", "most of them", "gauge", MOST_SERIES as f64);
        page.finish()
    }
}

/// A panic elsewhere leaves nothing half done in what these locks guard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
