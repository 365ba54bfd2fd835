//! What a run has found, as JSON.

use super::{Cost, Run, Spread};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Results of a run. `answers`, `events`, `bytes`, `latency`, `gap` and `cost` are of the measurement alone.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Length of the measurement.
    pub seconds: f64,
    /// Right answers that ended in it.
    pub answers: u64,
    /// Server-sent events received in it.
    pub events: u64,
    /// Bytes of bodies received in it.
    pub bytes: u64,
    /// Right answers per second.
    pub answers_per_second: f64,
    /// From a request to the end of its right answer.
    pub latency: Spread,
    /// From a request (for streams: from connecting) to the first of the body, over the whole run.
    pub first_byte: Spread,
    /// Between reads of one body that complete an event.
    pub gap: Spread,
    /// Requests sent in the whole run.
    pub sent: u64,
    /// Right answers of the whole run.
    pub right: u64,
    /// Answers that were not over when patience was.
    pub late: u64,
    /// Wrong answers of the whole run, by what was wrong.
    pub problems: BTreeMap<String, u64>,
    /// The first of them, in detail.
    pub first_problem: Option<String>,
    /// What the watched processes spent in the measurement.
    pub cost: BTreeMap<String, Cost>,
}

impl Report {
    pub(super) fn new(run: &Run, lasted: Duration, late: u64, cost: BTreeMap<String, Cost>) -> Self {
        let tally = run.tally();
        let (window, seconds) = (&tally.window, lasted.as_secs_f64());
        Self {
            seconds,
            answers: window.answers,
            events: window.events,
            bytes: window.bytes,
            answers_per_second: window.answers as f64 / seconds,
            latency: window.latency.spread(),
            first_byte: tally.first_byte.spread(),
            gap: window.gap.spread(),
            sent: tally.sent,
            right: tally.right,
            late,
            problems: tally.problems.clone(),
            first_problem: tally.first_problem.clone(),
            cost,
        }
    }

    /// Whether every request got its right answer.
    pub fn is_clean(&self) -> bool {
        self.sent > 0 && self.right == self.sent
    }
}
