//! What is looked for in a deployment, and how one that failed comes back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use drill::mock::{Mock, Options, Outcome, Recorded};
use tokio::task::JoinSet;

use super::chat;
use crate::backs::{Back, Config, mock};
use crate::callers::Front;
use crate::gateway::{Gateway, PATIENCE};

fn of(strategy: &str) -> String {
    format!("router_settings: {{routing_strategy: {strategy}}}")
}

async fn at_once(gateway: &Gateway, count: usize, stream: bool) {
    let (addr, mut callers) = (gateway.addr, JoinSet::new());
    for _ in 0..count {
        callers.spawn(async move { Front::Chat.call("demo", "hello", stream).send(addr).await.status() });
    }
    for status in callers.join_all().await {
        assert_eq!(status, 200);
    }
}

fn served(mock: &Mock) -> usize {
    mock.requests().len()
}

#[tokio::test]
async fn the_least_busy_gets_the_next_call() {
    let (slow, quick) = (mock("delay_ms=2000").await, mock("").await);
    // The slow one comes first when all are free.
    let config = Config::default().openai("demo", &slow, "weight: 1000000").openai("demo", &quick, "weight: 1");
    let config = config.and(&of("least-busy"));
    let gateway = Gateway::start(&config.yaml().replace("weight: 1000000", "weight: 1")).await;
    at_once(&gateway, 2, false).await;
    assert_eq!((served(&slow), served(&quick)), (1, 1), "two at once go to two");
    at_once(&gateway, 12, false).await;
    assert!(served(&slow) <= 7 && served(&quick) >= 7, "{} and {}", served(&slow), served(&quick));
}

#[tokio::test]
async fn the_quickest_gets_the_calls_once_it_is_known() {
    for stream in [false, true] {
        // By so much that no pause of the machine looks as slow.
        let (slow, quick) = (mock("first_ms=1500,delay_ms=1500").await, mock("").await);
        let config = Config::default().openai("demo", &slow, "").openai("demo", &quick, "");
        let gateway = Gateway::start(&config.and(&of("latency-based-routing")).yaml()).await;
        for _ in 0..30 {
            at_once(&gateway, 1, stream).await;
        }
        assert!(served(&slow) <= 1, "{} of 30 went to the slow one", served(&slow));
    }
}

#[tokio::test]
async fn the_cheapest_and_the_least_used_are_found() {
    let (dear, cheap) = (mock("chunks=5").await, mock("chunks=5").await);
    let price = |price: &str| format!("input_cost_per_token: {price}, output_cost_per_token: {price}");
    let config = Config::default().openai("demo", &dear, &price("0.00002")).openai("demo", &cheap, &price("0.00001"));
    let gateway = Gateway::start(&config.clone().and(&of("cost-based-routing")).yaml()).await;
    at_once(&gateway, 10, false).await;
    assert_eq!((served(&dear), served(&cheap)), (0, 10));
    let gateway = Gateway::start(&config.and(&of("usage-based-routing-v2")).yaml()).await;
    for _ in 0..10 {
        at_once(&gateway, 1, false).await;
    }
    // A minute that turns in the middle begins anew: then it is one more or less.
    assert!((4..=6).contains(&served(&dear)), "{} and {}", served(&dear), served(&cheap) - 10);
}

#[tokio::test]
async fn several_groups_answer_to_one_name() {
    let (first, second) = (mock("").await, mock("").await);
    let config = Config::default().openai("a", &first, "").openai("b", &second, "").and(
        "router_settings: {routing_groups: [{group_name: demo, models: [a, b], routing_strategy: priority, \
         model_priorities: {b: 1, a: 2}}]}",
    );
    let gateway = Gateway::start(&config.yaml()).await;
    at_once(&gateway, 10, false).await;
    assert_eq!((served(&first), served(&second)), (0, 10));
}

/// A deployment that comes first, and one that stands in for it.
fn before(primary: &str, stand_in: &Mock) -> Config {
    Config::default().deployment("demo", Back::OpenAi, primary, "order: 1").openai("demo", stand_in, "order: 2")
}

/// A mock provider that is well, where another one was.
async fn well_at(addr: SocketAddr) -> Mock {
    let since = Instant::now();
    loop {
        match Mock::start(Options { addr, ..Options::default() }).await {
            Ok(mock) => return mock,
            // Whoever was there takes a moment to go.
            Err(_) if since.elapsed() < PATIENCE => tokio::task::yield_now().await,
            Err(error) => panic!("it does not come back: {error}"),
        }
    }
}

#[tokio::test]
async fn a_dead_primary_is_hardly_tried_and_is_back_within_five_seconds_of_being_well() {
    let addr = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().unwrap();
    let stand_in = mock("").await;
    let gateway = Gateway::start(&before(&format!("http://{addr}"), &stand_in).yaml()).await;
    let began = Instant::now();
    let (mut calls, mut tried) = (0, 0);
    while began.elapsed() < Duration::from_secs(6) {
        let answer = chat(&gateway, "demo").await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        calls += 1;
        tried += super::number(&answer, "x-litellm-attempted-retries");
    }
    assert!(tried * 50 <= calls, "the dead one was tried {tried} times for {calls} calls");
    let well = well_at(addr).await;
    let back = Instant::now();
    while served(&well) < 2 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
    }
    assert!(back.elapsed() < Duration::from_millis(5_500), "{:?}", back.elapsed());
}

#[tokio::test]
async fn who_breaks_every_stream_is_hardly_tried_and_is_back_within_five_seconds_of_being_well() {
    let (broken, stand_in) = (mock("fault=cut,after=2").await, mock("").await);
    let gateway = Gateway::start(&before(&broken.url(), &stand_in).yaml()).await;
    let call = Front::Chat.call("demo", "hello", true);
    let stream = || gateway.call(&call);
    let began = Instant::now();
    let (mut calls, mut lost) = (0, 0);
    while began.elapsed() < Duration::from_secs(6) {
        let heard = Front::Chat.hear(&stream().await);
        calls += 1;
        lost += usize::from(!heard.is_success());
    }
    assert_eq!(served(&broken), lost, "each attempt at it is a stream that breaks");
    assert!((6..=calls / 50).contains(&lost), "it was tried {lost} times for {calls} calls");
    let addr = broken.addr();
    drop(broken);
    let well = well_at(addr).await;
    let back = Instant::now();
    while served(&well) < 3 {
        stream().await;
    }
    assert!(back.elapsed() < Duration::from_millis(5_500), "{:?}", back.elapsed());
    let before = served(&stand_in);
    for _ in 0..5 {
        assert!(Front::Chat.hear(&stream().await).is_success());
    }
    assert_eq!(served(&stand_in), before, "all calls go to it again");
}

#[tokio::test]
async fn callers_that_leave_their_streams_count_neither_for_nor_against_a_deployment() {
    let (slow, stand_in) = (mock("chunks=1000,chunk_ms=20").await, mock("").await);
    let gateway = Gateway::start(&before(&slow.url(), &stand_in).yaml()).await;
    for _ in 0..10 {
        let mut answer = Front::Chat.call("demo", "hello", true).open(gateway.addr).await;
        answer.piece().await.expect("the stream has begun");
    }
    let has_left = |one: &Recorded| matches!(one.outcome, Outcome::Aborted { .. });
    slow.wait_for_all(10, has_left).await.expect("all callers have left");
    assert_eq!((served(&slow), served(&stand_in)), (10, 0));
}
