//! A pen: what one thread writes with. Lines gather until the thread has nothing else to do, and then go into the file
//! together: the more calls there are, the less each of them costs. What the disk has taken is told to all who wait by
//! the first of them.

use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use tokio::task::yield_now;

use super::folder::Folder;
use super::page::Page;
use super::paper::Paper;
use super::syncer::{Health, Syncer};
use super::{Limits, line, lock};
use crate::{Entry, Status};

/// Most bytes that are kept in memory when the disk refuses them.
const MOST_KEPT: usize = 16 << 20;
/// Most bytes that gather before they are written all the same.
const MOST_GATHERED: usize = 256 << 10;

/// What one thread writes with.
pub struct Pen {
    ink: Arc<Mutex<Ink>>,
    syncer: Arc<Syncer>,
    waiters: Mutex<Waiters>,
    /// Keeps others from taking the files over while somebody writes.
    _folder: Arc<Folder>,
}

/// Who waits for the disk.
#[derive(Default)]
struct Waiters {
    /// Whether somebody asks it for all.
    led: bool,
    wakers: Vec<Waker>,
}

/// A line of the spool, to be waited for.
#[derive(Clone)]
pub struct Mark(Arc<Slip>);

/// What lines that gather together have in common.
#[derive(Default)]
struct Slip {
    /// Where they are, once they are written: up to where in which file. Nobody knows if the disk refused them.
    place: OnceLock<Option<(Arc<Page>, u64)>>,
    /// How often everybody else of the thread has had the chance to add some.
    rounds: AtomicU32,
    /// Who waits for the next time.
    wakers: Mutex<Vec<Waker>>,
}

impl Slip {
    /// Waits until everybody else of this thread who can go on has done so. Asking more often does not make it earlier:
    /// what waits here is polled again at once where it is the body of an answer.
    async fn round(self: &Arc<Self>) {
        let mut since = None;
        poll_fn(|cx| {
            let rounds = self.rounds.load(Ordering::Relaxed);
            if since.is_some_and(|since| since != rounds) {
                return Poll::Ready(());
            }
            if since.replace(rounds).is_none() {
                let mut wakers = lock(&self.wakers);
                wakers.push(cx.waker().clone());
                if wakers.len() == 1 {
                    drop(wakers);
                    // What is asked for stands when the future is gone.
                    let _ = pin!(yield_now()).poll(&mut Context::from_waker(&self.clone().into()));
                }
            }
            Poll::Pending
        })
        .await;
    }
}

impl Wake for Slip {
    fn wake(self: Arc<Self>) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        let wakers = std::mem::take(&mut *lock(&self.wakers));
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Mark {
    /// Whether nobody has to write it any more.
    pub fn is_written(&self) -> bool {
        self.0.place.get().is_some()
    }

    /// The file that has still to be brought to the disk; `None` if it is there, or nobody knows when it will be.
    pub(super) fn waits_for(&self) -> Option<&Arc<Page>> {
        let (page, end) = self.0.place.get()?.as_ref()?;
        (!page.is_durable(*end) && !page.is_spoilt()).then_some(page)
    }
}

impl Pen {
    pub(super) fn new(folder: Arc<Folder>, syncer: Arc<Syncer>, paper: Arc<Paper>, limits: Limits) -> io::Result<Self> {
        let ink = syncer.enrol(|pen| Ink::new(folder.path().to_owned(), paper, pen, limits))?;
        Ok(Pen { ink, syncer, waiters: Mutex::default(), _folder: folder })
    }

    /// Takes an entry down. It is written together with those that come until somebody waits for one of them.
    pub fn jot(&self, entry: &Entry) -> Mark {
        lock(&self.ink).jot(entry, self.syncer.health())
    }

    /// Writes what was taken down. From now on it survives the death of the process, unless the disk refuses it: then
    /// it is kept in memory and written as soon as the disk takes it, and the spool is not healthy until then.
    pub fn write(&self) {
        lock(&self.ink).write(self.syncer.health());
    }

    /// Waits until what `mark` stands for survives the death of the process, as far as [`Pen::write`] says.
    pub async fn written(&self, mark: &Mark) {
        if !mark.is_written() {
            mark.0.round().await;
        }
        if !mark.is_written() {
            self.write();
        }
    }

    /// Waits until what `mark` stands for is on the disk, or the disk has failed to take it.
    pub async fn durable(&self, mark: &Mark) {
        self.written(mark).await;
        while let Some(page) = mark.waits_for() {
            let leads = !std::mem::replace(&mut lock(&self.waiters).led, true);
            if leads {
                let led = Led(self);
                // An error is the syncer that let go of the other end, which is how it says that it is done.
                let _ = self.syncer.ask(page.clone()).await;
                drop(led);
                // Whoever had another file before ours may have been the reason for the last round.
                continue;
            }
            let mut asked = false;
            poll_fn(|cx| self.poll_led(cx, &mut asked)).await;
        }
    }

    /// Waits until whoever asks for all is done.
    fn poll_led(&self, cx: &mut Context, asked: &mut bool) -> Poll<()> {
        let mut waiters = lock(&self.waiters);
        if *asked || !waiters.led {
            return Poll::Ready(());
        }
        *asked = true;
        waiters.wakers.push(cx.waker().clone());
        Poll::Pending
    }

    /// Writes elsewhere; where it wrote before.
    #[cfg(test)]
    pub(super) fn replace_page(&self, page: Arc<Page>) -> Arc<Page> {
        std::mem::replace(&mut lock(&self.ink).page, page)
    }

    /// Whether it writes in a file that was not prepared.
    #[cfg(test)]
    pub(super) fn grows(&self) -> bool {
        lock(&self.ink).page.grows
    }

    /// Whether the disk takes what is written. If not, nobody should make calls that cannot be booked.
    pub fn is_healthy(&self) -> bool {
        self.syncer.health().is_good()
    }
}

/// Somebody asks for all who wait. Dropping it, in whatever way, tells them to look again.
struct Led<'a>(&'a Pen);

impl Drop for Led<'_> {
    fn drop(&mut self) {
        let wakers = {
            let mut waiters = lock(&self.0.waiters);
            waiters.led = false;
            std::mem::take(&mut waiters.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        let health = self.syncer.health();
        let mut ink = lock(&self.ink);
        ink.write(health);
        if !ink.flush(health) {
            health.lose(&io::ErrorKind::StorageFull.into());
        }
        drop(ink);
        self.syncer.dismiss(&self.ink);
    }
}

/// The file of a pen, and what has not found its way into it.
pub(super) struct Ink {
    folder: PathBuf,
    paper: Arc<Paper>,
    pen: u32,
    number: u64,
    limits: Limits,
    page: Arc<Page>,
    /// When the file was begun.
    begun: Instant,
    /// Lines that are not written yet, and the slip of those who wait for them.
    gathered: Vec<u8>,
    slip: Arc<Slip>,
    /// Whether something is settled among them.
    settles: bool,
    /// Lines that the disk refused.
    kept: Vec<u8>,
    /// Whether the file ends in a part of a line.
    torn: bool,
}

impl Ink {
    fn new(folder: PathBuf, paper: Arc<Paper>, pen: u32, limits: Limits) -> io::Result<Self> {
        let (page, begun) = (Arc::new(Page::create(&folder, pen, 1)?), Instant::now());
        let (gathered, slip, settles, kept, torn) = Default::default();
        Ok(Ink { folder, paper, pen, number: 1, limits, page, begun, gathered, slip, settles, kept, torn })
    }

    fn jot(&mut self, entry: &Entry, health: &Health) -> Mark {
        if let Err(error) = line::write(entry, &mut self.gathered) {
            health.lose(&error);
        }
        self.settles |= entry.status != Status::Open;
        let mark = Mark(self.slip.clone());
        if self.gathered.len() >= MOST_GATHERED {
            self.write(health);
        }
        mark
    }

    /// Writes what has gathered.
    fn write(&mut self, health: &Health) {
        if self.gathered.is_empty() {
            return;
        }
        health.bytes.fetch_add(self.gathered.len() as u64, Ordering::Relaxed);
        let place = self.put(health).then(|| (self.page.clone(), self.page.written()));
        self.gathered.clear();
        // The slip is new for each round: nobody has written on it.
        let _ = std::mem::take(&mut self.slip).place.set(place);
        if std::mem::take(&mut self.settles) {
            health.written.notify_one();
        }
    }

    /// Puts what has gathered into the file; whether it is there.
    fn put(&mut self, health: &Health) -> bool {
        let mut done = 0;
        if self.kept.is_empty() {
            // The usual case, without another copy.
            let gathered = std::mem::take(&mut self.gathered);
            let appended = self.append(&gathered);
            self.gathered = gathered;
            match appended {
                Ok(count) if count == self.gathered.len() => return true,
                Ok(count) => {
                    // Only whole lines are done with; a torn one is written again.
                    self.torn = true;
                    done = memchr::memrchr(b'\n', &self.gathered[..count]).map_or(0, |end| end + 1);
                }
                Err(error) => health.complain(&error),
            }
        }
        let rest = &self.gathered[done..];
        if self.kept.len() + rest.len() > MOST_KEPT {
            let lines = memchr::memchr_iter(b'\n', rest).count();
            (0..lines).for_each(|_| health.lose(&io::ErrorKind::StorageFull.into()));
            return false;
        }
        self.kept.extend_from_slice(rest);
        self.flush(health)
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

    /// Begins the next file when this one is full, old, or spoilt, or grows although one is prepared. If there cannot be
    /// one, this one grows on.
    pub fn turn(&mut self) {
        let written = self.page.written();
        let full = written >= self.limits.bytes || written > 0 && self.begun.elapsed() >= self.limits.age;
        let due = full || self.page.is_spoilt();
        if !due && !self.page.grows {
            return;
        }
        let (folder, next) = (&self.folder, self.number + 1);
        let page = Page::prepared(&self.paper, folder, self.pen, next);
        let page = page.or_else(|| due.then(|| Page::create(folder, self.pen, next).ok()).flatten());
        if let Some(page) = page {
            (self.page, self.begun, self.number) = (Arc::new(page), Instant::now(), next);
            self.torn = false;
        }
    }
}
