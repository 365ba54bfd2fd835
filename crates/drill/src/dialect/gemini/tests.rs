//! Google's shapes, and the requests it would refuse.

use crate::client::*;
use serde_json::{Value, json};

const PATH: &str = "/v1beta/models/demo:generateContent";

fn chat(extra: Value) -> Value {
    let mut body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello there" }] }] });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    let schema = json!({ "type": "OBJECT", "properties": { "city": { "type": "STRING" } } });
    json!([{ "functionDeclarations": [{ "name": "weather", "parameters": schema }] }])
}

fn path(knobs: &str, method: &str) -> String {
    format!("/v1beta/models/demo@{knobs}:{method}")
}

async fn ask(knobs: &str, body: Value) -> Value {
    let got = post(&mock().await, &path(knobs, "generateContent"), body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

async fn stream(knobs: &str, body: Value) -> Vec<Value> {
    let got = post(&mock().await, &path(knobs, "streamGenerateContent?alt=sse"), body).await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("text/event-stream")), "{}", got.text());
    got.event_values()
}

fn parts(chunks: &[Value]) -> Vec<Value> {
    chunks
        .iter()
        .flat_map(|chunk| chunk["candidates"][0]["content"]["parts"].as_array().cloned().unwrap_or_default())
        .collect()
}

fn text(parts: &[Value], thought: bool) -> String {
    parts
        .iter()
        .filter(|part| part["thought"].as_bool().unwrap_or(false) == thought)
        .filter_map(|part| part["text"].as_str())
        .collect()
}

#[tokio::test]
async fn contents_are_answered_in_googles_shape() {
    let got = post(&mock().await, PATH, chat(json!({}))).await.json();
    assert_eq!(
        got,
        json!({
            "candidates": [{ "content": { "parts": [{ "text": "You said: hello there" }], "role": "model" }, "finishReason": "STOP", "index": 0 }],
            "usageMetadata": { "promptTokenCount": 2, "candidatesTokenCount": 7, "totalTokenCount": 9,
                "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 2 }] },
            "modelVersion": "demo", "createTime": "2026-01-01T00:00:00Z", "responseId": "drill00000001" })
    );
}

#[tokio::test]
async fn a_stream_is_a_row_of_responses_with_growing_usage() {
    let chunks = stream("cached=3", chat(json!({}))).await;
    assert_eq!(text(&parts(&chunks), false), "You said: hello there");
    let tokens: Vec<u64> =
        chunks.iter().map(|chunk| chunk["usageMetadata"]["candidatesTokenCount"].as_u64().unwrap()).collect();
    assert_eq!(tokens, [1, 2, 3, 4, 5, 6, 7, 7]);
    let last = chunks.last().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(
        (&last["usageMetadata"]["totalTokenCount"], &last["usageMetadata"]["cachedContentTokenCount"]),
        (&json!(12), &json!(3))
    );
    assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk["candidates"][0].get("finishReason").is_none()));
    assert!(stream("no_usage=1", chat(json!({}))).await.iter().all(|chunk| chunk.get("usageMetadata").is_none()));
}

#[tokio::test]
async fn without_sse_a_stream_is_one_json_array() {
    let mock = mock().await;
    let got = post(&mock, &path("", "streamGenerateContent"), chat(json!({}))).await;
    assert_eq!(text(&parts(got.json().as_array().unwrap()), false), "You said: hello there");
    let failed = post(&mock, &path("fault=error_mid", "streamGenerateContent"), chat(json!({}))).await.json();
    assert_eq!(failed.as_array().unwrap().last().unwrap()["error"]["code"], 500);
}

#[tokio::test]
async fn functions_are_called_whole_and_signed() {
    let body = chat(json!({ "tools": weather() }));
    let got = ask("parallel=2", body.clone()).await;
    let whole = got["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
    assert_eq!(got["candidates"][0]["finishReason"], "STOP");
    assert_eq!(whole[0]["functionCall"], json!({ "name": "weather", "args": { "city": "text" } }));
    assert!(whole[0]["thoughtSignature"].is_string() && whole[1].get("thoughtSignature").is_none());
    let chunks = stream("parallel=2", body).await;
    assert_eq!(parts(&chunks)[..2], whole[..]);
}

#[tokio::test]
async fn thoughts_formats_reasons_and_probabilities_show() {
    let config = |config: Value| chat(json!({ "generationConfig": config }));
    let thinks = config(json!({ "thinkingConfig": { "includeThoughts": true, "thinkingLevel": "LOW" } }));
    let whole = ask("", thinks.clone()).await;
    assert_eq!(
        whole["candidates"][0]["content"]["parts"][0],
        json!({ "text": "The user wants an answer to: hello there", "thought": true })
    );
    assert!(whole["candidates"][0]["content"]["parts"][1]["thoughtSignature"].is_string());
    assert!(whole["usageMetadata"]["thoughtsTokenCount"].as_u64().unwrap() > 5);
    let chunks = parts(&stream("", thinks).await);
    assert_eq!(text(&chunks, true), "The user wants an answer to: hello there");
    assert!(chunks.last().unwrap()["thoughtSignature"].is_string());
    let late = ask("late_signature=1", chat(json!({}))).await;
    assert_eq!(late["candidates"][0]["content"]["parts"][1]["text"], "");
    let json = config(
        json!({ "responseMimeType": "application/json", "responseSchema": { "type": "OBJECT", "properties": { "n": { "type": "INTEGER" } } } }),
    );
    assert_eq!(ask("", json).await["candidates"][0]["content"]["parts"][0]["text"], "{\"n\":1}");
    let snake = json!({ "contents": [{ "parts": [{ "text": "x" }] }], "generation_config": { "max_output_tokens": 1, "stop_sequences": ["y"] }, "system_instruction": { "parts": [{ "text": "a b" }] } });
    let short = ask("", snake).await;
    assert_eq!(
        (&short["candidates"][0]["finishReason"], &short["usageMetadata"]["promptTokenCount"]),
        (&json!("MAX_TOKENS"), &json!(3))
    );
    let many = ask("", config(json!({ "candidateCount": 2, "responseLogprobs": true, "logprobs": 2 }))).await;
    assert_eq!(many["candidates"][1]["index"], 1);
    assert_eq!(many["candidates"][0]["logprobsResult"]["topCandidates"][0]["candidates"].as_array().unwrap().len(), 2);
    let refused = ask("refusal=1", chat(json!({}))).await;
    assert_eq!(refused["candidates"][0]["finishReason"], "SAFETY");
    assert_eq!(ask("finish=RECITATION", chat(json!({}))).await["candidates"][0]["finishReason"], "RECITATION");
}

#[tokio::test]
async fn a_blocked_prompt_has_no_candidates() {
    let got = ask("blocked=1", chat(json!({}))).await;
    assert_eq!((got.get("candidates"), &got["promptFeedback"]["blockReason"]), (None, &json!("SAFETY")));
    let chunks = stream("blocked=1", chat(json!({}))).await;
    assert_eq!((chunks.len(), &chunks[0]["promptFeedback"]["blockReason"]), (1, &json!("SAFETY")));
}

#[tokio::test]
async fn signatures_must_come_back_when_the_model_wants_them() {
    let mock = mock().await;
    let first = post(&mock, &path("gemini3=1", "generateContent"), chat(json!({ "tools": weather() }))).await.json();
    let call = first["candidates"][0]["content"].clone();
    let id = call["parts"][0]["functionCall"]["id"].clone();
    assert!(id.is_string());
    let answer = json!({ "role": "user", "parts": [{ "functionResponse": { "id": id, "name": "weather", "response": { "output": "sunny" } } }] });
    let question = json!({ "role": "user", "parts": [{ "text": "q" }] });
    let good = json!({ "contents": [question, call, answer], "tools": weather() });
    let second = post(&mock, &path("gemini3=1", "generateContent"), good.clone()).await.json();
    assert_eq!(second["candidates"][0]["content"]["parts"][0]["text"], "The tool said: sunny");
    let way_around = json!("c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=");
    let skipped = changed(&good, "/contents/1/parts/0/thoughtSignature", &way_around);
    assert_eq!(post(&mock, &path("gemini3=1", "generateContent"), skipped).await.status, 200);
    refusals(
        &path("gemini3=1", "generateContent"),
        &good,
        400,
        &[
            (
                "/contents/1/parts/0/thoughtSignature",
                json!(null),
                "Function call is missing a thought_signature in functionCall parts",
            ),
            ("/contents/1/parts/0/thoughtSignature", json!("b3RoZXI="), "Corrupted thought signature."),
            ("/contents/2/parts/0/functionResponse/id", json!("other"), "does not match the function call id"),
        ],
    )
    .await;
    // Earlier turns are not checked, and older models check none.
    let bare = changed(&good, "/contents/1/parts/0/thoughtSignature", &json!(null));
    assert_eq!(post(&mock, PATH, bare.clone()).await.status, 200);
    let mut later = bare.clone();
    later["contents"]
        .as_array_mut()
        .unwrap()
        .extend([json!({ "role": "model", "parts": [{ "text": "sun" }] }), question]);
    assert_eq!(post(&mock, &path("gemini3=1", "generateContent"), later).await.status, 200);
}

#[tokio::test]
async fn tokens_are_counted_and_models_listed() {
    let mock = mock().await;
    let body = json!({ "contents": [{ "parts": [{ "text": "one two three" }] }] });
    assert_eq!(post(&mock, "/v1beta/models/demo:countTokens", body.clone()).await.json()["totalTokens"], 3);
    let inner = json!({ "generateContentRequest": { "model": "models/demo", "contents": body["contents"] } });
    assert_eq!(post(&mock, "/v1beta/models/demo:countTokens", inner).await.json()["totalTokens"], 3);
    assert_eq!(get(&mock, "/v1beta/models").await.json()["models"][0]["name"], "models/demo");
}

#[tokio::test]
async fn embeddings_come_alone_and_in_batches() {
    let mock = mock().await;
    let content = |text: &str| json!({ "parts": [{ "text": text }] });
    let one =
        post(&mock, "/v1/models/demo:embedContent", json!({ "content": content("a"), "outputDimensionality": 3 }))
            .await
            .json();
    let batch = json!({ "requests": [
        { "model": "models/demo", "content": content("a"), "outputDimensionality": 3, "taskType": "CLUSTERING" },
        { "model": "models/demo", "content": content("b") } ] });
    let many = post(&mock, "/v1/models/demo:batchEmbedContents", batch.clone()).await.json();
    assert_eq!(many["embeddings"][0]["values"], one["embedding"]["values"]);
    assert_eq!(many["embeddings"][1]["values"].as_array().unwrap().len(), 8);
    refusals(
        "/v1/models/demo:batchEmbedContents",
        &batch,
        400,
        &[
            ("/requests", json!([]), "requests is not specified"),
            ("/requests/0/model", json!("models/other"), "model does not match"),
            ("/requests/0/content", json!("a"), "Invalid value at 'content', expected an object"),
            ("/requests/0/dimensions", json!(3), "Unknown name \"dimensions\" at 'requests[0]'"),
            ("/requests/0/taskType", json!("FUN"), "TYPE_ENUM"),
        ],
    )
    .await;
}

#[tokio::test]
async fn fields_google_would_refuse_are_refused() {
    let function = |function: Value| json!([{ "functionDeclarations": [function] }]);
    refusals(PATH, &chat(json!({ "generationConfig": {}, "tools": weather() })), 400, &[
        ("/contents", json!(null), "contents is not specified"),
        ("/contents", json!([]), "contents is not specified"),
        ("/messages", json!([]), "Unknown name \"messages\": Cannot find field."),
        ("/generationConfig/maxTokens", json!(5), "Unknown name \"maxTokens\" at 'generation_config': Cannot find field."),
        ("/generationConfig/maxOutputTokens", json!(0), "max_output_tokens"),
        ("/generationConfig/temperature", json!(3), "out of range"),
        ("/generationConfig/temperature", json!("hot"), "TYPE_FLOAT"),
        ("/generationConfig/stopSequences", json!(["1", "2", "3", "4", "5", "6"]), "at most 5"),
        ("/generationConfig/candidateCount", json!(9), "candidate_count"),
        ("/generationConfig/logprobs", json!(2), "only be set when response_logprobs is true"),
        ("/generationConfig/responseMimeType", json!("text/html"), "allowed mimetypes"),
        ("/generationConfig/responseMimeType", json!("application/json"), "Function calling with a response mime type"),
        ("/generationConfig/responseSchema", json!({ "type": "STRING" }), "only allowed when response_mime_type"),
        ("/generationConfig/thinkingConfig", json!({ "thinkingBudget": 100, "thinkingLevel": "LOW" }), "only one of thinking budget and thinking level"),
        ("/generationConfig/thinkingConfig", json!({ "effort": "low" }), "Unknown name \"effort\" at 'generation_config.thinking_config'"),
        ("/systemInstruction", json!("be kind"), "Invalid value at 'system_instruction'"),
        ("/systemInstruction", json!({ "parts": [{ "inlineData": { "mimeType": "image/png", "data": "AAAA" } }] }), "can only contain text parts"),
        ("/safetySettings", json!([{ "category": "RUDE", "threshold": "OFF" }]), "TYPE_ENUM"),
        ("/tools", function(json!({ "name": "1st" })), "Invalid function name"),
        ("/tools", function(json!({ "name": "a", "parameters": { "type": "object", "$schema": "x" } })), "Unknown name \"$schema\" at 'tools[0].function_declarations[0].parameters'"),
        ("/tools", function(json!({ "name": "a", "parameters": { "type": ["string", "null"] } })), "Proto field is not repeating"),
        ("/tools", function(json!({ "name": "a", "parameters": { "type": "STRING" } })), "should be of type OBJECT"),
        ("/tools", function(json!({ "name": "a", "parameters": { "type": "OBJECT", "required": ["x"] } })), "property is not defined"),
        ("/tools", function(json!({ "name": "a", "parameters": { "type": "OBJECT", "properties": { "x": { "type": "ARRAY" } } } })), "items: missing field"),
        ("/tools", function(json!({ "name": "a", "parameters": { "type": "OBJECT" }, "parametersJsonSchema": {} })), "only one of parameters"),
        ("/tools", json!([{ "type": "function", "function": {} }]), "Unknown name \"type\" at 'tools[0]'"),
        ("/toolConfig", json!({ "functionCallingConfig": { "mode": "REQUIRED" } }), "TYPE_ENUM"),
        ("/toolConfig", json!({ "functionCallingConfig": { "mode": "AUTO", "allowedFunctionNames": ["weather"] } }), "only when function calling mode is ANY"),
        ("/toolConfig", json!({ "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["x"] } }), "not in the list of function declarations"),
    ]).await;
    let picky = chat(json!({ "generationConfig": { "topK": 3 } }));
    assert_eq!(post(&mock().await, &path("no_sampling=1", "generateContent"), picky).await.status, 400);
}

#[tokio::test]
async fn contents_google_would_refuse_are_refused() {
    let user = |part: Value| json!({ "role": "user", "parts": [part] });
    let model = |part: Value| json!({ "role": "model", "parts": [part] });
    let (question, answer) = (json!({ "text": "q" }), json!({ "text": "a" }));
    let call = json!({ "functionCall": { "name": "f", "args": {} } });
    let response = json!({ "functionResponse": { "name": "f", "response": { "output": "ok" } } });
    let image = |data: Value| json!([user(json!({ "inlineData": data }))]);
    let good = json!({ "contents": [user(question.clone()), model(call.clone()), user(response.clone()), model(answer.clone()), user(question.clone())] });
    refusals(
        PATH,
        &good,
        400,
        &[
            ("/contents", json!([user(question.clone()), user(question.clone())]), "alternate between user and model"),
            ("/contents", json!([model(answer.clone()), user(question.clone())]), "alternate between user and model"),
            ("/contents", json!([user(question.clone()), model(answer.clone())]), "end with a user role"),
            (
                "/contents",
                json!([{ "role": "assistant", "parts": [question] }]),
                "Please use a valid role: user, model.",
            ),
            ("/contents", json!([{ "role": "user", "parts": [] }]), "contents.parts must not be empty"),
            ("/contents", json!([{ "role": "user", "content": "x" }]), "Unknown name \"content\" at 'contents[0]'"),
            ("/contents", json!([user(json!({}))]), "required oneof field 'data'"),
            (
                "/contents",
                json!([user(json!({ "text": "x", "inlineData": { "mimeType": "a/b", "data": "AAAA" } }))]),
                "oneof field 'data' is already set",
            ),
            ("/contents", json!([user(json!({ "text": 5 }))]), "TYPE_STRING"),
            (
                "/contents",
                json!([user(json!({ "type": "text", "text": "x" }))]),
                "Unknown name \"type\" at 'contents[0].parts[0]'",
            ),
            (
                "/contents",
                image(json!({ "mimeType": "image/png", "data": "data:image/png;base64,AAAA" })),
                "Base64 decoding failed",
            ),
            ("/contents", image(json!({ "data": "AAAA" })), "mimeType must be set"),
            ("/contents", json!([user(call.clone())]), "functionCall is not allowed in this role"),
            ("/contents", json!([user(response.clone())]), "immediately after a function call turn"),
            (
                "/contents",
                json!([user(question.clone()), model(call.clone()), user(question.clone())]),
                "number of function response parts is equal",
            ),
            (
                "/contents",
                json!([
                    user(question.clone()),
                    model(call.clone()),
                    json!({ "role": "user", "parts": [response, response] })
                ]),
                "number of function response parts is equal",
            ),
            ("/contents/2/parts/0/functionResponse/name", json!("g"), "does not match the function call"),
            ("/contents/2/parts/0/functionResponse/response", json!("ok"), "function_response"),
            (
                "/contents/2/parts/0/functionResponse/response",
                json!(["ok"]),
                "Proto field is not repeating, cannot start list.",
            ),
            ("/contents/1/parts/0/functionCall/args", json!("{}"), "function_call.args"),
        ],
    )
    .await;
}
