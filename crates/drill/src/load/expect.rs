//! Whether an answer is the right one, decided while its bytes come in, wherever they are cut.

use super::tally::Problem;
use serde::Deserialize;

/// Stands in a template for a byte that may be anything. No body of the mock contains it.
const ANY: u8 = 0;
/// What the mock's ids have before their running number.
const NUMBERED: &[u8] = b"drill";
/// Whose string values are an answer's text.
const KEY: &[u8] = b"\"content\":";

/// What makes an answer right.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Any body.
    #[default]
    Status,
    /// This body, byte by byte. It is an answer of the mock: the running numbers in its ids may differ.
    Body(String),
    /// All values of `"content"`, joined, are this text: for answers in a gateway's own words. The text must need no
    /// escapes in JSON.
    Text(String),
}

/// What is expected, in the form in which it is compared.
pub(super) enum Template {
    Anything,
    Body(Vec<u8>),
    Text(Vec<u8>),
}

impl Template {
    pub(super) fn new(expect: &Expect) -> Self {
        match expect {
            Expect::Status => Template::Anything,
            Expect::Body(sample) => Template::Body(without_numbers(sample.as_bytes())),
            Expect::Text(text) => Template::Text(text.as_bytes().to_vec()),
        }
    }
}

fn without_numbers(sample: &[u8]) -> Vec<u8> {
    let mut template = sample.to_vec();
    let mut at = 0;
    while let Some(next) = sample[at..].windows(NUMBERED.len()).position(|word| word == NUMBERED) {
        at += next + NUMBERED.len();
        while sample.get(at).is_some_and(u8::is_ascii_digit) {
            template[at] = ANY;
            at += 1;
        }
    }
    template
}

/// How far one answer agrees with what is expected.
pub(super) struct Check<'a> {
    template: &'a Template,
    /// Bytes that agree: of the body, or of its text.
    agreed: usize,
    place: Place,
    /// The last byte was a line feed.
    line_ended: bool,
}

/// Where in its JSON a body is, as far as the text needs it.
#[derive(Clone, Copy)]
enum Place {
    /// After so many bytes of the key.
    Key(usize),
    /// Between the key and its value.
    Value,
    /// In the value.
    Text,
}

impl<'a> Check<'a> {
    pub(super) fn new(template: &'a Template) -> Self {
        Self { template, agreed: 0, place: Place::Key(0), line_ended: false }
    }

    /// Takes the next bytes of the body; the number of server-sent events that end in them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<u64, Problem> {
        match self.template {
            Template::Anything => {}
            Template::Body(template) => self.feed_body(template, bytes)?,
            Template::Text(text) => bytes.iter().try_for_each(|byte| self.feed_text(text, *byte))?,
        }
        Ok(self.events(bytes))
    }

    /// Whether nothing is missing at the end of the body.
    pub(super) fn end(&self) -> Result<(), Problem> {
        let expected = match self.template {
            Template::Anything => return Ok(()),
            Template::Body(bytes) | Template::Text(bytes) => bytes.len(),
        };
        if self.agreed == expected { Ok(()) } else { Err(Problem::Short { at: self.agreed }) }
    }

    fn feed_body(&mut self, template: &[u8], bytes: &[u8]) -> Result<(), Problem> {
        let expected = &template[self.agreed..];
        let agrees = expected.iter().zip(bytes).take_while(|(want, got)| **want == ANY || want == got).count();
        self.agreed += agrees;
        if agrees == bytes.len() { Ok(()) } else { Err(Problem::Differs { at: self.agreed }) }
    }

    fn feed_text(&mut self, text: &[u8], byte: u8) -> Result<(), Problem> {
        self.place = match (self.place, byte) {
            (Place::Key(at), _) if byte == KEY[at] && at + 1 == KEY.len() => Place::Value,
            (Place::Key(at), _) if byte == KEY[at] => Place::Key(at + 1),
            (Place::Key(_), b'"') => Place::Key(1),
            (Place::Key(_), _) => Place::Key(0),
            (Place::Value, b' ') => Place::Value,
            (Place::Value, b'"') => Place::Text,
            (Place::Value, _) => Place::Key(0),
            (Place::Text, b'"') => Place::Key(0),
            (Place::Text, _) if text.get(self.agreed) == Some(&byte) => {
                self.agreed += 1;
                Place::Text
            }
            (Place::Text, _) => return Err(Problem::Differs { at: self.agreed }),
        };
        Ok(())
    }

    /// Events end with an empty line.
    fn events(&mut self, bytes: &[u8]) -> u64 {
        let mut ended = 0;
        for byte in bytes {
            let line_feed = *byte == b'\n';
            ended += u64::from(line_feed && self.line_ended);
            self.line_ended = line_feed && !self.line_ended;
        }
        ended
    }
}
