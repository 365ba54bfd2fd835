use super::*;

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned(), signature: None }
}

#[test]
fn arguments_become_an_object_or_a_clear_refusal() {
    for (arguments, expected) in [
        ("", Some("{}")),
        (" null ", Some("{}")),
        (" {\"a\": 1} ", Some("{\"a\": 1}")),
        (r#""{\"a\":1}""#, Some("{\"a\":1}")),
        ("{\"a\": [1, 2, ] ,\n\"b\":\",}\", }", Some("{\"a\": [1, 2 ] ,\n\"b\":\",}\" }")),
        (r#"{"a":"\",]",}"#, Some(r#"{"a":"\",]"}"#)),
        ("{\"a\":1,,}", None),
        ("{,}", Some("{}")),
        ("[1]", None),
        ("7", None),
        (r#""text""#, None),
        ("{\"a\":", None),
    ] {
        let call = call("call_7", "f", arguments);
        match (arguments_object(&call), expected) {
            (Ok(got), Some(expected)) => assert_eq!(got, expected, "{arguments}"),
            (Err(fault), None) => assert!(fault.message.contains("call_7"), "{arguments}: {fault}"),
            (got, _) => panic!("{arguments}: {got:?}"),
        }
    }
}

#[test]
fn a_result_is_named_by_itself_or_by_the_latest_call_with_its_id() {
    let (first, second, again) = (call("a", "one", ""), call("b", "two", ""), call("a", "three", ""));
    let mut calls = Calls::default();
    [&first, &second, &again].into_iter().for_each(|call| calls.note(call));
    let result = |id: &str, name: Option<&str>| ToolResult {
        call_id: id.to_owned(),
        name: name.map(str::to_owned),
        blocks: Vec::new(),
        is_error: false,
        cache: None,
    };
    let (own, called, unknown) = (result("a", Some("own")), result("a", None), result("zzz", None));
    assert_eq!(calls.name_of(&own), Some("own"));
    assert_eq!(calls.name_of(&called), Some("three"));
    assert_eq!(calls.name_of(&unknown), None);
    assert!(calls.position("b") < calls.position("a"));
    assert_eq!(calls.position("zzz"), usize::MAX);
}

#[test]
fn only_plain_text_documents_have_a_text() {
    let base64 =
        |media_type: &str, data: &str| Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() };
    for (source, expected) in [
        (Source::PlainText("hello".to_owned()), Some("hello")),
        (base64("text/plain", "aGVsbG8="), Some("hello")),
        (base64("text/markdown", "aGVsbG8="), Some("hello")),
        (base64("text/plain", "not base64!"), None),
        (base64("text/plain", "/w=="), None),
        (base64("application/pdf", "JVBERi0="), None),
        (Source::Url("https://example.com/a.txt".to_owned()), None),
    ] {
        assert_eq!(document_text(&source).as_deref(), expected, "{source:?}");
    }
}

#[test]
fn clearing_what_is_old_is_a_hint_and_other_management_of_a_context_is_not() {
    for (management, expected) in [
        (r#"{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}"#, true),
        (r#"{"edits":[{"type":"clear_thinking_20251015"},{"type":"clear_tool_uses_20250919"}]}"#, true),
        (r#"{"edits":[{"type":"clear_thinking_20251015"},{"type":"compact_20260112"}]}"#, false),
        (r#"{"edits":[]}"#, true),
        (r#"{"edits":[7]}"#, false),
        (r#"[{"type":"compaction","compact_threshold":1000}]"#, false),
        ("{}", false),
    ] {
        assert_eq!(is_hint("context_management", &Raw::new(management)), expected, "{management}");
    }
}
