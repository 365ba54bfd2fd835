//! What pictures and sound consumed, and where their streams end.

use super::*;

fn seen(operation: Operation, body: &str) -> Usage {
    glance_answer(operation, body.as_bytes()).unwrap()
}

#[test]
fn pictures_are_counted_where_no_tokens_are() {
    let by_piece = seen(Operation::Image, r#"{"created":1,"data":[{"url":"a"},{"url":"b"}],"size":"1024x1536"}"#);
    assert_eq!(by_piece, Usage { images_made: Some(2), pixels: Some(2 * 1024 * 1536), ..Usage::default() });
    let by_token = r#"{"data":[{"b64_json":"aGk="}],"usage":{"input_tokens":9,"output_tokens":272,"total_tokens":281,
        "input_tokens_details":{"text_tokens":4,"image_tokens":5}}}"#;
    let expected =
        Usage { input: Some(9), image_input: Some(5), output: Some(272), image_output: Some(272), ..Usage::default() };
    assert_eq!(seen(Operation::ImageEdit, by_token), expected);
}

#[test]
fn the_length_of_a_recording_is_found_wherever_it_is_said() {
    let lasted = |ms: u64| Usage { audio_ms: Some(ms), ..Usage::default() };
    for (body, ms) in [
        (r#"{"text":"hi","usage":{"type":"duration","seconds":3}}"#, 3_000),
        (r#"{"task":"transcribe","duration":8.4701,"text":"hi","segments":[]}"#, 8_471),
        (r#"{"text":"hi","duration":"2.5"}"#, 2_500),
        ("1\n00:00:00,000 --> 00:00:02,000\nhi\n\n2\n00:00:02,000 --> 01:00:04,250\nthere\n", 3_604_250),
        ("WEBVTT\n\n00:00.000 --> 01:02.500 align:start\nhi\n", 62_500),
    ] {
        assert_eq!(seen(Operation::Transcription, body), lasted(ms), "{body}");
    }
    assert_eq!(seen(Operation::Translation, "just a text"), Usage::default());
    let tokens = r#"{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,
        "audio_tokens":10},"output_tokens":3,"total_tokens":17}}"#;
    let expected = Usage { input: Some(14), audio_input: Some(10), output: Some(3), ..Usage::default() };
    assert_eq!(seen(Operation::Transcription, tokens), expected);
}

#[test]
fn what_is_no_answer_is_a_fault() {
    for (operation, body) in [
        (Operation::Image, "{}"),
        (Operation::Image, r#"{"data":[]}"#),
        (Operation::Image, "<html>"),
        (Operation::Transcription, r#"{"tex"#),
        (Operation::Transcription, r#"{"error":{"message":"no"}}"#),
        (Operation::Transcription, "{}"),
    ] {
        assert!(glance_answer(operation, body.as_bytes()).is_err(), "{body}");
    }
    assert!(glance_answer(Operation::Transcription, b"\xff\xfe").is_err());
}

#[test]
fn a_stream_shows_something_at_its_first_piece_and_ends_with_its_last() {
    let done = r#"{"type":"speech.audio.done","usage":{"input_tokens":2,"output_tokens":40,"total_tokens":42}}"#;
    let spoken = Usage { input: Some(2), output: Some(40), audio_output: Some(40), ..Usage::default() };
    let mut reader = Reader::default();
    let mut events = Vec::new();
    reader.read(br#"{"type":"speech.audio.delta","audio":"aGk="}"#, &mut events).unwrap();
    assert!(events.iter().any(Event::is_content));
    reader.read(done.as_bytes(), &mut events).unwrap();
    reader.finish(&mut events);
    assert!(events.contains(&Event::Usage(spoken)) && events.last() == Some(&Event::End), "{events:?}");
    assert_eq!(glance(br#"{"type":"speech.audio.delta","audio":"usage"}"#, &Usage::default()), Glance::default());
    let end = glance(done.as_bytes(), &Usage::default());
    assert_eq!((end.end, end.usage_only, end.usage), (true, false, Some(spoken)));
    let drawn = glance(br#"{"type":"image_edit.completed","usage":{"output_tokens":7}}"#, &Usage::default());
    assert_eq!(drawn.usage.and_then(|usage| usage.image_output), Some(7));
    let chunk = br#"{"object":"transcription.chunk","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    let counted = glance(chunk, &Usage::default());
    assert_eq!(
        (counted.end, counted.usage_only, counted.usage.and_then(|usage| usage.output)),
        (false, false, Some(4))
    );
    assert!(glance(b"[DONE]", &Usage::default()).over);
    let text = glance(br#"{"type":"transcript.text.done","text":"hi"}"#, &Usage::default());
    assert_eq!((text.end, text.usage), (true, Some(Usage::default())));
}

#[test]
fn a_stream_that_fails_or_is_cut_does_not_end() {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    reader.read(br#"{"type":"image_generation.partial_image","b64_json":"aGk="}"#, &mut events).unwrap();
    reader.finish(&mut events);
    assert!(!events.contains(&Event::End));
    reader.read(br#"{"type":"error","error":{"message":"broken"}}"#, &mut events).unwrap();
    assert!(matches!(events.last(), Some(Event::Error(_))));
    assert!(glance(br#"{"type":"error","error":{"message":"broken"}}"#, &Usage::default()).fault.is_some());
    assert!(glance(b"{", &Usage::default()).fault.is_some());
}
