//! Amazon's shapes, the requests it would refuse, and the signatures it would not even look at.

use super::frame::crc;
use crate::client::*;
use serde_json::{Value, json};

const PATH: &str = "/model/demo/converse";
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/bedrock/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn chat(extra: Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": [{ "text": "hello there" }] }] });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

async fn ask(path: &str, body: Value) -> Got {
    post_with(&mock().await, path, &[("authorization", "Bearer key")], body).await
}

/// The frames of a stream, checked: names and payloads.
fn frames(body: &[u8]) -> Vec<(String, Value)> {
    let mut rest = body;
    let mut found = Vec::new();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
    while !rest.is_empty() {
        let (total, headers) = (number(rest), number(&rest[4..]));
        assert_eq!(number(&rest[8..]), crc(&rest[..8]) as usize);
        let (frame, after) = rest.split_at(total);
        assert_eq!(number(&frame[total - 4..]), crc(&frame[..total - 4]) as usize);
        let name = &frame[12..12 + headers];
        let at = name.windows(6).position(|part| part == b"-type\x07").unwrap() + 6;
        let length = usize::from(u16::from_be_bytes([name[at], name[at + 1]]));
        let name = String::from_utf8(name[at + 2..at + 2 + length].to_vec()).unwrap();
        found.push((name, serde_json::from_slice(&frame[12 + headers..total - 4]).unwrap()));
        rest = after;
    }
    found
}

#[tokio::test]
async fn a_conversation_is_answered_in_amazons_shape() {
    let got = ask(PATH, chat(json!({}))).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(
        got.json(),
        json!({ "output": { "message": { "role": "assistant", "content": [{ "text": "You said: hello there" }] } },
            "stopReason": "end_turn", "metrics": { "latencyMs": 1 },
            "usage": { "inputTokens": 2, "outputTokens": 7, "totalTokens": 9, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0 } })
    );
}

#[tokio::test]
async fn a_stream_comes_in_frames_whose_last_one_has_the_usage() {
    let tools = json!({ "toolConfig": { "tools": [{ "toolSpec": { "name": "look", "inputSchema": { "json": {
        "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } } } }] } });
    let got = ask("/model/demo@thinks/converse-stream", chat(tools)).await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("application/vnd.amazon.eventstream")));
    let frames = frames(&got.body);
    let all = |pointer: &str| -> String {
        frames.iter().filter_map(|(_, payload)| payload.pointer(pointer)?.as_str()).collect()
    };
    assert_eq!(frames[0].0, "messageStart");
    assert!(!all("/delta/reasoningContent/text").is_empty() && !all("/delta/reasoningContent/signature").is_empty());
    assert_eq!(all("/start/toolUse/name"), "look");
    assert!(serde_json::from_str::<Value>(&all("/delta/toolUse/input")).unwrap()["city"].is_string());
    let [.., (stop, reason), (last, usage)] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((&**stop, &reason["stopReason"], &**last), ("messageStop", &json!("tool_use"), "metadata"));
    assert!(usage["usage"]["outputTokens"].as_u64() > Some(0));
    let got = ask("/model/demo@fault=error_mid,error=rate_limit,after=1/converse-stream", chat(json!({}))).await;
    let (name, payload) = self::frames(&got.body).pop().unwrap();
    assert_eq!((&*name, payload["message"].is_string()), ("throttlingException", true));
}

#[tokio::test]
async fn requests_that_amazon_would_refuse_are_refused() {
    let said = |content: Value| json!({ "messages": [{ "role": "user", "content": content }] });
    let tool = json!({ "toolSpec": { "name": "f", "inputSchema": { "json": { "type": "object" } } } });
    let calls = json!([{ "role": "user", "content": [{ "text": "x" }] },
        { "role": "assistant", "content": [{ "toolUse": { "toolUseId": "t", "name": "f", "input": {} } }] }]);
    for (body, why) in [
        (chat(json!({ "model": "demo" })), "Extra inputs"),
        (chat(json!({ "inferenceConfig": { "temperature": 1.5 } })), "from 0 to 1"),
        (chat(json!({ "inferenceConfig": { "maxTokens": 0 } })), "from 1"),
        (json!({ "messages": [] }), "must start with a user message"),
        (json!({ "messages": [{ "role": "assistant", "content": [{ "text": "x" }] }] }), "alternate"),
        (said(json!([{ "text": " " }])), "blank"),
        (said(json!([{ "text": "a", "image": {} }])), "exactly one member"),
        (said(json!([{ "image": { "format": "bmp", "source": { "bytes": "QQ==" } } }])), "enum"),
        (said(json!([{ "document": { "format": "pdf", "name": "a_b", "source": { "bytes": "QQ==" } } }])), "file name"),
        (said(json!([{ "document": { "format": "pdf", "name": "a", "source": { "bytes": "QQ==" } } }])), "text block"),
        (said(json!([{ "toolResult": { "toolUseId": "t", "content": [] } }])), "exceeds"),
        (json!({ "messages": calls }), "toolConfig field must be defined"),
        (json!({ "messages": calls, "toolConfig": { "tools": [tool] } }), "Expected toolResult"),
        (chat(json!({ "toolConfig": { "tools": [] } })), "at least one"),
        (chat(json!({ "toolConfig": { "tools": [tool], "toolChoice": { "none": {} } } })), "none is no member"),
        (chat(json!({ "toolConfig": { "tools": [tool, tool] } })), "already defined"),
    ] {
        let got = ask(PATH, body.clone()).await;
        assert!(got.status == 400 && got.text().contains(why), "{body}: {} {}", got.status, got.text());
    }
}

#[tokio::test]
async fn whoever_shows_no_key_must_have_signed() {
    let with = |authorization: &'static str, date: &'static str| async move {
        let headers = [("authorization", authorization), ("x-amz-date", date)];
        let headers = if authorization.is_empty() { &headers[1..] } else { &headers[..] };
        post_with(&mock().await, PATH, headers, chat(json!({}))).await
    };
    assert_eq!(with(SIGNED, "20260101T000000Z").await.status, 200);
    for (authorization, date, why) in [
        ("", "20260101T000000Z", "Missing Authentication Token"),
        (SIGNED, "20260102T000000Z", "Date in Credential"),
        ("AWS4-HMAC-SHA256 Credential=AKID/20260101/r/s3/aws4_request", "20260101T000000Z", "correct service"),
        (
            "AWS4-HMAC-SHA256 Credential=A/20260101/r/bedrock/aws4_request, SignedHeaders=host",
            "20260101T000000Z",
            "must be signed",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=A/20260101/r/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=no",
            "20260101T000000Z",
            "'Signature'",
        ),
    ] {
        let got = with(authorization, date).await;
        assert!(got.status == 403 && got.text().contains(why), "{} {}", got.status, got.text());
    }
    let headers = [("authorization", SIGNED), ("x-amz-date", "20260101T000000Z")];
    let mock = mock().await;
    assert_eq!(post_with(&mock, "/model/demo@key=AKID/converse", &headers, chat(json!({}))).await.status, 200);
    assert_eq!(post_with(&mock, "/model/demo@key=OTHER/converse", &headers, chat(json!({}))).await.status, 403);
}

#[tokio::test]
async fn tokens_are_counted_and_vectors_made() {
    let got = ask("/model/demo/count-tokens", json!({ "input": { "converse": chat(json!({})) } })).await;
    assert_eq!(got.json(), json!({ "inputTokens": 2 }));
    let got = ask("/model/titan/invoke", json!({ "inputText": "a b", "dimensions": 4 })).await.json();
    assert_eq!((got["embedding"].as_array().unwrap().len(), &got["inputTextTokenCount"]), (4, &json!(2)));
}

#[tokio::test]
async fn claude_is_also_spoken_to_in_anthropics_words() {
    let body = json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 100,
        "messages": [{ "role": "user", "content": "hello" }] });
    let got = ask("/model/anthropic.claude/invoke", body.clone()).await;
    assert_eq!((got.status, &got.json()["content"][0]["text"]), (200, &json!("You said: hello")));
    let got = ask("/model/anthropic.claude/invoke-with-response-stream", body.clone()).await;
    let events: Vec<Value> = frames(&got.body)
        .into_iter()
        .map(|(name, payload)| {
            use base64::Engine;
            let bytes = payload["bytes"].as_str().unwrap();
            let event = base64::engine::general_purpose::STANDARD.decode(bytes).unwrap();
            assert_eq!(name, "chunk");
            serde_json::from_slice(&event).unwrap()
        })
        .collect();
    assert_eq!(events.first().unwrap()["type"], "message_start");
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    for (name, value, why) in [
        ("stream", json!(true), "stream: Extra inputs"),
        ("anthropic_version", json!("2023-06-01"), "bedrock-2023-05-31"),
        ("model", json!("m"), "model: Extra inputs"),
    ] {
        let mut wrong = body.clone();
        wrong[name] = value;
        let got = ask("/model/anthropic.claude/invoke", wrong).await;
        assert!(got.status == 400 && got.text().contains(why), "{}", got.text());
    }
}
