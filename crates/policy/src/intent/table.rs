//! The table of features: parsed once, and searched for in one pass over a text.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::Intent;
use super::structure::PROPERTIES;

/// The table as it is written.
pub(super) const TEXT: &str = include_str!("features.tsv");

/// What a feature speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// An intent.
    Intent(Intent),
    /// The work is difficult.
    Hard,
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Feature {
    /// What it speaks for, with points; nothing for courtesies.
    pub effects: Vec<(Target, i32)>,
}

impl Feature {
    /// Its points for an intent.
    pub fn points(&self, intent: Intent) -> i32 {
        self.effects.iter().filter(|(target, _)| *target == Target::Intent(intent)).map(|(_, points)| points).sum()
    }
}

/// A word or phrase.
struct Spelling {
    text: &'static str,
    feature: usize,
    /// Only where a sentence begins.
    at_start: bool,
    /// Also as the beginning of longer words.
    prefix: bool,
    /// Whether another feature's spelling may still stand at the beginning behind it.
    polite: bool,
}

/// The whole table.
pub(super) struct Table {
    pub features: Vec<Feature>,
    /// Index in [`PROPERTIES`], and in `features`.
    pub properties: Vec<(usize, usize)>,
    /// How difficult an intent is as such.
    usual: [i32; 5],
    spellings: Vec<Spelling>,
    search: Option<AhoCorasick>,
}

impl Table {
    /// The table that came with the program.
    pub fn shared() -> &'static Table {
        static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(TEXT));
        &TABLE
    }

    /// Parses a table. Lines that say nothing are left out; the tests see to it that there are none.
    pub fn parse(text: &'static str) -> Self {
        let (features, properties, spellings) = Default::default();
        let mut table = Table { features, properties, usual: [0; 5], spellings, search: None };
        for line in lines(text) {
            let Some((effects, spellings)) = line.split_once('\t') else { continue };
            let polite = effects == "polite";
            let effects: Vec<_> = effects.split_whitespace().filter_map(effect).collect();
            for spelling in spellings.split(" | ") {
                table.add(spelling.trim(), &effects, polite);
            }
            table.features.push(Feature { effects });
        }
        let texts = table.spellings.iter().map(|spelling| spelling.text);
        table.search = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(texts).ok();
        table
    }

    fn add(&mut self, spelling: &'static str, effects: &[(Target, i32)], polite: bool) {
        let feature = self.features.len();
        if let Some(property) = PROPERTIES.iter().position(|(name, _)| *name == spelling) {
            self.properties.push((property, feature));
        } else if let Some(intent) = spelling.strip_prefix("@is_").and_then(Intent::parse) {
            self.usual[intent as usize] = effects.iter().map(|(_, points)| points).sum();
        } else {
            let (at_start, text) = spelling.strip_prefix('^').map_or((polite, spelling), |text| (true, text));
            let (prefix, text) = text.strip_suffix('*').map_or((false, text), |text| (true, text));
            self.spellings.push(Spelling { text, feature, at_start, prefix, polite });
        }
    }

    /// Whether its words could be made into a search.
    #[cfg(test)]
    pub fn is_searchable(&self) -> bool {
        self.search.is_some()
    }

    /// How difficult an intent is as such.
    pub fn usual(&self, intent: Intent) -> i32 {
        self.usual[intent as usize]
    }

    /// Tells `note` each spelling in a text of lower case: its feature, how it is written, and where it stands.
    pub fn find(&self, text: &str, mut note: impl FnMut(usize, &'static str, usize)) {
        let Some(search) = &self.search else { return };
        // Where the courtesies end with which the sentence begins.
        let mut polite_until = usize::MAX;
        // Overlapping finds come in the order of their ends, so courtesies come before what follows them.
        for found in search.find_overlapping_iter(text) {
            let spelling = &self.spellings[found.pattern().as_usize()];
            let (start, end) = (found.start(), found.end());
            if !begins_word(text, start) || !(spelling.prefix || ends_word(text, end)) {
                continue;
            }
            if spelling.at_start && !begins_sentence(text, start, polite_until) {
                continue;
            }
            match spelling.polite {
                true => polite_until = end,
                false => note(spelling.feature, spelling.text, start),
            }
        }
    }
}

/// Lines that are not empty and no comment.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// `code+4`, `hard-10`.
pub(super) fn effect(text: &str) -> Option<(Target, i32)> {
    let (name, points) = text.split_at(text.find(['+', '-'])?);
    let target = if name == "hard" { Target::Hard } else { Target::Intent(Intent::parse(name)?) };
    Some((target, points.parse().ok()?))
}

/// Whether a character belongs to a word that must be met whole: not so where words are written without spaces.
fn joins(c: char) -> bool {
    c == '_' || c.is_alphanumeric() && !('\u{2e80}'..'\u{fb00}').contains(&c)
}

fn begins_word(text: &str, at: usize) -> bool {
    !text[at..].starts_with(joins) || !text[..at].ends_with(joins)
}

fn ends_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(joins) || !text[at..].starts_with(joins)
}

/// Whether a sentence, a line or a quotation begins at `at`, or what is to be done is said there after courtesies.
fn begins_sentence(text: &str, at: usize, polite_until: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '"', '\'', '-', '*', '#', '(', '“', '„', '¿', '¡']);
    let is_over = |c: char| matches!(c, '\n' | '.' | '!' | '?' | ':' | '。' | '！' | '？' | '：');
    let after_courtesy = before.trim_end_matches([',', '，']).len() == polite_until;
    before.is_empty() || after_courtesy || before.ends_with(is_over)
}
