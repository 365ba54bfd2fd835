//! Sound of providers whose form of asking for it is their own.

use serde_json::json;

use super::{Studio, form, post, with};

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
    let empty = studio.master().send(&post("/v1/audio/transcriptions", json!({ "model": "ear" }))).await;
    assert_eq!((empty.status(), &empty.json()["error"]["param"]), (400, &json!("file")), "{}", empty.text());
}
