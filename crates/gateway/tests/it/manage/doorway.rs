//! From where and to which paths calls are taken.

use serde_json::{Value, json};

use super::{MASTER, Office};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Folder;

/// A call that comes by way of a proxy on this machine, for somebody at `address`.
fn from(call: Call, address: &str) -> Call {
    call.header("x-forwarded-for", address)
}

#[tokio::test]
async fn only_addresses_on_the_list_may_call() {
    let settings = "general_settings:\n  allowed_ips: [203.0.113.0/24]\n  use_x_forwarded_for: true\n  trusted_proxy_ranges: [127.0.0.1]\n";
    let office = Office::open(settings).await;
    let master = office.master();
    let calls = [Front::Chat.call("demo", "hello", false), Call::get("/v1/models"), Call::get("/key/list")];
    for call in &calls {
        assert_eq!(master.send(&from(call.clone(), "203.0.113.7")).await.status(), 200, "{call:?}");
        for outside in ["198.51.100.1", "203.0.113.7, 198.51.100.1", "203.0.113.7, unknown"] {
            let refused = master.send(&from(call.clone(), outside)).await;
            assert_eq!(refused.status(), 403, "{call:?} from {outside}");
        }
        assert_eq!(master.send(call).await.status(), 403, "the proxy itself is not on the list");
    }
    let refused = master.send(&from(Call::get("/key/list"), "198.51.100.1")).await.json();
    assert_eq!(refused["error"]["message"], "Access forbidden: IP address 198.51.100.1 not allowed.");
    assert_eq!(office.gateway.call(&Call::get("/health/liveliness")).await.status(), 200);
}

#[tokio::test]
async fn addresses_are_added_and_taken_away_while_running_on_every_replica() {
    let folder = Folder::new();
    let (one, two) = (Office::open_at(&folder).await, Office::open_at(&folder).await);
    let master = one.master();
    assert_eq!(master.see("/get/allowed_ips").await, json!({ "data": [] }));
    for ip in ["127.0.0.1", "198.51.100.0/24"] {
        let added = master.done("POST", "/add/allowed_ip", json!({ "ip": ip })).await;
        assert_eq!(added["status"], "success");
    }
    assert_eq!(master.see("/get/allowed_ips").await["data"].as_array().unwrap().len(), 2);
    for wrong in ["nonsense", "10.0.0.0/99", "127.0.0.1; DROP", ""] {
        master.refused("POST", "/add/allowed_ip", json!({ "ip": wrong }), 400).await;
    }
    master.refused("POST", "/delete/allowed_ip", json!({ "ip": "192.0.2.1" }), 404).await;
    master.done("POST", "/delete/allowed_ip", json!({ "ip": "127.0.0.1" })).await;
    master.refused("GET", "/get/allowed_ips", Value::Null, 403).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    while two.master().ask("GET", "/v1/models", Value::Null).await.status() != 403 {
        assert!(tokio::time::Instant::now() < deadline, "the other replica knows nothing of it");
    }
}

#[tokio::test]
async fn the_operators_rules_for_paths_hold_for_models_and_for_management() {
    let settings = "general_settings:\n  admin_only_routes: [/v1/embeddings, /key/list]\n  \
                    allowed_routes: [llm_api_routes, /key/list, /key/info]\n  public_routes: [/v1/models, /user/available_roles]\n";
    let office = Office::open(settings).await;
    let key = office.key(json!({})).await;
    let person = office.with(&key);
    assert_eq!(person.send(&Front::Chat.call("demo", "hello", false)).await.status(), 200);
    let embed = json!({ "model": "demo", "input": "hello" });
    assert_eq!(person.ask("POST", "/v1/embeddings", embed.clone()).await.status(), 403);
    assert_ne!(office.master().ask("POST", "/v1/embeddings", embed).await.status(), 403);
    person.see("/key/info").await;
    for path in ["/key/list", "/user/list", "/team/list"] {
        let why = person.refused("GET", path, Value::Null, 403).await;
        assert_eq!(why, format!("Access forbidden: Route {path} not allowed"));
        office.master().see(path).await;
    }
    for path in ["/v1/models", "/user/available_roles"] {
        assert_eq!(office.gateway.call(&Call::get(path)).await.status(), 200, "{path} without a key");
    }
    assert_eq!(office.gateway.call(&Call::get("/key/info")).await.status(), 401);
    assert_eq!(office.gateway.call(&Call::get("/v1/models").header("x-api-key", MASTER)).await.status(), 200);
}

#[tokio::test]
async fn a_key_with_paths_of_its_own_reaches_models_only_by_them() {
    let office = Office::open("").await;
    let messages = office.key(json!({ "allowed_routes": ["anthropic_routes"] })).await;
    let management = office.key(json!({ "key_type": "management" })).await;
    let status =
        async |key: &str, front: Front| office.with(key).send(&front.call("demo", "hello", false)).await.status();
    assert_eq!((status(&messages, Front::Messages).await, status(&messages, Front::Chat).await), (200, 403));
    assert_eq!((status(&management, Front::Messages).await, status(&management, Front::Chat).await), (403, 403));
}

#[tokio::test]
async fn a_public_path_shows_nobody_what_belongs_to_others() {
    let office = Office::open("general_settings:\n  public_routes: [/*]\n").await;
    office.key(json!({ "key_alias": "private" })).await;
    let nobody = |method: &str, path: &str| Call::new(method, path).body("{}");
    let list = office.gateway.call(&nobody("GET", "/key/list")).await;
    assert_eq!((list.status(), &list.json()["total_count"]), (200, &json!(0)), "{}", list.text());
    for (method, path) in [
        ("POST", "/key/generate"),
        ("POST", "/user/new"),
        ("GET", "/audit"),
        ("GET", "/budget/list"),
        ("POST", "/config/reload"),
    ] {
        assert_eq!(office.gateway.call(&nobody(method, path)).await.status(), 403, "{path}");
    }
}
