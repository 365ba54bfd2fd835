//! What a cloud of Amazon's gives out credentials with, for tests: its security token service, and what machines and
//! containers ask.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::request;

/// A request: method, path, head in small letters, body.
pub type Asked = (String, String, String, String);

/// Gives out `ASIA1`, `ASIA2`, ... whose secrets are `secret-1`, `secret-2`, ... and tokens `session-1`, `session-2`, ...
pub struct Tokens {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Tokens {
    /// Opens one whose credentials hold for so many seconds; of none it refuses everybody.
    pub async fn open(holds: Option<i64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let kept = asked.clone();
        tokio::spawn(async move {
            let mut given = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let (head, body) = request(&mut stream).await;
                let mut words = head.split(' ');
                let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                let (status, answer) = answer(path, &body, holds, &mut given);
                let one = (method.to_owned(), path.to_owned(), head.clone(), body);
                kept.lock().expect("nobody panics here").push(one);
                let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
                stream.write_all(answer.as_bytes()).await.unwrap_or_default();
            }
        });
        Tokens { addr, asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panics here").clone()
    }
}

fn answer(path: &str, body: &str, holds: Option<i64>, given: &mut usize) -> (u16, String) {
    let Some(holds) = holds else {
        let message = "<Message>User is not authorized to perform: sts:AssumeRole</Message>";
        return (403, format!("<ErrorResponse><Error><Code>AccessDenied</Code>{message}</Error></ErrorResponse>"));
    };
    match path {
        "/latest/api/token" => return (200, "machine-session".to_owned()),
        "/latest/meta-data/iam/security-credentials/" => return (200, "the-role".to_owned()),
        _ => {}
    }
    *given += 1;
    let until = std::time::SystemTime::now() + std::time::Duration::from_secs(holds as u64);
    let until = until.duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_millis();
    let until = types::day::moment(i64::try_from(until).expect("it is not that late"));
    let [id, secret, token] = ["ASIA", "secret-", "session-"].map(|word| format!("{word}{given}"));
    if path == "/" && body.contains("Action=AssumeRole") {
        let keys = format!(
            "<AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>\
             <Expiration>{until}</Expiration>"
        );
        return (200, format!("<Answer><Result><Credentials>{keys}</Credentials></Result></Answer>"));
    }
    let keys = json!({"AccessKeyId": id, "SecretAccessKey": secret, "Token": token, "Expiration": until});
    (200, keys.to_string())
}
