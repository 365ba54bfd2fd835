//! Realtime sessions: a WebSocket of a caller, one of a provider, and the gateway between them.

mod frames;
mod money;
mod refusals;
mod secrets;
mod sessions;
pub mod socket;

use serde_json::{Value, json};
use socket::{Heard, Refused, Socket};

use crate::backs::{Config, mock};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// A gateway with keys in front of a mock provider.
struct Stage {
    provider: drill::mock::Mock,
    gateway: Gateway,
}

impl Stage {
    /// Opens one in front of a provider that behaves as `knobs` say, which has `gpt-realtime` under the name `talk`.
    async fn open(knobs: &str, settings: &str) -> Self {
        let provider = mock(knobs).await;
        let config = Config::default().model("talk", "openai/gpt-realtime", &format!("{}/v1", provider.url()), "");
        Self::with(provider, config, settings).await
    }

    async fn with(provider: drill::mock::Mock, config: Config, settings: &str) -> Self {
        let (general, rest) = match settings.strip_prefix("general: ") {
            Some(general) => (format!(", {general}"), ""),
            None => (String::new(), settings),
        };
        let config = config.and(&format!("general_settings: {{master_key: {MASTER}{general}}}")).and(rest);
        Stage { gateway: Gateway::start(&config.yaml()).await, provider }
    }

    fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    /// A new key with these fields.
    async fn key(&self, fields: Value) -> String {
        let made = self.master().done("POST", "/key/generate", fields).await;
        made["key"].as_str().expect("a new key is shown").to_owned()
    }

    /// A session of who has this key, past its first event.
    async fn session(&self, key: &str) -> Socket {
        let mut socket = self.dial(key).await.unwrap_or_else(|refused| panic!("{refused:?}"));
        socket.until("session.created").await;
        socket
    }

    async fn dial(&self, key: &str) -> Result<Socket, Refused> {
        Socket::dial(self.gateway.addr, "/v1/realtime?model=talk", &[("authorization", &format!("Bearer {key}"))]).await
    }

    /// The newest entry of the log, once there are so many.
    async fn logged(&self, count: usize) -> Value {
        let look = async || {
            let page = self.master().see("/spend/logs/v2").await;
            (page["total"] == count).then(|| page["data"][0].clone())
        };
        until(look).await
    }
}

/// What somebody says.
fn said(text: &str) -> Value {
    let content = json!([{ "type": "input_text", "text": text }]);
    json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "user", "content": content } })
}

/// An answer in text alone.
fn respond() -> Value {
    json!({ "type": "response.create", "response": { "output_modalities": ["text"] } })
}

/// An answer in sound.
fn speak() -> Value {
    json!({ "type": "response.create" })
}
