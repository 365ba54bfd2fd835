//! What becomes of what a guardrail finds.

/// What becomes of what is found, mildest first: of several that one place calls for, the strictest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is noted, nothing else.
    Log,
    /// A placeholder goes on instead, and in the answer the value stands in its place again.
    Unmask,
    /// A placeholder goes on instead, and stays.
    Mask,
    /// The call is refused.
    #[default]
    Block,
}

impl Action {
    /// All of them, by their names in configurations.
    pub const ALL: [(&'static str, Action); 4] =
        [("log", Action::Log), ("mask_and_unmask", Action::Unmask), ("mask", Action::Mask), ("block", Action::Block)];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        Action::ALL[self as usize].0
    }

    /// The action of that name, in either case.
    pub fn parse(name: &str) -> Option<Self> {
        Action::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, action)| action)
    }

    /// Whether a placeholder goes on instead.
    pub fn masks(self) -> bool {
        matches!(self, Action::Mask | Action::Unmask)
    }
}
