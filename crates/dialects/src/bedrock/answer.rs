//! A whole answer of Converse.

use types::{Block, Choice, Fault, Response, Text, ToolCall};

use super::{NAME, finish, usage};
use crate::anthropic::words::JSON_TOOL;
use crate::json::{Json, Kind};
use crate::upstream::malformed;

/// Decodes the answer to a chat.
pub(super) fn read(root: Json) -> Result<Response, Fault> {
    let content = root.get("output").and_then(|output| output.get("message")?.get("content"));
    let Some(content) = content.filter(|content| content.kind() == Kind::Array) else {
        return Err(malformed("the provider's answer has no message"));
    };
    let blocks: Vec<Block> = content.items().filter_map(block).collect();
    let has = |kind: fn(&Block) -> bool| blocks.iter().any(kind);
    let calls = has(|block| matches!(block, Block::ToolCall(_)));
    let words = has(|block| matches!(block, Block::Text(_)));
    let reason = root.get("stopReason").and_then(|reason| reason.as_str()).unwrap_or_default();
    let choice = Choice {
        finish: finish::of(&reason, calls, words)?,
        blocks,
        stop_sequence: stop_sequence(root),
        logprobs: None,
    };
    let usage = root.get_some("usage").map(|usage| usage::read(usage, root)).unwrap_or_default();
    Ok(Response { choices: vec![choice], usage, ..Response::default() })
}

/// What ended the answer, as far as the model was asked to say that.
pub(super) fn stop_sequence(root: Json) -> Option<String> {
    root.get_some("additionalModelResponseFields")?.get_some("stop_sequence")?.as_string()
}

fn block(json: Json) -> Option<Block> {
    let text = |value: Json| value.as_string().filter(|text| !text.is_empty());
    if let Some(words) = json.get_some("text") {
        return text(words).map(Block::text);
    }
    if let Some(call) = json.get_some("toolUse") {
        let string = |name: &str| call.get(name).and_then(|value| value.as_string()).unwrap_or_default();
        let input = call.get_some("input").map_or("{}", |input| input.raw()).to_owned();
        return Some(match string("name").as_str() {
            JSON_TOOL => Block::text(input),
            name => Block::ToolCall(ToolCall {
                id: string("toolUseId"),
                name: name.to_owned(),
                arguments: input,
                signature: None,
            }),
        });
    }
    if let Some(reasoning) = json.get_some("reasoningContent") {
        if let Some(data) = reasoning.get_some("redactedContent") {
            return Some(Block::RedactedThinking { data: data.as_string()? });
        }
        let said = reasoning.get_some("reasoningText")?;
        let thought = said.get("text").and_then(|text| text.as_string()).unwrap_or_default();
        return Some(Block::Thinking { text: thought, signature: said.get_some("signature").and_then(text) });
    }
    if let Some(cited) = json.get_some("citationsContent") {
        let texts = cited.get("content").into_iter().flat_map(|list| list.items());
        let words: String = texts.filter_map(|item| item.get("text")?.as_string()).collect();
        return (!words.is_empty()).then(|| Block::Text(Text { text: words, ..Text::default() }));
    }
    Some(Block::Opaque { dialect: NAME, raw: json.to_raw() })
}
