//! A connection in use. Let go of before the exchange is over, it hangs up in a way that tells when the provider has
//! noticed: only then is what the call occupied there free again.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::connection::Connection;
use super::pool::Key;

/// How long a provider that was hung up on may take to close its side. Then the connection is reset, which also those
/// notice who only write: the gateway promises that they do within half a second.
const LINGER: Duration = Duration::from_millis(200);
/// How long a provider may take to notice a reset.
const RESET_NOTICE: Duration = Duration::from_millis(300);
/// A provider may close its side a moment before it stops counting the call.
const CLOSE_NOTICE: Duration = Duration::from_millis(10);

/// What a call occupies, in the eyes of whoever sent it; let go of when the provider is done with the call.
pub type Claim = Arc<dyn Any + Send + Sync>;

/// A connection in use.
pub(super) struct Line {
    connection: Option<Connection>,
    key: Key,
    claim: Option<Claim>,
}

impl Line {
    pub fn new(connection: Connection, key: Key, claim: Option<Claim>) -> Self {
        Line { connection: Some(connection), key, claim }
    }

    /// Reads what is there; empty at the end of the connection.
    pub fn poll_read(&mut self, cx: &mut Context) -> Poll<io::Result<Bytes>> {
        match &mut self.connection {
            Some(connection) => connection.poll_read(cx),
            None => Poll::Ready(Ok(Bytes::new())),
        }
    }

    /// Sends `pieces`, all of them.
    pub fn poll_write(&mut self, cx: &mut Context, pieces: &mut Vec<Bytes>) -> Poll<io::Result<()>> {
        match &mut self.connection {
            Some(connection) => connection.poll_write_all(cx, pieces),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Sends what is unsent while watching for an answer: a provider may refuse a request before it has read all of
    /// it. `unsent` becomes `None` when everything is in the system's hands.
    pub fn poll_exchange(&mut self, cx: &mut Context, unsent: &mut Option<Vec<Bytes>>) -> Poll<io::Result<Bytes>> {
        let sent = unsent.as_mut().zip(self.connection.as_mut());
        match sent.map(|(pieces, connection)| connection.poll_write_all(cx, pieces)) {
            None | Some(Poll::Pending) => self.poll_read(cx),
            Some(Poll::Ready(Ok(()))) => {
                *unsent = None;
                self.poll_read(cx)
            }
            // The answer may already be here although nobody reads the request any more.
            Some(Poll::Ready(Err(error))) => match self.poll_read(cx) {
                Poll::Ready(Ok(bytes)) if !bytes.is_empty() => Poll::Ready(Ok(bytes)),
                _ => Poll::Ready(Err(error)),
            },
        }
    }

    /// The exchange is over: the connection and what it is shared by.
    pub fn release(mut self) -> Option<(Key, Connection)> {
        Some((self.key.clone(), self.connection.take()?))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let (connection, claim) = (self.connection.take(), self.claim.take());
        if let (Some(connection), Ok(runtime)) = (connection, Handle::try_current()) {
            drop(runtime.spawn(hang_up(connection, claim)));
        }
    }
}

/// Tells the provider that nobody listens, and lets go of `claim` when it has noticed.
async fn hang_up(mut connection: Connection, claim: Option<Claim>) {
    let closed = timeout(LINGER, async {
        if poll_fn(|cx| connection.poll_shutdown(cx)).await.is_ok() {
            // What is still under way is of no interest to anybody.
            while poll_fn(|cx| connection.poll_read(cx)).await.is_ok_and(|bytes| !bytes.is_empty()) {}
        }
    });
    let closed = closed.await.is_ok();
    drop(connection);
    if claim.is_some() {
        sleep(if closed { CLOSE_NOTICE } else { RESET_NOTICE }).await;
    }
}
