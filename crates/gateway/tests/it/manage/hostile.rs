//! Bodies that nobody sends by mistake.

use serde_json::{Value, json};

use super::Office;
use crate::client::Call;

/// Values of every type there is, large and small.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(9_223_372_036_854_775_807u64),
        json!(18_446_744_073_709_551_615u64),
        json!(1e308),
        json!(-0.0),
        json!(""),
        json!("text"),
        json!("\u{0}"),
        json!("a\nb"),
        json!("'; DROP TABLE lockgate_object; --"),
        json!("../../etc/passwd"),
        json!("ﷺ🦀\u{202e}"),
        json!("x".repeat(100_000)),
        json!([]),
        json!([null]),
        json!([[]]),
        json!([1, "a", {}]),
        json!({}),
        json!({ "a": null }),
        json!({ "a": { "b": [] } }),
        json!({ "\u{0}": 1 }),
    ]
}

/// All fields that a new key takes.
#[rustfmt::skip]
const FIELDS: [&str; 46] = [
    "key", "key_alias", "duration", "models", "aliases", "user_id", "team_id", "organization_id", "project_id",
    "agent_id", "max_budget", "soft_budget", "budget_duration", "budget_id", "budget_limits", "model_max_budget",
    "budget_fallbacks", "tpm_limit", "rpm_limit", "tpd_limit", "max_parallel_requests", "model_tpm_limit",
    "model_rpm_limit", "mcp_rpm_limit", "tag_rpm_limit", "rpm_limit_type", "metadata", "tags", "guardrails", "policies",
    "prompts", "disable_global_guardrails", "enforced_params", "allowed_routes", "allowed_cache_controls", "permissions",
    "config", "router_settings", "object_permission", "access_group_ids", "blocked", "auto_rotate", "rotation_interval",
    "key_type", "spend", "send_invite_email",
];

#[tokio::test]
async fn no_value_in_any_field_of_a_new_key_does_harm() {
    let office = Office::open("").await;
    let master = office.master();
    for field in FIELDS {
        for value in values() {
            let answer = master.ask("POST", "/key/generate", json!({ field: value })).await;
            let shown: String = value.to_string().chars().take(60).collect();
            let text = answer.text();
            match answer.status() {
                200 => {
                    let key = answer.json()["key"].as_str().expect("a key").to_owned();
                    master.done("POST", "/key/delete", json!({ "keys": [key] })).await;
                }
                400 | 404 => assert!(answer.json()["error"]["message"].is_string(), "{field}={shown}: {text}"),
                422 => {
                    let detail = &answer.json()["detail"][0];
                    assert!(detail["type"].is_string() && detail["msg"].is_string(), "{field}={shown}: {text}");
                    assert_eq!(detail["loc"][1], json!(field), "{field}={shown}: {text}");
                }
                status => panic!("{field}={shown}: {status} {text}"),
            }
        }
    }
    assert_eq!(master.see("/key/list").await["total_count"], 0);
    let log = office.gateway.log();
    assert!(!log.contains("panicked") && !log.contains("refuses a change"), "{log}");
}

#[tokio::test]
async fn bodies_that_are_no_json_or_too_much_of_it_are_refused() {
    let office = Office::open("").await;
    let send = |body: Vec<u8>| async { office.master().send(&Call::new("POST", "/key/generate").body(body)).await };
    let nested = |depth: usize| format!(r#"{{"metadata":{}1{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    for body in ["{", "[1", "\u{feff}{}", "nul", "{\"a\":NaN}", "{\"max_budget\":1e999}", &nested(10_000)] {
        let answer = send(body.as_bytes().to_vec()).await;
        let error = answer.json()["error"].clone();
        assert_eq!((answer.status(), &error["param"]), (400, &json!("request_body")), "{}", answer.text());
        assert!(error["message"].as_str().is_some_and(|text| text.starts_with("Invalid JSON payload")), "{error}");
    }
    assert_eq!(send(b"{\"a\":\"\xff\"}".to_vec()).await.status(), 400);
    assert_eq!(send(Vec::new()).await.status(), 422);
    assert_eq!(send(b"[]".to_vec()).await.status(), 422);
    assert_eq!(send(nested(50).into_bytes()).await.status(), 200);
    let large = json!({ "metadata": { "a": "x".repeat(300 << 10) } }).to_string();
    assert_eq!(send(large.into_bytes()).await.status(), 400);
    assert_eq!(send(vec![b' '; 9 << 20]).await.status(), 413);
    let duplicate = send(br#"{"max_budget":1,"max_budget":2}"#.to_vec()).await;
    assert_eq!((duplicate.status(), &duplicate.json()["max_budget"]), (200, &json!(2.0)));
}

#[tokio::test]
async fn strange_ids_name_nothing_and_break_nothing() {
    let office = Office::open("").await;
    let master = office.master();
    for id in
        ["%00", "..%2f..%2fetc", "'%20OR%20'1'='1", "%F0%9F%A6%80", "%ff%fe", "sk-", "*", "%25", &"x".repeat(3000)]
    {
        for path in [format!("/key/info?key={id}"), format!("/key/list?user_id={id}&key_hash={id}&search={id}")] {
            let status = master.ask("GET", &path, Value::Null).await.status();
            assert!([200, 400, 404].contains(&status), "{path}: {status}");
        }
        let status = master.ask("POST", &format!("/key/{id}/regenerate"), json!({})).await.status();
        assert!([400, 404].contains(&status), "{id}: {status}");
    }
    assert!(!office.gateway.log().contains("panicked"));
}

/// All paths of the management API, with something in the place of each blank.
async fn paths(office: &Office) -> Vec<(String, String)> {
    let routes = office.master().see("/routes").await;
    let route = |route: &Value| {
        let path = route["path"].as_str().expect("a path").split('/');
        let filled = path.map(|part| if part.starts_with('{') { "nothing" } else { part }).collect::<Vec<_>>();
        (route["methods"][0].as_str().expect("a method").to_owned(), filled.join("/"))
    };
    routes["routes"].as_array().expect("a list").iter().map(route).collect()
}

#[tokio::test]
async fn every_path_asks_for_a_key_and_for_rights() {
    let office = Office::open("").await;
    let nobody = office.key(json!({})).await;
    // What shows a key itself, or nothing that is anybody's.
    let harmless =
        ["/key/info", "/key/health", "/routes", "/user/available_roles", "/cost/estimate", "/spend/calculate"];
    let all = paths(&office).await;
    assert!(all.len() > 120, "{}", all.len());
    for (method, path) in &all {
        let call = Call::new(method, path).body("{}");
        for key in ["", "Bearer sk-unknown", "Bearer nonsense"] {
            let status = office.gateway.call(&call.clone().header("authorization", key)).await.status();
            assert_eq!(status, 401, "{method} {path} with {key:?}");
        }
        let answer = office.with(&nobody).send(&call).await;
        if answer.status() == 200 && method != "GET" && !harmless.contains(&path.as_str()) {
            panic!("{method} {path}: {}", answer.text());
        }
        assert!(answer.status() < 500, "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn no_path_fails_whatever_is_sent_there() {
    let office = Office::open("").await;
    let master = office.master();
    let names = [
        "key",
        "keys",
        "user_id",
        "user_ids",
        "team_id",
        "team_ids",
        "organization_id",
        "organization_ids",
        "member",
        "members",
        "model_name",
        "litellm_params",
        "model_info",
        "credential_name",
        "credential_values",
        "name",
        "names",
        "id",
        "budgets",
        "budget_id",
        "max_budget",
        "models",
        "metadata",
        "users",
        "ip",
        "reset_to",
        "model",
        "messages",
        "update_fields",
    ];
    for (method, path) in paths(&office).await.iter().filter(|(method, _)| method != "GET") {
        for value in values().into_iter().filter(|value| value.to_string().len() < 1000) {
            let body: Value = names.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
            let answer = master.ask(method, path, body).await;
            assert!(answer.status() < 500, "{method} {path} {value}: {}", answer.text());
        }
    }
    for (_, path) in paths(&office).await.iter().filter(|(method, _)| method == "GET") {
        for value in ["", "%00", "x%27%20OR%201%3D1", "-1", "1e999", "2024-01-01", "%F0%9F%A6%80"] {
            let query = [
                "page",
                "size",
                "page_size",
                "user_id",
                "team_id",
                "key",
                "start_date",
                "end_date",
                "sort_by",
                "api_key",
                "budget_id",
                "organization_id",
                "end_user_id",
                "model",
                "search",
                "limit",
            ];
            let query = query.iter().map(|name| format!("{name}={value}")).collect::<Vec<_>>().join("&");
            let answer = master.ask("GET", &format!("{path}?{query}"), Value::Null).await;
            assert!(answer.status() < 500, "{path} {value}: {}", answer.text());
        }
    }
    let log = office.gateway.log();
    assert!(!log.contains("panicked") && !log.contains("refuses a change") && !log.contains("cannot be"), "{log}");
}
