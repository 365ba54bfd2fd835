//! Batches that nobody can say the cost of any more: what was held for them is booked, once.

use serde_json::{Value, json};

use super::{Desk, USAGE, line, upload};
use crate::backs::mock;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::servers::{Postgres, Server, query};
use crate::sinks::ear::until;

/// Batches that are made.
const MANY: usize = 12;

/// Two gateways on one database, and a key on a budget that makes batches.
struct Pair {
    server: Server,
    provider: drill::mock::Mock,
    gateways: [Gateway; 2],
    key: String,
}

impl Pair {
    async fn open() -> Self {
        let (server, provider) = (Postgres::start(), mock(USAGE).await);
        provider.hold_batches(true);
        let config = Desk::config(&provider, "");
        let envs = [("DATABASE_URL", &*server.url), ("PROXY_BATCH_POLLING_INTERVAL", "1")];
        let gateways = [Gateway::start_with(&config, &[], &envs).await, Gateway::start_with(&config, &[], &envs).await];
        let made = Person::of(&gateways[0], MASTER).done("POST", "/key/generate", json!({ "max_budget": 9.0 })).await;
        let key = made["key"].as_str().expect("a new key is shown").to_owned();
        Pair { server, provider, gateways, key }
    }

    async fn make(&self, many: usize) -> Vec<Value> {
        let person = Person::of(&self.gateways[0], &self.key);
        let file = upload(&person, &[("purpose", "batch")], &line("1", "mine")).await;
        let wish = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
        let mut made = Vec::new();
        for _ in 0..many {
            made.push(person.done("POST", "/v1/batches", wish.clone()).await);
        }
        made
    }

    /// All batches were made so many hours earlier.
    fn age(&self, hours: u64) {
        let ms = hours * 3_600_000;
        query(&self.server, &format!("UPDATE lockgate_assets SET created_at = created_at - {ms} WHERE kind = 'batch'"));
    }

    fn number(&self, sql: &str) -> i64 {
        query(&self.server, sql).parse().unwrap_or_else(|_| panic!("no number: {sql}"))
    }

    /// What is held for batches, and what counts as spent by the key: nanodollars.
    fn held_and_spent(&self) -> (i64, i64) {
        let held = self.number("SELECT coalesce(sum(held), 0) FROM lockgate_assets WHERE kind = 'batch'");
        let spent =
            self.number("SELECT coalesce(sum(spend_nanousd), 0) FROM lockgate_spend WHERE subject LIKE 'key:%' AND period = 'total'");
        (held, spent)
    }

    async fn settled(&self, many: usize) {
        let sql = "SELECT count(*) FROM lockgate_assets WHERE kind = 'batch' AND state = 'settled'";
        until(async || (self.number(sql) == many as i64).then_some(())).await;
    }
}

#[tokio::test]
async fn what_is_held_for_batches_that_their_provider_forgot_is_booked_once_whichever_replica_looks() {
    let pair = Pair::open().await;
    let made = pair.make(MANY).await;
    let (held, spent) = pair.held_and_spent();
    assert!(held > 0 && spent == held, "{held} {spent}");
    pair.provider.forget_batches();
    // As long as they may still be known again nothing is booked.
    let looks = |pair: &Pair| pair.provider.requests().iter().filter(|one| one.method == "GET").count();
    let before = looks(&pair);
    until(async || (looks(&pair) > before + 2 * MANY).then_some(())).await;
    assert_eq!(pair.held_and_spent(), (held, held));
    pair.age(49);
    pair.settled(MANY).await;
    assert_eq!(pair.held_and_spent(), (0, held), "an estimate takes the place of what was held");
    let rows = "SELECT count(*) FROM lockgate_ledger WHERE attempt_id LIKE 'batch%' AND status = 'interrupted'";
    assert_eq!(pair.number(rows), MANY as i64);
    for gateway in &pair.gateways {
        let master = Person::of(gateway, MASTER);
        until(async || {
            let info = master.see(&format!("/key/info?key={}", pair.key)).await;
            let spend = info["info"]["spend"].as_f64()?;
            ((spend - held as f64 / 1e9).abs() < 1e-9).then_some(())
        })
        .await;
        let list = Person::of(gateway, &pair.key).see("/v1/batches?limit=1").await;
        assert_eq!(list["data"][0]["status"], "failed", "{list}");
        assert_eq!(list["data"][0]["errors"]["data"][0]["code"], "batch_lost");
    }
    let page = Person::of(&pair.gateways[1], MASTER).see("/spend/logs/v2").await;
    let id = &made[0]["id"];
    let row = page["data"].as_array().unwrap().iter().find(|row| &row["request_id"] == id);
    assert!(row.is_some_and(|row| row["spend"].as_f64() > Some(0.0)), "{page}");
}

#[tokio::test]
async fn batches_that_are_never_finished_are_given_up_and_those_that_are_cost_what_they_cost() {
    let pair = Pair::open().await;
    pair.make(1).await;
    let (held, _) = pair.held_and_spent();
    pair.age(49);
    pair.settled(1).await;
    assert_eq!(pair.held_and_spent(), (0, held));
    pair.make(1).await;
    pair.provider.hold_batches(false);
    pair.age(49);
    pair.settled(2).await;
    let cost = (1000.0 * 0.15 + 100.0 * 0.6) * 1000.0 / 2.0;
    assert_eq!(pair.held_and_spent(), (0, held + cost as i64), "an old batch that is done is asked, not guessed");
}
