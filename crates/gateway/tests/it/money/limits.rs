//! Limits of requests, tokens and calls at a time.

use serde_json::json;

use super::{Shop, served};

#[tokio::test]
async fn requests_per_minute_are_counted_exactly_and_the_caller_learns_when_to_come_back() {
    let shop = Shop::open("", "", "").await;
    let key = shop.key(json!({ "rpm_limit": 5 })).await;
    let answers = shop.at_once(20, &shop.chat(&key, json!({}))).await;
    assert_eq!((served(&answers), shop.reached()), (5, 5));
    let refused = answers.iter().find(|answer| answer.status() == 429).expect("the others are refused");
    let wait: u64 = refused.header("retry-after").expect("it says when").parse().unwrap();
    assert!((59..=62).contains(&wait), "{wait}");
    let message = refused.json()["error"]["message"].to_string();
    assert!(message.contains("Limit type: requests. Current limit: 5, Remaining: 0"), "{message}");
    let served = answers.iter().find(|answer| answer.status() == 200).unwrap();
    assert_eq!(served.header("x-ratelimit-api_key-limit-requests"), Some("5"));
}

#[tokio::test]
async fn a_refusal_takes_nothing_of_any_limit() {
    let shop = Shop::open("", "", "").await;
    let team = shop.key(json!({ "rpm_limit": 3, "max_parallel_requests": 0 })).await;
    assert_eq!(served(&shop.at_once(5, &shop.chat(&team, json!({}))).await), 0);
    shop.master().done("POST", "/key/update", json!({ "key": team, "max_parallel_requests": null })).await;
    assert_eq!(served(&shop.at_once(5, &shop.chat(&team, json!({}))).await), 3);
}

#[tokio::test]
async fn calls_at_a_time_are_limited_and_every_slot_comes_back() {
    let shop = Shop::open("delay_ms=50", "", "").await;
    let key = shop.key(json!({ "max_parallel_requests": 3 })).await;
    for stream in [false, true] {
        let answers = shop.at_once(12, &shop.chat(&key, json!({ "stream": stream }))).await;
        assert_eq!(served(&answers), 3, "of those that came at once");
    }
    assert_eq!(served(&shop.at_once(3, &shop.chat(&key, json!({}))).await), 3);
}

#[tokio::test]
async fn a_key_that_says_nothing_is_limited_as_the_configuration_says() {
    let provider_takes_its_time = "delay_ms=50";
    let shop = Shop::open_general(provider_takes_its_time, "max_parallel_requests: 2").await;
    let (ann, bob) = (shop.key(json!({})).await, shop.key(json!({ "max_parallel_requests": 4 })).await);
    for (key, expected) in [(&ann, 2), (&bob, 4)] {
        assert_eq!(served(&shop.at_once(8, &shop.chat(key, json!({}))).await), expected);
    }
}

#[tokio::test]
async fn the_configuration_says_which_tokens_count() {
    // Fifty tokens are written for a question of a few.
    for (kind, calls) in [("total", 1), ("output", 2)] {
        let shop = Shop::open_general("chunks=50", &format!("token_rate_limit_type: {kind}")).await;
        let key = shop.key(json!({ "tpm_limit": 60 })).await;
        let mut served = 0;
        while shop.gateway.call(&shop.chat(&key, json!({}))).await.status() == 200 {
            served += 1;
        }
        assert_eq!(served, calls, "{kind}");
    }
}
