//! Cutting a streamed body into events, wherever the network cut it.

use bytes::{Bytes, BytesMut};
use std::borrow::Cow;
use types::{Fault, FaultKind};

use crate::{Framing, frames};

/// Largest event that is accepted: a picture in one event fits, an endless line does not.
pub const MAX_EVENT_BYTES: usize = 16 << 20;

/// Collects pieces of a body and gives out complete events, with their framing, as slices of what came in.
pub struct Splitter {
    framing: Framing,
    /// What is left of the newest piece.
    fresh: Bytes,
    /// Beginning of an event whose end has not come yet.
    tail: BytesMut,
    /// So many bytes of what is here hold no end of an event: a long one is not searched again with every piece.
    searched: usize,
}

impl Splitter {
    /// Cuts a body with this framing.
    pub fn new(framing: Framing) -> Self {
        Splitter { framing, fresh: Bytes::new(), tail: BytesMut::new(), searched: 0 }
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

    /// All complete events that are here, framing included, as one slice; `None` if there is none.
    pub fn next_batch(&mut self) -> Result<Option<Bytes>, Fault> {
        let pending = if self.tail.is_empty() { &self.fresh[..] } else { &self.tail[..] };
        // The last two bytes may be a line end that becomes an empty line only now.
        let first = event_end(self.framing, pending, self.searched.saturating_sub(2));
        let end =
            first.map_or(0, |first| first + events(self.framing, &pending[first..]).map(<[u8]>::len).sum::<usize>());
        self.searched = pending.len() - end;
        match end {
            0 if pending.len() > MAX_EVENT_BYTES => {
                Err(Fault::provider(FaultKind::Malformed, "the provider sent an event of more than 16 MiB"))
            }
            0 => Ok(None),
            end if self.tail.is_empty() => Ok(Some(self.fresh.split_to(end))),
            end => Ok(Some(self.tail.split_to(end).freeze())),
        }
    }

    /// The next complete event alone, framing included: for tests that look at one at a time.
    #[cfg(test)]
    pub fn next_event(&mut self) -> Result<Option<Bytes>, Fault> {
        if !self.fresh.is_empty() {
            self.tail.extend_from_slice(&std::mem::take(&mut self.fresh));
        }
        let end = event_end(self.framing, &self.tail, 0);
        Ok(end.map(|end| self.tail.split_to(end).freeze()))
    }

    /// What is left when the body has ended: an event that lacks its line end, or nothing.
    pub fn leftover(&mut self) -> Bytes {
        let fresh = std::mem::take(&mut self.fresh);
        if self.tail.is_empty() { fresh } else { std::mem::take(&mut self.tail).freeze() }
    }
}

/// The complete events of `bytes`, framing included.
pub fn events(framing: Framing, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (event, after) = rest.split_at(event_end(framing, rest, 0)?);
        rest = after;
        Some(event)
    })
}

/// Where the first event of `bytes` ends, framing included, if no end begins before `from`.
fn event_end(framing: Framing, bytes: &[u8], from: usize) -> Option<usize> {
    let rest = &bytes[from..];
    match framing {
        Framing::Frames => frames::end(bytes),
        Framing::Lines => memchr::memchr(b'\n', rest).map(|at| from + at + 1),
        Framing::Sse => memchr::memchr2_iter(b'\n', b'\r', rest).find_map(|at| {
            // An empty line ends an event: a line end right behind a line end.
            let first = line_end(bytes, from + at);
            let second = line_end(bytes, first);
            // Who ends one line with LF does not end the next with CR alone: its LF is on the way. Left to the
            // next event it would be lost with that one when it is not for the caller. Whether anything else has
            // come yet must not matter: an event is looked for once more when it is cut out.
            let half = bytes[first - 1] == b'\n' && second == first + 1 && bytes[first] == b'\r';
            (second > first && !half).then_some(second)
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
/// Empty for comments and events without data. A binary frame is handed out whole: its headers say what it is.
pub fn data(framing: Framing, event: &[u8]) -> Cow<'_, [u8]> {
    if framing == Framing::Frames {
        return Cow::Borrowed(event);
    }
    if framing == Framing::Lines {
        return Cow::Borrowed(event.trim_ascii());
    }
    let mut rest = event;
    let mut lines = std::iter::from_fn(|| {
        while !rest.is_empty() {
            let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let line = &rest[..end];
            rest = &rest[(end + 1).min(rest.len())..];
            if let Some(value) = data_line(line) {
                return Some(value);
            }
        }
        None
    });
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
