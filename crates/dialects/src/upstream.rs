//! What backs share when they read what a provider sent: JSON that may be broken, counts that may be absurd,
//! and error statuses whose body says nothing finer.

use types::{Fault, FaultKind, Side};

use crate::json::{Doc, Json, JsonError};

/// Longest message of a provider that is handed on; some send whole web pages.
const MAX_MESSAGE_BYTES: usize = 2_000;

/// Parses an answer or an event of a provider: broken JSON is the provider's fault, not the caller's.
pub fn parse(body: &[u8]) -> Result<Doc<'_>, Fault> {
    Doc::parse_answer(body).map_err(|error| broken(&error))
}

/// An answer or event is not JSON.
pub fn broken(error: &JsonError) -> Fault {
    malformed(format!("the provider sent broken JSON: {} at byte {}", error.what, error.offset))
}

/// The provider answered something that is not its format.
pub fn malformed(message: impl Into<String>) -> Fault {
    Fault::provider(FaultKind::Malformed, message)
}

/// A token count. Numbers that no model can reach are noise, and would overflow sums.
pub fn count(value: Option<Json>) -> Option<u64> {
    value?.as_u64().filter(|count| *count < 1 << 50)
}

/// The numbers of an embedding vector.
pub fn vector(values: Json) -> Result<Vec<f32>, Fault> {
    values
        .items()
        .map(|value| value.as_f64().map(|number| number as f32).filter(|number| number.is_finite()))
        .collect::<Option<_>>()
        .ok_or_else(|| malformed("the provider sent an embedding that is not a list of numbers"))
}

/// The fault that an HTTP status stands for when nothing finer is known (wire.md 8.11).
pub fn fault_of_status(status: u16, message: &str) -> Fault {
    let (kind, side) = match status {
        401 => (FaultKind::Authentication, Side::Provider),
        402 => (FaultKind::Payment, Side::Provider),
        403 => (FaultKind::Permission, Side::Provider),
        404 => (FaultKind::NotFound, Side::Provider),
        408 | 504 => (FaultKind::Timeout, Side::Provider),
        413 => (FaultKind::TooLarge, Side::Caller),
        429 => (FaultKind::RateLimit, Side::Provider),
        503 | 529 => (FaultKind::Overloaded, Side::Provider),
        409 | 424 | 499 | 500.. => (FaultKind::Upstream, Side::Provider),
        _ => (FaultKind::InvalidRequest, Side::Caller),
    };
    let message = match message.trim() {
        "" => format!("the provider answered with status {status}"),
        text => bounded(text).to_owned(),
    };
    Fault { upstream_status: Some(status), ..Fault::new(kind, side, message) }
}

/// The beginning of a text that is too long to hand on.
fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)]
}

#[cfg(test)]
mod tests;
