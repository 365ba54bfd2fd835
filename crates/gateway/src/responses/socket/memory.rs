//! What the connection remembers of answers that are kept nowhere, so that its caller goes on from them by their ids.

use std::collections::VecDeque;

/// Answers that are remembered.
const MOST: usize = 8;

/// The newest answers of a connection.
pub struct Memory {
    /// Ids, and what was asked and answered up to there: a list of items.
    answers: VecDeque<(String, String)>,
    bytes: usize,
    most: usize,
}

impl Memory {
    /// Of at most `most` bytes.
    pub fn new(most: usize) -> Self {
        Memory { answers: VecDeque::new(), bytes: 0, most }
    }

    /// Remembers an answer, and forgets the oldest ones for it.
    pub fn keep(&mut self, id: String, items: String) {
        if items.len() > self.most {
            return;
        }
        self.bytes += items.len();
        self.answers.push_back((id, items));
        while self.bytes > self.most || self.answers.len() > MOST {
            let Some((_, items)) = self.answers.pop_front() else { break };
            self.bytes -= items.len();
        }
    }

    /// What was asked and answered up to this answer.
    pub fn find(&self, id: &str) -> Option<&str> {
        self.answers.iter().find(|(known, _)| known == id).map(|(_, items)| &**items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_answers_are_remembered_within_bounds() {
        let mut memory = Memory::new(20);
        memory.keep("a".to_owned(), "x".repeat(8));
        memory.keep("b".to_owned(), "y".repeat(8));
        assert_eq!((memory.find("a").map(str::len), memory.find("b").map(str::len)), (Some(8), Some(8)));
        memory.keep("c".to_owned(), "z".repeat(8));
        assert_eq!((memory.find("a"), memory.find("c").map(str::len)), (None, Some(8)));
        memory.keep("d".to_owned(), "w".repeat(21));
        assert!(memory.find("d").is_none() && memory.find("c").is_some(), "what is too large displaces nothing");
        (0..20).for_each(|at| memory.keep(at.to_string(), String::new()));
        assert!(memory.find("12").is_some() && memory.find("11").is_none());
    }
}
