//! Where attempts are booked, as the engine sees it: replaced by tests.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use store::Entry;
use store::spool::{Mark, Pen};

/// Resolves when what was written outlives this process, or the loss of power.
pub type Durable = Pin<Box<dyn Future<Output = ()>>>;

/// Keeps what attempts cost. One per worker.
pub trait Ledger {
    /// Keeps an attempt that is about to be sent; what to wait for before it is, so that it outlives this process.
    fn open(&self, entry: &Entry) -> Durable;

    /// Keeps an attempt that is over, so that it outlives this process; what to wait for before anybody sees the end
    /// of the answer.
    fn settle(&self, entry: &Entry) -> Durable;

    /// Keeps what became of a call of which no attempt tells it. It may be lost: nobody waits for it, and nothing is summed
    /// up from it.
    fn tell(&self, entry: &Entry);

    /// Whether what is written is kept. If not, nothing must be asked that costs money.
    fn is_healthy(&self) -> bool;
}

/// A line that somebody should wait for. If nobody does to the end, it is written all the same: there may be no other
/// call for long that would take it along.
struct Line {
    pen: Rc<Pen>,
    mark: Mark,
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.mark.is_written() {
            self.pen.write();
        }
    }
}

impl Ledger for Rc<Pen> {
    fn open(&self, entry: &Entry) -> Durable {
        let line = Line { mark: self.jot(entry), pen: self.clone() };
        Box::pin(async move { line.pen.written(&line.mark).await })
    }

    fn settle(&self, entry: &Entry) -> Durable {
        let line = Line { mark: self.jot(entry), pen: self.clone() };
        // Only who waits makes the disk work.
        Box::pin(async move { line.pen.durable(&line.mark).await })
    }

    fn tell(&self, entry: &Entry) {
        drop(Line { mark: self.jot(entry), pen: self.clone() });
    }

    fn is_healthy(&self) -> bool {
        Pen::is_healthy(self)
    }
}

#[cfg(test)]
mod tests;
