//! Which settings reach Gemini, and what becomes of those that cannot.

use serde_json::{Value, json};
use types::*;

use super::ask::*;
use crate::trial::{Upstream, extras, function};

#[test]
fn settings_get_googles_names() {
    let config = config("gemini-2.0-flash", |chat| {
        chat.max_tokens = Some(100);
        chat.temperature = Some(0.5);
        chat.top_p = Some(1.0);
        chat.top_k = Some(40);
        chat.seed = Some(-7);
        chat.presence_penalty = Some(0.25);
        chat.frequency_penalty = Some(-0.5);
        chat.stop = vec!["\n".to_owned(), "END".to_owned()];
        chat.n = Some(3);
        chat.logprobs = Some(true);
        chat.top_logprobs = Some(5);
    });
    assert_eq!(
        config,
        json!({
            "maxOutputTokens": 100, "temperature": 0.5, "topP": 1, "topK": 40, "seed": -7, "presencePenalty": 0.25,
            "frequencyPenalty": -0.5, "stopSequences": ["\n", "END"], "candidateCount": 3, "responseLogprobs": true,
            "logprobs": 5,
        })
    );
}

#[test]
fn settings_that_mean_nothing_are_not_sent() {
    let nothing = config("gemini-3-pro", |chat| {
        chat.n = Some(1);
        chat.logprobs = Some(false);
        chat.presence_penalty = Some(0.0);
        chat.parallel_tool_calls = Some(true);
        chat.service_tier = Some("auto".to_owned());
    });
    assert_eq!(nothing, Value::Null);
}

#[test]
fn what_gemini_cannot_honour_is_refused_or_dropped_on_request() {
    let raw = || Some(Raw::new("{\"1\":2}"));
    check_worse_without("gemini-3-pro", "logit_bias", |chat| chat.logit_bias = raw());
    check_worse_without("gemini-2.5-pro", "presence_penalty", |chat| chat.presence_penalty = Some(0.5));
    check_worse_without("gemini-3-pro", "frequency_penalty", |chat| chat.frequency_penalty = Some(0.5));
    check_worse_without("gemini-2.0-flash", "reasoning_effort", |chat| {
        chat.reasoning = Some(Reasoning { effort: Some(Effort::High), ..Reasoning::default() });
    });
    check_worse_without("gemini-2.5-pro", "response_format", |chat| {
        chat.tools = vec![function("f", None)];
        chat.format = Some(Format::Json);
    });
    check_worse_without("gemini-3-pro", "whatever", |chat| chat.extras = extras(&[("whatever", "1")]));
    check_worse_without("gemini-3-pro", "tools (computer_20260101)", |chat| {
        chat.tools = vec![Tool::Opaque {
            dialect: "anthropic",
            kind: "computer_20260101".to_owned(),
            raw: Raw::new(r#"{"type":"computer_20260101"}"#),
        }];
    });
    check_worse_without("gemini-3-pro", "messages.content (anthropic block)", |chat| {
        let raw = Raw::new("{}");
        chat.messages[0].blocks.push(Block::Opaque { dialect: "anthropic", raw });
    });
}

#[test]
fn sampling_is_dropped_where_the_model_refuses_it() {
    let mut upstream = Upstream::new("gemini-3.6-flash").dropping();
    upstream.facts.abilities.sampling = false;
    let chat = asking(|chat| {
        (chat.temperature, chat.top_p, chat.top_k) = (Some(1.0), Some(0.9), Some(3));
        chat.max_tokens = Some(5);
    });
    let (body, dropped) = try_body(chat, &upstream).unwrap();
    assert_eq!(body["generationConfig"], json!({"maxOutputTokens": 5}));
    assert_eq!(dropped, ["temperature", "top_p", "top_k"]);
}

#[test]
fn hints_go_silently_but_are_noted() {
    let chat = asking(|chat| {
        chat.user = Some("u".to_owned());
        chat.service_tier = Some("scale".to_owned());
        chat.extras = extras(&[("metadata", "{}"), ("store", "true")]);
        chat.messages[0].name = Some("Ada".to_owned());
    });
    let (body, dropped) = try_body(chat, &Upstream::new("gemini-3-pro")).unwrap();
    assert_eq!(body, json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}));
    assert_eq!(dropped, ["name", "metadata", "store", "service_tier", "user"]);
}

#[test]
fn too_many_stop_sequences_and_infinite_numbers_are_the_callers_mistake() {
    let many = asking(|chat| chat.stop = vec!["x".to_owned(); 6]);
    assert_eq!(refused(many, "gemini-3-pro").param.as_deref(), Some("stop"));
    let infinite = asking(|chat| chat.temperature = Some(f64::INFINITY));
    assert_eq!(refused(infinite, "gemini-3-pro").param.as_deref(), Some("temperature"));
}

#[test]
fn forms_of_the_answer() {
    let schema = || Format::Schema {
        name: Some("s".to_owned()),
        description: None,
        schema: Raw::new(r#"{"type":"object"}"#),
        strict: Some(true),
    };
    let json_only = config("gemini-2.5-pro", |chat| chat.format = Some(Format::Json));
    assert_eq!(json_only, json!({"responseMimeType": "application/json"}));
    let with_schema = json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}});
    assert_eq!(config("gemini-2.5-pro", |chat| chat.format = Some(schema())), with_schema);
    let with_tools = config("gemini-3-pro", |chat| {
        chat.format = Some(schema());
        chat.tools = vec![function("f", None)];
    });
    assert_eq!(with_tools, with_schema);
}

#[test]
fn effort_becomes_a_budget_or_a_level() {
    let by = |effort: Effort| Reasoning { effort: Some(effort), ..Reasoning::default() };
    let tokens = |tokens: u64| Reasoning { budget_tokens: Some(tokens), ..Reasoning::default() };
    let adaptive = Reasoning { adaptive: true, ..Reasoning::default() };
    let quiet = Reasoning { summary: Some(false), ..by(Effort::Low) };
    let budget = |budget: i64, shown: bool| json!({"thinkingBudget": budget, "includeThoughts": shown});
    let level = |level: &str, shown: bool| json!({"thinkingLevel": level, "includeThoughts": shown});
    for (model, reasoning, max_tokens, expected) in [
        ("gemini-2.5-flash", by(Effort::None), None, budget(0, false)),
        ("gemini-2.5-pro", by(Effort::None), None, budget(128, false)),
        ("gemini-2.5-flash", by(Effort::Minimal), None, budget(1, true)),
        ("gemini-2.5-pro", by(Effort::Minimal), None, budget(128, true)),
        ("gemini-2.5-flash-lite", by(Effort::Minimal), None, budget(512, true)),
        ("gemini-2.5-pro", by(Effort::Low), None, budget(1_024, true)),
        ("gemini-2.5-pro", by(Effort::Medium), None, budget(2_048, true)),
        ("gemini-2.5-pro", by(Effort::High), None, budget(4_096, true)),
        ("gemini-2.5-pro", by(Effort::Max), None, budget(4_096, true)),
        ("gemini-2.5-pro", by(Effort::High), Some(1_000), budget(999, true)),
        ("gemini-2.5-flash-lite", by(Effort::High), Some(100), budget(0, true)),
        ("gemini-2.5-pro", tokens(1_000_000), None, budget(32_768, true)),
        ("gemini-2.5-flash", tokens(0), None, budget(0, false)),
        ("gemini-2.5-flash", adaptive.clone(), None, budget(-1, true)),
        ("gemini-3-flash", by(Effort::None), None, level("MINIMAL", false)),
        ("gemini-3.1-pro", by(Effort::None), None, level("LOW", false)),
        ("gemini-3-flash", by(Effort::Minimal), None, level("MINIMAL", true)),
        ("gemini-3-flash", quiet, None, level("LOW", false)),
        ("gemini-3-flash", by(Effort::Medium), None, level("MEDIUM", true)),
        ("gemini-3-flash", by(Effort::XHigh), None, level("HIGH", true)),
        ("gemini-3-flash", tokens(5_000), None, level("MEDIUM", true)),
        ("gemini-3-flash", adaptive, None, json!({"includeThoughts": true})),
    ] {
        let mut config = config(model, |chat| {
            chat.max_tokens = max_tokens;
            chat.reasoning = Some(reasoning.clone());
        });
        assert_eq!(config["thinkingConfig"].take(), expected, "{model} {reasoning:?}");
    }
    let mut upstream = Upstream::new("gemini-3.6-flash");
    upstream.facts.abilities.max_effort = Effort::Max;
    let (body, _) = try_body(asking(|chat| chat.reasoning = Some(by(Effort::Max))), &upstream).unwrap();
    assert_eq!(body["generationConfig"]["thinkingConfig"], level("XHIGH", true));
    upstream.facts.abilities.effort_minimal = false;
    let (body, _) = try_body(asking(|chat| chat.reasoning = Some(by(Effort::None))), &upstream).unwrap();
    assert_eq!(body["generationConfig"]["thinkingConfig"], level("LOW", false));
    assert_eq!(config("gemini-2.0-flash", |chat| chat.reasoning = Some(by(Effort::None))), Value::Null);
}
