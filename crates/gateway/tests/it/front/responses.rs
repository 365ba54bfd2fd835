//! OpenAI's Responses API: as it is where the provider has it, in the words of chats where not.

use std::time::Instant;

use serde_json::{Value, json};

use crate::backs::{Back, Config, asked, mock};
use crate::client::Call;
use crate::gateway::{Gateway, PATIENCE};

/// What is asked for, as the caller writes it: with a field that only a provider that keeps answers knows.
const ASKED: &str = r#"{"input" : "hello", "previous_response_id":"resp_1","model":"MODEL",  "temperature":1.0}"#;

async fn gateway(more: &str) -> (Gateway, drill::mock::Mock) {
    let mock = mock("").await;
    let base = Back::OpenAi.base(&mock.url());
    let config = Config::default()
        .model("native", "hosted_vllm/demo", &base, "")
        .model("bridged", "hosted_vllm/demo", &base, "use_chat_completions_api: true")
        .and("router_settings: {num_retries: 0}")
        .and(more);
    (Gateway::start(&config.yaml()).await, mock)
}

fn targets(mock: &drill::mock::Mock) -> Vec<String> {
    mock.requests().into_iter().map(|one| one.target).collect()
}

#[tokio::test]
async fn a_provider_that_has_it_gets_the_callers_own_bytes() {
    let (gateway, mock) = gateway("").await;
    let answer = gateway.call(&Call::new("POST", "/v1/responses").body(ASKED.replace("MODEL", "native"))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let seen = mock.requests();
    assert_eq!((seen.len(), &*seen[0].target), (1, "/v1/responses"));
    assert_eq!(String::from_utf8_lossy(&seen[0].body), ASKED.replace("MODEL", "demo"));
    // The provider's own id, by which the conversation goes on there.
    assert!(answer.json()["id"].as_str().is_some_and(|id| id.starts_with("resp_drill")), "{}", answer.text());
}

#[tokio::test]
async fn a_stream_of_such_a_provider_passes_as_it_is() {
    let (gateway, mock) = gateway("").await;
    let body = json!({ "model": "native", "input": "hello", "stream": true });
    let streamed = gateway.call(&Call::post("/v1/responses", &body)).await.text();
    let own = Call::post("/v1/responses", &json!({ "model": "demo", "input": "hello", "stream": true }));
    let direct = own.send(mock.addr()).await.text();
    let unnumbered = |text: &str| text.replace("drill00000001", "").replace("drill00000002", "");
    assert_eq!(unnumbered(&streamed), unnumbered(&direct));
}

#[tokio::test]
async fn the_operator_may_have_it_bridged_all_the_same() {
    let (gateway, mock) = gateway("").await;
    let answer = gateway.call(&Call::post("/v1/responses", &json!({ "model": "bridged", "input": "hello" }))).await;
    assert_eq!((answer.status(), &answer.json()["store"]), (200, &json!(false)), "{}", answer.text());
    assert_eq!(targets(&mock), ["/v1/chat/completions"]);
}

#[tokio::test]
async fn what_others_have_sealed_does_not_reach_such_a_provider() {
    let (gateway, mock) = gateway("").await;
    let input = json!([{ "role": "user", "content": "sealed" },
        { "type": "reasoning", "summary": [], "encrypted_content": "bG9ja2dhdGU6sig" },
        { "role": "assistant", "content": "well" }, { "role": "user", "content": "go on" }]);
    let answer = gateway.call(&Call::post("/v1/responses", &json!({ "model": "native", "input": input }))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(targets(&mock), ["/v1/chat/completions"]);
    assert!(!String::from_utf8_lossy(&asked(&mock, "sealed")[0].body).contains("bG9ja2dhdGU6"));
}

#[tokio::test]
async fn what_passes_untouched_is_booked_like_everything_else() {
    let (gateway, _mock) = gateway("general_settings: {master_key: sk-master-key}").await;
    let admin = |call: Call| call.header("authorization", "Bearer sk-master-key");
    for stream in [false, true] {
        let body = json!({ "model": "native", "input": "hello there", "stream": stream });
        assert_eq!(gateway.call(&admin(Call::post("/v1/responses", &body))).await.status(), 200);
    }
    let began = Instant::now();
    let rows = loop {
        let rows: Value = gateway.call(&admin(Call::get("/spend/logs"))).await.json();
        if rows.as_array().is_some_and(|rows| rows.len() == 2) {
            break rows;
        }
        assert!(began.elapsed() < PATIENCE, "{rows}");
    };
    for row in rows.as_array().unwrap() {
        assert_eq!((&row["call_type"], &row["prompt_tokens"]), (&json!("aresponses"), &json!(2)), "{row}");
        assert!(row["completion_tokens"].as_u64() > Some(0), "{row}");
    }
}
