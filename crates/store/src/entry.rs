//! The ledger's words: one attempt as it is booked, and what became of its call. Its JSON is a line of the spool, and what
//! the ledger has no columns for is the body of its row: a new field needs no migration, and what is empty is not written.

mod form;

use serde::{Deserialize, Serialize};
use types::{Fault, Usage, Usd};

use crate::{Aside, usual};
use form::{CostLinesForm, UsageForm};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was sent, and how it ended is not known yet.
    #[default]
    Open,
    /// The whole answer came.
    Success,
    /// The provider failed or refused.
    Failure,
    /// The caller left, or the gateway cut the answer off.
    Aborted,
    /// The gateway died while it was open.
    Interrupted,
    /// The call, for it is no attempt, was refused: nothing answered it.
    Refused,
}

impl Status {
    const ALL: [Status; 6] =
        [Status::Open, Status::Success, Status::Failure, Status::Aborted, Status::Interrupted, Status::Refused];

    /// The one with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The name, as in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Success => "success",
            Status::Failure => "failure",
            Status::Aborted => "aborted",
            Status::Interrupted => "interrupted",
            Status::Refused => "refused",
        }
    }
}

/// A sum that an attempt counts for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Charge {
    /// Whom it is counted for: `key:<hash>`, `team:<id>`, `model:key:<hash>|<model>`.
    pub subject: String,
    /// Which sum: `total`, or `<duration>@<unix seconds of the window's start>`.
    pub period: String,
}

/// What an attempt cost, line by line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostLines {
    /// Input that was not cached.
    pub input: Usd,
    /// Input read from the provider's cache.
    pub cache_read: Usd,
    /// Input written to the provider's cache.
    pub cache_write: Usd,
    /// Output that was not reasoning.
    pub output: Usd,
    /// Reasoning.
    pub reasoning: Usd,
    /// Tools of the provider, and flat prices.
    pub other: Usd,
}

/// What became of a call. The entry of the attempt that answered it has this, and says the rest; where none did, an
/// entry that is no attempt stands for the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Story {
    /// Whether the entry is no attempt: it counts for no sum.
    #[serde(skip_serializing_if = "usual")]
    pub alone: bool,
    /// When the call came in.
    pub received_at: i64,
    /// How many attempts there were.
    pub attempts: u32,
    /// How many groups were tried after the first.
    #[serde(skip_serializing_if = "usual")]
    pub fallbacks: u32,
    /// How long it waited for a place.
    #[serde(skip_serializing_if = "usual")]
    pub queue_ms: u64,
    /// What it took beside waiting for providers and for a place, microseconds.
    pub overhead_us: u64,
    /// Which model a router chose, and why.
    #[serde(skip_serializing_if = "usual")]
    pub route: Option<String>,
    /// What guardrails said to it.
    #[serde(skip_serializing_if = "usual")]
    pub guardrails: Vec<Verdict>,
    /// What of it the provider did not get, by the names of its fields.
    #[serde(skip_serializing_if = "usual")]
    pub dropped: Vec<String>,
    /// How many events a session had, both ways.
    #[serde(skip_serializing_if = "usual")]
    pub events: u64,
}

/// What a guardrail said to a call: which classes it found how often, never what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// The guardrail.
    pub name: String,
    /// When it was asked: `pre_call`, `during_call`, `post_call`, `logging_only`.
    pub mode: String,
    /// `passed`, `noted`, `masked`, `blocked`, or `failed` if it could not tell.
    pub verdict: String,
    /// Classes of what it found, and how often.
    pub found: Vec<(String, u32)>,
    /// What it took, microseconds.
    pub took_us: u64,
}

/// One attempt. What the ledger has columns for stands first, what it counts for last: the rest is the body of its row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Unique for ever: booking it twice changes nothing.
    pub attempt_id: String,
    /// The call it belongs to: `x-litellm-call-id`.
    pub call_id: String,
    /// The session it belongs to, if the caller said so.
    #[serde(skip_serializing_if = "usual")]
    pub session_id: Option<String>,
    /// How it ended.
    pub status: Status,
    /// When it was sent.
    pub started_at: i64,
    /// Hash of the key; empty without one.
    #[serde(skip_serializing_if = "usual")]
    pub key: String,
    /// Whose call it was.
    #[serde(skip_serializing_if = "usual")]
    pub user_id: Option<String>,
    /// The team that pays.
    #[serde(skip_serializing_if = "usual")]
    pub team_id: Option<String>,
    /// The organization that pays.
    #[serde(skip_serializing_if = "usual")]
    pub organization_id: Option<String>,
    /// The customer it was for.
    #[serde(skip_serializing_if = "usual")]
    pub customer_id: Option<String>,
    /// The name the caller asked for.
    #[serde(skip_serializing_if = "usual")]
    pub model_group: String,
    /// The model, as `provider/model`.
    #[serde(skip_serializing_if = "usual")]
    pub model: String,
    /// What it cost; `None` if the price is not known.
    #[serde(with = "form::nanos", skip_serializing_if = "Option::is_none")]
    pub cost: Option<Usd>,
    /// What was asked for, in the incumbent's words: `acompletion`, `aembedding`, `anthropic_messages`.
    pub call_type: String,
    /// When its first content came.
    #[serde(skip_serializing_if = "usual")]
    pub first_token_at: Option<i64>,
    /// When it ended.
    #[serde(skip_serializing_if = "usual")]
    pub ended_at: Option<i64>,
    /// Whether the answer was streamed.
    #[serde(skip_serializing_if = "usual")]
    pub stream: bool,
    /// Its alias at the time.
    #[serde(skip_serializing_if = "usual")]
    pub key_alias: Option<String>,
    /// What it was for.
    #[serde(skip_serializing_if = "usual")]
    pub tags: Vec<String>,
    /// Id in the provider table.
    #[serde(skip_serializing_if = "usual")]
    pub provider: String,
    /// The deployment.
    #[serde(skip_serializing_if = "usual")]
    pub deployment_id: String,
    /// The provider's address.
    #[serde(skip_serializing_if = "usual")]
    pub api_base: String,
    /// What it consumed.
    #[serde(with = "UsageForm", skip_serializing_if = "usual")]
    pub usage: Usage,
    /// Whether the consumption is our estimate, because the provider did not say.
    #[serde(skip_serializing_if = "usual")]
    pub estimated: bool,
    /// What it cost, line by line.
    #[serde(with = "CostLinesForm", skip_serializing_if = "usual")]
    pub lines: CostLines,
    /// The energy that it took on hardware of the operator's own, millijoules; `None` if that is not known.
    #[serde(skip_serializing_if = "usual")]
    pub energy_mj: Option<u64>,
    /// Whether the answer came from a cache.
    #[serde(skip_serializing_if = "usual")]
    pub cache_hit: bool,
    /// The key of that answer.
    #[serde(skip_serializing_if = "usual")]
    pub cache_key: Option<String>,
    /// How much alike the question was whose answer it is, from 0 to 1, if that was another question.
    #[serde(skip_serializing_if = "usual")]
    pub similarity: Option<f64>,
    /// What the call did not cost: what a kept answer had cost when it was given first, or what the model would have cost
    /// that one of the operator's own replaces, less what it did. `None` if that is not known.
    #[serde(with = "form::nanos", skip_serializing_if = "Option::is_none")]
    pub saved: Option<Usd>,
    /// What went wrong: kind, status and message.
    #[serde(skip_serializing_if = "usual")]
    pub fault: Option<EntryFault>,
    /// The caller's address.
    #[serde(skip_serializing_if = "usual")]
    pub ip: Option<String>,
    /// What the caller wants to find in the log: JSON.
    #[serde(skip_serializing_if = "usual")]
    pub metadata: Option<String>,
    /// What became of the call, if the entry stands for it.
    #[serde(skip_serializing_if = "usual")]
    pub story: Option<Story>,
    /// What goes along with it and is not booked.
    #[serde(skip)]
    pub aside: Option<Box<Aside>>,
    /// The sums it counts for, beside the totals of everybody named above.
    #[serde(skip_serializing_if = "usual")]
    pub charges: Vec<Charge>,
}

/// Longest name of anything, in bytes: an index takes no longer ones.
const LONGEST_NAME: usize = 256;
/// Most tags.
const MOST_TAGS: usize = 32;
/// Longest message of a fault, and longest JSON of a caller, in bytes.
const LONGEST_MESSAGE: usize = 4096;
const LONGEST_METADATA: usize = 64 << 10;
/// More tokens than any attempt has, and more money: a provider that says otherwise must not fill our sums.
const MOST_TOKENS: u64 = 1_000_000_000_000;
const MOST_COST: Usd = Usd::from_nanos(1_000_000 * 1_000_000_000);

/// Longest reason of a router, in bytes.
const LONGEST_ROUTE: usize = 1024;

/// Most verdicts of guardrails, and most classes in each.
const MOST_VERDICTS: usize = 64;

impl Entry {
    /// Whether it is an attempt, and counts for sums.
    pub fn is_attempt(&self) -> bool {
        self.story.as_ref().is_none_or(|story| !story.alone)
    }

    /// Whether it stands for its call in the log. An attempt that the gateway did not outlive does: nothing else will.
    pub fn is_call(&self) -> bool {
        self.story.is_some() || self.status == Status::Interrupted
    }

    /// The status that the caller got, or would have got: of streams, which begin before they end, that of their end.
    pub fn code(&self) -> u16 {
        match (&self.fault, self.status) {
            (Some(fault), _) => fault.status,
            // Nobody was there any more to get one.
            (None, Status::Aborted) => 499,
            (None, Status::Interrupted | Status::Refused) => 500,
            (None, _) => 200,
        }
    }

    /// When the call came in that it stands for; of an attempt alone, when it was sent.
    pub fn received_at(&self) -> i64 {
        self.story.as_ref().map_or(self.started_at, |story| story.received_at)
    }

    /// Makes it what can be stored: names and texts have an end, no text has a NUL, numbers stay in range. Whether it
    /// was that already.
    pub(crate) fn keep_in_bounds(&mut self) -> bool {
        let mut kept = self.tags.len() <= MOST_TAGS;
        let mut bound = |text: &mut String, longest| kept &= bound(text, longest);
        let names = [
            &mut self.attempt_id,
            &mut self.call_id,
            &mut self.call_type,
            &mut self.key,
            &mut self.model_group,
            &mut self.model,
            &mut self.provider,
            &mut self.deployment_id,
        ];
        let more = [
            &mut self.session_id,
            &mut self.key_alias,
            &mut self.user_id,
            &mut self.team_id,
            &mut self.organization_id,
            &mut self.customer_id,
            &mut self.cache_key,
            &mut self.ip,
        ];
        self.tags.truncate(MOST_TAGS);
        let more = more.into_iter().flatten();
        names.into_iter().chain(more).chain(&mut self.tags).for_each(|name| bound(name, LONGEST_NAME));
        bound(&mut self.api_base, LONGEST_MESSAGE);
        for charge in &mut self.charges {
            // A budget of a model is named by whose it is and the model.
            bound(&mut charge.subject, 2 * LONGEST_NAME);
            bound(&mut charge.period, LONGEST_NAME);
        }
        if let Some(fault) = &mut self.fault {
            bound(&mut fault.kind, LONGEST_NAME);
            bound(&mut fault.message, LONGEST_MESSAGE);
        }
        if let Some(route) = self.story.as_mut().and_then(|story| story.route.as_mut()) {
            bound(route, LONGEST_ROUTE);
        }
        if let Some(story) = &mut self.story {
            story.guardrails.truncate(MOST_VERDICTS);
            story.guardrails.iter_mut().for_each(|verdict| verdict.found.truncate(MOST_VERDICTS));
        }
        // Cut off, it would be JSON no more.
        kept &= self.metadata.take_if(|metadata| metadata.len() > LONGEST_METADATA).is_none();
        if let Some(cost) = &mut self.cost {
            kept &= (Usd::ZERO..=MOST_COST).contains(cost);
            *cost = (*cost).clamp(Usd::ZERO, MOST_COST);
        }
        let Usage { input, output, cache_read, cache_write, cache_write_long, reasoning, .. } = &mut self.usage;
        for count in [input, output, cache_read, cache_write, cache_write_long, reasoning].into_iter().flatten() {
            kept &= *count <= MOST_TOKENS;
            *count = (*count).min(MOST_TOKENS);
        }
        kept
    }
}

/// Cuts a text off at `longest` bytes, and takes out what a database does not take. Whether it had nothing of both.
pub(crate) fn bound(text: &mut String, longest: usize) -> bool {
    let (clean, short) = (!text.contains('\0'), text.len() <= longest);
    if !clean {
        *text = text.replace('\0', "\u{fffd}");
    }
    text.truncate(text.floor_char_boundary(longest));
    clean && short
}

/// What went wrong in an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFault {
    /// Kind, in our words.
    pub kind: String,
    /// HTTP status the caller got, or would have got.
    pub status: u16,
    /// Message, without secrets.
    pub message: String,
}

impl From<&Fault> for EntryFault {
    fn from(fault: &Fault) -> Self {
        EntryFault { kind: format!("{:?}", fault.kind), status: fault.status(), message: fault.message.clone() }
    }
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests;
