//! A Postgres that stands still, dies and comes back: callers are told so in time, and nothing is lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::Dice;
use store::reports::{ActivityFilter, Order};
use store::{Entry, Problem, Store};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Place, attempt};

/// How long these stores wait for an answer.
const DEADLINE: Duration = Duration::from_millis(500);

fn entries(count: usize, prefix: &str) -> Vec<Entry> {
    let mut dice = Dice::new(21);
    (0..count).map(|number| attempt(&format!("{prefix}{number:04}"), &mut dice)).collect()
}

async fn requests_and_spend(store: &Store) -> (i64, i64) {
    let all = store.activity(&ActivityFilter::default(), &[], Order::Names, 1).await.expect("the database is there");
    let all = all[0].metrics;
    (all.requests, all.spend.nanos())
}

fn spend(entries: &[Entry]) -> i64 {
    entries.iter().filter_map(|entry| entry.cost).map(|cost| cost.nanos()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stands_still_is_away_in_time_and_there_again_by_itself() {
    let place = Place::postgres();
    let server = place.server.as_ref().unwrap();
    place.store().await;
    let store = Store::with_deadline(&place.url, DEADLINE);
    let entries = entries(20, "a");
    store.book(&entries[..10]).await.unwrap();
    server.pause();
    for _ in 0..3 {
        let begun = Instant::now();
        assert!(matches!(store.book(&entries).await, Err(Problem::Away(_))));
        assert!(matches!(store.spend(0).await, Err(Problem::Away(_))));
        assert!(begun.elapsed() < DEADLINE * 10, "{:?}", begun.elapsed());
    }
    server.resume();
    while let Err(problem) = store.book(&entries).await {
        assert!(matches!(problem, Problem::Away(_)), "{problem}");
    }
    assert_eq!(requests_and_spend(&store).await, (20, spend(&entries)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_in_the_middle_of_transactions_books_everything_once() {
    let mut place = Place::postgres();
    place.store().await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut bookers = JoinSet::new();
    for booker in 0..4 {
        let (store, stop) = (Store::with_deadline(&place.url, DEADLINE), stop.clone());
        let entries = entries(4000, &format!("{booker}-"));
        bookers.spawn(async move {
            let mut booked = Vec::new();
            for batch in entries.chunks(20) {
                // Tried again until it succeeds, as the follower does.
                while let Err(problem) = store.book(batch).await {
                    assert!(matches!(problem, Problem::Away(_)), "{problem}");
                }
                booked.extend(batch.iter().cloned());
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            booked
        });
    }
    let watcher = Store::new(&place.url);
    let server = place.server.as_mut().unwrap();
    for round in 1..=3 {
        // Something was booked since the last time.
        while requests_and_spend(&watcher).await.0 < round * 100 {
            tokio::task::yield_now().await;
        }
        server.stop();
        server.restart();
    }
    stop.store(true, Ordering::Relaxed);
    let booked: Vec<Entry> = bookers.join_all().await.into_iter().flatten().collect();
    let store = place.store().await;
    assert_eq!(requests_and_spend(&store).await, (booked.len() as i64, spend(&booked)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_yet_is_away_and_not_broken() {
    let mut place = Place::postgres();
    place.server.as_mut().unwrap().stop();
    let store = Store::with_deadline(&place.url, DEADLINE);
    assert!(matches!(store.migrate().await, Err(Problem::Away(_))));
    place.server.as_mut().unwrap().restart();
    while let Err(problem) = store.migrate().await {
        assert!(matches!(problem, Problem::Away(_)), "{problem}");
    }
    assert_eq!(requests_and_spend(&store).await, (0, 0));
}
