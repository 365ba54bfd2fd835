//! The one pass over the text: validates it and notes where values are.

use super::{Doc, JsonError, Kind, MAX_DEPTH, Node};

/// What a scan notes, and what it bears.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// Values not deeper than so many containers are noted.
    pub keep: usize,
    /// Most values that are noted.
    pub most: usize,
    /// Halves of surrogate pairs are borne: the unit of text that some providers cut their streams by is UTF-16.
    pub halves: bool,
    /// Fields whose text is measured.
    pub heard: Names,
}

/// Names of fields.
#[derive(Clone, Copy)]
pub struct Names {
    list: &'static [&'static str],
    /// One bit for each length that a name has: most fields are told apart by it.
    lengths: u32,
}

impl Names {
    /// These names, each of fewer than 32 bytes.
    pub const fn of(list: &'static [&'static str]) -> Self {
        let mut lengths = 0;
        let mut at = 0;
        while at < list.len() {
            lengths |= 1 << list[at].len();
            at += 1;
        }
        Names { list, lengths }
    }

    fn has(self, name: &[u8]) -> bool {
        let known = name.len() < 32 && (self.lengths >> name.len()) & 1 == 1;
        known && self.list.iter().any(|own| own.as_bytes() == name)
    }
}

/// What a scan found.
pub(super) struct Found<'t> {
    pub doc: Doc<'t>,
    /// Bytes of text under the heard fields.
    pub heard: usize,
}

/// Validates `text` and notes what `rules` say.
pub(super) fn scan<'t>(text: &'t [u8], rules: Rules) -> Result<Found<'t>, JsonError> {
    let text = std::str::from_utf8(text)
        .map_err(|error| JsonError { offset: error.valid_up_to(), what: "text that is not UTF-8" })?;
    if u32::try_from(text.len()).is_err() {
        return Err(JsonError { offset: 0, what: "text of more than 4 GiB" });
    }
    let nodes = Vec::with_capacity(if rules.most == 0 { 0 } else { 32 });
    let mut scanner =
        Scanner { bytes: text.as_bytes(), at: 0, depth: 0, rules, nodes, hears: Hears::Nothing, heard: 0, escapes: 0 };
    if text.starts_with('\u{feff}') {
        scanner.at = 3;
    }
    scanner.blanks();
    scanner.value()?;
    scanner.blanks();
    if scanner.at < scanner.bytes.len() {
        return scanner.fail("text after the end of the value");
    }
    Ok(Found { doc: Doc { text: text.as_bytes(), nodes: scanner.nodes.into() }, heard: scanner.heard })
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    depth: usize,
    rules: Rules,
    nodes: Vec<Node>,
    hears: Hears,
    heard: usize,
    /// What the escapes of the string at hand take beyond what they stand for, in bytes.
    escapes: usize,
}

/// What of the value at hand is measured.
#[derive(Clone, Copy, PartialEq)]
enum Hears {
    Nothing,
    /// A string's text; an object as it is written.
    Value,
    /// The texts of an array's strings.
    Items,
}

impl Scanner<'_> {
    fn fail<T>(&self, what: &'static str) -> Result<T, JsonError> {
        let what = if self.at >= self.bytes.len() { "unexpected end of the text" } else { what };
        Err(JsonError { offset: self.at, what })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Opens a node; `None` if it lies too deep to be noted.
    fn open(&mut self, kind: Kind) -> Option<usize> {
        (self.depth <= self.rules.keep && self.rules.most > 0).then(|| {
            let start = self.at as u32;
            self.nodes.push(Node { kind, escaped: false, start, end: start, next: 0 });
            self.nodes.len() - 1
        })
    }

    fn close(&mut self, node: Option<usize>) {
        if let Some(index) = node {
            self.nodes[index].end = self.at as u32;
            self.nodes[index].next = self.nodes.len() as u32;
        }
    }

    fn value(&mut self) -> Result<(), JsonError> {
        if self.nodes.len() > self.rules.most {
            return self.fail("too many values");
        }
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.container(Kind::Object, b'}'),
            Some(b'[') => self.container(Kind::Array, b']'),
            Some(b't') => self.word(b"true", Kind::Bool),
            Some(b'f') => self.word(b"false", Kind::Bool),
            Some(b'n') => self.word(b"null", Kind::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.fail("expected a value"),
        }
    }

    fn container(&mut self, kind: Kind, closing: u8) -> Result<(), JsonError> {
        if self.depth == MAX_DEPTH {
            return self.fail("nesting deeper than 128 levels");
        }
        let node = self.open(kind);
        let (start, hears, heard) = (self.at, self.hears, self.heard);
        self.hears = if hears == Hears::Value && kind == Kind::Array { Hears::Items } else { Hears::Nothing };
        self.depth += 1;
        self.at += 1;
        self.blanks();
        if self.peek() == Some(closing) {
            self.at += 1;
        } else {
            self.members(kind, closing)?;
        }
        self.depth -= 1;
        self.close(node);
        if hears == Hears::Value && kind == Kind::Object {
            self.heard = heard + (self.at - start);
        }
        self.hears = hears;
        Ok(())
    }

    fn members(&mut self, kind: Kind, closing: u8) -> Result<(), JsonError> {
        loop {
            if kind == Kind::Object {
                self.key()?;
            }
            self.value()?;
            self.blanks();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.blanks();
                }
                Some(byte) if byte == closing => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fail("expected ',' or the end of the object or array"),
            }
        }
    }

    fn key(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return self.fail("expected a field name in quotes");
        }
        let start = self.at + 1;
        self.hears = Hears::Nothing;
        self.string()?;
        if self.rules.heard.has(&self.bytes[start..self.at - 1]) {
            self.hears = Hears::Value;
        }
        self.blanks();
        if self.peek() != Some(b':') {
            return self.fail("expected ':' after the field name");
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), JsonError> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.fail("expected a value");
        }
        let node = self.open(kind);
        self.at += word.len();
        self.close(node);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.fail("expected a digit") } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let node = self.open(Kind::Number);
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.close(node);
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let node = self.open(Kind::String);
        let start = self.at;
        self.at += 1;
        self.escapes = 0;
        let mut escaped = false;
        loop {
            self.at += plain_prefix(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.fail("control character inside a string"),
            }
        }
        self.at += 1;
        self.close(node);
        if self.hears != Hears::Nothing {
            self.heard += (self.at - start).saturating_sub(2 + self.escapes);
        }
        if let Some(index) = node {
            self.nodes[index].escaped = escaped;
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                self.escapes += 1;
                Ok(())
            }
            Some(b'u') => self.unicode(),
            _ => self.fail("unknown escape inside a string"),
        }
    }

    /// Reads `uXXXX`, and the second half of a pair.
    fn unicode(&mut self) -> Result<(), JsonError> {
        match self.unit()? {
            // Either half may stand alone, and the next escape is looked at for itself.
            _ if self.rules.halves => Ok(()),
            0xD800..=0xDBFF if self.bytes[self.at..].starts_with(b"\\u") => {
                self.at += 1;
                let low = self.unit()?;
                if (0xDC00..=0xDFFF).contains(&low) { Ok(()) } else { self.lone() }
            }
            0xD800..=0xDFFF => self.lone(),
            _ => Ok(()),
        }
    }

    fn lone(&self) -> Result<(), JsonError> {
        Err(JsonError { offset: self.at, what: "half of a surrogate pair inside a string" })
    }

    /// Reads `uXXXX`.
    fn unit(&mut self) -> Result<u32, JsonError> {
        let digits = self.bytes.get(self.at + 1..self.at + 5).unwrap_or_default();
        let text = std::str::from_utf8(digits).unwrap_or_default();
        match u32::from_str_radix(text, 16) {
            Ok(unit) if text.len() == 4 && !text.starts_with('+') => {
                self.at += 5;
                // A unit becomes two bytes of UTF-8 at the least, but for those of ASCII, which nobody escapes.
                self.escapes += 4;
                Ok(unit)
            }
            _ => self.fail("expected four hexadecimal digits after \\u"),
        }
    }
}

/// Number of leading bytes that are neither a quote, a backslash nor a control character.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    // Most strings end soon.
    if let Some(word) = bytes.first_chunk::<8>()
        && let Some(found) = first_special(u64::from_le_bytes(*word))
    {
        return found;
    }
    // No `||`: without branches inside a block the compiler compares all of its bytes at once.
    let special = |byte: &u8| (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
    let mut at = 0;
    for block in bytes.chunks_exact(32) {
        if block.iter().fold(false, |found, byte| found | special(byte)) {
            break;
        }
        at += 32;
    }
    let (words, _) = bytes[at..].as_chunks::<8>();
    for word in words {
        match first_special(u64::from_le_bytes(*word)) {
            None => at += 8,
            Some(found) => return at + found,
        }
    }
    at + bytes[at..].iter().position(special).unwrap_or(bytes.len() - at)
}

/// The first of eight bytes that is a quote, a backslash or a control character. Subtracting borrows from the byte
/// above only where this byte is found, so what is marked above the first one does not matter.
fn first_special(word: u64) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, bound: u64| word.wrapping_sub(EACH * bound) & !word;
    let equal = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    let marks = (below(word, 0x20) | equal(b'"') | equal(b'\\')) & (EACH * 0x80);
    (marks != 0).then_some(marks.trailing_zeros() as usize / 8)
}
