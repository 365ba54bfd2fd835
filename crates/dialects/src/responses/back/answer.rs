//! Reading answers: items become the blocks of one answer.

use types::{Answer, Block, Choice, Fault, FaultKind, Finish, Raw, Response, Source, Text, ToolCall};

use super::super::tools::full_name;
use super::super::{custom, seal};
use super::logprobs;
use crate::json::Json;
use crate::openai::{fault_within, usage_of};
use crate::upstream::{self, malformed};

/// Items that are calls of tools that the caller has.
const CALLS: [&str; 2] = ["function_call", "custom_tool_call"];

/// Reads an answer.
pub(super) fn read(body: &[u8]) -> Result<Answer, Fault> {
    let doc = upstream::parse(body)?;
    response(doc.root()).map(|response| Answer::Chat(Box::new(response)))
}

fn response(root: Json) -> Result<Response, Fault> {
    check(root)?;
    let items = root.get("output").into_iter().flat_map(|list| list.items());
    let blocks: Vec<Block> = items.clone().flat_map(blocks).collect();
    let calls = items.clone().any(is_call);
    let messages = items.filter(|item| item.get("type").is_some_and(|kind| kind.is("message")));
    let parts = messages.flat_map(|item| item.get("content").into_iter().flat_map(|list| list.items()));
    let logprobs = logprobs::of(parts);
    let finish = finish(root, calls);
    let text = |name: &str| root.get(name).and_then(|value| value.as_string()).unwrap_or_default();
    Ok(Response {
        id: text("id"),
        model: text("model"),
        created: root.get("created_at").and_then(|created| created.as_f64()).map_or(0, |created| created as u64),
        choices: vec![Choice { blocks, finish, stop_sequence: None, logprobs }],
        usage: usage_of(root).unwrap_or_default(),
        fingerprint: None,
    })
}

/// What is no answer at all, or one that failed.
pub(super) fn check(root: Json) -> Result<(), Fault> {
    if let Some(fault) = fault_within(root) {
        return Err(fault);
    }
    let status = root.get("status").and_then(|status| status.as_string()).unwrap_or_default();
    match status.as_str() {
        "failed" | "cancelled" => {
            let message = format!("the provider gave up the answer (status '{status}')");
            Err(Fault::provider(FaultKind::Upstream, message))
        }
        // An answer that is made later says so, and is none yet.
        "queued" | "in_progress" => Ok(()),
        _ if root.get("output").is_none() => Err(malformed("the provider's answer has no output")),
        _ => Ok(()),
    }
}

/// Why an answer ended.
pub(super) fn finish(root: Json, calls: bool) -> Finish {
    let reason = root.get_some("incomplete_details").and_then(|details| details.get("reason")?.as_string());
    match reason.as_deref() {
        Some("content_filter") => Finish::ContentFilter,
        Some(_) => Finish::Length,
        None if calls => Finish::ToolCalls,
        None => Finish::Stop,
    }
}

/// Whether an item is a call of a tool that the caller has.
pub(super) fn is_call(item: Json) -> bool {
    item.get("type").is_some_and(|kind| CALLS.iter().any(|call| kind.is(call)))
}

/// The name of the tool that an item calls.
pub(super) fn named(item: Json) -> String {
    let text = |name: &str| item.get_some(name).and_then(|value| value.as_string());
    full_name(text("namespace").as_deref(), &text("name").unwrap_or_default())
}

/// What an item says.
pub(super) fn blocks(item: Json) -> Vec<Block> {
    let text = |holder: Json, name: &str| holder.get(name).and_then(|value| value.as_string()).unwrap_or_default();
    let list = |name: &str| item.get(name).into_iter().flat_map(|list| list.items());
    match text(item, "type").as_str() {
        "message" => list("content")
            .filter_map(|part| match text(part, "type").as_str() {
                "output_text" => Some(Block::Text(Text {
                    text: text(part, "text"),
                    citations: part
                        .get_some("annotations")
                        .filter(|all| all.items().next().is_some())
                        .map(|all| all.to_raw()),
                    ..Text::default()
                })),
                "refusal" => Some(Block::Refusal(text(part, "refusal"))),
                _ => None,
            })
            .collect(),
        "reasoning" => {
            let said = match item.get_some("content") {
                Some(_) => list("content").map(|part| text(part, "text")).collect::<Vec<_>>(),
                None => list("summary").map(|part| text(part, "text")).collect(),
            };
            let signature = proof(item);
            match said.is_empty() && signature.is_none() {
                true => Vec::new(),
                false => vec![Block::Thinking { text: said.join("\n\n"), signature }],
            }
        }
        "function_call" => vec![call(item, text(item, "arguments"))],
        "custom_tool_call" => vec![custom::block(&custom::Call {
            id: text(item, "call_id"),
            name: named(item),
            input: text(item, "input"),
        })],
        "image_generation_call" => match item.get_some("result").and_then(|data| data.as_string()) {
            Some(data) => {
                let source = Source::Base64 { media_type: "image/png".to_owned(), data };
                vec![Block::Image { source, detail: None, cache: None }]
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The proof that encrypted reasoning is.
fn proof(item: Json) -> Option<String> {
    let text = |name: &str| item.get_some(name).and_then(|value| value.as_string());
    let blob = text("encrypted_content").filter(|blob| !blob.is_empty())?;
    Some(seal::close(&text("id").unwrap_or_default(), &blob))
}

fn call(item: Json, arguments: String) -> Block {
    let text = |name: &str| item.get(name).and_then(|value| value.as_string());
    Block::ToolCall(ToolCall { id: text("call_id").unwrap_or_default(), name: named(item), arguments, signature: None })
}

/// A list of one value.
pub(super) fn one(raw: Raw) -> Raw {
    Raw::new(format!("[{}]", raw.get()))
}
