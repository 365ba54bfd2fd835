//! Files and batches: where they go, whose they are, and what batches cost.

mod batches;
mod keeping;
mod overdue;

use drill::mock::Mock;
use serde_json::{Value, json};

use crate::backs::mock;
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

/// What each call consumes: a thousand tokens read, a hundred written.
const USAGE: &str = "bill=%22prompt_tokens%22:1000%2C%22completion_tokens%22:100";

/// A gateway with keys in front of a provider that keeps files, and holds batches back until it is told to go on.
struct Desk {
    provider: Mock,
    gateway: Gateway,
}

impl Desk {
    async fn open(settings: &str) -> Self {
        let provider = mock(USAGE).await;
        provider.hold_batches(true);
        let gateway = Desk::in_front_of(&provider, settings).await;
        Desk { provider, gateway }
    }

    async fn in_front_of(provider: &Mock, settings: &str) -> Gateway {
        Gateway::start_with(&Desk::config(provider, settings), &[], &[("PROXY_BATCH_POLLING_INTERVAL", "1")]).await
    }

    fn config(provider: &Mock, settings: &str) -> String {
        let base = format!("{}/v1", provider.url());
        format!(
            "model_list:\n\
             - {{model_name: mine, litellm_params: {{model: openai/gpt-4o-mini, api_base: '{base}', api_key: up}}}}\n\
             - {{model_name: other, litellm_params: {{model: openai/gpt-4o, api_base: '{base}', api_key: up}}}}\n\
             general_settings: {{master_key: {MASTER}}}\n{settings}"
        )
    }

    fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    /// What the provider has of the file that came first.
    fn first_file(&self) -> (String, String) {
        self.provider.files().remove(0)
    }

    async fn person(&self, fields: Value) -> Person<'_> {
        let made = self.master().done("POST", "/key/generate", fields).await;
        Person::of(&self.gateway, made["key"].as_str().expect("a new key is shown"))
    }
}

fn part(disposition: &str, content: &str) -> String {
    format!("--edge\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
}

/// A form with a file behind its fields.
fn form(fields: &[(&str, &str)], file: &str) -> Call {
    let fields: String = fields.iter().map(|(name, value)| part(&format!("name=\"{name}\""), value)).collect();
    let body = format!("{fields}{}--edge--\r\n", part("name=\"file\"; filename=\"a.jsonl\"", file));
    Call::new("POST", "/v1/files").header("content-type", "multipart/form-data; boundary=edge").body(body)
}

/// A line of a batch.
fn line(id: &str, model: &str) -> String {
    let body = json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    format!("{}\n", json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}))
}

async fn upload(person: &Person<'_>, fields: &[(&str, &str)], file: &str) -> String {
    let answer = person.send(&form(fields, file)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    id(&answer)
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {}", answer.text())).to_owned()
}
