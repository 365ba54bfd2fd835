//! Durations counted in buckets: any number of them in a few kilobytes, each known to within a hundredth.

use serde::Serialize;
use std::time::Duration;

/// Binary digits kept of a value.
const DIGITS: u32 = 7;
/// Buckets of one power of two.
const STEP: u64 = 1 << (DIGITS - 1);
/// Nanoseconds of the largest value told apart, about 18 minutes.
const MAX_NS: u64 = 1 << 40;

/// Durations, in buckets that grow with them.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max_ns: u64,
}

/// What a set of durations looks like, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: u64,
    /// Half of them are not longer.
    pub p50_us: f64,
    /// Nine tenths are not longer.
    pub p90_us: f64,
    /// All but one in a hundred are not longer.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Histogram {
    pub(super) fn add(&mut self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket(ns.min(MAX_NS));
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.count += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    pub(super) fn spread(&self) -> Spread {
        let us = |ns: u64| (ns / 10) as f64 / 100.0;
        let share = |share: f64| us(self.quantile(share).min(self.max_ns));
        Spread {
            count: self.count,
            p50_us: share(0.5),
            p90_us: share(0.9),
            p99_us: share(0.99),
            max_us: us(self.max_ns),
        }
    }

    /// Nanoseconds that this share of the values do not exceed.
    fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.map_or(0, top)
    }
}

/// The bucket of a value.
fn bucket(ns: u64) -> usize {
    let shift = (u64::BITS - ns.leading_zeros()).saturating_sub(DIGITS);
    (u64::from(shift) * STEP + (ns >> shift)) as usize
}

/// The largest value of a bucket.
fn top(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket / STEP).saturating_sub(1);
    let digits = bucket - shift * STEP;
    ((digits + 1) << shift) - 1
}
