//! The database is away: who has a key goes on, nothing is lost, nothing is counted twice, nobody restarts anything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use store::reports::{LogFilter, LogPage};
use store::{Store, StoreUrl};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Shop;
use crate::servers::Postgres;

/// How long the database stands still.
const AWAY: Duration = Duration::from_secs(60);
/// Callers at a time.
const CALLERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stands_still_for_a_minute_and_then_dies_costs_no_call_and_no_cent() {
    let mut postgres = Postgres::start();
    let url = postgres.url.clone();
    let prices = "input_cost_per_token: 0, output_cost_per_token: 0.0001";
    let shop = Shop::open_with("chunks=10,delay_ms=20", prices, "", &[("DATABASE_URL", &url)]).await;
    let key = shop.key(json!({ "max_budget": 1_000 })).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let call = shop.chat(&key, json!({ "stream": caller % 2 == 0 }));
        let (addr, over) = (shop.gateway.addr, over.clone());
        callers.spawn(async move {
            let mut ids = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let answer = call.send(addr).await;
                assert_eq!(answer.status(), 200, "{}", answer.text());
                ids.push(answer.header("x-litellm-call-id").expect("every answer has an id").to_owned());
            }
            ids
        });
    }
    sleep(Duration::from_secs(1)).await;
    postgres.pause();
    let unknown = shop.gateway.call(&shop.chat("sk-nobody-has-seen-this-key", json!({}))).await;
    let begun = Instant::now();
    sleep(AWAY).await;
    assert!(begun.elapsed() >= AWAY);
    let later = shop.gateway.call(&shop.chat("sk-nobody-has-seen-this-key", json!({}))).await;
    postgres.resume();
    sleep(Duration::from_secs(2)).await;
    postgres.stop();
    sleep(Duration::from_secs(3)).await;
    postgres.restart();
    over.store(true, Ordering::Relaxed);
    let ids: Vec<String> = callers.join_all().await.into_iter().flatten().collect();
    assert!(matches!(unknown.status(), 401 | 503), "{}", unknown.text());
    assert_eq!((later.status(), later.header("retry-after").is_some()), (503, true), "{}", later.text());

    let store = Store::new(&StoreUrl::parse(&url).expect("it is an address"));
    let page = LogPage { after: None, skip: 0, most: 1_000_000, oldest_first: true };
    let booked = timeout(Duration::from_secs(30), async {
        loop {
            if let Ok((entries, _)) = store.logs(&LogFilter::default(), &page).await
                && entries.len() >= ids.len()
            {
                return entries;
            }
            sleep(Duration::from_millis(100)).await;
        }
    });
    let booked: Vec<String> =
        booked.await.expect("all is booked soon").into_iter().map(|entry| entry.call_id).collect();
    assert_eq!(booked.len(), ids.len(), "nothing is booked twice");
    assert_eq!(booked.into_iter().collect::<BTreeSet<_>>(), ids.iter().cloned().collect(), "nothing is lost");
    let sums = store.spend(0).await.expect("the sums can be read");
    let total: i64 = sums.sums.iter().filter(|sum| sum.subject == "gateway").map(|sum| sum.spend.nanos()).sum();
    assert_eq!(total, ids.len() as i64 * 1_000_000, "the sum is exact");
}
