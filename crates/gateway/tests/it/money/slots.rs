//! Slots: however calls end, none is kept, and the provider never works for more at a time than there are.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Shop, served};

const CALLS: usize = 20_000;
const CALLERS: usize = 64;
const SLOTS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_slot_is_lost_and_none_is_made_up_however_calls_end() {
    let shop =
        Shop::open("chunks=3,chunk_ms=1", "", "router_settings: {num_retries: 0, disable_cooldowns: true}").await;
    let key = shop.key(json!({ "max_parallel_requests": SLOTS })).await;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let addr = shop.gateway.addr;
        let calls = [true, false].map(|stream| shop.chat(&key, json!({ "stream": stream })));
        callers.spawn(async move {
            for number in 0..CALLS / CALLERS {
                let (call, patience) = (&calls[number % calls.len()], Duration::from_millis((number % 13) as u64));
                // Whoever loses patience hangs up.
                match number % 3 {
                    0 => drop(call.send(addr).await),
                    _ => drop(timeout(patience, call.send(addr)).await),
                }
            }
        });
    }
    callers.join_all().await;
    let load = shop.provider.stats();
    let most = load.models.values().map(|model| model.max_in_flight).max().unwrap_or_default();
    assert!(most <= SLOTS, "{most} at a time");
    assert!(load.total > 300, "only {} calls went through", load.total);
    let mut last = Vec::new();
    let free = timeout(Duration::from_secs(20), async {
        while served(&last) < SLOTS {
            last = shop.at_once(SLOTS, &shop.chat(&key, json!({}))).await;
        }
    });
    let came_back = free.await.is_ok();
    let answers: Vec<_> = last.iter().map(|answer| (answer.status(), answer.text())).collect();
    assert!(came_back, "all slots come back, but the last answers were {answers:#?}");
}
