//! OpenAI's shapes, and the requests it would refuse.

use crate::client::*;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

fn chat(extra: Value) -> Value {
    let mut body = json!({ "model": "demo", "messages": [{ "role": "user", "content": "hello there" }] });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    json!([{ "type": "function", "function": { "name": "weather", "parameters": schema } }])
}

async fn ask(body: Value) -> Value {
    let got = post(&mock().await, CHAT, body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

/// The chunks of a stream, and the deltas of its first choice joined by field.
async fn stream(mut body: Value) -> Vec<Value> {
    body["stream"] = json!(true);
    let got = post(&mock().await, CHAT, body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(got.events().last().unwrap(), "[DONE]");
    assert_eq!(got.events().len(), got.event_values().len() + 1);
    got.event_values()
}

fn joined(chunks: &[Value], field: &str) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"][field].as_str()).collect()
}

#[tokio::test]
async fn a_chat_is_answered_in_openais_shape() {
    let got = ask(chat(json!({}))).await;
    assert_eq!(
        got,
        json!({
            "id": "chatcmpl-drill00000001", "object": "chat.completion", "created": 1767225600, "model": "demo",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": "You said: hello there", "refusal": null,
                "annotations": [] }, "logprobs": null, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 2, "completion_tokens": 7, "total_tokens": 9,
                "prompt_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0, "audio_tokens": 0 },
                "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0 } },
            "service_tier": "default", "system_fingerprint": "fp_drill" })
    );
}

#[tokio::test]
async fn a_stream_begins_with_the_role_and_ends_with_the_reason() {
    let chunks = stream(chat(json!({}))).await;
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "", "refusal": null }));
    assert_eq!(joined(&chunks, "content"), "You said: hello there");
    assert_eq!(
        chunks.last().unwrap()["choices"][0],
        json!({ "index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop" })
    );
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none() && chunk["id"] == chunks[0]["id"]));
}

#[tokio::test]
async fn usage_is_streamed_only_when_asked() {
    let body = chat(json!({ "stream": true, "stream_options": { "include_usage": true } }));
    let chunks = stream(body.clone()).await;
    let (last, before) = chunks.split_last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(9)));
    assert!(before.iter().all(|chunk| chunk["usage"] == Value::Null && chunk.get("usage").is_some()));
    let hidden = stream(changed(&body, "/model", &json!("demo@no_usage=1"))).await;
    assert!(hidden.iter().all(|chunk| chunk.get("usage").is_none()));
    let each = stream(changed(&body, "/model", &json!("demo@usage_each=1"))).await;
    assert_eq!(each.iter().filter(|chunk| chunk["usage"]["completion_tokens"] == 3).count(), 1);
}

#[tokio::test]
async fn usage_knobs_show_in_the_details() {
    let usage = ask(chat(json!({ "model": "demo@cached=10,cache_write=4,reasoning=6" }))).await["usage"].clone();
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(16), &json!(13), &json!(29))
    );
    assert_eq!(
        (&usage["prompt_tokens_details"]["cached_tokens"], &usage["prompt_tokens_details"]["cache_write_tokens"]),
        (&json!(10), &json!(4))
    );
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 6);
    assert!(ask(chat(json!({ "model": "demo@no_usage=1" }))).await.get("usage").is_none());
}

#[tokio::test]
async fn tools_are_called_whole_and_in_fragments() {
    let body = chat(json!({ "tools": weather() }));
    let choice = ask(body.clone()).await["choices"][0].clone();
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &Value::Null));
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(call["function"], json!({ "name": "weather", "arguments": "{\"city\":\"text\"}" }));
    let chunks = stream(body).await;
    let parts: Vec<Value> =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0).cloned()).collect();
    assert_eq!(
        parts[0],
        json!({ "index": 0, "id": call["id"], "type": "function", "function": { "name": "weather", "arguments": "" } })
    );
    let arguments: String = parts.iter().filter_map(|part| part["function"]["arguments"].as_str()).collect();
    assert_eq!(arguments, "{\"city\":\"text\"}");
    assert!(parts.len() > 3 && parts[1..].iter().all(|part| part.get("id").is_none()));
}

#[tokio::test]
async fn streamed_calls_come_in_the_styles_of_other_servers() {
    let parts = async |knobs: &str| {
        let chunks = stream(chat(json!({ "model": format!("demo@{knobs}"), "tools": weather() }))).await;
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0).cloned()).collect::<Vec<_>>()
    };
    assert_eq!(parts("call_style=whole").await.len(), 1);
    assert!(parts("call_style=no_index").await.iter().all(|part| part.get("index").is_none()));
    assert!(parts("call_style=repeat_id").await.iter().all(|part| part["id"].is_string()));
    let order: Vec<u64> =
        parts("parallel=2,interleave=1").await.iter().map(|part| part["index"].as_u64().unwrap()).collect();
    assert_eq!(order[..6], [0, 1, 0, 1, 0, 1]);
    assert_eq!(parts("args={broken").await[1]["function"]["arguments"], "{bro");
}

#[tokio::test]
async fn a_tool_result_is_answered_with_text() {
    let mock = mock().await;
    let first = post(&mock, CHAT, chat(json!({ "tools": weather() }))).await.json();
    let message = first["choices"][0]["message"].clone();
    let id = message["tool_calls"][0]["id"].clone();
    let messages = json!([{ "role": "user", "content": "q" }, message, { "role": "tool", "tool_call_id": id, "content": "sunny" }]);
    let second = post(&mock, CHAT, json!({ "model": "demo", "messages": messages, "tools": weather() })).await.json();
    assert_eq!(second["choices"][0]["message"]["content"], "The tool said: sunny");
}

#[tokio::test]
async fn old_functions_and_custom_tools_are_called_in_their_own_shape() {
    let functions = json!([{ "name": "old", "parameters": { "type": "object" } }]);
    let choice = ask(chat(json!({ "functions": functions }))).await["choices"][0].clone();
    assert_eq!(choice["finish_reason"], "function_call");
    assert_eq!(choice["message"]["function_call"], json!({ "name": "old", "arguments": "{}" }));
    let chunks = stream(chat(json!({ "functions": functions }))).await;
    assert_eq!(chunks[1]["choices"][0]["delta"], json!({ "function_call": { "name": "old", "arguments": "" } }));
    let custom = json!([{ "type": "custom", "custom": { "name": "free" } }]);
    let call = ask(chat(json!({ "tools": custom }))).await["choices"][0]["message"]["tool_calls"][0].clone();
    assert_eq!((&call["type"], &call["custom"]), (&json!("custom"), &json!({ "name": "free", "input": "text" })));
}

#[tokio::test]
async fn choices_formats_reasoning_and_probabilities_are_given_as_asked() {
    let many = ask(chat(json!({ "n": 2, "logprobs": true, "top_logprobs": 2 }))).await;
    assert_eq!(many["choices"][1]["message"]["content"], "You said: hello there (answer 2)");
    let token = &many["choices"][0]["logprobs"]["content"][0];
    assert_eq!(
        (&token["token"], &token["bytes"], token["top_logprobs"].as_array().unwrap().len()),
        (&json!("You"), &json!([89, 111, 117]), 2)
    );
    let schema = json!({ "type": "json_schema", "json_schema": { "name": "s", "schema": { "type": "object", "properties": { "n": { "type": "integer" } } } } });
    assert_eq!(ask(chat(json!({ "response_format": schema }))).await["choices"][0]["message"]["content"], "{\"n\":1}");
    let thinks = ask(chat(json!({ "reasoning_effort": "low" }))).await;
    assert_eq!(thinks["choices"][0]["message"]["reasoning_content"], "The user wants an answer to: hello there");
    assert!(thinks["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 5);
    let chunks = stream(chat(json!({ "model": "demo@reasoning_field=reasoning,thinks=1" }))).await;
    assert_eq!(joined(&chunks, "reasoning"), "The user wants an answer to: hello there");
    let chunks = stream(chat(json!({ "model": "demo@think_tags=1,thinks=1" }))).await;
    assert_eq!(
        joined(&chunks, "content"),
        "<think>The user wants an answer to: hello there</think>You said: hello there"
    );
}

#[tokio::test]
async fn limits_stops_refusals_and_reasons_show() {
    let finish = async |extra: Value| {
        let choice = ask(chat(extra)).await["choices"][0].clone();
        (
            choice["finish_reason"].as_str().unwrap().to_owned(),
            choice["message"]["content"].clone(),
            choice["message"]["refusal"].clone(),
        )
    };
    assert_eq!(finish(json!({ "max_tokens": 2 })).await, ("length".into(), json!("You said"), Value::Null));
    assert_eq!(finish(json!({ "max_completion_tokens": 1 })).await, ("length".into(), json!("You"), Value::Null));
    assert_eq!(finish(json!({ "stop": ["there", ":"] })).await, ("stop".into(), json!("You said"), Value::Null));
    assert_eq!(
        finish(json!({ "model": "demo@refusal=1" })).await,
        ("stop".into(), Value::Null, json!("I can't help with that."))
    );
    assert_eq!(finish(json!({ "model": "demo@finish=eos" })).await.0, "eos");
    let chunks = stream(chat(json!({ "model": "demo@refusal=1" }))).await;
    assert_eq!(
        (joined(&chunks, "refusal").as_str(), joined(&chunks, "content").as_str()),
        ("I can't help with that.", "")
    );
    let chunks = stream(chat(json!({ "model": "demo@empty_choices_first=1" }))).await;
    assert_eq!(chunks[0]["choices"], json!([]));
    let blocked = post(&mock().await, CHAT, chat(json!({ "model": "demo@blocked=1" }))).await;
    assert_eq!((blocked.status, &blocked.json()["error"]["code"]), (400, &json!("content_policy_violation")));
}

#[tokio::test]
async fn old_completions_are_answered_whole_and_streamed() {
    let mock = mock().await;
    let body = json!({ "model": "demo", "prompt": "one two", "echo": true, "logprobs": 1 });
    let got = post(&mock, "/v1/completions", body.clone()).await.json();
    assert_eq!(
        (&got["object"], &got["choices"][0]["text"]),
        (&json!("text_completion"), &json!("one twoYou said: one two"))
    );
    assert_eq!(got["choices"][0]["logprobs"]["text_offset"][1], 3);
    let streamed =
        changed(&changed(&body, "/stream", &json!(true)), "/stream_options", &json!({ "include_usage": true }));
    let chunks = post(&mock, "/v1/completions", streamed).await.event_values();
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
    assert_eq!(text, "one twoYou said: one two");
    assert_eq!(chunks.last().unwrap()["usage"]["prompt_tokens"], 2);
    for prompt in [json!(["a", "b"]), json!([1, 2]), json!([[1], [2]])] {
        assert_eq!(post(&mock, "/completions", changed(&body, "/prompt", &prompt)).await.status, 200);
    }
    refusals(
        "/v1/completions",
        &body,
        400,
        &[
            ("/prompt", json!(null), "Missing required parameter: 'prompt'"),
            ("/prompt", json!([]), "Invalid type for 'prompt'"),
            ("/messages", json!([]), "Unrecognized request argument supplied: messages"),
            ("/logprobs", json!(6), "logprobs"),
        ],
    )
    .await;
}

#[tokio::test]
async fn embeddings_are_unit_vectors_in_both_encodings() {
    let mock = mock().await;
    let body = json!({ "model": "demo", "input": ["a b", "c"], "dimensions": 4 });
    let floats = post(&mock, "/v1/embeddings", body.clone()).await.json();
    let vector: Vec<f32> = serde_json::from_value(floats["data"][0]["embedding"].clone()).unwrap();
    assert_eq!(vector.len(), 4);
    assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    assert_eq!(floats["usage"], json!({ "prompt_tokens": 3, "total_tokens": 3 }));
    let packed = post(&mock, "/v1/embeddings", changed(&body, "/encoding_format", &json!("base64"))).await.json();
    use base64::Engine;
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let unpacked: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(unpacked, vector);
    for input in [json!("text"), json!([1, 2]), json!([[1, 2], [3]])] {
        assert_eq!(post(&mock, "/v1/embeddings", changed(&body, "/input", &input)).await.status, 200, "{input}");
    }
    refusals(
        "/v1/embeddings",
        &body,
        400,
        &[
            ("/input", json!(""), "empty string"),
            ("/input", json!([]), "empty array"),
            ("/input", json!(null), "Missing required parameter: 'input'"),
            ("/input", json!([""]), "non-empty strings"),
            ("/dimensions", json!(0), "dimensions"),
            ("/dimensions", json!(100000), "dimensions"),
            ("/encoding_format", json!("hex"), "Supported values are: 'float', 'base64'"),
        ],
    )
    .await;
}

#[tokio::test]
async fn models_are_listed() {
    let got = get(&mock().await, "/v1/models").await.json();
    assert_eq!((&got["object"], &got["data"][0]["id"]), (&json!("list"), &json!("demo")));
}

#[tokio::test]
async fn fields_openai_would_refuse_are_refused() {
    refusals(CHAT, &chat(json!({})), 400, &[
        ("/model", json!(null), "you must provide a model parameter"),
        ("/messages", json!(null), "Missing required parameter: 'messages'"),
        ("/messages", json!([]), "empty array"),
        ("/messages", json!("hi"), "Invalid type for 'messages'"),
        ("/top_k", json!(5), "Unrecognized request argument supplied: top_k"),
        ("/max_tokens", json!(0), "max_tokens"),
        ("/max_tokens", json!("9"), "Invalid type for 'max_tokens': expected an integer, but got a string"),
        ("/temperature", json!(2.5), "temperature"),
        ("/top_p", json!(1.5), "top_p"),
        ("/n", json!(0), "'n'"),
        ("/stream", json!("yes"), "Invalid type for 'stream'"),
        ("/stop", json!(["a", "b", "c", "d", "e"]), "array too long"),
        ("/stream_options", json!({ "include_usage": true }), "only allowed when 'stream' is enabled"),
        ("/top_logprobs", json!(2), "only allowed when 'logprobs' is enabled"),
        ("/reasoning_effort", json!("huge"), "Supported values are: 'none', 'minimal'"),
        ("/tool_choice", json!("auto"), "'tool_choice' is only allowed when 'tools' are specified."),
        ("/parallel_tool_calls", json!(true), "'parallel_tool_calls' is only allowed"),
        ("/tools", json!([]), "array too short"),
        ("/tools", json!([{ "type": "function", "function": { "name": "a b" } }]), "string does not match pattern"),
        ("/tools", json!([{ "type": "function", "function": { "name": "x".repeat(65) } }]), "string too long"),
        ("/tools", json!([{ "type": "function", "function": { "name": "a", "parameters": {} } }]), "got 'type: \"None\"'"),
        ("/tools", json!([{ "type": "function", "name": "a" }]), "Missing required parameter: 'tools[0].function'"),
        ("/tools", json!([{ "type": "function", "function": { "name": "a", "strict": true, "parameters": { "type": "object", "properties": {} } } }]), "'additionalProperties' is required"),
        ("/tools", json!([{ "type": "function", "function": { "name": "a", "strict": true, "parameters": { "type": "object", "additionalProperties": false, "properties": { "x": {} } } } }]), "Missing 'x'"),
        ("/response_format", json!({ "type": "json_object" }), "must contain the word 'json'"),
        ("/response_format", json!({ "type": "xml" }), "Supported values are: 'text'"),
        ("/response_format", json!({ "type": "json_schema", "json_schema": { "schema": {} } }), "response_format.json_schema.name"),
        ("/metadata", json!({ "a": 1 }), "metadata.a"),
    ]).await;
    let both = chat(json!({ "max_tokens": 5, "max_completion_tokens": 5 }));
    assert_eq!(post(&mock().await, CHAT, both).await.status, 400);
    let named =
        chat(json!({ "tools": weather(), "tool_choice": { "type": "function", "function": { "name": "other" } } }));
    assert!(post(&mock().await, CHAT, named).await.text().contains("Tool choice 'other' not found"));
}

#[tokio::test]
async fn messages_openai_would_refuse_are_refused() {
    let call = json!({ "role": "assistant", "content": null, "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } }] });
    let result = json!({ "role": "tool", "tool_call_id": "c1", "content": "ok" });
    let user = json!({ "role": "user", "content": "hi" });
    let good = json!({ "model": "demo", "messages": [user, call, result, user] });
    refusals(
        CHAT,
        &good,
        400,
        &[
            ("/messages", json!([user, call]), "did not have response messages: c1"),
            ("/messages", json!([user, call, user, result]), "did not have response messages: c1"),
            ("/messages", json!([user, result]), "must be a response to a preceeding message"),
            ("/messages", json!([user, call, result, result]), "not found in 'tool_calls' of previous message"),
            ("/messages/2/tool_call_id", json!(null), "Missing required parameter: 'messages[2].tool_call_id'"),
            ("/messages/2/tool_call_id", json!("other"), "'tool_call_id' of 'other' not found"),
            ("/messages/1/tool_calls/0/function/arguments", json!({}), "expected a string, but got an object"),
            ("/messages/1/tool_calls/0/id", json!(""), "empty string"),
            ("/messages/1/tool_calls/0/id", json!("x".repeat(65)), "maximum length 64"),
            ("/messages/1/tool_calls/0/type", json!(null), "messages[1].tool_calls[0].type"),
            ("/messages/1/tool_calls", json!([]), "empty array"),
            ("/messages/0/role", json!("robot"), "Invalid value: 'robot'"),
            ("/messages/0/content", json!(null), "Missing required parameter: 'messages[0].content'"),
            ("/messages/0/content", json!(5), "Invalid type for 'messages[0].content'"),
            ("/messages/0/content", json!([]), "empty array"),
            ("/messages/0/content", json!([{ "type": "image", "url": "x" }]), "Invalid value: 'image'"),
            ("/messages/0/content", json!([{ "type": "image_url", "image_url": "http://x" }]), "expected an object"),
            (
                "/messages/0/content",
                json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,%%" } }]),
                "Invalid image",
            ),
            (
                "/messages/0/content",
                json!([{ "type": "input_audio", "input_audio": { "data": "AAAA", "format": "ogg" } }]),
                "'wav', 'mp3'",
            ),
            (
                "/messages/2/content",
                json!([{ "type": "image_url", "image_url": { "url": "http://x" } }]),
                "Invalid value: 'image_url'",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn knobs_make_a_model_refuse_what_some_models_refuse() {
    let mock = mock().await;
    for (knob, extra, wrong) in [
        ("no_sampling=1", json!({ "temperature": 0.5 }), "Only the default (1) value is supported"),
        ("no_sampling=1", json!({ "top_p": 0.5 }), "Unsupported parameter: 'top_p'"),
        ("no_max_tokens=1", json!({ "max_tokens": 5 }), "Use 'max_completion_tokens' instead"),
        ("no_stream_options=1", json!({ "stream": true, "stream_options": {} }), "stream_options"),
        (
            "no_developer=1",
            json!({ "messages": [{ "role": "developer", "content": "x" }] }),
            "Invalid value: 'developer'",
        ),
        (
            "text_only=1",
            json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "x" }] }] }),
            "only takes a string",
        ),
    ] {
        assert_eq!(post(&mock, CHAT, chat(extra.clone())).await.status, 200, "{extra}");
        let got = post_with(&mock, CHAT, &[("x-mock", knob)], chat(extra)).await;
        assert_eq!(got.status, 400, "{knob}");
        assert!(got.json()["error"]["message"].as_str().unwrap().contains(wrong), "{knob}: {}", got.text());
    }
    let extras = chat(json!({ "model": "demo@extras=1", "top_k": 5, "temperature": 1 }));
    assert_eq!(post(&mock, CHAT, extras).await.status, 200);
}

#[tokio::test]
async fn texts_are_judged_and_documents_ranked() {
    let mock = mock().await;
    let judged = post(&mock, "/v1/moderations", json!({ "model": "m", "input": ["hello", "I hate it"] })).await.json();
    assert_eq!(
        (&judged["results"][0]["flagged"], &judged["results"][1]["categories"]["hate"]),
        (&json!(false), &json!(true))
    );
    let body = json!({ "model": "m", "query": "red hat", "documents": ["a blue hat", "a red hat"], "top_n": 1 });
    let ranked = post(&mock, "/v1/rerank", body.clone()).await.json();
    assert_eq!(ranked["results"][0]["index"], 1);
    assert_eq!(ranked["results"][0]["document"]["text"], "a red hat");
    let cohere = post(&mock, "/v2/rerank", body.clone()).await.json();
    assert_eq!(cohere["meta"]["billed_units"]["search_units"], 1);
    let refused = post(&mock, "/v2/rerank", changed(&body, "/return_documents", &json!(true))).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn pictures_and_sound_are_made_whole_and_in_pieces() {
    let mock = mock().await;
    let body = json!({ "model": "gpt-image-1", "prompt": "a cat", "n": 2, "quality": "low" });
    let drawn = post(&mock, "/v1/images/generations", body.clone()).await.json();
    assert_eq!((drawn["data"].as_array().map(Vec::len), &drawn["usage"]["output_tokens"]), (Some(2), &json!(544)));
    let streamed = changed(&changed(&body, "/stream", &json!(true)), "/partial_images", &json!(2));
    let events = post(&mock, "/v1/images/generations", streamed).await.event_values();
    assert_eq!(events.last().map(|event| event["type"].clone()), Some(json!("image_generation.completed")));
    assert_eq!(events.len(), 3);
    let speech = json!({ "model": "tts-1", "input": "hi", "voice": "alloy", "response_format": "wav" });
    let spoken = post(&mock, "/v1/audio/speech", speech.clone()).await;
    assert_eq!((spoken.header("content-type"), spoken.body.starts_with(&[0xff, 0xfb])), (Some("audio/wav"), true));
    assert_eq!(post(&mock, "/v1/audio/speech", changed(&speech, "/voice", &Value::Null)).await.status, 400);
    let field = |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{value}\r\n");
    let form = field("model", "\r\n\r\nwhisper-1") + &field("file", "; filename=\"a.mp3\"\r\n\r\nabc") + "--x--\r\n";
    let head = format!(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        form.len()
    );
    let heard = raw(&mock, (head + &form).as_bytes()).await.json();
    assert_eq!(heard, json!({ "text": "a.mp3 lasts 1 seconds", "usage": { "type": "duration", "seconds": 1 } }));
}
