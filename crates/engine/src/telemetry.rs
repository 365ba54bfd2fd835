//! What is told of calls beside the books, and what is kept of what was said in them: what the operator, the key, its team
//! and the caller want of it. Whoever does not want something kept prevails.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use bytes::Bytes;
use dialects::json::Json;
use http::HeaderMap;
use store::records::Fields;
use store::{Aside, Content, Trace};

use crate::ask::Ask;
use crate::{Caller, Dice, trace};

/// Headers in which callers want nothing kept of what they say.
const REDACTING: [&str; 2] = ["x-litellm-enable-message-redaction", "litellm-enable-message-redaction"];
/// Header in which they name those who are not told.
const MUTING: &str = "x-litellm-disable-callbacks";
/// Most names of such.
const MOST: usize = 32;
/// Fields of metadata and of bodies that say it.
const KEPT: &str = "store_prompts_in_spend_logs";
const REDACTED: &str = "turn_off_message_logging";
const MUTED: &str = "litellm_disabled_callbacks";
const SILENT: &str = "no-log";

/// What is told of calls beside the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// Whether what is said is kept, of those who do not say otherwise.
    pub contents: bool,
    /// Whether nothing that is said is kept, whoever says otherwise.
    pub redacted: bool,
    /// Bytes of an answer that are kept.
    pub content_bytes: usize,
    /// Whether somebody is told of calls.
    pub sinks: bool,
    /// Whether callers cannot say who is not told.
    pub unmutable: bool,
    /// Whether they cannot say that nobody is.
    pub loud: bool,
    /// Whether calls are spans of traces.
    pub traces: bool,
    /// Whether providers are told of the trace.
    pub propagates: bool,
}

/// What the metadata of a key and its team say about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logging {
    contents: Option<bool>,
    redacted: bool,
    muted: Vec<String>,
}

impl Logging {
    /// The key's word counts before its team's.
    pub fn of(key: &Fields, team: Option<&Fields>) -> Self {
        if key.is_empty() && team.is_none_or(Fields::is_empty) {
            return Logging::default();
        }
        let mut all = [Some(key), team].into_iter().flatten();
        let flag = |fields: &Fields, name: &str| fields.get(name).and_then(|value| value.as_bool());
        let contents = all.clone().find_map(|fields| flag(fields, KEPT));
        let redacted = all.clone().any(|fields| flag(fields, REDACTED) == Some(true));
        let names = all.find_map(|fields| fields.get(MUTED)?.as_array());
        let names = names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned));
        Logging { contents, redacted, muted: names.take(MOST).collect() }
    }
}

/// What is told of one call.
pub(crate) struct Telling {
    trace: Option<Arc<Trace>>,
    told: bool,
    muted: RefCell<Arc<[String]>>,
    silent: Cell<bool>,
    keeps: Cell<bool>,
    unmutable: bool,
    loud: bool,
    content: RefCell<Content>,
    content_bytes: usize,
}

impl Telling {
    /// Of a call that came in with these headers; `None` if nothing is told of it.
    pub fn begin(
        telemetry: &Telemetry,
        caller: Option<&Caller>,
        headers: &HeaderMap,
        dice: impl FnOnce() -> Option<Arc<Trace>>,
    ) -> Option<Self> {
        let logging = caller.map(|caller| &caller.logging);
        let wanted = logging.and_then(|logging| logging.contents).unwrap_or(telemetry.contents);
        let redacted = telemetry.redacted || logging.is_some_and(|logging| logging.redacted);
        let keeps = wanted && !redacted && !REDACTING.iter().any(|name| says_yes(headers, name));
        if !keeps && !telemetry.sinks && !telemetry.propagates {
            return None;
        }
        let mut muted: Vec<String> = logging.map(|logging| logging.muted.clone()).unwrap_or_default();
        let named = headers.get(MUTING).filter(|_| !telemetry.unmutable).and_then(|value| value.to_str().ok());
        let named = named.into_iter().flat_map(|text| text.split(','));
        muted.extend(named.map(|name| name.trim().to_owned()).take(MOST));
        let traced = telemetry.traces || telemetry.propagates;
        Some(Telling {
            trace: traced.then(dice).flatten(),
            told: telemetry.sinks,
            muted: RefCell::new(muted.into()),
            silent: Cell::new(false),
            keeps: Cell::new(keeps),
            unmutable: telemetry.unmutable,
            loud: telemetry.loud,
            content: RefCell::default(),
            content_bytes: telemetry.content_bytes,
        })
    }

    /// The body was understood.
    pub fn understood(&self, ask: &Ask) {
        ask.body.with(|root| {
            let flag = |name| root.get_some(name).and_then(|value| value.as_bool()) == Some(true);
            let silent = flag(SILENT) && !self.loud;
            self.silent.set(silent);
            if flag(REDACTED) || silent {
                self.keeps.set(false);
            }
            if !self.unmutable {
                self.mute(root);
            }
        });
        if self.keeps.get() {
            let (dialect, request) = (ask.front.name(), ask.shown().clone());
            *self.content.borrow_mut() = Content { dialect, request, ..Content::default() };
        }
    }

    /// Keeps this of the request, if anything is kept.
    pub fn hide(&self, request: Bytes) {
        if self.keeps.get() {
            self.content.borrow_mut().request = request;
        }
    }

    fn mute(&self, root: Json) {
        let Some(list) = root.get_some(MUTED) else { return };
        list.inside(|list| {
            let mut muted = self.muted.borrow().to_vec();
            muted.extend(list.items().filter_map(|name| name.as_string()).take(MOST));
            *self.muted.borrow_mut() = muted.into();
        });
    }

    /// How many bytes of its answer are kept, if any are.
    pub fn keeps(&self) -> Option<usize> {
        self.keeps.get().then_some(self.content_bytes)
    }

    /// This is the answer, or as much of it as is kept.
    pub fn answered(&self, answer: Bytes, cut: bool) {
        let mut content = self.content.borrow_mut();
        (content.answer, content.cut) = (Some(answer), cut);
    }

    /// What goes along with the entry of an attempt.
    pub fn aside(&self, dice: &mut Dice) -> Box<Aside> {
        Box::new(Aside {
            span: trace::span(dice),
            trace: self.trace.clone(),
            told: self.told,
            muted: self.muted.borrow().clone(),
            silent: self.silent.get(),
            content: None,
        })
    }

    /// What was said so far, if it is kept.
    pub fn content(&self) -> Option<Content> {
        let content = self.content.borrow();
        (self.keeps.get() && !content.request.is_empty()).then(|| content.clone())
    }
}

fn says_yes(headers: &HeaderMap, name: &str) -> bool {
    headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests;
