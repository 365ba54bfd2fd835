//! What can be seen in a line of a stream that passes through untouched: only the last line and errors matter.

use memchr::memmem::find;

use types::{Fault, Operation, Usage};

use super::{answer, embed, fault, line};
use crate::json::{Doc, Json, Names};
use crate::{Glance, upstream};

/// Fields of a line that hold what the model wrote.
const WRITTEN: Names = Names::of(&["content", "thinking", "response", "name", "arguments"]);

/// Looks at one line. Quotes inside strings are escaped, so a name found here is a name, though perhaps not one of
/// the line itself.
pub(super) fn glance(event: &[u8], known: &Usage) -> Glance {
    let has = |needle: &str| find(event, needle.as_bytes()).is_some();
    let worth = has("\"done\":true") || has("\"done\": true") || has("\"error\"");
    let seen = upstream::glance(event, WRITTEN, worth, |root| look(root, known));
    seen.unwrap_or_else(|error| Glance::failed(upstream::broken(&error)))
}

fn look(root: Json, known: &Usage) -> Glance {
    if let Some(error) = root.get_some("error") {
        let fault = error.inside(fault::in_band).map(Box::new);
        return Glance { fault, ..Glance::default() };
    }
    if !line::is_done(root) {
        return Glance::default();
    }
    let usage = line::usage(root);
    Glance { usage: usage.total().map(|_| known.updated(&usage)), end: true, over: true, ..Glance::default() }
}

/// Looks at a whole answer: whether it is one, and what it consumed. Its content is only checked to be JSON.
pub(super) fn glance_answer(operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
    let doc = Doc::parse_answer_head(body).map_err(|error| upstream::broken(&error))?;
    let root = doc.root();
    if let Some(error) = root.get_some("error") {
        return Err(error
            .inside(fault::in_band)
            .unwrap_or_else(|| upstream::malformed("the provider's error has no words")));
    }
    match operation {
        Operation::Embedding => embed::usage(root),
        _ => answer::usage(root),
    }
}
