//! Decoding a provider's whole answer.

use types::{Answer, Block, Choice, Fault, FaultKind, Operation, Response, Text, ToolCall};

use crate::anthropic::usage::Counts;
use crate::anthropic::words::{self, JSON_TOOL};
use crate::anthropic::{citations, faults};
use crate::json::{Doc, Json, JsonError, Kind};
use crate::lacking;

/// Decodes the body of a successful answer.
pub(in crate::anthropic) fn read(operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
    let doc = Doc::parse_answer(body).map_err(|error| unreadable(&error))?;
    let root = doc.root();
    if root.get("type").is_some_and(|kind| kind.is("error")) {
        return Err(faults::read_in_answer(root));
    }
    match operation {
        Operation::Chat | Operation::Completion => Ok(Answer::Chat(Box::new(response(root)?))),
        Operation::CountTokens => match root.get("input_tokens").and_then(|count| count.as_u64()) {
            Some(count) => Ok(Answer::TokenCount(count)),
            None => Err(malformed("a token count without 'input_tokens'")),
        },
        other => Err(lacking(other)),
    }
}

/// The body is not even JSON.
pub(in crate::anthropic) fn unreadable(error: &JsonError) -> Fault {
    malformed(&format!("{} at byte {}", error.what, error.offset))
}

fn malformed(what: &str) -> Fault {
    Fault::provider(FaultKind::Malformed, format!("the provider's answer cannot be read: {what}"))
}

fn response(message: Json) -> Result<Response, Fault> {
    let Some(content) = message.get("content").filter(|content| content.kind() == Kind::Array) else {
        return Err(malformed("a message without 'content'"));
    };
    let string = |name: &str| message.get(name).and_then(|value| value.as_string());
    let usage = message.get("usage");
    Ok(Response {
        id: string("id").unwrap_or_default(),
        model: string("model").unwrap_or_default(),
        choices: vec![choice(message, content)],
        usage: usage.map(|usage| Counts::read(usage).usage()).unwrap_or_default(),
        ..Response::default()
    })
}

fn choice(message: Json, content: Json) -> Choice {
    let mut written = 0;
    let mut blocks: Vec<Block> = content.items().filter_map(|item| block(item, &mut written)).collect();
    blocks.extend(explanation(message).map(Block::Refusal));
    let has_calls = blocks.iter().any(|block| matches!(block, Block::ToolCall(_)));
    let stop_reason = message.get("stop_reason").and_then(|reason| reason.as_str());
    Choice {
        blocks,
        finish: words::finish_of(stop_reason.as_deref(), has_calls),
        stop_sequence: message.get_some("stop_sequence").and_then(|text| text.as_string()),
        logprobs: None,
    }
}

/// What the provider says about a refusal, in a message or in the `delta` of a `message_delta`.
pub(in crate::anthropic) fn explanation(message: Json) -> Option<String> {
    let text = message.get("stop_details")?.get("explanation")?.as_string()?;
    Some(text).filter(|text| !text.is_empty())
}

/// Decodes a block; `written` counts the characters of text so far.
fn block(json: Json, written: &mut usize) -> Option<Block> {
    let string = |name: &str| json.get(name).and_then(|value| value.as_string());
    let input = || json.get("input").map_or("{}", |input| input.raw()).to_owned();
    Some(match string("type")?.as_str() {
        "text" => return text(json, string("text")?, written),
        "thinking" => Block::Thinking {
            text: string("thinking").unwrap_or_default(),
            signature: string("signature").filter(|signature| !signature.is_empty()),
        },
        "redacted_thinking" => Block::RedactedThinking { data: string("data")? },
        "tool_use" if json.get("name").is_some_and(|name| name.is(JSON_TOOL)) => return plain(input(), written),
        "tool_use" => Block::ToolCall(ToolCall {
            id: string("id").unwrap_or_default(),
            name: string("name").unwrap_or_default(),
            arguments: input(),
            signature: None,
        }),
        _ => Block::Opaque { dialect: words::DIALECT, raw: json.to_raw() },
    })
}

fn text(json: Json, text: String, written: &mut usize) -> Option<Block> {
    let start = *written;
    *written += text.chars().count();
    let citations = json.get("citations").map(|list| list.items());
    let citations = citations.and_then(|items| citations::to_annotations(items, start..*written));
    (!text.is_empty()).then(|| Block::Text(Text { text, citations, ..Text::default() }))
}

fn plain(text: String, written: &mut usize) -> Option<Block> {
    *written += text.chars().count();
    Some(Block::text(text))
}
