//! Claude by its own API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::BedrockClaude;

fn chunk(event: &str) -> Vec<u8> {
    let payload = format!(r#"{{"bytes":"{}","p":"abc"}}"#, STANDARD.encode(event));
    frame(&[(":event-type", "chunk"), (":message-type", "event")], payload.as_bytes())
}

#[test]
fn a_request_is_anthropics_without_model_and_stream() {
    let asked = Chat { stream: true, max_tokens: Some(9), ..chat(vec![user("go")]) };
    let outgoing = upstream(CLAUDE).write(&BedrockClaude, &Request::Chat(Box::new(asked))).unwrap();
    let expected =
        r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"go"}]}"#;
    assert_eq!((&*outgoing.body, outgoing.headers.len()), (expected.as_bytes(), 0));
    let path = |operation, stream| BedrockClaude.path(operation, CLAUDE, stream);
    let id = CLAUDE.replace(':', "%3A");
    assert_eq!(path(Operation::Chat, false), Some(format!("/model/{id}/invoke")));
    assert_eq!(path(Operation::Chat, true), Some(format!("/model/{id}/invoke-with-response-stream")));
    assert_eq!(path(Operation::CountTokens, false), None);
}

#[test]
fn events_in_frames_are_anthropics_wherever_the_network_cuts_them() {
    let body = [
        chunk(r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","usage":{"input_tokens":5,"output_tokens":1}}}"#),
        chunk(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße"}}"#),
        frame(&[(":event-type", "other"), (":message-type", "event")], b"{}"),
        chunk(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}"#),
        chunk(r#"{"type":"message_stop"}"#),
    ]
    .concat();
    let whole = events_of(&BedrockClaude, Operation::Chat, &[&body]);
    let expected =
        "start msg_1 claude\nusage Some(5)/Some(1)\n0: text \"Grüße\"\nusage Some(5)/Some(7)\n0: finish Stop\nend";
    assert_eq!(told(&whole), expected);
    for at in 1..body.len() {
        let (left, right) = body.split_at(at);
        assert_eq!(events_of(&BedrockClaude, Operation::Chat, &[left, right]), whole, "cut at {at}");
    }
}

#[test]
fn failures_of_bedrock_end_a_stream_and_frames_without_an_event_are_broken() {
    let headers = [(":message-type", "exception"), (":exception-type", "modelStreamErrorException")];
    let failure = frame(&headers, br#"{"message":"odd"}"#);
    let events = events_of(&BedrockClaude, Operation::Chat, &[&failure, &chunk(r#"{"type":"message_stop"}"#)]);
    assert_eq!(told(&events), "error Upstream Provider odd");
    let empty = frame(&[(":event-type", "chunk"), (":message-type", "event")], b"{}");
    let mut reader = BedrockClaude.stream_reader(Operation::Chat);
    assert_eq!(reader.read(&empty, &mut Vec::new()).unwrap_err().kind, FaultKind::Malformed);
    let known = Usage::default();
    assert!(
        BedrockClaude.glance(&failure, &known).fault.is_some() && BedrockClaude.glance(&empty, &known).fault.is_some()
    );
    assert!(BedrockClaude.glance(&chunk(r#"{"type":"message_stop"}"#), &known).over);
}
