//! Alerts about budgets, as they arrive where they are sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::{Office, Person, config};
use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::gateway::{Folder, Gateway};

/// Somebody who is told: keeps what arrives, by path. The first of all is refused.
struct Ear {
    addr: SocketAddr,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Ear {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let heard = Arc::<Mutex<Vec<(String, Value)>>>::default();
        let (kept, refused) = (heard.clone(), Arc::new(Mutex::new(false)));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, refused) = (kept.clone(), refused.clone());
                tokio::spawn(async move {
                    let mut text = String::new();
                    let mut part = [0; 4096];
                    while let Ok(read @ 1..) = stream.read(&mut part).await {
                        text.push_str(&String::from_utf8_lossy(&part[..read]));
                        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                        let Ok(body) = serde_json::from_str::<Value>(body) else { continue };
                        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                        let first = !std::mem::replace(&mut *refused.lock().expect("nobody panics here"), true);
                        let status = if first { "500 Later" } else { "200 OK" };
                        if !first {
                            kept.lock().expect("nobody panics here").push((path, body));
                        }
                        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                        stream.write_all(answer.as_bytes()).await.unwrap_or_default();
                        text.clear();
                    }
                });
            }
        });
        Ear { addr, heard }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What was heard at `path` of this event.
    fn of(&self, path: &str, event: &str) -> Vec<Value> {
        let heard = self.heard.lock().expect("nobody panics here");
        let meant = heard.iter().filter(|(at, body)| at == path && (body["event"] == event || event.is_empty()));
        meant.map(|(_, body)| body.clone()).collect()
    }

    /// Waits until something is heard.
    async fn hear(&self, path: &str, event: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(body) = self.of(path, event).pop() {
                return body;
            }
            assert!(Instant::now() < deadline, "{event} is never heard at {path}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn spend(person: &Person<'_>, calls: usize) {
    for _ in 0..calls {
        let answer = person.send(&Front::Chat.call("paid", "hello", false)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn who_is_named_hears_once_that_a_budget_is_crossed_whatever_replica_sees_it() {
    let (ear, provider, folder) = (Ear::open().await, mock("").await, Folder::new());
    let settings = format!(
        "general_settings:\n  alerting: [slack, webhook]\n  alert_to_webhook_url: {{budget_alerts: '{}'}}\n",
        ear.url("/slack?secret=hidden")
    );
    let (webhook, database) = (ear.url("/fields"), format!("sqlite://{}", folder.path().join("shared.db").display()));
    let env = [("WEBHOOK_URL", &*webhook), ("DATABASE_URL", &*database)];
    let gateway = Gateway::start_with(&config(&settings), &[], &env).await;
    let _other = Gateway::start_with(&config(&settings), &[], &env).await;
    let office = Office { gateway };
    let master = office.master();
    let params = json!({ "model": "openai/demo", "api_base": Back::OpenAi.base(&provider.url()), "api_key": "k",
        "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_request": 0.01 });
    master.done("POST", "/model/new", json!({ "model_name": "paid", "litellm_params": params })).await;
    master.done("POST", "/budget/new", json!({ "budget_id": "soft", "soft_budget": 0.02 })).await;
    master.done("POST", "/team/new", json!({ "team_id": "red", "team_alias": "Red", "budget_id": "soft" })).await;
    let made = json!({ "team_id": "red", "key_alias": "mine", "soft_budget": 0.02, "max_budget": 0.04 });
    let key = office.key(made).await;
    spend(&office.with(&key), 2).await;

    let soft = ear.hear("/fields", "soft_budget_crossed").await;
    assert_eq!((&soft["spend"], &soft["soft_budget"]), (&json!(0.02), &json!(0.02)), "{soft}");
    spend(&office.with(&key), 2).await;
    let whole = ear.hear("/fields", "budget_crossed").await;
    assert_eq!(
        (&whole["event_group"], &whole["key_alias"], &whole["team_alias"]),
        (&json!("key"), &json!("mine"), &json!("Red"))
    );
    assert_eq!((&whole["spend"], &whole["max_budget"]), (&json!(0.04), &json!(0.04)));
    let groups: Vec<Value> =
        ear.of("/fields", "soft_budget_crossed").iter().map(|body| body["event_group"].clone()).collect();
    let mut sorted: Vec<&str> = groups.iter().filter_map(Value::as_str).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, ["key", "team"], "each once, whichever of the two replicas saw it");
    let text = ear.hear("/slack?secret=hidden", "").await;
    assert!(text["text"].as_str().is_some_and(|text| text.contains("key mine")), "{text}");
    let log = office.gateway.log();
    assert!(!log.contains("hidden") && !log.contains("/fields"), "{log}");
}

#[tokio::test]
async fn who_is_named_hears_that_a_deployment_fails_or_is_slow() {
    let (ear, failing, slow) = (Ear::open().await, mock("status=500").await, mock("first_ms=1200").await);
    let settings = format!(
        "general_settings:\n  alerting: [webhook]\n  alerting_threshold: 1\n  alerting_args: {{minor_outage_alert_threshold: 3, \
         major_outage_alert_threshold: 4}}\nenvironment_variables: {{WEBHOOK_URL: '{}'}}\n",
        ear.url("/told")
    );
    let models = [("failing", &failing), ("slow", &slow)].map(|(name, mock)| {
        let base = Back::OpenAi.base(&mock.url());
        format!("  - {{model_name: {name}, litellm_params: {{model: openai/demo, api_base: '{base}', api_key: sk-any, num_retries: 0}}}}\n")
    });
    let config = config(&settings).replace("model_list:\n", &format!("model_list:\n{}", models.concat()));
    let gateway = Gateway::start(&config).await;
    let master = Person::of(&gateway, super::MASTER);
    for _ in 0..6 {
        master.send(&Front::Chat.call("failing", "hello", false)).await;
    }
    let answer = master.send(&Front::Chat.call("slow", "hello", false)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let outage = ear.hear("/told", "outage_alerts_major").await;
    assert_eq!((&outage["model_group"], &outage["event_group"]), (&json!("failing"), &json!("deployment")));
    assert!(outage["failed_calls"].as_u64().unwrap() >= 4, "{outage}");
    let slow = ear.hear("/told", "llm_too_slow").await;
    assert!(slow["model_group"] == "slow" && slow["seconds"].as_f64().unwrap() >= 1.2, "{slow}");
    assert_eq!(ear.of("/told", "outage_alerts_major").len(), 1, "once");
}
