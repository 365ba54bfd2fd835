//! Keys that run in circles.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Shop, served};
use crate::manage::Person;

/// Calls that go on where they end: one after the other.
async fn calls(shop: &Shop, key: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(shop.gateway.call(&shop.chat(key, json!({}))).await.status());
    }
    statuses
}

#[tokio::test]
async fn a_key_that_makes_the_same_call_again_and_again_is_told_of_and_goes_on() {
    let shop = Shop::open("", "", "").await;
    let (mad, calm) = (shop.key(json!({ "key_alias": "mad" })).await, shop.key(json!({})).await);
    assert_eq!(served(&shop.at_once(110, &shop.chat(&mad, json!({}))).await), 110);
    assert_eq!(served(&shop.at_once(90, &shop.chat(&calm, json!({}))).await), 90);
    let loops = shop.master().see("/loops").await;
    let found = loops["data"].as_array().expect("a list");
    assert_eq!(found.len(), 1, "{loops}");
    assert_eq!((&found[0]["key_alias"], &found[0]["cause"]), (&json!("mad"), &json!("same")), "{loops}");
    assert_eq!((&found[0]["action"], &found[0]["limit"]), (&json!("alert"), &json!(100)), "{loops}");
    assert!(found[0]["blocked_until"].is_null() && found[0]["last"].is_string(), "{loops}");
    let metrics = shop.master().ask("GET", "/metrics", Value::Null).await.text();
    let counted = |line: &&str| line.starts_with("lockgate_loop_breaker_calls_total{") && line.contains("\"same\"");
    assert!(metrics.lines().find(counted).is_some_and(|line| line.contains("\"alert\"")), "{metrics}");
    shop.gateway.logged("Key mad made the same call").await;
}

#[tokio::test]
async fn a_key_that_is_blocked_hears_why_and_until_when_and_others_go_on() {
    let shop = Shop::open_general("", "loop_breaker: {action: block, same: 5, window: 600, block_for: 120}").await;
    let (mad, calm) = (shop.key(json!({})).await, shop.key(json!({})).await);
    assert_eq!(calls(&shop, &mad, 7).await, [200, 200, 200, 200, 200, 429, 429]);
    assert_eq!(shop.reached(), 5, "no money is spent any more");
    let refused = shop.gateway.call(&shop.chat(&mad, json!({ "max_tokens": 7 }))).await;
    let wait: u64 = refused.header("retry-after").expect("it says when").parse().unwrap();
    assert!((100..=120).contains(&wait), "{wait}");
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "loop_breaker", "{error}");
    let message = error["message"].as_str().expect("a text");
    assert!(message.contains("the same call 6 times within 600 seconds, more than 5"), "{message}");
    assert_eq!(calls(&shop, &calm, 3).await, [200; 3]);

    let released = shop.master().done("POST", "/loops/release", json!({ "key": mad })).await;
    assert_eq!(released, json!({ "released": true }));
    assert_eq!(calls(&shop, &mad, 1).await, [200]);
    assert_eq!(shop.master().see("/loops").await["data"], json!([]));
}

#[tokio::test]
async fn calls_whose_last_messages_differ_in_numbers_alone_are_the_same_thing() {
    let shop = Shop::open_general("", "loop_breaker: {action: block, same: 10, window: 600}").await;
    let key = shop.key(json!({})).await;
    let mut said = Vec::new();
    let mut statuses = Vec::new();
    for turn in 0..30 {
        said.push(json!({ "role": "user", "content": format!("Error at 12:00:{turn:02}: no such file. Try again.") }));
        let answer = shop.gateway.call(&shop.chat(&key, json!({ "messages": said }))).await;
        statuses.push(answer.status());
        said.push(json!({ "role": "assistant", "content": format!("answer {turn}") }));
        if answer.status() == 429 {
            assert!(answer.text().contains("differ in numbers alone"), "{}", answer.text());
        }
    }
    // Nobody looks at messages before there are half as many calls.
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(15), "{statuses:?}");
}

#[tokio::test]
async fn a_key_that_is_slowed_waits_the_longer_the_further_it_goes_and_takes_no_slot_meanwhile() {
    let shop = Shop::open("", "", "").await;
    let breaker = json!({ "action": "slow", "same": 2, "window": 600, "delay": 1 });
    let key = shop.key(json!({ "loop_breaker": breaker, "max_parallel_requests": 1 })).await;
    assert_eq!(calls(&shop, &key, 3).await, [200; 3]);
    let began = Instant::now();
    assert_eq!(calls(&shop, &key, 1).await, [200]);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let (slow, quick) = (shop.chat(&key, json!({})), shop.chat(&key, json!({ "max_tokens": 3 })));
    let (slow, quick) = tokio::join!(shop.gateway.call(&slow), shop.gateway.call(&quick));
    assert_eq!((slow.status(), quick.status()), (200, 200), "the one that waits has no slot");
}

#[tokio::test]
async fn what_a_key_or_its_team_says_counts_and_whoever_is_held_back_cannot_change_it() {
    let shop = Shop::open_general("", "loop_breaker: {action: block, same: 3, window: 600}").await;
    let master = shop.master();
    master.done("POST", "/user/new", json!({ "user_id": "ann", "user_role": "internal_user" })).await;
    master.done("POST", "/team/new", json!({ "team_id": "red", "loop_breaker": { "action": "off" } })).await;
    let (of_team, strict) = (
        shop.key(json!({ "team_id": "red" })).await,
        shop.key(json!({ "team_id": "red", "user_id": "ann", "loop_breaker": { "action": "block", "same": 2 } })).await,
    );
    assert_eq!(calls(&shop, &of_team, 5).await, [200; 5]);
    assert_eq!(calls(&shop, &strict, 3).await, [200, 200, 429]);
    let own = shop.key(json!({ "user_id": "ann" })).await;
    let ann = Person::of(&shop.gateway, &own);
    let change = json!({ "key": own, "loop_breaker": { "action": "off" } });
    let why = ann.refused("POST", "/key/update", change, 403).await;
    assert!(why.contains("loop_breaker"), "{why}");
    for path in ["/loops", "/loops/release"] {
        let method = if path == "/loops" { "GET" } else { "POST" };
        assert_eq!(ann.ask(method, path, json!({ "key": strict })).await.status(), 403, "{path}");
    }
    let senseless = json!({ "loop_breaker": { "action": "explode" } });
    let answer = master.ask("POST", "/key/generate", senseless).await;
    assert_eq!(answer.status(), 422, "{}", answer.text());
}
