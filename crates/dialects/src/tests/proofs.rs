//! Signatures and other proofs of reasoning: they return to the provider that gave them, and reach no other.

use bytes::{Bytes, BytesMut};
use types::{Answer, Operation};

use crate::json::Object;
use crate::trial::{Upstream, events_of};
use crate::{Anthropic, Back, Front, Gemini, Ollama, OpenAi, Quirks, Responses, Stamp, Target};

/// A provider's answer with a thought and a call, both proven as far as the provider does: whole, and streamed.
fn answer(back: &dyn Back) -> (&'static str, String) {
    let sse = |events: &[&str]| events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>();
    match back.name() {
        "anthropic" => (
            r#"{"type":"message","content":[{"type":"thinking","thinking":"hm","signature":"QW50aHJvcGlj"},
                {"type":"redacted_thinking","data":"QW50aHJvcGlj"},
                {"type":"tool_use","id":"toolu_1","name":"look","input":{}}],"stop_reason":"tool_use"}"#,
            sse(&[
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"QW50aHJvcGlj"}}"#,
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"QW50aHJvcGlj"}}"#,
                r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}"#,
                r#"{"type":"message_stop"}"#,
            ]),
        ),
        _ => {
            const ANSWER: &str = r#"{"responseId":"r","candidates":[{"content":{"parts":[{"text":"hm","thought":true,"thoughtSignature":"R2VtaW5p"},{"functionCall":{"name":"look","args":{}},"thoughtSignature":"R2VtaW5p"}]},"finishReason":"STOP"}]}"#;
            (ANSWER, sse(&[ANSWER]))
        }
    }
}

/// The assistant message that a caller of `front` sends back after that answer.
fn told(front: &dyn Front, back: &dyn Back, streamed: bool) -> String {
    let (whole, stream) = answer(back);
    let stamp = Stamp { id: "abcdefghijklmnopqrst".to_owned(), ..Stamp::default() };
    let field = if front.name() == "openai" { "/choices/0/message" } else { "/content" };
    let message: serde_json::Value = if streamed {
        let mut writer = front.stream_writer(Operation::Chat, stamp);
        let mut out = BytesMut::new();
        events_of(back, Operation::Chat, &[stream.as_bytes()])
            .into_iter()
            .for_each(|event| writer.write(event, &mut out));
        // The SDK's way of adding up deltas is not ours to test: the same front's reader does it.
        let own: &dyn Back = if front.name() == "openai" { &OpenAi } else { &Anthropic };
        let events = events_of(own, Operation::Chat, &[&out]);
        let response = added_up(events);
        serde_json::from_slice(&front.write_answer(Operation::Chat, &response, &Stamp::default())).unwrap()
    } else {
        let read = back.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
        serde_json::from_slice(&front.write_answer(Operation::Chat, &read, &stamp)).unwrap()
    };
    message.pointer(field).unwrap().to_string()
}

/// A whole answer from the events of a stream with thoughts and calls.
fn added_up(events: Vec<types::Event>) -> Answer {
    use types::{Block, Choice, Delta, Event, Finish, Response, ToolCall};
    let mut blocks: Vec<Block> = Vec::new();
    for event in events {
        let Event::Delta { delta, .. } = event else { continue };
        match (delta, blocks.last_mut()) {
            (Delta::Thinking(more), Some(Block::Thinking { text, signature: None })) => text.push_str(&more),
            (Delta::Thinking(text), _) => blocks.push(Block::Thinking { text, signature: None }),
            (Delta::Signature(proof), Some(Block::Thinking { signature, .. })) => *signature = Some(proof),
            (Delta::RedactedThinking(data), _) => blocks.push(Block::RedactedThinking { data }),
            (Delta::ToolStart { id, name, signature, .. }, _) => {
                blocks.push(Block::ToolCall(ToolCall { id, name, arguments: "{}".to_owned(), signature }));
            }
            _ => {}
        }
    }
    let choice = Choice { blocks, finish: Finish::ToolCalls, stop_sequence: None, logprobs: None };
    Answer::Chat(Box::new(Response { choices: vec![choice], ..Response::default() }))
}

/// The next request of a caller of `front` after that message.
fn next(front: &dyn Front, message: &str) -> String {
    match front.name() {
        "openai" => {
            let value: serde_json::Value = serde_json::from_str(message).unwrap();
            let id = &value["tool_calls"][0]["id"];
            format!(
                r#"{{"model":"m","messages":[{{"role":"user","content":"go"}},{message},{{"role":"tool","tool_call_id":{id},"content":"ok"}}]}}"#
            )
        }
        _ => {
            let value: serde_json::Value = serde_json::from_str(message).unwrap();
            let id = &value.as_array().unwrap().last().unwrap()["id"];
            format!(
                r#"{{"model":"m","max_tokens":9000,"messages":[{{"role":"user","content":"go"}},{{"role":"assistant","content":{message}}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":{id},"content":"ok"}}]}}]}}"#
            )
        }
    }
}

/// What goes upstream for a caller's body: the very bytes if they may pass, and otherwise what is made of them.
fn upstream(front: &dyn Front, back: &dyn Back, body: &str) -> String {
    let upstream = Upstream { model: "gemini-3-x".to_owned(), quirks: Quirks::default(), ..Upstream::default() };
    let target = Target {
        model: &upstream.model,
        name: "up",
        facts: &upstream.facts,
        quirks: &upstream.quirks,
        drop_params: false,
        version: None,
        num_ctx: None,
        issuer: None,
    };
    let object = Object::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    if front.name() == back.name()
        && let Some(splice) = back.splice(Operation::Chat, &object, &target)
    {
        return String::from_utf8(object.splice(&splice.edits).concat()).unwrap();
    }
    let request = front.read_request(Operation::Chat, body.as_bytes()).unwrap();
    String::from_utf8(upstream.write(back, &request).unwrap().body.to_vec()).unwrap()
}

#[test]
fn a_proof_returns_to_its_provider_and_reaches_no_other() {
    const FRONTS: [&dyn Front; 2] = [&OpenAi, &Anthropic];
    const BACKS: [&dyn Back; 5] = [&OpenAi, &Anthropic, &Gemini, &Ollama, &Responses];
    for front in FRONTS {
        for (giver, proof) in [(&Anthropic as &dyn Back, "QW50aHJvcGlj"), (&Gemini, "R2VtaW5p")] {
            for streamed in [false, true] {
                let body = next(front, &told(front, giver, streamed));
                for back in BACKS {
                    let what = format!("{} -> {} -> {}: {body}", giver.name(), front.name(), back.name());
                    let sent = upstream(front, back, &body);
                    assert_eq!(sent.contains(proof), back.name() == giver.name(), "{what}\n{sent}");
                    assert!(!["bG9ja2dhdGU6", "__"].iter().any(|mark| sent.contains(mark)), "{what}\n{sent}");
                    assert!(sent.contains("look"), "{what}");
                }
            }
        }
    }
}
