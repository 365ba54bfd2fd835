//! All keys that a configuration may have, as data: type checks, warnings and `docs/configuration.md` come from here.
//!
//! Names and defaults are those of the LiteLLM Proxy 1.109. To honour one more key: read it where its section is
//! built, and turn its row into [`on`].

mod cache;
mod general;
mod guardrails;
mod kind;
mod library;
mod loops;
mod model;
mod other;
mod passing;
mod prices;
mod router;
mod tokens;

pub use cache::{CACHE_PARAMS, CACHE_SEMANTIC};
pub use general::GENERAL;
pub use guardrails::{GUARDRAIL, GUARDRAIL_PARAMS, GUARDRAIL_PATTERN, GUARDRAIL_RULE, GUARDRAIL_WORD};
pub use kind::Kind;
pub use library::LIBRARY;
pub use loops::LOOP_BREAKER;
pub use model::{CREDENTIAL, MARKER, MODEL, MODEL_INFO, PARAMS};
pub use other::TOP;
pub use passing::PASS_THROUGH;
pub use prices::{DEFAULT_PRICE, HARDWARE, MARGIN};
pub use router::{
    ALIAS, ALLOWED_FAILS, COORDINATION, NODE, PROVIDER_BUDGET, RETRY_BUDGET, RETRY_POLICY, ROUTE_RULE, ROUTE_WHEN,
    ROUTER, ROUTER_ENTRY, ROUTING_GROUP, STRATEGY_ARGS,
};
pub use tokens::{ISSUER, ROLE_MAPPING, ROLE_PERMISSION, SCOPE_MAPPING, TOKENS, USER_ROLE};

/// A section: all keys that one mapping may have.
pub struct Table {
    /// How documentation calls it.
    pub name: &'static str,
    /// The keys, in groups that may be shared between tables.
    pub keys: &'static [&'static [Key]],
    /// Whether other keys are allowed: then only those that look like a slip of the pen are mentioned.
    pub open: bool,
}

/// One key of a section.
pub struct Key {
    /// The name; a `*` stands for any text.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What becomes of it.
    pub state: State,
    /// What it is for.
    pub doc: &'static str,
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does what its documentation says.
    Honoured,
    /// The same for a whole family of keys, whose name has a star.
    Family,
    /// It is information, or a wish that needs nothing done: accepted without a word.
    Noted,
    /// Known, without effect yet.
    Later,
    /// Known, without effect yet, and meant to protect something: worth a plainer warning.
    Unguarded,
    /// It will never have an effect here, and why.
    Moot(&'static str),
}

impl Table {
    /// The row of `name`: one that spells it out before one with a `*`.
    pub fn find(&self, name: &str) -> Option<&'static Key> {
        let rows = || self.rows();
        rows().find(|key| key.name == name).or_else(|| rows().find(|key| key.fits(name)))
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().flat_map(|group| group.iter())
    }

    /// All names that are spelled out.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.rows().map(|key| key.name).filter(|name| !name.contains('*'))
    }
}

impl Key {
    fn fits(&self, name: &str) -> bool {
        match self.name.split_once('*') {
            Some(("", within)) if within.ends_with('*') => name.contains(within.trim_end_matches('*')),
            Some((before, after)) => {
                name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
            }
            None => false,
        }
    }
}

/// The section that a key belongs to, if it is written in another one.
pub fn table_of(name: &str) -> Option<&'static Table> {
    let sections: [&'static Table; 7] = [&TOP, &ROUTER, &LIBRARY, &GENERAL, &MODEL, &PARAMS, &MODEL_INFO];
    sections.into_iter().find(|table| table.names().any(|key| key == name))
}

const fn row(name: &'static str, kind: Kind, state: State, doc: &'static str) -> Key {
    Key { name, kind, state, doc }
}

/// A key that is honoured.
const fn on(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    row(name, kind, State::Honoured, doc)
}

/// A family of keys that are honoured: [`super::section::Section::all`] hands them out by their names.
const fn family(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    row(name, kind, State::Family, doc)
}

/// A key that is information.
const fn noted(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    row(name, kind, State::Noted, doc)
}

/// A key that has no effect yet.
const fn later(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    row(name, kind, State::Later, doc)
}

/// A key that has no effect yet and would protect something.
const fn unguarded(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    row(name, kind, State::Unguarded, doc)
}

/// A key that will never have an effect, and why.
const fn moot(name: &'static str, kind: Kind, doc: &'static str, why: &'static str) -> Key {
    row(name, kind, State::Moot(why), doc)
}

#[cfg(test)]
mod tests;
