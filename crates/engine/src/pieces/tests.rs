//! What calls consume, as far as they say it themselves.

use std::sync::Arc;

use dialects::FRONTS;
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::{Call, Caller};

fn ask(operation: Operation, kind: &'static str, body: impl Into<bytes::Bytes>) -> Ask {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(kind));
    let (front, body, caller) = (FRONTS[0], body.into(), Arc::new(Caller::admin()));
    let (id, path_model, path_stream, ip) = (String::new(), Some("m".to_owned()), None, None);
    Ask::read(Call { id, front, operation, path_model, path_stream, headers, body, caller, ip }).unwrap()
}

fn json(operation: Operation, body: &'static str) -> Usage {
    foreseen(&ask(operation, "application/json", body))
}

fn form(operation: Operation, fields: &str, file: &[u8]) -> Ask {
    let head = "content-disposition: form-data; name=\"file\"; filename=\"a\"";
    let body = [format!("{fields}--x\r\n{head}\r\n\r\n").as_bytes(), file, b"\r\n--x--"].concat();
    ask(operation, "multipart/form-data; boundary=x", body)
}

#[test]
fn documents_are_searches() {
    let searches = |body| json(Operation::Rerank, body).queries;
    assert_eq!(searches(r#"{"query": "a", "documents": ["b", {"text": "c"}]}"#), Some(1));
    assert_eq!(searches(r#"{"query": "a"}"#), Some(1));
    let long = format!(r#"{{"query": "a", "documents": ["{}"]}}"#, "word ".repeat(100_000));
    let long = foreseen(&ask(Operation::Rerank, "application/json", long)).queries.unwrap();
    assert!((3..=8).contains(&long), "{long}");
}

#[test]
fn pictures_have_pixels_and_tokens_by_their_size_and_quality() {
    let check = |body, made, pixels, tokens| {
        let usage = json(Operation::Image, body);
        assert_eq!((usage.images_made, usage.pixels, usage.output), (Some(made), Some(pixels), Some(tokens)), "{body}");
    };
    check(r#"{"prompt": "a", "size": "1024x1024", "quality": "low"}"#, 1, 1 << 20, 272);
    check(r#"{"prompt": "a", "size": "1536x1024", "quality": "medium", "n": 2}"#, 2, 3 << 20, 2 * 1_584);
    check(r#"{"prompt": "a"}"#, 1, 3 << 19, 6_240);
    check(r#"{"prompt": "a", "size": "auto", "quality": "auto", "partial_images": 3}"#, 1, 3 << 19, 6_540);
    let absurd =
        json(Operation::Image, r#"{"prompt": "a", "n": 18446744073709551615, "size": "9999999999x9999999999"}"#);
    assert_eq!(absurd.output, Some(u64::MAX));
    let edited = form(Operation::ImageEdit, "", b"png");
    assert_eq!(foreseen(&edited).images_read, Some(1));
    assert!(edited.input_estimate() > READ);
}

#[test]
fn speech_is_paid_by_what_is_said() {
    let usage = json(Operation::Speech, r#"{"input": "ol\u00e9 ol\u00e9"}"#);
    assert_eq!((usage.characters, usage.audio_ms, usage.output), (Some(7), Some(560), Some(14)));
}

#[test]
fn a_recording_is_as_long_as_its_bytes_say() {
    let lasts = |file: &[u8]| foreseen(&form(Operation::Transcription, "", file)).audio_ms;
    assert_eq!(lasts(&[1; 8_000]), Some(2_000));
    let wav = |rate: u32| [&b"RIFF....WAVEfmt ............"[..], &rate.to_le_bytes(), &[0; 31_968]].concat();
    assert_eq!(lasts(&wav(32_000)), Some(1_000));
    // A second of four gigabytes is none.
    assert_eq!([lasts(&wav(u32::MAX)), lasts(&wav(0))], [Some(8_000); 2]);
    let long = form(Operation::Transcription, "", &[1; 400_000]);
    assert_eq!(long.input_estimate(), 1_500 + policy::estimate_body_tokens(long.body.bytes()));
}

#[test]
fn texts_consume_nothing_but_tokens() {
    for operation in [Operation::Chat, Operation::Embedding, Operation::Moderation] {
        assert_eq!(json(operation, r#"{"input": "a", "messages": []}"#), Usage::default());
    }
}
