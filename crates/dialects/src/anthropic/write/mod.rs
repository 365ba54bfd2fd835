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

use types::{Chat, Fault, Request};

use super::{ids, words};
use crate::lacking;
use crate::turns::completion_as_chat;
use crate::{Fit, Names, Outgoing, Target, names};

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
    let (request, names) = names::fit(request, ids::TOOL_NAMES);
    let outgoing = match &*request {
        Request::Chat(request) => chat(request, Purpose::Answer, Fit::new(target)),
        Request::CountTokens(request) => chat(request, Purpose::Count, Fit::new(target)),
        Request::Completion(request) => {
            let mut fit = Fit::new(target);
            chat(&completion_as_chat(request, &mut fit)?, Purpose::Answer, fit)
        }
        other => Err(lacking(other.operation())),
    };
    outgoing.map(|outgoing| Outgoing { names, ..outgoing })
}

fn chat(chat: &Chat, purpose: Purpose, mut fit: Fit) -> Result<Outgoing, Fault> {
    let fit = &mut fit;
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
    Ok(Outgoing {
        behind: String::new(),
        body: body.print().freeze(),
        headers: vec![(words::VERSION.0, fit.target.version.unwrap_or(words::VERSION.1).to_owned())],
        dropped: std::mem::take(&mut fit.dropped),
        names: Names::default(),
    })
}
