//! One connection, at the level of bytes: buffers, writes that notice when the caller goes away, waits that
//! notice it too, and the ways to end.

use super::request::ReadError;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes read ahead while an answer is being written; more stay with the kernel.
const MAX_AHEAD: usize = 64 * 1024;
/// Bytes gathered before they are written, when nothing asks for more frequent writes.
pub(super) const FULL: usize = 16 * 1024;
/// Buffers larger than this are given back when a request is over.
const SPARE: usize = 64 * 1024;
/// First allocation for a body; larger ones grow as they arrive.
const FIRST: usize = 1024 * 1024;
/// How long a caller that does not close gets to read the end of an answer.
const LINGER: Duration = Duration::from_secs(2);

/// The caller has closed the connection, or it broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// A connection with its buffers.
pub(crate) struct Conn {
    stream: TcpStream,
    /// Bytes received and not yet used.
    pub(super) inbox: Vec<u8>,
    /// Bytes to send.
    pub(super) outbox: Vec<u8>,
}

impl Conn {
    pub(super) fn new(stream: TcpStream) -> Self {
        // Without it small chunks would wait for each other; if it fails they do, and that is all.
        let _ = stream.set_nodelay(true);
        Self { stream, inbox: Vec::new(), outbox: Vec::new() }
    }

    /// Receives some more bytes of a request.
    pub(super) async fn fill(&mut self) -> Result<(), ReadError> {
        self.inbox.reserve(4096);
        match self.stream.read_buf(&mut self.inbox).await {
            Ok(read) if read > 0 => Ok(()),
            _ => Err(ReadError::Gone),
        }
    }

    /// Receives exactly so many bytes of a body.
    pub(super) async fn take(&mut self, length: usize, body: &mut Vec<u8>) -> Result<(), ReadError> {
        let here = length.min(self.inbox.len());
        body.reserve(length.min(FIRST));
        body.extend(self.inbox.drain(..here));
        let missing = length - here;
        let read = (&mut self.stream).take(missing as u64).read_to_end(body).await;
        if read.is_ok_and(|read| read == missing) { Ok(()) } else { Err(ReadError::Gone) }
    }

    /// Sends what is in the outbox.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        let mut sent = 0;
        while sent < self.outbox.len() {
            let (mut reader, mut writer) = self.stream.split();
            tokio::select! {
                biased;
                wrote = writer.write(&self.outbox[sent..]) => match wrote {
                    Ok(wrote) if wrote > 0 => sent += wrote,
                    _ => return Err(Gone),
                },
                read = reader.read_buf(&mut self.inbox), if self.inbox.len() < MAX_AHEAD => {
                    if !read.is_ok_and(|read| read > 0) {
                        return Err(Gone);
                    }
                }
            }
        }
        self.outbox.clear();
        Ok(())
    }

    /// Sends what is in the outbox, then waits; ends early if the caller goes away.
    pub(super) async fn pause(&mut self, ms: u64) -> Result<(), Gone> {
        self.flush().await?;
        if ms == 0 {
            return Ok(());
        }
        tokio::select! {
            () = self.gone() => Err(Gone),
            () = tokio::time::sleep(Duration::from_millis(ms)) => Ok(()),
        }
    }

    /// Waits for something; ends early if the caller goes away.
    pub(super) async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> Result<T, Gone> {
        tokio::select! {
            biased;
            done = wait => Ok(done),
            () = self.gone() => Err(Gone),
        }
    }

    /// Returns when the caller has gone away. What it sends meanwhile is kept, up to a limit.
    async fn gone(&mut self) {
        while self.inbox.len() < MAX_AHEAD {
            if !self.stream.read_buf(&mut self.inbox).await.is_ok_and(|read| read > 0) {
                return;
            }
        }
        std::future::pending().await
    }

    /// Frees large buffers between requests.
    pub(super) fn tidy(&mut self) {
        for buffer in [&mut self.inbox, &mut self.outbox] {
            if buffer.capacity() > SPARE {
                buffer.shrink_to(SPARE);
            }
        }
    }

    /// Ends the connection with a FIN. Bytes of the caller still in the kernel would turn it into an RST, which
    /// can cost the caller the end of the answer; so they are read first, for a short while.
    pub(super) async fn close(mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        self.inbox.clear();
        let drain = async {
            loop {
                self.inbox.clear();
                self.inbox.reserve(4096);
                if !self.stream.read_buf(&mut self.inbox).await.is_ok_and(|read| read > 0) {
                    return;
                }
            }
        };
        // The limit is what ends this for callers that keep the connection half open.
        let _ = tokio::time::timeout(LINGER, drain).await;
    }

    /// Ends the connection with an RST.
    pub(super) fn reset(self) {
        // If it fails the caller sees a FIN instead, the nearest thing.
        let _ = self.stream.set_zero_linger();
    }
}
