//! Where the gateway keeps its books: the database with keys and ledger, and the spool for what has not reached the
//! database yet. Opened once at the start; they outlive every setup.

mod follower;
mod lookout;
mod place;
mod retention;
mod source;

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::Meters;
use store::spool::{Pen, Spool};
use store::{POLL, Registry, Store};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use crate::alarm::Alarm;
use crate::coordination::Replica;
use follower::Follower;
pub use place::{Place, find};
pub use retention::Retention;

/// How long the start waits for the database. Without it the gateway starts all the same, and knows no key until the
/// database is there.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end waits until what calls cost is in the database. What is not stays in the spool.
const LAST_PATIENCE: Duration = Duration::from_secs(5);
/// Longest pause between two tries to reach a database that is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Name of the file in a process' folder of the spool that says which replica it is.
const REPLICA: &str = "replica";

/// The books.
pub struct Books {
    /// Keys, users, teams and all the rest.
    pub registry: Arc<Registry>,
    spool: Spool,
    follower: Mutex<Follower>,
    /// How long things are kept.
    retention: Retention,
    /// How far booking is.
    progress: Arc<Progress>,
    /// Whether everything is known that was there at the start; else why not.
    opened: watch::Sender<Result<(), String>>,
    /// Whether nobody writes any more.
    closing: watch::Sender<bool>,
}

/// How far booking is.
pub(crate) struct Progress {
    waiting: AtomicU64,
    /// When everything was booked that there was, milliseconds since 1970.
    done_at: AtomicI64,
}

/// How the books stand.
pub struct BooksState {
    /// Bytes of the spool that are not in the database yet.
    pub waiting: u64,
    /// Bytes that were written there.
    pub written: u64,
    /// Attempts that the disk did not take.
    pub lost: u64,
    /// Whether it takes them now.
    pub healthy: bool,
    /// How long ago the database had all that there was.
    pub lag: Duration,
}

impl Progress {
    /// Nothing was to be done before now.
    fn new() -> Self {
        Progress { waiting: AtomicU64::new(0), done_at: AtomicI64::new(unix_ms()) }
    }

    /// So many bytes wait to be booked; `done` says that all was booked that there was.
    fn note(&self, waiting: u64, done: bool) {
        self.waiting.store(waiting, Relaxed);
        if done {
            self.done_at.store(unix_ms(), Relaxed);
        }
    }
}

impl Books {
    /// Opens the books in `place`; nothing is read yet. What everybody has spent will be told to `meters`, and what is
    /// booked of dead replicas to the others, by way of `replica`.
    pub fn new(
        place: &Place,
        retention: Retention,
        meters: Arc<Meters>,
        replica: Option<Arc<Replica>>,
    ) -> io::Result<Self> {
        let store = Store::new(&place.url);
        let spool = Spool::open(&place.spool)?;
        if let Some(replica) = &replica {
            // Whoever takes the folder over can tell whose it was.
            fs::write(spool.path().join(REPLICA), &replica.id)?;
        }
        let progress = Arc::new(Progress::new());
        let follower = Follower::new(store.clone(), place.spool.clone(), spool.reader(), meters, replica)
            .telling(progress.clone());
        Ok(Books {
            registry: Arc::new(Registry::new(store)),
            spool,
            follower: Mutex::new(follower),
            retention,
            progress,
            opened: watch::Sender::new(Err("it does not answer".to_owned())),
            closing: watch::Sender::new(false),
        })
    }

    /// How the books stand.
    pub fn state(&self) -> BooksState {
        let lag_ms = unix_ms().saturating_sub(self.progress.done_at.load(Relaxed)).max(0) as u64;
        BooksState {
            waiting: self.progress.waiting.load(Relaxed),
            written: self.spool.bytes(),
            lost: self.spool.lost(),
            healthy: self.spool.trouble().is_none(),
            lag: Duration::from_millis(lag_ms),
        }
    }

    /// What a thread writes with.
    pub fn pen(&self) -> io::Result<Pen> {
        self.spool.pen()
    }

    /// Waits until everything is known that is in the books, but not for long. Says why if it is not by then.
    pub async fn opened(&self) -> Result<(), String> {
        let mut opened = self.opened.subscribe();
        // The time is over, or it is open; what it says then is what counts.
        let _ = timeout(PATIENCE, opened.wait_for(Result::is_ok)).await;
        opened.borrow().clone()
    }

    /// Keeps the books for as long as the gateway runs.
    pub async fn keep(self: Arc<Self>) {
        let mut follower = self.follower.lock().await;
        let (mut pause, mut late) = (POLL, false);
        while let Err(problem) = self.prepare(&mut follower).await {
            late = true;
            drop(self.opened.send_replace(Err(problem.to_string())));
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.closed() => return,
            }
        }
        self.opened.send_replace(Ok(())).unwrap_or_default();
        if late {
            tracing::warn!("the database is there");
        }
        let tidy = async {
            tokio::select! {
                () = retention::keep_tidy(self.registry.store(), &self.retention) => {}
                () = self.closed() => {}
            }
        };
        tokio::join!(self.mirror(), follower.follow(&self.spool, self.closed()), tidy);
    }

    /// In this order: whoever has a key is known only when it is also known what was spent.
    async fn prepare(&self, follower: &mut Follower) -> store::Result<()> {
        self.registry.store().migrate().await?;
        follower.begin().await?;
        warn(self.registry.refresh().await?);
        Ok(())
    }

    /// Follows the changes of objects.
    async fn mirror(&self) {
        let mut pause = POLL;
        let mut alarm = Alarm::default();
        loop {
            tokio::select! {
                () = sleep(pause) => {}
                () = self.closed() => return,
            }
            pause = match self.registry.refresh().await {
                Ok(unreadable) => {
                    warn(unreadable);
                    alarm.end("changes of keys are known again");
                    POLL
                }
                Err(problem) => {
                    alarm.raise(&format!("changes of keys are not known, the database is away: {problem}"));
                    (pause * 2).min(LONGEST_PAUSE)
                }
            };
        }
    }

    /// Books what there is, but not for long. To be called when all pens are gone. Returns the change of the ledger's sums
    /// with which everything is booked, if it is.
    pub async fn close(&self) -> Option<i64> {
        self.closing.send_replace(true);
        let finish = async {
            let booked = self.follower.lock().await.finish().await;
            self.registry.store().close().await;
            booked
        };
        timeout(LAST_PATIENCE, finish).await.unwrap_or_else(|_| {
            tracing::warn!("not everything is booked yet: the rest stays in the spool for the next start");
            None
        })
    }

    async fn closed(&self) {
        // The sender lives as long as we do.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}

/// Milliseconds since 1970.
pub fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn warn(unreadable: Vec<String>) {
    for problem in unreadable {
        tracing::error!("{problem}");
    }
}

#[cfg(test)]
mod tests;
