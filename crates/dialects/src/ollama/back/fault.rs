//! Ollama's errors: a sentence, whose words are all there is to tell them apart.

use types::{Fault, FaultKind, Side};

use crate::json::{Doc, Json};
use crate::phrases;
use crate::upstream::{self, fault_of_status};

/// What the sentences mean, whatever their status: phrase, kind, side. Runners report an overlong prompt with a 400
/// or a 500, and some faults come inside a stream, with no status at all.
const PHRASES: [(&str, FaultKind, Side); 4] = [
    ("does not support", FaultKind::Unsupported, Side::Caller),
    ("maximum pending requests exceeded", FaultKind::Overloaded, Side::Provider),
    ("server busy", FaultKind::Overloaded, Side::Provider),
    ("requires a subscription", FaultKind::Permission, Side::Provider),
];

/// Decodes the body of an answer with an error status.
pub(super) fn read(status: u16, body: &[u8]) -> Fault {
    let doc = Doc::parse(body);
    let error = doc.as_ref().ok().and_then(|doc| doc.root().get_some("error"));
    match error {
        Some(error) => of_message(status, &sentence(error)),
        None => fault_of_status(status, ""),
    }
}

/// The fault of an `error` that came with a successful status, in the middle of an answer.
pub(super) fn in_band(error: Json) -> Fault {
    of_message(500, &sentence(error))
}

fn of_message(status: u16, message: &str) -> Fault {
    let mut fault = fault_of_status(status, message);
    let words = message.to_ascii_lowercase();
    let model_missing = words.contains("model") && words.contains("not found");
    let own = PHRASES.iter().find(|(phrase, ..)| words.contains(phrase)).map(|(_, kind, side)| (*kind, *side));
    if let Some(found) = phrases::kind_of(message).map(|kind| (kind, upstream::side(kind))).or(own) {
        (fault.kind, fault.side) = found;
    } else if model_missing && matches!(status, 400 | 404) {
        (fault.kind, fault.side) = (FaultKind::NotFound, Side::Provider);
    }
    if fault.kind == FaultKind::Unsupported {
        fault.param = unsupported(&words).map(str::to_owned);
        fault.code = Some("unsupported_parameter".to_owned());
    }
    if fault.side == Side::Caller && status >= 500 {
        // The caller must not be told to try again with the very same request.
        fault.upstream_status = None;
    }
    fault
}

/// The parameter behind an ability that the model lacks, in the callers' words.
fn unsupported(words: &str) -> Option<&'static str> {
    [("thinking", "reasoning_effort"), ("tools", "tools"), ("insert", "suffix"), ("vision", "messages")]
        .iter()
        .find(|(ability, _)| words.contains(ability))
        .map(|(_, param)| *param)
}

/// The sentence: the error itself, or its `message` at servers that imitate OpenAI's errors.
fn sentence(error: Json) -> String {
    let inner = error.get_some("message").unwrap_or(error);
    inner.as_string().unwrap_or_default()
}
