//! What callers ask, read.

use serde_json::json;
use types::{Block, CacheMark, Format, Message, Reasoning, Role, Source, Tool, ToolChoice};

use super::*;

/// A request with these fields beside the required ones.
fn with(fields: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":5,"messages":[{{"role":"user","content":"hi"}}],{fields}}}"#)
}

/// A request whose only message has this content.
fn saying(role: &str, content: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":5,"messages":[{{"role":"{role}","content":{content}}}]}}"#)
}

#[test]
fn every_field_of_a_request_finds_its_word() {
    let chat = read_chat(REQUEST).unwrap();
    assert_eq!((chat.model.as_str(), chat.max_tokens, chat.stream), ("claude-opus-4-8", Some(9000), true));
    assert!(chat.stream_usage, "Anthropic's streams always tell the usage");
    assert_eq!(chat.user.as_deref(), Some("u-7f3a"));
    assert_eq!(chat.service_tier.as_deref(), Some("default"));
    assert_eq!(chat.stop, ["\n\nHuman:", "END"]);
    let reasoning =
        Reasoning { effort: Some(Effort::XHigh), adaptive: true, summary: Some(true), ..Reasoning::default() };
    assert_eq!(chat.reasoning, Some(reasoning));
    assert!(matches!(&chat.format, Some(Format::Schema { schema, .. }) if schema.get().contains("\"city\"")));
    assert_eq!((chat.tool_choice, chat.parallel_tool_calls), (Some(ToolChoice::Auto), Some(false)));
    assert!(matches!(&chat.tools[0], Tool::Function(tool) if tool.cache == Some(CacheMark::Long)));
    assert!(matches!(&chat.tools[1], Tool::Opaque { dialect: "anthropic", kind, .. } if kind == "web_search_20260318"));
    let roles: Vec<_> = chat.messages.iter().map(|message| message.role).collect();
    use Role::*;
    assert_eq!(roles, [System, User, Assistant, User, System, Assistant, User]);
    assert_eq!(chat.messages[0].blocks.len(), 2);
    let names: Vec<_> = chat.extras.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["container", "mcp_servers"]);
}

#[test]
fn thinking_and_effort_meet_in_one_word_whichever_comes_first() {
    let off = Reasoning { effort: Some(Effort::None), ..Reasoning::default() };
    let budget = Reasoning { budget_tokens: Some(2048), summary: Some(false), ..Reasoning::default() };
    for (fields, expected) in [
        (r#""thinking":{"type":"disabled"},"output_config":{"effort":"high"}"#, off.clone()),
        (r#""output_config":{"effort":"high"},"thinking":{"type":"disabled"}"#, off),
        (r#""thinking":{"type":"enabled","budget_tokens":2048,"display":"omitted"}"#, budget),
        (
            r#""output_config":{"effort":"max"},"thinking":{"type":"adaptive"}"#,
            Reasoning { effort: Some(Effort::Max), adaptive: true, ..Reasoning::default() },
        ),
    ] {
        assert_eq!(read_chat(&with(fields)).unwrap().reasoning, Some(expected), "{fields}");
    }
    let new = read_chat(&with(r#""thinking":{"type":"between_tools"}"#)).unwrap();
    assert_eq!((new.reasoning, new.extras[0].0.as_str()), (None, "thinking"));
}

#[test]
fn blocks_become_words_and_unknown_ones_stay_as_they_are() {
    let one =
        |role, content: &str| read_chat(&saying(role, &format!("[{content}]"))).unwrap().messages[0].blocks.clone();
    let opaque = |content: &str, role| matches!(&one(role, content)[..], [Block::Opaque { dialect: "anthropic", raw }] if raw.get() == content);
    assert!(opaque(r#"{"type":"search_result","source":"s","title":"t","content":[]}"#, "user"));
    assert!(opaque(r#"{"type": "container_upload", "file_id": "f"}"#, "user"));
    assert!(opaque(r#"{"type":"server_tool_use","id":"x","name":"web_search","input":{}}"#, "assistant"));
    assert!(opaque(
        r#"{"type":"tool_use","id":"x","name":"n","input":{},"caller":{"type":"code_execution_20260521"}}"#,
        "assistant"
    ));
    assert!(opaque(
        r#"{"type":"document","source":{"type":"content","content":[{"type":"image","source":{"type":"url","url":"u"}}]}}"#,
        "user"
    ));
    let document = r#"{"type":"document","source":{"type":"content","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"context":"c"}"#;
    let expected =
        [Block::text("c"), Block::Document { source: Source::PlainText("a\n\nb".to_owned()), name: None, cache: None }];
    assert_eq!(one("user", document), expected);
    let unsigned = Block::Thinking { text: "t".to_owned(), signature: None };
    assert_eq!(one("assistant", r#"{"type":"thinking","thinking":"t","signature":""}"#), [unsigned]);
}

#[test]
fn a_mistake_is_named_by_its_place() {
    for (body, param, what) in [
        (with(r#""temperature":"x""#), "temperature", "expected a number, got a string"),
        (with(r#""temperature":1.5"#), "temperature", "between 0 and 1"),
        (with(r#""top_p":1e999"#), "top_p", "between 0 and 1"),
        (with(r#""stop_sequences":["a",1]"#), "stop_sequences.1", "expected a string, got a number"),
        (with(r#""tools":[{"name":"n"}]"#), "tools.0.input_schema", "Field required"),
        (with(r#""tools":[{"name":"n","input_schema":[]}]"#), "tools.0.input_schema", "expected an object"),
        (with(r#""tool_choice":{"type":"maybe"}"#), "tool_choice.type", "must be"),
        (with(r#""tool_choice":{"type":"tool"}"#), "tool_choice.name", "Field required"),
        (with(r#""thinking":{"type":"enabled"}"#), "thinking.budget_tokens", "Field required"),
        (with(r#""output_config":{"effort":"huge"}"#), "output_config.effort", "must be"),
        (with(r#""output_config":{"format":{"type":"xml"}}"#), "output_config.format.type", "json_schema"),
        (with(r#""system":7"#), "system", "a string or a list of blocks"),
        (with(r#""system":[{"type":"image"}]"#), "system.0", "cannot stand here"),
        (with(r#""metadata":{"user_id":7}"#), "metadata.user_id", "expected a string"),
        (saying("user", "null"), "messages.0.content", "got null"),
        (saying("user", r#"[{"type":"text"}]"#), "messages.0.content.0.text", "Field required"),
        (saying("user", r#"["x"]"#), "messages.0.content.0", "expected an object"),
        (saying("user", r#"[{"type":"tool_use","id":"a","name":"b","input":{}}]"#), "messages.0.content.0", "cannot"),
        (saying("assistant", r#"[{"type":"tool_result","tool_use_id":"a"}]"#), "messages.0.content.0", "cannot"),
        (
            saying("assistant", r#"[{"type":"text","text":"a"},{"type":"tool_use","id":"a","name":"b","input":"{}"}]"#),
            "messages.0.content.1.input",
            "expected an object, got a string",
        ),
        (
            saying("user", r#"[{"type":"tool_result","tool_use_id":"a","content":[{"type":"image","source":{}}]}]"#),
            "messages.0.content.0.content.0.source.type",
            "Field required",
        ),
        (saying("robot", "\"hi\""), "messages.0.role", "must be"),
        (r#"{"max_tokens":5,"messages":[]}"#.to_owned(), "model", "Field required"),
        (r#"{"model":"m","messages":[{"role":"user","content":"q"}]}"#.to_owned(), "max_tokens", "Field required"),
        (r#"{"model":"m","max_tokens":5,"messages":[]}"#.to_owned(), "messages", "at least one message"),
        (
            r#"{"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"q"}]}"#.to_owned(),
            "max_tokens",
            "whole number",
        ),
        (r#"{"model":"m","max_tokens":1}"#.to_owned(), "messages", "Field required"),
    ] {
        let fault = read_chat(&body).expect_err(&body);
        assert_eq!(fault.status(), 400);
        assert_eq!(fault.param.as_deref(), Some(param), "{body}");
        assert!(fault.message.starts_with(param) && fault.message.contains(what), "{}", fault.message);
    }
    assert!(read_chat("[]").unwrap_err().message.contains("an object"));
    assert!(read_chat("{").unwrap_err().message.contains("Invalid JSON"));
}

#[test]
fn a_token_count_needs_no_bound() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    let request = Anthropic.read_request(Operation::CountTokens, body).unwrap();
    let expected = Chat {
        model: "m".to_owned(),
        stream_usage: true,
        messages: vec![Message::new(Role::User, vec![Block::text("hi")])],
        dialect: "anthropic",
        ..Chat::default()
    };
    assert_eq!(request, Request::CountTokens(Box::new(expected)));
}

#[test]
fn what_was_read_is_written_again() {
    let chat = read_chat(REQUEST).unwrap();
    let (mut body, dropped) = send_chat(chat, recent(), false).unwrap();
    assert_eq!(dropped, Vec::<String>::new());
    body["model"] = json!("claude-opus-4-8");
    assert_eq!(body, json(REQUEST.as_bytes()));
}
