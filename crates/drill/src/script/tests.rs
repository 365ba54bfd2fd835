//! Answers as a function of request and knobs.

use super::*;
use serde_json::json;

fn knobs(text: &str) -> Knobs {
    let mut knobs = Knobs::default();
    knobs.apply(text).unwrap();
    knobs
}

fn ask() -> Ask {
    Ask { last_user: "hello there".into(), words: 2, n: 1, ..Ask::default() }
}

fn check(ask: &Ask, text: &str, expected: &str, finish: Finish) -> Answer {
    let answer = compose(ask, &knobs(text), 1);
    assert_eq!((answer.replies[0].text.as_str(), &answer.replies[0].finish), (expected, &finish), "{text}");
    answer
}

#[test]
fn texts_are_cut_into_pieces_that_make_the_text_again() {
    for (cut, text, pieces) in [
        (Cut::Words, "You said: hi", vec!["You", " said", ":", " hi"]),
        (Cut::Words, "abcdefghij", vec!["abcd", "efgh", "ij"]),
        (Cut::Words, "héé€ 漢字です", vec!["héé", "€", " 漢字", "です"]),
        (Cut::Words, "  \n", vec!["  \n"]),
        (Cut::Bytes(3), "abcdefg", vec!["abc", "def", "g"]),
        (Cut::Bytes(1), "a€b", vec!["a", "€", "b"]),
        (Cut::Bytes(0), "ab", vec!["a", "b"]),
        (Cut::Words, "", vec![]),
    ] {
        let got: Vec<&str> = cut.pieces(text).collect();
        assert_eq!(got, pieces, "{text}");
        assert_eq!(got.concat(), text);
    }
}

#[test]
fn the_answer_repeats_the_question_unless_knobs_say_otherwise() {
    let answer = check(&ask(), "", "You said: hello there", Finish::Stop);
    assert_eq!(answer.usage, Usage { fresh: 2, visible: 7, ..Usage::default() });
    check(&ask(), "text=a%20b", "a b", Finish::Stop);
    check(&ask(), "chunks=2,chunk_bytes=3", "lorem ", Finish::Stop);
    check(&ask(), "answer_bytes=5", "lorem", Finish::Stop);
    check(&ask(), "refusal=1", compose::DECLINED, Finish::Refusal);
    check(&Ask { tool_result: Some("42".into()), ..ask() }, "", "The tool said: 42", Finish::Stop);
}

#[test]
fn chunk_knobs_decide_the_number_of_pieces() {
    for (text, count, size) in [
        ("chunks=5", 5, 20),
        ("chunks=5,chunk_bytes=10", 5, 50),
        ("chunks=4,answer_bytes=10", 4, 10),
        ("chunk_bytes=2", 11, 21),
    ] {
        let answer = compose(&ask(), &knobs(text), 1);
        assert_eq!(answer.cut.count(&answer.replies[0].text), count, "{text}");
        assert_eq!(answer.replies[0].text.len(), size, "{text}");
    }
}

#[test]
fn limits_and_stop_sequences_end_the_text() {
    check(&Ask { max_tokens: Some(2), ..ask() }, "", "You said", Finish::Length);
    check(&Ask { max_tokens: Some(0), ..ask() }, "", "", Finish::Length);
    check(&Ask { max_tokens: Some(100), ..ask() }, "", "You said: hello there", Finish::Stop);
    check(&Ask { max_tokens: Some(3), ..ask() }, "reasoning=5", "", Finish::Length);
    let stops = vec!["there".to_owned(), "said".to_owned()];
    check(&Ask { stops: stops.clone(), ..ask() }, "", "You ", Finish::Sequence("said".into()));
    check(&Ask { stops, max_tokens: Some(1), ..ask() }, "", "You", Finish::Length);
}

#[test]
fn thinking_counts_against_the_limit_and_as_reasoning() {
    let ask = Ask { thinking: true, max_tokens: Some(3), ..ask() };
    let answer = check(&ask, "", "", Finish::Length);
    assert_eq!(answer.replies[0].thinking, "The user want");
    assert_eq!((answer.usage.reasoning, answer.usage.visible), (3, 0));
}

#[test]
fn a_tool_is_called_by_its_name_where_it_is_offered() {
    let ask = Ask { tools: tools(), ..ask() };
    let called = |text: &str| compose(&ask, &knobs(text), 1).replies.remove(0).calls;
    assert_eq!(called("tool=second").iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["second"]);
    assert!(called("tool=third").is_empty());
}

fn tools() -> Vec<Tool> {
    let one = |name: &str| Tool {
        name: name.into(),
        schema: json!({ "type": "object", "properties": { "q": { "type": "string" } } }),
    };
    vec![one("first"), one("second")]
}

fn called(ask: &Ask, text: &str) -> Vec<(String, String)> {
    let answer = compose(ask, &knobs(text), 1);
    answer.replies[0].calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect()
}

#[test]
fn tools_are_called_as_the_request_and_the_knobs_say() {
    let ask = Ask { tools: tools(), ..ask() };
    let plain = r#"{"q":"text"}"#;
    let call = |name: &str, arguments: &str| (name.to_owned(), arguments.to_owned());
    assert_eq!(called(&ask, ""), [call("first", plain)]);
    assert_eq!(
        called(&ask, "parallel=3"),
        [call("first", plain), call("second", plain), call("first", r#"{"q":"text 2"}"#)]
    );
    assert_eq!(called(&ask, "args={oops"), [call("first", "{oops")]);
    assert_eq!(called(&ask, "no_call=1"), []);
    assert_eq!(called(&Ask { one_call: true, ..ask.clone() }, "parallel=3").len(), 1);
    assert_eq!(called(&Ask { choice: Choice::Never, ..ask.clone() }, ""), []);
    assert_eq!(called(&Ask { tool_result: Some("x".into()), ..ask.clone() }, ""), []);
    let named = Ask { choice: Choice::Named("second".into()), ..ask };
    assert_eq!(called(&named, "parallel=2"), [call("second", plain), call("second", r#"{"q":"text 2"}"#)]);
}

#[test]
fn calls_that_do_not_fit_the_limit_are_dropped() {
    let ask = Ask { tools: tools(), max_tokens: Some(5), ..ask() };
    let answer = compose(&ask, &knobs("parallel=2"), 1);
    assert_eq!(answer.replies[0].calls.len(), 1);
    assert_eq!(answer.replies[0].finish, Finish::Length);
}

#[test]
fn formats_give_json() {
    let schema = Format::Schema(json!({ "type": "object", "properties": { "n": { "type": "integer" } } }));
    check(&Ask { format: Some(schema), ..ask() }, "", r#"{"n":1}"#, Finish::Stop);
    check(&Ask { format: Some(Format::Json), ..ask() }, "", r#"{"answer":"hello there"}"#, Finish::Stop);
}

#[test]
fn steps_tell_the_whole_answer_in_order() {
    let ask = Ask { thinking: true, n: 2, ..ask() };
    let answer = compose(&ask, &knobs(""), 1);
    let (mut thinking, mut text) = ([String::new(), String::new()], [String::new(), String::new()]);
    for step in steps(&answer, false) {
        match step {
            Step::Thinking { reply, text } => thinking[reply].push_str(text),
            Step::Text { reply, text: piece } => text[reply].push_str(piece),
            _ => {}
        }
    }
    for at in 0..2 {
        assert_eq!((&thinking[at], &text[at]), (&answer.replies[at].thinking, &answer.replies[at].text));
    }
}

#[test]
fn interleaved_calls_take_turns() {
    let answer = compose(&Ask { tools: tools(), ..ask() }, &knobs("parallel=2"), 1);
    let order = |interleave| {
        let index = |step| {
            if let Step::Arguments { index, .. } = step { Some(index) } else { None }
        };
        steps(&answer, interleave).filter_map(index).collect::<Vec<_>>()
    };
    assert_eq!(order(false), [0, 0, 0, 1, 1, 1]);
    assert_eq!(order(true), [0, 1, 0, 1, 0, 1]);
}
