//! Questions about calls that are not made: `/utils/route` and the incumbent's two beside it.

use drill::mock::Mock;
use serde_json::{Value, json};

use crate::backs::{Back, Config, UPSTREAM_KEY, mock};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Office, Person};

/// A gateway with these deployments and a master key; `more` are further sections.
async fn start(config: Config, more: &str) -> Gateway {
    Gateway::start(&format!("{}\n{more}\ngeneral_settings: {{master_key: {MASTER}}}\n", config.yaml())).await
}

fn chat(model: &str, text: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": text }] })
}

async fn explained(person: &Person<'_>, question: Value) -> Value {
    person.done("POST", "/utils/route", question).await
}

async fn route_of(gateway: &Gateway, body: Value) -> Value {
    explained(&Person::of(gateway, MASTER), json!({ "request_body": body })).await
}

/// Why each candidate of the first group is left out, by the text of its model.
fn reasons(explanation: &Value) -> Vec<(&str, &str)> {
    let candidates = explanation["groups"][0]["candidates"].as_array().expect("the group has candidates");
    let reason = |one: &Value| one["reason"]["type"].as_str().map_or("kept".to_owned(), str::to_owned);
    candidates.iter().map(|one| (one["model"].as_str().expect("it has a model"), &*reason(one).leak())).collect()
}

#[tokio::test]
async fn a_call_is_explained_from_the_router_to_the_body_and_nothing_is_sent() {
    let (small, premium) = (mock("").await, mock("").await);
    let config =
        Config::default().openai("small", &small, "").deployment("premium", Back::Anthropic, &premium.url(), "");
    let routers = "router_settings:\n  routers:\n    auto:\n      rules:\n      - {name: hard, when: {tier: [complex, \
                   reasoning]}, model: premium}\n      - {name: dear, model: premium, max_price: 0}\n      \
                   - {name: usual, model: small}\n";
    let gateway = start(config, routers).await;
    let easy = route_of(&gateway, chat("auto", "Hi there, how are you?")).await;
    let rules = &easy["router"]["rules"];
    assert_eq!((&easy["router"]["name"], &rules[0]["condition_not_met"]), (&json!("auto"), &json!("tier")));
    assert_eq!(rules[1]["models_left_out"][0]["model"], "premium");
    assert_eq!(rules[2]["model"], "small");
    assert!(easy["router"]["decision"].as_str().unwrap().starts_with("model=small; rule=usual; intent=chat"));
    let hard = "Prove rigorously, step by step, that there are infinitely many primes.";
    let hard = route_of(&gateway, chat("auto", hard)).await;
    assert_eq!(hard["groups"][0]["model_group"], "premium");
    assert_eq!(hard["chosen"], hard["groups"][0]["candidates"][0]["model_id"]);
    let upstream = &hard["upstream_request"];
    assert_eq!(upstream["url"], format!("{}/v1/messages", premium.url()));
    assert_eq!(
        (&upstream["body"]["model"], &upstream["body"]["messages"][0]["role"]),
        (&json!("demo"), &json!("user"))
    );
    assert_eq!(upstream["headers"]["x-api-key"], "***");
    assert!(!hard.to_string().contains(UPSTREAM_KEY) && !easy.to_string().contains(UPSTREAM_KEY));
    assert_eq!((small.requests().len(), premium.requests().len()), (0, 0));
}

#[tokio::test]
async fn every_reason_to_leave_a_deployment_out_is_told() {
    let names = ["kept", "tags", "full", "spent", "later", "rests"];
    let mut mocks: Vec<Mock> = Vec::new();
    let mut config = Config::default();
    for name in names {
        let mock = mock(if name == "rests" { "status=401" } else { "" }).await;
        let more = match name {
            "tags" => "tags: [other]",
            "full" => "tags: [mine], order: 1, rpm: 1",
            "spent" => "tags: [mine], order: 1, max_budget: 0, budget_duration: 1d",
            "later" => "tags: [mine], order: 9",
            _ => "tags: [mine], order: 1",
        };
        config = config.model("demo", &format!("openai/{name}"), &Back::OpenAi.base(&mock.url()), more);
        mocks.push(mock);
    }
    let settings = "router_settings: {num_retries: 9, enable_tag_filtering: true, cooldown_time: 600, \
                    optional_pre_call_checks: [enforce_model_rate_limits]}";
    let gateway = start(config, settings).await;
    let master = Person::of(&gateway, MASTER);
    let body = || json!({ "tags": ["mine"], "model": "demo", "messages": [{ "role": "user", "content": "hello" }] });
    // Each of those that can be used up is used once.
    for _ in 0..60 {
        master.done("POST", "/v1/chat/completions", body()).await;
    }
    let explanation = route_of(&gateway, body()).await;
    assert_eq!(
        reasons(&explanation),
        [
            ("openai/kept", "kept"),
            ("openai/tags", "tags"),
            ("openai/full", "limit"),
            ("openai/spent", "budget"),
            ("openai/later", "order"),
            ("openai/rests", "rest"),
        ]
    );
    let candidates = explanation["groups"][0]["candidates"].as_array().unwrap();
    assert_eq!((&candidates[0]["chosen"], &candidates[0]["chance"]), (&json!(true), &json!(1.0)));
    assert_eq!(candidates[2]["left"][0]["limits"][0], json!({ "limit_type": "requests", "limit": 1, "remaining": 0 }));
    assert!(candidates[5]["rests_for_ms"].as_u64().unwrap() > 500_000, "{explanation}");
    assert_eq!(explanation["upstream_request"]["body"].get("tags"), None, "what is meant for us goes no further");
}

#[tokio::test]
async fn a_region_and_a_fallback_are_followed_as_in_a_call() {
    let (here, there) = (mock("").await, mock("").await);
    let config = Config::default().openai("demo", &here, "region_name: us-east-1").openai(
        "spare",
        &there,
        "region_name: eu-west-1",
    );
    let gateway = start(config, "router_settings: {fallbacks: [{demo: [spare]}]}").await;
    let master = Person::of(&gateway, MASTER);
    master.done("POST", "/customer/new", json!({ "user_id": "alice", "allowed_model_region": "eu" })).await;
    let mut body = chat("demo", "hello");
    body["user"] = json!("alice");
    let explanation = route_of(&gateway, body).await;
    assert_eq!(reasons(&explanation), [("openai/demo", "region")]);
    assert!(explanation["groups"][0]["error"]["message"].as_str().unwrap().contains("in the region \"eu\""));
    assert_eq!(explanation["groups"][1]["model_group"], "spare");
    assert_eq!(explanation["chosen"], explanation["groups"][1]["candidates"][0]["model_id"]);
    assert_eq!(explanation["error"], Value::Null);
}

#[tokio::test]
async fn asking_takes_nothing_and_tells_what_is_left() {
    let office = Office::open("").await;
    let key = office.key(json!({ "rpm_limit": 1, "max_budget": 5.0 })).await;
    let person = office.with(&key);
    let question = || json!({ "request_body": chat("demo", "hello") });
    for _ in 0..5 {
        let explanation = explained(&person, question()).await;
        assert_eq!(explanation["error"], Value::Null);
        let payer = &explanation["payers"][0];
        assert_eq!(payer["limits"][0], json!({ "limit_type": "requests", "limit": 1, "remaining": 1 }));
        assert_eq!((&payer["budgets"][0]["remaining"], &payer["budgets"][0]["held"]), (&json!(5.0), &json!(0.0)));
    }
    person.done("POST", "/v1/chat/completions", chat("demo", "hello")).await;
    let refused = explained(&person, question()).await;
    assert_eq!(refused["error"]["status"], 429);
    assert_eq!(refused["payers"][0]["limits"][0]["remaining"], 0);
    let real = person.ask("POST", "/v1/chat/completions", chat("demo", "hello")).await.json();
    assert_eq!(real["error"]["message"], refused["error"]["message"], "what is foretold is what happens");
}

#[tokio::test]
async fn a_key_asks_for_itself_and_who_may_see_it_for_others() {
    let office = Office::open("router_settings: {}").await;
    let narrow = office.key(json!({ "models": ["other"] })).await;
    let wide = office.key(json!({})).await;
    let question = |key: Option<&str>| json!({ "request_body": chat("demo", "hello"), "key": key });
    let own = explained(&office.with(&narrow), question(None)).await;
    assert_eq!((&own["error"]["status"], &own["groups"]), (&json!(403), &json!([])));
    let teams = office.master().done("POST", "/team/new", json!({ "max_budget": 7.0, "rpm_limit": 9 })).await;
    let member = office.key(json!({ "team_id": teams["team_id"] })).await;
    let seen = explained(&office.with(&member), question(None)).await;
    let payer = &seen["payers"][0];
    assert_eq!((&payer["type"], &payer["limits"][0]["limit"]), (&json!("team"), &json!(9)));
    assert_eq!(payer["budgets"], json!([]), "a team's money is no business of every key");
    let seen = explained(&office.master(), question(Some(&member))).await;
    assert_eq!(seen["payers"][0]["budgets"][0]["max_budget"], 7.0);
    let by_master = explained(&office.master(), question(Some(&narrow))).await;
    assert_eq!(by_master["error"], own["error"]);
    let wide_own = explained(&office.with(&wide), question(None)).await;
    assert!(wide_own["groups"][0]["candidates"][0].get("left").is_none(), "{wide_own}");
    let full = explained(&office.master(), question(Some(&wide))).await;
    assert!(full["groups"][0]["candidates"][0]["left"].is_array(), "{full}");
    for stranger in [narrow.as_str(), "sk-nobody-has-this"] {
        office.with(&wide).refused("POST", "/utils/route", question(Some(stranger)), 403).await;
    }
    office.master().refused("POST", "/utils/route", question(Some("sk-nobody-has-this")), 404).await;
    let nobody = office.with("sk-nobody-has-this").ask("POST", "/utils/route", question(None)).await;
    assert_eq!(nobody.status(), 401);
}

#[tokio::test]
async fn what_the_operator_adds_to_requests_is_for_the_operator() {
    let provider = mock("").await;
    let config = Config::default().openai("demo", &provider, "extra_body: {internal_route: blue}");
    let gateway = start(config, "").await;
    let made = Person::of(&gateway, MASTER).done("POST", "/key/generate", json!({})).await;
    let person = Person::of(&gateway, made["key"].as_str().unwrap());
    let question = json!({ "call_type": "completion", "request_body": chat("demo", "hello") });
    let full = Person::of(&gateway, MASTER).done("POST", "/utils/transform_request", question.clone()).await;
    assert_eq!(full["raw_request_body"]["internal_route"], "blue");
    assert_eq!(full["raw_request_api_base"], format!("{}/v1/chat/completions", provider.url()));
    assert_eq!((&full["raw_request_headers"]["authorization"], &full["error"]), (&json!("***"), &Value::Null));
    let own = person.done("POST", "/utils/transform_request", question).await;
    assert_eq!(
        (&own["raw_request_body"]["model"], own["raw_request_body"].get("internal_route")),
        (&json!("demo"), None)
    );
    let unknown = json!({ "call_type": "acompletion", "request_body": chat("nothing", "hello") });
    let unknown = person.done("POST", "/utils/transform_request", unknown).await;
    assert!(
        unknown["error"].as_str().unwrap().contains("nothing") && unknown["raw_request_body"].is_null(),
        "{unknown}"
    );
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn a_question_that_cannot_be_read_is_refused_with_the_field_that_is_wrong() {
    let office = Office::open("").await;
    let long = "x".repeat(300);
    for (question, param) in [
        (json!({}), "request_body"),
        (json!({ "request_body": [] }), ""),
        (json!({ "request_body": {} }), "model"),
        (json!({ "request_body": chat("demo", "a"), "call_type": "video_generation" }), "call_type"),
        (json!({ "request_body": chat("demo", "a"), "endpoint": "/key/info" }), "endpoint"),
        (json!({ "request_body": chat("demo", "a"), "headers": { "a b": "c" } }), "headers"),
        (json!({ "request_body": chat("demo", "a"), "headers": [long] }), "headers"),
    ] {
        for path in ["/utils/route", "/utils/transform_request"] {
            let answer = office.master().ask("POST", path, question.clone()).await;
            assert_eq!(answer.status(), 400, "{question}: {}", answer.text());
            assert_eq!(answer.json()["error"]["param"].as_str().unwrap_or_default(), param, "{}", answer.text());
        }
    }
    let no_json = office.master().send(&Call::new("POST", "/utils/route").body("{")).await;
    assert_eq!(no_json.status(), 400);
}

#[tokio::test]
async fn tokens_are_counted_before_a_call() {
    let office = Office::open("").await;
    let count = |body: Value| async { office.master().done("POST", "/utils/token_counter", body).await };
    let short = count(chat("demo", "hello")).await;
    assert_eq!((&short["request_model"], &short["model_used"]), (&json!("demo"), &json!("demo")));
    assert!((1..20).contains(&short["total_tokens"].as_u64().unwrap()), "{short}");
    let long = count(json!({ "model": "demo", "prompt": "word ".repeat(1_000) })).await;
    assert!((900..1_400).contains(&long["total_tokens"].as_u64().unwrap()), "{long}");
    office.master().refused("POST", "/utils/token_counter", json!({ "prompt": "a" }), 400).await;
    office.master().refused("POST", "/utils/token_counter", json!({ "model": "demo" }), 400).await;
    let key = office.key(json!({ "models": ["other"] })).await;
    office.with(key).refused("POST", "/utils/token_counter", chat("demo", "a"), 403).await;
}
