//! What is made of Ollama's whole answers.

use types::*;

use crate::trial::call;
use crate::{Back, Ollama};

fn read(body: &str) -> Result<Response, Fault> {
    match Ollama.read_answer(Operation::Chat, body.as_bytes())? {
        Answer::Chat(response) => Ok(*response),
        other => panic!("{other:?}"),
    }
}

/// The blocks of an answer with this message.
fn blocks(message: &str) -> Vec<Block> {
    let body = format!(r#"{{"model":"m","message":{message},"done":true,"done_reason":"stop"}}"#);
    read(&body).unwrap().choices.remove(0).blocks
}

fn thinking(text: &str) -> Block {
    Block::Thinking { text: text.to_owned(), signature: None }
}

#[test]
fn a_whole_answer_is_read_with_thoughts_calls_and_counts() {
    let answer = read(
        r#"{"model":"qwen3:8b","created_at":"2026-11-20T08:00:00.12Z","message":{"role":"assistant","content":"Look.",
        "thinking":"hm","tool_calls":[{"id":"call_x","function":{"name":"f","arguments":{"a b": [1, 2]}}},
        {"function":{"name":"g","arguments":{}}}]},"done":true,"done_reason":"stop","prompt_eval_count":26,
        "eval_count":31,"logprobs":[{"token":"L","logprob":-0.5}]}"#,
    )
    .unwrap();
    assert_eq!(answer.model, "qwen3:8b");
    let choice = &answer.choices[0];
    assert_eq!(
        choice.blocks,
        [
            thinking("hm"),
            Block::text("Look."),
            call("call_x", "f", r#"{"a b":[1,2]}"#),
            call("call_2026112008000012_1", "g", "{}"),
        ]
    );
    assert_eq!(choice.finish, Finish::ToolCalls);
    assert_eq!(choice.logprobs.as_ref().unwrap().get(), r#"{"content":[{"token":"L","logprob":-0.5}]}"#);
    assert_eq!(answer.usage, Usage { input: Some(26), output: Some(31), ..Usage::default() });
}

#[test]
fn every_end_is_understood() {
    use Finish::*;
    let cut = Err(FaultKind::Cut);
    for (end, expected) in [
        (r#""done_reason":"stop""#, Ok(Stop)),
        (r#""done_reason":"length""#, Ok(Length)),
        (r#""done_reason":"load""#, Ok(Stop)),
        (r#""done_reason":"unload""#, Ok(Stop)),
        (r#""done_reason":"something new""#, Ok(Stop)),
        (r#""done_reason":"error""#, Err(FaultKind::Malformed)),
        (r#""done_reason":"","eval_count":3"#, cut),
        (r#""eval_count":3"#, Ok(Stop)),
        (r#""total_duration":3"#, Ok(Stop)),
        (r#""x":1"#, cut),
    ] {
        let body = format!(r#"{{"message":{{"content":"x"}},"done":true,{end}}}"#);
        let got = read(&body).map(|answer| answer.choices[0].finish).map_err(|fault| fault.kind);
        assert_eq!(got, expected, "{end}");
    }
}

#[test]
fn thoughts_of_old_servers_are_taken_out_of_the_text() {
    for (message, expected) in [
        (r#"{"content":"<think>\nhm</think>\n\nhello"}"#, vec![thinking("\nhm"), Block::text("hello")]),
        (r#"{"content":"<think>hm","thinking":"real"}"#, vec![thinking("real"), Block::text("<think>hm")]),
        (r#"{"content":"use <think> tags"}"#, vec![Block::text("use <think> tags")]),
        (r#"{"content":""}"#, vec![]),
        (r#"{"content":null,"tool_calls":null}"#, vec![]),
    ] {
        assert_eq!(blocks(message), expected, "{message}");
    }
}

#[test]
fn arguments_are_json_text_however_they_come() {
    for (arguments, expected) in
        [(r#"{"a": 1}"#, r#"{"a":1}"#), (r#""{\"a\": 1}""#, r#"{"a": 1}"#), ("null", "{}"), ("[ 1 ]", "[1]")]
    {
        let message = format!(r#"{{"tool_calls":[{{"id":"i","function":{{"name":"f","arguments":{arguments}}}}}]}}"#);
        assert_eq!(blocks(&message), [call("i", "f", expected)], "{arguments}");
    }
    assert_eq!(blocks(r#"{"tool_calls":[{"function":{"name":"f"}},{"x":1},7]}"#), [call("", "f", "{}")]);
}

#[test]
fn counts_that_are_missing_are_unknown() {
    let body = r#"{"message":{"content":"x"},"done":true,"done_reason":"stop","eval_count":2}"#;
    assert_eq!(read(body).unwrap().usage, Usage { output: Some(2), ..Usage::default() });
}

#[test]
fn completions_are_read_like_chats() {
    let body = br#"{"model":"m","response":"x = 1","thinking":"hm","done":true,"done_reason":"length","eval_count":3}"#;
    match Ollama.read_answer(Operation::Completion, body).unwrap() {
        Answer::Chat(answer) => {
            assert_eq!(answer.choices[0].blocks, [thinking("hm"), Block::text("x = 1")]);
            assert_eq!(answer.choices[0].finish, Finish::Length);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_that_make_no_sense_are_the_providers_fault() {
    for body in ["", "<html>", "[]", "7", "null", "{}", r#"{"message":null,"done":true}"#] {
        let fault = read(body).unwrap_err();
        assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider), "{body}");
    }
    assert_eq!(read(r#"{"error":"runner crashed"}"#).unwrap_err().kind, FaultKind::Upstream);
}

#[test]
fn embeddings_are_read() {
    let body = br#"{"model":"nomic","embeddings":[[0.5,-1],[1e-3]],"prompt_eval_count":4}"#;
    match Ollama.read_answer(Operation::Embedding, body).unwrap() {
        Answer::Embedding(embeddings) => {
            assert_eq!(embeddings.model, "nomic");
            assert_eq!(embeddings.vectors, [vec![0.5, -1.0], vec![0.001]]);
            assert_eq!(embeddings.usage.input, Some(4));
        }
        other => panic!("{other:?}"),
    }
    for broken in [r#"{}"#, r#"{"embeddings":[["x"]]}"#] {
        let fault = Ollama.read_answer(Operation::Embedding, broken.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{broken}");
    }
}
