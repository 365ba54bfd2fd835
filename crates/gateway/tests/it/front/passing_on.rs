//! What of a request reaches a provider: all of the body that is addressed to it, byte for byte where the dialect is
//! the same, and nothing of what is addressed to the gateway.

use serde_json::{Value, json};

use crate::backs::{Back, Config, UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

/// A request as somebody with odd habits writes it; `MODEL` stands for the model.
const ODD: &str = r#"{ "seed":1.0,"new_field" : {"z":1,"a":[1e5, 1.10, 12345678901234567890, -0.0], "é\u00e9":"\/\ud83d\ude00 😀"},
	"model":"MODEL",  "messages":[{"role":"user","content":"hello","cache_control":{"type":"ephemeral"}, "name" : "me"}] ,"tools":[] , "x":null,
"stop":[ ], "logit_bias": {"50256":-100}	}"#;

#[tokio::test]
async fn an_openai_provider_gets_the_callers_own_bytes() {
    let provider = mock("extras").await;
    let gateway = Gateway::start(&Config::default().openai("alias", &provider, "").yaml()).await;
    let answer = gateway.call(&Call::new("POST", "/v1/chat/completions").body(ODD.replace("MODEL", "alias"))).await;
    let seen = provider.requests();
    assert_eq!(seen.len(), 1, "{}", answer.text());
    assert_eq!(String::from_utf8_lossy(&seen[0].body), ODD.replace("MODEL", "demo"));
    assert_eq!(seen[0].target, "/v1/chat/completions");
}

#[tokio::test]
async fn a_stream_only_gains_the_wish_for_usage() {
    let provider = mock("extras").await;
    let gateway = Gateway::start(&Config::default().openai("alias", &provider, "").yaml()).await;
    for (given, expected) in [
        ("", r#"{"include_usage":true}"#),
        (r#","stream_options":{"include_usage":false}"#, r#"{"include_usage":true}"#),
        (r#","stream_options":{"include_usage":true}"#, r#"{"include_usage":true}"#),
        (r#","stream_options":null"#, r#"{"include_usage":true}"#),
    ] {
        provider.clear();
        let body = ODD.replace("MODEL", "alias").replacen('{', &format!(r#"{{"stream":true{given},"#), 1);
        let answer = gateway.call(&Call::new("POST", "/v1/chat/completions").body(body.clone())).await;
        let seen = provider.requests();
        assert_eq!(seen.len(), 1, "{}", answer.text());
        let mut wanted: Value = serde_json::from_str(&body).expect("it is JSON");
        wanted["model"] = json!("demo");
        wanted["stream_options"] = serde_json::from_str(expected).expect("it is JSON");
        assert_eq!(seen[0].json(), wanted);
        let text = String::from_utf8_lossy(&seen[0].body).into_owned();
        for part in [r#"[1e5, 1.10, 12345678901234567890, -0.0]"#, r#""\/\ud83d\ude00 😀""#, r#""name" : "me""#] {
            assert!(text.contains(part), "{part} has changed: {text}");
        }
    }
}

#[tokio::test]
async fn an_anthropic_provider_gets_the_callers_own_bytes_too() {
    let provider = mock("extras").await;
    let config = Config::default().deployment("alias", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    let body = r#"{"max_tokens" : 10, "model":"MODEL", "new_field": [1.10, "\u00e9"],"messages":[{"role":"user", "content":"hello"}] }"#;
    let call = Call::new("POST", "/v1/messages").body(body.replace("MODEL", "alias"));
    let call = call.header("anthropic-version", "2023-06-01").header("anthropic-beta", "one-2025-01-01,two-2025-01-01");
    let answer = gateway.call(&call).await;
    let seen = provider.requests();
    assert_eq!(seen.len(), 1, "{}", answer.text());
    assert_eq!(String::from_utf8_lossy(&seen[0].body), body.replace("MODEL", "demo"));
    assert_eq!(seen[0].header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(seen[0].header("anthropic-beta"), Some("one-2025-01-01,two-2025-01-01"));
    assert_eq!(seen[0].header("x-api-key"), Some(UPSTREAM_KEY));
}

#[tokio::test]
async fn fields_that_are_addressed_to_the_gateway_stay_there() {
    // The mock refuses fields that its vendor does not know.
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    let fields = json!({
        "additional_drop_params": ["x"], "allowed_openai_params": ["y"], "cache": { "no-cache": true }, "caching": false,
        "context_window_fallback_dict": { "demo": "claude" }, "disable_fallbacks": false, "drop_params": true,
        "fallbacks": ["claude"], "fastest_response": false, "guardrails": [], "include_fallback_errors": true,
        "litellm_metadata": { "a": 1 }, "litellm_session_id": "s", "litellm_trace_id": "t", "max_fallbacks": 1,
        "max_retries": 1, "no-log": true, "num_retries": 1, "policies": [], "priority": 1, "request_timeout": 10,
        "retry_policy": {}, "stream_timeout": 10, "strict": false, "tags": ["a"], "timeout": 10, "ttl": 5,
    });
    for front in Front::ALL {
        for group in ["demo", "claude"] {
            for stream in [false, true] {
                let mut body = front.body(group, "hello", stream);
                let fields = fields.as_object().expect("fields").clone();
                body.as_object_mut().expect("a request is an object").extend(fields);
                let answer = gateway.call(&front.call_with(body)).await;
                assert!(front.hear(&answer).is_success(), "{front:?} to {group}: {}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn a_provider_sees_neither_the_callers_headers_nor_the_gateways_key() {
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let settings = "general_settings: {master_key: sk-canary-master}";
    let gateway = Gateway::start(&config.and(settings).yaml()).await;
    let noise = [
        ("authorization", "Bearer sk-canary-master"),
        ("x-api-key", "sk-canary-master"),
        ("cookie", "session=canary"),
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
        ("x-real-ip", "192.0.2.1"),
        ("referer", "https://canary.example"),
        ("origin", "https://canary.example"),
        ("user-agent", "canary/1"),
        ("x-stainless-lang", "canary"),
        ("openai-organization", "org-canary"),
        ("x-litellm-timeout", "60"),
        ("x-litellm-tags", "canary"),
        ("x-custom", "canary"),
        ("te", "trailers"),
        ("accept-encoding", "gzip, br"),
        ("expect", "100-continue"),
        ("idempotency-key", "canary-1"),
    ];
    for front in Front::ALL {
        for group in ["demo", "claude"] {
            let call =
                noise.iter().fold(front.call(group, "hello", true), |call, (name, value)| call.header(name, value));
            let answer = gateway.call(&call).await;
            assert!(front.hear(&answer).is_success(), "{}", answer.text());
        }
    }
    let seen = provider.wait_for_all(4, |one| one.is_over()).await.expect("all four calls arrive");
    for one in seen {
        let known =
            ["host", "content-type", "content-length", "authorization", "x-api-key", "anthropic-version", "accept"];
        for (name, value) in &one.headers {
            assert!(known.contains(&name.as_str()), "{}: {name}: {value} reached the provider", one.target);
            assert!(!value.contains("canary"), "{}: {name}: {value}", one.target);
        }
        let key = one.header("x-api-key").or(one.header("authorization")).expect("a provider is shown its key");
        assert_eq!(key.trim_start_matches("Bearer "), UPSTREAM_KEY);
        let text = String::from_utf8_lossy(&one.body).into_owned();
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn a_deployment_can_let_callers_bring_their_own_key() {
    let provider = mock("").await;
    let params = "configurable_clientside_auth_params: [api_key]";
    let gateway = Gateway::start(&Config::default().openai("demo", &provider, params).yaml()).await;
    for (field, value, status) in [("api_key", "sk-my-own", 200), ("api_base", "http://127.0.0.1:1", 400)] {
        let mut body = Front::Chat.body("demo", "first", false);
        body[field] = value.into();
        assert_eq!(gateway.call(&Front::Chat.call_with(body)).await.status(), status, "{field}");
    }
    assert_eq!(gateway.call(&Front::Chat.call("demo", "second", false)).await.status(), 200);
    let seen = provider.requests();
    let keys: Vec<Option<&str>> = seen.iter().map(|one| one.header("authorization")).collect();
    assert_eq!(keys, [Some("Bearer sk-my-own"), Some(format!("Bearer {UPSTREAM_KEY}").as_str())]);
    assert!(!String::from_utf8_lossy(&seen[0].body).contains("sk-my-own"));
}

#[tokio::test]
async fn a_callers_own_address_never_gets_the_gateways_key() {
    let (provider, elsewhere) = (mock("").await, mock("").await);
    let params =
        "configurable_clientside_auth_params: [api_key, api_base], extra_headers: {x-secret: os.environ/SECRET}";
    let config = Config::default().openai("demo", &provider, params).yaml();
    let gateway = Gateway::start_with(&config, &[], &[("SECRET", "sk-canary")]).await;
    for key in [None, Some("sk-my-own")] {
        let mut body = Front::Chat.body("demo", "hello", false);
        body["api_base"] = format!("{}/v1", elsewhere.url()).into();
        if let Some(key) = key {
            body["api_key"] = key.into();
        }
        assert_eq!(gateway.call(&Front::Chat.call_with(body)).await.status(), 200);
    }
    let seen = elsewhere.requests();
    let keys: Vec<Option<&str>> = seen.iter().map(|one| one.header("authorization")).collect();
    assert_eq!(keys, [None, Some("Bearer sk-my-own")]);
    assert!(seen.iter().all(|one| one.header("x-secret").is_none()), "a secret header went to a stranger");
    assert_eq!(provider.requests().len(), 0);
}
