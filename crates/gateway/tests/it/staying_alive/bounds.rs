//! Bounds on trying: a provider in trouble does not get more work by it, and no call more attempts or money than it may.

use serde_json::json;
use tokio::task::JoinSet;

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

#[tokio::test]
async fn however_many_calls_fail_at_once_only_a_fifth_of_them_tries_the_same_deployment_again() {
    let broken = mock("status=500,delay_ms=400").await;
    let config = Config::of(&broken).and("router_settings: {num_retries: 2, disable_cooldowns: true}");
    let gateway = Gateway::start(&config.yaml()).await;
    let (addr, mut calls) = (gateway.addr, JoinSet::new());
    for _ in 0..100 {
        calls.spawn(async move { Front::Chat.call("demo", "hello", false).send(addr).await });
    }
    assert!(calls.join_all().await.iter().all(|answer| answer.status() == 500));
    // Without a bound it would be three hundred.
    let reached = broken.requests().len();
    assert!((110..=170).contains(&reached), "{reached}");
    broken.clear();
    assert_eq!(gateway.call(&Front::Chat.call("demo", "hello", false)).await.status(), 500);
    assert_eq!(broken.requests().len(), 3, "a lone call tries as often as it may");
}

#[tokio::test]
async fn all_calls_of_a_provider_that_fails_go_elsewhere_at_once() {
    let (broken, well) = (mock("status=500,delay_ms=100").await, mock("").await);
    let config = Config::default().openai("demo", &broken, "order: 1").openai("demo", &well, "order: 2");
    let gateway = Gateway::start(&config.and("router_settings: {disable_cooldowns: true}").yaml()).await;
    let (addr, mut calls) = (gateway.addr, JoinSet::new());
    for _ in 0..100 {
        calls.spawn(async move { Front::Chat.call("demo", "hello", false).send(addr).await });
    }
    assert!(calls.join_all().await.iter().all(|answer| answer.status() == 200), "a failover is no retry");
}

#[tokio::test]
async fn a_call_makes_no_more_attempts_than_it_may_over_all_retries_and_fallbacks() {
    let broken = mock("status=500").await;
    let config =
        ["first", "second", "third"].iter().fold(Config::default(), |config, name| config.openai(name, &broken, ""));
    let rules = "num_retries: 1, retry_after: 0, disable_cooldowns: true, fallbacks: [{first: [second, third]}]";
    for (bound, attempts) in [("", 6), ("max_attempts: 3,", 3), ("max_attempts: 0,", 1)] {
        let gateway =
            Gateway::start(&config.clone().and(&format!("router_settings: {{{bound} {rules}}}")).yaml()).await;
        broken.clear();
        assert_eq!(gateway.call(&Front::Chat.call("first", "hello", false)).await.status(), 500);
        assert_eq!(broken.requests().len(), attempts, "{bound}");
    }
}

#[tokio::test]
async fn a_call_costs_no_more_than_it_may() {
    let provider = mock("chunks=500,chunk_bytes=100").await;
    let price = "input_cost_per_token: 0.00001, output_cost_per_token: 0.0001";
    let config = Config::default().openai("demo", &provider, price).openai("unpriced", &provider, "");
    let gateway = Gateway::start(&config.and("router_settings: {max_cost_per_request: 0.002}").yaml()).await;
    let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
    let bound: u32 = answer.header("x-lockgate-max-tokens").expect("the answer is bounded").parse().unwrap();
    assert!((15..=20).contains(&bound), "no other call has a part of it: {bound}");
    let stream = gateway.call(&Front::Chat.call("demo", "hello", true)).await;
    let bound: u32 = stream.header("x-lockgate-max-tokens").expect("so is a streamed one").parse().unwrap();
    assert!((10..=20).contains(&bound), "{bound}");
    // That it was asked short questions, and gave short answers, makes it no cheaper.
    let (addr, short) = (gateway.addr, Front::Chat.body("demo", "hello", false));
    for _ in 0..3 {
        let mut short = short.clone();
        short["max_tokens"] = 1.into();
        assert_eq!(Front::Chat.call_with(short).send(addr).await.status(), 200);
    }
    let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
    let again: u32 = answer.header("x-lockgate-max-tokens").expect("the answer is bounded").parse().unwrap();
    assert!(again + 1 >= bound, "{again} instead of {bound}");
    let reached = provider.requests().len();
    let long = json!({ "model": "demo", "messages": [{ "role": "user", "content": "word ".repeat(2_000) }] });
    let refused = gateway.call(&Call::post("/v1/chat/completions", &long)).await;
    let said = refused.text();
    assert_eq!((refused.status(), provider.requests().len()), (422, reached), "{said}");
    assert!(said.contains("A call may cost at most $0.002"), "{said}");
    assert_eq!(
        gateway.call(&Front::Chat.call("unpriced", "hello", false)).await.status(),
        403,
        "nobody knows its cost"
    );
}
