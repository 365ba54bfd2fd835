use types::{
    Block, CacheMark, Chat, Delta, Effort, Embedding, EmbeddingInput, Event, FaultKind, Finish, Format, Raw, Reasoning,
    Role, Side, Source, Text, Tool, ToolChoice,
};

use super::*;
use crate::frames::frame;
use crate::trial::{
    Upstream, assistant, base64, call, chat, document, events_of, extras, function, image, message, result, system,
    told, user,
};

mod answers;
mod claude;
mod requests;
mod streams;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "amazon.nova-pro-v1:0";

/// The body of a request to `model`.
fn body_of(model: &str, chat: Chat) -> Result<String, Fault> {
    let outgoing = upstream(model).write(&Bedrock, &Request::Chat(Box::new(chat)))?;
    Ok(String::from_utf8(outgoing.body.to_vec()).unwrap())
}

/// A model as the name tells.
fn upstream(model: &str) -> Upstream {
    let mut upstream = Upstream::new(model);
    let abilities = &mut upstream.facts.abilities;
    (abilities.reasoning, abilities.budget_thinking) = (true, model.contains("claude"));
    upstream
}
