//! Where attempts are booked, as the engine sees it: replaced by tests.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use store::Entry;
use store::spool::Pen;

/// Resolves when what was written outlives this process, or the loss of power.
pub type Durable = Pin<Box<dyn Future<Output = ()>>>;

/// Keeps what attempts cost. One per worker.
pub trait Ledger {
    /// Keeps an attempt that is about to be sent; what to wait for before it is, so that it outlives this process.
    fn open(&self, entry: &Entry) -> Durable;

    /// Keeps an attempt that is over, so that it outlives this process; what to wait for before anybody sees the end
    /// of the answer.
    fn settle(&self, entry: &Entry) -> Durable;

    /// Whether what is written is kept. If not, nothing must be asked that costs money.
    fn is_healthy(&self) -> bool;
}

impl Ledger for Rc<Pen> {
    fn open(&self, entry: &Entry) -> Durable {
        let (mark, pen) = (self.jot(entry), self.clone());
        Box::pin(async move { pen.written(&mark).await })
    }

    fn settle(&self, entry: &Entry) -> Durable {
        let (mark, pen) = (self.jot(entry), self.clone());
        // Only who waits makes the disk work.
        Box::pin(async move { pen.durable(&mark).await })
    }

    fn is_healthy(&self) -> bool {
        Pen::is_healthy(self)
    }
}
