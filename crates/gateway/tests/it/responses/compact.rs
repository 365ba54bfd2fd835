//! Conversations made short: by the provider that can, by a model's summary where it cannot.

use serde_json::{Value, json};

use super::{config, path, respond};
use crate::backs::{Back, Config, asked, mock};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

const PATHS: [&str; 3] = ["/v1/responses/compact", "/responses/compact", "/openai/v1/responses/compact"];

fn conversation() -> Value {
    json!([
        { "role": "user", "content": "my name is Ada" },
        { "role": "assistant", "content": "hello Ada" },
        { "type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c1", "output": "secret findings" },
    ])
}

/// A gateway whose `native` model is at a provider that makes conversations short itself.
async fn scene() -> (Gateway, drill::mock::Mock) {
    let mock = mock("").await;
    let base = Back::OpenAi.base(&mock.url());
    let config = Config::default()
        .model("native", "openai/responses/gpt-5.1", &base, "")
        .model("bridged", "openai/demo", &base, "use_chat_completions_api: true")
        .model("mixed", "openai/responses/gpt-5.1", &base, "")
        .model("mixed", "openai/demo", &base, "use_chat_completions_api: true")
        .model("claude", "anthropic/demo", &Back::Anthropic.base(&mock.url()), "")
        .and("router_settings: {num_retries: 0}")
        .and(&format!("general_settings:\n  master_key: {MASTER}\n"));
    (Gateway::start(&config.yaml()).await, mock)
}

fn kinds(answer: &Value) -> Vec<&str> {
    answer["output"].as_array().expect("output").iter().map(|item| item["type"].as_str().unwrap_or("message")).collect()
}

#[tokio::test]
async fn a_provider_that_can_is_asked_and_its_usage_is_paid_for() {
    let (gateway, mock) = scene().await;
    let master = Person::of(&gateway, MASTER);
    let made = master.done("POST", "/key/generate", json!({ "max_budget": 1.0 })).await;
    let own = Person::of(&gateway, made["key"].as_str().unwrap());
    for at in PATHS {
        mock.clear();
        let body = json!({ "model": "native", "input": conversation(), "instructions": "be brief" });
        let made = own.done("POST", at, body).await;
        assert_eq!(
            (&made["object"], kinds(&made).last()),
            (&json!("response.compaction"), Some(&"compaction")),
            "{made}"
        );
        let seen = &mock.requests()[0];
        assert_eq!(seen.target, "/v1/responses/compact");
        assert_eq!(seen.json()["input"], conversation(), "it passes as it is");
        // What the provider sealed goes back to it, without our mark.
        mock.clear();
        respond(&own, json!({ "model": "native", "input": made["output"] })).await;
        let sent = mock.requests()[0].json()["input"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(sent["encrypted_content"], "gAAAAdrillcompacted");
        assert_ne!(made["output"].as_array().unwrap().last().unwrap()["encrypted_content"], sent["encrypted_content"]);
    }
    let row = until(async || {
        let page = master.see("/spend/logs/v2").await;
        page["data"].as_array()?.iter().find(|row| row["call_type"] == "acompact_responses").cloned()
    })
    .await;
    assert_eq!(row["completion_tokens"], 7, "{row}");
    assert!(row["spend"].as_f64() > Some(0.0), "{row}");
}

#[tokio::test]
async fn elsewhere_a_model_sums_up_and_the_gateway_reads_its_own_seal_back() {
    let (gateway, mock) = scene().await;
    let own = Person::of(&gateway, MASTER);
    for model in ["bridged", "mixed", "claude"] {
        mock.clear();
        let made = own.done("POST", PATHS[0], json!({ "model": model, "input": conversation() })).await;
        assert_eq!(
            (&made["object"], kinds(&made)),
            (&json!("response.compaction"), vec!["message", "compaction"]),
            "{made}"
        );
        assert_eq!(made["output"][0]["content"][0]["text"], "my name is Ada");
        assert!(made["usage"]["total_tokens"].as_u64() > Some(0), "{made}");
        assert!(
            !made["output"][1].to_string().contains("Sum up"),
            "the mock repeats what it was asked: that is sealed"
        );
        let seen = String::from_utf8_lossy(&mock.requests()[0].body).into_owned();
        assert!(seen.contains("secret findings") && seen.contains("Sum up our whole conversation"), "{seen}");
        // Any model reads it, in either form.
        for reader in ["claude", "bridged", "native"] {
            mock.clear();
            let mut input = made["output"].as_array().unwrap().clone();
            input.push(json!({ "role": "user", "content": "and now?" }));
            respond(&own, json!({ "model": reader, "input": input })).await;
            let seen = String::from_utf8_lossy(&mock.requests()[0].body).into_owned();
            assert!(seen.contains("Summary of our conversation so far") && !seen.contains("bG9ja2dhdGUj"), "{seen}");
        }
    }
}

#[tokio::test]
async fn what_is_kept_here_can_be_made_short_by_its_owner() {
    let (gateway, mock) = scene().await;
    let own = Person::of(&gateway, MASTER);
    let first = respond(&own, json!({ "model": "bridged", "input": "my name is Ada" })).await;
    for model in ["bridged", "native"] {
        mock.clear();
        let made = own.done("POST", PATHS[0], json!({ "model": model, "previous_response_id": first["id"] })).await;
        assert_eq!(made["output"][0]["content"][0]["text"], "my name is Ada", "{made}");
        assert!(!String::from_utf8_lossy(&mock.requests()[0].body).contains("resp_gw"));
    }
    let made = own.done("POST", "/key/generate", json!({ "models": ["bridged"] })).await;
    let other = Person::of(&gateway, made["key"].as_str().unwrap());
    let body = json!({ "model": "bridged", "previous_response_id": first["id"] });
    assert_eq!(other.ask("POST", PATHS[0], body).await.status(), 400, "it is not theirs");
    assert_eq!(other.ask("POST", PATHS[0], json!({ "model": "native", "input": "x" })).await.status(), 403);
    own.see(&path(&first)).await;
}

#[tokio::test]
async fn what_cannot_be_made_short_says_what_to_do() {
    let (gateway, _mock) = scene().await;
    let own = Person::of(&gateway, MASTER);
    own.refused("POST", PATHS[0], json!({ "model": "bridged" }), 400).await;
    own.refused("POST", PATHS[0], json!({ "model": "bridged", "input": [] }), 400).await;
    own.refused("POST", PATHS[0], json!([]), 400).await;
    let odd =
        json!([{ "type": "compaction", "encrypted_content": "bG9ja2dhdGUjAAAA" }, { "role": "user", "content": "x" }]);
    for at in [PATHS[0], "/v1/responses", "/v1/responses/input_tokens"] {
        let said = own.refused("POST", at, json!({ "model": "bridged", "input": odd }), 400).await;
        assert!(said.contains("input[0]"), "{said}");
    }
    // Without any key nothing can be sealed.
    let mock = mock("").await;
    let keyless = config(&mock, "").replace(&format!("general_settings:\n  master_key: {MASTER}\n"), "");
    let gateway = Gateway::start(&keyless).await;
    let answer = gateway.call(&Call::post(PATHS[0], &json!({ "model": "bridged", "input": "hello" }))).await;
    assert_eq!(answer.status(), 400, "{}", answer.text());
    assert!(
        answer.text().contains("LITELLM_SALT_KEY") && answer.json()["error"]["param"] == "model",
        "{}",
        answer.text()
    );
    assert!(asked(&mock, "hello").is_empty(), "nobody is asked for nothing");
}
