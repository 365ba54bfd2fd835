//! The shape of requests to Gemini: paths, tools, choices.

use serde_json::{Value, json};
use types::*;

use super::ask::*;
use crate::trial::{self, Upstream, chat, extras, function, user};
use crate::{Back, Gemini, Quirks, VectorForm};

#[test]
fn paths_name_the_model_and_nothing_else() {
    for (operation, model, stream, expected) in [
        (Operation::Chat, "gemini-2.5-pro", false, Some("/models/gemini-2.5-pro:generateContent")),
        (Operation::Chat, "models/gemini-3-pro", true, Some("/models/gemini-3-pro:streamGenerateContent?alt=sse")),
        (Operation::Chat, "a/../b?c#d é", false, Some("/models/a%2F..%2Fb%3Fc%23d%20%C3%A9:generateContent")),
        (Operation::Embedding, "e", false, Some("/models/e:batchEmbedContents")),
        (Operation::CountTokens, "e", false, Some("/models/e:countTokens")),
        (Operation::Completion, "e", true, None),
    ] {
        assert_eq!(Gemini.path(operation, model, stream).as_deref(), expected);
    }
}

#[test]
fn a_plain_chat_is_written_in_one_stable_order() {
    let chat = Chat {
        messages: vec![trial::system("Be brief."), user("hi")],
        tools: vec![function("f", Some(r#"{"type": "object", "x":1.0}"#))],
        max_tokens: Some(9),
        extras: extras(&[("labels", r#"{"a": "b"}"#)]),
        ..Chat::default()
    };
    let outgoing = Upstream::new("gemini-2.5-flash").write(&Gemini, &Request::Chat(Box::new(chat))).unwrap();
    let expected = concat!(
        r#"{"systemInstruction":{"parts":[{"text":"Be brief."}]},"#,
        r#""contents":[{"role":"user","parts":[{"text":"hi"}]}],"#,
        r#""tools":[{"functionDeclarations":[{"name":"f","description":"does f","#,
        r#""parametersJsonSchema":{"type": "object", "x":1.0}}]}],"#,
        r#""generationConfig":{"maxOutputTokens":9},"labels":{"a": "b"}}"#
    );
    assert_eq!(outgoing.body, expected);
    assert!(outgoing.headers.is_empty() && outgoing.dropped.is_empty());
}

#[test]
fn tool_choices_become_modes() {
    let names = || vec!["a".to_owned(), "b".to_owned()];
    for (choice, expected) in [
        (None, Value::Null),
        (Some(ToolChoice::Auto), json!({"mode": "AUTO"})),
        (Some(ToolChoice::None), json!({"mode": "NONE"})),
        (Some(ToolChoice::Required), json!({"mode": "ANY"})),
        (Some(ToolChoice::Tool("a".to_owned())), json!({"mode": "ANY", "allowedFunctionNames": ["a"]})),
        (
            Some(ToolChoice::Allowed { names: names(), required: true }),
            json!({"mode": "ANY", "allowedFunctionNames": ["a", "b"]}),
        ),
        (
            Some(ToolChoice::Allowed { names: names(), required: false }),
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["a", "b"]}),
        ),
    ] {
        let mut chat = asking(|chat| chat.tools = vec![function("a", None), function("b", None)]);
        chat.tool_choice = choice.clone();
        let body = body(chat, "gemini-2.5-pro");
        assert_eq!(body["toolConfig"]["functionCallingConfig"], expected, "{choice:?}");
    }
    let without_tools = body(asking(|chat| chat.tool_choice = Some(ToolChoice::Required)), "gemini-2.5-pro");
    assert_eq!(without_tools["toolConfig"], Value::Null);
}

#[test]
fn googles_own_tools_pass_as_they_are() {
    let opaque = |dialect: &'static str, kind: &str, raw: &str| Tool::Opaque {
        dialect,
        kind: kind.to_owned(),
        raw: Raw::new(raw),
    };
    let chat = asking(|chat| {
        chat.tools = vec![
            opaque("gemini", "urlContext", r#"{"urlContext":{}}"#),
            opaque("openai", "", r#"{"codeExecution": {}}"#),
            function("f", None),
            opaque("anthropic", "web_search_20250305", r#"{"type":"web_search_20250305"}"#),
        ];
        chat.extras = extras(&[("web_search_options", "{}")]);
    });
    let tools = body(chat, "gemini-3-pro")["tools"].take();
    assert_eq!(
        tools,
        json!([
            {"functionDeclarations": [{"name": "f", "description": "does f"}]},
            {"urlContext": {}},
            {"codeExecution": {}},
            {"googleSearch": {}},
            {"googleSearch": {}},
        ])
    );
}

#[test]
fn extras_of_google_find_their_place() {
    let chat = asking(|chat| {
        chat.max_tokens = Some(5);
        chat.service_tier = Some("flex".to_owned());
        chat.extras = extras(&[
            ("safety_settings", r#"[{"category":"X"}]"#),
            ("cachedContent", r#""cachedContents/1""#),
            ("labels", r#"{"a":"b"}"#),
            ("modalities", r#"["text","audio"]"#),
            ("audio", r#"{"voice":"Kore","format":"wav"}"#),
            ("media_resolution", r#""MEDIA_RESOLUTION_LOW""#),
            ("generationConfig", r#"{"maxOutputTokens":7,"imageConfig":{"aspectRatio":"1:1"}}"#),
        ]);
    });
    assert_eq!(
        body(chat, "gemini-3-pro"),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "generationConfig": {
                "maxOutputTokens": 5,
                "responseModalities": ["TEXT", "AUDIO"],
                "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
                "mediaResolution": "MEDIA_RESOLUTION_LOW",
                "imageConfig": {"aspectRatio": "1:1"},
            },
            "safetySettings": [{"category": "X"}],
            "cachedContent": "cachedContents/1",
            "labels": {"a": "b"},
            "serviceTier": "flex",
        })
    );
}

#[test]
fn tokens_are_counted_of_all_that_costs_tokens() {
    let mut chat = chat(vec![trial::system("s"), user("hi")]);
    chat.max_tokens = Some(3);
    chat.tools = vec![function("f", None)];
    let outgoing = Upstream::new("gemini-3-pro").write(&Gemini, &Request::CountTokens(Box::new(chat))).unwrap();
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        body,
        json!({"generateContentRequest": {
            "model": "models/gemini-3-pro",
            "systemInstruction": {"parts": [{"text": "s"}]},
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "tools": [{"functionDeclarations": [{"name": "f", "description": "does f"}]}],
        }})
    );
}

#[test]
fn embeddings_are_asked_for_one_by_one_in_one_call() {
    let embedding = Embedding {
        input: EmbeddingInput::Texts(vec!["a".to_owned(), "b".to_owned()]),
        dimensions: Some(8),
        input_type: Some("search_query".to_owned()),
        user: Some("u".to_owned()),
        extras: extras(&[("title", "\"T\"")]),
        ..Embedding::default()
    };
    let outgoing =
        Upstream::new("gemini-embedding-001").write(&Gemini, &Request::Embedding(Box::new(embedding))).unwrap();
    let one = |text: &str| {
        json!({
            "model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]},
            "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 8, "title": "T",
        })
    };
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(body, json!({"requests": [one("a"), one("b")]}));
    assert_eq!(outgoing.dropped, ["user"]);
}

#[test]
fn vertex_is_asked_for_vectors_in_words_of_its_own() {
    let embedding = |texts: &[&str]| Embedding {
        input: EmbeddingInput::Texts(texts.iter().map(|text| (*text).to_owned()).collect()),
        dimensions: Some(8),
        input_type: Some("search_query".to_owned()),
        extras: extras(&[("auto_truncate", "false")]),
        ..Embedding::default()
    };
    let write = |vectors, texts: &[&str]| {
        let quirks = Quirks { vectors, ..Quirks::default() };
        let upstream = Upstream { quirks, ..Upstream::new("text-embedding-005") };
        let outgoing = upstream.write(&Gemini, &Request::Embedding(Box::new(embedding(texts))))?;
        Ok::<Value, Fault>(serde_json::from_slice(&outgoing.body).unwrap())
    };
    let one = |text: &str| json!({"content": text, "task_type": "RETRIEVAL_QUERY"});
    let parameters = json!({"outputDimensionality": 8, "autoTruncate": false});
    let expected = json!({"instances": [one("a"), one("b")], "parameters": parameters});
    assert_eq!(write(VectorForm::Predict, &["a", "b"]), Ok(expected));
    let config = json!({"taskType": "RETRIEVAL_QUERY", "outputDimensionality": 8, "autoTruncate": false});
    let expected = json!({"content": {"parts": [{"text": "a"}]}, "embedContentConfig": config});
    assert_eq!(write(VectorForm::Single, &["a"]), Ok(expected));
    assert_eq!(write(VectorForm::Single, &["a", "b"]).unwrap_err().param.as_deref(), Some("input"));
}
