//! Answers that are given again, from outside: to whom, how, and that nothing waits for where they are kept.

mod bucket;
mod disk;
mod redis;
mod semantic;
mod sharing;

use serde_json::{Value, json};

use crate::backs::{Back, Config, asked, mock};
use crate::callers::Front;
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::spend::dates;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// A gateway with keys that keeps answers on these terms, and its provider.
async fn keeping(terms: &str) -> (drill::mock::Mock, Gateway) {
    let provider = mock("").await;
    let gateway = Gateway::start(&config(&provider, terms)).await;
    (provider, gateway)
}

fn config(provider: &drill::mock::Mock, terms: &str) -> String {
    let price = "input_cost_per_token: 0.001, output_cost_per_token: 0.002, num_retries: 0";
    let keys = format!("general_settings: {{master_key: {MASTER}}}");
    let kept = format!("litellm_settings: {{cache: true, cache_params: {{{terms}}}}}");
    Config::default().openai("demo", provider, price).and(&keys).and(&kept).yaml()
}

/// Whether an answer was given before, as it says itself.
fn said(answer: &Answer) -> &str {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.header("x-lockgate-cache").unwrap_or("nothing")
}

#[tokio::test]
async fn every_dialect_gets_its_answer_again_whole_and_as_a_stream() {
    let provider = mock("").await;
    let mut config = Config::default();
    for back in Back::ALL {
        config = config.deployment(back.provider(), back, &provider.url(), "");
    }
    let gateway = Gateway::start(&config.and("litellm_settings: {cache: true}").yaml()).await;
    for front in Front::ALL {
        for back in Back::ALL {
            for stream in [false, true] {
                let text = format!("{front:?} to {back:?}, {stream}");
                let call = front.call(back.provider(), &text, stream);
                let (first, again) = (gateway.call(&call).await, gateway.call(&call).await);
                assert_eq!((said(&first), said(&again)), ("miss", "hit"), "{text}");
                assert_eq!(first.text(), again.text(), "{text}");
                assert!(front.hear(&again).is_success(), "{text}");
                for name in ["content-type", "transfer-encoding", "x-litellm-cache-key", "x-litellm-model-id"] {
                    assert_eq!(first.header(name), again.header(name), "{text}: {name}");
                }
                assert_eq!(again.header("x-litellm-response-cost"), Some("0"), "{text}");
                assert_eq!(asked(&provider, &text).len(), 1, "{text}");
            }
        }
    }
}

#[tokio::test]
async fn embeddings_are_kept_and_token_counts_are_not() {
    let (provider, gateway) = keeping("").await;
    let master = Person::of(&gateway, MASTER);
    let embed = Call::post("/v1/embeddings", &json!({ "model": "demo", "input": "hello" }));
    let (first, again) = (master.send(&embed).await, master.send(&embed).await);
    assert_eq!((said(&first), said(&again)), ("miss", "hit"));
    assert_eq!(first.json(), again.json());
    let count = Call::post("/v1/messages/count_tokens", &Front::Messages.body("demo", "hello", false));
    assert_eq!([said(&master.send(&count).await), said(&master.send(&count).await)], ["nothing"; 2]);
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn errors_are_not_kept() {
    let provider = mock("status=500").await;
    let gateway = Gateway::start(&config(&provider, "")).await;
    let master = Person::of(&gateway, MASTER);
    for times in 1..3 {
        assert!(master.send(&Front::Chat.call("demo", "hello", false)).await.status() >= 500);
        assert_eq!(asked(&provider, "hello").len(), times);
    }
}

#[tokio::test]
async fn what_is_given_again_costs_nothing_and_the_log_says_so() {
    let (_provider, gateway) = keeping("").await;
    let master = Person::of(&gateway, MASTER);
    let made = master.done("POST", "/key/generate", json!({ "max_budget": 100, "key_alias": "again" })).await;
    let person = Person::of(&gateway, made["key"].as_str().unwrap());
    for stream in [false, true] {
        for _ in 0..3 {
            assert_eq!(person.send(&Front::Chat.call("demo", "hello", stream)).await.status(), 200);
        }
    }
    let hash = made["token"].as_str().unwrap();
    let path = format!("/spend/logs?api_key={hash}");
    let rows = until(async || {
        let rows = master.see(&path).await;
        rows.as_array().filter(|rows| rows.len() == 6).cloned()
    })
    .await;
    let of = |hit: &str| -> Vec<Value> { rows.iter().filter(|row| row["cache_hit"] == hit).cloned().collect() };
    let (paid, free) = (of("False"), of("True"));
    assert_eq!((paid.len(), free.len()), (2, 4), "{rows:?}");
    for row in &free {
        let first = paid.iter().find(|one| one["cache_key"] == row["cache_key"]).expect("it was asked for first");
        assert_eq!((&row["spend"], &row["status"]), (&json!(0.0), &json!("success")), "{row}");
        assert_eq!(row["metadata"]["saved_cache_cost"], first["spend"], "{row}");
        assert_eq!((&row["total_tokens"], &row["model"]), (&first["total_tokens"], &first["model"]), "{row}");
    }
    let spent: f64 = paid.iter().map(|row| row["spend"].as_f64().unwrap()).sum();
    assert!(spent > 0.0);
    let info = until(async || {
        let info = master.see(&format!("/key/info?key={hash}")).await;
        (info["info"]["spend"] != json!(0.0)).then_some(info)
    })
    .await;
    assert!((info["info"]["spend"].as_f64().unwrap() - spent).abs() < 1e-9, "{info}");
    let stats = master.see("/cache/stats").await;
    assert_eq!([&stats["hits"], &stats["misses"], &stats["entries"]], [&json!(4), &json!(2), &json!(2)], "{stats}");
    assert!((stats["saved"].as_f64().unwrap() - 2.0 * spent).abs() < 1e-9, "{stats}");
    let usage = until(async || {
        let usage = master.see(&dates("/usage?by=key&")).await;
        usage["rows"].as_array()?.iter().find(|row| row["label"] == "again" && row["cache_hits"] == 4).cloned()
    })
    .await;
    assert!((usage["cache_savings"].as_f64().unwrap() - 2.0 * spent).abs() < 1e-9, "{usage}");
    assert_eq!(usage["local_savings"], json!(0.0), "{usage}");
    let page = master.send(&Call::get("/metrics")).await.text();
    for (name, count) in [("litellm_cache_hits_metric_total", 4.0), ("litellm_cache_misses_metric_total", 2.0)] {
        assert_eq!(crate::metrics::sum(&page, name, &["api_key_alias=\"again\""]), count, "{page}");
    }
}

#[tokio::test]
async fn a_reload_keeps_answers_and_a_switch_ends_them() {
    let (provider, gateway) = keeping("").await;
    let master = Person::of(&gateway, MASTER);
    let call = Front::Chat.call("demo", "hello", false);
    assert_eq!(said(&master.send(&call).await), "miss");
    gateway.reconfigure(&config(&provider, "ttl: 60"));
    master.done("POST", "/config/reload", json!({})).await;
    assert_eq!(said(&master.send(&call).await), "hit");
    gateway.reconfigure(&config(&provider, "").replace("cache: true", "cache: false"));
    master.done("POST", "/config/reload", json!({})).await;
    assert_eq!(said(&master.send(&call).await), "nothing");
    master.refused("GET", "/cache/ping", Value::Null, 404).await;
}

#[tokio::test]
async fn answers_are_forgotten_on_request_of_administrators_alone() {
    let (_provider, gateway) = keeping("").await;
    let master = Person::of(&gateway, MASTER);
    let key = master.done("POST", "/key/generate", json!({})).await["key"].as_str().unwrap().to_owned();
    let person = Person::of(&gateway, key);
    let ask = async |text: &str| master.send(&Front::Chat.call("demo", text, false)).await;
    let first = ask("one").await;
    ask("two").await;
    for (method, path) in [
        ("GET", "/cache/ping"),
        ("GET", "/cache/stats"),
        ("GET", "/cache/redis/info"),
        ("POST", "/cache/delete"),
        ("POST", "/cache/flushall"),
    ] {
        person.refused(method, path, json!({ "keys": [] }), 403).await;
    }
    let ping = master.see("/cache/ping").await;
    assert_eq!((&ping["status"], &ping["cache_type"]), (&json!("healthy"), &json!("local")));
    master.refused("GET", "/cache/redis/info", Value::Null, 400).await;
    for wrong in [json!({}), json!({ "keys": "x" }), json!({ "keys": ["x"] }), json!([])] {
        master.refused("POST", "/cache/delete", wrong, 400).await;
    }
    let keys = json!({ "keys": [first.header("x-litellm-cache-key").unwrap()] });
    assert_eq!(master.done("POST", "/cache/delete", keys).await["deleted"], 1);
    assert_eq!([said(&ask("one").await), said(&ask("two").await)], ["miss", "hit"]);
    assert_eq!(master.done("POST", "/cache/flushall", json!({})).await["deleted"], 2);
    assert_eq!([said(&ask("one").await), said(&ask("two").await)], ["miss"; 2]);
}
