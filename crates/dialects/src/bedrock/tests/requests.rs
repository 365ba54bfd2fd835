//! What is made of a caller's request.

use super::*;

fn check(model: &str, chat: Chat, expected: &str) {
    assert_eq!(body_of(model, chat).unwrap(), expected);
}

fn refused(model: &str, chat: Chat, why: &str) {
    let fault = body_of(model, chat).unwrap_err();
    assert!(fault.message.contains(why) && fault.status() == 400, "{}", fault.message);
}

/// A text that ends what may be cached.
fn marked(text: &str, mark: CacheMark) -> Block {
    Block::Text(Text { text: text.to_owned(), cache: Some(mark), ..Text::default() })
}

#[test]
fn paths_have_the_model_as_one_segment_and_say_what_is_wanted() {
    let path = |operation, model: &str, stream| Bedrock.path(operation, model, stream);
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x";
    let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude-x";
    assert_eq!(
        path(Operation::Chat, CLAUDE, false).unwrap(),
        format!("/model/{}/converse", CLAUDE.replace(':', "%3A"))
    );
    assert_eq!(path(Operation::Chat, arn, true).unwrap(), format!("/model/{encoded}/converse-stream"));
    assert_eq!(path(Operation::CountTokens, arn, false).unwrap(), format!("/model/{encoded}/count-tokens"));
    assert_eq!(path(Operation::CountTokens, NOVA, false), None, "others do not count");
    assert_eq!(path(Operation::Embedding, "amazon.titan", false).unwrap(), "/model/amazon.titan/invoke");
    assert_eq!(path(Operation::Chat, "us-west-2/meta.x", false).unwrap(), "/model/meta.x/converse");
    assert_eq!(path(Operation::Completion, CLAUDE, false), None);
}

#[test]
fn a_conversation_alternates_and_instructions_stand_apart() {
    let messages = vec![
        system("Be brief."),
        user("one"),
        user("two"),
        assistant("three"),
        system("Be kind."),
        message(Role::User, vec![Block::text("four"), Block::text("  ")]),
    ];
    let settings = Chat {
        max_tokens: Some(9),
        temperature: Some(1.7),
        stop: vec!["END".to_owned()],
        service_tier: Some("flex".to_owned()),
        ..chat(messages)
    };
    check(
        NOVA,
        Chat { top_k: Some(3), ..settings.clone() },
        r#"{"system":[{"text":"Be brief."}],"messages":[{"role":"user","content":[{"text":"one"},{"text":"two"}]},{"role":"assistant","content":[{"text":"three"}]},{"role":"user","content":[{"text":"<operator_instructions>\nBe kind.\n</operator_instructions>"},{"text":"four"}]}],"inferenceConfig":{"maxTokens":9,"temperature":1,"stopSequences":["END"]},"additionalModelRequestFields":{"inferenceConfig":{"topK":3}},"serviceTier":{"type":"flex"}}"#,
    );
    let body = body_of(CLAUDE, Chat { top_k: Some(3), ..settings }).unwrap();
    assert!(body.contains(r#""additionalModelRequestFields":{"top_k":3}"#), "{body}");
    assert!(body.contains(r#""additionalModelResponseFieldPaths":["/stop_sequence"]"#), "{body}");
}

#[test]
fn pictures_and_documents_go_as_bytes() {
    let named = Block::Document {
        source: base64("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "RE9DWA=="),
        name: Some("My_report (1).docx".to_owned()),
        cache: None,
    };
    let blocks = vec![
        image(base64("image/jpeg", "iVBORw0KGgo=")),
        document(base64("application/pdf", "JVBERi0=")),
        named,
        document(Source::PlainText("plain".to_owned())),
        document(base64("text/csv", "YSxi")),
    ];
    check(
        NOVA,
        chat(vec![message(Role::User, blocks)]),
        r#"{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"iVBORw0KGgo="}}},{"document":{"format":"pdf","name":"document 1","source":{"bytes":"JVBERi0="}}},{"document":{"format":"docx","name":"My report (1) docx 2","source":{"bytes":"RE9DWA=="}}},{"document":{"format":"txt","name":"document 3","source":{"bytes":"cGxhaW4="}}},{"document":{"format":"csv","name":"document 4","source":{"bytes":"YSxi"}}},{"text":"(document)"}]}]}"#,
    );
    let said = |block| chat(vec![message(Role::User, vec![block])]);
    refused(CLAUDE, said(image(Source::Url("https://x/y.png".to_owned()))), "neither");
    refused(CLAUDE, said(document(Source::Url("https://x/y.pdf".to_owned()))), "neither");
    refused(CLAUDE, said(document(base64("application/zip", "UEs="))), "a document of this type");
    refused(CLAUDE, said(Block::Audio { data: String::new(), format: "wav".to_owned() }), "audio");
    let foreign = Block::Opaque { dialect: "anthropic", raw: Raw::new(r#"{"type":"server_tool_use"}"#) };
    refused(CLAUDE, said(foreign), "another provider");
}

#[test]
fn calls_and_results_are_paired_and_tools_offered() {
    let messages = vec![
        user("go"),
        message(Role::Assistant, vec![call("c1", "look", r#"{"z":1.0,"a":"b"}"#), call("", "see", "")]),
        message(
            Role::User,
            vec![
                Block::text("and"),
                result("c1", vec![Block::text("found"), image(base64("image/png", "iVBORw0KGgo="))]),
                result("", Vec::new()),
            ],
        ),
    ];
    let asked = Chat {
        tools: vec![function("look", Some(r#"{"type":"object","z":1}"#)), function("see", None)],
        tool_choice: Some(ToolChoice::Tool("look".to_owned())),
        ..chat(messages)
    };
    check(
        NOVA,
        asked.clone(),
        r#"{"toolConfig":{"tools":[{"toolSpec":{"name":"look","description":"does look","inputSchema":{"json":{"type":"object","z":1}}}},{"toolSpec":{"name":"see","description":"does see","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"look"}}},"messages":[{"role":"user","content":[{"text":"go"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"c1","name":"look","input":{"z":1.0,"a":"b"}}},{"toolUse":{"toolUseId":"toolu_1_1","name":"see","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"found"},{"image":{"format":"png","source":{"bytes":"iVBORw0KGgo="}}}]}},{"toolResult":{"toolUseId":"toolu_1_1","content":[]}},{"text":"and"}]}]}"#,
    );
    // A tool cannot be forced everywhere.
    refused("meta.llama4", asked.clone(), "tool_choice");
    let none = body_of(CLAUDE, Chat { tool_choice: Some(ToolChoice::None), ..asked.clone() }).unwrap();
    assert!(
        none.contains("\"toolSpec\"") && none.contains("Do not call any tool") && !none.contains("toolChoice"),
        "{none}"
    );
    let fresh = Chat { messages: vec![user("go")], tool_choice: Some(ToolChoice::None), ..asked.clone() };
    assert!(!body_of(CLAUDE, fresh).unwrap().contains("toolConfig"));
    let one = Chat { tool_choice: None, parallel_tool_calls: Some(false), ..asked };
    let body = body_of(CLAUDE, one).unwrap();
    assert!(body.contains(r#""tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#), "{body}");
    assert!(!body.contains("toolChoice"), "{body}");
    let lonely = chat(vec![user("go"), message(Role::User, vec![result("c9", vec![Block::text("x")])])]);
    refused(NOVA, lonely, "c9");
}

#[test]
fn marks_become_cache_points_where_the_model_has_them() {
    let tool = |mut tool: Tool| {
        let Tool::Function(function) = &mut tool else { panic!() };
        (function.cache, function.strict) = (Some(CacheMark::Short), None);
        tool
    };
    let asked = Chat {
        tools: vec![tool(function("look", None))],
        ..chat(vec![
            message(Role::System, vec![marked("rules", CacheMark::Long)]),
            message(Role::User, vec![marked("long", CacheMark::Short), Block::text("short")]),
        ])
    };
    let body = body_of(CLAUDE, asked.clone()).unwrap();
    for part in [
        r#""properties":{}}}}},{"cachePoint":{"type":"default"}}]"#,
        r#"[{"text":"rules"},{"cachePoint":{"type":"default","ttl":"1h"}}]"#,
        r#"[{"text":"long"},{"cachePoint":{"type":"default"}},{"text":"short"}]"#,
    ] {
        assert!(body.contains(part), "{part}\n{body}");
    }
    assert!(!body_of("meta.llama4", asked).unwrap().contains("cachePoint"));
    let many = (0..6).map(|nth| marked(&nth.to_string(), CacheMark::Short)).collect();
    let body = body_of(CLAUDE, chat(vec![message(Role::User, many)])).unwrap();
    assert_eq!(body.matches("cachePoint").count(), 4);
    assert!(body.contains(r#"{"text":"1"},{"text":"2"},{"cachePoint""#), "the last ones count: {body}");
}

#[test]
fn thoughts_return_to_claude_with_their_proofs_and_to_nobody_else() {
    let thought = |text: &str, signature: Option<&str>| Block::Thinking {
        text: text.to_owned(),
        signature: signature.map(str::to_owned),
    };
    let messages = vec![
        user("go"),
        message(
            Role::Assistant,
            vec![
                thought("hm", Some("c2ln")),
                thought("unsigned", None),
                Block::RedactedThinking { data: "cmVk".to_owned() },
                Block::text("well"),
            ],
        ),
        user("on"),
    ];
    let asked = Chat { max_tokens: Some(5000), ..chat(messages) };
    let body = body_of(CLAUDE, asked.clone()).unwrap();
    let expected = r#"[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"cmVk"}},{"text":"well"}]"#;
    assert!(body.contains(expected) && !body.contains("unsigned"), "{body}");
    assert!(!body_of(NOVA, asked).unwrap().contains("reasoningContent"));
}

#[test]
fn effort_is_said_in_the_words_of_each_maker() {
    let reasoning = |effort| Some(Reasoning { effort: Some(effort), ..Reasoning::default() });
    let asked = |effort| Chat { max_tokens: Some(5000), reasoning: reasoning(effort), ..chat(vec![user("go")]) };
    let says = |model: &str, effort, part: &str| {
        let body = body_of(model, asked(effort)).unwrap();
        assert!(body.contains(part), "{part}\n{body}");
    };
    says(
        CLAUDE,
        Effort::Medium,
        r#""additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048}}"#,
    );
    says(NOVA, Effort::XHigh, r#"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}"#);
    says("openai.gpt-oss-120b-1:0", Effort::Minimal, r#"{"reasoning_effort":"low"}"#);
    assert!(!body_of("meta.llama4", asked(Effort::None)).unwrap().contains("additional"));
    refused("meta.llama4", asked(Effort::Low), "reasoning_effort");
}

#[test]
fn a_schema_is_a_text_where_models_know_it_and_a_tool_elsewhere() {
    let schema =
        r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#;
    let format = Format::Schema { name: None, description: None, schema: Raw::new(schema), strict: None };
    let asked = Chat { format: Some(format), ..chat(vec![user("go")]) };
    let body = body_of(CLAUDE, asked.clone()).unwrap();
    let text = serde_json::to_string(schema).unwrap();
    let expected = format!(
        r#""outputConfig":{{"textFormat":{{"type":"json_schema","structure":{{"jsonSchema":{{"schema":{text}}}}}}}}}"#
    );
    assert!(body.contains(&expected), "{expected}\n{body}");
    let body = body_of(NOVA, asked.clone()).unwrap();
    assert!(body.contains(r#""toolChoice":{"tool":{"name":"json_tool_call"}}"#) && body.contains(schema), "{body}");
    let body = body_of("meta.llama4", asked).unwrap();
    assert!(body.contains("valid under this JSON schema") && !body.contains("toolConfig"), "{body}");
}

#[test]
fn own_fields_pass_hints_go_and_what_nobody_knows_is_refused() {
    let own = extras(&[
        ("guardrailConfig", r#"{"guardrailIdentifier":"g"}"#),
        ("additionalModelRequestFields", r#"{"x":1}"#),
        ("store", "true"),
        ("anthropic_beta", r#"["b"]"#),
    ]);
    let asked = Chat { extras: own, user: Some("ann".to_owned()), ..chat(vec![user("go")]) };
    let outgoing = upstream(CLAUDE).write(&Bedrock, &Request::Chat(Box::new(asked.clone()))).unwrap();
    let body = String::from_utf8(outgoing.body.to_vec()).unwrap();
    assert!(body.contains(r#""additionalModelRequestFields":{"x":1,"anthropic_beta":["b"]}"#), "{body}");
    assert!(body.contains(r#""guardrailConfig":{"guardrailIdentifier":"g"}"#) && !body.contains("ann"), "{body}");
    assert_eq!(outgoing.dropped, ["store", "user"]);
    refused(NOVA, asked, "anthropic_beta");
    refused(NOVA, Chat { seed: Some(1), ..chat(vec![user("go")]) }, "seed");
    refused(NOVA, Chat { n: Some(2), ..chat(vec![user("go")]) }, "more than one answer");
    let outgoing = upstream(NOVA)
        .dropping()
        .write(&Bedrock, &Request::Chat(Box::new(Chat { seed: Some(1), ..chat(vec![user("x")]) })));
    assert_eq!(outgoing.unwrap().dropped, ["seed"]);
}

#[test]
fn names_that_are_too_long_are_changed_and_come_back() {
    let long = "a.".repeat(40);
    let asked = Chat { tools: vec![function(&long, None)], ..chat(vec![user("go")]) };
    let outgoing = upstream(CLAUDE).write(&Bedrock, &Request::Chat(Box::new(asked))).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&outgoing.body).unwrap();
    let sent = body["toolConfig"]["tools"][0]["toolSpec"]["name"].as_str().unwrap();
    assert!(sent.len() <= 64 && !sent.contains('.'), "{sent}");
    let whole = format!(
        r#"{{"output":{{"message":{{"content":[{{"toolUse":{{"toolUseId":"t","name":"{sent}","input":{{}}}}}}]}}}},"stopReason":"tool_use"}}"#
    );
    let mut answer = Bedrock.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
    outgoing.amends.amend(&mut answer);
    assert!(format!("{answer:?}").contains(&long));
}

#[test]
fn counts_and_vectors_have_forms_of_their_own() {
    let asked = Request::CountTokens(Box::new(Chat { temperature: Some(0.5), ..chat(vec![user("go")]) }));
    let outgoing = upstream(CLAUDE).write(&Bedrock, &asked).unwrap();
    assert_eq!(outgoing.body, r#"{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"go"}]}]}}}"#);
    let answer = Bedrock.read_answer(Operation::CountTokens, br#"{"inputTokens":7}"#);
    assert_eq!(answer, Ok(Answer::TokenCount(7)));

    let embedding = |texts: &[&str]| {
        let input = EmbeddingInput::Texts(texts.iter().map(|text| (*text).to_owned()).collect());
        Request::Embedding(Box::new(Embedding {
            model: "m".to_owned(),
            input,
            dimensions: Some(256),
            base64: false,
            user: None,
            input_type: None,
            extras: Vec::new(),
            dialect: "openai",
        }))
    };
    let write = |model: &str, texts: &[&str]| upstream(model).write(&Bedrock, &embedding(texts)).map(|out| out.body);
    let titan = "amazon.titan-embed-text-v2:0";
    assert_eq!(write(titan, &["a"]).unwrap(), r#"{"inputText":"a","dimensions":256}"#);
    assert!(write(titan, &["a", "b"]).unwrap_err().message.contains("more than one text"));
    let cohere = r#"{"texts":["a","b"],"input_type":"search_document","output_dimension":256}"#;
    assert_eq!(write("cohere.embed-v4:0", &["a", "b"]).unwrap(), cohere);
    let vectors = |body: &str| match Bedrock.read_answer(Operation::Embedding, body.as_bytes()) {
        Ok(Answer::Embedding(found)) => (found.vectors.len(), found.usage.input),
        other => panic!("{other:?}"),
    };
    assert_eq!(vectors(r#"{"embedding":[1,2.5],"inputTextTokenCount":3}"#), (1, Some(3)));
    assert_eq!(vectors(r#"{"embeddings":[[1],[2]]}"#), (2, None));
    assert_eq!(vectors(r#"{"embeddings":{"float":[[1],[2]]}}"#), (2, None));
    assert!(Bedrock.read_answer(Operation::Embedding, b"{}").is_err());
}

#[test]
fn pictures_and_rankings_are_asked_for_in_their_makers_words() {
    let body = |model: &str, operation: Operation, body: &str| {
        let front: &dyn crate::Front = if operation == Operation::Rerank { &crate::Reranking } else { &crate::OpenAi };
        let request = front.read_request(operation, body.as_bytes())?;
        let outgoing = upstream(model).write(&Bedrock, &request)?;
        Ok::<_, Fault>(String::from_utf8(outgoing.body.to_vec()).unwrap())
    };
    let asked = r#"{"prompt":"a cat","n":2,"size":"1280x720","quality":"high","seed":7}"#;
    let expected = r#"{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a cat"},"imageGenerationConfig":{"numberOfImages":2,"width":1280,"height":720,"quality":"premium","seed":7}}"#;
    assert_eq!(body("amazon.nova-canvas-v1:0", Operation::Image, asked).unwrap(), expected);
    let stability = "us.stability.stable-image-core-v1:1";
    let fault = body(stability, Operation::Image, asked).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("n"));
    let asked = r#"{"prompt":"a cat","size":"1280x720"}"#;
    assert_eq!(body(stability, Operation::Image, asked).unwrap(), r#"{"prompt":"a cat","aspect_ratio":"16:9"}"#);
    let path = |operation, model| Bedrock.path(operation, model, false);
    assert_eq!(
        path(Operation::Image, stability).as_deref(),
        Some("/model/us.stability.stable-image-core-v1%3A1/invoke")
    );
    assert_eq!((path(Operation::Image, CLAUDE), path(Operation::Rerank, CLAUDE)), (None, None));
    let read = |body: &str| Bedrock.read_answer(Operation::Image, body.as_bytes());
    let Answer::Pictures(made) = read(r#"{"images":["aGk="],"finish_reasons":[null]}"#).unwrap() else { panic!() };
    assert_eq!((made.pictures.len(), made.usage.images_made), (1, Some(1)));
    let filtered = read(r#"{"images":[],"finish_reasons":["Filter reason: prompt"]}"#).unwrap_err();
    assert_eq!(filtered.kind, FaultKind::ContentPolicy);
    let asked = r#"{"model":"m","query":"q","documents":["a"],"top_n":1}"#;
    let cohere = body("cohere.rerank-v3-5:0", Operation::Rerank, asked).unwrap();
    assert_eq!(cohere, r#"{"query":"q","documents":["a"],"top_n":1,"api_version":2}"#);
    let amazon = body("amazon.rerank-v1:0", Operation::Rerank, asked).unwrap();
    assert_eq!(amazon, r#"{"query":"q","documents":["a"],"top_n":1}"#);
}
