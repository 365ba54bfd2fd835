use types::{Chat, Finish, Operation, Request};

use super::*;
use crate::trial::{Upstream, chat, function, user};
use crate::{Anthropic, Back, Bedrock, Cohere, Gemini, Ollama, OpenAi};

/// A question whose asker takes one call at a time.
fn one_at_a_time() -> Request {
    let tools = vec![function("look", None), function("listen", None)];
    Request::Chat(Box::new(Chat { tools, parallel_tool_calls: Some(false), ..chat(vec![user("go")]) }))
}

/// What two calls at a time look like, whole and in events.
const TWO_CALLS: [(&dyn Back, &str, &str, &[&str]); 2] = [
    (
        &Gemini,
        "gemini-3-x",
        r#"{"candidates":[{"content":{"parts":[{"text":"Well."},{"functionCall":{"name":"look"}},
            {"functionCall":{"name":"listen"}}]},"finishReason":"STOP"}]}"#,
        &[
            r#"{"candidates":[{"content":{"parts":[{"text":"Well."},{"functionCall":{"name":"look"}}]}}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"listen"}}]},"finishReason":"STOP"}]}"#,
        ],
    ),
    (
        &Ollama,
        "qwen3",
        r#"{"message":{"content":"Well.","tool_calls":[{"function":{"name":"look","arguments":{}}},
            {"function":{"name":"listen","arguments":{}}}]},"done":true,"done_reason":"stop"}"#,
        &[
            r#"{"message":{"content":"Well."},"done":false}"#,
            r#"{"message":{"tool_calls":[{"function":{"name":"look","arguments":{}}},{"function":{"name":"listen","arguments":{}}}]},"done":false}"#,
            r#"{"message":{"tool_calls":[{"function":{"name":"listen","arguments":{}}}]},"done":true,"done_reason":"stop"}"#,
        ],
    ),
];

fn sent(back: &dyn Back, model: &str, request: &Request) -> Amends {
    let target = Upstream { model: model.to_owned(), ..Upstream::default() };
    let outgoing = target.write(back, request).unwrap();
    let is_dropped = outgoing.dropped.iter().any(|param| param == "parallel_tool_calls");
    assert!(!is_dropped, "{} honours it", back.name());
    outgoing.amends
}

fn calls(answer: &Answer) -> (Vec<&str>, usize) {
    let Answer::Chat(response) = answer else { panic!("{answer:?}") };
    let blocks = &response.choices[0].blocks;
    let calls = blocks.iter().filter_map(|block| match block {
        Block::ToolCall(call) => Some(&*call.name),
        _ => None,
    });
    (calls.collect(), blocks.len())
}

fn streamed_calls(events: &[Event]) -> Vec<&str> {
    let started = events.iter().filter_map(|event| match event {
        Event::Delta { delta: Delta::ToolStart { name, .. }, .. } => Some(name.as_str()),
        _ => None,
    });
    started.collect()
}

fn read(mut reader: Box<dyn StreamReader>, stream: &[&str]) -> Vec<Event> {
    let mut events = Vec::new();
    stream.iter().for_each(|event| reader.read(event.as_bytes(), &mut events).unwrap());
    reader.finish(&mut events);
    events
}

#[test]
fn who_takes_one_call_at_a_time_gets_one_where_the_target_cannot_be_told_so() {
    for (back, model, whole, stream) in TWO_CALLS {
        let amends = sent(back, model, &one_at_a_time());
        let mut answer = back.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
        assert_eq!(calls(&answer), (vec!["look", "listen"], 3), "{}", back.name());
        amends.amend(&mut answer);
        assert_eq!(calls(&answer), (vec!["look"], 2), "{}", back.name());

        let untouched = read(back.stream_reader(Operation::Chat), stream);
        assert!(streamed_calls(&untouched).len() > 1, "{}", back.name());
        let events = read(amends.amending(back.stream_reader(Operation::Chat)), stream);
        assert_eq!(streamed_calls(&events), ["look"], "{}", back.name());
        let fragments = |events: &[Event]| {
            let is_fragment = |event: &&Event| matches!(event, Event::Delta { delta: Delta::ToolArguments { .. }, .. });
            events.iter().filter(is_fragment).count()
        };
        assert_eq!(fragments(&events) * streamed_calls(&untouched).len(), fragments(&untouched), "{}", back.name());
        let rest = |events: &[Event]| {
            let is_call = |event: &&Event| {
                matches!(event, Event::Delta { delta: Delta::ToolStart { .. } | Delta::ToolArguments { .. }, .. })
            };
            events.iter().filter(|event| !is_call(event)).cloned().collect::<Vec<_>>()
        };
        assert_eq!(rest(&events), rest(&untouched), "all else is as it was: {}", back.name());
    }
}

#[test]
fn each_of_several_answers_has_a_first_call_of_its_own() {
    let mut amending = Amending {
        amends: Amends::default(),
        reader: Gemini.stream_reader(Operation::Chat),
        calling: None,
        merging: None,
        first_calls: Vec::new(),
    };
    let start = |choice, index| Event::Delta {
        choice,
        delta: Delta::ToolStart { index, id: String::new(), name: "f".to_owned(), signature: None },
    };
    let wanted = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 0), (2, 7), (2, 0)]
        .map(|(choice, index)| amending.is_wanted(&start(choice, index)));
    assert_eq!(wanted, [true, true, false, false, true, true, false]);
}

#[test]
fn who_takes_several_calls_or_asks_who_can_be_told_gets_what_was_answered() {
    let Request::Chat(single) = one_at_a_time() else { unreachable!() };
    let several = Request::Chat(Box::new(Chat { parallel_tool_calls: None, ..(*single).clone() }));
    for (back, model, ..) in TWO_CALLS {
        assert_eq!(sent(back, model, &several), Amends::default(), "{}", back.name());
    }
    for (back, model) in
        [(&OpenAi as &dyn Back, "gpt-x"), (&Anthropic, "claude-x"), (&Bedrock, "anthropic.claude-sonnet-5")]
    {
        assert_eq!(sent(back, model, &one_at_a_time()), Amends::default(), "{} has a word for it", back.name());
    }
    for (back, model) in [(&Bedrock as &dyn Back, "amazon.nova-pro-v1:0"), (&Cohere, "command-a")] {
        let amends = sent(back, model, &one_at_a_time());
        assert_eq!(amends, Amends { one_call: true, ..Amends::default() }, "{}", back.name());
    }
}

/// What callers read who take no reasoning beside the text: each answer's text, and whether anything of it is left.
fn merged(back: &dyn Back, whole: &str, stream: &[&str]) -> [(String, bool); 2] {
    let mut amends = Amends::default();
    amends.merge_thinking(true);
    let mut answer = back.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
    amends.amend(&mut answer);
    let Answer::Chat(response) = answer else { panic!("{answer:?}") };
    let (mut text, mut is_left) = (String::new(), false);
    for block in &response.choices[0].blocks {
        match block {
            Block::Text(one) => text += &one.text,
            Block::Thinking { .. } | Block::RedactedThinking { .. } => is_left = true,
            _ => {}
        }
    }
    let whole = (text, is_left);
    let (mut text, mut is_left) = (String::new(), false);
    for event in read(amends.amending(back.stream_reader(Operation::Chat)), stream) {
        match event {
            Event::Delta { delta: Delta::Text(one), .. } => text += &one,
            Event::Delta { delta: Delta::Thinking(_) | Delta::Signature(_) | Delta::RedactedThinking(_), .. } => {
                is_left = true;
            }
            _ => {}
        }
    }
    [whole, (text, is_left)]
}

#[test]
fn reasoning_becomes_the_beginning_of_the_text_where_that_is_wanted() {
    let same = |text: &str| [(text.to_owned(), false), (text.to_owned(), false)];
    let claude = merged(
        &Anthropic,
        r#"{"content":[{"type":"thinking","thinking":"hm","signature":"abc"},{"type":"text","text":"Yes."}]}"#,
        &[
            r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":1,"output_tokens":1}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"h"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Yes."}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
            r#"{"type":"message_stop"}"#,
        ],
    );
    assert_eq!(claude, same("<think>hm</think>Yes."));
    let calls = merged(
        &OpenAi,
        r#"{"choices":[{"message":{"reasoning_content":"hm","tool_calls":[{"id":"1","type":"function",
            "function":{"name":"look","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
        &[
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":"h"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"","reasoning_content":"m"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"1","type":"function",
                "function":{"name":"look","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        ],
    );
    assert_eq!(calls, same("<think>hm</think>"));
    let unthinking = merged(
        &OpenAi,
        r#"{"choices":[{"message":{"content":"Yes."},"finish_reason":"stop"}]}"#,
        &[
            r#"{"choices":[{"index":0,"delta":{"content":"Yes."}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        ],
    );
    assert_eq!(unthinking, same("Yes."));
}

/// What Ollama streams for an answer of these pieces.
fn lines(pieces: &[&str], why: &str) -> Vec<String> {
    let piece = |text: &&str| format!(r#"{{"message":{{"content":{}}},"done":false}}"#, crate::json::string(text));
    let end = format!(r#"{{"message":{{"content":""}},"done":true,"done_reason":"{why}"}}"#);
    pieces.iter().map(piece).chain([end]).collect()
}

/// The events of a stream that is one answer of these `pieces`, which is forced to be a call.
fn forced(forced: &Forced, pieces: &[&str], why: &str) -> Vec<Event> {
    let mut amends = Amends::default();
    amends.force(forced.clone());
    let lines = lines(pieces, why);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    read(amends.amending(Ollama.stream_reader(Operation::Chat)), &lines)
}

/// Texts, calls with their arguments, and the end of a stream, in words.
fn told(events: &[Event]) -> String {
    let words = events.iter().filter_map(|event| match event {
        Event::Delta { delta: Delta::Text(text), .. } => Some(format!("text {text}")),
        Event::Delta { delta: Delta::ToolStart { name, .. }, .. } => Some(format!("call {name}")),
        Event::Delta { delta: Delta::ToolArguments { fragment, .. }, .. } => Some(fragment.clone()),
        Event::Finish { finish, .. } => Some(format!("{finish:?}")),
        Event::Error(fault) => Some(format!("error {}", fault.message)),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" | ")
}

#[test]
fn what_was_forced_to_be_a_call_is_streamed_as_one() {
    let named = Forced::Arguments("look".to_owned());
    for (forced_by, pieces, why, expected) in [
        (&named, &[" \n{\"a\"", ":1}"][..], "stop", "call look | {\"a\" | :1} | ToolCalls"),
        (&named, &["{\"a\":"], "length", "call look | {\"a\": | Length"),
        (&named, &["  "], "stop", "Stop"),
        (
            &Forced::Call,
            &["{\"name\": \"lis", "ten\", \"arguments\": {\"b\": 2}}"],
            "stop",
            "call listen | {\"b\": 2} | ToolCalls",
        ),
        (&Forced::Call, &["{\"name\":\"listen\"}"], "stop", "call listen | {} | ToolCalls"),
        (&Forced::Call, &["{\"name\":\"lis"], "length", "text {\"name\":\"lis | Length"),
        (&Forced::Call, &["Well, ", "no."], "stop", "text Well, no. | Stop"),
    ] {
        assert_eq!(told(&forced(forced_by, pieces, why)), expected, "{pieces:?}");
    }
    let endless = ["x".repeat(600_000), "x".repeat(600_000)];
    let events = forced(&Forced::Call, &[&endless[0], &endless[1]], "stop");
    assert!(told(&events).starts_with("error the provider wrote a call that has no end"));
}

#[test]
fn what_was_forced_to_be_a_call_is_one_in_a_whole_answer() {
    let named = Forced::Arguments("look".to_owned());
    for (forced_by, text, why, expected) in [
        (&named, "{\"a\":1}", "stop", Some(("look", "{\"a\":1}", Finish::ToolCalls))),
        (&named, "{\"a\":", "length", Some(("look", "{\"a\":", Finish::Length))),
        (&Forced::Call, "{\"name\":\"b\",\"arguments\":{}}", "stop", Some(("b", "{}", Finish::ToolCalls))),
        (&Forced::Call, "no", "stop", None),
    ] {
        let whole =
            format!(r#"{{"message":{{"content":{}}},"done":true,"done_reason":"{why}"}}"#, crate::json::string(text));
        let mut answer = Ollama.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
        let mut amends = Amends::default();
        amends.force(forced_by.clone());
        amends.amend(&mut answer);
        let Answer::Chat(response) = answer else { panic!("{answer:?}") };
        let choice = &response.choices[0];
        match (&choice.blocks[..], expected) {
            ([Block::ToolCall(call)], Some((name, arguments, finish))) => {
                assert_eq!((&*call.name, &*call.arguments, choice.finish), (name, arguments, finish));
            }
            ([Block::Text(said)], None) => assert_eq!((&*said.text, choice.finish), (text, Finish::Stop)),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_model_that_calls_by_itself_is_not_made_to_call_again() {
    let (_, _, whole, stream) = TWO_CALLS[1];
    let mut amends = Amends::default();
    amends.force(Forced::Arguments("listen".to_owned()));
    let mut answer = Ollama.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
    let before = answer.clone();
    amends.amend(&mut answer);
    assert_eq!(answer, before);
    let events = read(amends.amending(Ollama.stream_reader(Operation::Chat)), &stream[1..]);
    assert_eq!(events, read(Ollama.stream_reader(Operation::Chat), &stream[1..]));
}
