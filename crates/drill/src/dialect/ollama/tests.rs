//! Ollama's shapes, and the requests it would refuse.

use crate::client::*;
use serde_json::{Value, json};

const CHAT: &str = "/api/chat";

fn chat(extra: Value) -> Value {
    let mut body =
        json!({ "model": "demo", "stream": false, "messages": [{ "role": "user", "content": "hello there" }] });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    json!([{ "type": "function", "function": { "name": "weather", "description": "", "parameters": schema } }])
}

async fn ask(path: &str, body: Value) -> Value {
    let got = post(&mock().await, path, body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

async fn stream(path: &str, body: Value) -> Vec<Value> {
    let got = post(&mock().await, path, changed(&body, "/stream", &Value::Null)).await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("application/x-ndjson")), "{}", got.text());
    let lines = got.line_values();
    let (last, before) = lines.split_last().unwrap();
    assert!(last["done"] == true && before.iter().all(|line| line["done"] == false));
    lines
}

fn joined(lines: &[Value], pointer: &str) -> String {
    lines.iter().filter_map(|line| line.pointer(pointer)?.as_str()).collect()
}

#[tokio::test]
async fn a_chat_is_answered_in_ollamas_shape() {
    assert_eq!(
        ask(CHAT, chat(json!({}))).await,
        json!({
            "model": "demo", "created_at": "2026-01-01T00:00:00Z", "message": { "role": "assistant", "content": "You said: hello there" },
            "done": true, "done_reason": "stop", "total_duration": 4935886791u64, "load_duration": 534986708,
            "prompt_eval_count": 2, "eval_count": 7, "prompt_eval_duration": 107345000, "eval_duration": 4289432000u64 })
    );
}

#[tokio::test]
async fn a_chat_is_streamed_unless_told_otherwise() {
    let lines = stream(CHAT, chat(json!({}))).await;
    assert_eq!(joined(&lines, "/message/content"), "You said: hello there");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["done_reason"], &last["eval_count"], &last["message"]["content"]),
        (&json!("stop"), &json!(7), &json!(""))
    );
}

#[tokio::test]
async fn tools_are_called_whole_before_the_last_line() {
    let body = chat(json!({ "tools": weather() }));
    let call = ask(CHAT, body.clone()).await["message"]["tool_calls"][0].clone();
    assert_eq!(call["function"], json!({ "index": 0, "name": "weather", "arguments": { "city": "text" } }));
    let lines = stream(CHAT, body).await;
    assert_eq!((lines.len(), &lines[0]["message"]["tool_calls"][0]), (2, &call));
    assert_eq!(lines[1]["done_reason"], "stop");
    let after = json!([{ "role": "user", "content": "q" }, { "role": "assistant", "tool_calls": [call] }, { "role": "tool", "tool_name": "weather", "content": "sunny" }]);
    let text = ask(CHAT, chat(json!({ "messages": after, "tools": weather() }))).await;
    assert_eq!(text["message"]["content"], "The tool said: sunny");
}

#[tokio::test]
async fn thinking_formats_and_probabilities_show() {
    let thoughts = "The user wants an answer to: hello there";
    let thinks = ask(CHAT, chat(json!({ "think": "low" }))).await;
    assert_eq!(thinks["message"]["thinking"], thoughts);
    let lines = stream(CHAT, chat(json!({ "think": true }))).await;
    assert_eq!(
        (joined(&lines, "/message/thinking").as_str(), joined(&lines, "/message/content").as_str()),
        (thoughts, "You said: hello there")
    );
    let unset = ask(CHAT, chat(json!({ "model": "demo@thinks=1" }))).await;
    assert_eq!(unset["message"]["thinking"], thoughts);
    let off = ask(CHAT, chat(json!({ "model": "demo@thinks=1", "think": false }))).await;
    assert!(off["message"].get("thinking").is_none());
    let tagged = format!("<think>{thoughts}</think>You said: hello there");
    let body = chat(json!({ "model": "demo@think_tags=1", "think": true }));
    assert_eq!(ask(CHAT, body.clone()).await["message"]["content"], tagged.as_str());
    assert_eq!(joined(&stream(CHAT, body).await, "/message/content"), tagged);
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } } });
    assert_eq!(ask(CHAT, chat(json!({ "format": schema }))).await["message"]["content"], "{\"n\":1}");
    let probable = ask(CHAT, chat(json!({ "logprobs": true, "top_logprobs": 1 }))).await;
    assert_eq!(probable["logprobs"][0]["top_logprobs"][0]["token"], "You");
    assert_eq!(stream(CHAT, chat(json!({ "logprobs": true }))).await[0]["logprobs"][0]["token"], "You");
}

#[tokio::test]
async fn limits_and_empty_requests_show_in_the_reason() {
    let short = ask(CHAT, chat(json!({ "options": { "num_predict": 2, "stop": [":"] } }))).await;
    assert_eq!((&short["done_reason"], &short["message"]["content"]), (&json!("stop"), &json!("You said")));
    assert_eq!(ask(CHAT, chat(json!({ "options": { "num_predict": 1 } }))).await["done_reason"], "length");
    assert_eq!(ask(CHAT, chat(json!({ "options": { "num_predict": -1 } }))).await["done_reason"], "stop");
    assert_eq!(ask(CHAT, chat(json!({ "messages": [] }))).await["done_reason"], "load");
    assert_eq!(ask(CHAT, chat(json!({ "messages": [], "keep_alive": 0 }))).await["done_reason"], "unload");
    assert_eq!(stream(CHAT, chat(json!({ "messages": [] }))).await.len(), 1);
    assert!(ask(CHAT, chat(json!({ "model": "demo@no_usage=1" }))).await.get("eval_count").is_none());
}

#[tokio::test]
async fn generate_answers_a_prompt() {
    let body = json!({ "model": "demo", "prompt": "one two", "system": "be kind", "think": true, "stream": false });
    let got = ask("/api/generate", body.clone()).await;
    assert_eq!((&got["response"], &got["prompt_eval_count"]), (&json!("You said: one two"), &json!(4)));
    assert!(got["thinking"].is_string() && got["context"].is_array());
    let lines = stream("/api/generate", body.clone()).await;
    assert_eq!(joined(&lines, "/response"), "You said: one two");
    assert_eq!(joined(&lines, "/thinking"), got["thinking"].as_str().unwrap());
    assert_eq!(ask("/api/generate", json!({ "model": "demo", "stream": false })).await["done_reason"], "load");
    refusals(
        "/api/generate",
        &body,
        400,
        &[
            (
                "/prompt",
                json!(["x"]),
                "json: cannot unmarshal array into Go struct field GenerateRequest.prompt of type string",
            ),
            ("/raw", json!(true), "raw mode does not support template, system, or context"),
            ("/images", json!(["data:image/png;base64,AAAA"]), "illegal base64 data at input byte 4"),
        ],
    )
    .await;
}

#[tokio::test]
async fn embeddings_come_in_both_shapes() {
    let body = json!({ "model": "demo", "input": ["a", "b c"], "dimensions": 3 });
    let got = ask("/api/embed", body.clone()).await;
    assert_eq!((got["embeddings"][1].as_array().unwrap().len(), &got["prompt_eval_count"]), (3, &json!(3)));
    let old = ask("/api/embeddings", json!({ "model": "demo", "prompt": "a" })).await;
    assert_eq!(old["embedding"].as_array().unwrap().len(), 8);
    refusals(
        "/api/embed",
        &body,
        400,
        &[("/input", json!(5), "invalid input type"), ("/model", json!(null), "model is required")],
    )
    .await;
}

#[tokio::test]
async fn the_probed_endpoints_answer() {
    let mock = mock().await;
    assert_eq!(get(&mock, "/").await.text(), "Ollama is running");
    assert!(get(&mock, "/api/version").await.json()["version"].is_string());
    assert_eq!(get(&mock, "/api/tags").await.json()["models"][0]["name"], "demo:latest");
    assert_eq!(get(&mock, "/api/ps").await.json()["models"], json!([]));
    let show = post(&mock, "/api/show", json!({ "model": "demo" })).await.json();
    assert_eq!(
        (&show["capabilities"][0], &show["model_info"]["drill.context_length"]),
        (&json!("completion"), &json!(131072))
    );
    let lost = post(&mock, "/api/show", json!({ "model": "demo@error=not_found" })).await;
    assert_eq!((lost.status, lost.json()), (404, json!({ "error": "model 'demo@error=not_found' not found" })));
}

#[tokio::test]
async fn requests_ollama_would_refuse_are_refused() {
    let call = |arguments: Value| json!([{ "role": "assistant", "tool_calls": [{ "function": { "name": "f", "arguments": arguments } }] }]);
    refusals(CHAT, &chat(json!({ "unknown": "passes" })), 400, &[
        ("/model", json!(null), "model is required"),
        ("/messages", json!("hi"), "json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message"),
        ("/messages/0/content", json!([{ "type": "text", "text": "x" }]), "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string"),
        ("/messages/0/role", json!("developer"), "invalid role"),
        ("/messages", call(json!("{}")), "json: cannot unmarshal string into Go struct field ChatRequest.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments"),
        ("/messages/0/images", json!(["data:image/png;base64,AAAA"]), "illegal base64 data at input byte 4"),
        ("/messages/0/images", json!("AAAA"), "of type []api.ImageData"),
        ("/stream", json!("no"), "ChatRequest.stream of type bool"),
        ("/format", json!("xml"), "invalid format"),
        ("/think", json!("hard"), "invalid think value"),
        ("/options", json!({ "temperature": "hot" }), "option \"temperature\" must be of type float32"),
        ("/options", json!({ "num_ctx": "big" }), "option \"num_ctx\" must be of type integer"),
        ("/options", json!({ "stop": "x" }), "option \"stop\" must be of type array"),
        ("/options", json!([]), "ChatRequest.options"),
        ("/keep_alive", json!("soon"), "time: invalid duration \"soon\""),
        ("/top_logprobs", json!(21), "top_logprobs must be between 0 and 20"),
        ("/tools", json!([{ "name": "f" }]), "ChatRequest.tools.function"),
        ("/tools", json!([{ "type": "function", "function": { "name": "f", "parameters": "x" } }]), "api.ToolFunctionParameters"),
    ]).await;
    let mock = mock().await;
    for (knob, extra, wrong) in [
        ("no_think=1", json!({ "think": true }), "\\\"demo\\\" does not support thinking"),
        ("no_tools=1", json!({ "tools": weather() }), "registry.ollama.ai/library/demo does not support tools"),
    ] {
        let got = post_with(&mock, CHAT, &[("x-mock", knob)], chat(extra)).await;
        assert_eq!(got.status, 400, "{knob}");
        assert!(got.text().contains(wrong), "{knob}: {}", got.text());
    }
    for keep in [json!("5m"), json!("1h30m"), json!("-1s"), json!(-1), json!("0")] {
        assert_eq!(post(&mock, CHAT, chat(json!({ "keep_alive": keep }))).await.status, 200, "{keep}");
    }
}
