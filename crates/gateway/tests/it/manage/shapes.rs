//! The shapes of answers, field by field, as 1.109.1 has them.

use serde_json::{Value, json};

use super::Office;

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub enum Is {
    /// Nothing.
    Null,
    /// A text.
    Text,
    /// A moment in ISO 8601.
    Moment,
    /// A number, written with a point.
    Float,
    /// True or false.
    Flag,
    /// A list.
    List,
    /// A mapping.
    Map,
    /// A whole number.
    Whole,
}

/// Compares an object with what is written down about it: every field must be there, and be what is written.
pub fn compare(what: &str, shown: &Value, expected: &[(&str, Is)]) {
    for (field, is) in expected {
        let value = shown.get(field).unwrap_or_else(|| panic!("{what}: {field} is missing in {shown}"));
        let right = match is {
            Is::Null => value.is_null(),
            Is::Text => value.is_string(),
            Is::Moment => {
                value.as_str().is_some_and(|text| text.len() >= 20 && text.ends_with('Z') && text.contains('T'))
            }
            Is::Float => value.is_f64(),
            Is::Flag => value.is_boolean(),
            Is::List => value.is_array(),
            Is::Map => value.is_object(),
            Is::Whole => value.is_u64(),
        };
        assert!(right, "{what}: {field} should be {is:?}, not {value}");
    }
}

/// What every key has.
#[rustfmt::skip]
const KEY: &[(&str, Is)] = &[
    ("key_name", Is::Text), ("key_alias", Is::Null), ("spend", Is::Float), ("expires", Is::Null), ("models", Is::List),
    ("aliases", Is::Map), ("config", Is::Map), ("user_id", Is::Null), ("team_id", Is::Null), ("agent_id", Is::Null),
    ("project_id", Is::Null), ("organization_id", Is::Null), ("permissions", Is::Map), ("metadata", Is::Map),
    ("max_budget", Is::Null), ("budget_duration", Is::Null), ("budget_reset_at", Is::Null), ("budget_id", Is::Null),
    ("budget_limits", Is::Null), ("tpm_limit", Is::Null), ("rpm_limit", Is::Null), ("max_parallel_requests", Is::Null),
    ("model_max_budget", Is::Map), ("budget_fallbacks", Is::Map), ("blocked", Is::Flag), ("allowed_routes", Is::List),
    ("allowed_cache_controls", Is::List), ("key_type", Is::Null), ("router_settings", Is::Null),
    ("access_group_ids", Is::List), ("object_permission", Is::Null), ("litellm_budget_table", Is::Null),
    ("created_at", Is::Moment), ("created_by", Is::Text), ("updated_at", Is::Moment), ("updated_by", Is::Text),
];
/// What a new key has beside that.
#[rustfmt::skip]
const ISSUED: &[(&str, Is)] = &[
    ("key", Is::Text), ("token", Is::Text), ("token_id", Is::Text), ("tags", Is::Null), ("guardrails", Is::Null),
    ("policies", Is::Null), ("prompts", Is::Null), ("enforced_params", Is::Null), ("model_rpm_limit", Is::Null),
    ("model_tpm_limit", Is::Null), ("mcp_rpm_limit", Is::Null), ("tag_rpm_limit", Is::Null),
    ("rpm_limit_type", Is::Null), ("tpm_limit_type", Is::Null), ("disable_global_guardrails", Is::Null),
    ("throttle_on_budget_exceeded", Is::Null), ("allowed_passthrough_routes", Is::Null), ("soft_budget", Is::Null),
    ("allowed_vector_store_indexes", Is::Null),
];
/// What a stored key has beside that.
#[rustfmt::skip]
const STORED: &[(&str, Is)] = &[
    ("soft_budget_cooldown", Is::Flag), ("model_spend", Is::Map), ("rotation_count", Is::Whole), ("last_active", Is::Null),
    ("auto_rotate", Is::Flag), ("rotation_interval", Is::Null), ("last_rotation_at", Is::Null),
    ("key_rotation_at", Is::Null), ("object_permission_id", Is::Null), ("policies", Is::List), ("tpd_limit", Is::Null),
];

#[tokio::test]
async fn keys_look_as_at_the_incumbent() {
    let office = Office::open("").await;
    let master = office.master();
    let made = master.done("POST", "/key/generate", json!({})).await;
    compare("a new key", &made, KEY);
    compare("a new key", &made, ISSUED);
    let key = made["key"].as_str().unwrap();
    let info = master.see(&format!("/key/info?key={key}")).await;
    compare("a key", &info, &[("key", Is::Text), ("info", Is::Map)]);
    compare("a key", &info["info"], KEY);
    compare("a key", &info["info"], STORED);
    assert!(info["info"].get("token").is_none());
    let several = master.done("POST", "/v2/key/info", json!({ "keys": [key, "sk-unknown"] })).await;
    assert_eq!((&several["key"], several["info"].as_array().unwrap().len()), (&json!([key, "sk-unknown"]), 1));
    compare("one of several keys", &several["info"][0], KEY);
    let listed = master.see("/key/list?return_full_object=true").await;
    compare("a listed key", &listed["keys"][0], KEY);
    compare("a listed key", &listed["keys"][0], &[("token", Is::Text), ("team_alias", Is::Null), ("org_id", Is::Null)]);
    compare("a list", &listed, &[("total_count", Is::Whole), ("current_page", Is::Whole), ("total_pages", Is::Whole)]);
    let health = office.with(key).done("POST", "/key/health", json!({})).await;
    assert_eq!(health, json!({ "key": "healthy", "logging_callbacks": null }));
}

#[tokio::test]
async fn what_was_sent_about_a_key_is_shown() {
    let office = Office::open("").await;
    let sent = json!({
        "key_alias": "full", "models": ["demo"], "aliases": { "nick": "demo" }, "user_id": "u",
        "max_budget": 1, "soft_budget": 0.5, "budget_duration": "30d", "tpm_limit": 1, "rpm_limit": 2,
        "max_parallel_requests": 3, "permissions": { "get_spend_routes": true }, "allowed_cache_controls": ["no-cache"],
        "allowed_routes": ["llm_api_routes"], "config": { "a": 1 }, "object_permission": { "mcp_servers": ["m"] },
        "budget_fallbacks": { "demo": ["other"] }, "tags": ["t"], "guardrails": ["g"], "rpm_limit_type": "dynamic",
        "model_rpm_limit": { "demo": 4 }, "model_tpm_limit": { "demo": 5 }, "key_type": "llm_api",
        "router_settings": { "num_retries": 1 }, "access_group_ids": ["a"],
    });
    let made = office.master().done("POST", "/key/generate", sent.clone()).await;
    for (field, value) in sent.as_object().unwrap() {
        let same = made[field] == *value || made[field].as_f64().is_some_and(|shown| Some(shown) == value.as_f64());
        assert!(same, "{field}: {} instead of {value}", made[field]);
    }
    let metadata = json!({ "tags": ["t"], "guardrails": ["g"], "rpm_limit_type": "dynamic",
        "model_rpm_limit": { "demo": 4 }, "model_tpm_limit": { "demo": 5 } });
    assert_eq!(made["metadata"], metadata);
    assert!(made["budget_reset_at"].as_str().is_some_and(|at| at.ends_with("-01T00:00:00Z")), "{made}");
    let budgets = json!({ "key": made["key"], "model_max_budget": { "demo": { "max_budget": 0.1, "budget_duration": "1d" } },
        "budget_limits": [{ "budget_duration": "24h", "max_budget": 1 }],
        "temp_budget_increase": 5, "temp_budget_expiry": "2999-01-15" });
    let changed = office.master().done("POST", "/key/update", budgets).await;
    assert_eq!(changed["model_max_budget"], json!({ "demo": { "budget_limit": 0.1, "time_period": "1d" } }));
    assert_eq!(
        (&changed["budget_limits"][0]["max_budget"], changed["budget_limits"][0]["reset_at"].is_string()),
        (&json!(1.0), true)
    );
    let typed = office.master().done("POST", "/key/generate", json!({ "key_type": "read_only" })).await;
    assert_eq!(typed["allowed_routes"], json!(["info_routes"]));
}

/// Budgets and limits, where they are columns of the row itself.
#[rustfmt::skip]
const BOUNDS: &[(&str, Is)] = &[
    ("max_budget", Is::Null), ("soft_budget", Is::Null), ("budget_duration", Is::Null), ("budget_reset_at", Is::Null),
    ("tpm_limit", Is::Null), ("rpm_limit", Is::Null), ("tpd_limit", Is::Null), ("max_parallel_requests", Is::Null),
    ("budget_limits", Is::Null), ("model_max_budget", Is::Map),
];
/// A user.
#[rustfmt::skip]
const USER: &[(&str, Is)] = &[
    ("user_id", Is::Text), ("user_alias", Is::Null), ("user_email", Is::Text), ("user_role", Is::Text),
    ("sso_user_id", Is::Null), ("teams", Is::List), ("spend", Is::Float), ("models", Is::List), ("metadata", Is::Map),
    ("allowed_cache_controls", Is::List), ("policies", Is::List), ("model_spend", Is::Map),
    ("object_permission_id", Is::Null), ("created_at", Is::Moment), ("updated_at", Is::Moment),
];
/// A team.
#[rustfmt::skip]
const TEAM: &[(&str, Is)] = &[
    ("team_id", Is::Text), ("team_alias", Is::Null), ("organization_id", Is::Null), ("admins", Is::List),
    ("members", Is::List), ("members_with_roles", Is::List), ("team_member_permissions", Is::List), ("metadata", Is::Map),
    ("models", Is::List), ("model_id", Is::Null), ("litellm_model_table", Is::Null), ("blocked", Is::Flag),
    ("router_settings", Is::Null), ("access_group_ids", Is::List), ("policies", Is::List), ("spend", Is::Float),
    ("default_team_member_models", Is::List), ("object_permission_id", Is::Null), ("model_spend", Is::Map),
    ("team_member_budget_table", Is::Null), ("created_at", Is::Moment), ("updated_at", Is::Moment),
];
/// An organization.
#[rustfmt::skip]
const ORGANIZATION: &[(&str, Is)] = &[
    ("organization_id", Is::Text), ("organization_alias", Is::Text), ("budget_id", Is::Text), ("metadata", Is::Map),
    ("models", Is::List), ("spend", Is::Float), ("model_spend", Is::Map), ("object_permission_id", Is::Null),
    ("litellm_budget_table", Is::Map), ("created_at", Is::Moment), ("created_by", Is::Text), ("updated_at", Is::Moment),
    ("updated_by", Is::Text),
];
/// A shared budget.
#[rustfmt::skip]
const BUDGET: &[(&str, Is)] = &[
    ("budget_id", Is::Text), ("max_budget", Is::Float), ("soft_budget", Is::Null), ("max_parallel_requests", Is::Null),
    ("tpm_limit", Is::Null), ("rpm_limit", Is::Null), ("tpd_limit", Is::Null), ("model_max_budget", Is::Map),
    ("budget_duration", Is::Null), ("budget_reset_at", Is::Null), ("allowed_models", Is::List),
    ("created_at", Is::Moment), ("created_by", Is::Text), ("updated_at", Is::Moment), ("updated_by", Is::Text),
];
/// A customer.
#[rustfmt::skip]
const CUSTOMER: &[(&str, Is)] = &[
    ("user_id", Is::Text), ("alias", Is::Null), ("blocked", Is::Flag), ("spend", Is::Float), ("models", Is::List),
    ("allowed_model_region", Is::Null), ("default_model", Is::Null), ("budget_id", Is::Text),
    ("litellm_budget_table", Is::Map), ("object_permission_id", Is::Null),
];
/// A tag.
#[rustfmt::skip]
const TAG: &[(&str, Is)] = &[
    ("name", Is::Text), ("description", Is::Null), ("models", Is::List), ("model_info", Is::Map), ("spend", Is::Float),
    ("budget_id", Is::Null), ("litellm_budget_table", Is::Null), ("created_at", Is::Moment), ("created_by", Is::Text),
    ("updated_at", Is::Moment),
];
/// What a member may spend.
#[rustfmt::skip]
const MEMBERSHIP: &[(&str, Is)] = &[
    ("user_id", Is::Text), ("team_id", Is::Text), ("budget_id", Is::Null), ("spend", Is::Float),
    ("total_spend", Is::Float), ("litellm_budget_table", Is::Null),
];

#[tokio::test]
async fn users_and_teams_look_as_at_the_incumbent() {
    let office = Office::open("").await;
    let master = office.master();
    let made = master.done("POST", "/user/new", json!({ "user_id": "ann", "user_email": "ann@example.com" })).await;
    compare("a new user", &made, USER);
    compare("a new user", &made, BOUNDS);
    compare(
        "a new user",
        &made,
        &[("key", Is::Text), ("token", Is::Text), ("key_name", Is::Text), ("expires", Is::Null)],
    );
    let info = master.see("/user/info?user_id=ann").await;
    compare("a user", &info, &[("user_id", Is::Text), ("user_info", Is::Map), ("keys", Is::List), ("teams", Is::List)]);
    compare("a user", &info["user_info"], USER);
    compare("a key of a user", &info["keys"][0], &[("token", Is::Text), ("key_name", Is::Text), ("user_id", Is::Text)]);
    compare("a user alone", &master.see("/v2/user/info?user_id=ann").await, USER);
    let list = master.see("/user/list").await;
    compare("a listed user", &list["users"][0], USER);
    compare(
        "a list",
        &list,
        &[("total", Is::Whole), ("page", Is::Whole), ("page_size", Is::Whole), ("total_pages", Is::Whole)],
    );

    let made = master.done("POST", "/team/new", json!({ "team_id": "t", "members": ["ann"] })).await;
    compare("a new team", &made, TEAM);
    compare("a new team", &made, BOUNDS);
    compare(
        "a member",
        &made["members_with_roles"][0],
        &[("user_id", Is::Text), ("user_email", Is::Text), ("role", Is::Text)],
    );
    let info = master.see("/team/info?team_id=t").await;
    compare(
        "a team",
        &info,
        &[("team_id", Is::Text), ("team_info", Is::Map), ("keys", Is::List), ("team_memberships", Is::List)],
    );
    compare("a team", &info["team_info"], TEAM);
    compare("a membership", &info["team_memberships"][0], MEMBERSHIP);
    compare("a listed team", &master.see("/team/list").await[0], TEAM);
    compare("a listed team", &master.see("/v2/team/list").await["teams"][0], TEAM);
    let member = json!({ "team_id": "t", "member": { "role": "user", "user_id": "bob" } });
    let added = master.done("POST", "/team/member_add", member).await;
    compare("a team with a new member", &added, TEAM);
    compare("a new membership", &added["updated_team_memberships"][0], MEMBERSHIP);
    let member = json!({ "team_id": "t", "user_id": "bob" });
    compare("a team without a member", &master.done("POST", "/team/member_delete", member).await, TEAM);
    compare("a changed team", &master.done("POST", "/team/update", json!({ "team_id": "t" })).await["data"], TEAM);
}

#[tokio::test]
async fn everybody_else_looks_as_at_the_incumbent() {
    let office = Office::open("").await;
    let master = office.master();
    let organization = json!({ "organization_alias": "Acme", "max_budget": 1 });
    let organization = master.done("POST", "/organization/new", organization).await;
    compare("a new organization", &organization, ORGANIZATION);
    let id = organization["organization_id"].as_str().unwrap();
    let info = master.see(&format!("/organization/info?organization_id={id}")).await;
    compare("an organization", &info, ORGANIZATION);
    compare("an organization", &info, &[("members", Is::List), ("teams", Is::List)]);
    compare("its budget", &info["litellm_budget_table"], BUDGET);
    let budget = master.done("POST", "/budget/new", json!({ "budget_id": "b", "max_budget": 1 })).await;
    compare("a new budget", &budget, BUDGET);
    compare("a listed budget", &master.see("/budget/list").await[0], BUDGET);
    let customer = master.done("POST", "/customer/new", json!({ "user_id": "c", "budget_id": "b" })).await;
    compare("a new customer", &customer, CUSTOMER);
    compare("its budget", &customer["litellm_budget_table"], BUDGET);
    compare("a customer", &master.see("/customer/info?end_user_id=c").await, CUSTOMER);
    let tag = master.done("POST", "/tag/new", json!({ "name": "t" })).await;
    compare("a new tag", &tag, &[("message", Is::Text), ("tag", Is::Map)]);
    compare("a new tag", &tag["tag"], TAG);
    compare("a listed tag", &master.see("/tag/list").await[0], TAG);
    let model = json!({ "model_name": "m", "litellm_params": { "model": "openai/gpt-4o", "api_key": "k" } });
    let model = master.done("POST", "/model/new", model).await;
    let row = &[
        ("model_id", Is::Text),
        ("model_name", Is::Text),
        ("litellm_params", Is::Map),
        ("model_info", Is::Map),
        ("created_at", Is::Moment),
        ("created_by", Is::Text),
        ("updated_at", Is::Moment),
        ("updated_by", Is::Text),
    ];
    compare("a new model", &model, row);
    let info = master.see(&format!("/model/info?litellm_model_id={}", model["model_id"].as_str().unwrap())).await;
    compare(
        "a model",
        &info["data"][0],
        &[("model_name", Is::Text), ("litellm_params", Is::Map), ("model_info", Is::Map)],
    );
    #[rustfmt::skip]
    let facts = &[
        ("id", Is::Text), ("db_model", Is::Flag), ("key", Is::Text), ("litellm_provider", Is::Text), ("mode", Is::Text),
        ("max_tokens", Is::Whole), ("max_input_tokens", Is::Whole), ("max_output_tokens", Is::Whole),
        ("input_cost_per_token", Is::Float), ("output_cost_per_token", Is::Float), ("supports_vision", Is::Flag),
        ("supports_function_calling", Is::Flag), ("supports_response_schema", Is::Flag), ("supported_openai_params", Is::List),
    ];
    compare("what is known about a model", &info["data"][0]["model_info"], facts);
    let group = &master.see("/model_group/info?model_group=m").await["data"][0];
    #[rustfmt::skip]
    compare("a group", group, &[
        ("model_group", Is::Text), ("providers", Is::List), ("max_input_tokens", Is::Whole), ("mode", Is::Text),
        ("max_output_tokens", Is::Whole), ("input_cost_per_token", Is::Float), ("output_cost_per_token", Is::Float),
        ("tpm", Is::Null), ("rpm", Is::Null), ("supports_vision", Is::Flag), ("supports_function_calling", Is::Flag),
        ("supports_reasoning", Is::Flag), ("supported_openai_params", Is::List), ("is_public_model_group", Is::Flag),
        ("configurable_clientside_auth_params", Is::Null), ("health_status", Is::Null),
    ]);
}
