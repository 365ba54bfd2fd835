use types::{Block, Choice, Delta, Event, Finish, Raw, Response, Role, Source, Text, ToolCall, Usage};

use super::*;
use crate::json::Object;
use crate::trial::Upstream;
use crate::{Anthropic, OpenAi};

/// What a request is to a provider that speaks OpenAI's older dialect, or why it cannot be.
fn asked(body: &str) -> Result<String, String> {
    let request = Responses.read_request(Operation::Chat, body.as_bytes()).map_err(|fault| fault.message)?;
    let outgoing = Upstream::new("m").write(&OpenAi, &request).map_err(|fault| fault.message)?;
    Ok(String::from_utf8(outgoing.body.to_vec()).unwrap())
}

fn check(body: &str, expected: &str) {
    assert_eq!(asked(body).as_deref(), Ok(expected), "{body}");
}

fn refused(body: &str, why: &str) {
    let error = asked(body).expect_err(body);
    assert!(error.contains(why), "{error:?} does not say {why:?}");
}

fn echo_of(body: &str) -> Rc<str> {
    let body = Object::parse(body.to_owned().into()).unwrap();
    body.with(|root| Responses.echo(root, false)).unwrap()
}

fn stamp(request: &str) -> Stamp {
    Stamp { id: "0".into(), created: 7, model: "alias".into(), echo: Some(echo_of(request)), ..Stamp::default() }
}

/// The events of a stream: names and data, one per line.
fn streamed(request: &str, events: Vec<Event>) -> Vec<(String, serde_json::Value)> {
    let mut out = BytesMut::new();
    let mut writer = Responses.stream_writer(Operation::Chat, stamp(request));
    events.into_iter().for_each(|event| writer.write(event, &mut out));
    let text = String::from_utf8(out.to_vec()).unwrap();
    let events = text.split_terminator("\n\n").map(|event| {
        let (name, data) = event.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        (name.to_owned(), serde_json::from_str(data).unwrap())
    });
    events.collect()
}

fn delta(delta: Delta) -> Event {
    Event::Delta { choice: 0, delta }
}

fn start() -> Event {
    Event::Start { id: "x".into(), model: "m-1".into() }
}

fn finish(finish: Finish) -> Event {
    Event::Finish { choice: 0, finish, stop_sequence: None }
}

#[test]
fn a_text_is_one_message_and_instructions_come_first() {
    check(
        r#"{"model":"x","input":"hi","instructions":"be brief","max_output_tokens":9,"temperature":0.5,"store":false,
            "background":false,"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},
            "verbosity":"low"},"reasoning":{"effort":"low","summary":"auto"},"parallel_tool_calls":false}"#,
        concat!(
            r#"{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}],"#,
            r#""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}},"#,
            r#""temperature":0.5,"max_completion_tokens":9,"store":false,"verbosity":"low"}"#
        ),
    );
}

#[test]
fn how_much_to_think_and_what_to_tell_of_it_is_understood() {
    let read = |body: &str| match Responses.read_request(Operation::Chat, body.as_bytes()) {
        Ok(Request::Chat(chat)) => chat,
        other => panic!("{other:?}"),
    };
    let chat = read(
        r#"{"input":"hi","reasoning":{"effort":"xhigh","summary":"auto"},"top_logprobs":2,
        "include":["reasoning.encrypted_content","message.output_text.logprobs"]}"#,
    );
    let reasoning = chat.reasoning.unwrap();
    assert_eq!((reasoning.effort, reasoning.summary), (Some(types::Effort::XHigh), Some(true)));
    assert_eq!((chat.logprobs, chat.top_logprobs), (Some(true), Some(2)));
}

#[test]
fn items_of_one_turn_are_one_message_and_results_follow_their_calls() {
    check(
        r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"look"},
            {"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"}]},
            {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"gAAA"},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"well","annotations":[]}]},
            {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"x\":1}"},
            {"type":"function_call","call_id":"c2","name":"g","namespace":"box","arguments":""},
            {"type":"function_call_output","call_id":"c1","output":"one"},
            {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"}]},
            {"role":"developer","content":"go on"}]}"#,
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","#,
            r#""image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]},{"role":"assistant","content":"well","#,
            r#""tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},"#,
            r#"{"id":"c2","type":"function","function":{"name":"box__g","arguments":"{}"}}]},"#,
            r#"{"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":"two"},"#,
            r#"{"role":"system","content":"go on"}]}"#
        ),
    );
}

#[test]
fn tools_of_plain_text_are_functions_of_one_text() {
    check(
        r#"{"input":[{"role":"user","content":"hi"},{"type":"custom_tool_call","call_id":"c","name":"patch","input":"a\"b"},
            {"type":"custom_tool_call_output","call_id":"c","output":"done"}],
            "tools":[{"type":"custom","name":"patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: X"}},
            {"type":"function","name":"f","description":"of f","parameters":{"type":"object"},"strict":false}],
            "tool_choice":{"type":"custom","name":"patch"}}"#,
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","#,
            r#""type":"function","function":{"name":"patch","arguments":"{\"input\":\"a\\\"b\"}"}}]},"#,
            r#"{"role":"tool","tool_call_id":"c","content":"done"}],"tools":[{"type":"function","function":{"name":"patch","#,
            r#""description":"d\n\nThe text in `input` must follow this lark grammar:\nstart: X","parameters":{"type":"object","#,
            r#""properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}},"#,
            r#"{"type":"function","function":{"name":"f","description":"of f","parameters":{"type":"object"},"strict":false}}],"#,
            r#""tool_choice":{"type":"function","function":{"name":"patch"}}}"#
        ),
    );
}

#[test]
fn what_is_wrong_or_cannot_be_done_here_is_named() {
    refused("{}", "input");
    refused(r#"{"input":[]}"#, "input");
    refused(r#"{"input":[{"role":"boss","content":"x"}]}"#, "input[0].role");
    refused(r#"{"input":[{"role":"user","content":[{"type":"input_text"}]}]}"#, "input[0].content[0].text");
    refused(r#"{"input":[{"type":"item_reference","id":"msg_1"}]}"#, "input[0]");
    refused(r#"{"input":"hi","reasoning":{"effort":"much"}}"#, "reasoning.effort");
    refused(r#"{"input":"hi","previous_response_id":"resp_1"}"#, "previous_response_id");
    refused(r#"{"input":"hi","background":true}"#, "background");
    refused(r#"{"input":"hi","tools":[{"type":"file_search"}]}"#, "file_search");
}

#[test]
fn an_answer_has_items_and_repeats_what_was_asked() {
    let request = r#"{"model":"x","input":"hi","instructions":"be brief","temperature":0.5,"metadata":{"a":"b"}}"#;
    let blocks = vec![
        Block::Thinking { text: "hm".into(), signature: Some("sig".into()) },
        Block::RedactedThinking { data: "dark".into() },
        Block::Text(Text {
            text: "well".into(),
            citations: Some(Raw::new(
                r#"[{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":0,"end_index":4}}]"#,
            )),
            ..Text::default()
        }),
        Block::ToolCall(ToolCall { id: "c".into(), name: "f".into(), arguments: String::new(), signature: None }),
        Block::Image {
            source: Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
            detail: None,
            cache: None,
        },
    ];
    let usage = Usage { input: Some(5), output: Some(3), reasoning: Some(1), cache_read: Some(2), ..Usage::default() };
    let choice = Choice { blocks, finish: Finish::ToolCalls, stop_sequence: None, logprobs: None };
    let answer = Response { model: "m-1".into(), choices: vec![choice], usage, ..Response::default() };
    let written = Responses.write_answer(Operation::Chat, &Answer::Chat(Box::new(answer)), &stamp(request));
    let said: serde_json::Value = serde_json::from_slice(&written).unwrap();
    let expected = serde_json::json!({
        "id": "resp_gw0", "object": "response", "created_at": 7, "status": "completed", "completed_at": 7, "error": null,
        "incomplete_details": null, "model": "m-1",
        "output": [
            {"id": "rs_00", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}],
                "encrypted_content": "bG9ja2dhdGU6sig", "status": "completed"},
            {"id": "rs_01", "type": "reasoning", "summary": [], "encrypted_content": "bG9ja2dhdGU6redacted.dark",
                "status": "completed"},
            {"id": "msg_02", "type": "message", "status": "completed", "role": "assistant", "content": [{"type": "output_text",
                "text": "well", "annotations": [{"type": "url_citation", "url": "u", "title": "t", "start_index": 0,
                "end_index": 4}], "logprobs": []}]},
            {"id": "fc_03", "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"},
            {"id": "ig_04", "type": "image_generation_call", "status": "completed", "result": "AAAA"},
        ],
        "usage": {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 2}, "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 8},
        "background": false, "instructions": "be brief", "max_output_tokens": null, "max_tool_calls": null,
        "metadata": {"a": "b"}, "parallel_tool_calls": true, "previous_response_id": null, "prompt_cache_key": null,
        "reasoning": {"effort": null, "summary": null}, "safety_identifier": null, "temperature": 0.5,
        "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": null,
        "truncation": "disabled", "store": false,
    });
    assert_eq!(said, expected);
}

#[test]
fn a_stream_announces_each_item_lets_it_grow_and_shows_it_whole() {
    let events = streamed(
        r#"{"input":"hi"}"#,
        vec![
            start(),
            delta(Delta::Thinking("h".into())),
            delta(Delta::Thinking("m".into())),
            delta(Delta::Signature("sig".into())),
            delta(Delta::Text("we".into())),
            delta(Delta::Text("ll".into())),
            delta(Delta::ToolStart { index: 0, id: "c1".into(), name: "f".into(), signature: None }),
            delta(Delta::ToolStart { index: 1, id: "c2".into(), name: "g".into(), signature: None }),
            delta(Delta::ToolArguments { index: 0, fragment: r#"{"x""#.into() }),
            delta(Delta::ToolArguments { index: 1, fragment: "{}".into() }),
            delta(Delta::ToolArguments { index: 0, fragment: ":1}".into() }),
            finish(Finish::ToolCalls),
            Event::Usage(Usage { input: Some(5), output: Some(3), ..Usage::default() }),
            Event::End,
            delta(Delta::Text("never".into())),
        ],
    );
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(names, expected);
    for (number, (name, data)) in events.iter().enumerate() {
        assert_eq!((&data["type"], &data["sequence_number"]), (&(&**name).into(), &number.into()));
    }
    let output = &events.last().unwrap().1["response"]["output"];
    assert_eq!(output[0]["encrypted_content"], "bG9ja2dhdGU6sig");
    assert_eq!(output[1]["content"][0]["text"], "well");
    assert_eq!((&output[2]["arguments"], &output[3]["arguments"]), (&r#"{"x":1}"#.into(), &"{}".into()));
    assert_eq!(events.last().unwrap().1["response"]["usage"]["total_tokens"], 8);
    assert_eq!(events[8].1["item"], output[0]);
    assert_eq!(events[22].1["item"], output[2]);
}

#[test]
fn calls_of_tools_of_plain_text_and_of_namespaces_come_back_as_what_they_are() {
    let request = r#"{"input":"hi","tools":[{"type":"custom","name":"patch"},
        {"type":"namespace","name":"box","tools":[{"type":"function","name":"g","parameters":{}}]}]}"#;
    let events = streamed(
        request,
        vec![
            start(),
            delta(Delta::ToolStart { index: 0, id: "c1".into(), name: "patch".into(), signature: None }),
            delta(Delta::ToolArguments { index: 0, fragment: r#"{"input":"a\nb"}"#.into() }),
            delta(Delta::ToolStart { index: 1, id: "c2".into(), name: "box__g".into(), signature: None }),
            finish(Finish::ToolCalls),
            Event::End,
        ],
    );
    let output = &events.last().unwrap().1["response"]["output"];
    let kinds = |index: usize| [&output[index]["type"], &output[index]["name"]].map(|word| word.as_str().unwrap());
    assert_eq!((kinds(0), &output[0]["input"]), (["custom_tool_call", "patch"], &"a\nb".into()));
    assert_eq!((kinds(1), &output[1]["namespace"]), (["function_call", "g"], &"box".into()));
    assert!(
        events.iter().any(|(name, data)| name == "response.custom_tool_call_input.done" && data["input"] == "a\nb")
    );
}

#[test]
fn proofs_of_reasoning_return_to_those_who_gave_them() {
    let request = r#"{"input":[{"role":"user","content":"hi"},
        {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"bG9ja2dhdGU6sig"},
        {"type":"reasoning","summary":[],"encrypted_content":"bG9ja2dhdGU6redacted.dark"},
        {"type":"function_call","call_id":"c__thought__bG9ja2dhdGU6gem","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c__thought__bG9ja2dhdGU6gem","output":"1"}]}"#;
    let Request::Chat(chat) = Responses.read_request(Operation::Chat, request.as_bytes()).unwrap() else { panic!() };
    assert_eq!(chat.messages[1].role, Role::Assistant);
    let expected = [
        Block::Thinking { text: "hm".into(), signature: Some("sig".into()) },
        Block::RedactedThinking { data: "dark".into() },
        Block::ToolCall(ToolCall {
            id: "c".into(),
            name: "f".into(),
            arguments: "{}".into(),
            signature: Some("gem".into()),
        }),
    ];
    assert_eq!(chat.messages[1].blocks, expected);
    assert!(matches!(&chat.messages[2].blocks[0], Block::ToolResult(result) if result.call_id == "c"));
    let sent = Upstream::new("claude-sonnet-4-5").write(&Anthropic, &Request::Chat(chat)).unwrap();
    assert!(String::from_utf8_lossy(&sent.body).contains(r#""signature":"sig""#));
}

#[test]
fn an_answer_that_cannot_be_repeated_at_its_end_fails() {
    let piece = || delta(Delta::Text("x".repeat(1 << 20)));
    let events = streamed(r#"{"input":"hi"}"#, std::iter::once(start()).chain((0..20).map(|_| piece())).collect());
    let (name, data) = events.last().unwrap();
    assert_eq!((&**name, &data["response"]["output"]), ("response.failed", &serde_json::json!([])));
    assert_eq!(events.iter().filter(|(name, _)| name == "response.output_text.delta").count(), 8);
}

#[test]
fn an_answer_that_was_cut_off_says_so_and_a_failed_one_says_why() {
    let ended = |events| streamed(r#"{"input":"hi"}"#, events).pop().unwrap();
    let (name, data) = ended(vec![start(), delta(Delta::Text("we".into())), finish(Finish::Length), Event::End]);
    assert_eq!((&*name, &data["response"]["status"]), ("response.incomplete", &"incomplete".into()));
    assert_eq!(data["response"]["incomplete_details"]["reason"], "max_output_tokens");
    let fault = || Box::new(Fault::new(types::FaultKind::RateLimit, types::Side::Provider, "slow down"));
    let (name, data) = ended(vec![start(), delta(Delta::Text("we".into())), Event::Error(fault())]);
    assert_eq!((&*name, &data["response"]["error"]["code"]), ("response.failed", &"rate_limit_exceeded".into()));
    let late = Box::new(Fault::provider(types::FaultKind::Timeout, "too slow"));
    assert_eq!(ended(vec![start(), Event::Error(late)]).1["response"]["error"]["code"], "timeout_error");
    let (name, data) = ended(vec![Event::Error(fault())]);
    assert_eq!((&*name, &data["message"]), ("error", &"slow down".into()));
}
