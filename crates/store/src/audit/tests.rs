use types::Usd;

use super::*;
use crate::{Change, Expect, NewSum, Status, Store, StoreUrl, Story, Verdict, Write};

async fn store() -> Store {
    let store = Store::new(&StoreUrl::Memory);
    store.migrate().await.unwrap();
    store
}

fn author(action: Option<&'static str>) -> Author {
    Author { changed_by: Some("ada".to_owned()), key_hash: "4f".to_owned(), action }
}

async fn write(store: &Store, kind: Kind, body: Option<&str>, action: Option<&'static str>) {
    let body = body.map(str::to_owned);
    let writes = vec![Write { kind, id: "x".to_owned(), expect: Expect::Anything, body }];
    store.write(Change { writes, author: author(action), ..Change::default() }).await.unwrap();
}

async fn all(store: &Store) -> Vec<(String, Option<String>, Option<String>)> {
    let (rows, _) = store.audit(&AuditFilter::default(), 0, 100, 100).await.unwrap();
    rows.into_iter().map(|row| (row.action, row.before, row.after)).rev().collect()
}

#[tokio::test]
async fn every_change_is_noted_from_what_to_what() {
    let store = store().await;
    // In alphabetical order: whether another order survives depends on who builds us.
    write(&store, Kind::User, Some(r#"{"a":1,"password":"p"}"#), None).await;
    write(&store, Kind::User, Some(r#"{"a":2}"#), None).await;
    write(&store, Kind::User, Some(r#"{"a":3}"#), Some("blocked")).await;
    write(&store, Kind::User, None, Some("blocked")).await;
    write(&store, Kind::User, None, None).await;
    write(&store, Kind::Claim, Some("{}"), None).await;
    let json = |text: &str| Some(text.to_owned());
    let expected = [
        ("created".to_owned(), None, json(r#"{"a":1,"password":"***"}"#)),
        ("updated".to_owned(), json(r#"{"a":1,"password":"***"}"#), json(r#"{"a":2}"#)),
        ("blocked".to_owned(), json(r#"{"a":2}"#), json(r#"{"a":3}"#)),
        ("deleted".to_owned(), json(r#"{"a":3}"#), None),
    ];
    assert_eq!(all(&store).await, expected);
}

#[tokio::test]
async fn a_change_that_fails_is_not_noted() {
    let store = store().await;
    let write = |expect| Write { kind: Kind::Key, id: "x".to_owned(), expect, body: Some("{}".to_owned()) };
    let writes = vec![write(Expect::Nothing), write(Expect::Nothing)];
    assert!(store.write(Change { writes, ..Change::default() }).await.is_err());
    assert!(all(&store).await.is_empty());
}

#[tokio::test]
async fn spend_that_is_changed_by_hand_is_noted() {
    let store = store().await;
    for spend in [NewSum::Plus(Usd::from_nanos(1_500_000_000)), NewSum::Exactly(Usd::ZERO)] {
        let adjustment = Adjustment { subject: "key:a".to_owned(), period: "total".to_owned(), spend };
        let change = Change { adjustments: vec![adjustment], author: author(Some("reset")), ..Change::default() };
        store.write(change).await.unwrap();
    }
    let (rows, _) = store.audit(&AuditFilter::default(), 0, 1, 100).await.unwrap();
    assert_eq!((&*rows[0].kind, &*rows[0].object_id, &*rows[0].action), ("spend", "key:a total", "reset"));
    assert_eq!(
        (rows[0].before.as_deref(), rows[0].after.as_deref()),
        (Some(r#"{"spend":1.5}"#), Some(r#"{"spend":0}"#))
    );
}

#[tokio::test]
async fn the_audit_is_asked_by_anything_that_is_noted() {
    let store = store().await;
    write(&store, Kind::User, Some("{}"), None).await;
    write(&store, Kind::Team, Some("{}"), None).await;
    write(&store, Kind::Team, Some(r#"{"a":1}"#), None).await;
    let text = |text: &str| Some(text.to_owned());
    let filters = [
        (AuditFilter::default(), 3),
        (AuditFilter { kind: text("team"), ..Default::default() }, 2),
        (AuditFilter { action: text("updated"), object_id: text("x"), ..Default::default() }, 1),
        (AuditFilter { changed_by: text("ada"), key_hash: text("4f"), ..Default::default() }, 3),
        (AuditFilter { changed_by: text("eve"), ..Default::default() }, 0),
        (AuditFilter { from: Some(0), to: Some(1), ..Default::default() }, 0),
        (AuditFilter { from: Some(1), ..Default::default() }, 3),
    ];
    for (filter, expected) in filters {
        let (rows, count) = store.audit(&filter, 0, 100, 100).await.unwrap();
        assert_eq!((rows.len(), count), (expected, expected as i64), "{filter:?}");
    }
    let (page, count) = store.audit(&AuditFilter::default(), 1, 1, 2).await.unwrap();
    assert_eq!((&*page[0].action, &*page[0].kind, count), ("created", "team", 2));
    assert_eq!(store.find_audit(page[0].id).await.unwrap().as_ref(), Some(&page[0]));
    assert_eq!(store.find_audit(99).await.unwrap(), None);
}

#[tokio::test]
async fn what_guardrails_did_is_noted_once_and_what_they_let_pass_is_not() {
    let store = store().await;
    let verdict = |name: &str, verdict: &str| Verdict {
        name: name.to_owned(),
        mode: "pre_call".to_owned(),
        verdict: verdict.to_owned(),
        found: vec![("email".to_owned(), 2)],
        took_us: 1,
    };
    let guardrails = vec![verdict("words", "passed"), verdict("pii", "masked"), verdict("keys", "blocked")];
    let entry = Entry {
        attempt_id: "a".to_owned(),
        call_id: "c".to_owned(),
        status: Status::Refused,
        key: "4f".to_owned(),
        user_id: Some("ada".to_owned()),
        story: Some(Story { guardrails, ..Story::default() }),
        ..Entry::default()
    };
    for _ in 0..2 {
        store.book(std::slice::from_ref(&entry)).await.unwrap();
    }
    let (rows, _) = store.audit(&AuditFilter::default(), 0, 100, 100).await.unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (&*row.kind, &*row.object_id, &*row.action, row.changed_by.as_deref())).collect();
    assert_eq!(
        told,
        [("guardrail", "keys", "blocked", Some("ada")), ("guardrail", "pii", "masked", Some("ada"))],
        "newest first"
    );
    let told = r#"{"found":[["email",2]],"litellm_call_id":"c","mode":"pre_call","model_group":""}"#;
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    let after: serde_json::Value = serde_json::from_str(rows[0].after.as_deref().unwrap()).unwrap();
    assert_eq!((&*rows[0].key_hash, after), ("4f", told));
    assert_eq!(rows[0].id, rows[1].id + 1, "each has a number of its own");
}
