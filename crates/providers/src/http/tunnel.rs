//! A connection on which another protocol is spoken than HTTP. Dropping it hangs up.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::line::Line;

/// A connection that has left HTTP behind.
pub struct Tunnel {
    pub(super) line: Line,
    /// What came together with the answer that began it.
    pub(super) early: Bytes,
}

impl Tunnel {
    /// Reads what is there; empty at the end of the connection.
    pub fn poll_read(&mut self, cx: &mut Context) -> Poll<io::Result<Bytes>> {
        match self.early.is_empty() {
            true => self.line.poll_read(cx),
            false => Poll::Ready(Ok(std::mem::take(&mut self.early))),
        }
    }

    /// Writes from `pieces` until all of it is in the system's hands.
    pub fn poll_write(&mut self, cx: &mut Context, pieces: &mut Vec<Bytes>) -> Poll<io::Result<()>> {
        self.line.poll_write(cx, pieces)
    }
}
