//! Which deployments fit a call: by its tags, and by the region that its data must stay in.

use drill::mock::Mock;
use serde_json::json;

use super::chat;
use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Answer;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

const ON: &str = "router_settings: {num_retries: 0, enable_tag_filtering: true}";

/// A group `demo` of a free and a paid deployment, each of which says which one it is.
async fn pair(free: &str, paid: &str) -> ([Mock; 2], Config) {
    let mocks = [mock("text=free").await, mock("text=paid").await];
    let config = Config::default().openai("demo", &mocks[0], free).openai("demo", &mocks[1], paid);
    (mocks, config)
}

/// A call of any front with these tags in the header.
async fn tagged(gateway: &Gateway, front: Front, tags: &str) -> Answer {
    gateway.call(&front.call("demo", "hello", false).header("x-litellm-tags", tags)).await
}

#[tokio::test]
async fn the_tags_of_a_call_choose_its_deployment_wherever_they_are_said() {
    let (_mocks, config) = pair("tags: [free, default]", "tags: [paid]").await;
    let gateway = Gateway::start(&config.and(ON).yaml()).await;
    for _ in 0..5 {
        for (front, tags, expected) in [
            (Front::Chat, "paid", "paid"),
            (Front::Messages, "paid", "paid"),
            (Front::Chat, "!free,some-bill,paid", "paid"),
            (Front::Messages, "some-bill", "free"),
        ] {
            let answer = tagged(&gateway, front, tags).await;
            assert_eq!(front.hear(&answer).text, expected, "{tags}: {}", answer.text());
        }
        for (field, value) in [
            ("tags", json!(["paid"])),
            ("metadata", json!({ "tags": ["paid"] })),
            ("metadata", json!({ "kept": "yes", "tags": ["paid"] })),
            ("litellm_metadata", json!({ "tags": ["paid"] })),
        ] {
            let mut body = Front::Chat.body("demo", "hello", false);
            body[field] = value;
            let answer = gateway.call(&Front::Chat.call_with(body)).await;
            assert_eq!(Front::Chat.hear(&answer).text, "paid", "{field}");
        }
        assert_eq!(Front::Chat.hear(&chat(&gateway, "demo").await).text, "free");
    }
}

#[tokio::test]
async fn a_call_that_no_deployment_fits_is_refused_in_the_incumbents_words() {
    let ([free, paid], config) = pair("tags: [free]", "tags: [paid]").await;
    let gateway = Gateway::start(&config.and(ON).yaml()).await;
    for front in [Front::Chat, Front::Messages] {
        let answer = tagged(&gateway, front, "gold, some-bill").await;
        let said =
            "Not allowed to access model due to tags configuration. Passed model=demo and tags=['gold', 'some-bill']";
        assert_eq!((answer.status(), &answer.json()["error"]["message"]), (401, &json!(said)));
    }
    let error = &tagged(&gateway, Front::Chat, "gold").await.json()["error"];
    assert_eq!((&error["type"], &error["code"]), (&json!("internal_server_error"), &json!("401")));
    assert_eq!(free.requests().len() + paid.requests().len(), 0);
}

#[tokio::test]
async fn what_fits_is_all_there_is_while_it_fails_and_another_group_may_stand_in() {
    let (free, paid, other) = (mock("text=free").await, mock("status=500").await, mock("text=other").await);
    let config = Config::default().openai("demo", &free, "tags: [free, default]").openai("demo", &paid, "tags: [paid]");
    let gateway = Gateway::start(&config.clone().and(ON).yaml()).await;
    for _ in 0..10 {
        assert_eq!(tagged(&gateway, Front::Chat, "paid").await.status(), 500);
    }
    assert_eq!(free.requests().len(), 0, "who asks for one thing gets no other because it fails");
    let settings = "router_settings: {num_retries: 0, enable_tag_filtering: true, fallbacks: [{demo: [other]}]}";
    let config = config.openai("other", &other, "tags: [paid, gold]").and(settings);
    let gateway = Gateway::start(&config.yaml()).await;
    for tags in ["paid", "paid,&gold"] {
        assert_eq!(Front::Chat.hear(&tagged(&gateway, Front::Chat, tags).await).text, "other", "{tags}");
    }
}

#[tokio::test]
async fn the_operator_says_where_tags_choose_and_how_many_must_agree() {
    let (_mocks, config) = pair("tags: [a]", "tags: [a, b], weight: 1").await;
    let off = Gateway::start(&config.clone().yaml()).await;
    assert_eq!(tagged(&off, Front::Chat, "gold").await.status(), 200, "without filtering tags are for the bill");
    let all =
        "router_settings: {enable_tag_filtering: true, tag_filtering_match_any: false, tag_routing_prefix: \"to:\"}";
    let gateway = Gateway::start(&config.clone().and(all).yaml()).await;
    for _ in 0..5 {
        assert_eq!(Front::Chat.hear(&tagged(&gateway, Front::Chat, "a,to:b").await).text, "paid");
    }
    assert_eq!(tagged(&gateway, Front::Chat, "a,c").await.status(), 401);
    let yaml = config.yaml().replacen("}\n", "}\n    model_info: {enable_tag_filtering: true}\n", 1);
    let own = Gateway::start(&yaml).await;
    assert_eq!(tagged(&own, Front::Chat, "gold").await.status(), 401, "the group has a word of its own");
}

#[tokio::test]
async fn what_a_key_requires_no_caller_can_take_back() {
    let (_mocks, config) = pair("tags: [us]", "tags: [eu]").await;
    let config = config.and(ON).and(&format!("general_settings: {{master_key: {MASTER}}}"));
    let gateway = Gateway::start(&config.yaml()).await;
    let made = Person::of(&gateway, MASTER).done("POST", "/key/generate", json!({ "tags": ["&eu"] })).await;
    let key = Person::of(&gateway, made["key"].as_str().expect("a key is shown"));
    let many = (0..100).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    for (tags, expected) in [("eu", 200), ("us", 401), ("!eu", 401), (&*many, 401), ("", 200)] {
        for _ in 0..5 {
            let answer = key.send(&Front::Chat.call("demo", "hello", false).header("x-litellm-tags", tags)).await;
            assert_eq!(answer.status(), expected, "{tags}: {}", answer.text());
            assert!(expected != 200 || Front::Chat.hear(&answer).text == "paid", "{tags}");
        }
    }
}

#[tokio::test]
async fn a_customers_calls_stay_in_its_region() {
    let (_mocks, config) = pair("region_name: us-east-1", "region_name: eu-central-1").await;
    let nowhere = mock("text=nowhere").await;
    let config = config.openai("unsaid", &nowhere, "").and(&format!("general_settings: {{master_key: {MASTER}}}"));
    let gateway = Gateway::start(&config.yaml()).await;
    let master = Person::of(&gateway, MASTER);
    master.done("POST", "/customer/new", json!({ "user_id": "eve", "allowed_model_region": "eu" })).await;
    let call = |model| Front::Chat.call(model, "hello", false).header("x-litellm-customer-id", "eve");
    for _ in 0..10 {
        let answer = master.send(&call("demo")).await;
        assert_eq!(Front::Chat.hear(&answer).text, "paid", "{}", answer.text());
    }
    let answer = master.send(&call("unsaid")).await;
    assert_eq!(answer.status(), 429, "{}", answer.text());
    assert!(answer.text().contains("none of them is in the region"), "{}", answer.text());
    assert_eq!(nowhere.requests().len(), 0, "where it is nobody said");
}

#[tokio::test]
async fn a_tag_that_led_a_router_to_a_group_is_not_asked_for_again() {
    let ([free, paid], config) = pair("tags: [free]", "tags: [paid]").await;
    let settings = "router_settings: {enable_tag_filtering: true, routers: {auto: {rules: [{when: {tags: [batch]}, \
                    model: demo}], default: other}}}";
    let other = mock("").await;
    let gateway = Gateway::start(&config.openai("other", &other, "").and(settings).yaml()).await;
    let call = |tags: &str| Front::Chat.call("auto", "hello", false).header("x-litellm-tags", tags);
    for _ in 0..5 {
        let answer = gateway.call(&call("batch,paid")).await;
        assert_eq!(Front::Chat.hear(&answer).text, "paid", "{}", answer.text());
        assert_eq!(gateway.call(&call("batch")).await.status(), 200);
    }
    assert_eq!((free.requests().len() + paid.requests().len(), other.requests().len()), (10, 0));
}

#[tokio::test]
async fn a_pattern_leads_clients_to_their_deployment_and_a_bad_one_is_told_at_the_start() {
    let (_mocks, config) = pair("tags: [default]", "tag_regex: ['^User-Agent: claude-code/']").await;
    let gateway = Gateway::start(&config.clone().and(ON).yaml()).await;
    for (client, text) in [("claude-code/2.1", "paid"), ("curl/8", "free"), ("not claude-code/2.1", "free")] {
        for _ in 0..5 {
            let call = Front::Chat.call("demo", "hello", false).header("user-agent", client);
            assert_eq!(Front::Chat.hear(&gateway.call(&call).await).text, text, "{client}");
        }
    }
}
