//! Objects, their versions and their feed; the audit of changes; the tables themselves.

use std::collections::BTreeMap;

use store::{AuditFilter, Author, Change, Expect, Kind, Problem, Store, Write};
use tokio::task::JoinSet;

use super::{Place, on_both};

on_both!(
    the_feed_tells_changes_in_order_and_deletions_too,
    a_change_happens_as_a_whole_or_not_at_all,
    of_writers_who_meet_all_but_one_learn_that_they_were_too_late,
    a_reader_of_the_feed_misses_nothing_while_many_write,
    replicas_that_start_together_make_the_tables_once,
    any_text_is_kept_as_it_is,
    changes_are_noted_and_found,
);

fn write(id: &str, expect: Expect, body: Option<&str>) -> Write {
    Write { kind: Kind::Key, id: id.to_owned(), expect, body: body.map(str::to_owned) }
}

fn change(writes: Vec<Write>) -> Change {
    Change { writes, ..Change::default() }
}

async fn the_feed_tells_changes_in_order_and_deletions_too(place: &Place) {
    let store = place.store().await;
    for (id, body) in [("a", Some("1")), ("b", Some("2")), ("a", None), ("c", Some("3"))] {
        store.write(change(vec![write(id, Expect::Anything, body)])).await.unwrap();
    }
    let feed = store.changes(0).await.unwrap();
    let told: Vec<_> = feed.objects.iter().map(|object| (&*object.id, object.body.as_deref())).collect();
    assert_eq!(told, [("b", Some("2")), ("a", None), ("c", Some("3"))]);
    assert!(store.changes(feed.upto).await.unwrap().objects.is_empty());
    store.write(change(vec![write("a", Expect::Nothing, Some("4"))])).await.unwrap();
    assert_eq!(store.changes(feed.upto).await.unwrap().objects[0].body.as_deref(), Some("4"));
}

async fn a_change_happens_as_a_whole_or_not_at_all(place: &Place) {
    let store = place.store().await;
    let both = vec![write("a", Expect::Nothing, Some("1")), write("b", Expect::Version(7), Some("2"))];
    assert!(matches!(store.write(change(both)).await, Err(Problem::Conflict(_))));
    assert!(store.changes(0).await.unwrap().objects.is_empty());
    assert!(store.audit(&AuditFilter::default(), 0, 9, 9).await.unwrap().0.is_empty());
}

/// Adds one to the number in an object, `times` times, whoever else does too.
async fn count_up(store: Store, times: usize) {
    for _ in 0..times {
        loop {
            let objects = store.changes(0).await.unwrap().objects;
            let object = objects.iter().find(|object| object.id == "counter").unwrap();
            let next = object.body.as_ref().unwrap().parse::<u64>().unwrap() + 1;
            let write = write("counter", Expect::Version(object.version), Some(&next.to_string()));
            match store.write(change(vec![write])).await {
                Ok(_) => break,
                Err(Problem::Conflict(_)) => {}
                Err(problem) => panic!("{problem}"),
            }
        }
    }
}

async fn of_writers_who_meet_all_but_one_learn_that_they_were_too_late(place: &Place) {
    let store = place.store().await;
    store.write(change(vec![write("counter", Expect::Nothing, Some("0"))])).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..6 {
        writers.spawn(count_up(place.store().await, 10));
    }
    writers.join_all().await;
    let objects = store.changes(0).await.unwrap().objects;
    assert_eq!(objects[0].body.as_deref(), Some("60"));
}

async fn a_reader_of_the_feed_misses_nothing_while_many_write(place: &Place) {
    let store = place.store().await;
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        let store = place.store().await;
        writers.spawn(async move {
            for number in 0..30 {
                let body = number.to_string();
                let writes = vec![
                    write(&format!("{writer}"), Expect::Anything, Some(&body)),
                    write(&format!("{writer}+"), Expect::Anything, Some(&body)),
                ];
                store.write(change(writes)).await.unwrap();
            }
        });
    }
    let mut mirror = BTreeMap::new();
    let (mut upto, mut done) = (0, false);
    loop {
        let changes = store.changes(upto).await.unwrap();
        assert!(changes.objects.iter().all(|object| object.version > upto), "told twice");
        mirror.extend(changes.objects.into_iter().map(|object| (object.id, object.body)));
        let stands_still = changes.upto == upto;
        upto = changes.upto;
        if done && stands_still {
            break;
        }
        done = done || writers.is_empty();
        while let Some(writer) = writers.try_join_next() {
            writer.unwrap();
        }
    }
    assert_eq!(mirror.len(), 12);
    assert!(mirror.values().all(|body| body.as_deref() == Some("29")), "{mirror:?}");
}

async fn replicas_that_start_together_make_the_tables_once(place: &Place) {
    let mut replicas = JoinSet::new();
    for replica in 0..6 {
        let store = Store::new(&place.url);
        replicas.spawn(async move {
            store.migrate().await.unwrap();
            store.write(change(vec![write(&replica.to_string(), Expect::Nothing, Some("1"))])).await.unwrap();
        });
    }
    replicas.join_all().await;
    assert_eq!(place.store().await.changes(0).await.unwrap().objects.len(), 6);
}

async fn any_text_is_kept_as_it_is(place: &Place) {
    let store = place.store().await;
    let ids = ["'; DROP TABLE lockgate_object; --", "日本", "\u{1f511}\u{200d}", "a\tb\nc\\d$1?", "ﬀ", "É", "é", ""];
    for id in ids {
        store.write(change(vec![write(id, Expect::Nothing, Some(id))])).await.unwrap();
    }
    let objects = store.changes(0).await.unwrap().objects;
    assert_eq!(objects.iter().map(|object| &*object.id).collect::<Vec<_>>(), ids);
    assert_eq!(objects.iter().filter_map(|object| object.body.as_deref()).collect::<Vec<_>>(), ids);
    let nul = store.write(change(vec![write("x", Expect::Nothing, Some("a\0b"))])).await;
    assert!(matches!(nul, Err(Problem::Broken(_))), "it would not come back as it is");
}

async fn changes_are_noted_and_found(place: &Place) {
    let store = place.store().await;
    let author = Author { changed_by: Some("ada".to_owned()), key_hash: "4f".to_owned(), action: Some("blocked") };
    for body in [Some(r#"{"password":"geheim"}"#), Some(r#"{"blocked":true}"#), None] {
        let writes = vec![write("k", Expect::Anything, body)];
        store.write(Change { writes, author: author.clone(), ..Change::default() }).await.unwrap();
    }
    let (rows, all) = store.audit(&AuditFilter::default(), 0, 2, 100).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| &*row.action).collect();
    assert_eq!((actions, all), (vec!["deleted", "blocked"], 3));
    assert_eq!(rows[1].before.as_deref(), Some(r#"{"password":"***"}"#));
    let filter = AuditFilter { changed_by: Some("ada".to_owned()), kind: Some("key".to_owned()), ..Default::default() };
    assert_eq!(store.audit(&filter, 2, 9, 1).await.unwrap().0[0].action, "created");
    assert_eq!(store.find_audit(rows[0].id).await.unwrap().as_ref(), Some(&rows[0]));
}
