//! Models and credentials that are added while running.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{MASTER, Office, Person, config};
use crate::backs::{Back, asked, mock};
use crate::callers::Front;
use crate::gateway::{Folder, Gateway};

/// The key of a provider, as somebody adds it.
const SECRET: &str = "sk-provider-secret-0123456789";

fn params(mock: &drill::mock::Mock) -> Value {
    json!({ "model": "openai/demo", "api_base": Back::OpenAi.base(&mock.url()), "api_key": SECRET })
}

/// Calls a model and says what the status is.
async fn calls(person: &Person<'_>, model: &str) -> u16 {
    person.send(&Front::Chat.call(model, "hello", false)).await.status()
}

/// Waits until a model answers with this status, for at most a second beside what the machine is busy with.
async fn becomes(person: &Person<'_>, model: &str, status: u16) -> Duration {
    let begun = Instant::now();
    loop {
        let now = calls(person, model).await;
        if now == status {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{model} still answers {now}");
    }
}

#[tokio::test]
async fn a_model_that_is_added_is_served_at_once_changed_blocked_and_gone_when_deleted() {
    let provider = mock("").await;
    let office = Office::open("").await;
    let master = office.master();
    let key = office.key(json!({ "models": ["added"] })).await;
    let person = office.with(&key);
    assert_eq!(calls(&person, "added").await, 400);
    let made = json!({ "model_name": "added", "litellm_params": params(&provider), "model_info": { "mode": "chat" } });
    let made = master.done("POST", "/model/new", made).await;
    let id = made["model_id"].as_str().unwrap();
    assert_eq!((&made["model_name"], &made["model_info"]["id"]), (&json!("added"), &json!(id)));
    assert!(made["litellm_params"].get("api_key").is_none(), "{made}");
    assert_eq!(calls(&person, "added").await, 200);
    assert_eq!(asked(&provider, "hello")[0].header("authorization"), Some(&*format!("Bearer {SECRET}")));

    let info = master.see(&format!("/model/info?litellm_model_id={id}")).await;
    assert_eq!(
        (&info["data"][0]["model_info"]["db_model"], &info["data"][0]["litellm_params"]["model"]),
        (&json!(true), &json!("openai/demo"))
    );
    let models = person.see("/v1/models").await;
    assert_eq!((models["data"].as_array().unwrap().len(), &models["data"][0]["id"]), (1, &json!("added")));

    let renamed = json!({ "model_name": "renamed", "litellm_params": { "rpm": 5 } });
    let renamed = master.done("PATCH", &format!("/model/{id}/update"), renamed).await;
    assert_eq!((&renamed["litellm_params"]["rpm"], &renamed["model_name"]), (&json!(5), &json!("renamed")));
    assert_eq!((calls(&master, "added").await, calls(&master, "renamed").await), (400, 200));
    master.done("POST", "/model/update", json!({ "model_info": { "id": id }, "model_name": "added" })).await;

    master.done("POST", "/model/block", json!({ "id": id })).await;
    assert_eq!(calls(&master, "added").await, 400);
    assert_eq!(master.see("/v2/model/info?blocked=true").await["total_count"], 1);
    master.done("POST", "/model/unblock", json!({ "id": id })).await;
    assert_eq!(calls(&master, "added").await, 200);

    let gone = master.done("POST", "/model/delete", json!({ "id": id })).await;
    assert_eq!(gone["message"], format!("Model: {id} deleted successfully"));
    assert_eq!(calls(&master, "added").await, 400);
    master.refused("POST", "/model/delete", json!({ "id": id }), 404).await;
}

#[tokio::test]
async fn a_model_that_could_not_be_served_is_refused_with_the_reason() {
    let office = Office::open("").await;
    let master = office.master();
    for (params, part) in [
        (json!({}), "model"),
        (json!({ "model": "no-such-provider/x" }), "no-such-provider"),
        (json!({ "model": "openai/x", "litellm_credential_name": "none" }), "none"),
        (json!({ "model": "openai/x", "api_base": "not an address" }), "api_base"),
        (json!({ "model": 5, "rpm": "many" }), "rpm"),
    ] {
        let body = json!({ "model_name": "m", "litellm_params": params });
        let why = master.refused("POST", "/model/new", body.clone(), 400).await;
        assert!(why.contains(part), "{body}: {why}");
    }
    assert_eq!(master.ask("POST", "/model/new", json!({ "litellm_params": {} })).await.status(), 422);
    let twice =
        json!({ "model_name": "m", "litellm_params": { "model": "mock/demo" }, "model_info": { "id": "mine" } });
    master.done("POST", "/model/new", twice.clone()).await;
    master.refused("POST", "/model/new", twice, 400).await;
    master
        .refused(
            "POST",
            "/model/update",
            json!({ "model_info": { "id": "mine" }, "litellm_params": { "model": "x/y" } }),
            400,
        )
        .await;
    assert_eq!(calls(&master, "m").await, 200);
}

#[tokio::test]
async fn credentials_are_used_by_name_and_never_shown_nor_kept_in_the_open() {
    let provider = mock("").await;
    let folder = Folder::new();
    let office = Office::open_at(&folder).await;
    let master = office.master();
    let values = json!({ "api_key": SECRET, "api_base": Back::OpenAi.base(&provider.url()) });
    let credential = json!({ "credential_name": "team/openai", "credential_values": values,
        "credential_info": { "description": "of the team" } });
    master.done("POST", "/credentials", credential.clone()).await;
    master.refused("POST", "/credentials", credential, 400).await;
    let model = json!({ "model_name": "added", "litellm_params": { "model": "openai/demo", "litellm_credential_name": "team/openai" } });
    master.done("POST", "/model/new", model).await;
    assert_eq!(calls(&master, "added").await, 200);
    let direct = json!({ "model_name": "direct", "litellm_params": params(&provider) });
    let direct = master.done("POST", "/model/new", direct).await;

    let id = direct["model_id"].as_str().unwrap();
    for path in [
        "/credentials",
        "/credentials/by_name/team/openai",
        "/model/info",
        "/v2/model/info",
        &format!("/credentials/by_model/{id}"),
    ] {
        let shown = master.see(path).await.to_string();
        assert!(!shown.contains(SECRET), "{path}: {shown}");
    }
    let list = master.see("/credentials").await;
    assert_eq!(list["credentials"][0]["credential_values"]["api_key"], "****");
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "the secret is kept in the open");
    }
    assert!(!office.gateway.log().contains(SECRET));

    drop(office);
    let office = Office::open_at(&folder).await;
    let master = office.master();
    assert_eq!((calls(&master, "added").await, calls(&master, "direct").await), (200, 200));
    let other = json!({ "credential_values": { "api_key": "sk-another-secret" } });
    master.done("PATCH", "/credentials/team/openai", other).await;
    calls(&master, "added").await;
    let last = provider.requests().pop().expect("a call");
    assert_eq!(last.header("authorization"), Some("Bearer sk-another-secret"));
    master.done("DELETE", "/credentials/team/openai", Value::Null).await;
    assert_eq!(calls(&master, "added").await, 400);
    assert_eq!(calls(&master, "direct").await, 200);
}

#[tokio::test]
async fn replicas_serve_what_another_one_added_within_a_second() {
    let provider = mock("").await;
    let folder = Folder::new();
    let (one, two) = (Office::open_at(&folder).await, Office::open_at(&folder).await);
    let made = json!({ "model_name": "added", "litellm_params": params(&provider) });
    let made = one.master().done("POST", "/model/new", made).await;
    let mut slowest = becomes(&two.master(), "added", 200).await;
    two.master().done("POST", "/model/delete", json!({ "id": made["model_id"] })).await;
    slowest = slowest.max(becomes(&one.master(), "added", 400).await);
    assert!(slowest < Duration::from_secs(1), "it took {slowest:?}");
}

#[tokio::test]
async fn models_of_the_database_survive_a_broken_configuration_and_a_reload() {
    let office = Office::open("").await;
    let master = office.master();
    office.gateway.reconfigure("model_list: [");
    office.gateway.logged("has errors").await;
    let made = json!({ "model_name": "added", "litellm_params": { "model": "mock/demo" } });
    let made = master.done("POST", "/model/new", made).await;
    assert_eq!((calls(&master, "added").await, calls(&master, "demo").await), (200, 200));
    office.gateway.reconfigure(&config(""));
    office.gateway.logged("configuration reloaded").await;
    assert_eq!(calls(&master, "added").await, 200);
    master.done("POST", "/model/delete", json!({ "id": made["model_id"] })).await;
    assert_eq!((calls(&master, "added").await, calls(&master, "demo").await), (400, 200));
}

#[tokio::test]
async fn a_teams_model_is_for_the_team_and_takes_nothing_of_the_gateways() {
    let provider = mock("").await;
    let office = Office::open("litellm_settings: {provider_url_destination_allowed_hosts: [127.0.0.1]}\n").await;
    let master = office.master();
    master.done("POST", "/team/new", json!({ "team_id": "red", "models": ["demo"], "admins": ["lead"] })).await;
    master.done("POST", "/team/new", json!({ "team_id": "blue" })).await;
    master
        .done("POST", "/credentials", json!({ "credential_name": "shared", "credential_values": { "api_key": "x" } }))
        .await;
    let lead = office.key(json!({ "user_id": "lead" })).await;
    let lead = office.with(&lead);
    let own = |mut params: Value, info: Value| {
        params["model"] = json!("openai/demo");
        json!({ "model_name": "ours", "litellm_params": params, "model_info": info })
    };
    let red = json!({ "team_id": "red" });
    for (params, info) in [
        (json!({ "api_base": "http://evil.example" }), red.clone()),
        (json!({ "api_key": "os.environ/OPENAI_API_KEY" }), red.clone()),
        (json!({ "api_key": "k", "nested": ["os.environ/SECRET"] }), red.clone()),
        (json!({ "api_key": "k", "litellm_credential_name": "shared" }), red.clone()),
        (json!({ "api_key": "k", "api_base": "http://169.254.169.254/latest" }), red.clone()),
        (json!({ "api_key": "k", "api_base": "http://api.openai.com/v1" }), red.clone()),
        (json!({ "api_key": "k", "configurable_clientside_auth_params": ["api_base"] }), red.clone()),
        (json!({ "api_key": "k" }), json!({ "team_id": "blue" })),
        (json!({ "api_key": "k" }), json!({})),
    ] {
        lead.refused("POST", "/model/new", own(params, info), 403).await;
    }
    let home = lead.done("POST", "/model/new", own(json!({ "api_key": "k" }), red.clone())).await;
    lead.done("POST", "/model/delete", json!({ "id": home["model_id"] })).await;
    let made = lead.done("POST", "/model/new", own(params(&provider), red)).await;
    let (id, name) = (made["model_id"].as_str().unwrap(), made["model_name"].as_str().unwrap());
    let inside = office.key(json!({ "team_id": "red" })).await;
    let outside = office.key(json!({ "team_id": "blue" })).await;
    let (inside, outside) = (office.with(&inside), office.with(&outside));
    assert_eq!(calls(&inside, "ours").await, 200);
    for named in ["ours", name, id] {
        assert!([400, 403].contains(&calls(&outside, named).await), "{named}");
    }
    let ids = |list: Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(inside.see("/v1/models").await), ["demo", "ours"]);
    assert_eq!(ids(outside.see("/v1/models").await), ["demo", "other"]);
    assert!(!outside.see("/model/info").await.to_string().contains(id));
    let stolen = json!({ "litellm_params": { "api_base": "http://evil.example" } });
    let free = json!({ "model_info": { "input_cost_per_token": 0, "output_cost_per_token": 0 } });
    for change in [stolen, free] {
        lead.refused("PATCH", &format!("/model/{id}/update"), change, 403).await;
    }
    outside.refused("POST", "/model/delete", json!({ "id": id }), 403).await;
    lead.done("POST", "/model/delete", json!({ "id": id })).await;
    assert!([400, 403].contains(&calls(&inside, "ours").await));
    assert_eq!(calls(&inside, "demo").await, 200);
}

#[tokio::test]
async fn what_is_served_is_shown_to_those_who_may_call_it() {
    let office = Office::open("").await;
    let master = office.master();
    let key = office.key(json!({ "models": ["demo"], "aliases": { "nick": "demo", "hidden": "other" } })).await;
    let person = office.with(&key);
    let list = person.see("/v1/models").await;
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["demo", "nick"]);
    assert_eq!(person.ask("GET", "/v1/models/other", Value::Null).await.status(), 404);
    assert_eq!(person.ask("GET", "/v1/models/nick", Value::Null).await.status(), 200);
    assert_eq!(person.see("/model/info").await["data"].as_array().unwrap().len(), 1);
    assert_eq!(master.see("/v1/model/info").await["data"].as_array().unwrap().len(), 2);
    let group = &person.see("/model_group/info").await["data"];
    assert_eq!(
        (group.as_array().unwrap().len(), &group[0]["model_group"], &group[0]["providers"]),
        (1, &json!("demo"), &json!(["mock"]))
    );
    let page = master.see("/v2/model/info?size=1&page=2").await;
    assert_eq!(
        (&page["data"][0]["model_name"], &page["total_count"], &page["total_pages"]),
        (&json!("other"), &json!(2), &json!(2))
    );
    person
        .refused("POST", "/model/new", json!({ "model_name": "m", "litellm_params": { "model": "mock/demo" } }), 403)
        .await;
    person.refused("GET", "/credentials", Value::Null, 403).await;
}

#[tokio::test]
async fn what_is_sealed_moves_to_another_salt_key() {
    let (provider, folder) = (mock("").await, Folder::new());
    let database = format!("sqlite://{}", folder.path().join("sealed.db").display());
    let open = async |master: &str, salts: &[(&str, &str)]| {
        let config = config("").replace(MASTER, master);
        let env = [&[("DATABASE_URL", &*database)][..], salts].concat();
        Gateway::start_with(&config, &[], &env).await
    };
    let first = open(MASTER, &[]).await;
    let master = Person::of(&first, MASTER);
    let credential = json!({ "credential_name": "c", "credential_values": { "api_key": SECRET } });
    master.done("POST", "/credentials", credential).await;
    let params = json!({ "model": "openai/demo", "api_base": Back::OpenAi.base(&provider.url()), "litellm_credential_name": "c" });
    master.done("POST", "/model/new", json!({ "model_name": "added", "litellm_params": params })).await;
    drop(first.kill().await);

    let second = open(MASTER, &[("LITELLM_SALT_KEY", "the-new-salt-key")]).await;
    let master = Person::of(&second, MASTER);
    assert_eq!(calls(&master, "added").await, 200, "what the master key sealed can be opened still");
    let check = "/credentials/migrate-encryption/check";
    assert_eq!(master.see(check).await["credentials"], json!({ "total": 1, "to_migrate": 1, "unreadable": 0 }));
    let done = master.done("POST", "/credentials/migrate-encryption", json!({})).await;
    assert_eq!((&done["credentials_migrated"], &done["models_migrated"]), (&json!(1), &json!(1)));
    assert_eq!(master.see(check).await["models"], json!({ "total": 1, "to_migrate": 0, "unreadable": 0 }));
    drop(second.kill().await);

    let other = "sk-another-master-key-of-these-tests";
    let third = open(other, &[("LITELLM_SALT_KEY", "the-new-salt-key")]).await;
    assert_eq!(calls(&Person::of(&third, other), "added").await, 200);
    drop(third.kill().await);
    let salts = [("LITELLM_SALT_KEY", "a-newer-salt-key"), ("LITELLM_FORMER_SALT_KEY", "the-new-salt-key")];
    let fourth = open(other, &salts).await;
    let master = Person::of(&fourth, other);
    assert_eq!(calls(&master, "added").await, 200);
    assert_eq!(master.done("POST", "/credentials/migrate-encryption", json!({})).await["models_migrated"], 1);
    let plain = master.done("POST", "/key/generate", json!({})).await;
    Person::of(&fourth, plain["key"].as_str().unwrap())
        .refused("POST", "/credentials/migrate-encryption", json!({}), 403)
        .await;
}
