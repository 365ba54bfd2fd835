//! Reading callers' requests.

use super::*;

#[test]
fn a_request_with_everything_is_understood() {
    let chat = read_chat(std::str::from_utf8(fixture!("request.json")).unwrap()).unwrap();
    assert_eq!(chat.model, "gpt-5.6");
    assert_eq!(chat.messages.len(), 6, "both tool results lie in one message");
    assert_eq!(chat.messages[0].name.as_deref(), Some("ops"));
    assert_eq!(
        chat.messages[1].blocks[..3],
        [
            Block::Text(Text { text: "What is this?".into(), cache: Some(CacheMark::Long), ..Text::default() }),
            Block::Image {
                source: Source::Base64 { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() },
                detail: Some("low".into()),
                cache: None
            },
            Block::Image { source: Source::Url("https://example.com/a.jpg".into()), detail: None, cache: None },
        ]
    );
    assert!(matches!(&chat.messages[1].blocks[4], Block::Document { name: Some(name), .. } if name == "a.pdf"));
    assert!(matches!(&chat.messages[1].blocks[5], Block::Document { source: Source::File(id), .. } if id == "file-1"));
    assert!(matches!(&chat.messages[1].blocks[6], Block::Opaque { dialect: "openai", .. }));
    let Block::ToolCall(first) = &chat.messages[2].blocks[1] else { panic!() };
    assert_eq!(first.arguments, r#"{"at": "it"}"#, "arguments stay as they were written");
    assert_eq!(first.signature.as_deref(), Some("c2ln"));
    assert!(matches!(&chat.messages[3].blocks[1], Block::ToolResult(result) if result.cache == Some(CacheMark::Short)));
    assert!(matches!(&chat.messages[5].blocks[0], Block::Text(text) if text.cache == Some(CacheMark::Long)));
    assert_eq!(chat.max_tokens, Some(500), "the newer name wins");
    assert_eq!((chat.n, chat.seed, chat.stream, chat.stream_usage), (Some(2), Some(-7), true, true));
    assert!(matches!(&chat.tools[2], Tool::Opaque { kind, .. } if kind == "custom"));
    assert!(matches!(&chat.format, Some(Format::Schema { schema, .. }) if schema.get().contains(r#""b": 1"#)));
    let extras: Vec<_> = chat.extras.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(extras, ["metadata", "verbosity", "min_p"]);
}

/// Checks that a body is refused with a 400 that names `param`.
fn refused(body: &str, param: &str) {
    let fault = read_chat(body).expect_err(body);
    assert_eq!(fault.status(), 400, "{body}");
    assert_eq!(fault.param.as_deref(), Some(param).filter(|param| !param.is_empty()), "{body}");
    assert!(fault.message.contains(param), "{}", fault.message);
}

#[test]
fn a_field_of_the_wrong_kind_is_named() {
    refused("[]", "");
    refused("{}", "messages");
    refused(r#"{"messages":[]}"#, "messages");
    refused(r#"{"messages":null}"#, "messages");
    refused(r#"{"messages":"hi"}"#, "messages");
    let message = |message: &str| format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}},{message}]}}"#);
    for (text, param) in [
        ("5", "messages[1]"),
        (r#"{"content":"x"}"#, "messages[1].role"),
        (r#"{"role":"robot","content":"x"}"#, "messages[1].role"),
        (r#"{"role":"user"}"#, "messages[1].content"),
        (r#"{"role":"user","content":7}"#, "messages[1].content"),
        (r#"{"role":"user","content":[{"text":"x"}]}"#, "messages[1].content[0].type"),
        (r#"{"role":"user","content":[{"type":"text"}]}"#, "messages[1].content[0].text"),
        (r#"{"role":"user","content":[{"type":"image_url","image_url":{}}]}"#, "messages[1].content[0].image_url.url"),
        (
            r#"{"role":"user","content":[{"type":"file","file":{"file_data":"!"}}]}"#,
            "messages[1].content[0].file.file_data",
        ),
        (r#"{"role":"tool","content":"x"}"#, "messages[1].tool_call_id"),
        (r#"{"role":"assistant","tool_calls":[{"id":"a"}]}"#, "messages[1].tool_calls[0].function"),
        (r#"{"role":"assistant","tool_calls":[{"function":{"name":1}}]}"#, "messages[1].tool_calls[0].function.name"),
        (r#"{"role":"user","content":"x","name":[]}"#, "messages[1].name"),
    ] {
        refused(&message(text), param);
    }
    let with = |field: &str| format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{field}}}"#);
    for (field, param) in [
        (r#""temperature":"hot""#, "temperature"),
        (r#""temperature":1e999"#, "temperature"),
        (r#""max_tokens":-1"#, "max_tokens"),
        (r#""max_tokens":1.5"#, "max_tokens"),
        (r#""n":0"#, "n"),
        (r#""n":129"#, "n"),
        (r#""stop":[1]"#, "stop[0]"),
        (r#""stop":{}"#, "stop"),
        (r#""stream":"yes""#, "stream"),
        (r#""stream_options":{"include_usage":1}"#, "stream_options.include_usage"),
        (r#""logit_bias":[]"#, "logit_bias"),
        (r#""reasoning_effort":"enormous""#, "reasoning_effort"),
        (r#""thinking":{"type":"maybe"}"#, "thinking.type"),
        (r#""tools":{}"#, "tools"),
        (r#""tools":[{"type":"function","name":"flat"}]"#, "tools[0].function"),
        (r#""tools":[{"type":"function","function":{"name":"f","parameters":[]}}]"#, "tools[0].function.parameters"),
        (r#""tool_choice":"maybe""#, "tool_choice"),
        (r#""tool_choice":{"type":"function"}"#, "tool_choice.function"),
        (r#""response_format":{"type":"yaml"}"#, "response_format.type"),
        (r#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
    ] {
        refused(&with(field), param);
    }
}

fn chat_with(field: &str) -> Chat {
    read_chat(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{field}}}"#)).unwrap()
}

#[test]
fn null_is_the_same_as_nothing() {
    let chat = chat_with(r#""temperature":null,"tools":null,"stop":null,"metadata":null"#);
    let plain = read_chat(r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#).unwrap();
    assert_eq!(chat, plain);
}

#[test]
fn deprecated_functions_become_tools() {
    let chat = read_chat(
        r#"{"messages":[{"role":"user","content":"q"},
        {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
        {"role":"function","name":"f","content":"1"}],
        "functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}}"#,
    )
    .unwrap();
    assert_eq!(chat.tool_choice, Some(ToolChoice::Tool("f".into())));
    assert!(matches!(&chat.tools[..], [Tool::Function(function)] if function.name == "f"));
    let (Block::ToolCall(call), Block::ToolResult(result)) = (&chat.messages[1].blocks[0], &chat.messages[2].blocks[0])
    else {
        panic!()
    };
    assert_eq!(call.id, result.call_id);
    assert!(!call.id.is_empty());
    assert_eq!(result.name.as_deref(), Some("f"));
}

#[test]
fn every_spelling_of_a_tool_choice_is_known() {
    for (text, expected) in [
        (r#""auto""#, ToolChoice::Auto),
        (r#""none""#, ToolChoice::None),
        (r#""required""#, ToolChoice::Required),
        (r#""any""#, ToolChoice::Required),
        (r#"{"type":"function","function":{"name":"f"}}"#, ToolChoice::Tool("f".into())),
        (r#"{"type":"custom","custom":{"name":"c"}}"#, ToolChoice::Tool("c".into())),
        (r#"{"type":"function","name":"f"}"#, ToolChoice::Tool("f".into())),
        (
            r#"{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}"#,
            ToolChoice::Allowed { names: vec!["f".into()], required: false },
        ),
    ] {
        assert_eq!(chat_with(&format!(r#""tool_choice":{text}"#)).tool_choice, Some(expected));
    }
}

#[test]
fn every_way_to_ask_for_reasoning_is_known() {
    let effort = |effort| Reasoning { effort: Some(effort), ..Reasoning::default() };
    let own = |raw: &str, reasoning| Reasoning { own: Some(Raw::new(raw)), ..reasoning };
    for (field, expected) in [
        (r#""reasoning_effort":"xhigh""#, effort(Effort::XHigh)),
        (
            r#""reasoning_effort":{"effort":"low","summary":"auto"}"#,
            Reasoning { summary: Some(true), ..effort(Effort::Low) },
        ),
        (r#""thinking":{"type":"disabled"}"#, own(r#"{"type":"disabled"}"#, effort(Effort::None))),
        (
            r#""thinking":{"type":"enabled","budget_tokens":4096}"#,
            own(
                r#"{"type":"enabled","budget_tokens":4096}"#,
                Reasoning { budget_tokens: Some(4096), ..Reasoning::default() },
            ),
        ),
        (
            r#""thinking":{"type":"adaptive","display":"omitted"},"reasoning_effort":"high""#,
            own(
                r#"{"type":"adaptive","display":"omitted"}"#,
                Reasoning { adaptive: true, summary: Some(false), ..effort(Effort::High) },
            ),
        ),
    ] {
        assert_eq!(chat_with(field).reasoning, Some(expected));
    }
}

#[test]
fn reasoning_of_earlier_turns_is_found_in_every_spelling() {
    for (fields, expected) in [
        (r#""reasoning_content":"a""#, vec![thinking("a", None)]),
        (r#""reasoning":"a""#, vec![thinking("a", None)]),
        (r#""reasoning_content":"""#, vec![]),
        (
            r#""reasoning_content":"ab","thinking_blocks":[{"type":"thinking","thinking":"a","signature":"s"},
            {"type":"redacted_thinking","data":"x"},{"type":"thinking","thinking":"b","signature":"t"}]"#,
            vec![thinking("a", Some("s")), Block::RedactedThinking { data: "x".into() }, thinking("b", Some("t"))],
        ),
        // As a client holds it that added up deltas.
        (
            r#""reasoning_content":"a","thinking_blocks":[{"type":"thinking","thinking":"","signature":"s"}]"#,
            vec![thinking("a", Some("s"))],
        ),
        (
            r#""reasoning_content":"a","thinking_blocks":[{"type":"redacted_thinking","data":"x"}]"#,
            vec![thinking("a", None), Block::RedactedThinking { data: "x".into() }],
        ),
        (
            r#""reasoning_details":[{"type":"reasoning.text","text":"a"},{"type":"reasoning.summary","summary":"b"}]"#,
            vec![thinking("ab", None)],
        ),
    ] {
        let chat = read_chat(&format!(r#"{{"messages":[{{"role":"assistant","content":"x",{fields}}}]}}"#)).unwrap();
        let (last, before) = chat.messages[0].blocks.split_last().unwrap();
        assert_eq!((last, before), (&Block::text("x"), expected.as_slice()), "{fields}");
    }
}

#[test]
fn a_signature_that_rides_on_an_id_is_taken_off() {
    let chat = read_chat(
        r#"{"messages":[{"role":"user","content":"q"},
            {"role":"assistant","tool_calls":[{"id":"call_1__thought__c2ln","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"call_1__thought__c2ln","content":"r"}]}"#,
    )
    .unwrap();
    let [_, calls, results] = &chat.messages[..] else { panic!("{chat:?}") };
    let [Block::ToolCall(call)] = &calls.blocks[..] else { panic!("{calls:?}") };
    assert_eq!((&*call.id, call.signature.as_deref()), ("call_1", Some("c2ln")));
    assert!(matches!(&results.blocks[..], [Block::ToolResult(result)] if result.call_id == "call_1"));
}

#[test]
fn a_completion_has_one_prompt() {
    let read = |prompt: &str| {
        let body = format!(
            r#"{{"model":"m","prompt":{prompt},"suffix":"z","echo":true,"logprobs":2,"best_of":3,"max_tokens":5}}"#
        );
        match Front::read_request(&OpenAi, Operation::Completion, body.as_bytes())? {
            Request::Completion(completion) => Ok(*completion),
            other => panic!("{other:?}"),
        }
    };
    for prompt in [r#""once""#, r#"["once"]"#] {
        let completion = read(prompt).unwrap();
        assert_eq!((&*completion.prompt, completion.suffix.as_deref(), completion.echo), ("once", Some("z"), true));
        let settings = completion.settings;
        assert_eq!((settings.logprobs, settings.top_logprobs, settings.max_tokens), (Some(true), Some(2), Some(5)));
        assert_eq!(settings.extras.len(), 1);
    }
    for prompt in [r#"["a","b"]"#, "[1,2]", "[[1,2]]", "[]", "7", "{}"] {
        let fault: Fault = read(prompt).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("prompt")), "{prompt}");
    }
}

#[test]
fn embedding_inputs_are_texts_or_token_ids() {
    let read = |input: &str| {
        let body = format!(r#"{{"model":"m","input":{input},"encoding_format":"base64","dimensions":3,"x":1}}"#);
        match Front::read_request(&OpenAi, Operation::Embedding, body.as_bytes())? {
            Request::Embedding(embedding) => Ok(*embedding),
            other => panic!("{other:?}"),
        }
    };
    let texts = |texts: &[&str]| EmbeddingInput::Texts(texts.iter().map(|text| text.to_string()).collect());
    for (input, expected) in [
        (r#""a""#, texts(&["a"])),
        (r#"["a","b"]"#, texts(&["a", "b"])),
        ("[1, 2]", EmbeddingInput::Tokens(Raw::new("[1, 2]"))),
        ("[[1],[2,3]]", EmbeddingInput::Tokens(Raw::new("[[1],[2,3]]"))),
    ] {
        let embedding = read(input).unwrap();
        assert_eq!(embedding.input, expected);
        assert!(embedding.base64);
        assert_eq!((embedding.dimensions, embedding.extras.len()), (Some(3), 1));
    }
    for (input, param) in [
        ("[]", "input"),
        ("{}", "input"),
        ("null", "input"),
        (r#"["a",1]"#, "input[1]"),
        (r#"[1,"a"]"#, "input[1]"),
        ("[[1],2]", "input[1]"),
        ("[-1]", "input[0]"),
    ] {
        let fault: Fault = read(input).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(param)), "{input}");
    }
}
