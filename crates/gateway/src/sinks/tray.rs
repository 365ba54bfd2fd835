//! Where workers lay down what is told of calls. Putting something there takes a short lock and wakes nobody; who takes it
//! away comes by a few times a second. What does not fit is counted and gone: no call waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use store::{Content, Entry, Status};

use super::lane::Tally;

/// Entries that lie there at most, and bytes of contents: of those that are told, and of those that are kept.
const MOST_ENTRIES: usize = 20_000;
const MOST_BYTES: usize = 64 << 20;
/// Those of them that were refused: refusing is cheap, and nobody must crowd out what others do by it.
const MOST_REFUSED: usize = 100;

/// What was laid down.
#[derive(Default)]
pub struct Tray {
    told: Mutex<Pile<Entry>>,
    said: Mutex<Pile<Fresh>>,
    /// What became of what sinks were to be told, by their names.
    tallies: Mutex<BTreeMap<String, Arc<Tally>>>,
    /// Entries that did not fit.
    pub dropped: AtomicU64,
    /// Contents that are in the database, and those that are not and never will be.
    pub contents_kept: AtomicU64,
    /// The latter.
    pub contents_dropped: AtomicU64,
}

struct Pile<T> {
    all: Vec<T>,
    bytes: usize,
    refused: usize,
}

impl<T> Default for Pile<T> {
    fn default() -> Self {
        Pile { all: Vec::new(), bytes: 0, refused: 0 }
    }
}

impl<T> Pile<T> {
    fn put(&mut self, entry: &Entry, bytes: usize, make: impl FnOnce() -> T) -> bool {
        let refused = usize::from(entry.status == Status::Refused);
        let fits =
            self.all.len() < MOST_ENTRIES && self.bytes + bytes <= MOST_BYTES && self.refused + refused <= MOST_REFUSED;
        if fits {
            self.all.push(make());
            self.bytes += bytes;
            self.refused += refused;
        }
        fits
    }
}

/// What was said in a call, as it was said.
pub struct Fresh {
    /// The entry that stands for the call.
    pub attempt_id: String,
    /// When it came in, milliseconds since 1970.
    pub received_at: i64,
    /// What was said.
    pub content: Content,
}

impl Tray {
    /// Lays down an entry, if anybody wants it.
    pub fn put(&self, entry: &Entry) {
        let Some(aside) = &entry.aside else { return };
        if let Some(content) = &aside.content {
            let fresh = || {
                let (attempt_id, received_at) = (entry.attempt_id.clone(), entry.received_at());
                Fresh { attempt_id, received_at, content: content.clone() }
            };
            if !lock(&self.said).put(entry, content.bytes(), fresh) {
                self.contents_dropped.fetch_add(1, Relaxed);
            }
        }
        if aside.told && !aside.silent {
            let bytes = aside.content.as_ref().map_or(0, Content::bytes);
            if !lock(&self.told).put(entry, bytes, || entry.clone()) {
                self.dropped.fetch_add(1, Relaxed);
            }
        }
    }

    /// What becomes of what a sink of this name is to be told.
    pub fn tally(&self, name: &str) -> Arc<Tally> {
        lock(&self.tallies).entry(name.to_owned()).or_default().clone()
    }

    /// All of them.
    pub fn tallies(&self) -> Vec<(String, Arc<Tally>)> {
        lock(&self.tallies).iter().map(|(name, tally)| (name.clone(), tally.clone())).collect()
    }

    /// Takes away what sinks are told.
    pub fn take_told(&self) -> Vec<Entry> {
        std::mem::take(&mut *lock(&self.told)).all
    }

    /// Takes away what is kept.
    pub fn take_said(&self) -> Vec<Fresh> {
        std::mem::take(&mut *lock(&self.said)).all
    }
}

/// A panic elsewhere leaves nothing half done in what these locks guard.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use store::Aside;

    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_nothing_else_suffers() {
        let tray = Tray::default();
        tray.put(&Entry::default());
        assert!(tray.take_told().is_empty(), "nobody wants to know");
        let aside = |content| Some(Box::new(Aside { told: true, content, ..Aside::default() }));
        for _ in 0..MOST_ENTRIES + 5 {
            tray.put(&Entry { aside: aside(None), ..Entry::default() });
        }
        assert_eq!((tray.take_told().len(), tray.dropped.load(Relaxed)), (MOST_ENTRIES, 5));
        for _ in 0..MOST_REFUSED + 7 {
            tray.put(&Entry { status: Status::Refused, aside: aside(None), ..Entry::default() });
        }
        tray.put(&Entry { aside: aside(None), ..Entry::default() });
        assert_eq!((tray.take_told().len(), tray.dropped.load(Relaxed)), (MOST_REFUSED + 1, 12));
        let content = Content { request: vec![b' '; MOST_BYTES / 2].into(), ..Content::default() };
        for _ in 0..3 {
            tray.put(&Entry { aside: aside(Some(content.clone())), ..Entry::default() });
        }
        assert_eq!((tray.take_said().len(), tray.contents_dropped.load(Relaxed)), (2, 1));
        tray.put(&Entry { aside: aside(Some(content)), ..Entry::default() });
        assert_eq!(tray.take_said().len(), 1, "there is room again");
    }
}
