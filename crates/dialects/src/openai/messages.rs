//! Reading the messages of a request: roles, tool results, and what assistants said before.

use std::collections::HashMap;

use types::{Block, CacheMark, Message, Raw, Role, ToolResult};

use super::{NAME, assistant, parts, proofs};
use crate::json::{Json, Writer};
use crate::typed::{Place, Wrong, each, field, items, object, required, text};

/// Fields of messages that are understood, or that other servers have for what is understood.
const KNOWN: [&str; 17] = [
    "role",
    "content",
    "name",
    "tool_call_id",
    "tool_calls",
    "function_call",
    "refusal",
    "audio",
    "images",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "thinking_blocks",
    "provider_specific_fields",
    "annotations",
    "cache_control",
    "prompt_cache_breakpoint",
];

/// Reads `messages`.
pub(super) fn read(list: Json) -> Result<Vec<Message>, Wrong> {
    let mut conversation = Conversation::default();
    for (index, message) in items(list)?.enumerate() {
        conversation.add(index, message).at(index)?;
    }
    Ok(conversation.messages)
}

#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    /// Whether the last message holds tool results, to which the next result belongs.
    results_open: bool,
    /// Ids made for calls in the deprecated form, which refers to functions by name only.
    made_ids: HashMap<String, String>,
}

impl Conversation {
    fn add(&mut self, index: usize, message: Json) -> Result<(), Wrong> {
        let message = object(message)?;
        let role = required(message, "role", text)?;
        match &*role {
            "tool" => {
                let (call_id, _) = proofs::split(required(message, "tool_call_id", text)?);
                return self.result(message, call_id);
            }
            "function" => {
                let name = required(message, "name", text)?;
                let call_id = self.made_ids.get(&name).cloned().unwrap_or_default();
                return self.result(message, call_id);
            }
            _ => {}
        }
        self.results_open = false;
        let (role, mut blocks) = match &*role {
            "system" | "developer" => (Role::System, required(message, "content", parts::read)?),
            "user" => (Role::User, required(message, "content", parts::read)?),
            "assistant" => (Role::Assistant, self.assistant(index, message)?),
            _ => {
                let expected = "must be one of developer, system, user, assistant, tool, function";
                return Err(Wrong::new(expected)).within("role");
            }
        };
        if let (Some(mark), Some(last)) = (parts::cache_mark(message), blocks.last_mut()) {
            set_cache(last, mark);
        }
        self.messages.push(Message {
            name: field(message, "name", text)?,
            extras: message.beside(&KNOWN),
            ..Message::new(role, blocks)
        });
        Ok(())
    }

    /// Results that follow each other belong to one message, as in the formats that count turns.
    fn result(&mut self, message: Json, call_id: String) -> Result<(), Wrong> {
        let result = Block::ToolResult(ToolResult {
            call_id,
            name: field(message, "name", text)?,
            blocks: field(message, "content", parts::read)?.unwrap_or_default(),
            is_error: false,
            cache: parts::cache_mark(message),
        });
        match self.messages.last_mut().filter(|_| self.results_open) {
            Some(open) => open.blocks.push(result),
            None => self.messages.push(Message::new(Role::User, vec![result])),
        }
        self.results_open = true;
        Ok(())
    }

    fn assistant(&mut self, index: usize, message: Json) -> Result<Vec<Block>, Wrong> {
        let mut blocks = assistant::thinking(message);
        blocks.extend(field(message, "content", parts::read)?.unwrap_or_default());
        blocks.extend(field(message, "refusal", text)?.filter(|refusal| !refusal.is_empty()).map(Block::Refusal));
        blocks.extend(field(message, "images", |images| each(images, parts::image))?.unwrap_or_default());
        blocks.extend(field(message, "audio", |audio| Ok(spoken(audio)))?);
        blocks.extend(field(message, "tool_calls", |calls| each(calls, assistant::call))?.unwrap_or_default());
        if let Some(mut call) = field(message, "function_call", assistant::named_call)? {
            call.id = format!("call_fn_{index}");
            self.made_ids.insert(call.name.clone(), call.id.clone());
            blocks.push(Block::ToolCall(call));
        }
        Ok(blocks)
    }
}

/// A message's `audio` as a block: the field itself within an object, which is how it is told from parts.
pub(super) fn spoken(audio: Json) -> Block {
    let object = Writer::document(|w| w.key("audio").json(audio.raw()));
    Block::Opaque { dialect: NAME, raw: Raw::new(String::from_utf8_lossy(&object)) }
}

fn set_cache(block: &mut Block, mark: CacheMark) {
    match block {
        Block::Text(text) => text.cache = Some(mark),
        Block::Image { cache, .. } | Block::Document { cache, .. } => *cache = Some(mark),
        _ => {}
    }
}
