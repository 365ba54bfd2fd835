//! Each sink is told of calls in its own form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::ear::{Ear, Heard};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Office, config};

/// A gateway that tells all of these, who all are one ear.
async fn telling(ear: &Ear, more: &str) -> Office {
    let settings = format!(
        "litellm_settings:\n  callbacks: [s3, generic_api, langfuse, clickhouse, lines]\n  success_callback: [happy]\n  \
         failure_callback: [sad]\n  s3_callback_params: {{s3_bucket_name: logs, s3_endpoint_url: '{root}/objects', \
         s3_aws_access_key_id: id, s3_aws_secret_access_key: hidden, s3_path: of/calls, s3_region_name: eu-west-1}}\n{more}\
         callback_settings:\n  s3: {{flush_interval: 0.1}}\n  generic_api: {{endpoint: '{root}/array', headers: {{x-mine: a}}}}\n  \
         lines: {{callback_type: generic_api, endpoint: '{root}/lines', log_format: ndjson}}\n  \
         happy: {{callback_type: generic_api, endpoint: '{root}/happy', log_format: single}}\n  \
         sad: {{callback_type: generic_api, endpoint: '{root}/sad', log_format: single}}\n  \
         langfuse: {{langfuse_public_key: pk, langfuse_secret_key: sk, langfuse_host: '{root}/langfuse'}}\n  \
         clickhouse: {{url: '{root}/clickhouse/', user: me, password: hidden, table: logs.calls}}\n\
         general_settings:\n  store_prompts_in_spend_logs: true\n",
        root = ear.url("")
    );
    Office { gateway: Gateway::start(&config(&settings)).await }
}

/// All payloads in requests with lists of them.
fn payloads(heard: &[Heard]) -> Vec<Value> {
    heard.iter().flat_map(|heard| heard.json().as_array().expect("a list").clone()).collect()
}

/// The payload of the call with this session.
fn of<'p>(payloads: &'p [Value], session: &str) -> Option<&'p Value> {
    payloads.iter().find(|payload| payload["session_id"] == session)
}

#[tokio::test]
async fn every_sink_is_told_of_every_call_in_its_own_form() {
    let ear = Ear::open().await;
    let office = telling(&ear, "").await;
    let key = office.key(json!({"key_alias": "mine", "metadata": {"tags": ["night"]}})).await;
    let well = Front::Chat.call("demo", "hello there", true).header("x-litellm-session-id", "well");
    assert_eq!(office.with(&key).send(&well).await.status(), 200);
    let ill = Front::Chat.call("nobody's", "in vain", false).header("x-litellm-session-id", "ill");
    assert_eq!(office.with(&key).send(&ill).await.status(), 400);

    let both = |all: Vec<Value>| (of(&all, "well").is_some() && of(&all, "ill").is_some()).then_some(all);
    let told = ear.hears("/array", |heard| both(payloads(heard))).await;
    let well = of(&told, "well").unwrap();
    assert_eq!(
        (&well["status"], &well["model_group"], &well["stream"]),
        (&json!("success"), &json!("demo"), &json!(true))
    );
    assert_eq!((&well["metadata"]["user_api_key_alias"], &well["request_tags"][0]), (&json!("mine"), &json!("night")));
    assert_eq!(well["messages"], json!([{"role": "user", "content": "hello there"}]));
    assert!(well["response"]["choices"][0]["message"]["content"].is_string(), "{well}");
    assert!(well["endTime"].as_f64().unwrap() >= well["startTime"].as_f64().unwrap());
    let ill = of(&told, "ill").unwrap();
    assert_eq!((&ill["status"], &ill["error_information"]["error_code"]), (&json!("failure"), &json!("400")));
    assert_eq!(ear.heard("/array")[0].header("x-mine"), Some("a"));

    let lines = |heard: &[Heard]| both(heard.iter().flat_map(Heard::lines).collect());
    assert_eq!(of(&ear.hears("/lines", lines).await, "well"), Some(well), "all take the same payload");
    assert_eq!(of(&ear.hears("/objects", lines).await, "well"), Some(well));
    let happy = ear.hears("/happy", |heard| heard.first().map(Heard::json)).await;
    let sad = ear.hears("/sad", |heard| heard.first().map(Heard::json)).await;
    assert_eq!((&happy["session_id"], &sad["session_id"]), (&json!("well"), &json!("ill")));
    assert_eq!((ear.heard("/happy").len(), ear.heard("/sad").len()), (1, 1));

    let object = &ear.heard("/objects")[0];
    assert!(object.method == "PUT" && object.path.starts_with("/objects/logs/of/calls/20"), "{}", object.path);
    let credential = object.header("authorization").unwrap();
    assert!(credential.starts_with("AWS4-HMAC-SHA256 Credential=id/20") && credential.contains("/eu-west-1/s3/"));
    assert!(object.header("x-amz-content-sha256").is_some() && object.header("x-amz-date").is_some());

    check_langfuse(&ear, well).await;
    check_clickhouse(&ear, well).await;
}

async fn check_langfuse(ear: &Ear, well: &Value) {
    let path = "/langfuse/api/public/ingestion";
    let well_id = well["id"].as_str().expect("a payload has an id").to_owned();
    let of_well = |heard: &[Heard]| {
        let events = heard.iter().flat_map(|heard| heard.json()["batch"].as_array().expect("a batch").clone());
        let events: Vec<Value> =
            events.filter(|event| event["id"].as_str().is_some_and(|id| id.starts_with(well_id.as_str()))).collect();
        (events.len() == 2).then_some(events)
    };
    let [trace, generation] = &ear.hears(path, of_well).await[..] else { unreachable!() };
    assert_eq!((&trace["type"], &generation["type"]), (&json!("trace-create"), &json!("generation-create")));
    assert_eq!((&trace["body"]["id"], &trace["body"]["sessionId"]), (&generation["body"]["traceId"], &json!("well")));
    assert_eq!(generation["body"]["input"], well["messages"]);
    assert_eq!(generation["body"]["usageDetails"]["output"], well["completion_tokens"]);
    let expected = format!("Basic {}", STANDARD.encode("pk:sk"));
    assert_eq!(ear.heard(path)[0].header("authorization"), Some(&*expected));
}

async fn check_clickhouse(ear: &Ear, well: &Value) {
    let row = ear.hears("/clickhouse", |heard| {
        let rows = heard.iter().filter(|heard| heard.path.contains("INSERT")).flat_map(Heard::lines);
        rows.into_iter().find(|row| row["id"] == well["id"])
    });
    let row = row.await;
    assert_eq!(
        (&row["session_id"], &row["status_code"], &row["tags"]),
        (&json!("well"), &json!(200), &json!(["night"]))
    );
    assert_eq!((&row["prompt_tokens"], &row["cost_usd"]), (&well["prompt_tokens"], &well["response_cost"]));
    assert!(row["request"].as_str().is_some_and(|request| request.contains("hello there")), "{row}");
    let first = &ear.heard("/clickhouse")[0];
    let query = percent_decode_str(first.path.split_once("query=").expect("a query").1).decode_utf8_lossy();
    assert!(query.starts_with("CREATE TABLE IF NOT EXISTS logs.calls (id String,"), "{query}");
    assert_eq!((first.header("x-clickhouse-user"), first.header("x-clickhouse-key")), (Some("me"), Some("hidden")));
}

#[tokio::test]
async fn nobody_is_told_whose_call_it_was_or_of_it_at_all_if_somebody_wants_that() {
    let ear = Ear::open().await;
    let office = telling(&ear, "  redact_user_api_key_info: true\n").await;
    let key = office.key(json!({"key_alias": "mine", "user_id": "grace"})).await;
    let quiet = office.key(json!({"metadata": {"litellm_disabled_callbacks": ["generic_api"]}})).await;
    let call = |session: &str| Front::Chat.call("demo", "hello", false).header("x-litellm-session-id", session);
    office.with(&quiet).send(&call("quiet")).await;
    let mut silent = json!({"model": "demo", "messages": [{"role": "user", "content": "hush"}], "no-log": true});
    office.with(&key).send(&Call::post("/v1/chat/completions", &silent)).await;
    silent["no-log"] = json!(false);
    silent["litellm_session_id"] = json!("last");
    office.with(&key).send(&Call::post("/v1/chat/completions", &silent)).await;
    let told = ear.hears("/array", |heard| {
        let told = payloads(heard);
        of(&told, "last").is_some().then_some(told)
    });
    let told = told.await;
    assert_eq!(told.len(), 1, "{told:?}");
    let text = told[0].to_string();
    assert!(
        !text.contains("mine") && !text.contains("grace") && told[0]["metadata"]["user_api_key_hash"].is_null(),
        "{text}"
    );
    let lines = ear.hears("/lines", |heard| {
        let lines: Vec<Value> = heard.iter().flat_map(Heard::lines).collect();
        of(&lines, "last").is_some().then_some(lines)
    });
    assert!(of(&lines.await, "quiet").is_some(), "others are told of it");
    assert_eq!(office.master().see("/spend/logs/v2").await["total"], 3, "the log has all of them");
}

#[tokio::test]
async fn after_a_reload_calls_are_told_where_it_says() {
    let ear = Ear::open().await;
    let with = |path: &str| {
        config(&format!(
            "litellm_settings: {{callbacks: [generic_api]}}\nenvironment_variables: {{GENERIC_LOGGER_ENDPOINT: '{}'}}\n",
            ear.url(path)
        ))
    };
    let gateway = Gateway::start(&with("/first")).await;
    let call = |session: &str| Front::Chat.call("demo", "hello", false).header("x-litellm-session-id", session);
    let told = |session: &'static str| move |heard: &[Heard]| of(&payloads(heard), session).map(drop);
    super::ask(&gateway, &call("a")).await;
    ear.hears("/first", told("a")).await;
    gateway.reconfigure(&with("/second"));
    gateway.logged("configuration reloaded").await;
    super::ask(&gateway, &call("b")).await;
    ear.hears("/second", told("b")).await;
    assert!(of(&payloads(&ear.heard("/first")), "b").is_none());
    assert!(!gateway.log().contains(MASTER));
}
