//! Bodies that are no requests, or not quite.

use serde_json::{Value, json};

use super::{refused, serves};
use crate::backs::{Back, Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

/// A call of either front with these bytes as body.
fn raw(front: Front, body: impl Into<Vec<u8>>) -> Call {
    front.call_with(Value::Null).body(body)
}

/// An ordinary request.
fn good(front: Front) -> String {
    front.body("demo", "hello", false).to_string()
}

/// A request with these bytes as its last field.
fn with(front: Front, extra: &[u8]) -> Vec<u8> {
    let body = good(front);
    let body = body.strip_suffix('}').expect("a request is an object");
    [body.as_bytes(), b",", extra, b"}"].concat()
}

/// `inner` in a thousand of these.
fn nested(open: &str, inner: &str, close: &str) -> Vec<u8> {
    format!("\"x\": {}{inner}{}", open.repeat(1000), close.repeat(1000)).into_bytes()
}

fn not_json(front: Front) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", Vec::new()),
        ("blanks", b" \n\t ".to_vec()),
        ("a word", b"hello".to_vec()),
        ("a form", b"model=demo&messages=hello".to_vec()),
        ("half of it", good(front).as_bytes()[..40].to_vec()),
        ("two of it", good(front).repeat(2).into_bytes()),
        ("a comma too many", with(front, b"\"x\": 1,")),
        ("single quotes", good(front).replace('"', "'").into_bytes()),
        ("NaN", with(front, b"\"x\": NaN")),
        ("a bare NUL", with(front, b"\"x\": \0")),
        ("NUL in a string", with(front, b"\"x\": \"a\0b\"")),
        ("invalid UTF-8", with(front, b"\"x\": \"\xff\xfe\"")),
        ("an overlong form", with(front, b"\"x\": \"\xc0\xaf\"")),
        ("half a surrogate pair", with(front, br#""x": "\ud800""#)),
        ("UTF-16", good(front).encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a compressed body", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("a list", format!("[{}]", good(front)).into_bytes()),
        ("a string", b"\"demo\"".to_vec()),
        ("null", b"null".to_vec()),
        ("a thousand lists in each other", with(front, &nested("[", "", "]"))),
        ("a thousand objects in each other", with(front, &nested("{\"x\":", "1", "}"))),
        ("a million open lists", "[".repeat(1_000_000).into_bytes()),
    ]
}

#[tokio::test]
async fn what_is_not_json_is_refused_at_once() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for front in Front::ALL {
        for (what, body) in not_json(front) {
            let trouble = refused(&gateway, front, &raw(front, body), 400, what).await;
            assert_eq!(trouble.kind, front.kind("invalid_request_error"), "{what}");
        }
    }
    assert_eq!(provider.requests().len(), 0, "nothing of this concerns a provider");
    serves(&gateway).await;
}

#[tokio::test]
async fn what_is_odd_but_json_is_served() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for front in Front::ALL {
        for (what, body) in [
            ("a byte order mark", format!("\u{feff}{}", good(front))),
            ("blanks around", format!(" \r\n\t{}\n\n", good(front))),
            ("an escaped NUL", good(front).replace("hello", r"hel\u0000lo")),
            ("an escaped name", good(front).replace("\"model\"", r#""\u006dodel""#)),
        ] {
            let answer = gateway.call(&raw(front, body)).await;
            assert!(front.hear(&answer).is_success(), "{front:?}: {what}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_refused_by_name() {
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    let wrong = [
        ("model", json!(5)),
        ("model", json!(["demo"])),
        ("model", json!("")),
        ("model", json!(null)),
        ("messages", json!("hello")),
        ("messages", json!({ "role": "user", "content": "hello" })),
        ("messages", json!([5])),
        ("messages", json!([{ "role": 5, "content": "hello" }])),
        ("messages", json!([{ "role": "user", "content": 5 }])),
        ("messages", json!([{ "role": "user", "content": [5] }])),
        ("messages", json!([{ "role": "nobody", "content": "hello" }])),
        ("messages", json!([{ "content": "hello" }])),
        ("stream", json!("yes")),
        ("stream", json!(1)),
        ("max_tokens", json!("many")),
        ("max_tokens", json!(-1)),
        ("temperature", json!("hot")),
        ("top_p", json!([])),
        ("tools", json!("all")),
        ("tools", json!([5])),
        ("tool_choice", json!(5)),
    ];
    let mut failed = Vec::new();
    for front in Front::ALL {
        for group in ["demo", "claude"] {
            // Gemini's callers say by the path whether they want a stream.
            for (name, value) in wrong.iter().filter(|(name, _)| front != Front::Gemini || *name != "stream") {
                let mut body = front.body(group, "hello", false);
                body[*name] = value.clone();
                let answer = gateway.call(&front.call_with(body)).await;
                let trouble = front.hear(&answer).trouble;
                let named = trouble.as_ref().is_some_and(|trouble| {
                    let param = trouble.param.as_deref().is_some_and(|param| param.starts_with(name));
                    answer.status() == 400 && (param || trouble.message.contains(name))
                });
                if !named {
                    failed.push(format!("\n{front:?} to {group}, {name}: {value}: {} {trouble:?}", answer.status()));
                }
            }
        }
    }
    assert!(failed.is_empty(), "not refused by name:{}", failed.concat());
    serves(&gateway).await;
}

#[tokio::test]
async fn a_model_that_does_not_exist_is_named_and_one_that_is_missing_is_missed() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for front in Front::ALL {
        for stream in [false, true] {
            let call = front.call("no-such-model", "hello", stream);
            let trouble = refused(&gateway, front, &call, 400, "unknown model").await;
            assert!(trouble.message.contains("no-such-model"), "{trouble:?}");
        }
        let mut nameless = front.body("demo", "hello", false);
        nameless.as_object_mut().expect("a request is an object").remove("model");
        let trouble = refused(&gateway, front, &front.call_with(nameless), 400, "no model").await;
        assert!(trouble.message.contains("model"), "{trouble:?}");
    }
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn no_caller_brings_its_own_address_key_or_headers() {
    let (provider, elsewhere) = (mock("").await, mock("").await);
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let fields = [
        ("api_base", json!(elsewhere.url())),
        ("base_url", json!(elsewhere.url())),
        ("api_key", json!("sk-my-own")),
        ("extra_headers", json!({ "authorization": "Bearer sk-my-own" })),
        ("headers", json!({ "x-evil": "1" })),
        ("api_version", json!("2024-01-01")),
        ("organization", json!("org-mine")),
        ("custom_llm_provider", json!("ollama")),
        ("aws_bedrock_runtime_endpoint", json!(elsewhere.url())),
        ("vertex_project", json!("mine")),
    ];
    for front in Front::ALL {
        for (name, value) in &fields {
            let mut body = front.body("demo", "hello", false);
            body[*name] = value.clone();
            let trouble = refused(&gateway, front, &front.call_with(body), 400, name).await;
            assert!(trouble.message.contains(name), "the field is not named: {trouble:?}");
            assert!(!trouble.message.contains("sk-my-own"), "the key is repeated: {trouble:?}");
        }
    }
    assert_eq!((provider.requests().len(), elsewhere.requests().len()), (0, 0));
    serves(&gateway).await;
}
