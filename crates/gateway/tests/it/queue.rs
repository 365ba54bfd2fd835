//! The queue before deployments of any provider.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::backs::{Config, asked, mock};
use crate::callers::Front;
use crate::client::{Answer, Call};
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Person};

/// A gateway with one place at its provider, which takes it long.
struct Counter {
    provider: drill::mock::Mock,
    gateway: Gateway,
}

impl Counter {
    async fn open(knobs: &str, router: &str) -> Self {
        let provider = mock(knobs).await;
        let config = Config::default().openai("demo", &provider, "max_parallel_requests: 1");
        let gateway = Gateway::start(&config.and(&format!("router_settings: {{{router}}}")).yaml()).await;
        Counter { provider, gateway }
    }

    fn ask(&self, text: &str, more: Value) -> JoinHandle<Answer> {
        let mut body = json!({ "model": "demo", "messages": [{ "role": "user", "content": text }] });
        body.as_object_mut().expect("it is an object").extend(more.as_object().expect("so is this").clone());
        let (call, addr) = (Call::post("/v1/chat/completions", &body), self.gateway.addr);
        tokio::spawn(async move { call.send(addr).await })
    }

    async fn until_waiting(&self, count: u64) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let shown = self.gateway.call(&Call::get("/nodes")).await.json();
            if shown["queues"][0]["waiting"] == count {
                return shown;
            }
            assert!(begun.elapsed() < PATIENCE, "{shown}");
        }
    }

    /// What was said, in the order in which it arrived.
    fn heard(&self) -> Vec<String> {
        let text =
            |one: drill::mock::Recorded| one.json()["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
        self.provider.requests().into_iter().map(text).collect()
    }
}

#[tokio::test]
async fn lower_priorities_come_first_and_the_field_stays_here() {
    let counter = Counter::open("delay_ms=150", "queue_timeout: 20, default_priority: 5").await;
    let first = counter.ask("first", json!({}));
    counter.provider.wait_for(|_| true).await.expect("it is served at once");
    let mut waiting = Vec::new();
    for (nth, (text, more)) in
        [("usual", json!({})), ("late", json!({ "priority": 9 })), ("soon", json!({ "priority": 1 }))]
            .into_iter()
            .enumerate()
    {
        waiting.push(counter.ask(text, more));
        counter.until_waiting(nth as u64 + 1).await;
    }
    let shown = counter.until_waiting(3).await;
    let positions = |shown: &Value| -> Vec<Value> {
        let calls = shown["queues"][0]["calls"].as_array().unwrap().iter();
        calls.map(|call| json!([call["priority"], call["position"]])).collect()
    };
    assert_eq!(positions(&shown), [json!([5, 1]), json!([9, 2]), json!([1, 0])]);
    assert_eq!(first.await.unwrap().header("x-lockgate-queue-position"), None);
    for (call, position) in waiting.into_iter().zip(["0", "1", "0"]) {
        let answer = call.await.unwrap();
        assert_eq!((answer.status(), answer.header("x-lockgate-queue-position")), (200, Some(position)));
        let waited: u64 = answer.header("x-lockgate-queue-waited-ms").unwrap().parse().unwrap();
        assert!(waited >= 10, "{waited}");
    }
    assert_eq!(counter.heard(), ["first", "soon", "usual", "late"]);
    assert!(asked(&counter.provider, "priority").is_empty());
    let wrong = counter.ask("wrong", json!({ "priority": "high" })).await.unwrap();
    assert_eq!((wrong.status(), &wrong.json()["error"]["param"]), (400, &json!("priority")));
}

#[tokio::test]
async fn whoever_leaves_the_queue_leaves_nothing_behind() {
    let counter = Counter::open("delay_ms=200", "queue_timeout: 20").await;
    let first = counter.ask("first", json!({}));
    counter.provider.wait_for(|_| true).await.expect("it is served at once");
    let leaver = counter.ask("leaver", json!({}));
    counter.until_waiting(1).await;
    let stayer = counter.ask("stayer", json!({}));
    counter.until_waiting(2).await;
    leaver.abort();
    for call in [first, stayer] {
        assert_eq!(call.await.unwrap().status(), 200);
    }
    assert_eq!(counter.heard(), ["first", "stayer"]);
}

#[tokio::test]
async fn a_queue_is_bounded_and_says_when_to_come_back() {
    let counter = Counter::open("delay_ms=300", "queue_timeout: 1, queue_size: 100, num_retries: 0").await;
    // The line learns how quickly it moves.
    let calls: Vec<_> = (0..3).map(|_| counter.ask("hello", json!({}))).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().status(), 200);
    }
    let calls: Vec<_> = (0..12).map(|_| counter.ask("hello", json!({}))).collect();
    let (mut served, mut refused) = (0, 0);
    for call in calls {
        let answer = call.await.unwrap();
        if answer.status() == 200 {
            served += 1;
            continue;
        }
        refused += 1;
        assert_eq!((answer.status(), answer.header("retry-after")), (429, Some("1")), "{}", answer.text());
        assert!(answer.took < Duration::from_millis(1_500), "{:?}", answer.took);
    }
    assert!(served >= 3 && refused >= 6, "{served} served, {refused} refused");
}

#[tokio::test]
async fn a_light_keys_call_behind_many_of_another_is_served_within_two_places() {
    let provider = mock("delay_ms=40").await;
    let config = Config::default().openai("demo", &provider, "max_parallel_requests: 1");
    let config = config.and("router_settings: {queue_timeout: 60}");
    let gateway = Gateway::start(&config.and(&format!("general_settings: {{master_key: {MASTER}}}")).yaml()).await;
    let master = Person::of(&gateway, MASTER);
    let mut keys = Vec::new();
    for _ in 0..2 {
        keys.push(master.done("POST", "/key/generate", json!({})).await["key"].as_str().unwrap().to_owned());
    }
    let addr = gateway.addr;
    let ask = |key: &str, text: &str| {
        let call = Front::Chat.call("demo", text, false).header("authorization", format!("Bearer {key}"));
        tokio::spawn(async move { call.send(addr).await })
    };
    let heavy: Vec<_> = (0..60).map(|_| ask(&keys[0], "heavy")).collect();
    let begun = std::time::Instant::now();
    while master.see("/nodes").await["queues"][0]["waiting"].as_u64().is_none_or(|waiting| waiting < 40) {
        assert!(begun.elapsed() < PATIENCE, "they do not wait");
    }
    // How quickly the line moves is known when some have left it.
    provider.wait_for_all(8, |_| true).await.expect("they are served");
    let before = provider.requests().len();
    let answer = ask(&keys[1], "light").await.unwrap();
    let position: u64 = answer.header("x-lockgate-queue-position").expect("it has waited").parse().unwrap();
    assert!(answer.status() == 200 && position <= 1, "{position}: {}", answer.text());
    let millis = |name: &str| answer.header(name).and_then(|ms| ms.parse::<u64>().ok());
    let (expected, waited) = (millis("x-lockgate-queue-expected-ms"), millis("x-lockgate-queue-waited-ms"));
    // One or two of the provider's 40 ms, however slow the machine is.
    assert!(
        expected.zip(waited).is_some_and(|(expected, waited)| expected >= 20 && waited > 0),
        "{expected:?} {waited:?}"
    );
    let place = provider.requests().iter().position(|one| one.json()["messages"][0]["content"] == "light");
    // Some may have begun while the call was under way.
    assert!(place.is_some_and(|place| place <= before + 3), "{place:?} behind {before}");
    for call in heavy {
        assert_eq!(call.await.unwrap().status(), 200);
    }
}
