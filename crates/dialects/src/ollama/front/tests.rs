use std::cell::Cell;
use std::rc::Rc;

use types::{Choice, Delta, Event, FaultKind, Finish, Raw, Response, Side, ToolCall, Usage};

use super::*;
use crate::json::Object;
use crate::trial::Upstream;
use crate::{Clock, OpenAi};

/// What a request is to a provider that speaks OpenAI's dialect, or why it cannot be.
fn asked(operation: Operation, body: &str) -> Result<String, String> {
    let request = Ollama.read_request(operation, body.as_bytes()).map_err(|fault| fault.message)?;
    let outgoing = Upstream::new("m").write(&OpenAi, &request).map_err(|fault| fault.message)?;
    Ok(String::from_utf8(outgoing.body.to_vec()).unwrap())
}

fn check(operation: Operation, body: &str, expected: &str) {
    assert_eq!(asked(operation, body).as_deref(), Ok(expected), "{body}");
}

fn refused(operation: Operation, body: &str, why: &str) {
    let error = asked(operation, body).expect_err(body);
    assert!(error.contains(why), "{error:?} does not say {why:?}");
}

/// The same request to an Ollama server.
fn native(operation: Operation, body: &str) -> String {
    let request = Ollama.read_request(operation, body.as_bytes()).unwrap();
    let outgoing = Upstream::new("m").write(&Ollama, &request).unwrap();
    String::from_utf8(outgoing.body.to_vec()).unwrap()
}

#[test]
fn a_chat_is_asked_with_its_options_pictures_and_tools() {
    check(
        Operation::Chat,
        r#"{"model":"x","messages":[{"role":"System","content":"be brief"},{"role":"user","content":"hi","images":["iVBORw0KGgoX"]}],
            "options":{"temperature":0.5,"num_predict":9,"stop":"END","num_ctx":4096,"seed":7,"unheard_of":1},"keep_alive":"5m","stream":false}"#,
        concat!(
            r#"{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"hi"},"#,
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoX"}}]}],"temperature":0.5,"#,
            r#""max_completion_tokens":9,"stop":["END"],"seed":7}"#
        ),
    );
    refused(Operation::Chat, r#"{"model":"x","messages":[{"role":"boss","content":""}]}"#, "messages[0].role");
    refused(Operation::Chat, r#"{"model":"x","messages":[],"options":{"seed":"x"}}"#, "options.seed");
    refused(Operation::Chat, r#"{"model":"x","messages":[],"think":"hard"}"#, "think");
}

#[test]
fn results_find_their_calls_by_id_by_tool_or_by_order() {
    let calls = r#"{"role":"assistant","content":"","tool_calls":[{"function":{"name":"a","arguments":{"x":1}}},
        {"id":"own","function":{"name":"b","arguments":{}}},{"function":{"name":"a","arguments":{"x":2}}}]}"#;
    let results = [
        r#"{"role":"tool","content":"of b","tool_call_id":"own"}"#,
        r#"{"role":"tool","content":"first","tool_name":"a"}"#,
        r#"{"role":"tool","content":"rest"}"#,
    ];
    let body = format!(r#"{{"model":"x","stream":false,"messages":[{calls},{}]}}"#, results.join(","));
    let sent = asked(Operation::Chat, &body).unwrap();
    for (id, text) in [("own", "of b"), ("call_1", "first"), ("call_3", "rest")] {
        let result = format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"{text}"}}"#);
        assert!(sent.contains(&result), "{sent} has no {result}");
    }
    assert!(
        sent.contains(r#""id":"call_1","type":"function","function":{"name":"a","arguments":"{\"x\":1}"}"#),
        "{sent}"
    );
}

#[test]
fn a_prompt_is_a_conversation_unless_it_must_be_continued_as_it_is() {
    check(
        Operation::Completion,
        r#"{"model":"x","prompt":"hi","system":"be brief","format":"json","stream":false}"#,
        concat!(
            r#"{"model":"m","messages":[{"role":"system","content":"be brief\n\nAnswer with a JSON object."},"#,
            r#"{"role":"user","content":"hi"}],"response_format":{"type":"json_object"}}"#
        ),
    );
    check(
        Operation::Completion,
        r#"{"model":"x","prompt":"def f(","suffix":"return 1","stream":false}"#,
        r#"{"model":"m","prompt":"def f(","suffix":"return 1"}"#,
    );
    refused(Operation::Completion, r#"{"model":"x","prompt":"hi","context":[1,2]}"#, "context");
    let body = r#"{"model":"x","prompt":"hi","context":[1,2],"stream":false}"#;
    assert_eq!(
        native(Operation::Completion, body),
        r#"{"model":"m","prompt":"hi","stream":false,"context":[1,2],"raw":false}"#
    );
}

#[test]
fn a_request_reaches_an_ollama_server_as_it_was_meant() {
    let body = r#"{"model":"x","messages":[{"role":"user","content":"hi"}],"think":true,"keep_alive":-1,"truncate":false,
        "format":{"type":"object"},"options":{"num_ctx":4096,"min_p":0.1,"num_predict":-1,"top_k":5}}"#;
    assert_eq!(
        native(Operation::Chat, body),
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"keep_alive":-1,"truncate":false,"#,
            r#""think":true,"format":{"type":"object"},"options":{"top_k":5,"num_ctx":4096,"min_p":0.1}}"#
        )
    );
}

#[test]
fn vectors_are_asked_for_in_both_ways() {
    check(Operation::Embedding, r#"{"model":"x","input":"a"}"#, r#"{"model":"m","input":["a"]}"#);
    check(Operation::Embedding, r#"{"model":"x","input":["a","b"]}"#, r#"{"model":"m","input":["a","b"]}"#);
    let request = OldEmbeddings.read_request(Operation::Embedding, br#"{"model":"x","prompt":"a"}"#).unwrap();
    let outgoing = Upstream::new("m").write(&OpenAi, &request).unwrap();
    assert_eq!(&outgoing.body[..], br#"{"model":"m","input":["a"]}"#);
}

#[test]
fn an_answer_is_bounded_where_the_options_say_so() {
    let bounded = |body: &'static str| {
        let body = Object::parse(body.into()).unwrap();
        let edit = body.with(|root| Ollama.bounded(Operation::Chat, root, 7));
        let bound = body.with(|root| Ollama.output_bound(root));
        (bound, String::from_utf8(body.splice(&[edit]).concat()).unwrap())
    };
    let own = bounded(r#"{"options":{"num_predict":100,"seed":1}}"#);
    assert_eq!(own, (Some(100), r#"{"options":{"seed":1,"num_predict":7}}"#.to_owned()));
    assert_eq!(bounded(r#"{"a":1}"#), (None, r#"{"a":1,"options":{"num_predict":7}}"#.to_owned()));
    assert_eq!(bounded(r#"{"options":{"num_predict":-1}}"#).0, None);
}

#[test]
fn who_says_nothing_wants_the_model_to_be_loaded() {
    let idle = |operation, body: &'static str| {
        Object::parse(body.into()).unwrap().with(|root| Ollama.asks_nothing(operation, root))
    };
    assert!(idle(Operation::Chat, r#"{"model":"x"}"#));
    assert!(idle(Operation::Chat, r#"{"model":"x","messages":[ ]}"#));
    assert!(!idle(Operation::Chat, r#"{"model":"x","messages":[{"role":"user","content":"hi"}]}"#));
    assert!(idle(Operation::Completion, r#"{"model":"x","prompt":"","keep_alive":0}"#));
    assert!(!idle(Operation::Completion, r#"{"model":"x","prompt":"hi"}"#));
    assert!(!idle(Operation::Embedding, r#"{"model":"x"}"#));
    let answer = Ollama.write_answer(Operation::Chat, &Answer::Chat(Box::default()), &stamp().1);
    assert!(text(&answer).ends_with("\"done\":true,\"done_reason\":\"load\"}\n"), "{}", text(&answer));
}

#[test]
fn a_name_without_a_tag_means_the_latest() {
    assert_eq!(Ollama.other_name("llama3:latest").as_deref(), Some("llama3"));
    assert_eq!(Ollama.other_name("llama3").as_deref(), Some("llama3:latest"));
}

/// A stamp of a call that began at 1970, with its clock.
fn stamp() -> (Rc<Cell<i64>>, Stamp) {
    let now = Rc::new(Cell::new(0));
    let clock = now.clone();
    let clock = Clock::new(Rc::new(move || clock.get()));
    (now, Stamp { model: "x".to_owned(), clock, ..Stamp::default() })
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn usage() -> Usage {
    Usage { input: Some(5), output: Some(3), ..Usage::default() }
}

#[test]
fn a_stream_is_a_line_for_each_piece_and_a_last_one_with_what_it_took() {
    let (now, stamp) = stamp();
    let mut writer = Ollama.stream_writer(Operation::Chat, stamp);
    let mut out = BytesMut::new();
    let delta = |delta| Event::Delta { choice: 0, delta };
    let events = [
        (0, Event::Start { id: String::new(), model: "up".to_owned() }),
        (20, delta(Delta::Thinking("hm".to_owned()))),
        (30, delta(Delta::Text("a\nb".to_owned()))),
        (30, Event::Delta { choice: 1, delta: Delta::Text("of another answer".to_owned()) }),
        (40, delta(Delta::ToolStart { index: 0, id: "c1".to_owned(), name: "f".to_owned(), signature: None })),
        (40, delta(Delta::ToolArguments { index: 0, fragment: "{\n\"x\"".to_owned() })),
        (50, delta(Delta::ToolArguments { index: 0, fragment: ":1\r}".to_owned() })),
        (50, Event::Finish { choice: 0, finish: Finish::ToolCalls, stop_sequence: None }),
        (60, Event::Usage(usage())),
        (60, Event::End),
        (60, delta(Delta::Text("too late".to_owned()))),
    ];
    for (at, event) in events {
        now.set(at);
        writer.write(event, &mut out);
    }
    let said = |ms: u32, message: &str| {
        format!(
            r#"{{"model":"x","created_at":"1970-01-01T00:00:00.0{ms:02}Z","message":{{"role":"assistant",{message}}},"done":false}}"#
        )
    };
    let last = concat!(
        r#"{"model":"x","created_at":"1970-01-01T00:00:00.060Z","message":{"role":"assistant","content":""},"done":true,"#,
        r#""done_reason":"stop","total_duration":60000000,"prompt_eval_duration":20000000,"eval_duration":40000000,"#,
        r#""prompt_eval_count":5,"eval_count":3}"#
    );
    let expected = [
        said(20, r#""content":"","thinking":"hm""#),
        said(30, r#""content":"a\nb""#),
        said(50, r#""content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{ "x":1 }}}]"#),
        last.to_owned(),
    ];
    assert_eq!(text(&out).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_whole_answer_is_one_object() {
    let (now, stamp) = stamp();
    now.set(9);
    let call = ToolCall { id: String::new(), name: "f".to_owned(), arguments: "not json".to_owned(), signature: None };
    let choice = Choice {
        blocks: vec![types::Block::text("hi"), types::Block::ToolCall(call)],
        finish: Finish::Length,
        stop_sequence: None,
        logprobs: Some(Raw::new(r#"{"content":[{"token":"hi"}]}"#)),
    };
    let response = Response { choices: vec![choice], usage: usage(), ..Response::default() };
    let answer = Answer::Chat(Box::new(response));
    let whole = |operation| text(&Ollama.write_answer(operation, &answer, &stamp)).trim_end().to_owned();
    let end = concat!(
        r#""logprobs":[{"token":"hi"}],"done":true,"done_reason":"length","total_duration":9000000,"#,
        r#""eval_duration":9000000,"prompt_eval_count":5,"eval_count":3}"#
    );
    let head = r#"{"model":"x","created_at":"1970-01-01T00:00:00.009Z","#;
    let calls = r#""tool_calls":[{"function":{"index":0,"name":"f","arguments":{"arguments":"not json"}}}]"#;
    let message = format!(r#"{head}"message":{{"role":"assistant","content":"hi",{calls}}},{end}"#);
    assert_eq!(whole(Operation::Chat), message);
    assert_eq!(whole(Operation::Completion), format!(r#"{head}"response":"hi",{end}"#));
}

#[test]
fn a_fault_is_a_sentence_wherever_it_comes() {
    let fault = Fault::new(FaultKind::Overloaded, Side::Provider, "too \"much\"");
    assert_eq!(text(&Ollama.write_fault(&fault, 503)), r#"{"error":"too \"much\""}"#);
    assert_eq!(Front::status(&Ollama, &fault), 503);
    let mut out = BytesMut::new();
    Ollama.stream_writer(Operation::Chat, Stamp::default()).write(Event::Error(Box::new(fault)), &mut out);
    assert_eq!(text(&out), "{\"error\":\"too \\\"much\\\"\"}\n");
}

#[test]
fn what_is_generated_is_an_answer_unless_the_caller_wrote_all_of_the_prompt() {
    let converses = |operation: Operation, body: &str| {
        Front::converses(&Ollama, operation, Doc::parse(body.as_bytes()).unwrap().root())
    };
    assert!(converses(Operation::Chat, r#"{"messages":[]}"#));
    assert!(converses(Operation::Completion, r#"{"prompt":"hi","system":"be brief","raw":null}"#));
    for body in [r#"{"raw":true}"#, r#"{"suffix":"x"}"#, r#"{"images":["x"]}"#, r#"{"context":[1]}"#] {
        assert!(!converses(Operation::Completion, body), "{body}");
    }
    assert!(!converses(Operation::Embedding, "{}"));
}
