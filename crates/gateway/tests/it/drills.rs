//! Drills: what a configuration is worth when providers break, found out without calling any, and on live calls.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::{Folder, Gateway, PATIENCE, lockgate, run};
use crate::manage::{MASTER, Person};

/// Faults of different kinds: a refusal, silence, a connection that breaks, a lie, and no connection at all.
const FAULTS: &str = "status 500,no headers,cut,a page,refused";

/// What the drill of a configuration says, and its report.
async fn drill(config: &str, flags: &[&str]) -> (Option<i32>, String, Value) {
    let folder = Folder::new();
    let file = folder.path().join("config.yaml");
    fs::write(&file, config).expect("its folder is there");
    let file = file.to_str().expect("an ordinary path");
    let (code, said, complained) = run(&mut lockgate(&[&["drill", file, "--faults", FAULTS], flags].concat())).await;
    let report = fs::read_to_string(folder.path().join("config.drill.json")).unwrap_or_default();
    (code, said + &complained, serde_json::from_str(&report).unwrap_or_default())
}

fn drills(report: &Value) -> &Vec<Value> {
    report["drills"].as_array().unwrap_or_else(|| panic!("there are drills: {report}"))
}

#[tokio::test]
async fn where_another_deployment_takes_over_no_call_is_lost_and_no_provider_is_called() {
    let provider = mock("").await;
    let price = "input_cost_per_token: 0.000001, output_cost_per_token: 0.000002";
    let config = Config::default().openai("chat", &provider, price).openai("chat", &provider, price);
    let config = config.and("router_settings: {cooldown_time: 1}");
    let (code, said, report) = drill(&config.yaml(), &["--calls", "6"]).await;
    assert_eq!((code, drills(&report).len()), (Some(0), 10), "{said}");
    for drill in drills(&report) {
        assert_eq!((&drill["drilled"], &drill["calls_lost"], &drill["calls"]), (&true.into(), &0.into(), &12.into()));
        assert!(drill["recovered_after_ms"].as_u64().is_some_and(|ms| ms < 10_000), "{drill}");
        assert!(drill["detected_after_ms"].is_u64(), "{drill}");
        // What is broken off is paid for, too.
        assert!(drill["calls_broken_off"] != 0 || drill["extra_cost_usd_per_1000_calls"] == 0.0, "{drill}");
    }
    let silent = drills(&report).iter().find(|drill| drill["fault"] == "no headers").expect("it was drilled");
    // What is configured counts, not how long the drill waited.
    assert!(silent["detected_after_ms"].as_u64().is_some_and(|ms| ms >= 300_000), "{silent}");
    assert!(said.contains("set timeout and stream_timeout"), "{said}");
    assert!(silent["money_at_risk_usd_per_1000_calls"].as_f64().is_some_and(|risk| risk > 0.0), "{silent}");
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn where_nobody_takes_over_calls_are_lost_and_the_exit_status_says_so() {
    let provider = mock("").await;
    let config = Config::of(&provider).and("router_settings: {cooldown_time: 1}");
    let (code, said, report) = drill(&config.yaml(), &["--calls", "4"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("give the group a second deployment"), "{said}");
    assert!(drills(&report).iter().all(|drill| drill["calls_lost"].as_u64().is_some_and(|lost| lost > 0)), "{report}");
    assert!(said.contains("is not known: set input_cost_per_token"), "{said}");
    let (code, said, _) = drill(&config.yaml(), &["--calls", "4", "--max-lost", "1000"]).await;
    assert_eq!((code, provider.requests().len()), (Some(0), 0), "{said}");
}

#[tokio::test]
async fn a_stand_in_that_costs_more_is_told_of_and_one_that_nobody_needs_is_not_drilled() {
    let provider = mock("").await;
    let [cheap, dear] =
        ["0.000001", "0.00001"].map(|price| format!("input_cost_per_token: 0, output_cost_per_token: {price}"));
    let config = Config::default().openai("chat", &provider, &format!("order: 1, {cheap}"));
    let config =
        config.openai("chat", &provider, &format!("order: 2, {dear}")).and("router_settings: {cooldown_time: 1}");
    let (code, said, report) = drill(&config.yaml(), &["--calls", "4"]).await;
    assert_eq!(code, Some(0), "{said}");
    let (first, second) = drills(&report).split_at(5);
    assert!(
        first.iter().all(|drill| drill["extra_cost_usd_per_1000_calls"].as_f64().is_some_and(|extra| extra > 0.0)),
        "{report}"
    );
    assert!(second.iter().all(|drill| drill["drilled"] == false), "{report}");
    assert!(said.contains("what stands in for openai/demo costs more"), "{said}");
    assert!(said.contains("it is not used while others are well"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_drilled_is_said_in_words() {
    let (code, said, _) = drill("model_list: []\n", &[]).await;
    assert_eq!(code, Some(2), "{said}");
    let config = Config::default().model("chat", "openai/demo", "http://127.0.0.1:9/v1", "").yaml();
    let (code, said, _) = drill(&config, &["--model", "other"]).await;
    assert!(code == Some(2) && said.contains("no model group is called other"), "{said}");
    let (code, said, _) = drill(&config, &["--faults", "an earthquake"]).await;
    assert_ne!(code, Some(0), "{said}");
}

/// A chat with this key.
fn chat(key: &str) -> Call {
    Front::Chat.call("chat", "hello", false).header("authorization", format!("Bearer {key}"))
}

/// Calls with a key and with another one, in turn, until the drill is over; how the others fared.
async fn call_until_over(gateway: &Gateway, key: &str, other: &str) -> (Value, Vec<(u16, String)>) {
    let (master, begun, mut others) = (Person::of(gateway, MASTER), Instant::now(), Vec::new());
    loop {
        gateway.call(&chat(key)).await;
        let answer = gateway.call(&chat(other)).await;
        others.push((answer.status(), answer.header("x-litellm-attempted-retries").unwrap_or_default().to_owned()));
        let report = master.see("/drill").await;
        if report["running"] == false {
            return (report, others);
        }
        assert!(begun.elapsed() < 3 * PATIENCE, "{report}");
    }
}

#[tokio::test]
async fn a_drill_on_a_keys_live_calls_finds_what_they_would_lose_and_nobody_else_notices() {
    let (one, two) = (mock("").await, mock("").await);
    let price = "input_cost_per_token: 0.000001, output_cost_per_token: 0.000002";
    let config = Config::default().openai("chat", &one, price).openai("chat", &two, price);
    let config = config.openai("lone", &one, "").and("router_settings: {cooldown_time: 1}");
    let gateway = Gateway::start(&config.and(&format!("general_settings: {{master_key: {MASTER}}}")).yaml()).await;
    let master = Person::of(&gateway, MASTER);
    let key = |alias: &str| master.done("POST", "/key/generate", json!({ "key_alias": alias }));
    let (key, other) = (key("drilled").await["key"].clone(), key("other").await["key"].clone());
    let (key, other) = (key.as_str().expect("it is shown").to_owned(), other.as_str().expect("so is this").to_owned());

    assert_eq!(master.see("/drill").await["running"], false);
    let start =
        json!({ "key": key, "percent": 100, "model": "chat", "seconds": 1, "faults": ["status 500", "closed"] });
    let begun = master.done("POST", "/drill/start", start.clone()).await;
    assert_eq!((&begun["running"], &begun["drilled"]), (&json!(true), &json!("100 percent of the calls of drilled")));
    let why = master.refused("POST", "/drill/start", start.clone(), 400).await;
    assert!(why.contains("running already"), "{why}");
    let (report, others) = call_until_over(&gateway, &key, &other).await;
    assert_eq!((drills(&report).len(), &report["ended_because"]), (4, &Value::Null), "{report}");
    for drill in drills(&report) {
        assert_eq!((&drill["drilled"], &drill["calls_lost"]), (&json!(true), &json!(0)), "{drill}");
        assert!(drill["calls"].as_u64().is_some_and(|calls| calls > 0), "{drill}");
        assert!(drill["recovered_after_ms"].as_u64().is_some_and(|ms| ms < 10_000), "{drill}");
    }
    // Whoever is not drilled never even tried again.
    assert!(others.iter().all(|other| *other == (200, "0".to_owned())), "{others:?}");

    // What broke has cost nothing and is in the books as what it is.
    let logs = master.see("/spend/logs?status_filter=failure").await;
    let rows = logs.as_array().expect("there are some");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["spend"] == 0.0 || row["spend"] == 0), "{logs}");
    for (wrong, part) in [
        (json!({ "key": key, "percent": 101 }), "100 at most"),
        (json!({ "key": key, "percent": 1, "faults": ["cut"] }), "no fault is called"),
        (json!({ "key": key, "percent": 1, "model": "nobody" }), "no deployment"),
        (json!({ "key": key, "percent": 1, "seconds": 300 }), "more than an hour"),
    ] {
        let why = master.refused("POST", "/drill/start", wrong.clone(), 400).await;
        assert!(why.contains(part), "{wrong}: {why}");
    }
    master.refused("POST", "/drill/start", json!({ "key": "sk-of-nobody", "percent": 1 }), 404).await;
}

#[tokio::test]
async fn a_stream_that_got_signs_of_life_and_then_a_fault_is_lost_to_a_live_drill() {
    let provider = mock("").await;
    let config = Config::default().openai("chat", &provider, "stream_timeout: 1");
    let config = config.and("router_settings: {cooldown_time: 1, num_retries: 0}");
    let gateway = Gateway::start(&config.and(&format!("general_settings: {{master_key: {MASTER}}}")).yaml()).await;
    let master = Person::of(&gateway, MASTER);
    let key = master.done("POST", "/key/generate", json!({})).await["key"].as_str().expect("it is shown").to_owned();
    master
        .done("POST", "/drill/start", json!({ "key": key, "percent": 100, "seconds": 3, "faults": ["no headers"] }))
        .await;
    let (begun, mut broken) = (Instant::now(), 0);
    let finding = loop {
        let call = Front::Chat.call("chat", "hello", true).header("authorization", format!("Bearer {key}"));
        let answer = gateway.call(&call.header("x-litellm-keepalive-seconds", "0.2")).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        broken += u64::from(answer.text().contains("\"error\""));
        let report = master.see("/drill").await;
        if let Some(finding) = drills(&report).first() {
            break finding.clone();
        }
        assert!(begun.elapsed() < 3 * PATIENCE, "{report}");
    };
    let lost = finding["calls_lost"].as_u64().unwrap_or_default();
    assert!(0 < lost && lost <= broken, "{broken} of its callers were told of a fault: {finding}");
}

#[tokio::test]
async fn a_live_drill_shows_what_a_lone_deployment_loses_and_ends_when_it_is_stopped() {
    let provider = mock("").await;
    let config =
        Config::default().openai("chat", &provider, "").and("router_settings: {cooldown_time: 1, num_retries: 0}");
    let gateway = Gateway::start(&config.and(&format!("general_settings: {{master_key: {MASTER}}}")).yaml()).await;
    let master = Person::of(&gateway, MASTER);
    let key = master.done("POST", "/key/generate", json!({})).await["key"].as_str().expect("it is shown").to_owned();
    let start = json!({ "key": key, "percent": 100, "seconds": 1, "faults": ["refused", "status 503"] });
    let nobody = Person::of(&gateway, key.clone());
    nobody.refused("POST", "/drill/start", start.clone(), 403).await;
    nobody.refused("POST", "/drill/stop", json!({}), 403).await;
    master.done("POST", "/drill/start", start).await;
    let begun = Instant::now();
    let first = loop {
        gateway.call(&chat(&key)).await;
        let report = master.see("/drill").await;
        if let Some(first) = drills(&report).first() {
            break first.clone();
        }
        assert!(begun.elapsed() < 3 * PATIENCE, "{report}");
    };
    assert_eq!((&first["fault"], &first["drilled"]), (&json!("refused"), &json!(true)), "{first}");
    assert!(first["calls_lost"].as_u64().is_some_and(|lost| lost > 0), "{first}");
    let stopped = master.done("POST", "/drill/stop", json!({})).await;
    assert_eq!((&stopped["running"], &stopped["ended_because"]), (&json!(false), &json!("somebody stopped it")));
    assert_eq!(gateway.call(&chat(&key)).await.status(), 200, "calls go on as ever");

    let begun = Instant::now();
    let kept = loop {
        let listed = master.see("/drill/list?limit=1").await;
        if listed["reports"][0]["running"] == false {
            break listed["reports"][0].clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{listed}");
    };
    assert_eq!((&kept["id"], &kept["drills"]), (&stopped["id"], &stopped["drills"]));
    nobody.refused("GET", "/drill/list", Value::Null, 403).await;
    let folder = gateway.kill().await;
    let gateway = Gateway::spawn(folder, &["--config", "config.yaml", "--host", "127.0.0.1"], &[]).await;
    let shown = Person::of(&gateway, MASTER).see("/drill").await;
    assert_eq!(shown, kept, "a restart loses nothing");
}
