//! Sends alerts, one after the other on a thread of its own: however slow a target is, nobody waits for it. What does
//! not fit into the queue is lost, and the log says so.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use providers::http::{Call, Client};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::config::{Form, Target};

/// Alerts that may wait.
const QUEUE: usize = 200;
/// How often each is sent until it arrives.
const TRIES: u32 = 3;
/// Pause after the first failure; it doubles after the next one.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a connection may take, and how long everything.
const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer that are read: nobody looks at it.
const ANSWER: usize = 64 << 10;

/// The way to the thread.
pub struct Sender(mpsc::Sender<(Target, Bytes)>);

impl Sender {
    /// Starts the thread.
    pub fn start() -> Self {
        let (sender, mut waiting) = mpsc::channel::<(Target, Bytes)>(QUEUE);
        let runtime = Handle::current();
        // The client belongs to one thread.
        spawn_blocking(move || {
            runtime.block_on(async {
                let client = Client::default();
                while let Some((target, body)) = waiting.recv().await {
                    deliver(&client, &target, body).await;
                }
            });
        });
        Sender(sender)
    }

    /// Sends something to all targets, as a text for people or as fields for programs.
    pub fn send(&self, targets: &[Target], text: &Value, fields: &Value) {
        for target in targets {
            let body = match target.form {
                Form::Slack => text,
                Form::Webhook => fields,
            };
            if self.0.try_send((target.clone(), body.to_string().into())).is_err() {
                tracing::error!(host = &*target.endpoint.host, "an alert is lost: too many wait already");
            }
        }
    }
}

async fn deliver(client: &Client, target: &Target, body: Bytes) {
    let mut pause = PAUSE;
    for tried in 1..=TRIES {
        match timeout(PATIENCE, post(client, target, body.clone())).await {
            Ok(Ok(())) => return,
            // The address holds what lets people write there.
            Ok(Err(why)) => tracing::warn!(host = &*target.endpoint.host, "an alert was not taken: {why}"),
            Err(_) => tracing::warn!(host = &*target.endpoint.host, "an alert was not taken within {PATIENCE:?}"),
        }
        if tried < TRIES {
            sleep(pause).await;
            pause *= 2;
        }
    }
    tracing::error!(host = &*target.endpoint.host, "an alert is lost: it was not taken {TRIES} times");
}

async fn post(client: &Client, target: &Target, body: Bytes) -> Result<(), String> {
    let headers = HeaderMap::new();
    let call = Call {
        endpoint: &target.endpoint,
        method: "POST",
        path: &target.path,
        headers: &headers,
        body: &[body],
        connect_timeout: CONNECT,
        claim: None,
        sent: None,
    };
    let reply = client.call(&call).await.map_err(|fault| fault.message)?;
    let status = reply.status;
    // Read to its end, so that the connection can be used again.
    let _ = reply.body.collect(ANSWER).await;
    if (200..300).contains(&status) { Ok(()) } else { Err(format!("the answer has status {status}")) }
}
