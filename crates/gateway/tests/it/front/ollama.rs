//! Ollama's API over any provider: what its clients ask for, with keys and budgets like any other call.

use serde_json::{Value, json};

use crate::backs::{Back, Config, asked, mock};
use crate::client::Call;
use crate::gateway::Gateway;

async fn gateway(back: Back) -> (Gateway, drill::mock::Mock) {
    let mock = mock("").await;
    let config = Config::default().deployment("demo", back, &mock.url(), "").and("router_settings: {num_retries: 0}");
    (Gateway::start(&config.yaml()).await, mock)
}

async fn post(gateway: &Gateway, path: &str, body: Value) -> (u16, Value) {
    let answer = gateway.call(&Call::post(path, &body)).await;
    (answer.status(), serde_json::from_str(&answer.text()).unwrap_or_else(|_| panic!("{}", answer.text())))
}

#[tokio::test]
async fn a_prompt_is_answered_by_any_provider() {
    for back in Back::ALL {
        let (gateway, _mock) = gateway(back).await;
        let body = json!({ "model": "demo", "prompt": "hello", "stream": false });
        let (status, said) = post(&gateway, "/api/generate", body.clone()).await;
        assert_eq!(
            (status, &said["response"], &said["done"]),
            (200, &json!("You said: hello"), &json!(true)),
            "{back:?}"
        );
        assert!(said["eval_count"].as_u64() > Some(0) && said["total_duration"].as_u64() > Some(0), "{said}");
        let streamed = gateway.call(&Call::post("/api/generate", &json!({ "model": "demo", "prompt": "hello" }))).await;
        assert_eq!(streamed.header("content-type"), Some("application/x-ndjson"));
        let lines: Vec<Value> =
            streamed.text().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
        let text: String = lines.iter().filter_map(|line| line["response"].as_str()).collect();
        assert_eq!(text, "You said: hello", "{back:?}");
        assert_eq!(lines.last().expect("there are lines")["done"], true);
    }
}

#[tokio::test]
async fn vectors_come_in_both_forms() {
    for back in [Back::OpenAi, Back::Gemini, Back::Ollama] {
        let (gateway, _mock) = gateway(back).await;
        let (status, said) = post(&gateway, "/api/embed", json!({ "model": "demo", "input": ["a", "b"] })).await;
        assert_eq!((status, said["embeddings"].as_array().map(Vec::len)), (200, Some(2)), "{back:?}: {said}");
        let (status, said) = post(&gateway, "/api/embeddings", json!({ "model": "demo", "prompt": "a" })).await;
        assert!(status == 200 && said["embedding"][0].is_number(), "{back:?}: {said}");
    }
}

#[tokio::test]
async fn whoever_only_wants_the_model_loaded_asks_nobody_who_has_no_use_for_that() {
    let (gateway, mock) = gateway(Back::OpenAi).await;
    for (path, body) in [
        ("/api/generate", json!({ "model": "demo" })),
        ("/api/chat", json!({ "model": "demo", "messages": [], "stream": false })),
    ] {
        let (status, said) = post(&gateway, path, body).await;
        assert_eq!((status, &said["done"], &said["done_reason"]), (200, &json!(true), &json!("load")), "{said}");
    }
    assert_eq!(mock.requests().len(), 0);
}

#[tokio::test]
async fn a_tag_that_goes_without_saying_may_be_said() {
    let (gateway, mock) = gateway(Back::OpenAi).await;
    let body = json!({ "model": "demo:latest", "prompt": "by its tag", "stream": false });
    assert_eq!(post(&gateway, "/api/generate", body).await.0, 200);
    assert_eq!(asked(&mock, "by its tag").len(), 1);
    let (status, said) = post(&gateway, "/api/show", json!({ "model": "demo:latest" })).await;
    assert!(status == 200 && said["capabilities"][0] == "completion", "{said}");
}

#[tokio::test]
async fn models_are_listed_and_shown_to_those_who_may_call_them() {
    let mock = mock("").await;
    let config = Config::default()
        .model("gpt", "openai/gpt-4o", &Back::OpenAi.base(&mock.url()), "")
        .model("vectors", "openai/text-embedding-3-small", &Back::OpenAi.base(&mock.url()), "")
        .and("general_settings: {master_key: sk-master-key}");
    let gateway = Gateway::start(&config.yaml()).await;
    let admin = |call: Call| call.header("authorization", "Bearer sk-master-key");
    let made = gateway.call(&admin(Call::post("/key/generate", &json!({ "models": ["gpt"] })))).await;
    let key = serde_json::from_str::<Value>(&made.text()).expect("a key")["key"].as_str().expect("a key").to_owned();
    let as_key = |call: Call| call.header("authorization", format!("Bearer {key}"));
    let listed = gateway.call(&as_key(Call::get("/api/tags"))).await;
    let listed: Value = serde_json::from_str(&listed.text()).expect("a list");
    let names: Vec<&str> = listed["models"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["gpt"]);
    assert!(listed["models"][0]["digest"].as_str().is_some_and(|digest| digest.len() == 64));
    let shown = gateway.call(&as_key(Call::post("/api/show", &json!({ "model": "gpt" })))).await;
    let shown: Value = serde_json::from_str(&shown.text()).expect("a model");
    assert_eq!(shown["capabilities"], json!(["completion", "tools", "vision"]));
    assert_eq!(shown["model_info"]["openai.context_length"], 128_000);
    let vectors = gateway.call(&admin(Call::post("/api/show", &json!({ "name": "vectors" })))).await;
    assert!(vectors.text().contains(r#""capabilities":["embedding"]"#), "{}", vectors.text());
    for (call, status, says) in [
        (as_key(Call::post("/api/show", &json!({ "model": "vectors" }))), 404, "model 'vectors' not found"),
        (admin(Call::post("/api/show", &json!({ "model": "nobody" }))), 404, "model 'nobody' not found"),
        (Call::get("/api/tags"), 401, "key"),
        (as_key(Call::post("/api/pull", &json!({ "model": "gpt" }))), 501, "/api/pull"),
        (
            as_key(Call::post(
                "/api/chat",
                &json!({ "model": "vectors", "messages": [{"role": "user", "content": "x"}] }),
            )),
            403,
            "vectors",
        ),
    ] {
        let answer = gateway.call(&call).await;
        let error: Value = serde_json::from_str(&answer.text()).expect("an error is JSON");
        let sentence = error["error"].as_str().unwrap_or_default();
        assert!(answer.status() == status && sentence.contains(says), "{}: {}", answer.status(), answer.text());
    }
    let version = gateway.call(&Call::get("/api/version")).await;
    assert!(version.status() == 200 && version.text().contains("version"));
}

#[tokio::test]
async fn a_bound_by_a_budget_reaches_the_provider_in_its_own_words() {
    let mock = mock("").await;
    let more = "input_cost_per_token: 0.00001, output_cost_per_token: 0.00001";
    let config = Config::default()
        .deployment("demo", Back::OpenAi, &mock.url(), more)
        .and("general_settings: {master_key: sk-master-key}");
    let gateway = Gateway::start(&config.yaml()).await;
    let made =
        Call::post("/key/generate", &json!({ "max_budget": 0.003 })).header("authorization", "Bearer sk-master-key");
    let made = gateway.call(&made).await;
    let key = serde_json::from_str::<Value>(&made.text()).expect("a key")["key"].as_str().expect("a key").to_owned();
    let body = json!({ "model": "demo", "messages": [{"role": "user", "content": "bounded"}], "stream": false,
        "options": {"num_predict": 100_000} });
    let answer = gateway.call(&Call::post("/api/chat", &body).header("authorization", format!("Bearer {key}"))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let sent: Value = serde_json::from_slice(&asked(&mock, "bounded")[0].body).expect("JSON");
    let bound = sent["max_completion_tokens"].as_u64().expect("there is a bound");
    assert!(bound < 300, "{bound} tokens are more than the money pays for");
}

#[tokio::test]
async fn a_deployments_own_parameters_reach_a_server_of_the_same_dialect_where_it_looks_for_them() {
    let mock = mock("").await;
    let config = Config::default().deployment("demo", Back::Ollama, &mock.url(), "num_ctx: 8192, max_tokens: 50");
    let gateway = Gateway::start(&config.yaml()).await;
    let body = json!({ "model": "demo", "messages": [{"role": "user", "content": "a window"}], "stream": false,
        "options": {"num_predict": 7, "mirostat": 1} });
    assert_eq!(post(&gateway, "/api/chat", body).await.0, 200);
    let sent: Value = serde_json::from_slice(&asked(&mock, "a window")[0].body).expect("JSON");
    assert_eq!((&sent["options"]["num_ctx"], &sent["options"]["num_predict"]), (&json!(8192), &json!(7)), "{sent}");
}
