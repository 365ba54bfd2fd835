//! What is asked of Vertex AI beside chats with Gemini: vectors, counts, models of other makers.

use serde_json::{Value, json};

use super::{asked, serving};
use crate::backs::mock;
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

/// A model there, with a token that its operator has made.
fn model(name: &str) -> String {
    let params = "api_base: 'BASE', api_key: a-token, vertex_project: red, vertex_location: global";
    format!("model: 'vertex_ai/{name}', {params}")
}

async fn embedded(gateway: &Gateway, input: Value) -> (u16, Value) {
    let body = json!({ "model": "demo", "input": input, "dimensions": 3 });
    let answer = gateway.call(&Call::post("/v1/embeddings", &body)).await;
    (answer.status(), serde_json::from_str(&answer.text()).expect("an answer is JSON"))
}

#[tokio::test]
async fn vectors_of_vertex_are_asked_for_as_the_age_of_their_model_wants_it() {
    let provider = mock("").await;
    let parent = "/v1/projects/red/locations/global/publishers/google/models";
    let gateway = serving(&provider, &model("text-embedding-005"), &[]).await;
    let (status, answer) = embedded(&gateway, json!(["hello you", "there"])).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["data"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!(
        (answer["data"][1]["embedding"].as_array().map(Vec::len), &answer["usage"]["prompt_tokens"]),
        (Some(3), &json!(3))
    );
    let request = asked(&provider);
    assert_eq!(request.target, format!("{parent}/text-embedding-005:predict"));
    let gateway = serving(&provider, &model("gemini-embedding-2"), &[]).await;
    let (status, answer) = embedded(&gateway, json!("hello you")).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(asked(&provider).target, format!("{parent}/gemini-embedding-2:embedContent"));
    let (status, answer) = embedded(&gateway, json!(["hello", "you"])).await;
    assert_eq!((status, &answer["error"]["param"]), (400, &json!("input")), "{answer}");
}

#[tokio::test]
async fn tokens_for_claude_on_vertex_are_counted_where_vertex_counts() {
    let provider = mock("").await;
    let gateway = serving(&provider, &model("claude-sonnet-4-5"), &[]).await;
    let body = json!({ "model": "demo", "messages": [{ "role": "user", "content": "one two three" }] });
    let answer = gateway.call(&Call::post("/v1/messages/count_tokens", &body)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let request = asked(&provider);
    let path = "/v1/projects/red/locations/global/publishers/anthropic/models/count-tokens:rawPredict";
    assert_eq!(request.target, path);
    let body: Value = serde_json::from_slice(&request.body).expect("a body is JSON");
    assert_eq!(
        (&body["model"], &body["anthropic_version"]),
        (&json!("claude-sonnet-4-5"), &json!("vertex-2023-10-16"))
    );
}

#[tokio::test]
async fn models_of_mistral_and_ai21_on_vertex_are_asked_at_their_makers_place() {
    let provider = mock("").await;
    for (name, maker) in [("mistral-medium-3", "mistralai"), ("codestral-2", "mistralai"), ("jamba-1.5-mini", "ai21")] {
        let gateway = serving(&provider, &model(name), &[]).await;
        for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
            let answer = gateway.call(&front.call("demo", "hello", stream)).await;
            assert_eq!(answer.status(), 200, "{name} {}", answer.text());
            let verb = if stream { "streamRawPredict" } else { "rawPredict" };
            let expected = format!("/v1/projects/red/locations/global/publishers/{maker}/models/{name}:{verb}");
            assert_eq!(asked(&provider).target, expected);
        }
    }
}
