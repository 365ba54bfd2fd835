//! A file of the spool, in memory: lines are written when somebody waits for them, and on the disk when that is over.

use std::rc::Rc;

use store::{Entry, Status};
use tokio::task::yield_now;

use super::super::chance::Chance;
use super::super::world::Crash;
use super::{Kind, Shelf};

#[derive(Default)]
pub struct Page {
    lines: Vec<Entry>,
    /// How many of them survive the process.
    written: usize,
    /// How many of them survive the loss of power.
    durable: usize,
    /// How many of them were handed out and booked.
    booked: usize,
    /// How many of them were handed out.
    read: usize,
}

impl Page {
    pub fn next(&mut self, most: usize) -> Vec<Entry> {
        if self.read == self.booked {
            self.read = self.written.min(self.booked.saturating_add(most));
        }
        let lines = self.lines[self.booked..self.read].iter();
        lines.filter(|entry| entry.status != Status::Open).cloned().collect()
    }

    pub fn booked(&mut self) -> bool {
        self.booked = self.read;
        self.booked < self.written
    }

    /// What survives of it.
    pub fn leave(&self, crash: Crash, chance: &mut Chance) -> Vec<Entry> {
        let least = if crash == Crash::Killed { self.written } else { self.durable };
        let left = chance.within(least as u64, self.written as u64) as usize;
        self.lines[..left].to_vec()
    }
}

/// Takes down that an attempt is open.
pub fn open(shelf: &Rc<Shelf>, entry: &Entry) -> impl Future<Output = ()> + use<> {
    let line = Line::new(shelf, entry);
    async move { line.written().await }
}

/// Takes down what came of it.
pub fn settle(shelf: &Rc<Shelf>, entry: &Entry) -> impl Future<Output = ()> + use<> {
    let line = Line::new(shelf, entry);
    async move {
        line.written().await;
        line.0.work().await;
        line.page(|page| page.durable = page.durable.max(line.1));
    }
}

/// A line, and the place behind it. It is written all the same if nobody waits for it to the end.
struct Line(Rc<Shelf>, usize);

impl Line {
    fn new(shelf: &Rc<Shelf>, entry: &Entry) -> Self {
        let mut line = Line(shelf.clone(), 0);
        let mut place = 0;
        line.page(|page| {
            page.lines.push(entry.clone());
            place = page.lines.len();
        });
        line.1 = place;
        line
    }

    fn page(&self, work: impl FnOnce(&mut Page)) {
        if let Kind::Memory(page) = &self.0.kind {
            work(&mut page.borrow_mut());
        }
    }

    /// Whoever else has something to write does so first; then all of it is written.
    async fn written(&self) {
        yield_now().await;
        self.page(|page| page.written = page.lines.len());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.0.dead.get() {
            self.page(|page| {
                if page.written < self.1 {
                    page.written = page.lines.len();
                }
            });
        }
    }
}

/// What a dead process left: what was settled is booked, and what was open as interrupted.
pub fn take_over(lines: &[Entry], mut book: impl FnMut(&[Entry])) {
    let settled: Vec<Entry> = lines.iter().filter(|entry| entry.status != Status::Open).cloned().collect();
    let is_open = |entry: &&Entry| {
        entry.status == Status::Open && !settled.iter().any(|other| other.attempt_id == entry.attempt_id)
    };
    let open = lines.iter().filter(is_open).cloned();
    let interrupted: Vec<Entry> = open.map(|entry| Entry { status: Status::Interrupted, ..entry }).collect();
    book(&settled);
    book(&interrupted);
}
