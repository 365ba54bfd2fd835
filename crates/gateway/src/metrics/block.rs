//! The counts of one series. One thread adds to them, so adding is no more than a read and a write.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use store::{Entry, Status};
use types::Usd;

/// Buckets of times, microseconds: the incumbent's.
pub const TIMES: [u64; 17] = [
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    420_000_000,
    600_000_000,
];
/// The same with buckets before them, for what is mostly less than the shortest of those.
pub const SHORT_TIMES: [u64; 24] = {
    let shortest = [25, 50, 100, 250, 500, 1_000, 2_500];
    let mut all = [0; 24];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < shortest.len() { shortest[at] } else { TIMES[at - shortest.len()] };
        at += 1;
    }
    all
};
/// Buckets of tokens: those of the conventions for generative models, powers of four.
pub const SIZES: [u64; 14] = {
    let mut all = [1; 14];
    let mut at = 1;
    while at < all.len() {
        all[at] = all[at - 1] * 4;
        at += 1;
    }
    all
};
/// Most buckets that there are: that of what is over all bounds is one of them.
const BUCKETS: usize = 25;

/// A number that one thread adds to.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How often something was how much: microseconds of what takes time, tokens.
#[derive(Default)]
pub struct Histogram {
    buckets: [Count; BUCKETS],
    sum: Count,
}

impl Histogram {
    /// One more.
    pub(super) fn note(&self, bounds: &[u64], value: u64) {
        self.buckets[bounds.partition_point(|bound| *bound < value)].add(1);
        self.sum.add(value);
    }

    /// How many there are within each bucket. Those behind the last bound are in the one after it.
    pub fn buckets(&self) -> impl Iterator<Item = u64> {
        self.buckets.iter().map(Count::get)
    }

    /// How many in all.
    pub fn count(&self) -> u64 {
        self.buckets().sum()
    }

    /// All of them together.
    pub fn sum(&self) -> u64 {
        self.sum.get()
    }

    fn merge(&self, other: &Self) {
        self.buckets.iter().zip(&other.buckets).for_each(|(one, more)| one.add(more.get()));
        self.sum.add(other.sum.get());
    }
}

/// Declares the counts, and how two blocks are added up.
macro_rules! block {
    ($($(#[$doc:meta])* $name:ident: $kind:ident),* $(,)?) => {
        /// The counts of one series.
        #[derive(Default)]
        pub struct Block {
            $($(#[$doc])* pub $name: $kind,)*
        }

        impl Block {
            /// Adds what another one counted.
            pub fn add(&self, other: &Block) {
                $(block!(@add self, other, $name, $kind);)*
            }
        }
    };
    (@add $self:ident, $other:ident, $name:ident, Count) => { $self.$name.add($other.$name.get()) };
    (@add $self:ident, $other:ident, $name:ident, Histogram) => { $self.$name.merge(&$other.$name) };
}

block! {
    /// Calls that came to an end.
    calls: Count,
    /// Those of them that tried another group.
    fallbacks: Count,
    /// Attempts that were made.
    attempts: Count,
    /// Calls that got an answer which was kept from an earlier one.
    cache_hits: Count,
    /// Calls that looked for one in vain.
    cache_misses: Count,
    /// Tokens of answers that were given again.
    cached_tokens: Count,
    /// What attempts cost, nanodollars.
    spend_nanousd: Count,
    /// Attempts whose price is not known.
    unpriced: Count,
    /// Tokens of input.
    input: Count,
    /// Tokens of output.
    output: Count,
    /// Tokens read from providers' caches.
    cache_read: Count,
    /// Tokens written there.
    cache_write: Count,
    /// Tokens of reasoning.
    reasoning: Count,
    /// Tokens of input that were audio.
    input_audio: Count,
    /// Tokens of output that were audio.
    output_audio: Count,
    /// Tokens of input of an attempt.
    input_size: Histogram,
    /// Tokens of output of an attempt.
    output_size: Histogram,
    /// What attempts took.
    attempt_time: Histogram,
    /// What streams took until their first content.
    first_token_time: Histogram,
    /// What attempts took for each token of output.
    token_time: Histogram,
    /// What calls took.
    call_time: Histogram,
    /// What the gateway took of that.
    overhead: Histogram,
    /// How long calls waited for a place.
    queue_time: Histogram,
}

impl Block {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.calls.get() == 0 && self.attempts.get() == 0
    }

    /// Counts an entry.
    pub fn count(&self, entry: &Entry) {
        let since = |from: i64, to: i64| to.saturating_sub(from).max(0) as u64 * 1000;
        if entry.cache_hit {
            // Nobody was asked: it says nothing of attempts.
            self.cache_hits.add(1);
            self.cached_tokens.add(entry.usage.total().unwrap_or_default());
        } else if entry.is_attempt() {
            self.attempts.add(1);
            match entry.cost {
                Some(cost) => self.spend_nanousd.add(Usd::nanos(cost).max(0) as u64),
                None => self.unpriced.add(1),
            }
            let usage = &entry.usage;
            let output = usage.output.unwrap_or_default();
            for (size, tokens) in [(&self.input_size, usage.input), (&self.output_size, usage.output)] {
                tokens.into_iter().filter(|tokens| *tokens > 0).for_each(|tokens| size.note(&SIZES, tokens));
            }
            self.input.add(usage.input.unwrap_or_default());
            self.output.add(output);
            self.cache_read.add(usage.cache_read.unwrap_or_default());
            self.cache_write
                .add(usage.cache_write.unwrap_or_default().saturating_add(usage.cache_write_long.unwrap_or_default()));
            self.reasoning.add(usage.reasoning.unwrap_or_default());
            self.input_audio.add(usage.audio_input.unwrap_or_default());
            self.output_audio.add(usage.audio_output.unwrap_or_default());
            if let Some(ended_at) = entry.ended_at {
                let took = since(entry.started_at, ended_at);
                self.attempt_time.note(&TIMES, took);
                if entry.status == Status::Success && output > 0 {
                    self.token_time.note(&SHORT_TIMES, took / output);
                }
            }
            if let Some(first) = entry.first_token_at.filter(|_| entry.stream) {
                self.first_token_time.note(&TIMES, since(entry.started_at, first));
            }
        }
        if let Some(story) = &entry.story {
            self.calls.add(1);
            self.cache_misses.add(u64::from(entry.cache_key.is_some() && !entry.cache_hit));
            self.fallbacks.add(u64::from(story.fallbacks > 0));
            if let Some(ended_at) = entry.ended_at {
                self.call_time.note(&TIMES, since(story.received_at, ended_at));
            }
            self.overhead.note(&SHORT_TIMES, story.overhead_us);
            self.queue_time.note(&TIMES, story.queue_ms.saturating_mul(1000));
        }
    }
}
