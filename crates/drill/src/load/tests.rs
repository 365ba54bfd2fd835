use super::answer::Answer;
use super::expect::{Check, Template};
use super::histogram::Histogram;
use super::tally::Problem;
use super::*;
use crate::client::{mock, post};
use crate::mock::Mock;
use serde_json::{Value, json};

/// What a reader makes of bytes that come in these pieces.
fn read_answer(pieces: &[&[u8]], closed: bool) -> Result<(Vec<u8>, bool), Problem> {
    let (mut answer, mut body) = (Answer::new(), Vec::new());
    for piece in pieces {
        answer.push(piece, |_, bytes| {
            body.extend_from_slice(bytes);
            Ok(())
        })?;
    }
    if closed && !answer.is_done() {
        answer.end()?;
    }
    if answer.is_done() { Ok((body, answer.keeps)) } else { Err(Problem::Cut) }
}

#[test]
fn an_answer_is_read_wherever_it_is_cut() {
    let check = |text: &str, body: &str, keeps: bool, closed: bool| {
        for cut in 0..=text.len() {
            let (one, two) = text.as_bytes().split_at(cut);
            assert_eq!(
                read_answer(&[one, two], closed),
                Ok((body.as_bytes().to_vec(), keeps)),
                "{text:?} cut at {cut}"
            );
        }
    };
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true, false);
    check("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true, false);
    check("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nhi", "hi", false, false);
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\nA;x=1\r\nllo worlds\r\n0\r\n\r\n",
        "hello worlds",
        true,
        false,
    );
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\nTrailer: 1\r\n\r\n", "0", true, false);
    check("HTTP/1.1 200 OK\r\n\r\nall there is", "all there is", false, true);
}

#[test]
fn an_answer_that_breaks_http_is_refused() {
    let check = |text: &str, closed: bool| assert!(read_answer(&[text.as_bytes()], closed).is_err(), "{text:?}");
    check("220 mail.example ESMTP\r\n\r\n", false);
    check("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", false);
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", false);
    check("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", true);
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false);
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", false);
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffffff\r\n", false);
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", true);
    check("", true);
}

#[test]
fn an_answer_is_compared_wherever_it_is_cut() {
    let check = |expect: Expect, body: &str, expected: Result<(), Problem>| {
        let template = Template::new(&expect);
        for cut in 0..=body.len() {
            let (one, two) = body.as_bytes().split_at(cut);
            let mut check = Check::new(&template);
            let found = check.feed(one).and_then(|_| check.feed(two)).and_then(|_| check.end());
            assert_eq!(found, expected, "{body:?} cut at {cut}");
        }
    };
    let sample = || Expect::Body(r#"{"id":"x-drill00000001","n":1}"#.into());
    check(sample(), r#"{"id":"x-drill00000001","n":1}"#, Ok(()));
    check(sample(), r#"{"id":"x-drill99999999","n":1}"#, Ok(()));
    check(sample(), r#"{"id":"x-drill00000001","n":2}"#, Err(Problem::Differs { at: 28 }));
    check(sample(), r#"{"id":"x-drill00000001","n":1}}"#, Err(Problem::Differs { at: 30 }));
    check(sample(), r#"{"id":"x-drill00000001""#, Err(Problem::Short { at: 23 }));
    let text = || Expect::Text("lorem ipsum".into());
    check(text(), r#"{"message":{"role":"content","content": "lorem ipsum"}}"#, Ok(()));
    check(text(), r#"data: {"content":""} {"content":null} {"content":"lorem"} {"content":" ipsum"}"#, Ok(()));
    check(text(), r#"{"content":"lorem ipsun"}"#, Err(Problem::Differs { at: 10 }));
    check(text(), r#"{"content":"lorem"}"#, Err(Problem::Short { at: 5 }));
    check(Expect::Status, "anything", Ok(()));
}

#[test]
fn events_are_counted_wherever_they_are_cut() {
    let body = b"data: 1\n\ndata: 2\n\n: noise\ndata: 3\n\n";
    for cut in 0..=body.len() {
        let mut check = Check::new(&Template::Anything);
        let events = check.feed(&body[..cut]).unwrap() + check.feed(&body[cut..]).unwrap();
        assert_eq!(events, 3, "cut at {cut}");
    }
}

#[test]
fn quantiles_are_right_to_within_two_hundredths() {
    let mut histogram = Histogram::default();
    (1..=10_000).for_each(|us| histogram.add(Duration::from_micros(us)));
    let Spread { count, p50_us, p90_us, p99_us, max_us } = histogram.spread();
    let close = |found: f64, right: f64| assert!((found / right - 1.0).abs() < 0.02, "{found} for {right}");
    close(p50_us, 5_000.0);
    close(p90_us, 9_000.0);
    close(p99_us, 9_900.0);
    assert_eq!((count, max_us), (10_000, 10_000.0));
    assert_eq!(Histogram::default().spread(), Spread::default());
    for extreme in [Duration::ZERO, Duration::MAX] {
        histogram.add(extreme);
    }
}

/// A plan for chat with the mock, with its `shape` and further fields as in its JSON.
fn plan(mock: &Mock, model: &str, stream: bool, shape: Value, more: Value) -> Plan {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }], "stream": stream });
    let mut plan = json!({
        "address": mock.addr(), "path": "/v1/chat/completions", "headers": { "authorization": "Bearer sk-test" },
        "body": body.to_string(), "shape": shape,
    });
    plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(plan).unwrap()
}

/// Two connections that ask four times each, or as near to that as they come.
fn eight_requests() -> Value {
    json!({ "requests": { "connections": 2, "warmup_ms": 0, "measure_ms": 30_000, "requests": 8 } })
}

fn streams(count: u64) -> Value {
    json!({ "streams": { "streams": count, "ramp_ms": 5, "settle_ms": 0, "measure_ms": 30 } })
}

/// What the mock answers with, asked plainly.
async fn sample(mock: &Mock, model: &str, stream: bool) -> String {
    let turn = json!([{ "role": "user", "content": "hello" }]);
    post(mock, "/v1/chat/completions", json!({ "model": model, "messages": turn, "stream": stream })).await.text()
}

#[tokio::test]
async fn requests_are_counted_timed_and_compared() {
    let mock = mock().await;
    let expect = json!({ "expect": { "body": sample(&mock, "demo", false).await } });
    let report = run(plan(&mock, "demo", false, eight_requests(), expect)).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.sent, report.right, report.answers, report.latency.count), (8, 8, 8, 8));
    assert!(report.latency.p50_us > 0.0 && report.answers_per_second > 0.0, "{report:?}");
    // Connections are used again: two of the run, one of the sample.
    assert_eq!(mock.stats().connections, 3);
}

#[tokio::test]
async fn streams_are_compared_byte_by_byte_and_their_gaps_timed() {
    let mock = mock().await;
    let model = "demo@chunks=10,chunk_bytes=3,chunk_ms=30";
    let expect = json!({ "expect": { "body": sample(&mock, model, true).await } });
    let report = run(plan(&mock, model, true, streams(20), expect)).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.right, report.late, report.first_byte.count), (20, 0, 20));
    assert!(report.events > 0 && report.gap.count > 0, "{report:?}");
    let text = json!({ "expect": { "text": "lorem ipsum dolor sit amet con" } });
    let report = run(plan(&mock, model, true, streams(2), text)).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn whatever_goes_wrong_is_told_apart() {
    let mock = mock().await;
    let right = sample(&mock, "demo@chunks=3", true).await;
    let check = async |knobs: &str, kind: &str| {
        let model = format!("demo@chunks=3,{knobs}");
        let expect = json!({ "expect": { "body": right.replace("demo@chunks=3", &model) }, "patience_ms": 300 });
        let report = run(plan(&mock, &model, true, streams(2), expect)).await.unwrap();
        assert!(!report.is_clean() && report.right == 0, "{report:?}");
        let kinds: Vec<&str> = report.problems.keys().map(String::as_str).collect();
        assert_eq!(
            (kinds, report.late),
            if kind == "late" { (vec![], 2) } else { (vec![kind], 0) },
            "{knobs}: {report:?}"
        );
    };
    check("status=429", "status 429").await;
    check("text=Lorem", "answer differs").await;
    check("fault=cut_clean", "answer too short").await;
    check("fault=cut", "connection closed in the middle of an answer").await;
    check("fault=bad_chunk", "a chunk size that is no number").await;
    check("fault=not_http", "not an HTTP answer").await;
    check("fault=close", "connection closed instead of an answer").await;
    check("fault=stall", "late").await;
}

#[tokio::test]
async fn a_connection_that_only_fails_gives_up() {
    let mock = mock().await;
    let shape = json!({ "requests": { "connections": 2, "warmup_ms": 0, "measure_ms": 30_000 } });
    let report = run(plan(&mock, "demo@status=500", false, shape, json!({}))).await.unwrap();
    assert_eq!((report.sent, report.right, report.problems.get("status 500")), (20, 0, Some(&20)), "{report:?}");
    assert!(report.first_problem.is_some_and(|first| first.contains("error")));
}

#[tokio::test]
async fn a_plan_without_sense_is_refused() {
    let mock = mock().await;
    let check = async |shape: Value, more: Value, word: &str| {
        let refusal = run(plan(&mock, "demo", false, shape, more)).await.unwrap_err();
        assert!(refusal.contains(word), "{refusal}");
    };
    check(streams(0), json!({}), "0 connections").await;
    check(streams(1), json!({ "path": "/\r\nhost: other" }), "control character").await;
    check(eight_requests(), json!({ "watch": { "nobody": [u32::MAX] } }), "/proc/").await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn watched_processes_show_what_they_spend() {
    let mock = mock().await;
    let watch = json!({ "watch": { "me": [std::process::id()], "nobody": [] } });
    let report = run(plan(&mock, "demo", false, eight_requests(), watch)).await.unwrap();
    let me = report.cost["me"];
    assert!(me.rss_kib >= me.pss_kib && me.pss_kib > 100, "{me:?}");
    assert_eq!(report.cost["nobody"], Cost::default());
}
