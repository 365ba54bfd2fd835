//! Answers in Redis: replicas share them, and nobody waits for a Redis that is away.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{config, said};
use crate::backs::{asked, mock};
use crate::callers::Front;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::servers::{Redis, Server};
use crate::sinks::ear::until;

/// A gateway that keeps answers in this Redis.
async fn replica(provider: &drill::mock::Mock, redis: &Server, terms: &str) -> Gateway {
    Gateway::start(&config(provider, &format!("type: redis, url: '{}'{terms}", redis.url))).await
}

async fn until_there(gateway: &Gateway, is_there: bool) {
    let master = Person::of(gateway, MASTER);
    until(async || (master.see("/cache/stats").await["is_there"] == json!(is_there)).then_some(())).await;
}

async fn ask(gateway: &Gateway, text: &str, stream: bool) -> String {
    said(&Person::of(gateway, MASTER).send(&Front::Chat.call("demo", text, stream)).await).to_owned()
}

/// Until a replica has an answer that was put there in the background.
async fn until_hit(gateway: &Gateway, text: &str, stream: bool) {
    until(async || {
        let mut body = Front::Chat.body("demo", text, stream);
        body["cache"] = json!({ "no-store": true });
        let answer = Person::of(gateway, MASTER).send(&Front::Chat.call_with(body)).await;
        (said(&answer) == "hit").then_some(())
    })
    .await;
}

#[tokio::test]
async fn replicas_give_each_others_answers_and_forget_them_together() {
    let (redis, provider) = (Redis::start(), mock("").await);
    let short = ", default_in_memory_ttl: 0, namespace: ours";
    let (one, other) = (replica(&provider, &redis, short).await, replica(&provider, &redis, short).await);
    let foreign = replica(&provider, &redis, ", namespace: theirs").await;
    for gateway in [&one, &other, &foreign] {
        until_there(gateway, true).await;
    }
    for stream in [false, true] {
        assert_eq!(ask(&one, "hello", stream).await, "miss");
        until_hit(&other, "hello", stream).await;
        assert_eq!(ask(&foreign, "hello", stream).await, "miss");
    }
    assert!(Redis::tell(&redis, "KEYS *").contains("lockgate:{answers}:ours:"));
    assert!(Redis::tell(&redis, "SET somebody-elses-key 1").contains("OK"));
    let master = Person::of(&one, MASTER);
    assert_eq!(master.see("/cache/ping").await["cache_type"], "redis");
    assert!(master.see("/cache/redis/info").await["info"]["redis_version"].is_string());
    let answer = master.send(&Front::Chat.call("demo", "hello", false)).await;
    let keys = json!({ "keys": [answer.header("x-litellm-cache-key").unwrap()] });
    assert_eq!(master.done("POST", "/cache/delete", keys).await["deleted"], 1);
    assert_eq!([ask(&other, "hello", false).await, ask(&other, "hello", true).await], ["miss", "hit"]);
    assert!(master.done("POST", "/cache/flushall", json!({})).await["deleted"].as_u64() >= Some(1));
    assert_eq!(ask(&other, "hello", true).await, "miss");
    assert!(Redis::tell(&redis, "GET somebody-elses-key").contains('1'), "what is not ours stays");
}

/// Asks many things; how long the slowest took.
async fn slowest(gateway: &Gateway, what: &str) -> Duration {
    let mut slowest = Duration::ZERO;
    for nth in 0..20 {
        let begun = Instant::now();
        assert_eq!(ask(gateway, &format!("{what} {nth}"), nth % 2 == 0).await, "miss");
        slowest = slowest.max(begun.elapsed());
    }
    slowest
}

#[tokio::test]
async fn a_frozen_redis_delays_nobody_and_is_used_again_when_it_thaws() {
    let (redis, provider) = (Redis::start(), mock("").await);
    let gateway = replica(&provider, &redis, "").await;
    until_there(&gateway, true).await;
    assert_eq!(ask(&gateway, "before", false).await, "miss");
    redis.pause();
    // 20 ms for the first few calls, then nothing; the rest is what a busy machine takes.
    let slowest = slowest(&gateway, "frozen").await;
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    until_there(&gateway, false).await;
    assert_eq!(ask(&gateway, "before", false).await, "hit", "memory is there all the same");
    let master = Person::of(&gateway, MASTER);
    let said = master.refused("GET", "/cache/ping", Value::Null, 503).await;
    assert!(said.contains("is away"), "{said}");
    redis.resume();
    until_there(&gateway, true).await;
    assert_eq!(ask(&gateway, "after", false).await, "miss");
    assert_eq!(master.see("/cache/ping").await["status"], "healthy");
}

#[tokio::test]
async fn without_redis_calls_are_served_from_the_first_one_on() {
    let (mut redis, provider) = (Redis::start(), mock("").await);
    redis.stop();
    let gateway = replica(&provider, &redis, "").await;
    let slowest = slowest(&gateway, "dead").await;
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    assert_eq!(ask(&gateway, "dead 0", true).await, "hit", "memory is there all the same");
    assert_eq!(asked(&provider, "dead 0").len(), 1);
    redis.restart();
    until_there(&gateway, true).await;
}
