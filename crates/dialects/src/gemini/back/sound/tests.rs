//! Sound for callers of OpenAI's dialect.

use types::{Answer, Operation, Recording, Request};

use super::*;
use crate::trial::Upstream;
use crate::{Back, Front, Gemini, OpenAi, Stamp};

fn request(operation: Operation, body: &str) -> Request {
    let mut request = OpenAi.read_request(operation, body.as_bytes()).unwrap();
    if let Request::Transcription(listening) = &mut request {
        listening.recording = Recording { name: "a.mp3".to_owned(), media_type: "audio/mpeg", bytes: (*b"hi").into() };
    }
    request
}

fn written(operation: Operation, body: &str, drop_params: bool) -> Result<String, Fault> {
    let upstream = Upstream { drop_params, ..Upstream::new("gemini-2.5-flash-preview-tts") };
    let outgoing = upstream.write(&Gemini, &request(operation, body))?;
    Ok(String::from_utf8(outgoing.body.to_vec()).unwrap())
}

#[test]
fn a_text_becomes_a_chat_whose_answer_is_sound() {
    let expected = |text: &str| {
        format!(
            r#"{{"contents":[{{"role":"user","parts":[{{"text":"{text}"}}]}}],"generationConfig":{{"responseModalities":["AUDIO"],"speechConfig":{{"voiceConfig":{{"prebuiltVoiceConfig":{{"voiceName":"Kore"}}}}}}}}}}"#
        )
    };
    for (body, text) in [
        (r#"{"input":"Good day","voice":"Kore"}"#, "Good day"),
        (r#"{"input":"Good day","voice":{"id":"Kore"},"response_format":"wav","speed":1}"#, "Good day"),
        (
            r#"{"input":"Good day","voice":"Kore","response_format":"pcm","instructions":"Say kindly:"}"#,
            "Say kindly: Good day",
        ),
    ] {
        assert_eq!(written(Operation::Speech, body, false).unwrap(), expected(text), "{body}");
    }
    let path = |operation| Gemini.path(operation, "gemini-x", false).unwrap();
    assert_eq!(path(Operation::Speech), "/models/gemini-x:generateContent");
    assert_eq!(path(Operation::Transcription), path(Operation::Translation));
    let streamed = Gemini.path(Operation::Transcription, "gemini-x", true).unwrap();
    assert_eq!(streamed, "/models/gemini-x:streamGenerateContent?alt=sse");
}

#[test]
fn what_is_not_to_be_had_is_refused_unless_it_may_be_dropped() {
    use Operation::{Speech, Transcription};
    for (operation, more, param) in [
        (Speech, r#""response_format":"mp3""#, "response_format"),
        (Speech, r#""speed":1.5"#, "speed"),
        (Speech, r#""stream_format":"sse""#, "stream_format"),
        (Speech, r#""odd":1"#, "odd"),
        (Transcription, r#""response_format":"verbose_json""#, "response_format"),
        (Transcription, r#""response_format":"srt""#, "response_format"),
        (Transcription, r#""timestamp_granularities[]":"word""#, "timestamp_granularities"),
    ] {
        let body = format!(r#"{{"input":"a","voice":"Kore",{more}}}"#);
        let body = if operation == Speech { body } else { format!("{{{more}}}") };
        let fault = written(operation, &body, false).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(param)), "{body}");
        assert!(written(operation, &body, true).is_ok(), "{body}");
    }
}

#[test]
fn a_recording_goes_behind_the_words_that_say_what_is_to_be_done_with_it() {
    let body = r#"{"language":"de","prompt":"Lockgate","temperature":0.2}"#;
    let sent = written(Operation::Transcription, body, false).unwrap();
    assert!(sent.contains("word for word") && sent.contains("spoken: de.") && sent.contains("Lockgate"), "{sent}");
    assert!(
        sent.ends_with(
            r#"{"inlineData":{"mimeType":"audio/mp3","data":"aGk="}}]}],"generationConfig":{"temperature":0.2}}"#
        ),
        "{sent}"
    );
    let english = written(Operation::Translation, "{}", false).unwrap();
    assert!(english.contains("in English") && !english.contains("generationConfig"), "{english}");
}

const USAGE: &str = r#""usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":30,"totalTokenCount":39}"#;

#[test]
fn samples_come_back_as_a_file_or_as_they_are() {
    let body = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"inlineData":{{"mimeType":"audio/L16;codec=pcm;rate=16000","data":"AQIDBA=="}}}}]}},"finishReason":"STOP"}}],{USAGE}}}"#
    );
    let answer = Gemini.read_answer(Operation::Speech, body.as_bytes()).unwrap();
    assert_eq!((answer.usage().output, answer.usage().audio_output), (Some(30), Some(30)));
    let Answer::Sound(sound) = &answer else { panic!("{answer:?}") };
    assert_eq!((&*sound.samples, sound.rate), (&[1, 2, 3, 4][..], 16_000));
    let shown = |form: &str| {
        let stamp = Stamp { form: Some(form.into()), ..Stamp::default() };
        let kind = OpenAi.answer_type(Operation::Speech, &stamp);
        (kind, OpenAi.write_answer(Operation::Speech, &answer, &stamp).len())
    };
    assert_eq!([shown("pcm"), shown("wav"), shown("mp3")], [("audio/pcm", 4), ("audio/wav", 48), ("audio/wav", 48)]);
}

#[test]
fn an_answer_without_sound_is_none() {
    for (part, reason, kind) in [
        (r#"{"text":"no"}"#, "STOP", FaultKind::Malformed),
        (r#"{"inlineData":{"mimeType":"audio/L16","data":"?"}}"#, "STOP", FaultKind::Malformed),
        (r#"{"inlineData":{"mimeType":"audio/mpeg","data":"aGk="}}"#, "STOP", FaultKind::Malformed),
        (r#"{"text":""}"#, "SAFETY", FaultKind::ContentPolicy),
    ] {
        let body =
            format!(r#"{{"candidates":[{{"content":{{"parts":[{part}]}},"finishReason":"{reason}"}}],{USAGE}}}"#);
        let fault = Gemini.read_answer(Operation::Speech, body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, kind, "{body}");
    }
}

#[test]
fn words_come_back_without_thoughts() {
    let body = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"hm","thought":true}},{{"text":" Hello "}},{{"text":"you.\n"}}]}},"finishReason":"STOP"}}],{USAGE}}}"#
    );
    let answer = Gemini.read_answer(Operation::Transcription, body.as_bytes()).unwrap();
    let Answer::Heard(heard) = &answer else { panic!("{answer:?}") };
    assert_eq!((&*heard.text, heard.usage.input), ("Hello you.", Some(9)));
}
