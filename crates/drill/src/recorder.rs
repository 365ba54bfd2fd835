//! What was asked of the mock and how it ended: a bounded ring that tests can read and wait on.

#[cfg(test)]
mod tests;

use crate::server::Head;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Notify;

/// Most requests kept.
const MAX_ENTRIES: usize = 10_000;
/// Most bytes kept, heads and bodies.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended yet.
    InFlight,
    /// The whole answer, or the whole error, was written.
    Completed,
    /// The caller closed the connection, even if only its own side of it, or broke it, this many milliseconds after the request had arrived.
    Aborted {
        /// Milliseconds from arrival until the mock saw the connection end.
        after_ms: u64,
    },
    /// A fault knob ended it.
    Faulted,
}

/// One request the mock received, and what became of it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Running number, from 1; ids in answers contain it.
    pub id: u64,
    /// HTTP method.
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Bytes,
    /// Model asked for, knobs included; empty where a request has none.
    pub model: String,
    /// When the whole request had arrived.
    pub arrived: SystemTime,
    /// HTTP status written, once the head of the answer is.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    since: Instant,
}

impl Recorded {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether it has ended, in whatever way.
    pub fn is_over(&self) -> bool {
        self.outcome != Outcome::InFlight
    }

    /// Bytes it takes, roughly.
    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.body.len() + self.target.len() + self.model.len() + headers
    }

    /// The entry as `GET /mock/requests` shows it.
    pub(crate) fn describe(&self) -> Value {
        let (outcome, after_ms) = match self.outcome {
            Outcome::InFlight => ("in_flight", None),
            Outcome::Completed => ("completed", None),
            Outcome::Aborted { after_ms } => ("aborted", Some(after_ms)),
            Outcome::Faulted => ("faulted", None),
        };
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let joined = headers.get(name).and_then(Value::as_str).map(|before| format!("{before}, {value}"));
            headers.insert(name.clone(), json!(joined.as_ref().unwrap_or(value)));
        }
        let body = serde_json::from_slice(&self.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&self.body)));
        let arrived = self.arrived.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        json!({
            "id": self.id,
            "method": self.method,
            "target": self.target,
            "model": self.model,
            "headers": headers,
            "body": body,
            "arrived_ms": arrived,
            "status": self.status,
            "outcome": outcome,
            "after_ms": after_ms,
        })
    }
}

/// The ring of requests. Does nothing when switched off.
pub(crate) struct Recorder {
    on: bool,
    ring: Mutex<Ring>,
    changed: Notify,
}

#[derive(Default)]
struct Ring {
    entries: VecDeque<Recorded>,
    bytes: usize,
}

impl Recorder {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, ring: Mutex::default(), changed: Notify::new() }
    }

    /// Adds a request that has just arrived.
    pub(crate) fn begin(&self, id: u64, head: &Head, body: &Bytes, model: &str) {
        if !self.on {
            return;
        }
        let mut ring = self.ring();
        let entry = Recorded {
            id,
            method: head.method.clone(),
            target: head.target.clone(),
            headers: head.headers.clone(),
            body: body.clone(),
            model: model.to_owned(),
            arrived: SystemTime::now(),
            status: None,
            outcome: Outcome::InFlight,
            since: Instant::now(),
        };
        ring.bytes += entry.size();
        ring.entries.push_back(entry);
        while ring.entries.len() > MAX_ENTRIES || (ring.bytes > MAX_BYTES && ring.entries.len() > 1) {
            ring.bytes -= ring.entries.pop_front().map_or(0, |gone| gone.size());
        }
        drop(ring);
        self.changed.notify_waiters();
    }

    /// Notes the status of an answer whose head is being written.
    pub(crate) fn answered(&self, id: u64, status: u16) {
        self.update(id, |entry| entry.status = Some(status));
    }

    /// Notes how a request ended; `None` means that the caller went away.
    pub(crate) fn end(&self, id: u64, outcome: Option<Outcome>) {
        self.update(id, |entry| {
            let after_ms = entry.since.elapsed().as_millis() as u64;
            entry.outcome = outcome.unwrap_or(Outcome::Aborted { after_ms });
        });
    }

    fn update(&self, id: u64, change: impl FnOnce(&mut Recorded)) {
        if !self.on {
            return;
        }
        // Ids mostly increase along the ring, and the entry is mostly among the newest.
        if let Some(entry) = self.ring().entries.iter_mut().rev().find(|entry| entry.id == id) {
            change(entry);
        }
        self.changed.notify_waiters();
    }

    /// All requests kept, oldest first.
    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.ring().entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.ring() = Ring::default();
        self.changed.notify_waiters();
    }

    /// Waits until `enough` finds what it looks for among the requests, at most so long.
    pub(crate) async fn wait<T>(
        &self,
        most: Duration,
        mut enough: impl FnMut(&VecDeque<Recorded>) -> Option<T>,
    ) -> Option<T> {
        let wait = async {
            loop {
                // Registered before looking, so that no change falls between the look and the wait.
                let changed = self.changed.notified();
                if let Some(found) = enough(&self.ring().entries) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(most, wait).await.ok()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
