//! The Responses API over a WebSocket: each event of the caller's is a call like any other.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Scene, path};
use crate::gateway::PATIENCE;
use crate::manage::{MASTER, Person};
use crate::realtime::socket::{Heard, Refused, Socket};
use crate::sinks::ear::until;

async fn dial(scene: &Scene, key: &str) -> Result<Socket, Refused> {
    Socket::dial(scene.gateway.addr, "/v1/responses", &[("authorization", &format!("Bearer {key}"))]).await
}

async fn connection(scene: &Scene, key: &str) -> Socket {
    dial(scene, key).await.unwrap_or_else(|refused| panic!("{refused:?}"))
}

/// A call for `bridged` with these fields beside.
fn create(input: &str, more: Value) -> Value {
    let mut event = json!({ "type": "response.create", "model": "bridged", "input": input });
    more.as_object().into_iter().flatten().for_each(|(name, value)| event[name] = value.clone());
    event
}

/// The answer to a call: what its last event shows.
async fn answered(socket: &mut Socket) -> Value {
    socket.until("response.completed").await["response"].take()
}

/// The text of an answer.
fn text(answer: &Value) -> &str {
    answer["output"][0]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

/// The last request that the provider got.
fn asked(scene: &Scene) -> Value {
    let requests = scene.mock.requests();
    serde_json::from_slice(&requests.last().expect("a request").body).expect("JSON")
}

#[tokio::test]
async fn a_conversation_goes_on_over_one_connection_and_is_kept() {
    let scene = Scene::new().await;
    for path in ["/v1/responses", "/responses", "/openai/v1/responses"] {
        let authorization = [("authorization", &*format!("Bearer {MASTER}"))];
        let mut socket = Socket::dial(scene.gateway.addr, path, &authorization).await.unwrap();
        socket.say(create("hello", json!({}))).await;
        let first = socket.until("response.created").await;
        assert_eq!((&first["sequence_number"], &first["response"]["status"]), (&json!(0), &json!("in_progress")));
        assert!(first.get("stream_id").is_none(), "{first}");
        let answer = answered(&mut socket).await;
        assert_eq!(text(&answer), "You said: hello");
        socket.say(create("and on", json!({ "previous_response_id": answer["id"] }))).await;
        assert_eq!(text(&answered(&mut socket).await), "You said: and on");
        let turns = asked(&scene)["messages"].take();
        let turns: Vec<_> = turns.as_array().into_iter().flatten().map(|turn| turn["role"].clone()).collect();
        assert_eq!(turns, ["user", "assistant", "user"]);
        assert_eq!(scene.master().see(&super::path(&answer)).await["id"], answer["id"]);
    }
}

#[tokio::test]
async fn what_is_kept_nowhere_is_gone_on_from_on_its_own_connection_alone() {
    let scene = Scene::new().await;
    for model in ["bridged", "native"] {
        let mut socket = connection(&scene, MASTER).await;
        let forgets = |mut fields: Value| {
            (fields["store"], fields["model"]) = (json!(false), json!(model));
            fields
        };
        socket.say(create("one", forgets(json!({})))).await;
        let one = answered(&mut socket).await;
        socket.say(create("two", forgets(json!({ "previous_response_id": one["id"] })))).await;
        let two = answered(&mut socket).await;
        socket.say(create("three", forgets(json!({ "previous_response_id": two["id"] })))).await;
        assert_eq!(text(&answered(&mut socket).await), "You said: three", "{model}");
        let last = asked(&scene);
        let turns = last["messages"].as_array().or(last["input"].as_array()).expect("turns").len();
        assert_eq!(turns, 5, "{model}: {last}");
        assert!(last.get("previous_response_id").is_none());
        scene.master().refused("GET", &path(&two), Value::Null, 404).await;
    }
    let mut other = connection(&scene, MASTER).await;
    let mut socket = connection(&scene, MASTER).await;
    socket.say(create("one", json!({ "store": false }))).await;
    let one = answered(&mut socket).await;
    other.say(create("two", json!({ "previous_response_id": one["id"] }))).await;
    let refusal = other.until("error").await;
    let code = &refusal["error"]["code"];
    assert_eq!((&refusal["status"], code), (&json!(400), &json!("previous_response_not_found")), "{refusal}");
}

#[tokio::test]
async fn what_is_only_noted_asks_nobody_and_is_gone_on_from() {
    let scene = Scene::new().await;
    let mut socket = connection(&scene, MASTER).await;
    socket.say(create("my name is Ada", json!({ "generate": false, "stream_id": "a" }))).await;
    let begun = socket.until("response.created").await;
    assert_eq!((&begun["response"]["status"], &begun["stream_id"]), (&json!("in_progress"), &json!("a")));
    let noted = answered(&mut socket).await;
    assert_eq!((&noted["output"], &noted["usage"]["total_tokens"]), (&json!([]), &json!(0)));
    assert!(scene.mock.requests().is_empty());
    socket.say(create("who am I?", json!({ "previous_response_id": noted["id"], "store": false }))).await;
    assert_eq!(text(&answered(&mut socket).await), "You said: who am I?");
    assert_eq!(asked(&scene)["messages"].as_array().map(Vec::len), Some(2));
    assert!(asked(&scene).get("generate").is_none());
}

#[tokio::test]
async fn lanes_do_not_wait_for_each_other_and_calls_of_one_lane_do() {
    let scene = Scene::new().await;
    let mut socket = connection(&scene, MASTER).await;
    socket.say(create("waits", json!({ "model": "slow", "stream_id": "slow" }))).await;
    socket.say(create("behind it", json!({ "stream_id": "slow" }))).await;
    for turn in ["one", "two"] {
        socket.say(create(turn, json!({ "stream_id": "quick" }))).await;
    }
    for turn in ["one", "two"] {
        let end = socket.until("response.completed").await;
        assert_eq!(end["stream_id"], "quick");
        assert_eq!(text(&end["response"]), format!("You said: {turn}"));
    }
}

#[tokio::test]
async fn no_more_waits_on_a_connection_than_one_message_may_hold_and_no_call_is_larger_than_a_request() {
    let scene = Scene::with("  realtime_max_message_mb: 1\n  max_request_size_mb: 0.5\n").await;
    let mut socket = connection(&scene, MASTER).await;
    socket.say(create("answered", json!({ "model": "slow" }))).await;
    for turn in 0..3 {
        socket.say(create(&"x".repeat(400_000), json!({ "metadata": { "turn": turn.to_string() } }))).await;
    }
    let refusal = socket.until("error").await;
    assert_eq!(refusal["status"], 429, "two wait, a third has no room: {refusal}");
    socket.say(create(&"x".repeat(600_000), json!({ "stream_id": "other" }))).await;
    assert_eq!(socket.until("error").await["status"], 413);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_an_event_and_the_connection_goes_on() {
    let scene = Scene::new().await;
    let mut socket = connection(&scene, MASTER).await;
    for (event, status, param, says) in [
        (json!([]), 400, None, "object"),
        (json!({ "model": "bridged" }), 400, Some("type"), "type"),
        (json!({ "type": "session.update" }), 400, Some("type"), "response.create"),
        (create("x", json!({ "background": true })), 400, Some("background"), "POST /v1/responses"),
        (create("x", json!({ "stream_id": "x".repeat(257) })), 400, Some("stream_id"), "256"),
        (create("x", json!({ "model": "nobody" })), 400, Some("model"), "nobody"),
        (create("x", json!({ "temperature": "hot" })), 400, Some("temperature"), "temperature"),
        (
            create("x", json!({ "previous_response_id": "resp_gwnobodys" })),
            400,
            Some("previous_response_id"),
            "not found",
        ),
        (create("x", json!({ "model": "broken" })), 500, None, ""),
    ] {
        socket.say(event.clone()).await;
        let refusal = socket.until("error").await;
        assert_eq!(
            (&refusal["status"], &refusal["error"]["param"]),
            (&json!(status), &json!(param)),
            "{event}: {refusal}"
        );
        assert!(refusal["error"]["message"].as_str().unwrap().contains(says), "{event}: {refusal}");
    }
    socket.frame(0x81, b"{nonsense").await;
    assert_eq!(socket.until("error").await["status"], 400);
    socket.say(json!({ "type": "response.steer", "previous_response_id": "resp_1", "input": "left" })).await;
    let steered = socket.until("response.steer.failed").await;
    assert_eq!(steered["error"]["code"], "steering_not_supported");
    assert_eq!(steered["steer"], json!({ "previous_response_id": "resp_1", "input": "left" }));
    socket.say(create("still here", json!({}))).await;
    assert_eq!(text(&answered(&mut socket).await), "You said: still here");
    socket.frame(0x82, b"bytes").await;
    assert!(matches!(socket.rest().await.1, Heard::Close(1003, _)));
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_with_an_error_and_the_connection_goes_on() {
    let scene = Scene::new().await;
    let mut socket = connection(&scene, MASTER).await;
    socket.say(create("the quick brown fox jumps", json!({ "model": "breaks", "stream_id": "a" }))).await;
    let end = socket.until("error").await;
    assert_eq!(end["stream_id"], "a");
    assert!(end["error"]["message"].is_string() && end.get("message").is_none(), "{end}");
    socket.say(create("again", json!({ "stream_id": "a" }))).await;
    assert_eq!(text(&answered(&mut socket).await), "You said: again");
}

#[tokio::test]
async fn keys_are_looked_at_before_the_connection_and_before_every_call() {
    let scene = Scene::new().await;
    let refused = dial(&scene, "sk-nobody").await.err().expect("a stranger is refused");
    assert_eq!((refused.status, &refused.error()["code"]), (401, &json!("401")));
    let plain = scene.master().ask("GET", "/v1/responses", Value::Null).await;
    assert_eq!(plain.status(), 405);
    let made = scene.master().done("POST", "/key/generate", json!({ "models": ["bridged"] })).await;
    let key = made["key"].as_str().unwrap();
    let mut socket = connection(&scene, key).await;
    socket.say(create("not mine", json!({ "model": "native" }))).await;
    assert_eq!(socket.until("error").await["status"], 403);
    socket.say(create("mine", json!({}))).await;
    answered(&mut socket).await;
    scene.master().done("POST", "/key/block", json!({ "key": key })).await;
    // The workers hear of it within a second.
    let deadline = Instant::now() + PATIENCE;
    let refusal = loop {
        socket.say(create("too late", json!({}))).await;
        match socket.hear().await {
            Heard::Event(event) if event["type"] == "error" => break event,
            _ => drop(answered(&mut socket).await),
        }
        assert!(Instant::now() < deadline, "a blocked key goes on");
    };
    assert_eq!(refusal["status"], 401);
    // Browsers show their key where protocols stand.
    let protocol = format!("realtime, openai-insecure-api-key.{MASTER}");
    let mut browser =
        Socket::dial(scene.gateway.addr, "/v1/responses", &[("sec-websocket-protocol", &protocol)]).await.unwrap();
    browser.say(create("hello", json!({}))).await;
    answered(&mut browser).await;
}

/// The newest entries of the log, once there are so many.
async fn logged(person: &Person<'_>, count: usize) -> Value {
    let look = async || {
        let page = person.see("/spend/logs/v2").await;
        (page["total"] == count).then(|| page["data"].clone())
    };
    until(look).await
}

#[tokio::test]
async fn every_call_of_a_connection_is_booked_and_one_whose_caller_leaves_is_given_up() {
    let scene = Scene::new().await;
    let id = ("x-litellm-call-id", "mine");
    let authorization = format!("Bearer {MASTER}");
    let headers = [("authorization", &*authorization), id];
    let mut socket = Socket::dial(scene.gateway.addr, "/v1/responses", &headers).await.unwrap();
    for turn in ["one", "two"] {
        socket.say(create(turn, json!({}))).await;
        answered(&mut socket).await;
    }
    let entries = logged(&scene.master(), 2).await;
    let ids: Vec<&Value> = entries.as_array().unwrap().iter().map(|entry| &entry["request_id"]).collect();
    assert_ne!(ids[0], ids[1], "calls of one connection are told apart");
    assert_eq!(entries[0]["call_type"], "aresponses");
    socket.say(create("never", json!({ "model": "slow" }))).await;
    until(async || (scene.mock.requests().len() == 3).then_some(())).await;
    drop(socket);
    let entries = logged(&scene.master(), 3).await;
    assert_ne!(entries[0]["status"], "success", "{entries}");
}

#[tokio::test]
async fn a_connection_ends_when_its_time_is_over_or_the_gateway_goes_down() {
    let mut scene = Scene::with("  realtime_idle_timeout: 1\n").await;
    let (_, end) = connection(&scene, MASTER).await.rest().await;
    assert_eq!(end, Heard::Close(1000, "nobody has said anything for too long".to_owned()));
    scene = Scene::with("  realtime_session_timeout: 1\n").await;
    let (events, end) = connection(&scene, MASTER).await.rest().await;
    assert_eq!(events[0]["error"]["code"], "websocket_connection_limit_reached", "{events:?}");
    assert!(matches!(end, Heard::Close(1000, _)), "{end:?}");
    scene = Scene::new().await;
    let mut socket = connection(&scene, MASTER).await;
    scene.gateway.signal("TERM").await;
    assert!(matches!(socket.rest().await.1, Heard::Close(1001, _)));
}
