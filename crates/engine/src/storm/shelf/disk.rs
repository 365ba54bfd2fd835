//! The spool itself, in a folder for one seed. The disk takes no time of the storm's: while it works the clock stands still.

use std::cell::{Cell, RefCell};
use std::fs;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use store::Entry;
use store::spool::{self, Batch, Pen, Reader, Spool};

use super::super::chance::Chance;
use super::super::world::Crash;
use crate::{Durable, Ledger};

/// The only file of a process.
const FILE: &str = "000-00000001.log";

pub struct Disk {
    root: PathBuf,
    /// Keeps the folder locked.
    _spool: Spool,
    pen: Rc<Pen>,
    reader: RefCell<Reader>,
    batch: RefCell<Option<Batch>>,
    /// How long its file was when somebody was told that it is on the disk.
    durable: Rc<Cell<u64>>,
}

impl Disk {
    pub fn new(root: PathBuf) -> Self {
        let spool = Spool::open(&root).expect("a spool");
        let (pen, reader) = (Rc::new(spool.pen().expect("a pen")), RefCell::new(spool.reader()));
        Disk { root, _spool: spool, pen, reader, batch: RefCell::default(), durable: Rc::default() }
    }

    pub fn open(&self, entry: &Entry) -> Durable {
        self.pen.open(entry)
    }

    pub fn settle(&self, entry: &Entry) -> Durable {
        let (settled, durable) = (self.pen.settle(entry), self.durable.clone());
        let file = self.reader.borrow().path().join(FILE);
        Box::pin(async move {
            at_once(settled).await;
            durable.set(fs::metadata(file).map_or(0, |file| file.len()));
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
        batch.more
    }

    /// What survives of it: a copy, for the process holds the lock of its folder as long as the test does.
    pub fn leave(&self, crash: Crash, chance: &mut Chance) -> PathBuf {
        let (from, root) = (self.reader.borrow().path().to_owned(), self.root.with_extension("left"));
        let to = root.join(from.file_name().expect("a folder"));
        fs::create_dir_all(&to).expect("a folder");
        for file in fs::read_dir(from).expect("a folder").flatten() {
            let length = fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
            if crash == Crash::Dark && file.file_name() == FILE {
                let file = fs::File::options().write(true).open(to.join(FILE)).expect("the copy");
                file.set_len(chance.within(self.durable.get().min(length), length)).expect("a cut");
            }
        }
        root
    }
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
    let mut polled = false;
    poll_fn(|cx| match durable.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        // Whoever else has something to write does so first.
        Poll::Pending if !std::mem::replace(&mut polled, true) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Pending => {
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let began = Instant::now();
            while durable.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                thread::park_timeout(Duration::from_secs(60));
                assert!(began.elapsed() < Duration::from_secs(60), "the disk does not answer");
            }
            Poll::Ready(())
        }
    })
    .await;
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
        Folder(std::env::temp_dir().join(format!("lockgate-storm-{}-{seed}", std::process::id())))
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
