//! Who gives out access tokens, for tests: an issuer that looks at what it is asked with.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::request;

/// The fields of a form.
pub type Fields = HashMap<String, String>;

/// Gives out `fetched-1`, `fetched-2`, ... to whoever asks as it should be.
pub struct Desk {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<(String, Fields)>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    /// Opens one whose tokens hold for so many seconds. It refuses the first few who ask, and whoever `fits` does not like.
    pub async fn open(holds: u64, refuses: usize, fits: impl Fn(&Fields) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let asked = Arc::<Mutex<Vec<(String, Fields)>>>::default();
        let kept = asked.clone();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (head, body) = request(&mut stream).await;
                seen.lock().expect("nobody panics here").push(head.to_ascii_lowercase());
                let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
                let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
                let fields: Fields = pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let fits = fits(&fields);
                let number = {
                    let mut kept = kept.lock().expect("nobody panics here");
                    kept.push((path, fields));
                    kept.len()
                };
                let (status, answer) = match number > refuses && fits {
                    true => (200, json!({ "access_token": format!("fetched-{number}"), "expires_in": holds })),
                    false => (401, json!({ "error": "invalid_client", "error_description": "who are you?" })),
                };
                let answer = answer.to_string();
                let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
                stream.write_all(answer.as_bytes()).await.unwrap_or_default();
            }
        });
        Desk { addr, asked, heads }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The heads of what it was asked, in small letters.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("nobody panics here").clone()
    }

    /// What it was asked, and where.
    pub fn asked(&self) -> Vec<(String, Fields)> {
        self.asked.lock().expect("nobody panics here").clone()
    }
}
