//! Several gateways on one database: what one does, the others know within a second.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::keys::futures;
use super::{Office, Person};
use crate::gateway::Folder;

/// Within this time every replica knows; the test machine may be busy with other tests on top of that.
const SOON: Duration = Duration::from_secs(1);

/// Asks until the answer has this status, and says how long that took.
async fn becomes(person: &Person<'_>, path: &str, status: u16) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = person.ask("GET", path, Value::Null).await;
        if answer.status() == status {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < SOON * 10, "{path} still answers {}: {}", answer.status(), answer.text());
    }
}

#[tokio::test]
async fn a_replica_knows_new_changed_blocked_and_deleted_keys_within_a_second() {
    let folder = Folder::new();
    let (one, two) = (Office::open_at(&folder).await, Office::open_at(&folder).await);
    let key = one.key(json!({ "key_alias": "shared" })).await;
    let mut slowest = becomes(&two.with(&key), "/key/info", 200).await;
    one.master().done("POST", "/key/block", json!({ "key": key })).await;
    slowest = slowest.max(becomes(&two.with(&key), "/key/info", 401).await);
    two.master().done("POST", "/key/unblock", json!({ "key": key })).await;
    slowest = slowest.max(becomes(&one.with(&key), "/key/info", 200).await);
    two.master().done("POST", "/key/delete", json!({ "keys": [key] })).await;
    slowest = slowest.max(becomes(&one.with(&key), "/key/info", 401).await);
    assert!(slowest < SOON, "it took {slowest:?}");
}

#[tokio::test]
async fn replicas_that_change_one_thing_at_once_lose_nothing() {
    let folder = Folder::new();
    let offices = [Office::open_at(&folder).await, Office::open_at(&folder).await];
    let key = offices[0].key(json!({})).await;
    becomes(&offices[1].with(&key), "/key/info", 200).await;
    let fields = ["tpm_limit", "rpm_limit"];
    let change = |n: usize| {
        let master = offices[n % 2].with(super::MASTER);
        let body = json!({ "key": key, fields[n % 2]: n });
        async move { master.ask("POST", "/key/update", body).await.status() }
    };
    let answers = futures(40, change).await;
    assert_eq!(answers.iter().filter(|status| **status != 200).count(), 0, "{answers:?}");
    // A further change sees all that went before it.
    let last = offices[0].master().done("POST", "/key/update", json!({ "key": key, "blocked": true })).await;
    assert!(fields.iter().all(|field| last[*field].is_u64()), "a change undid another: {last}");

    let wanted = json!({ "key_alias": "wanted" });
    let answers = futures(20, |n| {
        let (master, wanted) = (offices[n % 2].with(super::MASTER), wanted.clone());
        async move { master.ask("POST", "/key/generate", wanted).await.status() }
    })
    .await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
}
