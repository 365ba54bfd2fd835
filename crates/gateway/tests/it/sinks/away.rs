//! A sink that is away, hangs or refuses: no call notices, and it is told as soon as it is back.

use std::time::{Duration, Instant};

use super::ear::{Ear, until};
use super::metrics;
use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::gateway::Gateway;

/// A gateway that tells two sinks: this one, and another one that is well.
async fn gateway(ill: &Ear, well: &Ear) -> (Gateway, drill::mock::Mock) {
    let provider = mock("").await;
    let text = Config::of(&provider)
        .and("litellm_settings: {callbacks: [ill, well]}")
        .and(&format!(
            "callback_settings:\n  ill: {{callback_type: generic_api, endpoint: '{}', flush_interval: 0.1}}\n  well: \
             {{callback_type: generic_api, endpoint: '{}', flush_interval: 0.1}}",
            ill.url("/ill"),
            well.url("/well")
        ))
        .and(&format!("general_settings: {{master_key: {}}}", crate::manage::MASTER));
    (Gateway::start(&text.yaml()).await, provider)
}

/// So many calls, and how long the slowest of them took.
async fn calls(gateway: &Gateway, count: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..count {
        let begun = Instant::now();
        let answer = super::ask(gateway, &Front::Chat.call("demo", "hello", true)).await;
        assert_eq!(answer.status(), 200);
        slowest = slowest.max(begun.elapsed());
    }
    slowest
}

/// Waits until a sink has been told of so many calls.
async fn told(ear: &Ear, path: &str, count: usize) {
    ear.hears(path, |heard| {
        let told: usize = heard.iter().map(|heard| heard.json().as_array().expect("a list").len()).sum();
        assert!(told <= count, "nothing is told twice");
        (told == count).then_some(())
    })
    .await;
}

/// Waits until the page of metrics has this line.
async fn counted(gateway: &Gateway, line: &str) {
    until(async || metrics(gateway).await.lines().any(|known| known == line).then_some(())).await;
}

#[tokio::test]
async fn a_sink_that_comes_back_is_told_of_everything_that_it_missed() {
    let (ill, well) = (Ear::open().await, Ear::open().await);
    let (gateway, _provider) = gateway(&ill, &well).await;
    ill.refuse(3);
    calls(&gateway, 5).await;
    told(&well, "/well", 5).await;
    until(async || (ill.asked() >= 1).then_some(())).await;
    calls(&gateway, 5).await;
    told(&ill, "/ill", 10).await;
    told(&well, "/well", 10).await;
    counted(&gateway, "lockgate_sink_sent_total{sink=\"ill\"} 10").await;
    counted(&gateway, "lockgate_sink_failures_total{sink=\"ill\"} 3").await;
    counted(&gateway, "lockgate_sink_waiting{sink=\"ill\"} 0").await;
}

#[tokio::test]
async fn a_sink_that_hangs_delays_nobody() {
    let (ill, well) = (Ear::open().await, Ear::open().await);
    let (gateway, _provider) = gateway(&ill, &well).await;
    ill.refuse(-1);
    let slowest = calls(&gateway, 20).await;
    until(async || (ill.asked() >= 1).then_some(())).await;
    let meanwhile = calls(&gateway, 20).await;
    told(&well, "/well", 40).await;
    assert!(slowest.max(meanwhile) < Duration::from_secs(5), "{slowest:?}, {meanwhile:?}");
    counted(&gateway, "lockgate_sink_waiting{sink=\"ill\"} 40").await;
}

#[tokio::test]
async fn what_a_sink_refuses_for_good_is_counted_and_not_tried_again() {
    let (ill, well) = (Ear::open().await, Ear::open().await);
    let (gateway, _provider) = gateway(&ill, &well).await;
    ill.answer_with(401);
    calls(&gateway, 3).await;
    counted(&gateway, "lockgate_sink_dropped_total{sink=\"ill\",reason=\"refused\"} 3").await;
    gateway.logged("a sink is not told of everything: it answered with status 401").await;
    ill.answer_with(200);
    calls(&gateway, 2).await;
    told(&ill, "/ill", 2).await;
}

#[tokio::test]
async fn what_waits_is_told_before_the_gateway_ends_and_a_sink_that_hangs_does_not_hold_it_up() {
    let (ill, well) = (Ear::open().await, Ear::open().await);
    let (mut gateway, _provider) = gateway(&ill, &well).await;
    ill.refuse(-1);
    calls(&gateway, 7).await;
    gateway.signal("TERM").await;
    assert!(gateway.ended(Duration::from_secs(30)).await.success());
    told(&well, "/well", 7).await;
}

#[tokio::test]
async fn a_table_that_nobody_may_make_is_written_to_all_the_same() {
    let (ear, provider) = (Ear::open().await, mock("").await);
    let text = Config::of(&provider)
        .and("litellm_settings: {callbacks: [clickhouse]}")
        .and(&format!("callback_settings: {{clickhouse: {{url: '{}', flush_interval: 0.1}}}}", ear.url("/")))
        .and(&format!("general_settings: {{master_key: {}}}", crate::manage::MASTER));
    let gateway = Gateway::start(&text.yaml()).await;
    ear.refuse(1);
    calls(&gateway, 1).await;
    ear.hears("/", |heard| heard.iter().any(|heard| heard.path.contains("INSERT")).then_some(())).await;
    assert_eq!(ear.asked(), 2, "neither is tried again");
}
