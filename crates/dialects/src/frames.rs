//! Amazon's binary frames (`application/vnd.amazon.eventstream`): where one ends, and what is in it. Lengths, headers
//! and payload are covered by checksums, and whatever does not fit them is no frame.

use types::Fault;

use crate::sse::MAX_EVENT_BYTES;
use crate::upstream::malformed;

/// Bytes of the two lengths and their checksum.
const PRELUDE: usize = 12;
/// Bytes of the checksum at the end.
const TAIL: usize = 4;
/// Most bytes of headers, and most headers.
const MAX_HEADER_BYTES: usize = 128 << 10;
const MAX_HEADERS: usize = 64;

/// What a frame says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'f> {
    /// An event, by its name.
    Event(&'f str, &'f [u8]),
    /// A failure, by its name.
    Exception(&'f str, &'f [u8]),
    /// A failure without a form of its own: its code and what is said about it.
    Error(&'f str, &'f str),
}

/// Where the first frame of `bytes` ends; `None` if its end has not come yet. What is no frame at all is handed out
/// at once, for [`read`] to refuse: nobody waits for its end.
pub fn end(bytes: &[u8]) -> Option<usize> {
    let prelude = bytes.get(..PRELUDE)?;
    match lengths(prelude) {
        Some((total, _)) => (bytes.len() >= total).then_some(total),
        None => Some(bytes.len()),
    }
}

/// The lengths of a frame and of its headers, if they can be.
fn lengths(prelude: &[u8]) -> Option<(usize, usize)> {
    let (total, headers) = (number(prelude, 0)?, number(prelude, 4)?);
    let fits = number(prelude, 8)? == crc(prelude.get(..8)?);
    let (total, headers) = (usize::try_from(total).ok()?, usize::try_from(headers).ok()?);
    let possible = total <= MAX_EVENT_BYTES && headers <= MAX_HEADER_BYTES && headers + PRELUDE + TAIL <= total;
    (fits && possible).then_some((total, headers))
}

/// Reads a whole frame.
pub fn read(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    parse(bytes).ok_or_else(|| malformed("the provider sent a frame that is broken or too large"))
}

fn parse(bytes: &[u8]) -> Option<Frame<'_>> {
    let (total, headers) = lengths(bytes.get(..PRELUDE)?)?;
    let body = bytes.get(..total.checked_sub(TAIL)?)?;
    if bytes.len() != total || number(bytes, body.len())? != crc(body) {
        return None;
    }
    let (headers, payload) = body.get(PRELUDE..)?.split_at_checked(headers)?;
    let (mut kind, mut event, mut exception, mut code, mut message) = ("event", "", "", "", "");
    let mut rest = headers;
    for _ in 0..MAX_HEADERS {
        if rest.is_empty() {
            break;
        }
        let (name, value, after) = header(rest)?;
        rest = after;
        match name {
            b":message-type" => kind = value?,
            b":event-type" => event = value?,
            b":exception-type" => exception = value?,
            b":error-code" => code = value?,
            b":error-message" => message = value?,
            _ => {}
        }
    }
    match kind {
        _ if !rest.is_empty() => None,
        "event" => Some(Frame::Event(event, payload)),
        "exception" => Some(Frame::Exception(exception, payload)),
        "error" => Some(Frame::Error(code, message)),
        _ => None,
    }
}

/// A header's name, its value if that is a text, and what follows.
type Header<'h> = (&'h [u8], Option<&'h str>, &'h [u8]);

fn header(bytes: &[u8]) -> Option<Header<'_>> {
    let (length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let (kind, rest) = rest.split_first()?;
    // Flags have no value; numbers, times and ids have a fixed length; bytes and texts say theirs.
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        9 => 16,
        6 | 7 => {
            let (length, value) = rest.split_at_checked(2)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let (value, rest) = value.split_at_checked(length)?;
            let text = if *kind == 7 { Some(std::str::from_utf8(value).ok()?) } else { None };
            return Some((name, text, rest));
        }
        _ => return None,
    };
    Some((name, None, rest.split_at_checked(length)?.1))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes)
}

/// CRC-32 as in Ethernet and ZIP.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// A frame with these short headers, for tests.
#[cfg(any(test, feature = "fuzz"))]
pub fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut written = Vec::new();
    for (name, value) in headers {
        written.push(name.len() as u8);
        written.extend_from_slice(name.as_bytes());
        written.push(7);
        written.extend_from_slice(&(value.len() as u16).to_be_bytes());
        written.extend_from_slice(value.as_bytes());
    }
    let total = (PRELUDE + written.len() + payload.len() + TAIL) as u32;
    let mut out = [total.to_be_bytes(), (written.len() as u32).to_be_bytes()].concat();
    out.extend_from_slice(&crc(&out).to_be_bytes());
    out.extend_from_slice(&written);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc(&out).to_be_bytes());
    out
}

#[cfg(test)]
mod tests;
