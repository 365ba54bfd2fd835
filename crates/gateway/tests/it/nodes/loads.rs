//! What is loaded where, and how often.

use serde_json::json;

use super::{Farm, is_call, wrong};
use crate::backs::mock;
use crate::callers::Front;

#[tokio::test]
async fn mixed_calls_for_two_models_cause_few_loads_and_none_during_a_generation() {
    let farm = Farm::open(3, "load_ms=40,first_ms=10", "num_retries: 0", "").await;
    let calls = (0..60).map(|index| farm.chat(["a", "b"][index % 2], "hello", json!({})));
    let answers = farm.at_once(calls).await;
    assert_eq!(wrong(&answers), []);
    let loads = farm.loads();
    assert!(loads.len() <= 6, "{loads:#?}");
    assert!(loads.iter().all(|load| load.busy == 0 && !load.aborted), "{loads:#?}");
}

#[tokio::test]
async fn callers_who_ask_for_different_contexts_cause_one_load() {
    let farm = Farm::open(1, "load_ms=20", "", "").await;
    let calls = [4_096, 8_192, 12_000].map(|num_ctx| farm.chat("a", "hello", json!({ "num_ctx": num_ctx })));
    assert_eq!(wrong(&farm.at_once(calls).await), []);
    let loads = farm.loads();
    assert_eq!(loads.len(), 1, "{loads:#?}");
    let contexts: Vec<_> = farm.calls().iter().map(|one| one.json()["options"]["num_ctx"].clone()).collect();
    assert!(contexts.iter().all(|num_ctx| *num_ctx == loads[0].num_ctx), "{contexts:?} {loads:?}");
}

#[tokio::test]
async fn an_overlong_prompt_is_refused_and_a_long_one_gets_room() {
    let farm = Farm::open(1, "load_ms=5,context=4096", "num_ctx: 512", "").await;
    let long = "word ".repeat(1_500);
    let served = farm.gateway.call(&farm.chat("a", &long, json!({}))).await;
    assert_eq!((served.status(), &served.json()["usage"]["prompt_tokens"]), (200, &json!(1_500)), "{}", served.text());
    let overlong = "word ".repeat(4_500);
    for front in Front::ALL {
        let body = front.body("a", &overlong, false);
        let call = front.call_with(body).header("authorization", format!("Bearer {}", super::MASTER));
        let refused = farm.gateway.call(&call).await;
        let trouble = front.hear(&refused).trouble.expect("it is refused");
        assert_eq!(refused.status(), 400, "{trouble:?}");
        assert!(trouble.message.contains("4096 tokens"), "{trouble:?}");
        if front == Front::Chat {
            assert_eq!(trouble.code, "context_length_exceeded");
        }
    }
    assert_eq!((farm.nodes[0].cuts(), farm.calls().len()), (0, 1));
}

#[tokio::test]
async fn a_prompt_that_is_longer_than_it_looked_gets_room_all_the_same() {
    let farm = Farm::open(1, "load_ms=5,context=4096", "num_ctx: 512, num_retries: 0", "").await;
    let short_words = |count| "a ".repeat(count);
    let served = farm.gateway.call(&farm.chat("a", &short_words(1_100), json!({}))).await;
    assert_eq!((served.status(), &served.json()["usage"]["prompt_tokens"]), (200, &json!(1_100)), "{}", served.text());
    assert_eq!(farm.calls().len(), 2, "the first context was too small");
    let refused = farm.gateway.call(&farm.chat("a", &short_words(5_000), json!({}))).await;
    assert_eq!((refused.status(), &refused.json()["error"]["code"]), (400, &json!("context_length_exceeded")));
    assert_eq!(farm.nodes[0].cuts(), 0);
}

#[tokio::test]
async fn what_others_have_loaded_is_used_where_it_is() {
    let nodes = [mock("load_ms=5").await, mock("load_ms=5").await];
    for (node, model) in nodes.iter().zip(["b", "a"]) {
        let body = json!({ "model": model, "messages": [], "options": { "num_ctx": 4096 } });
        let loaded = crate::client::Call::post("/api/chat", &body).send(node.addr()).await;
        assert_eq!(loaded.status(), 200);
    }
    let farm = Farm::around(nodes.into(), "num_ctx: 4096", "").await;
    for node in &farm.nodes {
        node.wait_for(|one| one.target == "/api/ps" && one.is_over()).await.expect("it is asked in the beginning");
    }
    // What was answered has been understood once it is shown.
    let loaded =
        |shown: &serde_json::Value| shown["nodes"].as_array().unwrap().iter().all(|one| one["loaded"] != json!([]));
    while !loaded(&farm.shown().await) {}
    for model in ["a", "b", "a"] {
        let answer = farm.gateway.call(&farm.chat(model, "hello", json!({}))).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
    assert_eq!(farm.loads().len(), 2);
    let models = |at: usize| {
        let calls = farm.nodes[at].requests().into_iter().filter(is_call);
        calls.map(|one| one.model).collect::<Vec<_>>()
    };
    assert_eq!((models(0), models(1)), (vec!["b".to_owned()], vec!["a".to_owned(); 2]));
}

#[tokio::test]
async fn a_node_that_dies_is_left_and_its_calls_go_on_elsewhere() {
    let mut farm = Farm::open(2, "load_ms=5,first_ms=30", "", "").await;
    let calls: Vec<_> = (0..20).map(|_| farm.chat("a", "hello", json!({}))).collect();
    let addr = farm.gateway.addr;
    let answers = tokio::spawn(async move {
        let mut answers = tokio::task::JoinSet::new();
        for call in calls {
            answers.spawn(async move { call.send(addr).await });
        }
        answers.join_all().await
    });
    farm.nodes[1].wait_for(is_call).await.expect("both nodes are used");
    drop(farm.nodes.remove(1));
    assert_eq!(wrong(&answers.await.expect("nobody panics")), []);
    assert_eq!(farm.shown().await["nodes"][1]["loaded"], json!([]));
}

#[tokio::test]
async fn a_node_that_hangs_is_left_when_its_load_takes_too_long() {
    let nodes = vec![mock("load_ms=5").await, mock("fault=hang_headers").await];
    let slow = nodes[1].url();
    let router = format!("nodes: [{{api_base: \"{slow}\", load_timeout: 0.2}}]");
    let farm = Farm::around(nodes, "timeout: 0.5", &router).await;
    let answers = farm.at_once((0..8).map(|_| farm.chat("a", "hello", json!({})))).await;
    assert_eq!(wrong(&answers), []);
    assert_eq!(farm.loads().len(), 1);
}

#[tokio::test]
async fn a_model_that_no_node_has_is_not_found_and_harms_no_other() {
    let node = mock("load_ms=5").await;
    let base = crate::backs::Back::Ollama.base(&node.url());
    let config = crate::backs::Config::default().model("gone", "ollama/gone:v1@error=not_found", &base, "").model(
        "here",
        "ollama/here",
        &base,
        "",
    );
    let gateway = crate::gateway::Gateway::start(&config.yaml()).await;
    for (model, status) in [("here", 200), ("gone", 404), ("gone", 404), ("here", 200)] {
        let answer = gateway.call(&Front::Chat.call(model, "hello", false)).await;
        assert_eq!(answer.status(), status, "{model}: {}", answer.text());
    }
    let asked = node.requests().into_iter().filter(|one| one.model.starts_with("gone")).count();
    // What it can hold, a load, the call behind it; nothing again for a while.
    let all: Vec<_> = node.requests().iter().map(|one| format!("{} {}", one.target, one.model)).collect();
    assert!(asked <= 3, "{all:?}");
}
