//! Paths that the operator declares.

use serde_json::json;

use super::Passing;
use crate::client::Call;
use crate::gateway::{Folder, Gateway, lockgate, run};
use crate::manage::{MASTER, Person};
use crate::sinks::ear::{Ear, until};

async fn serving(ear: &Ear, more: &str) -> Gateway {
    let config = format!(
        "general_settings:\n  master_key: {MASTER}\n  pass_through_endpoints:\n  - path: /v1/rerank\n    target: {}\n    \
         headers: {{Authorization: \"bearer os.environ/UP\", x-fixed: os.environ/UP, accept: application/json}}\n{more}",
        ear.url("/up/rerank?version=2")
    );
    Gateway::start_with(&config, &[], &[("UP", "upstream-secret")]).await
}

#[tokio::test]
async fn a_declared_path_leads_to_its_target_with_its_headers() {
    let ear = Ear::open().await;
    let gateway = serving(&ear, "    cost_per_request: 0.25\n    default_query_params: {a: b c, q: no}\n").await;
    let master = Person::of(&gateway, MASTER);
    let call = Call::post("/v1/rerank?q=1", &json!({"query": "x"})).header("x-secret", "mine").header("x-pass-y", "z");
    let answer = master.send(&call).await;
    assert_eq!((answer.status(), answer.header("x-litellm-call-id").is_some()), (200, true), "{}", answer.text());
    let heard = ear.heard("/up/rerank").pop().expect("it was heard");
    assert_eq!(heard.path, "/up/rerank?q=1&version=2&a=b%20c");
    assert_eq!(heard.header("authorization"), Some("bearer upstream-secret"));
    assert_eq!((heard.header("x-fixed"), heard.header("x-secret")), (Some("upstream-secret"), None));
    assert_eq!((heard.header("y"), heard.body.as_slice()), (Some("z"), &b"{\"query\":\"x\"}"[..]));
    // Nothing behind it goes on.
    assert_eq!(master.send(&Call::post("/v1/rerank/x", &json!({}))).await.status(), 404);
    assert_eq!(Call::post("/v1/rerank", &json!({})).send(gateway.addr).await.status(), 401);
    let row = until(async || {
        let page = master.see("/spend/logs/v2").await;
        page["data"].as_array()?.iter().find(|row| row["spend"] == 0.25).cloned()
    });
    assert_eq!(row.await["call_type"], "pass_through_endpoint");
}

#[tokio::test]
async fn a_price_per_request_spends_budgets() {
    let ear = Ear::open().await;
    let gateway = serving(&ear, "    cost_per_request: 0.25\n").await;
    let made = Person::of(&gateway, MASTER).done("POST", "/key/generate", json!({"max_budget": 0.6})).await;
    let person = Person::of(&gateway, made["key"].as_str().unwrap());
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(person.ask("POST", "/v1/rerank", json!({"query": "x"})).await.status());
    }
    assert_eq!((statuses, ear.heard("/up").len()), (vec![200, 200, 422], 2));
}

#[tokio::test]
async fn subpaths_methods_and_the_callers_headers_go_on_where_that_is_wanted() {
    let ear = Ear::open().await;
    let more = format!(
        "  - {{path: /mine, target: '{}', include_subpath: true, methods: [GET, post], forward_headers: true}}\n  \
         - {{path: /open, target: '{}', auth: false}}\n",
        ear.url("/base"),
        ear.url("/opened"),
    );
    let gateway = serving(&ear, &more).await;
    let master = Person::of(&gateway, MASTER);
    assert_eq!(master.send(&Call::get("/mine/a/b?c=d").header("x-own", "1")).await.status(), 200);
    let heard = ear.heard("/base").pop().expect("it was heard");
    assert_eq!(
        (&*heard.path, heard.header("x-own"), heard.header("authorization")),
        ("/base/a/b?c=d", Some("1"), None)
    );
    assert_eq!(master.send(&Call::new("DELETE", "/mine/a")).await.status(), 405);
    assert_eq!(master.send(&Call::get("/minex")).await.status(), 404);
    assert_eq!(master.send(&Call::get("/mine/%2e%2e/secret")).await.status(), 400);
    assert_eq!(Call::get("/open").send(gateway.addr).await.status(), 200);
    assert_eq!(ear.heard("/opened").len(), 1);
}

#[tokio::test]
async fn a_declared_path_of_a_known_shape_is_paid_for_by_its_usage() {
    let passing = Passing::open("", "").await;
    let config = format!(
        "general_settings:\n  master_key: {MASTER}\n  pass_through_endpoints:\n  - {{path: /mine, target: '{}', \
         include_subpath: true, headers: {{x-api-key: up}}}}\n",
        passing.provider.url()
    );
    let gateway = Gateway::start(&config).await;
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let call = Call::post("/mine/v1/messages", &body).header("x-pass-anthropic-version", "2023-06-01");
    let answer = Person::of(&gateway, MASTER).send(&call).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert!(answer.header("x-litellm-response-cost").is_some_and(|cost| cost != "0"));
}

#[tokio::test]
async fn a_declared_path_that_cannot_be_served_is_named() {
    let check = async |entry: &str| {
        let folder = Folder::new();
        let text = format!("general_settings: {{pass_through_endpoints: [{entry}]}}\n");
        let path = folder.write("config.yaml", &text);
        let (code, out, err) = run(&mut lockgate(&["check", path.to_str().unwrap()])).await;
        (code, format!("{out}{err}"))
    };
    for (entry, expected) in [
        ("{path: /key, target: 'https://a.b', include_subpath: true}", "is a path of the gateway itself"),
        ("{path: /, target: 'https://a.b'}", "is a path of the gateway itself"),
        ("{path: /x}", "target"),
        ("{path: /x, target: 'ftp://a.b'}", "http"),
        ("{path: /x, target: 'https://a.b', headers: {a: 'Bearer os.environ/NOT_SET'}}", "NOT_SET is not set"),
        ("{path: /x, target: 'https://a.b', auth: false}", "whoever reaches the gateway"),
    ] {
        let (code, said) = check(entry).await;
        assert!(said.contains(expected), "{entry}: {code:?} {said}");
    }
}
