//! Bodies of any size, from callers and from providers: refused where the sender can see it, and never held in memory.

use std::time::Instant;

use serde_json::Value;

use super::{refusal, serves};
use crate::backs::{Back, Config, mock};
use crate::callers::Front;
use crate::client::{Answer, Call, Line};
use crate::gateway::Gateway;

/// Length of a body nobody needs.
const LARGE: usize = 100 << 20;
/// Length of the pieces it is sent in.
const BLOCK: usize = 64 << 10;
/// The most the process may grow by, in KiB: the largest body that is allowed (32 MiB), the buffer it grew out of, and
/// some room.
const ROOM_KIB: u64 = 110 << 10;

/// Runs `calls`, and makes sure that the process never held much more than before.
async fn within_bounds(gateway: &Gateway, what: &str, calls: impl Future<Output = ()>) {
    let before = gateway.memory_kib("VmRSS");
    calls.await;
    let grown = gateway.memory_kib("VmHWM").saturating_sub(before);
    assert!(grown < ROOM_KIB, "{what}: grew by {} MiB", grown >> 10);
    serves(gateway).await;
}

/// Sends a head with this framing, then `pieces`, and reads the answer only after that, as ordinary clients do.
async fn upload(
    gateway: &Gateway,
    front: Front,
    framing: (&str, &str),
    pieces: impl Iterator<Item = Vec<u8>>,
) -> Answer {
    let call = Call::new("POST", front.path()).header("content-type", "application/json").header(framing.0, framing.1);
    let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
    line.send(&call.bytes()).await.expect("a head can be sent");
    for piece in pieces {
        line.send(&piece).await.expect("the gateway reads on, so that the refusal can be seen");
    }
    line.answer(Instant::now()).await.finish().await
}

/// A piece in chunked framing.
fn chunk(piece: Vec<u8>) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat()
}

/// The end of chunked framing.
fn last_chunk() -> std::iter::Once<Vec<u8>> {
    std::iter::once(b"0\r\n\r\n".to_vec())
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_where_the_caller_can_see_it() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let blanks = || (0..LARGE / BLOCK).map(|_| vec![b' '; BLOCK]);
    for front in Front::ALL {
        within_bounds(&gateway, "declared", async {
            let length = LARGE.to_string();
            let answer = upload(&gateway, front, ("content-length", &length), blanks()).await;
            assert_eq!(answer.status(), 413, "{:?}", refusal(front, &answer, "declared"));
        })
        .await;
        within_bounds(&gateway, "chunked", async {
            let pieces = blanks().map(chunk).chain(last_chunk());
            let answer = upload(&gateway, front, ("transfer-encoding", "chunked"), pieces).await;
            assert_eq!(answer.status(), 413, "{:?}", refusal(front, &answer, "chunked"));
        })
        .await;
    }
    assert!(provider.requests().iter().all(|one| one.body.len() < 1000), "a huge body reached the provider");
}

#[tokio::test]
async fn a_length_that_cannot_be_meant_is_refused_without_a_byte_of_it() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for front in Front::ALL {
        for length in ["99999999999", "9223372036854775807"] {
            let answer = upload(&gateway, front, ("content-length", length), std::iter::empty()).await;
            assert_eq!(answer.status(), 413, "{length}: {:?}", refusal(front, &answer, length));
        }
        for length in ["18446744073709551615", "99999999999999999999999"] {
            let answer = upload(&gateway, front, ("content-length", length), std::iter::empty()).await;
            // No number of bytes at all: the HTTP library refuses the head before the gateway sees a request.
            assert!([400, 431].contains(&answer.status()), "{length}: {}", answer.status());
        }
    }
    serves(&gateway).await;
}

#[tokio::test]
async fn a_large_body_within_the_limit_is_served_however_it_is_framed() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let text = "words ".repeat(1 << 19);
    let text = text.trim_end();
    for front in Front::ALL {
        let body = front.body("demo", text, false).to_string().into_bytes();
        let length = body.len().to_string();
        let pieces = || body.chunks(BLOCK).map(<[u8]>::to_vec);
        let declared = upload(&gateway, front, ("content-length", &length), pieces()).await;
        let pieces = pieces().map(chunk).chain(last_chunk());
        let chunked = upload(&gateway, front, ("transfer-encoding", "chunked"), pieces).await;
        for answer in [declared, chunked] {
            let heard = front.hear(&answer);
            assert!(heard.trouble.is_none() && heard.text.starts_with("You said: words"), "status {}", answer.status());
        }
    }
    assert!(provider.requests().iter().all(|one| one.body.len() > text.len()), "all of it reaches the provider");
}

#[tokio::test]
async fn a_body_that_breaks_off_reaches_nobody() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let body = Front::Chat.body("demo", "hello", false).to_string();
    for framing in [("content-length", "1000"), ("transfer-encoding", "chunked")] {
        let call = Call::new("POST", "/v1/chat/completions").header(framing.0, framing.1).body(body.clone());
        let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
        line.send(&call.bytes()).await.expect("a request can be sent");
        drop(line);
    }
    serves(&gateway).await;
    assert_eq!(provider.requests().len(), Front::ALL.len(), "half a request reached the provider");
}

#[tokio::test]
async fn an_endless_line_of_a_provider_ends_as_a_fault() {
    let (endless, quick) = (mock("fault=huge,after=0").await, mock("").await);
    let config = Config::default().openai("huge", &endless, "").openai("demo", &quick, "");
    let config = config.deployment("huge claude", Back::Anthropic, &endless.url(), "");
    let gateway = Gateway::start(&config.and("router_settings: {num_retries: 0}").yaml()).await;
    within_bounds(&gateway, "endless line", async {
        for (front, group) in [(Front::Chat, "huge"), (Front::Messages, "huge claude")] {
            let answer = gateway.call(&front.call(group, "hello", true)).await;
            assert_eq!(answer.status(), 502, "{:?}", refusal(front, &answer, "endless line"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_of_many_small_values_takes_a_bounded_multiple_of_its_size() {
    let provider = mock("status=500").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.and("router_settings: {num_retries: 0}").yaml()).await;
    let length = 4 << 20;
    for (front, group) in [(Front::Chat, "claude"), (Front::Messages, "demo")] {
        for (field, value) in [("messages", "{\"role\":\"user\",\"content\":\"a\"},"), ("tools", "[],"), ("x", "0,")] {
            let list = value.repeat(length / value.len());
            let mut body = front.body(group, "hello", false).to_string();
            body.truncate(body.len() - 1);
            let body = format!("{body},\"{field}\":[{}]}}", list.trim_end_matches(','));
            let before = gateway.memory_kib("VmHWM");
            let answer = gateway.call(&front.call_with(Value::Null).body(body)).await;
            assert!(answer.status() >= 400, "{field}: {}", answer.status());
            let grown = gateway.memory_kib("VmHWM").saturating_sub(before) << 10;
            assert!(grown < 24 * length as u64, "{front:?} {field}: {} MiB for 4", grown >> 20);
        }
    }
    serves_health(&gateway).await;
}

/// Whether the process still answers, where its only provider always fails.
async fn serves_health(gateway: &Gateway) {
    assert_eq!(gateway.call(&Call::get("/health/liveliness")).await.status(), 200);
}
