//! What is made of Cohere's streams.

use types::*;

use crate::sse::{Splitter, data, events as events_in};
use crate::trial::{events, told};
use crate::{Back, Cohere};

const CHAT: &str = include_str!("../../../fixtures/cohere/chat.sse");
const TOOLS: &str = include_str!("../../../fixtures/cohere/tools.sse");
const ERROR: &str = include_str!("../../../fixtures/cohere/error.sse");

fn sse(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// What a stream says that may be cut anywhere.
fn said(body: &str) -> String {
    told(&events(&Cohere, body))
}

#[test]
fn thoughts_words_sources_and_probabilities_come_in_their_order() {
    let probable = r#"{"content":[{"token":"Größe: ","logprob":-0.75,"bytes":[71,114,195,182,195,159,101,58,32],"top_logprobs":[]}]}"#;
    let source = r#"[{"type":"url_citation","url_citation":{"start_index":7,"end_index":11,"url":"https://example.com/towers","title":"Towers"}}]"#;
    let expected = format!(
        "start 29f14a5a-11de-4cae-9800-25e4747408ea \n0: thinking \"The user\"\n0: thinking \" asks.\"\n0: text \"Größe: \"\n\
         0: logprobs {:?}\n0: text \"tall \\\"towers\\\"\\n\"\n0: citations {:?}\nusage Some(83)/Some(14)\n0: finish Stop\nend",
        Raw::new(probable),
        Raw::new(source)
    );
    assert_eq!(said(CHAT), expected);
}

#[test]
fn a_plan_is_thought_before_the_calls_that_it_leads_to() {
    assert_eq!(
        said(TOOLS),
        "start fba98ad3-e5a1-413c-a8de-84fbf9baabf7 \n0: thinking \"I will\"\n0: thinking \" look it up.\"\n\
         0: call 0 get_weather_nsz5zm3w56q3 get_weather -\n0: arguments 0 {\n    \"\n\
         0: arguments 0 location\": \"Madrid\"}\n0: call 1 now_4d7yw2c9vk1m now -\n0: arguments 1 {}\n\
         usage Some(913)/Some(83)\n0: finish ToolCalls\nend"
    );
}

#[test]
fn an_error_at_the_end_is_no_success() {
    assert_eq!(
        said(ERROR),
        "start c14c80c3-18eb-4519-9460-6c92edd8cfb4 \n0: text \"It\"\n\
         error Upstream Provider the model is not able to go on"
    );
    for (delta, kind) in [
        (r#"{"finish_reason":"ERROR"}"#, FaultKind::Upstream),
        (r#"{"finish_reason":"TIMEOUT","usage":{"tokens":{"input_tokens":3}}}"#, FaultKind::Timeout),
        (r#"{"finish_reason":"COMPLETE","error":"too many tokens: …"}"#, FaultKind::ContextWindow),
        (r#"{"error":""}"#, FaultKind::Upstream),
    ] {
        let got = events(&Cohere, &sse(&[&format!(r#"{{"type":"message-end","delta":{delta}}}"#)]));
        let Some(Event::Error(fault)) = got.last() else { panic!("{delta}: {got:?}") };
        assert_eq!(fault.kind, kind, "{delta}");
    }
}

#[test]
fn an_error_that_is_no_event_is_one_all_the_same() {
    let got = events(&Cohere, &sse(&[r#"{"id":"x","message":"internal server error"}"#, r#"{"type":"message-end"}"#]));
    assert_eq!(told(&got), "error Upstream Provider internal server error");
}

#[test]
fn a_stream_without_its_last_event_is_cut() {
    let cut = CHAT.split_once("event: message-end").unwrap().0;
    for body in [cut, &format!("{cut}data: [DONE]\n\n"), "", "data: [DONE]\n\n"] {
        let got = events(&Cohere, body);
        assert!(!got.iter().any(|event| matches!(event, Event::End | Event::Finish { .. })), "{got:?}");
    }
}

#[test]
fn nothing_is_heard_behind_the_end() {
    let end = r#"{"type":"message-end","delta":{"finish_reason":"MAX_TOKENS"}}"#;
    let late = r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"late"}}}}"#;
    assert_eq!(said(&sse(&[end, late, "nonsense"])), "start  \n0: finish Length\nend");
}

#[test]
fn events_that_are_off_their_format_are_used_as_far_as_they_make_sense() {
    let content = |text: &str| format!(r#"{{"type":"content-delta","delta":{{"message":{{"content":{text}}}}}}}"#);
    let calls = |kind: &str, calls: &str| {
        format!(r#"{{"type":"tool-call-{kind}","index":0,"delta":{{"message":{{"tool_calls":{calls}}}}}}}"#)
    };
    let body = sse(&[
        &content(r#"{"text":"a"}"#),
        &content(r#"[{"text":"b"}]"#),
        &content(r#""c""#),
        &content("null"),
        r#"{"type":"content-delta"}"#,
        r#"{"type":"debug","prompt":"secret"}"#,
        r#"{"type":"something-new","delta":{"message":{"content":{"text":"x"}}}}"#,
        &calls("delta", r#"{"function":{"arguments":"to nobody"}}"#),
        &calls("start", r#"[{"id":"c","function":{"name":"f","arguments":"{"}}]"#),
        &calls("delta", r#"{"function":{"arguments":"}"}}"#),
        &calls("start", r#"{"id":"no function"}"#),
        r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}"#,
    ]);
    let expected = "start  \n0: text \"a\"\n0: text \"b\"\n0: call 0 c f -\n0: arguments 0 {\n0: arguments 0 }\n\
                    0: finish ToolCalls\nend";
    assert_eq!(said(&body), expected);
}

#[test]
fn calls_that_take_turns_are_told_apart() {
    let start = |index: u64, id: &str| {
        format!(
            r#"{{"type":"tool-call-start","index":{index},"delta":{{"message":{{"tool_calls":{{"id":"{id}","function":{{"name":"f"}}}}}}}}}}"#
        )
    };
    let more = |index: u64, text: &str| {
        format!(
            r#"{{"type":"tool-call-delta","index":{index},"delta":{{"message":{{"tool_calls":{{"function":{{"arguments":"{text}"}}}}}}}}}}"#
        )
    };
    let end = r#"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}"#;
    let body =
        sse(&[&start(0, "a"), &start(1, "b"), &more(0, "[1"), &more(1, "[2"), &more(0, "]"), &more(1, "]"), end]);
    assert_eq!(
        said(&body),
        "start  \n0: call 0 a f -\n0: call 1 b f -\n0: arguments 0 [1\n0: arguments 1 [2\n0: arguments 0 ]\n\
         0: arguments 1 ]\n0: finish ToolCalls\nend"
    );
}

#[test]
fn an_endless_number_of_calls_is_nonsense() {
    let mut reader = Cohere.stream_reader(Operation::Chat);
    let start = br#"{"type":"tool-call-start","delta":{"message":{"tool_calls":{"id":"a","function":{"name":"f"}}}}}"#;
    let fault = (0..2_000).find_map(|_| reader.read(start, &mut Vec::new()).err());
    assert_eq!(fault.map(|fault| fault.kind), Some(FaultKind::Malformed));
}

#[test]
fn a_glance_sees_what_reading_tells() {
    for body in [CHAT, TOOLS] {
        let read = events(&Cohere, body);
        let written: usize = read.iter().map(Event::output_bytes).sum();
        let mut splitter = Splitter::new(Cohere.framing());
        splitter.feed(bytes::Bytes::copy_from_slice(body.as_bytes()));
        let batch = splitter.next_batch().unwrap().unwrap_or_default();
        let (mut seen, mut known, mut ended) = (0, Usage::default(), false);
        for event in events_in(Cohere.framing(), &batch) {
            let glance = Cohere.glance(&data(Cohere.framing(), event), &known);
            assert_eq!(glance.fault, None);
            seen += glance.output_bytes;
            known = glance.usage.unwrap_or(known);
            ended |= glance.end && glance.over;
        }
        // A call without arguments is given some.
        assert!(ended && written - seen <= "{}".len(), "{seen} of {written}");
        let usage = read.iter().find_map(|event| match event {
            Event::Usage(usage) => Some(*usage),
            _ => None,
        });
        assert_eq!(Some(known), usage);
    }
    let failed = br#"{"type":"message-end","delta":{"finish_reason":"ERROR"}}"#;
    assert!(Cohere.glance(failed, &Usage::default()).fault.is_some());
    assert!(Cohere.glance(b"{", &Usage::default()).fault.is_some());
}
