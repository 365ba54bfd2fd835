//! Sound of providers whose form of asking for it is their own.

use serde_json::json;

use super::{Studio, form, post, with};
use crate::backs::UPSTREAM_KEY;

const TTS: (&str, &str, &str) = ("voice", "gemini/gemini-2.5-flash-preview-tts", "/v1beta");
const EAR: (&str, &str, &str) = ("ear", "gemini/gemini-2.5-flash", "/v1beta");

fn hello(more: serde_json::Value) -> crate::client::Call {
    post("/v1/audio/speech", with(json!({ "model": "voice", "input": "hello world", "voice": "Kore" }), more))
}

#[tokio::test]
async fn gemini_speaks_to_callers_of_openais_dialect() {
    let studio = Studio::open("", &[TTS], "").await;
    let answer = studio.master().send(&hello(json!({ "response_format": "pcm" }))).await;
    assert_eq!((answer.status(), &answer.body[..]), (200, &b"hello world"[..]), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("audio/pcm"));
    // Two tokens read at $0.5 and twenty spoken at $10 per million.
    assert_eq!(studio.logged(1).await["spend"].as_f64(), Some(0.000201));
    let told = json!({ "instructions": "Say it kindly", "response_format": "wav" });
    let answer = studio.master().send(&hello(told)).await;
    assert_eq!((answer.header("content-type"), &answer.body[..4]), (Some("audio/wav"), &b"RIFF"[..]));
    assert_eq!(&answer.body[44..], b"Say it kindly: hello world");
    let refused = studio.master().send(&hello(json!({ "response_format": "mp3" }))).await;
    assert_eq!((refused.status(), &refused.json()["error"]["param"]), (400, &json!("response_format")));
    let dropped = studio.master().send(&hello(json!({ "response_format": "mp3", "drop_params": true }))).await;
    assert_eq!((dropped.status(), dropped.header("content-type")), (200, Some("audio/wav")));
    // The provider's own words about a voice that it does not have.
    let strange = studio.master().send(&hello(json!({ "voice": "alloy" }))).await;
    assert!(strange.status() == 400 && strange.text().contains("alloy"), "{}", strange.text());
}

#[tokio::test]
async fn gemini_writes_recordings_down() {
    let studio = Studio::open("", &[EAR], "").await;
    let sound = b"ID3 some sound";
    for (path, format, kind) in [
        ("/v1/audio/transcriptions", "json", "application/json"),
        ("/v1/audio/transcriptions", "text", "text/plain; charset=utf-8"),
        ("/v1/audio/translations", "json", "application/json"),
    ] {
        let fields = [("model", "ear"), ("language", "de"), ("response_format", format)];
        let answer = studio.master().send(&form(path, &fields, ("file", sound))).await;
        assert_eq!((answer.status(), answer.header("content-type")), (200, Some(kind)), "{}", answer.text());
        assert_eq!(answer.text().starts_with("{\"text\":"), format == "json", "{}", answer.text());
        let parts = studio.got()["contents"][0]["parts"].clone();
        assert_eq!(parts[1]["inlineData"], json!({ "mimeType": "audio/mp3", "data": "SUQzIHNvbWUgc291bmQ=" }));
        assert_eq!(parts[0]["text"].as_str().unwrap().contains("in English"), path.ends_with("translations"));
    }
    let fields = [("model", "ear"), ("response_format", "srt")];
    let refused = studio.master().send(&form("/v1/audio/transcriptions", &fields, ("file", sound))).await;
    assert_eq!((refused.status(), &refused.json()["error"]["param"]), (400, &json!("response_format")));
    let fields = [("model", "ear"), ("stream", "true")];
    let streamed = studio.master().send(&form("/v1/audio/transcriptions", &fields, ("file", sound))).await;
    let text = streamed.text();
    assert!(text.starts_with("data: {\"type\":\"transcript.text.delta\",\"delta\":"), "{text}");
    let last = text.trim_end().lines().last().unwrap();
    assert!(last.contains("transcript.text.done") && last.contains("total_tokens") && streamed.complete, "{text}");
    let empty = studio.master().send(&post("/v1/audio/transcriptions", json!({ "model": "ear" }))).await;
    assert_eq!((empty.status(), &empty.json()["error"]["param"]), (400, &json!("file")), "{}", empty.text());
}

const NOVA: (&str, &str, &str) = ("nova", "deepgram/nova-3", "/v1");
const ELEVEN: (&str, &str, &str) = ("eleven", "elevenlabs/eleven_v3", "/v1");
const SCRIBE: (&str, &str, &str) = ("scribe", "elevenlabs/scribe_v1", "/v1");

#[tokio::test]
async fn deepgram_is_sent_the_file_alone_and_paid_by_the_second() {
    let studio = Studio::open(&format!("key={UPSTREAM_KEY}"), &[NOVA], "").await;
    let path = "/v1/audio/transcriptions";
    for (format, kind, expected) in [
        ("json", "application/json", "{\"text\":\"It lasts 2.5 seconds.\""),
        ("text", "text/plain; charset=utf-8", "It lasts 2.5 seconds.\n"),
        ("verbose_json", "application/json", "{\"task\":\"transcribe\",\"language\":\"en\",\"duration\":2.5,"),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,080 --> 00:00:02,500\nIt lasts 2.5 seconds."),
        ("vtt", "text/plain; charset=utf-8", "WEBVTT\n\n00:00:00.080 --> 00:00:02.500\nIt lasts 2.5 seconds."),
    ] {
        let fields = [("model", "nova"), ("response_format", format)];
        let answer = studio.master().send(&form(path, &fields, ("file", &[7; 2_500]))).await;
        assert_eq!((answer.status(), answer.header("content-type")), (200, Some(kind)), "{}", answer.text());
        assert!(answer.text().starts_with(expected), "{format}: {}", answer.text());
        // Two and a half seconds at $0.0043 a minute.
        assert_eq!(answer.header("x-litellm-response-cost"), Some("0.000179175"), "{format}");
        let sent = studio.provider.requests().pop().unwrap();
        assert_eq!((&sent.body[..], sent.target.starts_with("/v1/listen?model=nova-3&")), (&[7; 2_500][..], true));
    }
    let fields = [("model", "nova"), ("language", "xx")];
    let refused = studio.master().send(&form(path, &fields, ("file", &[7; 9]))).await;
    assert!(refused.status() == 400 && refused.text().contains("No such model/language"), "{}", refused.text());
    let fields = [("model", "nova"), ("language", "de"), ("diarize", "true")];
    assert_eq!(studio.master().send(&form(path, &fields, ("file", &[7; 9]))).await.status(), 200);
    let asked = studio.provider.requests().pop().unwrap().target;
    assert!(asked.contains("&language=de&") && asked.contains("&diarize=true"), "{asked}");
    let english = form("/v1/audio/translations", &[("model", "nova")], ("file", &[7; 9]));
    let refused = studio.master().send(&english).await;
    assert!(refused.status() == 400 && refused.text().contains("translations of recordings"), "{}", refused.text());
}

#[tokio::test]
async fn elevenlabs_is_heard_while_it_speaks_and_paid_by_the_character() {
    let studio = Studio::open("chunks=2", &[ELEVEN], "").await;
    let body = json!({ "model": "eleven", "input": "hello world", "voice": "21m00" });
    let answer = studio.master().send(&post("/v1/audio/speech", body.clone())).await;
    let expected = b"\xff\xfb\x000 hello world\xff\xfb\x001 hello world";
    assert_eq!((answer.status(), &answer.body[..]), (200, &expected[..]), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("audio/mpeg"));
    let sent = studio.provider.requests().pop().unwrap();
    assert_eq!(sent.target, "/v1/text-to-speech/21m00/stream?output_format=mp3_44100_128");
    assert_eq!(studio.got(), json!({ "text": "hello world", "model_id": "eleven_v3" }));
    // Eleven characters at $80 per million.
    assert_eq!(studio.logged(1).await["spend"].as_f64(), Some(0.00088));
    let stalled = Studio::open("fault=stall,after=2", &[ELEVEN], "").await;
    let call =
        post("/v1/audio/speech", body.clone()).header("authorization", format!("Bearer {}", crate::manage::MASTER));
    let mut open = call.open(stalled.gateway.addr).await;
    open.until("1 hello world").await;
    drop(open);
    let cut = Studio::open("fault=cut,after=2", &[ELEVEN], "").await;
    let answer = cut.master().send(&post("/v1/audio/speech", body)).await;
    assert!(!answer.complete && answer.text().ends_with("1 hello world"), "{}", answer.text());
}

#[tokio::test]
async fn elevenlabs_is_sent_a_form_of_its_own() {
    let studio = Studio::open(&format!("key={UPSTREAM_KEY}"), &[SCRIBE], "").await;
    let fields = [("model", "scribe"), ("language", "en"), ("response_format", "verbose_json")];
    let answer = studio.master().send(&form("/v1/audio/transcriptions", &fields, ("file", &[7; 2_500]))).await;
    assert_eq!((answer.status(), &answer.json()["text"]), (200, &json!("It lasts 2.5 seconds.")), "{}", answer.text());
    assert_eq!(answer.json()["words"], json!([{ "start": 0, "end": 0.5, "word": "It" }]));
    assert_eq!(answer.header("x-litellm-response-cost"), Some("0.00015275"));
    let sent = String::from_utf8_lossy(&studio.provider.requests().pop().unwrap().body).into_owned();
    assert!(sent.contains("name=\"model_id\"\r\n\r\nscribe_v1\r\n") && sent.contains("filename=\"it.bin\""), "{sent}");
}

#[tokio::test]
async fn a_recording_that_one_vendor_does_not_take_goes_to_another() {
    let models = [("whisper", "openai/whisper-1@error=overloaded", "/v1"), NOVA];
    let studio = Studio::open("", &models, "router_settings: {fallbacks: [{whisper: [nova]}]}").await;
    let answer =
        studio.master().send(&form("/v1/audio/transcriptions", &[("model", "whisper")], ("file", &[7; 2_500]))).await;
    assert_eq!((answer.status(), &answer.json()["text"]), (200, &json!("It lasts 2.5 seconds.")), "{}", answer.text());
    let asked: Vec<_> = studio.provider.requests().into_iter().map(|one| one.target).collect();
    assert!(asked[0].ends_with("/transcriptions") && asked.last().unwrap().contains("/listen?"), "{asked:?}");
}

#[tokio::test]
async fn their_words_for_what_is_wrong_reach_the_caller() {
    for model in [NOVA, SCRIBE] {
        let studio = Studio::open("error=rate_limit", &[model], "").await;
        let call = form("/v1/audio/transcriptions", &[("model", model.0)], ("file", &[7; 9]));
        let answer = studio.master().send(&call).await;
        assert_eq!(
            (answer.status(), &answer.json()["error"]["type"]),
            (429, &json!("rate_limit_error")),
            "{}",
            answer.text()
        );
    }
}
