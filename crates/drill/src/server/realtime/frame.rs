//! WebSocket frames of a server, and the sum of its handshake. Small, for clients that keep to the rules.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Largest message that is taken.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// What a client says.
pub(super) enum Said {
    Text(String),
    Ping(Vec<u8>),
    Pong,
    Close(Vec<u8>),
}

/// Takes a whole message off the front of `inbox`; `Err` if it breaks the rules.
pub(super) fn take(inbox: &mut Vec<u8>) -> Result<Option<Said>, &'static str> {
    let Some([first, second]) = inbox.get(..2).and_then(|head| <[u8; 2]>::try_from(head).ok()) else {
        return Ok(None);
    };
    if second & 0x80 == 0 {
        return Err("a frame that is not masked");
    }
    let (length, head) = match second & 0x7f {
        126 => match inbox.get(2..4) {
            Some(bytes) => (usize::from(bytes[0]) << 8 | usize::from(bytes[1]), 4),
            None => return Ok(None),
        },
        127 => match inbox.get(2..10) {
            Some(bytes) => (bytes.iter().fold(0, |sum: usize, byte| (sum << 8) | usize::from(*byte)), 10),
            None => return Ok(None),
        },
        short => (usize::from(short), 2),
    };
    if length > MAX_MESSAGE {
        return Err("a message that is too large");
    }
    let whole = head + 4 + length;
    if inbox.len() < whole {
        return Ok(None);
    }
    let frame: Vec<u8> = inbox.drain(..whole).collect();
    let mask = &frame[head..head + 4];
    let payload: Vec<u8> = frame[head + 4..].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    match first {
        0x81 => String::from_utf8(payload).map(|text| Some(Said::Text(text))).map_err(|_| "a text that is not UTF-8"),
        0x88 => Ok(Some(Said::Close(payload))),
        0x89 => Ok(Some(Said::Ping(payload))),
        0x8a => Ok(Some(Said::Pong)),
        _ => Err("a frame of another kind"),
    }
}

/// Appends a frame with this first byte.
pub(super) fn put(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(first);
    match payload.len() {
        length @ 0..=125 => out.push(length as u8),
        length @ 126..=0xffff => {
            out.push(126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// What answers a key.
pub(super) fn accept(key: &str) -> String {
    STANDARD.encode(sha1(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes()))
}

/// SHA-1 of a short text.
fn sha1(text: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut bytes = text.to_vec();
    bytes.push(0x80);
    while bytes.len() % 64 != 56 {
        bytes.push(0);
    }
    bytes.extend((text.len() as u64 * 8).to_be_bytes());
    for block in bytes.chunks_exact(64) {
        let mut words: Vec<u32> =
            block.chunks_exact(4).map(|word| word.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte))).collect();
        for at in 16..80 {
            words.push((words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (mixed, constant) = match at {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6u32),
            };
            let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (a, b, c, d, e) = (sum, a, b.rotate_left(30), c, d);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut out = [0; 20];
    out.chunks_exact_mut(4).zip(state).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_be_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_accepted() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
