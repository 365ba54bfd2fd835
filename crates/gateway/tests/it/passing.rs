//! Providers' own APIs behind a prefix, and paths that the operator declares: what goes on, what does not, who may, and
//! what it costs.

mod access;
mod declared;
mod guarded;
mod kept;
mod money;
mod providers;

use drill::mock::Mock;
use serde_json::{Value, json};

use crate::backs::{Config, mock};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// A gateway with keys in front of a mock provider that is Anthropic, OpenAI and Google at once.
struct Passing {
    provider: Mock,
    gateway: Gateway,
}

impl Passing {
    async fn open(knobs: &str, settings: &str) -> Self {
        let provider = mock(knobs).await;
        let root = provider.url();
        let config = Config::default()
            .model("claude", "anthropic/claude-sonnet-4-5", &root, "")
            .model("gpt", "openai/gpt-4o-mini", &format!("{root}/v1"), "")
            .model("flash", "gemini/gemini-2.5-flash", &format!("{root}/v1beta"), "");
        let general = if settings.contains("general_settings:") { "" } else { "general_settings:\n" };
        let settings = format!("{general}{settings}")
            .replace("general_settings:\n", &format!("general_settings:\n  master_key: {MASTER}\n"));
        Passing { gateway: Gateway::start(&config.and(&settings).yaml()).await, provider }
    }

    fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    async fn key(&self, fields: Value) -> String {
        let made = self.master().done("POST", "/key/generate", fields).await;
        made["key"].as_str().expect("a new key is shown").to_owned()
    }

    async fn person(&self, fields: Value) -> Person<'_> {
        Person::of(&self.gateway, self.key(fields).await)
    }

    /// The newest entry of the log, once there are so many.
    async fn logged(&self, count: usize) -> Value {
        let look = async || {
            let page = self.master().see("/spend/logs/v2").await;
            (page["total"] == count).then(|| page["data"][0].clone())
        };
        until(look).await
    }

    fn got(&self) -> drill::mock::Recorded {
        self.provider.requests().pop().expect("the provider was asked")
    }
}

/// A message in Anthropic's words.
fn hello(more: Value) -> Call {
    let mut body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}],
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    Call::post("/anthropic/v1/messages", &body).header("anthropic-version", "2023-06-01")
}
