//! The spool: files on the local disk between the data plane and the database. Every thread that makes calls has a
//! pen of its own and appends a line to its file when an attempt is sent and when it is settled. What is in a file
//! survives the death of the process; what [`Pen::durable`] has waited for survives the loss of power. A [`Reader`]
//! follows the files, hands out what is settled, and removes a file when everything in it has been booked.
//!
//! Each process has a folder of its own and holds a lock on it, so that the folder of a dead one is told by its lock
//! being free. Whoever finds it takes it over: what was settled is booked, what was open is booked as interrupted.
//! Everything may be read, and booked, more than once: an attempt's id makes sure that it counts once.

mod folder;
mod line;
mod page;
mod paper;
mod pen;
mod reader;
mod syncer;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use folder::Folder;
pub(crate) use line::body_of;
use paper::Paper;
pub use pen::{Mark, Pen};
pub use reader::{Batch, Reader};
use syncer::Syncer;

use crate::Entry;

/// When a pen begins the next file, so that this one can go.
#[derive(Clone, Copy, Debug)]
struct Limits {
    bytes: u64,
    /// What is booked must be gone from the spool long before the ledger's rows are old enough to be deleted: nothing
    /// else tells, when the spool is read again, that it was booked before.
    age: Duration,
    /// Bytes of a file that is prepared before it is written; 0 if none is.
    prepared: u64,
}

const LIMITS: Limits = Limits { bytes: 8 << 20, age: Duration::from_secs(3600), prepared: 8 << 20 };

/// Name of the file for lines that cannot be booked.
const REJECTED: &str = "rejected";

/// This process' part of the spool.
pub struct Spool {
    folder: Arc<Folder>,
    syncer: Arc<Syncer>,
    paper: Arc<Paper>,
    limits: Limits,
}

impl Spool {
    /// Makes a folder for this process in `dir`, which is made too if it is missing.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Self::open_within(dir, LIMITS)
    }

    fn open_within(dir: &Path, limits: Limits) -> io::Result<Self> {
        let folder = Arc::new(Folder::create(dir)?);
        let syncer = Arc::new(Syncer::start(folder.path().to_owned())?);
        let paper = Arc::new(Paper::new(folder.path(), limits.prepared)?);
        Ok(Spool { folder, syncer, paper, limits })
    }

    /// The folder of this process.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new pen, for one thread.
    pub fn pen(&self) -> io::Result<Pen> {
        Pen::new(self.folder.clone(), self.syncer.clone(), self.paper.clone(), self.limits)
    }

    /// Follows what the pens write.
    pub fn reader(&self) -> Reader {
        Reader::living(self.folder.clone())
    }

    /// Waits until a pen has written something that is settled.
    pub async fn written(&self) {
        self.syncer.health().written.notified().await;
    }

    /// Bytes that all pens have written so far.
    pub fn bytes(&self) -> u64 {
        self.syncer.health().bytes.load(Ordering::Relaxed)
    }

    /// What is wrong with the disk, if something is.
    pub fn trouble(&self) -> Option<String> {
        self.syncer.health().trouble()
    }

    /// How many lines were lost because the disk refused them for too long. Not one, as long as calls are refused
    /// while [`Pen::is_healthy`] says no.
    pub fn lost(&self) -> u64 {
        self.syncer.health().lost()
    }
}

/// Takes over what dead processes left in `dir`.
pub fn orphans(dir: &Path) -> io::Result<Vec<Reader>> {
    Ok(Folder::orphans(dir)?.into_iter().map(Reader::dead).collect())
}

/// Sets aside a line that cannot be booked: for people to look at, in the file `rejected` of `dir`.
pub fn reject(dir: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join(REJECTED))?;
    file.write_all(&[line, b"\n"].concat())?;
    file.sync_all()
}

/// An entry as a line of the spool.
pub fn line(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    line::write(entry, &mut line)?;
    line.pop();
    Ok(line)
}

/// A panic elsewhere leaves nothing half done in what these locks guard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
