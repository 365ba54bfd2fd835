//! What has happened so far in a run: counts, durations, problems.

use super::histogram::Histogram;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::time::Duration;

/// Most kinds of problem counted one by one.
const MAX_KINDS: usize = 50;

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// No connection.
    Connect(io::ErrorKind),
    /// The connection broke.
    Broken(io::ErrorKind),
    /// The connection ended before the answer began.
    Closed,
    /// The connection ended in the middle of the answer.
    Cut,
    /// The bytes are not what HTTP allows.
    Protocol(&'static str),
    /// Another status than 200, with the beginning of the body.
    Status { status: u16, body: String },
    /// The answer leaves what is expected after so many bytes.
    Differs { at: usize },
    /// The answer ends after so many of the bytes expected.
    Short { at: usize },
}

impl Problem {
    /// What problems of one kind are counted under.
    fn kind(&self) -> String {
        match self {
            Problem::Connect(kind) => format!("no connection: {kind}"),
            Problem::Broken(kind) => format!("broken connection: {kind}"),
            Problem::Closed => "connection closed instead of an answer".to_owned(),
            Problem::Cut => "connection closed in the middle of an answer".to_owned(),
            Problem::Protocol(what) => (*what).to_owned(),
            Problem::Status { status, .. } => format!("status {status}"),
            Problem::Differs { .. } => "answer differs".to_owned(),
            Problem::Short { .. } => "answer too short".to_owned(),
        }
    }
}

impl Display for Problem {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(&self.kind())?;
        match self {
            Problem::Status { body, .. } => write!(to, ": {body}"),
            Problem::Differs { at } | Problem::Short { at } => write!(to, ", right up to byte {at}"),
            _ => Ok(()),
        }
    }
}

/// The counts of a run.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) measuring: bool,
    /// Only moves while the measurement lasts.
    pub(super) window: Counts,
    pub(super) sent: u64,
    pub(super) right: u64,
    /// Streams that have begun, or never will.
    pub(super) begun: u64,
    /// From the request to the first of the body, over the whole run: streams begin before they are measured.
    pub(super) first_byte: Histogram,
    /// How many problems of each kind.
    pub(super) problems: BTreeMap<String, u64>,
    pub(super) first_problem: Option<String>,
}

/// What is counted while the measurement lasts.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) answers: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) latency: Histogram,
    pub(super) gap: Histogram,
}

impl Tally {
    /// Counts a request about to be sent, unless there have been as many as there may be.
    pub(super) fn send(&mut self, most: Option<u64>) -> bool {
        let may = most.is_none_or(|most| self.sent < most);
        self.sent += u64::from(may);
        may
    }

    /// The first of a body has come.
    pub(super) fn first(&mut self, after: Duration) {
        self.first_byte.add(after);
    }

    /// Some of a body has come.
    pub(super) fn body(&mut self, bytes: usize, events: u64, gap: Option<Duration>) {
        if !self.measuring {
            return;
        }
        self.window.bytes += bytes as u64;
        self.window.events += events;
        if let Some(gap) = gap {
            self.window.gap.add(gap);
        }
    }

    /// An answer was right.
    pub(super) fn answered(&mut self, took: Duration) {
        self.right += 1;
        if self.measuring {
            self.window.answers += 1;
            self.window.latency.add(took);
        }
    }

    /// An answer was not right.
    pub(super) fn failed(&mut self, problem: &Problem) {
        self.first_problem.get_or_insert_with(|| problem.to_string());
        let kind = problem.kind();
        if self.problems.len() < MAX_KINDS || self.problems.contains_key(&kind) {
            *self.problems.entry(kind).or_default() += 1;
        }
    }
}
