//! Requests of OpenAI's dialect for these vendors, and their answers.

use types::{Answer, Fault, FaultKind, Operation, Recording, Request, Side};

use crate::trial::Upstream;
use crate::{Back, Deepgram, ElevenLabs, Form, Front, OpenAi, Outgoing};

fn sent(back: &dyn Back, operation: Operation, body: &str, drop_params: bool) -> Result<Outgoing, Fault> {
    let mut request = OpenAi.read_request(operation, body.as_bytes())?;
    if let Request::Transcription(listening) = &mut request {
        listening.recording = Recording { name: "a.wav".to_owned(), media_type: "audio/wav", bytes: (*b"RIFF").into() };
    }
    Upstream { drop_params, ..Upstream::new("m 1") }.write(back, &request)
}

#[test]
fn deepgram_gets_the_file_itself_and_all_else_in_the_query() {
    for (body, query) in [
        ("{}", "?model=m%201&detect_language=true&smart_format=true"),
        (r#"{"language":"de","prompt":"names"}"#, "?model=m%201&language=de&smart_format=true"),
        (
            r#"{"language":"d&e=","response_format":"srt","smart_format":false,"keyterm":["a b","c"]}"#,
            "?model=m%201&language=d%26e%3D&utterances=true&smart_format=false&keyterm=a%20b&keyterm=c",
        ),
    ] {
        let outgoing = sent(&Deepgram, Operation::Transcription, body, false).unwrap();
        assert_eq!((&*outgoing.behind, &outgoing.body[..]), (query, &b"RIFF"[..]), "{body}");
        assert_eq!(outgoing.headers, [("content-type", "audio/wav".to_owned())]);
    }
    assert!(sent(&Deepgram, Operation::Translation, "{}", true).is_err());
    assert_eq!(Deepgram.path(Operation::Translation, "m", false), None);
}

#[test]
fn elevenlabs_has_the_voice_in_the_path() {
    let said = |body: &str| {
        let outgoing = sent(&ElevenLabs, Operation::Speech, body, false).unwrap();
        (outgoing.behind, String::from_utf8(outgoing.body.to_vec()).unwrap())
    };
    let expected =
        ("/a%2Fb/stream?output_format=mp3_44100_128".to_owned(), r#"{"text":"hi","model_id":"m 1"}"#.to_owned());
    assert_eq!(said(r#"{"input":"hi","voice":"a/b"}"#), expected);
    let (behind, body) = said(r#"{"input":"hi","voice":"v","response_format":"pcm","speed":1.1,"seed":3}"#);
    assert_eq!(behind, "/v/stream?output_format=pcm_24000");
    assert_eq!(body, r#"{"text":"hi","model_id":"m 1","seed":3,"voice_settings":{"speed":1.1}}"#);
    assert!(ElevenLabs.answers_bytes(Operation::Speech));
    for voice in ["", "..", "/"] {
        let body = format!(r#"{{"input":"hi","voice":"{voice}"}}"#);
        let fault = sent(&ElevenLabs, Operation::Speech, &body, true).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("voice")), "{voice}");
    }
}

#[test]
fn elevenlabs_gets_a_form_of_its_own() {
    let body = r#"{"language":"de","temperature":0.5,"diarize":true}"#;
    let outgoing = sent(&ElevenLabs, Operation::Transcription, body, false).unwrap();
    let (_, kind) = &outgoing.headers[0];
    let form = Form::parse(kind, outgoing.body).unwrap();
    let expected = r#"{"model_id":"m 1","language_code":"de","temperature":0.5,"diarize":true,"tag_audio_events":false,"file":{"filename":"a.wav","bytes":4}}"#;
    assert_eq!(form.object().unwrap().bytes(), expected.as_bytes());
    assert_eq!(form.files().collect::<Vec<_>>(), [("file", &b"RIFF"[..])]);
}

#[test]
fn what_is_not_to_be_had_is_refused_unless_it_may_be_dropped() {
    use Operation::{Speech, Transcription};
    let cases: [(&dyn Back, Operation, &str, &str); 7] = [
        (&Deepgram, Transcription, r#""stream":true"#, "stream"),
        (&Deepgram, Transcription, r#""callback":"https://example.com""#, "callback"),
        (&ElevenLabs, Transcription, r#""response_format":"vtt""#, "response_format"),
        (&ElevenLabs, Transcription, r#""webhook":true"#, "webhook"),
        (&ElevenLabs, Speech, r#""response_format":"flac""#, "response_format"),
        (&ElevenLabs, Speech, r#""instructions":"kindly""#, "instructions"),
        (&ElevenLabs, Speech, r#""stream_format":"sse""#, "stream_format"),
    ];
    for (back, operation, more, param) in cases {
        let start = if operation == Speech { r#""input":"a","voice":"v","# } else { "" };
        let body = format!("{{{start}{more}}}");
        let fault = sent(back, operation, &body, false).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(param)), "{body}");
        assert_eq!(sent(back, operation, &body, true).unwrap().dropped, [param], "{body}");
    }
}

#[test]
fn what_was_said_comes_with_its_times() {
    let deepgram = r#"{"metadata":{"duration":2.5},"results":{"channels":[{"alternatives":[{"transcript":"Hello you.",
        "words":[{"word":"hello","start":0.5,"end":1.0,"punctuated_word":"Hello"}]}],"detected_language":"en"}],
        "utterances":[{"start":0.5,"end":2.0,"transcript":"Hello you."}]}}"#;
    let elevenlabs = r#"{"language_code":"en","text":"Hello you.","words":[{"text":"Hello","start":0.5,"end":1.0,"type":"word"},
        {"text":" ","start":1.0,"end":2.5,"type":"spacing"}]}"#;
    for (back, body, segments) in [(&Deepgram as &dyn Back, deepgram, 1), (&ElevenLabs, elevenlabs, 0)] {
        let answer = back.read_answer(Operation::Transcription, body.as_bytes()).unwrap();
        let Answer::Heard(heard) = answer else { panic!("{answer:?}") };
        assert_eq!((&*heard.text, heard.language.as_deref()), ("Hello you.", Some("en")), "{}", back.name());
        assert_eq!((heard.duration_ms, heard.usage.audio_ms), (Some(2_500), Some(2_500)));
        let word = &heard.words[0];
        assert_eq!((&*word.text, word.start_ms, word.end_ms, heard.words.len()), ("Hello", 500, 1_000, 1));
        assert_eq!(heard.segments.len(), segments);
        assert!(back.read_answer(Operation::Transcription, b"{}").is_err());
    }
}

#[test]
fn errors_are_told_apart() {
    let cases: [(&dyn Back, u16, &str, FaultKind, Side, &str); 6] = [
        (
            &Deepgram,
            401,
            r#"{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}"#,
            FaultKind::Authentication,
            Side::Provider,
            "Invalid credentials.",
        ),
        (
            &Deepgram,
            400,
            r#"{"err_code":"Bad Request","err_msg":"corrupt data"}"#,
            FaultKind::InvalidRequest,
            Side::Caller,
            "corrupt data",
        ),
        (
            &Deepgram,
            429,
            r#"{"category":"TOO_MANY_REQUESTS","message":"slow down"}"#,
            FaultKind::RateLimit,
            Side::Provider,
            "slow down",
        ),
        (
            &ElevenLabs,
            401,
            r#"{"detail":{"status":"quota_exceeded","message":"no credits"}}"#,
            FaultKind::Payment,
            Side::Provider,
            "no credits",
        ),
        (
            &ElevenLabs,
            422,
            r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#,
            FaultKind::InvalidRequest,
            Side::Caller,
            "field required",
        ),
        (&ElevenLabs, 404, r#"{"detail":"Not Found"}"#, FaultKind::NotFound, Side::Provider, "Not Found"),
    ];
    for (back, status, body, kind, side, message) in cases {
        let fault = back.read_fault(status, body.as_bytes());
        assert_eq!((fault.kind, fault.side, &*fault.message), (kind, side, message), "{body}");
    }
}
