//! What was spent, as keys, teams, logs and reports show it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Office, Person};
use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::client::Call;

/// An office that serves `paid`, every call of which costs a cent: a flat price.
async fn office() -> (drill::mock::Mock, Office) {
    let provider = mock("").await;
    let office = Office::open("").await;
    let params = json!({ "model": "openai/demo", "api_base": Back::OpenAi.base(&provider.url()), "api_key": "k",
        "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_request": 0.01 });
    office.master().done("POST", "/model/new", json!({ "model_name": "paid", "litellm_params": params })).await;
    (provider, office)
}

/// Makes calls, with a customer and a tag.
async fn spend(person: &Person<'_>, calls: usize) {
    for _ in 0..calls {
        let call = Front::Chat
            .call("paid", "hello", false)
            .header("x-litellm-customer-id", "carl")
            .header("x-litellm-tags", "batch");
        let answer = person.send(&call).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}

/// Waits until something is shown.
async fn until(person: &Person<'_>, path: &str, shown: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let now = person.see(path).await;
        if shown(&now) {
            return now;
        }
        assert!(Instant::now() < deadline, "{path} still shows {now}");
    }
}

/// The day on which the tests run, and the whole time around it.
pub fn dates(from: &str) -> String {
    format!("{from}start_date=2020-01-01&end_date=2029-12-01")
}

#[tokio::test]
async fn the_largest_are_told_day_by_day_and_the_others_together() {
    let (_provider, office) = office().await;
    let master = office.master();
    for (alias, calls) in [("few", 1), ("many", 4), ("some", 2)] {
        let made = master.done("POST", "/key/generate", json!({ "key_alias": alias })).await;
        spend(&office.with(made["key"].as_str().unwrap()), calls).await;
    }
    let path = dates("/usage?by=key&days=true&largest=1&measure=requests&");
    // Its sums are asked for one after the other: while calls are booked they may be of two moments.
    let told = until(&master, &path, |told| {
        let others = &told["others"];
        told["rows"][0]["requests"] == 4 && others["rows"][0]["requests"] == 3 && others["count"] == 2
    });
    let told = told.await;
    assert_eq!((&told["rows"][0]["label"], told["rows"].as_array().unwrap().len()), (&json!("many"), 1));
    assert_eq!((&told["others"]["count"], &told["others"]["rows"][0]["spend"]), (&json!(2), &json!(0.03)));
    let all = master.see(&dates("/usage?by=key&days=true&largest=7&")).await;
    assert_eq!((all["rows"].as_array().unwrap().len(), &all["others"]), (3, &json!({ "count": 0, "rows": [] })));
}

#[tokio::test]
async fn keys_users_and_teams_show_what_they_have_spent_and_it_can_be_reset() {
    let (_provider, office) = office().await;
    let master = office.master();
    master.done("POST", "/team/new", json!({ "team_id": "red", "max_budget": 5, "members": ["ann"] })).await;
    let made = json!({ "team_id": "red", "user_id": "ann", "max_budget": 1, "budget_duration": "30d" });
    let made = master.done("POST", "/key/generate", made).await;
    let (key, token) = (made["key"].as_str().unwrap(), made["token"].as_str().unwrap());
    spend(&office.with(key), 3).await;
    let path = format!("/key/info?key={token}");
    until(&master, &path, |info| info["info"]["spend"] == 0.03).await;
    let spent = |team: &Value| team["team_info"]["spend"] == 0.03 && team["team_memberships"][0]["spend"] == 0.03;
    until(&master, "/team/info?team_id=red", spent).await;

    let fresh = master.done("POST", &format!("/key/{token}/regenerate"), json!({})).await;
    assert_eq!(fresh["spend"], 0.03, "a new secret is no new budget");
    spend(&office.with(fresh["key"].as_str().unwrap()), 1).await;
    let path = format!("/key/info?key={}", fresh["token"].as_str().unwrap());
    until(&master, &path, |info| info["info"]["spend"] == 0.04).await;

    let reset = format!("/key/{}/reset_spend", fresh["token"].as_str().unwrap());
    master.refused("POST", &reset, json!({ "reset_to": 5 }), 400).await;
    let done = master.done("POST", &reset, json!({ "reset_to": 0.01 })).await;
    assert_eq!((&done["spend"], &done["previous_spend"]), (&json!(0.01), &json!(0.04)));
    until(&master, &path, |info| info["info"]["spend"] == 0.01).await;
    office.with(fresh["key"].as_str().unwrap()).refused("POST", &reset, json!({ "reset_to": 0 }), 403).await;
    assert_eq!(master.see("/audit?action=reset").await["total"], 1);
    master.done("POST", "/global/spend/reset", json!({})).await;
    until(&master, &path, |info| info["info"]["spend"] == 0.0).await;
}

#[tokio::test]
async fn what_counts_against_a_shared_budget_is_shown_and_reset_in_its_windows() {
    let (_provider, office) = office().await;
    let master = office.master();
    let budget = json!({ "budget_id": "shared", "max_budget": 0.02, "budget_duration": "30d" });
    master.done("POST", "/budget/new", budget).await;
    let made = master.done("POST", "/key/generate", json!({ "budget_id": "shared" })).await;
    let (key, token) = (office.with(made["key"].as_str().unwrap()), made["token"].as_str().unwrap());
    spend(&key, 2).await;
    assert_eq!(key.send(&Front::Chat.call("paid", "hello", false)).await.status(), 422);
    let path = format!("/key/info?key={token}");
    until(&master, &path, |info| info["info"]["spend"] == 0.02).await;
    let done = master.done("POST", &format!("/key/{token}/reset_spend"), json!({ "reset_to": 0 })).await;
    assert_eq!(done["previous_spend"], 0.02);
    until(&master, &path, |info| info["info"]["spend"] == 0.0).await;
    spend(&key, 1).await;
}

#[tokio::test]
async fn logs_show_single_calls_to_those_who_pay_for_them() {
    let (_provider, office) = office().await;
    let master = office.master();
    let ann = office.key(json!({ "user_id": "ann", "key_alias": "anns" })).await;
    let bob = office.key(json!({ "user_id": "bob" })).await;
    master.done("POST", "/user/new", json!({ "user_id": "ann", "auto_create_key": false })).await;
    spend(&office.with(&ann), 2).await;
    spend(&office.with(&bob), 1).await;
    let logs = until(&master, "/spend/logs/v2", |logs| logs["total"] == 3).await;
    let row = logs["data"].as_array().unwrap().iter().find(|row| row["user"] == "ann").expect("a call of ann's");
    assert_eq!((&row["spend"], &row["model"], &row["model_group"]), (&json!(0.01), &json!("demo"), &json!("paid")));
    assert_eq!(
        (&row["status"], &row["end_user"], &row["request_tags"][0]),
        (&json!("success"), &json!("carl"), &json!("batch"))
    );
    assert_eq!((&row["metadata"]["user_api_key_alias"], &row["call_type"]), (&json!("anns"), &json!("acompletion")));
    let id = row["request_id"].as_str().unwrap();
    let mut told = master.see(&format!("/spend/logs/ui/{id}")).await;
    let story = told.as_object_mut().unwrap().remove("story").unwrap();
    assert_eq!(&told, row);
    assert_eq!((&story["spend"], &story["attempts"][0]["outcome"]), (&json!(0.01), &json!("success")));
    assert_eq!(master.see(&format!("/spend/logs?request_id={id}")).await.as_array().unwrap().len(), 1);
    for (query, count) in [
        ("user_id=ann", 2),
        (&*format!("api_key={bob}"), 1),
        ("model=paid", 3),
        ("model=none", 0),
        ("status_filter=failure", 0),
        ("status_code=200", 3),
        ("tag=batch", 3),
        ("tag=bat", 0),
        ("max_latency_ms=1000000", 3),
        ("text=nothing", 0),
        ("end_user=carl", 3),
        ("min_spend=1", 0),
        (&*dates(""), 3),
        ("start_date=2020-01-01&end_date=2020-01-02", 0),
    ] {
        assert_eq!(master.see(&format!("/spend/logs/v2?{query}")).await["total"], count, "{query}");
    }
    assert_eq!(office.with(&ann).see("/spend/logs/v2").await["total"], 2);
    assert_eq!(office.with(&bob).see("/spend/logs").await.as_array().unwrap().len(), 1);
    office.with(&bob).refused("GET", &format!("/spend/logs/ui/{id}"), Value::Null, 404).await;
    let days = master.see(&dates("/spend/logs?")).await;
    assert_eq!((&days[0]["spend"], &days[0]["models"]["demo"]), (&json!(0.03), &json!(0.03)));
    let csv = master.send(&Call::get("/spend/logs/v2?format=csv")).await;
    assert!(csv.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")));
    assert_eq!(csv.text().lines().count(), 4, "{}", csv.text());
    for wrong in ["page_size=100000", "page=1001&page_size=10", "cursor=x", "after=x", "text=x", "status_code=99999"] {
        assert_eq!(master.ask("GET", &format!("/spend/logs/v2?{wrong}"), Value::Null).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_log_has_refused_calls_and_can_be_followed_and_paged_by_cursor() {
    let (_provider, office) = office().await;
    let master = office.master();
    let ann = office.key(json!({ "user_id": "ann" })).await;
    let began = master.see("/spend/logs/v2?after=now").await;
    let person = office.with(&ann);
    spend(&person, 3).await;
    for model in ["nobody's", "nothing's"] {
        assert_eq!(person.send(&Front::Chat.call(model, "hello", false)).await.status(), 400);
    }
    let refused = until(&master, "/spend/logs/v2?status_filter=failure", |log| log["total"] == 2).await;
    let row = &refused["data"][0];
    assert_eq!(
        (&row["outcome"], &row["status_code"], &row["status"]),
        (&json!("refused"), &json!(400), &json!("failure"))
    );
    assert_eq!((&row["user"], &row["attempts"], &row["spend"]), (&json!("ann"), &json!(0), &json!(0.0)));
    let why = &row["metadata"]["error_information"]["error_message"];
    assert!(why.as_str().is_some_and(|why| why.contains("Invalid model name")), "{row}");
    assert_eq!(master.see("/spend/logs/v2?text=INVALID%20model").await["total"], 2);
    assert_eq!(master.see(&dates("/global/activity?")).await["sum_api_requests"], 3, "what was refused asked nobody");

    let (mut pages, mut cursor, mut ids) = (0, String::new(), Vec::new());
    loop {
        let page = person.see(&format!("/spend/logs/v2?page_size=2{cursor}")).await;
        ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["request_id"].to_string()));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), pages), (5, 3), "each once");

    let mut after = began["next_cursor"].as_str().expect("one can always go on").to_owned();
    let mut followed = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(10);
    while followed.len() < 5 {
        let page = master.see(&format!("/spend/logs/v2?page_size=2&after={after}")).await;
        followed.extend(page["data"].as_array().unwrap().iter().map(|row| row["request_id"].to_string()));
        after = page["next_cursor"].as_str().expect("one can always go on").to_owned();
        assert!(Instant::now() < deadline, "{page}");
    }
    followed.sort();
    assert_eq!(followed, ids);
    let other = office.key(json!({ "user_id": "bob" })).await;
    assert_eq!(office.with(&other).see("/spend/logs/v2").await["data"], json!([]));
}

#[tokio::test]
async fn days_show_what_everybody_spent_and_what_that_consists_of() {
    let (_provider, office) = office().await;
    let master = office.master();
    for user in ["ann", "bob", "lead"] {
        master.done("POST", "/user/new", json!({ "user_id": user, "auto_create_key": false })).await;
    }
    let team = json!({ "team_id": "red", "team_alias": "Red", "members": ["ann", "bob"], "admins": ["lead"] });
    master.done("POST", "/team/new", team).await;
    let ann = office.key(json!({ "user_id": "ann", "team_id": "red", "key_alias": "anns" })).await;
    let bob = office.key(json!({ "user_id": "bob", "team_id": "red" })).await;
    let lead = office.key(json!({ "user_id": "lead" })).await;
    spend(&office.with(&ann), 2).await;
    spend(&office.with(&bob), 1).await;
    let all = until(&master, &dates("/user/daily/activity?"), |all| all["metadata"]["total_api_requests"] == 3).await;
    assert_eq!((&all["metadata"]["total_spend"], &all["metadata"]["has_more"]), (&json!(0.03), &json!(false)));
    let day = &all["results"][0];
    assert_eq!((&day["metrics"]["spend"], &day["metrics"]["successful_requests"]), (&json!(0.03), &json!(3)));
    let parts = &day["breakdown"];
    assert_eq!(
        (&parts["models"]["demo"]["metrics"]["spend"], &parts["model_groups"]["paid"]["metrics"]["api_requests"]),
        (&json!(0.03), &json!(3))
    );
    assert_eq!(parts["endpoints"]["/chat/completions"]["metrics"]["api_requests"], 3);
    assert_eq!(parts["providers"].as_object().unwrap().len(), 1);
    let aliases: Vec<&Value> =
        parts["api_keys"].as_object().unwrap().values().map(|key| &key["metadata"]["key_alias"]).collect();
    assert!(aliases.contains(&&json!("anns")) && aliases.len() == 2, "{aliases:?}");
    let own = office.with(&ann).see(&dates("/user/daily/activity?")).await;
    assert_eq!(own["metadata"]["total_spend"], 0.02);
    office.with(&ann).refused("GET", &dates("/user/daily/activity?user_id=bob&"), Value::Null, 403).await;

    let path = dates("/team/daily/activity?team_ids=red&");
    let team = master.see(&path).await;
    assert_eq!(team["results"][0]["breakdown"]["entities"]["red"]["metadata"]["team_alias"], "Red");
    for (key, spend) in [(&lead, 0.03), (&ann, 0.02), (&bob, 0.01)] {
        assert_eq!(office.with(key).see(&path).await["metadata"]["total_spend"], spend);
    }
    assert_eq!(master.see(&dates("/tag/daily/activity?tags=batch&")).await["metadata"]["total_spend"], 0.03);
    assert_eq!(
        master.see(&dates("/customer/daily/activity?")).await["results"][0]["breakdown"]["entities"]["carl"]["metrics"]
            ["api_requests"],
        3
    );
    office.with(&ann).refused("GET", &dates("/tag/daily/activity?"), Value::Null, 403).await;
    assert_eq!(master.see(&dates("/user/daily/activity/aggregated?")).await["metadata"]["total_spend"], 0.03);
    let csv = master.send(&Call::get(&dates("/team/daily/activity/export?"))).await.text();
    assert!(csv.lines().count() == 3 && csv.contains("red"), "{csv}");
    for wrong in ["/user/daily/activity", "/user/daily/activity?start_date=2024-01-02&end_date=2024-01-01"] {
        assert_eq!(master.ask("GET", wrong, Value::Null).await.status(), 400, "{wrong}");
    }
    assert_eq!(master.ask("GET", "/user/daily/activity?start_date=x&end_date=y", Value::Null).await.status(), 422);
}

#[tokio::test]
async fn reports_over_everybody_are_for_those_who_see_everything() {
    let (_provider, office) = office().await;
    let master = office.master();
    master.done("POST", "/team/new", json!({ "team_id": "red", "team_alias": "Red" })).await;
    let key = office.key(json!({ "team_id": "red", "key_alias": "reds", "user_id": "ann" })).await;
    spend(&office.with(&key), 2).await;
    until(&master, "/global/spend", |all| all["spend"] == 0.02).await;
    let keys = until(&master, "/global/spend/keys", |keys| keys[0]["total_spend"] == 0.02).await;
    assert_eq!(keys[0]["key_alias"], "reds");
    assert_eq!(master.see("/global/spend/models").await, json!([{ "model": "demo", "total_spend": 0.02 }]));
    assert_eq!(master.see("/global/spend/logs").await[0]["spend"], 0.02);
    assert_eq!(
        master.see("/global/spend/teams").await["total_spend_per_team"],
        json!([{ "team_id": "Red", "total_spend": 0.02 }])
    );
    assert_eq!(master.see("/global/spend/all_tag_names").await, json!({ "tag_names": ["batch"] }));
    assert_eq!(master.see("/global/all_end_users").await, json!({ "end_users": ["carl"] }));
    assert_eq!(master.see(&dates("/global/spend/tags?")).await["spend_per_tag"][0]["spend"], 0.02);
    assert_eq!(master.see("/spend/tags").await[0]["total_spend"], 0.02);
    assert_eq!(master.see(&dates("/global/spend/provider?")).await[0]["spend"], 0.02);
    let activity = master.see(&dates("/global/activity?")).await;
    assert_eq!((&activity["sum_api_requests"], &activity["daily_data"][0]["api_requests"]), (&json!(2), &json!(2)));
    assert_eq!(master.see(&dates("/global/activity/model?")).await[0]["model"], "paid");
    let report = master.see(&dates("/global/spend/report?")).await;
    assert_eq!(
        (&report[0]["teams"][0]["team_name"], &report[0]["teams"][0]["total_spend"]),
        (&json!("Red"), &json!(0.02))
    );
    let report = master.see(&dates("/global/spend/report?group_by=customer&")).await;
    assert_eq!(report[0]["customers"][0]["customer"], "carl");
    let report = master.see(&dates(&format!("/global/spend/report?api_key={key}&"))).await;
    assert_eq!((&report[0]["total_cost"], &report[0]["model_details"][0]["model"]), (&json!(0.02), &json!("demo")));
    assert_eq!(master.see("/spend/keys").await[0]["spend"], 0.02);
    let customers = master.done("POST", "/global/spend/end_users", json!({})).await;
    assert_eq!(customers[0]["total_count"], 2);
    for path in [
        "/global/spend",
        "/global/spend/keys",
        "/global/spend/report?start_date=2024-01-01&end_date=2024-01-02",
        "/spend/tags",
        "/global/all_end_users",
    ] {
        office.with(&key).refused("GET", path, Value::Null, 403).await;
    }
    let reader = office.key(json!({ "permissions": { "get_spend_routes": true } })).await;
    assert_eq!(office.with(&reader).see("/global/spend").await["spend"], 0.02);
    office.with(&reader).refused("GET", "/audit", Value::Null, 403).await;
    office.with(&key).refused("POST", "/global/spend/reset", json!({}), 403).await;
}

#[tokio::test]
async fn prices_can_be_asked_for() {
    let office = Office::open("").await;
    let master = office.master();
    let params = json!({ "model": "openai/demo", "api_key": "k", "input_cost_per_token": 0.001, "output_cost_per_token": 0.002 });
    master.done("POST", "/model/new", json!({ "model_name": "paid", "litellm_params": params })).await;
    let answer = json!({ "model": "paid", "usage": { "prompt_tokens": 10, "completion_tokens": 5 } });
    assert_eq!(
        master.done("POST", "/spend/calculate", json!({ "completion_response": answer })).await,
        json!({ "cost": 0.02 })
    );
    let messages = json!({ "model": "paid", "messages": [{ "role": "user", "content": "hello" }] });
    assert!(master.done("POST", "/spend/calculate", messages).await["cost"].as_f64().is_some_and(|cost| cost > 0.0));
    let estimate = json!({ "model": "paid", "input_tokens": 10, "output_tokens": 5, "num_requests_per_day": 100 });
    let estimate = master.done("POST", "/cost/estimate", estimate).await;
    assert_eq!((&estimate["cost_per_request"], &estimate["daily_cost"]), (&json!(0.02), &json!(2.0)));
    master.refused("POST", "/spend/calculate", json!({ "model": "none", "messages": [] }), 400).await;
    master.refused("POST", "/spend/calculate", json!({ "model": "paid" }), 400).await;
}

#[tokio::test]
async fn bills_are_for_those_who_pay_them_and_tags_tell_how_many_call() {
    let (_provider, office) = office().await;
    let master = office.master();
    for user in ["ann", "bob"] {
        master.done("POST", "/user/new", json!({ "user_id": user, "auto_create_key": false })).await;
    }
    let team = json!({ "team_id": "red", "team_alias": "Red", "members_with_roles": [{ "role": "admin", "user_id": "ann" }, { "role": "user", "user_id": "bob" }] });
    master.done("POST", "/team/new", team).await;
    let (ann, bob) = (
        office.key(json!({ "user_id": "ann", "team_id": "red" })).await,
        office.key(json!({ "user_id": "bob", "team_id": "red" })).await,
    );
    let (anns, bobs) = (office.with(&ann), office.with(&bob));
    spend(&anns, 2).await;
    spend(&bobs, 1).await;
    let day = json!(today());
    let report = |kind: &str, more: &str| dates(&format!("/{kind}/spend/report?{more}&"));
    let bill = until(&master, &report("team", "team_id=red"), |bill| bill[0]["teams"][0]["total_spend"] == 0.03).await;
    assert_eq!(bill[0]["teams"][0]["team_name"], "Red");
    assert_eq!(anns.see(&report("team", "")).await[0]["teams"][0]["total_spend"], 0.03);
    assert_eq!(bobs.see(&report("team", "team_id=red")).await[0]["teams"][0]["total_spend"], 0.01, "their own part");
    assert_eq!(anns.see(&report("user", "")).await[0]["total_cost"], 0.02);
    bobs.refused("GET", &report("user", "user_id=ann"), Value::Null, 403).await;
    assert_eq!(bobs.see(&report("key", "")).await[0]["total_cost"], 0.01);
    assert_eq!(
        anns.see(&report("key", &format!("api_key={bob}"))).await[0]["total_cost"],
        0.01,
        "they manage the team"
    );
    let outside = office.key(json!({})).await;
    office.with(&outside).refused("GET", &report("key", &format!("api_key={ann}")), Value::Null, 403).await;
    office.with(&outside).refused("GET", &report("team", "team_id=red"), Value::Null, 403).await;
    let csv = anns.send(&Call::get(&report("key", "format=csv"))).await;
    assert!(csv.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")), "{}", csv.text());

    let fresh = master.done("POST", "/key/regenerate", json!({ "key": ann })).await;
    let again = report("key", &format!("api_key={}", fresh["token"].as_str().unwrap()));
    assert_eq!(master.see(&again).await[0]["total_cost"], 0.02, "a rotated key goes on with what it has spent");

    assert_eq!(master.see("/tag/distinct").await["results"], json!([{ "tag": "batch" }]));
    let daily = master.see("/tag/dau?tag_filter=batch").await;
    assert_eq!((&daily["results"][0]["active_users"], &daily["results"][0]["date"]), (&json!(2), &day), "{daily}");
    assert_eq!(master.see("/tag/mau").await["results"][0]["active_users"], 2);
    let summary = master.see(&dates("/tag/summary?")).await;
    assert_eq!(
        (&summary["results"][0]["unique_users"], &summary["results"][0]["total_requests"]),
        (&json!(2), &json!(3))
    );
    bobs.refused("GET", "/tag/wau", Value::Null, 403).await;
}

/// Today, as reports name it.
fn today() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970");
    store::reports::day_of(seconds.as_millis() as i64)
}

#[tokio::test]
async fn a_members_budget_in_an_organization_holds_and_is_shown() {
    let (_provider, office) = office().await;
    let master = office.master();
    master.done("POST", "/organization/new", json!({ "organization_id": "acme", "organization_alias": "Acme" })).await;
    let member = json!({ "organization_id": "acme", "member": { "role": "internal_user", "user_id": "ann" },
        "max_budget_in_organization": 0.02 });
    master.done("POST", "/organization/member_add", member).await;
    let key = office.key(json!({ "user_id": "ann", "organization_id": "acme" })).await;
    spend(&office.with(&key), 2).await;
    let refused = office.with(&key).send(&Front::Chat.call("paid", "hello", false)).await;
    assert_eq!(refused.status(), 422, "{}", refused.text());
    let shown =
        until(&master, "/organization/info?organization_id=acme", |acme| acme["members"][0]["spend"] == 0.02).await;
    assert_eq!(shown["members"][0]["litellm_budget_table"]["max_budget"], 0.02);
    let personal = office.key(json!({ "user_id": "ann" })).await;
    spend(&office.with(&personal), 1).await;
}

#[tokio::test]
async fn a_project_bounds_the_keys_that_are_made_for_it() {
    let (_provider, office) = office().await;
    let master = office.master();
    for team in ["red", "blue"] {
        let members = json!([{ "role": "admin", "user_id": format!("lead of {team}") }]);
        master.done("POST", "/team/new", json!({ "team_id": team, "members_with_roles": members })).await;
    }
    let (red, blue) =
        (office.key(json!({ "user_id": "lead of red" })).await, office.key(json!({ "user_id": "lead of blue" })).await);
    let (red, blue) = (office.with(&red), office.with(&blue));
    let project = json!({ "project_id": "app", "project_alias": "App", "team_id": "red", "models": ["paid"], "max_budget": 0.02,
        "model_rpm_limit": { "paid": 5 }, "tags": ["app"] });
    blue.refused("POST", "/project/new", project.clone(), 403).await;
    let made = red.done("POST", "/project/new", project.clone()).await;
    assert_eq!(
        (&made["litellm_budget_table"]["max_budget"], &made["metadata"]["tags"]),
        (&json!(0.02), &json!(["app"]))
    );
    red.refused("POST", "/project/new", project, 400).await;
    master.refused("POST", "/key/generate", json!({ "project_id": "none" }), 404).await;
    master.refused("POST", "/key/generate", json!({ "project_id": "app" }), 400).await;
    master.refused("POST", "/key/generate", json!({ "project_id": "app", "team_id": "blue" }), 400).await;

    let key = red.done("POST", "/key/generate", json!({ "project_id": "app", "team_id": "red" })).await;
    let key = key["key"].as_str().unwrap().to_owned();
    let caller = office.with(&key);
    caller.refused("POST", "/v1/chat/completions", json!({ "model": "demo", "messages": [] }), 403).await;
    spend(&caller, 2).await;
    let refused = caller.send(&Front::Chat.call("paid", "hello", false)).await;
    assert_eq!(refused.status(), 422, "{}", refused.text());
    assert!(refused.text().contains("Project=app"), "{}", refused.text());
    until(&red, "/project/info?project_id=app", |project| project["spend"] == 0.02).await;
    blue.refused("GET", "/project/info?project_id=app", Value::Null, 403).await;
    assert_eq!(
        (red.see("/project/list").await[0]["project_id"].clone(), blue.see("/project/list").await),
        (json!("app"), json!([]))
    );

    red.done("POST", "/project/update", json!({ "project_id": "app", "max_budget": 1, "blocked": true })).await;
    caller.refused("POST", "/v1/chat/completions", json!({ "model": "paid", "messages": [] }), 401).await;
    red.refused("DELETE", "/project/delete", json!({ "project_ids": ["app"] }), 400).await;
    assert_eq!(master.see("/key/list?project_id=app").await["total_count"], 1);
    master.done("POST", "/key/delete", json!({ "keys": [key] })).await;
    red.done("DELETE", "/project/delete", json!({ "project_ids": ["app"] })).await;
    master.refused("GET", "/project/info?project_id=app", Value::Null, 404).await;
}

#[tokio::test]
async fn reports_say_how_often_a_provider_was_asked_too_much() {
    let provider = mock("status=429").await;
    let office = Office::open("").await;
    let (master, base) = (office.master(), Back::OpenAi.base(&provider.url()));
    let params = json!({ "model": "openai/demo", "api_base": base, "api_key": "k" });
    master.done("POST", "/model/new", json!({ "model_name": "busy", "litellm_params": params })).await;
    let body = json!({ "model": "busy", "messages": [{ "role": "user", "content": "hello" }], "num_retries": 0 });
    assert_eq!(master.ask("POST", "/v1/chat/completions", body).await.status(), 429);
    let path = dates("/global/activity/exceptions?model_group=busy&");
    let shown = until(&master, &path, |shown| shown["sum_num_rate_limit_exceptions"] == 1).await;
    let day = &shown["daily_data"][0];
    assert_eq!(shown["daily_data"], json!([{ "date": day["date"], "num_rate_limit_exceptions": 1 }]));
    let path = dates("/global/activity/exceptions/deployment?model_group=busy&");
    let of = json!({ "api_base": base, "daily_data": shown["daily_data"], "sum_num_rate_limit_exceptions": 1 });
    assert_eq!(master.see(&path).await, json!([of]));
    let other = dates("/global/activity/exceptions?model_group=other&");
    assert_eq!(master.see(&other).await, json!({ "daily_data": [], "sum_num_rate_limit_exceptions": 0 }));
    assert_eq!(master.ask("GET", &dates("/global/activity/exceptions?"), Value::Null).await.status(), 422);
    let ann = office.with(office.key(json!({ "user_id": "ann" })).await);
    ann.refused("GET", &path, Value::Null, 403).await;
}
