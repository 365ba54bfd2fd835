//! Whole answers, from providers and to callers.

use bytes::BytesMut;
use serde_json::json;
use types::{
    Answer, Block, Choice, Delta, Event, FaultKind, Finish, Raw, Response, Source, Text, Tier, ToolCall, Usage,
};

use super::*;
use crate::Stamp;

fn read(body: &str) -> Result<Response, Fault> {
    match Anthropic.read_answer(Operation::Chat, body.as_bytes())? {
        Answer::Chat(response) => Ok(*response),
        other => panic!("{other:?}"),
    }
}

fn stamp() -> Stamp {
    let (id, model) = ("abcdefghijklmnopqrst".to_owned(), "group".to_owned());
    Stamp { id, created: 1, model, stream_usage: true, input_estimate: 77, ..Stamp::default() }
}

fn written(response: Response) -> Value {
    json(&Anthropic.write_answer(Operation::Chat, &Answer::Chat(Box::new(response)), &stamp()))
}

fn answer(blocks: Vec<Block>, finish: Finish) -> Response {
    Response { choices: vec![Choice { blocks, finish, stop_sequence: None, logprobs: None }], ..Response::default() }
}

#[test]
fn a_whole_answer_finds_its_words() {
    let response = read(ANSWER).unwrap();
    assert_eq!((&response.id[..4], response.model.as_str()), ("msg_", "claude-opus-4-8"));
    let usage = Usage {
        input: Some(2310),
        cache_read: Some(2000),
        cache_write: Some(100),
        cache_write_long: Some(200),
        output: Some(50),
        reasoning: Some(20),
        web_searches: Some(1),
        tier: Some(Tier::Priority),
        ..Usage::default()
    };
    assert_eq!(response.usage, usage);
    let [choice] = &response.choices[..] else { panic!() };
    assert_eq!(choice.finish, Finish::ToolCalls);
    let annotations = r#"[{"type":"url_citation","url_citation":{"start_index":7,"end_index":12,"url":"https://example.com/a","title":"A"}}]"#;
    assert_eq!(
        choice.blocks[0],
        Block::Thinking { text: "The user greets.".to_owned(), signature: Some("c2ln".to_owned()) }
    );
    assert_eq!(choice.blocks[1], Block::RedactedThinking { data: "ZGF0YQ==".to_owned() });
    assert_eq!(choice.blocks[2], Block::text("Grüße! "));
    assert!(matches!(&choice.blocks[3], Block::Opaque { dialect: "anthropic", .. }));
    let cited = Text { text: "News.".to_owned(), citations: Some(Raw::new(annotations)), ..Text::default() };
    assert_eq!(choice.blocks[5], Block::Text(cited));
    assert!(matches!(&choice.blocks[6], Block::ToolCall(call) if call.arguments == r#"{"path": "a b"}"#));
}

#[test]
fn stop_reasons_are_mapped() {
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("pause_turn", Finish::Length),
        ("compaction", Finish::Length),
        ("refusal", Finish::ContentFilter),
        ("tool_use", Finish::Stop),
        ("something_new", Finish::Stop),
    ] {
        let body = format!(r#"{{"content":[],"stop_reason":"{reason}","stop_sequence":"x"}}"#);
        let choice = read(&body).unwrap().choices.remove(0);
        assert_eq!((choice.finish, choice.stop_sequence.as_deref()), (finish, Some("x")), "{reason}");
    }
    let called = r#"{"content":[{"type":"tool_use","id":"a","name":"f","input":{}}],"stop_reason":"end_turn"}"#;
    assert_eq!(read(called).unwrap().choices[0].finish, Finish::ToolCalls, "a call is a call");
}

#[test]
fn a_refusal_tells_why() {
    let body = r#"{"content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"no"}}"#;
    assert_eq!(read(body).unwrap().choices[0].blocks, [Block::Refusal("no".to_owned())]);
}

#[test]
fn the_tool_that_stands_in_for_a_schema_becomes_the_text() {
    let body = r#"{"content":[{"type":"tool_use","id":"a","name":"json_tool_call","input":{"n": 1}}],"stop_reason":"tool_use"}"#;
    let choice = read(body).unwrap().choices.remove(0);
    assert_eq!((choice.blocks, choice.finish), (vec![Block::text(r#"{"n": 1}"#)], Finish::Stop));
}

#[test]
fn what_is_no_answer_is_a_fault_of_the_provider() {
    for (body, kind) in [
        ("<html>", FaultKind::Malformed),
        ("", FaultKind::Malformed),
        ("{}", FaultKind::Malformed),
        (r#"{"content":"text"}"#, FaultKind::Malformed),
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#, FaultKind::Overloaded),
    ] {
        let fault = read(body).unwrap_err();
        assert_eq!((fault.kind, fault.side), (kind, types::Side::Provider), "{body}");
    }
}

#[test]
fn token_counts_are_numbers() {
    let count = Anthropic.read_answer(Operation::CountTokens, br#"{"input_tokens":14}"#).unwrap();
    assert_eq!(count, Answer::TokenCount(14));
    let body = Anthropic.write_answer(Operation::CountTokens, &count, &stamp());
    assert_eq!(&body[..], br#"{"input_tokens":14}"#);
    assert!(Anthropic.read_answer(Operation::CountTokens, b"{}").is_err());
}

#[test]
fn an_answer_of_another_provider_looks_like_anthropics() {
    let call = |id: &str, arguments: &str| {
        let (id, name, arguments) = (id.to_owned(), "f".to_owned(), arguments.to_owned());
        Block::ToolCall(ToolCall { id, name, arguments, signature: None })
    };
    let picture = Source::Base64 { media_type: "image/png".to_owned(), data: "AA".to_owned() };
    let annotations = Raw::new(r#"[{"type":"url_citation","url_citation":{"url":"u","title":"t"}}]"#);
    let blocks = vec![
        Block::Thinking { text: "hm".to_owned(), signature: None },
        Block::Text(Text { text: "hi".to_owned(), citations: Some(annotations), ..Text::default() }),
        Block::text(""),
        Block::Refusal("no".to_owned()),
        Block::Image { source: picture, detail: None, cache: None },
        Block::Opaque { dialect: "gemini", raw: Raw::new("{}") },
        call("", ""),
        call("c", r#"{"a":"#),
    ];
    let usage = Usage {
        input: Some(100),
        cache_read: Some(60),
        cache_write: Some(50),
        output: Some(5),
        tier: Some(Tier::Standard),
        ..Usage::default()
    };
    let response = Response { id: "chatcmpl-1".to_owned(), usage, ..answer(blocks, Finish::Stop) };
    let expected = json!({
        "id": "msg_abcdefghijklmnopqrst",
        "type": "message",
        "role": "assistant",
        "model": "group",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "text", "text": "hi", "citations": [
                {"type": "web_search_result_location", "cited_text": "", "url": "u", "title": "t", "encrypted_index": ""},
            ]},
            {"type": "text", "text": "no"},
            {"type": "text", "text": "![image](data:image/png;base64,AA)"},
            {"type": "tool_use", "id": "toolu_abcdefghijklmnopqrst6", "name": "f", "input": {}},
            {"type": "tool_use", "id": "c", "name": "f", "input": {"raw_arguments": "{\"a\":"}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": null,
        "usage": {
            "input_tokens": 0,
            "cache_creation_input_tokens": 50,
            "cache_read_input_tokens": 60,
            "output_tokens": 5,
            "service_tier": "standard",
        },
    });
    assert_eq!(written(response), expected);
}

#[test]
fn finishes_are_mapped_back() {
    for (finish, reason) in [
        (Finish::Stop, "end_turn"),
        (Finish::Length, "max_tokens"),
        (Finish::ToolCalls, "tool_use"),
        (Finish::ContentFilter, "refusal"),
    ] {
        assert_eq!(written(answer(vec![], finish))["stop_reason"], reason);
    }
    let mut stopped = answer(vec![], Finish::Stop);
    stopped.choices[0].stop_sequence = Some("END".to_owned());
    let body = written(stopped);
    assert_eq!((&body["stop_reason"], &body["stop_sequence"]), (&json!("stop_sequence"), &json!("END")));
    let unknown = written(Response::default());
    assert_eq!((&unknown["usage"]["input_tokens"], &unknown["content"]), (&json!(77), &json!([])));
}

#[test]
fn a_foreign_signature_rides_in_the_id_of_the_call() {
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: "f".to_owned(),
        arguments: "{}".to_owned(),
        signature: Some("a+b/c==".to_owned()),
    };
    let id = written(answer(vec![Block::ToolCall(call.clone())], Finish::ToolCalls))["content"][0]["id"].take();
    let id = id.as_str().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{id}");
    let body = format!(
        r#"{{"model":"m","max_tokens":1,"messages":[
            {{"role":"user","content":"go"}},
            {{"role":"assistant","content":[{{"type":"tool_use","id":"{id}","name":"f","input":{{}}}}]}},
            {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{id}"}}]}}]}}"#
    );
    let chat = read_chat(&body).unwrap();
    assert_eq!(chat.messages[1].blocks, [Block::ToolCall(call)]);
    assert!(matches!(&chat.messages[2].blocks[0], Block::ToolResult(result) if result.call_id == "call_1"));
    assert!(crate::anthropic::glance::holds_our_marks(body.as_bytes()));
}

#[test]
fn ids_of_calls_fit_the_dialect_in_which_they_are_told() {
    let long = "x".repeat(200);
    for (given, told) in [("call_1", "call_1"), ("functions.look:0", "functions_look_0_"), (&*long, "xxxxx")] {
        let call = ToolCall { id: given.to_owned(), name: "f".to_owned(), arguments: "{}".to_owned(), signature: None };
        let whole = written(answer(vec![Block::ToolCall(call)], Finish::ToolCalls))["content"][0]["id"].take();
        let id = whole.as_str().unwrap();
        assert!(id.starts_with(told) && id.len() <= 128, "{id}");
        let begin = Delta::ToolStart { index: 0, id: given.to_owned(), name: "f".to_owned(), signature: None };
        let mut out = BytesMut::new();
        Anthropic.stream_writer(Operation::Chat, stamp()).write(Event::Delta { choice: 0, delta: begin }, &mut out);
        assert!(String::from_utf8(out.to_vec()).unwrap().contains(&format!(r#""id":"{id}""#)));
    }
}

#[test]
fn bodies_with_marks_of_ours_are_not_passed_through() {
    for (body, ours) in [
        (r#"{"signature":""}"#, true),
        ("{\"signature\" : \n \"\"}", true),
        (r#"{"encrypted_index": ""}"#, true),
        (r#"{"signature":"x","encrypted_index":"y"}"#, false),
        (REQUEST, false),
        (r#"{"text":"the \"signature\""#, false),
        (r#""signature""#, false),
    ] {
        assert_eq!(crate::anthropic::glance::holds_our_marks(body.as_bytes()), ours, "{body}");
    }
}
