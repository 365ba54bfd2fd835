//! What the generations of Gemini models do differently, told from their names: the API has one form for all of
//! them but refuses what a generation does not know.

use types::Abilities;

/// The ways of asking a model to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It cannot be asked.
    No,
    /// By `thinkingBudget` (the 2.5 models).
    Budget,
    /// By `thinkingLevel` (3 and later).
    Level,
}

/// What matters about a model beyond its catalogue facts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family<'m> {
    name: &'m str,
    version: (u32, u32),
}

impl<'m> Family<'m> {
    pub(super) fn of(model: &'m str) -> Self {
        let name = bare_name(model);
        Family { name, version: version(name) }
    }

    /// Gemini 3 or later: proves its thoughts with signatures, takes tools together with a schema, and pictures
    /// inside tool results.
    pub(super) fn is_third(&self) -> bool {
        self.version.0 >= 3
    }

    /// How the model is asked to think.
    pub(super) fn thinking(&self, abilities: &Abilities) -> Thinking {
        let silent = ["-image", "-tts"].iter().any(|kind| self.name.contains(kind));
        match self.version {
            (3.., _) => Thinking::Level,
            (2, 5) if !silent => Thinking::Budget,
            _ if abilities.reasoning => Thinking::Level,
            _ => Thinking::No,
        }
    }

    /// Whether penalties other than 0 are taken: the 2.5 and later models answer them with a 400.
    pub(super) fn takes_penalties(&self) -> bool {
        self.version < (2, 5)
    }

    /// Whether it has a system instruction: the first open models do not.
    pub(super) fn has_system(&self) -> bool {
        !["gemma-3", "gemma-2"].iter().any(|open| self.name.starts_with(open))
    }

    /// Smallest and largest thinking budget, and whether 0 switches thinking off (wire.md 8.10).
    pub(super) fn budget_bounds(&self) -> (u64, u64, bool) {
        if self.is_pro() {
            (128, 32_768, false)
        } else if self.name.contains("-lite") {
            (512, 24_576, true)
        } else {
            (1, 24_576, true)
        }
    }

    /// The large models cannot stop thinking, and know no `MINIMAL`.
    pub(super) fn is_pro(&self) -> bool {
        self.name.contains("-pro")
    }
}

/// The name without the collection that Google's own lists put before it.
pub(super) fn bare_name(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// Version numbers in a name; zeros for other models. `gemini-flash-latest` and the like follow the newest.
fn version(name: &str) -> (u32, u32) {
    let Some(rest) = name.strip_prefix("gemini-") else {
        return (0, 0);
    };
    if rest.ends_with("-latest") && !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return (3, 0);
    }
    let number = rest.split('-').next().unwrap_or_default();
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    (major.parse().unwrap_or(0), minor.parse().unwrap_or(0))
}
