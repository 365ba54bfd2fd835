//! Models that think and call functions in the Responses API alone (wire.md 2.7): a chat with tools goes there instead, where
//! the provider has it.

use std::sync::Arc;

use dialects::Back;
use types::{Effort, Operation, Request, Tool};

use crate::Deployment;
use crate::ask::Ask;

/// The dialect of the detour.
const DIALECT: &str = "responses";
/// What names of such models begin with, and the first version of them.
const FAMILY: &str = "gpt-";
const FIRST: (u32, u32) = (5, 4);

/// The dialect that a call is translated into.
pub(crate) fn back(ask: &Ask, deployment: &Arc<Deployment>, model: &str) -> &'static dyn Back {
    let detour = deployment.speaks(DIALECT).filter(|_| is_needed(ask, deployment, model));
    detour.or(deployment.back.of_model(model)).unwrap_or(deployment.back)
}

/// Whether a call must make the detour.
pub(crate) fn is_needed(ask: &Ask, deployment: &Arc<Deployment>, model: &str) -> bool {
    if ask.operation != Operation::Chat || ask.front.name() == DIALECT || !is_such(model) {
        return false;
    }
    let has_detour = deployment.back.name() != DIALECT && deployment.speaks(DIALECT).is_some();
    // What nobody can read is refused in due course.
    has_detour && ask.decoded(deployment).is_ok_and(|request| thinks_and_calls(&request))
}

fn thinks_and_calls(request: &Request) -> bool {
    let Request::Chat(chat) = request else { return false };
    let calls = chat.tools.iter().any(|tool| matches!(tool, Tool::Function(_)));
    calls && chat.reasoning.as_ref().is_none_or(|reasoning| reasoning.effort != Some(Effort::None))
}

/// Whether a model is one of them, by its name.
fn is_such(model: &str) -> bool {
    let Some(rest) = model.strip_prefix(FAMILY) else { return false };
    let version = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    match (major.parse::<u32>(), minor.parse::<u32>()) {
        (Ok(major), Ok(minor)) => (major, minor) >= FIRST && !rest.contains("chat"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn such_models_are_known_by_their_names() {
        for model in ["gpt-5.4", "gpt-5.4-mini", "gpt-5.10", "gpt-6-astra", "gpt-6.1-sol"] {
            assert!(is_such(model), "{model}");
        }
        for model in ["gpt-4o", "gpt-5", "gpt-5.3-codex", "gpt-5.4-chat-latest", "gpt-oss-120b", "o3", "gpt-"] {
            assert!(!is_such(model), "{model}");
        }
    }
}
