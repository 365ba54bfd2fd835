//! The fields beside the conversation on their way to Anthropic.

use bytes::Bytes;
use serde_json::json;
use types::{Block, Completion, Embedding, FaultKind, Raw, Reasoning, Role};

use super::words::*;
use super::*;
use crate::json::Object;

#[test]
fn the_output_is_always_bounded() {
    let limited = |asked, limit, abilities, reasoning| {
        let request = Request::Chat(Box::new(Chat { max_tokens: asked, reasoning, ..hello() }));
        let facts = ModelFacts { max_output_tokens: limit, abilities, ..ModelFacts::default() };
        let body = json(&send(&request, &facts, false).unwrap().body);
        (body["max_tokens"].as_u64().unwrap(), body["thinking"]["budget_tokens"].as_u64())
    };
    let budget = |tokens| Some(Reasoning { budget_tokens: Some(tokens), ..Reasoning::default() });
    assert_eq!(limited(None, None, old(), None), (32_000, None));
    assert_eq!(limited(None, Some(64_000), old(), None), (64_000, None));
    assert_eq!(limited(Some(100_000), Some(64_000), old(), None), (64_000, None));
    assert_eq!(limited(Some(0), None, old(), None), (0, None));
    assert_eq!(limited(None, None, budgeted(), budget(50_000)), (54_096, Some(50_000)));
    assert_eq!(limited(None, Some(64_000), budgeted(), budget(90_000)), (64_000, Some(63_999)));
    assert_eq!(limited(Some(3000), None, budgeted(), budget(3000)), (3000, Some(2999)));
    assert_eq!(limited(Some(1000), None, budgeted(), budget(5000)), (1000, None));
    assert_eq!(limited(Some(3000), None, budgeted(), thinking(Effort::High)), (3000, Some(1500)));
    assert_eq!(limited(Some(1500), None, budgeted(), thinking(Effort::High)), (1500, Some(1024)));
    assert_eq!(limited(None, None, budgeted(), thinking(Effort::Max)), (32_000, Some(16_000)));
    assert_eq!(limited(None, None, budgeted(), budget(u64::MAX)).1, Some(u64::MAX - 1));
}

#[test]
fn effort_is_said_the_way_the_model_knows() {
    let always = Abilities { thinking_always_on: true, forced_tool: false, ..recent() };
    let high_only = Abilities { max_effort: Effort::High, ..recent() };
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    for (abilities, reasoning, config, effort) in [
        (recent(), thinking(Effort::Minimal), adaptive.clone(), json!("low")),
        (recent(), thinking(Effort::Max), adaptive.clone(), json!("max")),
        (high_only, thinking(Effort::Max), adaptive.clone(), json!("high")),
        (recent(), thinking(Effort::XHigh), adaptive.clone(), json!("xhigh")),
        (Abilities { effort_xhigh: false, ..recent() }, thinking(Effort::XHigh), adaptive.clone(), json!("high")),
        (recent(), thinking(Effort::None), json!({"type": "disabled"}), Value::Null),
        (always, thinking(Effort::None), Value::Null, json!("low")),
        (budgeted(), thinking(Effort::None), Value::Null, Value::Null),
        (old(), thinking(Effort::None), Value::Null, Value::Null),
        (budgeted(), thinking(Effort::Low), json!({"type": "enabled", "budget_tokens": 1024}), Value::Null),
        (recent(), Some(Reasoning { budget_tokens: Some(4000), ..Reasoning::default() }), adaptive, json!("medium")),
        (
            recent(),
            Some(Reasoning { adaptive: true, summary: Some(false), ..Reasoning::default() }),
            json!({"type": "adaptive", "display": "omitted"}),
            Value::Null,
        ),
    ] {
        let body = sent(Chat { reasoning: reasoning.clone(), ..hello() }, abilities);
        assert_eq!((&body["thinking"], &body["output_config"]["effort"]), (&config, &effort), "{reasoning:?}");
    }
    let asked = || Chat { reasoning: thinking(Effort::High), ..hello() };
    assert_eq!(refusal(asked(), old()).param.as_deref(), Some("reasoning_effort"));
    assert_eq!(send_chat(asked(), old(), true).unwrap().1, ["reasoning_effort"]);
}

#[test]
fn a_budget_is_not_asked_for_in_the_middle_of_a_turn_without_thoughts() {
    let history = |blocks| vec![user("1"), of(Role::Assistant, blocks), of(Role::User, vec![result("a")])];
    let ask = |blocks| Chat { reasoning: thinking(Effort::High), tools: vec![function("f")], ..chat(history(blocks)) };
    let (body, dropped) = send_chat(ask(vec![call("a", "")]), budgeted(), false).unwrap();
    assert_eq!((&body["thinking"], &dropped[..]), (&Value::Null, &["reasoning_effort".to_owned()][..]));
    let thought = Block::Thinking { text: String::new(), signature: Some("s".to_owned()) };
    assert_eq!(sent(ask(vec![thought, call("a", "")]), budgeted())["thinking"]["type"], "enabled");
    assert_eq!(sent(ask(vec![call("a", "")]), recent())["thinking"]["type"], "adaptive");
}

#[test]
fn sampling_is_sent_where_the_model_samples() {
    let asked = |temperature, top_p, top_k| Chat { temperature, top_p, top_k, ..hello() };
    let body = sent(asked(Some(1.7), None, Some(5)), old());
    assert_eq!((&body["temperature"], &body["top_k"]), (&json!(1), &json!(5)));
    let (body, dropped) = send_chat(asked(Some(0.5), Some(0.9), None), old(), false).unwrap();
    assert_eq!((&body["temperature"], &body["top_p"], &dropped[0][..]), (&json!(0.5), &Value::Null, "top_p"));
    let body = sent(asked(Some(1.0), Some(0.9), None), old());
    assert_eq!((&body["temperature"], &body["top_p"]), (&Value::Null, &json!(0.9)));
    let body = sent(asked(Some(1.0), Some(1.0), None), recent());
    assert_eq!((&body["temperature"], &body["top_p"]), (&Value::Null, &Value::Null));
    assert_eq!(refusal(asked(Some(0.0), None, None), recent()).param.as_deref(), Some("temperature"));
    assert_eq!(refusal(asked(None, None, Some(1)), recent()).param.as_deref(), Some("top_k"));
    let thoughtful = Chat { reasoning: thinking(Effort::High), ..asked(Some(0.3), None, None) };
    assert_eq!(refusal(thoughtful, budgeted()).param.as_deref(), Some("temperature"));
}

#[test]
fn the_newer_version_of_the_dialect_has_no_sampling() {
    let warm = |temperature| Request::Chat(Box::new(Chat { temperature: Some(temperature), ..hello() }));
    let old = facts(old());
    let newer = Some("2026-10-21");
    let out = send(&warm(0.5), &old, false).unwrap();
    assert_eq!((&json(&out.body)["temperature"], &out.headers[0].1[..]), (&json!(0.5), "2023-06-01"));
    assert_eq!(send_as(newer, &warm(0.5), &old, false).unwrap_err().param.as_deref(), Some("temperature"));
    for (temperature, dropped) in [(0.5, vec!["temperature".to_owned()]), (1.0, vec![])] {
        let out = send_as(newer, &warm(temperature), &old, true).unwrap();
        assert_eq!((&json(&out.body)["temperature"], &out.headers[0].1[..]), (&Value::Null, "2026-10-21"));
        assert_eq!(out.dropped, dropped);
    }
}

#[test]
fn a_callers_own_sampling_goes_only_where_it_is_refused_and_the_caller_agreed() {
    const BODY: &str = r#"{"model":"a","temperature":1,"max_tokens":5,"top_k":4,"thinking":{"type":"disabled"}}"#;
    let spliced = |version, abilities, drop_params, body: &'static str| {
        let (facts, quirks) = (facts(abilities), Quirks::default());
        let target = Target {
            model: "up",
            name: "x/up",
            facts: &facts,
            quirks: &quirks,
            drop_params,
            version,
            num_ctx: None,
            issuer: None,
        };
        let object = Object::parse(Bytes::from_static(body.as_bytes())).unwrap();
        let splice = Anthropic.splice(Operation::Chat, &object, &target).unwrap();
        let body = String::from_utf8(object.splice(&splice.edits).concat()).unwrap();
        (body, splice.dropped.join(" "))
    };
    let newer = Some("2026-10-21");
    let same = BODY.replace("\"a\"", "\"up\"");
    let less = r#"{"model":"up","max_tokens":5,"thinking":{"type":"disabled"}}"#;
    for (version, abilities, drop_params, expected) in [
        (None, old(), true, &*same),
        (Some("2023-06-01"), old(), true, &same),
        (newer, old(), false, &same),
        (newer, old(), true, less),
        (None, recent(), false, &same),
        (None, recent(), true, less),
    ] {
        let (body, dropped) = spliced(version, abilities, drop_params, BODY);
        assert_eq!(body, expected, "{version:?} {drop_params}");
        assert_eq!(dropped, if body == less { "temperature top_k" } else { "" });
    }
    const THOUGHTFUL: &str = r#"{"model":"a","top_p":0.5,"thinking":{"type":"enabled","budget_tokens":2000}}"#;
    let calm = r#"{"model":"up","thinking":{"type":"enabled","budget_tokens":2000}}"#;
    assert_eq!(spliced(None, budgeted(), true, THOUGHTFUL).0, calm);
    assert_eq!(spliced(None, budgeted(), false, THOUGHTFUL).0, THOUGHTFUL.replace("\"a\"", "\"up\""));
}

#[test]
fn what_anthropic_lacks_is_refused_or_dropped_by_name() {
    let unknown = |name: &str| Chat { extras: vec![(name.to_owned(), Raw::new("1"))], ..hello() };
    for (chat, param) in [
        (Chat { seed: Some(1), ..hello() }, "seed"),
        (Chat { logprobs: Some(true), ..hello() }, "logprobs"),
        (Chat { top_logprobs: Some(2), ..hello() }, "top_logprobs"),
        (Chat { logit_bias: Some(Raw::new("{\"1\":2}")), ..hello() }, "logit_bias"),
        (Chat { presence_penalty: Some(1.0), ..hello() }, "presence_penalty"),
        (Chat { frequency_penalty: Some(1.0), ..hello() }, "frequency_penalty"),
        (unknown("min_p"), "min_p"),
    ] {
        let fault = refusal(chat.clone(), old());
        assert_eq!((fault.kind, fault.param.as_deref()), (FaultKind::Unsupported, Some(param)));
        assert!(fault.message.contains("drop_params") && fault.message.contains("anthropic/claude-x"));
        assert_eq!(send_chat(chat, old(), true).unwrap().1, [param]);
    }
    let several = Chat { n: Some(2), ..hello() };
    assert_eq!(send_chat(several, old(), true).unwrap_err().param.as_deref(), Some("n"));
    let silent = Chat { n: Some(1), logprobs: Some(false), presence_penalty: Some(0.0), ..hello() };
    assert_eq!(send_chat(silent, old(), false).unwrap().1, Vec::<String>::new());
    let (_, dropped) = send_chat(unknown("prompt_cache_key"), old(), false).unwrap();
    assert_eq!(dropped, ["prompt_cache_key"], "a hint is only noted");
}

#[test]
fn blank_stop_sequences_are_left_out() {
    let stop = vec!["\n".to_owned(), "END".to_owned()];
    assert_eq!(sent(Chat { stop, ..hello() }, old())["stop_sequences"], json!(["END"]));
}

#[test]
fn the_end_user_is_named_but_not_by_address() {
    let user = |name: &str| sent(Chat { user: Some(name.to_owned()), ..hello() }, old())["metadata"].take();
    assert_eq!(user("u1"), json!({"user_id": "u1"}));
    assert_eq!(user("a@example.com"), Value::Null);
    let extra = |name: &str, raw: &str| {
        let extras = vec![(name.to_owned(), Raw::new(raw))];
        sent(Chat { extras, ..hello() }, old())["metadata"].take()
    };
    assert_eq!(extra("metadata", r#"{"user_id":"u2","trace":"x"}"#), json!({"user_id": "u2"}));
    assert_eq!(extra("metadata", r#"{"trace":"x"}"#), Value::Null);
    assert_eq!(extra("safety_identifier", "\"u3\""), json!({"user_id": "u3"}));
}

#[test]
fn anthropics_own_fields_pass_from_any_caller() {
    let extras = [
        ("thinking", r#"{"type":"enabled","budget_tokens":2000}"#),
        ("container", "\"c\""),
        ("inference_geo", "\"eu\""),
        ("output_config", r#"{"effort":"low","task_budget":5}"#),
    ];
    let extras = extras.map(|(name, raw)| (name.to_owned(), Raw::new(raw))).to_vec();
    let body = sent(Chat { extras, ..hello() }, budgeted());
    assert_eq!(body["thinking"], json!({"type": "enabled", "budget_tokens": 2000}));
    assert_eq!((&body["container"], &body["inference_geo"]), (&json!("c"), &json!("eu")));
    assert_eq!(body["output_config"], json!({"task_budget": 5}));
    let new = vec![("thinking".to_owned(), Raw::new(r#"{"type":"between_tools"}"#))];
    assert_eq!(sent(Chat { extras: new, ..hello() }, recent())["thinking"]["type"], "between_tools");
}

#[test]
fn a_token_count_says_nothing_about_the_answer() {
    let chat = Chat {
        max_tokens: Some(10),
        temperature: Some(0.5),
        seed: Some(1),
        stream: true,
        user: Some("u".to_owned()),
        tools: vec![function("f")],
        extras: vec![("store".to_owned(), Raw::new("true"))],
        ..hello()
    };
    let out = send(&Request::CountTokens(Box::new(chat)), &facts(recent()), false).unwrap();
    let body = json(&out.body);
    let mut fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort();
    assert_eq!(fields, ["messages", "model", "tools"]);
    assert_eq!(out.headers, [("anthropic-version", "2023-06-01".to_owned())]);
    assert_eq!(Anthropic.path(Operation::CountTokens, "m", false).as_deref(), Some("/v1/messages/count_tokens"));
}

#[test]
fn a_completion_is_asked_as_one_message() {
    let completion = |suffix: Option<&str>| {
        Request::Completion(Box::new(Completion {
            prompt: "Once".to_owned(),
            suffix: suffix.map(str::to_owned),
            echo: false,
            settings: Chat { max_tokens: Some(7), ..Chat::default() },
        }))
    };
    let body = json(&send(&completion(None), &facts(old()), false).unwrap().body);
    assert_eq!((&body["messages"], &body["max_tokens"]), (&json!([{"role": "user", "content": "Once"}]), &json!(7)));
    assert_eq!(send(&completion(Some("end")), &facts(old()), true).unwrap_err().param.as_deref(), Some("suffix"));
    let embedding = Request::Embedding(Box::<Embedding>::default());
    let fault = send(&embedding, &facts(old()), true).unwrap_err();
    assert!(fault.status() == 400 && fault.message.contains("embeddings"));
    assert_eq!(Anthropic.path(Operation::Embedding, "m", false), None);
}
