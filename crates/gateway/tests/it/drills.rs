//! `lockgate drill`: what a configuration is worth when providers break, found out without calling any.

use std::fs;

use serde_json::Value;

use crate::backs::{Config, mock};
use crate::gateway::{Folder, lockgate, run};

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
