//! Names for several models, in lists of models.

use serde_json::{Value, json};

use super::{MASTER, Office};
use crate::gateway::Gateway;

fn config() -> String {
    let entry = |name: &str, groups: &str| {
        format!(
            "  - {{model_name: {name}, litellm_params: {{model: mock/demo}}, model_info: {{access_groups: {groups}}}}}\n"
        )
    };
    format!(
        "model_list:\n{}{}{}{}general_settings: {{master_key: {MASTER}}}\n",
        entry("small", "[cheap]"),
        entry("large", "[dear]"),
        entry("mixed", "[cheap]"),
        entry("mixed", "[dear]"),
    )
}

/// What a key with these models may call.
async fn callable(office: &Office, fields: Value) -> Vec<String> {
    let key = office.key(fields).await;
    let list = office.with(&key).see("/v1/models").await;
    let rows = list["data"].as_array().into_iter().flatten();
    let names: Vec<String> = rows.filter_map(|row| row["id"].as_str().map(str::to_owned)).collect();
    for model in ["small", "large", "mixed"] {
        let call = json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] });
        let status = office.with(&key).ask("POST", "/v1/chat/completions", call).await.status();
        assert_eq!(status == 200, names.iter().any(|name| name == model), "{model}: {status}");
    }
    names
}

#[tokio::test]
async fn a_list_of_models_may_name_a_group_of_them() {
    let office = Office { gateway: Gateway::start(&config()).await };
    let master = office.master();
    assert_eq!(callable(&office, json!({ "models": ["cheap"] })).await, ["small"], "one of the mixed ones is dear");
    assert_eq!(callable(&office, json!({ "models": ["cheap", "mixed"] })).await, ["mixed", "small"]);
    master.done("POST", "/team/new", json!({ "team_id": "red", "models": ["dear"] })).await;
    assert_eq!(callable(&office, json!({ "team_id": "red" })).await, ["large"]);

    let made = json!({ "access_group": "all", "model_names": ["small", "mixed"] });
    assert_eq!(master.done("POST", "/access_group/new", made.clone()).await["models_updated"], 2);
    assert_eq!(callable(&office, json!({ "models": ["all"] })).await, ["mixed", "small"]);
    master.refused("POST", "/access_group/new", made, 409).await;
    master.refused("POST", "/access_group/new", json!({ "access_group": "x", "model_names": ["none"] }), 400).await;
    master.done("PUT", "/access_group/all/update", json!({ "model_names": ["large"] })).await;
    let list = master.see("/access_group/list").await;
    let names: Vec<&str> =
        list["access_groups"].as_array().unwrap().iter().map(|row| row["access_group"].as_str().unwrap()).collect();
    assert_eq!(names, ["all", "cheap", "dear"]);
    let info = master.see("/access_group/all/info").await;
    assert_eq!((&info["model_names"], &info["deployment_count"]), (&json!(["large"]), &json!(1)));
    master.refused("DELETE", "/access_group/cheap/delete", json!({}), 404).await;
    master.done("DELETE", "/access_group/all/delete", json!({})).await;
    assert_eq!(callable(&office, json!({ "models": ["all"] })).await, Vec::<String>::new());
    let plain = office.key(json!({})).await;
    office.with(&plain).refused("GET", "/access_group/list", Value::Null, 403).await;
}
