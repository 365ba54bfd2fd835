//! Every fault and delay, in every dialect, seen from the wire.

use super::*;

async fn ask(mock: &Mock, knobs: &str, stream: bool) -> Vec<(&'static str, Got)> {
    let mut all = Vec::new();
    for (name, path, body) in hellos(&format!("demo@{knobs}"), stream) {
        all.push((name, post(mock, &path, body).await));
    }
    all
}

fn has_end(name: &str, got: &Got) -> bool {
    let text = String::from_utf8_lossy(&got.body);
    match name {
        "openai" => text.contains("[DONE]"),
        "anthropic" => text.contains("message_stop"),
        "gemini" => text.contains("finishReason"),
        "responses" => text.contains("event: response.completed"),
        "cohere" => text.contains("\"finish_reason\":\"COMPLETE\""),
        _ => text.contains("\"done\":true"),
    }
}

#[tokio::test]
async fn without_faults_everything_comes_to_its_end() {
    let mock = mock().await;
    for stream in [false, true] {
        for (name, got) in ask(&mock, "", stream).await {
            assert_eq!((got.status, got.complete, got.reset), (200, true, false), "{name}");
            assert!(!stream || has_end(name, &got), "{name}");
        }
    }
}

#[tokio::test]
async fn faults_before_the_head_leave_no_head() {
    let mock = mock().await;
    for stream in [false, true] {
        for (knobs, reset, bytes) in [
            ("fault=reset", true, ""),
            ("fault=close", false, ""),
            ("fault=half_head", false, "HTTP/1.1 200 OK\r\ncontent-type: application/j"),
            ("fault=not_http", false, "\0"),
        ] {
            for (name, got) in ask(&mock, knobs, stream).await {
                assert_eq!((got.status, got.reset), (0, reset), "{name} {knobs}");
                let raw = String::from_utf8_lossy(&got.raw);
                assert!(raw.starts_with(bytes) && raw.is_empty() == bytes.is_empty(), "{name} {knobs}: {raw}");
            }
        }
    }
}

#[tokio::test]
async fn streams_break_where_the_knob_says() {
    let mock = mock().await;
    for (knobs, complete, reset) in [
        ("fault=cut,after=2", false, false),
        ("fault=reset_mid,after=2", false, true),
        ("fault=cut_clean,after=2", true, false),
        ("fault=error_mid,after=2", true, false),
        ("fault=bad_chunk,after=2", false, false),
        ("fault=cut,after=1000", false, false),
    ] {
        for (name, got) in ask(&mock, knobs, true).await {
            assert_eq!((got.status, got.complete, got.reset), (200, complete, reset), "{name} {knobs}");
            assert!(!has_end(name, &got), "{name} {knobs}");
            let text = String::from_utf8_lossy(&got.body);
            // An RST may overtake what was sent before it.
            if !reset {
                assert!(text.contains("You") && text.contains(" said"), "{name} {knobs}: {text}");
                assert_eq!(text.contains("hell"), knobs.contains("1000"), "{name} {knobs}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn errors_in_the_middle_are_in_the_vendors_words() {
    let mock = mock().await;
    for (name, got) in ask(&mock, "fault=error_mid,error=overloaded,message=busy", true).await {
        let text = got.text();
        let last = if name == "ollama" { text.lines().last().unwrap().to_owned() } else { got.events().pop().unwrap() };
        let last: Value = serde_json::from_str(&last).unwrap();
        let message = match name {
            "ollama" => &last["error"],
            "responses" => &last["message"],
            "cohere" => &last["delta"]["error"],
            _ => &last["error"]["message"],
        };
        assert_eq!(message, "busy", "{name}");
        if name == "anthropic" {
            assert!(text.contains("event: error\n"));
            assert_eq!(last["error"]["type"], "overloaded_error");
        }
    }
    for (name, got) in ask(&mock, "fault=error_mid", false).await {
        assert_eq!(got.status, 500, "{name}");
    }
}

#[tokio::test]
async fn answers_that_are_not_streamed_break_too() {
    let mock = mock().await;
    for (knobs, status, complete, reset, json) in [
        ("fault=cut", 200, false, false, false),
        ("fault=reset_mid", 200, false, true, false),
        ("fault=cut_clean", 200, true, false, false),
        ("fault=bad_json", 200, true, false, false),
        ("fault=bad_sse", 200, true, false, false),
        ("fault=bad_chunk", 200, false, false, false),
        ("fault=wrong_length", 200, false, false, true),
        ("fault=empty", 200, true, false, false),
        ("fault=html", 502, true, false, false),
        ("fault=html,status=200", 200, true, false, false),
        ("fault=no_choices", 200, true, false, true),
        ("fault=slow_headers,chunk_ms=0", 200, true, false, true),
    ] {
        for (name, got) in ask(&mock, knobs, false).await {
            assert_eq!((got.status, got.complete, got.reset), (status, complete, reset), "{name} {knobs}");
            assert_eq!(serde_json::from_slice::<Value>(&got.body).is_ok(), json, "{name} {knobs}");
        }
    }
}

#[tokio::test]
async fn broken_events_are_followed_by_the_rest_of_the_stream() {
    let mock = mock().await;
    for knobs in ["fault=bad_json", "fault=bad_sse"] {
        for (name, got) in ask(&mock, knobs, true).await {
            assert!(got.complete && has_end(name, &got), "{name} {knobs}");
            let text = String::from_utf8_lossy(&got.body);
            let mark = if knobs.contains("json") { "\"broken\"" } else { "garbage" };
            assert_eq!(text.matches(mark).count(), 1, "{name} {knobs}");
        }
    }
}

#[tokio::test]
async fn empty_and_hollow_streams_end_cleanly() {
    let mock = mock().await;
    for (name, got) in ask(&mock, "fault=empty", true).await {
        assert_eq!((got.complete, got.body.len()), (true, 0), "{name}");
    }
    for (name, got) in ask(&mock, "fault=no_choices", true).await {
        assert!(got.complete, "{name}");
        assert!(!got.text().contains("You"), "{name}");
        assert_eq!(has_end(name, &got), name != "gemini", "{name}");
    }
    let hollow = ask(&mock, "fault=no_choices", false).await;
    assert_eq!(hollow[0].1.json()["choices"], json!([]));
    assert_eq!(hollow[1].1.json()["content"], json!([]));
    assert_eq!(hollow[2].1.json()["candidates"], json!([]));
    assert_eq!(hollow[3].1.json()["message"]["content"], "");
}

#[tokio::test]
async fn a_stream_with_a_wrong_length_ends_short_of_it() {
    let mock = mock().await;
    for (name, got) in ask(&mock, "fault=wrong_length", true).await {
        assert!(!got.complete && has_end(name, &got), "{name}");
    }
}

#[tokio::test]
async fn an_endless_line_ends_at_its_bound() {
    let mock = mock().await;
    let (_, path, body) = hellos("demo@fault=huge", true).remove(0);
    let got = post(&mock, &path, body).await;
    assert!(!got.complete && got.body.len() > 64 * 1024 * 1024);
    assert!(!got.body[1000..].contains(&b'\n'));
}

#[tokio::test]
async fn hangs_last_until_the_caller_goes() {
    let mock = mock().await;
    for (knobs, seen) in
        [("fault=hang_headers", None), ("fault=hang_first", Some("\r\n\r\n")), ("fault=stall", Some("You"))]
    {
        for (name, path, body) in hellos(&format!("demo@{knobs}"), true) {
            mock.clear();
            let mut stream = open(&mock, &request(&path, &body)).await;
            match seen {
                Some(seen) => drop(read_until(&mut stream, seen).await),
                None => drop(mock.wait_for(|_| true).await),
            }
            assert!(mock.requests().iter().all(|one| !one.is_over()), "{name} {knobs}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_hangs_first_has_said_hello_and_no_more() {
    let mock = mock().await;
    let hello = ["\"role\":\"assistant\"", "message_start", "\r\n\r\n", "\r\n\r\n"];
    for ((name, path, body), hello) in hellos("demo@fault=hang_first", true).into_iter().zip(hello) {
        mock.clear();
        let mut stream = open(&mock, &request(&path, &body)).await;
        read_until(&mut stream, hello).await;
        // Half a close ends the hang, so that all that was ever sent can be read.
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("You"), "{name}");
    }
}

#[tokio::test]
async fn failures_stop_after_the_first_ones() {
    let mock = mock().await;
    for knobs in ["status=500,fail_first=2", "fault=reset,fail_first=2", "error=rate_limit,fail_first=2"] {
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(ask(&mock, knobs, false).await.iter().map(|(_, got)| got.status).collect::<Vec<_>>());
        }
        assert!(seen[..2].iter().flatten().all(|status| *status != 200), "{knobs}: {seen:?}");
        assert!(seen[2..].iter().flatten().all(|status| *status == 200), "{knobs}: {seen:?}");
    }
    mock.clear();
    assert_eq!(ask(&mock, "status=500,fail_first=2", false).await[0].1.status, 500);
}

#[tokio::test]
async fn outcomes_tell_faults_from_answers() {
    let mock = mock().await;
    for (knobs, outcome) in [
        ("", Outcome::Completed),
        ("status=500", Outcome::Completed),
        ("fault=reset", Outcome::Faulted),
        ("fault=cut", Outcome::Faulted),
        ("fault=error_mid", Outcome::Faulted),
        ("fault=bad_json", Outcome::Faulted),
    ] {
        mock.clear();
        ask(&mock, knobs, true).await;
        for one in mock.wait_for_all(4, Recorded::is_over).await.unwrap() {
            assert_eq!(one.outcome, outcome, "{knobs} {}", one.target);
        }
    }
}

#[tokio::test]
async fn a_split_stream_is_the_same_stream() {
    let mock = mock().await;
    for size in [1, 3, 7] {
        for (name, path, body) in hellos("demo@text=héé€ 漢字です", true) {
            let body: Value = serde_json::from_str(&body.to_string().replace("hello", "x")).unwrap();
            let path = path.replace(
                "@text=héé€ 漢字です",
                "%40text%3Dh%C3%A9%C3%A9%E2%82%AC%20%E6%BC%A2%E5%AD%97%E3%81%A7%E3%81%99",
            );
            let whole = post(&mock, &path, body.clone()).await;
            let split = post_with(&mock, &path, &[("x-mock", &format!("split={size}"))], body).await;
            assert!(split.complete && split.chunks.iter().all(|chunk| *chunk <= size), "{name}");
            let unnumbered = |got: &Got| {
                let text = got.text();
                let id = text.find("drill0").map(|at| text[at..at + 13].to_owned()).unwrap_or_default();
                text.replace(&id, "")
            };
            if name == "ollama" {
                assert_eq!(split.text(), whole.text());
            } else {
                assert_eq!(unnumbered(&split), unnumbered(&whole), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn line_ends_and_comments_are_noise_only() {
    let mock = mock().await;
    for (name, got) in ask(&mock, "crlf=1,comments=1", true).await {
        let text = got.text();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{name}");
        assert_eq!(text.contains(": keep-alive\r\n\r\n"), name != "ollama", "{name}");
        assert!(got.complete && has_end(name, &got), "{name}");
    }
}

#[tokio::test]
async fn chunks_wait_for_each_other() {
    let mock = mock().await;
    for (knobs, least) in [("delay_ms=60", 60), ("first_ms=60", 60), ("chunks=4,chunk_ms=20", 60)] {
        for (name, path, body) in hellos(&format!("demo@{knobs}"), true) {
            let start = std::time::Instant::now();
            post(&mock, &path, body).await;
            assert!(start.elapsed().as_millis() >= least, "{name} {knobs}");
        }
    }
}

#[tokio::test]
async fn errors_have_the_vendors_status_type_and_headers() {
    let mock = mock().await;
    for (knobs, status, types) in [
        ("status=429,retry_after=2", [429; 6], ["requests", "rate_limit_error", "RESOURCE_EXHAUSTED"]),
        ("error=rate_limit,retry_after=2", [429; 6], ["requests", "rate_limit_error", "RESOURCE_EXHAUSTED"]),
        ("status=500,retry_after=2", [500; 6], ["server_error", "api_error", "INTERNAL"]),
        ("status=529,retry_after=2", [529; 6], ["server_error", "overloaded_error", "UNAVAILABLE"]),
        (
            "error=overloaded,retry_after=2",
            [503, 529, 503, 503, 503, 503],
            ["server_error", "overloaded_error", "UNAVAILABLE"],
        ),
        (
            "error=context_length,retry_after=2",
            [400; 6],
            ["invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"],
        ),
        (
            "error=insufficient_quota,retry_after=2",
            [429, 400, 429, 429, 429, 429],
            ["insufficient_quota", "invalid_request_error", "RESOURCE_EXHAUSTED"],
        ),
        ("error=not_found,retry_after=2", [404; 6], ["invalid_request_error", "not_found_error", "NOT_FOUND"]),
        ("error=timeout,retry_after=2", [504; 6], ["server_error", "timeout_error", "DEADLINE_EXCEEDED"]),
    ] {
        for stream in [false, true] {
            for (at, (name, got)) in ask(&mock, knobs, stream).await.into_iter().enumerate() {
                assert_eq!((got.status, got.complete), (status[at], true), "{name} {knobs}");
                assert_eq!(got.header("retry-after"), Some("2"), "{name} {knobs}");
                let error = &got.json()["error"];
                match name {
                    "openai" | "anthropic" => assert_eq!(error["type"], types[at], "{name} {knobs}"),
                    "responses" => assert_eq!(error["type"], types[0], "{name} {knobs}"),
                    "gemini" => assert_eq!(
                        (&error["status"], &error["code"]),
                        (&json!(types[2]), &json!(status[at])),
                        "{knobs}"
                    ),
                    "cohere" => assert!(got.json()["message"].is_string()),
                    _ => assert!(error.is_string()),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_knob_is_named_in_the_vendors_error() {
    let mock = mock().await;
    for (name, got) in ask(&mock, "chnks=3", false).await {
        assert_eq!(got.status, 400, "{name}");
        assert!(got.text().contains("unknown knob `chnks`"), "{name}");
    }
}

#[tokio::test]
async fn a_key_is_wanted_where_the_vendor_has_it() {
    let mock = mock().await;
    let headers = [
        ("authorization", "Bearer sesame"),
        ("x-api-key", "sesame"),
        ("x-goog-api-key", "sesame"),
        ("authorization", "bearer sesame"),
        ("authorization", "Bearer sesame"),
        ("authorization", "Bearer sesame"),
    ];
    let status = [401, 401, 400, 401, 401, 401];
    for (at, (name, path, body)) in hellos("demo@key=sesame", false).into_iter().enumerate() {
        let right = post_with(&mock, &path, &[headers[at]], body.clone()).await;
        let wrong = post_with(&mock, &path, &[(headers[at].0, "Bearer simsim")], body.clone()).await;
        let none = post(&mock, &path, body).await;
        assert_eq!((right.status, wrong.status), (200, status[at]), "{name}");
        assert!([401, 403].contains(&none.status), "{name}");
    }
    let (_, path, body) = hellos("demo@key=sesame", false).remove(2);
    assert_eq!(post(&mock, &format!("{path}?key=sesame"), body).await.status, 200);
}
