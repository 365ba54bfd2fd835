use bytes::Bytes;
use types::{Fault, FaultKind, Usage};

use super::*;

#[test]
fn each_way_of_having_paths_leads_to_the_sessions() {
    let check = |chats: &str, expected: &str| assert_eq!(path(Errand::Session, chats, "m x", false), expected);
    check("/v1/chat/completions", "/v1/realtime?model=m%20x");
    let classic = "/openai/deployments/m%20x/chat/completions?api-version=2025-04-01-preview";
    check(classic, "/openai/realtime?api-version=2025-04-01-preview&deployment=m%20x");
    check("/openai/v1/chat/completions", "/openai/v1/realtime?model=m%20x");
    check("/openai/v1/chat/completions?api-version=preview", "/openai/v1/realtime?model=m%20x");
    let writes = |chats| path(Errand::Session, chats, "m x", true);
    assert_eq!(writes("/v1/chat/completions"), "/v1/realtime?intent=transcription");
    let expected = "/openai/realtime?api-version=2025-04-01-preview&deployment=m%20x&intent=transcription";
    assert_eq!(writes(classic), expected);
    let secret = Errand::Secret("/realtime/client_secrets");
    assert_eq!(path(secret, "/v1/chat/completions", "m", true), "/v1/realtime/client_secrets");
}

#[test]
fn what_was_cached_is_paid_for_once() {
    let event = br#"{"type":"response.done","response":{"id":"resp_1","status":"completed","usage":{"total_tokens":253,
        "input_tokens":132,"output_tokens":121,"input_token_details":{"text_tokens":119,"audio_tokens":13,
        "image_tokens":0,"cached_tokens":70,"cached_tokens_details":{"text_tokens":64,"audio_tokens":6}},
        "output_token_details":{"text_tokens":30,"audio_tokens":91}}}}"#;
    let usage = Usage {
        input: Some(132),
        output: Some(121),
        cache_read: Some(70),
        audio_cache_read: Some(6),
        audio_input: Some(7),
        image_input: Some(0),
        audio_output: Some(91),
        ..Usage::default()
    };
    let done = News::Done { response: "resp_1".to_owned(), usage: Some(usage), failed: false };
    assert_eq!(News::read(event, Sound::default()), Ok(done));
}

#[test]
fn events_say_what_money_depends_on() {
    let check = |event: &str, expected: News| {
        assert_eq!(News::read(event.as_bytes(), Sound::default()), Ok(expected), "{event}");
    };
    check(r#"{"type":"response.created","response":{"id":"r"}}"#, News::Begun("r".to_owned()));
    let second = "A".repeat(64_000 - 2);
    let spoken = format!(r#"{{"type":"response.output_audio.delta","response_id":"r","delta":"{second}"}}"#);
    check(&spoken, News::Written { response: "r".to_owned(), tokens: 20, sound: true });
    let words = r#"{"type":"response.output_audio_transcript.delta","response_id":"r","delta":"hello"}"#;
    check(words, News::Written { response: "r".to_owned(), tokens: 0, sound: false });
    let text = r#"{"type":"response.text.delta","response_id":"r","delta":"hello"}"#;
    check(text, News::Written { response: "r".to_owned(), tokens: 3, sound: false });
    let written =
        r#"{"type":"conversation.item.input_audio_transcription.completed","usage":{"type":"duration","seconds":1.5}}"#;
    check(written, News::Transcribed(Some(Usage { audio_ms: Some(1500), ..Usage::default() })));
    check(r#"{"type":"response.done","response":{"id":"r","status":"failed","usage":null}}"#, {
        News::Done { response: "r".to_owned(), usage: None, failed: true }
    });
    check(r#"{"type":"rate_limits.updated"}"#, News::Other);
    assert!(News::read(b"garbage", Sound::default()).is_err());
}

#[test]
fn a_session_says_how_its_sound_is_written_in_both_versions_of_the_api() {
    let pcm = Sound::default();
    let new = br#"{"type":"session.updated","session":{"audio":{"input":{"format":{"type":"audio/pcmu"},
        "transcription":{"model":"whisper-1"}},"output":{"format":{"type":"audio/pcm","rate":24000}}}}}"#;
    let old = br#"{"type":"session.updated","session":{"input_audio_format":"g711_ulaw","output_audio_format":"pcm16",
        "input_audio_transcription":{"model":"whisper-1"}}}"#;
    let News::Terms(terms) = News::read(new, Sound::default()).unwrap() else { panic!() };
    assert_eq!(News::read(old, Sound::default()), Ok(News::Terms(terms.clone())));
    assert_eq!((terms.spoken, terms.transcribes.as_deref()), (pcm, Some("whisper-1")));
    assert_ne!(terms.heard, pcm);
}

#[test]
fn a_caller_cannot_change_the_model_of_a_session() {
    let event = r#"{"type":"session.update","session":{"model":"dear","voice":"alloy"}}"#;
    let wished = wish(event.into(), Sound::default(), "mine", &|_| None).unwrap();
    assert_eq!(wished.event, r#"{"type":"session.update","session":{"voice":"alloy","model":"mine"}}"#);
    let same = Bytes::from_static(br#"{"type":"response.create"}"#);
    let wished = wish(same.clone(), Sound::default(), "mine", &|_| None).unwrap();
    assert_eq!((wished.event, wished.responds), (same, true));
    assert!(wish("no".into(), Sound::default(), "mine", &|_| None).is_err());
}

#[test]
fn the_model_that_writes_down_has_its_providers_name() {
    let naming = |name: &str| (name == "scribe").then(|| "whisper-\"1".to_owned());
    let check = |event: &str, expected: &str| {
        let wished = wish(Bytes::copy_from_slice(event.as_bytes()), Sound::default(), "mine", &naming).unwrap();
        assert_eq!(wished.event, expected);
    };
    check(
        r#"{"type":"session.update","session":{"audio":{"input":{"transcription":{"model":"scribe","language":"de"}}}}}"#,
        r#"{"type":"session.update","session":{"audio":{"input":{"transcription":{"model":"whisper-\"1","language":"de"}}}}}"#,
    );
    check(
        r#"{"type":"session.update","session":{"model":"a","input_audio_transcription":{"model":"scribe"}}}"#,
        r#"{"type":"session.update","session":{"input_audio_transcription":{"model":"whisper-\"1"},"model":"mine"}}"#,
    );
    for same in [
        r#"{"type":"session.update","session":{"audio":{"input":{"transcription":{"model":"whisper-9"}}}}}"#,
        r#"{"type":"session.update","session":{"audio":{"input":{"transcription":null}}}}"#,
        r#"{"type":"other","session":{"audio":{"input":{"transcription":{"model":"scribe"}}}}}"#,
    ] {
        check(same, same);
    }
    let body = Object::parse(r#"{"input_audio_transcription":{"model":"scribe"},"x":1}"#.into()).unwrap();
    let edit = body.with(|root| rename_at_top(root, &naming)).unwrap();
    assert_eq!(body.splice(&[edit]).concat(), br#"{"input_audio_transcription":{"model":"whisper-\"1"},"x":1}"#);
}

#[test]
fn a_request_for_a_secret_names_its_model_in_one_of_three_places() {
    let check = |body: &'static str, expected: Option<&str>| {
        assert_eq!(model_of(&Object::parse(body.into()).unwrap()).as_deref(), expected, "{body}");
    };
    check(r#"{"session":{"type":"realtime","model":"m"}}"#, Some("m"));
    check(r#"{"model":"m"}"#, Some("m"));
    check(r#"{"session":{"type":"transcription","audio":{"input":{"transcription":{"model":"m"}}}}}"#, Some("m"));
    check(r#"{"input_audio_transcription":{"model":"m"}}"#, Some("m"));
    check("{}", None);
}

#[test]
fn a_fault_becomes_an_event() {
    let fault = Fault { code: Some("spent".to_owned()), ..Fault::invalid("no money") };
    let mut out = BytesMut::new();
    SESSION.write_stream_fault(&fault, &mut out);
    let doc = json::Doc::parse(&out).unwrap();
    assert!(doc.root().get("type").unwrap().is("error"));
    assert!(doc.root().get("error").unwrap().get("code").unwrap().is("spent"));
    assert_eq!(SESSION.status(&Fault::provider(FaultKind::Cut, "")), 502);
}
