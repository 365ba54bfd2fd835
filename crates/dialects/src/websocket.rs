//! WebSocket frames (RFC 6455): bytes in, messages out, and back. Both sides of it: servers, who hear masked frames, and
//! clients, who write them. No extension is ever agreed on, so a reserved bit is a mistake.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest payload of a frame that is no message.
const LONGEST_CONTROL: usize = 125;

/// What ended a connection, or will: the codes of RFC 6455, 7.4.1, that are written here.
pub mod code {
    /// The purpose is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// A server goes down, or a browser leaves the page.
    pub const AWAY: u16 = 1001;
    /// What came is no WebSocket.
    pub const PROTOCOL: u16 = 1002;
    /// A kind of message that is not taken.
    pub const UNSUPPORTED: u16 = 1003;
    /// A text that is not UTF-8.
    pub const INVALID: u16 = 1007;
    /// What is wanted is not allowed.
    pub const POLICY: u16 = 1008;
    /// A message that is too large.
    pub const TOO_LARGE: u16 = 1009;
    /// Something went wrong here.
    pub const INTERNAL: u16 = 1011;
}

/// What one side says to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text: UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// Wants a [`Message::Pong`] with the same bytes.
    Ping(Bytes),
    /// The answer to a ping, or a sign of life.
    Pong(Bytes),
    /// The end, with code and reason if they were given.
    Close(Option<(u16, String)>),
}

/// Why a connection cannot go on: the code to close it with, and what was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The code.
    pub code: u16,
    /// What was wrong.
    pub why: &'static str,
}

fn violation(code: u16, why: &'static str) -> Violation {
    Violation { code, why }
}

/// Puts messages together from the bytes of a connection.
#[derive(Debug)]
pub struct Decoder {
    /// Whether the other side is a client: its frames are masked, those of a server never.
    masked: bool,
    /// Largest message, bytes.
    most: usize,
    inbox: BytesMut,
    /// A message of which not all frames are there: whether it is a text, and what came so far.
    message: Option<(bool, BytesMut)>,
}

/// The head of a frame.
struct Head {
    fin: bool,
    opcode: u8,
    mask: Option<[u8; 4]>,
    /// Bytes of the head, and behind it.
    length: usize,
    payload: usize,
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

impl Decoder {
    /// For what a client sends, in messages of at most `most` bytes.
    pub fn of_client(most: usize) -> Self {
        Decoder { masked: true, most, inbox: BytesMut::new(), message: None }
    }

    /// For what a server sends.
    pub fn of_server(most: usize) -> Self {
        Decoder { masked: false, ..Decoder::of_client(most) }
    }

    /// More bytes have come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
    }

    /// The next message, if it is all there.
    #[expect(clippy::should_implement_trait, reason = "more may come after there was nothing")]
    pub fn next(&mut self) -> Result<Option<Message>, Violation> {
        loop {
            let Some(head) = self.head()? else { return Ok(None) };
            if self.inbox.len() < head.length + head.payload {
                // A large frame gets its room at once, and not by doubling it again and again.
                let missing = head.length + head.payload - self.inbox.len();
                self.inbox.reserve(missing);
                return Ok(None);
            }
            self.inbox.advance(head.length);
            let mut payload = self.inbox.split_to(head.payload);
            if let Some(mask) = head.mask {
                apply(mask, &mut payload);
            }
            if let Some(message) = self.take(&head, payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// The head of the next frame, if it is there. What is wrong with a frame is said before its payload has come.
    fn head(&self) -> Result<Option<Head>, Violation> {
        let bytes = &self.inbox[..];
        let [first, second, ..] = *bytes else { return Ok(None) };
        let (fin, opcode, masked) = (first & 0x80 != 0, first & 0x0f, second & 0x80 != 0);
        if first & 0x70 != 0 {
            return Err(violation(code::PROTOCOL, "a reserved bit is set"));
        }
        if masked != self.masked {
            let why = if self.masked { "a client's frame is not masked" } else { "a server's frame is masked" };
            return Err(violation(code::PROTOCOL, why));
        }
        let is_control = opcode >= CLOSE;
        match opcode {
            CONTINUATION if self.message.is_none() => {
                return Err(violation(code::PROTOCOL, "a continuation of nothing"));
            }
            TEXT | BINARY if self.message.is_some() => {
                return Err(violation(code::PROTOCOL, "a message within another one"));
            }
            CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG => {}
            _ => return Err(violation(code::PROTOCOL, "an unknown opcode")),
        }
        let short = usize::from(second & 0x7f);
        if is_control && (!fin || short > LONGEST_CONTROL) {
            return Err(violation(code::PROTOCOL, "a control frame that is too long, or in pieces"));
        }
        let (payload, behind) = match short {
            126 => match bytes.get(2..4) {
                Some(length) => (u64::from(u16::from_be_bytes([length[0], length[1]])), 4),
                None => return Ok(None),
            },
            127 => match bytes.get(2..10).and_then(|length| length.try_into().ok()) {
                Some(length) => (u64::from_be_bytes(length), 10),
                None => return Ok(None),
            },
            short => (short as u64, 2),
        };
        let least = [0, 126, 1 << 16][match short {
            126 => 1,
            127 => 2,
            _ => 0,
        }];
        if payload < least {
            return Err(violation(code::PROTOCOL, "a length that is longer than it must be"));
        }
        let so_far = self.message.as_ref().map_or(0, |(_, bytes)| bytes.len());
        let payload = usize::try_from(payload)
            .ok()
            .filter(|payload| is_control || so_far.checked_add(*payload).is_some_and(|whole| whole <= self.most));
        let Some(payload) = payload else {
            return Err(violation(code::TOO_LARGE, "the message is too large"));
        };
        let (mask, length) = match masked {
            false => (None, behind),
            true => match bytes.get(behind..behind + 4).and_then(|mask| mask.try_into().ok()) {
                Some(mask) => (Some(mask), behind + 4),
                None => return Ok(None),
            },
        };
        Ok(Some(Head { fin, opcode, mask, length, payload }))
    }

    fn take(&mut self, head: &Head, payload: BytesMut) -> Result<Option<Message>, Violation> {
        match head.opcode {
            CLOSE => return closing(&payload).map(|close| Some(Message::Close(close))),
            PING => return Ok(Some(Message::Ping(payload.freeze()))),
            PONG => return Ok(Some(Message::Pong(payload.freeze()))),
            _ => {}
        }
        let (is_text, whole) = match self.message.take() {
            Some((is_text, mut before)) => {
                before.unsplit(payload);
                (is_text, before)
            }
            None => (head.opcode == TEXT, payload),
        };
        if !head.fin {
            self.message = Some((is_text, whole));
            return Ok(None);
        }
        match is_text {
            true if std::str::from_utf8(&whole).is_err() => Err(violation(code::INVALID, "a text that is not UTF-8")),
            true => Ok(Some(Message::Text(whole.freeze()))),
            false => Ok(Some(Message::Binary(whole.freeze()))),
        }
    }
}

/// What a closing frame says.
fn closing(payload: &[u8]) -> Result<Option<(u16, String)>, Violation> {
    let Some((code, reason)) = payload.split_at_checked(2) else {
        return match payload.is_empty() {
            true => Ok(None),
            false => Err(violation(code::PROTOCOL, "half a code")),
        };
    };
    let code = u16::from_be_bytes([code[0], code[1]]);
    if !may_be_sent(code) {
        return Err(violation(code::PROTOCOL, "a code that nobody may send"));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Some((code, reason.to_owned()))),
        Err(_) => Err(violation(code::INVALID, "a reason that is not UTF-8")),
    }
}

/// Whether a code may stand in a frame: some only stand for what no frame said.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

impl Message {
    /// Its frame, written as a server does, or as a client does with this mask.
    pub fn frame(&self, mask: Option<[u8; 4]>) -> Bytes {
        let closing;
        let (opcode, payload): (u8, &[u8]) = match self {
            Message::Text(text) => (TEXT, text),
            Message::Binary(bytes) => (BINARY, bytes),
            Message::Ping(bytes) => (PING, bytes),
            Message::Pong(bytes) => (PONG, bytes),
            Message::Close(None) => (CLOSE, &[]),
            Message::Close(Some((code, reason))) => {
                let reason = &reason[..reason.floor_char_boundary(LONGEST_CONTROL - 2)];
                closing = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
                (CLOSE, &closing)
            }
        };
        let mut out = BytesMut::with_capacity(payload.len() + 14);
        out.put_u8(0x80 | opcode);
        let masked = if mask.is_some() { 0x80 } else { 0 };
        match payload.len() {
            length @ 0..126 => out.put_u8(masked | length as u8),
            length @ 126..65_536 => {
                out.put_u8(masked | 126);
                out.put_u16(length as u16);
            }
            length => {
                out.put_u8(masked | 127);
                out.put_u64(length as u64);
            }
        }
        mask.iter().for_each(|mask| out.put_slice(mask));
        let head = out.len();
        out.put_slice(payload);
        if let Some(mask) = mask {
            apply(mask, &mut out[head..]);
        }
        out.freeze()
    }
}

/// Masks, or takes the mask off.
fn apply(mask: [u8; 4], payload: &mut [u8]) {
    let (words, rest) = payload.as_chunks_mut::<4>();
    words.iter_mut().for_each(|word| *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes());
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests;
