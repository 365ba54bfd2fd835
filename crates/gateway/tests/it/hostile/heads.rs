//! Request heads: paths, methods and headers that lead nowhere or try to lead elsewhere.

use std::time::Instant;

use super::{refused, serves};
use crate::backs::{Back, Config, UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::client::{Answer, Call, Line};
use crate::gateway::Gateway;

/// Sends bytes on a connection of their own and reads what comes back.
async fn send(gateway: &Gateway, bytes: &[u8]) -> Answer {
    let line = Line::connect(gateway.addr).await.expect("the gateway listens");
    line.exchange(bytes).await.finish().await
}

#[tokio::test]
async fn a_name_with_line_ends_injects_no_header() {
    let provider = mock("").await;
    let base = Back::OpenAi.base(&provider.url());
    let gateway = Gateway::start(&Config::of(&provider).model("*", "openai/*", &base, "").yaml()).await;
    let names = ["d\r\nx-evil: 1", "d\nx-evil: 1", "d\u{0}", "d\r\n\r\n{\"evil\": 1}", "d\u{e9}m\u{f6} \u{1f600}"];
    for name in names {
        for front in Front::ALL {
            for stream in [false, true] {
                let answer = gateway.call(&front.call(name, "hello", stream)).await;
                assert!(front.hear(&answer).is_success(), "{name:?}: {}", answer.text());
                let evil = answer.head.headers.iter().find(|(name, value)| name == "x-evil" || value.contains('\n'));
                assert_eq!(evil, None, "{name:?}");
            }
        }
    }
    for one in provider.requests() {
        assert_eq!(one.header("x-evil"), None);
        assert_eq!(one.header("authorization"), Some(format!("Bearer {UPSTREAM_KEY}").as_str()));
    }
    serves(&gateway).await;
}

#[tokio::test]
async fn odd_values_of_the_gateways_own_headers_are_passed_over() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let names = ["x-litellm-timeout", "x-litellm-stream-timeout", "x-litellm-num-retries", "x-litellm-call-id"];
    let long = "9".repeat(4000);
    for name in names {
        for value in ["", "NaN", "-1", "inf", "1e309", "0", "soon", "\u{e9}", "a\tb", "${jndi:x}", &long] {
            for stream in [false, true] {
                let answer = gateway.call(&Front::Chat.call("demo", "hello", stream).header(name, value)).await;
                assert!(Front::Chat.hear(&answer).is_success(), "{name}: {value:?}: {}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn a_head_that_is_not_http_gets_a_bad_request() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let line = "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n";
    for (what, head) in [
        ("garbage", "\x16\x03\x01\x02garbage\r\n\r\n".to_owned()),
        ("no version", "POST /v1/chat/completions\r\nhost: a\r\n\r\n".to_owned()),
        ("a name with a blank", format!("{line}x y: 1\r\ncontent-length: 2\r\n\r\n{{}}")),
        ("a value with a bare CR", format!("{line}x: a\rx-evil: 1\r\ncontent-length: 2\r\n\r\n{{}}")),
        ("a value with NUL", format!("{line}x: a\0b\r\ncontent-length: 2\r\n\r\n{{}}")),
        ("two lengths", format!("{line}content-length: 2\r\ncontent-length: 30\r\n\r\n{{}}")),
        ("a negative length", format!("{line}content-length: -1\r\n\r\n{{}}")),
        ("a length in words", format!("{line}content-length: two\r\n\r\n{{}}")),
        ("an unknown coding", format!("{line}transfer-encoding: chunked, magic\r\n\r\n0\r\n\r\n")),
    ] {
        let answer = send(&gateway, head.as_bytes()).await;
        assert!((400..500).contains(&answer.status()), "{what}: {}", answer.status());
        assert_eq!(answer.header("x-evil"), None, "{what}");
    }
    assert_eq!(provider.requests().len(), 0);
    serves(&gateway).await;
}

#[tokio::test]
async fn a_request_behind_a_smuggled_length_is_not_served() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let inner = Front::Chat.call("demo", "smuggled", false).bytes();
    let outer = Call::new("POST", "/v1/chat/completions").header("content-length", inner.len() + 5);
    let outer = outer.header("transfer-encoding", "chunked").body(b"0\r\n\r\n");
    let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
    line.send(&[outer.bytes(), inner].concat()).await.expect("bytes can be sent");
    let answer = line.answer(Instant::now()).await.finish().await;
    assert_eq!(answer.status(), 400, "{}", answer.text());
    serves(&gateway).await;
    let smuggled = provider.requests().into_iter().find(|one| String::from_utf8_lossy(&one.body).contains("smuggled"));
    assert!(smuggled.is_none(), "a request was read out of the body of another");
}

#[tokio::test]
async fn thousands_of_headers_and_huge_ones_are_refused() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let chat = || Front::Chat.call("demo", "hello", false);
    let many = (0..5000).fold(chat(), |call, index| call.header(&format!("x-{index}"), 1));
    let huge = chat().header("x-huge", "a".repeat(2 << 20));
    let path = Call::get(&format!("/{}", "a".repeat(1 << 20)));
    for (what, call) in [("many headers", many), ("a huge header", huge), ("a huge path", path)] {
        let answer = send(&gateway, &call.bytes()).await;
        assert!([400, 414, 431].contains(&answer.status()), "{what}: {}", answer.status());
    }
    assert_eq!(provider.requests().len(), 0);
    serves(&gateway).await;
}

#[tokio::test]
async fn the_wrong_method_on_a_path_is_said_to_be_wrong() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for front in Front::ALL {
        for method in ["GET", "PUT", "DELETE", "PATCH", "BREW"] {
            let what = format!("{method} {}", front.path());
            refused(&gateway, front, &Call::new(method, front.path()), 405, &what).await;
        }
    }
    for path in ["/chat/completions", "/v1/embeddings", "/v1/completions", "/engines/demo/chat/completions"] {
        refused(&gateway, Front::Chat, &Call::get(path), 405, path).await;
    }
    refused(&gateway, Front::Chat, &Call::new("POST", "/v1/models"), 405, "POST /v1/models").await;
    refused(&gateway, Front::Chat, &Call::new("DELETE", "/v1/models/demo"), 405, "DELETE a model").await;
    refused(&gateway, Front::Messages, &Call::get("/v1/messages/count_tokens"), 405, "GET count_tokens").await;
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn an_unknown_path_is_said_to_be_unknown() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for path in [
        "/v1/nothing",
        "/v2/chat/completions",
        "/v1/chat/completions/more",
        "//v1/chat/completions",
        "/v1/../v1/chat/completions",
        "/v1/chat%2fcompletions",
        "/%00",
        "/%ff%fe",
        "/etc/passwd",
        "/nothing?x=1&y=2",
    ] {
        let call = Call::post(path, &Front::Chat.body("demo", "hello", false));
        refused(&gateway, Front::Chat, &call, 404, path).await;
    }
    let strange = Call::post("/v1/nothing", &Front::Messages.body("demo", "hello", false));
    refused(&gateway, Front::Messages, &strange.header("anthropic-version", "2023-06-01"), 404, "messages").await;
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn heads_that_come_byte_by_byte_or_never_end_keep_nobody_waiting() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let mut slow = Vec::new();
    for _ in 0..500 {
        let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
        let begin = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nx-slow: ";
        line.send(begin).await.expect("it can be sent");
        slow.push(line);
    }
    serves(&gateway).await;
    // One that is slow but honest gets its answer.
    let mut patient = Line::connect(gateway.addr).await.expect("the gateway listens");
    for byte in Front::Chat.call("demo", "hello", false).bytes() {
        patient.send(&[byte]).await.expect("a byte can be sent");
        for line in slow.iter_mut().take(3) {
            line.send(b"a").await.expect("a byte can be sent");
        }
    }
    let answer = patient.answer(Instant::now()).await.finish().await;
    assert!(Front::Chat.hear(&answer).is_success());
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_in_their_order() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let good = |text: &str| Front::Chat.call("demo", text, false).bytes();
    let bad = Front::Chat.call("no-such-model", "hello", false).bytes();
    let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
    line.send(&[good("first"), bad, good("third")].concat()).await.expect("three requests can be sent");
    for (status, text) in [(200, "You said: first"), (400, "no-such-model"), (200, "You said: third")] {
        let (answer, rest) = line.answer(Instant::now()).await.finish_with_line().await;
        assert_eq!(answer.status(), status);
        assert!(answer.text().contains(text), "{}", answer.text());
        line = rest;
    }
}

#[tokio::test]
async fn an_old_client_gets_its_answer_and_then_the_end_of_the_connection() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for front in Front::ALL {
        for stream in [false, true] {
            let request = String::from_utf8(front.call("demo", "hello", stream).bytes()).expect("it is text");
            let request = request.replacen("HTTP/1.1\r\nhost: gateway\r\n", "HTTP/1.0\r\n", 1);
            let answer = send(&gateway, request.as_bytes()).await;
            assert_eq!(answer.header("transfer-encoding"), None, "HTTP/1.0 has no chunks");
            let heard = front.hear(&answer);
            assert!(heard.is_success() && heard.text == "You said: hello", "{}", answer.text());
        }
    }
}
