use crate::client::*;
use crate::mock::{Loaded, Mock, Options};
use serde_json::{Value, json};

const CHAT: &str = "/api/chat";

async fn node(knobs: &str) -> Mock {
    Mock::start(Options { knobs: knobs.to_owned(), ..Options::default() }).await.unwrap()
}

fn chat(model: &str, num_ctx: u64) -> Value {
    let messages = json!([{ "role": "user", "content": "one two three" }]);
    json!({ "model": model, "messages": messages, "stream": false, "options": { "num_ctx": num_ctx } })
}

fn loads(mock: &Mock) -> Vec<(String, u64, usize, bool)> {
    mock.loads().into_iter().map(|Loaded { model, num_ctx, busy, aborted }| (model, num_ctx, busy, aborted)).collect()
}

fn load(model: &str, num_ctx: u64, busy: usize) -> (String, u64, usize, bool) {
    (model.to_owned(), num_ctx, busy, false)
}

#[tokio::test]
async fn a_model_is_loaded_for_its_first_call_and_for_another_context() {
    let mock = node("load_ms=1").await;
    for (model, num_ctx) in [("a", 64), ("a:latest", 64), ("a", 128), ("b", 64), ("a", 128)] {
        assert_eq!(post(&mock, CHAT, chat(model, num_ctx)).await.status, 200);
    }
    let a = "a:latest";
    assert_eq!(loads(&mock), [load(a, 64, 0), load(a, 128, 0), load("b:latest", 64, 0), load(a, 128, 0)]);
    let running = get(&mock, "/api/ps").await.json();
    let models = running["models"].as_array().unwrap();
    assert_eq!((models.len(), &models[0]["name"], &models[0]["context_length"]), (1, &json!(a), &json!(128)));
}

#[tokio::test]
async fn who_comes_during_a_call_waits_for_it_and_a_model_may_be_unloaded() {
    let mock = node("load_ms=1,first_ms=50").await;
    let (first, second) = tokio::join!(post(&mock, CHAT, chat("a", 64)), async {
        mock.wait_for(|one| !one.is_over()).await.unwrap();
        post(&mock, CHAT, chat("b", 64)).await
    });
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(mock.loads().len(), 2);
    let unload = json!({ "model": "b", "messages": [], "keep_alive": 0, "stream": false });
    assert_eq!(post(&mock, CHAT, unload).await.json()["done_reason"], "unload");
    assert_eq!(get(&mock, "/api/ps").await.json(), json!({ "models": [] }));
}

#[tokio::test]
async fn a_load_is_given_up_when_its_request_goes_away() {
    let mock = node("load_ms=60000").await;
    let body = chat("a", 64).to_string();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    let asked = open(&mock, format!("{head}{body}").as_bytes()).await;
    mock.wait_for(|one| !one.is_over()).await.unwrap();
    while mock.loads().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(asked);
    mock.wait_for(|one| one.is_over()).await.unwrap();
    assert!(mock.loads()[0].aborted);
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_cut_unless_that_is_forbidden() {
    let mock = node("load_ms=1").await;
    assert_eq!(post(&mock, CHAT, chat("a", 2)).await.json()["prompt_eval_count"], 2);
    let mut strict = chat("a", 2);
    strict["truncate"] = json!(false);
    let refused = post(&mock, CHAT, strict).await;
    assert_eq!((refused.status, mock.cuts()), (400, 1));
}
