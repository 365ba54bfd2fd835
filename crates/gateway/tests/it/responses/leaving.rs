//! Answers whose caller leaves in mid-stream: what was made is kept, as one that was given up.

use serde_json::{Value, json};

use super::{path, respond};
use crate::backs::{Back, Config, asked, mock};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// A gateway in front of a provider that never comes to the end of its answers.
async fn scene() -> (Gateway, drill::mock::Mock) {
    let mock = mock("").await;
    let base = Back::OpenAi.base(&mock.url());
    let config = Config::default()
        .model("endless", "openai/demo@fault=stall,after=4", &base, "use_chat_completions_api: true")
        .model("bridged", "openai/demo", &base, "use_chat_completions_api: true")
        .and("router_settings: {num_retries: 0}")
        .and(&format!("general_settings:\n  master_key: {MASTER}\n"));
    (Gateway::start(&config.yaml()).await, mock)
}

/// Begins an answer, reads until there is some text of it, and leaves. Returns how it begins, and the text.
async fn leave(gateway: &Gateway, body: &Value) -> (Value, String) {
    let call = Call::post("/v1/responses", body).header("authorization", format!("Bearer {MASTER}"));
    let mut stream = call.open(gateway.addr).await;
    let (mut begun, mut said) = (Value::Null, String::new());
    let mut text = String::new();
    while said.split_whitespace().count() < 2 {
        let piece = stream.piece().await.expect("it goes on");
        text.push_str(std::str::from_utf8(&piece).expect("text"));
        while let Some((event, rest)) = text.split_once("\n\n").map(|(event, rest)| (event.to_owned(), rest.to_owned()))
        {
            text = rest;
            let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
            let data: Value = serde_json::from_str(data).expect("JSON");
            match data["type"].as_str() {
                Some("response.created") => begun = data["response"].clone(),
                Some("response.output_text.delta") => said.push_str(data["delta"].as_str().expect("text")),
                _ => {}
            }
        }
    }
    (begun, said)
}

#[tokio::test]
async fn what_was_made_for_a_caller_that_left_is_kept_and_never_shown_as_completed() {
    let (gateway, mock) = scene().await;
    let own = Person::of(&gateway, MASTER);
    let asked_for = json!({ "model": "endless", "input": "one two three four five six", "stream": true });
    let (begun, said) = leave(&gateway, &asked_for).await;
    let kept = until(async || {
        let answer = own.ask("GET", &path(&begun), Value::Null).await;
        (answer.status() == 200).then(|| answer.json())
    })
    .await;
    assert_eq!((&kept["status"], &kept["id"]), (&json!("cancelled"), &begun["id"]), "{kept}");
    assert_eq!(kept["output"][0]["status"], "incomplete");
    let text = kept["output"][0]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with(&said), "{text} {said}");
    assert!(kept.get("completed_at").is_none());
    // A conversation can go on from it.
    let go_on = json!({ "model": "bridged", "input": "go on", "previous_response_id": begun["id"] });
    respond(&own, go_on).await;
    let sent = String::from_utf8_lossy(&asked(&mock, "go on")[0].body).into_owned();
    assert!(sent.contains(text.trim()), "{sent}");
    let told = super::events(&own.ask("GET", &format!("{}?stream=true", path(&begun)), Value::Null).await);
    assert_eq!(told.last().unwrap()["type"], "response.cancelled");
}

#[tokio::test]
async fn what_is_not_to_be_kept_is_not_kept_of_who_left_either() {
    let (gateway, _mock) = scene().await;
    let own = Person::of(&gateway, MASTER);
    let asked_for = json!({ "model": "endless", "input": "one two three four five", "stream": true, "store": false });
    let (begun, _) = leave(&gateway, &asked_for).await;
    // The log has the call when it is over; by then it would be kept.
    until(async || {
        let page = own.see("/spend/logs/v2").await;
        page["data"].as_array()?.iter().any(|row| row["call_type"] == "aresponses").then_some(())
    })
    .await;
    own.refused("GET", &path(&begun), Value::Null, 404).await;
}
