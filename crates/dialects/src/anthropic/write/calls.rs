//! Matching tool calls with their results: every call must be answered in the very next turn, and nothing else
//! may be.

use std::borrow::Cow;

use types::{Fault, Role, ToolResult};

use super::pieces::Piece;
use super::turns::Turn;
use crate::anthropic::ids;
use crate::json::Doc;

/// Most calls that one turn may hold; a bound for hostile requests, far above what models do.
const MAX_CALLS: usize = 512;

/// A call that waits for its result.
struct Open<'a> {
    /// The caller's id; empty where the caller's dialect has none.
    id: Cow<'a, str>,
    name: &'a str,
    /// What the call is sent under.
    sent: Cow<'a, str>,
}

/// Gives every call and its result an id that Anthropic accepts; refuses calls without a result and results
/// without a call.
pub(super) fn pair(turns: &mut [Turn]) -> Result<(), Fault> {
    let mut open = Vec::new();
    for (place, turn) in turns.iter_mut().enumerate() {
        match turn.role {
            Role::Assistant => open_calls(turn, place, &mut open)?,
            Role::User => answer_calls(turn, &mut open)?,
            Role::System => {}
        }
    }
    all_answered(&open)
}

fn open_calls<'a>(turn: &mut Turn<'a>, place: usize, open: &mut Vec<Open<'a>>) -> Result<(), Fault> {
    for (index, piece) in turn.pieces.iter_mut().enumerate() {
        let call = match piece {
            Piece::ToolUse { call, id, .. } => {
                *id = match call.id.is_empty() {
                    true => Cow::Owned(format!("toolu_{place}_{index}")),
                    false => ids::CALL_IDS.fit(&call.id),
                };
                Open { id: Cow::Borrowed(&call.id), name: &call.name, sent: id.clone() }
            }
            Piece::Raw(raw) => match opaque_call(raw.get()) {
                Some(id) => Open { id: id.clone().into(), name: "", sent: id.into() },
                None => continue,
            },
            _ => continue,
        };
        if open.iter().any(|other| other.sent == call.sent) {
            return Err(fault(format!("several tool calls have the id '{}'", call.id)));
        }
        if open.len() == MAX_CALLS {
            return Err(fault(format!("more than {MAX_CALLS} tool calls in one turn")));
        }
        open.push(call);
    }
    Ok(())
}

fn answer_calls(turn: &mut Turn, open: &mut Vec<Open>) -> Result<(), Fault> {
    for piece in &mut turn.pieces {
        let Piece::ToolResult { result, id, .. } = piece else {
            continue;
        };
        let Some(at) = open.iter().position(|call| answers(result, call)) else {
            return Err(fault(format!(
                "the tool result for '{}' does not follow a tool call with this id",
                result.call_id
            )));
        };
        *id = Cow::Owned(open.remove(at).sent.into_owned());
    }
    all_answered(open)
}

/// Dialects without ids tell results apart by name and order.
fn answers(result: &ToolResult, call: &Open) -> bool {
    match result.call_id.is_empty() {
        true => call.id.is_empty() && result.name.as_deref().is_none_or(|name| name == call.name),
        false => call.id == result.call_id,
    }
}

fn all_answered(open: &[Open]) -> Result<(), Fault> {
    match open.first() {
        None => Ok(()),
        Some(call) => {
            Err(fault(format!("tool call '{}' ({}) has no result in the message after it", call.id, call.name)))
        }
    }
}

/// The id of a call that stayed opaque (see `read::blocks`); its result is an ordinary one.
fn opaque_call(raw: &str) -> Option<String> {
    let doc = Doc::parse_head(raw.as_bytes()).ok()?;
    let root = doc.root();
    root.get("type").filter(|kind| kind.is("tool_use"))?;
    root.get("id")?.as_string()
}

fn fault(message: String) -> Fault {
    Fault::invalid_param("messages", message)
}
