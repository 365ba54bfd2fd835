//! A new configuration while calls are in flight: by a changed file, by a signal, by a request. What is wrong changes
//! nothing and says where it is wrong.

use std::time::Instant;

use drill::mock::Mock;
use serde_json::json;

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::{Answer, Call};
use crate::gateway::{Folder, Gateway, PATIENCE};

async fn chat(gateway: &Gateway, model: &str) -> Answer {
    gateway.call(&Front::Chat.call(model, "hello", false)).await
}

/// A configuration in which `name` is the only model.
fn only(name: &str, provider: &Mock) -> String {
    Config::default().openai(name, provider, "").yaml()
}

async fn reload(gateway: &Gateway) -> Answer {
    gateway.call(&Call::new("POST", "/config/reload")).await
}

/// Waits until `model` is served, asking again and again.
async fn served(gateway: &Gateway, model: &str) {
    let begun = Instant::now();
    while chat(gateway, model).await.status() != 200 {
        assert!(begun.elapsed() < PATIENCE, "{model} is not served:\n{}", gateway.log());
    }
}

#[tokio::test]
async fn a_configuration_is_checked_before_it_is_taken() {
    let provider = mock("").await;
    let gateway = Gateway::start(&only("old", &provider)).await;
    let check = async |draft: String| {
        let answer = gateway.call(&Call::new("POST", "/config/check").body(draft)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        answer.json()
    };
    let same = check(String::new()).await;
    assert_eq!((&same["valid"], &same["changes"]), (&json!(true), &json!([])), "the file itself is what runs");
    let better = check(only("new", &provider)).await;
    let paths: Vec<&str> =
        better["changes"].as_array().unwrap().iter().filter_map(|change| change["path"].as_str()).collect();
    assert_eq!(better["valid"], true);
    assert!(
        paths.contains(&"model_list[old].model_name") && paths.contains(&"model_list[new].model_name"),
        "{paths:?}"
    );
    let worse = check("model_list: [{litellm_params: 3}]".to_owned()).await;
    assert_eq!(worse["valid"], false);
    let findings: Vec<&str> = worse["findings"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    assert!(findings.iter().any(|finding| finding.contains("error: model_list[0].litellm_params")), "{findings:?}");
    assert_eq!(
        (chat(&gateway, "old").await.status(), chat(&gateway, "new").await.status()),
        (200, 400),
        "nothing is taken"
    );
}

#[tokio::test]
async fn a_changed_file_is_noticed() {
    let provider = mock("").await;
    let gateway = Gateway::start(&only("old", &provider)).await;
    assert_eq!((chat(&gateway, "old").await.status(), chat(&gateway, "new").await.status()), (200, 400));
    gateway.reconfigure(&only("new", &provider));
    served(&gateway, "new").await;
    assert_eq!(chat(&gateway, "old").await.status(), 400);
}

#[tokio::test]
async fn a_changed_file_that_is_included_is_noticed_too() {
    let provider = mock("").await;
    let folder = Folder::new();
    folder.write("models.yaml", &only("old", &provider));
    folder.write("config.yaml", &format!("include: [models.yaml]\n{}", only("main", &provider)));
    let gateway = Gateway::spawn(folder, &["--config", "./config.yaml"], &[]).await;
    assert_eq!((chat(&gateway, "old").await.status(), chat(&gateway, "new").await.status()), (200, 400));
    gateway.replace("models.yaml", &only("new", &provider));
    served(&gateway, "new").await;
    assert_eq!(chat(&gateway, "main").await.status(), 200);
}

#[tokio::test]
async fn a_hangup_signal_reloads() {
    let provider = mock("").await;
    let gateway = Gateway::start(&only("old", &provider)).await;
    gateway.reconfigure(&only("new", &provider));
    gateway.signal("HUP").await;
    gateway.logged("configuration reloaded").await;
    assert_eq!((chat(&gateway, "new").await.status(), chat(&gateway, "old").await.status()), (200, 400));
}

#[tokio::test]
async fn a_request_reloads_and_says_so() {
    let provider = mock("").await;
    let gateway = Gateway::start(&only("old", &provider)).await;
    gateway.reconfigure(&only("new", &provider));
    let answer = reload(&gateway).await;
    assert_eq!((answer.status(), answer.json()["status"].as_str()), (200, Some("reloaded")), "{}", answer.text());
    assert_eq!((chat(&gateway, "new").await.status(), chat(&gateway, "old").await.status()), (200, 400));
    let models = gateway.call(&Call::get("/v1/models")).await.json();
    assert_eq!(models["data"][0]["id"], "new");
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_reports_line_and_remedy() {
    let provider = mock("").await;
    let good = only("old", &provider);
    let gateway = Gateway::start(&good).await;
    for (what, bad, line) in [
        ("not YAML", format!("{good}router_settings: [unclosed\n"), 4),
        ("no model", good.replace("model: \"openai/demo\", ", ""), 3),
        ("a number of retries that is none", format!("{good}router_settings:\n  num_retries: many\n"), 5),
        ("a weight that is no number", good.replace("api_key:", "weight: heavy, api_key:"), 3),
    ] {
        gateway.reconfigure(&bad);
        let answer = reload(&gateway).await;
        let status = answer.json()["status"].as_str().map(str::to_owned);
        assert_eq!((answer.status(), status.as_deref()), (422, Some("unchanged")), "{what}: {}", answer.text());
        let findings = answer.json()["findings"].to_string();
        let places = [format!("line {line}"), format!(":{line}:")];
        assert!(places.iter().any(|place| findings.contains(place)), "{what}: line {line} is not named: {findings}");
        assert_eq!(chat(&gateway, "old").await.status(), 200, "{what}: the old setup is gone");
    }
    gateway.reconfigure(&only("new", &provider));
    assert_eq!(reload(&gateway).await.status(), 200);
    assert_eq!(chat(&gateway, "new").await.status(), 200);
}

#[tokio::test]
async fn a_file_that_is_gone_changes_nothing() {
    let provider = mock("").await;
    let gateway = Gateway::start(&only("old", &provider)).await;
    gateway.lose_config();
    assert_eq!(reload(&gateway).await.status(), 422);
    assert_eq!(chat(&gateway, "old").await.status(), 200);
}

#[tokio::test]
async fn calls_in_flight_finish_on_the_setup_they_began_with() {
    let (before, after) = (mock("chunks=20,chunk_ms=50,delay_ms=200").await, mock("").await);
    let gateway = Gateway::start(&only("demo", &before)).await;
    let mut stream = Front::Chat.call("demo", "stream", true).open(gateway.addr).await;
    stream.until("lore").await;
    let addr = gateway.addr;
    let whole = tokio::spawn(async move { Front::Messages.call("demo", "whole", false).send(addr).await });
    before.wait_for(|one| String::from_utf8_lossy(&one.body).contains("whole")).await.expect("the call has arrived");
    gateway.reconfigure(&only("demo", &after));
    assert_eq!(reload(&gateway).await.status(), 200);
    assert_eq!(Front::Chat.hear(&chat(&gateway, "demo").await).text, "You said: hello", "new calls use the new setup");
    let (stream, whole) = (stream.finish().await, whole.await.expect("the call is answered"));
    assert!(Front::Chat.hear(&stream).is_success(), "{}", stream.text());
    assert!(Front::Messages.hear(&whole).is_success(), "{}", whole.text());
    assert_eq!((before.requests().len(), after.requests().len()), (2, 1));
}

#[tokio::test]
async fn a_rest_outlives_a_reload() {
    let (tired, healthy) = (mock("status=429,retry_after=60").await, mock("").await);
    let config = Config::default().openai("demo", &tired, "weight: 1000000000").openai("demo", &healthy, "weight: 1");
    let gateway = Gateway::start(&config.yaml()).await;
    assert_eq!((chat(&gateway, "demo").await.status(), tired.requests().len()), (200, 1));
    gateway.reconfigure(&config.and("router_settings: {num_retries: 1}").yaml());
    assert_eq!(reload(&gateway).await.status(), 200);
    for _ in 0..10 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
    }
    assert_eq!(tired.requests().len(), 1, "a reload woke a resting deployment");
}

#[tokio::test]
async fn many_reloads_under_load_lose_no_call() {
    let provider = mock("").await;
    let config = only("demo", &provider);
    let gateway = Gateway::start(&config).await;
    let addr = gateway.addr;
    let caller = |stream: bool| {
        tokio::spawn(async move {
            for round in 0..100 {
                let answer = Front::Chat.call("demo", &format!("round {round}"), stream).send(addr).await;
                assert_eq!(Front::Chat.hear(&answer).text, format!("You said: round {round}"));
            }
        })
    };
    let callers = [caller(false), caller(true)];
    while !callers.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(reload(&gateway).await.status(), 200);
    }
    for caller in callers {
        caller.await.expect("every call is answered");
    }
}
