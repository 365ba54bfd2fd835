//! What benchmarks rely on: unchecked requests, several workers, many slow streams.

use super::*;
use std::sync::mpsc;

#[tokio::test]
async fn unchecked_requests_are_answered_by_their_knobs_alone() {
    let mock = Mock::start(Options { check: false, record: false, ..Options::default() }).await.unwrap();
    for stream in [false, true] {
        for (name, path, mut body) in hellos("demo@chunks=3", stream) {
            body[if name == "responses" { "input" } else { "messages" }] = json!(5);
            let got = post(&mock, &path, body).await;
            assert_eq!((got.status, got.complete), (200, true), "{name}");
            // One of them repeats an answer at the end of its stream.
            let most = if name == "responses" { 4 } else { 1 };
            assert!((1..=most).contains(&got.text().matches("lore").count()), "{name}");
            assert_eq!(got.header("transfer-encoding").is_some(), stream, "{name}");
        }
    }
    let broken =
        raw(&mock, b"POST /v1/chat/completions HTTP/1.1\r\nconnection: close\r\ncontent-length: 1\r\n\r\n{").await;
    assert_eq!(broken.status, 400);
}

#[tokio::test]
async fn many_slow_streams_run_at_once() {
    let mock = mock().await;
    let (_, path, body) = hellos("demo@fault=stall", true).remove(0);
    let request = request(&path, &body);
    let mut streams = Vec::new();
    for _ in 0..300 {
        streams.push(open(&mock, &request).await);
    }
    for stream in &mut streams {
        read_until(stream, "You").await;
    }
    assert_eq!(mock.stats().in_flight, 300);
    drop(streams);
    mock.wait_for_all(300, Recorded::is_over).await.unwrap();
}

#[test]
fn several_workers_share_one_port() {
    let (tell, addr) = mpsc::channel();
    // The workers run for good; the process ends them.
    std::thread::spawn(move || crate::serve(Options::default(), 2, move |addr| tell.send(addr).unwrap()));
    let addr = addr.recv().unwrap();
    for _ in 0..8 {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("Ollama is running"));
    }
}
