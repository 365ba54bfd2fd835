//! Inputs made of others: bytes that change, values in the place of others, pieces of one text in another.

use crate::json::{Doc, Json};

/// Longest input, bytes.
const LONGEST: usize = 16 << 10;
/// Most mutations of one input.
const MOST: usize = 6;

/// Values that are unlike what stands there.
const ODD: [&str; 24] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e400",
    "-0.0",
    "18446744073709551616",
    "9007199254740993",
    "1.5",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud83d\"",
    "\"\\ud83d\\ude00\"",
    "\"data: [DONE]\\n\\n\"",
    "[]",
    "[[]]",
    "[null]",
    "{}",
    "{\"\":{}}",
    "{\"type\":\"text\"}",
    "[{\"type\":\"text\",\"text\":\"\"}]",
    "{\"a\":1,\"a\":2}",
    "\"Grüße, 世界 👋🏽\"",
];
/// Bytes that mean something.
const BYTES: &[u8] = b"{}[]\",:\\ \r\n\t0e-.\x00\xff\xc3:dn;=";

/// Numbers from a seed (SplitMix64).
pub(super) struct Random(u64);

impl Random {
    pub fn of(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}

/// What mutations are made of.
pub(super) struct Mutator {
    /// Names of fields and values of the corpus, as they are written.
    words: Vec<String>,
    values: Vec<String>,
}

impl Mutator {
    pub fn of(corpus: &[Vec<u8>]) -> Self {
        let mut mutator = Mutator { words: vec!["\"x\"".to_owned()], values: ODD.map(str::to_owned).to_vec() };
        for text in corpus {
            for line in std::iter::once(&text[..]).chain(text.split(|byte| *byte == b'\n')) {
                if let Ok(doc) = Doc::parse_answer(json_in(line)) {
                    mutator.learn(doc.root());
                }
            }
        }
        mutator.words.sort();
        mutator.words.dedup();
        mutator.values.sort();
        mutator.values.dedup();
        mutator
    }

    fn learn(&mut self, value: Json) {
        if value.raw().len() < 200 {
            self.values.push(value.raw().to_owned());
        }
        value.items().for_each(|item| self.learn(item));
        for (key, field) in value.fields() {
            self.words.push(key.raw().to_owned());
            self.learn(field);
        }
    }

    /// An input that is like one of the corpus, more or less.
    pub fn make(&self, corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
        let mut text = random.pick(corpus).clone();
        // Of long ones a piece, which is likely to be read to its end.
        if random.below(3) == 0 {
            text = self.lines(&text, random);
        }
        for _ in 0..random.below(MOST) + 1 {
            match random.below(10) {
                0 => self.byte(&mut text, random),
                1 => self.cut(&mut text, random),
                2 => self.double(&mut text, random),
                3 => {
                    let other = random.pick(corpus);
                    let other = self.lines(other, random);
                    let at = random.below(text.len() + 1);
                    text.splice(at..at, other);
                }
                4 => {
                    let at = random.below(text.len() + 1);
                    let word = random.pick(&self.words).clone();
                    text.splice(at..at, word.into_bytes());
                }
                _ => self.value(&mut text, random),
            }
            text.truncate(LONGEST);
        }
        text
    }

    fn byte(&self, text: &mut Vec<u8>, random: &mut Random) {
        let (at, byte) = (random.below(text.len()), *random.pick(BYTES));
        match random.below(2) {
            0 if !text.is_empty() => text[at] = byte,
            _ => text.insert(at, byte),
        }
    }

    fn cut(&self, text: &mut Vec<u8>, random: &mut Random) {
        let start = random.below(text.len() + 1);
        let end = (start + random.below(40)).min(text.len());
        text.drain(start..end);
    }

    fn double(&self, text: &mut Vec<u8>, random: &mut Random) {
        let start = random.below(text.len() + 1);
        let end = (start + random.below(300)).min(text.len());
        let piece = text[start..end].to_vec();
        text.splice(end..end, piece);
    }

    /// Some lines of a text.
    fn lines(&self, text: &[u8], random: &mut Random) -> Vec<u8> {
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let start = random.below(lines.len());
        lines.iter().skip(start).take(1 + random.below(6)).copied().collect::<Vec<_>>().concat()
    }

    /// A value, a name or a whole field that is another one.
    fn value(&self, text: &mut Vec<u8>, random: &mut Random) {
        if text.is_empty() {
            return self.byte(text, random);
        }
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let whole = Doc::parse_answer(text).is_ok();
        let line = if whole { &text[..] } else { lines.get(random.below(lines.len())).copied().unwrap_or_default() };
        let json = json_in(line);
        let base = json.as_ptr().addr() - text.as_ptr().addr();
        let Ok(doc) = Doc::parse_answer(json) else { return self.byte(text, random) };
        let mut spans = Vec::new();
        note(doc.root(), &mut spans);
        let (start, end, is_key) = *random.pick(&spans);
        let new = match (is_key, random.below(4)) {
            (true, _) => random.pick(&self.words).clone(),
            (false, 0) => format!("{{{}:{}}}", random.pick(&self.words), random.pick(&self.values)),
            (false, 1) => random.pick(&ODD).to_string(),
            (false, _) => random.pick(&self.values).clone(),
        };
        text.splice(base + start..base + end, new.into_bytes());
    }
}

/// What of a line of a stream is JSON.
fn json_in(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| matches!(byte, b'{' | b'[')).unwrap_or_default();
    line[start..].trim_ascii_end()
}

/// The places of a value, of all it contains, and whether they are names.
fn note(value: Json, spans: &mut Vec<(usize, usize, bool)>) {
    let (start, end) = value.span();
    spans.push((start, end, false));
    value.items().for_each(|item| note(item, spans));
    for (key, field) in value.fields() {
        let (start, end) = key.span();
        spans.push((start, end, true));
        note(field, spans);
    }
}
