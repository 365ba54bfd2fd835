//! Forms of sound and of what was said.

use super::*;
use crate::{Front, OpenAi};

fn heard() -> Heard {
    let said = |text: &str, start_ms, end_ms| Said { text: text.to_owned(), start_ms, end_ms };
    Heard {
        text: "Hello there. Bye.".to_owned(),
        language: Some("en".to_owned()),
        duration_ms: Some(62_500),
        words: vec![said("Hello", 100, 400)],
        segments: vec![said("Hello there.", 100, 1_250), said("Bye.", 61_000, 62_500)],
        usage: Usage { audio_ms: Some(62_500), ..Usage::default() },
    }
}

#[test]
fn what_was_said_is_told_in_the_form_that_is_wanted() {
    let json = r#"{"text":"Hello there. Bye.","usage":{"type":"duration","seconds":63}}"#;
    let verbose = r#"{"task":"transcribe","language":"en","duration":62.5,"text":"Hello there. Bye.","words":[{"start":0.1,"end":0.4,"word":"Hello"}],"segments":[{"id":0,"start":0.1,"end":1.25,"text":"Hello there."},{"id":1,"start":61,"end":62.5,"text":"Bye."}],"usage":{"type":"duration","seconds":63}}"#;
    for (form, expected) in [
        (None, json),
        (Some("json"), json),
        (Some("text"), "Hello there. Bye.\n"),
        (Some("srt"), "1\n00:00:00,100 --> 00:00:01,250\nHello there.\n\n2\n00:01:01,000 --> 00:01:02,500\nBye.\n\n"),
        (
            Some("vtt"),
            "WEBVTT\n\n00:00:00.100 --> 00:00:01.250\nHello there.\n\n00:01:01.000 --> 00:01:02.500\nBye.\n\n",
        ),
        (Some("verbose_json"), verbose),
    ] {
        assert_eq!(write_heard(Operation::Transcription, &heard(), form), expected.as_bytes(), "{form:?}");
    }
    let usage = Usage { input: Some(30), audio_input: Some(25), output: Some(4), ..Usage::default() };
    let counted = Heard { text: "Hi".to_owned(), usage, ..Heard::default() };
    let expected = r#"{"text":"Hi","usage":{"type":"tokens","input_tokens":30,"input_token_details":{"text_tokens":5,"audio_tokens":25},"output_tokens":4,"total_tokens":34}}"#;
    assert_eq!(write_heard(Operation::Transcription, &counted, None), expected.as_bytes());
}

#[test]
fn words_are_told_while_more_is_heard() {
    let mut writer = OpenAi.stream_writer(Operation::Transcription, crate::Stamp::default());
    let mut out = BytesMut::new();
    let text = |text: &str| Event::Delta { choice: 0, delta: Delta::Text(text.to_owned()) };
    let usage = Usage { input: Some(3), output: Some(2), ..Usage::default() };
    let start = Event::Start { id: String::new(), model: String::new() };
    for event in [start, text("Hel"), text("lo"), Event::Usage(usage), Event::End, text("late")] {
        writer.write(event, &mut out);
    }
    let expected = [
        r#"data: {"type":"transcript.text.delta","delta":"Hel"}"#,
        r#"data: {"type":"transcript.text.delta","delta":"lo"}"#,
        r#"data: {"type":"transcript.text.done","text":"Hello","usage":{"type":"tokens","input_tokens":3,"output_tokens":2,"total_tokens":5}}"#,
        "",
    ];
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected.join("\n\n"));
}

#[test]
fn samples_get_the_head_of_a_wav_file_unless_they_are_wanted_alone() {
    let sound = Sound { samples: vec![1, 2, 3, 4], rate: 24_000, usage: Usage::default() };
    assert_eq!(write_speech(&sound, Some("pcm")), &[1, 2, 3, 4][..]);
    let file = write_speech(&sound, None);
    assert_eq!(
        (&file[..4], &file[8..16], &file[36..40], &file[44..]),
        (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..], &[1, 2, 3, 4][..])
    );
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!([number(4), number(16), number(24), number(28), number(40)], [40, 16, 24_000, 48_000, 4]);
}

#[test]
fn a_request_without_its_text_or_its_voice_names_what_is_missing() {
    for (body, param) in [
        (r#"{"model":"m","voice":"v"}"#, "input"),
        (r#"{"model":"m","input":"hi"}"#, "voice"),
        (r#"{"model":"m","input":"hi","voice":7}"#, "voice"),
        (r#"{"model":"m","input":"hi","voice":"v","speed":"fast"}"#, "speed"),
    ] {
        let fault = OpenAi.read_request(Operation::Speech, body.as_bytes()).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(param)), "{body}");
    }
}
