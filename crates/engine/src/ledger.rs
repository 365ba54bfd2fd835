//! Where attempts are booked, as the engine sees it: replaced by tests.

use std::future::Future;
use std::pin::Pin;

use store::Entry;

/// Keeps what attempts cost. One per worker.
pub trait Ledger {
    /// Keeps `entry` so that it outlives this process; a number to wait for with [`Ledger::durable`].
    fn write(&self, entry: &Entry) -> u64;

    /// Resolves when what was written under this number outlives the machine.
    fn durable(&self, mark: u64) -> Pin<Box<dyn Future<Output = ()>>>;

    /// Whether what is written is kept. If not, nothing must be asked that costs money.
    fn is_healthy(&self) -> bool;
}
