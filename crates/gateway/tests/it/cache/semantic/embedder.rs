//! Nobody waits long for whoever makes the vectors.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;

use super::{AGAIN, QUESTION, Scene, config, said, until};
use crate::backs::mock;
use crate::gateway::Gateway;

#[tokio::test]
async fn without_vectors_calls_go_on_in_time_and_soon_do_not_ask_for_them() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let failing = mock("status=500").await;
    // A listener that is gone, one that never answers (its queue takes connections), and one that fails.
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for url in [silent, format!("http://{}", hung.local_addr().unwrap()), failing.url()] {
        let scene = Scene::with("", "").await;
        assert_eq!(said(&scene.ask(QUESTION).await), "miss");
        scene.until_known(1).await;
        scene.gateway.reconfigure(&config(&scene.provider, &url, "", "").replace("timeout: 5", "timeout: 0.2"));
        scene.master().done("POST", "/config/reload", json!({})).await;
        assert_eq!(scene.semantic().await["entries"], 1, "a reload forgets nothing");
        let began = Instant::now();
        assert_eq!(said(&scene.ask(AGAIN).await), "miss");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert_eq!(scene.semantic().await["embedder_rests"], true);
        let began = Instant::now();
        for count in 0..20 {
            assert_eq!(said(&scene.ask(&format!("{AGAIN} {count}")).await), "miss");
        }
        assert!(began.elapsed() < Duration::from_secs(3), "they wait for nothing: {:?}", began.elapsed());
        assert_eq!(said(&scene.ask(QUESTION).await), "hit", "what is exactly the same needs no vector");
    }
    assert!(failing.requests().len() <= 3, "who fails rests");
}

#[tokio::test]
async fn a_text_that_is_refused_keeps_nobody_from_vectors() {
    let (provider, refusing) = (mock("").await, mock("by_words,status=400,fail_first=1").await);
    let gateway = Gateway::start(&config(&provider, &refusing.url(), "", "")).await;
    let scene = Scene { provider, vectors: refusing, gateway };
    assert_eq!(said(&scene.ask("what is refused").await), "miss");
    until(async || (scene.made() == 1).then_some(())).await;
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    assert_eq!(said(&scene.ask(AGAIN).await), "semantic");
    assert_eq!(scene.semantic().await["embedder_rests"], false);
}
