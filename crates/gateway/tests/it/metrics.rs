//! `/metrics`: what Prometheus reads, who may, and that no secret is in it, in the log, or in what is exported.

mod dashboard;
mod incumbent;
mod scene;

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::json;

use crate::backs::{Back, Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

/// The key of the provider, which nobody may ever see.
const CANARY: &str = "sk-canary-4c1d7f9e2b";

/// A gateway with a model that costs something, one that fails, and one on a node.
async fn office(settings: &str) -> (drill::mock::Mock, Gateway) {
    let provider = mock("").await;
    let price = "input_cost_per_token: 0.001, output_cost_per_token: 0.002, num_retries: 0";
    let entry = |name: &str, model: &str, base: &str| {
        format!(
            "- {{model_name: {name}, litellm_params: {{model: {model}, api_base: '{base}', api_key: {CANARY}, {price}}}}}\n"
        )
    };
    let config = [
        "model_list:\n",
        &entry("paid", "openai/demo", &Back::OpenAi.base(&provider.url())),
        &entry("broken", "openai/demo", "http://127.0.0.1:9/v1"),
        &entry("local", "ollama/a", &Back::Ollama.base(&provider.url())),
        &format!("general_settings: {{master_key: {MASTER}}}\n{settings}\n"),
    ];
    (provider, Gateway::start(&config.concat()).await)
}

async fn page(person: &Person<'_>) -> String {
    let answer = person.send(&Call::get("/metrics")).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));
    answer.text()
}

/// The sum of all samples of a metric whose labels say all of these.
pub fn sum(page: &str, name: &str, labels: &[&str]) -> f64 {
    let lines = page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    let meant = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
    meant.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// A team with a key that has limits and budgets, and calls of all kinds with it.
async fn busy(gateway: &Gateway) -> String {
    let master = Person::of(gateway, MASTER);
    master
        .done(
            "POST",
            "/organization/new",
            json!({ "organization_id": "acme", "organization_alias": "Acme", "max_budget": 100 }),
        )
        .await;
    let team =
        json!({ "team_id": "red", "team_alias": "Red", "organization_id": "acme", "max_budget": 50, "rpm_limit": 500 });
    master.done("POST", "/team/new", team).await;
    master.done("POST", "/user/new", json!({ "user_id": "ann", "max_budget": 20, "auto_create_key": false })).await;
    let fields = json!({ "team_id": "red", "key_alias": "reds", "max_budget": 10, "budget_duration": "30d", "rpm_limit": 100, "tpm_limit": 100_000 });
    let key = master.done("POST", "/key/generate", fields).await["key"].as_str().expect("it is shown").to_owned();
    let person = Person::of(gateway, key.clone());
    for stream in [false, true] {
        assert_eq!(person.send(&Front::Chat.call("paid", "hello", stream)).await.status(), 200);
    }
    for model in ["broken", "nobody's", "made up"] {
        assert!(person.send(&Front::Chat.call(model, "hello", false)).await.status() >= 400);
    }
    let stranger = Person::of(gateway, "sk-of-a-stranger-77");
    assert_eq!(stranger.send(&Front::Chat.call("paid", "hello", false)).await.status(), 401);
    key
}

#[tokio::test]
async fn the_metrics_have_the_incumbents_names_and_say_what_calls_did() {
    let (_provider, gateway) = office("").await;
    busy(&gateway).await;
    let page = page(&Person::of(&gateway, MASTER)).await;
    let red = ["team=\"red\"", "team_alias=\"Red\"", "api_key_alias=\"reds\"", "org_alias=\"Acme\""];
    let calls = "litellm_proxy_total_requests_metric_total";
    assert_eq!(sum(&page, calls, &red), 5.0, "{page}");
    assert_eq!(sum(&page, calls, &["requested_model=\"paid\"", "status_code=\"200\""]), 2.0);
    assert_eq!(sum(&page, calls, &["requested_model=\"other\"", "status_code=\"400\""]), 2.0, "{page}");
    assert_eq!(sum(&page, calls, &["status_code=\"401\""]), 1.0);
    assert_eq!(sum(&page, "litellm_proxy_failed_requests_metric_total", &["requested_model=\"broken\""]), 1.0);
    assert!(sum(&page, "litellm_spend_metric_total", &red) > 0.0);
    let tokens =
        sum(&page, "litellm_input_tokens_metric_total", &red) + sum(&page, "litellm_output_tokens_metric_total", &red);
    assert!(tokens > 0.0 && tokens == sum(&page, "litellm_total_tokens_metric_total", &red));
    assert_eq!(sum(&page, "litellm_deployment_success_responses_total", &["api_provider=\"openai\""]), 2.0);
    assert_eq!(
        sum(&page, "litellm_deployment_failure_responses_total", &["exception_class=\"Connect\""]),
        1.0,
        "{page}"
    );
    assert_eq!(
        sum(&page, "litellm_request_total_latency_metric_bucket", &["requested_model=\"paid\"", "le=\"+Inf\""]),
        2.0
    );
    assert_eq!(sum(&page, "litellm_llm_api_time_to_first_token_metric_count", &[]), 1.0);
    let left = sum(&page, "litellm_remaining_api_key_budget_metric", &["api_key_alias=\"reds\""]);
    assert!(left > 9.0 && left < 10.0, "{left}");
    assert_eq!(sum(&page, "litellm_team_max_budget_metric", &["team=\"red\""]), 50.0);
    let used = ["api_key_alias=\"reds\"", "rate_limit_type=\"requests\""];
    assert_eq!(sum(&page, "litellm_api_key_rate_limit_allowed_metric", &used), 100.0);
    assert!(sum(&page, "litellm_api_key_rate_limit_remaining_metric", &used) < 100.0);
    assert_eq!(sum(&page, "lockgate_held_usd", &[]), 0.0);
    assert!(sum(&page, "lockgate_workers", &[]) >= 1.0);
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
        assert!(value.parse::<f64>().is_ok() && series.starts_with(['l', 'p']), "{line}");
    }
    let heads: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(heads.iter().collect::<BTreeSet<_>>().len(), heads.len(), "no metric is told twice");
}

#[tokio::test]
async fn the_metrics_are_closed_unless_the_operator_opens_them() {
    let (_provider, gateway) = office("").await;
    let master = Person::of(&gateway, MASTER);
    let key = master.done("POST", "/key/generate", json!({})).await["key"].as_str().expect("it is shown").to_owned();
    let ask = |key: &str| Call::get("/metrics").header("authorization", format!("Bearer {key}"));
    assert_eq!(gateway.call(&Call::get("/metrics")).await.status(), 401);
    assert_eq!(gateway.call(&ask(&key)).await.status(), 403);
    assert_eq!(gateway.call(&ask(MASTER)).await.status(), 200);
    assert_eq!(
        gateway.call(&Call::get("/metrics/").header("authorization", format!("Bearer {MASTER}"))).await.status(),
        200
    );
    let (_provider, open) = office("litellm_settings: {require_auth_for_metrics_endpoint: false}").await;
    assert_eq!(open.call(&Call::get("/metrics")).await.status(), 200);
    for (addresses, status) in [("[127.0.0.0/8]", 200), ("[10.0.0.0/8]", 401)] {
        let provider = mock("").await;
        let config = Config::default().openai("paid", &provider, "");
        let settings = format!("general_settings: {{master_key: {MASTER}, metrics_allowed_ips: {addresses}}}");
        let gateway = Gateway::start(&config.and(&settings).yaml()).await;
        assert_eq!(gateway.call(&Call::get("/metrics")).await.status(), status, "{addresses}");
    }
}

#[tokio::test]
async fn no_key_of_a_provider_or_a_caller_is_in_the_log_the_metrics_or_what_is_exported() {
    let (_provider, gateway) = office("").await;
    let key = busy(&gateway).await;
    let master = Person::of(&gateway, MASTER);
    let person = Person::of(&gateway, key.clone());
    // Callers who show their key where it does not belong, to a provider that repeats it.
    let told = json!({ "model": "paid", "messages": [{ "role": "user", "content": "hi" }], "user": "carl", "metadata": { "job": 7 } });
    person.send(&Call::post("/v1/chat/completions", &told)).await;
    let began = Instant::now();
    let log = loop {
        let log = master.see("/spend/logs/v2?page_size=100").await;
        if log["data"].as_array().is_some_and(|rows| rows.len() >= 7) {
            break log;
        }
        assert!(began.elapsed().as_secs() < 20, "{log}");
    };
    let id = log["data"][0]["request_id"].as_str().expect("a row has an id");
    let mut shown = vec![log.to_string(), page(&master).await, gateway.log(), gateway.said()];
    for path in [&*format!("/spend/logs/ui/{id}"), "/spend/logs", "/spend/logs/v2?format=csv", "/spend/logs?format=csv"]
    {
        shown.push(master.send(&Call::get(path)).await.text());
    }
    // What lies on the disk, the spool included.
    let mut folders = vec![gateway.folder().path().to_owned()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).expect("it can be read").flatten() {
            match file.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(file.path()),
                // The configuration is where the operator wrote the secrets.
                Ok(_) if file.path().extension().is_some_and(|ending| ending == "yaml") => {}
                _ => shown.push(String::from_utf8_lossy(&std::fs::read(file.path()).unwrap_or_default()).into_owned()),
            }
        }
    }
    for secret in [CANARY, &key, MASTER, "sk-of-a-stranger-77"] {
        for text in &shown {
            let at = text.find(secret).map(|at| text[at.saturating_sub(80)..].chars().take(200).collect::<String>());
            assert_eq!(at, None, "{secret} is shown");
        }
    }
}
