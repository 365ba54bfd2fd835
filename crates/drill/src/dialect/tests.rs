//! What holds for every dialect: the same knobs mean the same thing everywhere.

use crate::client::*;
use serde_json::Value;

/// The text of an answer, whole or streamed, in whatever shape.
fn said(name: &str, stream: bool, got: &Got) -> String {
    let all: Vec<Value> = match (name, stream) {
        (_, false) => vec![got.json()],
        ("ollama", true) => got.line_values(),
        (_, true) => got.event_values(),
    };
    let places: &[&str] = match (name, stream) {
        ("openai", false) => &["/choices/0/message/content"],
        ("openai", true) => &["/choices/0/delta/content"],
        ("responses", false) => &["/output/0/content/0/text"],
        ("responses", true) => &["/delta"],
        ("anthropic", false) => &["/content/0/text"],
        ("anthropic", true) => &["/delta/text"],
        ("gemini", _) => &["/candidates/0/content/parts/0/text"],
        ("cohere", false) => &["/message/content/0/text"],
        ("cohere", true) => &["/delta/message/content/text"],
        _ => &["/message/content"],
    };
    all.iter().flat_map(|one| places.iter().filter_map(|place| one.pointer(place)?.as_str())).collect()
}

#[tokio::test]
async fn the_size_knobs_mean_the_same_everywhere() {
    let mock = mock().await;
    for stream in [false, true] {
        for (knobs, size) in [
            ("chunks=7", 28),
            ("chunks=3,chunk_bytes=100", 300),
            ("answer_bytes=100000", 100_000),
            ("text=h%C3%A9llo", 6),
        ] {
            for (name, path, body) in hellos("demo", stream) {
                let got = post_with(&mock, &path, &[("x-mock", knobs)], body).await;
                assert_eq!(said(name, stream, &got).len(), size, "{name} {knobs}");
            }
        }
    }
}

#[tokio::test]
async fn whole_and_streamed_answers_say_the_same() {
    let mock = mock().await;
    for knobs in ["", "chunk_bytes=1", "interleave=1", "crlf=1,comments=1", "split=5"] {
        let mut texts = Vec::new();
        for stream in [false, true] {
            for (name, path, body) in hellos("demo", stream) {
                let got = post_with(&mock, &path, &[("x-mock", knobs)], body).await;
                texts.push(said(name, stream, &got));
            }
        }
        assert!(texts.iter().all(|text| text == "You said: hello"), "{knobs}: {texts:?}");
    }
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_but_for_its_number() {
    let (one, two) = (mock().await, mock().await);
    for (name, path, body) in hellos("demo@parallel=2", true) {
        let first = post(&one, &path, body.clone()).await;
        assert_eq!(first.raw, post(&two, &path, body).await.raw, "{name}");
    }
}
