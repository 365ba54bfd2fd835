//! What goes through a session, and how it ends.

use std::time::Duration;

use drill::mock::Outcome;
use serde_json::json;

use super::{Heard, MASTER, Socket, Stage, respond, said, speak};
use crate::backs::{Config, UPSTREAM_KEY, mock};

#[tokio::test]
async fn what_either_side_says_reaches_the_other_as_it_is() {
    let stage = Stage::open("chunks=3", "").await;
    let mut socket = stage.session(MASTER).await;
    assert_eq!(socket.header("sec-websocket-accept"), Some("s3pplmbitxaq9kygzzhzrbk+xoo="));
    assert_eq!(socket.header("sec-websocket-protocol"), None);
    assert!(socket.header("x-litellm-call-id").is_some(), "{}", socket.head);
    let settings = json!({ "type": "realtime", "instructions": "be brief: ü", "model": "talk" });
    socket.say(json!({ "type": "session.update", "session": settings })).await;
    let updated = socket.until("session.updated").await;
    // The model of a session is the provider's name of it.
    assert_eq!(updated["session"]["model"], "gpt-realtime");
    assert_eq!(updated["session"]["instructions"], "be brief: ü");
    socket.say(said("hello world")).await;
    socket.until("conversation.item.added").await;
    socket.say(speak()).await;
    let sound = socket.until("response.output_audio.delta").await;
    assert_eq!(sound["delta"].as_str().map(str::len), Some(6_400));
    let words = socket.until("response.output_audio_transcript.delta").await;
    assert_eq!(words["delta"], "0 hello world ");
    let done = socket.until("response.done").await;
    assert_eq!(done["response"]["usage"]["output_token_details"]["audio_tokens"], 6);
    socket.close(1000, "bye").await;
    assert_eq!(socket.rest().await, (vec![], Heard::Close(1000, "bye".to_owned())));
    let asked = stage.provider.wait_for(|one| one.is_over()).await.expect("the session ends there, too");
    assert_eq!((asked.target.as_str(), asked.outcome), ("/v1/realtime?model=gpt-realtime", Outcome::Completed));
    assert_eq!(asked.header("authorization"), Some(&*format!("Bearer {UPSTREAM_KEY}")));
}

#[tokio::test]
async fn a_browser_shows_its_key_as_a_protocol_which_goes_no_further() {
    let stage = Stage::open("", "").await;
    let key = stage.key(json!({})).await;
    let protocols = format!("realtime, openai-insecure-api-key.{key}, openai-beta.realtime-v1");
    let headers = [("sec-websocket-protocol", &*protocols)];
    let mut socket = Socket::dial(stage.gateway.addr, "/v1/realtime?model=talk", &headers).await.unwrap();
    assert_eq!(socket.header("sec-websocket-protocol"), Some("realtime"));
    socket.until("session.created").await;
    socket.say(said("hello")).await;
    // The older names of events say that the provider knows which version of the API is wanted.
    socket.until("conversation.item.created").await;
    let asked = stage.provider.requests().pop().unwrap();
    assert_eq!(asked.header("openai-beta"), Some("realtime=v1"));
    let shown = asked.headers.iter().any(|(_, value)| value.contains(&key));
    assert!(!shown && asked.header("sec-websocket-protocol").is_none(), "{:?}", asked.headers);
    let query = format!("/openai/v1/realtime?model=talk&api_key={key}");
    Socket::dial(stage.gateway.addr, &query, &[]).await.unwrap().until("session.created").await;
}

#[tokio::test]
async fn a_provider_that_refuses_the_handshake_leads_to_the_next() {
    let (broken, well) = (mock("status=503").await, mock("").await);
    let broken_url = format!("{}/v1", broken.url());
    let config = Config::default().model("talk", "openai/gpt-realtime", &broken_url, "order: 1");
    let config = config.model("talk", "openai/gpt-realtime", &format!("{}/v1", well.url()), "order: 2");
    let stage = Stage::with(well, config, "router_settings: {num_retries: 2, retry_after: 0}").await;
    let mut socket = stage.session(MASTER).await;
    socket.close(1000, "").await;
    socket.rest().await;
    assert_eq!(broken.requests().len(), 1);
    let row = stage.logged(1).await;
    assert_eq!(row["status"], "success", "{row}");
}

#[tokio::test]
async fn a_provider_that_is_away_is_an_error_before_anything_is_promised() {
    let stage = Stage::open("status=401", "router_settings: {num_retries: 0}").await;
    let refused = stage.dial(MASTER).await.err().expect("it is refused");
    // That our credential is refused is not the caller's 401.
    assert_eq!(refused.status, 502, "{}", refused.body);
    assert!(!refused.body.contains(UPSTREAM_KEY), "{}", refused.body);
    assert!(refused.head.contains("x-litellm-call-id"), "{}", refused.head);
}

#[tokio::test]
async fn a_session_that_is_cut_off_does_not_end_well() {
    let stage = Stage::open("fault=cut,after=2,chunks=4", "").await;
    let mut socket = stage.session(MASTER).await;
    socket.say(said("hello")).await;
    socket.say(respond()).await;
    let (events, end) = socket.rest().await;
    assert_eq!(events.last().unwrap()["type"], "error", "{events:?}");
    assert_eq!(end, Heard::Close(1011, "the provider closed the connection".to_owned()));
    let row = stage.logged(1).await;
    assert_eq!((&row["status"], &row["call_type"]), (&json!("failure"), &json!("_arealtime")), "{row}");
    assert!(row["spend"].as_f64().unwrap() > 0.0, "what was seen is paid for: {row}");
}

#[tokio::test]
async fn garbage_of_a_provider_ends_the_session_and_reaches_nobody() {
    let stage = Stage::open("fault=bad_sse,after=1", "").await;
    let mut socket = stage.session(MASTER).await;
    socket.say(respond()).await;
    let (events, end) = socket.rest().await;
    assert_eq!(events.last().unwrap()["error"]["message"], "the provider sent an event that is no JSON");
    assert!(matches!(end, Heard::Close(1011, _)), "{end:?}");
}

#[tokio::test]
async fn a_provider_that_falls_silent_while_it_writes_is_given_up() {
    let provider = mock("fault=stall,after=1").await;
    let base = format!("{}/v1", provider.url());
    let config = Config::default().model("talk", "openai/gpt-realtime", &base, "stream_idle_timeout: 1");
    let stage = Stage::with(provider, config, "").await;
    let mut socket = stage.session(MASTER).await;
    socket.say(respond()).await;
    let (events, end) = socket.rest().await;
    assert_eq!(events.last().unwrap()["error"]["message"], "the provider fell silent in the middle of a response");
    assert!(matches!(end, Heard::Close(1011, _)), "{end:?}");
}

#[tokio::test]
async fn the_code_with_which_a_provider_closes_is_the_callers_too() {
    let stage = Stage::open("finish=4001", "").await;
    let mut socket = stage.session(MASTER).await;
    socket.say(respond()).await;
    assert_eq!(socket.rest().await.1, Heard::Close(4001, "enough".to_owned()));
    assert_eq!(stage.logged(1).await["status"], "failure");
}

#[tokio::test]
async fn a_caller_who_vanishes_ends_the_session_at_the_provider() {
    let stage = Stage::open("chunks=1000,chunk_ms=5", "").await;
    let mut socket = stage.session(MASTER).await;
    socket.say(respond()).await;
    socket.until("response.output_text.delta").await;
    drop(socket);
    let ended = stage.provider.wait_for(|one| one.is_over()).await.expect("it ends");
    assert!(matches!(ended.outcome, Outcome::Aborted { .. }), "{:?}", ended.outcome);
    let row = stage.logged(1).await;
    assert!(row["spend"].as_f64().unwrap() > 0.0, "{row}");
}

#[tokio::test]
async fn silence_and_time_have_an_end() {
    for (settings, code) in [
        ("general: realtime_idle_timeout: 1", "session_idle"),
        ("general: realtime_session_timeout: 1", "session_expired"),
    ] {
        let stage = Stage::open("", settings).await;
        let mut socket = stage.session(MASTER).await;
        let (events, end) = socket.rest().await;
        assert_eq!(events.last().unwrap()["error"]["code"], code, "{events:?}");
        assert!(matches!(end, Heard::Close(1000, _)), "{end:?}");
        assert_eq!(stage.logged(1).await["status"], "success");
    }
}

#[tokio::test]
async fn going_down_lets_a_response_finish_and_says_goodbye() {
    let mut stage = Stage::open("chunks=10,chunk_ms=30", "").await;
    let (mut busy, mut quiet) = (stage.session(MASTER).await, stage.session(MASTER).await);
    busy.say(respond()).await;
    busy.until("response.output_text.delta").await;
    stage.gateway.signal("TERM").await;
    let away = Heard::Close(1001, "the gateway goes down".to_owned());
    assert_eq!(quiet.rest().await, (vec![], away));
    let (events, end) = busy.rest().await;
    assert_eq!(events.last().unwrap()["type"], "response.done", "{events:?}");
    assert!(matches!(end, Heard::Close(1001, _)), "{end:?}");
    drop((busy, quiet));
    assert_eq!(stage.gateway.ended(Duration::from_secs(5)).await.code(), Some(0));
}

#[tokio::test]
async fn azure_has_its_sessions_elsewhere() {
    let provider = mock("").await;
    let more = "api_version: \"2025-04-01-preview\"";
    let config = Config::default().model("talk", "azure/my-realtime", &provider.url(), more);
    let stage = Stage::with(provider, config, "").await;
    stage.session(MASTER).await;
    let asked = stage.provider.requests().pop().unwrap();
    assert_eq!(asked.target, "/openai/realtime?api-version=2025-04-01-preview&deployment=my-realtime");
    assert_eq!(asked.header("api-key"), Some(UPSTREAM_KEY));
}
