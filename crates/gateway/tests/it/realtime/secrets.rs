//! Secrets with which browsers open sessions on behalf of who has a key.

use serde_json::{Value, json};

use super::{MASTER, Socket, Stage, respond, said};

async fn made(stage: &Stage, key: &str, path: &str, body: Value) -> Value {
    crate::manage::Person::of(&stage.gateway, key).done("POST", path, body).await
}

async fn dial(stage: &Stage, secret: &str) -> Result<Socket, super::Refused> {
    let protocols = format!("realtime, openai-insecure-api-key.{secret}");
    Socket::dial(stage.gateway.addr, "/v1/realtime", &[("sec-websocket-protocol", &protocols)]).await
}

#[tokio::test]
async fn a_secret_opens_a_session_that_its_maker_pays_for() {
    let stage = Stage::open("key=UPSTREAM", "").await;
    let body = json!({ "session": { "model": "talk" } });
    let refused = stage.master().ask("POST", "/v1/realtime/client_secrets", body).await;
    assert_eq!(refused.status(), 502, "the provider wants its key");
    let stage = Stage::open("", "").await;
    let key = stage.key(json!({ "models": ["talk"] })).await;
    let body = json!({ "session": { "type": "realtime", "model": "talk", "instructions": "be brief" } });
    let secret = made(&stage, &key, "/v1/realtime/client_secrets", body).await;
    let asked = stage.provider.requests().pop().unwrap();
    assert_eq!(
        (asked.target.as_str(), &asked.json()["session"]["model"]),
        ("/v1/realtime/client_secrets", &json!("gpt-realtime"))
    );
    assert_eq!(secret["session"]["instructions"], "be brief");
    let value = secret["value"].as_str().unwrap();
    assert!(value.starts_with("ek_") && !value.contains("mock") && !value.contains(&key), "{value}");
    let mut socket = dial(&stage, value).await.unwrap();
    socket.until("session.created").await;
    let asked = stage.provider.requests().pop().unwrap();
    // The session is the one that was prepared: it has the provider's own secret.
    assert_eq!(asked.header("authorization"), Some("Bearer ek_mock_1"));
    socket.say(said("hello")).await;
    socket.say(respond()).await;
    socket.until("response.done").await;
    socket.close(1000, "").await;
    socket.rest().await;
    let row = stage.logged(2).await;
    assert!(row["spend"].as_f64().unwrap() > 0.0, "{row}");
    let info = stage.master().see(&format!("/key/info?key={key}")).await;
    assert_eq!(info["info"]["spend"], row["spend"]);
    stage.master().done("POST", "/key/delete", json!({ "keys": [key] })).await;
    assert_eq!(dial(&stage, value).await.err().map(|refused| refused.status), Some(401));
}

#[tokio::test]
async fn the_older_ways_to_a_secret_hide_the_providers_too() {
    let stage = Stage::open("", "").await;
    let session = made(&stage, MASTER, "/v1/realtime/sessions", json!({ "model": "talk", "voice": "alloy" })).await;
    assert_eq!((&session["model"], &session["voice"]), (&json!("gpt-realtime"), &json!("alloy")));
    let value = session["client_secret"]["value"].as_str().unwrap();
    dial(&stage, value).await.unwrap().until("session.created").await;
    let writes = json!({ "input_audio_transcription": { "model": "talk" } });
    let session = made(&stage, MASTER, "/v1/realtime/transcription_sessions", writes).await;
    let value = session["client_secret"]["value"].as_str().unwrap();
    assert!(value.starts_with("ek_") && !value.contains("mock"), "{session}");
}

#[tokio::test]
async fn a_secret_that_was_changed_or_is_used_for_something_else_opens_nothing() {
    let stage = Stage::open("", "").await;
    let body = json!({ "session": { "type": "realtime", "model": "talk" } });
    let secret = made(&stage, MASTER, "/v1/realtime/client_secrets", body.clone()).await;
    let value = secret["value"].as_str().unwrap();
    let mut changed = value.to_owned();
    let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.insert(20, last);
    for wrong in [&*changed, "ek_", "ek_mock_1", "ek_AAAA"] {
        assert_eq!(dial(&stage, wrong).await.err().map(|refused| refused.status), Some(401), "{wrong}");
    }
    let holder = crate::manage::Person::of(&stage.gateway, value);
    assert_eq!(holder.ask("POST", "/v1/realtime/client_secrets", body).await.status(), 401);
    assert_eq!(holder.ask("GET", "/v1/models", Value::Null).await.status(), 401);
    let broke = stage.key(json!({ "max_budget": 0 })).await;
    let refused = crate::manage::Person::of(&stage.gateway, broke);
    let refused = refused.ask("POST", "/v1/realtime/client_secrets", json!({ "session": { "model": "nobody" } })).await;
    assert_eq!(refused.status(), 400, "{}", refused.text());
}
