//! An answer that is kept, and what is known of it.

use std::time::Duration;

use bytes::Bytes;
use memchr::memchr;
use store::{CostLines, Entry, Status};
use types::{Usage, Usd};

/// Bytes that an answer takes beside its text, about.
const FRAME: usize = 512;

/// An answer that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Who gave it: as in the log.
    pub model: String,
    pub provider: String,
    pub deployment_id: String,
    pub api_base: String,
    pub usage: Usage,
    /// What it cost; `None` if that is not known.
    pub cost: Option<Usd>,
    /// When it was given, milliseconds since 1970.
    pub at_ms: i64,
    /// Until when it may be given again.
    pub until_ms: i64,
    /// The answer, as its caller saw it.
    pub body: Bytes,
}

impl Kept {
    /// Bytes that it takes.
    pub fn weight(&self) -> usize {
        let names = [&self.model, &self.provider, &self.deployment_id, &self.api_base];
        FRAME + self.body.len() + names.into_iter().map(String::len).sum::<usize>()
    }

    /// Whether it is not older than that.
    pub fn is_younger(&self, age: Duration, now_ms: i64) -> bool {
        u128::from(now_ms.saturating_sub(self.at_ms).max(0) as u64) <= age.as_millis()
    }

    /// What the log says of it.
    pub fn entry(&self) -> Entry {
        Entry {
            status: Status::Success,
            model: self.model.clone(),
            provider: self.provider.clone(),
            deployment_id: self.deployment_id.clone(),
            api_base: self.api_base.clone(),
            usage: self.usage,
            cost: self.cost,
            lines: CostLines::default(),
            ..Entry::default()
        }
    }

    /// As it lies elsewhere: a line that says what is known of it, and the answer behind it.
    pub fn pieces(&self) -> Vec<Bytes> {
        let known = Entry { started_at: self.at_ms, ended_at: Some(self.until_ms), ..self.entry() };
        let mut line = serde_json::to_vec(&known).unwrap_or_default();
        line.push(b'\n');
        vec![line.into(), self.body.clone()]
    }

    /// What lay elsewhere, unless it is over or no answer of ours.
    pub fn read(bytes: Bytes, now_ms: i64) -> Option<Self> {
        let end = memchr(b'\n', &bytes)?;
        let known: Entry = serde_json::from_slice(&bytes[..end]).ok()?;
        let until_ms = known.ended_at.filter(|until| *until > now_ms)?;
        let Entry { model, provider, deployment_id, api_base, usage, cost, started_at: at_ms, .. } = known;
        let body = bytes.slice(end + 1..);
        Some(Kept { model, provider, deployment_id, api_base, usage, cost, at_ms, until_ms, body })
    }
}
