//! A connection that ends when the caller has taken nothing of what is there for it for too long: a caller who only
//! holds the line must not keep a provider's answer, and the whole process, waiting forever. What was read of it before
//! its time can be put back.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a caller may take nothing.
const STALL: Duration = Duration::from_secs(300);

/// `stream`, with an end to a caller's pauses.
pub struct Patient<S> {
    stream: S,
    /// Rings when the caller has taken nothing for too long; only there while it takes nothing.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether something is there that the caller has not taken.
    is_behind: Arc<AtomicBool>,
    /// What is read next, before anything else.
    back: Bytes,
}

impl<S> Patient<S> {
    /// Around `stream`.
    pub fn new(stream: S) -> Self {
        Patient { stream, alarm: None, is_behind: Arc::default(), back: Bytes::new() }
    }

    /// Whether the caller has not taken all that was written so far, for whoever has the connection not in hand.
    pub fn is_behind(&self) -> Arc<AtomicBool> {
        self.is_behind.clone()
    }

    /// These bytes are read again, before anything else.
    pub fn put_back(&mut self, bytes: Bytes) {
        self.back = bytes;
    }
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    fn poll_taken<T>(
        &mut self,
        cx: &mut Context,
        mut poll: impl FnMut(Pin<&mut S>, &mut Context) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let polled = poll(Pin::new(&mut self.stream), cx);
        self.is_behind.store(polled.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(taken) = polled {
            self.alarm = None;
            return Poll::Ready(taken);
        }
        ready!(self.alarm.get_or_insert_with(|| Box::pin(sleep(STALL))).as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller takes nothing")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_taken(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context, bytes: &[IoSlice]) -> Poll<io::Result<usize>> {
        self.poll_taken(cx, |stream, cx| stream.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        self.poll_taken(cx, |stream, cx| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        self.poll_taken(cx, |stream, cx| stream.poll_shutdown(cx))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        if self.back.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let most = self.back.len().min(buffer.remaining());
        let taken = self.back.split_to(most);
        buffer.put_slice(&taken);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_caller_who_takes_nothing_at_all_is_given_up() {
        let (ours, mut callers) = duplex(64);
        let mut ours = Patient::new(ours);
        let begun = Instant::now();
        let reads_slowly = async {
            for _ in 0..8 {
                sleep(STALL / 2).await;
                callers.read_exact(&mut [0; 64]).await.unwrap();
            }
        };
        let answer = [0; 600];
        let (written, ()) = tokio::join!(ours.write_all(&answer), reads_slowly);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed(), STALL / 2 * 8 + STALL);
    }
}
