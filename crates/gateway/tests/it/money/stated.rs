//! What providers say that calls cost: it is booked where the operator has no price of the deployment's own.

use serde_json::{Value, json};

use super::{Shop, served};
use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::gateway::Gateway;
use crate::manage::MASTER;

/// A thousandth of a dollar per token of an answer of ten.
const DEFAULT: &str = "litellm_settings: {default_price: {input_cost_per_token: 0, output_cost_per_token: 0.001}}";

/// A provider of this name whose usage also says `bill`, behind a gateway.
async fn open(provider: &str, bill: &str, more: &str, settings: &str) -> Shop {
    let mock = mock(&format!("chunks=10,bill={}", bill.replace(',', "%2C"))).await;
    let config = Config::default().model("demo", &format!("{provider}/demo"), &format!("{}/v1", mock.url()), more);
    let config = config.and(settings).and(&format!("general_settings: {{master_key: {MASTER}}}"));
    Shop { gateway: Gateway::start(&config.yaml()).await, provider: mock }
}

/// Two calls of every front with a key, one of them streamed, and one more: what the key has spent then.
async fn spent(shop: &Shop, limits: Value) -> String {
    let key = shop.key(limits).await;
    for front in [Front::Chat, Front::Messages] {
        for stream in [false, true] {
            let call = front.call("demo", "hello", stream).header("authorization", format!("Bearer {key}"));
            let answer = shop.gateway.call(&call).await;
            assert_eq!(answer.status(), 200, "{}", answer.text());
        }
    }
    let after = shop.gateway.call(&shop.chat(&key, json!({}))).await;
    assert_eq!(after.status(), 200, "{}", after.text());
    after.header("x-litellm-key-spend").unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_a_provider_says_is_booked_streamed_or_not_in_every_dialect() {
    for (provider, bill, expected) in [
        ("openrouter", r#""cost":0.00014"#, "0.00014"),
        ("openrouter", r#""cost":0.001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.02}"#, "0.021"),
        ("xai", r#""cost_in_usd_ticks":37756000"#, "0.0037756"),
        ("perplexity", r#""cost":{"total_cost":0.0065}"#, "0.0065"),
    ] {
        let shop = open(provider, bill, "", DEFAULT).await;
        let answer = shop.gateway.call(&shop.chat(MASTER, json!({}))).await;
        assert_eq!(answer.header("x-litellm-response-cost"), Some(expected));
        let five: f64 = spent(&shop, json!({ "max_budget": 10 })).await.parse().unwrap();
        assert!((five - 5.0 * expected.parse::<f64>().unwrap()).abs() < 1e-9, "{provider} {bill}: {five}");
    }
}

#[tokio::test]
async fn prices_of_the_deployment_win_and_neither_others_nor_nonsense_are_believed() {
    let own = "input_cost_per_token: 0, output_cost_per_token: 0.002";
    for (provider, bill, more, expected) in [
        ("openrouter", r#""cost":3"#, own, "0.02"),
        ("openai_like", r#""cost":3"#, "", "0.01"),
        ("openrouter", r#""cost":-3"#, "", "0.01"),
        ("openrouter", r#""cost":1000.01"#, "", "0.01"),
    ] {
        let shop = open(provider, bill, more, DEFAULT).await;
        let answer = shop.gateway.call(&shop.chat(MASTER, json!({}))).await;
        assert_eq!(answer.header("x-litellm-response-cost"), Some(expected), "{provider} {bill}");
        if provider == "openrouter" && more.is_empty() {
            shop.gateway.logged("the provider states a cost that no call has").await;
        }
    }
}

#[tokio::test]
async fn it_is_known_only_afterwards_so_a_budget_needs_a_price_before_the_call() {
    let shop = open("openrouter", r#""cost":0.5"#, "", "").await;
    let limited = shop.key(json!({ "max_budget": 10 })).await;
    let refused = shop.gateway.call(&shop.chat(&limited, json!({}))).await;
    assert_eq!((refused.status(), refused.json()["error"]["type"].as_str()), (403, Some("model_cost_map_missing")));
    let free = shop.key(json!({})).await;
    let answers = shop.at_once(2, &shop.chat(&free, json!({}))).await;
    assert_eq!((served(&answers), shop.reached()), (2, 2));
    assert_eq!(answers[0].header("x-litellm-response-cost"), Some("0.5"));
}
