//! Looking at bodies and events that pass through untouched, without parsing what need not be parsed.

use memchr::memmem;
use types::{Fault, FaultKind};

use super::usage::Counts;
use super::{faults, ids};
use crate::Glance;
use crate::json::{self, Doc, Json};

/// How nearly every event begins.
const PLAIN: [&[u8]; 2] = [br#"{"type":"content_block_"#, br#"{"type": "content_block_"#];

/// Looks at one event. All that matters is in the three events about the message and in errors.
pub(super) fn glance(event: &[u8]) -> Glance {
    let plain = PLAIN.iter().any(|start| event.starts_with(start));
    let mentions = |needle: &str| memmem::find(event, needle.as_bytes()).is_some();
    if (plain || !(mentions("\"message_") || mentions("\"error\""))) && json::is_valid(event) {
        return Glance::default();
    }
    match Doc::parse(event) {
        Ok(doc) => look(doc.root()),
        Err(_) => {
            let fault = Fault::provider(FaultKind::Malformed, "the provider sent an event that is not JSON");
            Glance { fault: Some(Box::new(fault)), ..Glance::default() }
        }
    }
}

fn look(event: Json) -> Glance {
    let kind = event.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
    match kind.as_ref() {
        "message_start" => {
            let usage = event.get("message").and_then(|message| message.get_some("usage"));
            Glance { usage: usage.map(|usage| Counts::read(usage).usage()), ..Glance::default() }
        }
        "message_delta" => {
            let usage = event.get_some("usage");
            Glance { usage: usage.map(|usage| Counts::read_late(usage).usage()), ..Glance::default() }
        }
        "message_stop" => Glance { end: true, ..Glance::default() },
        "error" => Glance { fault: Some(Box::new(faults::read_in_answer(event))), ..Glance::default() },
        _ => Glance::default(),
    }
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
