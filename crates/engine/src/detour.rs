//! Models that think and call functions in the Responses API alone (wire.md 2.7): a chat with tools goes there instead, where
//! the provider has it.

use std::sync::Arc;

use dialects::Back;
use types::{Effort, Operation, Request, Tool};

use crate::Deployment;
use crate::ask::Ask;

/// The dialect of the detour.
const DIALECT: &str = "responses";
/// Fields of a body that has tools.
const TOOLS: [&str; 2] = ["tools", "functions"];
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
    // All dialects call tools the same, but for OpenAI's older name: a body without any is not decoded for this.
    let has_tools = || ask.body.with(|root| TOOLS.iter().any(|name| root.get(name).is_some()));
    // What nobody can read is refused in due course.
    has_detour && has_tools() && ask.decoded(deployment).is_ok_and(|request| thinks_and_calls(&request))
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
    use std::time::Duration;

    use dialects::Responses;
    use serde_json::json;

    use super::*;
    use crate::Spending;
    use crate::rig::{Act, Rig, deployment, text};

    fn answer(body: &serde_json::Value) -> Vec<Act> {
        let body = body.to_string();
        vec![
            Act::Write(format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )),
            Act::Write(body),
            Act::Wait(Duration::from_millis(1)),
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn such_a_model_gets_tools_in_the_other_api_unless_it_is_not_to_think() {
        let tools = json!([{ "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } }]);
        let item = json!({ "type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}" });
        let detour = json!({ "id": "resp_1", "object": "response", "status": "completed", "output": [item] });
        let message = json!({ "role": "assistant", "content": "well" });
        let plain = json!({ "choices": [{ "message": message, "finish_reason": "stop" }] });
        for (fields, is_detour) in [
            (json!({ "tools": tools }), true),
            (json!({ "tools": tools, "reasoning_effort": "none" }), false),
            (json!({}), false),
        ] {
            let deployment = Deployment { beside: Some(&Responses), model: "gpt-5.4".to_owned(), ..deployment("a") };
            let rig = Rig::new(Spending::default(), deployment, [answer(if is_detour { &detour } else { &plain })]);
            let told = text(rig.ask(fields.clone()).await).await;
            assert_eq!(rig.bodies()[0].get("input").is_some(), is_detour, "{fields}");
            assert_eq!(told.contains("\"tool_calls\""), is_detour, "{told}");
        }
    }

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
