//! The management API from outside: what the incumbent's users script against, against the real binary.

mod access_groups;
mod alerts;
mod attack;
mod audit;
mod doorway;
mod guide;
mod hostile;
mod keys;
mod models;
mod people;
mod postgres;
mod replicas;
mod roles;
mod shapes;
mod sign_in;
pub mod spend;

use serde_json::{Value, json};

use crate::client::{Answer, Call};
use crate::gateway::{Folder, Gateway};

/// The key that opens everything.
pub const MASTER: &str = "sk-master-key-of-these-tests";

/// A gateway with keys, in a database of its own.
pub struct Office {
    /// The gateway.
    pub gateway: Gateway,
}

/// Somebody with a key.
pub struct Person<'o> {
    gateway: &'o Gateway,
    key: String,
}

impl Office {
    /// Opens one that serves `mock/demo` as `demo` and as `other`; `settings` are more sections of its configuration.
    pub async fn open(settings: &str) -> Self {
        Office { gateway: Gateway::start(&config(settings)).await }
    }

    /// One that shares its database with others: a file in `folder`.
    pub async fn open_at(folder: &Folder) -> Self {
        Office::open_on(&format!("sqlite://{}", folder.path().join("shared.db").display())).await
    }

    /// One on the database with this address.
    pub async fn open_on(url: &str) -> Self {
        Office { gateway: Gateway::start_with(&config(""), &[], &[("DATABASE_URL", url)]).await }
    }

    /// Whoever has this key.
    pub fn with(&self, key: impl Into<String>) -> Person<'_> {
        Person::of(&self.gateway, key)
    }

    /// Whoever has the master key.
    pub fn master(&self) -> Person<'_> {
        self.with(MASTER)
    }

    /// A new key with these fields.
    pub async fn key(&self, fields: Value) -> String {
        let made = self.master().done("POST", "/key/generate", fields).await;
        made["key"].as_str().expect("a new key is shown").to_owned()
    }
}

/// A configuration with the master key; `settings` are more sections.
pub fn config(settings: &str) -> String {
    let model = |name: &str| format!("  - {{model_name: {name}, litellm_params: {{model: mock/demo}}}}\n");
    let general = if settings.contains("general_settings:") { "" } else { "general_settings:\n" };
    let settings = match general {
        "" => settings.replace("general_settings:\n", &format!("general_settings:\n  master_key: {MASTER}\n")),
        _ => format!("{settings}\ngeneral_settings:\n  master_key: {MASTER}\n"),
    };
    format!("model_list:\n{}{}{settings}", model("demo"), model("other"))
}

impl<'o> Person<'o> {
    /// Whoever has this key.
    pub fn of(gateway: &'o Gateway, key: impl Into<String>) -> Self {
        Person { gateway, key: key.into() }
    }

    /// Asks for something.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let call = match method {
            "GET" => Call::get(path),
            _ => Call::new(method, path).header("content-type", "application/json").body(body.to_string()),
        };
        self.send(&call).await
    }

    /// Sends a request with the key in it.
    pub async fn send(&self, call: &Call) -> Answer {
        self.gateway.call(&call.clone().header("authorization", format!("Bearer {}", self.key))).await
    }

    /// Asks for something that is done, and says what came of it.
    pub async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, body.clone()).await;
        assert_eq!(answer.status(), 200, "{method} {path} {body}: {}", answer.text());
        answer.json()
    }

    /// Looks at something.
    pub async fn see(&self, path: &str) -> Value {
        self.done("GET", path, Value::Null).await
    }

    /// Asks for something that is refused, and says why.
    pub async fn refused(&self, method: &str, path: &str, body: Value, status: u16) -> String {
        let answer = self.ask(method, path, body.clone()).await;
        assert_eq!(answer.status(), status, "{method} {path} {body}: {}", answer.text());
        let error = &answer.json()["error"];
        assert_eq!(error["code"], json!(status.to_string()), "{}", answer.text());
        assert!(error["type"].is_string(), "{}", answer.text());
        error["message"].as_str().expect("a refusal has a message").to_owned()
    }
}
