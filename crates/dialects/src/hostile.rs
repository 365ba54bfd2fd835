//! Whatever a provider sends: every back must answer with a value or a fault, never with a panic, and must keep the
//! order of events that writers rely on.

use proptest::prelude::*;
use types::{Event, Operation, Usage};

use crate::BACKS;

/// Bodies whose pieces make the most interesting nonsense.
const SAMPLES: [&str; 3] = [
    include_str!("../fixtures/gemini/whole.json"),
    include_str!("../fixtures/gemini/tools.sse"),
    include_str!("../fixtures/ollama/tools.ndjson"),
];

/// A piece of a sample with a few bytes of it replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let cut = (0..SAMPLES.len(), any::<usize>(), any::<usize>());
    let blows = prop::collection::vec((any::<usize>(), prop::sample::select(&b"{}[]\",:0e-nt\\ \n\xff"[..])), 0..4);
    (cut, blows).prop_map(|((sample, start, end), blows)| {
        let lines: Vec<&str> = SAMPLES[sample].split_inclusive('\n').collect();
        let start = start % lines.len();
        let end = start + 1 + end % (lines.len() - start);
        let mut bytes = lines[start..end].concat().into_bytes();
        for (at, byte) in blows {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes
    })
}

/// Reads `bytes` in every way a back can read.
fn read_all(bytes: &[u8]) {
    for back in BACKS {
        for operation in Operation::ALL {
            let _ = back.read_answer(operation, bytes);
            let mut reader = back.stream_reader(operation);
            let mut out = Vec::new();
            for line in bytes.split(|byte| *byte == b'\n') {
                let line = line.strip_prefix(b"data: ").unwrap_or(line);
                let _ = back.glance(line, &Usage::default());
                let _ = reader.read(line, &mut out);
            }
            reader.finish(&mut out);
            check_order(back.name(), &out);
        }
        for status in [400, 401, 404, 429, 500, 599] {
            let fault = back.read_fault(status, bytes);
            assert!((400..600).contains(&fault.status()), "{}: {fault:?}", back.name());
        }
    }
}

/// `Start` first and once, at most one of `End` and `Error`, and nothing after it.
fn check_order(name: &str, events: &[Event]) {
    let start = |event: &Event| matches!(event, Event::Start { .. });
    let last = |event: &Event| matches!(event, Event::End | Event::Error(_));
    let starts = events.iter().filter(|event| start(event)).count();
    let content = events.iter().any(Event::is_content);
    assert!(starts <= 1 && (!content || start(&events[0])), "{name}: {events:?}");
    let lasts = events.iter().filter(|event| last(event)).count();
    assert!(lasts == 0 || lasts == 1 && events.last().is_some_and(last), "{name}: {events:?}");
}

proptest! {
    #[test]
    fn no_back_panics_on_damaged_answers(bytes in damaged()) {
        read_all(&bytes);
    }

    #[test]
    fn no_back_panics_on_noise(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        read_all(&bytes);
    }
}

#[test]
fn no_back_panics_on_depth_or_absurd_numbers() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!(r#"{{"candidates":[{}0],"embeddings":[[1e999,-1e999]]}}"#, "{},".repeat(10_000));
    let absurd = r#"{"candidates":[{"index":18446744073709551615}],"usageMetadata":{"promptTokenCount":1e308},
        "done":true,"eval_count":99999999999999999999999999,"error":{"code":-1,"details":[{"retryDelay":"1e99s"}]}}"#;
    for text in [&deep[..], &wide, absurd, &absurd.replace("\"error\"", "\"other\"").replace('\n', "")] {
        read_all(text.as_bytes());
    }
}
