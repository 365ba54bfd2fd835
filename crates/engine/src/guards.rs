//! Guardrails: what the operator wants looked at in calls and answers, and what becomes of what is found.
//!
//! Before anything else is done with a call, all its texts are looked over ([`before`]): it is refused, or goes on with
//! placeholders, so that nothing behind this door (providers, caches, the log, sinks) ever sees what was masked. On its way
//! back an answer is looked over ([`after`], [`stream`]), and only what the caller itself gets has the values in their
//! places again. Finding is `guardrails`' business; whoever is asked by network is in [`remote`].

mod after;
mod before;
mod cover;
mod fields;
mod guard;
mod passed;
pub(crate) mod remote;
mod scope;
pub(crate) mod stream;
mod texts;
mod verdict;

pub(crate) use before::before;
pub use fields::{FieldGuard, FieldPath};
pub use guard::{Check, Finder, Guard, Guardrails, Modes, Size};
pub(crate) use passed::{Passed, Unknown, passed};
pub use remote::{Remote, Way};
pub(crate) use scope::Spread;
pub(crate) use verdict::Verdicts;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use ::guardrails::{Action, Form, Vault};
use http::{HeaderMap, HeaderValue};
use store::records::Fields;
use tokio::sync::SetOnce;
use types::{Fault, Format};

use crate::Gate;
use crate::route::fits;
use scope::Scope;

/// Header with the guardrails that were applied to a call, in the incumbent's words.
const APPLIED: &str = "x-litellm-applied-guardrails";
/// Most guardrails that a key, a team or a call names.
const MOST_NAMES: usize = 32;

/// What a key and its team say about guardrails.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Those that they name.
    pub names: Vec<String>,
    /// Whether those are left out that are for everybody.
    pub own_only: bool,
}

impl Wanted {
    /// From the metadata of a key, and of its team.
    pub fn of(key: &Fields, team: Option<&Fields>) -> Self {
        let all = || [Some(key), team].into_iter().flatten();
        let names = all().filter_map(|fields| fields.get("guardrails")?.as_array()).flatten();
        let names = names.filter_map(|name| name.as_str().map(str::to_owned)).take(MOST_NAMES).collect();
        let flag = |fields: &Fields| fields.get("disable_global_guardrails").and_then(|value| value.as_bool());
        Wanted { names, own_only: all().any(|fields| flag(fields) == Some(true)) }
    }
}

/// The guardrails of one call, and what they know of it.
pub(crate) struct Guarding {
    guards: Vec<Arc<Guard>>,
    /// Which texts they look at.
    scope: Scope,
    vault: RefCell<Vault>,
    pub verdicts: Verdicts,
    /// The form that the caller wants the answer to have.
    format: Option<Format>,
    /// By whom others are asked, and for which call.
    asking: OnceCell<(Rc<Gate>, String)>,
    /// What those have said who are asked while the call is under way.
    said: SetOnce<Result<(), Fault>>,
}

impl Guarding {
    fn new(guards: Vec<Arc<Guard>>) -> Self {
        Guarding {
            guards,
            scope: Scope::default(),
            vault: RefCell::default(),
            verdicts: Verdicts::default(),
            format: None,
            asking: OnceCell::new(),
            said: SetOnce::new(),
        }
    }

    fn of_mode(&self, mode: fn(&Modes) -> bool) -> impl Iterator<Item = &Arc<Guard>> {
        self.guards.iter().filter(move |guard| mode(&guard.modes))
    }

    /// Their names.
    pub fn names(&self) -> Vec<&str> {
        self.guards.iter().map(|guard| guard.name.as_str()).collect()
    }

    /// Whether values have to be put back into the answer: then it is for this caller alone, and no cache may keep it.
    pub fn restores(&self) -> bool {
        self.vault.borrow().restores()
    }

    /// Whether answers are looked at, or changed.
    pub fn minds_answers(&self) -> bool {
        self.restores() || self.of_mode(|modes| modes.post).next().is_some()
    }

    /// Whether an answer of this text has the form that is wanted.
    fn fits(&self, text: &str, own: Option<&Format>) -> bool {
        own.or(self.format.as_ref()).is_none_or(|format| fits(text, format))
    }

    /// Adds which guardrails were applied.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.names().join(",")) {
            headers.insert(APPLIED, value);
        }
    }
}

impl Guard {
    /// What it makes of a text by itself: the text with placeholders, or a refusal.
    pub fn apply(&self, text: &str) -> Result<String, Fault> {
        let mut tally = verdict::Tally::default();
        if let Check::Injection(injection) = &self.check
            && injection.is_in(text)
        {
            tally.found("prompt_injection", Action::Block);
        }
        let judged = Guarding::new(Vec::new());
        after::judge(&judged, self, text, &[], &mut tally);
        let hits = self.check.find(text);
        hits.iter().for_each(|hit| tally.found(hit.name, hit.action));
        if tally.blocks() {
            return Err(refusal(&self.name, "text", &tally.classes()));
        }
        let hits = hits.into_iter().filter(|hit| hit.action.masks()).collect();
        Ok(cover::cover(text, Form::Plain, hits, false, &mut Vault::default()))
    }
}

/// The refusal of what a guardrail found: it names the guardrail and the classes, never what was found.
fn refusal(guard: &str, what: &str, found: &[(String, u32)]) -> Fault {
    let classes: Vec<&str> = found.iter().map(|(class, _)| class.as_str()).collect();
    let classes = if classes.is_empty() { String::new() } else { format!(": {}", classes.join(", ")) };
    Fault {
        code: Some("guardrail_blocked".to_owned()),
        ..Fault::invalid(format!("The {what} was blocked by guardrail '{guard}'{classes}."))
    }
}

#[cfg(test)]
mod tests;
