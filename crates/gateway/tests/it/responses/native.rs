//! What a provider keeps is asked for there, by its owner alone.

use serde_json::{Value, json};

use super::{Scene, path, respond};

fn targets(scene: &Scene) -> Vec<(String, String)> {
    scene.mock.requests().into_iter().skip(1).map(|one| (one.method, one.target)).collect()
}

#[tokio::test]
async fn what_a_provider_keeps_is_asked_for_there_by_its_owner_alone() {
    for stream in [false, true] {
        let scene = Scene::new().await;
        let (own, other) = (scene.person(json!({})).await, scene.person(json!({})).await);
        let made = respond(&own, json!({ "model": "native", "input": "hello", "stream": stream })).await;
        let id = made["id"].as_str().unwrap();
        assert!(id.starts_with("resp_lg"), "{made}");
        for (method, end) in [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")] {
            other.refused(method, &format!("{}{end}", path(&made)), Value::Null, 404).await;
        }
        let go_on = json!({ "model": "native", "input": "go on", "previous_response_id": id });
        assert_eq!(other.ask("POST", "/v1/responses", go_on.clone()).await.status(), 400);
        assert!(targets(&scene).is_empty(), "a foreign key reaches nobody");
        assert_eq!(own.see(&path(&made)).await["id"], json!(id));
        let items = own.see(&format!("{}/input_items?limit=5", path(&made))).await;
        assert_eq!(items["data"][0]["id"], "msg_kept");
        let cancelled = own.done("POST", &format!("{}/cancel", path(&made)), Value::Null).await;
        assert_eq!(cancelled["status"], "cancelled");
        let after = respond(&own, go_on).await;
        let deleted = own.done("DELETE", &path(&made), Value::Null).await;
        assert_eq!((&deleted["id"], &deleted["deleted"]), (&json!(id), &json!(true)));
        own.refused("GET", &path(&made), Value::Null, 404).await;
        let theirs = format!("/v1/responses/resp_{}", id.rsplit('_').next().unwrap());
        let wanted = [
            ("GET", theirs.clone()),
            ("GET", format!("{theirs}/input_items?limit=5")),
            ("POST", format!("{theirs}/cancel")),
            ("POST", "/v1/responses".to_owned()),
            ("DELETE", theirs),
        ];
        let wanted = wanted.map(|(method, target)| (method.to_owned(), target));
        assert_eq!(targets(&scene), wanted);
        assert!(after["id"] != made["id"]);
    }
}

#[tokio::test]
async fn a_key_that_may_not_call_the_model_any_more_gets_nothing_from_its_provider() {
    let scene = Scene::new().await;
    let own = scene.person(json!({ "user_id": "ann", "models": ["native"] })).await;
    let made = respond(&own, json!({ "model": "native", "input": "hello" })).await;
    let narrow = scene.person(json!({ "user_id": "ann", "models": ["bridged"] })).await;
    narrow.refused("GET", &path(&made), Value::Null, 404).await;
    own.see(&path(&made)).await;
}
