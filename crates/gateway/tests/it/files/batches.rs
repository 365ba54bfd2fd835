//! Batches, and what they cost.

use serde_json::{Value, json};

use super::{Desk, line, upload};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

async fn make(person: &Person<'_>, file: &str) -> Value {
    let wish = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    person.done("POST", "/v1/batches", wish).await
}

/// What a thousand tokens read and a hundred written cost, twice, at half the price: of gpt-4o-mini.
const COST: f64 = 2.0 * (1000.0 * 0.15e-6 + 100.0 * 0.6e-6) / 2.0;

async fn spent(gateway: &Gateway) -> Value {
    let master = Person::of(gateway, MASTER);
    until(async || {
        let page = master.see("/spend/logs/v2").await;
        let rows = page["data"].as_array()?.clone();
        rows.into_iter().find(|row| row["spend"].as_f64().is_some_and(|spend| spend > 0.0))
    })
    .await
}

#[tokio::test]
async fn a_batch_is_made_watched_and_read() {
    let desk = Desk::open("").await;
    let person = desk.person(json!({})).await;
    let file = upload(&person, &[("purpose", "batch")], &format!("{}{}", line("1", "mine"), line("2", "mine"))).await;
    let batch = make(&person, &file).await;
    let id = batch["id"].as_str().unwrap();
    assert!(id.starts_with("batch_") && batch["input_file_id"] == *file, "{batch}");
    let sent = desk.provider.requests().pop().unwrap().json();
    assert_eq!(sent["input_file_id"], desk.first_file().0);
    let shown = person.see(&format!("/v1/batches/{id}")).await;
    assert_eq!((&shown["status"], &shown["input_file_id"]), (&json!("validating"), &json!(file)));
    desk.provider.hold_batches(false);
    let done = person.see(&format!("/v1/batches/{id}")).await;
    assert_eq!(done["status"], "completed");
    let output = done["output_file_id"].as_str().expect("there is an output");
    assert!(output.starts_with("file-"), "{output}");
    let content = person.send(&Call::get(&format!("/v1/files/{output}/content"))).await;
    assert_eq!(content.text().lines().count(), 2, "{}", content.text());
    let again = person.see(&format!("/v1/batches/{id}")).await;
    assert_eq!(again["output_file_id"], output, "the same file has the same id");
    let list = person.see("/v1/batches?limit=1").await;
    assert_eq!((&list["data"][0]["id"], &list["has_more"]), (&json!(id), &json!(false)));
    let other = desk.person(json!({})).await;
    for path in [format!("/v1/batches/{id}"), format!("/v1/files/{output}/content")] {
        assert_eq!(other.send(&Call::get(&path)).await.status(), 404, "{path}");
    }
    assert_eq!(other.ask("POST", &format!("/v1/batches/{id}/cancel"), json!({})).await.status(), 404);
}

#[tokio::test]
async fn a_batch_is_paid_for_once_by_its_key_at_half_the_price() {
    let desk = Desk::open("").await;
    let made = desk.master().done("POST", "/key/generate", json!({"max_budget": 1.0})).await;
    let key = made["key"].as_str().unwrap();
    let person = Person::of(&desk.gateway, key);
    let file = upload(&person, &[("purpose", "batch")], &format!("{}{}", line("1", "mine"), line("2", "mine"))).await;
    let id = make(&person, &file).await["id"].as_str().unwrap().to_owned();
    desk.provider.hold_batches(false);
    let row = spent(&desk.gateway).await;
    assert_eq!(row["call_type"], "aretrieve_batch", "{row}");
    assert!((row["spend"].as_f64().unwrap() - COST).abs() < 1e-9, "{row}");
    assert_eq!((&row["prompt_tokens"], &row["completion_tokens"]), (&json!(2000), &json!(200)));
    let spend = async || {
        let info = desk.master().see(&format!("/key/info?key={key}")).await;
        info["info"]["spend"].as_f64().filter(|spend| (spend - COST).abs() < 1e-9)
    };
    // What was held is given back, and whoever looks again pays nothing more.
    for _ in 0..3 {
        assert_eq!(person.see(&format!("/v1/batches/{id}")).await["status"], "completed");
    }
    until(spend).await;
}

#[tokio::test]
async fn a_batch_that_ends_while_nobody_looks_is_paid_for_after_a_restart() {
    let desk = Desk::open("").await;
    let person = desk.master();
    let file = upload(&person, &[("purpose", "batch")], &line("1", "mine")).await;
    make(&person, &file).await;
    let config = Desk::config(&desk.provider, "");
    let Desk { provider, gateway } = desk;
    let folder = gateway.kill().await;
    provider.hold_batches(false);
    folder.write("config.yaml", &config);
    let flags = ["--config", "config.yaml", "--host", "127.0.0.1", "--num_workers", "2"];
    let gateway = Gateway::spawn(folder, &flags, &[("PROXY_BATCH_POLLING_INTERVAL", "1")]).await;
    let row = spent(&gateway).await;
    assert!((row["spend"].as_f64().unwrap() - COST / 2.0).abs() < 1e-9, "{row}");
}

#[tokio::test]
async fn nobody_makes_a_batch_whose_budget_is_spent() {
    let desk = Desk::open("").await;
    let person = desk.person(json!({"max_budget": 0.0001})).await;
    let text = format!("{}{}", line("1", "mine"), line("2", "mine"));
    let file = upload(&person, &[("purpose", "batch")], &text).await;
    make(&person, &file).await;
    desk.provider.hold_batches(false);
    spent(&desk.gateway).await;
    let wish = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    until(async || {
        let answer = person.ask("POST", "/v1/batches", wish.clone()).await;
        (answer.status() == 422).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_batch_can_be_stopped_and_a_wrong_one_is_refused() {
    let desk = Desk::open("").await;
    let master = desk.master();
    let file = upload(&master, &[("purpose", "batch")], &line("1", "mine")).await;
    let id = make(&master, &file).await["id"].as_str().unwrap().to_owned();
    let stopped = master.done("POST", &format!("/v1/batches/{id}/cancel"), json!({})).await;
    assert_eq!((&stopped["status"], &stopped["id"]), (&json!("cancelling"), &json!(id)));
    assert_eq!(master.ask("POST", "/v1/batches", json!({"endpoint": "/v1/x"})).await.status(), 400);
    assert_eq!(master.ask("POST", "/v1/batches", json!([])).await.status(), 400);
    assert_eq!(master.ask("POST", "/v1/batches", json!({"input_file_id": "file-x"})).await.status(), 404);
}

/// What two lines with a bound of `most` tokens cost at worst, with some room for what their input is foreseen to be.
fn worst(most: u64) -> f64 {
    2.0 * (most as f64 * 0.6e-6 + 100.0 * 0.15e-6) / 2.0
}

fn bounded(most: u64) -> String {
    let line = line("1", "mine").replace("\"max_tokens\":9", &format!("\"max_tokens\":{most}"));
    assert!(line.contains(&most.to_string()), "{line}");
    format!("{line}{}", line.replace("\"custom_id\":\"1\"", "\"custom_id\":\"2\""))
}

#[tokio::test]
async fn what_a_batch_may_cost_is_held_until_it_is_settled_so_that_several_do_not_go_beyond_a_budget() {
    let desk = Desk::open("").await;
    let person = desk.person(json!({"max_budget": 2.5 * worst(100_000)})).await;
    let file = upload(&person, &[("purpose", "batch")], &bounded(100_000)).await;
    let wish = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    let ask = || async { person.ask("POST", "/v1/batches", wish.clone()).await };
    let (one, two, three, four) = tokio::join!(ask(), ask(), ask(), ask());
    let answers = [one, two, three, four];
    let made: Vec<_> = answers.iter().filter(|answer| answer.status() == 200).collect();
    let texts: Vec<String> = answers.iter().map(crate::client::Answer::text).collect();
    assert_eq!(made.len(), 2, "{texts:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status() == 422).count(), 2, "{texts:?}");
    // A batch that is stopped holds nothing any more, and one that is done holds what it cost.
    desk.provider.hold_batches(false);
    person.done("POST", &format!("/v1/batches/{}/cancel", super::id(made[0])), json!({})).await;
    for one in &made {
        person.see(&format!("/v1/batches/{}", super::id(one))).await;
    }
    until(async || (ask().await.status() == 200).then_some(())).await;
}

#[tokio::test]
async fn what_is_held_for_a_batch_outlives_the_process() {
    let desk = Desk::open("").await;
    let made = desk.master().done("POST", "/key/generate", json!({"max_budget": 1.5 * worst(100_000)})).await;
    let key = made["key"].as_str().unwrap().to_owned();
    let person = Person::of(&desk.gateway, &key);
    let file = upload(&person, &[("purpose", "batch")], &bounded(100_000)).await;
    make(&person, &file).await;
    let config = Desk::config(&desk.provider, "");
    let Desk { provider, gateway } = desk;
    let folder = gateway.kill().await;
    folder.write("config.yaml", &config);
    let flags = ["--config", "config.yaml", "--host", "127.0.0.1", "--num_workers", "2"];
    let gateway = Gateway::spawn(folder, &flags, &[("PROXY_BATCH_POLLING_INTERVAL", "1")]).await;
    let person = Person::of(&gateway, &key);
    let wish = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    assert_eq!(person.ask("POST", "/v1/batches", wish.clone()).await.status(), 422);
    provider.hold_batches(false);
    until(async || (person.ask("POST", "/v1/batches", wish.clone()).await.status() == 200).then_some(())).await;
}

#[tokio::test]
async fn on_a_budget_there_is_no_batch_whose_cost_nobody_can_foresee() {
    let desk = Desk::open("").await;
    let file = upload(&desk.master(), &[("purpose", "batch")], &line("1", "of-which-nobody-knows")).await;
    let wish = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    assert_eq!(desk.master().ask("POST", "/v1/batches", wish).await.status(), 200, "the master key has no budget");
    let person = desk.person(json!({"max_budget": 1.0})).await;
    let file = upload(&person, &[("purpose", "batch")], &line("1", "of-which-nobody-knows")).await;
    let wish = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    let refused = person.ask("POST", "/v1/batches", wish).await;
    assert_eq!(refused.status(), 403, "{}", refused.text());
}
