//! Who may do what: every role against every kind of action.

use serde_json::{Value, json};

use super::{MASTER, Office};

/// Everybody there is, by name and key.
struct Cast {
    office: Office,
    keys: Vec<(&'static str, String)>,
}

/// Roles, in the order in which the table below has them.
const ROLES: [&str; 9] = ["master", "admin", "viewer", "boss", "lead", "member", "plain", "guest", "service"];

impl Cast {
    /// An organization with a team; somebody of every role in it or beside it.
    async fn new() -> Self {
        let office = Office::open("").await;
        let master = office.master();
        master
            .done("POST", "/organization/new", json!({ "organization_id": "acme", "organization_alias": "Acme" }))
            .await;
        master
            .done("POST", "/organization/new", json!({ "organization_id": "rival", "organization_alias": "Rival" }))
            .await;
        let permitted = json!(["/key/generate", "/key/info", "/key/list"]);
        let team = json!({ "team_id": "red", "organization_id": "acme", "max_budget": 10, "team_member_permissions": permitted });
        master.done("POST", "/team/new", team).await;
        master.done("POST", "/team/new", json!({ "team_id": "lone" })).await;
        let mut keys = vec![("master", MASTER.to_owned())];
        for (user, role) in [
            ("admin", "proxy_admin"),
            ("viewer", "proxy_admin_viewer"),
            ("boss", "internal_user"),
            ("lead", "internal_user"),
            ("member", "internal_user"),
            ("plain", "internal_user"),
            ("guest", "internal_user_viewer"),
        ] {
            let made = master.done("POST", "/user/new", json!({ "user_id": user, "user_role": role })).await;
            keys.push((user, made["key"].as_str().expect("a key").to_owned()));
        }
        for (user, role) in [("boss", "org_admin"), ("member", "internal_user")] {
            let member = json!({ "organization_id": "acme", "member": { "role": role, "user_id": user } });
            master.done("POST", "/organization/member_add", member).await;
        }
        for (user, role) in [("lead", "admin"), ("member", "user"), ("guest", "user")] {
            let member = json!({ "team_id": "red", "member": { "role": role, "user_id": user } });
            master.done("POST", "/team/member_add", member).await;
        }
        let service = json!({ "team_id": "red", "key_alias": "service" });
        let service = master.done("POST", "/key/service-account/generate", service).await;
        assert_eq!(
            (&service["user_id"], &service["metadata"]["service_account_id"]),
            (&Value::Null, &json!("service"))
        );
        keys.push(("service", service["key"].as_str().expect("a key").to_owned()));
        master.done("POST", "/key/generate", json!({ "key": "sk-of-plain-user", "user_id": "plain" })).await;
        master
            .done("POST", "/key/generate", json!({ "key": "sk-of-team-red", "team_id": "red", "max_budget": 1 }))
            .await;
        master.done("POST", "/customer/new", json!({ "user_id": "customer" })).await;
        master.done("POST", "/budget/new", json!({ "budget_id": "budget", "max_budget": 1 })).await;
        master.done("POST", "/tag/new", json!({ "name": "tag" })).await;
        let model =
            json!({ "model_name": "db", "litellm_params": { "model": "mock/demo" }, "model_info": { "id": "db" } });
        master.done("POST", "/model/new", model).await;
        let credential = json!({ "credential_name": "shared", "credential_values": { "api_key": "x" } });
        master.done("POST", "/credentials", credential).await;
        let path =
            json!({ "id": "passage", "path": "/passage", "target": "http://x.example", "headers": { "x": "y" } });
        master.done("POST", "/config/pass_through_endpoint", path).await;
        Cast { office, keys }
    }

    async fn status(&self, role: &str, method: &str, path: &str, body: &Value) -> u16 {
        let (_, key) = self.keys.iter().find(|(name, _)| *name == role).expect("everybody has a key");
        self.office.with(key).ask(method, path, body.clone()).await.status()
    }
}

/// Actions that change nothing for good, or that any number of people can do: who may, as one letter per role of
/// [`ROLES`], `.` for who may not.
#[rustfmt::skip]
fn table() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    vec![
        ("GET", "/key/info", json!(null), ".avblmpgs"),
        ("GET", "/key/info?key=sk-of-plain-user", json!(null), "mav...p.."),
        ("GET", "/key/info?key=sk-of-team-red", json!(null), "mavblm.g."),
        ("POST", "/key/update", json!({ "key": "sk-of-plain-user", "metadata": {} }), "ma....p.."),
        ("POST", "/key/update", json!({ "key": "sk-of-team-red", "metadata": {} }), "ma.bl...."),
        ("POST", "/key/update", json!({ "key": "sk-of-team-red", "max_budget": 1 }), "ma.bl...."),
        ("POST", "/key/block", json!({ "key": "sk-of-team-red" }), "ma.bl...."),
        ("POST", "/key/unblock", json!({ "key": "sk-of-team-red" }), "ma.bl...."),
        ("POST", "/key/block", json!({ "key": "sk-of-plain-user" }), "ma....p.."),
        ("POST", "/key/generate", json!({}), "ma.blmp.."),
        ("POST", "/key/generate", json!({ "user_id": "plain" }), "ma....p.."),
        ("POST", "/key/generate", json!({ "user_id": "member" }), "ma.b.m..."),
        ("POST", "/key/generate", json!({ "team_id": "red" }), "ma.blm..."),
        ("POST", "/key/generate", json!({ "team_id": "red", "user_id": "lead" }), "ma.bl...."),
        ("POST", "/key/generate", json!({ "team_id": "lone" }), "ma......."),
        ("POST", "/key/generate", json!({ "organization_id": "rival" }), "ma......."),
        ("POST", "/key/service-account/generate", json!({ "team_id": "red" }), "ma.bl...."),
        ("POST", "/key/bulk_update", json!({ "keys": [{ "key": "sk-of-team-red", "max_budget": 1 }] }), "ma......."),
        ("POST", "/team/key/bulk_update", json!({ "team_id": "red", "all_keys_in_team": true, "update_fields": { "tags": [] } }), "ma.bl...."),
        ("GET", "/key/list", json!(null), "mavblmpgs"),
        ("POST", "/key/health", json!({}), "mavblmpgs"),
        ("GET", "/user/info?user_id=plain", json!(null), "mav...p.."),
        ("GET", "/user/info?user_id=member", json!(null), "mavb.m..."),
        ("GET", "/user/list", json!(null), "mavblmpgs"),
        ("POST", "/user/update", json!({ "user_id": "plain", "user_alias": "P" }), "ma....p.."),
        ("POST", "/user/update", json!({ "user_id": "plain", "max_budget": 5 }), "ma......."),
        ("POST", "/user/update", json!({ "user_id": "plain", "user_role": "internal_user" }), "ma......."),
        ("POST", "/user/update", json!({ "user_id": "member", "max_budget": 5 }), "ma.b....."),
        ("POST", "/user/update", json!({ "user_id": "member", "user_email": "m@example.com" }), "ma.b....."),
        ("POST", "/user/delete", json!({ "user_ids": ["admin", "nobody"] }), "........."),
        ("GET", "/team/info?team_id=red", json!(null), "mavblm.gs"),
        ("GET", "/team/info?team_id=lone", json!(null), "mav......"),
        ("GET", "/team/list", json!(null), "mavblmpgs"),
        ("GET", "/team/permissions_list?team_id=red", json!(null), "mavblm.gs"),
        ("POST", "/team/update", json!({ "team_id": "red", "team_alias": "Red" }), "ma.bl...."),
        ("POST", "/team/update", json!({ "team_id": "red", "max_budget": 9 }), "ma.bl...."),
        ("POST", "/team/permissions_bulk_update", json!({ "permissions": ["/key/info"], "team_ids": ["red"] }), "ma.bl...."),
        ("POST", "/team/permissions_bulk_update", json!({ "permissions": ["/key/info"], "apply_to_all_teams": true }), "ma......."),
        ("POST", "/team/member_update", json!({ "team_id": "red", "user_id": "member", "rpm_limit": 5 }), "ma.bl...."),
        ("POST", "/team/model/add", json!({ "team_id": "red", "models": ["demo"] }), "ma.b....."),
        ("POST", "/team/block", json!({ "team_id": "lone" }), "ma......."),
        ("POST", "/team/delete", json!({ "team_ids": ["red", "nothing"] }), "........."),
        ("GET", "/organization/info?organization_id=acme", json!(null), "mavb.m..."),
        ("GET", "/organization/info?organization_id=rival", json!(null), "mav......"),
        ("PATCH", "/organization/update", json!({ "organization_id": "acme", "max_budget": 5 }), "ma......."),
        ("PATCH", "/organization/member_update", json!({ "organization_id": "acme", "user_id": "member", "role": "internal_user" }), "ma.b....."),
        ("DELETE", "/organization/delete", json!({ "organization_ids": ["acme", "nothing"] }), "........."),
        ("GET", "/customer/info?end_user_id=customer", json!(null), "mav......"),
        ("GET", "/customer/list", json!(null), "mav......"),
        ("POST", "/customer/update", json!({ "user_id": "customer", "alias": "C" }), "ma......."),
        ("POST", "/customer/block", json!({ "user_ids": ["customer"] }), "ma......."),
        ("GET", "/budget/list", json!(null), "mav......"),
        ("POST", "/budget/info", json!({ "budgets": ["budget"] }), "mav......"),
        ("POST", "/budget/update", json!({ "budget_id": "budget", "max_budget": 2 }), "ma......."),
        ("GET", "/tag/list", json!(null), "mav......"),
        ("POST", "/tag/update", json!({ "name": "tag", "description": "d" }), "ma......."),
        ("GET", "/user/available_roles", json!(null), "mavblmpgs"),
        ("POST", "/config/reload", json!({}), "ma......."),
        ("GET", "/model/info", json!(null), "mavblmpgs"),
        ("POST", "/model/update", json!({ "model_info": { "id": "db" }, "litellm_params": { "rpm": 1 } }), "ma......."),
        ("POST", "/model/block", json!({ "id": "db" }), "ma......."),
        ("GET", "/config/pass_through_endpoint", json!(null), "mav......"),
        ("GET", "/config/pass_through_endpoint?endpoint_id=passage", json!(null), "mav......"),
        ("GET", "/config/pass_through_endpoint/team/red", json!(null), "mav......"),
        ("POST", "/config/pass_through_endpoint", json!({ "path": "/key", "target": "http://x.example" }), "........."),
        ("POST", "/config/pass_through_endpoint/passage", json!({ "target": "http://y.example" }), "ma......."),
        ("DELETE", "/config/pass_through_endpoint?endpoint_id=nothing", json!(null), "........."),
        ("GET", "/credentials", json!(null), "mav......"),
        ("PATCH", "/credentials/shared", json!({ "credential_values": { "api_base": "http://x.example" } }), "ma......."),
        ("GET", "/audit", json!(null), "mav......"),
        ("GET", "/get/allowed_ips", json!(null), "mav......"),
        ("POST", "/add/allowed_ip", json!({ "ip": "127.0.0.1" }), "ma......."),
        ("GET", "/global/spend", json!(null), "mav......"),
        ("GET", "/global/spend/keys", json!(null), "mav......"),
        ("GET", "/spend/logs/v2", json!(null), "mavblmpgs"),
        ("GET", "/spend/keys", json!(null), "mavblmpgs"),
        ("GET", "/user/daily/activity?start_date=2024-01-01&end_date=2024-01-02", json!(null), "mavblmpgs"),
        ("GET", "/user/daily/activity?user_id=plain&start_date=2024-01-01&end_date=2024-01-02", json!(null), "mav...p.."),
        ("GET", "/team/daily/activity?team_ids=red&start_date=2024-01-01&end_date=2024-01-02", json!(null), "mavblm.gs"),
        ("GET", "/organization/daily/activity?organization_ids=acme&start_date=2024-01-01&end_date=2024-01-02", json!(null), "mavb....."),
        ("GET", "/tag/daily/activity?start_date=2024-01-01&end_date=2024-01-02", json!(null), "mav......"),
        ("POST", "/key/sk-of-team-red/reset_spend", json!({ "reset_to": 0 }), "ma.bl...."),
        ("POST", "/key/sk-of-plain-user/reset_spend", json!({ "reset_to": 0 }), "ma......."),
        ("POST", "/team/red/member/member/reset_spend", json!({}), "ma.b....."),
        ("POST", "/global/spend/reset", json!({}), "m........"),
        ("GET", "/drill", json!(null), "mav......"),
        ("GET", "/drill/list", json!(null), "mav......"),
    ]
}

#[tokio::test]
async fn every_role_may_do_what_the_table_says_and_nothing_else() {
    let cast = Cast::new().await;
    let mut wrong = String::new();
    for (method, path, body, who) in table() {
        let mut granted = String::new();
        for (role, letter) in ROLES.into_iter().zip(who.chars()) {
            let status = cast.status(role, method, path, &body).await;
            assert!(status < 500, "{role}: {method} {path} {body}: {status}");
            granted.push(match (status, letter) {
                (200, '.') => '!',
                (200, _) => letter,
                _ => '.',
            });
        }
        if granted != who {
            wrong.push_str(&format!("\n{method} {path} {body}: expected {who}, got {granted}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn lists_show_everybody_what_is_theirs() {
    let cast = Cast::new().await;
    for (path, field, expected) in [
        ("/key/list?size=100", "total_count", [10, 10, 10, 1, 1, 1, 2, 1, 1]),
        ("/key/list?size=100&include_team_keys=true", "total_count", [10, 10, 10, 3, 3, 3, 2, 1, 1]),
        ("/user/list", "total", [7, 7, 7, 2, 1, 1, 1, 1, 0]),
        ("/v2/team/list", "total", [2, 2, 2, 1, 1, 1, 0, 1, 1]),
    ] {
        for (role, count) in ROLES.into_iter().zip(expected) {
            let (_, key) = cast.keys.iter().find(|(name, _)| *name == role).unwrap();
            let list = cast.office.with(key).see(path).await;
            assert_eq!(list[field], count, "{role}: {path}");
        }
    }
}

#[tokio::test]
async fn nobody_gets_more_by_way_of_a_key() {
    let cast = Cast::new().await;
    let made = json!({ "user_id": "plain", "max_budget": 5, "budget_duration": "30d", "models": ["demo"], "rpm_limit": 3,
        "allowed_routes": ["management_routes"], "duration": "7d", "guardrails": ["pii"] });
    let own = cast.office.key(made).await;
    let plain = cast.office.with(&own);
    for (more, status) in [
        (json!({ "max_budget": 6 }), 403),
        (json!({ "models": ["other"] }), 403),
        (json!({ "models": ["demo", "other"] }), 403),
        (json!({ "models": ["*"] }), 403),
        (json!({ "rpm_limit": 4 }), 403),
        (json!({ "budget_duration": "1s", "max_budget": 5 }), 403),
        (json!({ "allowed_routes": ["/*"] }), 403),
        (json!({ "allowed_routes": ["llm_api_routes"] }), 403),
        (json!({ "duration": "8d" }), 403),
        (json!({ "duration": "-1" }), 200),
        (json!({ "permissions": { "get_spend_routes": true } }), 403),
        (json!({ "disable_global_guardrails": true }), 403),
        (json!({ "user_id": "admin" }), 403),
        (json!({ "user_id": null, "team_id": "red" }), 403),
        (json!({ "organization_id": "acme" }), 403),
        (json!({ "key": "sk-short" }), 400),
    ] {
        let answer = plain.ask("POST", "/key/generate", more.clone()).await;
        assert_eq!(answer.status(), status, "{more}: {}", answer.text());
    }
    let child = plain.done("POST", "/key/generate", json!({})).await;
    assert_eq!(
        (&child["max_budget"], &child["models"], &child["rpm_limit"]),
        (&json!(5.0), &json!(["demo"]), &json!(3))
    );
    assert_eq!((&child["budget_duration"], &child["guardrails"]), (&json!("30d"), &json!(["pii"])));
    assert!(child["expires"].is_string());
    for more in [
        json!({ "max_budget": 6 }),
        json!({ "max_budget": null }),
        json!({ "models": [] }),
        json!({ "duration": "-1" }),
        json!({ "metadata": {} }),
        json!({ "budget_id": null, "temp_budget_increase": 5, "temp_budget_expiry": "2999-01-01" }),
        json!({ "user_id": "admin" }),
        json!({ "team_id": "red" }),
    ] {
        let mut change = more.clone();
        change["key"] = child["key"].clone();
        plain.refused("POST", "/key/update", change.clone(), 403).await;
        let named = format!("/key/{}/regenerate", child["token"].as_str().unwrap());
        plain.refused("POST", &named, more, 403).await;
    }
    let less = json!({ "key": child["key"], "max_budget": 1, "rpm_limit": 1 });
    assert_eq!(plain.done("POST", "/key/update", less).await["max_budget"], 1.0);
}

#[tokio::test]
async fn a_key_reaches_only_the_paths_it_has() {
    let cast = Cast::new().await;
    for (kind, allowed, refused) in [
        ("llm_api", "/v1/models", "/key/list"),
        ("management", "/key/list", "/health"),
        ("read_only", "/key/info", "/key/block"),
    ] {
        let key = cast.office.key(json!({ "user_id": "admin", "key_type": kind })).await;
        let person = cast.office.with(&key);
        assert_eq!(person.ask("GET", allowed, Value::Null).await.status(), 200, "{kind} {allowed}");
        let method = if refused == "/key/block" { "POST" } else { "GET" };
        let status = person.ask(method, refused, json!({})).await.status();
        assert!([403, 404].contains(&status), "{kind} {refused}: {status}");
    }
}

#[tokio::test]
async fn administrators_are_made_by_their_like_alone() {
    let cast = Cast::new().await;
    let key = |name: &str| cast.keys.iter().find(|(known, _)| *known == name).map(|(_, key)| key.clone()).unwrap();
    let boss_key = key("boss");
    let boss = cast.office.with(&boss_key);
    boss.done("POST", "/user/new", json!({ "user_id": "new", "organizations": ["acme"] })).await;
    let admin = json!({ "user_id": "evil", "organizations": ["acme"], "user_role": "proxy_admin" });
    boss.refused("POST", "/user/new", admin, 403).await;
    boss.refused("POST", "/user/new", json!({ "user_id": "evil", "organizations": ["rival"] }), 403).await;
    boss.refused("POST", "/user/new", json!({ "user_id": "evil" }), 403).await;
    boss.refused("POST", "/user/new", json!({ "user_id": "evil", "organizations": ["acme"], "teams": ["lone"] }), 403)
        .await;
    for role in ["proxy_admin", "proxy_admin_viewer"] {
        boss.refused("POST", "/user/update", json!({ "user_id": "new", "user_role": role }), 403).await;
    }
    let member = json!({ "organization_id": "acme", "member": { "role": "org_admin", "user_id": "admin" } });
    boss.done("POST", "/organization/member_add", member).await;
    boss.refused("POST", "/user/update", json!({ "user_id": "admin", "blocked": true }), 403).await;
    boss.refused("POST", "/user/delete", json!({ "user_ids": ["admin"] }), 403).await;
    for name in ["lead", "member", "plain", "guest", "service", "viewer"] {
        let key = key(name);
        let person = cast.office.with(&key);
        person.refused("POST", "/user/new", json!({ "user_id": "evil" }), 403).await;
        person.refused("POST", "/organization/new", json!({ "organization_alias": "Evil" }), 403).await;
        person.refused("POST", "/team/new", json!({ "team_alias": "Evil" }), 403).await;
        person.refused("POST", "/team/new", json!({ "team_alias": "Evil", "organization_id": "acme" }), 403).await;
        let myself = json!({ "organization_id": "acme", "member": { "role": "org_admin", "user_id": name } });
        person.refused("POST", "/organization/member_add", myself, 403).await;
        let myself = json!({ "team_id": "lone", "member": { "role": "admin", "user_id": name } });
        person.refused("POST", "/team/member_add", myself, 403).await;
        person.refused("POST", "/user/update", json!({ "user_id": "plain", "user_role": "proxy_admin" }), 403).await;
    }
}

#[tokio::test]
async fn who_is_held_back_does_not_loosen_it() {
    let cast = Cast::new().await;
    let key = |name: &str| cast.keys.iter().find(|(known, _)| *known == name).map(|(_, key)| key.clone()).unwrap();
    let (boss, lead, plain) = (key("boss"), key("lead"), key("plain"));
    let (boss, lead, plain) = (cast.office.with(&boss), cast.office.with(&lead), cast.office.with(&plain));
    cast.office.master().done("POST", "/key/block", json!({ "key": "sk-of-plain-user" })).await;
    plain.refused("POST", "/key/unblock", json!({ "key": "sk-of-plain-user" }), 403).await;
    plain.refused("POST", "/key/update", json!({ "key": "sk-of-plain-user", "blocked": false }), 403).await;
    for more in [
        json!({ "max_budget": 11 }),
        json!({ "max_budget": null }),
        json!({ "budget_duration": "1d" }),
        json!({ "temp_budget_increase": 1, "temp_budget_expiry": "2999-01-01" }),
        json!({ "organization_id": null }),
    ] {
        let mut change = more;
        change["team_id"] = json!("red");
        let refused = lead.ask("POST", "/team/update", change.clone()).await.status();
        let passed_over = change.get("temp_budget_increase").is_some();
        assert_eq!(refused, if passed_over { 200 } else { 403 }, "{change}");
    }
    boss.done("POST", "/team/update", json!({ "team_id": "red", "max_budget": 11 })).await;
    for person in [&boss, &lead] {
        person.refused("POST", "/team/update", json!({ "team_id": "red", "organization_id": "rival" }), 403).await;
    }
}
