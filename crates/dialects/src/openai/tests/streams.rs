//! Streamed answers: reading providers', writing ours.

use serde_json::json;

use super::*;

/// The events in short: one word for each, with what it says.
fn story(events: &[Event]) -> Vec<String> {
    let tell = |event: &Event| match event {
        Event::Start { id, model } => format!("start {id} {model}"),
        Event::Delta { choice, delta } => match delta {
            Delta::Text(text) => format!("{choice} text {text}"),
            Delta::Thinking(text) => format!("{choice} think {text}"),
            Delta::Signature(text) => format!("{choice} proof {text}"),
            Delta::RedactedThinking(data) => format!("{choice} redacted {data}"),
            Delta::Refusal(text) => format!("{choice} refuse {text}"),
            Delta::ToolStart { index, id, name, signature } => {
                format!("{choice} call {index} {name} id={id} sig={}", signature.as_deref().unwrap_or_default())
            }
            Delta::CustomStart { index, id, name } => format!("{choice} custom {index} {name} id={id}"),
            Delta::ToolArguments { index, fragment } => format!("{choice} args {index} {fragment}"),
            Delta::Logprobs(_) => format!("{choice} logprobs"),
            Delta::Citations(_) => format!("{choice} citations"),
            Delta::Block(_) => format!("{choice} block"),
        },
        Event::Usage(usage) => format!("usage {:?} {:?}", usage.input, usage.output),
        Event::Finish { choice, finish, .. } => format!("{choice} finish {finish:?}"),
        Event::Ping => "ping".to_owned(),
        Event::End => "end".to_owned(),
        Event::Error(fault) => format!("error {:?}: {}", fault.kind, fault.message),
    };
    events.iter().map(tell).collect()
}

#[test]
fn every_kind_of_server_tells_the_same_kind_of_story() {
    const START: &str = "start chatcmpl-9x gpt-5.6";
    let check = |stream: &[u8], expected: &[&str]| assert_eq!(story(&events(stream)), expected);
    check(
        fixture!("openai.sse"),
        &[
            START,
            "0 text Grüße, ",
            "0 text Welt 🌍",
            "0 logprobs",
            "0 call 0 weather id=call_a sig=",
            "0 args 0 {\"city\":",
            "0 call 1 time id=call_b sig=",
            "0 args 1 {}",
            "0 args 0 \"Köln\"}",
            "usage Some(100) Some(30)",
            "0 finish ToolCalls",
            "end",
        ],
    );
    check(fixture!("azure.sse"), &[START, "0 text Hi", "0 finish Stop", "end"]);
    check(
        fixture!("deepseek.sse"),
        &[START, "0 think Let me ", "0 think think.", "0 text 42", "usage Some(20) Some(9)", "0 finish Stop", "end"],
    );
    check(
        fixture!("groq.sse"),
        &[START, "0 think Hmm.", "0 text Yes", "usage Some(5) Some(3)", "0 finish Stop", "end"],
    );
    check(
        fixture!("mistral.sse"),
        &[
            START,
            "0 think Need the tool.",
            "0 text Wait.",
            "0 call 0 add id=Ab3dE6gH9 sig=",
            "0 args 0 {\"a\": 1}",
            "usage Some(7) Some(5)",
            "0 finish ToolCalls",
            "end",
        ],
    );
    check(
        fixture!("gemini.sse"),
        &[
            START,
            "0 text Sure. ",
            "0 call 0 f id= sig=c2ln",
            "0 args 0 {\"x\":1}",
            "0 call 1 f id= sig=",
            "0 args 1 {\"x\":2}",
            "0 finish ToolCalls",
            "end",
        ],
    );
    check(
        fixture!("sloppy.sse"),
        &[
            START,
            "0 call 0 f id=a1 sig=",
            "0 args 0 {",
            "usage Some(3) Some(1)",
            "0 args 0 }",
            "usage Some(3) Some(2)",
            "0 call 1 g id=a2 sig=",
            "0 args 1 {\"k\":[1,2]}",
            "usage Some(3) Some(4)",
            "0 finish ToolCalls",
            "end",
        ],
    );
    check(
        fixture!("two_choices.sse"),
        &[START, "0 text A", "1 text B", "0 text a", "1 text b", "0 finish Stop", "1 finish Length", "end"],
    );
    check(
        fixture!("function_call.sse"),
        &[START, "0 call 0 f id= sig=", "0 args 0 {\"q\":", "0 args 0 1}", "0 finish ToolCalls", "end"],
    );
    check(
        fixture!("openrouter_error.sse"),
        &[START, "0 text Half a sen", "error Upstream: Provider disconnected unexpectedly"],
    );
    check(
        fixture!("gateway.sse"),
        &[START, "0 think First.", "0 proof U0lH", "0 redacted QkxPQg==", "0 text Done.", "0 finish Stop", "end"],
    );
    check(fixture!("refusal.sse"), &[START, "0 refuse I cannot ", "0 refuse do that.", "0 finish Stop", "end"]);
    check(
        fixture!("completion.sse"),
        &[
            "start cmpl-1 gpt-3.5-turbo-instruct",
            "0 text Once",
            "0 text  upon",
            "usage Some(2) Some(2)",
            "0 finish Length",
            "end",
        ],
    );
}

#[test]
fn a_stream_says_the_same_wherever_the_network_cuts_it() {
    for stream in STREAMS {
        let whole = events(stream);
        for at in 0..stream.len() {
            let (left, right) = stream.split_at(at);
            assert_eq!(try_events(&[left, right]).unwrap(), whole, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(try_events(&bytes).unwrap(), whole, "byte by byte");
    }
}

#[test]
fn a_stream_ends_only_as_its_format_demands() {
    let chunk = |choices: &str| format!("data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{choices}]}}\n\n");
    let text = chunk(r#"{"delta":{"content":"a"}}"#);
    let finish = chunk(r#"{"delta":{},"finish_reason":"stop"}"#);
    let other = chunk(r#"{"index":1,"delta":{"content":"b"}}"#);
    let done = "data: [DONE]\n\n";
    let ends = |pieces: &[&str]| events(pieces.concat().as_bytes()).contains(&Event::End);
    assert!(ends(&[&text, &finish, done]));
    assert!(ends(&[&text, &finish]), "some servers just hang up behind the finish");
    assert!(ends(&[&text, done]), "some say [DONE] without a finish");
    assert!(!ends(&[&text]), "cut");
    assert!(!ends(&[&text, &other, &finish]), "one of two answers was cut");
    assert!(!ends(&[]));
    assert!(try_events(&[done.as_bytes()]).is_err(), "nothing at all is no answer");
    let late = [&finish, &text, &finish, done].map(|piece| piece as &str).concat();
    assert_eq!(story(&events(late.as_bytes()))[1..], ["0 text a", "0 finish Stop", "end"]);
}

#[test]
fn a_failure_inside_a_stream_ends_it() {
    for (data, kind, status) in [
        (
            r#"{"error":{"message":"slow","type":"rate_limit_error","code":"rate_limit_exceeded"}}"#,
            FaultKind::RateLimit,
            429,
        ),
        (r#"{"error":{"message":"busy","type":"server_error","code":503}}"#, FaultKind::Overloaded, 503),
        (r#"{"error":{"message":"busy","code":"engine_overloaded"}}"#, FaultKind::Overloaded, 503),
        (r#"{"error":{"message":"This model's maximum context length is 5 tokens."}}"#, FaultKind::ContextWindow, 400),
        (r#"{"error":"died"}"#, FaultKind::Upstream, 502),
        (r#"{"object":"error","message":"oom","code":500}"#, FaultKind::Upstream, 500),
        (r#"{"choices":[],"error":{"message":"key sk-123 is wrong","code":401}}"#, FaultKind::Authentication, 502),
    ] {
        let stream =
            format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}]}}\n\ndata: {data}\n\ndata: [DONE]\n\n");
        let events = events(stream.as_bytes());
        let Some(Event::Error(fault)) = events.last() else { panic!("{data}: {events:?}") };
        assert_eq!((fault.kind, fault.status()), (kind, status), "{data}");
        assert!(!fault.message.contains("sk-"), "credentials are never repeated");
    }
    for data in ["{", "[]", "7", "\"x\"", "null"] {
        let fault = try_events(&[format!("data: {data}\n\n").as_bytes()]).unwrap_err();
        assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider));
    }
}

fn delta(delta: Delta) -> Event {
    Event::Delta { choice: 0, delta }
}

fn start() -> Event {
    Event::Start { id: "msg_1".into(), model: "claude".into() }
}

fn finish(finish: Finish) -> Event {
    Event::Finish { choice: 0, finish, stop_sequence: None }
}

#[test]
fn a_stream_is_written_in_the_order_that_clients_expect() {
    let events = [
        start(),
        delta(Delta::Thinking("Let me ".into())),
        Event::Ping,
        delta(Delta::Thinking("see.".into())),
        delta(Delta::Signature("proof".into())),
        delta(Delta::Text("Hi\n".into())),
        delta(Delta::Citations(Raw::new("[{\"n\":\n1}]"))),
        delta(Delta::ToolStart { index: 0, id: "c0".into(), name: "f".into(), signature: Some("c2ln".into()) }),
        delta(Delta::ToolArguments { index: 0, fragment: "{}".into() }),
        delta(Delta::ToolStart { index: 1, id: String::new(), name: "g".into(), signature: None }),
        Event::Usage(Usage { input: Some(3), output: Some(1), ..Usage::default() }),
        finish(Finish::Stop),
        Event::Usage(Usage { output: Some(9), ..Usage::default() }),
        Event::End,
    ];
    for stream_usage in [false, true] {
        let stamp = Stamp { stream_usage, ..stamp() };
        let text = stream(Operation::Chat, &events, &stamp);
        assert!(text.ends_with("data: [DONE]\n\n"));
        let mut chunks = chunks(&text);
        for chunk in &chunks {
            assert_eq!(chunk["id"], "chatcmpl-abcdefghijklmnopqrstuvwx");
            assert_eq!(
                (&chunk["object"], &chunk["created"], &chunk["model"]),
                (&json!("chat.completion.chunk"), &json!(7), &json!("claude"))
            );
        }
        if stream_usage {
            let counts = chunks.pop().unwrap();
            assert_eq!(counts["choices"], json!([]));
            assert_eq!(counts["usage"], json!({"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}));
        }
        assert!(chunks.iter().all(|chunk| chunk.get("usage") == stream_usage.then_some(&json!(null))));
        let deltas: Vec<_> = chunks.iter().map(|chunk| chunk["choices"][0]["delta"].clone()).collect();
        assert_eq!(
            deltas,
            [
                json!({"role": "assistant", "content": "", "refusal": null}),
                json!({"reasoning_content": "Let me "}),
                json!({"reasoning_content": "see."}),
                json!({"thinking_blocks": [{"type": "thinking", "thinking": "Let me see.", "signature": proofs::marked("proof")}]}),
                json!({"content": "Hi\n"}),
                json!({"annotations": [{"n": 1}]}),
                json!({"tool_calls": [{"index": 0, "id": "c0", "type": "function", "function": {"name": "f", "arguments": ""},
                "extra_content": {"google": {"thought_signature": proofs::marked("c2ln")}},
                "provider_specific_fields": {"thought_signature": proofs::marked("c2ln")}}]}),
                json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
                json!({"tool_calls": [{"index": 1, "id": "call_abcdefghijklmnopqrstuvwx1", "type": "function",
                "function": {"name": "g", "arguments": ""}}]}),
                json!({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
                json!({}),
            ]
        );
        let (last, before) = chunks.split_last().unwrap();
        assert_eq!(last["choices"][0]["finish_reason"], "tool_calls");
        assert!(before.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()));
    }
}

#[test]
fn nothing_comes_behind_a_failure() {
    let fault = Fault::provider(FaultKind::Cut, "the connection broke");
    let events = [
        start(),
        delta(Delta::Text("a".into())),
        Event::Error(Box::new(fault)),
        delta(Delta::Text("b".into())),
        Event::End,
    ];
    for operation in [Operation::Chat, Operation::Completion] {
        let text = stream(operation, &events, &stamp());
        let last = text.trim_end().rsplit("\n\n").next().unwrap().strip_prefix("data: ").unwrap();
        let last: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!(
            last,
            json!({"error": {"message": "the connection broke", "type": "internal_server_error", "param": null, "code": "502"}})
        );
        assert!(text.ends_with("}\n\n") && !text.contains("[DONE]"));
    }
}

#[test]
fn every_answer_has_its_own_role_and_state() {
    let to = |choice, delta| Event::Delta { choice, delta };
    let end = |choice, finish| Event::Finish { choice, finish, stop_sequence: None };
    let call = Delta::ToolStart { index: 0, id: String::new(), name: "f".into(), signature: None };
    let text = stream(
        Operation::Chat,
        &[start(), to(1, call), to(0, Delta::Text("a".into())), end(0, Finish::Stop), end(1, Finish::Stop), Event::End],
        &stamp(),
    );
    let said: Vec<_> = chunks(&text)
        .iter()
        .map(|chunk| {
            let choice = &chunk["choices"][0];
            (choice["index"].as_u64().unwrap(), choice["delta"].get("role").is_some(), choice["finish_reason"].clone())
        })
        .collect();
    assert_eq!(
        said,
        [
            (0, true, json!(null)),
            (1, true, json!(null)),
            (1, false, json!(null)),
            (0, false, json!(null)),
            (0, false, json!("stop")),
            (1, false, json!(null)),
            (1, false, json!("tool_calls")),
        ]
    );
}

#[test]
fn a_streamed_completion_is_bare_text() {
    let events = [
        start(),
        delta(Delta::Thinking("hidden".into())),
        delta(Delta::Text("Once".into())),
        delta(Delta::Logprobs(Raw::new(r#"{"content":[]}"#))),
        Event::Usage(Usage { input: Some(1), ..Usage::default() }),
        finish(Finish::Length),
        Event::End,
    ];
    let stamp = Stamp { stream_usage: true, ..stamp() };
    let text = stream(Operation::Completion, &events, &stamp);
    assert!(text.ends_with("data: [DONE]\n\n"));
    let chunks = chunks(&text);
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["object"] == "text_completion" && chunk["id"] == "cmpl-abcdefghijklmnopqrstuvwx")
    );
    let texts: Vec<_> = chunks.iter().map(|chunk| chunk["choices"][0]["text"].as_str().unwrap_or("-")).collect();
    assert_eq!(texts, ["Once", "", "", "-"]);
    assert_eq!(chunks[2]["choices"][0]["finish_reason"], "length");
    assert_eq!(chunks[3]["usage"]["total_tokens"], 1);
}
