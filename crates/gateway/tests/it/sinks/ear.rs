//! A server that listens to what a gateway tells, and treats it as a test wants.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request.
#[derive(Clone)]
pub struct Heard {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Heard {
    /// A header by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("it is JSON")
    }

    /// The body as one JSON text for each line.
    pub fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.body.clone()).expect("it is text");
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }
}

/// Whoever listens.
#[derive(Clone)]
pub struct Ear {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    heard: Mutex<Vec<Heard>>,
    /// Status of the answers.
    status: AtomicU16,
    /// What they say: a media type, and the body.
    says: Mutex<Option<(String, String)>>,
    /// Requests that are still refused with 503; below zero none is ever answered.
    refuses: AtomicI64,
    asked: AtomicI64,
}

impl Ear {
    /// One that takes everything.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared { status: AtomicU16::new(200), ..Shared::default() });
        let ear = Ear { addr, shared };
        let listening = ear.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(listening.clone().serve(stream));
            }
        });
        ear
    }

    /// It answers with this status from now on.
    pub fn answer_with(&self, status: u16) {
        self.shared.status.store(status, SeqCst);
    }

    /// It says this from now on.
    pub fn say(&self, media_type: &str, body: &str) {
        *self.shared.says.lock().expect("nobody panics here") = Some((media_type.to_owned(), body.to_owned()));
    }

    /// It refuses so many requests; below zero it never answers at all, until it is told otherwise.
    pub fn refuse(&self, requests: i64) {
        self.shared.refuses.store(requests, SeqCst);
    }

    /// How often it was asked something.
    pub fn asked(&self) -> i64 {
        self.shared.asked.load(SeqCst)
    }

    /// Its address.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What it took of requests whose path begins so.
    pub fn heard(&self, path: &str) -> Vec<Heard> {
        let heard = self.shared.heard.lock().expect("nobody panics here");
        heard.iter().filter(|heard| heard.path.starts_with(path)).cloned().collect()
    }

    /// Waits until what it heard under a path makes something.
    pub async fn hears<T>(&self, path: &str, make: impl Fn(&[Heard]) -> Option<T>) -> T {
        until(async || make(&self.heard(path))).await
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some((heard, length)) = read(&mut stream, &mut bytes).await {
            bytes.drain(..length);
            self.shared.asked.fetch_add(1, SeqCst);
            let status = match self.shared.refuses.load(SeqCst) {
                0 => self.shared.status.load(SeqCst),
                ..0 => return std::future::pending().await,
                left => {
                    self.shared.refuses.store(left - 1, SeqCst);
                    503
                }
            };
            if (200..300).contains(&status) {
                self.shared.heard.lock().expect("nobody panics here").push(heard);
            }
            let said = self.shared.says.lock().expect("nobody panics here").clone();
            let (kind, body) =
                said.map_or_else(Default::default, |(kind, body)| (format!("content-type: {kind}\r\n"), body));
            let length = body.len();
            let answer = format!("HTTP/1.1 {status} Heard\r\n{kind}content-length: {length}\r\n\r\n{body}");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// The next request, and how many bytes it has; nothing at the end of the connection.
async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(Heard, usize)> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        if let Ok(httparse::Status::Complete(head)) = request.parse(bytes) {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers = request.headers.iter().map(|header| (header.name.to_lowercase(), text(header.value)));
            let headers: Vec<(String, String)> = headers.collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length = length.map_or(0, |(_, value)| value.parse().expect("a length is a number"));
            if bytes.len() >= head + length {
                let (method, path) = (request.method?.to_owned(), request.path?.to_owned());
                let body = bytes[head..head + length].to_vec();
                return Some((Heard { method, path, headers, body }, head + length));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Waits until there is something.
pub async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "it never happens");
        sleep(Duration::from_millis(20)).await;
    }
}
