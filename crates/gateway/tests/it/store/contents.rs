//! What was said in calls is kept, found and forgotten on both databases.

use store::Said;

use super::{Place, on_both};

on_both!(what_was_said_is_kept_once_and_goes_when_it_is_old);

async fn what_was_said_is_kept_once_and_goes_when_it_is_old(place: &Place) {
    let store = place.store().await;
    let said = |id: i64| Said {
        attempt_id: format!("attempt-{id}"),
        received_at: 1_795_842_320_847 + id,
        request: format!(r#"{{"messages":[{{"role":"user","content":"日本 {id}"}}]}}"#),
        answer: (id % 2 == 0).then(|| "é".repeat(5_000)),
        cut: id % 3 == 0,
    };
    let all: Vec<Said> = (0..700).map(said).collect();
    store.keep_contents(&all).await.unwrap();
    store.keep_contents(&all).await.unwrap();
    for one in all.iter().step_by(70) {
        assert_eq!(store.content(&one.attempt_id).await.unwrap().as_ref(), Some(one));
    }
    let before = all[600].received_at;
    assert_eq!(store.forget_contents(before, 500).await.unwrap(), 500);
    assert_eq!(store.forget_contents(before, 500).await.unwrap(), 100);
    assert_eq!(store.content("attempt-599").await.unwrap(), None);
    assert!(store.content("attempt-600").await.unwrap().is_some());
}
