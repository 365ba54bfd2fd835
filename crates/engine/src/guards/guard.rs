//! What a guardrail is: the setup's part.

use std::collections::HashMap;
use std::sync::Arc;

use guardrails::{Action, Class, Found, Injection, Permission, Scanner, Span, Words};
use types::Format;

use super::cover::Hit;
use super::remote::Remote;

/// All guardrails of the setup.
#[derive(Clone, Debug, Default)]
pub struct Guardrails {
    all: Arc<[Arc<Guard>]>,
}

impl Guardrails {
    /// These, in the order in which they are asked.
    pub fn new(guards: Vec<Guard>) -> Self {
        Guardrails { all: guards.into_iter().map(Arc::new).collect() }
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<Guard>] {
        &self.all
    }

    /// The one with this name.
    pub fn find(&self, name: &str) -> Option<&Arc<Guard>> {
        self.all.iter().find(|guard| guard.name == name)
    }
}

/// One guardrail.
#[derive(Debug)]
pub struct Guard {
    /// Its name, by which keys, teams and calls ask for it.
    pub name: String,
    /// What kind it is, in the words of the configuration.
    pub kind: String,
    /// When it is asked.
    pub modes: Modes,
    /// Whether it is asked for everybody.
    pub default_on: bool,
    /// Whether system messages are left out.
    pub skips_system: bool,
    /// Whether what tools said is left out.
    pub skips_tools: bool,
    /// What it looks for.
    pub check: Check,
}

/// When a guardrail is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Before the call goes on, which it may change.
    pub pre: bool,
    /// Beside the call, which it cannot change.
    pub during: bool,
    /// Before the answer goes on.
    pub post: bool,
    /// For what is kept and told of the call alone.
    pub logging: bool,
}

impl Modes {
    /// All modes of calls to models by their names in configurations.
    pub const NAMES: [&'static str; 4] = ["pre_call", "during_call", "post_call", "logging_only"];

    /// Adds the mode of this name; whether there is one.
    pub fn add(&mut self, name: &str) -> bool {
        match name {
            "pre_call" => self.pre = true,
            "during_call" => self.during = true,
            "post_call" => self.post = true,
            "logging_only" => self.logging = true,
            _ => return false,
        }
        true
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let set = [self.pre, self.during, self.post, self.logging];
        Modes::NAMES.into_iter().zip(set).filter(|(_, set)| *set).map(|(name, _)| name)
    }
}

/// What a guardrail looks for.
#[derive(Debug)]
pub enum Check {
    /// Personal data and secrets.
    Find(Finder),
    /// Words and patterns.
    Words(Words),
    /// Both.
    Both(Finder, Words),
    /// Tries to talk the model out of its instructions.
    Injection(Injection),
    /// Tools that are offered, and called.
    Tools(Permission),
    /// Languages that may be spoken, as ISO 639-1 codes; what cannot be told may.
    Language(Vec<String>),
    /// How much may be said.
    Size(Size),
    /// The form of the answer: this one, or else the one that the caller wants.
    Form(Option<Format>),
    /// Whatever somebody else says.
    Remote(Box<Remote>),
}

impl Check {
    /// What it finds personal data and secrets with, if it does.
    pub(super) fn finder(&self) -> Option<&Finder> {
        match self {
            Check::Find(finder) | Check::Both(finder, _) => Some(finder),
            _ => None,
        }
    }

    /// The words that it finds, if it does.
    pub(super) fn words(&self) -> Option<&Words> {
        match self {
            Check::Words(words) | Check::Both(_, words) => Some(words),
            _ => None,
        }
    }

    /// All that it finds in a text.
    pub(super) fn find(&self, text: &str) -> Vec<Hit<'_>> {
        let mut hits = Vec::new();
        if let Some(finder) = self.finder() {
            hits.extend(finder.scanner.scan(text).into_iter().map(|span| finder.hit(span)));
        }
        if let Some(words) = self.words() {
            hits.extend(words.find(text).iter().filter_map(|found| self.word(found)));
        }
        hits
    }

    /// What it would find in a text, in order, and what would become of each: names and actions.
    pub fn finds(&self, text: &str) -> Vec<(&str, Action)> {
        self.find(text).into_iter().map(|hit| (hit.name, hit.action)).collect()
    }

    /// A word that was found.
    pub(super) fn word(&self, found: &Found) -> Option<Hit<'_>> {
        let word = self.words()?.word(found);
        let (start, end) = (found.start, found.end);
        Some(Hit { start, end, class: Class::Secret, name: &word.name, action: word.action })
    }

    /// Whether somebody is asked by network.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Check::Remote(_))
    }

    /// Whether it says something to answers alone.
    pub fn is_of_answers(&self) -> bool {
        matches!(self, Check::Form(_))
    }
}

/// Looks for personal data and secrets.
#[derive(Debug)]
pub struct Finder {
    pub(super) scanner: Scanner,
    actions: HashMap<Class, Action>,
}

impl Finder {
    /// Looks for these classes, and names of a list, with what becomes of each.
    pub fn new(actions: Vec<(Class, Action)>, names: &[String]) -> Self {
        let classes: Vec<Class> = actions.iter().map(|(class, _)| *class).collect();
        Finder { scanner: Scanner::new(&classes, names), actions: actions.into_iter().collect() }
    }

    pub(super) fn hit(&self, Span { class, start, end }: Span) -> Hit<'static> {
        let action = self.actions.get(&class).copied().unwrap_or_default();
        Hit { start, end, class, name: class.name(), action }
    }
}

/// How much may be said; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Characters of all texts of a request together.
    pub input_chars: Option<u64>,
    /// Messages of a request.
    pub messages: Option<u64>,
    /// Characters of an answer.
    pub output_chars: Option<u64>,
}
