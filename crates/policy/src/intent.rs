//! What a prompt wants: code, reasoning, extraction, classification or a chat, and how difficult that is.
//!
//! A linear model over words, phrases and the form of the text. Its weights are a table (`intent/features.tsv`), so
//! every verdict can say which of them decided. Nothing is learned while running, and nothing leaves the process. The
//! work is bounded: of a long text the head and the tail are read, where people say what they want.

mod structure;
mod table;

use structure::Shape;
use table::{Table, Target};

/// What a prompt wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Intent {
    /// To write, change, explain or repair a program.
    Code,
    /// To work something out: proofs, sums, riddles, plans, weighing one thing against another.
    Reasoning,
    /// To find values in a text and give them back in some form.
    Extraction,
    /// To choose among labels.
    Classification,
    /// Anything else: talk, questions of fact, writing, translating, summing up.
    #[default]
    Chat,
}

impl Intent {
    /// All of them.
    pub const ALL: [Intent; 5] =
        [Intent::Code, Intent::Reasoning, Intent::Extraction, Intent::Classification, Intent::Chat];

    /// Its name in configurations and explanations.
    pub fn name(self) -> &'static str {
        match self {
            Intent::Code => "code",
            Intent::Reasoning => "reasoning",
            Intent::Extraction => "extraction",
            Intent::Classification => "classification",
            Intent::Chat => "chat",
        }
    }

    /// The intent of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Intent::ALL.into_iter().find(|intent| intent.name() == name)
    }
}

/// What a prompt says: the parts of a request that tell what is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prompt<'a> {
    /// What the application says: system prompt and instructions.
    pub system: &'a str,
    /// What the user said last.
    pub user: &'a str,
}

/// What was read from a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is wanted.
    pub intent: Intent,
    /// Points of each intent, in the order of [`Intent::ALL`].
    pub scores: [i32; 5],
    /// How difficult it is, per cent.
    pub difficulty: u8,
    /// What decided: the features that spoke most for the intent, strongest first.
    pub because: Vec<Reason>,
}

/// A feature that spoke for an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The word, phrase or property that was found.
    pub feature: &'static str,
    /// The points it gave.
    pub points: i32,
}

/// Points are counted in halves: a feature in the middle of a long text counts half.
const WHOLE: i32 = 2;
/// How many reasons are given.
const REASONS: usize = 3;
/// How much is read of the head and of the tail of a long text, bytes.
const HEAD: usize = 3 << 10;
const TAIL: usize = 1 << 10;
/// How near to the head and to the tail features count wholly, bytes.
const NEAR: [usize; 2] = [320, 160];

/// Reads what `prompt` wants.
pub fn read(prompt: &Prompt) -> Reading {
    let table = Table::shared();
    let mut tally = Tally::new(table);
    tally.add(prompt.user, WHOLE);
    if !prompt.system.is_empty() {
        // An application says what it is for, and also much else.
        tally.add(prompt.system, WHOLE / 2);
    }
    tally.finish()
}

/// Features found so far, and their points.
struct Tally<'t> {
    table: &'t Table,
    /// The weight with which each feature was found, in halves, and the spelling.
    found: Vec<(i32, &'static str)>,
}

impl<'t> Tally<'t> {
    fn new(table: &'t Table) -> Self {
        Tally { table, found: vec![(0, ""); table.features.len()] }
    }

    fn note(&mut self, feature: usize, spelling: &'static str, weight: i32) {
        if let Some(found) = self.found.get_mut(feature).filter(|found| found.0 < weight) {
            *found = (weight, spelling);
        }
    }

    fn add(&mut self, text: &str, weight: i32) {
        let text = text.trim();
        let excerpt = excerpt(text);
        let shape = Shape::of(&excerpt, text.len());
        for (property, feature) in &self.table.properties {
            let (name, holds) = structure::PROPERTIES[*property];
            if holds(&shape) {
                self.note(*feature, name, weight);
            }
        }
        let lower = excerpt.to_lowercase();
        let tail = lower.len().saturating_sub(NEAR[1]);
        self.table.find(&lower, |feature, spelling, at| {
            let near = at <= NEAR[0] || at >= tail;
            self.note(feature, spelling, if near { weight } else { (weight / 2).max(1) });
        });
    }

    fn finish(self) -> Reading {
        let mut scores = [0; 5];
        let mut difficulty = 0;
        for (feature, (weight, _)) in self.table.features.iter().zip(&self.found).filter(|(_, found)| found.0 > 0) {
            for (target, points) in &feature.effects {
                match target {
                    Target::Intent(intent) => scores[*intent as usize] += points * weight,
                    Target::Hard => difficulty += points * weight,
                }
            }
        }
        // Of equals the last one wins: a chat harms nobody.
        let best = Intent::ALL.into_iter().max_by_key(|intent| scores[*intent as usize]).unwrap_or_default();
        difficulty += self.table.usual(best) * WHOLE;
        let points = |feature: usize| self.table.features[feature].points(best) * self.found[feature].0 / WHOLE;
        let mut because: Vec<Reason> = (0..self.found.len())
            .filter(|feature| points(*feature) > 0 && self.found[*feature].1 != structure::ALWAYS)
            .map(|feature| Reason { feature: self.found[feature].1, points: points(feature) })
            .collect();
        because.sort_by_key(|reason| std::cmp::Reverse(reason.points));
        because.truncate(REASONS);
        let scores = scores.map(|points| points / WHOLE);
        Reading { intent: best, scores, difficulty: (difficulty / WHOLE).clamp(0, 100) as u8, because }
    }
}

/// The head and the tail of a text.
fn excerpt(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= HEAD + TAIL {
        return text.into();
    }
    let head = &text[..text.floor_char_boundary(HEAD)];
    let tail = &text[text.ceil_char_boundary(text.len() - TAIL)..];
    format!("{head}\n{tail}").into()
}

#[cfg(test)]
mod tests;
