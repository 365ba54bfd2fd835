use std::collections::BTreeMap;

use super::*;
use crate::entry::samples::{full, usual};
use crate::{Adjustment, Change, Charge, NewSum, Store, StoreUrl};

async fn store() -> Store {
    let store = Store::new(&StoreUrl::Memory);
    store.migrate().await.unwrap();
    store
}

fn costing(id: &str, nanos: i64) -> Entry {
    Entry { cost: Some(Usd::from_nanos(nanos)), ..usual(id, Status::Success) }
}

fn booked(new: &[&str], known: &[&str]) -> Booked {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Booked { new: ids(new), known: ids(known) }
}

async fn sums(store: &Store, since: i64) -> BTreeMap<String, i64> {
    let sums = store.spend(since).await.unwrap().sums.into_iter();
    sums.map(|sum| (format!("{} {}", sum.subject, sum.period), sum.spend.nanos())).collect()
}

async fn number(store: &Store, sql: &str) -> i64 {
    store.db.rows(sql, Vec::new()).await.unwrap()[0].int(0).unwrap()
}

#[tokio::test]
async fn an_attempt_counts_once_however_often_it_is_booked() {
    let store = store().await;
    let batch = [costing("a", 5), costing("b", 7), costing("a", 5)];
    assert_eq!(store.book(&batch).await.unwrap(), booked(&["a", "b"], &[]));
    assert_eq!(store.book(&batch).await.unwrap(), booked(&[], &["a", "b"]));
    assert_eq!(store.book(&[costing("b", 9), costing("c", 1)]).await.unwrap(), booked(&["c"], &["b"]));
    assert_eq!(sums(&store, 0).await["gateway total"], 13);
    assert_eq!(number(&store, "SELECT SUM(cost_nanousd) FROM lockgate_ledger").await, 13);
    assert_eq!(number(&store, "SELECT SUM(requests) FROM lockgate_daily WHERE kind = 'gateway'").await, 3);
}

#[tokio::test]
async fn what_is_open_is_not_booked_and_what_was_interrupted_is() {
    let store = store().await;
    let batch = [usual("a", Status::Open), usual("b", Status::Interrupted)];
    assert_eq!(store.book(&batch).await.unwrap(), booked(&["b"], &[]));
    assert_eq!(store.book(&[]).await.unwrap(), Booked::default());
}

#[tokio::test]
async fn everybody_an_attempt_names_is_charged_once() {
    let store = store().await;
    let total = Charge { subject: "user:ada".to_owned(), period: "total".to_owned() };
    let window = Charge { subject: "model:user:ada|gpt-4o".to_owned(), period: "30d@1793491200".to_owned() };
    let charges = vec![total, window.clone(), window];
    let tags = vec!["batch".to_owned(), "night".to_owned(), "batch".to_owned()];
    let entry = Entry { charges, tags, cost: Some(Usd::from_nanos(3)), ..full("a", Status::Success) };
    store.book(&[entry]).await.unwrap();
    let all = sums(&store, 0).await;
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    let key = format!("key:{} total", "4f".repeat(32));
    let expected = [
        "customer:customer-17 total",
        "deployment:d-0123456789 total",
        "gateway total",
        &key,
        "member:analysts/ada total",
        "model:user:ada|gpt-4o 30d@1793491200",
        "organization:acme total",
        "provider:openai total",
        "tag:batch total",
        "tag:night total",
        "team:analysts total",
        "user:ada total",
    ];
    assert_eq!(names, expected);
    assert!(all.values().all(|spend| *spend == 3), "{all:?}");
}

#[tokio::test]
async fn a_price_that_is_not_known_is_counted_as_such() {
    let store = store().await;
    let unknown = Entry { cost: None, ..usual("a", Status::Success) };
    store.book(&[unknown, costing("b", 0)]).await.unwrap();
    assert_eq!(number(&store, "SELECT unpriced FROM lockgate_daily WHERE kind = 'team'").await, 1);
    assert_eq!(number(&store, "SELECT COUNT(*) FROM lockgate_ledger WHERE cost_nanousd IS NULL").await, 1);
    assert!(sums(&store, 0).await.is_empty(), "nothing was spent");
}

#[tokio::test]
async fn the_feed_tells_which_sums_changed() {
    let store = store().await;
    store.book(&[costing("a", 5)]).await.unwrap();
    let first = store.spend(0).await.unwrap();
    assert_eq!(store.spend(first.upto).await.unwrap(), Sums { sums: Vec::new(), upto: first.upto });
    store.book(&[Entry { user_id: None, team_id: None, charges: Vec::new(), ..costing("b", 2) }]).await.unwrap();
    let changed = sums(&store, first.upto).await;
    assert_eq!((changed["gateway total"], changed.contains_key("user:ada total")), (7, false));
    let adjust = |subject: &str, period: &str, spend| {
        let adjustment = Adjustment { subject: subject.to_owned(), period: period.to_owned(), spend };
        store.write(Change { adjustments: vec![adjustment], ..Change::default() })
    };
    adjust("user:ada", "total", NewSum::Exactly(Usd::ZERO)).await.unwrap();
    adjust("user:eve", "1h@3600", NewSum::Plus(Usd::from_nanos(-1))).await.unwrap();
    let changed = sums(&store, first.upto + 1).await;
    assert_eq!(changed, BTreeMap::from([("user:ada total".to_owned(), 0), ("user:eve 1h@3600".to_owned(), -1)]));
}

#[tokio::test]
async fn more_sums_than_one_page_are_told_in_full() {
    let store = store().await;
    let entries: Vec<Entry> = (0..6000)
        .map(|number| Entry { tags: vec![format!("tag-{number}")], ..costing(&number.to_string(), 1) })
        .collect();
    store.book(&entries).await.unwrap();
    let all = store.spend(0).await.unwrap();
    assert_eq!(all.sums.iter().filter(|sum| sum.subject.starts_with("tag:")).count(), 6000);
    assert_eq!(all.sums.iter().map(|sum| (&sum.subject, &sum.period)).collect::<HashSet<_>>().len(), all.sums.len());
}

#[tokio::test]
async fn sums_that_cannot_grow_do_not_keep_others_from_being_booked() {
    let store = store().await;
    let mut most =
        Entry { usage: types::Usage { input: Some(u64::MAX), ..Default::default() }, ..costing("", i64::MAX) };
    most.keep_in_bounds();
    for round in 0..12 {
        let batch: Vec<Entry> =
            (0..1000).map(|number| Entry { attempt_id: format!("{round}-{number}"), ..most.clone() }).collect();
        store.book(&batch).await.unwrap();
    }
    let spend = sums(&store, 0).await["gateway total"];
    assert!(spend > FULL && spend < i64::MAX, "{spend}");
    store.book(&[costing("b", 5)]).await.unwrap();
    assert_eq!(number(&store, "SELECT requests FROM lockgate_daily WHERE kind = 'gateway'").await, 12_001);
}

#[tokio::test]
async fn days_are_summed_by_whom_and_what() {
    let store = store().await;
    let late = Entry { started_at: 1_793_577_599_999, ended_at: None, first_token_at: None, ..costing("a", 5) };
    let next = Entry { started_at: 1_793_577_600_000, status: Status::Failure, ..costing("b", 7) };
    let cached = Entry { tags: vec!["x".to_owned(), "x".to_owned()], ..full("c", Status::Success) };
    store.book(&[late, next, cached]).await.unwrap();
    let sql = "SELECT day, SUM(requests), SUM(successes), SUM(failures), SUM(cache_hits), SUM(timed), SUM(duration_ms),
        SUM(first_tokens), SUM(first_token_ms), SUM(cache_creation_tokens) FROM lockgate_daily
        WHERE kind = $1 GROUP BY day ORDER BY day";
    let mut found = Vec::new();
    for kind in ["gateway", "tag"] {
        for row in store.db.rows(sql, values![kind]).await.unwrap() {
            let numbers: Vec<i64> = (1..10).map(|column| row.int(column).unwrap()).collect();
            found.push((kind, row.text(0).unwrap(), numbers));
        }
    }
    let days = [
        ("gateway", "2026-11-01".to_owned(), vec![2, 2, 0, 1, 1, 1000, 1, 250, 30]),
        ("gateway", "2026-11-02".to_owned(), vec![1, 0, 1, 0, 1, 0, 1, 0, 0]),
        ("tag", "2026-11-01".to_owned(), vec![1, 1, 0, 1, 1, 1000, 1, 250, 30]),
    ];
    assert_eq!(found, days);
}

#[tokio::test]
async fn old_rows_go_in_steps_and_their_spend_stays() {
    let store = store().await;
    let at = |id: &str, started_at| Entry { started_at, ..costing(id, 1) };
    store.book(&[at("a", 1000), at("b", 2000), at("c", 3000), at("d", 4000)]).await.unwrap();
    assert_eq!(store.forget(3500, 10).await.unwrap(), 0, "they were booked just now, and may be booked again");
    store.db.rows("UPDATE lockgate_ledger SET booked_at = started_at", Vec::new()).await.unwrap();
    for (most, gone) in [(2, 2), (2, 1), (2, 0)] {
        assert_eq!(store.forget(3500, most).await.unwrap(), gone);
    }
    assert_eq!(number(&store, "SELECT COUNT(*) FROM lockgate_ledger").await, 1);
    assert_eq!(sums(&store, 0).await["gateway total"], 4);
}

#[tokio::test]
async fn sums_of_windows_go_when_the_windows_are_long_over() {
    let store = store().await;
    let charge = |period: &str| Charge { subject: "key:x".to_owned(), period: period.to_owned() };
    let charges = vec![charge("30s@100"), charge("30d@100"), charge("total")];
    store.book(&[Entry { charges, ..costing("a", 1) }]).await.unwrap();
    let before = 100_000 + 3 * 86_400_000;
    assert_eq!(store.forget_windows(before, 10).await.unwrap(), 1);
    let left: Vec<String> = sums(&store, 0).await.into_keys().filter(|sum| sum.starts_with("key:x")).collect();
    assert_eq!(left, ["key:x 30d@100", "key:x total"]);
}

#[tokio::test]
async fn a_rehearsal_leaves_nothing() {
    let store = store().await;
    store.rehearse().await.unwrap();
    assert_eq!(number(&store, "SELECT COUNT(*) FROM lockgate_ledger").await, 0);
    assert!(sums(&store, 0).await.is_empty());
    let poisonous = Entry { user_id: Some("\0".to_owned()), ..usual("a", Status::Success) };
    assert!(matches!(store.book(&[poisonous]).await, Err(Problem::Broken(_))));
}
