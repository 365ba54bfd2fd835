//! Looking at bodies and events that pass through untouched, without parsing what need not be parsed.

use memchr::memmem;
use types::{Fault, FaultKind, Operation, Usage};

use super::usage::Counts;
use super::{answer, faults, ids};
use crate::json::{Doc, Json, Kind, Names};
use crate::{Glance, upstream};

/// How nearly every event begins.
const PLAIN: [&[u8]; 2] = [br#"{"type":"content_block_"#, br#"{"type": "content_block_"#];

/// Fields of an event that hold what the model wrote.
const WRITTEN: Names = Names::of(&["text", "thinking", "name", "partial_json"]);

/// Looks at one event. All that matters is in the three events about the message and in errors.
pub(super) fn glance(event: &[u8], known: &Usage) -> Glance {
    let plain = PLAIN.iter().any(|start| event.starts_with(start));
    let mentions = |needle: &str| memmem::find(event, needle.as_bytes()).is_some();
    let worth = !plain && (mentions("\"message_") || mentions("\"error\""));
    let seen = upstream::glance(event, WRITTEN, worth, |root| look(root, known));
    let not_json = || Fault::provider(FaultKind::Malformed, "the provider sent an event that is not JSON");
    seen.unwrap_or_else(|_| Glance::failed(not_json()))
}

fn look(event: Json, known: &Usage) -> Glance {
    let kind = event.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
    let usage = match kind.as_ref() {
        "message_start" => event.get("message").and_then(|message| message.get_some("usage")).map(Counts::read),
        "message_delta" => event.get_some("usage").map(Counts::read_late),
        "message_stop" => return Glance { end: true, over: true, ..Glance::default() },
        "error" => return Glance::failed(faults::read_in_answer(event)),
        _ => None,
    };
    let updated = |later| {
        let mut counts = Counts::of(known);
        counts.update(later);
        counts.usage()
    };
    Glance { usage: usage.map(updated), ..Glance::default() }
}

/// Looks at a whole answer: whether it is one, and what it consumed. Its content is only checked to be JSON.
pub(super) fn glance_answer(operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
    let is_message = matches!(operation, Operation::Chat | Operation::Completion);
    let doc = Doc::parse_answer_head(body).map_err(|error| answer::unreadable(&error))?;
    let root = doc.root();
    let whole = root.get("content").is_some_and(|content| content.kind() == Kind::Array);
    if !(is_message && whole) || root.get("type").is_some_and(|kind| kind.is("error")) {
        return answer::read(operation, body).map(|answer| answer.usage());
    }
    let usage = root.get_some("usage").and_then(|usage| usage.inside(|usage| Counts::read(usage).usage()));
    Ok(usage.unwrap_or_default())
}

/// Whether a caller's body holds something that this dialect's writers made up because another dialect has no
/// such thing: an empty signature, an empty search handle, an id with a rider. Anthropic refuses them.
pub(super) fn holds_our_marks(body: &[u8]) -> bool {
    let is_empty = |at: usize| {
        let rest = body[at..].trim_ascii_start();
        rest.strip_prefix(b":").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"\""))
    };
    let empty_field = |name: &str| memmem::find_iter(body, name).any(|at| is_empty(at + name.len()));
    empty_field("\"signature\"")
        || empty_field("\"encrypted_index\"")
        || memmem::find(body, ids::SIGNATURE_MARK.as_bytes()).is_some()
}
