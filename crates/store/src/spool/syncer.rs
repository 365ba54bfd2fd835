//! The thread that brings files to the disk, many waiters at a time: while it waits for the disk, the next ones gather.
//! When the disk has refused something, it tries every second whether the disk takes it now.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::lock;
use super::page::Page;
use super::pen::Ink;

/// How long the disk is left alone after it has refused something.
const PAUSE: Duration = Duration::from_secs(1);
/// A file that is written to see whether the disk takes it.
const PROBE: &str = "probe";

/// The thread, and what it shares with the pens. Gone with the last pen.
pub(super) struct Syncer {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

struct Desk {
    folder: PathBuf,
    queue: Mutex<Queue>,
    asked: Condvar,
    pens: Mutex<Pens>,
    health: Health,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(Arc<Page>, oneshot::Sender<()>)>,
    closed: bool,
}

#[derive(Default)]
struct Pens {
    next: u32,
    inks: Vec<Arc<Mutex<Ink>>>,
}

/// Whether the disk does what it should.
#[derive(Default)]
pub(super) struct Health {
    /// Wakes who reads.
    pub written: Notify,
    /// Bytes that all pens have written so far.
    pub bytes: AtomicU64,
    complaints: AtomicU64,
    /// Up to which complaint everything is good again.
    settled: AtomicU64,
    lost: AtomicU64,
    trouble: Mutex<String>,
}

impl Health {
    /// Whether the disk takes what is written.
    pub fn is_good(&self) -> bool {
        self.settled.load(Ordering::Acquire) >= self.complaints.load(Ordering::Acquire)
    }

    /// The disk refused something.
    pub fn complain(&self, error: &io::Error) {
        *lock(&self.trouble) = error.to_string();
        self.complaints.fetch_add(1, Ordering::AcqRel);
    }

    /// A line could neither be written nor kept.
    pub fn lose(&self, error: &io::Error) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.complain(error);
    }

    /// How many lines were lost.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// What is wrong, if something is.
    pub fn trouble(&self) -> Option<String> {
        (!self.is_good()).then(|| lock(&self.trouble).clone())
    }
}

impl Syncer {
    /// Starts the thread for the files in `folder`.
    pub fn start(folder: PathBuf) -> io::Result<Self> {
        let desk = Desk {
            folder,
            queue: Mutex::default(),
            asked: Condvar::new(),
            pens: Mutex::default(),
            health: Health::default(),
        };
        let desk = Arc::new(desk);
        let thread = thread::Builder::new().name("syncer".to_owned()).spawn({
            let desk = desk.clone();
            move || desk.work()
        })?;
        Ok(Syncer { desk, thread: Some(thread) })
    }

    /// Whether the disk does what it should.
    pub fn health(&self) -> &Health {
        &self.desk.health
    }

    /// Has `page` brought to the disk; what comes back is let go of when that is done.
    pub fn ask(&self, page: Arc<Page>) -> oneshot::Receiver<()> {
        let (done, waiting) = oneshot::channel();
        lock(&self.desk.queue).waiting.push((page, done));
        self.desk.asked.notify_one();
        waiting
    }

    /// Gives a new pen its number and remembers it.
    pub fn enrol(&self, make: impl FnOnce(u32) -> io::Result<Ink>) -> io::Result<Arc<Mutex<Ink>>> {
        let mut pens = lock(&self.desk.pens);
        let ink = Arc::new(Mutex::new(make(pens.next)?));
        pens.next += 1;
        pens.inks.push(ink.clone());
        Ok(ink)
    }

    /// Forgets a pen.
    pub fn dismiss(&self, ink: &Arc<Mutex<Ink>>) {
        lock(&self.desk.pens).inks.retain(|other| !Arc::ptr_eq(ink, other));
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        lock(&self.desk.queue).closed = true;
        self.desk.asked.notify_one();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, there is nothing to be done about it here.
            let _ = thread.join();
        }
    }
}

impl Desk {
    fn work(&self) {
        while let Some(mut waiting) = self.next() {
            while let Some((page, _)) = waiting.first() {
                let page = page.clone();
                if let Err(error) = page.sync() {
                    self.health.complain(&error);
                }
                // Letting go of the senders tells those who wait.
                waiting.retain(|(other, _)| !Arc::ptr_eq(&page, other));
            }
            if !self.health.is_good() {
                self.check_up();
            }
            self.turn_pages();
        }
    }

    /// Ends files that are old, also of those who write nothing any more.
    fn turn_pages(&self) {
        let inks = lock(&self.pens).inks.clone();
        inks.iter().for_each(|ink| lock(ink).turn());
    }

    /// Who waits now; nobody after a pause, so that complaints are seen. `None` when all pens are gone.
    fn next(&self) -> Option<Vec<(Arc<Page>, oneshot::Sender<()>)>> {
        let mut queue = lock(&self.queue);
        if queue.waiting.is_empty() && !queue.closed {
            queue = self.asked.wait_timeout(queue, PAUSE).unwrap_or_else(PoisonError::into_inner).0;
        }
        let done = queue.closed && queue.waiting.is_empty();
        (!done).then(|| std::mem::take(&mut queue.waiting))
    }

    /// Tries whether the disk takes what it refused.
    fn check_up(&self) {
        let complaints = self.health.complaints.load(Ordering::Acquire);
        let inks = lock(&self.pens).inks.clone();
        let written = inks.iter().all(|ink| lock(ink).flush(&self.health));
        match written.then(|| self.probe()) {
            Some(Ok(())) => self.health.settled.store(complaints, Ordering::Release),
            Some(Err(error)) => *lock(&self.health.trouble) = error.to_string(),
            None => {}
        }
    }

    fn probe(&self) -> io::Result<()> {
        let path = self.folder.join(PROBE);
        let mut file = File::create(&path)?;
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        fs::remove_file(&path)
    }
}
