//! Decoding a caller's request.
//!
//! Strict about the types of known fields, as Anthropic is; unknown fields are kept as extras, unknown kinds of
//! blocks and tools as opaque ones.

mod at;
mod blocks;
mod settings;
mod tools;

pub(super) use settings::thinking_of_extra;

use types::{Block, Chat, Fault, Message, Operation, Request, Role};

use crate::anthropic::words;
use crate::json::{Doc, Json, Kind};
use crate::lacking;
use at::At;
use blocks::Place;

/// Most messages that Anthropic takes.
const MAX_MESSAGES: usize = 100_000;

/// Decodes the body of `POST /v1/messages` or `/v1/messages/count_tokens`.
pub(super) fn request(operation: Operation, body: &[u8]) -> Result<Request, Fault> {
    let doc = Doc::parse(body)?;
    let root = doc.root();
    if root.kind() != Kind::Object {
        return Err(Fault::invalid(format!("expected the request to be an object, got {}", root.kind().describe())));
    }
    match operation {
        Operation::Chat => {
            let chat = chat(root)?;
            if chat.max_tokens.is_none() {
                return Err(At::Top("max_tokens").fault("Field required"));
            }
            Ok(Request::Chat(Box::new(chat)))
        }
        Operation::CountTokens => Ok(Request::CountTokens(Box::new(chat(root)?))),
        other => Err(lacking(other)),
    }
}

fn chat(root: Json) -> Result<Chat, Fault> {
    let mut chat = Chat { stream_usage: true, dialect: words::DIALECT, ..Chat::default() };
    for required in ["model", "messages"] {
        if root.get_some(required).is_none() {
            return Err(At::Top(required).fault("Field required"));
        }
    }
    let mut system = None;
    for (key, value) in root.fields() {
        let key = key.as_str().unwrap_or_default();
        let at = At::Top(&key);
        match key.as_ref() {
            _ if value.is_null() => {}
            "system" => system = Some(Message::new(Role::System, blocks::content(value, &at, Place::System)?)),
            "messages" => chat.messages = messages(value, &at)?,
            _ => settings::field(&mut chat, &key, value, &at)?,
        }
    }
    let system = system.filter(|message| !is_blank(message));
    chat.messages.splice(0..0, system);
    Ok(chat)
}

fn messages(json: Json, at: &At) -> Result<Vec<Message>, Fault> {
    let messages = at.list(json, message)?;
    if messages.is_empty() {
        return Err(at.fault("at least one message is required"));
    }
    if messages.len() > MAX_MESSAGES {
        return Err(at.fault(format_args!("at most {MAX_MESSAGES} messages are allowed")));
    }
    Ok(messages)
}

fn message(json: Json, at: &At) -> Result<Message, Fault> {
    let role = at.required_string(json, "role")?;
    let (role, place) = match role.as_str() {
        "user" => (Role::User, Place::User),
        "assistant" => (Role::Assistant, Place::Assistant),
        "system" => (Role::System, Place::System),
        _ => return Err(At::Field(at, "role").fault("must be 'user', 'assistant' or 'system'")),
    };
    let content = at.required(json, "content")?;
    let blocks = blocks::content(content, &At::Field(at, "content"), place)?;
    Ok(Message::new(role, blocks))
}

/// Whether the message says nothing at all.
fn is_blank(message: &Message) -> bool {
    message.blocks.iter().all(|block| matches!(block, Block::Text(text) if text.text.is_empty()))
}
