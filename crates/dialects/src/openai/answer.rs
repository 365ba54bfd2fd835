//! Reading whole chat answers, also from servers that are slightly off the format (wire.md 2.9).

use types::{Answer, Block, Choice, Fault, FaultKind, Operation, Response};

use super::words::{self, Ending};
use super::{assistant, embeddings, faults, messages, parts, usage};
use crate::json::{Doc, Json, Kind};
use crate::typed::Wrong;
use crate::{lacking, rerank};

/// Decodes an answer. A failure that comes with HTTP 200 is the provider's all the same.
pub(super) fn read(operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
    let doc = Doc::parse_answer(body).map_err(|_| malformed("is not JSON"))?;
    let root = doc.root();
    if let Some(fault) = faults::within(root) {
        return Err(fault);
    }
    match operation {
        Operation::Chat | Operation::Completion => chat(root).map(|answer| Answer::Chat(Box::new(answer))),
        Operation::Embedding => embeddings::read_answer(root).map(|answer| Answer::Embedding(Box::new(answer))),
        Operation::Rerank => rerank::read_answer(root).map(|answer| Answer::Ranking(Box::new(answer))),
        // It passed between servers of this dialect, and has nothing that it should have.
        Operation::Moderation => Err(malformed("has no results")),
        other => Err(lacking(other)),
    }
}

/// The provider's answer is not one.
pub(super) fn malformed(what: &str) -> Fault {
    Fault::provider(FaultKind::Malformed, format!("the provider's answer {what}"))
}

fn chat(root: Json) -> Result<Response, Fault> {
    let string = |name: &str| root.get(name).and_then(|value| value.as_string());
    let mut choices = Vec::new();
    for (position, item) in root.get("choices").into_iter().flat_map(|list| list.items()).enumerate() {
        let index = item.get("index").and_then(|index| index.as_u64());
        choices.push((index.unwrap_or(position as u64), choice(item)?));
    }
    if choices.is_empty() {
        return Err(malformed("has no choices"));
    }
    choices.sort_by_key(|(index, _)| *index);
    Ok(Response {
        id: string("id").unwrap_or_default(),
        model: string("model").unwrap_or_default(),
        created: root.get("created").and_then(|created| created.as_u64()).unwrap_or(0),
        choices: choices.into_iter().map(|(_, choice)| choice).collect(),
        usage: usage::read_of(root).unwrap_or_default(),
        fingerprint: string("system_fingerprint"),
    })
}

fn choice(choice: Json) -> Result<Choice, Fault> {
    let blocks = match (choice.get_some("message"), choice.get_some("text")) {
        (Some(message), _) => {
            blocks(message).map_err(|wrong| malformed(&format!("is malformed: {}", wrong.message())))?
        }
        (None, Some(text)) => text.as_string().filter(|text| !text.is_empty()).map(Block::text).into_iter().collect(),
        (None, None) => Vec::new(),
    };
    let calls = blocks.iter().any(is_call);
    let word = choice.get("finish_reason").and_then(|word| word.as_str()).unwrap_or_default();
    Ok(Choice {
        finish: match words::ending(&word, calls) {
            Ending::Done(finish) => finish,
            Ending::Failed => return Err(failed(choice, &word)),
        },
        blocks,
        stop_sequence: matched_stop(choice),
        logprobs: choice.get_some("logprobs").map(|logprobs| logprobs.to_raw()),
    })
}

fn is_call(block: &Block) -> bool {
    match block {
        Block::ToolCall(_) => true,
        Block::Opaque { raw, .. } => super::lines::kind_of(raw) == "custom",
        _ => false,
    }
}

/// The stop sequence that was met: vLLM tells it.
pub(super) fn matched_stop(choice: Json) -> Option<String> {
    choice.get("stop_reason")?.as_string()
}

/// The provider gave the answer up: OpenRouter tells why within the choice.
pub(super) fn failed(choice: Json, word: &str) -> Fault {
    faults::within(choice).unwrap_or_else(|| {
        let message = format!("the provider gave up the answer (finish reason '{word}')");
        Fault::provider(FaultKind::Upstream, message)
    })
}

fn blocks(message: Json) -> Result<Vec<Block>, Wrong> {
    let string = |name: &str| message.get(name).and_then(|value| value.as_string()).filter(|text| !text.is_empty());
    let mut blocks = assistant::thinking(message);
    blocks.extend(content(message));
    blocks.extend(string("refusal").map(Block::Refusal));
    blocks.extend(images(message));
    blocks.extend(message.get_some("audio").map(messages::spoken));
    for call in message.get("tool_calls").into_iter().flat_map(|calls| calls.items()) {
        blocks.push(assistant::call(call)?);
    }
    if let Some(call) = message.get_some("function_call") {
        blocks.push(Block::ToolCall(assistant::named_call(call)?));
    }
    Ok(blocks)
}

/// The content: a string, or a list of parts, of which texts and reasoning are understood.
fn content(message: Json) -> Vec<Block> {
    let Some(content) = message.get_some("content") else {
        return Vec::new();
    };
    let citations = assistant::annotations(message);
    let mut blocks: Vec<Block> = content.one_or_many().filter_map(content_part).collect();
    if let Some(Block::Text(last)) = blocks.iter_mut().rev().find(|block| matches!(block, Block::Text(_))) {
        last.citations = citations;
    }
    blocks
}

/// One part of a list-shaped content, or the content itself.
pub(super) fn content_part(part: Json) -> Option<Block> {
    if part.kind() == Kind::String {
        return part.as_string().filter(|text| !text.is_empty()).map(Block::text);
    }
    let kind = part.get("type")?.as_str()?;
    match &*kind {
        "thinking" => Some(assistant::thinking_part(part)),
        "refusal" => part.get("refusal")?.as_string().map(Block::Refusal),
        "image_url" => parts::image(part).ok(),
        _ => part.get("text")?.as_string().filter(|text| !text.is_empty()).map(Block::text),
    }
}

/// Pictures beside the content, as OpenRouter and LiteLLM send them.
pub(super) fn images(message: Json) -> Vec<Block> {
    let list = message.get("images").map(|list| list.items());
    list.into_iter().flatten().filter_map(|image| parts::image(image).ok()).collect()
}
