//! What is no chat: moderations, rankings, pictures and sound, through the same journey as everything else.

mod forms;
mod pictures;
mod sound;
mod texts;
mod voices;

use serde_json::Value;

use crate::backs::{Config, mock};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// A gateway with keys in front of mock providers, and the first of these.
struct Studio {
    provider: drill::mock::Mock,
    gateway: Gateway,
}

impl Studio {
    /// Opens one in front of a provider that behaves as `knobs` say. `models` are group, `provider/model` and base path
    /// behind the provider's address.
    async fn open(knobs: &str, models: &[(&str, &str, &str)], settings: &str) -> Self {
        let provider = mock(knobs).await;
        let model = |config: Config, (group, model, path): &(&str, &str, &str)| {
            config.model(group, model, &format!("{}{path}", provider.url()), "num_retries: 0")
        };
        let config = models.iter().fold(Config::default(), model);
        let config = config.and(&format!("general_settings: {{master_key: {MASTER}}}")).and(settings);
        Studio { gateway: Gateway::start(&config.yaml()).await, provider }
    }

    fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    /// A person with a new key that has these fields.
    async fn person(&self, fields: Value) -> Person<'_> {
        let made = self.master().done("POST", "/key/generate", fields).await;
        Person::of(&self.gateway, made["key"].as_str().expect("a new key is shown"))
    }

    /// The newest entry of the log, once there are so many.
    async fn logged(&self, count: usize) -> Value {
        let look = async || {
            let page = self.master().see("/spend/logs/v2").await;
            (page["total"] == count).then(|| page["data"][0].clone())
        };
        until(look).await
    }

    /// The body of the last request that the provider got.
    fn got(&self) -> Value {
        let last = self.provider.requests().pop().expect("the provider was asked");
        serde_json::from_slice(&last.body).expect("it was sent JSON")
    }
}

/// A body with more fields.
fn with(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

fn post(path: &str, body: Value) -> Call {
    Call::post(path, &body)
}

/// A form with these fields and, behind them, a file.
fn form(path: &str, fields: &[(&str, &str)], file: (&str, &[u8])) -> Call {
    let field = |name: &str, value: &str| part(&format!("name=\"{name}\""), value.as_bytes());
    let mut body: Vec<u8> = fields.iter().flat_map(|(name, value)| field(name, value)).collect();
    body.extend(part(&format!("name=\"{}\"; filename=\"it.bin\"", file.0), file.1));
    body.extend_from_slice(b"--edge--\r\n");
    raw_form(path, body)
}

fn part(disposition: &str, content: &[u8]) -> Vec<u8> {
    [format!("--edge\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes(), content, b"\r\n"].concat()
}

fn raw_form(path: &str, body: impl Into<Vec<u8>>) -> Call {
    Call::new("POST", path).header("content-type", "multipart/form-data; boundary=edge").body(body)
}
