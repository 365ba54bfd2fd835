//! Cohere's errors: `{"message": …}`, told apart by their status and their words.

use types::{Fault, FaultKind, Side};

use crate::json::{Doc, Json};
use crate::phrases;
use crate::upstream::{self, fault_of_status};

/// Words of a refused request that tell more than its status does, and what they mean.
const PHRASES: [(&str, FaultKind); 4] = [
    ("too many tokens: max tokens", FaultKind::InvalidRequest),
    ("too many tokens", FaultKind::ContextWindow),
    ("blocked input", FaultKind::ContentPolicy),
    ("blocked output", FaultKind::ContentPolicy),
];

/// The status of a request, or an answer, with a word that is on a list of forbidden ones.
const FORBIDDEN_WORD: u16 = 498;

/// Decodes the body of an answer with an error status.
pub(super) fn read(status: u16, body: &[u8]) -> Fault {
    let doc = Doc::parse(body);
    let message = doc.as_ref().ok().map(|doc| sentence(doc.root())).unwrap_or_default();
    let mut fault = fault_of_status(status, &message);
    let found = match status {
        FORBIDDEN_WORD => Some(FaultKind::ContentPolicy),
        400 | 413 | 422 => of_words(&message),
        _ => None,
    };
    if let Some(kind) = found {
        (fault.kind, fault.side) = (kind, upstream::side(kind));
    }
    if status == FORBIDDEN_WORD {
        // A status of Cohere's own, which no client knows.
        fault.status = Some(fault.kind.status());
    }
    fault
}

/// The fault of an error that came with a successful status, at the end of a stream.
pub(super) fn in_band(message: &str) -> Fault {
    let told = fault_of_status(500, message);
    match of_words(message).filter(|kind| upstream::side(*kind) == Side::Caller) {
        // The caller must not be told to try again with the very same request.
        Some(kind) => Fault { kind, side: Side::Caller, upstream_status: None, ..told },
        None if message.trim().is_empty() => Fault {
            upstream_status: None,
            ..Fault::provider(FaultKind::Upstream, "the provider's stream ended in an error")
        },
        None => Fault { upstream_status: None, ..told },
    }
}

/// An event that is no event but an error, as bodies with an error status are.
pub(super) fn of_event(root: Json) -> Option<Fault> {
    let message = sentence(root);
    (!message.is_empty()).then(|| in_band(&message))
}

fn of_words(message: &str) -> Option<FaultKind> {
    let words = message.to_ascii_lowercase();
    let own = PHRASES.iter().find(|(phrase, _)| words.contains(phrase)).map(|(_, kind)| *kind);
    own.or_else(|| phrases::kind_of(message))
}

/// The sentence: at the top, or within `error` at servers that imitate others.
fn sentence(root: Json) -> String {
    let inner = root.get_some("error").unwrap_or(root);
    let inner = inner.get_some("message").unwrap_or(inner);
    inner.as_string().unwrap_or_default()
}
