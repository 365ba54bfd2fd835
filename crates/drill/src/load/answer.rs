//! One HTTP/1.1 answer, taken apart as its bytes come in. Only what servers send to a plain POST: no upgrades, no
//! interim answers.

use super::tally::Problem;

/// Largest head, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most header lines.
const MAX_HEADERS: usize = 128;
/// Largest chunk, in bytes; also keeps the size of one from overflowing.
const MAX_CHUNK: u64 = 1 << 40;

/// An answer as far as it has come.
pub(super) struct Answer {
    state: State,
    /// The head, until it is complete.
    head: Vec<u8>,
    /// Zero until the head is complete.
    status: u16,
    /// The connection takes another request afterwards.
    pub(super) keeps: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// So many bytes of a body of known length are to come.
    Length(u64),
    /// In the line with a chunk's size: the size so far, and whether its digits are over.
    Size(u64, bool),
    /// So many bytes of a chunk are to come.
    Chunk(u64),
    /// In the line feed after a chunk.
    ChunkEnd,
    /// In the lines after the last chunk; whether the current one has anything in it.
    Trailer(bool),
    /// The body lasts as long as the connection.
    UntilEnd,
    Done,
}

impl Answer {
    pub(super) fn new() -> Self {
        Self { state: State::Head, head: Vec::new(), status: 0, keeps: true }
    }

    /// Its status; 0 as long as it is not known.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// Nothing more belongs to it.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes the next bytes and hands on those of the body, with the answer's status. Bytes beyond the end are an error:
    /// nobody asked for them.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        mut body: impl FnMut(u16, &[u8]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        while !bytes.is_empty() {
            let used = match self.state {
                State::Head => self.push_head(bytes)?,
                State::Length(left) | State::Chunk(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    body(self.status, &bytes[..here])?;
                    self.state = self.after(left - here as u64);
                    here
                }
                State::UntilEnd => {
                    body(self.status, bytes)?;
                    bytes.len()
                }
                State::Size(..) | State::ChunkEnd | State::Trailer(_) => self.push_framing(bytes[0])?,
                State::Done => return Err(Problem::Protocol("bytes after the end of the answer")),
            };
            bytes = &bytes[used..];
        }
        Ok(())
    }

    /// The connection has ended; whether that is how this answer ends.
    pub(super) fn end(&mut self) -> Result<(), Problem> {
        match self.state {
            State::UntilEnd => {
                self.state = State::Done;
                Ok(())
            }
            State::Head if self.head.is_empty() => Err(Problem::Closed),
            _ => Err(Problem::Cut),
        }
    }

    /// The state when so many bytes are left of what is being read.
    fn after(&self, left: u64) -> State {
        match (self.state, left) {
            (State::Chunk(_), 0) => State::ChunkEnd,
            (State::Chunk(_), _) => State::Chunk(left),
            (_, 0) => State::Done,
            (_, _) => State::Length(left),
        }
    }

    fn push_head(&mut self, bytes: &[u8]) -> Result<usize, Problem> {
        let before = self.head.len();
        self.head.extend_from_slice(bytes);
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut lines);
        let length = match response.parse(&self.head) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if self.head.len() <= MAX_HEAD => return Ok(bytes.len()),
            _ => return Err(Problem::Protocol("not an HTTP answer")),
        };
        self.status = response.code.unwrap_or_default();
        let header = |name: &str| {
            let found = response.headers.iter().find(|line| line.name.eq_ignore_ascii_case(name));
            found.map(|line| String::from_utf8_lossy(line.value).to_ascii_lowercase())
        };
        self.keeps = response.version == Some(1) && !header("connection").is_some_and(|value| value.contains("close"));
        self.state = match (header("transfer-encoding"), header("content-length")) {
            (Some(_), _) => State::Size(0, false),
            (None, Some(length)) => match length.trim().parse() {
                Ok(0) => State::Done,
                Ok(length) => State::Length(length),
                Err(_) => return Err(Problem::Protocol("a content-length that is no number")),
            },
            (None, None) => State::UntilEnd,
        };
        self.keeps &= self.state != State::UntilEnd;
        self.head.clear();
        Ok(length - before)
    }

    /// One byte of what surrounds chunks. Carriage returns say nothing that the line feed after them does not.
    fn push_framing(&mut self, byte: u8) -> Result<usize, Problem> {
        self.state = match (self.state, byte) {
            (state, b'\r') => state,
            (State::Size(0, _), b'\n') => State::Trailer(false),
            (State::Size(size, _), b'\n') => State::Chunk(size),
            (State::Size(size, true), _) => State::Size(size, true),
            (State::Size(size, false), b';' | b' ') => State::Size(size, true),
            (State::Size(size, false), _) => match char::from(byte).to_digit(16) {
                Some(digit) if size < MAX_CHUNK => State::Size(size * 16 + u64::from(digit), false),
                _ => return Err(Problem::Protocol("a chunk size that is no number")),
            },
            (State::ChunkEnd, b'\n') => State::Size(0, false),
            (State::Trailer(false), b'\n') => State::Done,
            (State::Trailer(_), _) => State::Trailer(byte != b'\n'),
            _ => return Err(Problem::Protocol("a chunk longer than announced")),
        };
        Ok(1)
    }
}
