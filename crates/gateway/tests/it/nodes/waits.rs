//! Who waits for a node, for how long, and what the caller sees of it.

use std::time::Duration;

use drill::mock::Outcome;
use serde_json::json;

use super::{Farm, is_call, wrong};
use crate::backs::asked;

#[tokio::test]
async fn a_light_keys_call_behind_two_hundred_of_another_is_served_within_two_slots() {
    let farm = Farm::open(1, "load_ms=5,first_ms=15", "", "").await;
    let (heavy, light) = (&farm.key().await, &farm.key().await);
    let addr = farm.gateway.addr;
    let many = tokio::spawn({
        let call = farm.chat_of(heavy, "a", "heavy", json!({}));
        async move {
            let mut answers = tokio::task::JoinSet::new();
            for _ in 0..200 {
                let call = call.clone();
                answers.spawn(async move { call.send(addr).await });
            }
            answers.join_all().await
        }
    });
    farm.until_waiting(150).await;
    let before = farm.calls().len();
    let answer = farm.gateway.call(&farm.chat_of(light, "a", "light", json!({}))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let position: u64 = answer.header("x-lockgate-queue-position").expect("it has waited").parse().unwrap();
    assert!(position <= 1, "{position}");
    let place = farm.calls().iter().position(|one| one.json()["messages"][0]["content"] == "light");
    // One may have begun while the call was under way.
    assert!(place.is_some_and(|place| place <= before + 2), "{place:?} behind {before}");
    assert_eq!(wrong(&many.await.expect("nobody panics")), []);
}

#[tokio::test]
async fn whoever_leaves_during_a_load_takes_it_from_nobody() {
    let farm = Farm::open(1, "load_ms=400", "", "").await;
    let leaver = farm.chat("a", "leaver", json!({ "stream": true }));
    let leaver = tokio::spawn({
        let addr = farm.gateway.addr;
        async move { leaver.send(addr).await }
    });
    let node = &farm.nodes[0];
    let says =
        |text: &'static str| move |one: &drill::mock::Recorded| String::from_utf8_lossy(&one.body).contains(text);
    node.wait_for(says("leaver")).await.expect("it comes right behind the load");
    let stayer = tokio::spawn({
        let (call, addr) = (farm.chat("a", "stayer", json!({})), farm.gateway.addr);
        async move { call.send(addr).await }
    });
    farm.until_waiting(1).await;
    leaver.abort();
    let gone = node.wait_for(|one| says("leaver")(one) && one.is_over()).await.expect("it notices");
    assert!(matches!(gone.outcome, Outcome::Aborted { .. }));
    let answer = stayer.await.expect("nobody panics");
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let loads = farm.loads();
    assert!(loads.len() == 1 && !loads[0].aborted, "{loads:?}");
    assert!(asked(node, "stayer").len() == 1);
}

#[tokio::test]
async fn whoever_would_wait_too_long_is_told_at_once_when_to_come_back() {
    let farm = Farm::open(1, "load_ms=5,first_ms=400", "", "queue_timeout: 1").await;
    for _ in 0..2 {
        assert_eq!(farm.gateway.call(&farm.chat("a", "hello", json!({}))).await.status(), 200);
    }
    let answers = farm.at_once((0..20).map(|_| farm.chat("a", "hello", json!({})))).await;
    let refused: Vec<_> = answers.iter().filter(|one| one.status() == 429).collect();
    assert!(refused.len() >= 12 && refused.len() < 20, "{} were refused", refused.len());
    assert_eq!(answers.len() - refused.len(), answers.iter().filter(|one| one.status() == 200).count());
    for one in refused {
        let wait: u64 = one.header("retry-after").expect("it says when").parse().unwrap();
        assert!((1..=2).contains(&wait), "{wait} {}", one.text());
        assert_eq!(one.json()["error"]["code"], "queue_timeout", "{}", one.text());
        assert!(one.took < Duration::from_secs(1), "{:?}", one.took);
    }
}

#[tokio::test]
async fn a_stream_stays_alive_while_its_model_is_loaded_and_limits_of_time_know_that() {
    let farm = Farm::open(1, "load_ms=300", "timeout: 0.2, num_retries: 0", "").await;
    let call = farm.chat("a", "hello", json!({ "stream": true })).header("x-litellm-keepalive-seconds", "0.05");
    let answer = farm.gateway.call(&call).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text();
    let (alive, content) = (text.find("\n\n"), text.find("\"content\":\"You\""));
    assert!(text.starts_with(':') && alive < content && text.ends_with("data: [DONE]\n\n"), "{text}");
    assert_eq!(answer.header("x-lockgate-queue-position"), Some("0"));
}

#[tokio::test]
async fn nothing_is_left_of_callers_who_leave_while_they_wait() {
    let farm = Farm::open(1, "load_ms=5,first_ms=200", "", "").await;
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let (call, addr) = (farm.chat("a", "leaver", json!({ "stream": true })), farm.gateway.addr);
            tokio::spawn(async move { call.send(addr).await })
        })
        .collect();
    farm.nodes[0].wait_for(is_call).await.expect("the first one is served");
    farm.until_waiting(4).await;
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    let answer = farm.gateway.call(&farm.chat("a", "hello", json!({}))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let shown = farm.shown().await;
    assert_eq!((&shown["queues"], &shown["nodes"][0]["running"]), (&json!([]), &json!(0)), "{shown}");
    assert!(farm.calls().len() <= 3, "{}", farm.calls().len());
}
