//! Where a gateway of the storm writes what calls cost: in memory, with the promises of the spool and no more, or the
//! spool itself. Both take no time, or as much as the seed says.

mod disk;
mod page;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use store::Entry;
use tokio::time::sleep;

use super::chance::Chance;
use super::witness::Witness;
use super::world::Crash;
use crate::{Durable, Ledger};
use disk::Disk;
pub use disk::Folder;
use page::Page;

/// What one process writes into, and what it leaves behind.
pub struct Shelf {
    witness: Arc<Witness>,
    chance: RefCell<Chance>,
    slowness: u64,
    kind: Kind,
    healthy: Cell<bool>,
    /// Whether the process is no more: whatever it still says, nobody hears it.
    dead: Cell<bool>,
}

enum Kind {
    Memory(RefCell<Page>),
    Disk(Box<Disk>),
}

/// What a process left behind.
pub enum Leftover {
    Lines(Vec<Entry>),
    Folder(PathBuf),
}

impl Shelf {
    /// In `root`, if it is to be on the disk.
    pub fn new(witness: Arc<Witness>, mut chance: Chance, root: Option<PathBuf>) -> Rc<Self> {
        let slowness = chance.pick(&[0, 1, 30]);
        let kind = match root {
            None => Kind::Memory(RefCell::default()),
            Some(root) => Kind::Disk(Box::new(Disk::new(root))),
        };
        let (chance, healthy, dead) = (RefCell::new(chance), Cell::new(true), Cell::new(false));
        Rc::new(Shelf { witness, chance, slowness, kind, healthy, dead })
    }

    pub fn refuse(&self, refuses: bool) {
        self.healthy.set(!refuses);
    }

    /// Entries that are settled and not booked yet, about `most`; those that were handed out before, if they are not.
    pub fn next(&self, most: usize) -> Vec<Entry> {
        match &self.kind {
            Kind::Memory(page) => page.borrow_mut().next(most),
            Kind::Disk(disk) => disk.next(most),
        }
    }

    /// What was handed out is booked; whether there may be more.
    pub fn booked(&self) -> bool {
        match &self.kind {
            Kind::Memory(page) => page.borrow_mut().booked(),
            Kind::Disk(disk) => disk.booked(),
        }
    }

    /// The process is no more.
    pub fn crash(&self, crash: Crash) -> Leftover {
        self.dead.set(true);
        let chance = &mut *self.chance.borrow_mut();
        match &self.kind {
            Kind::Memory(page) => Leftover::Lines(page.borrow().leave(crash, chance)),
            Kind::Disk(disk) => Leftover::Folder(disk.leave(crash, chance)),
        }
    }

    /// For as long as the disk takes.
    async fn work(&self) {
        let time = self.chance.borrow_mut().below(self.slowness + 1);
        if time > 0 {
            sleep(Duration::from_millis(time)).await;
        }
    }
}

impl Ledger for Rc<Shelf> {
    fn open(&self, entry: &Entry) -> Durable {
        if self.dead.get() {
            return Box::pin(async {});
        }
        self.witness.lock().opened(entry);
        match &self.kind {
            Kind::Memory(_) => Box::pin(page::open(self, entry)),
            Kind::Disk(disk) => disk.open(entry),
        }
    }

    fn settle(&self, entry: &Entry) -> Durable {
        let held = super::SETTLED.take();
        if self.dead.get() {
            return Box::pin(async {});
        }
        self.witness.lock().settled(entry, held);
        match &self.kind {
            Kind::Memory(_) => Box::pin(page::settle(self, entry)),
            Kind::Disk(disk) => {
                let (shelf, settled) = (self.clone(), disk.settle(entry));
                Box::pin(async move {
                    settled.await;
                    shelf.work().await;
                })
            }
        }
    }

    fn tell(&self, _entry: &Entry) {}

    fn is_healthy(&self) -> bool {
        self.healthy.get()
    }
}

impl Leftover {
    /// What has to be booked of it: what was settled, and what was open as interrupted. `book` books a part of it.
    pub fn take_over(self, book: impl FnMut(&[Entry])) {
        match self {
            Leftover::Lines(lines) => page::take_over(&lines, book),
            Leftover::Folder(root) => disk::take_over(&root, book),
        }
    }
}
