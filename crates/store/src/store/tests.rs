use super::*;
use crate::{Expect, Kind, Problem, Write};

async fn store() -> Store {
    let store = Store::new(&StoreUrl::Memory);
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store
}

fn changing(writes: Vec<Write>) -> Change {
    Change { writes, ..Change::default() }
}

fn write(id: &str, expect: Expect, body: Option<&str>) -> Write {
    Write { kind: Kind::Key, id: id.to_owned(), expect, body: body.map(str::to_owned) }
}

#[tokio::test]
async fn writes_are_numbered_and_the_feed_tells_them_in_order() {
    let store = store().await;
    let first = store.write(changing(vec![write("a", Expect::Nothing, Some("{}"))])).await.unwrap();
    let second = store
        .write(changing(vec![write("b", Expect::Anything, Some("{}")), write("a", Expect::Version(1), None)]))
        .await;
    assert_eq!(first[0].version, 1);
    assert_eq!(second.unwrap().iter().map(|object| object.version).collect::<Vec<_>>(), [2, 3]);
    let feed = store.changes(1).await.unwrap();
    assert_eq!(
        feed.objects.iter().map(|object| (&*object.id, object.body.is_some())).collect::<Vec<_>>(),
        [("b", true), ("a", false)]
    );
    assert_eq!((feed.upto, feed.more), (3, false));
    assert_eq!(store.changes(3).await.unwrap().upto, 3);
}

#[tokio::test]
async fn a_writer_learns_that_somebody_was_faster_and_nothing_of_it_is_written() {
    let store = store().await;
    store.write(changing(vec![write("a", Expect::Nothing, Some("{}"))])).await.unwrap();
    let late = [
        vec![write("b", Expect::Nothing, Some("{}")), write("a", Expect::Nothing, Some("{}"))],
        vec![write("b", Expect::Nothing, Some("{}")), write("a", Expect::Version(7), None)],
        vec![write("b", Expect::Nothing, Some("{}")), write("c", Expect::Version(1), None)],
    ];
    for writes in late {
        assert!(matches!(store.write(changing(writes)).await, Err(Problem::Conflict(_))));
    }
    assert_eq!(store.changes(0).await.unwrap().objects.len(), 1);
}

#[tokio::test]
async fn what_was_deleted_can_be_created_again() {
    let store = store().await;
    store.write(changing(vec![write("a", Expect::Nothing, Some("{}"))])).await.unwrap();
    store.write(changing(vec![write("a", Expect::Anything, None)])).await.unwrap();
    assert!(store.write(changing(vec![write("a", Expect::Version(2), Some("{}"))])).await.is_err());
    store.write(changing(vec![write("a", Expect::Nothing, Some(r#"{"again":1}"#))])).await.unwrap();
    assert_eq!(store.changes(0).await.unwrap().objects[0].body.as_deref(), Some(r#"{"again":1}"#));
}
