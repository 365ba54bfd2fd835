//! The audit, and spend that is reset by hand.

use serde_json::{Value, json};

use super::Office;
use crate::client::Call;

#[tokio::test]
async fn every_change_is_noted_with_who_what_before_and_after() {
    let office = Office::open("").await;
    let master = office.master();
    let made = master.done("POST", "/key/generate", json!({ "key_alias": "noted", "max_budget": 1 })).await;
    let (key, token) = (made["key"].as_str().unwrap(), made["token"].as_str().unwrap());
    let update = json!({ "key": key, "max_budget": 2 }).to_string();
    let update = Call::new("POST", "/key/update").header("litellm-changed-by", "ann@example.com").body(update);
    assert_eq!(master.send(&update).await.status(), 200);
    master.done("POST", "/key/block", json!({ "key": key })).await;
    let fresh = master.done("POST", &format!("/key/{token}/regenerate"), json!({})).await;
    master.done("POST", "/key/delete", json!({ "keys": [fresh["token"]] })).await;

    let all = master.see("/audit?table_name=LiteLLM_VerificationToken&page_size=50").await;
    let actions: Vec<&str> =
        all["audit_logs"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["deleted", "created", "rotated", "blocked", "updated", "created"], "{all}");
    let updated = &all["audit_logs"][4];
    assert_eq!((&updated["changed_by"], &updated["object_id"]), (&json!("ann@example.com"), &json!(token)));
    assert_eq!(
        (&updated["before_value"]["max_budget"], &updated["updated_values"]["max_budget"]),
        (&json!(1.0), &json!(2.0))
    );
    assert_eq!((&all["total"], &all["total_pages"]), (&json!(6), &json!(1)));
    assert!(!all.to_string().contains(key) && !all.to_string().contains(fresh["key"].as_str().unwrap()));

    let id = updated["id"].as_str().unwrap();
    assert_eq!(&master.see(&format!("/audit/{id}")).await, updated);
    assert_eq!(master.see("/audit?action=blocked").await["total"], 1);
    assert_eq!(master.see("/audit?changed_by=ann@example.com").await["total"], 1);
    assert_eq!(
        master.see(&format!("/audit?object_id={token}&page_size=1&page=2")).await["audit_logs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(master.see("/audit?end_date=2000-01-01").await["total"], 0);
    master.refused("GET", "/audit/999999", Value::Null, 404).await;
    master.refused("GET", "/audit/nonsense", Value::Null, 404).await;
    assert_eq!(master.ask("GET", "/audit?page_size=1000", Value::Null).await.status(), 400);
    let plain = office.key(json!({ "user_id": "plain" })).await;
    office.with(&plain).refused("GET", "/audit", Value::Null, 403).await;
}

#[tokio::test]
async fn nobody_is_named_in_the_audit_by_somebody_else() {
    let office = Office::open("").await;
    let made = office.master().done("POST", "/user/new", json!({ "user_id": "plain" })).await;
    let body = json!({ "key_alias": "mine" }).to_string();
    let call = Call::new("POST", "/key/generate").header("litellm-changed-by", "somebody-else").body(body);
    assert_eq!(office.with(made["key"].as_str().unwrap()).send(&call).await.status(), 200);
    let rows = office.master().see("/audit?changed_by=plain").await;
    assert_eq!((&rows["total"], &rows["audit_logs"][0]["changed_by_api_key"]), (&json!(1), &made["token"]));
}

#[tokio::test]
async fn secrets_are_in_no_audit() {
    let office = Office::open("").await;
    let master = office.master();
    let secret = "sk-provider-secret-0123456789";
    let credential = json!({ "credential_name": "c", "credential_values": { "api_key": secret, "region": secret } });
    master.done("POST", "/credentials", credential).await;
    let model = json!({ "model_name": "m", "litellm_params": { "model": "openai/x", "api_key": secret } });
    master.done("POST", "/model/new", model).await;
    let logging = json!({ "metadata": { "logging": [{ "langfuse_secret_key": secret }] } });
    master.done("POST", "/key/generate", logging).await;
    let all = master.see("/audit?page_size=100").await;
    assert!(all["total"].as_u64().is_some_and(|total| total == 3), "{all}");
    assert!(!all.to_string().contains(secret));
}
