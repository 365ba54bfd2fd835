//! Calls that are longer than a context window: they go where there is room, lose what a rule lets go, or are refused
//! before anything is sent.

use drill::mock::Mock;
use serde_json::{Value, json};

use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::gateway::Gateway;

/// A gateway with deployments of these groups and windows, and these settings of the router.
async fn start(deployments: &[(&str, u64, Back)], settings: &str) -> (Vec<Mock>, Gateway) {
    let (mut mocks, mut models) = (Vec::new(), String::new());
    for (group, window, back) in deployments {
        let mock = mock("").await;
        models += &format!(
            "  - model_name: {group}\n    litellm_params: {{model: {}/demo, api_base: '{}', api_key: sk-any}}\n    \
             model_info: {{max_input_tokens: {window}}}\n",
            back.provider(),
            back.base(&mock.url())
        );
        mocks.push(mock);
    }
    let gateway =
        Gateway::start(&format!("model_list:\n{models}router_settings: {{num_retries: 0, {settings}}}\n")).await;
    (mocks, gateway)
}

/// A conversation of so many turns of about a hundred tokens each, whose last question is short.
fn conversation(front: Front, turns: usize) -> Value {
    let mut body = front.body("demo", "", false);
    let said =
        |role: &str, number: usize| json!({ "role": role, "content": format!("turn {number} {}", "word ".repeat(50)) });
    let mut messages: Vec<Value> =
        (0..turns).flat_map(|number| [said("user", number), said("assistant", number)]).collect();
    messages.push(json!({ "role": "user", "content": "And now?" }));
    match front {
        Front::Chat | Front::Ollama | Front::Gemini | Front::Responses => {
            messages.insert(0, json!({ "role": "system", "content": "Be brief." }))
        }
        Front::Messages => body["system"] = json!("Be brief."),
    }
    body["messages"] = json!(messages);
    body
}

/// What a provider got, as one text, of each request.
fn bodies(mock: &Mock) -> Vec<String> {
    mock.requests().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect()
}

#[tokio::test]
async fn a_long_call_goes_where_there_is_room() {
    let deployments = [("demo", 300, Back::OpenAi), ("demo", 5_000, Back::Anthropic)];
    let (mocks, gateway) = start(&deployments, "enable_pre_call_checks: true").await;
    for front in Front::CONVERSING {
        for _ in 0..6 {
            assert!(front.hear(&gateway.call(&front.call_with(conversation(front, 8))).await).is_success());
        }
    }
    assert_eq!((mocks[0].requests().len(), mocks[1].requests().len()), (0, 18));
    for _ in 0..40 {
        assert!(Front::Chat.hear(&gateway.call(&Front::Chat.call("demo", "hello", false)).await).is_success());
    }
    assert!(!mocks[0].requests().is_empty(), "short calls go anywhere");
    let question = json!({ "request_body": conversation(Front::Chat, 8) });
    let told = gateway.call(&crate::client::Call::post("/utils/route", &question)).await.json();
    let reason = &told["groups"][0]["candidates"][0]["reason"];
    assert_eq!((&reason["type"], &reason["window"]), (&json!("context"), &json!(300)), "{told}");
}

#[tokio::test]
async fn a_larger_window_stands_in_and_without_one_the_caller_is_told_in_its_own_words() {
    let fallback = "enable_pre_call_checks: true, context_window_fallbacks: [{demo: [large]}]";
    for back in [Back::OpenAi, Back::Anthropic] {
        let (mocks, gateway) = start(&[("demo", 300, back), ("large", 5_000, back)], fallback).await;
        for front in Front::CONVERSING {
            let answer = gateway.call(&front.call_with(conversation(front, 8))).await;
            assert!(front.hear(&answer).is_success());
            assert_eq!(answer.header("x-litellm-attempted-fallbacks"), Some("1"));
            let mut too_long = conversation(front, 200);
            for stream in [false, true] {
                too_long["stream"] = json!(stream);
                let answer = gateway.call(&front.call_with(too_long.clone())).await;
                let trouble = front.hear(&answer).trouble.expect("it is refused");
                assert_eq!(answer.status(), 400);
                assert!(trouble.message.contains("maximum context length is"), "{}", trouble.message);
                match front {
                    Front::Chat => assert_eq!(trouble.code, "context_length_exceeded"),
                    Front::Messages => {
                        assert!(trouble.message.starts_with("prompt is too long"), "{}", trouble.message)
                    }
                    Front::Ollama | Front::Gemini | Front::Responses => {}
                }
            }
        }
        assert_eq!((mocks[0].requests().len(), mocks[1].requests().len()), (0, 3));
    }
}

#[tokio::test]
async fn what_a_rule_lets_go_is_left_out_and_the_caller_is_told() {
    for (by, rule, first, last) in [
        ("group", "drop_oldest", false, true),
        ("call", "drop_oldest", false, true),
        ("group", "middle_out", true, true),
        ("call", "keep_last", false, false),
    ] {
        let settings = if by == "group" { format!("context_truncation: {{demo: {rule}}}") } else { String::new() };
        for back in [Back::OpenAi, Back::Anthropic] {
            let (mocks, gateway) = start(&[("demo", 700, back)], &settings).await;
            for front in Front::CONVERSING {
                let mut body = conversation(front, 20);
                if by == "call" {
                    body["context_truncation"] = json!(rule);
                }
                let answer = gateway.call(&front.call_with(body)).await;
                assert!(front.hear(&answer).is_success(), "{}", answer.text());
                let dropped = answer.header("x-lockgate-dropped").expect("it says what was left out");
                assert!(dropped.ends_with(" messages"), "{dropped}");
                let sent = bodies(&mocks[0]).pop().expect("it was sent");
                assert!(sent.contains("Be brief.") && sent.contains("And now?"), "{sent}");
                assert!(!sent.contains("turn 10 ") && !sent.contains("context_truncation"), "{sent}");
                assert_eq!((sent.contains("turn 0 "), sent.contains("turn 19 ")), (first, last), "{rule} {sent}");
                let short = gateway.call(&front.call_with(conversation(front, 1))).await;
                assert!(front.hear(&short).is_success() && short.header("x-lockgate-dropped").is_none());
                assert!(bodies(&mocks[0]).pop().unwrap().contains("turn 0 "));
            }
        }
    }
}

#[tokio::test]
async fn a_tool_and_what_it_said_go_together() {
    let (mocks, gateway) = start(&[("demo", 700, Back::OpenAi)], "context_truncation: drop_oldest").await;
    let (long, mut messages) = ("word ".repeat(50), vec![json!({ "role": "user", "content": "Find out." })]);
    for number in 0..20 {
        let id = format!("call_{number}");
        let function = json!({ "name": "look", "arguments": "{}" });
        messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [{ "id": id, "type": "function", "function": function }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": long }));
    }
    let answer = gateway.call(&Front::Chat.call_with(json!({ "model": "demo", "messages": messages }))).await;
    assert!(Front::Chat.hear(&answer).is_success(), "{}", answer.text());
    let sent: Value = serde_json::from_str(&bodies(&mocks[0])[0]).unwrap();
    let sent = sent["messages"].as_array().unwrap();
    assert_eq!(sent[0]["content"], "Find out.");
    assert!(sent.len() < messages.len() && sent.len() % 2 == 1, "{}", sent.len());
    for pair in sent[1..].chunks(2) {
        assert_eq!(pair[0]["tool_calls"][0]["id"], pair[1]["tool_call_id"]);
    }
    assert_eq!(sent.last().unwrap()["tool_call_id"], "call_19");
}

#[tokio::test]
async fn nobody_counts_unless_somebody_wants_it_and_a_wish_must_be_known() {
    let (mocks, gateway) = start(&[("demo", 300, Back::OpenAi)], "").await;
    let answer = gateway.call(&Front::Chat.call_with(conversation(Front::Chat, 20))).await;
    assert!(Front::Chat.hear(&answer).is_success());
    assert_eq!(mocks[0].requests().len(), 1);
    for wrong in [json!("shorten"), json!(7), json!({})] {
        let mut body = conversation(Front::Chat, 1);
        body["context_truncation"] = wrong;
        let trouble = Front::Chat.hear(&gateway.call(&Front::Chat.call_with(body)).await).trouble.unwrap();
        assert_eq!(trouble.param.as_deref(), Some("context_truncation"));
    }
}
