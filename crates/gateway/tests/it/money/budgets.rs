//! Budgets: nothing is spent beyond them, however many call at once, and nobody is refused who can pay.

use serde_json::{Value, json};

use super::{Shop, served};

/// Ten tokens of output that cost a tenth of a cent together.
const TENTH_OF_A_CENT: (&str, &str) = ("chunks=10", "input_cost_per_token: 0, output_cost_per_token: 0.0001");

async fn ten_of_two_hundred(stream: bool, more: Value) {
    let (knobs, prices) = TENTH_OF_A_CENT;
    let shop = Shop::open(knobs, prices, "").await;
    let key = shop.key(json!({ "max_budget": 0.01 })).await;
    let mut fields = more;
    fields["stream"] = stream.into();
    let answers = shop.at_once(200, &shop.chat(&key, fields.clone())).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status()).collect();
    assert_eq!((served(&answers), shop.reached()), (10, 10), "{statuses:?}");
    let refused = answers.iter().find(|answer| answer.status() != 200).expect("most are refused");
    let error = &refused.json()["error"];
    assert_eq!((refused.status(), &error["type"], &error["code"]), (422, &json!("budget_exceeded"), &json!("422")));
    let after = shop.gateway.call(&shop.chat(&key, fields)).await;
    assert_eq!((after.status(), shop.reached()), (422, 10), "{}", after.text());
    assert_eq!(after.header("x-litellm-key-spend"), Some("0.01"));
    let said = after.json()["error"]["message"].to_string();
    assert!(said.starts_with("\"Budget has been exceeded! Key="), "{said}");
    assert!(said.contains("Current cost: 0.01, Max budget: 0.01"), "{said}");
}

#[tokio::test]
async fn of_two_hundred_calls_at_once_exactly_those_reach_the_provider_that_the_budget_pays_for() {
    for stream in [false, true] {
        ten_of_two_hundred(stream, json!({})).await;
        ten_of_two_hundred(stream, json!({ "max_tokens": 10 })).await;
        ten_of_two_hundred(stream, json!({ "max_tokens": 4_000 })).await;
    }
}

#[tokio::test]
async fn a_customer_never_seen_before_is_held_to_the_budget_of_all_customers() {
    let (knobs, prices) = TENTH_OF_A_CENT;
    let shop = Shop::open(knobs, prices, "litellm_settings: {max_end_user_budget: 0.01}").await;
    let key = shop.key(json!({})).await;
    for customer in ["ann", "bob"] {
        let before = shop.reached();
        let answers = shop.at_once(50, &shop.chat(&key, json!({ "user": customer }))).await;
        assert_eq!((served(&answers), shop.reached() - before), (10, 10), "{customer}");
    }
    assert_eq!(shop.gateway.call(&shop.chat(&key, json!({ "user": "ann" }))).await.status(), 422);
    assert_eq!(shop.gateway.call(&shop.chat(&key, json!({ "user": "cid" }))).await.status(), 200);
}

#[tokio::test]
async fn a_worst_case_far_beyond_the_true_cost_refuses_nobody() {
    // 64,000 tokens would cost 3.20, four hundred are written, for 0.02.
    let shop = Shop::open("chunks=400", "input_cost_per_token: 0, output_cost_per_token: 0.00005", "").await;
    for bound in [json!({ "max_tokens": 64_000 }), json!({})] {
        let before = shop.reached();
        let key = shop.key(json!({ "max_budget": 25 })).await;
        let mut succeeded = 0;
        for _ in 0..5 {
            succeeded += served(&shop.at_once(20, &shop.chat(&key, bound.clone())).await);
        }
        assert_eq!((succeeded, shop.reached() - before), (100, 100), "{bound}");
        let last = shop.gateway.call(&shop.chat(&key, bound)).await;
        assert_eq!(last.header("x-litellm-key-spend"), Some("2.02"));
        assert_eq!(last.header("x-litellm-response-cost"), Some("0.02"));
    }
}

#[tokio::test]
async fn a_small_budget_is_spent_to_the_last_cent_although_one_call_could_cost_more_than_all_of_it() {
    let shop = Shop::open("chunks=40", "input_cost_per_token: 0, output_cost_per_token: 0.00025", "").await;
    let key = shop.key(json!({ "max_budget": 1 })).await;
    let mut succeeded = 0;
    for _ in 0..12 {
        succeeded += served(&shop.at_once(10, &shop.chat(&key, json!({ "max_tokens": 68_000 }))).await);
    }
    assert_eq!((succeeded, shop.reached()), (100, 100));
}

#[tokio::test]
async fn the_answer_is_bounded_to_what_is_left_and_the_caller_is_told() {
    let shop = Shop::open("chunks=4", "input_cost_per_token: 0, output_cost_per_token: 0.001", "").await;
    let key = shop.key(json!({ "max_budget": 0.01 })).await;
    let answer = shop.gateway.call(&shop.chat(&key, json!({}))).await;
    assert_eq!((answer.status(), answer.header("x-lockgate-max-tokens")), (200, Some("10")), "{}", answer.text());
    let sent: Value = serde_json::from_slice(&shop.provider.requests()[0].body).unwrap();
    assert_eq!(sent["max_completion_tokens"].as_u64().or(sent["max_tokens"].as_u64()), Some(10));
    // Who can pay for any answer gets no bound: providers refuse absurd ones.
    let rich = shop.key(json!({ "max_budget": 1_000_000 })).await;
    assert_eq!(shop.gateway.call(&shop.chat(&rich, json!({}))).await.header("x-lockgate-max-tokens"), None);
}

#[tokio::test]
async fn a_stream_is_stopped_with_an_error_when_the_money_is_gone() {
    // A provider that writes on and on: there is no money for so much text.
    let shop = Shop::open(
        "chunks=500,chunk_bytes=100,chunk_ms=2",
        "input_cost_per_token: 0, output_cost_per_token: 0.0001",
        "",
    )
    .await;
    let key = shop.key(json!({ "max_budget": 0.5 })).await;
    let answer = shop.gateway.call(&shop.chat(&key, json!({ "stream": true }))).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text();
    let end = &text[text.len().saturating_sub(600)..];
    assert!(end.contains("budget_exceeded") && !end.contains("[DONE]"), "{end}");
    let after = shop.gateway.call(&shop.chat(&key, json!({}))).await;
    let spent: f64 = after.header("x-litellm-key-spend").map_or(0.5, |spent| spent.parse().unwrap());
    assert!(spent <= 0.5 + 0.05, "{spent}");
}

#[tokio::test]
async fn a_model_without_a_price_is_not_called_on_a_budget() {
    let shop = Shop::open("", "", "").await;
    let key = shop.key(json!({ "max_budget": 1 })).await;
    let answer = shop.gateway.call(&shop.chat(&key, json!({}))).await;
    assert_eq!((answer.status(), shop.reached()), (403, 0));
    assert_eq!(answer.json()["error"]["type"], "model_cost_map_missing");
    let free = shop.key(json!({})).await;
    assert_eq!(shop.gateway.call(&shop.chat(&free, json!({}))).await.status(), 200, "without a budget it is");
}
