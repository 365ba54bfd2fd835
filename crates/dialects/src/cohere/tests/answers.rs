//! What is made of Cohere's whole answers.

use serde_json::{Value, json};
use types::*;

use crate::trial::call;
use crate::{Back, Cohere};

const ANSWER: &str = include_str!("../../../fixtures/cohere/answer.json");
const CALLS: &str = include_str!("../../../fixtures/cohere/calls.json");

fn read(body: &str) -> Result<Response, Fault> {
    match Cohere.read_answer(Operation::Chat, body.as_bytes())? {
        Answer::Chat(response) => Ok(*response),
        other => panic!("{other:?}"),
    }
}

fn thinking(text: &str) -> Block {
    Block::Thinking { text: text.to_owned(), signature: None }
}

fn json_of(raw: &Raw) -> Value {
    serde_json::from_str(raw.get()).unwrap()
}

#[test]
fn a_whole_answer_is_read_with_thoughts_sources_probabilities_and_both_counts() {
    let answer = read(ANSWER).unwrap();
    assert_eq!(answer.id, "c14c80c3-18eb-4519-9460-6c92edd8cfb4");
    let choice = &answer.choices[0];
    assert_eq!(choice.finish, Finish::Stop);
    assert_eq!(choice.blocks[..2], [thinking("Two towers."), Block::text("Größe: ")]);
    let Block::Text(last) = &choice.blocks[2] else { panic!("{:?}", choice.blocks) };
    assert_eq!((last.text.as_str(), choice.blocks.len()), ("tall towers", 3));
    // Places count from the beginning of the whole text, in characters.
    let source = |url: &str, title: &str| json!({ "type": "url_citation", "url_citation": { "start_index": 7, "end_index": 11, "url": url, "title": title } });
    let expected =
        json!([source("https://example.com/towers", "Towers"), source("https://example.com/found", "Found")]);
    assert_eq!(json_of(last.citations.as_ref().unwrap()), expected);
    let probable = json_of(choice.logprobs.as_ref().unwrap());
    assert_eq!(probable["content"][0]["token"], "Größe");
    assert_eq!((&probable["content"][0]["logprob"], &probable["content"][1]["logprob"]), (&json!(-0.75), &json!(-1)));
    let expected = Usage {
        input: Some(83),
        billed_input: Some(17),
        cache_read: Some(64),
        output: Some(14),
        billed_output: Some(12),
        ..Usage::default()
    };
    assert_eq!(answer.usage, expected);
    assert_eq!(Cohere.glance_answer(Operation::Chat, ANSWER.as_bytes()).unwrap(), expected);
}

#[test]
fn a_plan_is_thought_and_calls_have_arguments() {
    let answer = read(CALLS).unwrap();
    let choice = &answer.choices[0];
    assert_eq!(
        choice.blocks,
        [
            thinking("I will look it up."),
            call("get_weather_1", "get_weather", r#"{"location":"Madrid"}"#),
            call("now_2", "now", "{}"),
        ]
    );
    assert_eq!((choice.finish, answer.usage.input), (Finish::ToolCalls, Some(913)), "counts may have a point");
}

#[test]
fn every_end_is_understood_and_failures_are_no_answers() {
    use Finish::*;
    for (reason, expected) in [
        (r#""COMPLETE""#, Ok(Stop)),
        (r#""STOP_SEQUENCE""#, Ok(Stop)),
        (r#""MAX_TOKENS""#, Ok(Length)),
        (r#""TOOL_CALL""#, Ok(ToolCalls)),
        (r#""ERROR""#, Err(FaultKind::Upstream)),
        (r#""ERROR_LIMIT""#, Err(FaultKind::Upstream)),
        (r#""TIMEOUT""#, Err(FaultKind::Timeout)),
        (r#""ERROR_TOXIC""#, Ok(ContentFilter)),
        (r#""SOMETHING_NEW""#, Ok(Stop)),
        ("null", Ok(Stop)),
    ] {
        let body = format!(r#"{{"message":{{"content":[{{"type":"text","text":"x"}}]}},"finish_reason":{reason}}}"#);
        let got = read(&body).map(|answer| answer.choices[0].finish).map_err(|fault| (fault.kind, fault.side));
        assert_eq!(got, expected.map_err(|kind| (kind, Side::Provider)), "{reason}");
    }
    let calls = r#"{"message":{"tool_calls":[{"id":"c","function":{"name":"f"}}]},"finish_reason":"COMPLETE"}"#;
    assert_eq!(read(calls).unwrap().choices[0].finish, ToolCalls);
}

#[test]
fn other_shapes_are_read_as_far_as_they_make_sense() {
    let blocks = |message: &str| read(&format!(r#"{{"message":{message}}}"#)).unwrap().choices.remove(0).blocks;
    assert_eq!(blocks(r#"{"content":"plain"}"#), [Block::text("plain")]);
    assert_eq!(blocks(r#"{"content":null,"tool_calls":null,"citations":null}"#), []);
    assert_eq!(blocks(r#"{"content":[{"type":"text","text":""},7,{"type":"new"}]}"#), []);
    let object = r#"{"tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a": 1}}},{"x":1},7]}"#;
    assert_eq!(blocks(object), [call("c", "f", r#"{"a":1}"#)]);
    let unknown = r#"{"message":{"content":"x"},"usage":{"billed_units":{"input_tokens":5,"output_tokens":-1}}}"#;
    let usage = Usage { input: Some(5), billed_input: Some(5), ..Usage::default() };
    assert_eq!(read(unknown).unwrap().usage, usage);
}

#[test]
fn sources_without_an_address_or_a_place_are_left_out() {
    for (citation, expected) in [
        (r#"{"start":0,"end":1,"sources":[{"document":{"url":"https://x"}}]}"#, true),
        (r#"{"start":0,"end":1,"sources":[{"document":{"url":"file:///etc"}}]}"#, false),
        (r#"{"start":0,"end":1,"sources":[{"document":{"title":"x"}}]}"#, false),
        (r#"{"start":0,"end":1,"content_index":4,"sources":[{"document":{"url":"https://x"}}]}"#, false),
        (r#"{"start":0,"end":1,"type":"PLAN","sources":[{"document":{"url":"https://x"}}]}"#, false),
        (r#"{"start":0,"end":1}"#, false),
        ("7", false),
    ] {
        let body = format!(r#"{{"message":{{"content":[{{"type":"text","text":"x"}}],"citations":[{citation}]}}}}"#);
        let Block::Text(text) = read(&body).unwrap().choices.remove(0).blocks.remove(0) else { panic!("{citation}") };
        assert_eq!(text.citations.is_some(), expected, "{citation}");
    }
}

#[test]
fn answers_that_make_no_sense_are_the_provider_s_fault() {
    for body in ["", "<html>", "[]", "7", "null", "{}", r#"{"message":null}"#, r#"{"message":"sorry"}"#] {
        let fault = read(body).unwrap_err();
        assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider), "{body}");
    }
}
