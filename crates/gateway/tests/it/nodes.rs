//! Engines on machines of one's own: mock nodes that load models, and what the gateway makes of them.

mod by_hand;
mod loads;
mod waits;

use drill::mock::{Loaded, Mock, Recorded};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::backs::{Back, Config, mock};
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

/// A gateway in front of nodes that all have the same models.
struct Farm {
    nodes: Vec<Mock>,
    gateway: Gateway,
}

impl Farm {
    /// `count` nodes that behave as `knobs` say, with the models `a` and `b`; `params` are further fields of each
    /// deployment, `router` of the router's settings.
    async fn open(count: usize, knobs: &str, params: &str, router: &str) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(mock(knobs).await);
        }
        Farm::around(nodes, params, router).await
    }

    /// The same around nodes that are there.
    async fn around(nodes: Vec<Mock>, params: &str, router: &str) -> Self {
        let config = nodes.iter().flat_map(|node| [(node, "a"), (node, "b")]).fold(Config::default(), |config, one| {
            let (node, model) = one;
            config.model(model, &format!("ollama/{model}"), &Back::Ollama.base(&node.url()), params)
        });
        let settings = format!("router_settings: {{{router}}}\ngeneral_settings: {{master_key: {MASTER}}}");
        Farm { gateway: Gateway::start(&config.and(&settings).yaml()).await, nodes }
    }

    /// A chat of the master's that says `text` to `model`, with more fields.
    fn chat(&self, model: &str, text: &str, more: Value) -> Call {
        self.chat_of(MASTER, model, text, more)
    }

    fn chat_of(&self, key: &str, model: &str, text: &str, more: Value) -> Call {
        let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": text }], "max_tokens": 64 });
        body.as_object_mut().expect("it is an object").extend(more.as_object().expect("so is this").clone());
        Call::post("/v1/chat/completions", &body).header("authorization", format!("Bearer {key}"))
    }

    /// Many calls at once; their answers in the order in which they come.
    async fn at_once(&self, calls: impl IntoIterator<Item = Call>) -> Vec<Answer> {
        let (mut answers, addr) = (JoinSet::new(), self.gateway.addr);
        for call in calls {
            answers.spawn(async move { call.send(addr).await });
        }
        answers.join_all().await
    }

    /// A new key.
    async fn key(&self) -> String {
        let made = Person::of(&self.gateway, MASTER).done("POST", "/key/generate", json!({})).await;
        made["key"].as_str().expect("a new key is shown").to_owned()
    }

    /// What `GET /nodes` shows.
    async fn shown(&self) -> Value {
        self.gateway.call(&Call::get("/nodes").header("authorization", format!("Bearer {MASTER}"))).await.json()
    }

    /// Asks again and again until so many calls wait.
    async fn until_waiting(&self, count: u64) {
        let waiting = |shown: &Value| -> u64 {
            let queues = shown["queues"].as_array().expect("it shows queues").iter();
            queues.filter_map(|queue| queue["waiting"].as_u64()).sum()
        };
        let begun = std::time::Instant::now();
        while waiting(&self.shown().await) < count {
            assert!(begun.elapsed() < crate::gateway::PATIENCE, "{}", self.shown().await);
        }
    }

    /// All loads of all nodes.
    fn loads(&self) -> Vec<Loaded> {
        self.nodes.iter().flat_map(Mock::loads).collect()
    }

    /// Calls that reached a node, loads and questions left out, in their order.
    fn calls(&self) -> Vec<Recorded> {
        let mut all: Vec<Recorded> = self.nodes.iter().flat_map(Mock::requests).filter(is_call).collect();
        all.sort_by_key(|one| one.arrived);
        all
    }
}

/// Whether somebody says something.
fn is_call(one: &Recorded) -> bool {
    one.json()["messages"].as_array().is_some_and(|messages| !messages.is_empty())
}

/// The statuses of answers that are not as they should be.
fn wrong(answers: &[Answer]) -> Vec<(u16, String)> {
    answers.iter().filter(|one| one.status() != 200).map(|one| (one.status(), one.text())).collect()
}
