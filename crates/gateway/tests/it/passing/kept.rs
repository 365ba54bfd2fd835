//! Paths that are passed on and are added, changed and taken away while running.

use serde_json::{Value, json};

use crate::client::Call;
use crate::gateway::Folder;
use crate::manage::Office;
use crate::sinks::ear::{Ear, until};

const PATH: &str = "/config/pass_through_endpoint";

#[tokio::test]
async fn a_path_is_served_changed_and_taken_away_on_every_replica() {
    let (ear, folder) = (Ear::open().await, Folder::new());
    let (one, two) = (Office::open_at(&folder).await, Office::open_at(&folder).await);
    let body = json!({
        "path": "/mine", "target": ear.url("/up?key=sealedquery"), "headers": {"Authorization": "Bearer sealed-secret"},
        "include_subpath": true, "cost_per_request": 0.5, "methods": ["POST"],
    });
    let made = one.master().done("POST", PATH, body).await;
    let (row, id) = (&made["endpoints"][0], made["endpoints"][0]["id"].as_str().expect("it has an id").to_owned());
    assert_eq!((&row["headers"]["Authorization"], &row["auth"]), (&json!("****"), &json!(true)), "{row}");
    assert_eq!((&row["is_from_config"], &row["cost_per_request"]), (&json!(false), &json!(0.5)), "{row}");
    // It is there at once, and at the other one soon.
    assert_eq!(one.master().send(&Call::post("/mine/a", &json!({}))).await.status(), 200);
    let heard = ear.heard("/up").pop().expect("it was heard");
    assert_eq!((&*heard.path, heard.header("authorization")), ("/up/a?key=sealedquery", Some("Bearer sealed-secret")));
    assert_eq!(Call::post("/mine/a", &json!({})).send(one.gateway.addr).await.status(), 401);
    let reaches = async |office: &Office, path: &str, status: u16| {
        let call = Call::post(path, &json!({}));
        until(async || (office.master().send(&call).await.status() == status).then_some(())).await;
    };
    reaches(&two, "/mine/a", 200).await;
    // Stars that come back leave a secret as it is.
    let change = json!({"path": "/yours", "headers": {"Authorization": "****", "x-more": "1"}, "methods": null,
        "target": row["target"], "guardrails": null});
    let changed = two.master().done("POST", &format!("{PATH}/{id}"), change).await;
    assert_eq!((&changed["endpoints"][0]["id"], &changed["endpoints"][0]["methods"]), (&json!(id), &Value::Null));
    assert_eq!(two.master().send(&Call::new("PUT", "/yours/b")).await.status(), 200);
    let heard = ear.heard("/up").pop().expect("it was heard");
    assert_eq!((&*heard.path, heard.header("x-more")), ("/up/b?key=sealedquery", Some("1")));
    assert_eq!(heard.header("authorization"), Some("Bearer sealed-secret"));
    reaches(&one, "/yours", 200).await;
    reaches(&one, "/mine", 404).await;
    let shown = one.master().see(PATH).await;
    assert_eq!(shown["endpoints"].as_array().map(Vec::len), Some(1), "{shown}");
    let audit = one.master().see("/audit?table_name=LiteLLM_PassThroughTable").await;
    assert_eq!(audit["total"], 2, "{audit}");
    for text in [shown.to_string(), audit.to_string(), changed.to_string()] {
        assert!(!text.contains("sealed"), "{text}");
    }
    let gone = one.master().done("DELETE", &format!("{PATH}?endpoint_id={id}"), Value::Null).await;
    assert_eq!(gone["endpoints"][0]["path"], "/yours");
    reaches(&one, "/yours", 404).await;
    reaches(&two, "/yours", 404).await;
    one.master().refused("GET", &format!("{PATH}?endpoint_id={id}"), Value::Null, 404).await;
    one.master().refused("DELETE", &format!("{PATH}?endpoint_id={id}"), Value::Null, 404).await;
}

#[tokio::test]
async fn what_could_not_be_served_is_refused() {
    let settings = "guardrails: [{guardrail_name: cards, litellm_params: {guardrail: pii}}]\npass_through_endpoints: \
                    [{path: /filed, target: 'http://x.example', headers: {x-key: filed-secret}, guardrails: [cards]}]\n";
    let office = Office::open(settings).await;
    let master = office.master();
    let with = |more: Value| {
        let mut body = json!({"path": "/new", "target": "http://x.example"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (more, expected) in [
        (json!({"path": "/key"}), "is a path of the gateway itself"),
        (json!({"path": "/filed"}), "is declared already"),
        (json!({"target": "ftp://x"}), "http"),
        (json!({"guardrails": ["nobody"]}), "no guardrail is called"),
        (json!({"headers": {"x": "a\nb"}}), "cannot be sent as a header"),
        (json!({"cost_per_request": -1}), "cost_per_request"),
    ] {
        let answer = master.ask("POST", PATH, with(more.clone())).await;
        assert!(matches!(answer.status(), 400 | 422) && answer.text().contains(expected), "{more}: {}", answer.text());
    }
    let fine = with(json!({"id": "mine", "guardrails": {"cards": {"request_fields": ["query"]}}}));
    master.done("POST", PATH, fine.clone()).await;
    assert!(master.refused("POST", PATH, fine, 400).await.contains("already"));
    master.refused("POST", PATH, with(json!({"id": "other"})), 400).await;
    // Those of the configuration are shown, and changed there.
    let filed = master.see(&format!("{PATH}?endpoint_id=pass-through/filed")).await["endpoints"][0].clone();
    assert_eq!((&filed["path"], &filed["is_from_config"]), (&json!("/filed"), &json!(true)), "{filed}");
    assert_eq!((&filed["headers"]["x-key"], &filed["guardrails"]), (&json!("****"), &json!(["cards"])), "{filed}");
    let told = master.refused("DELETE", &format!("{PATH}?endpoint_id=pass-through/filed"), Value::Null, 400).await;
    assert!(told.contains("declared in the configuration"), "{told}");
    // A team may have some of them.
    let team = json!({"team_id": "red", "metadata": {"allowed_passthrough_routes": ["/new"]}});
    master.done("POST", "/team/new", team).await;
    let of_team = master.see(&format!("{PATH}/team/red")).await;
    let paths: Vec<&Value> = of_team["endpoints"].as_array().unwrap().iter().map(|row| &row["path"]).collect();
    assert_eq!(paths, ["/new"]);
    master.refused("GET", &format!("{PATH}/team/nobody"), Value::Null, 404).await;
}
