//! What is known of an attempt or a call beside what is booked: its place in a trace, and what was said in it. It goes
//! along with the entry to whoever tells others of calls, and is never a part of the spool or of the ledger.

use std::sync::Arc;

use bytes::Bytes;

/// What goes along with an entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aside {
    /// The trace that the call belongs to, if calls are traced.
    pub trace: Option<Arc<Trace>>,
    /// The span of the attempt.
    pub span: u64,
    /// Whom the call is not told of, by their names.
    pub muted: Arc<[String]>,
    /// Whether somebody may want to be told of the call.
    pub told: bool,
    /// Whether nobody is told of it after all (`no-log`).
    pub silent: bool,
    /// What was said, if that is kept, and the entry stands for its call.
    pub content: Option<Content>,
}

/// Where a call is in a trace (W3C Trace Context).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The trace.
    pub id: u128,
    /// The caller's span, if it has one.
    pub parent: Option<u64>,
    /// The span of the call.
    pub span: u64,
    /// Whether whoever began the trace wants it recorded.
    pub sampled: bool,
    /// `tracestate`, as it came.
    pub state: Option<Box<str>>,
}

/// What was said in a call, in its caller's dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Name of the dialect.
    pub dialect: &'static str,
    /// The body of the request, as it came: it may hold secrets.
    pub request: Bytes,
    /// The body of the answer; that of a stream is put together of its events.
    pub answer: Option<Bytes>,
    /// Whether the end of the answer is missing, for it was longer than what is kept.
    pub cut: bool,
}

impl Content {
    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.request.len() + self.answer.as_ref().map_or(0, Bytes::len)
    }
}
