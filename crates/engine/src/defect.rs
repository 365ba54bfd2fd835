//! Defects of ours: a panic becomes a fault, so that its caller gets a proper answer and nobody else notices. The panic
//! hook has logged it by then.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use types::{Fault, FaultKind, Side};

/// Does `work`. If it panics, what it worked on must not be used any further.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Fault> {
    let defect = |_| Fault::new(FaultKind::Internal, Side::Gateway, "the gateway failed to handle the request");
    catch_unwind(AssertUnwindSafe(work)).map_err(defect)
}

/// Runs `future`, which may panic. It stays where it is: a future that is handed on has room in both places.
pub(crate) async fn caught_in<F: Future>(mut future: Pin<&mut F>) -> Result<F::Output, Fault> {
    poll_fn(|cx| match caught(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(defect) => Poll::Ready(Err(defect)),
    })
    .await
}

#[cfg(test)]
mod tests;
