//! Sums of what was spent and asked.

use types::Usd;

use crate::Result;
use crate::db::Row;

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Spend.
    pub spend: Usd,
    /// Attempts whose price is not known.
    pub unpriced: i64,
    /// Attempts.
    pub requests: i64,
    /// Those that brought the whole answer.
    pub successes: i64,
    /// Those that failed. The others were aborted or interrupted.
    pub failures: i64,
    /// Answers from a cache.
    pub cache_hits: i64,
    /// Input tokens, cached ones included.
    pub prompt_tokens: i64,
    /// Output tokens, reasoning included.
    pub completion_tokens: i64,
    /// Input tokens read from providers' caches.
    pub cache_read_tokens: i64,
    /// Input tokens written to providers' caches.
    pub cache_creation_tokens: i64,
    /// Output tokens of reasoning.
    pub reasoning_tokens: i64,
    /// Attempts whose duration is known.
    pub timed: i64,
    /// Their durations together, in milliseconds.
    pub duration_ms: i64,
    /// Attempts whose first content came at a known time.
    pub first_tokens: i64,
    /// The times to it together, in milliseconds.
    pub first_token_ms: i64,
    /// What answers had cost that were given again from a cache, in nanodollars.
    pub cache_savings: i64,
    /// What answers of the operator's own models would have cost elsewhere, less what they did, in nanodollars.
    pub local_savings: i64,
}

impl Metrics {
    /// Input and output tokens.
    pub fn total_tokens(&self) -> i64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }

    /// Reads the sums that begin at a column, in the order of [`crate::ledger::DAILY_SUMS`].
    pub(super) fn read(row: &Row, first: usize) -> Result<Self> {
        let mut metrics = Metrics::default();
        let mut spend = 0;
        for (offset, field) in metrics.fields(&mut spend).into_iter().enumerate() {
            *field = row.int(first + offset)?;
        }
        metrics.spend = Usd::from_nanos(spend);
        Ok(metrics)
    }

    /// Adds another sum.
    pub fn add(&mut self, other: &Metrics) {
        let mut other = *other;
        let (mut spend, mut spend_too) = (self.spend.nanos(), other.spend.nanos());
        for (mine, theirs) in self.fields(&mut spend).into_iter().zip(other.fields(&mut spend_too)) {
            *mine = mine.saturating_add(*theirs);
        }
        self.spend = Usd::from_nanos(spend);
    }

    /// What is left without a part of it.
    pub fn without(mut self, part: &Metrics) -> Metrics {
        let mut part = *part;
        let (mut spend, mut spend_too) = (self.spend.nanos(), part.spend.nanos());
        for (mine, theirs) in self.fields(&mut spend).into_iter().zip(part.fields(&mut spend_too)) {
            *mine = mine.saturating_sub(*theirs).max(0);
        }
        Metrics { spend: Usd::from_nanos(spend), ..self }
    }

    fn fields<'a>(&'a mut self, spend: &'a mut i64) -> [&'a mut i64; 17] {
        [
            spend,
            &mut self.unpriced,
            &mut self.requests,
            &mut self.successes,
            &mut self.failures,
            &mut self.cache_hits,
            &mut self.prompt_tokens,
            &mut self.completion_tokens,
            &mut self.cache_read_tokens,
            &mut self.cache_creation_tokens,
            &mut self.reasoning_tokens,
            &mut self.timed,
            &mut self.duration_ms,
            &mut self.first_tokens,
            &mut self.first_token_ms,
            &mut self.cache_savings,
            &mut self.local_savings,
        ]
    }
}
