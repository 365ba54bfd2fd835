//! Words and patterns that an operator does not want to be said.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexBuilder};

use crate::Action;

/// Largest compiled pattern, bytes.
const LARGEST: usize = 1 << 20;

/// One word or pattern.
#[derive(Clone, Debug)]
pub struct Word {
    /// What it is called in verdicts: never the word itself unless the operator calls it so.
    pub name: String,
    /// What becomes of it.
    pub action: Action,
}

/// What was found, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which of the words, in the order in which they were given: keywords first.
    pub index: usize,
    /// Bytes of the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Words and patterns.
#[derive(Clone, Debug, Default)]
pub struct Words {
    words: Vec<Word>,
    keywords: Option<AhoCorasick>,
    patterns: Vec<Regex>,
}

impl Words {
    /// Keywords, found as whole words in either case; and regular expressions. The error names what is none.
    pub fn new(keywords: Vec<(String, Word)>, patterns: Vec<(String, Word)>) -> Result<Self, String> {
        let (texts, mut words): (Vec<String>, Vec<Word>) = keywords.into_iter().unzip();
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err("a keyword must not be empty".to_owned());
        }
        let build =
            || AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(&texts);
        let keywords =
            (!texts.is_empty()).then(build).transpose().map_err(|_| "the keywords are too many".to_owned())?;
        let mut compiled = Vec::new();
        for (pattern, word) in patterns {
            let regex = RegexBuilder::new(&pattern).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
            compiled.push(regex.map_err(|why| format!("'{pattern}' is no regular expression: {}", brief(&why)))?);
            words.push(word);
        }
        Ok(Words { words, keywords, patterns: compiled })
    }

    /// The word that was found.
    pub fn word(&self, found: &Found) -> &Word {
        &self.words[found.index]
    }

    /// All that is in `text`, in order; nothing overlaps.
    pub fn find(&self, text: &str) -> Vec<Found> {
        let whole = |start: usize, end: usize| {
            let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let (head, tail) = (text[..start].chars().next_back(), text[end..].chars().next());
            let (first, last) = (text[start..end].chars().next(), text[start..end].chars().next_back());
            !(inner(head) && inner(first) || inner(tail) && inner(last))
        };
        let mut all = Vec::new();
        if let Some(keywords) = &self.keywords {
            let found = keywords.find_iter(text).filter(|found| whole(found.start(), found.end()));
            all.extend(found.map(|found| Found {
                index: found.pattern().as_usize(),
                start: found.start(),
                end: found.end(),
            }));
        }
        let before = self.words.len() - self.patterns.len();
        for (index, pattern) in self.patterns.iter().enumerate() {
            let found = pattern.find_iter(text).filter(|found| !found.is_empty());
            all.extend(found.map(|found| Found { index: before + index, start: found.start(), end: found.end() }));
        }
        all.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
        let mut end = 0;
        // What is refused is told even if it stands within something that is masked.
        all.retain(|found| {
            let kept = found.start >= end || self.words[found.index].action == Action::Block;
            end = end.max(found.end);
            kept
        });
        all
    }

    /// Names of all that has this action, without doubles.
    pub fn names(&self) -> HashSet<&str> {
        self.words.iter().map(|word| word.name.as_str()).collect()
    }
}

fn brief(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_whole_words_and_patterns_what_they_say() {
        let word = |name: &str, action| Word { name: name.to_owned(), action };
        let words = Words::new(
            vec![("project x".to_owned(), word("x", Action::Block)), ("Straße".to_owned(), word("s", Action::Mask))],
            vec![(r"\bEMP-\d{4}\b".to_owned(), word("employee", Action::Mask))],
        );
        let words = words.unwrap();
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found: Vec<_> = words
                .find(text)
                .iter()
                .map(|found| (words.word(found).name.clone(), text[found.start..found.end].to_owned()))
                .collect();
            let expected: Vec<_> =
                expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("About PROJECT X, EMP-1234.", &[("x", "PROJECT X"), ("employee", "EMP-1234")]);
        check("project xylophone, EMP-12345, Straßenbahn", &[]);
        check("die Straße", &[("s", "Straße")]);
        assert!(Words::new(Vec::new(), vec![("(".to_owned(), word("x", Action::Log))]).is_err());
        assert!(Words::new(vec![(" ".to_owned(), word("x", Action::Log))], Vec::new()).is_err());
    }
}
