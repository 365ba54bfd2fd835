use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use store::Content;

use crate::rig::{Act, Rig, Script, counted, cut_stream, deployment, event, finish, piece, setup, stream, text};
use crate::{Deployment, Setup, Telemetry};

/// A gateway that keeps what is said, up to so many bytes of an answer.
fn rig(deployment: Deployment, content_bytes: usize, script: Script) -> Rig {
    let telemetry = Telemetry { contents: true, content_bytes, ..Telemetry::default() };
    Rig::of(Setup { telemetry, ..setup([("demo", vec![Arc::new(deployment)])]) }, [script])
}

/// What was kept of the only call.
fn kept(rig: &Rig) -> Content {
    let (booked, told) = (rig.entries.borrow(), rig.told.borrow());
    let calls: Vec<_> = booked.iter().chain(told.iter()).filter(|entry| entry.is_call()).collect();
    let [call] = calls[..] else { panic!("{calls:?}") };
    call.aside.as_ref().unwrap().content.clone().unwrap()
}

async fn said(deployment: Deployment, content_bytes: usize, script: Script) -> (Value, bool) {
    let rig = rig(deployment, content_bytes, script);
    text(rig.ask(json!({"stream": true})).await).await;
    let kept = kept(&rig);
    (serde_json::from_slice(&kept.answer.unwrap()).unwrap(), kept.cut)
}

fn tool(fields: Value) -> Act {
    event(json!({"choices": [{"index": 0, "delta": {"tool_calls": [fields]}}]}))
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_said_is_kept_as_if_it_had_come_at_once() {
    let begun = tool(json!({"index": 0, "id": "call_1", "function": {"name": "look", "arguments": "{\"a\""}}));
    let rest = tool(json!({"index": 0, "function": {"arguments": ":1}"}}));
    let script = vec![stream(), piece(0, "Hello"), piece(0, ", you"), begun, rest, finish(0), counted(10, 5)];
    let (answer, cut) = said(deployment("one"), 1 << 10, script).await;
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"], "Hello, you", "{answer}");
    assert_eq!(message["tool_calls"][0]["function"], json!({"name": "look", "arguments": "{\"a\":1}"}), "{answer}");
    assert_eq!((&answer["usage"]["completion_tokens"], cut), (&json!(5), false), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn no_more_is_kept_than_the_bound_and_of_a_broken_stream_what_there_was() {
    let long = vec![stream(), piece(0, "0123456789"), piece(0, "äöü"), piece(0, "more"), finish(0), counted(1, 1)];
    let (answer, cut) = said(deployment("one"), 13, long).await;
    assert_eq!((&answer["choices"][0]["message"]["content"], cut), (&json!("0123456789ä"), true), "{answer}");
    let broken = vec![cut_stream(), piece(0, "half")];
    let (answer, _) = said(deployment("one"), 100, broken).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "half", "{answer}");
    let several = vec![stream(), piece(1, "b"), piece(0, "a"), finish(0), finish(1), counted(1, 1)];
    let (answer, _) = said(deployment("one"), 100, several).await;
    let contents: Vec<_> = (0..2).map(|index| answer["choices"][index]["message"]["content"].clone()).collect();
    assert_eq!(contents, ["a", "b"], "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_leaves_what_was_said_until_then() {
    let script = vec![stream(), piece(0, "a"), piece(0, "b"), Act::Wait(Duration::from_secs(1_000))];
    let rig = rig(deployment("one"), 100, script);
    let left =
        tokio::time::timeout(Duration::from_secs(9), async { text(rig.ask(json!({"stream": true})).await).await });
    assert!(left.await.is_err());
    let answer: Value = serde_json::from_slice(&kept(&rig).answer.unwrap()).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "ab", "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_is_kept_as_it_was_delivered_and_a_refused_request_without_one() {
    let body = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answered = rig(deployment("one"), 100, vec![Act::Write(answer)]);
    assert_eq!(text(answered.ask(json!({})).await).await, body);
    let content = kept(&answered);
    assert_eq!((content.dialect, content.answer.as_deref()), ("openai", Some(body.as_bytes())));
    assert!(content.request.starts_with(b"{") && !content.cut);

    let refused =
        rig(deployment("one"), 100, vec![Act::Write("HTTP/1.1 400 No\r\ncontent-length: 2\r\n\r\n{}".to_owned())]);
    assert_eq!(refused.ask(json!({})).await.status, 400);
    let content = kept(&refused);
    assert_eq!(content.answer, None);
    assert!(!content.request.is_empty());
}
