//! What is made of Ollama's streams.

use types::*;

use crate::trial::{events, events_of, told};
use crate::{Back, Glance, Ollama};

/// The story of a stream of these lines, the same wherever it is cut.
fn story(lines: &[&str]) -> String {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    told(&events(&Ollama, &body))
}

fn says(content: &str) -> String {
    format!(r#"{{"model":"m","message":{{"role":"assistant","content":"{content}"}},"done":false}}"#)
}

const DONE: &str = r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":4}"#;

#[test]
fn a_stream_with_thoughts_text_and_calls_tells_the_whole_story() {
    let body = include_str!("../../../../fixtures/ollama/tools.ndjson");
    let expected = [
        "start  qwen3:8b",
        "0: thinking \"Hm, \"",
        "0: thinking \"wéather.\"",
        "0: text \"I look.\"",
        "0: call 0 call_abc get_weather -",
        "0: arguments 0 {\"city\":\"Graz am See\",\"days\":2}",
        "0: call 1 call_202611200800005_1 get_time -",
        "0: arguments 1 {}",
        "0: call 2 call_202611200800005_2 none -",
        "0: arguments 2 {}",
        "usage Some(26)/Some(31)",
        "0: finish ToolCalls",
        "end",
    ];
    assert_eq!(told(&events(&Ollama, body)), expected.join("\n"));
    assert_eq!(told(&events(&Ollama, &body.replace('\n', "\r\n\r\n"))), expected.join("\n"));
}

#[test]
fn thoughts_of_old_servers_are_sorted_out_across_lines() {
    let lines: Vec<String> = ["<th", "ink>", "h", "m</t", "hink>", "\\n\\n", "hel", "lo"].map(says).into();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push(DONE);
    let expected = "start  m\n0: thinking \"h\"\n0: thinking \"m\"\n0: text \"hel\"\n0: text \"lo\"\n\
        usage Some(3)/Some(4)\n0: finish Stop\nend";
    assert_eq!(story(&lines), expected);
    // What looked like a tag is given out at the end, and before a call.
    assert_eq!(story(&[&says("<th"), DONE]), "start  m\n0: text \"<th\"\nusage Some(3)/Some(4)\n0: finish Stop\nend");
    let call = r#"{"message":{"content":"","tool_calls":[{"id":"i","function":{"name":"f"}}]},"done":false}"#;
    let told = story(&[&says("<th"), call, DONE]);
    assert!(told.starts_with("start  m\n0: text \"<th\"\n0: call 0 i f -\n"), "{told}");
}

#[test]
fn a_stream_without_its_last_line_was_cut() {
    assert_eq!(story(&[&says("half")]), "start  m\n0: text \"half\"");
    assert_eq!(story(&[]), "");
    let broken_off = r#"{"message":{"content":""},"done":true}"#;
    let told = story(&[&says("half"), broken_off]);
    assert!(told.ends_with("error Cut Provider the model's runner broke off before the answer was complete"));
}

#[test]
fn an_error_line_ends_the_stream() {
    let error = r#"{"error":"llama runner process has terminated"}"#;
    let expected = "start  m\n0: text \"half\"\nerror Upstream Provider llama runner process has terminated";
    assert_eq!(story(&[&says("half"), error, DONE]), expected);
}

#[test]
fn nothing_is_told_twice_after_the_end() {
    let once = story(&[&says("x"), DONE]);
    assert_eq!(story(&[&says("x"), DONE, DONE, &says("y"), ""]), once);
}

#[test]
fn completions_and_log_probabilities_stream_too() {
    let first = r#"{"model":"m","response":"x","done":false,"logprobs":[{"token":"x","logprob":-0.5}]}"#;
    let last = r#"{"model":"m","response":"","done":true,"done_reason":"length"}"#;
    let body = format!("{first}\n{last}\n");
    let events = events_of(&Ollama, Operation::Completion, &[body.as_bytes()]);
    let expected = "start  m\n0: text \"x\"\n0: logprobs {\"content\":[{\"token\":\"x\",\"logprob\":-0.5}]}\n\
        0: finish Length\nend";
    assert_eq!(told(&events), expected);
}

#[test]
fn broken_lines_are_the_providers_fault() {
    let mut reader = Ollama.stream_reader(Operation::Chat);
    let mut out = Vec::new();
    reader.read(b"", &mut out).unwrap();
    assert!(out.is_empty());
    for broken in [&b"{"[..], b"\xff", b"data: {}", b"<html>"] {
        let fault = reader.read(broken, &mut out).unwrap_err();
        assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider));
    }
    for odd in ["7", "[]", "null", r#"{"message":7}"#, r#"{"message":{"tool_calls":{"a":1},"content":[]}}"#] {
        reader.read(odd.as_bytes(), &mut out).unwrap();
    }
}

#[test]
fn a_glance_sees_the_last_line_and_faults() {
    let glance = |line: &str| Ollama.glance(line.as_bytes(), &Usage::default());
    let only = |output_bytes| Glance { output_bytes, ..Glance::default() };
    let said = r#"say "done":true and "error""#;
    assert_eq!(glance(&says(&said.replace('"', "\\\""))), only(said.len()));
    let last = glance(DONE);
    assert!(last.end && !last.usage_only && last.fault.is_none());
    assert_eq!(last.usage.map(|usage| (usage.input, usage.output)), Some((Some(3), Some(4))));
    assert!(glance(r#"{"done": true}"#).end);
    assert_eq!(glance(r#"{"done": true}"#).usage, None);
    assert_eq!(glance(r#"{"error":"server busy"}"#).fault.unwrap().kind, FaultKind::Overloaded);
    // The same names inside a call mean nothing.
    let call = r#"{"message":{"tool_calls":[{"function":{"arguments":{"done":true,"error":"x"}}}]},"done":false}"#;
    assert_eq!(glance(call), only(r#"{"done":true,"error":"x"}"#.len()));
    assert_eq!(glance(r#"{"error""#).fault.unwrap().kind, FaultKind::Malformed);
}
