//! The tests' own HTTP client: raw TCP, so that it sees what was written rather than what a library makes of it.

use crate::mock::{Mock, Options};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take before a test fails instead of hanging.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A mock with default options.
pub(crate) async fn mock() -> Mock {
    Mock::start(Options::default()).await.unwrap()
}

/// What came back for a request on a connection of its own.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The body, out of its chunks.
    pub(crate) body: Vec<u8>,
    /// Sizes of the chunks of a chunked body.
    pub(crate) chunks: Vec<usize>,
    /// The body came to its announced end.
    pub(crate) complete: bool,
    /// The connection ended with an RST.
    pub(crate) reset: bool,
    /// All bytes.
    pub(crate) raw: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|wrong| panic!("{wrong}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The data of each server-sent event.
    pub(crate) fn events(&self) -> Vec<String> {
        self.text().lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
    }

    /// The data of each server-sent event that is JSON.
    pub(crate) fn event_values(&self) -> Vec<Value> {
        self.events().iter().filter_map(|data| serde_json::from_str(data).ok()).collect()
    }

    /// Each line as JSON.
    pub(crate) fn line_values(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A POST of JSON with a vendor's usual headers, on a connection of its own.
pub(crate) async fn post(mock: &Mock, path: &str, body: Value) -> Got {
    post_with(mock, path, &[], body).await
}

pub(crate) async fn post_with(mock: &Mock, path: &str, headers: &[(&str, &str)], body: Value) -> Got {
    let mut head = String::new();
    if path.starts_with("/v1/messages") && !headers.iter().any(|(name, _)| *name == "anthropic-version") {
        head.push_str("anthropic-version: 2023-06-01\r\n");
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: mock\r\ncontent-type: application/json\r\nconnection: close\r\n{head}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    raw(mock, request.as_bytes()).await
}

pub(crate) async fn get(mock: &Mock, path: &str) -> Got {
    raw(mock, format!("GET {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n").as_bytes()).await
}

/// Sends bytes, reads until the connection ends.
pub(crate) async fn raw(mock: &Mock, request: &[u8]) -> Got {
    let mut stream = open(mock, request).await;
    let mut raw = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut raw)).await.expect("the mock never ended");
    parse(raw, read.is_err())
}

/// Sends bytes and leaves the connection to the caller.
pub(crate) async fn open(mock: &Mock, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(mock.addr()).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream
}

/// The bytes of a POST on a connection that stays open.
pub(crate) fn request(path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: mock\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads until `needle` has come, and returns all that has come.
pub(crate) async fn read_until(stream: &mut TcpStream, needle: &str) -> String {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(needle) {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "ended after {:?}", String::from_utf8_lossy(&seen));
    }
    String::from_utf8_lossy(&seen).into_owned()
}

pub(crate) fn parse(raw: Vec<u8>, reset: bool) -> Got {
    let mut got =
        Got { status: 0, headers: Vec::new(), body: Vec::new(), chunks: Vec::new(), complete: false, reset, raw };
    let mut lines = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut lines);
    let Ok(httparse::Status::Complete(length)) = response.parse(&got.raw) else {
        return got;
    };
    got.status = response.code.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    got.headers = response.headers.iter().map(|line| (line.name.to_owned(), text(line.value))).collect();
    let rest = got.raw[length..].to_vec();
    if got.header("transfer-encoding") == Some("chunked") {
        unchunk(&mut got, &rest);
    } else {
        got.complete = got.header("content-length").is_some_and(|length| length.parse() == Ok(rest.len()));
        got.body = rest;
    }
    got
}

fn unchunk(got: &mut Got, mut rest: &[u8]) {
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let Ok(size) = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16) else {
            return;
        };
        rest = &rest[end + 2..];
        if size == 0 {
            got.complete = rest == b"\r\n";
            return;
        }
        let here = size.min(rest.len());
        got.body.extend_from_slice(&rest[..here]);
        got.chunks.push(here);
        rest = rest.get(here + 2..).unwrap_or_default();
    }
}

/// A chat request of each dialect that says `hello`: name, path, body. `{m}` in the path is the model's place.
pub(crate) fn hellos(model: &str, stream: bool) -> Vec<(&'static str, String, Value)> {
    let turn = json!([{ "role": "user", "content": "hello" }]);
    let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    vec![
        ("openai", "/v1/chat/completions".into(), json!({ "model": model, "messages": turn, "stream": stream })),
        (
            "anthropic",
            "/v1/messages".into(),
            json!({ "model": model, "max_tokens": 100_000, "messages": turn, "stream": stream }),
        ),
        (
            "gemini",
            format!("/v1beta/models/{model}:{method}"),
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }] }),
        ),
        ("ollama", "/api/chat".into(), json!({ "model": model, "messages": turn, "stream": stream })),
        ("responses", "/v1/responses".into(), json!({ "model": model, "input": "hello", "stream": stream })),
        ("cohere", "/v2/chat".into(), json!({ "model": model, "messages": turn, "stream": stream })),
    ]
}

/// Asserts that each change to a good request is refused with a text: the change is a pointer into the body and
/// the value to put there, or `null` to take it out.
pub(crate) async fn refusals(path: &str, good: &Value, status: u16, cases: &[(&str, Value, &str)]) {
    let mock = mock().await;
    let got = post(&mock, path, good.clone()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    for (pointer, value, wrong) in cases {
        let got = post(&mock, path, changed(good, pointer, value)).await;
        assert_eq!(got.status, status, "{pointer} = {value}: {}", got.text());
        assert!(
            got.json().to_string().contains(json!(wrong).to_string().trim_matches('"')),
            "{pointer} = {value}: {}",
            got.text()
        );
    }
}

/// A copy of a body with one place changed; a null takes the place away, and missing fields are made.
pub(crate) fn changed(body: &Value, pointer: &str, value: &Value) -> Value {
    let mut body = body.clone();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let place = body.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match place {
        Value::Array(list) => list[last.parse::<usize>().unwrap()] = value.clone(),
        Value::Object(map) if value.is_null() => drop(map.shift_remove(last)),
        Value::Object(map) => drop(map.insert(last.to_owned(), value.clone())),
        _ => panic!("{parent} holds nothing"),
    }
    body
}
