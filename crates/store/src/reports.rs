//! What was spent and asked, for people: single attempts from the ledger, everything that is summed from the daily
//! roll-ups. No sum is made of the ledger's rows, however long the time is that is asked about.

mod activity;
mod calls;
mod csv;
mod daily;
mod faults;
mod logs;
mod metrics;
mod rolled;

pub use activity::{Activity, ActivityFilter, By, Of, Order};
pub use calls::{Calls, Search};
pub use csv::{activity_csv, logs_csv};
pub use daily::{Breakdown, Daily, DayActivity, Part, Parts};
pub use faults::{FaultFilter, Faults};
pub use logs::{LogFilter, LogPage, Owner, Position};
pub use metrics::Metrics;

use std::time::Duration;

use types::day;

use crate::{Entry, Result, Store};

/// The day of a time in milliseconds since 1970, in UTC, as the roll-ups name it: `2026-11-28`.
pub fn day_of(at_ms: i64) -> String {
    day::text(day::number(at_ms))
}

impl Store {
    /// Attempts that meet `filter`, and where the next page begins, if there may be one. Rows that only a newer version
    /// understands are left out.
    pub async fn logs(&self, filter: &LogFilter, page: &LogPage) -> Result<(Vec<Entry>, Option<Position>)> {
        logs::list(&self.db, filter, page).await
    }

    /// How many attempts meet `filter`, counted up to `bound`.
    pub async fn count_logs(&self, filter: &LogFilter, bound: i64) -> Result<i64> {
        logs::count(&self.db, filter, bound).await
    }

    /// Calls that meet `filter`, in pages that take no longer than `search` says.
    pub async fn calls(&self, filter: &LogFilter, search: &Search) -> Result<Calls> {
        calls::search(&self.db, filter, search).await
    }

    /// How many calls meet `filter`, counted up to `bound` and not for longer than `patience`; and whether that is all.
    pub async fn count_calls(&self, filter: &LogFilter, bound: i64, patience: Duration) -> Result<(i64, bool)> {
        calls::count(&self.db, filter, bound, patience).await
    }

    /// Calls that reached the log behind a place, in the order in which they did. `now_ms` is now.
    pub async fn calls_since(&self, filter: &LogFilter, after: &Position, most: i64, now_ms: i64) -> Result<Calls> {
        calls::since(&self.db, filter, after, most, now_ms).await
    }

    /// What is known of one call, or of the call of one attempt: what stands for it first, then its attempts, the oldest
    /// first.
    pub async fn story(&self, filter: &LogFilter, most: i64) -> Result<Vec<Entry>> {
        calls::story(&self.db, filter, most).await
    }

    /// One attempt.
    pub async fn log(&self, attempt_id: &str) -> Result<Option<Entry>> {
        logs::find(&self.db, attempt_id).await
    }

    /// Sums by `by`, `most` of them.
    pub async fn activity(&self, filter: &ActivityFilter, by: &[By], order: Order, most: i64) -> Result<Vec<Activity>> {
        activity::list(&self.db, filter, by, order, most).await
    }

    /// Faults by day and address, the oldest day first: `most` rows.
    pub async fn faults(&self, filter: &FaultFilter, most: i64) -> Result<Vec<Faults>> {
        faults::list(&self.db, filter, most).await
    }

    /// Days with what they consist of, the newest first: `most` of them behind the first `skip`.
    pub async fn daily(&self, filter: &ActivityFilter, skip: usize, most: usize) -> Result<Daily> {
        daily::report(&self.db, filter, skip, most).await
    }
}

#[cfg(test)]
mod tests;
