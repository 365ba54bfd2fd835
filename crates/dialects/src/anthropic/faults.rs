//! What went wrong, in Anthropic's words: told to callers, and understood from providers.

use bytes::{BufMut, BytesMut};
use types::{Fault, FaultKind};

use crate::json::{Doc, Json, Kind, Writer};
use crate::{phrases, upstream};

/// Anthropic's status for "overloaded".
const OVERLOADED: u16 = 529;

/// What callers look for to learn that their conversation is too long; Claude Code then shortens it.
const TOO_LONG: &str = "prompt is too long";

/// Most characters of a provider's message that are shown.
const MAX_MESSAGE: usize = 2000;

/// Anthropic's types of errors with their statuses.
const TYPES: [(u16, &str); 10] = [
    (400, "invalid_request_error"),
    (401, "authentication_error"),
    (402, "billing_error"),
    (403, "permission_error"),
    (404, "not_found_error"),
    (409, "conflict_error"),
    (413, "request_too_large"),
    (429, "rate_limit_error"),
    (504, "timeout_error"),
    (OVERLOADED, "overloaded_error"),
];

/// Phrases of Anthropic's own in the message of an `invalid_request_error` that is something more telling, beside
/// those that all providers share.
const PHRASES: [(&str, FaultKind); 4] = [
    ("exceeds the context", FaultKind::ContextWindow),
    ("content_filter", FaultKind::ContentPolicy),
    ("usage policy", FaultKind::ContentPolicy),
    ("credit balance is too low", FaultKind::Payment),
];

/// The status of a fault: Anthropic has its own for an overload.
pub(super) fn status(fault: &Fault) -> u16 {
    match fault.status() {
        503 => OVERLOADED,
        408 => 504,
        status => status,
    }
}

/// A fault as the body of an answer with this status.
pub(super) fn write(fault: &Fault, status: u16) -> BytesMut {
    let kind = match TYPES.iter().find(|(known, _)| *known == status) {
        Some((_, kind)) => kind,
        None if status == 408 => "timeout_error",
        None if status == 503 => "overloaded_error",
        None if status < 500 => "invalid_request_error",
        None => "api_error",
    };
    Writer::document(|w| {
        w.str_field("type", "error");
        w.key("error").object(|w| {
            w.str_field("type", kind);
            w.str_field("message", &message(fault));
            if let Some(code) = &fault.code {
                w.key("details").object(|w| w.str_field("error_code", code));
            }
        });
    })
}

fn message(fault: &Fault) -> String {
    let told = fault.message.to_ascii_lowercase().contains(TOO_LONG);
    match fault.kind {
        FaultKind::ContextWindow if !told => format!("{TOO_LONG}: {}", fault.message),
        _ => fault.message.clone(),
    }
}

/// A fault as an event of a stream.
pub(super) fn write_event(fault: &Fault, out: &mut BytesMut) {
    out.put_slice(b"event: error\ndata: ");
    out.put_slice(&write(fault, status(fault)));
    out.put_slice(b"\n\n");
}

/// Understands an error answer with this status.
pub(super) fn read(status: u16, body: &[u8]) -> Fault {
    let fault = match Doc::parse(body) {
        Ok(doc) => understand(doc.root(), Some(status)),
        Err(_) => classify("", "", Some(status)),
    };
    Fault { upstream_status: Some(status), ..fault }
}

/// Understands an error that came inside a stream or a whole answer, after HTTP said that all is well.
pub(super) fn read_in_answer(error: Json) -> Fault {
    understand(error, None)
}

/// Reads `{"error": {"type", "message"}}`, and what other servers and proxies write instead.
fn understand(body: Json, status: Option<u16>) -> Fault {
    let error = body.get_some("error").unwrap_or(body);
    let text = |json: Json, name: &str| json.get(name).and_then(|value| value.as_string());
    let said = error.as_string().or_else(|| text(error, "message")).or_else(|| text(body, "detail"));
    let kind = text(error, "type").filter(|_| error.kind() == Kind::Object).unwrap_or_default();
    let code = error.get("details").and_then(|details| text(details, "error_code")).or_else(|| text(error, "code"));
    let mut fault = classify(&kind, said.as_deref().unwrap_or_default(), status);
    fault.code = code;
    fault
}

fn classify(word: &str, said: &str, status: Option<u16>) -> Fault {
    let mut kind = kind_of_word(word).unwrap_or_else(|| upstream::kind_of_status(status.unwrap_or(500)));
    if kind == FaultKind::InvalidRequest {
        let lower = said.to_ascii_lowercase();
        let own = PHRASES.iter().find(|(phrase, _)| lower.contains(phrase)).map(|(_, kind)| *kind);
        kind = phrases::kind_of(said).or(own).unwrap_or(kind);
    }
    let message = match kind {
        // Providers repeat parts of the key here, and it is ours.
        FaultKind::Authentication => "the provider refused the gateway's credential".to_owned(),
        _ if said.trim().is_empty() => match status {
            Some(status) => format!("the provider answered with status {status} and no explanation"),
            None => "the provider reported a failure without an explanation".to_owned(),
        },
        _ => said.chars().take(MAX_MESSAGE).collect(),
    };
    Fault::new(kind, upstream::side(kind), message)
}

fn kind_of_word(word: &str) -> Option<FaultKind> {
    Some(match word {
        "invalid_request_error" => FaultKind::InvalidRequest,
        "authentication_error" => FaultKind::Authentication,
        "billing_error" => FaultKind::Payment,
        "permission_error" => FaultKind::Permission,
        "not_found_error" => FaultKind::NotFound,
        "request_too_large" => FaultKind::TooLarge,
        "rate_limit_error" => FaultKind::RateLimit,
        "timeout_error" => FaultKind::Timeout,
        "overloaded_error" => FaultKind::Overloaded,
        _ => return None,
    })
}
