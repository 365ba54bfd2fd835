//! A pen: what one thread writes with. It never waits for the disk, only for the system to take a copy of the line.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::folder::Folder;
use super::page::Page;
use super::syncer::{Health, Syncer};
use super::{Limits, line, lock};
use crate::{Entry, Status};

/// Most bytes that are kept in memory when the disk refuses them.
const MOST_KEPT: usize = 16 << 20;

/// What one thread writes with.
pub struct Pen {
    ink: Arc<Mutex<Ink>>,
    syncer: Arc<Syncer>,
    /// Keeps others from taking the files over while somebody writes.
    _folder: Arc<Folder>,
}

/// A place in the spool, to be waited for.
#[derive(Clone)]
pub struct Mark(Option<(Arc<Page>, u64)>);

impl Mark {
    /// Whether everything before it is on the disk, or nobody knows when it will be.
    pub(super) fn is_past(&self) -> bool {
        self.0.as_ref().is_none_or(|(page, end)| page.is_durable(*end))
    }
}

impl Pen {
    pub(super) fn new(folder: Arc<Folder>, syncer: Arc<Syncer>, limits: Limits) -> io::Result<Self> {
        let ink = syncer.enrol(|pen| Ink::new(folder.path().to_owned(), pen, limits))?;
        Ok(Pen { ink, syncer, _folder: folder })
    }

    /// Writes an entry. From now on it survives the death of the process, unless the disk refuses it: then it is kept
    /// in memory and written as soon as the disk takes it, and the spool is not healthy until then.
    pub fn write(&self, entry: &Entry) -> Mark {
        let health = self.syncer.health();
        let mark = lock(&self.ink).write(entry, health);
        if entry.status != Status::Open {
            health.written.notify_one();
        }
        mark
    }

    /// Waits until what is written before `mark` is on the disk, or the disk has failed to take it.
    pub fn durable(&self, mark: Mark) -> impl Future<Output = ()> + Send + use<> {
        let past = mark.is_past();
        let waiting = mark.0.filter(|_| !past).map(|(page, _)| self.syncer.ask(page));
        async move {
            if let Some(done) = waiting {
                // An error is the syncer that let go of the other end, which is how it says that it is done.
                let _ = done.await;
            }
        }
    }

    /// Writes elsewhere; where it wrote before.
    #[cfg(test)]
    pub(super) fn replace_page(&self, page: Arc<Page>) -> Arc<Page> {
        std::mem::replace(&mut lock(&self.ink).page, page)
    }

    /// Whether the disk takes what is written. If not, nobody should make calls that cannot be booked.
    pub fn is_healthy(&self) -> bool {
        self.syncer.health().is_good()
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        let health = self.syncer.health();
        if !lock(&self.ink).flush(health) {
            health.lose(&io::ErrorKind::StorageFull.into());
        }
        self.syncer.dismiss(&self.ink);
    }
}

/// The file of a pen, and what has not found its way into it.
pub(super) struct Ink {
    folder: PathBuf,
    pen: u32,
    number: u64,
    limits: Limits,
    page: Arc<Page>,
    /// When the file was begun.
    begun: Instant,
    /// The line that is being written.
    line: Vec<u8>,
    /// Lines that the disk refused.
    kept: Vec<u8>,
    /// Whether the file ends in a part of a line.
    torn: bool,
}

impl Ink {
    fn new(folder: PathBuf, pen: u32, limits: Limits) -> io::Result<Self> {
        let (page, begun) = (Arc::new(Page::create(&folder, pen, 1)?), Instant::now());
        Ok(Ink { folder, pen, number: 1, limits, page, begun, line: Vec::new(), kept: Vec::new(), torn: false })
    }

    fn write(&mut self, entry: &Entry, health: &Health) -> Mark {
        if let Err(error) = line::write(entry, &mut self.line) {
            health.lose(&error);
            return Mark(None);
        }
        if self.kept.is_empty() {
            // The usual case, without another copy.
            let line = std::mem::take(&mut self.line);
            let appended = self.append(&line);
            self.line = line;
            match appended {
                Ok(count) if count == self.line.len() => return Mark(Some((self.page.clone(), self.page.written()))),
                Ok(_) => self.torn = true,
                Err(error) => health.complain(&error),
            }
        }
        if self.kept.len() + self.line.len() > MOST_KEPT {
            health.lose(&io::ErrorKind::StorageFull.into());
            return Mark(None);
        }
        self.kept.extend_from_slice(&self.line);
        match self.flush(health) {
            true => Mark(Some((self.page.clone(), self.page.written()))),
            false => Mark(None),
        }
    }

    /// Writes what the disk refused so far; says whether nothing of it is left.
    pub fn flush(&mut self, health: &Health) -> bool {
        while !self.kept.is_empty() {
            let kept = std::mem::take(&mut self.kept);
            let appended = self.append(&kept);
            self.kept = kept;
            match appended {
                Ok(count) => {
                    self.torn = count < self.kept.len();
                    // Only whole lines are done with; a torn one is written again.
                    let whole = self.kept[..count].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                    self.kept.drain(..whole);
                    if whole == 0 {
                        health.complain(&io::ErrorKind::StorageFull.into());
                        return false;
                    }
                }
                Err(error) => {
                    health.complain(&error);
                    return false;
                }
            }
        }
        true
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.turn();
        if self.torn {
            self.page.append(b"\n")?;
            self.torn = false;
        }
        self.page.append(bytes)
    }

    /// Begins the next file when this one is full, old, or spoilt. If there cannot be one, this one grows on.
    pub fn turn(&mut self) {
        let written = self.page.written();
        let full = written >= self.limits.bytes || written > 0 && self.begun.elapsed() >= self.limits.age;
        if !full && !self.page.is_spoilt() {
            return;
        }
        if let Ok(page) = Page::create(&self.folder, self.pen, self.number + 1) {
            (self.page, self.begun) = (Arc::new(page), Instant::now());
            self.number += 1;
            self.torn = false;
        }
    }
}
