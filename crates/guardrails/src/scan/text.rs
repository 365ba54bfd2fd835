//! Bytes and words of a text.

/// What a byte can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Byte {
    /// Nothing.
    Other,
    /// Something that is no word: `+`, `(`, `-`, `:`.
    Sign,
    /// A word.
    Letter,
    /// A word, or a number.
    Digit,
    /// A character of several bytes.
    High,
}

const KINDS: [Byte; 256] = {
    let mut kinds = [Byte::Other; 256];
    let mut at = 0;
    while at < 256 {
        kinds[at] = match at as u8 {
            b'0'..=b'9' => Byte::Digit,
            b'a'..=b'z' | b'A'..=b'Z' => Byte::Letter,
            b'+' | b'(' | b'-' | b':' => Byte::Sign,
            0x80.. => Byte::High,
            _ => Byte::Other,
        };
        at += 1;
    }
    kinds
};

/// Of letters 1, of digits 2.
const PLAIN: [u8; 256] = {
    let mut plain = [0; 256];
    let mut at = 0;
    while at < 256 {
        plain[at] = match KINDS[at] {
            Byte::Letter => 1,
            Byte::Digit => 2,
            _ => 0,
        };
        at += 1;
    }
    plain
};

/// What this byte can begin.
pub fn kind(byte: u8) -> Byte {
    KINDS[usize::from(byte)]
}

/// A run of letters and digits.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub start: usize,
    pub end: usize,
    /// Whether there are digits in it.
    pub digits: bool,
    /// Whether it begins with a capital letter.
    pub capital: bool,
}

impl Word {
    pub fn len(&self) -> usize {
        self.end - self.start
    }
}

/// The word that begins at `at`; an empty one if none does.
pub fn word(bytes: &[u8], at: usize) -> Word {
    let (mut end, mut seen) = (at, 0);
    loop {
        while let Some(byte) = bytes.get(end) {
            let plain = PLAIN[usize::from(*byte)];
            if plain == 0 {
                break;
            }
            seen |= plain;
            end += 1;
        }
        match bytes.get(end) {
            Some(0x80..) => match letter(bytes, end) {
                0 => break,
                length => end += length,
            },
            _ => break,
        }
    }
    let digits = seen & 2 != 0;
    Word { start: at, end, digits, capital: is_capital(bytes, at) }
}

/// How many bytes the letter at `at` has that is written in several; 0 if it is none. Scripts that write without
/// spaces have no words.
fn letter(bytes: &[u8], at: usize) -> usize {
    let (head, length) = match bytes[at] {
        byte @ 0xC2..=0xDF => (u32::from(byte & 0x1F), 2),
        byte @ 0xE0..=0xEF => (u32::from(byte & 0x0F), 3),
        _ => return 0,
    };
    let Some(rest) = bytes.get(at + 1..at + length) else { return 0 };
    let code = rest.iter().fold(head, |code, byte| code << 6 | u32::from(byte & 0x3F));
    match char::from_u32(code) {
        Some(c) if code < 0x2E80 && c.is_alphabetic() => length,
        _ => 0,
    }
}

/// Whether a capital letter stands at `at`.
pub fn is_capital(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        Some(b'A'..=b'Z') => true,
        // À to Þ, and the capitals of Polish and Czech that are common in names.
        Some(0xC3) => bytes.get(at + 1).is_some_and(|byte| (0x80..=0x9E).contains(byte)),
        Some(0xC4 | 0xC5) => bytes.get(at + 1).is_some_and(|byte| byte % 2 == 0 || *byte == 0xBB || *byte == 0xB9),
        _ => false,
    }
}

/// The word behind the one that ends at `end`, if a single space is between them.
pub fn next_word(bytes: &[u8], end: usize) -> Option<Word> {
    (bytes.get(end) == Some(&b' ')).then(|| word(bytes, end + 1)).filter(|word| word.end > word.start)
}

/// Whether nothing that could belong to a number or word stands at `at`.
pub fn is_edge(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at)
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_' && (*byte < 0x80 || letter(bytes, at) == 0))
}

/// Whether a word is one of these.
pub fn is_in(list: &[&str], bytes: &[u8], word: &Word) -> bool {
    list.iter().any(|known| known.as_bytes() == &bytes[word.start..word.end])
}
