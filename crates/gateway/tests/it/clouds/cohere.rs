//! Cohere: in its own dialect, in OpenAI's where an older configuration names that address, and what it bills.

use serde_json::{Value, json};

use super::{asked, header, serving};
use crate::backs::{UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::client::Call;

#[tokio::test]
async fn callers_of_every_dialect_reach_it_in_its_own_or_in_openai_s_by_the_address() {
    let provider = mock("").await;
    for (base, target) in [
        ("BASE", "/v2/chat"),
        ("BASE/v2/", "/v2/chat"),
        ("BASE/v2/chat", "/v2/chat"),
        ("BASE/compatibility/v1", "/compatibility/v1/chat/completions"),
    ] {
        let params = format!("model: cohere/command-a-03-2025, api_base: '{base}', api_key: {UPSTREAM_KEY}");
        let gateway = serving(&provider, &params, &[]).await;
        for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
            let answer = gateway.call(&front.call("demo", "Grüße", stream)).await;
            assert_eq!(answer.status(), 200, "{front:?} at {base}: {}", answer.text());
            let heard = front.hear(&answer);
            assert_eq!((heard.text.as_str(), heard.is_success()), ("You said: Grüße", true), "{front:?} at {base}");
            let request = asked(&provider);
            assert_eq!(request.target, target, "{base}");
            assert_eq!(header(&request, "authorization"), Some(&*format!("Bearer {UPSTREAM_KEY}")));
        }
    }
}

#[tokio::test]
async fn the_environment_may_name_either_address() {
    let provider = mock("").await;
    for (path, target) in [("", "/v2/chat"), ("/compatibility/v1", "/compatibility/v1/chat/completions")] {
        let base = format!("{}{path}", provider.url());
        let env = [("COHERE_API_BASE", base.as_str()), ("CO_API_KEY", "from-the-environment")];
        let gateway = serving(&provider, "model: cohere_chat/command-a-03-2025", &env).await;
        let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(asked(&provider).target, target);
        assert_eq!(header(&asked(&provider), "authorization"), Some("Bearer from-the-environment"));
    }
}

#[tokio::test]
async fn what_it_bills_is_paid_for_and_what_it_read_is_told() {
    let provider = mock("billed=1000,cached=50").await;
    let prices = "input_cost_per_token: 0.001, output_cost_per_token: 0";
    let params = format!("model: cohere/command-a, api_base: 'BASE', api_key: {UPSTREAM_KEY}, {prices}");
    let gateway = serving(&provider, &params, &[]).await;
    let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
    let told: Value = serde_json::from_str(&answer.text()).expect("an answer is JSON");
    assert_eq!(told["usage"]["prompt_tokens"], 51, "{told}");
    assert_eq!(told["usage"]["prompt_tokens_details"]["cached_tokens"], 50);
    assert_eq!(answer.header("x-litellm-response-cost"), Some("1"));
}

#[tokio::test]
async fn its_own_paths_are_passed_on_with_the_credential_of_a_deployment() {
    let provider = mock("").await;
    let params = format!("model: cohere_chat/command-a, api_base: 'BASE', api_key: {UPSTREAM_KEY}");
    let gateway = serving(&provider, &params, &[]).await;
    let body = json!({ "model": "command-a", "messages": [{ "role": "user", "content": "hello" }] });
    let answer = gateway.call(&Call::post("/cohere/v2/chat", &body)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let request = asked(&provider);
    assert_eq!(request.target, "/v2/chat");
    assert_eq!(header(&request, "authorization"), Some(&*format!("Bearer {UPSTREAM_KEY}")));
    let told: Value = serde_json::from_str(&answer.text()).expect("an answer is JSON");
    assert_eq!(told["message"]["content"][0]["text"], "You said: hello");
}
