//! Streams for callers, written.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::json;
use types::{Block, Delta, Event, FaultKind, Finish, Raw, Usage};

use super::*;
use crate::{Framing, Stamp, sse};

/// The events a caller gets for these: name and data.
fn wire(events: Vec<Event>) -> Vec<(String, Value)> {
    let stamp = Stamp { id: "ID".to_owned(), model: "group".to_owned(), input_estimate: 30, ..Stamp::default() };
    let mut writer = Anthropic.stream_writer(Operation::Chat, stamp);
    let mut out = BytesMut::new();
    for event in events {
        writer.write(event, &mut out);
    }
    let mut splitter = sse::Splitter::new(Framing::Sse);
    splitter.feed(out.freeze());
    let mut parsed = Vec::new();
    while let Some(event) = splitter.next_event().unwrap() {
        let text = String::from_utf8(event.to_vec()).unwrap();
        let name = text.lines().next().unwrap().strip_prefix("event: ").unwrap().to_owned();
        parsed.push((name, json(&sse::data(Framing::Sse, &event))));
    }
    assert!(splitter.leftover().is_empty(), "every event is complete");
    for (name, data) in &parsed {
        assert_eq!(*name, data["type"], "events are named by their type");
    }
    parsed
}

/// The same in short: block starts, deltas and stops by index.
fn short(events: Vec<Event>) -> Vec<String> {
    let line = |(name, data): (String, Value)| {
        let at = &data["index"];
        match name.as_str() {
            "content_block_start" => {
                let block = &data["content_block"];
                let said = block["name"].as_str().or(block["data"].as_str()).unwrap_or_default();
                format!("+{at} {} {said}", block["type"].as_str().unwrap()).trim_end().to_owned()
            }
            "content_block_delta" => {
                let delta = data["delta"].as_object().unwrap();
                let said = delta.iter().find(|(key, _)| *key != "type").unwrap().1;
                format!("{at} {}", said.as_str().map_or_else(|| said["url"].to_string(), str::to_owned))
                    .trim_end()
                    .to_owned()
            }
            "content_block_stop" => format!("-{at}"),
            "message_delta" => format!("= {}", data["delta"]["stop_reason"].as_str().unwrap()),
            _ => name,
        }
    };
    wire(events).into_iter().map(line).collect()
}

fn delta(delta: Delta) -> Event {
    Event::Delta { choice: 0, delta }
}

fn text(text: &str) -> Event {
    delta(Delta::Text(text.to_owned()))
}

fn call(index: u32) -> Event {
    delta(Delta::ToolStart { index, id: String::new(), name: format!("f{index}"), signature: None })
}

fn arguments(index: u32, fragment: &str) -> Event {
    delta(Delta::ToolArguments { index, fragment: fragment.to_owned() })
}

fn finish(finish: Finish) -> Event {
    Event::Finish { choice: 0, finish, stop_sequence: None }
}

fn start() -> Event {
    Event::Start { id: "chatcmpl-1".to_owned(), model: "gpt".to_owned() }
}

#[test]
fn a_stream_begins_and_ends_as_anthropics_do() {
    let usage = Usage { input: Some(50), cache_read: Some(40), output: Some(7), ..Usage::default() };
    let events = vec![start(), text("a"), finish(Finish::Stop), Event::Usage(usage), Event::End, text("late")];
    let events = wire(events);
    let message = json!({
        "id": "msg_ID", "type": "message", "role": "assistant", "model": "gpt", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 30, "output_tokens": 0},
    });
    assert_eq!(events[0].1, json!({"type": "message_start", "message": message}));
    assert_eq!(events[1].1["content_block"], json!({"type": "text", "text": ""}));
    assert_eq!(events[2].1["delta"], json!({"type": "text_delta", "text": "a"}));
    let delta = json!({
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": null},
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 40, "output_tokens": 7},
    });
    assert_eq!(events[4].1, delta);
    assert_eq!(events[5].1, json!({"type": "message_stop"}));
    assert_eq!(events.len(), 6, "nothing comes behind the end");
}

#[test]
fn kinds_of_content_become_blocks_one_after_the_other() {
    let thinking = |text: &str| delta(Delta::Thinking(text.to_owned()));
    let signature = |text: &str| delta(Delta::Signature(text.to_owned()));
    let citations = Raw::new(r#"[{"url_citation":{"url":"u"}}]"#);
    let events = vec![
        start(),
        Event::Ping,
        thinking("a"),
        thinking("b"),
        text(""),
        text("c"),
        delta(Delta::Citations(citations)),
        thinking("d"),
        signature("S"),
        thinking("e"),
        delta(Delta::RedactedThinking("R".to_owned())),
        delta(Delta::Refusal("no".to_owned())),
        delta(Delta::Block(Block::Opaque { dialect: "gemini", raw: Raw::new("{}") })),
        delta(Delta::Logprobs(Raw::new("{}"))),
        Event::Delta { choice: 1, delta: Delta::Text("other answer".to_owned()) },
        signature("alone"),
        finish(Finish::ContentFilter),
        Event::Finish { choice: 1, finish: Finish::Length, stop_sequence: None },
        Event::End,
    ];
    let expected = [
        "message_start",
        "ping",
        "+0 thinking",
        "0 a",
        "0 b",
        "0",
        "-0",
        "+1 text",
        "1 c",
        "1 \"u\"",
        "-1",
        "+2 thinking",
        "2 d",
        "2 S",
        "-2",
        "+3 thinking",
        "3 e",
        "3",
        "-3",
        "+4 redacted_thinking R",
        "-4",
        "+5 text",
        "5 no",
        "-5",
        "+6 thinking",
        "6 alone",
        "-6",
        "= refusal",
        "message_stop",
    ];
    assert_eq!(short(events), expected);
}

#[test]
fn calls_that_overlap_are_put_in_a_row() {
    let overlapping = vec![
        start(),
        call(0),
        arguments(0, "{\"a\":\"}"),
        call(1),
        arguments(1, "{}"),
        text("x"),
        arguments(2, "lost"),
        arguments(0, "\\\""),
        text("y"),
        arguments(0, "\"}"),
        call(2),
        arguments(2, "[1]"),
        finish(Finish::Stop),
        Event::End,
    ];
    let expected = [
        "message_start",
        "+0 tool_use f0",
        "0 {\"a\":\"}",
        "0 \\\"",
        "0 \"}",
        "-0",
        "+1 tool_use f1",
        "1 {}",
        "-1",
        "+2 text",
        "2 x",
        "2 y",
        "-2",
        "+3 tool_use f2",
        "3 [1]",
        "-3",
        "= tool_use",
        "message_stop",
    ];
    assert_eq!(short(overlapping), expected);
    let unfinished =
        vec![start(), call(0), call(1), arguments(1, "{"), arguments(0, "{"), finish(Finish::Length), Event::End];
    let expected =
        ["message_start", "+0 tool_use f0", "0 {", "-0", "+1 tool_use f1", "1 {", "-1", "= max_tokens", "message_stop"];
    assert_eq!(short(unfinished), expected);
}

#[test]
fn the_first_call_is_not_held_up_by_the_second() {
    let mut writer = Anthropic.stream_writer(Operation::Chat, Stamp::default());
    let mut out = BytesMut::new();
    for event in [start(), call(0), arguments(0, "{}"), call(1), arguments(1, "{\"now\":1")] {
        writer.write(event, &mut out);
    }
    assert!(String::from_utf8_lossy(&out).contains("now"), "a complete call makes room for the next at once");
}

#[test]
fn what_waits_is_bounded() {
    let mut writer = Anthropic.stream_writer(Operation::Chat, Stamp::default());
    let mut out = BytesMut::new();
    writer.write(call(0), &mut out);
    writer.write(call(1), &mut out);
    let fragment = "x".repeat(1 << 20);
    for _ in 0..20 {
        writer.write(arguments(1, &fragment), &mut out);
    }
    assert!(out.len() > 16 << 20);
}

#[test]
fn calls_have_ids_and_the_stop_sequence_is_told() {
    let events = vec![
        call(3),
        Event::Finish { choice: 0, finish: Finish::Stop, stop_sequence: Some("X".to_owned()) },
        Event::End,
    ];
    let events = wire(events);
    assert_eq!(events[1].1["content_block"], json!({"type": "tool_use", "id": "toolu_ID3", "name": "f3", "input": {}}));
    let delta = &events.iter().find(|(name, _)| name == "message_delta").unwrap().1["delta"];
    assert_eq!(*delta, json!({"stop_reason": "stop_sequence", "stop_sequence": "X"}));
    let empty = short(vec![Event::End]);
    assert_eq!(empty, ["message_start", "= end_turn", "message_stop"]);
}

#[test]
fn a_failure_ends_the_stream() {
    let fault = Box::new(Fault::provider(FaultKind::Overloaded, "busy"));
    let events = wire(vec![start(), Event::Error(fault), Event::End]);
    assert_eq!(events[1].1["error"], json!({"type": "overloaded_error", "message": "busy"}));
    assert_eq!(events.len(), 2);
}

#[test]
fn what_the_reader_understood_is_written_for_a_caller() {
    let mut splitter = sse::Splitter::new(Framing::Sse);
    splitter.feed(bytes::Bytes::from_static(STREAM.as_bytes()));
    let mut reader = Anthropic.stream_reader(Operation::Chat);
    let mut events = Vec::new();
    while let Some(event) = splitter.next_event().unwrap() {
        reader.read(&sse::data(Framing::Sse, &event), &mut events).unwrap();
    }
    let expected = [
        "message_start",
        "ping",
        "+0 thinking",
        "0 Let me",
        "0 see.",
        "0 c2ln",
        "-0",
        "+1 redacted_thinking ZGF0YQ==",
        "-1",
        "+2 server_tool_use web_search",
        "-2",
        "+3 web_search_tool_result",
        "-3",
        "+4 text",
        "4 Grüße 🌍",
        "4 \"https://example.com/a\"",
        "-4",
        "+5 tool_use read",
        "5 {\"path\": \"a",
        "5  b\"}",
        "-5",
        "+6 tool_use now",
        "6 {}",
        "-6",
        "= tool_use",
        "message_stop",
    ];
    assert_eq!(short(events), expected);
}

/// Fragments of several calls and other content in any order.
fn interleaved() -> impl Strategy<Value = Vec<Event>> {
    let fragment = prop_oneof![Just("{\"a\":1}"), Just("{"), Just("\"k\":[\"}\\\"\"]"), Just("}"), Just("")];
    let event = prop_oneof![
        (0..4u32, fragment).prop_map(|(index, fragment)| arguments(index, fragment)),
        (0..4u32).prop_map(call),
        Just(text("t")),
        Just(delta(Delta::Thinking("h".to_owned()))),
        Just(delta(Delta::Signature("s".to_owned()))),
        Just(delta(Delta::RedactedThinking("r".to_owned()))),
        Just(Event::Ping),
    ];
    prop::collection::vec(event, 0..30)
}

proptest! {
    #[test]
    fn blocks_never_overlap(events in interleaved()) {
        let mut events = events;
        events.extend([finish(Finish::Stop), Event::End]);
        let (mut open, mut next) = (None, 0);
        for (name, data) in wire(events) {
            match name.as_str() {
                "content_block_start" => {
                    prop_assert_eq!(open, None);
                    prop_assert_eq!(&data["index"], next);
                    open = Some(next);
                }
                "content_block_delta" => prop_assert_eq!(data["index"].as_u64(), open),
                "content_block_stop" => {
                    prop_assert_eq!(data["index"].as_u64(), open.take());
                    next += 1;
                }
                "message_stop" => prop_assert_eq!(open, None),
                _ => {}
            }
        }
    }

    #[test]
    fn no_fragment_of_a_call_is_lost_or_misplaced(order in prop::collection::vec(0..3usize, 0..40)) {
        let whole = [r#"{"a":"{\"}"}"#, "{}", r#"{"deep":[{"x":[1,2]}],"t":"\\"}"#];
        let mut left: [Vec<char>; 3] = whole.map(|text| text.chars().rev().collect());
        let mut begun = [false; 3];
        let mut events = Vec::new();
        for index in order.into_iter().chain((0..3).flat_map(|index| [index; 50])) {
            if !std::mem::replace(&mut begun[index], true) {
                events.push(call(index as u32));
            }
            if let Some(next) = left[index].pop() {
                events.push(arguments(index as u32, &next.to_string()));
            }
        }
        events.extend([finish(Finish::ToolCalls), Event::End]);
        let mut got = std::collections::HashMap::<String, String>::new();
        let mut name = String::new();
        for (_, data) in wire(events) {
            if let Some(start) = data["content_block"]["name"].as_str() {
                name = start.to_owned();
            }
            if let Some(fragment) = data["delta"]["partial_json"].as_str() {
                got.entry(name.clone()).or_default().push_str(fragment);
            }
        }
        for (index, text) in whole.iter().enumerate() {
            prop_assert_eq!(got.get(&format!("f{index}")).map(String::as_str), Some(*text));
        }
    }
}
