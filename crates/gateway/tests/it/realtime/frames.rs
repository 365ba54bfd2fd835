//! Frames of callers, well made and hostile.

use serde_json::json;

use super::socket::frame;
use super::{Heard, MASTER, Stage, said};

#[tokio::test]
async fn whatever_breaks_the_rules_is_closed_with_the_code_for_it() {
    let stage = Stage::open("", "general: realtime_max_message_mb: 0.001").await;
    let unmasked = [0x81, 2, b'{', b'}'];
    let mut huge = frame(0x82, &[0; 200]);
    huge.splice(1..4, [0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    for (bytes, code) in [
        (unmasked.to_vec(), 1002),
        (frame(0xc1, b"{}"), 1002),
        (frame(0x8f, b""), 1002),
        (frame(0x80, b"{}"), 1002),
        (frame(0x09, b"half a ping"), 1002),
        (frame(0x89, &[0; 126]), 1002),
        (frame(0x81, b"\xff\xfe"), 1007),
        (frame(0x82, b"bytes"), 1003),
        (frame(0x88, &[3]), 1002),
        (frame(0x88, &999u16.to_be_bytes()), 1002),
        (frame(0x81, &[b' '; 1_100]), 1009),
        ([frame(0x01, &[b' '; 600]), frame(0x80, &[b' '; 600])].concat(), 1009),
        (huge, 1009),
    ] {
        let mut socket = stage.session(MASTER).await;
        socket.raw(&bytes).await;
        let (events, end) = socket.rest().await;
        assert!(matches!(end, Heard::Close(found, _) if found == code), "{bytes:02x?}: {end:?}, not {code}");
        assert_eq!(events.last().unwrap()["type"], "error", "{bytes:02x?}");
        // Behind the end there is nothing.
        assert_eq!(socket.hear().await, Heard::Gone);
    }
    // What was refused has reached nobody, and left nothing behind.
    let mut socket = stage.session(MASTER).await;
    socket.say(said("still well")).await;
    socket.until("conversation.item.added").await;
}

#[tokio::test]
async fn a_message_in_pieces_is_one_and_pings_between_them_are_answered() {
    let stage = Stage::open("", "").await;
    let mut socket = stage.session(MASTER).await;
    let event = said("hello").to_string();
    let (first, second) = event.as_bytes().split_at(20);
    socket.frame(0x01, first).await;
    socket.frame(0x89, b"there?").await;
    assert_eq!(socket.hear().await, Heard::Control(0x8a, b"there?".to_vec()));
    socket.frame(0x00, second).await;
    socket.frame(0x80, b"").await;
    let added = socket.until("conversation.item.added").await;
    assert_eq!(added["item"]["content"][0]["text"], "hello");
    // Byte by byte, too.
    for byte in frame(0x81, said("slow").to_string().as_bytes()) {
        socket.raw(&[byte]).await;
    }
    assert_eq!(socket.until("conversation.item.added").await["item"]["content"][0]["text"], "slow");
}

#[tokio::test]
async fn what_is_no_event_is_told_and_the_session_goes_on() {
    let stage = Stage::open("", "").await;
    let mut socket = stage.session(MASTER).await;
    for text in ["no json", "[]", "\"text\"", "{\"type\": \"a\",}"] {
        socket.frame(0x81, text.as_bytes()).await;
        let error = socket.until("error").await;
        assert_eq!(error["error"]["type"], "invalid_request_error", "{text}: {error}");
    }
    // What is JSON and no event is the provider's business.
    socket.say(json!({ "type": "unknown.event" })).await;
    assert_eq!(socket.until("error").await["error"]["message"], "Invalid value: 'unknown.event'.");
    socket.say(said("on")).await;
    socket.until("conversation.item.added").await;
}

#[tokio::test]
async fn who_asks_without_end_and_listens_to_nothing_gets_no_further() {
    let stage = Stage::open("", "").await;
    let mut socket = stage.session(MASTER).await;
    let pings = frame(0x89, &[7; 125]).repeat(1_000);
    for _ in 0..200 {
        socket.raw(&pings).await;
    }
    // Whoever listens again is answered as far as there was room for it.
    let answered = frame(0x81, said("on").to_string().as_bytes());
    socket.raw(&answered).await;
    socket.until("conversation.item.added").await;
}

#[tokio::test]
async fn large_messages_pass() {
    let stage = Stage::open("", "").await;
    let mut socket = stage.session(MASTER).await;
    let sound = "A".repeat(4 << 20);
    socket.say(json!({ "type": "input_audio_buffer.append", "audio": sound })).await;
    socket.say(said("behind it")).await;
    socket.until("conversation.item.added").await;
}
