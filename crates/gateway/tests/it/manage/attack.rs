//! What people try who want more than they were given.

use serde_json::{Value, json};

use super::{Office, Person};

/// A gateway with two organizations, a team in each, and people: `admin` of the whole gateway, `boss` of acme, `lead` and
/// `member` of the team red, `stranger` of the team blue at rival, `plain` of nothing.
struct Scene {
    office: Office,
}

impl Scene {
    async fn new(settings: &str) -> Self {
        let office = Office::open(settings).await;
        let master = office.master();
        for (organization, team) in [("acme", "red"), ("rival", "blue")] {
            let fields = json!({ "organization_id": organization, "organization_alias": organization });
            master.done("POST", "/organization/new", fields).await;
            let permitted = json!(["/key/generate", "/key/regenerate", "/key/info", "/key/list"]);
            let fields =
                json!({ "team_id": team, "organization_id": organization, "team_member_permissions": permitted });
            master.done("POST", "/team/new", fields).await;
        }
        for (user, role) in [
            ("admin", "proxy_admin"),
            ("boss", "internal_user"),
            ("lead", "internal_user"),
            ("member", "internal_user"),
            ("stranger", "internal_user"),
            ("plain", "internal_user"),
        ] {
            let fields = json!({ "user_id": user, "user_role": role, "auto_create_key": false, "user_email": format!("{user}@example.com") });
            master.done("POST", "/user/new", fields).await;
            master.done("POST", "/key/generate", json!({ "user_id": user, "key": secret(user) })).await;
        }
        for (organization, user, role) in
            [("acme", "boss", "org_admin"), ("acme", "member", "internal_user"), ("rival", "stranger", "internal_user")]
        {
            let member = json!({ "organization_id": organization, "member": { "role": role, "user_id": user } });
            master.done("POST", "/organization/member_add", member).await;
        }
        for (team, user, role) in [("red", "lead", "admin"), ("red", "member", "user"), ("blue", "stranger", "admin")] {
            let member = json!({ "team_id": team, "member": { "role": role, "user_id": user } });
            master.done("POST", "/team/member_add", member).await;
        }
        Scene { office }
    }

    fn user(&self, name: &str) -> Person<'_> {
        self.office.with(secret(name))
    }

    /// Whoever has the key that was just made.
    fn with(&self, made: &Value) -> Person<'_> {
        self.office.with(made["key"].as_str().expect("a new key is shown"))
    }

    /// Nobody who calls with this key is anybody.
    async fn is_nobody(&self, made: &Value) {
        let person = self.with(made);
        let seen = person.see("/key/list?include_team_keys=true&size=100").await;
        assert_eq!(seen["total_count"], 1, "it sees itself alone: {seen}");
        assert_eq!(person.see("/user/list").await["total"], 0);
        for (path, body) in [
            ("/user/new", json!({ "user_id": "evil" })),
            ("/key/generate", json!({})),
            ("/team/new", json!({})),
            ("/team/member_add", json!({ "team_id": "red", "member": { "role": "admin", "user_id": "plain" } })),
            ("/config/reload", json!({})),
        ] {
            let answer = person.ask("POST", path, body).await;
            assert_eq!(answer.status(), 403, "{path}: {}", answer.text());
        }
        let call = chat("demo", json!({}));
        assert_eq!(person.ask("POST", "/v1/chat/completions", call).await.status(), 200, "it calls models");
    }
}

fn secret(user: &str) -> String {
    format!("sk-the-own-key-of-{user}")
}

fn chat(model: &str, more: Value) -> Value {
    let mut body = more;
    body["model"] = model.into();
    body["messages"] = json!([{ "role": "user", "content": "hi" }]);
    body
}

#[tokio::test]
async fn who_makes_a_key_for_somebody_else_does_not_become_them() {
    let scene = Scene::new("").await;
    let (master, lead, member, boss) =
        (scene.office.master(), scene.user("lead"), scene.user("member"), scene.user("boss"));
    let for_admin = json!({ "team_id": "red", "user_id": "admin" });
    lead.refused("POST", "/key/generate", for_admin.clone(), 403).await;
    lead.done(
        "POST",
        "/team/member_add",
        json!({ "team_id": "red", "member": { "role": "user", "user_id": "admin" } }),
    )
    .await;
    let made = lead.done("POST", "/key/generate", for_admin.clone()).await;
    assert_eq!(made["delegated"], true);
    scene.is_nobody(&made).await;

    let admins = master.done("POST", "/key/generate", for_admin).await;
    assert_eq!(scene.with(&admins).see("/user/list").await["total"], 6);
    for thief in [&lead, &member] {
        let path = format!("/key/{}/regenerate", admins["token"].as_str().unwrap());
        let answer = thief.ask("POST", &path, json!({})).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        scene.is_nobody(&answer.json()).await;
        master.done("POST", "/key/delete", json!({ "keys": [answer.json()["token"]] })).await;
        master.done("POST", "/key/generate", json!({ "team_id": "red", "user_id": "admin", "key": "sk-again" })).await;
        master.done("POST", "/key/delete", json!({ "keys": ["sk-again"] })).await;
        let again = json!({ "team_id": "red", "user_id": "admin", "key": admins["key"] });
        master.done("POST", "/key/generate", again).await;
    }

    let own = lead.done("POST", "/key/generate", json!({ "team_id": "red" })).await;
    assert_eq!(scene.with(&own).see("/user/list").await["total"], 1);
    let changed = lead.done("POST", "/key/update", json!({ "key": own["key"], "user_id": "admin" })).await;
    assert_eq!(changed["user_id"], "admin");
    scene.is_nobody(&own).await;
    let back = json!({ "key": own["key"], "user_id": "lead", "team_id": "red" });
    lead.done("POST", "/key/update", back).await;

    scene.is_nobody(&boss.done("POST", "/key/generate", json!({ "team_id": "red", "user_id": "lead" })).await).await;
    let members = boss.done("POST", "/key/generate", json!({ "user_id": "member" })).await;
    assert_eq!(
        scene.with(&members).see("/user/info").await["user_id"],
        "member",
        "the boss manages all that they are in"
    );
    let mine = scene.with(&members).done("POST", "/key/regenerate", json!({ "key": members["key"] })).await;
    assert_eq!(scene.with(&mine).see("/user/info").await["user_id"], "member");
}

#[tokio::test]
async fn who_invites_somebody_does_not_take_them_over() {
    let scene = Scene::new("").await;
    let boss = scene.user("boss");
    for victim in ["plain", "stranger"] {
        let member = json!({ "organization_id": "acme", "member": { "role": "internal_user", "user_id": victim } });
        let shown = boss.done("POST", "/organization/member_add", member).await;
        assert_eq!(shown["updated_users"][0]["user_email"], format!("{victim}@example.com"));
        assert_eq!(shown["updated_users"][0].get("max_budget"), None, "who they are, and no more: {shown}");
        boss.refused("GET", &format!("/user/info?user_id={victim}"), Value::Null, 403).await;
        boss.refused("GET", &format!("/key/info?key={}", secret(victim)), Value::Null, 403).await;
        for (path, body) in [
            ("/user/update", json!({ "user_id": victim, "max_budget": 1 })),
            ("/user/delete", json!({ "user_ids": [victim] })),
            ("/key/generate", json!({ "user_id": victim })),
            ("/key/regenerate", json!({ "key": secret(victim) })),
            ("/key/delete", json!({ "keys": [secret(victim)] })),
        ] {
            boss.refused("POST", path, body, 403).await;
        }
        let acme = boss.see("/organization/info?organization_id=acme").await;
        let row = acme["members"].as_array().unwrap().iter().find(|row| row["user_id"] == victim).unwrap().clone();
        assert_eq!(row["user"].get("spend"), None, "{row}");
    }
    let made = json!({ "user_id": "own", "organizations": ["acme"], "auto_create_key": false });
    boss.done("POST", "/user/new", made).await;
    boss.done("POST", "/user/update", json!({ "user_id": "own", "user_alias": "Own" })).await;
}

#[tokio::test]
async fn an_organizations_admin_gives_users_no_more_than_the_operator_does() {
    let scene = Scene::new("litellm_settings: {max_internal_user_budget: 5}\n").await;
    let boss = scene.user("boss");
    let made = |fields: Value| {
        let mut user = fields;
        user["organizations"] = json!(["acme"]);
        user
    };
    for more in [json!({ "max_budget": 6 }), json!({ "max_budget": null })] {
        boss.refused("POST", "/user/new", made(more), 403).await;
    }
    boss.done("POST", "/user/new", made(json!({ "user_id": "own", "max_budget": 4 }))).await;
    boss.done("POST", "/user/update", json!({ "user_id": "own", "max_budget": 5 })).await;
    for more in [json!(6), json!(null)] {
        boss.refused("POST", "/user/update", json!({ "user_id": "own", "max_budget": more }), 403).await;
    }
    scene.office.master().done("POST", "/user/update", json!({ "user_id": "own", "max_budget": 9 })).await;
    boss.done("POST", "/user/update", json!({ "user_id": "own", "max_budget": 8 })).await;
}

#[tokio::test]
async fn what_somebody_is_in_elsewhere_is_not_shown() {
    let scene = Scene::new("").await;
    let master = scene.office.master();
    let member = json!({ "team_id": "blue", "member": { "role": "user", "user_id": "member" } });
    master.done("POST", "/team/member_add", member).await;
    master
        .done("POST", "/key/generate", json!({ "team_id": "blue", "user_id": "member", "key_alias": "in blue" }))
        .await;
    let info = scene.user("boss").see("/user/info?user_id=member").await;
    let names =
        |list: &str, name: &str| info[list].as_array().unwrap().iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        (names("teams", "team_id"), names("keys", "team_id")),
        (vec![json!("red")], vec![json!(null)]),
        "{info}"
    );
    let own = scene.user("member").see("/user/info").await;
    assert_eq!((own["teams"].as_array().unwrap().len(), own["keys"].as_array().unwrap().len()), (2, 2));
}

#[tokio::test]
async fn nobody_outbids_a_shared_budget() {
    let scene = Scene::new("").await;
    let master = scene.office.master();
    master.done("POST", "/budget/new", json!({ "budget_id": "small", "max_budget": 5, "rpm_limit": 3 })).await;
    master.done("POST", "/key/update", json!({ "key": secret("plain"), "budget_id": "small" })).await;
    let plain = scene.user("plain");
    for more in [json!({ "max_budget": 6 }), json!({ "rpm_limit": 4 })] {
        let mut change = more.clone();
        plain.refused("POST", "/key/generate", more, 403).await;
        change["key"] = json!(secret("plain"));
        plain.refused("POST", "/key/update", change, 403).await;
    }
    plain.done("POST", "/key/update", json!({ "key": secret("plain"), "max_budget": 4 })).await;
    master.done("POST", "/team/update", json!({ "team_id": "red", "budget_id": "small" })).await;
    scene.user("lead").refused("POST", "/team/update", json!({ "team_id": "red", "max_budget": 6 }), 403).await;
}

#[tokio::test]
async fn no_other_name_of_a_model_leads_past_a_key() {
    let scene = Scene::new("").await;
    let call = |key: &Value, body: Value| {
        let person = scene.with(key);
        async move {
            let answer = person.ask("POST", "/v1/chat/completions", body).await;
            (answer.status(), answer.json()["error"]["param"].clone())
        }
    };
    let narrow = json!({ "key": scene.office.key(json!({ "models": ["demo"] })).await });
    assert_eq!(call(&narrow, chat("demo", json!({}))).await.0, 200);
    assert_eq!(call(&narrow, chat("demo", json!({ "fallbacks": ["other"] }))).await.0, 403);
    assert_eq!(call(&narrow, chat("demo", json!({ "fallbacks": [{ "model": "other" }] }))).await.0, 403);
    assert_eq!(call(&narrow, chat("mock/demo", json!({}))).await.0, 403);
    let teamless = json!({ "key": scene.office.key(json!({ "models": ["all-team-models"] })).await });
    assert_eq!(call(&teamless, chat("demo", json!({}))).await.0, 403);
    let admins = scene.office.key(json!({ "user_id": "admin", "models": ["demo"] })).await;
    assert_eq!(call(&json!({ "key": admins }), chat("other", json!({}))).await.0, 403);

    let models = scene.office.master().see("/v1/model/info").await;
    let ids: Vec<&str> =
        models["data"].as_array().unwrap().iter().map(|row| row["model_info"]["id"].as_str().unwrap()).collect();
    let limited = json!({ "model_rpm_limit": { "demo": 1, "other": 1 } });
    let limited = json!({ "key": scene.office.key(limited).await });
    for id in &ids {
        assert_eq!(call(&limited, chat(id, json!({}))).await.0, 200);
    }
    for name in ids.iter().copied().chain(["demo", "other", "mock/demo"]) {
        assert_eq!(call(&limited, chat(name, json!({}))).await.0, 429, "{name}");
    }
}

#[tokio::test]
async fn a_customer_gets_only_the_models_meant_for_them() {
    let office = Office::open("").await;
    let master = office.master();
    master.done("POST", "/customer/new", json!({ "user_id": "c", "models": ["demo"] })).await;
    master.done("POST", "/budget/new", json!({ "budget_id": "b", "allowed_models": ["demo"] })).await;
    master.done("POST", "/customer/new", json!({ "user_id": "d", "budget_id": "b" })).await;
    let key = office.key(json!({})).await;
    for customer in ["c", "d"] {
        let of = |model: &str| chat(model, json!({ "user": customer }));
        assert_eq!(office.with(&key).ask("POST", "/v1/chat/completions", of("demo")).await.status(), 200);
        office.with(&key).refused("POST", "/v1/chat/completions", of("other"), 403).await;
    }
}

#[tokio::test]
async fn a_team_names_its_models_past_no_other_team() {
    let scene = Scene::new("").await;
    let master = scene.office.master();
    for team in ["a", "a_b"] {
        master.done("POST", "/team/new", json!({ "team_id": team })).await;
    }
    let model = |team: &str, id: &str| {
        json!({ "model_name": "mine", "litellm_params": { "model": "mock/demo", "api_key": "x" },
            "model_info": { "id": id, "team_id": team } })
    };
    let one = master.done("POST", "/model/new", model("a", "b_c")).await;
    let other = master.done("POST", "/model/new", model("a_b", "c")).await;
    assert_ne!(one["model_name"], other["model_name"]);
    for (team, status) in [("a", 200), ("a_b", 403)] {
        let key = scene.office.key(json!({ "team_id": team })).await;
        let name = one["model_name"].as_str().unwrap();
        let answer = scene.office.with(&key).ask("POST", "/v1/chat/completions", chat(name, json!({}))).await;
        assert_eq!(answer.status(), status, "{team}: {}", answer.text());
    }
}

#[tokio::test]
async fn no_secret_within_a_model_is_shown_however_deep_it_lies() {
    let office = Office::open("").await;
    let params = json!({ "model": "mock/demo", "api_key": "hidden-1", "extra_body": { "gateway": { "auth_token": "hidden-2", "region": "eu" } },
        "extra_headers": { "x-team": "hidden-3" } });
    let made =
        office.master().done("POST", "/model/new", json!({ "model_name": "deep", "litellm_params": params })).await;
    let key = office.key(json!({})).await;
    let shown = office.with(&key).see("/v1/model/info").await.to_string() + &made.to_string();
    assert!(!shown.contains("hidden") && shown.contains("\"region\":\"eu\""), "{shown}");
}

#[tokio::test]
async fn paths_for_administrators_have_no_other_names() {
    let settings =
        "general_settings:\n  admin_only_routes: [\"/key/regenerate\", \"/team/update\", \"/v1/chat/completions\"]\n";
    let scene = Scene::new(settings).await;
    let (lead, admin) = (scene.user("lead"), scene.user("admin"));
    lead.refused("POST", &format!("/key/{}/regenerate", secret("lead")), json!({}), 403).await;
    lead.refused("PATCH", "/team/red", json!({ "team_alias": "Red" }), 403).await;
    for path in ["/chat/completions", "/v1/chat/completions/", "/engines/demo/chat/completions"] {
        lead.refused("POST", path, chat("demo", json!({})), 403).await;
        assert_eq!(admin.ask("POST", path, chat("demo", json!({}))).await.status(), 200, "{path}");
    }
    for path in ["//v1/chat/completions", "/v1/%63hat/completions", "/V1/chat/completions", "/v1/chat/completions//"] {
        let status = lead.ask("POST", path, chat("demo", json!({}))).await.status();
        assert!([403, 404].contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn names_that_look_like_others_are_refused() {
    let office = Office::open("").await;
    for name in ["ad\u{200b}min", "\u{202e}nimda", "admin\u{feff}", "adm\u{ad}in", "a\0b"] {
        office.master().refused("POST", "/key/generate", json!({ "key_alias": name }), 400).await;
        office.master().refused("POST", "/user/new", json!({ "user_id": name }), 400).await;
    }
}

#[tokio::test]
async fn nobody_fills_our_memory_by_naming_one_thing_again_and_again() {
    let office = Office::open("").await;
    let key = office.key(json!({ "user_id": "plain" })).await;
    let person = office.with(&key);
    let many = |count: usize| vec![key.clone(); count];
    assert_eq!(
        person.done("POST", "/v2/key/info", json!({ "keys": many(1000) })).await["key"].as_array().unwrap().len(),
        1000
    );
    person.refused("POST", "/v2/key/info", json!({ "keys": many(1001) }), 400).await;
    person.refused("POST", "/key/generate", json!({ "models": vec!["demo"; 10_001] }), 400).await;
    person.refused("POST", "/organization/info", json!({ "organizations": vec!["acme"; 10_001] }), 400).await;
}
