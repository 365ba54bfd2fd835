//! What the Messages dialect promises, as sentences.

mod answers;
mod arbitrary;
mod callers;
mod conversation;
mod faults;
mod hostile;
mod settings;
mod streams_in;
mod streams_out;
mod tools;
mod words;

use serde_json::Value;
use types::{Abilities, Chat, Effort, Fault, ModelFacts, Operation, Request};

use super::Anthropic;
use crate::{Back, Front, Outgoing, Quirks, Target};

const REQUEST: &str = include_str!("../../../fixtures/anthropic/request.json");
const ANSWER: &str = include_str!("../../../fixtures/anthropic/answer.json");
const STREAM: &str = include_str!("../../../fixtures/anthropic/stream.sse");

/// A recent model: everything but sampling, and calls can be forced.
fn recent() -> Abilities {
    Abilities {
        sampling: false,
        reasoning: true,
        adaptive_thinking: true,
        prefill: false,
        system_anywhere: true,
        max_effort: Effort::Max,
        effort_xhigh: true,
        ..Abilities::default()
    }
}

/// A model of the 4.5 family: thinks with a budget.
fn budgeted() -> Abilities {
    Abilities { reasoning: true, budget_thinking: true, ..Abilities::default() }
}

/// A model that knows neither thinking nor schemas.
fn old() -> Abilities {
    Abilities { structured_output: false, ..Abilities::default() }
}

fn facts(abilities: Abilities) -> ModelFacts {
    ModelFacts { abilities, ..ModelFacts::default() }
}

fn send(request: &Request, facts: &ModelFacts, drop_params: bool) -> Result<Outgoing, Fault> {
    send_as(None, request, facts, drop_params)
}

/// The same for a caller who names a version of the dialect.
fn send_as(version: Option<&str>, request: &Request, facts: &ModelFacts, drop_params: bool) -> Result<Outgoing, Fault> {
    let quirks = Quirks::default();
    let target = Target {
        model: "claude-x",
        name: "anthropic/claude-x",
        facts,
        quirks: &quirks,
        drop_params,
        version,
        num_ctx: None,
        issuer: None,
    };
    Anthropic.write_request(request, &target)
}

fn send_chat(chat: Chat, abilities: Abilities, drop_params: bool) -> Result<(Value, Vec<String>), Fault> {
    let out = send(&Request::Chat(Box::new(chat)), &facts(abilities), drop_params)?;
    Ok((json(&out.body), out.dropped))
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
}

fn read_chat(body: &str) -> Result<Chat, Fault> {
    match Anthropic.read_request(Operation::Chat, body.as_bytes())? {
        Request::Chat(chat) => Ok(*chat),
        other => panic!("{other:?}"),
    }
}
