//! What a provider keeps is asked for there, by its owner alone.

use serde_json::{Value, json};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Scene, path, respond};
use crate::backs::Config;
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

fn targets(scene: &Scene) -> Vec<(String, String)> {
    scene.mock.requests().into_iter().skip(1).map(|one| (one.method, one.target)).collect()
}

#[tokio::test]
async fn what_a_provider_keeps_is_asked_for_there_by_its_owner_alone() {
    for stream in [false, true] {
        let scene = Scene::new().await;
        let (own, other) = (scene.person(json!({})).await, scene.person(json!({})).await);
        let made = respond(&own, json!({ "model": "native", "input": "hello", "stream": stream })).await;
        let id = made["id"].as_str().unwrap();
        assert!(id.starts_with("resp_lg"), "{made}");
        for (method, end) in [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")] {
            other.refused(method, &format!("{}{end}", path(&made)), Value::Null, 404).await;
        }
        let go_on = json!({ "model": "native", "input": "go on", "previous_response_id": id });
        assert_eq!(other.ask("POST", "/v1/responses", go_on.clone()).await.status(), 400);
        assert!(targets(&scene).is_empty(), "a foreign key reaches nobody");
        assert_eq!(own.see(&path(&made)).await["id"], json!(id));
        let items = own.see(&format!("{}/input_items?limit=5", path(&made))).await;
        assert_eq!(items["data"][0]["id"], "msg_kept");
        let cancelled = own.done("POST", &format!("{}/cancel", path(&made)), Value::Null).await;
        assert_eq!(cancelled["status"], "cancelled");
        let after = respond(&own, go_on).await;
        let deleted = own.done("DELETE", &path(&made), Value::Null).await;
        assert_eq!((&deleted["id"], &deleted["deleted"]), (&json!(id), &json!(true)));
        own.refused("GET", &path(&made), Value::Null, 404).await;
        let theirs = format!("/v1/responses/resp_{}", id.rsplit('_').next().unwrap());
        let wanted = [
            ("GET", theirs.clone()),
            ("GET", format!("{theirs}/input_items?limit=5")),
            ("POST", format!("{theirs}/cancel")),
            ("POST", "/v1/responses".to_owned()),
            ("DELETE", theirs),
        ];
        let wanted = wanted.map(|(method, target)| (method.to_owned(), target));
        assert_eq!(targets(&scene), wanted);
        assert!(after["id"] != made["id"]);
    }
}

#[tokio::test]
async fn a_key_that_may_not_call_the_model_any_more_gets_nothing_from_its_provider() {
    let scene = Scene::new().await;
    let own = scene.person(json!({ "user_id": "ann", "models": ["native"] })).await;
    let made = respond(&own, json!({ "model": "native", "input": "hello" })).await;
    let narrow = scene.person(json!({ "user_id": "ann", "models": ["bridged"] })).await;
    narrow.refused("GET", &path(&made), Value::Null, 404).await;
    own.see(&path(&made)).await;
}

/// Answers one request: with an answer that is kept, or with its stream, the end of which comes when it is asked for. Says
/// what was asked of the stream.
async fn serve_one(mut stream: TcpStream, end: &mut Option<oneshot::Receiver<()>>) -> Option<String> {
    let mut asked = String::new();
    let mut bytes = [0; 4096];
    while !asked.contains("\r\n\r\n") || asked.starts_with("POST") && !asked.ends_with('}') {
        let read = stream.read(&mut bytes).await.unwrap_or(0);
        if read == 0 {
            return None;
        }
        asked.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    let answer =
        |status: &str| format!(r#"{{"id":"resp_x","object":"response","status":"{status}","output":[],"model":"m"}}"#);
    let head = |kind: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
    if asked.starts_with("POST") {
        let whole = head("application/json") + &answer("completed");
        stream.write_all(whole.as_bytes()).await.expect("the gateway reads");
        return None;
    }
    let end = end.take().filter(|_| asked.contains("stream=true"))?;
    let begun = format!("data: {{\"type\":\"response.created\",\"response\":{}}}\n\n", answer("in_progress"));
    stream.write_all((head("text/event-stream") + &begun).as_bytes()).await.expect("the gateway reads");
    end.await.expect("the test goes on");
    let last = format!("data: {{\"type\":\"response.completed\",\"response\":{}}}\n\n", answer("completed"));
    stream.write_all(last.as_bytes()).await.expect("the gateway reads");
    asked.lines().next().map(str::to_owned)
}

#[tokio::test]
async fn the_stream_of_what_a_provider_keeps_comes_as_the_provider_sends_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let (go_on, end) = oneshot::channel();
    let provider = tokio::spawn(async move {
        let mut end = Some(end);
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            if let Some(asked) = serve_one(stream, &mut end).await {
                return asked;
            }
        }
    });
    let config = Config::default()
        .model("native", "hosted_vllm/demo", &base, "")
        .and(&format!("general_settings:\n  master_key: {MASTER}\n"));
    let gateway = Gateway::start(&config.yaml()).await;
    let own = Person::of(&gateway, MASTER);
    let made = respond(&own, json!({ "model": "native", "input": "hello" })).await;
    let call = Call::get(&format!("{}?stream=true&starting_after=3", path(&made)));
    let mut open = call.header("authorization", format!("Bearer {MASTER}")).open(gateway.addr).await;
    assert!(open.head.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")));
    let id = made["id"].as_str().unwrap();
    let begun = open.until("response.created").await;
    assert!(begun.contains(id), "its id is ours from the first event on: {begun}");
    go_on.send(()).expect("the provider waits");
    let ended = open.until("response.completed").await;
    assert!(ended.contains(id), "{ended}");
    let asked = provider.await.expect("the provider was asked");
    assert!(asked.starts_with("GET /v1/responses/resp_x?") && asked.contains("starting_after=3"), "{asked}");
}
