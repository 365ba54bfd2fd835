//! When a rule holds: conditions on what a call wants, what it brings, who makes it, and when.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Facts, Like};
use crate::intent::Intent;

pub use crate::catalogue::Rule as Span;

/// Conditions, all of which must hold; one that is empty holds always. Of a list one must fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct When {
    /// What the prompt wants.
    pub intents: Vec<Intent>,
    /// How difficult it is.
    pub tiers: Vec<Tier>,
    /// Sentences like which the user's text is, more than like those of any other rule.
    pub like: Option<Like>,
    /// Words, one of which the user's text contains, in lower case.
    pub words: Vec<String>,
    /// How long the input is.
    pub length: Length,
    /// ISO codes of languages.
    pub languages: Vec<String>,
    /// Whether tools come along.
    pub tools: Option<bool>,
    /// Whether pictures come along.
    pub images: Option<bool>,
    /// Whether the answer must have a certain form.
    pub schema: Option<bool>,
    /// Fields of the metadata and the value that each must have.
    pub metadata: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<String>,
    /// Ids or aliases of keys.
    pub keys: Vec<String>,
    /// Ids or aliases of teams.
    pub teams: Vec<String>,
    /// Hours and days.
    pub hours: Option<Hours>,
}

/// Hours and days, as a clock on the wall shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// When; one that fits is enough.
    pub spans: Vec<Span>,
    /// Where the clock hangs.
    pub zone: TimeZone,
}

impl Hours {
    /// Whether they contain `at`, in seconds since 1970.
    fn contain(&self, at: i64) -> bool {
        let Ok(moment) = Timestamp::from_second(at) else { return false };
        let local = self.zone.to_datetime(moment);
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let day = local.weekday().to_monday_zero_offset() as u8;
        self.spans.iter().any(|span| span.contains(minute, day))
    }
}

/// Bounds of a length, tokens; both belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl Default for Length {
    fn default() -> Self {
        Length { min: 0, max: u64::MAX }
    }
}

/// How difficult work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Small talk, a fact, a label.
    Simple,
    /// A short function, a letter.
    Medium,
    /// Several things to consider.
    Complex,
    /// Long chains of thought.
    Reasoning,
}

impl Tier {
    /// All of them, the easiest first.
    pub const ALL: [Tier; 4] = [Tier::Simple, Tier::Medium, Tier::Complex, Tier::Reasoning];

    /// Its name in configurations and explanations.
    pub fn name(self) -> &'static str {
        ["simple", "medium", "complex", "reasoning"][self as usize]
    }

    /// The tier of that name, however large it is written.
    pub fn parse(name: &str) -> Option<Self> {
        Tier::ALL.into_iter().find(|tier| tier.name().eq_ignore_ascii_case(name))
    }
}

/// Where medium, complex and reasoning begin, per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiers(pub [u8; 3]);

impl Default for Tiers {
    fn default() -> Self {
        Tiers([15, 35, 60])
    }
}

impl Tiers {
    /// The tier of a difficulty.
    pub fn of(&self, difficulty: u8) -> Tier {
        Tier::ALL[self.0.iter().filter(|begin| difficulty >= **begin).count()]
    }
}

impl When {
    /// The first condition that does not hold, by its name in the configuration; `None` if all of them hold.
    pub fn unmet(&self, facts: &Facts, tiers: &Tiers) -> Option<&'static str> {
        fn any<T>(list: &[T], fits: impl Fn(&T) -> bool) -> bool {
            list.is_empty() || list.iter().any(fits)
        }
        let is = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
        let reading = facts.reading;
        let conditions: [(&str, &dyn Fn() -> bool); 13] = [
            ("intent", &|| any(&self.intents, |intent| reading.is_some_and(|reading| reading.intent == *intent))),
            ("tier", &|| any(&self.tiers, |tier| reading.is_some_and(|reading| tiers.of(reading.difficulty) == *tier))),
            ("tokens", &|| (self.length.min..=self.length.max).contains(&facts.tokens)),
            ("language", &|| any(&self.languages, |language| facts.language == Some(language))),
            ("tools", &|| is(self.tools, facts.tools)),
            ("images", &|| is(self.images, facts.images)),
            ("schema", &|| is(self.schema, facts.schema)),
            ("metadata", &|| self.metadata.iter().all(|field| facts.metadata.contains(field))),
            ("tags", &|| any(&self.tags, |tag| facts.tags.contains(tag))),
            ("keys", &|| any(&self.keys, |key| facts.keys.contains(&key.as_str()))),
            ("teams", &|| any(&self.teams, |team| facts.teams.contains(&team.as_str()))),
            ("hours", &|| self.hours.as_ref().is_none_or(|hours| hours.contain(facts.at))),
            ("words", &|| self.words.is_empty() || self.contains_word(facts.text)),
        ];
        conditions.into_iter().find(|(_, holds)| !holds()).map(|(name, _)| name)
    }

    fn contains_word(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.words.iter().any(|word| {
            let whole = |(at, _): (usize, &str)| {
                let joins = |c: char| c.is_ascii_alphanumeric();
                !text[..at].ends_with(joins) && !text[at + word.len()..].starts_with(joins)
            };
            text.match_indices(word.as_str()).any(whole)
        })
    }

    /// Whether it asks what the prompt wants, or how it is written.
    pub fn reads_prompts(&self) -> bool {
        !(self.like.is_none()
            && self.intents.is_empty()
            && self.tiers.is_empty()
            && self.words.is_empty()
            && self.languages.is_empty())
    }
}
