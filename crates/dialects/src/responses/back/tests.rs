use types::{Block, Delta, Event, FaultKind, Finish, Operation, Side};

use super::*;
use crate::json::Object;
use crate::trial::events;

const WHOLE: &str = r#"{"id":"resp_1","object":"response","created_at":1767225600,"status":"completed","error":null,
    "incomplete_details":null,"model":"gpt-5","output":[
    {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],
        "encrypted_content":"gAAA"},
    {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"well",
        "annotations":[]}]},
    {"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"}],
    "usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":2},"output_tokens":3,
        "output_tokens_details":{"reasoning_tokens":1},"total_tokens":8}}"#;

#[test]
fn an_answer_is_read_and_its_tokens_are_seen_at_a_glance() {
    let Answer::Chat(response) = Responses.read_answer(Operation::Chat, WHOLE.as_bytes()).unwrap() else { panic!() };
    assert_eq!((&*response.id, &*response.model, response.created), ("resp_1", "gpt-5", 1_767_225_600));
    let choice = &response.choices[0];
    assert_eq!(choice.blocks[0], Block::Thinking { text: "a\n\nb".into(), signature: Some("rsn.rs_1.gAAA".into()) });
    assert!(matches!(&choice.blocks[1], Block::Text(text) if text.text == "well"));
    assert!(matches!(&choice.blocks[2], Block::ToolCall(call) if call.name == "f" && call.id == "c"));
    assert_eq!(choice.finish, Finish::ToolCalls);
    let usage = Responses.glance_answer(Operation::Chat, WHOLE.as_bytes()).unwrap();
    assert_eq!(usage, response.usage);
    assert_eq!((usage.input, usage.cache_read, usage.output, usage.reasoning), (Some(5), Some(2), Some(3), Some(1)));
}

#[test]
fn an_answer_that_failed_is_a_fault() {
    let failed = r#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"},"output":[]}"#;
    for fault in [
        Responses.read_answer(Operation::Chat, failed.as_bytes()).unwrap_err(),
        Responses.glance_answer(Operation::Chat, failed.as_bytes()).unwrap_err(),
        *Responses
            .glance(format!(r#"{{"type":"response.failed","response":{failed}}}"#).as_bytes(), &Usage::default())
            .fault
            .unwrap(),
        *Responses
            .glance(br#"{"type":"error","code":"rate_limit_exceeded","message":"slow down"}"#, &Usage::default())
            .fault
            .unwrap(),
    ] {
        assert_eq!((fault.kind, fault.side, &*fault.message), (FaultKind::RateLimit, Side::Provider, "slow down"));
    }
    assert!(Responses.glance_answer(Operation::Chat, b"{}").is_err());
    assert!(Responses.glance_answer(Operation::Chat, b"nonsense").is_err());
}

#[test]
fn a_stream_is_read_wherever_it_is_cut() {
    let stream = concat!(
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-5\"}}\n\n",
        "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"reasoning\"}}\n\n",
        "data: {\"type\":\"response.reasoning_summary_text.delta\",\"output_index\":0,\"summary_index\":0,\"delta\":\"a\"}\n\n",
        "data: {\"type\":\"response.reasoning_summary_text.delta\",\"output_index\":0,\"summary_index\":1,\"delta\":\"b\"}\n\n",
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":1,\"delta\":\"we\"}\n\n",
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":1,\"delta\":\"ll\"}\n\n",
        "data: {\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\"}}\n\n",
        "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":2,\"delta\":\"{}\"}\n\n",
        "data: {\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}}\n\n",
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":5,\"output_tokens\":3}}}\n\n",
    );
    let delta = |delta| Event::Delta { choice: 0, delta };
    let usage = Usage { input: Some(5), output: Some(3), ..Usage::default() };
    let expected = [
        Event::Start { id: "resp_1".into(), model: "gpt-5".into() },
        delta(Delta::Thinking("a".into())),
        delta(Delta::Thinking("\n\nb".into())),
        delta(Delta::Text("we".into())),
        delta(Delta::Text("ll".into())),
        delta(Delta::ToolStart { index: 0, id: "c".into(), name: "f".into(), signature: None }),
        delta(Delta::ToolArguments { index: 0, fragment: "{}".into() }),
        Event::Usage(usage),
        Event::Finish { choice: 0, finish: Finish::ToolCalls, stop_sequence: None },
        Event::End,
    ];
    assert_eq!(events(&Responses, stream), expected);
    let last = stream.trim_end().rsplit("data: ").next().unwrap();
    let seen = Responses.glance(last.as_bytes(), &Usage::default());
    assert_eq!((seen.usage, seen.end, seen.over), (Some(usage), true, true));
    let piece = Responses.glance(br#"{"type":"response.output_text.delta","delta":"well"}"#, &Usage::default());
    assert_eq!((piece.output_bytes, piece.end), (4, false));
}

#[test]
fn a_request_passes_as_it_is_unless_it_holds_what_others_have_sealed() {
    let spliced = |body: &str| {
        let body = Object::parse(body.to_owned().into()).unwrap();
        let (facts, quirks) = Default::default();
        let target = Target {
            model: "gpt-5",
            name: "openai/gpt-5",
            facts: &facts,
            quirks: &quirks,
            drop_params: false,
            version: None,
            num_ctx: None,
            issuer: None,
        };
        Responses.splice(Operation::Chat, &body, &target)
    };
    assert!(spliced(r#"{"model":"x","input":"hi","previous_response_id":"resp_1"}"#).is_some());
    let sealed = r#"{"model":"x","input":[{"type":"reasoning","encrypted_content":"bG9ja2dhdGU6sig"}]}"#;
    assert!(spliced(sealed).is_none());
}
