//! Questions by what they mean: their vectors, and under which keys their answers are. Those that may be answered alike lie
//! in one bucket, behind a lock of its own: tenants do not wait for each other.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use policy::Wording;
use policy::vectors::{Table, Unit};

use super::super::key::{CacheKey, Guard};

/// Most answers that a question is told of.
const MOST_FOUND: usize = 3;
/// Bytes that an entry takes beside its vector, about.
const FRAME: usize = 128;

/// Questions by what they mean.
pub(in crate::cache) struct Index {
    most_entries: usize,
    most_bytes: usize,
    buckets: RwLock<HashMap<Guard, Arc<Bucket>>>,
    entries: AtomicUsize,
    bytes: AtomicUsize,
    /// Counts uses: the higher its number, the later was something used.
    uses: AtomicU64,
    /// Taken by whoever makes room.
    tidying: Mutex<()>,
}

/// Questions that may be answered alike.
#[derive(Default)]
struct Bucket(RwLock<Table<Row>>);

/// A question that was answered.
struct Row {
    key: CacheKey,
    wording: Wording,
    /// Its language, if that is known.
    language: Option<&'static str>,
    until_ms: i64,
    used: AtomicU64,
}

impl Row {
    /// Bytes that it takes beside its vector.
    fn weight(&self) -> usize {
        FRAME + self.wording.weight()
    }
}

/// What a question is compared by.
pub(in crate::cache) struct Meaning {
    pub unit: Unit,
    /// Its words.
    pub wording: Wording,
    /// Its language, if that is known.
    pub language: Option<&'static str>,
}

impl Bucket {
    fn read(&self) -> RwLockReadGuard<'_, Table<Row>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table<Row>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    /// Nothing yet, and room for so many entries and bytes.
    pub fn new(most_entries: usize, most_bytes: usize) -> Self {
        Index {
            most_entries,
            most_bytes,
            buckets: RwLock::default(),
            entries: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            uses: AtomicU64::new(1),
            tidying: Mutex::default(),
        }
    }

    /// Entries and bytes that there are.
    pub fn size(&self) -> (usize, usize) {
        (self.entries.load(Relaxed), self.bytes.load(Relaxed))
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<Guard, Arc<Bucket>>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Guard, Arc<Bucket>>> {
        self.buckets.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket(&self, guard: &Guard) -> Option<Arc<Bucket>> {
        self.read().get(guard).cloned()
    }

    /// Whether there is anything that could be found.
    pub fn has(&self, guard: &Guard, now_ms: i64) -> bool {
        self.bucket(guard).is_some_and(|bucket| bucket.read().iter().any(|(_, row)| row.until_ms > now_ms))
    }

    /// Whether this question is among them.
    pub fn knows(&self, guard: &Guard, key: &CacheKey) -> bool {
        self.bucket(guard).is_some_and(|bucket| bucket.read().iter().any(|(_, row)| row.key == *key))
    }

    /// The keys of answers to questions that are at least so much alike, the most alike first, and how much they are.
    pub fn nearest(&self, guard: &Guard, meaning: &Meaning, threshold: f32, now_ms: i64) -> Vec<(CacheKey, f32)> {
        let Some(bucket) = self.bucket(guard) else { return Vec::new() };
        let table = bucket.read();
        let fits = |row: &Row| {
            let is_foreign = row.language.zip(meaning.language).is_some_and(|(one, other)| one != other);
            row.until_ms > now_ms && !is_foreign && !meaning.wording.differs_in_a_small_part(&row.wording)
        };
        let found = table.nearest(&meaning.unit, threshold, MOST_FOUND, fits);
        if let Some((best, _)) = found.first() {
            best.used.store(self.uses.fetch_add(1, Relaxed), Relaxed);
        }
        found.into_iter().map(|(row, cosine)| (row.key, cosine)).collect()
    }

    /// Adds the question whose answer is under `key`.
    pub fn put(&self, guard: Guard, key: CacheKey, meaning: Meaning, until_ms: i64, now_ms: i64) {
        let Meaning { unit, wording, language } = meaning;
        let weight = FRAME + wording.weight() + unit.weight();
        if weight > self.most_bytes || self.most_entries == 0 {
            return;
        }
        if !self.read().contains_key(&guard) {
            self.write().entry(guard).or_default();
        }
        let buckets = self.read();
        // Whoever makes room takes buckets away that are empty.
        let Some(bucket) = buckets.get(&guard) else { return };
        let mut table = bucket.write();
        table.retain(|row| row.key != key, |bytes, row| self.gone(bytes, &row));
        let used = AtomicU64::new(self.uses.fetch_add(1, Relaxed));
        table.push(unit, Row { key, wording, language, until_ms, used });
        self.entries.fetch_add(1, Relaxed);
        self.bytes.fetch_add(weight, Relaxed);
        drop(table);
        drop(buckets);
        self.make_room(now_ms);
    }

    /// One is gone, whose vector took so many bytes.
    fn gone(&self, bytes: usize, row: &Row) {
        self.entries.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(row.weight() + bytes, Relaxed);
    }

    /// Forgets the question whose answer is gone.
    pub fn drop_key(&self, guard: &Guard, key: &CacheKey) {
        let Some(bucket) = self.bucket(guard) else { return };
        bucket.write().retain(|row| row.key != *key, |bytes, row| self.gone(bytes, &row));
        if bucket.read().is_empty() {
            let mut buckets = self.write();
            // Somebody may have added something in the meantime.
            if buckets.get(guard).is_some_and(|bucket| bucket.read().is_empty()) {
                buckets.remove(guard);
            }
        }
    }

    /// Forgets the questions with these keys.
    pub fn forget(&self, keys: &[CacheKey]) {
        let keys: HashSet<&CacheKey> = keys.iter().collect();
        self.retain(|row| !keys.contains(&row.key));
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.retain(|_| false);
    }

    /// Takes out what is not to stay, one bucket after the other.
    fn retain(&self, stays: impl Fn(&Row) -> bool) {
        let buckets: Vec<Arc<Bucket>> = self.read().values().cloned().collect();
        for bucket in buckets {
            bucket.write().retain(&stays, |bytes, row| self.gone(bytes, &row));
        }
        self.write().retain(|_, bucket| !bucket.read().is_empty());
    }

    /// Where there is more than there is room for, what is over goes, and what was not used for the longest time: some
    /// more than must, so that this is seldom done.
    fn make_room(&self, now_ms: i64) {
        let (entries, bytes) = self.size();
        if entries <= self.most_entries && bytes <= self.most_bytes {
            return;
        }
        // Whoever does it already does it for all.
        let Ok(_tidying) = self.tidying.try_lock() else { return };
        let mut uses: Vec<(u64, usize)> = Vec::with_capacity(entries);
        let buckets: Vec<Arc<Bucket>> = self.read().values().cloned().collect();
        for bucket in buckets {
            let table = bucket.read();
            let alive = table.iter().filter(|(_, row)| row.until_ms > now_ms);
            uses.extend(alive.map(|(bytes, row)| (row.used.load(Relaxed), row.weight() + bytes)));
        }
        uses.sort_unstable_by(|one, other| other.cmp(one));
        let (most_entries, most_bytes) = (self.most_entries - self.most_entries / 16, self.most_bytes / 16 * 15);
        let mut sum = 0;
        let stay = uses.iter().take(most_entries.max(1)).take_while(|(_, weight)| {
            sum += weight;
            sum <= most_bytes.max(*weight)
        });
        let oldest = stay.last().map_or(u64::MAX, |(used, _)| *used);
        self.retain(|row| row.until_ms > now_ms && row.used.load(Relaxed) >= oldest);
    }
}

#[cfg(test)]
mod tests;
