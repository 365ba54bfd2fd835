//! What Ollama is sent.

use serde_json::{Value, json};
use types::*;

use crate::trial::{self, Upstream, asking, call, chat, document, extras, function, image, message, result, user};
use crate::{Back, Framing, Ollama};

fn try_body(request: Request, upstream: &Upstream) -> Result<(Value, Vec<String>), Fault> {
    let outgoing = upstream.write(&Ollama, &request)?;
    let body = serde_json::from_slice(&outgoing.body).expect("the body is JSON");
    Ok((body, outgoing.dropped))
}

fn try_chat(chat: Chat, upstream: &Upstream) -> Result<(Value, Vec<String>), Fault> {
    trial::sent(&Ollama, chat, upstream)
}

fn body(chat: Chat) -> Value {
    try_chat(chat, &Upstream::new("llama3.2")).unwrap().0
}

fn messages(messages: Vec<Message>) -> Value {
    body(chat(messages))["messages"].take()
}

fn refused(chat: Chat) -> Fault {
    try_chat(chat, &Upstream::new("llama3.2").dropping()).unwrap_err()
}

/// `param` is refused, and dropped where the caller agreed to that.
fn check_worse_without(param: &str, change: impl Fn(&mut Chat)) -> Value {
    trial::worse_without(&Ollama, "llama3.2", param, change)
}

#[test]
fn paths_are_the_native_ones() {
    assert_eq!(Ollama.framing(), Framing::Lines);
    for (operation, expected) in [
        (Operation::Chat, Some("/api/chat")),
        (Operation::Completion, Some("/api/generate")),
        (Operation::Embedding, Some("/api/embed")),
        (Operation::CountTokens, None),
    ] {
        assert_eq!(Ollama.path(operation, "llama3.2", true).as_deref(), expected);
    }
}

#[test]
fn a_plain_chat_is_written_in_one_stable_order_with_nothing_added() {
    let chat = Chat {
        messages: vec![trial::system("Be brief."), user("hi")],
        tools: vec![function("f", Some(r#"{"type": "object", "x":1.0}"#))],
        stream: true,
        ..Chat::default()
    };
    let outgoing = Upstream::new("qwen3:8b").write(&Ollama, &Request::Chat(Box::new(chat))).unwrap();
    let expected = concat!(
        r#"{"model":"qwen3:8b","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],"#,
        r#""tools":[{"type":"function","function":{"name":"f","description":"does f","#,
        r#""parameters":{"type": "object", "x":1.0}}}],"stream":true}"#
    );
    assert_eq!(outgoing.body, expected);
    assert!(outgoing.dropped.is_empty());
}

#[test]
fn parts_become_one_string_and_pictures_stand_beside_it() {
    let parts = vec![
        Block::text("look"),
        image(trial::base64("image/png", "iVBORw0KGgo=")),
        document(Source::PlainText("a note".to_owned())),
        document(trial::base64("text/plain", "aGVsbG8=")),
    ];
    assert_eq!(
        messages(vec![
            message(Role::User, parts),
            message(Role::Assistant, vec![Block::text("I "), Block::text("see")])
        ]),
        json!([
            {"role": "user", "content": "look\na note\nhello", "images": ["iVBORw0KGgo="]},
            {"role": "assistant", "content": "I see"},
        ])
    );
}

#[test]
fn what_ollama_cannot_see_or_hear_is_always_refused() {
    let url = Source::Url("https://example.com/cat.png".to_owned());
    for block in [
        image(url.clone()),
        image(Source::File("file-1".to_owned())),
        document(trial::base64("application/pdf", "JVBERi0=")),
        document(url),
        Block::Audio { data: "AA".to_owned(), format: "wav".to_owned() },
    ] {
        let fault = refused(chat(vec![message(Role::User, vec![block.clone()])]));
        assert_eq!((fault.kind, fault.side), (FaultKind::Unsupported, Side::Caller), "{block:?}");
        assert_eq!(fault.param.as_deref(), Some("messages"));
    }
    let fault = refused(chat(vec![message(Role::User, vec![image(Source::Url("http://x/".to_owned()))])]));
    assert!(fault.message.contains("base64"), "{fault}");
}

#[test]
fn tool_histories_name_the_tool_and_carry_objects() {
    let named = Block::ToolResult(ToolResult {
        call_id: String::new(),
        name: Some("own".to_owned()),
        blocks: vec![Block::text("x"), image(trial::base64("image/png", "iVBO"))],
        is_error: false,
        cache: None,
    });
    let history = vec![
        user("weather?"),
        message(
            Role::Assistant,
            vec![
                Block::Thinking { text: "hm".to_owned(), signature: Some("foreign".to_owned()) },
                Block::RedactedThinking { data: "blob".to_owned() },
                call("a", "first", "{\"x\": 1}"),
                call("", "second", ""),
            ],
        ),
        message(
            Role::User,
            vec![result("a", vec![Block::text("one"), Block::text("two")]), named, Block::text("and?")],
        ),
        message(Role::User, vec![result("unknown", vec![])]),
        trial::system("late"),
    ];
    assert_eq!(
        messages(history),
        json!([
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [
                {"id": "a", "function": {"name": "first", "arguments": {"x": 1}}},
                {"function": {"name": "second", "arguments": {}}},
            ]},
            {"role": "tool", "content": "one\ntwo", "tool_name": "first", "tool_call_id": "a"},
            {"role": "tool", "content": "x", "images": ["iVBO"], "tool_name": "own"},
            {"role": "user", "content": "and?"},
            {"role": "tool", "content": "", "tool_call_id": "unknown"},
            {"role": "system", "content": "late"},
        ])
    );
    let broken = refused(chat(vec![message(Role::Assistant, vec![call("c1", "f", "{]")])]));
    assert!(broken.message.contains("c1"), "{broken}");
}

#[test]
fn messages_that_say_nothing_stay() {
    assert_eq!(
        messages(vec![user(""), message(Role::Assistant, vec![]), user("hi")]),
        json!([
            {"role": "user", "content": ""}, {"role": "assistant", "content": ""}, {"role": "user", "content": "hi"},
        ])
    );
    assert_eq!(messages(vec![]), json!([]));
}

#[test]
fn settings_become_options() {
    let chat = asking(|chat| {
        chat.max_tokens = Some(100);
        chat.temperature = Some(0.5);
        chat.top_p = Some(1.0);
        chat.top_k = Some(40);
        chat.seed = Some(-7);
        chat.stop = vec!["END".to_owned()];
        chat.presence_penalty = Some(0.0);
        chat.frequency_penalty = Some(1.5);
        chat.logprobs = Some(true);
        chat.top_logprobs = Some(3);
        chat.n = Some(1);
        chat.parallel_tool_calls = Some(true);
    });
    assert_eq!(
        body(chat),
        json!({
            "model": "llama3.2", "messages": [{"role": "user", "content": "hi"}], "stream": false,
            "logprobs": true, "top_logprobs": 3,
            "options": {
                "num_predict": 100, "temperature": 0.5, "top_p": 1, "top_k": 40, "seed": -7, "stop": ["END"],
                "presence_penalty": 0, "frequency_penalty": 1.5,
            },
        })
    );
}

#[test]
fn extras_of_ollama_find_their_place() {
    let chat = asking(|chat| {
        chat.temperature = Some(0.5);
        chat.extras = extras(&[
            ("num_ctx", "32768"),
            ("min_p", "0.05"),
            ("keep_alive", r#""30m""#),
            ("think", r#""high""#),
            ("truncate", "false"),
            ("shift", "false"),
            ("options", r#"{"temperature": 9, "num_ctx": 1, "mirostat": 2, "repeat_penalty": 1.1}"#),
            ("metadata", "{}"),
        ]);
        chat.reasoning = Some(Reasoning { effort: Some(Effort::None), ..Reasoning::default() });
        chat.user = Some("u".to_owned());
        chat.service_tier = Some("flex".to_owned());
        chat.messages[0].name = Some("Ada".to_owned());
    });
    let (body, dropped) = try_chat(chat, &Upstream::new("llama3.2")).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "llama3.2", "messages": [{"role": "user", "content": "hi"}], "stream": false,
            "keep_alive": "30m", "think": "high", "truncate": false, "shift": false,
            "options": {"temperature": 0.5, "num_ctx": 32768, "min_p": 0.05, "mirostat": 2, "repeat_penalty": 1.1},
        })
    );
    assert_eq!(dropped, ["name", "metadata", "user", "service_tier"]);
}

#[test]
fn what_ollama_cannot_honour_is_refused_or_dropped_on_request() {
    check_worse_without("logit_bias", |chat| chat.logit_bias = Some(Raw::new("{}")));
    check_worse_without("whatever", |chat| chat.extras = extras(&[("whatever", "1")]));
    check_worse_without("raw", |chat| chat.extras = extras(&[("raw", "true")]));
    check_worse_without("tools (web_search)", |chat| {
        let raw = Raw::new("{}");
        chat.tools = vec![Tool::Opaque { dialect: "openai", kind: "web_search".to_owned(), raw }];
    });
    check_worse_without("messages.content (openai block)", |chat| {
        let raw = Raw::new("{}");
        chat.messages[0].blocks.push(Block::Opaque { dialect: "openai", raw });
    });
    let fault = refused(asking(|chat| chat.n = Some(2)));
    assert_eq!((fault.kind, fault.param.as_deref()), (FaultKind::Unsupported, Some("n")));
    let infinite = refused(asking(|chat| chat.temperature = Some(f64::INFINITY)));
    assert_eq!(infinite.param.as_deref(), Some("temperature"));
}

#[test]
fn tools_that_must_not_be_called_are_not_offered() {
    let tools = || vec![function("a", None), function("b", None)];
    let offered = |body: &Value| -> Vec<String> {
        let tools = body["tools"].as_array().cloned().unwrap_or_default();
        tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let names = vec!["b".to_owned()];
    for (choice, expected) in [
        (None, &["a", "b"][..]),
        (Some(ToolChoice::Auto), &["a", "b"]),
        (Some(ToolChoice::None), &[]),
        (Some(ToolChoice::Allowed { names: names.clone(), required: false }), &["b"]),
    ] {
        let body = body(asking(|chat| (chat.tools, chat.tool_choice) = (tools(), choice.clone())));
        assert_eq!(offered(&body), expected, "{choice:?}");
    }
    let body = body(asking(|chat| chat.tools = vec![function("a", None)]));
    assert_eq!(body["tools"][0]["function"]["parameters"], json!({"type": "object", "properties": {}}));
}

#[test]
fn an_answer_that_must_be_a_call_is_forced_into_its_form() {
    const ARGUMENTS: &str = r#"{"type":"object","properties":{"n":{"type":"number"}}}"#;
    let tools = || vec![function("a", Some(ARGUMENTS)), function("b", None)];
    let asked = |choice: ToolChoice| {
        body(asking(|chat| {
            (chat.tools, chat.tool_choice) = (tools(), Some(choice));
            chat.format = Some(Format::Json);
        }))
    };
    let arguments: Value = serde_json::from_str(ARGUMENTS).unwrap();
    let named = asked(ToolChoice::Tool("a".to_owned()));
    assert_eq!(named["format"], arguments);
    let told = "Call this function by answering with its arguments as JSON: `a` (does a), arguments: ";
    assert_eq!(
        named["messages"],
        json!([{"role": "system", "content": format!("{told}{ARGUMENTS}")}, {"role": "user", "content": "hi"}])
    );
    assert!(named.get("tools").is_none(), "with tools it would read its own answer for calls: {named}");
    let one_allowed = ToolChoice::Allowed { names: vec!["a".to_owned()], required: true };
    assert_eq!(asked(one_allowed), named);

    let any = asked(ToolChoice::Required);
    let form = |name: &str, arguments: Value| {
        json!({"type": "object", "properties": {"name": {"const": name}, "arguments": arguments},
            "required": ["name", "arguments"]})
    };
    let nothing = json!({"type": "object", "properties": {}});
    assert_eq!(any["format"], json!({"anyOf": [form("a", arguments), form("b", nothing)]}));
    let told = any["messages"][0]["content"].as_str().unwrap();
    assert!(told.contains("Call one of these functions") && told.contains("`b` (does b)"), "{told}");

    // What it was told before comes first.
    let instructed = body(asking(|chat| {
        (chat.tools, chat.tool_choice) = (tools(), Some(ToolChoice::Tool("b".to_owned())));
        chat.messages.insert(0, message(Role::System, vec![Block::text("Be brief.")]));
    }));
    assert!(instructed["messages"][0]["content"].as_str().unwrap().starts_with("Be brief.\nCall this function"));
    assert_eq!(instructed["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn a_model_in_the_cloud_cannot_be_forced_to_call() {
    let asked = asking(|chat| (chat.tools, chat.tool_choice) = (vec![function("a", None)], Some(ToolChoice::Required)));
    let fault = try_chat(asked.clone(), &Upstream::new("gpt-oss:120b-cloud")).unwrap_err();
    assert_eq!((fault.kind, fault.param.as_deref()), (FaultKind::Unsupported, Some("tool_choice")));
    let (body, dropped) = try_chat(asked, &Upstream::new("gpt-oss:120b-cloud").dropping()).unwrap();
    assert_eq!((dropped, body["tools"].as_array().unwrap().len()), (vec!["tool_choice".to_owned()], 1));
}

#[test]
fn a_tool_that_is_not_offered_cannot_be_demanded() {
    let choice = || Some(ToolChoice::Tool("c".to_owned()));
    let fault = refused(asking(|chat| (chat.tools, chat.tool_choice) = (vec![function("a", None)], choice())));
    assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("tool_choice")));
}

#[test]
fn references_in_schemas_are_resolved_because_ollama_knows_none() {
    let sent = |schema: &str| {
        let chat = asking(|chat| chat.tools = vec![function("f", Some(schema))]);
        try_chat(chat, &Upstream::new("m")).map(|(mut body, _)| body["tools"][0]["function"]["parameters"].take())
    };
    for (schema, expected) in [
        (
            r##"{"type":"object","properties":{"leg":{"$ref":"#/$defs/Leg"}},"$defs":{"Leg":{"type":"object","properties":{"to":{"$ref":"#/$defs/Town"}}},"Town":{"type":"string"}}}"##,
            r#"{"type":"object","properties":{"leg":{"type":"object","properties":{"to":{"type":"string"}}}}}"#,
        ),
        (
            r##"{"properties":{"a":{"description":"mine","$ref":"#/definitions/x~1y"}},"definitions":{"x/y":{"description":"theirs","$ref":"#/definitions/z"},"z":{"type":"null"}}}"##,
            r#"{"properties":{"a":{"description":"mine","type":"null"}}}"#,
        ),
        (
            r##"{"properties":{"definitions":{"type":"array","items":{"$ref":"#/$defs/n"}},"$ref":{"type":"string"}},"$defs":{"n":{"type":"number"}}}"##,
            r#"{"properties":{"definitions":{"type":"array","items":{"type":"number"}},"$ref":{"type":"string"}}}"#,
        ),
        (r##"{"items":{"$ref":"#/nowhere"},"not":{"$ref":"https://example.com"}}"##, r#"{"items":{},"not":{}}"#),
        // Without references nothing is touched.
        (r#"{"$defs": {"x": 1}}"#, r#"{"$defs": {"x": 1}}"#),
    ] {
        assert_eq!(sent(schema).unwrap(), serde_json::from_str::<Value>(expected).unwrap(), "{schema}");
    }
    let doubling: String = (0..40)
        .map(|at| {
            format!(
                r##""d{at}":{{"a":{{"$ref":"#/$defs/d{next}"}},"b":{{"$ref":"#/$defs/d{next}"}}}},"##,
                next = at + 1
            )
        })
        .collect();
    let chained = |open: &str, close: &str| {
        let one = |at| format!(r##""d{at}":{open}{{"$ref":"#/$defs/d{next}"}}{close},"##, next = at + 1);
        let all: String = (0..50_000).map(one).collect();
        format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{all}"d50000":{{}}}}}}"##)
    };
    for (schema, why) in [
        (chained("", ""), "too large"),
        (chained(r#"{"items":"#, "}"), "too large"),
        (r##"{"properties":{"child":{"$ref":"#"}}}"##.to_owned(), "refers to itself"),
        (r##"{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}"##.to_owned(), "refers to itself"),
        (format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{doubling}"d40":{{}}}}}}"##), "too large"),
    ] {
        let fault = sent(&schema).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("tools")));
        assert!(fault.message.contains("'f'") && fault.message.contains(why), "{}", fault.message);
    }
}

#[test]
fn forms_of_the_answer_go_with_tools_only_in_the_cloud() {
    let schema =
        || Format::Schema { name: None, description: None, schema: Raw::new(r#"{"type":"object"}"#), strict: None };
    assert_eq!(body(asking(|chat| chat.format = Some(Format::Json)))["format"], "json");
    assert_eq!(body(asking(|chat| chat.format = Some(schema())))["format"], json!({"type": "object"}));
    let both = |chat: &mut Chat| (chat.format, chat.tools) = (Some(schema()), vec![function("f", None)]);
    let dropped = check_worse_without("response_format", both);
    assert_eq!((dropped.get("format"), dropped["tools"].as_array().unwrap().len()), (None, 1));
    for model in ["gpt-oss:120b-cloud", "glm-5:cloud"] {
        let (body, _) = try_chat(asking(both), &Upstream::new(model)).unwrap();
        assert_eq!(body["format"], json!({"type": "object"}), "{model}");
    }
    let unused = body(asking(|chat| {
        both(chat);
        chat.tool_choice = Some(ToolChoice::None);
    }));
    assert_eq!(unused["format"], json!({"type": "object"}));
}

#[test]
fn effort_is_a_word_for_some_models_and_a_switch_for_others() {
    let by = |effort: Effort| Reasoning { effort: Some(effort), ..Reasoning::default() };
    let tokens = |tokens: u64| Reasoning { budget_tokens: Some(tokens), ..Reasoning::default() };
    for (model, reasoning, expected) in [
        ("qwen3:8b", by(Effort::None), json!(false)),
        ("qwen3:8b", by(Effort::Low), json!(true)),
        ("qwen3:8b", tokens(0), json!(false)),
        ("qwen3:8b", tokens(9), json!(true)),
        ("qwen3:8b", Reasoning { adaptive: true, ..Reasoning::default() }, json!(true)),
        ("qwen3:8b", Reasoning::default(), Value::Null),
        ("gpt-oss:20b", by(Effort::None), json!(false)),
        ("gpt-oss:20b", by(Effort::Minimal), json!("low")),
        ("gpt-oss:20b", by(Effort::Medium), json!("medium")),
        ("library/gpt-oss", by(Effort::High), json!("high")),
        ("gpt-oss:20b", by(Effort::Max), json!("high")),
        ("gpt-oss:20b", tokens(100_000), json!("high")),
    ] {
        let chat = asking(|chat| chat.reasoning = Some(reasoning.clone()));
        let (body, _) = try_chat(chat, &Upstream::new(model)).unwrap();
        assert_eq!(body["think"], expected, "{model} {reasoning:?}");
    }
    let mut upstream = Upstream::new("gpt-oss:20b");
    (upstream.facts.abilities.max_effort, upstream.facts.abilities.effort_xhigh) = (Effort::Max, true);
    let (body, _) = try_chat(asking(|chat| chat.reasoning = Some(by(Effort::XHigh))), &upstream).unwrap();
    assert_eq!(body["think"], "max");
}

#[test]
fn completions_continue_the_prompt_as_it_is() {
    let completion = |suffix: Option<&str>, echo: bool, fields: &[(&str, &str)]| {
        Request::Completion(Box::new(Completion {
            prompt: "def f(".to_owned(),
            suffix: suffix.map(str::to_owned),
            echo,
            settings: Chat { max_tokens: Some(5), stream: true, extras: extras(fields), ..Chat::default() },
        }))
    };
    let upstream = Upstream::new("codellama");
    let body = |request| try_body(request, &upstream).unwrap().0;
    assert_eq!(
        body(completion(None, false, &[])),
        json!({"model": "codellama", "prompt": "def f(", "stream": true, "raw": true, "options": {"num_predict": 5}})
    );
    assert_eq!(
        body(completion(Some("):"), false, &[])),
        json!({"model": "codellama", "prompt": "def f(", "suffix": "):", "stream": true, "options": {"num_predict": 5}})
    );
    let templated = body(completion(None, false, &[("raw", "false"), ("system", "\"s\"")]));
    assert_eq!((&templated["raw"], &templated["system"]), (&json!(false), &json!("s")));
    let fault = try_body(completion(None, true, &[]), &upstream).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("echo"));
}

#[test]
fn embeddings_are_asked_for_in_one_call() {
    let embedding = Embedding {
        input: EmbeddingInput::Texts(vec!["a".to_owned(), "b".to_owned()]),
        dimensions: Some(8),
        input_type: Some("search_query".to_owned()),
        extras: extras(&[("keep_alive", "0"), ("num_ctx", "512"), ("truncate", "false")]),
        ..Embedding::default()
    };
    let (body, dropped) = try_body(Request::Embedding(Box::new(embedding)), &Upstream::new("nomic")).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "nomic", "input": ["a", "b"], "dimensions": 8, "keep_alive": 0, "truncate": false,
            "options": {"num_ctx": 512},
        })
    );
    assert_eq!(dropped, ["input_type"]);
}

#[test]
fn a_context_that_is_managed_is_the_only_one_and_nothing_is_cut_silently() {
    let upstream = Upstream { num_ctx: Some(16_384), ..Upstream::new("llama3.2") };
    let own = r#"{"num_ctx": 2048, "mirostat": 1}"#;
    let asked = asking(|chat| chat.extras = extras(&[("options", own), ("num_ctx", "4096"), ("truncate", "true")]));
    let (body, dropped) = try_chat(asked, &upstream).unwrap();
    assert_eq!(body["options"], json!({ "num_ctx": 16_384, "mirostat": 1 }));
    assert_eq!((&body["truncate"], &body["shift"], dropped.len()), (&json!(true), &json!(false), 0));
    let input = EmbeddingInput::Texts(vec!["one".to_owned()]);
    let embedding = Embedding { input, ..Embedding::default() };
    let (body, _) = try_body(Request::Embedding(Box::new(embedding)), &upstream).unwrap();
    assert_eq!((&body["options"], &body["truncate"]), (&json!({ "num_ctx": 16_384 }), &json!(false)));
}
