//! Masks what is found in a text that comes in pieces: the same comes out as if it had come whole, wherever it was cut.
//!
//! What might still become a find is held back: as far as the scanner looks ahead, a word that is not over yet, and a
//! private key until its end.

use crate::scan::{AHEAD, State, is_open};
use crate::{Scanner, Span};

/// How much of what has gone is kept to look back at, bytes.
const BEHIND: usize = 64;
/// Most that is held back, bytes: a word that is longer is cut.
const MOST: usize = 20 << 10;

/// Masks a text that comes in pieces.
#[derive(Debug, Default)]
pub struct Masker {
    text: String,
    /// What of the text has been looked at.
    done: usize,
    state: State,
}

impl Masker {
    /// Takes in a piece, and appends what is certain; `masked` appends what stands for a find.
    pub fn push(
        &mut self,
        scanner: &Scanner,
        piece: &str,
        out: &mut String,
        masked: impl FnMut(Span, &str, &mut String),
    ) {
        self.text.push_str(piece);
        let ahead = self.text.len().saturating_sub(AHEAD);
        let until = match self.text.len() - self.done > MOST {
            true => self.text.floor_char_boundary(ahead),
            false => certain(&self.text, self.done, ahead),
        };
        self.run(scanner, until, out, masked);
        let gone = self.text.floor_char_boundary(self.done.saturating_sub(BEHIND));
        if gone > BEHIND {
            self.text.drain(..gone);
            self.done -= gone;
            self.state.shift(gone);
        }
    }

    /// Nothing more comes: appends the rest.
    pub fn finish(&mut self, scanner: &Scanner, out: &mut String, masked: impl FnMut(Span, &str, &mut String)) {
        self.run(scanner, self.text.len(), out, masked);
        *self = Masker::default();
    }

    /// Whether something is held back.
    pub fn holds(&self) -> bool {
        self.done < self.text.len()
    }

    fn run(
        &mut self,
        scanner: &Scanner,
        until: usize,
        out: &mut String,
        mut masked: impl FnMut(Span, &str, &mut String),
    ) {
        if until <= self.done {
            return;
        }
        let mut found = Vec::new();
        let next = scanner.run(&self.text, self.done, until, &mut self.state, &mut found);
        let next = self.text.ceil_char_boundary(next.min(self.text.len()));
        let mut at = self.done;
        for span in found {
            // A find behind a title begins later than the word that told of it.
            out.push_str(&self.text[at..span.start]);
            masked(span, &self.text[span.start..span.end], out);
            at = span.end;
        }
        out.push_str(&self.text[at.min(next)..next]);
        self.done = next;
    }
}

/// Up to where what begins between `from` and `ahead` is certain: not within a run without a space that may go on, and not
/// behind the beginning of a private key whose end is not there.
fn certain(text: &str, from: usize, ahead: usize) -> usize {
    if ahead <= from {
        return from;
    }
    let bytes = text.as_bytes();
    let blank = |at: &usize| bytes[*at].is_ascii_whitespace();
    // The last space: all runs before it are over.
    let last = (from..bytes.len()).rev().find(blank).unwrap_or(from);
    let until = ahead.min(last);
    let open = memchr::memmem::find_iter(&bytes[from..until], b"-----BEGIN ")
        .map(|at| from + at)
        .find(|at| is_open(bytes, *at));
    text.floor_char_boundary(open.unwrap_or(until))
}

#[cfg(test)]
mod tests;
