//! By which ids attempts are found.

use serde_json::json;
use store::reports::{LogFilter, LogPage};
use store::{Store, StoreUrl};

use super::Shop;
use crate::gateway::PATIENCE;

#[tokio::test]
async fn the_first_attempt_has_the_id_of_its_call_unless_the_caller_chose_that() {
    let mut shop = Shop::open("status=500,fail_first=1", "", "").await;
    let key = shop.key(json!({})).await;
    let call = shop.chat(&key, json!({ "num_retries": 1 }));
    let answer = shop.gateway.call(&call).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let ours = answer.header("x-litellm-call-id").expect("every answer has it").to_owned();
    for _ in 0..2 {
        assert_eq!(shop.gateway.call(&call.clone().header("x-litellm-call-id", "mine")).await.status(), 200);
    }
    shop.gateway.signal("TERM").await;
    assert!(shop.gateway.ended(PATIENCE).await.success());

    let store = Store::new(&StoreUrl::file(&shop.gateway.folder().path().join("lockgate.db")));
    let page = LogPage { after: None, skip: 0, most: 100, oldest_first: true };
    for (id, expected) in [(&*ours, [true, false]), ("mine", [false, false])] {
        let filter = LogFilter { request_id: Some(id.to_owned()), ..LogFilter::default() };
        let (entries, _) = store.logs(&filter, &page).await.expect("the ledger can be read");
        assert!(entries.iter().all(|entry| entry.call_id == id));
        let same: Vec<bool> = entries.iter().map(|entry| entry.attempt_id == id).collect();
        assert_eq!(same, expected, "{id}");
    }
}
