use types::Usd;

use super::*;
use crate::entry::samples::{full, usual};
use crate::{Status, StoreUrl};

const DAY: i64 = 86_400_000;
/// 2026-11-01.
const FIRST: i64 = 1_793_491_200_000;

async fn store(entries: &[Entry]) -> Store {
    let store = Store::new(&StoreUrl::Memory);
    store.migrate().await.unwrap();
    store.book(entries).await.unwrap();
    store
}

fn entry(number: i64) -> Entry {
    Entry {
        started_at: FIRST + number,
        cost: Some(Usd::from_nanos(number)),
        // Sums have it, rows have not.
        charges: Vec::new(),
        ..usual(&format!("{number:03}"), Status::Success)
    }
}

fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| &*entry.attempt_id).collect()
}

const PAGE: LogPage = LogPage { after: None, skip: 0, most: 2, oldest_first: false };

#[tokio::test]
async fn attempts_are_paged_by_number_and_by_place() {
    let entries: Vec<Entry> = (0..5).map(entry).collect();
    let store = store(&entries).await;
    let all = LogFilter::default();
    let (page, next) = store.logs(&all, &PAGE).await.unwrap();
    assert_eq!(ids(&page), ["004", "003"]);
    assert_eq!(page[0], entries[4]);
    let (page, next) = store.logs(&all, &LogPage { after: next, ..PAGE }).await.unwrap();
    assert_eq!(ids(&page), ["002", "001"]);
    let (page, next) = store.logs(&all, &LogPage { after: next, ..PAGE }).await.unwrap();
    assert_eq!((ids(&page), next), (vec!["000"], None));
    let (page, _) = store.logs(&all, &LogPage { skip: 2, oldest_first: true, ..PAGE }).await.unwrap();
    assert_eq!(ids(&page), ["002", "003"]);
    assert_eq!((store.count_logs(&all, 100).await.unwrap(), store.count_logs(&all, 3).await.unwrap()), (5, 3));
    assert_eq!(store.log("002").await.unwrap().as_ref(), Some(&entries[2]));
    assert_eq!(store.log("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn attempts_are_found_by_whatever_is_known_of_them() {
    let bob = Entry {
        user_id: Some("bob".to_owned()),
        team_id: None,
        organization_id: None,
        key: "other".to_owned(),
        model_group: "fast".to_owned(),
        model: "groq/llama".to_owned(),
        status: Status::Failure,
        cost: None,
        ..entry(1)
    };
    let ada = full("002", Status::Success);
    let store = store(&[bob, ada]).await;
    let text = |text: &str| Some(text.to_owned());
    let found = [
        (LogFilter { key: text("other"), ..Default::default() }, vec!["001"]),
        (LogFilter { user_id: text("ada"), ..Default::default() }, vec!["002"]),
        (LogFilter { team_id: text("analysts"), ..Default::default() }, vec!["002"]),
        (LogFilter { organization_id: text("acme"), ..Default::default() }, vec!["002"]),
        (LogFilter { customer_id: text("customer-17"), ..Default::default() }, vec!["002"]),
        (LogFilter { model: text("fast"), ..Default::default() }, vec!["001"]),
        (LogFilter { model: text("groq/llama"), ..Default::default() }, vec!["001"]),
        (LogFilter { status: Some(Status::Failure), ..Default::default() }, vec!["001"]),
        (LogFilter { request_id: text("002"), ..Default::default() }, vec!["002"]),
        (LogFilter { request_id: text("call-001"), ..Default::default() }, vec!["001"]),
        (LogFilter { session_id: text("session"), ..Default::default() }, vec!["002"]),
        (LogFilter { from: Some(FIRST + 1), ..Default::default() }, vec!["001"]),
        (LogFilter { to: Some(FIRST + 1), ..Default::default() }, vec!["002"]),
        (LogFilter { min_spend: Some(Usd::from_nanos(1)), ..Default::default() }, vec!["002"]),
        (LogFilter { max_spend: Some(Usd::from_nanos(1)), ..Default::default() }, vec![]),
        (LogFilter { within: Some(vec![]), ..Default::default() }, vec![]),
        (LogFilter { within: Some(vec![Owner::User("bob".to_owned())]), ..Default::default() }, vec!["001"]),
        (
            LogFilter {
                within: Some(vec![Owner::Key("other".to_owned()), Owner::Team("analysts".to_owned())]),
                user_id: text("ada"),
                ..Default::default()
            },
            vec!["002"],
        ),
        (
            LogFilter {
                within: Some(vec![Owner::Key("other".to_owned()), Owner::Organization("acme".to_owned())]),
                ..Default::default()
            },
            vec!["001", "002"],
        ),
    ];
    for (filter, expected) in found {
        let (entries, _) = store.logs(&filter, &PAGE).await.unwrap();
        assert_eq!(ids(&entries), expected, "{filter:?}");
        assert_eq!(store.count_logs(&filter, 9).await.unwrap(), expected.len() as i64, "{filter:?}");
    }
}

/// Attempts over three days, by two keys, users and models.
fn days() -> Vec<Entry> {
    let one = |number: i64| Entry {
        started_at: FIRST + number % 3 * DAY,
        key: format!("key-{}", number % 2),
        user_id: Some(format!("user-{}", number % 2)),
        model: format!("openai/{}", number % 4),
        status: if number % 5 == 0 { Status::Failure } else { Status::Success },
        ..entry(number)
    };
    (0..60).map(one).collect()
}

/// What `entries` add up to, counted one by one.
fn counted<'a>(entries: impl Iterator<Item = &'a Entry>) -> (i64, i64, i64, i64) {
    entries.fold((0, 0, 0, 0), |(spend, requests, failures, tokens), entry| {
        let tokens = tokens + entry.usage.total().unwrap() as i64;
        let failed = i64::from(entry.status == Status::Failure);
        (spend + entry.cost.unwrap().nanos(), requests + 1, failures + failed, tokens)
    })
}

fn summed(metrics: &Metrics) -> (i64, i64, i64, i64) {
    (metrics.spend.nanos(), metrics.requests, metrics.failures, metrics.total_tokens())
}

#[tokio::test]
async fn sums_are_those_of_the_attempts() {
    let entries = days();
    let store = store(&entries).await;
    let everybody = ActivityFilter::default();
    let all = store.activity(&everybody, &[], Order::Names, 1).await.unwrap();
    assert_eq!(summed(&all[0].metrics), counted(entries.iter()));

    let days = store.activity(&everybody, &[By::Day], Order::Names, 9).await.unwrap();
    assert_eq!(days.len(), 3);
    for (number, day) in days.iter().enumerate() {
        assert_eq!(day.names, [format!("2026-11-0{}", number + 1)]);
        let that_day = entries.iter().filter(|entry| (entry.started_at - FIRST) / DAY == number as i64);
        assert_eq!(summed(&day.metrics), counted(that_day));
    }

    let users = ActivityFilter { of: Of::User, to: Some("2026-11-02".to_owned()), ..Default::default() };
    let users = store.activity(&users, &[By::Id, By::Model], Order::Spend, 9).await.unwrap();
    assert_eq!(users.len(), 4);
    for user in &users {
        let theirs = entries.iter().filter(|entry| {
            entry.user_id.as_ref() == Some(&user.names[0])
                && entry.model == user.names[1]
                && entry.started_at < FIRST + 2 * DAY
        });
        assert_eq!(summed(&user.metrics), counted(theirs));
    }
    assert!(users.is_sorted_by_key(|user| std::cmp::Reverse(user.metrics.spend)));

    let one = ActivityFilter {
        keys: Some(vec!["key-1".to_owned()]),
        model: Some("openai/1".to_owned()),
        from: Some("2026-11-02".to_owned()),
        ..Default::default()
    };
    let one = store.activity(&one, &[By::Key], Order::Names, 9).await.unwrap();
    let theirs = entries.iter().filter(|entry| entry.model == "openai/1" && entry.started_at >= FIRST + DAY);
    assert_eq!(summed(&one[0].metrics), counted(theirs));

    let nobody = ActivityFilter { ids: Some(Vec::new()), of: Of::Team, ..Default::default() };
    assert!(store.activity(&nobody, &[By::Id], Order::Names, 9).await.unwrap().is_empty());
    assert_eq!(store.activity(&nobody, &[], Order::Names, 1).await.unwrap()[0].metrics, Metrics::default());
}

#[tokio::test]
async fn a_day_consists_of_its_parts() {
    let entries = days();
    let store = store(&entries).await;
    let filter = ActivityFilter { of: Of::User, ..Default::default() };
    let daily = store.daily(&filter, 1, 1).await.unwrap();
    assert_eq!((daily.all, daily.days.len()), (3, 1));
    assert_eq!(summed(&daily.total), counted(entries.iter()));
    let day = &daily.days[0];
    assert_eq!(day.day, "2026-11-02");
    let Breakdown { models, model_groups, providers, call_types, keys, entities } = &day.breakdown;
    assert_eq!([models.len(), model_groups.len(), providers.len(), call_types.len()], [4, 1, 1, 1]);
    assert_eq!([keys.len(), entities.len()], [2, 2]);
    for parts in [models, model_groups, providers, call_types, keys, entities] {
        let mut sum = Metrics::default();
        parts.values().for_each(|part| sum.add(&part.metrics));
        assert_eq!(sum, day.metrics);
        for part in parts.values() {
            let mut sum = Metrics::default();
            part.keys.values().for_each(|metrics| sum.add(metrics));
            assert_eq!(sum, part.metrics);
        }
    }
    let ones = entries.iter().filter(|entry| entry.model == "openai/1" && entry.started_at == FIRST + DAY);
    assert_eq!(summed(&models["openai/1"].metrics), counted(ones));
}

#[tokio::test]
async fn faults_are_summed_by_day_address_and_status() {
    let failed = |number: i64, at: i64, base: &str, status: u16| Entry {
        status: Status::Failure,
        started_at: at,
        api_base: base.to_owned(),
        model_group: "chat".to_owned(),
        fault: Some(crate::EntryFault { kind: "RateLimit".to_owned(), status, message: String::new() }),
        ..entry(number)
    };
    let entries = [
        failed(1, FIRST, "http://one", 429),
        failed(2, FIRST, "http://one", 429),
        failed(3, FIRST, "http://two", 429),
        failed(4, FIRST + DAY, "http://one", 429),
        failed(5, FIRST, "http://one", 500),
        Entry { model_group: "other".to_owned(), ..failed(6, FIRST, "http://one", 429) },
        entry(7),
    ];
    let store = store(&entries).await;
    // What is booked already is not counted again.
    store.book(&entries[..2]).await.unwrap();
    let filter = FaultFilter {
        model_group: "chat".to_owned(),
        status: 429,
        from: "2026-11-01".to_owned(),
        to: "2026-11-02".to_owned(),
    };
    let faults = store.faults(&filter, 10).await.unwrap();
    let faults: Vec<_> = faults.iter().map(|fault| (&*fault.day, &*fault.api_base, fault.count)).collect();
    let expected = [("2026-11-01", "http://one", 2), ("2026-11-01", "http://two", 1), ("2026-11-02", "http://one", 1)];
    assert_eq!(faults, expected);
    let day = FaultFilter { from: "2026-11-02".to_owned(), ..filter };
    assert_eq!(store.faults(&day, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn long_times_are_read_from_what_was_put_together() {
    let entries: Vec<Entry> =
        (0..90).map(|number| Entry { started_at: FIRST - number * DAY, ..entry(number) }).collect();
    let store = store(&entries).await;
    while store.close_period(FIRST + DAY).await.unwrap() {}
    let mut tx = store.db.begin().await.unwrap();
    tx.run("DELETE FROM lockgate_daily", Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
    let sums = async |by: &[By], from: &str| {
        let filter = ActivityFilter { from: Some(from.to_owned()), ..Default::default() };
        let sums = store.activity(&filter, by, Order::Names, 1_000).await.unwrap();
        (sums.len(), sums.iter().map(|sum| sum.metrics.requests).sum::<i64>())
    };
    assert_eq!(sums(&[], "2026-08-05").await, (1, 89));
    assert_eq!(sums(&[By::Day, By::Model], "2026-08-05").await, (89, 89));
    assert_eq!(sums(&[By::Day, By::Model, By::Key], "2026-08-05").await, (0, 0), "several things at once");
    assert_eq!(sums(&[By::Day], "2026-10-20").await, (0, 0), "a short time");
}
