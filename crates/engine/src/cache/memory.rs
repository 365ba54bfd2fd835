//! Answers in memory: no more bytes of them than the operator wants; what is seldom asked for goes first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use types::Usd;

use super::kept::Kept;
use super::key::CacheKey;

/// Parts with a lock of their own, at most.
const MOST_SHARDS: u64 = 16;
/// Bytes that an answer has, about.
const USUAL: u64 = 4096;

/// Answers in memory.
pub struct Memory {
    answers: Option<Cache<CacheKey, Arc<Kept>, Weight>>,
    pub(super) counts: Counts,
}

#[derive(Clone)]
struct Weight;

impl Weighter<CacheKey, Arc<Kept>> for Weight {
    fn weight(&self, _: &CacheKey, kept: &Arc<Kept>) -> u64 {
        kept.weight() as u64
    }
}

/// What came of looking, since the memory is there.
#[derive(Default)]
pub(super) struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    saved_nanos: AtomicU64,
    unpriced: AtomicU64,
}

/// What is in memory, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheView {
    /// Answers in memory.
    pub entries: u64,
    /// Bytes that they take.
    pub bytes: u64,
    /// Calls that were answered, from memory or Redis.
    pub hits: u64,
    /// Calls that were not.
    pub misses: u64,
    /// What the answers that were given again had cost.
    pub saved: Usd,
    /// Answers given again whose price was not known.
    pub unpriced: u64,
}

impl Counts {
    /// A call looked, and found an answer with such a price.
    pub fn looked(&self, found: Option<Option<Usd>>) {
        match found {
            None => _ = self.misses.fetch_add(1, Relaxed),
            Some(cost) => {
                self.hits.fetch_add(1, Relaxed);
                match cost {
                    Some(cost) => _ = self.saved_nanos.fetch_add(cost.nanos().max(0) as u64, Relaxed),
                    None => _ = self.unpriced.fetch_add(1, Relaxed),
                }
            }
        }
    }
}

impl Memory {
    /// Room for so many bytes, of which the largest answer takes `item` at most.
    pub fn new(bytes: u64, item: usize) -> Self {
        // Each part has room for some of the largest answers.
        let shards = (bytes / (8 * item.max(1) as u64)).clamp(1, MOST_SHARDS);
        let options = OptionsBuilder::new()
            .shards(shards as usize)
            .weight_capacity(bytes)
            .estimated_items_capacity((bytes / USUAL).max(1) as usize)
            .build();
        let answers = options.ok().filter(|_| bytes > 0).map(|options| {
            Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default())
        });
        Memory { answers, counts: Counts::default() }
    }

    /// The answer to a question, if it may still be given.
    pub(super) fn get(&self, key: &CacheKey, now_ms: i64) -> Option<Arc<Kept>> {
        let answers = self.answers.as_ref()?;
        let kept = answers.get(key)?;
        if kept.until_ms > now_ms {
            return Some(kept);
        }
        answers.remove(key);
        None
    }

    pub(super) fn put(&self, key: CacheKey, kept: Arc<Kept>) {
        self.answers.iter().for_each(|answers| answers.insert(key, kept.clone()));
    }

    pub(super) fn remove(&self, key: &CacheKey) -> bool {
        self.answers.as_ref().is_some_and(|answers| answers.remove(key).is_some())
    }

    pub(super) fn clear(&self) -> u64 {
        let Some(answers) = &self.answers else { return 0 };
        let count = answers.len() as u64;
        answers.clear();
        count
    }

    pub(super) fn view(&self) -> CacheView {
        let Counts { hits, misses, saved_nanos, unpriced } = &self.counts;
        CacheView {
            entries: self.answers.as_ref().map_or(0, |answers| answers.len() as u64),
            bytes: self.answers.as_ref().map_or(0, Cache::weight),
            hits: hits.load(Relaxed),
            misses: misses.load(Relaxed),
            saved: Usd::from_nanos(i64::try_from(saved_nanos.load(Relaxed)).unwrap_or(i64::MAX)),
            unpriced: unpriced.load(Relaxed),
        }
    }
}
