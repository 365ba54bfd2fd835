//! The directory together with the database behind it: reads come from memory, writes go to the database first and
//! are in memory when they return; what other replicas write comes in within [`POLL`].

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::time::timeout;

use crate::{Change, Changes, Directory, Object, Problem, Result, Store};

/// How often the feed of changes is read: well within the second after which a revoked key must not work any more.
pub const POLL: Duration = Duration::from_millis(250);

/// After how long without an answer the database counts as away: people wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The directory and its database.
pub struct Registry {
    store: Store,
    directory: RwLock<Directory>,
    generation: AtomicU64,
    current: AtomicBool,
}

impl Registry {
    /// An empty directory that waits for its first [`Registry::refresh`].
    pub fn new(store: Store) -> Self {
        Registry { store, directory: RwLock::default(), generation: AtomicU64::new(0), current: AtomicBool::new(false) }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// All objects. Never to be held across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that grows with every change: whoever remembers something it found here asks whether it still holds.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether the last look at the feed succeeded. If not, an object that is missing here may well exist.
    pub fn is_current(&self) -> bool {
        self.current.load(Ordering::Relaxed)
    }

    /// Carries out a change, or nothing of it. When it returns, the objects are in memory too. What did not return in
    /// time may be done all the same; then the feed tells.
    pub async fn write(&self, change: Change) -> Result<Vec<Object>> {
        let written = timeout(PATIENCE, self.store.write(change)).await.map_err(|_| Problem::late())??;
        self.change(|directory| directory.take(&written));
        Ok(written)
    }

    /// Reads what changed since the last time. Returns what was found but could not be read.
    pub async fn refresh(&self) -> Result<Vec<String>> {
        let mut unreadable = Vec::new();
        loop {
            let since = self.read().upto();
            let changes = self.changes(since).await.inspect_err(|_| self.current.store(false, Ordering::Relaxed))?;
            let more = changes.more;
            if changes.upto > since {
                unreadable.extend(self.change(|directory| directory.follow(changes)));
            }
            if !more {
                self.current.store(true, Ordering::Relaxed);
                return Ok(unreadable);
            }
        }
    }

    /// A page of the feed. A long one may take its time, but who waits for news is told that there are none yet.
    async fn changes(&self, since: i64) -> Result<Changes> {
        let mut page = pin!(self.store.changes(since));
        match timeout(PATIENCE, &mut page).await {
            Ok(page) => page,
            Err(_) => {
                self.current.store(false, Ordering::Relaxed);
                page.await
            }
        }
    }

    fn change(&self, apply: impl FnOnce(&mut Directory) -> Vec<String>) -> Vec<String> {
        let unreadable = apply(&mut self.directory.write().unwrap_or_else(PoisonError::into_inner));
        // After the change is visible: whoever sees the new number sees the change.
        self.generation.fetch_add(1, Ordering::Release);
        unreadable
    }
}
