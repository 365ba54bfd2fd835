//! Going down: who is being served is served to the end, nobody new is let in, and nothing else holds it up.

use std::time::{Duration, Instant};

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::{Call, Line};
use crate::gateway::{Gateway, PATIENCE};

/// How long the process may take after the last call is done.
const SOON: Duration = Duration::from_secs(2);

/// Waits until nobody listens any more.
async fn refuses(gateway: &Gateway) {
    let begun = Instant::now();
    while Line::connect(gateway.addr).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "new connections are still accepted");
    }
}

#[tokio::test]
async fn a_running_stream_and_a_running_call_finish_while_new_connections_are_refused() {
    let slow = mock("chunks=20,chunk_ms=50,delay_ms=300").await;
    let mut gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    let mut stream = Front::Chat.call("demo", "stream", true).open(gateway.addr).await;
    stream.until("lore").await;
    let addr = gateway.addr;
    let whole = tokio::spawn(async move { Front::Messages.call("demo", "whole", false).send(addr).await });
    slow.wait_for(|one| String::from_utf8_lossy(&one.body).contains("whole")).await.expect("the call has arrived");
    gateway.signal("TERM").await;
    refuses(&gateway).await;
    let (stream, whole) = (stream.finish().await, whole.await.expect("the call is answered"));
    assert!(Front::Chat.hear(&stream).is_success(), "{}", stream.text());
    assert!(Front::Messages.hear(&whole).is_success(), "{}", whole.text());
    assert_eq!(gateway.ended(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn connections_that_wait_for_nothing_do_not_hold_it_up() {
    let quick = mock("").await;
    let mut gateway = Gateway::start(&Config::of(&quick).yaml()).await;
    let (answer, kept) = Front::Chat.call("demo", "hello", false).open(gateway.addr).await.finish_with_line().await;
    assert_eq!(answer.status(), 200);
    let never_used = Line::connect(gateway.addr).await.expect("the gateway listens");
    let (answer, mut kept_and_begun) =
        Front::Messages.call("demo", "hello", false).open(gateway.addr).await.finish_with_line().await;
    assert_eq!(answer.status(), 200);
    kept_and_begun.send(b"POST /v1/messages HTTP/1.1\r\nhost: gate").await.expect("it can be sent");
    let mut half_a_head = Line::connect(gateway.addr).await.expect("the gateway listens");
    half_a_head.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate").await.expect("it can be sent");
    // All connections are accepted once a later one is answered on each worker.
    for _ in 0..20 {
        assert_eq!(gateway.call(&Call::get("/health/liveliness")).await.status(), 200);
    }
    gateway.signal("TERM").await;
    assert_eq!(gateway.ended(SOON).await.code(), Some(0));
    drop((kept, never_used, kept_and_begun, half_a_head));
}

#[tokio::test]
async fn an_idle_gateway_is_gone_at_once() {
    for signal in ["TERM", "INT"] {
        let quick = mock("").await;
        let mut gateway = Gateway::start(&Config::of(&quick).yaml()).await;
        gateway.signal(signal).await;
        assert_eq!(gateway.ended(SOON).await.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_without_waiting() {
    let slow = mock("chunks=1000,chunk_ms=100").await;
    let mut gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    let mut stream = Front::Chat.call("demo", "hello", true).open(gateway.addr).await;
    stream.until("lore").await;
    gateway.signal("TERM").await;
    refuses(&gateway).await;
    gateway.signal("TERM").await;
    let status = gateway.ended(SOON).await;
    assert!(!status.success(), "calls were given up, which is no success");
}

#[tokio::test]
async fn an_answer_that_is_read_slowly_is_not_cut_off() {
    let large = mock("answer_bytes=12000000,chunk_bytes=100000").await;
    let mut gateway = Gateway::start(&Config::of(&large).yaml()).await;
    let mut slow = Vec::new();
    for front in Front::ALL {
        slow.push((front, front.call("demo", "hello", false).open(gateway.addr).await));
    }
    gateway.signal("TERM").await;
    refuses(&gateway).await;
    for (front, open) in slow {
        let answer = open.finish().await;
        assert!(answer.complete, "{front:?}: cut off after {} bytes", answer.body.len());
        assert_eq!(front.hear(&answer).text.len(), 12_000_000);
    }
    assert_eq!(gateway.ended(SOON).await.code(), Some(0));
}

/// Begins a call and stops in the middle of its body; what is still to come.
async fn half_a_call(gateway: &Gateway, front: Front) -> (Line, Vec<u8>) {
    let mut bytes = front.call("demo", "hello", false).bytes();
    let rest = bytes.split_off(bytes.len() - 5);
    let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
    line.send(&bytes).await.expect("it can be sent");
    (line, rest)
}

/// Such a call from each kind of caller, all of which the gateway has begun to read.
async fn half_calls(gateway: &Gateway) -> Vec<(Front, Line, Vec<u8>)> {
    let mut calls = Vec::new();
    for front in Front::ALL {
        let (line, rest) = half_a_call(gateway, front).await;
        calls.push((front, line, rest));
    }
    for _ in 0..20 {
        assert_eq!(gateway.call(&Call::get("/health/liveliness")).await.status(), 200);
    }
    calls
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_refused_and_holds_nothing_up() {
    let quick = mock("").await;
    let mut gateway = Gateway::start(&Config::of(&quick).yaml()).await;
    let stuck = half_calls(&gateway).await;
    let begun = Instant::now();
    gateway.signal("TERM").await;
    let mut open = Vec::new();
    for (front, line, rest) in stuck {
        let (answer, line) = line.answer(begun).await.finish_with_line().await;
        let trouble = front.hear(&answer).trouble.expect("the call cannot be served");
        let unavailable = if front == Front::Messages { 529 } else { 503 };
        assert_eq!(answer.status(), unavailable, "{trouble:?}");
        assert!(trouble.message.contains("going down"), "{trouble:?}");
        assert!(answer.header("x-litellm-call-id").is_some());
        open.push((line, rest));
    }
    gateway.ended(SOON).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(quick.requests().len(), 0);
}

#[tokio::test]
async fn a_body_that_is_on_its_way_still_arrives() {
    let quick = mock("").await;
    let mut gateway = Gateway::start(&Config::of(&quick).yaml()).await;
    let halves = half_calls(&gateway).await;
    gateway.signal("TERM").await;
    refuses(&gateway).await;
    for (front, mut line, rest) in halves {
        line.send(&rest).await.expect("it can be sent");
        let answer = line.answer(Instant::now()).await.finish().await;
        assert!(front.hear(&answer).is_success(), "{}", answer.text());
    }
    assert_eq!(gateway.ended(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn a_refused_body_that_goes_on_holds_nothing_up() {
    let quick = mock("").await;
    let config = Config::of(&quick).and("general_settings: {master_key: sk-master-key}").yaml();
    let mut gateway = Gateway::start(&config).await;
    let mut open = Vec::new();
    for front in Front::ALL {
        let (line, _) = half_a_call(&gateway, front).await;
        let (answer, line) = line.answer(Instant::now()).await.finish_with_line().await;
        assert_eq!(answer.status(), 401);
        open.push(line);
    }
    gateway.signal("TERM").await;
    assert_eq!(gateway.ended(SOON).await.code(), Some(0));
}
