//! Facts about models: windows, prices, abilities, the day a model goes. One embedded text, sorted by key, in
//! which a look-up reads a dozen lines; nothing is parsed at start.
//!
//! The text is generated (`tools/catalogue.py`) from LiteLLM's price map. What an operator states about a
//! deployment wins over it; joining the two is the configuration's business.

mod families;
mod prices;
mod spelling;

use spelling::{prefix, same_as};
use types::{Abilities, Effort, ModelFacts};

pub use prices::{Factor, Fees, Hours, Kind, ONE, OffPeak, PriceList, Rates, Rule, Variant};
pub use spelling::{find as find_spelled, provider_of};

/// The catalogue: a few lines that begin with `#`, then one line per model, sorted bytewise by its first column.
static TEXT: &str = include_str!("catalogue.tsv");

/// What the catalogue says about `provider`'s `model`, as the provider spells it ([`find_spelled`] says what is tried).
pub fn lookup(provider: &str, model: &str) -> Option<Entry> {
    let find = |key: &str| Entry::read(search(TEXT, key, |_| ())?);
    spelling::find(provider, model, find, |entry, provider| entry.provider() == provider)
}

/// Facts about `provider`'s `model`: the catalogue's, or for a model it does not list what the name tells about
/// its abilities. A reseller's `vendor/model` has the vendor's windows and abilities, but never its prices.
pub fn facts(provider: &str, model: &str) -> ModelFacts {
    if let Some(entry) = lookup(provider, model) {
        return entry.facts();
    }
    let resold = model.split_once('/').and_then(|(vendor, model)| lookup(vendor, model));
    let mut abilities = families::abilities(same_as(provider), model);
    if let Some(entry) = resold {
        entry.overlay(&mut abilities);
    }
    // A model that nobody knows may well be able to think: a caller who asks for it is believed.
    abilities.reasoning |= resold.is_none();
    families::settle(&mut abilities);
    ModelFacts {
        max_input_tokens: resold.and_then(|entry| entry.max_input_tokens()),
        max_output_tokens: resold.and_then(|entry| entry.max_output_tokens()),
        abilities,
        ..ModelFacts::default()
    }
}

/// The entries of a provider, sorted by key. Reads the whole text: for set-up and listings, not for calls.
pub fn entries_of(provider: &str) -> impl Iterator<Item = Entry> + use<> {
    let provider = same_as(provider).to_owned();
    entries().filter(move |entry| entry.provider() == provider)
}

/// The models of a provider that answer text with text or vectors, as the provider spells them.
pub fn models_of(provider: &str) -> impl Iterator<Item = &'static str> + use<> {
    entries_of(provider)
        .filter(|entry| matches!(entry.mode(), "chat" | "completion" | "embedding" | "responses"))
        .map(|entry| entry.model())
}

/// All entries, sorted by key.
pub fn entries() -> impl Iterator<Item = Entry> {
    TEXT.lines().filter(|line| !line.starts_with('#')).filter_map(Entry::read)
}

/// One line of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    columns: [&'static str; 13],
}

impl Entry {
    fn read(line: &'static str) -> Option<Self> {
        let mut columns = [""; 13];
        let mut words = line.split('\t');
        for column in &mut columns {
            *column = words.next()?;
        }
        Some(Entry { columns })
    }

    /// The key, as the price map spells it.
    pub fn key(&self) -> &'static str {
        self.columns[0]
    }

    /// Whose model it is.
    pub fn provider(&self) -> &'static str {
        self.columns[1]
    }

    /// The model as the provider spells it: the key without the provider.
    pub fn model(&self) -> &'static str {
        let (key, provider) = (self.key(), prefix(self.provider()));
        let model = key.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/'));
        model.unwrap_or(key)
    }

    /// What it is for: `chat`, `responses`, `completion`, `embedding`, `rerank`, `moderation`, `realtime`,
    /// `image_generation`, `audio_transcription`, `audio_speech`.
    pub fn mode(&self) -> &'static str {
        self.columns[2]
    }

    /// Context window for input, tokens.
    pub fn max_input_tokens(&self) -> Option<u64> {
        self.columns[3].parse().ok()
    }

    /// Largest output, tokens.
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.columns[4].parse().ok()
    }

    /// All list prices.
    pub fn prices(&self) -> PriceList {
        PriceList::read(&self.columns[5..10], self.columns[12])
    }

    /// Day on which the provider switches the model off, as `YYYYMMDD`.
    pub fn deprecation_date(&self) -> Option<u32> {
        self.columns[10].parse().ok()
    }

    /// Whether it takes images; `None` if the catalogue does not say.
    pub fn vision(&self) -> Option<bool> {
        self.flag('v')
    }

    /// Whether it calls tools; `None` if the catalogue does not say.
    pub fn tools(&self) -> Option<bool> {
        self.flag('t')
    }

    /// Everything in the words of the house.
    pub fn facts(&self) -> ModelFacts {
        let mut abilities = families::abilities(self.provider(), self.model());
        self.overlay(&mut abilities);
        families::settle(&mut abilities);
        let [input, output, cache_read, cache_write, cache_write_long] =
            [5, 6, 7, 8, 9].map(|at: usize| self.columns[at].parse().ok());
        ModelFacts {
            max_input_tokens: self.max_input_tokens(),
            max_output_tokens: self.max_output_tokens(),
            input_picousd: input,
            output_picousd: output,
            cache_read_picousd: cache_read,
            cache_write_picousd: cache_write,
            cache_write_long_picousd: cache_write_long,
            deprecation_date: self.deprecation_date(),
            abilities,
        }
    }

    /// Replaces in `abilities` what the line says explicitly.
    fn overlay(&self, abilities: &mut Abilities) {
        let pairs = [
            ('r', &mut abilities.reasoning),
            ('s', &mut abilities.sampling),
            ('a', &mut abilities.adaptive_thinking),
            ('b', &mut abilities.budget_thinking),
            ('o', &mut abilities.thinking_always_on),
            ('p', &mut abilities.prefill),
            ('f', &mut abilities.forced_tool),
            ('m', &mut abilities.system_anywhere),
            ('j', &mut abilities.structured_output),
            ('n', &mut abilities.effort_none),
            ('i', &mut abilities.effort_minimal),
            ('x', &mut abilities.effort_xhigh),
        ];
        for (letter, ability) in pairs {
            *ability = self.flag(letter).unwrap_or(*ability);
        }
        abilities.max_effort = match (self.flag('z'), abilities.effort_xhigh) {
            (Some(true), _) => Effort::Max,
            (None, _) if abilities.max_effort == Effort::Max => Effort::Max,
            (_, true) => Effort::XHigh,
            (_, false) => Effort::High,
        };
        if let Some(off) = self.flag('d') {
            abilities.default_effort = off.then_some(Effort::None);
        }
    }

    /// Upper case says yes, lower case says no, absence says unknown.
    fn flag(&self, letter: char) -> Option<bool> {
        let said = self.columns[11].chars().find(|flag| flag.eq_ignore_ascii_case(&letter))?;
        Some(said.is_ascii_uppercase())
    }
}

/// The line of `text` whose first column is `key`, by binary search over byte positions. `look` sees every line
/// that is read on the way.
fn search<'t>(text: &'t str, key: &str, mut look: impl FnMut(&'t str)) -> Option<&'t str> {
    let bytes = text.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[low..middle].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let end = bytes[middle..high].iter().position(|byte| *byte == b'\n').map_or(high, |at| middle + at);
        let line = &text[start..end];
        look(line);
        let first = line.split('\t').next().unwrap_or_default();
        match first.cmp(key) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests;
