//! Requests that say two things at once, so that the gateway might read one and a provider the other; and callers that
//! try to make a deployment look bad to everybody else.

use serde_json::Value;

use super::{refusal, serves};
use crate::backs::{Back, Config, mock};
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
        r#","api_key":"sk-own","api_key":null"#,
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

#[tokio::test]
async fn an_impatient_caller_does_not_make_a_deployment_rest_for_others() {
    let (slow, other) = (mock("delay_ms=100").await, mock("").await);
    let config = Config::default().openai("demo", &slow, "weight: 1000000000").openai("demo", &other, "weight: 1");
    let gateway = Gateway::start(&config.and("router_settings: {num_retries: 0}").yaml()).await;
    for front in Front::ALL {
        for stream in [false, true] {
            for _ in 0..5 {
                let call = front.call("demo", "hello", stream).header("x-litellm-timeout", "0.01");
                assert_eq!(gateway.call(&call).await.status(), 504);
            }
        }
    }
    slow.clear();
    assert_eq!(gateway.call(&Front::Chat.call("demo", "hello", false)).await.status(), 200);
    assert_eq!((slow.requests().len(), other.requests().len()), (1, 0), "it rests because somebody was impatient");
}
