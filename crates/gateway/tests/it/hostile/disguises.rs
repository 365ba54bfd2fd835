//! Requests that say two things at once, so that the gateway might read one and a provider the other; and callers that
//! try to make a deployment look bad to everybody else.

use drill::mock::Mock;
use serde_json::Value;

use super::{refusal, serves};
use crate::backs::{Back, Config, UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

/// An ordinary request with more fields in front and behind.
fn between(front: Front, before: &str, behind: &str) -> Call {
    let body = front.body("demo", "hello", false).to_string();
    let inside = body.strip_prefix('{').and_then(|body| body.strip_suffix('}')).expect("a request is an object");
    front.call_with(Value::Null).body(format!("{{{before}{inside}{behind}}}"))
}

#[tokio::test]
async fn a_field_that_is_there_twice_means_the_same_to_everybody() {
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    let twice = [
        ("", r#","model":"other""#),
        ("", r#","m\u006fdel":"other""#),
        (r#""model":"claude","#, ""),
        ("", r#","stream":true"#),
        (r#""stream":true,"#, ""),
        ("", r#","num_retries":1,"num_retries":2"#),
        ("", r#","ti\u006deout":10"#),
        ("", r#","api_key":"other","api_key":null"#),
    ];
    for front in Front::ALL {
        for (before, behind) in twice {
            provider.clear();
            let answer = gateway.call(&between(front, before, behind)).await;
            let heard = front.try_hear(&answer);
            let clear = heard.as_ref().is_ok_and(|heard| heard.is_success() || answer.status() == 400);
            assert!(clear, "{front:?} {before} {behind}: status {} {heard:?}", answer.status());
            for one in provider.requests() {
                assert_eq!(one.json()["model"], "demo", "{front:?} {before} {behind}: {one:?}");
                let body = String::from_utf8_lossy(&one.body).into_owned();
                assert!(!body.contains("other"), "{front:?} {before} {behind}: {body}");
            }
        }
    }
    serves(&gateway).await;
}

#[tokio::test]
async fn a_forbidden_field_is_seen_through_any_disguise() {
    let provider = mock("extras").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let fields = [
        r#","api_key":"sk-own""#,
        r#","api\u005fkey":"sk-own""#,
        r#","\u0061\u0070\u0069\u005f\u006b\u0065\u0079":"sk-own""#,
        r#","api_key":null,"api_key":"sk-own""#,
        r#","api_base":["http://127.0.0.1:1"]"#,
        r#","extra_headers":"x: y""#,
    ];
    for front in Front::ALL {
        for field in fields {
            let answer = gateway.call(&between(front, "", field)).await;
            assert_eq!(answer.status(), 400, "{field}: {}", answer.text());
            refusal(front, &answer, field);
        }
    }
    assert_eq!(provider.requests().len(), 0);
}

/// A group in which `first` is chosen before a healthy one, as long as it may be; and both.
async fn pair(knobs: &str, group: &str, model: &str, params: &str) -> (Mock, Mock, Gateway) {
    let (first, other) = (mock(knobs).await, mock("").await);
    let (base, other_base) = (Back::OpenAi.base(&first.url()), Back::OpenAi.base(&other.url()));
    let config = Config::default().model(group, model, &base, &format!("weight: 1000000000{params}"));
    let config = config.model(group, "openai/other", &other_base, &format!("weight: 1{params}"));
    let gateway = Gateway::start(&config.and("router_settings: {num_retries: 0}").yaml()).await;
    (first, other, gateway)
}

/// Whether somebody else's call still goes to the first of the two.
async fn still_chosen(first: &Mock, other: &Mock, gateway: &Gateway, model: &str) {
    first.clear();
    other.clear();
    assert_eq!(gateway.call(&Front::Chat.call(model, "hello", false)).await.status(), 200);
    assert_eq!((first.requests().len(), other.requests().len()), (1, 0), "it rests because of a single caller");
}

#[tokio::test]
async fn an_impatient_caller_does_not_make_a_deployment_rest_for_others() {
    let (slow, other, gateway) = pair("delay_ms=100", "demo", "openai/demo", "").await;
    for front in Front::ALL {
        for stream in [false, true] {
            for _ in 0..5 {
                let call = front.call("demo", "hello", stream).header("x-litellm-timeout", "0.01");
                assert_eq!(gateway.call(&call).await.status(), 504);
            }
        }
    }
    still_chosen(&slow, &other, &gateway, "demo").await;
}

#[tokio::test]
async fn a_caller_with_a_wrong_key_of_its_own_does_not_make_a_deployment_rest_for_others() {
    let knobs = format!("key={UPSTREAM_KEY}");
    let params = ", configurable_clientside_auth_params: [api_key]";
    let (locked, other, gateway) = pair(&knobs, "demo", "openai/demo", params).await;
    for front in Front::ALL {
        for _ in 0..5 {
            let mut body = front.body("demo", "hello", false);
            body["api_key"] = "sk-wrong".into();
            let answer = gateway.call(&front.call_with(body)).await;
            let trouble = refusal(front, &answer, "a wrong key");
            assert_eq!(
                (answer.status(), trouble.kind.as_str()),
                (401, front.kind("authentication_error")),
                "it is the caller's key"
            );
        }
    }
    still_chosen(&locked, &other, &gateway, "demo").await;
}

#[tokio::test]
async fn a_caller_who_asks_for_a_model_that_is_not_there_does_not_make_a_wildcard_rest_for_others() {
    let (first, other, gateway) = pair("", "any/*", "openai/*", "").await;
    for front in Front::ALL {
        for _ in 0..5 {
            let answer = gateway.call(&front.call("any/demo@error=not_found", "hello", false)).await;
            assert_eq!(answer.status(), 404, "{}", answer.text());
        }
    }
    still_chosen(&first, &other, &gateway, "any/demo").await;
}

#[tokio::test]
async fn a_models_name_leads_to_no_other_path_of_a_provider() {
    let provider = mock("").await;
    let base = Back::Gemini.base(&provider.url());
    let config = Config::of(&provider).model("gemini/*", "gemini/*", &base, "");
    let gateway = Gateway::start(&config.yaml()).await;
    let names = [
        "../../mock/requests",
        "a/../../../mock/requests?x=",
        "a%2f..%2fb",
        "a?key=other",
        "a#b",
        "a b",
        "a:countTokens?x=",
        "a HTTP/1.1\r\nx-evil: 1\r\nhost: other\r\n\r\n",
        "a\u{0}b",
        "\u{e9}\u{1f600}",
        "..",
        ".",
    ];
    for name in names {
        for front in Front::ALL {
            provider.clear();
            let answer = gateway.call(&front.call(&format!("gemini/{name}"), "hello", false)).await;
            assert!(answer.status() < 500, "{name:?}: {}", answer.text());
            for one in provider.requests() {
                let path = one.target.split('?').next().unwrap_or_default();
                let straight = path.starts_with("/v1beta/models/") && path.ends_with(":generateContent");
                let parts = path.split('/').count();
                assert!(straight && parts == 4, "{name:?} leads to {}", one.target);
                assert_eq!((one.header("x-evil"), one.target.contains("key=other")), (None, false), "{name:?}");
            }
        }
    }
    serves(&gateway).await;
}
