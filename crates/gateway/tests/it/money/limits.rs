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
