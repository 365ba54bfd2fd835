//! The log: every call is found by whatever is known of it, in pages that go on where the last one ended, whatever the
//! time that each had; and none is told twice or left out.

use std::time::Duration;

use engine::Dice;
use store::reports::{Calls, LogFilter, Owner, Position, Search};
use store::{Entry, EntryFault, Status, Store, Story};
use types::Usd;

use super::{Place, attempt, on_both};

on_both!(
    calls_are_found_in_pages_of_any_size_and_patience,
    a_call_that_was_no_attempt_is_in_the_log_and_in_no_sum,
    what_comes_later_is_told_to_who_follows,
);

/// Calls of all kinds: answered at once, tried several times, refused.
fn calls(count: usize) -> Vec<Entry> {
    let mut dice = Dice::new(23);
    let one = |number: usize| {
        let entry = attempt(&format!("{number:05}"), &mut dice);
        let story = Story { received_at: entry.started_at - 7, attempts: 1, ..Story::default() };
        let fault = |status: u16, message: &str| {
            Some(EntryFault { kind: "RateLimit".to_owned(), status, message: message.to_owned() })
        };
        match number % 5 {
            // An attempt that another one followed.
            0 => Entry { status: Status::Failure, fault: fault(429, "100% busy"), ..entry },
            1 => Entry {
                status: Status::Refused,
                cost: None,
                charges: Vec::new(),
                fault: fault(400 + (number % 10) as u16, "Über_limit"),
                story: Some(Story { alone: true, attempts: 0, ..story }),
                ..entry
            },
            _ => Entry { fault: None, story: Some(story), ..entry },
        }
    };
    (0..count).map(one).collect()
}

async fn filled(place: &Place, count: usize) -> (Store, Vec<Entry>) {
    let store = place.store().await;
    let entries = calls(count);
    store.book(&entries).await.unwrap();
    (store, entries)
}

/// All calls that meet a filter, page by page.
async fn all(store: &Store, filter: &LogFilter, search: &Search) -> (Vec<String>, u32) {
    let (mut ids, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let Calls { entries, next, complete } = store.calls(filter, &Search { after, ..search.clone() }).await.unwrap();
        assert!(entries.len() as i64 <= search.most);
        assert!(!complete || next.is_none() || entries.len() as i64 == search.most, "a full page, or the last");
        ids.extend(entries.into_iter().map(|entry| entry.attempt_id));
        (pages, after) = (pages + 1, next);
        if after.is_none() {
            return (ids, pages);
        }
    }
}

async fn calls_are_found_in_pages_of_any_size_and_patience(place: &Place) {
    let (store, entries) = filled(place, 4_000).await;
    type Meets = fn(&Entry) -> bool;
    let text = |text: &str| Some(text.to_owned());
    let filters: [(LogFilter, Meets); 14] = [
        (LogFilter::default(), |_| true),
        (LogFilter { key: text("k1"), ..Default::default() }, |entry| entry.key == "k1"),
        (LogFilter { user_id: text("çelik"), failed: true, ..Default::default() }, |entry| {
            entry.user_id.as_deref() == Some("çelik") && entry.status != Status::Success
        }),
        (LogFilter { failed: true, ..Default::default() }, |entry| entry.status != Status::Success),
        (LogFilter { code: Some(401), ..Default::default() }, |entry| entry.code() == 401),
        (LogFilter { tag: text("日"), ..Default::default() }, |entry| entry.tags.iter().any(|tag| tag == "日")),
        (LogFilter { tag: text("nigh"), ..Default::default() }, |_| false),
        (LogFilter { text: text("_LIMIT"), ..Default::default() }, |entry| entry.status == Status::Refused),
        (LogFilter { text: text("ratelimit"), ..Default::default() }, |entry| entry.fault.is_some()),
        (LogFilter { text: text("r%t"), ..Default::default() }, |_| false),
        (LogFilter { min_duration_ms: Some(17), max_duration_ms: Some(17), ..Default::default() }, |_| true),
        (LogFilter { min_spend: Some(Usd::from_nanos(2_000)), ..Default::default() }, |entry| {
            entry.cost.is_some_and(|cost| cost.nanos() >= 2_000)
        }),
        (
            LogFilter {
                within: Some(vec![
                    Owner::Team("Builders".to_owned()),
                    Owner::User("ada".to_owned()),
                    Owner::Key("k2".to_owned()),
                ]),
                ..Default::default()
            },
            |entry| {
                let team = entry.team_id.as_deref() == Some("Builders");
                team || entry.user_id.as_deref() == Some("ada") || entry.key == "k2"
            },
        ),
        (LogFilter { within: Some(Vec::new()), ..Default::default() }, |_| false),
    ];
    for (filter, meets) in filters {
        let mut expected: Vec<&Entry> = entries.iter().filter(|entry| entry.is_call() && meets(entry)).collect();
        expected.sort_by_key(|entry| std::cmp::Reverse((entry.started_at, entry.attempt_id.clone())));
        let mut expected: Vec<&str> = expected.iter().map(|entry| &*entry.attempt_id).collect();
        let total = store.count_calls(&filter, 10_000, Duration::from_secs(60)).await.unwrap();
        assert_eq!(total, (expected.len() as i64, true), "{filter:?}");
        for oldest_first in [false, true] {
            for (most, patience) in
                [(10_000, Duration::from_secs(60)), (97, Duration::from_secs(60)), (1_000, Duration::ZERO)]
            {
                let search = Search { after: None, skip: 0, most, oldest_first, patience };
                let (told, _) = all(&store, &filter, &search).await;
                assert_eq!(told, expected, "{filter:?} {search:?}");
                let skipped = Search { skip: 150, most: 20, patience: Duration::from_secs(60), ..search };
                let page = store.calls(&filter, &skipped).await.unwrap().entries;
                let ids: Vec<&str> = page.iter().map(|entry| &*entry.attempt_id).collect();
                assert_eq!(ids, expected.iter().copied().skip(150).take(20).collect::<Vec<_>>(), "{filter:?}");
            }
            expected.reverse();
        }
    }
    let (bounded, exact) = store.count_calls(&LogFilter::default(), 100, Duration::from_secs(60)).await.unwrap();
    assert_eq!((bounded, exact), (100, false));
}

async fn a_call_that_was_no_attempt_is_in_the_log_and_in_no_sum(place: &Place) {
    let store = place.store().await;
    let mut entries = calls(3);
    // Two attempts of one call, and what became of it.
    for entry in &mut entries {
        entry.call_id = "call".to_owned();
    }
    let booked = store.book(&entries).await.unwrap();
    assert_eq!(booked.new.len(), 3);
    let filter = LogFilter { request_id: Some("call".to_owned()), ..Default::default() };
    let story = store.story(&filter, 10).await.unwrap();
    assert!(story.len() == 3 && story[0].is_call(), "{story:?}");
    let attempts = store.count_logs(&filter, 10).await.unwrap();
    assert_eq!(attempts, 2, "no attempt was refused");
    let everything = store.activity(&Default::default(), &[], store::reports::Order::Names, 1).await.unwrap();
    assert_eq!(everything[0].metrics.requests, 2);
    assert_eq!(store.forget(i64::MAX, 10).await.unwrap(), 3, "what is old goes, whatever it is");
}

async fn what_comes_later_is_told_to_who_follows(place: &Place) {
    let (store, _) = filled(place, 50).await;
    let far = i64::MAX / 2;
    let follow = async |mut after: Position| {
        let mut told = Vec::new();
        loop {
            let page = store.calls_since(&LogFilter::default(), &after, 10, far).await.unwrap();
            after = page.next.unwrap();
            if page.entries.is_empty() {
                return (told, after);
            }
            told.extend(page.entries.into_iter().map(|entry| entry.attempt_id));
        }
    };
    let (before, after) = follow(Position { started_at: 0, attempt_id: String::new() }).await;
    assert_eq!(before.len(), 40, "attempts that others followed stand for no call");
    let mut dice = Dice::new(5);
    let more: Vec<Entry> = (0..25).map(|n| attempt(&format!("later-{n:02}"), &mut dice)).collect();
    let more: Vec<Entry> = more.into_iter().map(|entry| Entry { story: Some(Story::default()), ..entry }).collect();
    store.book(&more).await.unwrap();
    let (told, _) = follow(after).await;
    assert_eq!(told, more.iter().map(|entry| entry.attempt_id.clone()).collect::<Vec<_>>());
}
