//! One side of a session: a connection, the messages that come on it, and what is still to be written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dialects::websocket::{Decoder, Message, Violation};
use providers::http::Tunnel;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Instant};

use crate::dice::Dice;

/// Bytes that are read at once.
const READ_BYTES: usize = 16 << 10;
/// Bytes that wait to be written, behind which nothing more is read for this side.
const MOST_UNSENT: usize = 64 << 10;

/// Silence of a side after which it is asked whether it is still there, and after which it is gone.
const ASK: Duration = Duration::from_secs(20);
const GONE: Duration = Duration::from_secs(60);

/// A connection of bytes.
pub trait Way {
    /// Reads what is there; empty at the end.
    fn poll_read(&mut self, cx: &mut Context) -> Poll<io::Result<Bytes>>;

    /// Writes all of `pieces`.
    fn poll_write(&mut self, cx: &mut Context, pieces: &mut Vec<Bytes>) -> Poll<io::Result<()>>;
}

impl Way for Tunnel {
    fn poll_read(&mut self, cx: &mut Context) -> Poll<io::Result<Bytes>> {
        Tunnel::poll_read(self, cx)
    }

    fn poll_write(&mut self, cx: &mut Context, pieces: &mut Vec<Bytes>) -> Poll<io::Result<()>> {
        Tunnel::poll_write(self, cx, pieces)
    }
}

/// The caller's connection.
pub struct Stream<S>(pub S);

impl<S: AsyncRead + AsyncWrite + Unpin> Way for Stream<S> {
    fn poll_read(&mut self, cx: &mut Context) -> Poll<io::Result<Bytes>> {
        let mut room = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut room);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
    }

    fn poll_write(&mut self, cx: &mut Context, pieces: &mut Vec<Bytes>) -> Poll<io::Result<()>> {
        while let Some(first) = pieces.first_mut() {
            let written = ready!(Pin::new(&mut self.0).poll_write(cx, first))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(first.split_to(written));
            if first.is_empty() {
                pieces.remove(0);
            }
        }
        Pin::new(&mut self.0).poll_flush(cx)
    }
}

/// Why nothing more comes.
pub enum End {
    /// The connection is gone, without a word.
    Gone,
    /// What came is no WebSocket, or too large.
    Violation(Violation),
}

/// One side.
pub struct Side<W> {
    way: W,
    decoder: Decoder,
    out: Vec<Bytes>,
    /// Whether all of it was handed to the connection, and that has sent it.
    flushed: bool,
    /// Masks for what is written, if this side is a server.
    masks: Option<Dice>,
    /// When it was last heard of.
    pub heard: Instant,
    /// When it was last asked whether it is still there.
    asked: Instant,
}

impl<W: Way> Side<W> {
    /// `masks` are for frames that are written to a server.
    pub fn new(way: W, decoder: Decoder, masks: Option<Dice>) -> Self {
        let now = Instant::now();
        Side { way, decoder, out: Vec::new(), flushed: true, masks, heard: now, asked: now }
    }

    /// Says something.
    pub fn say(&mut self, message: &Message) {
        let mask = self.masks.as_mut().map(|dice| (dice.bits() as u32).to_ne_bytes());
        self.out.push(message.frame(mask));
        self.flushed = false;
    }

    /// Answers a ping, unless it takes so little that answers to it would only pile up.
    pub fn answer(&mut self, ping: Bytes) {
        if self.has_room() {
            self.say(&Message::Pong(ping));
        }
    }

    /// When it has to be asked whether it is still there, or is gone.
    pub fn next_look(&self) -> Instant {
        (self.asked.max(self.heard) + ASK).min(self.heard + GONE)
    }

    /// Whether it is gone, because nothing has been heard of it for too long. It is asked before that.
    pub fn is_gone(&mut self, now: Instant) -> bool {
        if now >= self.asked.max(self.heard) + ASK {
            self.asked = now;
            self.say(&Message::Ping(Bytes::new()));
        }
        now >= self.heard + GONE
    }

    /// Writes what waits. Ready when nothing does.
    pub fn poll_flush(&mut self, cx: &mut Context) -> Poll<Result<(), End>> {
        if !self.flushed {
            ready!(self.way.poll_write(cx, &mut self.out)).map_err(|_| End::Gone)?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether so little waits to be written that more may come.
    pub fn has_room(&self) -> bool {
        self.flushed || self.out.iter().map(Bytes::len).sum::<usize>() < MOST_UNSENT
    }

    /// Writes the last words, and reads until the other side has heard them, unless it spoke its own first.
    pub fn poll_ended(&mut self, cx: &mut Context, by_it: bool) -> Poll<()> {
        let flushed = ready!(self.poll_flush(cx));
        if by_it || flushed.is_err() {
            return Poll::Ready(());
        }
        while !matches!(ready!(self.poll_message(cx)), Ok(Message::Close(_)) | Err(_)) {}
        Poll::Ready(())
    }

    /// The next message.
    pub fn poll_message(&mut self, cx: &mut Context) -> Poll<Result<Message, End>> {
        loop {
            if let Some(message) = self.decoder.next().map_err(End::Violation)? {
                return Poll::Ready(Ok(message));
            }
            let bytes = ready!(self.way.poll_read(cx)).map_err(|_| End::Gone)?;
            if bytes.is_empty() {
                return Poll::Ready(Err(End::Gone));
            }
            self.heard = Instant::now();
            self.decoder.feed(&bytes);
        }
    }
}
