//! Sound: read aloud, written down, paid for and streamed.

use serde_json::{Value, json};

use super::{Studio, form, post, with};
use crate::manage::MASTER;

const TTS: (&str, &str, &str) = ("voice", "openai/tts-1", "/v1");
const MINI: (&str, &str, &str) = ("mini", "openai/gpt-4o-mini-tts", "/v1");
const WHISPER: (&str, &str, &str) = ("ear", "openai/whisper-1", "/v1");
const GPT: (&str, &str, &str) = ("gpt-ear", "openai/gpt-4o-transcribe", "/v1");
const OLLAMA: (&str, &str, &str) = ("local", "ollama/llama", "");

fn hello(model: &str, more: Value) -> Value {
    with(json!({ "model": model, "input": "hello world", "voice": "alloy" }), more)
}

#[tokio::test]
async fn speech_comes_as_the_bytes_that_it_is_and_is_paid_for_by_the_character() {
    let studio = Studio::open("chunks=2", &[TTS], "").await;
    let person = studio.person(json!({ "max_budget": 0.0003 })).await;
    let answer = person.send(&post("/v1/audio/speech", hello("voice", json!({ "response_format": "wav" })))).await;
    let expected = b"\xff\xfb\x000 hello world\xff\xfb\x001 hello world";
    assert_eq!((answer.status(), &answer.body[..]), (200, &expected[..]), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("audio/wav"));
    // Eleven characters at $15 per million: the second time there is not enough left.
    let row = studio.logged(1).await;
    assert_eq!((&row["call_type"], row["spend"].as_f64()), (&json!("aspeech"), Some(0.000165)), "{row}");
    let refused = person.send(&post("/audio/speech", hello("voice", json!({})))).await;
    assert_eq!((refused.status(), studio.provider.requests().len()), (422, 1), "{}", refused.text());
}

#[tokio::test]
async fn speech_is_heard_before_all_of_it_is_made() {
    let studio = Studio::open("fault=stall,after=2", &[TTS], "").await;
    let call = post("/v1/audio/speech", hello("voice", json!({}))).header("authorization", format!("Bearer {MASTER}"));
    let mut open = call.open(studio.gateway.addr).await;
    assert_eq!(open.head.header("content-type"), Some("audio/mpeg"));
    open.until("1 hello world").await;
    drop(open);
    assert!(
        studio.provider.wait_for(|one| matches!(one.outcome, drill::mock::Outcome::Aborted { .. })).await.is_some()
    );
    // Who leaves has been read to all the same.
    assert_eq!(studio.logged(1).await["spend"].as_f64(), Some(0.000165));
}

#[tokio::test]
async fn speech_that_breaks_off_does_not_end_well() {
    let studio = Studio::open("fault=cut,after=2", &[TTS], "").await;
    let answer = studio.master().send(&post("/v1/audio/speech", hello("voice", json!({})))).await;
    assert!(!answer.complete && answer.text().ends_with("1 hello world"), "{}", answer.text());
    assert_eq!(studio.logged(1).await["status"], "failure");
    let silent = Studio::open("fault=cut,after=0", &[TTS], "").await;
    let answer = silent.master().send(&post("/v1/audio/speech", hello("voice", json!({})))).await;
    assert!(answer.complete && answer.json()["error"]["message"].is_string(), "{}", answer.text());
}

#[tokio::test]
async fn speech_in_events_says_what_it_consumed() {
    let studio = Studio::open("", &[MINI], "").await;
    let answer =
        studio.master().send(&post("/v1/audio/speech", hello("mini", json!({ "stream_format": "sse" })))).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert!(answer.text().trim_end().ends_with("}"), "{}", answer.text());
    assert!(answer.text().contains("speech.audio.done"), "{}", answer.text());
    let row = studio.logged(1).await;
    // Two tokens read at $0.6 and twenty spoken at $12 per million.
    assert_eq!((&row["completion_tokens"], row["spend"].as_f64()), (&json!(20), Some(0.0002412)), "{row}");
    // Who knows no events is heard all the same.
    let old = Studio::open("chunks=1", &[TTS], "").await;
    let answer = old.master().send(&post("/v1/audio/speech", hello("voice", json!({ "stream_format": "sse" })))).await;
    assert_eq!((answer.header("content-type"), answer.complete), (Some("audio/mpeg"), true));
    assert_eq!(answer.body, b"\xff\xfb\x000 hello world");
}

#[tokio::test]
async fn a_recording_is_paid_for_by_the_second_however_it_is_answered() {
    let studio = Studio::open("", &[WHISPER], "").await;
    let file = [7; 2_500];
    for (format, kind, cost) in [
        ("json", "application/json", "0.0003"),
        ("verbose_json", "application/json", "0.0003"),
        ("srt", "text/plain; charset=utf-8", "0.0003"),
        ("vtt", "text/plain; charset=utf-8", "0.0003"),
        // Nobody says how long it was: its size does.
        ("text", "text/plain; charset=utf-8", "0.0000625"),
    ] {
        let call = form("/v1/audio/transcriptions", &[("model", "ear"), ("response_format", format)], ("file", &file));
        let answer = studio.master().send(&call).await;
        assert_eq!((answer.status(), answer.header("content-type")), (200, Some(kind)), "{format}: {}", answer.text());
        assert!(answer.text().contains("it.bin lasts 3 seconds"), "{format}: {}", answer.text());
        assert_eq!(answer.header("x-litellm-response-cost"), Some(cost), "{format}");
    }
    assert_eq!(studio.logged(5).await["call_type"], "atranscription");
    let english = form("/v1/audio/translations", &[("model", "ear")], ("file", &file));
    assert_eq!(studio.master().send(&english).await.status(), 200);
    assert_eq!(studio.provider.requests().pop().unwrap().target, "/v1/audio/translations");
    assert_eq!(studio.logged(6).await["call_type"], "atranslation");
}

#[tokio::test]
async fn a_recording_that_the_budget_does_not_pay_for_is_not_sent() {
    let studio = Studio::open("", &[WHISPER], "").await;
    let person = studio.person(json!({ "max_budget": 0.01 })).await;
    let long = form("/v1/audio/transcriptions", &[("model", "ear")], ("file", &[7; 1_000_000]));
    let refused = person.send(&long).await;
    assert_eq!((refused.status(), studio.provider.requests().len()), (422, 0), "{}", refused.text());
    let short = form("/v1/audio/transcriptions", &[("model", "ear")], ("file", &[7; 1_000]));
    assert_eq!(person.send(&short).await.status(), 200);
}

#[tokio::test]
async fn words_are_read_while_others_are_still_heard() {
    let stalled = Studio::open("fault=stall,after=2", &[GPT], "").await;
    let fields = [("model", "gpt-ear"), ("stream", "true")];
    let call = form("/v1/audio/transcriptions", &fields, ("file", &[7; 2_500]));
    let mut open = call.clone().header("authorization", format!("Bearer {MASTER}")).open(stalled.gateway.addr).await;
    open.until("lasts ").await;
    drop(open);
    let studio = Studio::open("", &[GPT, WHISPER], "").await;
    let answer = studio.master().send(&call).await;
    assert!(answer.text().contains("transcript.text.done") && answer.complete, "{}", answer.text());
    let row = studio.logged(1).await;
    // Three seconds are thirty tokens at $2.5, four words at $10 per million.
    assert_eq!((&row["prompt_tokens"], row["spend"].as_f64()), (&json!(30), Some(0.000115)), "{row}");
    // Whisper streams nothing, whoever wants it.
    let whole = form("/v1/audio/transcriptions", &[("model", "ear"), ("stream", "true")], ("file", &[7; 2_500]));
    let answer = studio.master().send(&whole).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["usage"]["seconds"], 3);
}

#[tokio::test]
async fn an_engine_without_a_voice_says_so() {
    let studio = Studio::open("", &[OLLAMA], "").await;
    let answer = studio.master().send(&post("/v1/audio/speech", hello("local", json!({})))).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().contains("texts read aloud are not offered by"), "{}", answer.text());
    let recording = form("/v1/audio/transcriptions", &[("model", "local")], ("file", b"abc"));
    assert_eq!(studio.master().send(&recording).await.status(), 400);
}
