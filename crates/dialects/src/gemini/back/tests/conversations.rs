//! How conversations reach Gemini: turns, tools, media, signatures.

use base64::Engine as _;
use serde_json::{Value, json};
use types::*;

use super::super::turn::NO_SIGNATURE;
use super::ask::*;
use crate::trial::{self, Upstream, assistant, call, chat, document, image, message, result, user};

#[test]
fn leading_instructions_go_apart_and_later_ones_stay_where_they_were_said() {
    let messages = vec![trial::system("one"), trial::system("two"), user("hi"), assistant("ho"), trial::system("late")];
    let body = body(chat(messages), "gemini-2.5-flash");
    assert_eq!(body["systemInstruction"], json!({"parts": [{"text": "one"}, {"text": "two"}]}));
    assert_eq!(
        body["contents"],
        json!([
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"text": "ho"}]},
            {"role": "user", "parts": [{"text": "[Instruction of the operator, not of the user]\nlate"}]},
        ])
    );
}

#[test]
fn instructions_alone_are_the_question() {
    let body = body(chat(vec![trial::system("Say hi.")]), "gemini-2.5-flash");
    assert_eq!(body, json!({"contents": [{"role": "user", "parts": [{"text": "Say hi."}]}]}));
}

#[test]
fn a_model_without_instructions_is_told_by_the_user() {
    let contents = contents(vec![trial::system("Be brief."), user("hi")], "gemma-3-27b-it");
    let note = "[Instruction of the operator, not of the user]\nBe brief.";
    assert_eq!(contents, json!([{"role": "user", "parts": [{"text": note}, {"text": "hi"}]}]));
}

#[test]
fn turns_of_one_role_are_merged_and_empty_texts_left_out() {
    let contents = contents(
        vec![
            user("a"),
            user(""),
            user("b"),
            assistant("c"),
            assistant(""),
            message(Role::Assistant, vec![]),
            user("d"),
        ],
        "gemini-2.5-flash",
    );
    assert_eq!(
        contents,
        json!([
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}]},
            {"role": "user", "parts": [{"text": "d"}]},
        ])
    );
}

#[test]
fn a_conversation_begins_with_the_user() {
    let greeting = || chat(vec![assistant("Hello!"), user("hi")]);
    let fault = refused(greeting(), "gemini-2.5-flash");
    assert!(fault.message.contains("must begin with a user message"), "{fault}");
    let (body, _) = try_body(greeting(), &Upstream::new("gemini-2.5-flash").dropping()).unwrap();
    assert_eq!(body["contents"][0], json!({"role": "user", "parts": [{"text": " "}]}));
    for nothing in [vec![], vec![user("")]] {
        assert_eq!(refused(chat(nothing), "gemini-2.5-flash").side, Side::Caller);
    }
}

#[test]
fn bytes_go_inline_and_addresses_only_where_google_can_read_them() {
    let part =
        |block: Block| contents(vec![message(Role::User, vec![block])], "gemini-2.5-flash")[0]["parts"][0].take();
    let url = |url: &str| Source::Url(url.to_owned());
    for (block, expected) in [
        // The bytes say PNG, whatever the caller says.
        (
            image(trial::base64("image/jpeg", "iVBORw0KGgoAAA")),
            json!({"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgoAAA"}}),
        ),
        // These bytes may begin a bitmap, but also the text "BM".
        (
            document(trial::base64("text/plain", "Qk0=")),
            json!({"inlineData": {"mimeType": "text/plain", "data": "Qk0="}}),
        ),
        (image(trial::base64("image/heic", "AAAA")), json!({"inlineData": {"mimeType": "image/heic", "data": "AAAA"}})),
        (
            image(url("gs://bucket/cat.JPG")),
            json!({"fileData": {"mimeType": "image/jpeg", "fileUri": "gs://bucket/cat.JPG"}}),
        ),
        (
            document(url("https://www.youtube.com/watch?v=x")),
            json!({"fileData": {"fileUri": "https://www.youtube.com/watch?v=x"}}),
        ),
        (
            document(Source::File("files/abc".to_owned())),
            json!({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}}),
        ),
        (
            document(trial::base64("application/pdf", "JVBERi0x")),
            json!({"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0x"}}),
        ),
        (document(Source::PlainText("words".to_owned())), json!({"text": "words"})),
        (
            Block::Audio { data: "UklGRg==".to_owned(), format: "mp3".to_owned() },
            json!({"inlineData": {"mimeType": "audio/mp3", "data": "UklGRg=="}}),
        ),
        (Block::Refusal("no".to_owned()), json!({"text": "no"})),
    ] {
        assert_eq!(part(block.clone()), expected, "{block:?}");
    }
    for source in [
        url("https://example.com/secret-token/cat.png"),
        url("data:text/plain,hello"),
        url("https://www.youtube.com.evil.example/x"),
        Source::File("file-openai".to_owned()),
    ] {
        let fault = refused(chat(vec![message(Role::User, vec![image(source.clone())])]), "gemini-2.5-flash");
        assert_eq!((fault.kind, fault.side), (FaultKind::Unsupported, Side::Caller), "{source:?}");
        assert!(!fault.message.contains("secret-token"), "{fault}");
    }
}

fn tool_history() -> Vec<Message> {
    vec![
        user("weather?"),
        message(Role::Assistant, vec![call("a", "first", "{\"x\": 1}"), call("b", "second", "")]),
        message(Role::User, vec![result("b", vec![Block::text("sunny")])]),
        message(Role::User, vec![Block::text("and?"), result("a", vec![Block::text(" {\"t\": 2} ")])]),
    ]
}

/// A call that waits for its result.
fn one_call() -> Vec<Message> {
    vec![user("weather?"), message(Role::Assistant, vec![call("a", "first", "{}")])]
}

#[test]
fn results_of_a_step_come_together_in_the_order_of_their_calls() {
    assert_eq!(
        contents(tool_history(), "gemini-2.5-flash"),
        json!([
            {"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "a", "name": "first", "args": {"x": 1}}},
                {"functionCall": {"id": "b", "name": "second", "args": {}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "a", "name": "first", "response": {"t": 2}}},
                {"functionResponse": {"id": "b", "name": "second", "response": {"output": "sunny"}}},
                {"text": "and?"},
            ]},
        ])
    );
}

#[test]
fn results_are_objects_whatever_the_tool_said() {
    for (text, is_error, expected) in [
        ("plain", false, json!({"output": "plain"})),
        ("", false, json!({"output": ""})),
        ("[1]", false, json!({"output": "[1]"})),
        ("{\"a\":1", false, json!({"output": "{\"a\":1"})),
        ("{\"a\":1}", false, json!({"a": 1})),
        ("boom", true, json!({"error": "boom"})),
        ("{\"a\":1}", true, json!({"error": {"a": 1}})),
    ] {
        let mut messages = one_call();
        messages.push(message(
            Role::User,
            vec![Block::ToolResult(ToolResult {
                call_id: "a".to_owned(),
                name: None,
                blocks: vec![Block::text(text)],
                is_error,
                cache: None,
            })],
        ));
        let mut contents = contents(messages, "gemini-2.5-flash");
        assert_eq!(contents[2]["parts"][0]["functionResponse"]["response"].take(), expected, "{text}");
    }
}

#[test]
fn pictures_in_results_go_inside_for_the_newest_and_beside_for_others() {
    let mut messages = one_call();
    let blocks = vec![Block::text("a cat"), image(trial::base64("image/png", "iVBORw0KGgo="))];
    messages.push(message(Role::User, vec![result("a", blocks)]));
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}});
    let response = json!({"id": "a", "name": "first", "response": {"output": "a cat"}});
    let old = contents(messages.clone(), "gemini-2.5-flash");
    assert_eq!(old[2]["parts"], json!([{"functionResponse": response}, picture]));
    let new = contents(messages, "gemini-3.1-pro");
    let mut inside = response;
    inside["parts"] = json!([picture]);
    assert_eq!(new[2]["parts"], json!([{"functionResponse": inside}]));
}

#[test]
fn broken_tool_histories_are_refused_by_name() {
    let orphan = chat(vec![user("hi"), message(Role::User, vec![result("nobody", vec![])])]);
    assert!(refused(orphan, "gemini-3-pro").message.contains("nobody"));
    let broken = chat(vec![user("hi"), message(Role::Assistant, vec![call("c1", "f", "{]")])]);
    assert!(refused(broken, "gemini-3-pro").message.contains("c1"));
    let ask = |blocks| message(Role::Assistant, blocks);
    let answer = |blocks| message(Role::User, blocks);
    let (a, b) = (|| call("a", "f", ""), || call("b", "g", ""));
    let done = |id: &str| result(id, vec![]);
    for (messages, what) in [
        (vec![user("q"), ask(vec![a()])], "call 'a' (f)"),
        (vec![user("q"), ask(vec![a()]), user("go on")], "call 'a' (f)"),
        (vec![user("q"), ask(vec![a(), b()]), answer(vec![done("a")])], "call 'b' (g)"),
        (vec![user("q"), ask(vec![a()]), answer(vec![done("a"), done("a")])], "result 'a' (f)"),
        (
            vec![user("q"), ask(vec![a()]), answer(vec![done("a")]), assistant("x"), answer(vec![done("a")])],
            "result 'a'",
        ),
    ] {
        let fault = refused(chat(messages), "gemini-3-pro");
        assert!(fault.message.contains(what), "{} should name {what}", fault.message);
    }
}

#[test]
fn signatures_return_on_their_part_and_a_stand_in_where_there_are_none() {
    let decoded = base64::engine::general_purpose::STANDARD.decode(NO_SIGNATURE).unwrap();
    assert_eq!(decoded, b"skip_thought_signature_validator");
    let signed_text = Block::Text(Text { text: String::new(), signature: Some("T".to_owned()), ..Text::default() });
    let messages = || {
        vec![
            user("hi"),
            message(
                Role::Assistant,
                vec![
                    Block::Thinking { text: "hm".to_owned(), signature: Some("foreign".to_owned()) },
                    trial::signed_call("a", "f", "", Some("S")),
                    call("b", "g", ""),
                ],
            ),
            message(Role::User, vec![result("a", vec![]), result("b", vec![])]),
            message(Role::Assistant, vec![call("c", "f", ""), call("d", "f", "")]),
            message(Role::User, vec![result("c", vec![]), result("d", vec![])]),
            message(Role::Assistant, vec![Block::text("done"), signed_text.clone()]),
            user("more"),
        ]
    };
    let signatures = |contents: &Value| -> Vec<Vec<Value>> {
        let turns = contents.as_array().unwrap().iter().filter(|turn| turn["role"] == "model");
        let of_turn =
            |turn: &Value| turn["parts"].as_array().unwrap().iter().map(|p| p["thoughtSignature"].clone()).collect();
        turns.map(of_turn).collect()
    };
    for (model, stand_in) in [
        ("gemini-3-flash-preview", json!(NO_SIGNATURE)),
        ("gemini-3.6-flash", json!(NO_SIGNATURE)),
        ("gemini-12-pro", json!(NO_SIGNATURE)),
        ("gemini-flash-latest", json!(NO_SIGNATURE)),
        ("gemini-2.5-pro", Value::Null),
        ("gemini-2.0-flash", Value::Null),
    ] {
        let contents = contents(messages(), model);
        let expected = vec![vec![json!("S"), Value::Null], vec![stand_in, Value::Null], vec![Value::Null, json!("T")]];
        assert_eq!(signatures(&contents), expected, "{model}");
        assert!(!contents.to_string().contains("foreign"));
    }
}
