//! The spool itself, in a folder for one seed. The disk takes no time of the storm's: while it works the clock stands still.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use store::Entry;
use store::spool::{self, Batch, Pen, Reader, Spool};
use tokio::sync::Mutex;
use tokio::task::yield_now;

use super::super::chance::Chance;
use super::super::world::Crash;
use crate::{Durable, Ledger};

pub struct Disk {
    root: PathBuf,
    /// Keeps the folder locked.
    _spool: Spool,
    pen: Rc<Pen>,
    reader: RefCell<Reader>,
    batch: RefCell<Option<Batch>>,
    /// How long its files were when somebody was told that they are on the disk.
    durable: Rc<RefCell<BTreeMap<OsString, usize>>>,
    /// Who waits for the disk stops the thread, and nobody may then wait for somebody who is stopped.
    turns: Rc<Mutex<()>>,
}

impl Disk {
    pub fn new(root: PathBuf) -> Self {
        let spool = Spool::open(&root).expect("a spool");
        let (pen, reader) = (Rc::new(spool.pen().expect("a pen")), RefCell::new(spool.reader()));
        Disk {
            root,
            _spool: spool,
            pen,
            reader,
            batch: RefCell::default(),
            durable: Rc::default(),
            turns: Rc::default(),
        }
    }

    pub fn open(&self, entry: &Entry) -> Durable {
        self.pen.open(entry)
    }

    pub fn settle(&self, entry: &Entry) -> Durable {
        let (settled, durable, turns) = (self.pen.settle(entry), self.durable.clone(), self.turns.clone());
        let folder = self.reader.borrow().path().to_owned();
        Box::pin(async move {
            let _turn = turns.lock().await;
            at_once(settled).await;
            durable.replace(written(&folder).map(|(name, bytes)| (name, bytes.len())).collect());
        })
    }

    pub fn next(&self, most: usize) -> Vec<Entry> {
        let mut batch = self.batch.borrow_mut();
        let batch = batch.get_or_insert_with(|| self.reader.borrow_mut().next(most).expect("the spool can be read"));
        assert_eq!((batch.torn, batch.unreadable.len()), (0, 0), "a living process writes whole lines");
        batch.entries.clone()
    }

    pub fn booked(&self) -> bool {
        let batch = self.batch.take().unwrap_or_default();
        self.reader.borrow_mut().booked(&batch).expect("the spool can be tidied");
        // It may have been read long ago.
        batch.more || !batch.entries.is_empty()
    }

    /// What survives of it: a copy, for the process holds the lock of its folder as long as the test does.
    pub fn leave(&self, crash: Crash, chance: &mut Chance) -> PathBuf {
        let (from, root) = (self.reader.borrow().path().to_owned(), self.root.with_extension("left"));
        let to = root.join(from.file_name().expect("a folder"));
        fs::create_dir_all(&to).expect("a folder");
        fs::write(to.join("lock"), "").expect("a lock");
        for (name, mut bytes) in written(&from) {
            if crash == Crash::Dark {
                let durable = self.durable.borrow().get(&name).copied().unwrap_or_default();
                bytes.truncate(chance.within(durable.min(bytes.len()) as u64, bytes.len() as u64) as usize);
            }
            fs::write(to.join(name), bytes).expect("a copy");
        }
        root
    }
}

/// What was written into each file; behind it it may be filled with zeros.
fn written(folder: &Path) -> impl Iterator<Item = (OsString, Vec<u8>)> {
    let files = fs::read_dir(folder).expect("a folder").flatten();
    let files = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "log"));
    files.map(|file| {
        let mut bytes = Vec::new();
        let mut input = BufReader::new(File::open(file.path()).expect("a file"));
        input.read_until(0, &mut bytes).expect("it can be read");
        bytes.pop_if(|byte| *byte == 0);
        (file.file_name(), bytes)
    })
}

/// What a dead process left: what was settled is booked, and what was open as interrupted.
pub fn take_over(root: &Path, mut book: impl FnMut(&[Entry])) {
    for mut orphan in spool::orphans(root).expect("the spool can be read") {
        let is_gone = carry(&mut orphan, &mut book).expect("the spool can be read");
        assert!(is_gone, "what was booked is gone from the spool");
    }
}

fn carry(orphan: &mut Reader, book: &mut impl FnMut(&[Entry])) -> io::Result<bool> {
    loop {
        let batch = orphan.next(1_000)?;
        book(&batch.entries);
        orphan.booked(&batch)?;
        if !batch.more {
            return orphan.remove();
        }
    }
}

/// Waits for the disk itself.
async fn at_once(durable: Durable) {
    let mut durable = pin!(durable);
    let polled = poll_fn(|cx| Poll::Ready(durable.as_mut().poll(cx))).await;
    if polled.is_ready() {
        return;
    }
    // Whoever else has something to write does so first.
    yield_now().await;
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let began = Instant::now();
    while durable.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park_timeout(Duration::from_secs(60));
        assert!(began.elapsed() < Duration::from_secs(60), "the disk does not answer");
    }
}

/// Goes on when it is woken.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A folder for one seed, removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(seed: u64) -> Self {
        // Several tests may play the same seed at once.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Folder(std::env::temp_dir().join(format!("lockgate-storm-{}-{seed}-{number}", std::process::id())))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
