//! A caller that goes away takes its call along: the provider must not go on working for nobody.

use std::time::{Duration, Instant};

use drill::mock::{Mock, Outcome};

use crate::backs::{Config, asked, mock};
use crate::callers::Front;
use crate::client::Line;
use crate::gateway::Gateway;

/// Within this time after the caller has gone the provider must know.
const SOON: Duration = Duration::from_millis(500);

/// Whether the call that says `text` is given up soon after `gone`.
async fn is_given_up(mock: &Mock, text: &str, gone: Instant) {
    let says = |body: &[u8]| String::from_utf8_lossy(body).contains(text);
    let ended = mock.wait_for(|one| says(&one.body) && one.is_over()).await;
    let ended = ended.unwrap_or_else(|| panic!("{text}: the provider still works"));
    assert!(matches!(ended.outcome, Outcome::Aborted { .. }), "{text}: {:?}", ended.outcome);
    assert!(gone.elapsed() < SOON, "{text}: the provider learned of it only after {:?}", gone.elapsed());
}

/// Waits until the provider has the call that says `text`.
async fn is_asked(mock: &Mock, text: &str) {
    let arrived = mock.wait_for(|one| String::from_utf8_lossy(&one.body).contains(text)).await;
    assert!(arrived.is_some(), "{text}: the provider was not asked");
}

/// Hangs up while the provider, with these knobs, has not given anything away.
async fn check_before_content(knobs: &str, streams: &[bool]) {
    let slow = mock(knobs).await;
    let gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    for front in Front::ALL {
        for stream in streams {
            let text = format!("{front:?} {stream} {knobs}");
            let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
            line.send(&front.call("demo", &text, *stream).bytes()).await.expect("a request can be sent");
            is_asked(&slow, &text).await;
            drop(line);
            is_given_up(&slow, &text, Instant::now()).await;
        }
    }
    assert!(front_door_is_open(&gateway).await);
}

async fn front_door_is_open(gateway: &Gateway) -> bool {
    gateway.call(&crate::client::Call::get("/health/liveliness")).await.status() == 200
}

#[tokio::test]
async fn a_caller_that_hangs_up_in_mid_stream_ends_the_providers_work() {
    let slow = mock("chunks=1000,chunk_ms=20").await;
    let gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    for front in Front::ALL {
        let text = format!("{front:?} hangs up");
        let mut open = front.call("demo", &text, true).open(gateway.addr).await;
        open.until("lore").await;
        drop(open);
        is_given_up(&slow, &text, Instant::now()).await;
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_in_the_silence_of_a_stream_ends_the_providers_work() {
    let stalled = mock("fault=stall,after=1").await;
    let gateway = Gateway::start(&Config::of(&stalled).yaml()).await;
    for front in Front::ALL {
        let text = format!("{front:?} hangs up");
        let mut open = front.call("demo", &text, true).open(gateway.addr).await;
        open.until("You").await;
        drop(open);
        is_given_up(&stalled, &text, Instant::now()).await;
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_before_the_first_token_ends_the_providers_work() {
    check_before_content("fault=hang_first", &[true]).await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_before_any_answer_ends_the_providers_work() {
    check_before_content("fault=hang_headers", &[false, true]).await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_while_a_whole_answer_trickles_in_ends_the_providers_work() {
    check_before_content("fault=stall", &[false]).await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_during_the_pause_before_a_retry_ends_the_call() {
    let broken = mock("status=500").await;
    let gateway = Gateway::start(&Config::of(&broken).and("router_settings: {num_retries: 3}").yaml()).await;
    let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
    line.send(&Front::Chat.call("demo", "leaves", false).bytes()).await.expect("a request can be sent");
    broken.wait_for(|one| one.is_over()).await.expect("the provider was asked");
    drop(line);
    // Two pauses of somebody else are longer than the one in which the caller left.
    let stays = Front::Chat.call("demo", "stays", false).header("x-litellm-num-retries", "2");
    assert_eq!(gateway.call(&stays).await.status(), 500);
    assert_eq!((asked(&broken, "leaves").len(), asked(&broken, "stays").len()), (1, 3));
}
