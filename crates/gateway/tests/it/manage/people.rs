//! The lives of users, teams and organizations.

use serde_json::{Value, json};

use super::Office;
use super::keys::futures;

#[tokio::test]
async fn a_user_is_made_with_a_key_changed_and_deleted_with_it() {
    let office = Office::open("").await;
    let master = office.master();
    let sent = json!({ "user_email": "Ann@Example.com", "user_alias": "Ann", "max_budget": 10, "models": ["demo"] });
    let made = master.done("POST", "/user/new", sent).await;
    let (id, key) = (made["user_id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert_eq!((id.len(), &made["user_role"], &made["teams"]), (36, &json!("internal_user"), &json!([])));
    let ann = office.with(key);
    let info = ann.see("/user/info").await;
    assert_eq!((&info["user_id"], &info["user_info"]["max_budget"]), (&json!(id), &json!(10.0)));
    assert_eq!((info["keys"].as_array().unwrap().len(), &info["keys"][0]["max_budget"]), (1, &Value::Null));
    assert!(!info.to_string().contains(key));
    assert_eq!(master.see(&format!("/user/info?user_id={id}")).await, info);
    assert_eq!(master.see("/v2/user/info?user_email=ann@example.com").await["user_alias"], "Ann");

    let other = master.ask("POST", "/user/new", json!({ "user_email": "ann@example.COM" })).await;
    assert_eq!(other.status(), 409, "{}", other.text());
    assert_eq!(master.ask("POST", "/user/new", json!({ "user_id": id })).await.status(), 409);
    let changed = json!({ "user_id": id, "user_email": "ann@new.example", "max_budget": null, "metadata": { "a": 1 } });
    let changed = master.done("POST", "/user/update", changed).await;
    assert_eq!((&changed["user_id"], &changed["data"]["user_email"]), (&json!(id), &json!("ann@new.example")));
    assert_eq!((&changed["data"]["max_budget"], &changed["data"]["metadata"]), (&Value::Null, &json!({ "a": 1 })));
    let second =
        master.done("POST", "/user/new", json!({ "user_email": "ann@example.com", "auto_create_key": false })).await;
    assert_eq!(second["key"], "");

    assert_eq!(master.done("POST", "/user/delete", json!({ "user_ids": [id] })).await, json!(1));
    ann.refused("GET", "/user/info", Value::Null, 401).await;
    master.refused("GET", &format!("/user/info?user_id={id}"), Value::Null, 404).await;
    assert_eq!(master.see("/key/list").await["total_count"], 0);
    master.done("POST", "/user/new", json!({ "user_email": "ann@new.example" })).await;
}

#[tokio::test]
async fn a_mail_address_belongs_to_one_user_however_many_want_it() {
    let office = Office::open("").await;
    let master = office.master();
    let answers = futures(20, |_| master.ask("POST", "/user/new", json!({ "user_email": "one@example.com" }))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 19, "{statuses:?}");
}

#[tokio::test]
async fn users_are_listed_filtered_and_changed_in_bulk() {
    let office = Office::open("").await;
    let master = office.master();
    for n in 0..7 {
        let role = if n % 2 == 0 { "internal_user" } else { "internal_user_viewer" };
        let user =
            json!({ "user_id": format!("user-{n}"), "user_email": format!("u{n}@example.com"), "user_role": role });
        master.done("POST", "/user/new", user).await;
    }
    let list = master.see("/user/list?page_size=3&sort_by=user_id&sort_order=asc&page=2").await;
    let ids: Vec<&str> =
        list["users"].as_array().unwrap().iter().map(|user| user["user_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["user-3", "user-4", "user-5"]);
    assert_eq!((&list["total"], &list["page"], &list["total_pages"]), (&json!(7), &json!(2), &json!(3)));
    assert_eq!(list["users"][0]["key_count"], 1);
    assert_eq!(master.see("/user/list?role=internal_user_viewer").await["total"], 3);
    assert_eq!(master.see("/user/list?user_ids=user-1,user-2,nobody").await["total"], 2);
    assert_eq!(master.see("/user/list?search=U5@").await["total"], 1);
    let bulk = json!({ "users": [{ "user_id": "user-1", "max_budget": 5 }, { "user_id": "nobody", "max_budget": 5 },
        { "user_id": "user-2", "max_budget": "x" }] });
    let bulk = master.done("POST", "/user/bulk_update", bulk).await;
    assert_eq!(
        (&bulk["total_requested"], &bulk["successful_updates"], &bulk["failed_updates"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(bulk["results"][0]["updated_user"]["max_budget"], 5.0);
    assert!(bulk["results"][1]["error"].is_string() && bulk["results"][2]["error"].is_string());
    assert!(master.see("/user/available_roles").await["proxy_admin"]["ui_label"].is_string());
}

#[tokio::test]
async fn a_team_is_made_with_members_changed_and_deleted_with_its_keys() {
    let office = Office::open("").await;
    let master = office.master();
    let ann = master.done("POST", "/user/new", json!({ "user_id": "ann", "user_email": "ann@example.com" })).await;
    let sent = json!({ "team_alias": "Red", "models": ["demo"], "max_budget": 100, "budget_duration": "30d",
        "members_with_roles": [{ "role": "admin", "user_email": "ann@example.com" }, { "role": "user", "user_id": "bob" }],
        "tags": ["t"], "model_aliases": { "nick": "demo" } });
    let team = master.done("POST", "/team/new", sent).await;
    let id = team["team_id"].as_str().unwrap();
    assert_eq!((&team["admins"], &team["members"]), (&json!(["ann"]), &json!(["bob"])));
    assert_eq!(
        team["members_with_roles"][0],
        json!({ "user_id": "ann", "user_email": "ann@example.com", "role": "admin" })
    );
    assert_eq!(
        (&team["metadata"], &team["litellm_model_table"]),
        (&json!({ "tags": ["t"] }), &json!({ "model_aliases": { "nick": "demo" } }))
    );
    assert_eq!(master.see("/user/info?user_id=bob").await["user_info"]["teams"], json!([id]));
    master.refused("POST", "/team/new", json!({ "team_id": id }), 400).await;

    let key = office.key(json!({ "team_id": id })).await;
    let own = office.key(json!({ "team_id": id, "user_id": "bob" })).await;
    let info = master.see(&format!("/team/info?team_id={id}")).await;
    assert_eq!((&info["team_info"]["team_alias"], info["keys"].as_array().unwrap().len()), (&json!("Red"), 2));
    let changed =
        master.done("POST", "/team/update", json!({ "team_id": id, "team_alias": "Blue", "max_budget": null })).await;
    assert_eq!((&changed["data"]["team_alias"], &changed["data"]["max_budget"]), (&json!("Blue"), &Value::Null));
    assert_eq!(changed["data"]["metadata"], json!({ "tags": ["t"] }));
    master.done("PATCH", &format!("/team/{id}"), json!({ "tpm_limit": 5 })).await;

    assert_eq!(master.done("POST", "/team/block", json!({ "team_id": id })).await["blocked"], true);
    office.with(&key).refused("GET", "/key/info", Value::Null, 401).await;
    master.done("POST", "/team/unblock", json!({ "team_id": id })).await;
    office.with(&key).see("/key/info").await;

    let added = master
        .done(
            "POST",
            "/team/member_add",
            json!({ "team_id": id, "max_budget_in_team": 3,
        "member": [{ "role": "user", "user_id": "cid" }, { "role": "user", "user_email": "dan@example.com" }] }),
        )
        .await;
    assert_eq!(
        (added["members_with_roles"].as_array().unwrap().len(), added["updated_users"].as_array().unwrap().len()),
        (4, 2)
    );
    assert_eq!(added["updated_team_memberships"][0]["litellm_budget_table"]["max_budget"], 3.0);
    let twice = master
        .ask("POST", "/team/member_add", json!({ "team_id": id, "member": { "role": "user", "user_id": "cid" } }))
        .await;
    assert_eq!((twice.status(), &twice.json()["error"]["type"]), (400, &json!("team_member_already_in_team")));
    let update = json!({ "team_id": id, "user_email": "dan@example.com", "role": "admin", "max_budget_in_team": 4, "rpm_limit": 9 });
    let update = master.done("POST", "/team/member_update", update).await;
    assert_eq!(
        (&update["max_budget_in_team"], &update["rpm_limit"], &update["role"]),
        (&json!(4.0), &json!(9), &json!("admin"))
    );
    let left = master.done("POST", "/team/member_delete", json!({ "team_id": id, "user_id": "bob" })).await;
    assert_eq!(left["members"], json!(["cid"]));
    office.with(&own).refused("GET", "/key/info", Value::Null, 401).await;

    let gone = master.done("POST", "/team/delete", json!({ "team_ids": [id] })).await;
    assert_eq!(gone, json!({ "deleted_teams": [id] }));
    office.with(&key).refused("GET", "/key/info", Value::Null, 401).await;
    master.refused("GET", &format!("/team/info?team_id={id}"), Value::Null, 404).await;
    assert_eq!(master.see("/user/info?user_id=ann").await["user_info"]["teams"], json!([]));
    office.with(ann["key"].as_str().unwrap()).see("/user/info").await;
}

#[tokio::test]
async fn each_member_gets_the_budget_that_the_team_gives_each() {
    let office = Office::open("").await;
    let master = office.master();
    let sent = json!({ "team_id": "t", "team_member_budget": 5, "team_member_budget_duration": "7d",
        "members_with_roles": [{ "role": "user", "user_id": "ann" }] });
    let team = master.done("POST", "/team/new", sent).await;
    assert_eq!((&team["team_member_budget_table"]["max_budget"], &team["max_budget"]), (&json!(5.0), &Value::Null));
    master
        .done("POST", "/team/member_add", json!({ "team_id": "t", "member": { "role": "user", "user_id": "bob" } }))
        .await;
    master.done("POST", "/team/update", json!({ "team_id": "t", "team_member_budget": 7 })).await;
    let info = master.see("/team/info?team_id=t").await;
    for membership in info["team_memberships"].as_array().unwrap() {
        assert_eq!(membership["litellm_budget_table"]["max_budget"], 7.0, "{membership}");
        assert_eq!(membership["litellm_budget_table"]["budget_duration"], "7d");
    }
    master.done("POST", "/team/new", json!({ "team_id": "later", "members": ["ann"] })).await;
    master.done("POST", "/team/update", json!({ "team_id": "later", "team_member_budget": 1 })).await;
    let info = master.see("/team/info?team_id=later").await;
    assert_eq!(info["team_memberships"][0]["litellm_budget_table"]["max_budget"], 1.0);
}

#[tokio::test]
async fn the_last_model_taken_from_a_team_leaves_none_instead_of_all() {
    let office = Office::open("").await;
    let master = office.master();
    master.done("POST", "/team/new", json!({ "team_id": "t", "models": ["demo", "other"] })).await;
    let models = async |path: &str, models: Value| {
        master.done("POST", path, json!({ "team_id": "t", "models": models })).await["models"].clone()
    };
    assert_eq!(models("/team/model/delete", json!(["demo"])).await, json!(["other"]));
    assert_eq!(models("/team/model/delete", json!(["other"])).await, json!(["no-default-models"]));
    assert_eq!(models("/team/model/add", json!(["demo"])).await, json!(["demo"]));
}

#[tokio::test]
async fn teams_are_listed_and_their_members_permitted() {
    let office = Office::open("").await;
    let master = office.master();
    for n in 0..5 {
        let team = json!({ "team_id": format!("team-{n}"), "team_alias": format!("Team {n}"), "members": ["ann"] });
        master.done("POST", "/team/new", team).await;
    }
    assert_eq!(master.see("/team/list").await.as_array().unwrap().len(), 5);
    let pages = master.see("/v2/team/list?page_size=2&sort_by=team_id&sort_order=asc&page=2").await;
    assert_eq!(
        (&pages["teams"][0]["team_id"], &pages["total"], &pages["total_pages"]),
        (&json!("team-2"), &json!(5), &json!(3))
    );
    assert_eq!(master.see("/v2/team/list?team_alias=team%203").await["total"], 1);
    let usual = master.see("/team/permissions_list?team_id=team-0").await;
    assert_eq!(usual["team_member_permissions"], json!(["/key/info", "/key/health"]));
    assert_eq!(usual["all_available_permissions"].as_array().unwrap().len(), 10);
    let permit = json!({ "team_id": "team-0", "team_member_permissions": ["/key/generate"] });
    master.done("POST", "/team/permissions_update", permit).await;
    let wrong = json!({ "team_id": "team-0", "team_member_permissions": ["/user/new"] });
    assert_eq!(master.ask("POST", "/team/permissions_update", wrong).await.status(), 422);
    master
        .done(
            "POST",
            "/team/permissions_bulk_update",
            json!({ "permissions": ["/key/list"], "apply_to_all_teams": true }),
        )
        .await;
    let all = master.see("/team/permissions_list?team_id=team-0").await;
    assert_eq!(all["team_member_permissions"], json!(["/key/generate", "/key/list"]));
    let many = json!({ "team_id": "team-1", "members": [{ "role": "user", "user_id": "ann" }, { "role": "user", "user_id": "bob" }] });
    let many = master.done("POST", "/team/bulk_member_add", many).await;
    assert_eq!((&many["successful_additions"], &many["failed_additions"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn an_organization_is_made_managed_and_deleted_with_its_teams() {
    let office = Office::open("").await;
    let master = office.master();
    let sent = json!({ "organization_alias": "Acme", "models": ["demo"], "max_budget": 20 });
    let made = master.done("POST", "/organization/new", sent).await;
    let id = made["organization_id"].as_str().unwrap();
    assert_eq!(
        (&made["organization_alias"], &made["litellm_budget_table"]["max_budget"]),
        (&json!("Acme"), &json!(20.0))
    );
    let boss = json!({ "organization_id": id, "member": { "role": "org_admin", "user_id": "boss" } });
    let added = master.done("POST", "/organization/member_add", boss).await;
    assert_eq!(added["updated_organization_memberships"][0]["user_role"], "org_admin");
    let team = master.done("POST", "/team/new", json!({ "organization_id": id, "team_id": "t" })).await;
    assert_eq!(team["organization_id"], id);
    let key = office.key(json!({ "team_id": "t" })).await;
    let info = master.see(&format!("/organization/info?organization_id={id}")).await;
    assert_eq!((&info["teams"][0]["team_id"], &info["members"][0]["user_id"]), (&json!("t"), &json!("boss")));
    let update = json!({ "organization_id": id, "organization_alias": "New", "max_budget": 30 });
    let updated = master.done("PATCH", "/organization/update", update).await;
    assert_eq!(
        (&updated["organization_alias"], &updated["litellm_budget_table"]["max_budget"]),
        (&json!("New"), &json!(30.0))
    );
    let member =
        json!({ "organization_id": id, "user_id": "boss", "role": "internal_user", "max_budget_in_organization": 2 });
    let member = master.done("PATCH", "/organization/member_update", member).await;
    assert_eq!(
        (&member["user_role"], &member["litellm_budget_table"]["max_budget"]),
        (&json!("internal_user"), &json!(2.0))
    );
    master.done("DELETE", "/organization/member_delete", json!({ "organization_id": id, "user_id": "boss" })).await;
    assert_eq!(master.see("/organization/list").await[0]["members"], json!([]));
    let gone = master.done("DELETE", "/organization/delete", json!({ "organization_ids": [id] })).await;
    assert_eq!(gone[0]["organization_id"], id);
    office.with(&key).refused("GET", "/key/info", Value::Null, 401).await;
    assert_eq!(master.see("/team/list").await, json!([]));
}

#[tokio::test]
async fn customers_budgets_and_tags_live_as_at_the_incumbent() {
    let office = Office::open("").await;
    let master = office.master();
    let budget =
        master.done("POST", "/budget/new", json!({ "budget_id": "b", "max_budget": 5, "budget_duration": "1d" })).await;
    assert_eq!(
        (&budget["budget_id"], &budget["max_budget"], budget["budget_reset_at"].is_string()),
        (&json!("b"), &json!(5.0), true)
    );
    master.refused("POST", "/budget/new", json!({ "budget_id": "b" }), 400).await;

    let made = master.done("POST", "/customer/new", json!({ "user_id": "c/1", "alias": "C", "budget_id": "b" })).await;
    assert_eq!((&made["user_id"], &made["litellm_budget_table"]["max_budget"]), (&json!("c/1"), &json!(5.0)));
    master.refused("POST", "/customer/new", json!({ "user_id": "c/1" }), 400).await;
    master.refused("POST", "/customer/new", json!({ "user_id": "c2", "budget_id": "none" }), 404).await;
    let update = json!({ "user_id": "c/1", "default_model": "demo", "max_budget": 1 });
    assert_eq!(master.done("POST", "/end_user/update", update).await["litellm_budget_table"]["max_budget"], 1.0);
    let blocked = master.done("POST", "/customer/block", json!({ "user_ids": ["c/1", "new"] })).await;
    assert_eq!(
        (&blocked["blocked_users"][0]["blocked"], &blocked["blocked_users"][1]["user_id"]),
        (&json!(true), &json!("new"))
    );
    master.done("POST", "/customer/unblock", json!({ "user_ids": ["new"] })).await;
    assert_eq!(master.see("/customer/info?end_user_id=c%2F1").await["blocked"], true);
    assert_eq!(master.see("/end_user/list").await.as_array().unwrap().len(), 2);

    let why = master.refused("POST", "/budget/delete", json!({ "id": "b" }), 400).await;
    assert!(why.contains("in use by 1"), "{why}");
    let gone = master.done("POST", "/customer/delete", json!({ "user_ids": ["c/1"] })).await;
    assert_eq!(gone["deleted_customers"], 1);
    assert_eq!(
        master.done("POST", "/budget/update", json!({ "budget_id": "b", "max_budget": 6 })).await["max_budget"],
        6.0
    );
    assert_eq!(
        master.done("POST", "/budget/info", json!({ "budgets": ["b", "none"] })).await.as_array().unwrap().len(),
        1
    );
    assert_eq!(master.see("/budget/settings?budget_id=b").await[0]["field_value"], 6.0);
    master.done("POST", "/budget/delete", json!({ "id": "b" })).await;
    assert_eq!(master.see("/budget/list").await, json!([]));

    let tag = master
        .done("POST", "/tag/new", json!({ "name": "batch", "description": "d", "models": ["demo"], "max_budget": 2 }))
        .await;
    assert_eq!(
        (&tag["tag"]["name"], &tag["tag"]["litellm_budget_table"]["max_budget"]),
        (&json!("batch"), &json!(2.0))
    );
    master.done("POST", "/tag/update", json!({ "name": "batch", "max_budget": 3 })).await;
    let info = master.done("POST", "/tag/info", json!({ "names": ["batch", "none"] })).await;
    assert_eq!(
        (&info["batch"]["litellm_budget_table"]["max_budget"], &info["batch"]["description"]),
        (&json!(3.0), &json!("d"))
    );
    assert_eq!(master.see("/tag/list").await[0]["name"], "batch");
    master.done("POST", "/tag/delete", json!({ "name": "batch" })).await;
    master.refused("POST", "/tag/delete", json!({ "name": "batch" }), 404).await;
}

#[tokio::test]
async fn new_people_and_teams_get_what_the_operator_says() {
    let settings = "\
litellm_settings:
  max_internal_user_budget: 9
  default_internal_user_params: {user_role: internal_user_viewer, models: [demo], teams: [open], available_teams: [open, joinable]}
  default_team_params: {max_budget: 4, models: [other]}
";
    let office = Office::open(settings).await;
    let master = office.master();
    for team in ["open", "joinable", "closed"] {
        let made = master.done("POST", "/team/new", json!({ "team_id": team })).await;
        assert_eq!((&made["max_budget"], &made["models"]), (&json!(4.0), &json!(["other"])));
    }
    let made = master.done("POST", "/user/new", json!({ "user_id": "ann" })).await;
    assert_eq!(
        (&made["user_role"], &made["models"], &made["max_budget"]),
        (&json!("internal_user_viewer"), &json!(["demo"]), &json!(9.0))
    );
    assert_eq!(made["teams"], json!(["open"]));
    let bob =
        master.done("POST", "/user/new", json!({ "user_id": "bob", "user_role": "internal_user", "teams": [] })).await;
    let bob = office.with(bob["key"].as_str().unwrap());
    let join = |team: &str| json!({ "team_id": team, "member": { "role": "user", "user_id": "bob" } });
    assert_eq!(bob.see("/team/available").await.as_array().unwrap().len(), 2);
    bob.done("POST", "/team/member_add", join("joinable")).await;
    bob.refused("POST", "/team/member_add", join("closed"), 403).await;
    let admin = json!({ "team_id": "open", "member": { "role": "admin", "user_id": "bob" } });
    bob.refused("POST", "/team/member_add", admin, 403).await;
}

#[tokio::test]
async fn a_team_says_what_its_members_may_call_and_how_long_their_keys_live() {
    let office = Office::open("").await;
    let master = office.master();
    let team = json!({ "team_id": "red", "default_team_member_models": ["demo"], "team_member_key_duration": "1d",
        "team_member_permissions": ["/key/generate"], "members_with_roles": [{ "role": "user", "user_id": "first" }] });
    master.done("POST", "/team/new", team).await;
    let later = json!({ "team_id": "red", "member": { "role": "user", "user_id": "later" } });
    master.done("POST", "/team/member_add", later).await;
    for user in ["first", "later"] {
        let own = office.key(json!({ "user_id": user })).await;
        let member = office.with(&own);
        member.refused("POST", "/key/generate", json!({ "team_id": "red", "duration": "2d" }), 400).await;
        let made = member.done("POST", "/key/generate", json!({ "team_id": "red" })).await;
        assert!(made["expires"].is_string(), "{made}");
        let key = made["key"].as_str().unwrap();
        let call = |model: &str| json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] });
        assert_eq!(office.with(key).ask("POST", "/v1/chat/completions", call("demo")).await.status(), 200);
        office.with(key).refused("POST", "/v1/chat/completions", call("other"), 403).await;
    }
    assert_eq!(master.done("POST", "/key/generate", json!({ "team_id": "red" })).await["expires"], Value::Null);
}
