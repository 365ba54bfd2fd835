//! What can be seen in answers and events that pass through untouched.

use memchr::memmem::find;

use types::{Fault, Operation, Usage};

use super::{answer, fault, finish, usage};
use crate::json::{Doc, Json, Kind, Names};
use crate::{Back, Gemini, Glance, upstream};

/// Fields of an event that hold what the model wrote.
const WRITTEN: Names = Names::of(&["text", "name", "args"]);

/// Looks at one event.
pub(super) fn glance(event: &[u8], known: &Usage) -> Glance {
    let has = |needle: &str| find(event, needle.as_bytes()).is_some();
    let ends = has("\"finishReason\"") || has("\"blockReason\"");
    let grounded = has("\"webSearchQueries\"");
    // Quotes inside strings are escaped, so a name found here is a name, though perhaps not one of ours.
    let worth = ends || grounded || has("\"usageMetadata\"") || has("\"error\"");
    let seen = upstream::glance(event, WRITTEN, worth, |root| look(fault::unwrapped(root), known));
    seen.unwrap_or_else(|error| Glance::failed(upstream::broken(&error)))
}

fn look(root: Json, known: &Usage) -> Glance {
    if let Some(error) = root.get_some("error") {
        let fault = error.inside(fault::in_band).map(Box::new);
        return Glance { fault, ..Glance::default() };
    }
    let said = consumed(root);
    let mut finishes = candidates(root).filter_map(|candidate| candidate.get_some("finishReason"));
    Glance {
        usage: (said != Usage::default()).then(|| known.updated(&said)),
        end: finishes.next().is_some() || finish::is_blocked(root),
        ..Glance::default()
    }
}

/// What an answer or event, of which perhaps only the outside was noted, says about what was consumed.
fn consumed(root: Json) -> Usage {
    let mut usage = root.get_some("usageMetadata").and_then(|meta| meta.inside(usage::read)).unwrap_or_default();
    candidates(root).for_each(|candidate| answer::count_searches(candidate, &mut usage));
    usage
}

fn candidates(root: Json<'_>) -> impl Iterator<Item = Json<'_>> {
    root.get("candidates").into_iter().flat_map(|list| list.items())
}

/// Looks at a whole answer: whether it is one, and what it consumed. Of what the model said only searches are looked
/// for, which are billed.
pub(super) fn glance_answer(operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
    let has = |needle: &str| find(body, needle.as_bytes()).is_some();
    let plain = has("\"candidates\"") && has("\"STOP\"") && !has("\"webSearchQueries\"") && !has("\"error\"");
    let doc = Doc::parse_answer_head(body).map_err(|error| upstream::broken(&error))?;
    match doc.root().kind() {
        Kind::Object if plain && operation == Operation::Chat => Ok(consumed(doc.root())),
        _ => Gemini.read_answer(operation, body).map(|answer| answer.usage()),
    }
}
