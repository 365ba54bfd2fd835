//! Looking at nodes, loading, unloading and waking by hand.

use serde_json::json;
use tokio::net::{TcpListener, UdpSocket};

use super::{Farm, MASTER};
use crate::client::Call;

fn post(path: &str, body: &serde_json::Value) -> Call {
    Call::post(path, body).header("authorization", format!("Bearer {MASTER}"))
}

#[tokio::test]
async fn a_model_is_loaded_and_unloaded_by_hand() {
    let farm = Farm::open(2, "load_ms=5", "", "").await;
    let second = farm.nodes[1].url();
    let loaded = farm.gateway.call(&post("/nodes/load", &json!({ "model": "a", "api_base": second }))).await;
    assert_eq!(loaded.json(), json!({ "status": "loaded", "model": "a:latest" }));
    let shown = farm.shown().await;
    let expected = json!([{ "model": "a:latest", "num_ctx": 8192, "vram_bytes": 0, "running": 0 }]);
    assert_eq!((&shown["nodes"][1]["api_base"], &shown["nodes"][1]["loaded"]), (&json!(second), &expected), "{shown}");
    assert_eq!(shown["nodes"][0]["loaded"], json!([]));
    assert_eq!(farm.gateway.call(&farm.chat("a", "hello", json!({}))).await.status(), 200);
    assert_eq!((farm.nodes[0].loads().len(), farm.nodes[1].loads().len()), (0, 1));
    let unloaded = farm.gateway.call(&post("/nodes/unload", &json!({ "model": "a" }))).await;
    assert_eq!(unloaded.json()["status"], "unloaded", "{}", unloaded.text());
    assert_eq!(farm.shown().await["nodes"][1]["loaded"], json!([]));
}

#[tokio::test]
async fn what_is_kept_is_loaded_before_anybody_calls() {
    let farm = Farm::open(2, "load_ms=5", "preload: 1", "").await;
    for node in &farm.nodes {
        node.wait_for(|one| one.json()["keep_alive"] == -1).await.expect("each node gets one of the two models");
    }
    assert_eq!(farm.calls().len(), 0);
}

#[tokio::test]
async fn only_administrators_see_nodes_and_mistakes_are_named() {
    let farm = Farm::open(1, "load_ms=5", "", "").await;
    let key = format!("Bearer {}", farm.key().await);
    for call in [Call::get("/nodes"), Call::post("/nodes/load", &json!({ "model": "a" }))] {
        assert_eq!(farm.gateway.call(&call.clone()).await.status(), 401);
        assert_eq!(farm.gateway.call(&call.header("authorization", &key)).await.status(), 403);
    }
    for (path, body, status) in [
        ("/nodes/load", json!({}), 400),
        ("/nodes/load", json!({ "model": 1 }), 400),
        ("/nodes/load", json!({ "model": "unheard-of" }), 404),
        ("/nodes/load", json!({ "model": "a", "api_base": "http://elsewhere" }), 404),
        ("/nodes/wake", json!({ "api_base": farm.nodes[0].url() }), 409),
        ("/nodes/wake", json!({ "api_base": "http://elsewhere" }), 404),
    ] {
        let refused = farm.gateway.call(&post(path, &body)).await;
        assert_eq!(refused.status(), status, "{path} {body}: {}", refused.text());
    }
    let none = farm.gateway.call(&post("/nodes/load", &json!([]))).await;
    assert_eq!(none.status(), 400, "{}", none.text());
}

#[tokio::test]
async fn a_node_that_sleeps_is_woken_by_a_call() {
    let ear = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let asleep = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let router = format!(
        "nodes: [{{api_base: \"http://{asleep}\", mac: \"a4:bb:6d:01:02:03\", wake_address: \"{}\", wake_seconds: 20}}]",
        ear.local_addr().unwrap()
    );
    let config = crate::backs::Config::default().model("a", "ollama/a", &format!("http://{asleep}"), "");
    let config = config.and(&format!("router_settings: {{{router}}}")).yaml();
    let gateway = crate::gateway::Gateway::start(&config).await;
    let call = tokio::spawn({
        let (call, addr) = (crate::callers::Front::Chat.call("a", "hello", false), gateway.addr);
        async move { call.send(addr).await }
    });
    let mut packet = [0; 200];
    let length = ear.recv(&mut packet).await.unwrap();
    let expected = [vec![0xff; 6], [0xa4, 0xbb, 0x6d, 1, 2, 3].repeat(16)].concat();
    assert_eq!(packet[..length], expected);
    let options = drill::mock::Options { addr: asleep, knobs: "load_ms=5".to_owned(), ..Default::default() };
    let node = drill::mock::Mock::start(options).await.expect("nobody has taken its port");
    let answer = call.await.expect("nobody panics");
    assert_eq!((answer.status(), node.loads().len()), (200, 1), "{}", answer.text());
}
