//! Chats that go by way of the Responses API, because their model is to be had in no other way.

use serde_json::{Value, json};

use crate::backs::{Back, Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

async fn scene() -> (Gateway, drill::mock::Mock) {
    let mock = mock("").await;
    let base = Back::OpenAi.base(&mock.url());
    let mut config = Config::default()
        .model("named", "openai/responses/demo", &base, "")
        .model("azure", "azure/responses/demo", &mock.url(), "api_version: preview")
        .model("plain", "openai/demo", &base, "")
        .and("router_settings: {num_retries: 0}")
        .yaml();
    let said = format!(
        "model_list:\n  - {{model_name: said, litellm_params: {{model: hosted_vllm/demo, api_base: \"{base}\", api_key: sk-up}}, \
         model_info: {{mode: responses}}}}\n"
    );
    config = config.replacen("model_list:\n", &said, 1);
    (Gateway::start(&config).await, mock)
}

#[tokio::test]
async fn a_model_that_is_named_so_is_called_in_the_responses_api_from_everywhere() {
    let (gateway, mock) = scene().await;
    for front in Front::ALL {
        for (model, path) in [("named", "/v1/responses"), ("said", "/v1/responses"), ("azure", "/openai/v1/responses")]
        {
            for stream in [false, true] {
                mock.clear();
                let answer = gateway.call(&front.call(model, "hello", stream)).await;
                let heard = front.hear(&answer);
                assert!(heard.is_success() && heard.text.contains("hello"), "{front:?} {model}: {}", answer.text());
                let seen = mock.requests();
                let target = seen[0].target.split('?').next().unwrap();
                assert_eq!((seen.len(), target), (1, path), "{front:?} {model}");
                let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
                assert_eq!(body["model"], "demo", "{body}");
            }
        }
    }
}

#[tokio::test]
async fn reasoning_that_is_encrypted_goes_back_with_the_next_turn() {
    let (gateway, mock) = scene().await;
    let first = json!({ "model": "named", "max_tokens": 4000, "thinking": { "type": "enabled", "budget_tokens": 2000 },
        "messages": [{ "role": "user", "content": "hello" }] });
    let answer = gateway.call(&Call::post("/v1/messages", &first)).await.json();
    let said = answer["content"].clone();
    assert!(said.to_string().contains("rsn."), "{answer}");
    let next = json!({ "model": "named", "max_tokens": 4000, "messages": [
        { "role": "user", "content": "hello" }, { "role": "assistant", "content": said },
        { "role": "user", "content": "go on" } ] });
    mock.clear();
    assert_eq!(gateway.call(&Call::post("/v1/messages", &next)).await.status(), 200);
    let body: Value = serde_json::from_slice(&mock.requests()[0].body).unwrap();
    let reasoning =
        body["input"].as_array().unwrap().iter().find(|item| item["type"] == "reasoning").expect("it is back");
    assert!(reasoning["encrypted_content"].as_str().unwrap().starts_with("gAAAAdrill"), "{body}");
    // Nobody else gets it.
    mock.clear();
    let other = Value::Object(
        next.as_object().unwrap().clone().into_iter().chain([("model".to_owned(), json!("plain"))]).collect(),
    );
    assert_eq!(gateway.call(&Call::post("/v1/messages", &other)).await.status(), 200);
    assert!(!String::from_utf8_lossy(&mock.requests()[0].body).contains("gAAAAdrill"));
}
