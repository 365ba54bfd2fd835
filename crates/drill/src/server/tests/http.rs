//! HTTP itself: keep-alive, framing of requests, limits, the mock's own pages.

use super::*;

/// Reads one response of known length from a connection that stays open.
async fn read_one(stream: &mut tokio::net::TcpStream) -> Got {
    let mut raw = Vec::new();
    loop {
        let got = parse(raw.clone(), false);
        if got.complete {
            return got;
        }
        assert!(stream.read_buf(&mut raw).await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_connection_takes_one_request_after_another() {
    let mock = mock().await;
    let mut stream = open(&mock, b"").await;
    for stream_it in [false, true, false] {
        for (name, path, body) in hellos("demo", stream_it) {
            stream.write_all(&request(&path, &body)).await.unwrap();
            assert_eq!(read_one(&mut stream).await.status, 200, "{name}");
        }
    }
    assert_eq!(mock.stats().connections, 1);
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_turn() {
    let mock = mock().await;
    let (_, path, body) = hellos("demo@delay_ms=5", false).remove(0);
    let mut stream = open(&mock, &request(&path, &body).repeat(2)).await;
    let first = read_until(&mut stream, "drill00000002").await;
    assert!(first.contains("drill00000001"));
}

#[tokio::test]
async fn bodies_may_come_in_chunks_and_after_an_invitation() {
    let mock = mock().await;
    let body = json!({ "model": "demo", "messages": [{ "role": "user", "content": "in pieces" }] }).to_string();
    let head = "POST /v1/chat/completions HTTP/1.1\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut stream = open(&mock, head.as_bytes()).await;
    assert!(read_until(&mut stream, "\r\n\r\n").await.contains("100 Continue"));
    let (one, two) = body.split_at(10);
    for part in
        [format!("a;note=1\r\n{one}\r\n"), format!("{:x}\r\n{two}\r\n", two.len()), "0\r\ntrailer: x\r\n\r\n".into()]
    {
        stream.write_all(part.as_bytes()).await.unwrap();
    }
    assert!(read_until(&mut stream, "You said").await.contains("in pieces"));
}

#[tokio::test]
async fn a_request_may_arrive_byte_by_byte() {
    let mock = mock().await;
    let (_, path, body) = hellos("demo", false).remove(0);
    let mut stream = open(&mock, b"").await;
    for byte in request(&path, &body) {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(read_one(&mut stream).await.status, 200);
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let mock = mock().await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200));
    for (request, status) in [
        ("what is this\r\n\r\n", 400),
        (long.as_str(), 431),
        (many.as_str(), 431),
        ("POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\ncontent-length: 999999999999\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffff\r\n", 413),
        ("GET /nowhere HTTP/1.1\r\nconnection: close\r\n\r\n", 404),
        ("GET /v1/messages HTTP/1.1\r\nconnection: close\r\n\r\n", 405),
        ("GET /mock/nothing HTTP/1.1\r\nconnection: close\r\n\r\n", 404),
    ] {
        let got = raw(&mock, request.as_bytes()).await;
        assert_eq!(got.status, status, "{}", &request[..request.len().min(60)]);
        assert!(got.json()["error"].is_object());
    }
}

#[tokio::test]
async fn heads_have_no_body() {
    let mock = mock().await;
    let got = raw(&mock, b"HEAD / HTTP/1.0\r\n\r\n").await;
    assert_eq!((got.status, got.header("content-length"), got.body.len()), (200, Some("17"), 0));
}

#[tokio::test]
async fn the_body_must_be_json_and_say_so() {
    let mock = mock().await;
    for (name, path, body) in hellos("demo", false) {
        let call = |kind: &'static str, body: String| {
            let head = format!(
                "POST {path} HTTP/1.1\r\nconnection: close\r\nanthropic-version: 2023-06-01\r\n{kind}content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let mock = &mock;
            async move { raw(mock, head.as_bytes()).await.status }
        };
        let json = "content-type: application/json; charset=utf-8\r\n";
        assert_eq!(call(json, body.to_string()).await, 200, "{name}");
        assert_eq!(call(json, "{".into()).await, 400, "{name}");
        assert_eq!(call(json, "[]".into()).await, 400, "{name}");
        assert_eq!(call(json, String::new()).await, 400, "{name}");
        let untyped = if name == "ollama" { 200 } else { 400 };
        assert_eq!(call("", body.to_string()).await, untyped, "{name}");
    }
}

#[tokio::test]
async fn the_mocks_own_pages_show_requests_and_load() {
    let mock = mock().await;
    for model in ["one", "two", "two"] {
        let (_, path, body) = hellos(model, false).remove(0);
        post_with(&mock, &path, &[("x-tag", "a"), ("x-tag", "b")], body).await;
    }
    mock.wait_for_all(3, Recorded::is_over).await.unwrap();
    let got = get(&mock, "/mock/requests?model=two").await.json();
    let all = got["requests"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["body"]["messages"][0]["content"], "hello");
    assert_eq!(
        (&all[0]["outcome"], &all[0]["status"], &all[0]["headers"]["x-tag"]),
        (&json!("completed"), &json!(200), &json!("a, b"))
    );
    let stats = get(&mock, "/mock/stats").await.json();
    assert_eq!((&stats["models"]["two"]["total"], &stats["models"]["two"]["max_in_flight"]), (&json!(2), &json!(1)));
    assert_eq!(get(&mock, "/mock/knobs").await.json()["knobs"].as_array().unwrap().len(), knobs().len());
    let cleared = raw(&mock, b"DELETE /mock/requests HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    assert_eq!(cleared.json(), json!({ "cleared": true }));
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn in_flight_requests_are_counted_by_model() {
    let mock = mock().await;
    let (_, path, body) = hellos("busy@fault=hang_headers", false).remove(0);
    let first = open(&mock, &request(&path, &body)).await;
    let second = open(&mock, &request(&path, &body)).await;
    mock.wait_for_all(2, |one| !one.is_over()).await.unwrap();
    let load = mock.stats();
    assert_eq!((load.open_connections, load.in_flight, load.models["busy@fault=hang_headers"].in_flight), (2, 2, 2));
    drop((first, second));
    mock.wait_for_all(2, Recorded::is_over).await.unwrap();
    assert_eq!(mock.stats().models["busy@fault=hang_headers"].max_in_flight, 2);
}

#[tokio::test]
async fn a_dropped_mock_ends_its_connections() {
    let mock = mock().await;
    let (_, path, body) = hellos("demo@fault=stall", true).remove(0);
    let mut stream = open(&mock, &request(&path, &body)).await;
    read_until(&mut stream, "You").await;
    drop(mock);
    let mut rest = Vec::new();
    // FIN or RST, as the kernel likes.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("[DONE]"));
}

#[tokio::test]
async fn default_knobs_lie_below_those_of_the_request() {
    let options = Options { knobs: "text=default,cached=3".into(), ..Options::default() };
    let mock = Mock::start(options).await.unwrap();
    for (model, header, text) in
        [("demo", "", "default"), ("demo@text=model", "", "model"), ("demo@text=model", "text=header", "header")]
    {
        let (_, path, body) = hellos(model, false).remove(0);
        let got = post_with(&mock, &path, &[("x-mock", header)], body).await.json();
        assert_eq!(got["choices"][0]["message"]["content"], text);
        assert_eq!(got["usage"]["prompt_tokens_details"]["cached_tokens"], 3);
    }
    assert!(Mock::start(Options { knobs: "nonsense=1".into(), ..Options::default() }).await.is_err());
}
