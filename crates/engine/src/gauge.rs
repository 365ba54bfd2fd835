//! The power that a machine takes, as somebody measures it now and then: what it took while a call ran is worked out from
//! that when the call is billed.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Readings that are kept: an hour, at one a second.
const MOST: usize = 3_600;
/// How long a reading says something of what comes after it, milliseconds.
const FRESH: i64 = 10_000;

/// What a machine takes.
#[derive(Debug, Default)]
pub struct Gauge(Mutex<VecDeque<Reading>>);

/// Energy up to a moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at_ms: i64,
    millijoules: u64,
}

impl Gauge {
    /// Takes note that the machine has taken so much up to now. Time and energy only grow: whoever begins anew clears.
    pub fn note(&self, at_ms: i64, millijoules: u64) {
        let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if readings.back().is_some_and(|last| last.at_ms >= at_ms || last.millijoules > millijoules) {
            readings.clear();
        }
        if readings.len() >= MOST {
            readings.pop_front();
        }
        readings.push_back(Reading { at_ms, millijoules });
    }

    /// What it took in the mean from one moment to another, milliwatts; `None` if nobody has measured it.
    pub fn milliwatts(&self, from_ms: i64, to_ms: i64) -> Option<u64> {
        let readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = (readings.front()?, readings.back()?);
        let before = readings.get(readings.len().checked_sub(2)?)?;
        if to_ms.saturating_sub(last.at_ms) > FRESH || to_ms < first.at_ms {
            return None;
        }
        // What was not measured is taken to be as what was.
        let (from_ms, to_ms) = (from_ms.max(first.at_ms), to_ms.max(first.at_ms));
        let latest = || power(before, last);
        let at = |moment: i64| -> Option<f64> {
            let behind = readings.partition_point(|reading| reading.at_ms < moment);
            let (one, other) = match readings.get(behind) {
                Some(other) if behind > 0 => (readings.get(behind - 1)?, other),
                Some(only) => return Some(only.millijoules as f64),
                None => return Some(last.millijoules as f64 + latest() * (moment - last.at_ms) as f64 / 1000.0),
            };
            Some(one.millijoules as f64 + power(one, other) * (moment - one.at_ms) as f64 / 1000.0)
        };
        let lasted = (to_ms - from_ms) as f64 / 1000.0;
        let mean = if lasted > 0.0 { (at(to_ms)? - at(from_ms)?) / lasted } else { latest() };
        Some(mean.round().max(0.0) as u64)
    }
}

/// Power between two readings, milliwatts.
fn power(one: &Reading, other: &Reading) -> f64 {
    (other.millijoules - one.millijoules) as f64 * 1000.0 / (other.at_ms - one.at_ms).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_took_is_the_mean_of_what_was_measured() {
        let gauge = Gauge::default();
        assert_eq!(gauge.milliwatts(0, 1_000), None, "nobody has measured it");
        gauge.note(10_000, 5_000_000);
        assert_eq!(gauge.milliwatts(9_000, 11_000), None, "one reading says nothing");
        // 100 watts for a second, then 300.
        gauge.note(11_000, 5_100_000);
        gauge.note(12_000, 5_400_000);
        let check = |from, to, expected: Option<u64>| assert_eq!(gauge.milliwatts(from, to), expected, "{from} {to}");
        check(10_000, 11_000, Some(100_000));
        check(10_000, 12_000, Some(200_000));
        check(10_500, 11_500, Some(200_000));
        check(11_000, 11_000, Some(300_000));
        check(11_500, 13_000, Some(300_000));
        check(5_000, 12_000, Some(200_000));
        check(11_000, 22_001, None);
        check(5_000, 9_000, None);
        gauge.note(13_000, 7);
        check(11_000, 13_000, None);
    }

    #[test]
    fn readings_have_an_end() {
        let gauge = Gauge::default();
        (0..10_000).for_each(|second| gauge.note(second * 1000, second as u64 * 5_000));
        assert_eq!(gauge.0.lock().unwrap().len(), MOST);
        assert_eq!(gauge.milliwatts(9_000_000, 9_999_000), Some(5_000));
    }
}
