//! Limits and budgets of deployments and providers: who has reached one is passed over, and nobody is overrun.

use drill::mock::Mock;
use serde_json::json;

use super::{Shop, served};
use crate::backs::{Config, mock};
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

/// A tenth of a cent per call of a provider with [`KNOBS`].
const PRICE: &str = "input_cost_per_token: 0, output_cost_per_token: 0.0001";
const KNOBS: &str = "chunks=10";
const STRICT: &str = "router_settings: {optional_pre_call_checks: [enforce_model_rate_limits]}";

/// A gateway in front of these deployments, each with parameters of its own, of one group.
async fn open(deployments: &[(&Mock, &str)], settings: &str) -> Shop {
    let add = |config: Config, (mock, more): &(&Mock, &str)| config.openai("demo", mock, more);
    let config = deployments.iter().fold(Config::default(), add).and(settings);
    let config = config.and(&format!("general_settings: {{master_key: {MASTER}}}"));
    // The first provider is the one that is asked how many calls reached it; the others are the test's own.
    let gateway = Gateway::start_with(&config.yaml(), &[], &[]).await;
    Shop { provider: mock("").await, gateway }
}

fn most_at_once(provider: &Mock) -> usize {
    provider.stats().models.values().map(|model| model.max_in_flight).max().unwrap_or_default()
}

fn call(shop: &Shop) -> Call {
    shop.chat(MASTER, json!({}))
}

async fn one_by_one(shop: &Shop, count: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..count {
        answers.push(shop.gateway.call(&call(shop)).await);
    }
    answers
}

#[tokio::test]
async fn a_deployment_never_has_more_calls_at_a_time_than_it_may_and_callers_wait_for_a_place() {
    let provider = mock("delay_ms=30").await;
    for settings in ["", "router_settings: {default_max_parallel_requests: 2}"] {
        provider.clear();
        let own = if settings.is_empty() { "max_parallel_requests: 2" } else { "order: 1" };
        let shop = open(&[(&provider, own)], settings).await;
        for stream in [false, true] {
            let answers = shop.at_once(12, &shop.chat(MASTER, json!({ "stream": stream }))).await;
            assert_eq!(served(&answers), 12);
        }
        assert_eq!((provider.requests().len(), most_at_once(&provider)), (24, 2));
    }
}

#[tokio::test]
async fn a_call_that_finds_no_place_in_time_is_told_to_come_back() {
    let provider = mock("delay_ms=20000").await;
    let shop = open(&[(&provider, "max_parallel_requests: 1")], "").await;
    let addr = shop.gateway.addr;
    let first = tokio::spawn({
        let call = call(&shop);
        async move { call.send(addr).await }
    });
    while provider.stats().total == 0 {
        tokio::task::yield_now().await;
    }
    let late = shop.gateway.call(&call(&shop)).await;
    assert_eq!((late.status(), late.header("retry-after")), (429, Some("1")), "{}", late.text());
    assert!(late.text().contains("all of them have reached their limits"), "{}", late.text());
    first.abort();
}

#[tokio::test]
async fn a_deployment_that_has_reached_its_limit_is_passed_over() {
    for (limits, settings) in [("rpm: 3", ""), ("rpm: 3", STRICT), ("max_budget: 0.003", "")] {
        let (small, large) = (mock(KNOBS).await, mock(KNOBS).await);
        let first = format!("order: 1, {PRICE}, {limits}");
        let shop = open(&[(&small, &first), (&large, &format!("order: 2, {PRICE}"))], settings).await;
        assert_eq!(served(&one_by_one(&shop, 10).await), 10);
        assert_eq!((small.requests().len(), large.requests().len()), (3, 7), "{limits} {settings}");
    }
}

#[tokio::test]
async fn without_another_deployment_a_share_is_overrun_and_a_limit_is_not() {
    for (settings, reached) in [("", 8), (STRICT, 5)] {
        let provider = mock(KNOBS).await;
        let shop = open(&[(&provider, "rpm: 5")], settings).await;
        let answers = shop.at_once(8, &call(&shop)).await;
        assert_eq!((served(&answers), provider.requests().len()), (reached, reached));
        for refused in answers.iter().filter(|answer| answer.status() != 200) {
            let wait: u64 = refused.header("retry-after").expect("it says when").parse().unwrap();
            assert_eq!((refused.status(), (59..=62).contains(&wait)), (429, true), "{}", refused.text());
        }
    }
}

#[tokio::test]
async fn input_output_and_requests_of_a_day_may_have_limits_of_their_own() {
    // Ten tokens of output a call; the second provider takes what the first one may not.
    for limit in ["rpd: 3", "otpm: 25"] {
        let (narrow, wide) = (mock(KNOBS).await, mock(KNOBS).await);
        let first = format!("order: 1, {limit}");
        let shop = open(&[(&narrow, &first), (&wide, "order: 2")], STRICT).await;
        assert_eq!(served(&one_by_one(&shop, 6).await), 6, "{limit}");
        assert_eq!((narrow.requests().len(), wide.requests().len()), (3, 3), "{limit}");
    }
    let provider = mock(KNOBS).await;
    let shop = open(&[(&provider, "itpm: 1")], STRICT).await;
    let refused = shop.gateway.call(&call(&shop)).await;
    assert_eq!((refused.status(), provider.requests().len()), (429, 0), "the input alone is more");
}

#[tokio::test]
async fn the_budget_of_a_provider_holds_for_all_its_deployments_and_is_told_from_a_callers() {
    let (one, other) = (mock(KNOBS).await, mock(KNOBS).await);
    let budgets = "router_settings: {provider_budget_config: {openai: {budget_limit: 0.01, time_period: 1d}}}";
    let shop = open(&[(&one, PRICE), (&other, PRICE)], budgets).await;
    let answers = shop.at_once(60, &call(&shop)).await;
    assert_eq!((served(&answers), one.requests().len() + other.requests().len()), (10, 10));
    let refused = shop.gateway.call(&call(&shop)).await;
    assert_eq!(refused.status(), 429, "{}", refused.text());
    assert!(refused.text().contains("crossed budget"), "{}", refused.text());
    let wait: u64 = refused.header("retry-after").expect("it says when").parse().unwrap();
    assert!(wait <= 86_400, "{wait}");
    let shown = shop.master().see("/provider/budgets").await;
    let row = &shown["providers"]["openai"];
    assert_eq!((&row["budget_limit"], &row["time_period"]), (&json!(0.01), &json!("1d")));
    assert_eq!((&row["spend"], &row["remaining"]), (&json!(0.01), &json!(0.0)));
    assert!(row["budget_reset_at"].as_str().is_some_and(|at| at.contains('T')), "{row}");
    let nobody = shop.key(json!({})).await;
    Person::of(&shop.gateway, nobody).refused("GET", "/provider/budgets", json!({}), 403).await;
}

#[tokio::test]
async fn a_group_says_how_often_each_key_may_call_it() {
    let provider = mock(KNOBS).await;
    let shop = open(&[(&provider, "default_api_key_rpm_limit: 2")], "").await;
    let (ann, bob) = (shop.key(json!({})).await, shop.key(json!({ "model_rpm_limit": { "demo": 4 } })).await);
    for (key, expected) in [(&ann, 2), (&bob, 4)] {
        assert_eq!(served(&shop.at_once(6, &shop.chat(key, json!({}))).await), expected);
    }
}
