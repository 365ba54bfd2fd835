//! How the events of a stream are set apart: server-sent events, lines of JSON, or elements of an array.

use super::put;
use crate::knobs::Knobs;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sse,
    Lines,
    Array,
}

/// Puts events into their frames, with the noise the knobs ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    kind: Kind,
    eol: &'static [u8],
    comments: bool,
    begun: bool,
}

impl Frame {
    pub(super) fn new(kind: Kind, knobs: &Knobs) -> Self {
        let eol: &[u8] = if knobs.on(knobs.crlf) { b"\r\n" } else { b"\n" };
        Self { kind, eol, comments: knobs.on(knobs.comments) && kind == Kind::Sse, begun: false }
    }

    /// Starts an event; its data must follow, then `end`.
    pub(super) fn begin(&mut self, name: Option<&str>, out: &mut Vec<u8>) {
        match self.kind {
            Kind::Sse => self.begin_sse(name, out),
            Kind::Lines => {}
            Kind::Array => out.extend_from_slice(if self.begun { b",\r\n" } else { b"[" }),
        }
        self.begun = true;
    }

    fn begin_sse(&self, name: Option<&str>, out: &mut Vec<u8>) {
        if self.comments {
            for line in [b": keep-alive".as_slice(), b"", b"event:", b"", b""] {
                out.extend_from_slice(line);
                out.extend_from_slice(self.eol);
            }
        }
        if let Some(name) = name {
            out.extend_from_slice(b"event: ");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(self.eol);
        }
        out.extend_from_slice(b"data: ");
    }

    /// Ends an event.
    pub(super) fn end(&self, out: &mut Vec<u8>) {
        match self.kind {
            Kind::Sse => {
                out.extend_from_slice(self.eol);
                out.extend_from_slice(self.eol);
            }
            Kind::Lines => out.extend_from_slice(self.eol),
            Kind::Array => {}
        }
    }

    /// A whole event.
    pub(super) fn event(&mut self, name: Option<&str>, data: &Value, out: &mut Vec<u8>) {
        self.begin(name, out);
        put(data, out);
        self.end(out);
    }

    /// A whole event whose data is this text, JSON or not.
    pub(super) fn raw(&mut self, name: Option<&str>, data: &str, out: &mut Vec<u8>) {
        self.begin(name, out);
        out.extend_from_slice(data.as_bytes());
        self.end(out);
    }

    /// Ends the stream, for the kind that has an end of its own.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        if self.kind == Kind::Array {
            out.extend_from_slice(if self.begun { b"]" } else { b"[]" });
        }
    }
}
