//! Stand-ins and money: a key's budget for one model leads to those that it names, and whoever stands in is paid from the
//! budget of its own name.

use drill::mock::Mock;
use serde_json::{Value, json};

use super::{Shop, served};
use crate::backs::{Config, mock};
use crate::client::Answer;
use crate::gateway::Gateway;
use crate::manage::MASTER;

/// A tenth of a cent per call of a provider with ten pieces.
const PRICE: &str = "input_cost_per_token: 0, output_cost_per_token: 0.0001";
/// The period of a budget for one model.
const DAY: &str = "1d";

/// `premium` and `cheap` at one provider, and `other` at the same, where `premium` is at `premium_provider`.
async fn open(premium: &Mock, settings: &str) -> Shop {
    let provider = mock("chunks=10").await;
    let config = Config::default().openai("premium", premium, PRICE);
    let config = config.openai("cheap", &provider, PRICE).openai("other", &provider, PRICE).and(settings);
    let gateway =
        Gateway::start_with(&config.and(&format!("general_settings: {{master_key: {MASTER}}}")).yaml(), &[], &[]).await;
    Shop { provider, gateway }
}

/// A budget of so many tenths of a cent.
fn tenths(count: u32) -> Value {
    json!({ "budget_limit": f64::from(count) / 1000.0, "time_period": DAY })
}

async fn ask(shop: &Shop, key: &str, fields: Value) -> Answer {
    let mut body = json!({ "model": "premium" });
    body.as_object_mut().expect("it is an object").extend(fields.as_object().expect("so is this").clone());
    shop.gateway.call(&shop.chat(key, body)).await
}

fn answered(answer: &Answer) -> (u16, &str, &str) {
    let header = |name| answer.header(name).unwrap_or_default();
    (answer.status(), header("x-litellm-model-group"), header("x-litellm-attempted-fallbacks"))
}

#[tokio::test]
async fn a_spent_budget_of_a_model_leads_to_the_stand_ins_that_the_key_names_and_they_pay_for_themselves() {
    let premium = mock("chunks=10").await;
    let shop = open(&premium, "").await;
    let key = shop
        .key(json!({
            "models": ["premium", "cheap", "other"],
            "model_max_budget": { "premium": tenths(2), "cheap": tenths(3) },
            "budget_fallbacks": { "premium": ["cheap", "other"] },
        }))
        .await;
    for stream in [false, true] {
        let answer = ask(&shop, &key, json!({ "stream": stream })).await;
        assert_eq!(answered(&answer), (200, "premium", "0"), "{}", answer.text());
    }
    for stream in [false, true, false] {
        let answer = ask(&shop, &key, json!({ "stream": stream })).await;
        assert_eq!(answered(&answer), (200, "cheap", "1"), "{}", answer.text());
    }
    let answer = ask(&shop, &key, json!({})).await;
    assert_eq!(answered(&answer), (200, "other", "2"), "{}", answer.text());
    // Asked for by its own name, the stand-in has spent its budget, and names nobody.
    assert_eq!(ask(&shop, &key, json!({ "model": "cheap" })).await.status(), 422);
    // Who wants no stand-in is told.
    let refused = ask(&shop, &key, json!({ "disable_fallbacks": true })).await;
    assert_eq!((refused.status(), &refused.json()["error"]["type"]), (422, &json!("budget_exceeded")));
    assert_eq!((premium.requests().len(), shop.reached()), (2, 4));
}

#[tokio::test]
async fn nobody_reaches_by_a_spent_budget_what_the_key_may_not_call() {
    let premium = mock("chunks=10").await;
    let shop = open(&premium, "").await;
    let key = shop
        .key(json!({
            "models": ["premium", "other"],
            "model_max_budget": { "premium": tenths(1) },
            "budget_fallbacks": { "premium": ["cheap", "other"] },
        }))
        .await;
    assert_eq!(ask(&shop, &key, json!({})).await.status(), 200);
    let answer = ask(&shop, &key, json!({})).await;
    assert_eq!(answered(&answer), (200, "other", "1"), "{}", answer.text());
}

#[tokio::test]
async fn of_many_calls_at_once_each_model_gets_exactly_those_that_its_budget_pays_for() {
    let premium = mock("chunks=10").await;
    let shop = open(&premium, "").await;
    let key = shop
        .key(json!({
            "model_max_budget": { "premium": tenths(4), "cheap": tenths(6) },
            "budget_fallbacks": { "premium": ["cheap"] },
        }))
        .await;
    let answers = shop.at_once(40, &shop.chat(&key, json!({ "model": "premium", "max_tokens": 10 }))).await;
    assert_eq!((served(&answers), premium.requests().len(), shop.reached()), (10, 4, 6));
}

#[tokio::test]
async fn whoever_stands_in_for_a_fault_is_paid_from_its_own_budget_and_passed_over_without_money() {
    let premium = mock("status=500").await;
    let shop = open(&premium, "router_settings: {num_retries: 0, fallbacks: [{premium: [cheap, other]}]}").await;
    let key = shop.key(json!({ "model_max_budget": { "premium": tenths(1), "cheap": tenths(2) } })).await;
    for group in ["cheap", "cheap", "other"] {
        let answer = ask(&shop, &key, json!({})).await;
        assert_eq!((answer.status(), answer.header("x-litellm-model-group")), (200, Some(group)), "{}", answer.text());
    }
    // A caller may name such a model, too.
    let answer = ask(&shop, &key, json!({ "model": "other", "fallbacks": ["cheap"] })).await;
    assert_eq!(answered(&answer), (200, "other", "0"));
}

#[tokio::test]
async fn whoever_stands_in_keeps_to_the_keys_limits_for_it() {
    let premium = mock("status=500").await;
    let shop = open(&premium, "router_settings: {num_retries: 0, fallbacks: [{premium: [cheap, other]}]}").await;
    let key = shop.key(json!({ "model_rpm_limit": { "cheap": 1 } })).await;
    for group in ["cheap", "other", "other"] {
        let answer = ask(&shop, &key, json!({})).await;
        assert_eq!((answer.status(), answer.header("x-litellm-model-group")), (200, Some(group)), "{}", answer.text());
    }
    assert_eq!(ask(&shop, &key, json!({ "model": "cheap" })).await.status(), 429);
    // So does whoever a caller names.
    let plain = open(&premium, "router_settings: {num_retries: 0}").await;
    let key = plain.key(json!({ "model_rpm_limit": { "cheap": 1 } })).await;
    for group in ["cheap", "other"] {
        let answer = ask(&plain, &key, json!({ "fallbacks": ["cheap", "other"] })).await;
        assert_eq!((answer.status(), answer.header("x-litellm-model-group")), (200, Some(group)), "{}", answer.text());
    }
    assert_eq!(ask(&plain, &key, json!({ "model": "cheap" })).await.status(), 429);
}
