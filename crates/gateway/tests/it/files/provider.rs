//! A provider that keeps files and works through batches when it is told to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The provider.
#[derive(Clone)]
pub struct Keeper {
    pub addr: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    files: Mutex<HashMap<String, String>>,
    batches: Mutex<HashMap<String, Value>>,
    asked: Mutex<Vec<(String, String)>>,
    /// Whether batches are done.
    done: AtomicBool,
}

impl Keeper {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let keeper = Keeper { addr, state: Arc::default() };
        let serving = keeper.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        keeper
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// From now on batches are done.
    pub fn finish(&self) {
        self.state.done.store(true, SeqCst);
    }

    /// What it keeps under its own name for a file.
    pub fn file(&self, id: &str) -> Option<String> {
        self.state.files.lock().expect("nobody panics here").get(id).cloned()
    }

    /// Methods with paths, and bodies, that it was asked.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.state.asked.lock().expect("nobody panics here").clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some((method, path, body)) = read(&mut stream, &mut bytes).await {
            let (status, answer) = self.answer(&method, &path, body);
            let kind = if path.ends_with("/content") { "application/octet-stream" } else { "application/json" };
            let length = answer.len();
            let text =
                format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{answer}");
            if stream.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, method: &str, path: &str, body: String) -> (u16, String) {
        self.state.asked.lock().expect("nobody panics here").push((format!("{method} {path}"), body.clone()));
        let path = path.strip_prefix("/v1").unwrap_or(path);
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let mut files = self.state.files.lock().expect("nobody panics here");
        let file = |id: &str| json!({"id": id, "object": "file", "bytes": 1, "created_at": 1, "filename": "a.jsonl", "purpose": "batch"});
        match (method, segments.as_slice()) {
            ("POST", ["files"]) => {
                let id = format!("up-file-{}", files.len());
                let content = body.split("filename=").nth(1).and_then(|rest| rest.split_once("\r\n\r\n"));
                let content = content.map(|(_, rest)| rest.rsplit_once("\r\n--").map_or(rest, |(file, _)| file));
                files.insert(id.clone(), content.unwrap_or_default().to_owned());
                (200, file(&id).to_string())
            }
            ("GET", ["files", id]) if files.contains_key(*id) => (200, file(id).to_string()),
            ("GET", ["files", id, "content"]) if files.contains_key(*id) => (200, files[*id].clone()),
            ("DELETE", ["files", id]) if files.remove(*id).is_some() => {
                (200, json!({"id": id, "object": "file", "deleted": true}).to_string())
            }
            ("POST", ["batches"]) => {
                let wish: Value = serde_json::from_str(&body).expect("it is JSON");
                let mut batches = self.state.batches.lock().expect("nobody panics here");
                let id = format!("up-batch-{}", batches.len());
                let batch = json!({
                    "id": id, "object": "batch", "endpoint": wish["endpoint"], "status": "validating",
                    "input_file_id": wish["input_file_id"], "output_file_id": null, "error_file_id": null,
                });
                batches.insert(id, batch.clone());
                (200, batch.to_string())
            }
            ("POST", ["batches", id, "cancel"]) => {
                let mut batches = self.state.batches.lock().expect("nobody panics here");
                let batch = batches.get_mut(*id).expect("it is there");
                batch["status"] = json!("cancelling");
                (200, batch.to_string())
            }
            ("GET", ["batches", id]) => {
                let mut batches = self.state.batches.lock().expect("nobody panics here");
                let Some(batch) = batches.get_mut(*id) else { return (404, "{}".to_owned()) };
                if self.state.done.load(SeqCst) && batch["status"] != "completed" {
                    let input = files[batch["input_file_id"].as_str().expect("a text")].clone();
                    let output = format!("up-out-{id}");
                    files.insert(output.clone(), input.lines().map(answered).collect());
                    batch["status"] = json!("completed");
                    batch["output_file_id"] = json!(output);
                }
                (200, batch.to_string())
            }
            _ => (404, json!({"error": {"message": "nothing here", "type": "invalid_request_error"}}).to_string()),
        }
    }
}

/// What comes of a line: a thousand tokens read, a hundred written.
fn answered(line: &str) -> String {
    let line: Value = serde_json::from_str(line).expect("each line is JSON");
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100});
    let model = format!("{}-2024-07-18", line["body"]["model"].as_str().expect("a text"));
    let body = json!({"object": "chat.completion", "model": model, "usage": usage, "service_tier": "default", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"},
    ]});
    format!(
        "{}\n",
        json!({"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}, "error": null})
    )
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, String, String)> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        if let Ok(httparse::Status::Complete(head)) = request.parse(bytes) {
            let header = |name: &str| {
                let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
                found.map(|header| String::from_utf8_lossy(header.value).into_owned())
            };
            let whole = match header("transfer-encoding") {
                Some(_) => unchunked(&bytes[head..]),
                None => {
                    let length: usize = header("content-length").map_or(0, |length| length.parse().expect("a number"));
                    (bytes.len() >= head + length).then(|| (bytes[head..head + length].to_vec(), length))
                }
            };
            if let Some((body, length)) = whole {
                let (method, path) = (request.method?.to_owned(), request.path?.to_owned());
                bytes.drain(..head + length);
                return Some((method, path, String::from_utf8_lossy(&body).into_owned()));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A chunked body, if all of it is there, and how many bytes it takes.
fn unchunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let end = at + bytes[at..].windows(2).position(|pair| pair == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..end]).ok()?, 16).ok()?;
        at = end + 2 + size + 2;
        body.extend_from_slice(bytes.get(end + 2..end + 2 + size)?);
        if size == 0 {
            return (bytes.len() >= at).then_some((body, at));
        }
    }
}
