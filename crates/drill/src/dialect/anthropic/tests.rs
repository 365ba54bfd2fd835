//! Anthropic's shapes, and the requests it would refuse.

use crate::client::*;
use serde_json::{Value, json};

const PATH: &str = "/v1/messages";

fn chat(extra: Value) -> Value {
    let mut body =
        json!({ "model": "demo", "max_tokens": 4000, "messages": [{ "role": "user", "content": "hello there" }] });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    json!([{ "name": "weather", "input_schema": { "type": "object", "properties": { "city": { "type": "string" } } } }])
}

async fn ask(body: Value) -> Value {
    let got = post(&mock().await, PATH, body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

/// The events of a stream, whose names must be their types.
async fn stream(mut body: Value) -> Vec<Value> {
    body["stream"] = json!(true);
    let got = post(&mock().await, PATH, body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let events = got.event_values();
    let text = got.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, events.iter().map(|event| event["type"].as_str().unwrap()).collect::<Vec<_>>());
    events
}

/// The message a stream amounts to, put together the way an SDK does.
fn assembled(events: &[Value]) -> Value {
    let mut message = json!(null);
    for event in events {
        let at = event["index"].as_u64().unwrap_or(0) as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(message["content"].as_array().unwrap().len(), at);
                let mut block = event["content_block"].clone();
                block["json"] = json!("");
                message["content"].as_array_mut().unwrap().push(block);
            }
            "content_block_delta" => {
                let delta = event["delta"].as_object().unwrap();
                let (name, text) = delta.iter().find(|(name, _)| *name != "type").unwrap();
                let name = if name == "partial_json" { "json" } else { name };
                let block = &mut message["content"][at];
                block[name] = json!(block[name].as_str().unwrap().to_owned() + text.as_str().unwrap());
            }
            "content_block_stop" => {
                let block = message["content"][at].as_object_mut().unwrap();
                let json = block.shift_remove("json").unwrap();
                if block["type"] == "tool_use" {
                    block["input"] = serde_json::from_str(json.as_str().unwrap()).unwrap();
                }
            }
            "message_delta" => {
                for (name, value) in event["delta"].as_object().unwrap() {
                    message[name] = value.clone();
                }
                message["usage"] = event["usage"].clone();
            }
            "ping" | "message_stop" => {}
            other => panic!("{other}"),
        }
    }
    message
}

#[tokio::test]
async fn a_message_is_answered_in_anthropics_shape() {
    let got = ask(chat(json!({}))).await;
    assert_eq!(
        got,
        json!({
            "id": "msg_drill00000001", "type": "message", "role": "assistant", "model": "demo",
            "content": [{ "type": "text", "text": "You said: hello there" }],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": 2, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "cache_creation": { "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0 },
                "output_tokens": 7, "output_tokens_details": { "thinking_tokens": 0 }, "service_tier": "standard" } })
    );
}

#[tokio::test]
async fn a_stream_amounts_to_the_same_message() {
    for extra in [
        json!({}),
        json!({ "model": "demo@cached=5,cache_write=6" }),
        json!({ "tools": weather() }),
        json!({ "tools": weather(), "model": "demo@parallel=3,preface=1" }),
        json!({ "thinking": { "type": "adaptive" } }),
        json!({ "thinking": { "type": "enabled", "budget_tokens": 1024, "display": "omitted" }, "tools": weather() }),
        json!({ "max_tokens": 2 }),
        json!({ "max_tokens": 0 }),
        json!({ "stop_sequences": [":"] }),
        json!({ "model": "demo@refusal=1" }),
        json!({ "model": "demo@comments=1" }),
    ] {
        let whole = ask(chat(extra.clone())).await;
        assert_eq!(assembled(&stream(chat(extra.clone())).await), whole, "{extra}");
    }
}

#[tokio::test]
async fn a_stream_has_its_events_in_order() {
    let events = stream(chat(json!({ "model": "demo@text=one" }))).await;
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "message_start",
            "ping",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    assert_eq!(events[0]["message"]["usage"]["input_tokens"], 2);
    assert_eq!(events[0]["message"]["usage"]["output_tokens"], 1);
    let bare = stream(chat(json!({ "model": "demo@no_usage=1" }))).await;
    assert!(bare.iter().all(|event| event.get("usage").is_none() && event["message"].get("usage").is_none()));
}

#[tokio::test]
async fn reasons_tools_and_formats_show() {
    let reason = async |extra: Value| ask(chat(extra)).await["stop_reason"].as_str().unwrap().to_owned();
    assert_eq!(reason(json!({ "max_tokens": 2 })).await, "max_tokens");
    assert_eq!(reason(json!({ "tools": weather() })).await, "tool_use");
    assert_eq!(reason(json!({ "model": "demo@finish=pause_turn" })).await, "pause_turn");
    let stopped = ask(chat(json!({ "stop_sequences": ["x", "hello"] }))).await;
    assert_eq!((&stopped["stop_reason"], &stopped["stop_sequence"]), (&json!("stop_sequence"), &json!("hello")));
    let refused = ask(chat(json!({ "model": "demo@refusal=1" }))).await;
    assert_eq!((&refused["stop_reason"], &refused["stop_details"]["type"]), (&json!("refusal"), &json!("refusal")));
    let schema =
        json!({ "type": "object", "additionalProperties": false, "properties": { "n": { "type": "integer" } } });
    let formatted =
        ask(chat(json!({ "output_config": { "format": { "type": "json_schema", "schema": schema } } }))).await;
    assert_eq!(formatted["content"][0]["text"], "{\"n\":1}");
    let two = json!([{ "name": "a", "input_schema": { "type": "object" } }, { "name": "b", "input_schema": { "type": "object" } }]);
    let named = ask(chat(json!({ "tools": two, "tool_choice": { "type": "tool", "name": "b" } }))).await;
    assert_eq!((&named["content"][0]["name"], &named["content"][0]["input"]), (&json!("b"), &json!({})));
    let one = ask(chat(json!({ "model": "demo@parallel=2", "tools": two, "tool_choice": { "type": "auto", "disable_parallel_tool_use": true } }))).await;
    assert_eq!(one["content"].as_array().unwrap().len(), 1);
    let none = ask(chat(json!({ "tools": two, "tool_choice": { "type": "none" } }))).await;
    assert_eq!(none["stop_reason"], "end_turn");
}

#[tokio::test]
async fn thinking_comes_back_only_as_it_was_given() {
    let mock = mock().await;
    let body = chat(json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 }, "tools": weather() }));
    let first = post(&mock, PATH, body.clone()).await.json();
    assert_eq!(first["content"][0]["type"], "thinking");
    let id = first["content"][1]["id"].clone();
    let result = json!({ "type": "tool_result", "tool_use_id": id, "content": "sunny" });
    let messages = json!([body["messages"][0], { "role": "assistant", "content": first["content"] }, { "role": "user", "content": [result] }]);
    let good = changed(&body, "/messages", &messages);
    assert_eq!(post(&mock, PATH, good.clone()).await.json()["content"][1]["text"], "The tool said: sunny");
    let call_only = json!([first["content"][1]]);
    refusals(
        PATH,
        &good,
        400,
        &[
            (
                "/messages/1/content/0/signature",
                json!("c3VyZQ=="),
                "messages.1.content.0: Invalid `signature` in `thinking` block",
            ),
            ("/messages/1/content/0/thinking", json!("other thoughts"), "Invalid `signature`"),
            ("/messages/1/content/0/signature", json!(null), "signature: Field required"),
            ("/messages/1/content", call_only, "Expected `thinking` or `redacted_thinking`, but found `tool_use`"),
        ],
    )
    .await;
}

#[tokio::test]
async fn tokens_are_counted_and_models_listed() {
    let mock = mock().await;
    let body =
        json!({ "model": "demo", "system": "be kind", "messages": [{ "role": "user", "content": "one two three" }] });
    assert_eq!(post(&mock, "/v1/messages/count_tokens", body.clone()).await.json(), json!({ "input_tokens": 5 }));
    refusals(
        "/v1/messages/count_tokens",
        &body,
        400,
        &[("/max_tokens", json!(5), "max_tokens: Extra inputs are not permitted")],
    )
    .await;
    let got = raw(&mock, b"GET /v1/models HTTP/1.1\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\n\r\n")
        .await
        .json();
    assert_eq!(
        (&got["data"][0]["type"], &got["has_more"], &got["first_id"]),
        (&json!("model"), &json!(false), &json!("demo"))
    );
}

#[tokio::test]
async fn the_version_decides_about_sampling() {
    let mock = mock().await;
    let body = chat(json!({ "temperature": 1 }));
    for (version, status) in [("2023-06-01", 200), ("2026-10-21", 400), ("2024-01-01", 400), ("", 400)] {
        let got = post_with(&mock, PATH, &[("anthropic-version", version)], body.clone()).await;
        assert_eq!(got.status, status, "{version}");
    }
    let picky = chat(json!({ "model": "demo@no_sampling=1", "temperature": 0.5 }));
    assert_eq!(post(&mock, PATH, picky).await.status, 400);
    let plain = chat(json!({ "model": "demo@no_sampling=1", "temperature": 1 }));
    assert_eq!(post(&mock, PATH, plain).await.status, 200);
    let beta = chat(json!({ "context_management": { "edits": [] } }));
    assert_eq!(post(&mock, PATH, beta.clone()).await.status, 400);
    assert_eq!(post_with(&mock, PATH, &[("anthropic-beta", "context-management-2025-06-27")], beta).await.status, 200);
}

#[tokio::test]
async fn fields_anthropic_would_refuse_are_refused() {
    let object = json!({ "type": "object" });
    refusals(
        PATH,
        &chat(json!({})),
        400,
        &[
            ("/model", json!(null), "model: Field required"),
            ("/max_tokens", json!(null), "max_tokens: Field required"),
            ("/max_tokens", json!(-1), "max_tokens: Input should be greater than or equal to 0"),
            ("/max_tokens", json!("9"), "max_tokens: Input should be a valid integer"),
            ("/messages", json!([]), "at least one message is required"),
            ("/n", json!(2), "n: Extra inputs are not permitted"),
            ("/temperature", json!(1.5), "temperature: Input should be less than or equal to 1"),
            ("/top_k", json!(-1), "top_k"),
            ("/stop_sequences", json!([" "]), "each stop sequence must contain non-whitespace"),
            ("/stream", json!("yes"), "stream: Input should be a valid boolean"),
            ("/system", json!([{ "type": "text", "text": "" }]), "text content blocks must be non-empty"),
            ("/system", json!([{ "type": "image" }]), "system.0.type: Input should be 'text'"),
            ("/metadata", json!({ "tag": "x" }), "metadata.tag: Extra inputs are not permitted"),
            ("/thinking", json!({ "type": "on" }), "Input tag 'on'"),
            ("/thinking", json!({ "type": "enabled" }), "budget_tokens: Field required"),
            ("/thinking", json!({ "type": "enabled", "budget_tokens": 10 }), "greater than or equal to 1024"),
            (
                "/thinking",
                json!({ "type": "enabled", "budget_tokens": 4000 }),
                "`max_tokens` must be greater than `thinking.budget_tokens`",
            ),
            ("/thinking", json!({ "type": "adaptive", "budget_tokens": 2000 }), "Extra inputs"),
            ("/tool_choice", json!({ "type": "auto" }), "may only be specified while providing tools"),
            ("/tools", json!([{ "name": "a" }]), "tools.0.custom.input_schema: Field required"),
            ("/tools", json!([{ "name": "a", "input_schema": {} }]), "input_schema.type: Field required"),
            ("/tools", json!([{ "name": "a b", "input_schema": object }]), "String should match pattern"),
            ("/tools", json!([{ "name": "a", "input_schema": object, "parameters": {} }]), "parameters: Extra inputs"),
            ("/tools", json!([{ "type": "function", "function": {} }, 1]), "tools.1.custom: Input should be an object"),
            (
                "/tools",
                json!([{ "name": "a", "input_schema": object }, { "name": "a", "input_schema": object }]),
                "Tool names must be unique",
            ),
            (
                "/tools",
                json!([{ "name": "a", "input_schema": { "type": "object", "anyOf": [] } }]),
                "does not support oneOf, allOf, or anyOf",
            ),
            ("/output_config", json!({ "effort": "huge" }), "output_config.effort"),
            (
                "/output_config",
                json!({ "format": { "type": "json_schema", "schema": object } }),
                "'additionalProperties' must be explicitly set to false",
            ),
            (
                "/output_config",
                json!({ "format": { "type": "json_schema", "schema": { "type": "integer", "minimum": 1 } } }),
                "property 'minimum' is not supported",
            ),
        ],
    )
    .await;
    let tools = chat(json!({ "tools": weather(), "tool_choice": { "type": "any" } }));
    refusals(
        PATH,
        &tools,
        400,
        &[
            (
                "/thinking",
                json!({ "type": "adaptive" }),
                "Thinking may not be enabled when tool_choice forces tool use.",
            ),
            ("/tool_choice", json!({ "type": "tool", "name": "x" }), "Tool 'x' not found"),
            ("/tool_choice", json!({ "type": "required" }), "Input tag 'required'"),
            ("/tool_choice", json!("auto"), "tool_choice.type: Field required"),
            ("/model", json!("demo@no_forced_tool=1"), "only supports `auto` and `none`"),
        ],
    )
    .await;
    let warm = chat(json!({ "temperature": 1, "thinking": { "type": "adaptive" } }));
    refusals(
        PATH,
        &warm,
        400,
        &[
            ("/temperature", json!(0.5), "`temperature` may only be set to 1 when thinking is enabled."),
            ("/model", json!("demo@no_think=1"), "is not supported on this model"),
        ],
    )
    .await;
}

#[tokio::test]
async fn messages_anthropic_would_refuse_are_refused() {
    let user = |content: Value| json!({ "role": "user", "content": content });
    let assistant = |content: Value| json!({ "role": "assistant", "content": content });
    let call = |id: &str| json!({ "type": "tool_use", "id": id, "name": "f", "input": {} });
    let result = |id: &str| json!({ "type": "tool_result", "tool_use_id": id, "content": "ok" });
    let text = |text: &str| json!({ "type": "text", "text": text });
    let marked = |n: usize| -> Value {
        (0..n).map(|_| json!({ "type": "text", "text": "x", "cache_control": { "type": "ephemeral" } })).collect()
    };
    let image = |media: &str, data: &str| {
        user(json!([{ "type": "image", "source": { "type": "base64", "media_type": media, "data": data } }]))
    };
    let good = chat(json!({ "messages": [
        user(json!("q")), assistant(json!([text("look"), call("t1"), call("t2")])),
        user(json!([result("t2"), result("t1"), text("and?")])), assistant(json!("prefill")) ] }));
    refusals(
        PATH,
        &good,
        400,
        &[
            (
                "/messages",
                json!([assistant(json!("hi")), user(json!("q"))]),
                "first message must use the \"user\" role",
            ),
            ("/messages", json!([user(json!("")),]), "all messages must have non-empty content"),
            ("/messages", json!([user(json!([]))]), "all messages must have non-empty content"),
            ("/messages", json!([user(json!("  \n"))]), "text content blocks must contain non-whitespace text"),
            ("/messages", json!([user(json!([text("")]))]), "messages: text content blocks must be non-empty"),
            ("/messages", json!([user(json!("q")), assistant(json!("pre "))]), "cannot end with trailing whitespace"),
            (
                "/messages",
                json!([user(json!("q")), assistant(json!([call("t1")]))]),
                "`tool_use` ids were found without `tool_result` blocks immediately after: t1",
            ),
            (
                "/messages",
                json!([user(json!("q")), assistant(json!([call("t1")])), user(json!("no"))]),
                "without `tool_result` blocks immediately after: t1",
            ),
            (
                "/messages",
                json!([user(json!("q")), assistant(json!([call("t1")])), user(json!([text("first"), result("t1")]))]),
                "immediately after: t1",
            ),
            (
                "/messages",
                json!([user(json!("q")), assistant(json!([call("t1")])), user(json!([result("t1"), result("t1")]))]),
                "each tool_use must have a single result",
            ),
            (
                "/messages",
                json!([user(json!("q")), user(json!([result("t9")]))]),
                "unexpected `tool_use_id` found in `tool_result` blocks: t9",
            ),
            (
                "/messages",
                json!([user(json!([call("t1")]))]),
                "blocks of type `tool_use` are not allowed in user messages",
            ),
            ("/messages", json!([{ "role": "tool", "content": "x" }]), "Unexpected role \"tool\""),
            ("/messages", json!([{ "role": "user", "content": "x", "name": "me" }]), "messages.0.name: Extra inputs"),
            (
                "/messages",
                json!([user(json!([{ "type": "text", "text": "x", "extra": 1 }]))]),
                "messages.0.content.0.text.extra: Extra inputs",
            ),
            (
                "/messages",
                json!([user(json!([{ "type": "image_url", "image_url": { "url": "http://x" } }]))]),
                "type `image_url` are not allowed",
            ),
            ("/messages", json!([image("image/svg+xml", "AAAA")]), "media_type: Input should be 'image/jpeg'"),
            ("/messages", json!([image("image/png", "data:image/png;base64,AAAA")]), "Invalid base64 data"),
            (
                "/messages",
                json!([user(marked(5))]),
                "A maximum of 4 blocks with cache_control may be provided. Found 5.",
            ),
            (
                "/messages",
                json!([user(json!([{ "type": "text", "text": "x", "cache_control": { "type": "forever" } }]))]),
                "cache_control.type: Input should be 'ephemeral'",
            ),
            ("/messages/1/content/1/input", json!("{}"), "input: Input should be a valid dictionary"),
            ("/messages/1/content/1/id", json!("a b"), "String should match pattern '^[a-zA-Z0-9_-]+$'"),
            ("/model", json!("demo@no_prefill=1"), "does not support assistant message prefill"),
        ],
    )
    .await;
}

#[tokio::test]
async fn system_messages_have_their_places() {
    let role = |role: &str| json!({ "role": role, "content": "x" });
    let good =
        chat(json!({ "messages": [role("user"), role("system"), role("assistant"), role("user"), role("system")] }));
    refusals(
        PATH,
        &good,
        400,
        &[
            ("/messages", json!([role("system"), role("user")]), "must directly follow a"),
            ("/messages", json!([role("user"), role("system"), role("system")]), "must directly follow a"),
            ("/messages", json!([role("user"), role("system"), role("user")]), "must directly follow a"),
            ("/model", json!("demo@no_system_role=1"), "Unexpected role \"system\""),
        ],
    )
    .await;
}

#[tokio::test]
async fn neighbours_of_one_role_are_one_turn() {
    let call = |id: &str| json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": "f", "input": {} }] });
    let result = |id: &str| json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": [{ "type": "text", "text": id }] }] });
    let messages = json!([{ "role": "user", "content": "q" }, call("a"), call("b"), result("a"), result("b")]);
    let got = ask(chat(json!({ "messages": messages }))).await;
    assert_eq!(got["content"][0]["text"], "The tool said: a b");
}
