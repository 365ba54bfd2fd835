//! Who may not have a session is told so before the connection is anything but HTTP.

use serde_json::json;

use super::{MASTER, Socket, Stage};
use crate::client::Call;

const PATH: &str = "/v1/realtime?model=talk";

#[tokio::test]
async fn what_is_no_handshake_is_refused_in_the_words_of_http() {
    let stage = Stage::open("", "").await;
    let bearer = format!("Bearer {MASTER}");
    for (headers, status, needs) in [
        (vec![("upgrade", "h2c")], 426, "upgrade: websocket"),
        (vec![("connection", "close")], 426, "upgrade: websocket"),
        (vec![("sec-websocket-version", "8")], 426, "sec-websocket-version: 13"),
        (vec![("sec-websocket-key", "c2hvcnQ=")], 400, "content-type: application/json"),
    ] {
        let headers = [headers, vec![("authorization", &*bearer)]].concat();
        let refused = Socket::dial(stage.gateway.addr, PATH, &headers).await.err().expect("it is refused");
        assert_eq!(refused.status, status, "{headers:?}: {}", refused.body);
        assert!(refused.head.contains(needs), "{headers:?}: {}", refused.head);
        assert_eq!(refused.error()["type"], "invalid_request_error", "{}", refused.body);
    }
    let posted = stage.master().send(&Call::post(PATH, &json!({}))).await;
    assert_eq!((posted.status(), posted.header("allow")), (405, Some("GET")));
    assert!(stage.provider.requests().is_empty());
}

#[tokio::test]
async fn who_may_not_call_is_refused_before_the_handshake() {
    let stage = Stage::open("", "").await;
    let elsewhere = stage.key(json!({ "models": ["other"] })).await;
    let broke = stage.key(json!({ "max_budget": 0 })).await;
    let (mine, addr) = (stage.key(json!({})).await, stage.gateway.addr);
    let dial = async |path: &str, key: &str| {
        let bearer = format!("Bearer {key}");
        let headers: &[(&str, &str)] = if key.is_empty() { &[] } else { &[("authorization", &bearer)] };
        let refused = Socket::dial(addr, path, headers).await.err().expect("it is refused");
        (refused.status, refused.error()["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(dial(PATH, "").await.0, 401);
    assert_eq!(dial(PATH, "sk-nobody").await.0, 401);
    assert_eq!(dial("/v1/realtime", &mine).await, (400, "you must provide a model parameter".to_owned()));
    assert_eq!(dial("/v1/realtime?model=nothing", &mine).await.0, 400);
    assert_eq!(dial(PATH, &elsewhere).await.0, 403);
    let (status, message) = dial(PATH, &broke).await;
    assert!(status == 422 && message.contains("Budget has been exceeded"), "{status} {message}");
    assert!(stage.provider.requests().is_empty());
}

#[tokio::test]
async fn a_session_counts_as_one_call_for_as_long_as_it_lasts() {
    let stage = Stage::open("", "").await;
    let key = stage.key(json!({ "max_parallel_requests": 1 })).await;
    let mut first = stage.session(&key).await;
    assert_eq!(stage.dial(&key).await.err().map(|refused| refused.status), Some(429));
    first.close(1000, "").await;
    first.rest().await;
    // The place is free when the provider has noticed, which may take a moment.
    for _ in 0..200 {
        match stage.dial(&key).await {
            Ok(_) => return,
            Err(refused) => assert_eq!(refused.status, 429),
        }
    }
    panic!("the place is never free");
}

#[tokio::test]
async fn requests_are_limited_by_the_session_and_tokens_by_what_is_said() {
    let stage = Stage::open("", "").await;
    let rare = stage.key(json!({ "rpm_limit": 1 })).await;
    stage.session(&rare).await;
    assert_eq!(stage.dial(&rare).await.err().map(|refused| refused.status), Some(429));
    let short = stage.key(json!({ "tpm_limit": 5 })).await;
    let mut socket = stage.session(&short).await;
    socket.say(super::said("one two three four")).await;
    socket.say(super::respond()).await;
    socket.until("response.done").await;
    drop(socket);
    assert_eq!(stage.dial(&short).await.err().map(|refused| refused.status), Some(429));
}

#[tokio::test]
async fn who_opens_session_after_session_does_not_run_in_circles() {
    let stage = Stage::open("", "general: loop_breaker: {action: block}").await;
    let key = stage.key(json!({})).await;
    for _ in 0..30 {
        let mut socket = stage.session(&key).await;
        socket.close(1000, "").await;
    }
}

#[tokio::test]
async fn a_session_does_not_go_unguarded() {
    let guard =
        "guardrails: [{guardrail_name: pii, litellm_params: {guardrail: pii, mode: pre_call, default_on: true}}]";
    let stage = Stage::open("", guard).await;
    let refused = stage.dial(MASTER).await.err().expect("it is refused");
    let error = refused.error();
    assert_eq!((refused.status, &error["code"]), (400, &json!("guardrail_unsupported")), "{}", refused.body);
    assert!(error["message"].as_str().unwrap().contains("'pii'"), "{error}");
}

#[tokio::test]
async fn a_call_over_webrtc_would_go_past_the_gateway() {
    let stage = Stage::open("", "").await;
    for path in ["/v1/realtime/calls", "/openai/v1/realtime/calls", "/v1/realtime/calls/call_1/accept"] {
        let answer = stage.master().send(&Call::new("POST", path).body("v=0")).await;
        assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!("unsupported_endpoint")), "{path}");
    }
    assert!(stage.provider.requests().is_empty());
}
