//! Streams of providers, read.

use bytes::Bytes;
use types::{Block, Delta, Event, FaultKind, Finish, Usage};

use super::*;
use crate::{Framing, sse};

/// The events of a stream that arrives in these pieces.
fn events(pieces: &[&[u8]]) -> Vec<Event> {
    let mut splitter = sse::Splitter::new(Framing::Sse);
    let mut reader = Anthropic.stream_reader(Operation::Chat);
    let mut out = Vec::new();
    for piece in pieces {
        splitter.feed(Bytes::copy_from_slice(piece));
        while let Some(event) = splitter.next_event().unwrap() {
            reader.read(&sse::data(Framing::Sse, &event), &mut out).unwrap();
        }
    }
    reader.finish(&mut out);
    out
}

/// The events of a stream with these data lines.
fn of(data: &[&str]) -> Vec<Event> {
    let text: String = data.iter().map(|data| format!("data: {data}\n\n")).collect();
    events(&[text.as_bytes()])
}

fn delta(delta: Delta) -> Event {
    Event::Delta { choice: 0, delta }
}

fn call(index: u32, id: &str, name: &str) -> Event {
    delta(Delta::ToolStart { index, id: id.to_owned(), name: name.to_owned(), signature: None })
}

fn arguments(index: u32, fragment: &str) -> Event {
    delta(Delta::ToolArguments { index, fragment: fragment.to_owned() })
}

fn finish(finish: Finish) -> Event {
    Event::Finish { choice: 0, finish, stop_sequence: None }
}

#[test]
fn every_event_of_a_stream_finds_its_word() {
    let mut usage = Usage {
        input: Some(2310),
        cache_read: Some(2000),
        cache_write: Some(100),
        cache_write_long: Some(200),
        output: Some(1),
        ..Usage::default()
    };
    let first = Event::Usage(usage);
    (usage.input, usage.output, usage.reasoning, usage.web_searches) = (Some(2312), Some(57), Some(20), Some(1));
    let opaque = |raw: &str| delta(Delta::Block(Block::Opaque { dialect: "anthropic", raw: types::Raw::new(raw) }));
    let annotation = r#"[{"type":"url_citation","url_citation":{"start_index":0,"end_index":7,"url":"https://example.com/a","title":"A"}}]"#;
    let expected = vec![
        Event::Start { id: "msg_01".to_owned(), model: "claude-opus-4-8".to_owned() },
        first,
        Event::Ping,
        delta(Delta::Thinking("Let me ".to_owned())),
        delta(Delta::Thinking("see.".to_owned())),
        delta(Delta::Signature("c2ln".to_owned())),
        delta(Delta::RedactedThinking("ZGF0YQ==".to_owned())),
        opaque(r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"news"}}"#),
        opaque(r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}"#),
        delta(Delta::Text("Grüße 🌍".to_owned())),
        delta(Delta::Citations(types::Raw::new(annotation))),
        call(0, "toolu_1", "read"),
        arguments(0, "{\"path\": \"a"),
        arguments(0, " b\"}"),
        call(1, "toolu_2", "now"),
        arguments(1, "{}"),
        Event::Usage(usage),
        finish(Finish::ToolCalls),
        Event::End,
    ];
    assert_eq!(events(&[STREAM.as_bytes()]), expected);
}

#[test]
fn the_network_may_cut_a_stream_anywhere() {
    let crlf = STREAM.replace('\n', "\r\n");
    for stream in [STREAM, &crlf] {
        let whole = events(&[stream.as_bytes()]);
        for at in 1..stream.len() {
            let (left, right) = stream.as_bytes().split_at(at);
            assert_eq!(events(&[left, right]), whole, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(events(&bytes), whole);
    }
}

#[test]
fn a_stream_without_its_last_event_was_cut() {
    let end = STREAM.find("event: message_stop").unwrap();
    let events = events(&[&STREAM.as_bytes()[..end]]);
    assert_eq!(events.last(), Some(&finish(Finish::ToolCalls)));
    assert!(!events.contains(&Event::End));
}

#[test]
fn usage_is_cumulative_and_corrected_field_by_field() {
    let usage = |start: &str, late: &str| {
        let events = of(&[
            &format!(r#"{{"type":"message_start","message":{{"id":"m","usage":{start}}}}}"#),
            &format!(r#"{{"type":"message_delta","delta":{{}},"usage":{late}}}"#),
        ]);
        let mut usage = Usage::default();
        for event in events {
            if let Event::Usage(later) = event {
                usage.update(&later);
            }
        }
        (usage.input, usage.cache_read, usage.output)
    };
    let start =
        r#"{"input_tokens":5,"cache_read_input_tokens":1000,"cache_creation_input_tokens":0,"output_tokens":1}"#;
    assert_eq!(usage(start, r#"{"output_tokens":9}"#), (Some(1005), Some(1000), Some(9)));
    assert_eq!(usage(start, r#"{"input_tokens":6,"output_tokens":9}"#), (Some(1006), Some(1000), Some(9)));
    assert_eq!(usage(start, r#"{"input_tokens":0,"output_tokens":9}"#), (Some(1005), Some(1000), Some(9)));
    assert_eq!(usage(r#"{"input_tokens":0}"#, r#"{"input_tokens":8,"output_tokens":9}"#), (Some(8), None, Some(9)));
    let huge = r#"{"input_tokens":18446744073709551615,"cache_read_input_tokens":18446744073709551615}"#;
    assert_eq!(usage(huge, "{}").0, None, "what no model can reach is noise");
}

#[test]
fn an_error_ends_the_stream() {
    let events = of(&[
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    let [Event::Error(fault)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (fault.kind, fault.message.as_str(), fault.upstream_status),
        (FaultKind::Overloaded, "Overloaded", None)
    );
}

#[test]
fn a_refusal_in_a_stream_tells_why() {
    let events = of(&[
        r#"{"type":"message_start","message":{"id":"m","model":"x"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"explanation":"no"}}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    assert_eq!(events[1..], [delta(Delta::Refusal("no".to_owned())), finish(Finish::ContentFilter), Event::End]);
}

#[test]
fn the_tool_that_stands_in_for_a_schema_streams_as_text() {
    let events = of(&[
        r#"{"type":"message_start","message":{}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"json_tool_call","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"n\""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":":1}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":null}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    let text = |text: &str| delta(Delta::Text(text.to_owned()));
    assert_eq!(events[1..], [text("{\"n\""), text(":1}"), finish(Finish::Stop), Event::End]);
}

#[test]
fn servers_that_are_a_little_off_are_understood() {
    let start = Event::Start { id: String::new(), model: String::new() };
    let input_at_once = of(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        "[DONE]",
        "",
        r#"{"type":"message_stop"}"#,
        r#"{"type":"ping"}"#,
    ]);
    let expected = [start.clone(), call(0, "t", "f"), arguments(0, "{\"a\":1}"), finish(Finish::ToolCalls), Event::End];
    assert_eq!(input_at_once, expected);
    let overlapping = of(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f"}}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b","name":"f"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{ }"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"too late"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
    ]);
    let usage = Event::Usage(Usage { output: Some(3), ..Usage::default() });
    let expected = [
        start.clone(),
        call(0, "a", "f"),
        call(1, "b", "f"),
        arguments(0, "{}"),
        arguments(1, "{ }"),
        finish(Finish::ToolCalls),
        usage,
    ];
    assert_eq!(overlapping, expected);
    let unopened = of(&[r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#]);
    assert_eq!(unopened, [start, delta(Delta::Text("hi".to_owned()))]);
}

#[test]
fn what_a_stream_keeps_is_bounded() {
    let mut reader = Anthropic.stream_reader(Operation::Chat);
    let mut out = Vec::new();
    let start = r#"{"type":"content_block_start","index":0,"content_block":{"type":"new_block"}}"#;
    let endless = (0..1000).map(|_| reader.read(start.as_bytes(), &mut out)).find_map(Result::err);
    assert_eq!(endless.unwrap().kind, FaultKind::Malformed);
    let mut reader = Anthropic.stream_reader(Operation::Chat);
    reader.read(start.as_bytes(), &mut out).unwrap();
    let fragment = "x".repeat(1 << 20);
    let fragment = format!(
        r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"input_json_delta","partial_json":"{fragment}"}}}}"#
    );
    let endless = (0..100).map(|_| reader.read(fragment.as_bytes(), &mut out)).find_map(Result::err);
    assert_eq!(endless.unwrap().kind, FaultKind::Malformed);
    let garbage = Anthropic.stream_reader(Operation::Chat).read(b"<html>", &mut out).unwrap_err();
    assert_eq!(garbage.kind, FaultKind::Malformed);
}

#[test]
fn a_glance_sees_what_reading_sees() {
    let mut splitter = sse::Splitter::new(Framing::Sse);
    splitter.feed(Bytes::from_static(STREAM.as_bytes()));
    let mut usage = Usage::default();
    let mut ends = 0;
    while let Some(event) = splitter.next_event().unwrap() {
        let glance = Anthropic.glance(&sse::data(Framing::Sse, &event), &usage);
        usage = glance.usage.unwrap_or(usage);
        ends += usize::from(glance.end);
        assert!(!glance.usage_only && glance.fault.is_none());
    }
    let mut read = Usage::default();
    for event in events(&[STREAM.as_bytes()]) {
        if let Event::Usage(later) = event {
            read.update(&later);
        }
    }
    assert_eq!((usage, ends), (read, 1));
    let glance = |event: &[u8]| Anthropic.glance(event, &Usage::default());
    let only = |output_bytes| crate::Glance { output_bytes, ..crate::Glance::default() };
    let tricky = br#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\"error\" \"message_stop\""}}"#;
    assert_eq!(glance(tricky), only(r#""error" "message_stop""#.len()));
    let spaced = br#"{ "delta": {"text": "\"message_stop\""}, "type" : "content_block_delta" }"#;
    assert_eq!(glance(spaced), only(r#""message_stop""#.len()));
    let error = glance(br#"{"type":"error","error":{"type":"api_error","message":"m"}}"#);
    assert_eq!(error.fault.unwrap().kind, FaultKind::Upstream);
}
