//! The Responses API's shapes, and the requests it would refuse.

use crate::client::*;
use serde_json::{Value, json};

const PATH: &str = "/v1/responses";

async fn ask(body: Value) -> Got {
    post(&mock().await, PATH, body).await
}

#[tokio::test]
async fn an_answer_has_items_and_counts() {
    let tools = json!([{ "type": "function", "name": "weather", "parameters": { "type": "object" } }]);
    let body = json!({ "model": "demo", "input": "hello there", "reasoning": { "effort": "low" }, "tools": tools });
    let answer = ask(body).await.json();
    let kinds: Vec<&str> =
        answer["output"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "function_call"]);
    assert_eq!((&answer["status"], &answer["usage"]["input_tokens"]), (&json!("completed"), &json!(2)));
}

#[tokio::test]
async fn the_last_event_of_a_stream_repeats_what_came() {
    let got =
        ask(json!({ "model": "demo", "input": "hello there", "stream": true, "reasoning": { "effort": "low" } })).await;
    let events = got.event_values();
    let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.completed"), &json!("completed")));
    let done: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.done")
        .map(|event| &event["item"])
        .collect();
    let output: Vec<&Value> = last["response"]["output"].as_array().unwrap().iter().collect();
    assert_eq!(done, output);
}

#[tokio::test]
async fn requests_that_openai_would_refuse_are_refused() {
    for (body, says) in [
        (json!({ "model": "demo" }), "input"),
        (json!({ "model": "demo", "input": "x", "messages": [] }), "messages"),
        (json!({ "model": "demo", "input": [{ "role": "boss", "content": "x" }] }), "boss"),
        (json!({ "model": "demo", "input": [{ "type": "function_call", "call_id": "c" }] }), "name"),
        (json!({ "model": "demo", "input": [{ "type": "reasoning", "encrypted_content": "of another" }] }), "verified"),
        (json!({ "input": "x" }), "model"),
    ] {
        let got = ask(body.clone()).await;
        assert!(got.status == 400 && got.text().contains(says), "{body}: {}", got.text());
    }
}
