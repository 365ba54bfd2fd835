//! Money from outside: what callers with a budget may spend, and what is booked.

mod budgets;
mod crash;
mod deployments;
mod ids;
mod limits;
mod loops;
mod outage;
mod replicas;
mod slots;
mod stand_ins;
mod stated;
mod throttle;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::backs::{Back, Config, mock};
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

/// A gateway with keys in front of a mock provider whose calls cost something.
pub struct Shop {
    /// The provider.
    pub provider: drill::mock::Mock,
    /// The gateway.
    pub gateway: Gateway,
}

impl Shop {
    /// Opens one; the provider behaves as `knobs` say, and the model `demo` has `prices` in its `model_info`.
    pub async fn open(knobs: &str, prices: &str, settings: &str) -> Self {
        Self::open_with(knobs, prices, settings, &[]).await
    }

    /// As [`Shop::open`], without prices and with more in `general_settings`.
    pub async fn open_general(knobs: &str, general: &str) -> Self {
        Self::open_all(knobs, "", "", general, &[]).await
    }

    /// As [`Shop::open`], with an environment.
    pub async fn open_with(knobs: &str, prices: &str, settings: &str, environment: &[(&str, &str)]) -> Self {
        Self::open_all(knobs, prices, settings, "", environment).await
    }

    async fn open_all(knobs: &str, prices: &str, settings: &str, general: &str, environment: &[(&str, &str)]) -> Self {
        let provider = mock(knobs).await;
        let config = Config::default().model("demo", "openai/demo", &Back::OpenAi.base(&provider.url()), "");
        let config =
            config.yaml().replacen("litellm_params:", &format!("model_info: {{{prices}}}\n    litellm_params:"), 1);
        let config = format!("{config}\n{settings}\ngeneral_settings: {{master_key: {MASTER}, {general}}}\n");
        let gateway = Gateway::start_with(&config, &[], environment).await;
        Shop { provider, gateway }
    }

    /// Whoever has the master key.
    pub fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    /// A new key with these fields.
    pub async fn key(&self, fields: Value) -> String {
        let made = self.master().done("POST", "/key/generate", fields).await;
        made["key"].as_str().expect("a new key is shown").to_owned()
    }

    /// A chat with more fields.
    pub fn chat(&self, key: &str, more: Value) -> Call {
        let mut body = json!({ "model": "demo", "messages": [{ "role": "user", "content": "hello" }] });
        body.as_object_mut().expect("it is an object").extend(more.as_object().expect("so is this").clone());
        Call::post("/v1/chat/completions", &body).header("authorization", format!("Bearer {key}"))
    }

    /// Many chats at once.
    pub async fn at_once(&self, count: usize, call: &Call) -> Vec<Answer> {
        let mut calls = JoinSet::new();
        for _ in 0..count {
            let (call, addr) = (call.clone(), self.gateway.addr);
            calls.spawn(async move { call.send(addr).await });
        }
        calls.join_all().await
    }

    /// How many calls reached the provider.
    pub fn reached(&self) -> usize {
        self.provider.requests().len()
    }
}

/// How many of these went well.
pub fn served(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status() == 200).count()
}
