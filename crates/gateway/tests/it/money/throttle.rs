//! Keys that are slowed down, not refused, when their budget is spent.

use serde_json::{Value, json};

use super::{Shop, served};

/// A tenth of a cent per call.
const PRICES: &str = "input_cost_per_token: 0, output_cost_per_token: 0.0001";
/// A fifth of its limits is what such a key keeps.
const FIFTH: &str = "litellm_settings: {budget_exceeded_throttle_percentage: 0.2}";

fn slowed(more: Value) -> Value {
    let mut fields = json!({ "max_budget": 0.002, "throttle_on_budget_exceeded": true });
    fields.as_object_mut().expect("it is an object").extend(more.as_object().expect("so is this").clone());
    fields
}

async fn served_of(shop: &Shop, key: &str, count: usize) -> usize {
    let mut answers = Vec::new();
    for _ in 0..count {
        answers.push(shop.gateway.call(&shop.chat(key, json!({ "max_tokens": 10 }))).await);
    }
    served(&answers)
}

#[tokio::test]
async fn a_key_that_is_throttled_has_a_part_of_its_requests_when_its_budget_is_spent() {
    let shop = Shop::open("chunks=10", PRICES, FIFTH).await;
    let key = shop.key(slowed(json!({ "rpm_limit": 20 }))).await;
    // Two calls spend the budget; of twenty requests a minute four are left.
    assert_eq!(served_of(&shop, &key, 10).await, 4);
    let refused = shop.gateway.call(&shop.chat(&key, json!({}))).await;
    let said = refused.json()["error"]["message"].to_string();
    assert_eq!(refused.status(), 429, "{said}");
    assert!(said.contains("Current limit: 4"), "{said}");
    assert_eq!(refused.header("x-litellm-key-spend"), None, "a refusal by a limit comes before money");
    // At least one call is left of whatever limit.
    let key = shop.key(slowed(json!({ "rpm_limit": 3, "max_budget": 0.001 }))).await;
    assert_eq!(served_of(&shop, &key, 5).await, 1);
}

#[tokio::test]
async fn what_a_throttled_key_spends_is_counted_on() {
    let shop = Shop::open("chunks=10", PRICES, FIFTH).await;
    let key = shop.key(slowed(json!({ "rpm_limit": 50, "budget_duration": "1d" }))).await;
    assert_eq!(served_of(&shop, &key, 8).await, 8);
    let last = shop.gateway.call(&shop.chat(&key, json!({ "stream": true }))).await;
    assert_eq!((last.status(), last.header("x-litellm-key-spend")), (200, Some("0.008")), "{}", last.text());
    // Nobody's answer is made shorter for a budget that does not refuse.
    assert_eq!(last.header("x-lockgate-max-tokens"), None);
}

#[tokio::test]
async fn nothing_but_the_keys_own_budget_slows_it_and_nothing_else_is_let_through() {
    let shop = Shop::open("chunks=10", PRICES, FIFTH).await;
    for (fields, expected) in [
        // Without a limit there is nothing to be slowed by.
        (slowed(json!({})), 2),
        (json!({ "max_budget": 0.002, "rpm_limit": 50 }), 2),
        (slowed(json!({ "rpm_limit": 50, "budget_limits": [{ "budget_duration": "1d", "max_budget": 0.003 }] })), 3),
        (slowed(json!({ "rpm_limit": 50, "model_max_budget": { "demo": { "budget_limit": 0.004 } } })), 4),
    ] {
        let key = shop.key(fields.clone()).await;
        assert_eq!(served_of(&shop, &key, 6).await, expected, "{fields}");
    }
    let plain = Shop::open("chunks=10", PRICES, "").await;
    let key = plain.key(slowed(json!({ "rpm_limit": 50 }))).await;
    assert_eq!(served_of(&plain, &key, 4).await, 2, "without the setting keys are refused");
}
