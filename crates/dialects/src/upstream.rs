//! What backs share when they read what a provider sent: JSON that may be broken, counts that may be absurd,
//! and error statuses whose body says nothing finer.

use types::{Fault, FaultKind, Side};

use crate::Glance;
use crate::json::{self, Doc, Json, JsonError, Names};

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

/// Looks at an event that passes untouched: into it where it is `worth` it, and in any case at how much of it the model
/// wrote, which the `written` fields hold.
pub fn glance(
    event: &[u8],
    written: Names,
    worth: bool,
    look: impl FnOnce(Json) -> Glance,
) -> Result<Glance, JsonError> {
    match worth {
        true => {
            let (doc, output_bytes) = Doc::parse_measured(event, written)?;
            Ok(Glance { output_bytes, ..look(doc.root()) })
        }
        false => Ok(Glance { output_bytes: json::measure(event, written)?, ..Glance::default() }),
    }
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

/// What an HTTP status says is wrong when nothing finer is known (wire.md 8.11).
pub fn kind_of_status(status: u16) -> FaultKind {
    match status {
        401 => FaultKind::Authentication,
        402 => FaultKind::Payment,
        403 => FaultKind::Permission,
        404 => FaultKind::NotFound,
        408 | 504 => FaultKind::Timeout,
        413 => FaultKind::TooLarge,
        429 => FaultKind::RateLimit,
        503 | 529 => FaultKind::Overloaded,
        // A conflict, a failed dependency, a caller who was gone: somebody else was in the way, which passes.
        409 | 424 | 499 => FaultKind::Upstream,
        400..500 => FaultKind::InvalidRequest,
        _ => FaultKind::Upstream,
    }
}

/// Whose fault it is that a provider did not answer as it should.
pub fn side(kind: FaultKind) -> Side {
    use FaultKind::*;
    match kind {
        InvalidRequest | Unsupported | TooLarge | ContextWindow | ContentPolicy => Side::Caller,
        _ => Side::Provider,
    }
}

/// The fault that an HTTP status stands for.
pub fn fault_of_status(status: u16, message: &str) -> Fault {
    let kind = kind_of_status(status);
    let message = match message.trim() {
        "" => format!("the provider answered with status {status}"),
        text => bounded(text).to_owned(),
    };
    Fault { upstream_status: Some(status), ..Fault::new(kind, side(kind), message) }
}

/// The beginning of a text that is too long to hand on.
fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)]
}

#[cfg(test)]
mod tests;
