//! The dialect as a whole. Each file is one direction; this one holds what they share.

mod answers;
mod hostile;
mod others;
mod requests;
mod round_trip;
mod streams;
mod targets;

use bytes::{Bytes, BytesMut};
use types::*;

use super::*;
use crate::sse::{self, Splitter};
use crate::{Framing, Quirks};

/// The text of a file among the fixtures.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/openai/", $name)).as_slice()
    };
}
use fixture;

/// Every stream among the fixtures.
const STREAMS: [&[u8]; 13] = [
    fixture!("openai.sse"),
    fixture!("azure.sse"),
    fixture!("deepseek.sse"),
    fixture!("groq.sse"),
    fixture!("mistral.sse"),
    fixture!("gemini.sse"),
    fixture!("sloppy.sse"),
    fixture!("two_choices.sse"),
    fixture!("function_call.sse"),
    fixture!("openrouter_error.sse"),
    fixture!("gateway.sse"),
    fixture!("refusal.sse"),
    fixture!("completion.sse"),
];

/// A model that can do everything.
fn able() -> ModelFacts {
    ModelFacts {
        abilities: Abilities {
            reasoning: true,
            max_effort: Effort::Max,
            effort_xhigh: true,
            effort_minimal: false,
            ..Abilities::default()
        },
        ..ModelFacts::default()
    }
}

fn read_chat(body: &str) -> Result<Chat, Fault> {
    match Front::read_request(&OpenAi, Operation::Chat, body.as_bytes())? {
        Request::Chat(chat) => Ok(*chat),
        other => panic!("{other:?}"),
    }
}

/// Writes a request for a target with these facts and quirks; returns the body and what was dropped.
fn write(
    request: Request,
    facts: &ModelFacts,
    quirks: &Quirks,
    drop_params: bool,
) -> Result<(serde_json::Value, Vec<String>), Fault> {
    let target = Target {
        model: "up-1",
        name: "acme/up-1",
        facts,
        quirks,
        drop_params,
        version: None,
        num_ctx: None,
        issuer: None,
    };
    let outgoing = OpenAi.write_request(&request, &target)?;
    Ok((serde_json::from_slice(&outgoing.body).unwrap(), outgoing.dropped))
}

fn write_chat(chat: Chat, facts: &ModelFacts, quirks: &Quirks) -> Result<serde_json::Value, Fault> {
    write(Request::Chat(Box::new(chat)), facts, quirks, false).map(|(body, _)| body)
}

/// Reads a stream that came in these pieces, up to the first fault.
fn try_events(pieces: &[&[u8]]) -> Result<Vec<Event>, Fault> {
    let mut splitter = Splitter::new(Framing::Sse);
    let mut reader = OpenAi.stream_reader(Operation::Chat);
    let mut out = Vec::new();
    for piece in pieces {
        splitter.feed(Bytes::copy_from_slice(piece));
        while let Some(event) = splitter.next_event()? {
            reader.read(&sse::data(Framing::Sse, &event), &mut out)?;
        }
    }
    reader.finish(&mut out);
    out.retain(|event| *event != Event::Ping);
    Ok(out)
}

fn events(stream: &[u8]) -> Vec<Event> {
    try_events(&[stream]).unwrap()
}

/// Writes a stream.
fn stream(operation: Operation, events: &[Event], stamp: &Stamp) -> String {
    let mut writer = OpenAi.stream_writer(operation, stamp.clone());
    let mut out = BytesMut::new();
    for event in events {
        writer.write(event.clone(), &mut out);
    }
    String::from_utf8(out.to_vec()).unwrap()
}

/// The chunks of a written stream, without `[DONE]`.
fn chunks(stream: &str) -> Vec<serde_json::Value> {
    let data = stream.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap());
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn stamp() -> Stamp {
    Stamp { id: "abcdefghijklmnopqrstuvwx".into(), created: 7, model: "shown".into(), ..Stamp::default() }
}

fn answer(body: &[u8]) -> Result<Response, Fault> {
    match OpenAi.read_answer(Operation::Chat, body)? {
        Answer::Chat(answer) => Ok(*answer),
        other => panic!("{other:?}"),
    }
}

fn written(answer: &Response, stamp: &Stamp) -> serde_json::Value {
    let body = OpenAi.write_answer(Operation::Chat, &Answer::Chat(Box::new(answer.clone())), stamp);
    serde_json::from_slice(&body).unwrap()
}

fn choice(blocks: Vec<Block>, finish: Finish) -> Choice {
    Choice { blocks, finish, stop_sequence: None, logprobs: None }
}

fn call(id: &str, name: &str, arguments: &str) -> Block {
    Block::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into(), signature: None })
}

fn message(role: Role, blocks: Vec<Block>) -> Message {
    Message::new(role, blocks)
}

fn result(id: &str, blocks: Vec<Block>) -> Block {
    Block::ToolResult(ToolResult { call_id: id.into(), name: None, blocks, is_error: false, cache: None })
}

fn thinking(text: &str, signature: Option<&str>) -> Block {
    Block::Thinking { text: text.into(), signature: signature.map(str::to_owned) }
}
