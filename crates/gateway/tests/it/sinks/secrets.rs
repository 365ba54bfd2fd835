//! No key of a provider and no key of ours is anywhere in what is told, kept or shown: not even if a provider or a caller
//! says it aloud.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::ear::Ear;
use super::{call_id, metrics, story};
use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Office, config};

const UPSTREAM: &str = "sk-upstream-canary-0123456789";
const OF_CALLER: &str = "a-caller-s-own-canary-0123456789";
const OF_SINK: &str = "a-sink-s-canary-0123456789";

#[tokio::test]
async fn no_key_is_in_exports_traces_contents_metrics_or_the_log() {
    let (ear, well) = (Ear::open().await, mock("").await);
    let broken = mock(&format!("status=500,message=wrong key {UPSTREAM}")).await;
    let halfway = mock(&format!("fault=error_mid,after=2,message=wrong key {UPSTREAM}")).await;
    let settings = format!(
        "litellm_settings:\n  callbacks: [otel, json, generic_api, langfuse, clickhouse, s3]\n  num_retries: 0\n  \
         s3_callback_params: {{s3_bucket_name: logs, s3_endpoint_url: '{root}', s3_aws_access_key_id: id, \
         s3_aws_secret_access_key: {OF_SINK}}}\ncallback_settings:\n  s3: {{flush_interval: 0.1}}\n  \
         otel: {{endpoint: '{root}/otel', headers: {{x-key: {OF_SINK}}}}}\n  \
         json: {{callback_type: otel, endpoint: '{root}/json', protocol: http/json}}\n  \
         generic_api: {{endpoint: '{root}/array', headers: {{authorization: 'Bearer {OF_SINK}'}}}}\n  \
         langfuse: {{langfuse_public_key: pk, langfuse_secret_key: {OF_SINK}, langfuse_host: '{root}'}}\n  \
         clickhouse: {{url: '{root}/clickhouse', password: {OF_SINK}}}\n\
         general_settings:\n  store_prompts_in_spend_logs: true\n  allow_client_side_credentials: true\n",
        root = ear.url("")
    );
    let model = |name: &str, base: String| {
        format!(
            "  - {{model_name: {name}, litellm_params: {{model: openai/demo, api_base: '{base}', api_key: {UPSTREAM}}}}}\n"
        )
    };
    let base = |mock: &drill::mock::Mock| Back::OpenAi.base(&mock.url());
    let models = [("well", &well), ("broken", &broken), ("halfway", &halfway)];
    let models = models.map(|(name, mock)| model(name, base(mock))).concat();
    let text = config(&settings).replace("model_list:\n", &format!("model_list:\n{models}"));
    let gateway = Gateway::start_with(&text, &["--detailed_debug"], &[]).await;
    let office = Office { gateway };
    let key = office.key(json!({"key_alias": "mine"})).await;

    let confession = format!("my key is {key}, the other one is {MASTER}, theirs is {UPSTREAM}");
    let mut ids = Vec::new();
    for (model, stream) in [("well", false), ("well", true), ("broken", false), ("halfway", true)] {
        let answer = office.with(&key).send(&Front::Chat.call(model, &confession, stream)).await;
        let betrayal = format!("wrong key {UPSTREAM}");
        assert!(!answer.text().contains(&betrayal), "the caller of {model} is told: {}", answer.text());
        ids.push(call_id(&answer));
    }
    let own = json!({"model": "well", "api_key": OF_CALLER, "messages": [{"role": "user", "content": "hi"}],
        "metadata": {"langfuse_secret_key": OF_CALLER, "session_id": "last"}});
    ids.push(call_id(&office.with(&key).send(&Call::post("/v1/chat/completions", &own)).await));

    let mut seen = Vec::new();
    for path in ["/otel", "/json", "/array", "/api/public/ingestion", "/clickhouse", "/logs"] {
        let last = |heard: &[super::ear::Heard]| {
            let told = heard.iter().any(|heard| String::from_utf8_lossy(&heard.body).contains("last"));
            told.then(|| heard.to_vec())
        };
        for heard in ear.hears(path, last).await {
            seen.push((heard.path.clone(), format!("{} {}", heard.path, String::from_utf8_lossy(&heard.body))));
        }
    }
    let kept_in_database = json!({ "model_name": "stored", "litellm_params":
        { "model": "openai/demo", "api_base": base(&well), "api_key": UPSTREAM, "extra_headers": { "x-key": UPSTREAM } } });
    office.master().done("POST", "/model/new", kept_in_database).await;
    let credential =
        json!({ "credential_name": "ours", "credential_values": { "api_key": UPSTREAM }, "credential_info": {} });
    office.master().done("POST", "/credentials", credential).await;
    for (path, name) in [("team", "team_id"), ("customer", "user_id"), ("budget", "budget_id")] {
        office.master().done("POST", &format!("/{path}/new"), json!({ name: path, "max_budget": 1 })).await;
    }
    let organization = json!({ "organization_id": "organization", "organization_alias": "organization" });
    office.master().done("POST", "/organization/new", organization).await;
    let now = Timestamp::now();
    let own = office.with(&key).see("/key/info").await;
    let names = [
        ("key", own["key"].clone()),
        ("api_key", own["key"].clone()),
        ("request_id", json!(ids[0])),
        ("call_id", json!(ids[0])),
        ("id", json!(ids[0])),
        ("model", json!("stored")),
        ("model_name", json!("stored")),
        ("credential_name", json!("ours")),
        ("user_id", json!("default_user_id")),
        ("team_id", json!("team")),
        ("organization_id", json!("organization")),
        ("end_user_id", json!("customer")),
        ("budget_id", json!("budget")),
        ("session_id", json!("last")),
        ("model_group", json!("stored")),
        ("service", json!("slack")),
        ("start_date", json!((now - 72.hours()).strftime("%F").to_string())),
        ("end_date", json!((now + 72.hours()).strftime("%F").to_string())),
    ];
    let pages = pages(&office, &names).await;
    let shown = pages.iter().filter(|(_, text)| text.starts_with("200")).count();
    assert!(shown > 150, "{shown} of {}", pages.len());
    assert!(pages.iter().any(|(place, text)| place.contains("csv") && text.contains("demo")), "tables, too");
    seen.extend(pages);
    for id in ids {
        let kept = super::ear::until(async || {
            let story = story(&office.gateway, &id).await;
            (story["proxy_server_request"] != json!({})).then_some(story)
        });
        seen.push((format!("the log of {id}"), kept.await.to_string()));
    }
    seen.push(("metrics".to_owned(), metrics(&office.gateway).await));
    seen.push(("the log of the process".to_owned(), office.gateway.log()));
    let files = std::fs::read_dir(office.gateway.folder().path()).expect("it has files");
    for file in files.flatten().filter(|file| file.file_name() != "config.yaml" && file.path().is_file()) {
        let bytes = std::fs::read(file.path()).expect("a file can be read");
        seen.push((file.path().display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    for (place, text) in &seen {
        for (whose, canary) in
            [("provider", UPSTREAM), ("virtual", &key), ("master", MASTER), ("caller", OF_CALLER), ("sink", OF_SINK)]
        {
            assert!(!text.contains(canary), "the {whose} key is in {place}");
        }
    }
    assert!(seen.iter().filter(|(_, text)| text.contains("my key is sk-***")).count() >= 5, "the rest is there");
}

/// What every page that the description of the API names shows to the administrator, as it is and as a table. `names` fill
/// its blanks.
async fn pages(office: &Office, names: &[(&str, Value)]) -> Vec<(String, String)> {
    let of = |name: &str| names.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_str());
    let description = office.master().see("/openapi.json").await;
    let mut seen = Vec::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        let Some(operation) = methods.get("get") else { continue };
        let parts = path.split('/').map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => of(name).unwrap_or("stored"),
            None => part,
        });
        let filled = parts.collect::<Vec<_>>().join("/");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let named = parameters.filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str());
        let takes: Vec<&str> = named.collect();
        let dates = |name: &&str| name.ends_with("_date");
        let query = |names: &mut dyn Iterator<Item = &str>| {
            names.filter_map(|name| Some(format!("{name}={}", of(name)?))).collect::<Vec<_>>().join("&")
        };
        let mut asked =
            vec![query(&mut std::iter::empty()), query(&mut takes.iter().copied().filter(|name| dates(name)))];
        asked.push(query(&mut takes.iter().copied()));
        if takes.contains(&"format") {
            let tables = asked.iter().map(|query| format!("{query}&format=csv")).collect::<Vec<_>>();
            asked.extend(tables);
        }
        asked.dedup();
        for query in asked {
            let asked = format!("{filled}?{query}");
            let answer = office.master().ask("GET", &asked, Value::Null).await;
            assert!(answer.status() < 500, "{asked}: {}", answer.text());
            seen.push((asked, format!("{} {:?} {}", answer.status(), answer.head.headers, answer.text())));
        }
    }
    seen
}
