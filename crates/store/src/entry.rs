//! The ledger's words: one attempt as it is booked.

use serde::{Deserialize, Serialize};
use types::{Usage, Usd};

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

/// One attempt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Unique for ever: booking it twice changes nothing.
    pub attempt_id: String,
    /// The call it belongs to: `x-litellm-call-id`.
    pub call_id: String,
    /// The session it belongs to, if the caller said so.
    pub session_id: Option<String>,
    /// How it ended.
    pub status: Status,
    /// When it was sent.
    pub started_at: i64,
    /// When its first content came.
    pub first_token_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// What was asked for, in the incumbent's words: `acompletion`, `aembedding`, `anthropic_messages`.
    pub call_type: String,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// Hash of the key; empty without one.
    pub key: String,
    /// Its alias at the time.
    pub key_alias: Option<String>,
    /// Whose call it was.
    pub user_id: Option<String>,
    /// The team that pays.
    pub team_id: Option<String>,
    /// The organization that pays.
    pub organization_id: Option<String>,
    /// The customer it was for.
    pub customer_id: Option<String>,
    /// What it was for.
    pub tags: Vec<String>,
    /// The name the caller asked for.
    pub model_group: String,
    /// The model, as `provider/model`.
    pub model: String,
    /// Id in the provider table.
    pub provider: String,
    /// The deployment.
    pub deployment_id: String,
    /// The provider's address.
    pub api_base: String,
    /// What it consumed.
    pub usage: Usage,
    /// Whether the consumption is our estimate, because the provider did not say.
    pub estimated: bool,
    /// What it cost; `None` if the price is not known.
    pub cost: Option<Usd>,
    /// The same, line by line.
    pub lines: CostLines,
    /// Whether the answer came from a cache.
    pub cache_hit: bool,
    /// What went wrong: kind, status and message.
    pub fault: Option<EntryFault>,
    /// The caller's address.
    pub ip: Option<String>,
    /// What the caller wants to find in the log: JSON.
    pub metadata: Option<String>,
    /// The sums it counts for, beside the totals of everybody named above.
    pub charges: Vec<Charge>,
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
