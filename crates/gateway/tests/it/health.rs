//! Looks at deployments: what `/health` says, what it costs, and that who is well again gets calls.

use std::time::Instant;

use drill::mock::Mock;
use serde_json::{Value, json};

use crate::backs::{Back, Config, UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Person};

async fn start(config: Config, info: &str, general: &str) -> Gateway {
    let yaml = config.yaml().replace(
        "litellm_params: {model: \"openai/checked\"",
        &format!("model_info: {{{info}}}\n    litellm_params: {{model: \"openai/checked\""),
    );
    Gateway::start(&format!("{yaml}\nrouter_settings: {{num_retries: 1, cooldown_time: 600}}\ngeneral_settings: {{master_key: {MASTER}{general}}}\n")).await
}

fn models(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().expect("a list of endpoints");
    rows.iter().map(|row| row["model_name"].as_str().expect("it has a name")).collect()
}

/// Asks until something is so, over and over: what is waited for happens in the background.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// Requests that were calls, and those that were looks.
fn reached(mock: &Mock) -> (usize, usize) {
    let all = mock.requests();
    let calls = all.iter().filter(|one| one.method == "POST").count();
    (calls, all.len() - calls)
}

#[tokio::test]
async fn whoever_asks_hears_who_is_well_and_that_costs_nothing() {
    let mut config = Config::default();
    let mut mocks = Vec::new();
    for back in Back::ALL {
        let mock = mock("").await;
        // Nodes are looked at by whoever loads their models, too.
        let more = if back == Back::Ollama { "manage_node: false" } else { "" };
        config = config.deployment(back.provider(), back, &mock.url(), more);
        mocks.push(mock);
    }
    let (refusing, gone) = (mock("status=401").await, mock("").await);
    config = config.openai("refusing", &refusing, "").openai("gone", &gone, "");
    drop(gone);
    let gateway = start(config, "", "").await;
    let master = Person::of(&gateway, MASTER);
    let health = master.see("/health").await;
    assert_eq!((&health["healthy_count"], &health["unhealthy_count"]), (&json!(7), &json!(2)), "{health}");
    let well = ["openai", "anthropic", "gemini", "ollama", "bedrock", "openai/responses", "cohere"];
    assert_eq!(models(&health["healthy_endpoints"]), well);
    assert_eq!(models(&health["unhealthy_endpoints"]), ["refusing", "gone"]);
    assert!(health["unhealthy_endpoints"][0]["error"].as_str().unwrap().contains("credential"), "{health}");
    assert!(!health.to_string().contains(UPSTREAM_KEY), "{health}");
    for mock in &mocks {
        assert_eq!(reached(mock), (0, 1), "one look, no call: {:?}", mock.requests());
    }
    master.see("/health").await;
    assert_eq!(reached(&mocks[0]), (0, 1), "whoever asks again at once hears the same");
    let one = master.see("/health?model=gemini").await;
    assert_eq!(models(&one["healthy_endpoints"]), ["gemini"]);
    let made = master.done("POST", "/key/generate", json!({ "models": ["ollama"] })).await;
    let own = Person::of(&gateway, made["key"].as_str().unwrap()).see("/health").await;
    assert_eq!((models(&own["healthy_endpoints"]), &own["unhealthy_count"]), (vec!["ollama"], &json!(0)));
    assert_eq!(gateway.call(&Call::get("/health")).await.status(), 401);
    let ill = master.see("/health/history?status_filter=unhealthy&limit=1").await;
    assert_eq!((&ill["total_records"], ill["health_checks"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(ill["health_checks"][0]["status"], "unhealthy");
    let latest = master.see("/health/latest?model=openai").await;
    assert_eq!(latest["total_models"], 1);
    assert_eq!(master.ask("GET", "/health/history?limit=many", Value::Null).await.status(), 422);
}

#[tokio::test]
async fn a_model_answers_where_that_is_wanted_and_what_it_costs_is_booked() {
    let provider = mock("").await;
    let config = Config::default().model(
        "demo",
        "openai/checked",
        &Back::OpenAi.base(&provider.url()),
        "input_cost_per_token: 0.001, output_cost_per_token: 0.001",
    );
    let gateway = start(config, "health_check_max_tokens: 7", "").await;
    let master = Person::of(&gateway, MASTER);
    let made = master.done("POST", "/key/generate", json!({})).await;
    let asked = Person::of(&gateway, made["key"].as_str().unwrap()).see("/health").await;
    assert_eq!((&asked["healthy_count"], reached(&provider)), (&json!(0), (0, 0)), "not for everybody");
    let health = master.see("/health").await;
    assert_eq!(health["healthy_endpoints"][0]["checked_by"], "completion", "{health}");
    let sent: Value = serde_json::from_slice(&provider.requests()[0].body).unwrap();
    assert_eq!(
        (&sent["max_completion_tokens"].as_u64().or(sent["max_tokens"].as_u64()), &sent["model"]),
        (&Some(7), &json!("checked"))
    );
    until("the look is booked", || async {
        let spend = master.see("/global/spend").await["spend"].as_f64()?;
        (spend > 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deployment_that_rests_and_is_found_well_gets_calls_again() {
    let (first, second) = (mock("status=401,fail_first=1").await, mock("").await);
    let config = Config::default().openai("demo", &first, "").openai("demo", &second, "");
    let gateway = start(config, "", ", background_health_checks: true, health_check_interval: 1").await;
    let master = Person::of(&gateway, MASTER);
    let call = || async {
        let answer = master.send(&Front::Chat.call("demo", "hello", false)).await;
        assert!(Front::Chat.hear(&answer).is_success(), "nobody notices: {}", answer.text());
    };
    // It refuses the first call, so that it should rest for ten minutes; whoever looks is refused at first, too.
    let (calls, looks) = until("it is back", || async {
        call().await;
        let (calls, looks) = reached(&first);
        (calls >= 4).then_some((calls, looks))
    })
    .await;
    assert!(looks >= 2, "{calls} calls, {looks} looks");
    let history = master.see("/health/history?limit=1000").await;
    let found: Vec<_> = history["health_checks"].as_array().unwrap().iter().map(|row| row["status"].clone()).collect();
    assert!(found.contains(&json!("healthy")) && found.contains(&json!("unhealthy")), "{history}");
}

#[tokio::test]
async fn who_is_found_ill_gets_no_calls_where_that_is_wanted() {
    let (gone, well) = (mock("").await, mock("").await);
    let config = Config::default().openai("demo", &gone, "").openai("demo", &well, "").openai("alone", &gone, "");
    drop(gone);
    let general = ", background_health_checks: true, health_check_interval: 60, enable_health_check_routing: true, health_check_details: false";
    let gateway = start(config, "", general).await;
    let master = Person::of(&gateway, MASTER);
    until("all were looked at", || async {
        let health = master.see("/health").await;
        (health["unhealthy_count"] == 2 && health["healthy_count"] == 1).then_some(())
    })
    .await;
    let health = master.see("/health").await;
    assert!(health["unhealthy_endpoints"][0].get("error").is_none(), "no details: {health}");
    for _ in 0..30 {
        let answer = master.send(&Front::Chat.call("demo", "hello", false)).await;
        assert!(Front::Chat.hear(&answer).is_success());
        assert_eq!(answer.header("x-litellm-attempted-retries"), Some("0"), "it was not even tried");
    }
    let question = json!({ "request_body": Front::Chat.body("alone", "hello", false) });
    let alone = master.done("POST", "/utils/route", question).await;
    assert_eq!(alone["groups"][0]["candidates"][0]["kept"], true, "a bad chance is better than none: {alone}");
}

#[tokio::test]
async fn nobody_pays_for_a_picture_to_see_who_is_there_and_other_models_are_asked_what_they_are_for() {
    for (mode, reached_by) in [
        ("image_generation", "/v1/models"),
        ("audio_speech", "/v1/models"),
        ("audio_transcription", "/v1/models"),
        ("moderation", "/v1/moderations"),
        ("rerank", "/v1/rerank"),
    ] {
        let provider = mock("").await;
        let config = Config::default().model("checked", "openai/checked", &Back::OpenAi.base(&provider.url()), "");
        let gateway = start(config, &format!("mode: {mode}, health_check: completion"), "").await;
        let health = Person::of(&gateway, MASTER).see("/health").await;
        assert_eq!(health["healthy_count"], 1, "{mode}: {health}");
        let paths: Vec<String> = provider.requests().into_iter().map(|one| one.target).collect();
        assert_eq!(paths, [reached_by], "{mode}");
    }
}
