//! Answers that are made while nobody waits for them.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Scene, config, events, path, respond};
use crate::backs::{asked, mock};
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Person};

/// Asks until the answer is in another state than those of one that is being made.
pub async fn ended(person: &Person<'_>, path: &str) -> Value {
    let began = Instant::now();
    loop {
        let answer = person.see(path).await;
        if !["queued", "in_progress"].contains(&answer["status"].as_str().unwrap_or_default()) {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE * 3, "{answer}");
    }
}

#[tokio::test]
async fn an_answer_is_made_in_the_background_and_asked_for_until_it_is_there() {
    let scene = Scene::new().await;
    let own = scene.person(json!({})).await;
    let begun = respond(&own, json!({ "model": "bridged", "input": "hello", "background": true })).await;
    assert_eq!(
        (&begun["status"], &begun["background"], &begun["output"]),
        (&json!("queued"), &json!(true), &json!([]))
    );
    let made = ended(&own, &path(&begun)).await;
    assert_eq!((&made["status"], &made["id"], &made["background"]), (&json!("completed"), &begun["id"], &json!(true)));
    assert!(made["usage"]["output_tokens"].as_u64() > Some(0), "{made}");
    assert!(!String::from_utf8_lossy(&asked(&scene.mock, "hello")[0].body).contains("background"));
    // It goes on like any other.
    respond(&own, json!({ "model": "bridged", "input": "go on", "previous_response_id": made["id"] })).await;
    let again = own.done("POST", &format!("{}/cancel", path(&made)), Value::Null).await;
    assert_eq!(again["status"], "completed", "what is over stays so");
}

#[tokio::test]
async fn one_that_is_given_up_is_cancelled_and_its_provider_hears_of_it() {
    let scene = Scene::new().await;
    let own = scene.master();
    let begun = respond(&own, json!({ "model": "slow", "input": "slowly", "background": true })).await;
    let running = own.see(&path(&begun)).await;
    assert_eq!(running["status"], "in_progress", "{running}");
    let go_on = json!({ "model": "bridged", "input": "x", "previous_response_id": begun["id"] });
    own.refused("POST", "/v1/responses", go_on, 400).await;
    let cancelled = own.done("POST", &format!("{}/cancel", path(&begun)), Value::Null).await;
    assert_eq!((&cancelled["status"], &cancelled["id"]), (&json!("cancelled"), &begun["id"]));
    assert_eq!(own.see(&path(&begun)).await["status"], "cancelled");
    let deleted = respond(&own, json!({ "model": "slow", "input": "slowly", "background": true })).await;
    own.done("DELETE", &path(&deleted), Value::Null).await;
    own.refused("GET", &path(&deleted), Value::Null, 404).await;
}

#[tokio::test]
async fn one_that_fails_says_why() {
    let scene = Scene::new().await;
    let own = scene.master();
    let begun = respond(&own, json!({ "model": "broken", "input": "hello", "background": true })).await;
    let failed = ended(&own, &path(&begun)).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["error"]["message"].as_str().is_some_and(|why| !why.is_empty()), "{failed}");
    own.refused(
        "POST",
        "/v1/responses",
        json!({ "model": "bridged", "input": "x", "background": true, "store": false }),
        400,
    )
    .await;
}

#[tokio::test]
async fn its_stream_can_be_followed_from_any_event_on() {
    let scene = Scene::new().await;
    let own = scene.master();
    let body = json!({ "model": "bridged", "input": "hello", "background": true, "stream": true });
    let answer = own.ask("POST", "/v1/responses", body).await;
    let all = events(&answer);
    let last = all.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    assert_eq!((&last["response"]["background"], &all[0]["response"]["background"]), (&json!(true), &json!(true)));
    let numbers: Vec<_> = all.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..all.len() as u64).collect::<Vec<_>>());
    let at = path(&last["response"]);
    assert_eq!(own.see(&at).await["output"], last["response"]["output"]);
    let rest = own.ask("GET", &format!("{at}?stream=true&starting_after=2"), Value::Null).await;
    assert!(rest.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")));
    assert_eq!(events(&rest), all[3..]);
    own.refused("GET", &format!("{at}?stream=true&starting_after=x"), Value::Null, 400).await;
}

#[tokio::test]
async fn one_that_was_not_begun_as_a_stream_is_told_in_events_when_it_is_over() {
    let scene = Scene::new().await;
    let own = scene.master();
    for background in [true, false] {
        let begun = respond(&own, json!({ "model": "bridged", "input": "hello", "background": background })).await;
        // Whoever asks before it is over waits for the rest.
        let told = events(&own.ask("GET", &format!("{}?stream=true", path(&begun)), Value::Null).await);
        let made = ended(&own, &path(&begun)).await;
        assert_eq!((&told[0]["type"], &told[0]["response"]["output"]), (&json!("response.created"), &json!([])));
        let numbers: Vec<_> = told.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..told.len() as u64).collect::<Vec<_>>());
        let pieces: String = told
            .iter()
            .filter(|event| event["type"] == "response.output_text.delta")
            .map(|event| event["delta"].as_str().unwrap())
            .collect();
        assert_eq!(made["output"][0]["content"][0]["text"], pieces);
        let last = told.last().unwrap();
        assert_eq!((&last["type"], &last["response"]), (&json!("response.completed"), &made));
        for (after, left) in [(0, told.len() - 1), (told.len() - 2, 1), (told.len() + 40, 1)] {
            let at = format!("{}?stream=true&starting_after={after}", path(&begun));
            let rest = events(&own.ask("GET", &at, Value::Null).await);
            assert_eq!((rest.len(), &rest.last().unwrap()["response"]), (left, &made), "after {after}");
        }
    }
}

#[tokio::test]
async fn where_the_provider_makes_it_in_the_background_itself_it_passes() {
    let scene = Scene::new().await;
    respond(&scene.master(), json!({ "model": "native", "input": "hello", "background": true })).await;
    assert!(String::from_utf8_lossy(&asked(&scene.mock, "hello")[0].body).contains("\"background\":true"));
}

#[tokio::test]
async fn what_a_restart_interrupts_has_failed() {
    let mock = mock("").await;
    let gateway = Gateway::start(&config(&mock, "")).await;
    let own = Person::of(&gateway, MASTER);
    let begun = respond(&own, json!({ "model": "slow", "input": "slowly", "background": true })).await;
    let kept = respond(&own, json!({ "model": "bridged", "input": "hello" })).await;
    let (at, before) = (path(&begun), path(&kept));
    let mut gateway = gateway;
    gateway.signal("TERM").await;
    gateway.ended(PATIENCE * 3).await;
    let folder = gateway.kill().await;
    let flags = ["--config", "config.yaml", "--host", "127.0.0.1", "--num_workers", "2"];
    let gateway = Gateway::spawn(folder, &flags, &[]).await;
    let own = Person::of(&gateway, MASTER);
    let failed = own.see(&at).await;
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("server_error")), "{failed}");
    assert_eq!(own.see(&before).await, kept, "what was kept is still there");
}
