//! Cohere's shapes, and the requests it would refuse.

use crate::client::*;
use serde_json::{Value, json};

const CHAT: &str = "/v2/chat";
const EMBED: &str = "/v2/embed";

fn chat(extra: Value) -> Value {
    let mut body = json!({ "model": "demo", "messages": [{ "role": "user", "content": "hello there" }] });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    json!([{ "type": "function", "function": { "name": "weather", "description": "", "parameters": schema } }])
}

async fn ask(path: &str, body: Value) -> Value {
    let got = post(&mock().await, path, body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

async fn stream(body: Value) -> Vec<Value> {
    let got = post(&mock().await, CHAT, changed(&body, "/stream", &json!(true))).await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("text/event-stream")), "{}", got.text());
    assert_eq!(got.events().last().unwrap(), "[DONE]");
    got.event_values()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    kinds.dedup();
    kinds
}

fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

#[tokio::test]
async fn a_chat_is_answered_in_cohere_s_shape() {
    let counts = json!({ "input_tokens": 2, "output_tokens": 7 });
    assert_eq!(
        ask(CHAT, chat(json!({}))).await,
        json!({
            "id": "drill00000001", "finish_reason": "COMPLETE",
            "message": { "role": "assistant", "content": [{ "type": "text", "text": "You said: hello there" }] },
            "usage": { "billed_units": counts, "tokens": counts, "cached_tokens": 0 } })
    );
    let billed = ask(CHAT, chat(json!({ "model": "demo@billed=1,cached=3" }))).await["usage"].take();
    assert_eq!(
        (&billed["billed_units"]["input_tokens"], &billed["tokens"]["input_tokens"], &billed["cached_tokens"]),
        (&json!(1), &json!(5), &json!(3))
    );
}

#[tokio::test]
async fn a_stream_names_its_events_and_ends_with_the_counts() {
    let events = stream(chat(json!({ "thinking": { "type": "enabled", "token_budget": 10 } }))).await;
    let content = ["content-start", "content-delta", "content-end"];
    let expected = [&["message-start"][..], &content, &content, &["message-end"]].concat();
    assert_eq!(kinds(&events), expected);
    assert_eq!(joined(&events, "/delta/message/content/thinking"), "The user wants an answer to: hello there");
    assert_eq!(joined(&events, "/delta/message/content/text"), "You said: hello there");
    let last = &events.last().unwrap()["delta"];
    assert_eq!((&last["finish_reason"], &last["usage"]["tokens"]["input_tokens"]), (&json!("COMPLETE"), &json!(2)));
    let probable = stream(chat(json!({ "logprobs": true }))).await;
    assert_eq!(joined(&probable, "/logprobs/text"), "You said: hello there");
}

#[tokio::test]
async fn tools_are_called_one_after_another_behind_a_plan() {
    let body = chat(json!({ "model": "demo@parallel=2,preface=1", "tools": weather() }));
    let whole = ask(CHAT, body.clone()).await;
    assert_eq!((&whole["finish_reason"], whole["message"].get("content")), (&json!("TOOL_CALL"), None));
    assert_eq!(whole["message"]["tool_plan"], "Let me look that up.");
    let call = whole["message"]["tool_calls"][0].clone();
    assert_eq!(call["function"], json!({ "name": "weather", "arguments": "{\"city\":\"text\"}" }));
    let events = stream(body).await;
    let call_events = ["tool-call-start", "tool-call-delta", "tool-call-end"];
    let expected = [&["message-start", "tool-plan-delta"][..], &call_events, &call_events, &["message-end"]].concat();
    assert_eq!(kinds(&events), expected);
    let result =
        json!({ "role": "tool", "tool_call_id": call["id"], "content": [{ "type": "text", "text": "sunny" }] });
    let after = json!([{ "role": "user", "content": "q" }, { "role": "assistant", "tool_calls": [call] }, result]);
    let said = ask(CHAT, chat(json!({ "messages": after, "tools": weather() }))).await;
    assert_eq!(said["message"]["content"][0]["text"], "The tool said: sunny");
    let never = ask(CHAT, chat(json!({ "tools": weather(), "tool_choice": "NONE" }))).await;
    assert_eq!(never["finish_reason"], "COMPLETE");
}

#[tokio::test]
async fn limits_stops_and_forms_show() {
    let short = ask(CHAT, chat(json!({ "max_tokens": 2 }))).await;
    assert_eq!(short["finish_reason"], "MAX_TOKENS");
    let stopped = ask(CHAT, chat(json!({ "stop_sequences": [":"] }))).await;
    let text = &stopped["message"]["content"][0]["text"];
    assert_eq!((&stopped["finish_reason"], text), (&json!("STOP_SEQUENCE"), &json!("You said")));
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } } });
    let form = json!({ "type": "json_object", "json_schema": schema });
    let formed = ask(CHAT, chat(json!({ "response_format": form }))).await;
    assert_eq!(formed["message"]["content"][0]["text"], "{\"n\":1}");
}

#[tokio::test]
async fn what_cohere_would_refuse_is_refused() {
    let good = chat(json!({
        "stream": false, "tools": weather(), "strict_tools": true, "tool_choice": "REQUIRED", "temperature": 0.3, "p": 0.5,
        "messages": [
            { "role": "system", "content": "be kind" },
            { "role": "user", "content": [
                { "type": "text", "text": "a" }, { "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJD" } },
            ] },
            { "role": "assistant", "content": [{ "type": "thinking", "thinking": "hm" }], "tool_plan": "p", "tool_calls": [
                { "id": "c", "type": "function", "function": { "name": "weather", "arguments": "{}" } },
            ] },
            { "role": "tool", "tool_call_id": "c", "content": [{ "type": "document", "document": { "data": { "a": 1 } } }] },
        ],
    }));
    let named = |name: &str| json!({ "name": name, "parameters": { "type": "object", "required": ["a"] } });
    let image = |url: &str| json!({ "url": url });
    refusals(
        CHAT,
        &good,
        400,
        &[
            ("/model", Value::Null, "model is required"),
            ("/foo", json!(1), "parameter 'foo' is not a valid field"),
            ("/messages", json!([]), "messages must not be empty"),
            ("/messages/1/role", json!("system"), "system turn must be the first"),
            ("/messages/1/role", json!("developer"), "role must be one of"),
            ("/messages/1/name", json!("ada"), "'name' is not a valid field"),
            ("/messages/1/content", Value::Null, "content is required"),
            ("/messages/1/content/0/type", json!("document"), "is not one of text, image_url"),
            ("/messages/1/content/1/image_url", image("data:application/pdf;base64,QUJD"), "no address and no base64"),
            ("/messages/1/content/1/image_url", image("data:image/png;base64,Q"), "no address and no base64"),
            ("/messages/2/tool_calls/0/function/arguments", json!("[]"), "must be a JSON object"),
            ("/messages/2/tool_calls/0/id", Value::Null, "id is required"),
            ("/messages/3/tool_call_id", json!("d"), "no tool call before it"),
            ("/messages/3/content", json!([{ "type": "image_url", "image_url": image("https://x") }]), "is not one of"),
            ("/tools/0/function/parameters", Value::Null, "are required"),
            ("/tools/0/function/parameters", json!({ "type": "object" }), "at least one required parameter"),
            ("/tools/0/function/strict", json!(true), "'strict' is not a valid field"),
            ("/tools/0/function", named("my-tool"), "must have only letters"),
            ("/tools/0/function", named("1st"), "must have only letters"),
            ("/tool_choice", json!("auto"), "tool_choice must be one of"),
            ("/tools", json!([]), "tool_choice is only allowed with tools"),
            ("/temperature", json!(-1), "temperature must be between"),
            ("/p", json!(1), "p must be between"),
            ("/k", json!(501), "k must be between"),
            ("/frequency_penalty", json!(1.5), "frequency_penalty must be between"),
            ("/presence_penalty", json!(-0.5), "presence_penalty must be between"),
            ("/stop_sequences", json!(["a", "b", "c", "d", "e", "f"]), "at most 5"),
            ("/response_format", json!({ "type": "json_object" }), "not supported with RAG or tools"),
            ("/response_format", json!({ "type": "json_schema" }), "type must be one of"),
            ("/safety_mode", json!("STRICT"), "not supported with tools"),
            ("/thinking", json!({ "token_budget": 5 }), "thinking.type is required"),
            ("/thinking", json!({ "type": "enabled", "token_budget": 0 }), "token_budget must be between"),
            ("/logprobs", json!(2), "logprobs must be a boolean"),
            ("/max_tokens", json!(0), "max_tokens must be between"),
            ("/n", json!(2), "'n' is not a valid field"),
        ],
    )
    .await;
}

#[tokio::test]
async fn vectors_say_what_they_are_for_and_come_by_type() {
    let body = json!({
        "model": "embed-v4.0", "input_type": "search_query", "texts": ["one two", "three"],
        "embedding_types": ["float", "base64"], "output_dimension": 4
    });
    let got = ask(EMBED, body.clone()).await;
    assert_eq!(got["embeddings"]["float"].as_array().map(Vec::len), Some(2));
    assert_eq!(got["embeddings"]["float"][0].as_array().map(Vec::len), Some(4));
    assert!(got["embeddings"]["base64"][1].is_string());
    assert_eq!(got["meta"]["billed_units"]["input_tokens"], 3);
    refusals(
        EMBED,
        &body,
        400,
        &[
            ("/input_type", Value::Null, "input_type is required"),
            ("/input_type", json!("query"), "input_type must be one of"),
            ("/embedding_types", Value::Null, "embedding_types is required"),
            ("/embedding_types", json!(["double"]), "is not one of float"),
            ("/texts", json!(vec!["x"; 97]), "at most 96"),
            ("/texts", json!([]), "must be given"),
            ("/texts", json!([1]), "array of strings"),
            ("/truncate", json!("LEFT"), "truncate must be one of"),
            ("/dimensions", json!(4), "'dimensions' is not a valid field"),
        ],
    )
    .await;
}

#[tokio::test]
async fn documents_are_ranked_and_refusals_are_cohere_s() {
    let body = json!({ "model": "rerank-v3.5", "query": "rain", "documents": ["sun", "rain"] });
    let got = ask("/v2/rerank", body.clone()).await;
    assert_eq!((&got["results"][0]["index"], &got["meta"]["billed_units"]["search_units"]), (&json!(1), &json!(1)));
    let refused = post(&mock().await, "/v2/rerank", changed(&body, "/query", &Value::Null)).await;
    assert_eq!((refused.status, refused.json()["message"].is_string()), (400, true));
}
