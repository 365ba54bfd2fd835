//! Death in the middle of it: what callers got is booked once, and so is what was under way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::json;
use store::reports::{LogFilter, LogPage};
use store::{Status, Store, StoreUrl};
use tokio::task::JoinSet;

use super::Shop;
use crate::gateway::{Folder, Gateway, PATIENCE};

/// Callers at a time.
const CALLERS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_caller_received_is_booked_once_when_the_process_is_killed_under_load() {
    for seed in 0..20 {
        die_and_rise(seed).await;
    }
}

async fn die_and_rise(seed: usize) {
    let shop = Shop::open("chunks=6,chunk_ms=4", "input_cost_per_token: 0, output_cost_per_token: 0.0001", "").await;
    let key = shop.key(json!({ "max_budget": 1_000 })).await;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (addr, key) = (shop.gateway.addr, key.clone());
        let calls: Vec<_> = (0..400)
            .map(|number| {
                let id = format!("call-{caller}-{number}");
                let said = json!({ "stream": number % 2 == 0, "messages": [{ "role": "user", "content": id }] });
                (id.clone(), shop.chat(&key, said).header("x-litellm-call-id", id))
            })
            .collect();
        callers.spawn(async move {
            let mut whole = Vec::new();
            for (id, call) in calls {
                // The gateway dies in the middle of one of them.
                let answer = tokio::spawn(async move { call.send(addr).await }).await;
                match answer {
                    Ok(answer) if answer.status() == 200 && is_whole(&answer) => whole.push(id),
                    _ => break,
                }
            }
            whole
        });
    }
    let busy = shop.provider.wait_for_all(40 + seed * 17, |_| true).await;
    drop(busy.expect("the provider is busy soon"));
    let Shop { provider, gateway } = shop;
    let folder = gateway.kill().await;
    let received: Vec<String> = callers.join_all().await.into_iter().flatten().collect();
    let sent: BTreeSet<String> = provider.requests().iter().filter_map(|request| call_id(&request.body)).collect();

    let risen = Gateway::spawn(folder, &["--config", "config.yaml", "--host", "127.0.0.1"], &[]).await;
    let booked = ledger(risen.folder()).await;
    let times: BTreeSet<usize> = booked.values().map(Vec::len).collect();
    assert_eq!(times, BTreeSet::from([1]), "seed {seed}: each call is booked once");
    for id in &received {
        assert_eq!(booked.get(id), Some(&vec![Status::Success]), "seed {seed}: {id} was received");
    }
    let missing: Vec<_> = sent.iter().filter(|id| !booked.contains_key(*id)).collect();
    assert!(missing.is_empty(), "seed {seed}: the provider worked for these: {missing:?}");
    let under_way = booked.iter().filter(|(id, _)| !received.contains(id));
    for (id, statuses) in under_way {
        assert!(matches!(statuses[..], [Status::Interrupted | Status::Success]), "seed {seed}: {id} is {statuses:?}");
    }
    assert!(booked.len() <= received.len() + 2 * CALLERS, "seed {seed}: no more than was under way");
}

fn is_whole(answer: &crate::client::Answer) -> bool {
    let text = answer.text();
    answer.complete && (!text.starts_with("data:") || text.contains("[DONE]"))
}

fn call_id(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(body["messages"][0]["content"].as_str()?.to_owned())
}

/// How each call was booked.
async fn ledger(folder: &Folder) -> BTreeMap<String, Vec<Status>> {
    let store = Store::new(&StoreUrl::file(&folder.path().join("lockgate.db")));
    let page = LogPage { after: None, skip: 0, most: 100_000, oldest_first: true };
    let (entries, _) = store.logs(&LogFilter::default(), &page).await.expect("the ledger can be read");
    let mut calls = BTreeMap::<String, Vec<Status>>::new();
    for entry in entries {
        calls.entry(entry.call_id).or_default().push(entry.status);
    }
    calls
}

#[tokio::test]
async fn nothing_but_the_database_stays_behind_when_the_gateway_goes_down() {
    let mut shop = Shop::open("", "", "").await;
    let key = shop.key(json!({})).await;
    assert_eq!(shop.gateway.call(&shop.chat(&key, json!({}))).await.status(), 200);
    shop.gateway.signal("TERM").await;
    assert!(shop.gateway.ended(PATIENCE).await.success());
    let mut names: Vec<String> = fs::read_dir(shop.gateway.folder().path())
        .expect("it is there")
        .map(|found| found.expect("it can be read").file_name().into_string().expect("a name"))
        .filter(|name| name.starts_with("lockgate"))
        .collect();
    names.sort();
    assert_eq!(names, ["lockgate.db"]);
}
