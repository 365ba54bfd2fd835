//! The same on Postgres, and while it is away.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::keys::futures;
use super::{Office, Person};
use crate::callers::Front;
use crate::client::Call;
use crate::servers::Postgres;

/// Asks until the answer has this status.
async fn becomes(person: &Person<'_>, path: &str, status: u16) {
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let answer = person.ask("GET", path, Value::Null).await;
        if answer.status() == status {
            return;
        }
        assert!(Instant::now() < deadline, "{path} still answers {}: {}", answer.status(), answer.text());
    }
}

#[tokio::test]
async fn replicas_on_postgres_agree_on_everything() {
    let server = Postgres::start();
    let offices = [Office::open_on(&server.url).await, Office::open_on(&server.url).await];
    let [one, two] = &offices;
    let key = one.key(json!({ "key_alias": "shared", "metadata": { "text": "ü\u{1f980} \\u0000 '--" } })).await;
    becomes(&two.with(&key), "/key/info", 200).await;
    let info = two.master().see(&format!("/key/info?key={key}")).await;
    assert_eq!(info["info"]["metadata"]["text"], "ü\u{1f980} \\u0000 '--");

    let fields = ["tpm_limit", "rpm_limit"];
    let answers = futures(40, |n| {
        let (master, body) = (offices[n % 2].with(super::MASTER), json!({ "key": key, fields[n % 2]: n }));
        async move { master.ask("POST", "/key/update", body).await.status() }
    })
    .await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    let answers = futures(50, |n| {
        let master = offices[n % 2].with(super::MASTER);
        async move { master.ask("POST", "/key/generate", json!({ "key_alias": "wanted" })).await.status() }
    })
    .await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    let last = one.master().done("POST", "/key/update", json!({ "key": key, "blocked": true })).await;
    assert!(fields.iter().all(|field| last[*field].is_u64()), "a change undid another: {last}");
    becomes(&two.with(&key), "/key/info", 401).await;

    let team = json!({ "team_id": "t", "members_with_roles": [{ "role": "admin", "user_email": "ann@example.com" }] });
    two.master().done("POST", "/team/new", team).await;
    becomes(&one.master(), "/team/info?team_id=t", 200).await;
    one.master().done("POST", "/team/delete", json!({ "team_ids": ["t"] })).await;
    becomes(&two.master(), "/team/info?team_id=t", 404).await;
    assert!(two.master().see("/audit?page_size=100").await["total"].as_u64().is_some_and(|total| total > 40));
    for id in ["%00", "'%20OR%201=1", &"x".repeat(3000)] {
        let status =
            one.master().ask("GET", &format!("/spend/logs/v2?user_id={id}&api_key={id}"), Value::Null).await.status();
        assert!([200, 400].contains(&status), "{id}: {status}");
    }
}

#[tokio::test]
async fn changes_wait_for_no_database_that_gives_no_answer() {
    let server = Postgres::start();
    let office = Office::open_on(&server.url).await;
    office.key(json!({ "key_alias": "before" })).await;
    server.pause();
    let frozen = Instant::now();
    let answers = futures(20, |_| {
        let master = office.master();
        async move {
            let answer = master.ask("POST", "/key/generate", json!({})).await;
            (answer.status(), answer.header("retry-after").is_some())
        }
    })
    .await;
    assert!(answers.iter().all(|answer| *answer == (503, true)), "{answers:?}");
    let took = frozen.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?} for twenty changes at once");
    becomes(&office.with("sk-of-somebody-elsewhere"), "/key/info", 503).await;
    assert!(frozen.elapsed() < Duration::from_secs(9), "nor does it take long to know");
    server.resume();
    becomes(&office.with("sk-of-somebody-elsewhere"), "/key/info", 401).await;
    office.key(json!({ "key_alias": "after" })).await;
}

#[tokio::test]
async fn while_the_database_is_away_what_is_known_works_and_the_rest_is_asked_to_come_back() {
    let server = Postgres::start();
    let office = Office::open_on(&server.url).await;
    let key = office.key(json!({ "key_alias": "known" })).await;
    let (known, master) = (office.with(&key), office.master());
    server.pause();
    let call = Front::Chat.call("demo", "hello", false);
    assert_eq!(known.send(&call).await.status(), 200);
    assert_eq!(known.ask("GET", "/key/info", Value::Null).await.status(), 200);
    // Whether it is away is known after the first look at it that got no answer.
    becomes(&office.with("sk-of-somebody-elsewhere"), "/key/info", 503).await;
    for (person, method, path) in [
        (&office.with("sk-of-somebody-elsewhere"), "GET", "/key/info"),
        (&master, "GET", "/key/info?key=sk-of-somebody-elsewhere"),
        (&master, "GET", "/team/info?team_id=elsewhere"),
        (&master, "POST", "/key/generate"),
    ] {
        let answer = person.send(&Call::new(method, path).body("{}")).await;
        assert_eq!(answer.status(), 503, "{path}: {}", answer.text());
        assert!(answer.header("retry-after").is_some(), "{path}");
    }
    assert_eq!(known.send(&call).await.status(), 200);
    server.resume();
    becomes(&office.with("sk-of-somebody-elsewhere"), "/key/info", 401).await;
    master.done("POST", "/key/generate", json!({ "key_alias": "new" })).await;
}
