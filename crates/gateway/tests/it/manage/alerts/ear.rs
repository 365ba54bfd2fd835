//! A web hook that listens.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

/// Somebody who is told: keeps what arrives, by path.
pub struct Ear {
    addr: SocketAddr,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Ear {
    /// One that refuses the first request, as who is just being started does.
    pub async fn open() -> Self {
        Ear::refusing(1, 500, "").await
    }

    /// One that refuses the first requests with this status and these words.
    pub async fn refusing(refused: usize, status: u16, words: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let heard = Arc::<Mutex<Vec<(String, Value)>>>::default();
        let (kept, left) = (heard.clone(), Arc::new(Mutex::new(refused)));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, left) = (kept.clone(), left.clone());
                tokio::spawn(async move {
                    let mut text = String::new();
                    let mut part = [0; 4096];
                    while let Ok(read @ 1..) = stream.read(&mut part).await {
                        text.push_str(&String::from_utf8_lossy(&part[..read]));
                        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                        let Ok(body) = serde_json::from_str::<Value>(body) else { continue };
                        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                        let refuses = {
                            let mut left = left.lock().expect("nobody panics here");
                            let refuses = *left > 0;
                            *left = left.saturating_sub(1);
                            refuses
                        };
                        let (status, words) = if refuses { (status, words) } else { (200, "") };
                        if !refuses {
                            kept.lock().expect("nobody panics here").push((path, body));
                        }
                        let length = words.len();
                        let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: {length}\r\n\r\n{words}");
                        stream.write_all(answer.as_bytes()).await.unwrap_or_default();
                        text.clear();
                    }
                });
            }
        });
        Ear { addr, heard }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What was heard at `path` of this event.
    pub fn of(&self, path: &str, event: &str) -> Vec<Value> {
        let heard = self.heard.lock().expect("nobody panics here");
        let meant = heard.iter().filter(|(at, body)| at == path && (body["event"] == event || event.is_empty()));
        meant.map(|(_, body)| body.clone()).collect()
    }

    /// Waits until something is heard.
    pub async fn hear(&self, path: &str, event: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(body) = self.of(path, event).pop() {
                return body;
            }
            assert!(Instant::now() < deadline, "{event} is never heard at {path}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
