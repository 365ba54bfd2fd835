//! The way of a streamed answer to its caller, once the library that speaks HTTP has let go of the connection: it keeps
//! two buffers of 8 KiB and a map of headers for the next request as long as an answer lasts, and a stream that waits
//! holds nothing of the kind here. It is HTTP/1.1 all the same (RFC 9112, section 7.1).

use std::io::{self, IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, EXPECT, TRANSFER_ENCODING};
use http::{HeaderName, Request, Response, Version};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::patient::Patient;
use crate::door::OutBody;

/// Pieces of an answer that go out as one chunk at most, and the bytes from which no more are joined.
const MOST_PIECES: usize = 16;
const ENOUGH_BYTES: usize = 64 << 10;
/// What is read of a next request while an answer streams.
const EARLY_BYTES: usize = 512;
/// The most that stands in front of a chunk.
const LINE_BYTES: usize = 18;
/// Headers that are ours to write.
const OWN: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING];

/// Whether the answer to a request may stream here, and whether its caller wants the connection closed behind it. Older
/// callers know no chunks, and those who expect to be asked on may not have been.
pub fn closes_behind<B>(request: &Request<B>) -> Option<bool> {
    let headers = request.headers();
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let closes = values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("close"));
    (request.version() == Version::HTTP_11 && !headers.contains_key(EXPECT)).then_some(closes)
}

/// An answer on its way, which resolves to the connection when all of it is in the system's hands.
pub struct Streaming<S> {
    caller: Option<Patient<S>>,
    answer: OutBody,
    /// The head, until it is written.
    head: Bytes,
    /// What goes out as the next chunk.
    pieces: Vec<Bytes>,
    /// How much of the head and that chunk is written.
    written: usize,
    end: End,
    /// The beginning of the caller's next request.
    early: Bytes,
}

/// How far an answer is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It goes on.
    Not,
    /// It is complete.
    Well,
    /// It is cut off: no end must be written.
    Broken,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Streaming<S> {
    /// Sends `response` to a caller of whose next request this was read already. If the connection is closed behind it,
    /// the caller is told so.
    pub fn new(caller: Patient<S>, response: Response<OutBody>, closes: bool, early: Bytes) -> Self {
        let head = head(&response, closes);
        let (caller, answer) = (Some(caller), response.into_body());
        Streaming { caller, answer, head, pieces: Vec::new(), written: 0, end: End::Not, early }
    }

    /// Resolves when the caller has left. What it sends meanwhile belongs to its next request.
    fn poll_left(&mut self, caller: &mut Patient<S>, cx: &mut Context) -> Poll<io::Error> {
        if !self.early.is_empty() {
            return Poll::Pending;
        }
        let mut room = [0; EARLY_BYTES];
        let mut buffer = ReadBuf::new(&mut room);
        match ready!(Pin::new(caller).poll_read(cx, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => Poll::Ready(io::ErrorKind::UnexpectedEof.into()),
            Ok(()) => {
                self.early = Bytes::copy_from_slice(buffer.filled());
                Poll::Pending
            }
            Err(error) => Poll::Ready(error),
        }
    }

    /// Takes what is there of the answer.
    fn gather(&mut self, cx: &mut Context) {
        let mut bytes = 0;
        while self.end == End::Not && self.pieces.len() < MOST_PIECES && bytes < ENOUGH_BYTES {
            match Pin::new(&mut self.answer).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let piece = frame.into_data().unwrap_or_default();
                    bytes += piece.len();
                    self.pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
                }
                Poll::Ready(Some(Err(_))) => self.end = End::Broken,
                Poll::Ready(None) => self.end = End::Well,
                Poll::Pending => break,
            }
        }
    }

    /// Writes what was gathered, and the head in front of it if that is still to be written.
    fn poll_write(&mut self, caller: &mut Patient<S>, cx: &mut Context) -> Poll<io::Result<()>> {
        let bytes: usize = self.pieces.iter().map(Bytes::len).sum();
        let mut line = [0; LINE_BYTES];
        let mut rest = &mut line[..];
        if bytes > 0 {
            write!(rest, "{bytes:x}\r\n")?;
        }
        let unused = rest.len();
        let line = &line[..LINE_BYTES - unused];
        let end: &[u8] = match (bytes > 0, self.end) {
            (true, End::Well) => b"\r\n0\r\n\r\n",
            (false, End::Well) => b"0\r\n\r\n",
            (true, _) => b"\r\n",
            (false, _) => b"",
        };
        loop {
            let mut all = [IoSlice::new(&[]); MOST_PIECES + 3];
            let parts =
                [&self.head[..], line].into_iter().chain(self.pieces.iter().map(|piece| &piece[..])).chain([end]);
            let count = all.iter_mut().zip(parts).map(|(slice, part)| *slice = IoSlice::new(part)).count();
            let mut left = &mut all[..count];
            IoSlice::advance_slices(&mut left, self.written);
            if left.is_empty() {
                break;
            }
            match ready!(Pin::new(&mut *caller).poll_write_vectored(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        ready!(Pin::new(caller).poll_flush(cx))?;
        (self.head, self.written) = (Bytes::new(), 0);
        self.pieces.clear();
        Poll::Ready(Ok(()))
    }

    fn poll_all(&mut self, caller: &mut Patient<S>, cx: &mut Context) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_left(caller, cx) {
            return Poll::Ready(Err(error));
        }
        loop {
            if self.pieces.is_empty() {
                self.gather(cx);
            }
            if self.end == End::Not && self.pieces.is_empty() && self.head.is_empty() {
                return Poll::Pending;
            }
            ready!(self.poll_write(caller, cx))?;
            match self.end {
                End::Not => {}
                End::Well => return Poll::Ready(Ok(())),
                End::Broken => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Streaming<S> {
    type Output = io::Result<Patient<S>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Self::Output> {
        // It is there until all is done.
        let Some(mut caller) = self.caller.take() else { return Poll::Pending };
        match self.poll_all(&mut caller, cx) {
            Poll::Ready(Ok(())) => {
                caller.put_back(std::mem::take(&mut self.early));
                Poll::Ready(Ok(caller))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.caller = Some(caller);
                Poll::Pending
            }
        }
    }
}

/// The head of an answer whose body is chunks.
fn head(response: &Response<OutBody>, closes: bool) -> Bytes {
    let mut out = BytesMut::with_capacity(2 << 10);
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.put_slice(part));
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    put(&[b"HTTP/1.1 ", status.as_str().as_bytes(), b" ", reason.as_bytes(), b"\r\n"]);
    for (name, value) in response.headers().iter().filter(|(name, _)| !OWN.contains(name)) {
        put(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    put(&[b"transfer-encoding: chunked\r\n"]);
    if closes {
        put(&[b"connection: close\r\n"]);
    }
    put(&[b"date: ", httpdate::fmt_http_date(SystemTime::now()).as_bytes(), b"\r\n\r\n"]);
    out.freeze()
}

#[cfg(test)]
mod tests;
