//! Who may pass.

use serde_json::json;

use super::{Passing, hello};
use crate::client::Call;

#[tokio::test]
async fn a_key_has_only_its_models_there_too() {
    let passing = Passing::open("", "").await;
    let by_group = passing.person(json!({"models": ["claude"]})).await;
    let by_name = passing.person(json!({"models": ["anthropic/*"]})).await;
    let other = passing.person(json!({"models": ["gpt"]})).await;
    assert_eq!(by_group.send(&hello(json!({}))).await.status(), 200);
    assert_eq!(by_name.send(&hello(json!({"model": "claude-opus-4-1"}))).await.status(), 200);
    let refused = [
        (&other, hello(json!({}))),
        (&by_group, hello(json!({"model": "claude-opus-4-1"}))),
        (&by_name, Call::post("/gemini/v1beta/models/gemini-2.5-flash:generateContent", &json!({"contents": []}))),
        // What is not understood may name a model all the same.
        (&other, Call::post("/openai/v1/fine_tuning/jobs", &json!({"model": "gpt-4o"}))),
        (&other, Call::get("/gemini/v1beta/models/gemini-2.5-flash")),
    ];
    let before = passing.provider.requests().len();
    for (person, call) in refused {
        let answer = person.send(&call).await;
        assert_eq!(answer.status(), 403, "{} {}", call.path(), answer.text());
    }
    assert_eq!(passing.provider.requests().len(), before);
}

#[tokio::test]
async fn paths_may_be_kept_from_keys_and_given_to_them() {
    let passing = Passing::open("", "").await;
    let status = async |fields| passing.person(fields).await.send(&hello(json!({}))).await.status();
    assert_eq!(status(json!({"allowed_routes": ["/v1/chat/completions"]})).await, 403);
    assert_eq!(status(json!({"allowed_routes": ["llm_api_routes"]})).await, 200);
    assert_eq!(status(json!({"allowed_routes": ["management_routes"]})).await, 403);
    assert_eq!(status(json!({"allowed_routes": ["/anthropic/*"]})).await, 200);
    let both = json!({"allowed_routes": ["info_routes"], "allowed_passthrough_routes": ["/anthropic"]});
    assert_eq!(status(both).await, 200);
    assert_eq!(status(json!({"metadata": {"denied_passthrough_routes": ["/anthropic/*"]}})).await, 403);
}

#[tokio::test]
async fn refusals_are_in_the_providers_words() {
    let passing = Passing::open("", "").await;
    let answer = hello(json!({})).header("x-api-key", "sk-wrong").send(passing.gateway.addr).await;
    assert_eq!((answer.status(), &answer.json()["type"]), (401, &json!("error")), "{}", answer.text());
    let path = "/gemini/v1beta/models/gemini-2.5-flash:generateContent?key=sk-wrong";
    let answer = Call::post(path, &json!({})).send(passing.gateway.addr).await;
    assert_eq!(answer.json()["error"]["status"], "UNAUTHENTICATED", "{}", answer.text());
}
