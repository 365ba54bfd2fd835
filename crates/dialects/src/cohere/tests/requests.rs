//! What Cohere is sent in a chat.

use serde_json::{Value, json};
use types::*;

use crate::trial::{
    self, Upstream, asking, assistant, base64, call, chat, document, extras, function, image, message, result, system,
    user,
};
use crate::{Back, Cohere};

const FIXTURE: &str = include_str!("../../../fixtures/cohere/request.json");

fn try_chat(chat: Chat, upstream: &Upstream) -> Result<(Value, Vec<String>), Fault> {
    trial::sent(&Cohere, chat, upstream)
}

fn body(chat: Chat) -> Value {
    try_chat(chat, &Upstream::new("command-a")).unwrap().0
}

fn messages(messages: Vec<Message>) -> Value {
    body(chat(messages))["messages"].take()
}

fn refused(chat: Chat) -> Fault {
    try_chat(chat, &Upstream::new("command-a").dropping()).unwrap_err()
}

/// `param` is refused, and dropped where the caller agreed to that.
fn check_worse_without(param: &str, change: impl Fn(&mut Chat)) -> Value {
    trial::worse_without(&Cohere, "command-a", param, change)
}

#[test]
fn paths_are_those_of_version_2() {
    for (operation, expected) in [
        (Operation::Chat, Some("/v2/chat")),
        (Operation::Embedding, Some("/v2/embed")),
        (Operation::Rerank, Some("/v2/rerank")),
        (Operation::Completion, None),
        (Operation::CountTokens, None),
    ] {
        assert_eq!(Cohere.path(operation, "command-a", true).as_deref(), expected);
    }
}

#[test]
fn a_chat_is_written_in_one_stable_order_with_nothing_added() {
    let look = Block::Image {
        source: base64("image/png", "QUJD"),
        detail: Some("low".to_owned()),
        cache: Some(CacheMark::Short),
    };
    let thought = Block::Thinking { text: "I look.".to_owned(), signature: Some("proof of others".to_owned()) };
    let chat = Chat {
        messages: vec![
            system("Be brief."),
            message(Role::User, vec![Block::text("What is this?"), look]),
            message(Role::Assistant, vec![thought, call("c1", "look", r#"{"a":1}"#)]),
            message(Role::User, vec![result("c1", vec![Block::text("a dog")])]),
        ],
        tools: vec![function("look", Some(r#"{"type":"object","properties":{"a":{}},"required":["a"]}"#))],
        tool_choice: Some(ToolChoice::Required),
        stream: true,
        max_tokens: Some(100),
        temperature: Some(0.5),
        top_p: Some(1.0),
        top_k: Some(40),
        stop: vec!["END".to_owned()],
        seed: Some(7),
        ..Chat::default()
    };
    let request = Request::Chat(Box::new(chat));
    let outgoing = Upstream::new("command-a-03-2025").write(&Cohere, &request).unwrap();
    assert_eq!(std::str::from_utf8(&outgoing.body).unwrap(), FIXTURE.trim_end());
    assert!(outgoing.dropped.is_empty() && outgoing.headers.is_empty());
    let plain = Upstream::new("m").write(&Cohere, &Request::Chat(Box::new(asking(|_| {})))).unwrap();
    assert_eq!(&plain.body[..], br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":false}"#);
}

#[test]
fn instructions_come_first_and_as_one_and_later_ones_stay_where_they_were_given() {
    let told = messages(vec![system("One."), system("Two."), user("hi"), system("Three."), assistant("yes")]);
    assert_eq!(told[0]["role"], "system");
    assert_eq!(told[0]["content"], json!([{ "type": "text", "text": "One." }, { "type": "text", "text": "Two." }]));
    assert_eq!(told[2]["role"], "user");
    assert!(told[2]["content"].as_str().unwrap().ends_with("\nThree."));
    assert_eq!(told[3], json!({ "role": "assistant", "content": "yes" }));
    let anywhere =
        ModelFacts { abilities: Abilities { system_anywhere: true, ..Abilities::default() }, ..ModelFacts::default() };
    let upstream = Upstream { facts: anywhere, ..Upstream::new("m") };
    let (body, _) = try_chat(chat(vec![user("hi"), system("Three.")]), &upstream).unwrap();
    assert_eq!(body["messages"][1], json!({ "role": "system", "content": "Three." }));
}

#[test]
fn results_are_messages_of_their_own_and_their_pictures_are_shown_behind_them() {
    let shot = image(base64("image/png", "QUJD"));
    let told = messages(vec![
        user("look"),
        message(Role::Assistant, vec![Block::text("Well."), call("a", "f", ""), call("b", "f", "{}")]),
        message(
            Role::User,
            vec![result("a", vec![Block::text("one"), shot]), result("b", vec![]), Block::text("and?")],
        ),
    ]);
    let calls = json!([
        { "id": "a", "type": "function", "function": { "name": "f", "arguments": "{}" } },
        { "id": "b", "type": "function", "function": { "name": "f", "arguments": "{}" } },
    ]);
    assert_eq!(told[1], json!({ "role": "assistant", "content": "Well.", "tool_calls": calls }));
    assert_eq!(told[2], json!({ "role": "tool", "tool_call_id": "a", "content": [{ "type": "text", "text": "one" }] }));
    assert_eq!(told[3], json!({ "role": "tool", "tool_call_id": "b", "content": "" }));
    let shown = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJD" } });
    assert_eq!(told[4], json!({ "role": "user", "content": [shown, { "type": "text", "text": "and?" }] }));
    let alone = messages(vec![user("x"), message(Role::User, vec![result("a", vec![Block::text("one")])])]);
    assert_eq!(alone.as_array().map(Vec::len), Some(2));
}

#[test]
fn thoughts_return_as_the_plan_of_calls_and_not_otherwise() {
    let thought = || Block::Thinking { text: "hm".to_owned(), signature: None };
    let told = messages(vec![
        user("a"),
        message(Role::Assistant, vec![thought(), Block::text("b")]),
        message(Role::Assistant, vec![thought(), thought(), call("c", "f", "{}")]),
        message(Role::Assistant, vec![]),
    ]);
    assert_eq!(told[1], json!({ "role": "assistant", "content": "b" }));
    assert_eq!((&told[2]["tool_plan"], told[2].get("content")), (&json!("hmhm"), None));
    assert_eq!(told[3], json!({ "role": "assistant", "content": "" }));
}

#[test]
fn pictures_go_by_address_and_documents_as_text_or_not_at_all() {
    let shown = |block: Block| messages(vec![message(Role::User, vec![block])])[0]["content"].take();
    let url = image(Source::Url("https://x/a.png".to_owned()));
    assert_eq!(shown(url)[0]["image_url"], json!({ "url": "https://x/a.png" }));
    let detail = Block::Image { source: base64("image/png", "QQ=="), detail: Some("original".to_owned()), cache: None };
    assert_eq!(shown(detail)[0]["image_url"], json!({ "url": "data:image/png;base64,QQ==" }));
    assert_eq!(shown(document(base64("text/plain", "aGk="))), "hi");
    assert_eq!(shown(document(Source::PlainText("hi".to_owned()))), "hi");
    let audio = Block::Audio { data: "QQ==".to_owned(), format: "wav".to_owned() };
    for block in [
        document(base64("application/pdf", "JVBERg==")),
        document(Source::Url("https://x/a.pdf".to_owned())),
        image(Source::File("file-1".to_owned())),
        audio,
    ] {
        let fault = refused(chat(vec![message(Role::User, vec![block.clone()])]));
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("messages")), "{block:?}");
    }
    assert_eq!(refused(chat(vec![message(Role::Assistant, vec![image(base64("image/png", "QQ=="))])])).status(), 400);
    let odd = chat(vec![user("a"), message(Role::Assistant, vec![call("c", "f", "[1]")])]);
    assert_eq!(refused(odd).param.as_deref(), Some("messages"));
}

#[test]
fn sampling_has_cohere_s_names_and_stays_within_its_bounds() {
    let check = |change: fn(&mut Chat), name: &str, expected: Value| {
        assert_eq!(body(asking(change)).get(name).cloned().unwrap_or_default(), expected, "{name}");
    };
    check(|chat| chat.top_p = Some(0.0), "p", json!(0.01));
    check(|chat| chat.top_p = Some(0.7), "p", json!(0.7));
    check(|chat| chat.top_k = Some(4_000), "k", json!(500));
    check(|chat| chat.temperature = Some(0.0), "temperature", json!(0));
    check(|chat| chat.presence_penalty = Some(1.0), "presence_penalty", json!(1));
    check(|chat| chat.frequency_penalty = Some(0.25), "frequency_penalty", json!(0.25));
    check(|chat| chat.frequency_penalty = Some(0.0), "frequency_penalty", Value::Null);
    check(|chat| chat.logprobs = Some(true), "logprobs", json!(true));
    check(|chat| chat.logprobs = Some(false), "logprobs", Value::Null);
    for penalty in [-0.5, 1.5] {
        assert!(
            check_worse_without("presence_penalty", |chat| chat.presence_penalty = Some(penalty))
                .get("presence_penalty")
                .is_none()
        );
        check_worse_without("frequency_penalty", |chat| chat.frequency_penalty = Some(penalty));
    }
    check_worse_without("top_logprobs", |chat| (chat.logprobs, chat.top_logprobs) = (Some(true), Some(2)));
    for odd in [f64::INFINITY, f64::NAN] {
        assert_eq!(refused(asking(|chat| chat.temperature = Some(odd))).param.as_deref(), Some("temperature"));
        assert_eq!(refused(asking(|chat| chat.top_p = Some(odd))).param.as_deref(), Some("top_p"));
    }
}

#[test]
fn what_cohere_cannot_do_is_refused_or_dropped_by_the_rule() {
    check_worse_without("logit_bias", |chat| chat.logit_bias = Some(Raw::new(r#"{"5":1}"#)));
    check_worse_without("something", |chat| chat.extras = extras(&[("something", "1")]));
    let stops = |count: usize| asking(|chat| chat.stop = (0..count).map(|at| format!("s{at}")).collect());
    assert_eq!(body(stops(5))["stop_sequences"].as_array().map(Vec::len), Some(5));
    assert_eq!(refused(stops(6)).param.as_deref(), Some("stop"));
    assert_eq!(refused(asking(|chat| chat.n = Some(2))).param.as_deref(), Some("n"));
    let hints = asking(|chat| {
        chat.user = Some("ada".to_owned());
        chat.service_tier = Some("flex".to_owned());
        chat.extras = extras(&[("store", "true")]);
        (chat.n, chat.parallel_tool_calls) = (Some(1), Some(true));
    });
    let (body, mut dropped) = try_chat(hints, &Upstream::new("m")).unwrap();
    dropped.sort();
    assert_eq!((body.as_object().map(|body| body.len()), dropped.concat()), (Some(3), "service_tierstoreuser".into()));
    let count = Upstream::new("m").write(&Cohere, &Request::CountTokens(Box::new(asking(|_| {})))).unwrap_err();
    assert_eq!(count.status(), 400);
}

#[test]
fn fields_of_cohere_s_own_pass() {
    let own = [("documents", r#"["a"]"#), ("safety_mode", r#""STRICT""#), ("priority", "3"), ("k", "7")];
    let body = body(asking(|chat| (chat.extras, chat.top_k) = (extras(&own), Some(5))));
    assert_eq!(
        (&body["documents"], &body["safety_mode"], &body["priority"], &body["k"]),
        (&json!(["a"]), &json!("STRICT"), &json!(3), &json!(5))
    );
}

#[test]
fn an_answer_s_form_is_a_json_object_but_not_beside_tools() {
    let schema = || Format::Schema {
        name: Some("x".to_owned()),
        description: None,
        schema: Raw::new(r#"{"type":"object"}"#),
        strict: Some(true),
    };
    let format = |format: Format| body(asking(|chat| chat.format = Some(format)))["response_format"].take();
    assert_eq!(format(Format::Json), json!({ "type": "json_object" }));
    assert_eq!(format(schema()), json!({ "type": "json_object", "json_schema": { "type": "object" } }));
    let body = check_worse_without("response_format", |chat| {
        (chat.format, chat.tools) = (Some(schema()), vec![function("f", None)]);
    });
    assert!(body.get("response_format").is_none() && body.get("tools").is_some());
}

fn offering(choice: Option<ToolChoice>) -> Value {
    body(asking(|chat| {
        chat.tools = vec![function("f", None), function("g", None)];
        chat.tool_choice = choice;
    }))
}

#[test]
fn a_choice_of_tools_is_what_is_offered_and_whether_it_must_be_called() {
    let check = |choice: Option<ToolChoice>, names: &[&str], word: Value| {
        let body = offering(choice.clone());
        let offered: Vec<&str> =
            body["tools"].as_array().unwrap().iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
        assert_eq!((&offered[..], &body["tool_choice"]), (names, &word), "{choice:?}");
    };
    let allowed = |required| ToolChoice::Allowed { names: vec!["g".to_owned()], required };
    check(None, &["f", "g"], Value::Null);
    check(Some(ToolChoice::Auto), &["f", "g"], Value::Null);
    check(Some(ToolChoice::None), &["f", "g"], json!("NONE"));
    check(Some(ToolChoice::Required), &["f", "g"], json!("REQUIRED"));
    check(Some(ToolChoice::Tool("g".to_owned())), &["g"], json!("REQUIRED"));
    check(Some(allowed(true)), &["g"], json!("REQUIRED"));
    check(Some(allowed(false)), &["g"], Value::Null);
    let unknown = asking(|chat| {
        chat.tools = vec![function("f", None)];
        chat.tool_choice = Some(ToolChoice::Tool("h".to_owned()));
    });
    assert_eq!(refused(unknown).param.as_deref(), Some("tool_choice"));
    let without = body(asking(|chat| chat.tool_choice = Some(ToolChoice::None)));
    assert!(without.get("tool_choice").is_none() && without.get("tools").is_none());
}

#[test]
fn tools_have_parameters_and_are_strict_if_all_of_them_are_and_can_be() {
    let offered = |tools: Vec<Tool>| body(asking(|chat| chat.tools = tools));
    let strict = || function("f", Some(r#"{"type":"object","properties":{"a":{}},"required":["a"]}"#));
    assert_eq!(offered(vec![strict()])["strict_tools"], true);
    let mixed = offered(vec![strict(), function("g", None)]);
    assert!(mixed.get("strict_tools").is_none());
    assert_eq!(mixed["tools"][1]["function"]["parameters"], json!({ "type": "object", "properties": {} }));
    assert!(mixed["tools"][0]["function"].get("strict").is_none());
    let opaque = Tool::Opaque { dialect: "openai", kind: "web_search".to_owned(), raw: Raw::new("{}") };
    check_worse_without("tools (web_search)", |chat| chat.tools = vec![opaque.clone()]);
}

#[test]
fn names_that_cohere_would_refuse_are_changed_for_it_and_come_back() {
    let chat = asking(|chat| chat.tools = vec![function("files/read.text", None), function("plain_1", None)]);
    let outgoing = Upstream::new("m").write(&Cohere, &Request::Chat(Box::new(chat))).unwrap();
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    let name = |at: usize| body["tools"][at]["function"]["name"].as_str().unwrap().to_owned();
    assert!(name(0).starts_with("files_read_text_") && name(1) == "plain_1");
    let answer = format!(
        r#"{{"message":{{"tool_calls":[{{"id":"c","function":{{"name":"{}","arguments":"{{}}"}}}}]}},"finish_reason":"TOOL_CALL"}}"#,
        name(0)
    );
    let mut answer = Cohere.read_answer(Operation::Chat, answer.as_bytes()).unwrap();
    outgoing.amends.amend(&mut answer);
    let Answer::Chat(answer) = answer else { panic!("it is a chat") };
    assert_eq!(answer.choices[0].blocks, [call("c", "files/read.text", "{}")]);
}

#[test]
fn thinking_has_a_budget_that_leaves_room_for_an_answer() {
    let check = |reasoning: Reasoning, max_tokens: Option<u64>, expected: Value| {
        let body = body(asking(|chat| (chat.reasoning, chat.max_tokens) = (Some(reasoning.clone()), max_tokens)));
        assert_eq!(body.get("thinking").cloned().unwrap_or_default(), expected, "{reasoning:?} {max_tokens:?}");
    };
    let effort = |effort| Reasoning { effort: Some(effort), ..Reasoning::default() };
    let tokens = |tokens| Reasoning { budget_tokens: Some(tokens), ..Reasoning::default() };
    let enabled = |budget: u64| json!({ "type": "enabled", "token_budget": budget });
    let disabled = json!({ "type": "disabled" });
    check(effort(Effort::None), None, disabled.clone());
    check(effort(Effort::Low), None, enabled(1_024));
    check(effort(Effort::Medium), None, enabled(2_048));
    check(effort(Effort::High), None, enabled(4_096));
    check(effort(Effort::Max), None, enabled(4_096));
    check(tokens(0), None, disabled.clone());
    check(tokens(5_000), None, enabled(5_000));
    check(tokens(5_000), Some(1_000), enabled(999));
    check(tokens(5_000), Some(1), disabled);
    check(Reasoning { adaptive: true, ..Reasoning::default() }, None, json!({ "type": "enabled" }));
    check(Reasoning::default(), None, Value::Null);
}

#[test]
fn a_completion_is_a_chat_and_documents_are_ranked_in_cohere_s_form_whatever_the_row_says() {
    let completion = Completion {
        prompt: "Once".to_owned(),
        suffix: None,
        echo: false,
        settings: Chat { max_tokens: Some(5), ..Chat::default() },
    };
    let outgoing = Upstream::new("m").write(&Cohere, &Request::Completion(Box::new(completion))).unwrap();
    let expected = br#"{"model":"m","messages":[{"role":"user","content":"Once"}],"stream":false,"max_tokens":5}"#;
    assert_eq!(&outgoing.body[..], expected);
    let rerank = Rerank {
        query: "q".to_owned(),
        documents: vec![Document::Text("a".to_owned())],
        top_n: Some(1),
        max_tokens_per_doc: Some(9),
        ..Rerank::default()
    };
    let outgoing = Upstream::new("rerank-v3.5").write(&Cohere, &Request::Rerank(Box::new(rerank))).unwrap();
    let expected = br#"{"model":"rerank-v3.5","query":"q","documents":["a"],"top_n":1,"max_tokens_per_doc":9}"#;
    assert_eq!(&outgoing.body[..], expected);
}
