//! Which group stands in for which, in every form the configuration knows, and how a caller has a say in it.

use serde_json::json;

use super::{chat, number};
use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

/// Which of the mocks answers a call to the group `first`, whose provider has these knobs, under these settings.
async fn check(knobs: &str, settings: &str, expected: &str) {
    let (first, second, third) = (mock(knobs).await, mock("text=second").await, mock("text=third").await);
    let config = Config::default().openai("first", &first, "").openai("second", &second, "");
    let gateway = Gateway::start(&config.openai("third", &third, "").and(settings).yaml()).await;
    for front in Front::ALL {
        for stream in [false, true] {
            let answer = gateway.call(&front.call("first", "hello", stream)).await;
            let heard = front.hear(&answer);
            let outcome = if heard.is_success() { heard.text } else { answer.status().to_string() };
            assert_eq!(outcome, expected, "{front:?} with {settings}");
        }
    }
}

#[tokio::test]
async fn fallbacks_are_understood_as_a_list_and_as_a_map() {
    let (broken, none) = ("status=500", "num_retries: 0");
    check(broken, &format!("router_settings: {{{none}, fallbacks: [{{first: [second]}}]}}"), "second").await;
    check(broken, &format!("router_settings: {{{none}, fallbacks: {{first: [third]}}}}"), "third").await;
    check(broken, &format!("litellm_settings: {{{none}, fallbacks: [{{first: [second, third]}}]}}"), "second").await;
    check(broken, &format!("router_settings: {{{none}, fallbacks: [{{second: [third]}}]}}"), "500").await;
}

#[tokio::test]
async fn groups_without_fallbacks_of_their_own_have_the_default_ones() {
    let none = "num_retries: 0";
    check("status=500", &format!("router_settings: {{{none}, default_fallbacks: [third]}}"), "third").await;
    check("status=500", &format!("litellm_settings: {{{none}, default_fallbacks: [third]}}"), "third").await;
    check("status=500", &format!("router_settings: {{{none}, fallbacks: [{{\"*\": [second]}}]}}"), "second").await;
    let both = format!("router_settings: {{{none}, fallbacks: [{{first: [second]}}], default_fallbacks: [third]}}");
    check("status=500", &both, "second").await;
}

#[tokio::test]
async fn a_longer_window_stands_in_when_the_input_is_too_long_and_only_then() {
    let settings = "router_settings: {num_retries: 0, context_window_fallbacks: [{first: [third]}]}";
    check("error=context_length", settings, "third").await;
    check("status=500", settings, "500").await;
    check("status=400", settings, "400").await;
    let ordinary = "router_settings: {num_retries: 0, fallbacks: [{first: [second]}]}";
    check("error=context_length", ordinary, "400").await;
}

#[tokio::test]
async fn another_model_stands_in_when_the_content_is_refused_and_only_then() {
    let settings = "router_settings: {num_retries: 0, content_policy_fallbacks: {first: [second]}}";
    check("error=content_policy", settings, "second").await;
    check("status=500", settings, "500").await;
    check("error=context_length", settings, "400").await;
}

#[tokio::test]
async fn fallbacks_of_fallbacks_are_tried_and_no_group_twice() {
    let (one, two, three) = (mock("status=500").await, mock("status=500").await, mock("status=500").await);
    let config = Config::default().openai("one", &one, "").openai("two", &two, "").openai("three", &three, "");
    let chains = "router_settings: {num_retries: 0, disable_cooldowns: true,
        fallbacks: [{one: [two]}, {two: [one, three]}, {three: [one, two, three]}]}";
    let gateway = Gateway::start(&config.and(chains).yaml()).await;
    for round in 1..=3 {
        let answer = chat(&gateway, "one").await;
        assert_eq!((answer.status(), number(&answer, "x-litellm-attempted-fallbacks")), (500, 2));
        let asked = [&one, &two, &three].map(|mock| mock.requests().len());
        assert_eq!(asked, [round; 3]);
    }
}

#[tokio::test]
async fn a_long_chain_of_fallbacks_ends_after_five() {
    let broken = mock("status=500").await;
    let name = |index: usize| format!("group-{index}");
    let config = (0..10).fold(Config::default(), |config, index| config.openai(&name(index), &broken, ""));
    let chain: Vec<String> = (1..10).map(name).collect();
    let settings = format!("router_settings: {{num_retries: 0, fallbacks: [{{group-0: [{}]}}]}}", chain.join(", "));
    let gateway = Gateway::start(&config.and(&settings).yaml()).await;
    let answer = chat(&gateway, "group-0").await;
    assert_eq!((answer.status(), broken.requests().len()), (500, 6));
}

#[tokio::test]
async fn the_caller_can_forbid_fallbacks_and_name_its_own() {
    let (broken, second, third) = (mock("status=500").await, mock("text=second").await, mock("text=third").await);
    let config = Config::default().openai("first", &broken, "").openai("second", &second, "");
    let settings = "router_settings: {num_retries: 0, fallbacks: [{first: [second]}]}";
    let gateway = Gateway::start(&config.openai("third", &third, "").and(settings).yaml()).await;
    let cases = [
        (json!({}), Some("second")),
        (json!({ "disable_fallbacks": true }), None),
        (json!({ "disable_fallbacks": true, "fallbacks": ["third"] }), None),
        (json!({ "fallbacks": ["third"] }), Some("third")),
        (json!({ "fallbacks": [{ "model": "third" }] }), Some("third")),
        (json!({ "fallbacks": ["nobody", "third"] }), Some("third")),
    ];
    for front in Front::ALL {
        for (wishes, expected) in &cases {
            let mut body = front.body("first", "hello", false);
            for (name, value) in wishes.as_object().expect("wishes are fields") {
                body[name] = value.clone();
            }
            let answer = gateway.call(&front.call_with(body)).await;
            let heard = front.hear(&answer);
            assert_eq!(heard.is_success().then_some(heard.text.as_str()), *expected, "{front:?} {wishes}");
        }
    }
    let all = [broken.requests(), second.requests(), third.requests()].concat();
    let leaked = all.iter().find(|one| String::from_utf8_lossy(&one.body).contains("fallbacks"));
    assert!(leaked.is_none(), "wishes to the gateway reached a provider: {leaked:?}");
}

#[tokio::test]
async fn the_providers_wait_reaches_the_caller_rounded_up() {
    for (knobs, expected) in [
        ("status=429,retry_after=7", "7"),
        ("status=429,retry_after=0.2", "1"),
        ("status=429,retry_after=2.5", "3"),
        ("status=503,retry_after=12", "12"),
    ] {
        let busy = mock(knobs).await;
        let gateway = Gateway::start(&Config::of(&busy).and("router_settings: {num_retries: 0}").yaml()).await;
        for front in Front::ALL {
            for stream in [false, true] {
                let answer = gateway.call(&front.call("demo", "hello", stream)).await;
                assert_eq!(answer.header("retry-after"), Some(expected), "{knobs}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_gets_the_operators_fallbacks_unless_it_must_be_allowed_to_call_them() {
    for (settings, narrow, wide) in [("", 200, 200), (", enforce_fallback_model_access: true", 503, 200)] {
        let (first, second, third) = (mock("status=503").await, mock("text=second").await, mock("text=third").await);
        let config = Config::default().openai("first", &first, "").openai("second", &second, "");
        let config = config.openai("third", &third, "");
        let config = config.and("router_settings: {num_retries: 0, fallbacks: [{first: [second, third]}]}");
        let config = config.and(&format!("general_settings: {{master_key: {MASTER}{settings}}}"));
        let gateway = Gateway::start(&config.yaml()).await;
        let master = Person::of(&gateway, MASTER);
        for (models, status, text) in [
            (json!(["first"]), narrow, "second"),
            (json!(["first", "third"]), wide, "third"),
            (json!([]), 200, "second"),
        ] {
            let key = master.done("POST", "/key/generate", json!({ "models": models })).await;
            let bearer = format!("Bearer {}", key["key"].as_str().expect("a key is shown"));
            let answer = gateway.call(&Front::Chat.call("first", "hello", false).header("authorization", bearer)).await;
            assert_eq!(answer.status(), status, "{models} {settings}: {}", answer.text());
            let expected = if settings.is_empty() { "second" } else { text };
            assert!(status != 200 || Front::Chat.hear(&answer).text == expected, "{models} {settings}");
        }
    }
}
