//! The ledger of a worker, with the metrics before it: it sees each entry once, and hands it on to the spool if there is
//! one. Of calls that no attempt tells of it hands on only as many as a log needs: refusing is cheap, and nobody must fill a
//! disk by it.

use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use engine::{Durable, Ledger};
use store::Entry;
use store::spool::Pen;

use super::Shard;
use crate::live::Live;

/// How many calls that no attempt tells of get into the log each second, and how many at once.
const RATE: f64 = 100.0;
const BURST: f64 = 1_000.0;
/// How often the log of the process says that there are more.
const SAYING: Duration = Duration::from_secs(60);

/// The ledger of a worker.
pub struct Counting {
    pen: Option<Rc<Pen>>,
    live: Arc<Live>,
    shard: Arc<Shard>,
    bucket: Bucket,
    said_at: Cell<Option<Instant>>,
}

/// What may still be told.
struct Bucket {
    left: Cell<f64>,
    at: Cell<Instant>,
}

impl Bucket {
    fn take(&self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at.replace(now)).as_secs_f64();
        let left = (self.left.get() + since * RATE).min(BURST);
        let enough = left >= 1.0;
        self.left.set(if enough { left - 1.0 } else { left });
        enough
    }
}

impl Counting {
    /// Counts for one worker, whose entries `pen` keeps.
    pub fn new(pen: Option<Pen>, live: &Arc<Live>) -> Self {
        let shard = live.metrics.shard();
        let bucket = Bucket { left: Cell::new(BURST), at: Cell::new(Instant::now()) };
        Counting { pen: pen.map(Rc::new), live: live.clone(), shard, bucket, said_at: Cell::new(None) }
    }

    fn count(&self, entry: &Entry) {
        // Whoever gets no answer may have made the name up.
        let failed = matches!(entry.code(), 400..=404);
        let strange = failed && !self.live.setup().groups.contains_key(&entry.model_group);
        self.live.metrics.count(&self.shard, entry, strange);
    }

    fn say(&self, now: Instant) {
        if self.said_at.get().is_none_or(|at| now.saturating_duration_since(at) >= SAYING) {
            self.said_at.set(Some(now));
            let all = self.shard.unlogged.load(Relaxed);
            tracing::warn!("more calls are refused than the log takes: {all} of this thread are not in it");
        }
    }
}

impl Ledger for Counting {
    fn open(&self, entry: &Entry) -> Durable {
        self.pen.as_ref().map_or_else(|| Box::pin(ready(())) as Durable, |pen| pen.open(entry))
    }

    fn settle(&self, entry: &Entry) -> Durable {
        self.count(entry);
        self.pen.as_ref().map_or_else(|| Box::pin(ready(())) as Durable, |pen| pen.settle(entry))
    }

    fn tell(&self, entry: &Entry) {
        self.count(entry);
        let Some(pen) = &self.pen else { return };
        let now = Instant::now();
        match self.bucket.take(now) {
            true => pen.tell(entry),
            false => {
                self.shard.unlogged.fetch_add(1, Relaxed);
                self.say(now);
            }
        }
    }

    fn is_healthy(&self) -> bool {
        self.pen.as_ref().is_none_or(Ledger::is_healthy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_gets_into_the_log_at_a_bounded_rate() {
        let began = Instant::now();
        let bucket = Bucket { left: Cell::new(BURST), at: Cell::new(began) };
        let taken = |at: Instant| (0..5_000).filter(|_| bucket.take(at)).count();
        assert_eq!(taken(began), 1_000);
        assert_eq!(taken(began + Duration::from_secs(2)), 200);
        assert_eq!(taken(began + Duration::from_secs(3600)), 1_000);
    }
}
