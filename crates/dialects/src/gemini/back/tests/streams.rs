//! What is made of Gemini's streams.

use types::*;

use crate::trial::{events, told};
use crate::{Back, Gemini, Glance};

/// The story of a stream of these events, the same wherever it is cut.
fn story(stream: &[&str]) -> String {
    let body: String = stream.iter().map(|event| format!("data: {event}\r\n\r\n")).collect();
    told(&events(&Gemini, &body))
}

fn part(part: &str) -> String {
    format!(r#"{{"candidates":[{{"content":{{"parts":[{part}]}}}}],"responseId":"r"}}"#)
}

#[test]
fn a_stream_with_thoughts_text_and_calls_tells_the_whole_story() {
    let body = include_str!("../../../../fixtures/gemini/tools.sse");
    let signature = r#"Text(Text { text: "", cache: None, citations: None, signature: Some("S2") })"#;
    let expected = [
        "start r1 gemini-3-flash",
        "0: thinking \"Thinking…\"",
        "usage Some(10)/Some(0)",
        "0: text \"Grüß \"",
        "usage Some(10)/Some(9)",
        "0: text \"Gott\"",
        "0: call 0 call_r1_0 a S1",
        "0: arguments 0 {\"x\":[1,2]}",
        "0: call 1 call_r1_1 b -",
        "0: arguments 1 {}",
        "0: call 2 call_r1_2 c -",
        "0: arguments 2 {}",
        &format!("0: block {signature}"),
        "usage Some(12)/Some(16)",
        "0: finish ToolCalls",
        "end",
    ];
    assert_eq!(told(&events(&Gemini, body)), expected.join("\n"));
    for body in [body.replace('\n', "\r\n"), body.replace('\n', "\r")] {
        assert_eq!(told(&events(&Gemini, &body)), expected.join("\n"));
    }
}

#[test]
fn a_stream_that_ends_without_a_reason_was_cut() {
    let text = part(r#"{"text":"half"}"#);
    assert_eq!(story(&[&text]), "start r \n0: text \"half\"");
    assert_eq!(story(&[]), "");
    assert_eq!(story(&[r#"{"usageMetadata":{"promptTokenCount":1}}"#]), "start  \nusage Some(1)/None");
    // One of two answers is complete, the other is not.
    let two = r#"{"candidates":[{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"b"}]}}]}"#;
    assert_eq!(story(&[two]), "start  \n0: text \"a\"\n1: text \"b\"");
}

#[test]
fn several_candidates_end_each_for_their_own_reason() {
    let both = r#"{"candidates":[{"index":1,"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"},{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"}],"responseId":"r"}"#;
    let expected = "start r \n1: call 0 call_r_0 f -\n1: arguments 0 {}\n0: text \"a\"\n\
        0: finish Length\n1: finish ToolCalls\nend";
    assert_eq!(story(&[both]), expected);
    let absurd = r#"{"candidates":[{"index":4000000000,"content":{"parts":[{"text":"a"}]}}]}"#;
    assert!(story(&[absurd]).contains("error Malformed Provider"));
}

#[test]
fn a_blocked_prompt_is_filtered_and_not_cut() {
    let blocked =
        r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}"#;
    assert_eq!(story(&[blocked]), "start  \nusage Some(3)/Some(0)\n0: finish ContentFilter\nend");
    let text = part(r#"{"text":"half"}"#);
    assert!(story(&[&text, blocked]).ends_with("0: finish ContentFilter\nend"));
}

#[test]
fn an_unusable_output_is_an_error_unless_something_was_said() {
    let malformed =
        r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}],"usageMetadata":{"promptTokenCount":3}}"#;
    let error = "error Malformed Provider the model's output was unusable (MALFORMED_FUNCTION_CALL)";
    assert_eq!(story(&[malformed]), format!("start  \nusage Some(3)/None\n{error}"));
    let thought = part(r#"{"text":"hm","thought":true}"#);
    assert!(story(&[&thought, malformed]).ends_with(error));
    let text = part(r#"{"text":"x"}"#);
    assert!(story(&[&text, malformed]).ends_with("0: finish Stop\nend"));
}

#[test]
fn errors_inside_a_stream_end_it() {
    let text = part(r#"{"text":"half"}"#);
    let error = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    let expected = "start r \n0: text \"half\"\nerror Overloaded Provider The model is overloaded.";
    assert_eq!(story(&[&text, error, &text]), expected);
    assert_eq!(story(&[&text, &format!("[{error}]")]), expected);
}

#[test]
fn pictures_and_sources_arrive_whole() {
    let picture = part(r#"{"inlineData":{"mimeType":"image/png","data":"iVBO"}}"#);
    assert!(story(&[&picture]).contains("0: block Image"));
    let grounded = r#"{"candidates":[{"content":{"parts":[{"text":"abc"}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["q"],"groundingChunks":[{"web":{"uri":"u","title":"t"}}]}}]}"#;
    let expected = "start  \n0: text \"abc\"\nusage None/None\n0: citations [{\"type\":\"url_citation\",\"url_citation\":\
        {\"start_index\":0,\"end_index\":3,\"url\":\"u\",\"title\":\"t\"}}]\n0: finish Stop\nend";
    assert_eq!(story(&[grounded]), expected);
}

#[test]
fn broken_events_are_the_providers_fault_and_empty_ones_nothing() {
    let mut reader = Gemini.stream_reader(Operation::Chat);
    let mut out = Vec::new();
    reader.read(b"", &mut out).unwrap();
    reader.read(b"  ", &mut out).unwrap();
    assert!(out.is_empty());
    for broken in ["{", "\u{1}", "{\"candidates\":[}"] {
        let fault = reader.read(broken.as_bytes(), &mut out).unwrap_err();
        assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider));
    }
    reader.read(b"\xff", &mut out).unwrap_err();
    for odd in ["7", "[]", "null", "\"x\"", r#"{"candidates":{"a":1}}"#, r#"{"candidates":[{"content":7}]}"#] {
        reader.read(odd.as_bytes(), &mut out).unwrap();
    }
}

#[test]
fn a_glance_sees_counts_ends_and_faults() {
    let glance = |event: &str| Gemini.glance(event.as_bytes(), &Usage::default());
    let only = |output_bytes| Glance { output_bytes, ..Glance::default() };
    let said = r#"say "error" and "finishReason""#;
    assert_eq!(glance(&part(&format!(r#"{{"text":"{}"}}"#, said.replace('"', "\\\"")))), only(said.len()));
    let counted =
        glance(r#"{"candidates":[{"content":{}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2}}"#);
    assert_eq!(counted.usage.map(|usage| (usage.input, usage.output)), Some((Some(5), Some(2))));
    assert!(!counted.end && !counted.usage_only && counted.fault.is_none());
    let last = glance(r#"{"candidates":[{"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["q"]}}]}"#);
    assert!(last.end);
    assert_eq!(last.usage.unwrap().web_searches, Some(1));
    assert!(glance(r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#).end);
    // The same names deeper inside mean nothing.
    let args = r#"{"error":"x","finishReason":"STOP","usageMetadata":{}}"#;
    let call = part(&format!(r#"{{"functionCall":{{"name":"f","args":{args}}}}}"#));
    assert_eq!(glance(&call), only("f".len() + args.len()));
    for error in [r#"{"error":{"code":429,"message":"slow down"}}"#, r#" [{"error":{"status":"RESOURCE_EXHAUSTED"}}]"#]
    {
        assert_eq!(glance(error).fault.unwrap().kind, FaultKind::RateLimit, "{error}");
    }
    assert_eq!(glance("\"error\" {").fault.unwrap().kind, FaultKind::Malformed);
}
