//! Running figures that many threads note and read without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What the newest of several measurements counts that follow each other closely.
const NEWEST: f32 = 0.2;
/// In so many seconds what was measured before loses half of what it counts.
const HALF_LIFE_S: f32 = 60.0;
/// Bits of a figure; its time is in the bits above.
const FIGURE_BITS: u32 = 32;
/// Bits of a sum within a minute.
const SUM_BITS: u32 = 40;
const MOST: u64 = (1 << SUM_BITS) - 1;

/// A running mean of measurements, the later ones counting more, and the more the longer the others are ago. Times are
/// since any beginning.
#[derive(Default)]
pub struct Pace(AtomicU64);

impl Pace {
    /// Takes note of a measurement.
    pub fn note(&self, figure: f64, at: Duration) {
        let next = |packed: u64| {
            let mean = match packed {
                0 => figure as f32,
                _ => {
                    let age = (at.as_secs() + 1).saturating_sub(packed >> FIGURE_BITS) as f32;
                    let kept = (1.0 - NEWEST) * (-age / HALF_LIFE_S).exp2();
                    f32::from_bits(packed as u32) * kept + figure as f32 * (1.0 - kept)
                }
            };
            Some((at.as_secs() + 1) << FIGURE_BITS | u64::from(mean.to_bits()))
        };
        // It never refuses.
        let _ = self.0.fetch_update(Relaxed, Relaxed, next);
    }

    /// The mean, unless the newest measurement is older than `ttl`.
    pub fn get(&self, at: Duration, ttl: Duration) -> Option<f64> {
        let packed = self.0.load(Relaxed);
        let noted = (packed >> FIGURE_BITS).checked_sub(1)?;
        (at.as_secs().saturating_sub(noted) <= ttl.as_secs()).then(|| f64::from(f32::from_bits(packed as u32)))
    }
}

/// A sum within the current minute.
#[derive(Default)]
pub struct Minute(AtomicU64);

impl Minute {
    /// Adds to the sum of this minute.
    pub fn add(&self, amount: u64, at: Duration) {
        let minute = at.as_secs() / 60;
        let next = |packed: u64| {
            let sum = if packed >> SUM_BITS == minute { packed & MOST } else { 0 };
            Some(minute << SUM_BITS | sum.saturating_add(amount).min(MOST))
        };
        // It never refuses.
        let _ = self.0.fetch_update(Relaxed, Relaxed, next);
    }

    /// The sum of this minute.
    pub fn get(&self, at: Duration) -> u64 {
        let packed = self.0.load(Relaxed);
        if packed >> SUM_BITS == at.as_secs() / 60 { packed & MOST } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_newest_measurements_count_most_and_old_ones_are_forgotten() {
        let pace = Pace::default();
        assert_eq!(pace.get(at(0), HOUR), None);
        pace.note(1.0, at(0));
        assert_eq!(pace.get(at(1), HOUR), Some(1.0));
        (0..30).for_each(|_| pace.note(3.0, at(2)));
        assert!((pace.get(at(2), HOUR).unwrap() - 3.0).abs() < 0.01);
        assert_eq!(pace.get(at(3603), HOUR), None);
    }

    #[test]
    fn the_older_the_others_the_more_the_newest_counts() {
        let after = |gap| {
            let pace = Pace::default();
            pace.note(1.0, at(0));
            pace.note(2.0, at(gap));
            pace.get(at(gap), HOUR).unwrap()
        };
        for (gap, expected) in [(0, 1.2), (60, 1.6), (120, 1.8), (3600, 2.0)] {
            assert!((after(gap) - expected).abs() < 0.01, "{gap} s: {}", after(gap));
        }
    }

    #[test]
    fn a_sum_is_that_of_the_minute() {
        let minute = Minute::default();
        minute.add(5, at(61));
        minute.add(7, at(119));
        assert_eq!((minute.get(at(119)), minute.get(at(120))), (12, 0));
        minute.add(1, at(130));
        assert_eq!(minute.get(at(130)), 1);
        minute.add(u64::MAX, at(131));
        assert_eq!(minute.get(at(131)), MOST);
    }
}
