//! The master key: every header it may come in, and the refusals.

use std::time::Instant;

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::{Call, Line};
use crate::gateway::Gateway;

/// The key that opens everything.
const KEY: &str = "sk-master-key";

async fn locked() -> (drill::mock::Mock, Gateway) {
    let provider = mock("").await;
    let gateway =
        Gateway::start(&Config::of(&provider).and(&format!("general_settings: {{master_key: {KEY}}}")).yaml()).await;
    (provider, gateway)
}

#[tokio::test]
async fn the_key_is_taken_from_each_header_that_clients_use() {
    let (_provider, gateway) = locked().await;
    let bearer = format!("Bearer {KEY}");
    for (name, value) in [
        ("authorization", bearer.as_str()),
        ("authorization", &format!("bearer {KEY}")),
        ("authorization", KEY),
        ("x-litellm-api-key", KEY),
        ("x-litellm-api-key", &bearer),
        ("api-key", KEY),
        ("x-api-key", KEY),
        ("x-goog-api-key", KEY),
        ("x-gateway-key", KEY),
        ("X-API-Key", KEY),
    ] {
        for front in Front::ALL {
            let answer = gateway.call(&front.call("demo", "hello", false).header(name, value)).await;
            assert!(front.hear(&answer).is_success(), "{name}: {value}: {}", answer.text());
        }
        assert_eq!(gateway.call(&Call::get("/v1/models").header(name, value)).await.status(), 200, "{name}");
    }
}

#[tokio::test]
async fn the_gateways_own_header_wins_over_the_others() {
    let (_provider, gateway) = locked().await;
    let call = |own: &str, other: &str| {
        let call = Front::Chat.call("demo", "hello", false).header("authorization", format!("Bearer {other}"));
        call.header("x-litellm-api-key", own)
    };
    assert_eq!(gateway.call(&call(KEY, "sk-of-somebody-else")).await.status(), 200);
    assert_eq!(gateway.call(&call("sk-of-somebody-else", KEY)).await.status(), 401);
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_refused_in_the_callers_words() {
    let (provider, gateway) = locked().await;
    let long = "a".repeat(10_000);
    let wrong = ["", "sk-wrong", "Bearer", "Bearer ", "sk-master-ke", "sk-master-keyy", "SK-MASTER-KEY", " ", &long];
    for front in Front::ALL {
        // The incumbent's words for OpenAI's clients, Anthropic's own for Anthropic's.
        let kinds = match front {
            Front::Messages => ["authentication_error"; 3],
            _ => ["auth_error", "token_not_found_in_db", "auth_error"].map(|kind| front.kind(kind)),
        };
        let nobody = gateway.call(&front.call("demo", "hello", true)).await;
        let trouble = front.hear(&nobody).trouble.expect("nobody is let in without a key");
        assert_eq!((nobody.status(), trouble.kind.as_str()), (401, kinds[0]), "{trouble:?}");
        assert!(trouble.message.to_lowercase().contains("no api key"), "{trouble:?}");
        for given in wrong {
            for name in ["authorization", "x-api-key", "x-litellm-api-key"] {
                let answer = gateway.call(&front.call("demo", "hello", false).header(name, given)).await;
                let trouble = front.hear(&answer).trouble.unwrap_or_else(|| panic!("{name}: {given:?} is let in"));
                let kind = if given.starts_with("sk-") { kinds[1] } else { kinds[2] };
                assert_eq!((answer.status(), trouble.kind.as_str()), (401, kind), "{name}: {given:?}");
                assert!(given.trim().len() < 6 || !answer.text().contains(given), "the key is repeated");
            }
        }
    }
    let chat = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
    assert_eq!(Front::Chat.hear(&chat).trouble.expect("refused").code, "401");
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn a_wrong_key_is_refused_before_anything_else_is_looked_at() {
    let (_provider, gateway) = locked().await;
    for body in ["", "not JSON", "{\"model\": \"no-such-model\"}", "{\"model\": 5}"] {
        let answer =
            gateway.call(&Front::Chat.call("demo", "", false).body(body).header("x-api-key", "sk-wrong")).await;
        assert_eq!(answer.status(), 401, "{body:?}");
    }
    for path in ["/v1/models", "/v1/models/demo", "/models"] {
        assert_eq!(gateway.call(&Call::get(path)).await.status(), 401, "{path}");
    }
    assert_eq!(gateway.call(&Call::new("POST", "/config/reload")).await.status(), 401);
}

#[tokio::test]
async fn health_is_open_to_everybody() {
    let (_provider, gateway) = locked().await;
    for path in ["/health/liveliness", "/health/liveness", "/health/readiness"] {
        assert_eq!(gateway.call(&Call::get(path)).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn the_key_can_come_from_the_environment_and_from_a_header_of_the_operators_choice() {
    let provider = mock("").await;
    let settings = "general_settings: {master_key: os.environ/MY_KEY, litellm_key_header_name: x-company-key}";
    let config = Config::of(&provider).and(settings).yaml();
    let gateway = Gateway::start_with(&config, &[], &[("MY_KEY", "sk-from-outside")]).await;
    let call = |name: &str, key: &str| Front::Chat.call("demo", "hello", false).header(name, key);
    assert_eq!(gateway.call(&call("x-company-key", "Bearer sk-from-outside")).await.status(), 200);
    assert_eq!(gateway.call(&call("x-company-key", "sk-wrong")).await.status(), 401);
    assert_eq!(gateway.call(&call("x-api-key", "sk-from-outside")).await.status(), 200);
}

#[tokio::test]
async fn whoever_has_no_key_is_refused_before_its_body_has_come() {
    let (_provider, gateway) = locked().await;
    for front in Front::ALL {
        for key in ["", "sk-wrong"] {
            let call = Call::new("POST", front.path()).header("x-api-key", key).header("content-length", 30 << 20);
            let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
            line.send(&call.body(b"{\"model\":").bytes()).await.expect("a head can be sent");
            let answer = line.answer(Instant::now()).await.finish().await;
            assert_eq!(answer.status(), 401, "{}", answer.text());
            assert!(front.hear(&answer).trouble.is_some());
        }
    }
}

#[tokio::test]
async fn whoever_has_no_key_cannot_fill_the_memory_of_the_control_plane_either() {
    let (_provider, gateway) = locked().await;
    let large = |key: &str| {
        let call = Call::new("POST", "/config/reload").header("x-api-key", key);
        call.body(vec![b' '; 1 << 20])
    };
    assert_eq!(gateway.call(&large("sk-wrong")).await.status(), 413);
    assert_eq!(gateway.call(&large(KEY)).await.status(), 200);
    let anthropic = gateway.call(&large("sk-wrong").header("anthropic-version", "2023-06-01")).await;
    assert_eq!((anthropic.status(), &anthropic.json()["error"]["type"]), (413, &"request_too_large".into()));
}
