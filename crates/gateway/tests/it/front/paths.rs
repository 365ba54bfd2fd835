//! Which paths there are, and what they answer besides models' answers.

use serde_json::{Value, json};

use crate::backs::{Back, Config, asked, mock};
use crate::callers::Front;
use crate::client::{Answer, Call};
use crate::gateway::Gateway;

#[tokio::test]
async fn health_answers_as_clients_of_the_incumbent_expect() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for path in ["/health/liveliness", "/health/liveness"] {
        let answer = gateway.call(&Call::get(path)).await;
        assert_eq!((answer.status(), answer.text().as_str()), (200, "\"I'm alive!\""), "{path}");
    }
    let ready = gateway.call(&Call::get("/health/readiness")).await;
    assert_eq!((ready.status(), &ready.json()["status"]), (200, &json!("healthy")));
    assert_eq!(provider.requests().len(), 0, "health costs nothing");
}

#[tokio::test]
async fn models_are_listed_in_both_dialects() {
    let provider = mock("").await;
    let config = Config::of(&provider).openai("second", &provider, "").openai("demo", &provider, "weight: 2");
    let settings = "router_settings: {model_group_alias: {nickname: demo, secret: {model: demo, hidden: true}}}";
    let gateway = Gateway::start(&config.and(settings).yaml()).await;
    let ids = |list: &Value| -> Vec<String> {
        let data = list["data"].as_array().expect("a list of models");
        data.iter().map(|model| model["id"].as_str().expect("a model has an id").to_owned()).collect()
    };
    for path in ["/v1/models", "/models"] {
        let list = gateway.call(&Call::get(path)).await.json();
        assert_eq!(list["object"], "list");
        assert_eq!(ids(&list), ["demo", "nickname", "second"], "each name once, hidden ones not at all");
        for model in list["data"].as_array().expect("a list of models") {
            assert_eq!((&model["object"], model["created"].is_u64()), (&json!("model"), true), "{model}");
        }
    }
    let list = gateway.call(&Call::get("/v1/models").header("anthropic-version", "2023-06-01")).await.json();
    assert_eq!((ids(&list).len(), &list["has_more"], &list["first_id"]), (3, &json!(false), &json!("demo")));
    assert_eq!(list["data"][0]["type"], "model");
    let one = gateway.call(&Call::get("/v1/models/demo")).await;
    assert_eq!((one.status(), &one.json()["id"]), (200, &json!("demo")));
    let none = gateway.call(&Call::get("/v1/models/no-such-model")).await;
    assert_eq!((none.status(), &none.json()["error"]["code"]), (404, &json!("model_not_found")));
    for name in ["nickname", "secret"] {
        assert_eq!(gateway.call(&Front::Chat.call(name, "hello", false)).await.status(), 200, "{name}");
    }
}

#[tokio::test]
async fn a_model_in_the_path_wins_over_the_body_on_all_older_paths() {
    let provider = mock("").await;
    let config = Config::of(&provider).openai("team/large", &provider, "");
    let gateway = Gateway::start(&config.yaml()).await;
    let chat = |model: Value| json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }] });
    let mut nameless = chat(Value::Null);
    nameless.as_object_mut().expect("a request is an object").remove("model");
    for path in ["/v1/chat/completions?api-version=1", "/chat/completions", "/chat/completions/"] {
        let answer = gateway.call(&Call::post(path, &chat(json!("demo")))).await;
        assert_eq!(Front::Chat.hear(&answer).text, "You said: hello", "{path}");
    }
    for path in [
        "/engines/demo/chat/completions",
        "/openai/deployments/demo/chat/completions",
        "/openai/deployments/demo/chat/completions?api-version=2024-10-21",
        "/openai/deployments/team%2Flarge/chat/completions",
        "/openai/deployments/team/large/chat/completions",
    ] {
        for body in [chat(json!("no-such-model")), chat(Value::Null), nameless.clone()] {
            let answer = gateway.call(&Call::post(path, &body)).await;
            assert_eq!(Front::Chat.hear(&answer).text, "You said: hello", "{path} with {body}");
        }
    }
    let unknown = gateway.call(&Call::post("/engines/no-such-model/chat/completions", &chat(json!("demo")))).await;
    assert_eq!(unknown.status(), 400);
}

#[tokio::test]
async fn completions_embeddings_and_token_counts_have_their_paths() {
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    for path in ["/v1/completions", "/completions", "/engines/demo/completions"] {
        let answer = gateway.call(&Call::post(path, &json!({ "model": "demo", "prompt": "hello" }))).await;
        assert_eq!(answer.json()["choices"][0]["text"], "You said: hello", "{path}: {}", answer.text());
    }
    for path in ["/v1/embeddings", "/embeddings", "/openai/deployments/demo/embeddings"] {
        let answer = gateway.call(&Call::post(path, &json!({ "model": "demo", "input": ["one", "two"] }))).await;
        assert_eq!(answer.json()["data"].as_array().map(Vec::len), Some(2), "{path}: {}", answer.text());
    }
    for group in ["demo", "claude"] {
        for stream in [json!({}), json!({ "stream": false }), json!({ "stream": true })] {
            let mut body = Front::Messages.body(group, "three words here", false);
            let fields = body.as_object_mut().expect("a request is an object");
            fields.remove("max_tokens");
            fields.remove("stream");
            fields.extend(stream.as_object().expect("fields").clone());
            let call = Call::post("/v1/messages/count_tokens", &body).header("anthropic-version", "2023-06-01");
            let answer = gateway.call(&call).await;
            if answer.status() == 400 && fields_are_refused(&answer) {
                continue;
            }
            assert_eq!(answer.header("content-type"), Some("application/json"), "{group} {stream}");
            let count = answer.json()["input_tokens"].as_u64();
            assert!(count.is_some_and(|count| (1..50).contains(&count)), "{group} {stream}: {}", answer.text());
        }
    }
}

/// Whether a provider refused a field that this operation does not have.
fn fields_are_refused(answer: &Answer) -> bool {
    answer.text().contains("stream")
}

#[tokio::test]
async fn the_headers_of_an_answer_tell_how_it_came_about() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for front in Front::ALL {
        for stream in [false, true] {
            let call = front.call("demo", "hello", stream).header("x-litellm-call-id", "my-own-id");
            let answer = gateway.call(&call).await;
            let base = format!("{}/v1", provider.url());
            for (name, expected) in [
                ("x-litellm-call-id", "my-own-id"),
                ("x-litellm-model-group", "demo"),
                ("x-litellm-model-name", "openai/demo"),
                ("x-litellm-model-api-base", base.as_str()),
                ("x-litellm-attempted-retries", "0"),
                ("x-litellm-attempted-fallbacks", "0"),
            ] {
                assert_eq!(answer.header(name), Some(expected), "{front:?} {stream}: {name}");
            }
            for name in ["x-litellm-model-id", "x-litellm-version", "llm_provider-x-request-id"] {
                assert!(answer.header(name).is_some_and(|value| !value.is_empty()), "{front:?} {stream}: {name}");
            }
            for name in ["x-litellm-response-duration-ms", "x-litellm-overhead-duration-ms"] {
                let value = answer.header(name).and_then(|value| value.parse::<f64>().ok());
                assert!(value.is_some_and(|ms| (0.0..5000.0).contains(&ms)), "{front:?} {stream}: {name} {value:?}");
            }
            let cut = ["transfer-encoding", "connection", "content-length", "set-cookie"];
            let leaked = cut.iter().find(|name| answer.header(&format!("llm_provider-{name}")).is_some());
            assert_eq!(leaked, None, "a header that is only true between provider and gateway");
            if stream {
                let kind = match front {
                    Front::Ollama => "application/x-ndjson",
                    _ => "text/event-stream; charset=utf-8",
                };
                for (name, expected) in
                    [("content-type", kind), ("cache-control", "no-cache"), ("x-accel-buffering", "no")]
                {
                    assert_eq!(answer.header(name), Some(expected), "{front:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_call_has_an_id_of_its_own_refused_ones_too() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let mut ids = Vec::new();
    for (model, status) in [("demo", 200), ("demo", 200), ("no-such-model", 400), ("", 400)] {
        let answer = gateway.call(&Front::Chat.call(model, "hello", false)).await;
        assert_eq!(answer.status(), status);
        let id =
            answer.header("x-litellm-call-id").unwrap_or_else(|| panic!("no id with status {status} for {model:?}"));
        assert_eq!(id.len(), 36, "{id} is no UUID");
        ids.push(id.to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(asked(&provider, "hello").len(), 2);
}

#[tokio::test]
async fn a_refusal_has_the_id_of_its_call_whoever_makes_it() {
    let provider = mock("").await;
    let settings = "general_settings: {master_key: sk-master-key, max_request_size_mb: 0.5}";
    let gateway = Gateway::start(&Config::of(&provider).and(settings).yaml()).await;
    for front in Front::ALL {
        let call = |text: &str, key: &str| front.call("demo", text, true).header("x-api-key", key);
        for (what, status, call) in [
            ("no key", 401, front.call("demo", "hello", true)),
            ("a wrong key", 401, call("hello", "sk-wrong")),
            ("a large body", 413, call(&"long ".repeat(200_000), "sk-master-key")),
            ("no JSON", 400, call("hello", "sk-master-key").body("nonsense")),
            ("no such model", 400, front.call("nobody", "hello", false).header("x-api-key", "sk-master-key")),
            ("the wrong method", 405, Call::get(front.path())),
            ("no method", 405, Call::new("BREW", front.path())),
        ] {
            let id = match front {
                Front::Chat | Front::Ollama | Front::Gemini | Front::Responses => "x-request-id",
                Front::Messages => "request-id",
            };
            let fresh = gateway.call(&call).await;
            assert_eq!(fresh.status(), status, "{front:?}: {what}: {}", fresh.text());
            assert!(front.hear(&fresh).trouble.is_some(), "{front:?}: {what}");
            assert_eq!(fresh.header("x-litellm-call-id").map(str::len), Some(36), "{front:?}: {what}");
            assert_eq!(fresh.header(id), fresh.header("x-litellm-call-id"), "{front:?}: {what}");
            assert_eq!(fresh.header("allow").is_some(), status == 405, "{front:?}: {what}");
            let own = gateway.call(&call.header("x-litellm-call-id", "my-own-id")).await;
            for name in [id, "x-litellm-call-id"] {
                assert_eq!(own.header(name), Some("my-own-id"), "{front:?}: {what}");
            }
        }
    }
    let large = Front::Chat.call("demo", &"long ".repeat(200_000), true).header("x-api-key", "sk-master-key");
    let large = gateway.call(&large).await.text();
    assert!(large.contains("0.5 MiB"), "{large}");
    let wrong = gateway.call(&Call::new("DELETE", "/health/readiness")).await;
    assert_eq!((wrong.status(), wrong.header("allow")), (405, Some("GET,HEAD")));
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn a_browser_may_call_from_the_origins_that_were_named() {
    let provider = mock("").await;
    let settings = "general_settings: {master_key: sk-master}";
    let config = Config::of(&provider).and(settings).yaml();
    let flags = ["--cors-origins", "https://app.example, http://localhost:3000"];
    let gateway = Gateway::start_with(&config, &flags, &[]).await;
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    for (origin, expected) in [
        ("https://app.example", Some("https://app.example")),
        ("http://localhost:3000", Some("http://localhost:3000")),
        ("https://app.example.evil.example", None),
        ("http://app.example", None),
        ("null", None),
    ] {
        let ask = Call::new("OPTIONS", "/v1/chat/completions").header("origin", origin);
        let ask = ask.header("access-control-request-method", "POST");
        let before = gateway.call(&ask.header("access-control-request-headers", "authorization, x-custom")).await;
        assert_eq!(allowed(&before).as_deref(), expected, "{origin}");
        if expected.is_some() {
            assert!(before.status() < 300, "asking needs no key: {}", before.status());
            let headers = before.header("access-control-allow-headers").unwrap_or_default();
            assert!(headers.contains("authorization") && headers.contains("x-custom"), "{headers}");
        }
        for (key, status) in [("sk-master", 200), ("sk-wrong", 401)] {
            let call = Front::Chat.call("demo", "hello", true).header("origin", origin).header("x-api-key", key);
            let answer = gateway.call(&call).await;
            assert_eq!((answer.status(), allowed(&answer).as_deref()), (status, expected), "{origin}");
        }
    }
}
