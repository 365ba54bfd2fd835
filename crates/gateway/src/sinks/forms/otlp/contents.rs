//! What was said, as the conventions for generative models write it: messages with parts, whatever dialect they came in.
//! What cannot be read that way is told as it is.

use dialects::{BACKS, FRONTS};
use serde_json::{Value as Json, json};
use types::{Answer, Block, Finish, Message, Operation, Request, Role, Source};

use super::super::super::cleaned::Cleaned;
use super::wire::{Attribute, Value};

/// Adds it.
pub fn add(said: &Cleaned, operation: Operation, attributes: &mut Vec<Attribute>) {
    let mut put = |name, json: &Json| attributes.push((name, Value::Text(json.to_string())));
    match read(said, operation) {
        Some((instructions, messages)) => {
            if !instructions.is_empty() {
                put("gen_ai.system_instructions", &Json::Array(instructions));
            }
            put("gen_ai.input.messages", &Json::Array(messages));
        }
        None => put("lockgate.request", &said.request),
    }
    match (&said.answer, answers(said, operation)) {
        (_, Some(answers)) => put("gen_ai.output.messages", &Json::Array(answers)),
        (Some(answer), None) => put("lockgate.answer", answer),
        (None, None) => {}
    }
}

/// Instructions of the operator, and messages.
fn read(said: &Cleaned, operation: Operation) -> Option<(Vec<Json>, Vec<Json>)> {
    let front = FRONTS.iter().find(|front| front.name() == said.dialect)?;
    let request = front.read_request(operation, said.request.to_string().as_bytes()).ok()?;
    match request {
        Request::Chat(chat) | Request::CountTokens(chat) => {
            let (system, others): (Vec<&Message>, Vec<&Message>) =
                chat.messages.iter().partition(|message| message.role == Role::System);
            let instructions = system.iter().flat_map(|message| parts(&message.blocks)).collect();
            let message = |message: &&Message| {
                let is_result = message.blocks.iter().any(|block| matches!(block, Block::ToolResult(_)));
                let role = match message.role {
                    Role::Assistant => "assistant",
                    _ if is_result => "tool",
                    _ => "user",
                };
                json!({ "role": role, "parts": parts(&message.blocks) })
            };
            Some((instructions, others.iter().map(message).collect()))
        }
        Request::Completion(completion) => {
            let part = json!({ "type": "text", "content": completion.prompt });
            Some((Vec::new(), vec![json!({ "role": "user", "parts": [part] })]))
        }
        _ => None,
    }
}

fn answers(said: &Cleaned, operation: Operation) -> Option<Vec<Json>> {
    let back = BACKS.iter().find(|back| back.name() == said.dialect)?;
    let Answer::Chat(response) = back.read_answer(operation, said.answer.as_ref()?.to_string().as_bytes()).ok()? else {
        return None;
    };
    let choices = response.choices.iter().map(|choice| {
        let finish = match choice.finish {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::ToolCalls => "tool_call",
            Finish::ContentFilter => "content_filter",
        };
        json!({ "role": "assistant", "parts": parts(&choice.blocks), "finish_reason": finish })
    });
    Some(choices.collect())
}

fn parts(blocks: &[Block]) -> Vec<Json> {
    blocks.iter().map(part).collect()
}

fn part(block: &Block) -> Json {
    match block {
        Block::Text(text) => json!({ "type": "text", "content": text.text }),
        Block::Refusal(text) => json!({ "type": "text", "content": text }),
        Block::Thinking { text, .. } => json!({ "type": "reasoning", "content": text }),
        Block::ToolCall(call) => {
            let arguments = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!(call.arguments));
            json!({ "type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments })
        }
        Block::ToolResult(result) => {
            json!({ "type": "tool_call_response", "id": result.call_id, "response": parts(&result.blocks) })
        }
        Block::Image { source, .. } => media("image", source),
        Block::Document { source, .. } => media("document", source),
        Block::Audio { data, format } => {
            json!({ "type": "blob", "modality": "audio", "mime_type": format!("audio/{format}"), "content": data })
        }
        Block::RedactedThinking { .. } => json!({ "type": "reasoning", "content": "" }),
        Block::Opaque { dialect, .. } => json!({ "type": format!("{dialect}.block") }),
    }
}

fn media(modality: &str, source: &Source) -> Json {
    match source {
        Source::Base64 { media_type, data } => {
            json!({ "type": "blob", "modality": modality, "mime_type": media_type, "content": data })
        }
        Source::PlainText(text) => json!({ "type": "text", "content": text }),
        Source::Url(url) => json!({ "type": "uri", "modality": modality, "uri": url }),
        Source::File(id) => json!({ "type": "file", "modality": modality, "file_id": id }),
    }
}
