//! Gemini's error object, wherever it comes: as the body of an error status, inside a stream, in an array of one.

use std::time::Duration;

use types::{Fault, FaultKind, Side};

use crate::json::{Doc, Json, Kind};
use crate::phrases;
use crate::upstream::{self, fault_of_status};

/// Google's status words with the HTTP statuses they stand for (google.rpc.Code).
const STATUSES: [(&str, u16); 13] = [
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("OUT_OF_RANGE", 400),
    ("UNAUTHENTICATED", 401),
    ("PERMISSION_DENIED", 403),
    ("NOT_FOUND", 404),
    ("ABORTED", 409),
    ("RESOURCE_EXHAUSTED", 429),
    ("CANCELLED", 499),
    ("INTERNAL", 500),
    ("UNKNOWN", 500),
    ("UNAVAILABLE", 503),
    ("DEADLINE_EXCEEDED", 504),
];

/// Phrases of a 400 that tell more than its status word, with what they mean.
const PHRASES: [(&str, FaultKind, Side); 5] = [
    ("request payload size exceeds", FaultKind::TooLarge, Side::Caller),
    ("api key not valid", FaultKind::Authentication, Side::Provider),
    ("api key expired", FaultKind::Authentication, Side::Provider),
    ("api key not found", FaultKind::Authentication, Side::Provider),
    ("location is not supported", FaultKind::Permission, Side::Provider),
];

/// Longest wait that is believed.
const MAX_RETRY_SECONDS: f64 = 7.0 * 24.0 * 3600.0;

/// The object itself where it is wrapped in an array of one, as Google does with errors of streams.
pub(super) fn unwrapped(root: Json) -> Json {
    match root.kind() {
        Kind::Array => root.items().next().unwrap_or(root),
        _ => root,
    }
}

/// Decodes the body of an answer with an error status.
pub(super) fn read(status: u16, body: &[u8]) -> Fault {
    let Ok(doc) = Doc::parse(body) else {
        return fault_of_status(status, "");
    };
    match unwrapped(doc.root()).get_some("error") {
        Some(error) => of_error(error, status),
        None => fault_of_status(status, ""),
    }
}

/// The fault of an `error` object that came with a successful status.
pub(super) fn in_band(error: Json) -> Fault {
    let word = error.get("status").and_then(|word| word.as_str());
    let named = word.and_then(|word| STATUSES.iter().find(|(name, _)| *name == word).map(|(_, status)| *status));
    let code = error.get("code").and_then(|code| code.as_u64());
    let code = code.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code));
    of_error(error, named.or(code).unwrap_or(500))
}

fn of_error(error: Json, status: u16) -> Fault {
    let text = |value: Json| value.as_string().filter(|text| !text.is_empty());
    let message = error.get("message").and_then(text).unwrap_or_default();
    let reason = details(error).find_map(|detail| detail.get("reason").and_then(text));
    let mut fault = fault_of_status(status, &without_keys(&message));
    if status == 400 {
        refine(&mut fault, &message, reason.as_deref());
    }
    fault.retry_after = details(error).find_map(|detail| delay(detail.get("retryDelay")?));
    // The status word says no more than the kind does, and no client of another dialect knows it.
    fault.code = reason;
    fault
}

/// A 400 may be about us: a key or a project of ours that Google does not take.
fn refine(fault: &mut Fault, message: &str, reason: Option<&str>) {
    let words = message.to_ascii_lowercase();
    let own = PHRASES.iter().find(|(phrase, ..)| words.contains(phrase)).map(|(_, kind, side)| (*kind, *side));
    let found = match reason {
        Some("API_KEY_INVALID") => Some((FaultKind::Authentication, Side::Provider)),
        _ => own.or_else(|| phrases::kind_of(message).map(|kind| (kind, upstream::side(kind)))),
    };
    if let Some((kind, side)) = found {
        (fault.kind, fault.side) = (kind, side);
    }
}

fn details<'d>(error: Json<'d>) -> impl Iterator<Item = Json<'d>> {
    error.get("details").into_iter().flat_map(|details| details.items())
}

/// A duration as Google writes it: `"34s"`, `"1.5s"`.
fn delay(value: Json) -> Option<Duration> {
    let text = value.as_str()?;
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    (0.0..=MAX_RETRY_SECONDS).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// Google names the key it suspends; messages must not carry it on. Its keys begin with `AIza`.
fn without_keys(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find("AIza") {
        let (before, key) = rest.split_at(at);
        out.push_str(before);
        out.push_str("(key)");
        let end = key.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        rest = &key[end.unwrap_or(key.len())..];
    }
    out + rest
}
