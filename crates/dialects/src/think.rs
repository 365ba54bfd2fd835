//! Reasoning that old servers leave inside the answer's text, between `<think>` and `</think>`, taken apart again
//! wherever the stream cut it. Only tags that begin the answer count: later ones are the model talking about tags.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Blanks that are held back while it is not yet clear whether a tag follows.
const MAX_BLANKS: usize = 64;

/// A piece of the answer, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The answer itself.
    Text(String),
    /// Reasoning.
    Thinking(String),
}

/// Sorts the text of one answer.
#[derive(Default)]
pub struct ThinkTags {
    state: State,
    /// Text that may turn out to be a part of a tag.
    held: String,
}

#[derive(Default, PartialEq)]
enum State {
    /// Nothing but blanks and perhaps a part of the opening tag was seen.
    #[default]
    Start,
    /// Behind the opening tag.
    Inside,
    /// Behind the closing tag: blanks before the answer belong to neither.
    Behind,
    /// The answer proper.
    Answer,
}

impl ThinkTags {
    /// The server reports reasoning in a field of its own, so tags in the text are only text.
    pub fn not_needed(&mut self) {
        if self.state == State::Start && self.held.is_empty() {
            self.state = State::Answer;
        }
    }

    /// Sorts the next piece of text.
    pub fn push(&mut self, text: &str, out: &mut Vec<Piece>) {
        self.held.push_str(text);
        loop {
            let settled = match self.state {
                State::Start => self.begin(),
                State::Inside => self.think(out),
                State::Behind => self.skip_blanks(),
                State::Answer => {
                    if !self.held.is_empty() {
                        out.push(Piece::Text(std::mem::take(&mut self.held)));
                    }
                    true
                }
            };
            if settled {
                return;
            }
        }
    }

    /// The answer ended: what was held back is what it looks like.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            _ if held.is_empty() => {}
            State::Inside => out.push(Piece::Thinking(held)),
            _ => out.push(Piece::Text(held)),
        }
        self.state = State::Answer;
    }

    /// Each step returns whether it needs more text; otherwise the next state goes on with what is held.
    fn begin(&mut self) -> bool {
        let start = self.held.trim_start();
        if let Some(rest) = start.strip_prefix(OPEN) {
            self.held = rest.to_owned();
            self.state = State::Inside;
            return false;
        }
        let undecided = OPEN.starts_with(start) && self.held.len() <= MAX_BLANKS;
        if !undecided {
            self.state = State::Answer;
        }
        undecided
    }

    fn think(&mut self, out: &mut Vec<Piece>) -> bool {
        let (thought, rest, closed) = match self.held.find(CLOSE) {
            Some(at) => (at, at + CLOSE.len(), true),
            None => {
                let kept = self.held.len() - unfinished_tag(&self.held);
                (kept, kept, false)
            }
        };
        if thought > 0 {
            out.push(Piece::Thinking(self.held[..thought].to_owned()));
        }
        self.held.drain(..rest);
        if closed {
            self.state = State::Behind;
        }
        !closed
    }

    fn skip_blanks(&mut self) -> bool {
        let blanks = self.held.len() - self.held.trim_start().len();
        self.held.drain(..blanks);
        if self.held.is_empty() {
            return true;
        }
        self.state = State::Answer;
        false
    }
}

/// Length of the end of `text` that may be the beginning of a closing tag.
fn unfinished_tag(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|length| text.ends_with(&CLOSE[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests;
