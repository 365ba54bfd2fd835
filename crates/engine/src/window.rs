//! Whether a call fits the context windows of a group, and the call that is made of one that does not, where a rule says
//! what may be left out of it.

use dialects::json::{Json, Kind};
use policy::window::{Fit, Part, Truncation, Voice, fit, tokens_of, trim};
use types::{Fault, FaultKind, Operation, Side};

use crate::ask::Ask;
use crate::{Deployment, Group, Setup};

/// Most looks at what is left of a call that is made shorter.
const MOST_TRIES: u64 = 6;
/// By how much more of the window is left free with each of them, per cent.
const CARE: u64 = 5;

/// A call that is too long for a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// About how many tokens it has there.
    pub tokens: u64,
    /// How many there is room for.
    pub window: u64,
    /// Whether nobody knows for sure.
    pub is_doubtful: bool,
}

/// What becomes of `ask` in a group if it is too long there; `None` if nobody wants to know how long it is.
pub(crate) fn rule(setup: &Setup, ask: &Ask, group: &Group) -> Option<Truncation> {
    if !matches!(ask.operation, Operation::Chat | Operation::Completion) {
        return None;
    }
    let rule = ask.wishes.truncation.unwrap_or_else(|| setup.rules.truncation_of(&group.name));
    (setup.rules.pre_call_checks || rule != Truncation::Refuse).then_some(rule)
}

/// How `ask` is too long for a deployment, if it is.
pub(crate) fn excess(ask: &Ask, deployment: &Deployment, star: Option<&str>) -> Option<Excess> {
    let model = deployment.upstream_model(star);
    let window = deployment.facts_of(&model, star).max_input_tokens?;
    // No token is shorter than a byte.
    if ask.is_plain_and_within(window) {
        return None;
    }
    let tokens = tokens_of(&model, ask.tokens());
    match fit(tokens, Some(window)) {
        Fit::Yes => None,
        fit => Some(Excess { tokens, window, is_doubtful: fit == Fit::Doubtful }),
    }
}

/// The same call without what `rule` leaves out, so that it is too long no more; `None` if there is no such one.
pub(crate) fn shorten(ask: &Ask, rule: Truncation, excess: impl Fn(&Ask) -> Option<Excess>) -> Option<Ask> {
    let Excess { tokens, window, .. } = excess(ask)?;
    let (all, parts): (Vec<String>, Vec<Part>) = ask.body.with(|root| {
        let read = |messages: Json| messages.items().map(|one| (one.raw().to_owned(), part(one))).unzip();
        root.get_some(ask.front.conversation()).filter(|messages| messages.kind() == Kind::Array)?.inside(read)
    })?;
    let written: u64 = parts.iter().map(|part| part.length).sum();
    // Parts are measured as bodies are, which is quick, and what came of it is counted.
    (0..MOST_TRIES).find_map(|tried| {
        let room = window * (100 - CARE * tried) / 100;
        let surplus = (tokens - room).saturating_mul(ask.input_estimate()) / tokens;
        let keep = trim(rule, &parts, written.checked_sub(surplus)?)?;
        let kept: Vec<&str> = all.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(one, _)| one.as_str()).collect();
        ask.with_messages(&kept, all.len() - kept.len()).ok().filter(|shorter| excess(shorter).is_none())
    })
}

/// Whose word a message is, and how long. All fronts write their messages much alike, but for what tools say.
fn part(message: Json) -> Part {
    let role = message.get("role").and_then(|role| role.as_string());
    let is_result = |block: Json| {
        let of_gemini = ["functionResponse", "function_response"].iter().any(|name| block.get_some(name).is_some());
        of_gemini || block.get("type").is_some_and(|kind| kind.is("tool_result"))
    };
    let content = message.get("content").or_else(|| message.get("parts"));
    let voice = match role.as_deref() {
        Some("system" | "developer") => Voice::System,
        Some("assistant" | "model") => Voice::Answer,
        Some("tool" | "function") => Voice::Result,
        _ if content.is_some_and(|content| content.one_or_many().any(is_result)) => Voice::Result,
        _ => Voice::Question,
    };
    Part { voice, length: policy::estimate_body_tokens(message.raw().as_bytes()) }
}

/// The refusal of a call that is too long.
pub(crate) fn too_long(model: &str, excess: Excess) -> Fault {
    let Excess { tokens, window, .. } = excess;
    let message = format!(
        "This model's maximum context length is {window} tokens. However, your messages resulted in about {tokens} \
         tokens. (model={model}, counted by the gateway before sending)"
    );
    let code = Some("context_length_exceeded".to_owned());
    Fault { code, ..Fault::new(FaultKind::ContextWindow, Side::Caller, message) }
}
