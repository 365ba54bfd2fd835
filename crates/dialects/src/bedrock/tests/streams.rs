//! What is understood of streams.

use super::*;

fn event(name: &str, payload: &str) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload.as_bytes())
}

fn exception(name: &str, payload: &str) -> Vec<u8> {
    let headers = [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    frame(&headers, payload.as_bytes())
}

/// The events of these frames, the same wherever the network cuts them.
fn check(frames: &[Vec<u8>], expected: &str) {
    let body = frames.concat();
    let read = |pieces: &[&[u8]]| -> Vec<Event> { events_of(&Bedrock, Operation::Chat, pieces) };
    let whole = read(&[&body]);
    assert_eq!(told(&whole), expected);
    for at in 1..body.len() {
        let (left, right) = body.split_at(at);
        assert_eq!(read(&[left, right]), whole, "cut at {at}");
    }
    let single: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(read(&single), whole, "byte by byte");
}

fn delta(index: u32, delta: &str) -> Vec<u8> {
    event("contentBlockDelta", &format!(r#"{{"contentBlockIndex":{index},"delta":{delta},"p":"abc"}}"#))
}

fn close(index: u32) -> Vec<u8> {
    event("contentBlockStop", &format!(r#"{{"contentBlockIndex":{index}}}"#))
}

#[test]
fn a_stream_tells_thoughts_words_and_calls_and_its_usage_behind_the_stop() {
    let start = |index: u32, id: &str, name: &str| {
        let start = format!(r#"{{"toolUse":{{"toolUseId":"{id}","name":"{name}"}}}}"#);
        event("contentBlockStart", &format!(r#"{{"contentBlockIndex":{index},"start":{start}}}"#))
    };
    check(
        &[
            event("messageStart", r#"{"role":"assistant"}"#),
            delta(0, r#"{"reasoningContent":{"text":"hm"}}"#),
            delta(0, r#"{"reasoningContent":{"signature":"c2ln"}}"#),
            close(0),
            delta(1, r#"{"reasoningContent":{"redactedContent":"cmVk"}}"#),
            delta(2, r#"{"text":""}"#),
            delta(2, r#"{"text":"Grüße"}"#),
            close(2),
            start(3, "t1", "look"),
            delta(3, r#"{"toolUse":{"input":"{\"a\""}}"#),
            delta(3, r#"{"toolUse":{"input":":1}"}}"#),
            close(3),
            start(4, "t2", "see"),
            close(4),
            event("somethingNew", "{}"),
            event("messageStop", r#"{"stopReason":"tool_use"}"#),
            event("metadata", r#"{"usage":{"inputTokens":5,"outputTokens":7},"metrics":{"latencyMs":1}}"#),
        ],
        "start  \n0: thinking \"hm\"\n0: signature c2ln\n0: RedactedThinking(\"cmVk\")\n0: text \"Grüße\"\n0: call 0 t1 look -\n\
         0: arguments 0 {\"a\"\n0: arguments 0 :1}\n0: call 1 t2 see -\n0: arguments 1 {}\n0: finish ToolCalls\nusage Some(5)/Some(7)\nend",
    );
}

#[test]
fn what_stands_in_for_a_form_is_text() {
    let start = r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"json_tool_call"}}}"#;
    check(
        &[
            event("contentBlockStart", start),
            delta(0, r#"{"toolUse":{"input":"{}"}}"#),
            event("messageStop", r#"{"stopReason":"tool_use"}"#),
        ],
        "start  \n0: text \"{}\"\n0: finish Stop\nend",
    );
}

#[test]
fn a_failure_ends_a_stream_and_one_without_a_stop_was_cut() {
    let words = delta(0, r#"{"text":"a"}"#);
    let throttled = exception("throttlingException", r#"{"message":"Too many requests"}"#);
    check(
        &[words.clone(), throttled, words.clone()],
        "start  \n0: text \"a\"\nerror RateLimit Provider Too many requests",
    );
    let broken = exception("modelStreamErrorException", r#"{"message":"odd","originalStatusCode":500}"#);
    check(&[broken], "error Upstream Provider odd");
    let invalid = exception("validationException", r#"{"message":"prompt is too long"}"#);
    check(&[invalid], "error ContextWindow Caller prompt is too long");
    let nameless = frame(&[(":message-type", "error"), (":error-code", "500"), (":error-message", "oops")], b"");
    check(&[nameless], "error Upstream Provider oops");
    check(&[words], "start  \n0: text \"a\"");
}

#[test]
fn a_broken_frame_is_a_fault() {
    let mut reader = Bedrock.stream_reader(Operation::Chat);
    let mut out = Vec::new();
    let mut bad = delta(0, r#"{"text":"a"}"#);
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(reader.read(&bad, &mut out).unwrap_err().kind, FaultKind::Malformed);
    assert_eq!(reader.read(&event("contentBlockDelta", "{"), &mut out).unwrap_err().kind, FaultKind::Malformed);
    let malformed = event("messageStop", r#"{"stopReason":"malformed_tool_use"}"#);
    assert_eq!(reader.read(&malformed, &mut out).unwrap_err().kind, FaultKind::Malformed);
}

#[test]
fn a_glance_sees_what_matters() {
    let known = Usage { input: Some(1), ..Usage::default() };
    let seen = Bedrock.glance(&delta(0, r#"{"text":"four"}"#), &known);
    assert_eq!((seen.output_bytes, seen.end, seen.usage), (4, false, None));
    assert!(Bedrock.glance(&event("messageStop", r#"{"stopReason":"end_turn"}"#), &known).end);
    let counted = Bedrock.glance(&event("metadata", r#"{"usage":{"outputTokens":7}}"#), &known);
    assert_eq!(counted.usage.map(|usage| (usage.input, usage.output)), Some((Some(1), Some(7))));
    assert!(counted.over && Bedrock.glance(&exception("throttlingException", "{}"), &known).fault.is_some());
    assert!(Bedrock.glance(b"noise", &known).fault.is_some());
}

#[test]
fn proofs_of_models_that_are_not_anthropics_go_to_nobody_whole_or_streamed() {
    assert!(Bedrock.of_model("eu.anthropic.claude-sonnet-4-5-v1:0").is_none());
    let others = Bedrock.of_model("openai.gpt-oss-120b-1:0").expect("it is read in another way");
    let frames = [
        event("messageStart", r#"{"role":"assistant"}"#),
        delta(0, r#"{"reasoningContent":{"text":"hm"}}"#),
        delta(0, r#"{"reasoningContent":{"signature":"c2ln"}}"#),
        delta(1, r#"{"reasoningContent":{"redactedContent":"cmVk"}}"#),
        delta(2, r#"{"text":"well"}"#),
        event("messageStop", r#"{"stopReason":"end_turn"}"#),
    ];
    let said = events_of(others, Operation::Chat, &[&frames.concat()]);
    let is_proof =
        |event: &&Event| matches!(event, Event::Delta { delta: Delta::Signature(_) | Delta::RedactedThinking(_), .. });
    assert_eq!(said.iter().filter(is_proof).count(), 0, "{said:?}");
    assert!(said.contains(&Event::Delta { choice: 0, delta: Delta::Thinking("hm".to_owned()) }), "{said:?}");
    let whole = br#"{"output":{"message":{"role":"assistant","content":[
        {"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},
        {"reasoningContent":{"redactedContent":"cmVk"}},{"text":"well"}]}},"stopReason":"end_turn"}"#;
    let Answer::Chat(answer) = others.read_answer(Operation::Chat, whole).unwrap() else { panic!() };
    let thought = Block::Thinking { text: "hm".to_owned(), signature: None };
    assert_eq!(answer.choices[0].blocks, [thought, Block::text("well")]);
}
