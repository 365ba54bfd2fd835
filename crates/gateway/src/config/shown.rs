//! The entries of `model_list` as they may be shown: without what must stay secret.

use std::sync::Arc;

use engine::Deployment;
use serde_json::{Map, Value};

use super::health::Look;
use super::models::Row;
use super::tree::{self, Node, Scalar};

/// An entry that may be shown.
#[derive(Clone)]
pub struct Shown {
    /// Its id; empty if nothing is served by it.
    pub id: String,
    /// `model_name`.
    pub name: String,
    /// `litellm_params`.
    pub params: Map<String, Value>,
    /// `model_info`.
    pub info: Map<String, Value>,
    /// Whether it was added while running.
    pub added: bool,
    /// Whether it gets no calls.
    pub blocked: bool,
    /// How its health is looked at.
    pub look: Look,
    /// What it stands for; `None` if nothing is served by it.
    pub deployment: Option<Arc<Deployment>>,
}

impl Shown {
    /// The entry of a node, with the deployment that was made of it.
    pub fn of(node: &Node, row: Option<&Row>, added: bool) -> Self {
        let map = |name: &str| match node.get(name).map(value) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let text = |name: &str| node.get(name).map(value).and_then(|value| value.as_str().map(str::to_owned));
        let (params, info) = (without_secrets(&map("litellm_params")), map("model_info"));
        let look = Look::of(&info);
        Shown {
            id: row.map(|row| row.deployment.id.clone()).unwrap_or_default(),
            name: text("model_name").unwrap_or_default(),
            params,
            info,
            look,
            added,
            blocked: node.get("blocked").map(value) == Some(Value::Bool(true)),
            deployment: row.map(|row| Arc::new(row.deployment.clone())),
        }
    }
}

/// Words in the names of parameters that are never shown.
const SECRETS: [&str; 7] = ["key", "secret", "password", "credentials", "headers", "auth", "cookie"];
/// Parameters that are called like secrets and are none.
const HARMLESS: [&str; 2] = ["litellm_credential_name", "api_key_name"];

/// Whether a parameter may hold a secret. Numbers and flags hold none: `max_tokens`, `use_key`.
pub fn is_secret(name: &str, value: &Value) -> bool {
    let name = name.to_ascii_lowercase();
    let secret = SECRETS.iter().any(|word| name.contains(word)) || name.ends_with("token");
    secret && !HARMLESS.contains(&name.as_str()) && !value.is_number() && !value.is_boolean()
}

/// Parameters without those that may hold a secret, however deep they lie.
pub fn without_secrets(params: &Map<String, Value>) -> Map<String, Value> {
    let open = params.iter().filter(|(name, value)| !is_secret(name, value));
    open.map(|(name, value)| (name.clone(), opened(value))).collect()
}

fn opened(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(without_secrets(fields)),
        Value::Array(items) => items.iter().map(opened).collect(),
        plain => plain.clone(),
    }
}

/// A node as JSON without secrets. What came from the environment is named, not shown.
pub(super) fn value(node: &Node) -> Value {
    match &node.value {
        tree::Value::Scalar(Scalar { variable: Some(variable), .. }) | tree::Value::Unset(variable) => {
            format!("os.environ/{variable}").into()
        }
        tree::Value::List(items) => items.iter().map(value).collect(),
        tree::Value::Map(entries) => {
            let shown = entries.iter().filter(|(name, node)| !is_secret(name, &value(node)));
            Value::Object(shown.map(|(name, node)| (name.clone(), value(node))).collect())
        }
        _ => serde_json::from_str(&node.json()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
