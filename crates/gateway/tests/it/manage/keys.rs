//! The life of keys.

use serde_json::{Value, json};

use super::{MASTER, Office};
use crate::gateway::Folder;

#[tokio::test]
async fn a_key_is_made_shown_changed_blocked_rotated_and_deleted() {
    let office = Office::open("").await;
    let master = office.master();
    let made = master
        .done("POST", "/key/generate", json!({ "key_alias": "mine", "models": ["demo"], "max_budget": 2.5 }))
        .await;
    let (key, token) = (made["key"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert!(key.starts_with("sk-") && key.len() == 25, "{made}");
    assert_eq!(made["key_name"], format!("sk-...{}", &key[key.len() - 4..]));
    assert_eq!((token.len(), &made["token_id"]), (64, &json!(token)));

    for named in [key, token] {
        let info = master.see(&format!("/key/info?key={named}")).await;
        assert_eq!((&info["key"], &info["info"]["key_alias"]), (&json!(named), &json!("mine")));
        assert_eq!(info["info"]["max_budget"], json!(2.5));
        assert!(!info["info"].to_string().contains(key), "the secret is shown once");
    }
    let own = office.with(key).see("/key/info").await;
    assert_eq!(own["info"]["models"], json!(["demo"]));

    let changed = json!({ "key": key, "max_budget": null, "tpm_limit": 100, "metadata": { "a": 1 }, "tags": ["x"] });
    let changed = master.done("POST", "/key/update", changed).await;
    assert_eq!(
        (&changed["key"], &changed["max_budget"], &changed["tpm_limit"]),
        (&json!(key), &Value::Null, &json!(100))
    );
    assert_eq!((&changed["metadata"], &changed["key_alias"]), (&json!({ "a": 1, "tags": ["x"] }), &json!("mine")));

    let blocked = master.done("POST", "/key/block", json!({ "key": key })).await;
    assert_eq!((&blocked["blocked"], &blocked["token"]), (&json!(true), &json!(token)));
    let why = office.with(key).refused("GET", "/key/info", Value::Null, 401).await;
    assert_eq!(why, "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin.");
    master.done("POST", "/key/unblock", json!({ "key": token })).await;
    office.with(key).see("/key/info").await;

    let fresh = master.done("POST", &format!("/key/{token}/regenerate"), json!({ "rpm_limit": 5 })).await;
    let (new, new_token) = (fresh["key"].as_str().unwrap(), fresh["token"].as_str().unwrap());
    assert!(new != key && new_token != token);
    assert_eq!(
        (&fresh["key_alias"], &fresh["rpm_limit"], &fresh["tpm_limit"]),
        (&json!("mine"), &json!(5), &json!(100))
    );
    assert_eq!(fresh["rotation_count"], 1);
    let why = office.with(key).refused("GET", "/key/info", Value::Null, 401).await;
    assert_eq!(why, "Authentication Error, Invalid API key provided.");
    office.with(new).see("/key/info").await;

    let deleted = master.done("POST", "/key/delete", json!({ "keys": [new] })).await;
    assert_eq!(deleted, json!({ "deleted_keys": [new] }));
    office.with(new).refused("GET", "/key/info", Value::Null, 401).await;
    let missing = master.ask("GET", &format!("/key/info?key={new}"), Value::Null).await;
    assert_eq!((missing.status(), &missing.json()["error"]["message"]), (404, &json!("Key not found in database")));
    assert!(!missing.text().contains(new));
    master.done("POST", "/key/generate", json!({ "key_alias": "mine" })).await;
}

#[tokio::test]
async fn an_old_secret_works_through_its_grace_period_however_often_the_key_is_rotated() {
    let office = Office::open("").await;
    let master = office.master();
    let first = office.key(json!({ "key_alias": "rotating" })).await;
    let rotate = async |key: &str| -> String {
        let body = json!({ "key": key, "grace_period": "1h" });
        let fresh = office.master().done("POST", "/key/regenerate", body).await;
        fresh["key"].as_str().unwrap().to_owned()
    };
    let second = rotate(&first).await;
    let third = rotate(&second).await;
    for key in [&first, &second, &third] {
        let info = office.with(key).see("/key/info").await;
        assert_eq!((&info["info"]["key_alias"], &info["info"]["rotation_count"]), (&json!("rotating"), &json!(2)));
    }
    assert_eq!(master.see("/key/list").await["total_count"], 1);
    master.refused("POST", "/key/generate", json!({ "key": first }), 400).await;
    master.done("POST", "/key/delete", json!({ "key_aliases": ["rotating"] })).await;
    for key in [&first, &second, &third] {
        office.with(key).refused("GET", "/key/info", Value::Null, 401).await;
    }
}

#[tokio::test]
async fn keys_end_when_their_time_is_up() {
    let office = Office::open("").await;
    let made = office.master().done("POST", "/key/generate", json!({ "duration": "30d" })).await;
    let expires = made["expires"].as_str().expect("it ends some day");
    assert!(expires.ends_with('Z') && expires.len() >= 20, "{expires}");
    let key = made["key"].as_str().unwrap();
    let lasting = office.master().done("POST", "/key/update", json!({ "key": key, "duration": "-1" })).await;
    assert_eq!(lasting["expires"], Value::Null);
    let brief = office.key(json!({ "duration": "1s" })).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    let refusal = loop {
        let answer = office.with(&brief).ask("GET", "/key/info", Value::Null).await;
        match answer.status() {
            200 => assert!(tokio::time::Instant::now() < deadline, "it still works"),
            _ => break answer,
        }
    };
    assert_eq!((refusal.status(), &refusal.json()["error"]["type"]), (401, &json!("expired_key")));
}

#[tokio::test]
async fn an_alias_belongs_to_one_key_however_many_want_it() {
    let office = Office::open("").await;
    let master = office.master();
    let wanted = json!({ "key_alias": "wanted" });
    let answers = futures(50, |_| master.ask("POST", "/key/generate", wanted.clone())).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status() == 200).collect();
    assert_eq!((made.len(), answers.len()), (1, 50));
    for answer in answers.iter().filter(|answer| answer.status() != 200) {
        assert_eq!(
            (answer.status(), &answer.json()["error"]["param"]),
            (400, &json!("key_alias")),
            "{}",
            answer.text()
        );
    }
    let other = office.key(json!({ "key_alias": "other" })).await;
    master.refused("POST", "/key/update", json!({ "key": other, "key_alias": "wanted" }), 400).await;
    master.done("POST", "/key/update", json!({ "key": other, "key_alias": "another" })).await;
    office.key(json!({ "key_alias": "other" })).await;
    assert_eq!(master.see("/key/aliases").await["aliases"], json!(["another", "other", "wanted"]));
}

#[tokio::test]
async fn of_a_hundred_changes_of_one_key_none_is_lost() {
    let office = Office::open("").await;
    let key = office.key(json!({})).await;
    let master = office.master();
    // Each change sets a field of its own: all of them must be there in the end.
    let change = |n: usize| {
        let field = ["tpm_limit", "rpm_limit", "max_parallel_requests", "max_budget"][n % 4];
        master.ask("POST", "/key/update", json!({ "key": key, field: n, "permissions": { "n": n } }))
    };
    let answers = futures(100, change).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    let info = master.see(&format!("/key/info?key={key}")).await["info"].clone();
    for (rest, field) in ["tpm_limit", "rpm_limit", "max_parallel_requests", "max_budget"].iter().enumerate() {
        assert_eq!(info[*field].as_f64().expect("it was set") as usize % 4, rest, "{info}");
    }
    assert!(info["permissions"]["n"].as_u64().is_some_and(|n| n < 100), "{info}");
}

#[tokio::test]
async fn keys_are_listed_in_pages_filtered_and_sorted() {
    let office = Office::open("").await;
    for n in 0..25 {
        let user = if n % 5 == 0 { "five" } else { "rest" };
        office.key(json!({ "key_alias": format!("key-{n:02}"), "user_id": user, "max_budget": n })).await;
    }
    let master = office.master();
    let page = master.see("/key/list").await;
    assert_eq!((&page["total_count"], &page["current_page"], &page["total_pages"]), (&json!(25), &json!(1), &json!(3)));
    assert_eq!(page["keys"].as_array().unwrap().len(), 10);
    assert_eq!(page["keys"][0].as_str().unwrap().len(), 64);
    let aliases = |page: &Value| -> Vec<String> {
        let keys = page["keys"].as_array().unwrap().iter();
        keys.map(|key| key["key_alias"].as_str().unwrap().to_owned()).collect()
    };
    let full = "/key/list?return_full_object=true&sort_by=max_budget&sort_order=desc&size=3&page=2";
    assert_eq!(aliases(&master.see(full).await), ["key-21", "key-20", "key-19"]);
    let five = master.see("/key/list?return_full_object=true&user_id=five&sort_by=key_alias&sort_order=asc").await;
    assert_eq!(aliases(&five), ["key-00", "key-05", "key-10", "key-15", "key-20"]);
    let found = master.see("/key/list?return_full_object=true&key_alias=key-07").await;
    assert_eq!((&found["total_count"], aliases(&found)), (&json!(1), vec!["key-07".to_owned()]));
    assert_eq!(master.see("/key/list?search=KEY-1").await["total_count"], 10);
    assert_eq!(master.see("/key/list?page=9").await["keys"], json!([]));
    assert_eq!(master.ask("GET", "/key/list?page=0", Value::Null).await.status(), 400);
    assert_eq!(master.ask("GET", "/key/list?page=x", Value::Null).await.status(), 422);
    assert_eq!(master.see("/key/aliases?size=2&page=2").await["aliases"], json!(["key-02", "key-03"]));
}

#[tokio::test]
async fn the_operators_rules_for_new_keys_hold() {
    let settings = "\
litellm_settings:
  default_key_generate_params: {max_budget: 5, models: [demo], duration: 30d}
  upperbound_key_generate_params: {max_budget: 100, rpm_limit: 10, duration: 90d}
  key_generation_settings:
    team_key_generation: {required_params: [tags]}
general_settings:
  disable_custom_api_keys: true
";
    let office = Office::open(settings).await;
    let master = office.master();
    let usual = master.done("POST", "/key/generate", json!({})).await;
    assert_eq!(
        (&usual["max_budget"], &usual["models"], &usual["rpm_limit"]),
        (&json!(5.0), &json!(["demo"]), &json!(10))
    );
    assert!(usual["expires"].is_string());
    let own = master.done("POST", "/key/generate", json!({ "max_budget": 7, "models": ["other"] })).await;
    assert_eq!((&own["max_budget"], &own["models"]), (&json!(7.0), &json!(["other"])));
    for more in [
        json!({ "max_budget": 101 }),
        json!({ "rpm_limit": 11 }),
        json!({ "duration": "91d" }),
        json!({ "duration": "-1" }),
    ] {
        master.refused("POST", "/key/generate", more.clone(), 400).await;
        let update = json!({ "key": own["key"], "max_budget": 101 });
        master.refused("POST", "/key/update", update, 400).await;
    }
    master.refused("POST", "/key/update", json!({ "key": own["key"], "rpm_limit": 11 }), 400).await;
    master.refused("POST", "/key/generate", json!({ "key": "sk-a-key-of-my-own-choice" }), 403).await;
    master
        .refused("POST", "/key/regenerate", json!({ "key": own["key"], "new_key": "sk-a-key-of-my-own-choice" }), 403)
        .await;
}

#[tokio::test]
async fn keys_of_ones_own_choice_must_look_like_keys() {
    let office = Office::open("").await;
    let made = office.master().done("POST", "/key/generate", json!({ "key": "sk-my-own" })).await;
    assert_eq!((&made["key"], &made["key_name"]), (&json!("sk-my-own"), &json!("sk-...-own")));
    office.with("sk-my-own").see("/key/info").await;
    let long = format!("sk-{}", "x".repeat(300));
    for wrong in ["my-own-key-without-prefix", "sk-", "sk-with space", "sk-ü", "sk-my-own", &long] {
        office.master().refused("POST", "/key/generate", json!({ "key": wrong }), 400).await;
    }
    office.master().refused("POST", "/key/generate", json!({ "key": MASTER, "budget_id": "none" }), 404).await;
}

#[tokio::test]
async fn everything_is_still_there_after_a_restart() {
    let folder = Folder::new();
    let office = Office::open_at(&folder).await;
    let key = office.key(json!({ "key_alias": "lasting", "max_budget": 3, "metadata": { "a": ["b"] } })).await;
    let before = office.master().see(&format!("/key/info?key={key}")).await;
    drop(office);
    let office = Office::open_at(&folder).await;
    assert_eq!(office.master().see(&format!("/key/info?key={key}")).await, before);
    office.master().refused("POST", "/key/generate", json!({ "key_alias": "lasting" }), 400).await;
}

#[tokio::test]
async fn without_a_database_management_says_so() {
    let office = Office::open("general_settings:\n  database_url: none\n").await;
    for (method, path) in [("POST", "/key/generate"), ("GET", "/key/list"), ("GET", "/key/info")] {
        let answer = office.master().ask(method, path, json!({})).await;
        assert_eq!((answer.status(), &answer.json()["error"]["type"]), (400, &json!("no_db_connection")), "{path}");
    }
    office.with("sk-virtual").refused("GET", "/key/info", Value::Null, 401).await;
}

/// Waits for `count` requests that run at once.
pub async fn futures<F: Future>(count: usize, make: impl Fn(usize) -> F) -> Vec<F::Output> {
    let mut waiting: Vec<_> = (0..count).map(|n| Box::pin(make(n))).collect();
    let mut done: Vec<Option<F::Output>> = (0..count).map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        let mut open = false;
        for (future, slot) in waiting.iter_mut().zip(&mut done).filter(|(_, slot)| slot.is_none()) {
            match future.as_mut().poll(cx) {
                std::task::Poll::Ready(output) => *slot = Some(output),
                std::task::Poll::Pending => open = true,
            }
        }
        match open {
            true => std::task::Poll::Pending,
            false => std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect()),
        }
    })
    .await
}

#[tokio::test]
async fn deleted_keys_are_listed_to_those_whose_they_were() {
    let office = Office::open("").await;
    let master = office.master();
    for user in ["ann", "bob"] {
        master.done("POST", "/user/new", json!({ "user_id": user, "auto_create_key": false })).await;
    }
    let mut keys = Vec::new();
    for user in ["ann", "bob"] {
        let made = json!({ "user_id": user, "key_alias": format!("of {user}"), "max_budget": 3 });
        let made = master.done("POST", "/key/generate", made).await;
        let fresh = master.done("POST", "/key/regenerate", json!({ "key": made["key"] })).await;
        keys.push(fresh["token"].clone());
    }
    master.done("POST", "/key/delete", json!({ "keys": keys })).await;
    let all = master.see("/key/list?status=deleted&return_full_object=true").await;
    assert_eq!(all["total_count"], 2, "a rotated key is none: {all}");
    let row = all["keys"].as_array().unwrap().iter().find(|row| row["token"] == keys[0]).unwrap();
    assert_eq!(
        (&row["key_alias"], &row["max_budget"], &row["user_id"]),
        (&json!("of ann"), &json!(3.0), &json!("ann"))
    );
    assert_eq!((&row["deleted_by"], row["deleted_at"].is_string()), (&json!("default_user_id"), true));
    assert_eq!(master.see("/key/list?status=deleted&user_id=bob").await["keys"], json!([keys[1]]));
    let ann = office.key(json!({ "user_id": "ann" })).await;
    assert_eq!(office.with(&ann).see("/key/list?status=deleted").await["keys"], json!([keys[0]]));
}
