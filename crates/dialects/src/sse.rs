//! Cutting a streamed body into events, wherever the network cut it.

use bytes::{Bytes, BytesMut};
use std::borrow::Cow;
use types::{Fault, FaultKind};

use crate::Framing;

/// Largest event that is accepted: a picture in one event fits, an endless line does not.
pub const MAX_EVENT_BYTES: usize = 16 << 20;

/// Collects pieces of a body and gives out complete events, each with its framing, as slices of what came in.
pub struct Splitter {
    framing: Framing,
    /// What is left of the newest piece.
    fresh: Bytes,
    /// Beginning of an event whose end has not come yet.
    tail: BytesMut,
}

impl Splitter {
    /// Cuts a body with this framing.
    pub fn new(framing: Framing) -> Self {
        Splitter {
            framing,
            fresh: Bytes::new(),
            tail: BytesMut::new(),
        }
    }

    /// Adds the next piece of the body. All complete events must have been taken before.
    pub fn feed(&mut self, piece: Bytes) {
        if self.tail.is_empty() && self.fresh.is_empty() {
            self.fresh = piece;
        } else {
            self.tail.extend_from_slice(&self.fresh);
            self.tail.extend_from_slice(&piece);
            self.fresh = Bytes::new();
        }
    }

    /// The next complete event, framing included, or `None` if more is needed.
    pub fn next_event(&mut self) -> Result<Option<Bytes>, Fault> {
        let pending = if self.tail.is_empty() {
            &self.fresh[..]
        } else {
            &self.tail[..]
        };
        match event_end(self.framing, pending) {
            Some(end) if self.tail.is_empty() => Ok(Some(self.fresh.split_to(end))),
            Some(end) => Ok(Some(self.tail.split_to(end).freeze())),
            None if pending.len() > MAX_EVENT_BYTES => Err(Fault::provider(
                FaultKind::Malformed,
                "the provider sent an event of more than 16 MiB",
            )),
            None => Ok(None),
        }
    }

    /// All complete events at once, without looking at each: for bodies that nobody needs to watch.
    pub fn rest(&mut self) -> Bytes {
        match self.tail.is_empty() {
            true => std::mem::take(&mut self.fresh),
            false => self.tail.split().freeze(),
        }
    }
}

/// Where the first event of `bytes` ends, framing included.
fn event_end(framing: Framing, bytes: &[u8]) -> Option<usize> {
    match framing {
        Framing::Lines => memchr::memchr(b'\n', bytes).map(|at| at + 1),
        Framing::Sse => memchr::memchr2_iter(b'\n', b'\r', bytes).find_map(|at| {
            // An empty line ends an event: a line end right behind a line end.
            let first = line_end(bytes, at);
            let second = if first > at { line_end(bytes, first) } else { first };
            (second > first).then_some(second)
        }),
    }
}

/// Position behind the line end at `at` (LF, CRLF or CR), or `at` if there is none.
fn line_end(bytes: &[u8], at: usize) -> usize {
    match &bytes[at..] {
        [b'\r', b'\n', ..] => at + 2,
        [b'\n' | b'\r', ..] => at + 1,
        _ => at,
    }
}

/// The payload of an event: the joined `data` lines of a server-sent event, or the line itself.
/// Empty for comments and events without data.
pub fn data(framing: Framing, event: &[u8]) -> Cow<'_, [u8]> {
    if framing == Framing::Lines {
        return Cow::Borrowed(event.trim_ascii());
    }
    let mut lines = event.split(|byte| matches!(byte, b'\n' | b'\r')).filter_map(data_line);
    let first = lines.next().unwrap_or_default();
    match lines.next() {
        None => Cow::Borrowed(first),
        Some(second) => {
            let mut joined = [first, second].join(&b'\n');
            for line in lines {
                joined.push(b'\n');
                joined.extend_from_slice(line);
            }
            Cow::Owned(joined)
        }
    }
}

fn data_line(line: &[u8]) -> Option<&[u8]> {
    let value = line.strip_prefix(b"data")?;
    match value {
        [] => Some(value),
        [b':', b' ', rest @ ..] | [b':', rest @ ..] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
