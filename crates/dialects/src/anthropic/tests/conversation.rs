//! The conversation on its way to Anthropic.

use serde_json::json;
use types::{Block, CacheMark, Raw, Role, Source, Text, ToolCall, ToolResult};

use super::words::*;
use super::*;

#[test]
fn leading_system_messages_go_to_the_top() {
    let marked = Block::Text(Text { text: "b".to_owned(), cache: Some(CacheMark::Long), ..Text::default() });
    let plain = sent(chat(vec![system("a"), user("hi")]), old());
    assert_eq!(plain["system"], "a");
    let body = sent(chat(vec![system("a"), of(Role::System, vec![marked]), user("hi")]), old());
    let expected = json!([
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ]);
    assert_eq!(body["system"], expected);
}

#[test]
fn a_late_system_message_stays_where_the_model_takes_it() {
    let u = |text: &str| json!({"role": "user", "content": text});
    let s = |text: &str| json!({"role": "system", "content": text});
    let a = |text: &str| json!({"role": "assistant", "content": text});
    for (messages, expected) in [
        (vec![user("1"), system("s"), model("2"), user("3")], vec![u("1"), s("s"), a("2"), u("3")]),
        (vec![user("1"), system("s")], vec![u("1"), s("s")]),
        (vec![user("1"), model("2"), system("s"), user("3")], vec![u("1"), a("2"), u("3"), s("s")]),
    ] {
        assert_eq!(turns(messages, recent()), Value::from(expected));
    }
    let neighbours = turns(vec![user("1"), system("s"), user("2"), system("t")], recent());
    let texts = |names: [&str; 2]| Value::from(names.map(|text| json!({"type": "text", "text": text})).to_vec());
    assert_eq!(neighbours[0]["content"], texts(["1", "2"]));
    assert_eq!(neighbours[1], json!({"role": "system", "content": texts(["s", "t"])}));
    let after_call = turns(
        vec![user("1"), of(Role::Assistant, vec![call("c", "")]), system("s"), of(Role::User, vec![result("c")])],
        recent(),
    );
    assert_eq!(after_call[2]["content"][0]["type"], "tool_result");
    assert_eq!(after_call[3], s("s"));
}

#[test]
fn a_late_system_message_becomes_a_note_where_the_model_does_not_take_it() {
    let body = turns(vec![user("1"), model("2"), system("s"), user("3")], old());
    assert_eq!(body[2]["content"][0]["text"], "<operator_instructions>\ns\n</operator_instructions>");
    assert_eq!(body[2]["content"][1]["text"], "3");
    let last = turns(vec![user("1"), model("2"), system("s")], recent());
    assert_eq!(last[2]["role"], "user", "after an answer there is no place for a system message");
}

#[test]
fn tool_results_come_first_in_one_turn() {
    let body = turns(
        vec![
            user("go"),
            of(Role::Assistant, vec![call("a", "{\"x\": 1}"), call("b.c", "null")]),
            of(Role::User, vec![result("a")]),
            user("and then"),
            of(Role::User, vec![result("b.c")]),
        ],
        old(),
    );
    let kinds: Vec<_> = body[2]["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text"]);
    assert_eq!(body[1]["content"][0]["input"], json!({"x": 1}));
    assert_eq!(body[1]["content"][1]["input"], json!({}));
    let id = body[1]["content"][1]["id"].as_str().unwrap();
    assert!(id.starts_with("b_c_") && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{id}");
    assert_eq!(body[2]["content"][1]["tool_use_id"], id);
}

#[test]
fn ids_are_made_where_the_caller_has_none() {
    let named = |name: &str| {
        Block::ToolResult(ToolResult {
            call_id: String::new(),
            name: Some(name.to_owned()),
            blocks: vec![Block::text(name)],
            is_error: true,
            cache: None,
        })
    };
    let g = Block::ToolCall(ToolCall {
        id: String::new(),
        name: "g".to_owned(),
        arguments: String::new(),
        signature: None,
    });
    let body = turns(
        vec![user("go"), of(Role::Assistant, vec![call("", ""), g]), of(Role::User, vec![named("g"), named("f")])],
        old(),
    );
    let (calls, results) = (&body[1]["content"], &body[2]["content"]);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!((&calls[0]["id"], &calls[1]["id"]), (&results[1]["tool_use_id"], &results[0]["tool_use_id"]));
    assert_eq!(results[0]["is_error"], true);
}

#[test]
fn orphans_are_refused_by_name() {
    let ask = |blocks| of(Role::Assistant, blocks);
    let answer = |blocks| of(Role::User, blocks);
    for (messages, id) in [
        (vec![answer(vec![result("lost")])], "'lost'"),
        (vec![user("1"), ask(vec![call("c1", "")]), user("2")], "'c1'"),
        (vec![user("1"), ask(vec![call("c1", "")])], "'c1'"),
        (vec![user("1"), ask(vec![call("a", ""), call("b", "")]), answer(vec![result("a")])], "'b'"),
        (vec![user("1"), ask(vec![call("a", "")]), answer(vec![result("a"), result("a")])], "'a'"),
        (vec![user("1"), ask(vec![call("a", ""), call("a", "")]), answer(vec![result("a")])], "'a'"),
        (
            vec![user("1"), ask(vec![call("a", "")]), answer(vec![result("a")]), model("x"), answer(vec![result("a")])],
            "'a'",
        ),
        (vec![user("1"), ask(vec![call("bad", "{\"a\":")]), answer(vec![result("bad")])], "'bad'"),
        (vec![user("1"), ask(vec![call("text", "\"[]\"")]), answer(vec![result("text")])], "'text'"),
    ] {
        let fault = refusal(chat(messages), old());
        assert!(fault.message.contains(id), "{} should name {id}", fault.message);
        assert_eq!(fault.param.as_deref(), Some("messages"));
    }
}

#[test]
fn empty_content_never_reaches_anthropic() {
    let a = |text: &str| json!({"role": "assistant", "content": text});
    let body = turns(vec![user("  "), model(""), user(""), model("ok \n")], old());
    assert_eq!(body, json!([{"role": "user", "content": "(empty message)"}, a("ok")]));
    assert_eq!(turns(vec![system("only")], old())[0]["role"], "user");
    let first = turns(vec![model("hello"), user("hi")], old());
    assert_eq!((&first[0]["role"], &first[1]), (&json!("user"), &a("hello")));
}

#[test]
fn an_answer_to_continue_needs_a_model_that_continues() {
    let fault = refusal(chat(vec![user("1"), model("2")]), recent());
    assert!(fault.message.contains("anthropic/claude-x"), "{}", fault.message);
}

#[test]
fn thoughts_go_back_only_with_their_proof_and_first() {
    let thought =
        |signature: Option<&str>| Block::Thinking { text: "t".to_owned(), signature: signature.map(str::to_owned) };
    let body = turns(
        vec![
            user("1"),
            of(
                Role::Assistant,
                vec![
                    Block::text("x"),
                    thought(Some("s")),
                    thought(None),
                    thought(Some("")),
                    Block::Refusal("no".to_owned()),
                ],
            ),
            user("2"),
        ],
        old(),
    );
    let expected = json!([
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "text", "text": "x"},
        {"type": "text", "text": "no"},
    ]);
    assert_eq!(body[1]["content"], expected);
}

#[test]
fn pictures_are_what_their_bytes_say() {
    let image = |media_type: &str, data: &str| Block::Image {
        source: Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() },
        detail: None,
        cache: None,
    };
    let file = |media_type: &str, data: &str| Block::Document {
        source: Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() },
        name: Some("n".to_owned()),
        cache: None,
    };
    let at = |source| Block::Image { source, detail: None, cache: None };
    let sent = |block| turns(vec![of(Role::User, vec![block])], old())[0]["content"][0].take();
    assert_eq!(sent(image("image/png", "/9j/4AA"))["source"]["media_type"], "image/jpeg");
    assert_eq!(sent(image("image/jpg", "AAAA"))["source"]["media_type"], "image/jpeg");
    assert_eq!(sent(file("application/octet-stream", "JVBERi0x"))["source"]["media_type"], "application/pdf");
    assert_eq!(sent(file("application/pdf", "iVBORw0KGgo"))["type"], "image");
    let text = sent(file("text/markdown", "IyBIaQ=="));
    assert_eq!(text["source"], json!({"type": "text", "media_type": "text/plain", "data": "# Hi"}));
    assert_eq!(text["title"], "n");
    for block in [
        image("image/svg+xml", "PHN2Zz4="),
        image("image/heic", "AAAA"),
        image("image/png", "Qk0abc"),
        file("application/zip", "UEsDBA=="),
        file("text/plain", "not base64!"),
        at(Source::Url("gs://bucket/x".to_owned())),
        at(Source::Url("data:image/svg+xml,<svg/>".to_owned())),
        at(Source::File("file-openai".to_owned())),
        Block::Audio { data: "AA".to_owned(), format: "wav".to_owned() },
        Block::Opaque { dialect: "gemini", raw: Raw::new("{}") },
    ] {
        let fault = send_chat(chat(vec![of(Role::User, vec![block.clone()])]), old(), true).expect_err("lost");
        assert_eq!(fault.status(), 400, "{block:?}");
    }
}

#[test]
fn at_most_four_cache_marks_are_sent_and_the_last_ones_stay() {
    let marked =
        |text: &str| Block::Text(Text { text: text.to_owned(), cache: Some(CacheMark::Short), ..Text::default() });
    let blocks = ["1", "2", "3", "4"].map(marked).to_vec();
    let body = sent(chat(vec![of(Role::System, vec![marked("0")]), of(Role::User, blocks)]), old());
    assert_eq!(body["system"][0]["cache_control"], Value::Null);
    let marks = body["messages"][0]["content"].as_array().unwrap().iter();
    assert_eq!(marks.filter(|block| block["cache_control"]["type"] == "ephemeral").count(), 4);
}
