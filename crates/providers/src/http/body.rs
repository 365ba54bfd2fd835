//! The body of an answer, as it comes.

use std::future::poll_fn;
use std::io;
use std::rc::Weak;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use types::{Fault, FaultKind};

use super::line::Line;
use super::pool::Idle;
use super::tunnel::Tunnel;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are left.
    Length(u64),
    /// Chunks; what the decoder expects next.
    Chunked(Chunk),
    /// Everything until the provider closes the connection.
    UntilClose,
}

/// What a chunked body holds next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// A line with the size of the next chunk.
    Size,
    /// So many bytes of the current chunk.
    Data(u64),
    /// The line end behind a chunk.
    DataEnd,
    /// Trailer lines after the last chunk.
    Trailer,
    /// Nothing: the body is complete.
    Done,
}

impl Framing {
    pub(super) fn chunked() -> Self {
        Framing::Chunked(Chunk::Size)
    }
}

/// Pieces below this size are joined with those behind them.
const SMALL_BYTES: usize = 4 << 10;
/// Longest line between chunks.
const MAX_LINE_BYTES: usize = 8 << 10;

/// The body of an answer. Dropped before its end, it closes the connection, which tells the provider to stop;
/// read to its end, it gives the connection back.
pub struct Body {
    line: Option<Line>,
    home: Weak<Idle>,
    keep: bool,
    framing: Framing,
    /// Bytes that were read and not given out yet.
    pending: Bytes,
    /// A fault that was found behind good bytes.
    fault: Option<Box<Fault>>,
}

impl Body {
    pub(super) fn new(line: Line, home: Weak<Idle>, keep: bool, framing: Framing, pending: Bytes) -> Self {
        let mut body = Body { line: Some(line), home, keep, framing, pending, fault: None };
        if body.is_complete() {
            body.end();
        }
        body
    }

    /// A body that is already here: for answers that the gateway makes itself, and for tests.
    pub fn whole(bytes: Bytes) -> Self {
        let framing = Framing::Length(bytes.len() as u64);
        Body { line: None, home: Weak::new(), keep: false, framing, pending: bytes, fault: None }
    }

    /// The connection itself, for an answer with which another protocol begins on it (status 101); `None` if the answer
    /// has an end.
    pub fn into_tunnel(mut self) -> Option<Tunnel> {
        let line = self.line.take().filter(|_| self.framing == Framing::UntilClose)?;
        Some(Tunnel { line, early: std::mem::take(&mut self.pending) })
    }

    fn is_complete(&self) -> bool {
        matches!(self.framing, Framing::Length(0) | Framing::Chunked(Chunk::Done))
    }

    /// The next piece, never empty; `None` at the proper end of the body.
    pub fn poll_piece(&mut self, cx: &mut Context) -> Poll<Option<Result<Bytes, Fault>>> {
        loop {
            match self.take_pieces() {
                Ok(Some(piece)) => {
                    if self.is_complete() {
                        self.end();
                    }
                    return Poll::Ready(Some(Ok(piece)));
                }
                Ok(None) if self.is_complete() => {
                    self.end();
                    return Poll::Ready(None);
                }
                Ok(None) => {}
                Err(fault) => return Poll::Ready(Some(Err(self.fail(fault)))),
            }
            let Some(line) = &mut self.line else {
                return Poll::Ready(None);
            };
            match ready!(line.poll_read(cx)) {
                Ok(bytes) if bytes.is_empty() => return Poll::Ready(self.closed()),
                Ok(bytes) => self.append(bytes),
                Err(error) => return Poll::Ready(Some(Err(self.fail(cut(&error))))),
            }
        }
    }

    /// The next piece, as a future.
    pub async fn piece(&mut self) -> Option<Result<Bytes, Fault>> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    /// The whole body, if it is not longer than `limit` bytes.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, Fault> {
        let Some(first) = self.piece().await.transpose()? else {
            return Ok(Bytes::new());
        };
        if self.is_complete() && first.len() <= limit {
            return Ok(first);
        }
        let expected = if let Framing::Length(left) = self.framing { left as usize } else { 16 << 10 };
        let mut all = BytesMut::with_capacity(first.len() + expected.min(limit));
        all.extend_from_slice(&first);
        while let Some(piece) = self.piece().await.transpose()? {
            all.extend_from_slice(&piece);
            if all.len() > limit {
                let message = format!("the provider's answer is larger than {limit} bytes");
                return Err(Fault::provider(FaultKind::Malformed, message));
            }
        }
        Ok(all.freeze())
    }

    fn append(&mut self, bytes: Bytes) {
        if self.pending.is_empty() {
            self.pending = bytes;
        } else {
            let mut joined = BytesMut::with_capacity(self.pending.len() + bytes.len());
            joined.extend_from_slice(&self.pending);
            joined.extend_from_slice(&bytes);
            self.pending = joined.freeze();
        }
    }

    /// The connection is at its end.
    fn closed(&mut self) -> Option<Result<Bytes, Fault>> {
        if self.framing == Framing::UntilClose {
            self.end();
            return None;
        }
        Some(Err(self.fail(cut(&io::ErrorKind::UnexpectedEof.into()))))
    }

    fn end(&mut self) {
        self.framing = Framing::Length(0);
        // Bytes behind the end belong to no answer: such a connection is not used again.
        let unspoilt = self.keep && self.pending.is_empty();
        if let Some((key, connection)) = self.line.take().and_then(Line::release)
            && let Some(home) = self.home.upgrade().filter(|_| unspoilt)
        {
            home.put(key, connection);
        }
        self.pending = Bytes::new();
    }

    fn fail(&mut self, fault: Fault) -> Fault {
        // Nothing more is read, and the provider may not know that yet.
        self.line = None;
        self.end();
        fault
    }

    /// Takes the next piece together with those behind it that are already here: a burst of small chunks is cheaper
    /// to copy than to hand on one by one.
    fn take_pieces(&mut self) -> Result<Option<Bytes>, Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(*fault);
        }
        let first = self.take_piece()?;
        let Some(piece) = first.as_ref().filter(|piece| !self.pending.is_empty() && piece.len() < SMALL_BYTES) else {
            return Ok(first);
        };
        let mut joined = BytesMut::with_capacity(piece.len() + self.pending.len());
        joined.extend_from_slice(piece);
        while !self.is_complete() && self.fault.is_none() {
            match self.take_piece() {
                Ok(Some(piece)) => joined.extend_from_slice(&piece),
                Ok(None) => break,
                // What came before the fault is good, and goes out first.
                Err(fault) => self.fault = Some(Box::new(fault)),
            }
        }
        Ok(Some(joined.freeze()))
    }

    /// Takes the next piece out of what is pending; `None` if more must be read (or the body is complete).
    fn take_piece(&mut self) -> Result<Option<Bytes>, Fault> {
        match self.framing {
            Framing::UntilClose if self.pending.is_empty() => Ok(None),
            Framing::UntilClose => Ok(Some(std::mem::take(&mut self.pending))),
            Framing::Length(left) => {
                let piece = self.split(left);
                self.framing = Framing::Length(left - piece.as_ref().map_or(0, |piece| piece.len() as u64));
                Ok(piece)
            }
            Framing::Chunked(mut chunk) => {
                let piece = self.take_chunked(&mut chunk);
                self.framing = Framing::Chunked(chunk);
                piece
            }
        }
    }

    fn split(&mut self, most: u64) -> Option<Bytes> {
        let length = self.pending.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        (length > 0).then(|| self.pending.split_to(length))
    }

    fn take_chunked(&mut self, chunk: &mut Chunk) -> Result<Option<Bytes>, Fault> {
        loop {
            match *chunk {
                Chunk::Done => return Ok(None),
                Chunk::Data(left) => {
                    let Some(piece) = self.split(left) else { return Ok(None) };
                    let left = left - piece.len() as u64;
                    *chunk = if left == 0 { Chunk::DataEnd } else { Chunk::Data(left) };
                    // Looking ahead finds the last chunk in the same read as the data before it.
                    if left == 0 && self.pending.starts_with(b"\r\n0\r\n\r\n") {
                        self.pending.advance(7);
                        *chunk = Chunk::Done;
                    }
                    return Ok(Some(piece));
                }
                Chunk::Size | Chunk::DataEnd | Chunk::Trailer => {
                    let Some(line) = self.line()? else { return Ok(None) };
                    *chunk = match *chunk {
                        Chunk::DataEnd if line.is_empty() => Chunk::Size,
                        Chunk::Trailer if line.is_empty() => Chunk::Done,
                        Chunk::Trailer => Chunk::Trailer,
                        Chunk::Size => match size(&line)? {
                            0 => Chunk::Trailer,
                            size => Chunk::Data(size),
                        },
                        _ => return Err(not_chunked()),
                    };
                }
            }
        }
    }

    /// Takes a line off what is pending, without its end.
    fn line(&mut self) -> Result<Option<Bytes>, Fault> {
        match memchr::memchr(b'\n', &self.pending) {
            Some(end) => {
                let mut line = self.pending.split_to(end + 1);
                line.truncate(end);
                if line.last() == Some(&b'\r') {
                    line.truncate(end - 1);
                }
                Ok(Some(line))
            }
            None if self.pending.len() > MAX_LINE_BYTES => Err(not_chunked()),
            None => Ok(None),
        }
    }
}

fn size(line: &[u8]) -> Result<u64, Fault> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(digits).map_err(|_| not_chunked())?;
    match u64::from_str_radix(text, 16) {
        Ok(size) if !text.starts_with('+') && text.len() <= 15 => Ok(size),
        _ => Err(not_chunked()),
    }
}

fn not_chunked() -> Fault {
    Fault::provider(FaultKind::Malformed, "the provider's answer is not chunked as it says")
}

/// The connection broke inside a body.
fn cut(error: &io::Error) -> Fault {
    Fault::provider(FaultKind::Cut, format!("the provider's answer was cut off ({})", error.kind()))
}
