//! What can be seen in a line of a stream that passes through untouched: only the last line and errors matter.

use memchr::memmem::find;

use super::{fault, line};
use crate::Glance;
use crate::json::Doc;

/// Looks at one line. Quotes inside strings are escaped, so a name found here is a name, though perhaps not one of
/// the line itself.
pub(super) fn glance(event: &[u8]) -> Glance {
    let has = |needle: &str| find(event, needle.as_bytes()).is_some();
    if !(has("\"done\":true") || has("\"done\": true") || has("\"error\"")) {
        return Glance::default();
    }
    let Ok(doc) = Doc::parse(event) else {
        return Glance::default();
    };
    let root = doc.root();
    if let Some(error) = root.get_some("error") {
        return Glance { fault: Some(Box::new(fault::in_band(error))), ..Glance::default() };
    }
    if !line::is_done(root) {
        return Glance::default();
    }
    let usage = line::usage(root);
    Glance { usage: usage.total().map(|_| usage), end: true, ..Glance::default() }
}
