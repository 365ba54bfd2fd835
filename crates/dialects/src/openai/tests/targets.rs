//! Writing requests for targets that differ from OpenAI, and from callers that do.

use serde_json::{Value, json};

use super::*;

fn user(text: &str) -> Message {
    message(Role::User, vec![Block::text(text)])
}

fn chat(messages: Vec<Message>) -> Chat {
    Chat { messages, ..Chat::default() }
}

fn body(chat: Chat, quirks: Quirks) -> Value {
    write_chat(chat, &able(), &quirks).unwrap()
}

#[test]
fn tool_results_go_before_what_the_user_says() {
    let picture = Block::Image {
        source: Source::Base64 { media_type: "image/jpeg".into(), data: "iVBORw0KGgo=".into() },
        detail: None,
        cache: None,
    };
    let mut failed = result("b", vec![Block::text("no such file")]);
    let Block::ToolResult(inner) = &mut failed else { panic!() };
    inner.is_error = true;
    let messages = vec![
        user("q"),
        message(Role::Assistant, vec![call("a", "f", ""), call("b", "g", "{}")]),
        message(Role::User, vec![Block::text("and?"), result("a", vec![Block::text("see"), picture]), failed]),
    ];
    let body = body(chat(messages), Quirks::default());
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "see\n[image: see the next user message]"},
            {"role": "tool", "tool_call_id": "b", "content": "Error: no such file"},
            {"role": "user", "content": [
                {"type": "text", "text": "The image that tool call a returned:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                {"type": "text", "text": "and?"}]},
        ])
    );
}

#[test]
fn missing_and_odd_call_ids_are_made_fit_on_both_sides() {
    let long = format!("call_{}", "x".repeat(100));
    let messages = vec![
        message(
            Role::Assistant,
            vec![
                call("", "f", "{}"),
                call("", "g", "{}"),
                call(&long, "h", "{}"),
                call("a b", "i", "{}"),
                call("call_0", "j", "{}"),
            ],
        ),
        message(
            Role::User,
            vec![
                Block::ToolResult(ToolResult {
                    call_id: String::new(),
                    name: Some("g".into()),
                    blocks: vec![],
                    is_error: false,
                    cache: None,
                }),
                result("", vec![]),
                result(&long, vec![]),
                result("a b", vec![]),
                result("call_0", vec![]),
            ],
        ),
    ];
    for short in [false, true] {
        let quirks = Quirks { short_call_ids: short, ..Quirks::default() };
        let body = body(chat(messages.clone()), quirks);
        let calls: Vec<&str> = body["messages"][0]["tool_calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["id"].as_str().unwrap())
            .collect();
        let results: Vec<&str> = body["messages"].as_array().unwrap()[1..]
            .iter()
            .map(|message| message["tool_call_id"].as_str().unwrap())
            .collect();
        assert_eq!(results, [calls[1], calls[0], calls[2], calls[3], calls[4]]);
        let mut distinct = calls.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), calls.len(), "{calls:?}");
        for id in calls {
            assert!(!id.contains(' ') && id.len() <= 64);
            assert!(!short || (id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{id}");
        }
    }
}

#[test]
fn ids_of_calls_fit_the_dialect_in_which_they_are_told() {
    let long = format!("call_{}", "x".repeat(100));
    for (given, told) in [("functions.look:0", "functions.look:0"), ("a b", "a_b_"), (&*long, "call_xxxx")] {
        let answer =
            Response { choices: vec![choice(vec![call(given, "f", "{}")], Finish::Stop)], ..Response::default() };
        let body = OpenAi.write_answer(Operation::Chat, &Answer::Chat(Box::new(answer)), &stamp());
        let body: Value = serde_json::from_slice(&body).unwrap();
        let whole = body["choices"][0]["message"]["tool_calls"][0]["id"].as_str().unwrap();
        assert!(whole.starts_with(told) && whole.len() <= 64, "{whole}");
        let begin = Delta::ToolStart { index: 0, id: given.to_owned(), name: "f".to_owned(), signature: None };
        let streamed = stream(Operation::Chat, &[Event::Delta { choice: 0, delta: begin }], &stamp());
        assert!(streamed.contains(&format!(r#""id":"{whole}""#)), "{streamed}");
    }
}

#[test]
fn quirks_change_what_is_written() {
    let request = || Chat {
        max_tokens: Some(9),
        stream: true,
        top_k: Some(4),
        ..chat(vec![
            message(Role::System, vec![Block::text("a"), Block::text("b")]),
            message(Role::User, vec![Block::text("c"), Block::text("d")]),
            message(Role::Assistant, vec![thinking("why", Some("proof")), Block::text("e")]),
        ])
    };
    let top_k = Quirks { top_k: true, ..Quirks::default() };
    let plain = body(request(), top_k);
    assert_eq!(plain["max_completion_tokens"], 9);
    assert_eq!(plain["stream_options"], json!({"include_usage": true}));
    assert_eq!(plain["top_k"], 4);
    assert_eq!(plain["messages"][0], json!({"role": "system", "content": "a\n\nb"}));
    assert_eq!(plain["messages"][1]["content"][1]["text"], "d");
    assert_eq!(plain["messages"][2], json!({"role": "assistant", "content": "e"}), "reasoning stays home");
    let quirky = body(
        request(),
        Quirks {
            max_tokens: true,
            string_content: true,
            developer_role: true,
            no_stream_options: true,
            store_false: true,
            keep_reasoning: true,
            ..top_k
        },
    );
    assert_eq!((&quirky["max_tokens"], &quirky["store"]), (&json!(9), &json!(false)));
    assert_eq!(quirky.get("stream_options"), None);
    assert_eq!(quirky["messages"][0]["role"], "developer");
    assert_eq!(quirky["messages"][1]["content"], "c\nd");
    assert_eq!(quirky["messages"][2]["reasoning_content"], "why");
}

#[test]
fn cache_marks_go_to_those_who_know_them() {
    let marked = || {
        let text = Text { text: "long".into(), cache: Some(CacheMark::Long), ..Text::default() };
        chat(vec![message(Role::User, vec![Block::Text(text)])])
    };
    let write = |quirks: Quirks| write(Request::Chat(Box::new(marked())), &able(), &quirks, false).unwrap();
    let (plain, dropped) = write(Quirks::default());
    assert_eq!((&plain["messages"][0]["content"], dropped), (&json!("long"), vec!["cache_control".to_owned()]));
    let (anthropic, dropped) = write(Quirks { cache_control: true, ..Quirks::default() });
    assert_eq!(anthropic["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert!(dropped.is_empty());
    let (openai, _) = write(Quirks { cache_breakpoints: true, ..Quirks::default() });
    let mark = &openai["messages"][0]["content"][0]["prompt_cache_breakpoint"];
    assert_eq!(mark, &json!({"mode": "explicit", "ttl": "12h"}));
}

#[test]
fn efforts_follow_budgets_and_stay_within_what_the_model_knows() {
    let effort = |reasoning: Reasoning, abilities: Abilities| {
        let facts = ModelFacts { abilities, ..ModelFacts::default() };
        let chat = Chat { reasoning: Some(reasoning), ..chat(vec![user("q")]) };
        write_chat(chat, &facts, &Quirks::default()).map(|body| body["reasoning_effort"].as_str().map(str::to_owned))
    };
    let high = Abilities { reasoning: true, ..Abilities::default() };
    let budget = |tokens| Reasoning { budget_tokens: Some(tokens), ..Reasoning::default() };
    let word = |effort| Reasoning { effort: Some(effort), ..Reasoning::default() };
    for (reasoning, abilities, expected) in [
        (budget(1024), high, Some("low")),
        (budget(2048), high, Some("medium")),
        (budget(8192), high, Some("high")),
        (word(Effort::Max), high, Some("high")),
        (word(Effort::Max), able().abilities, Some("max")),
        (word(Effort::Minimal), high, Some("minimal")),
        (word(Effort::Minimal), able().abilities, Some("low")),
        (word(Effort::None), high, Some("none")),
        (word(Effort::None), Abilities { effort_none: false, effort_minimal: false, ..high }, Some("low")),
        (word(Effort::None), Abilities { effort_none: false, ..high }, Some("minimal")),
        (word(Effort::XHigh), Abilities { effort_xhigh: false, ..able().abilities }, Some("high")),
        (word(Effort::None), Abilities::default(), None),
        (Reasoning { adaptive: true, ..Reasoning::default() }, Abilities::default(), None),
    ] {
        assert_eq!(effort(reasoning.clone(), abilities).unwrap().as_deref(), expected, "{reasoning:?}");
    }
    for reasoning in [word(Effort::High), budget(9)] {
        assert_eq!(effort(reasoning, Abilities::default()).unwrap(), None, "a model that cannot think is not asked to");
    }
}

#[test]
fn thinking_passes_as_it_is_within_the_dialect() {
    let sent = |fields: &str, dialect| {
        let chat = read_chat(&format!(r#"{{"messages":[{{"role":"user","content":"q"}}],{fields}}}"#)).unwrap();
        let body = write_chat(Chat { dialect, ..chat }, &able(), &Quirks::default()).unwrap();
        (body["thinking"].clone(), body["reasoning_effort"].clone())
    };
    let none = Value::Null;
    for (fields, thinking, effort) in [
        (r#""thinking":{"type":"enabled","clear":1.0}"#, json!({"type": "enabled", "clear": 1.0}), none.clone()),
        (r#""thinking":{"type":"disabled"}"#, json!({"type": "disabled"}), none.clone()),
        (r#""thinking":{"type":"enabled"},"reasoning_effort":"high""#, json!({"type": "enabled"}), json!("high")),
        (r#""reasoning_effort":"none""#, none.clone(), json!("none")),
    ] {
        assert_eq!(sent(fields, "openai"), (thinking, effort), "{fields}");
    }
    assert_eq!(sent(r#""thinking":{"type":"disabled"}"#, "anthropic"), (none.clone(), json!("none")));
    assert_eq!(sent(r#""thinking":{"type":"enabled","budget_tokens":4096}"#, ""), (none, json!("medium")));
}

#[test]
fn a_long_name_of_an_end_user_is_shortened_for_openai() {
    let long = format!("user_{}_account__session_x", "a".repeat(100));
    let sent = |dialect, name: &str| {
        let chat = Chat { user: Some(name.to_owned()), dialect, ..chat(vec![user("q")]) };
        write_chat(chat, &able(), &Quirks::default()).unwrap()["user"].as_str().unwrap().to_owned()
    };
    assert_eq!(sent("anthropic", "Jörg <j@example.com>"), "Jörg <j@example.com>");
    assert_eq!(sent("openai", &long), long, "the caller's own words");
    let short = sent("anthropic", &long);
    assert!(short.len() == 64 && short.starts_with("user_aaaa") && short == sent("anthropic", &long));
    assert_ne!(short, sent("anthropic", &format!("{long}y")));
}

#[test]
fn a_reasoning_model_gets_no_sampling_numbers() {
    let abilities = Abilities { reasoning_excludes_sampling: true, ..able().abilities };
    let facts = ModelFacts { abilities, ..ModelFacts::default() };
    let wild = || Chat {
        temperature: Some(0.3),
        top_p: Some(1.0),
        frequency_penalty: Some(0.5),
        logit_bias: Some(Raw::new("{}")),
        logprobs: Some(false),
        ..chat(vec![user("q")])
    };
    let fault = write_chat(wild(), &facts, &Quirks::default()).unwrap_err();
    assert_eq!((fault.param.as_deref(), fault.code.as_deref()), (Some("temperature"), Some("unsupported_parameter")));
    let (body, dropped) = write(Request::Chat(Box::new(wild())), &facts, &Quirks::default(), true).unwrap();
    assert_eq!(dropped, ["temperature", "frequency_penalty", "logit_bias"]);
    for name in ["temperature", "top_p", "frequency_penalty", "logit_bias", "logprobs"] {
        assert_eq!(body.get(name), None, "{name}");
    }
    let mut neutral = wild();
    (neutral.temperature, neutral.frequency_penalty, neutral.logit_bias) = (Some(1.0), None, None);
    assert!(write_chat(neutral, &facts, &Quirks::default()).is_ok(), "neutral values are left out silently");
    let mut calm = wild();
    calm.reasoning = Some(Reasoning { effort: Some(Effort::None), ..Reasoning::default() });
    assert_eq!(write_chat(calm.clone(), &facts, &Quirks::default()).unwrap()["temperature"], 0.3);
    // From 5.1 on OpenAI's models do not reason unless told to; some never sample, whatever they are told.
    let lazy = Abilities { default_effort: Some(Effort::None), ..facts.abilities };
    let facts = |abilities| ModelFacts { abilities, ..ModelFacts::default() };
    assert_eq!(write_chat(wild(), &facts(lazy), &Quirks::default()).unwrap()["temperature"], 0.3);
    let mut eager = wild();
    eager.reasoning = Some(Reasoning { effort: Some(Effort::Low), ..Reasoning::default() });
    let fault = write_chat(eager, &facts(lazy), &Quirks::default()).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("temperature"));
    let never = Abilities { sampling: false, ..lazy };
    let fault = write_chat(calm, &facts(never), &Quirks::default()).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("temperature"));
}

#[test]
fn a_tool_that_only_another_vendor_has_is_dropped_only_where_that_is_wanted() {
    let opaque = || Tool::Opaque { dialect: "anthropic", kind: "web_search_20260318".into(), raw: Raw::new("{}") };
    let asked = |dropping| {
        let request = Chat { tools: vec![opaque()], ..chat(vec![user("q")]) };
        write(Request::Chat(Box::new(request)), &able(), &Quirks::default(), dropping)
    };
    let fault = asked(false).unwrap_err();
    assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("tools (web_search_20260318)")));
    let (body, dropped) = asked(true).unwrap();
    assert_eq!((body.get("tools"), dropped), (None, vec!["tools (web_search_20260318)".to_owned()]));
}

#[test]
fn what_would_change_the_question_is_refused_and_named() {
    let block = |block: Block| chat(vec![message(Role::User, vec![block])]);
    let document = |source: Source| block(Block::Document { source, name: None, cache: None });
    let extra =
        |name: &str| Chat { extras: vec![(name.into(), Raw::new("1"))], dialect: "anthropic", ..chat(vec![user("q")]) };
    for (request, param, text) in [
        (Chat { stop: vec!["x".into(); 5], ..chat(vec![user("q")]) }, "stop", "at most 4"),
        (Chat { tool_choice: Some(ToolChoice::Required), ..chat(vec![user("q")]) }, "tool_choice", "no tools"),
        (
            block(Block::Opaque { dialect: "anthropic", raw: Raw::new(r#"{"type":"search_result"}"#) }),
            "messages",
            "search_result",
        ),
        (document(Source::Url("https://example.com/a.pdf".into())), "messages", "address"),
        (extra("container"), "container", "acme/up-1"),
        (extra("mcp_servers"), "mcp_servers", "not supported"),
    ] {
        let fault = write(Request::Chat(Box::new(request)), &able(), &Quirks::default(), true).unwrap_err();
        assert_eq!((fault.status(), fault.side, fault.param.as_deref()), (400, Side::Caller, Some(param)));
        assert!(fault.message.contains(text), "{}", fault.message);
    }
    let text_only = Quirks { string_content: true, ..Quirks::default() };
    let audio = block(Block::Audio { data: "".into(), format: "wav".into() });
    assert_eq!(write_chat(audio, &able(), &text_only).unwrap_err().status(), 400);
}

#[test]
fn fields_of_messages_and_functions_pass_within_the_dialect_and_are_lost_across() {
    const BODY: &str = r#"{"messages":[{"role":"user","content":"q","own":1},
        {"role":"assistant","content":"a","prefix":true,"annotations":[]}],
        "tools":[{"type":"function","function":{"name":"f","own":{"x":1.0}}}]}"#;
    let chat = read_chat(BODY).unwrap();
    let (body, dropped) = write(Request::Chat(Box::new(chat.clone())), &able(), &Quirks::default(), false).unwrap();
    assert_eq!(body["messages"][0], json!({"role": "user", "content": "q", "own": 1}));
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "a", "prefix": true}));
    assert_eq!(body["tools"][0]["function"], json!({"name": "f", "own": {"x": 1.0}}));
    assert_eq!(dropped, Vec::<String>::new());
    let foreign = Chat { dialect: "anthropic", ..chat };
    let (body, dropped) = write(Request::Chat(Box::new(foreign)), &able(), &Quirks::default(), false).unwrap();
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "a"}));
    assert_eq!((&body["tools"][0]["function"], dropped), (&json!({"name": "f"}), vec!["tools.own".to_owned()]));
}

#[test]
fn extras_pass_within_the_dialect_and_are_judged_across() {
    let names = ["metadata", "verbosity", "min_p", "safetySettings", "keep_alive"];
    let request = |dialect| {
        let extras = names.iter().map(|name| (name.to_string(), Raw::new("1"))).collect();
        let chat = Chat { extras, dialect, ..chat(vec![user("q")]) };
        Request::Chat(Box::new(chat))
    };
    let (body, dropped) = write(request("openai"), &able(), &Quirks::default(), false).unwrap();
    assert!(names.iter().all(|name| body[name] == 1) && dropped.is_empty());
    let (body, dropped) = write(request("gemini"), &able(), &Quirks::default(), true).unwrap();
    assert_eq!((&body["metadata"], body.get("min_p")), (&json!(1), None));
    assert_eq!(dropped, ["min_p", "safetySettings", "keep_alive"]);
    let fault = write(request("gemini"), &able(), &Quirks::default(), false).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("min_p"));
}

#[test]
fn documents_become_text_or_files() {
    let document =
        |source: Source, name: Option<&str>| Block::Document { source, name: name.map(str::to_owned), cache: None };
    let base64 = |media_type: &str, data: &str| Source::Base64 { media_type: media_type.into(), data: data.into() };
    let blocks = vec![
        document(Source::PlainText("hello".into()), Some("notes")),
        document(base64("text/plain", "aGk="), None),
        document(base64("application/pdf", "JVBERi0="), None),
        document(Source::File("file-1".into()), None),
    ];
    let body = body(chat(vec![message(Role::User, blocks)]), Quirks::default());
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"type": "text", "text": "notes:\nhello"},
            {"type": "text", "text": "hi"},
            {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
            {"type": "file", "file": {"file_id": "file-1"}},
        ])
    );
}

#[test]
fn json_mode_comes_with_the_word() {
    let with = |messages| {
        let chat = Chat { format: Some(Format::Json), ..chat(messages) };
        body(chat, Quirks::default())["messages"].clone()
    };
    assert_eq!(with(vec![user("as Json please")]), json!([{"role": "user", "content": "as Json please"}]));
    assert_eq!(with(vec![user("q")])[0], json!({"role": "system", "content": "Answer with a JSON object."}));
    let system = message(Role::System, vec![Block::text("Be brief.")]);
    assert_eq!(with(vec![system, user("q")])[0]["content"], "Be brief.\n\nAnswer with a JSON object.");
}

#[test]
fn a_schema_gets_a_name_and_models_without_schemas_get_json_mode() {
    let request = || Chat {
        format: Some(Format::Schema {
            name: None,
            description: None,
            schema: Raw::new(r#"{"type":"object"}"#),
            strict: None,
        }),
        ..chat(vec![user("q")])
    };
    let format = body(request(), Quirks::default())["response_format"].clone();
    assert_eq!(format["json_schema"]["name"], "response");
    let simple = ModelFacts {
        abilities: Abilities { structured_output: false, ..Abilities::default() },
        ..ModelFacts::default()
    };
    assert!(write_chat(request(), &simple, &Quirks::default()).is_err());
    let (body, _) = write(Request::Chat(Box::new(request())), &simple, &Quirks::default(), true).unwrap();
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
}

#[test]
fn custom_tools_survive_a_detour() {
    let raw = r#"{"type":"custom","custom":{"name":"sql"}}"#;
    let request = Chat {
        tools: vec![Tool::Opaque { dialect: "openai", kind: "custom".into(), raw: Raw::new(raw) }],
        tool_choice: Some(ToolChoice::Tool("sql".into())),
        ..chat(vec![user("q")])
    };
    let body = body(request, Quirks::default());
    assert_eq!(body["tools"][0], serde_json::from_str::<Value>(raw).unwrap());
    assert_eq!(body["tool_choice"], json!({"type": "custom", "custom": {"name": "sql"}}));
}
