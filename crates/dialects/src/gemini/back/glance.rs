//! What can be seen in an event of a stream that passes through untouched. Every event carries token counts, so
//! every event is looked into, but only as deep as they lie.

use memchr::memmem::find;

use super::{answer, fault, usage};
use crate::Glance;
use crate::json::{Doc, Json};

/// Looks at one event.
pub(super) fn glance(event: &[u8]) -> Glance {
    let has = |needle: &str| find(event, needle.as_bytes()).is_some();
    let ends = has("\"finishReason\"") || has("\"blockReason\"");
    let grounded = has("\"webSearchQueries\"");
    // Quotes inside strings are escaped, so a name found here is a name, though perhaps not one of ours.
    if !(ends || grounded || has("\"usageMetadata\"") || has("\"error\"")) {
        return Glance::default();
    }
    let wrapped = event.trim_ascii_start().starts_with(b"[");
    let parsed = if ends || grounded || wrapped { Doc::parse(event) } else { Doc::parse_head(event) };
    let Ok(doc) = parsed else {
        return Glance::default();
    };
    let root = fault::unwrapped(doc.root());
    if let Some(error) = root.get_some("error") {
        return deep(error, |error| Glance { fault: Some(Box::new(fault::in_band(error))), ..Glance::default() });
    }
    let mut usage = root.get_some("usageMetadata").map(|meta| deep(meta, usage::read));
    let candidates = || root.get("candidates").into_iter().flat_map(|list| list.items());
    for candidate in candidates().filter(|_| grounded) {
        answer::count_searches(candidate, usage.get_or_insert_default());
    }
    let finished = || candidates().any(|candidate| candidate.get_some("finishReason").is_some());
    Glance { usage, end: ends && (finished() || super::finish::is_blocked(root)), ..Glance::default() }
}

/// Reads a value of which perhaps only the outside was noted.
fn deep<T: Default>(value: Json, read: impl FnOnce(Json) -> T) -> T {
    Doc::parse(value.raw().as_bytes()).map_or_else(|_| T::default(), |doc| read(doc.root()))
}
