//! Encoding a request for Anthropic: first everything is decided and checked, then it is printed.
//!
//! What becomes of each field is wire.md 8.1. A request that loses something on the way says so in
//! [`Outgoing::dropped`].

mod calls;
pub(crate) mod extras;
pub(crate) mod media;
pub(crate) mod pieces;
mod print;
pub(crate) mod sampling;
pub(crate) mod thinking;
pub(crate) mod tools;
pub(crate) mod turns;

pub(super) use sampling::unsampled;

use bytes::BytesMut;
use types::{Chat, Fault, Request};

use super::{ids, words};
use crate::lacking;
use crate::turns::completion_as_chat;
use crate::{Fit, Outgoing, Target, names};

/// What the body is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// An answer is wanted.
    Answer,
    /// Only the number of its tokens: nothing may be said about the answer.
    Count,
}

/// Encodes `request` for `target`.
pub(super) fn request(request: &Request, target: &Target) -> Result<Outgoing, Fault> {
    let mut fit = Fit::new(target);
    let request = names::fit(request, ids::TOOL_NAMES, &mut fit.amends);
    let body = match &*request {
        Request::Chat(request) => chat(request, Purpose::Answer, &mut fit)?,
        Request::CountTokens(request) => chat(request, Purpose::Count, &mut fit)?,
        Request::Completion(request) => chat(&completion_as_chat(request, &mut fit)?, Purpose::Answer, &mut fit)?,
        other => return Err(lacking(other.operation())),
    };
    let headers = vec![(words::VERSION.0, target.version.unwrap_or(words::VERSION.1).to_owned())];
    Ok(Outgoing { headers, ..fit.outgoing(body) })
}

fn chat(chat: &Chat, purpose: Purpose, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let extras = extras::Extras::of(chat, purpose == Purpose::Count, fit)?;
    let mut conversation = turns::arrange(chat, fit)?;
    let thinking = thinking::Plan::new(chat, &extras, &conversation.turns, fit)?;
    let tools = tools::Plan::new(chat, &conversation.turns, thinking.is_active(), fit)?;
    if let Some(instruction) = &tools.instruction {
        conversation.system.push(pieces::Piece::text(instruction.as_str()));
    }
    let sampling = match purpose {
        Purpose::Answer => Some(sampling::Plan::new(chat, thinking.is_active(), fit)?),
        Purpose::Count => None,
    };
    let (model, version) = (fit.target.model, fit.target.quirks.body_version);
    let body = print::Body { model, version, conversation, extras, thinking, tools: &tools, sampling };
    Ok(body.print())
}
