//! What sessions cost.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Heard, MASTER, Socket, Stage, respond, said, speak};
use crate::backs::{Config, mock};
use crate::gateway::Gateway;
use crate::manage::Person;
use crate::sinks::ear::until;

#[tokio::test]
async fn all_responses_of_a_session_are_one_entry_at_the_prices_of_text_and_of_sound() {
    let stage = Stage::open("chunks=2,cached=4", "").await;
    let mut socket = stage.session(MASTER).await;
    socket.say(said("one two three")).await;
    socket.say(respond()).await;
    socket.until("response.done").await;
    socket.say(json!({ "type": "input_audio_buffer.append", "audio": "A".repeat(64_000) })).await;
    socket.say(speak()).await;
    socket.until("response.done").await;
    socket.close(1000, "").await;
    socket.rest().await;
    let row = stage.logged(1).await;
    assert_eq!((&row["call_type"], &row["status"]), (&json!("_arealtime"), &json!("success")), "{row}");
    // Text: 2 x (3 fresh at $4, 4 cached at $0.4), 2 written at $16. Sound: 10 heard at $32, 4 spoken at $64.
    assert_eq!((&row["prompt_tokens"], &row["completion_tokens"]), (&json!(24), &json!(6)), "{row}");
    let expected = (2.0 * (3.0 * 4.0 + 4.0 * 0.4) + 2.0 * 16.0 + 10.0 * 32.0 + 4.0 * 64.0) / 1e6;
    assert!((row["spend"].as_f64().unwrap() - expected).abs() < 1e-9, "{row}: {expected}");
    assert_eq!((&row["model_group"], &row["attempts"]), (&json!("talk"), &json!(1)), "{row}");
    // Four of the caller's, and all that came of them.
    assert!(row["events"].as_u64().unwrap() > 10, "{row}");
}

#[tokio::test]
async fn what_is_written_down_is_paid_for_by_the_model_that_writes_it() {
    // 100 tokens at $2.5 and 3 at $10 per million; or ten seconds at $0.006 per minute.
    for (model, expected) in [("gpt-4o-transcribe", 0.00028), ("whisper-1", 0.001)] {
        let stage = Stage::open("", "").await;
        let mut socket = stage.session(MASTER).await;
        let input = json!({ "transcription": { "model": model } });
        socket.say(json!({ "type": "session.update", "session": { "audio": { "input": input } } })).await;
        socket.until("session.updated").await;
        socket.say(json!({ "type": "input_audio_buffer.append", "audio": "A".repeat(640_000) })).await;
        socket.say(json!({ "type": "input_audio_buffer.commit" })).await;
        socket.until("conversation.item.input_audio_transcription.completed").await;
        socket.close(1000, "").await;
        socket.rest().await;
        let row = stage.logged(1).await;
        assert!((row["spend"].as_f64().unwrap() - expected).abs() < 1e-9, "{model}: {row}");
    }
}

#[tokio::test]
async fn the_model_that_writes_down_may_be_called_by_the_name_that_callers_know() {
    let provider = mock("").await;
    let base = format!("{}/v1", provider.url());
    let config = Config::default().model("talk", "openai/gpt-realtime", &base, "");
    let config = config.model("scribe", "openai/gpt-4o-transcribe", &base, "");
    let stage = Stage::with(provider, config, "").await;
    let mut socket = stage.session(MASTER).await;
    let input = json!({ "transcription": { "model": "scribe" } });
    socket.say(json!({ "type": "session.update", "session": { "audio": { "input": input } } })).await;
    let updated = socket.until("session.updated").await;
    assert_eq!(updated["session"]["audio"]["input"]["transcription"]["model"], "gpt-4o-transcribe", "{updated}");
    socket.say(json!({ "type": "input_audio_buffer.append", "audio": "A".repeat(640_000) })).await;
    socket.say(json!({ "type": "input_audio_buffer.commit" })).await;
    socket.until("conversation.item.input_audio_transcription.completed").await;
    socket.close(1000, "").await;
    socket.rest().await;
    let row = stage.logged(1).await;
    assert!((row["spend"].as_f64().unwrap() - 0.00028).abs() < 1e-9, "{row}");
}

#[tokio::test]
async fn a_budget_ends_the_session_when_it_is_spent_and_no_more_is_spent() {
    let stage = Stage::open("chunks=10", "").await;
    let key = stage.key(json!({ "max_budget": 0.02 })).await;
    let mut sessions = 0;
    // What is left behind a session may still pay for a first response of another one.
    while let Ok(mut socket) = stage.dial(&key).await {
        sessions += 1;
        assert!(sessions < 50, "the budget is never spent");
        let (error, end) = talk_to_the_end(&mut socket).await;
        assert!(matches!(end, Heard::Close(1008, _)), "{end:?} {error}");
        assert_eq!(error["error"]["type"], "budget_exceeded", "{error}");
    }
    assert_eq!(stage.dial(&key).await.err().map(|refused| refused.status), Some(422));
    stage.logged(sessions + 2).await;
    let info = stage.master().see(&format!("/key/info?key={key}")).await;
    let spent = info["info"]["spend"].as_f64().unwrap();
    assert!((0.01..=0.02).contains(&spent), "{spent} in {sessions} sessions");
    assert_eq!(stage.provider.requests().len(), sessions);
}

/// Asks for one response after the other; the error that ends it, and the end.
async fn talk_to_the_end(socket: &mut Socket) -> (Value, Heard) {
    loop {
        socket.say(said("hello")).await;
        socket.say(speak()).await;
        loop {
            match socket.hear().await {
                Heard::Event(event) if event["type"] == "response.done" => break,
                Heard::Event(event) if event["type"] == "error" => return (event, socket.rest().await.1),
                Heard::Event(_) | Heard::Control(..) => {}
                end => return (Value::Null, end),
            }
        }
    }
}

#[tokio::test]
async fn a_response_stops_when_the_money_for_it_is_gone() {
    let stage = Stage::open("chunks=100000,chunk_ms=1", "").await;
    // Four hundred tokens of sound.
    let key = stage.key(json!({ "max_budget": 0.0256 })).await;
    let mut socket = stage.session(&key).await;
    socket.say(speak()).await;
    let (events, end) = socket.rest().await;
    assert!(matches!(end, Heard::Close(1008, _)), "{end:?}");
    let pieces = events.iter().filter(|event| event["type"] == "response.output_audio.delta").count();
    assert!((20..=200).contains(&pieces), "{pieces} pieces of two tokens");
    let row = stage.logged(1).await;
    assert!(row["spend"].as_f64().unwrap() <= 0.0256, "{row}");
}

#[tokio::test]
async fn what_was_spent_outlives_the_process() {
    let stage = Stage::open("chunks=2", "").await;
    let key = stage.key(json!({})).await;
    let mut socket = stage.session(&key).await;
    socket.say(said("one two three")).await;
    socket.say(respond()).await;
    socket.until("response.done").await;
    let folder = stage.gateway.kill().await;
    let risen = Gateway::spawn(folder, &["--config", "config.yaml", "--host", "127.0.0.1"], &[]).await;
    let master = Person::of(&risen, MASTER);
    let row = until(async || {
        let page = master.see("/spend/logs/v2").await;
        (page["total"] == 1).then(|| page["data"][0].clone())
    });
    let row = row.await;
    // Three tokens at $4 and two at $16 per million: exactly what was seen, and once.
    assert!((row["spend"].as_f64().unwrap() - 44e-6).abs() < 1e-12, "{row}");
    let info = master.see(&format!("/key/info?key={key}")).await;
    assert!((info["info"]["spend"].as_f64().unwrap() - 44e-6).abs() < 1e-12, "{info}");
}

#[tokio::test]
async fn a_session_in_which_nothing_is_said_costs_nothing() {
    let stage = Stage::open("", "").await;
    let key = stage.key(json!({ "max_budget": 1 })).await;
    let mut socket = stage.session(&key).await;
    socket.close(1000, "").await;
    socket.rest().await;
    let row = stage.logged(1).await;
    assert_eq!((row["spend"].as_f64(), &row["total_tokens"]), (Some(0.0), &json!(0)), "{row}");
    tokio::time::timeout(Duration::from_secs(20), stage.session(&key)).await.expect("what was held is back");
}
