//! What is sent to a sink, and how it is taken: once more and later again, if that may help.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use providers::http::{Call, Client, Endpoint};
use tokio::time::timeout;

/// How long a connection may take, and how long everything.
const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer that are read.
const ANSWER: usize = 256 << 10;
/// Longest wait that a sink may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A request to a sink.
pub struct Post {
    /// The host.
    pub endpoint: Endpoint,
    /// `POST` or `PUT`.
    pub method: &'static str,
    /// What is asked for there.
    pub path: String,
    /// Headers, the credential among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How many calls it tells of.
    pub calls: usize,
}

/// What became of it.
pub enum Taken {
    /// It was taken, but for so many of its calls.
    But(usize),
    /// Nobody is there.
    Away(String),
    /// It may be taken later, after so long if the sink says so.
    Later(String, Option<Duration>),
    /// It will never be taken.
    Never(String),
}

impl Post {
    /// Sends it.
    pub async fn send(&self, client: &Client) -> Taken {
        timeout(PATIENCE, self.attempt(client))
            .await
            .unwrap_or_else(|_| Taken::Away(format!("it did not answer within {PATIENCE:?}")))
    }

    async fn attempt(&self, client: &Client) -> Taken {
        let body = [self.body.clone()];
        let call = Call {
            endpoint: &self.endpoint,
            method: self.method,
            path: &self.path,
            headers: &self.headers,
            body: &body,
            connect_timeout: CONNECT,
            claim: None,
            sent: None,
        };
        let reply = match client.call(&call).await {
            Ok(reply) => reply,
            Err(fault) => return Taken::Away(fault.message),
        };
        let status = reply.status;
        let wait = reply.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let wait = wait.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
        // Read to its end, so that the connection can be used again.
        let answer = reply.body.collect(ANSWER).await.unwrap_or_default();
        match status {
            // Several at once were taken, or not: each by itself.
            207 => Taken::But(refused(&answer).min(self.calls)),
            200..=299 => Taken::But(0),
            408 | 429 | 500..=599 => Taken::Later(format!("it answered with status {status}"), wait),
            _ => Taken::Never(format!("it answered with status {status}")),
        }
    }
}

/// How many parts of a request an answer says that it did not take.
fn refused(answer: &[u8]) -> usize {
    let answer: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    answer["errors"].as_array().map_or(0, Vec::len)
}
