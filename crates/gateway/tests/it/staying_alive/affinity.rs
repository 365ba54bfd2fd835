//! Calls that belong together stay with one deployment.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use drill::mock::{Mock, Options};
use serde_json::json;

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Person};

const NAMES: [&str; 3] = ["one", "two", "three"];

/// A group `demo` of three deployments, each of which says which one it is.
async fn three(settings: &str) -> ([Mock; 3], Config) {
    let mocks = [mock("text=one").await, mock("text=two").await, mock("text=three").await];
    let config = mocks.iter().fold(Config::default(), |config, mock| config.openai("demo", mock, ""));
    (mocks, config.and(&format!("router_settings: {{{settings}}}")))
}

fn in_session(session: &str) -> Call {
    Front::Chat.call("demo", "hello", false).header("x-litellm-session-id", session)
}

async fn answered(gateway: &Gateway, call: &Call) -> String {
    let answer = gateway.call(call).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    Front::Chat.hear(&answer).text
}

#[tokio::test]
async fn a_session_stays_with_its_deployment_through_restarts_and_whoever_serves_it() {
    let (_mocks, config) = three("optional_pre_call_checks: [session_affinity], routing_strategy: least-busy").await;
    let mut homes = HashMap::new();
    for _ in 0..2 {
        let gateway = Gateway::start(&config.yaml()).await;
        for round in 0..3 {
            for number in 0..30 {
                let home = answered(&gateway, &in_session(&format!("s{number}"))).await;
                let known = homes.entry(number).or_insert_with(|| home.clone());
                assert_eq!(*known, home, "session {number} in round {round}");
            }
        }
    }
    let used: HashSet<_> = homes.values().map(String::as_str).collect();
    assert_eq!(used, NAMES.into(), "sessions are shared out");
}

#[tokio::test]
async fn a_session_whose_deployment_fails_is_served_elsewhere_and_comes_back() {
    let (mocks, config) = three("optional_pre_call_checks: [session_affinity], cooldown_time: 1").await;
    let gateway = Gateway::start(&config.yaml()).await;
    let home = answered(&gateway, &in_session("s")).await;
    let mut mocks = Vec::from(mocks);
    let index = NAMES.iter().position(|name| *name == home).expect("one of the three");
    let addr = mocks.remove(index).addr();
    let away = answered(&gateway, &in_session("s")).await;
    assert_ne!(away, home);
    for _ in 0..5 {
        assert_eq!(answered(&gateway, &in_session("s")).await, away, "all of the session has one stand-in");
    }
    let options = Options { addr, knobs: format!("text={home}"), ..Options::default() };
    let _back = Mock::start(options).await.expect("it comes back");
    let began = Instant::now();
    while answered(&gateway, &in_session("s")).await != home {
        assert!(began.elapsed() < PATIENCE, "it never comes back");
    }
}

#[tokio::test]
async fn a_key_stays_with_its_deployment_where_its_calls_name_no_session() {
    let (_mocks, config) = three("optional_pre_call_checks: [session_affinity, deployment_affinity]").await;
    let gateway = Gateway::start(&config.and(&format!("general_settings: {{master_key: {MASTER}}}")).yaml()).await;
    let mut used = HashSet::new();
    for _ in 0..20 {
        let made = Person::of(&gateway, MASTER).done("POST", "/key/generate", json!({})).await;
        let bearer = format!("Bearer {}", made["key"].as_str().expect("a key is shown"));
        let call = Front::Chat.call("demo", "hello", false).header("authorization", bearer);
        let home = answered(&gateway, &call).await;
        for _ in 0..4 {
            assert_eq!(answered(&gateway, &call).await, home);
        }
        used.insert(home);
    }
    assert_eq!(used.len(), 3, "keys are shared out");
}

#[tokio::test]
async fn a_long_conversation_stays_where_its_beginning_is_cached() {
    let (_mocks, config) = three("model_group_affinity_config: {demo: [prompt_caching]}").await;
    let gateway = Gateway::start(&config.yaml()).await;
    let mut used = HashSet::new();
    for number in 0..20 {
        let mut messages = vec![
            json!({ "role": "system", "content": "be kind ".repeat(1_000) }),
            json!({ "role": "user", "content": format!("question {number}") }),
        ];
        let mut home = None;
        for turn in 0..4 {
            let call = Front::Chat.call_with(json!({ "model": "demo", "messages": messages }));
            let text = answered(&gateway, &call).await;
            assert_eq!(*home.get_or_insert_with(|| text.clone()), text, "turn {turn} of conversation {number}");
            messages.push(json!({ "role": "assistant", "content": text }));
            messages.push(json!({ "role": "user", "content": format!("and {turn}?") }));
        }
        used.extend(home);
    }
    assert_eq!(used.len(), 3, "conversations are shared out");
}
