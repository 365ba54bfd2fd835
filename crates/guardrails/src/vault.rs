//! Placeholders that stand for values within one call, and the way back.
//!
//! A value has the same placeholder wherever it stands in a call: the model can tell people apart without knowing who
//! they are. What the caller itself wrote like a placeholder is left alone, and no value gets that one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::Class;

/// Longest placeholder that is told from other text, bytes.
const LONGEST: usize = 48;

/// The values of a call and what stands for them. It never shows a value.
#[derive(Default)]
pub struct Vault {
    /// What stands for a value, by class and value.
    given: HashMap<(Class, String), String>,
    /// Values that may be put back, by placeholder without its brackets.
    back: HashMap<String, String>,
    counts: HashMap<Class, u32>,
    /// Placeholders that the caller wrote.
    taken: HashSet<String>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("values", &self.given.len()).finish()
    }
}

impl Vault {
    /// Notes what looks like a placeholder in a text of the caller: before anything is masked.
    pub fn avoid(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
            rest = &rest[at + 1..];
            let end = rest.bytes().take(LONGEST).take_while(|byte| is_inner(*byte)).count();
            if rest.as_bytes().get(end) == Some(&b'>') && end > 0 {
                self.taken.insert(rest[..end].to_owned());
            }
        }
    }

    /// What stands for `value`, and whether it is put back into the answer.
    pub fn mask(&mut self, class: Class, value: &str, restored: bool) -> &str {
        let Vault { given, back, counts, taken } = self;
        given.entry((class, value.to_owned())).or_insert_with(|| {
            let count = counts.entry(class).or_default();
            let name = loop {
                *count += 1;
                let name = format!("{}_{count}", class.label());
                if !taken.contains(&name) {
                    break name;
                }
            };
            let placeholder = format!("<{name}>");
            if restored {
                back.insert(name, value.to_owned());
            }
            placeholder
        })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.given.len()
    }

    /// Whether nothing was masked.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Whether anything is to be put back.
    pub fn restores(&self) -> bool {
        !self.back.is_empty()
    }

    /// The text with all values in their places.
    pub fn restored<'t>(&self, text: &'t str, form: Form) -> Cow<'t, str> {
        if memchr::memchr2(b'<', b'\\', text.as_bytes()).is_none() || self.back.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut restorer = Restorer::new(form);
        let mut out = String::with_capacity(text.len());
        restorer.push(self, text, &mut out);
        restorer.finish(&mut out);
        Cow::Owned(out)
    }
}

fn is_inner(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

/// What a text is into which values are put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Words.
    #[default]
    Plain,
    /// JSON: values are escaped, and the brackets of placeholders may be.
    Json,
}

/// Puts values back into a text that comes in pieces. It holds back no more than what may be the beginning of a
/// placeholder.
#[derive(Debug, Default)]
pub struct Restorer {
    form: Form,
    held: String,
}

/// What a text that begins with `<` is.
enum Head<'v> {
    /// A placeholder with so many bytes, and its value.
    Value(usize, &'v str),
    /// It may become one.
    Perhaps,
    /// None of ours.
    No,
}

impl Restorer {
    /// For a text of this form.
    pub fn new(form: Form) -> Self {
        Restorer { form, held: String::new() }
    }

    /// Takes in a piece, and appends what is certain.
    pub fn push(&mut self, vault: &Vault, piece: &str, out: &mut String) {
        let own;
        let mut rest = match self.held.is_empty() {
            true => piece,
            false => {
                self.held.push_str(piece);
                own = std::mem::take(&mut self.held);
                &own
            }
        };
        while let Some(at) = self.next_head(rest) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match self.head(vault, rest) {
                Head::Value(len, value) => {
                    self.write(value, out);
                    rest = &rest[len..];
                }
                Head::Perhaps => {
                    self.held = rest.to_owned();
                    return;
                }
                Head::No => {
                    // An escape is passed over as a whole: `\\u003c` is no bracket.
                    let step = match rest.as_bytes() {
                        [b'\\', _, ..] => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                        _ => 1,
                    };
                    out.push_str(&rest[..step]);
                    rest = &rest[step..];
                }
            }
        }
        out.push_str(rest);
    }

    /// Whether something is held back.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Nothing more comes: appends what was held back.
    pub fn finish(&mut self, out: &mut String) {
        out.push_str(&std::mem::take(&mut self.held));
    }

    fn next_head(&self, text: &str) -> Option<usize> {
        match self.form {
            Form::Plain => memchr::memchr(b'<', text.as_bytes()),
            Form::Json => memchr::memchr2(b'<', b'\\', text.as_bytes()),
        }
    }

    fn head<'v>(&self, vault: &'v Vault, text: &str) -> Head<'v> {
        let open = match self.bracket(text, b'<') {
            Ok(len) => len,
            Err(head) => return head,
        };
        let inner = text[open..].bytes().take(LONGEST + 1).take_while(|byte| is_inner(*byte)).count();
        let name = &text[open..open + inner];
        let rest = &text[open + inner..];
        if rest.is_empty() {
            let begins = || vault.back.keys().any(|known| known.starts_with(name));
            return if inner <= LONGEST && begins() { Head::Perhaps } else { Head::No };
        }
        let Some(value) = vault.back.get(name) else { return Head::No };
        match self.bracket(rest, b'>') {
            Ok(close) => Head::Value(open + inner + close, value),
            Err(head) => head,
        }
    }

    /// How many bytes a bracket at the beginning of `text` has.
    fn bracket(&self, text: &str, bracket: u8) -> Result<usize, Head<'static>> {
        if text.as_bytes()[0] == bracket {
            return Ok(1);
        }
        if self.form == Form::Plain {
            return Err(Head::No);
        }
        let escape = if bracket == b'<' { b"\\u003c" } else { b"\\u003e" };
        let head = &text.as_bytes()[..text.len().min(6)];
        match escape[..head.len()].eq_ignore_ascii_case(head) && !head.starts_with(b"\\U") {
            true if head.len() == 6 => Ok(6),
            true => Err(Head::Perhaps),
            false => Err(Head::No),
        }
    }

    fn write(&self, value: &str, out: &mut String) {
        if self.form == Form::Plain {
            out.push_str(value);
            return;
        }
        for c in value.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests;
