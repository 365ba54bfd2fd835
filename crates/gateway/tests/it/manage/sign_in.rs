//! Signing in: who gets a session, what it may do, and what it does not become.

use serde_json::{Value, json};

use super::{MASTER, Office, config};
use crate::client::{Answer, Call};
use crate::gateway::Gateway;

/// Signs in, and says what the browser would show from now on.
async fn sign_in(gateway: &Gateway, words: Value) -> Result<String, u16> {
    let answer = gateway.call(&Call::post("/v2/login", &words)).await;
    match answer.status() {
        200 => Ok(cookie(&answer)),
        status => Err(status),
    }
}

fn cookie(answer: &Answer) -> String {
    let line = answer.header("set-cookie").expect("a session is a cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(line.contains(part), "{line}");
    }
    line.split(';').next().expect("a cookie has a value").to_owned()
}

/// Asks from a page of the gateway.
async fn ask(gateway: &Gateway, session: &str, method: &str, path: &str, body: Value) -> Answer {
    let call = match method {
        "GET" => Call::get(path),
        _ => Call::new(method, path).header("content-type", "application/json").body(body.to_string()),
    };
    gateway.call(&call.header("cookie", session).header("sec-fetch-site", "same-origin")).await
}

#[tokio::test]
async fn the_master_key_opens_a_session_that_may_do_everything_until_it_ends() {
    let office = Office::open("").await;
    let gateway = &office.gateway;
    for words in [json!({ "password": MASTER }), json!({ "username": "admin", "password": MASTER })] {
        let session = sign_in(gateway, words).await.expect("the master key is right");
        assert!(!session.contains(MASTER));
        let who = ask(gateway, &session, "GET", "/session", Value::Null).await.json();
        assert_eq!((&who["signed_in"], &who["user_role"]), (&json!(true), &json!("proxy_admin")));
        let made = ask(gateway, &session, "POST", "/key/generate", json!({ "duration": "30d" })).await;
        assert_eq!(made.status(), 200, "{}", made.text());
        assert_eq!(ask(gateway, &session, "POST", "/logout", json!({})).await.status(), 200);
        assert_eq!(ask(gateway, &session, "GET", "/key/list", Value::Null).await.status(), 401);
    }
    let audit = office.master().see("/audit?page_size=100").await.to_string();
    assert!(audit.contains("signed_in") && audit.contains("signed_out"), "{audit}");
    for words in [json!({ "password": "sk-wrong" }), json!({ "username": "other", "password": MASTER }), json!({})] {
        assert_eq!(sign_in(gateway, words.clone()).await, Err(401), "{words}");
    }
}

#[tokio::test]
async fn a_session_of_the_master_key_ends_with_it() {
    let office = Office::open("").await;
    let session = sign_in(&office.gateway, json!({ "password": MASTER })).await.expect("the master key is right");
    let list = || async { ask(&office.gateway, &session, "GET", "/key/list", Value::Null).await };
    assert_eq!(list().await.status(), 200);
    office.gateway.reconfigure(&config("").replace(MASTER, "sk-another-master-key-of-these-tests"));
    office.gateway.logged("configuration reloaded").await;
    let answer = list().await;
    assert!(answer.status() == 401 && answer.text().contains("Sign in again"), "{}", answer.text());
}

#[tokio::test]
async fn the_environment_names_an_administrator_as_at_the_incumbent() {
    let env = [("UI_USERNAME", "root"), ("UI_PASSWORD", "a good password")];
    let gateway = Gateway::start_with(&config(""), &[], &env).await;
    assert!(sign_in(&gateway, json!({ "username": "root", "password": "a good password" })).await.is_ok());
    assert!(sign_in(&gateway, json!({ "password": MASTER })).await.is_ok());
    assert_eq!(sign_in(&gateway, json!({ "username": "root", "password": MASTER })).await, Err(401));
    assert_eq!(sign_in(&gateway, json!({ "username": "admin", "password": "a good password" })).await, Err(401));
}

#[tokio::test]
async fn a_session_counts_only_where_a_page_of_the_gateway_asks() {
    let office = Office::open("").await;
    let session = sign_in(&office.gateway, json!({ "password": MASTER })).await.expect("the master key is right");
    let post = |name: &'static str, value: &'static str| {
        let call = Call::post("/key/generate", &json!({})).header("cookie", &session).header(name, value);
        let gateway = &office.gateway;
        async move { gateway.call(&call).await.status() }
    };
    assert_eq!(post("sec-fetch-site", "same-origin").await, 200);
    assert_eq!(post("origin", "http://gateway").await, 200);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil"),
        ("accept", "*/*"),
    ] {
        assert_eq!(post(name, value).await, 401, "{name}: {value}");
    }
    let foreign = Call::post("/v2/login", &json!({ "password": MASTER })).header("origin", "http://evil");
    assert_eq!(office.gateway.call(&foreign).await.status(), 403);
}

#[tokio::test]
async fn an_invitation_works_once_and_makes_a_user_of_its_own_rights() {
    let office = Office::open("").await;
    let (gateway, master) = (&office.gateway, office.master());
    let user = json!({ "user_id": "ana", "user_email": "ana@example.com", "user_role": "internal_user" });
    let key = master.done("POST", "/user/new", user).await["key"].as_str().expect("a key").to_owned();
    let made = ask_master(gateway, "/invitation/new", json!({ "user_id": "ana" })).await;
    let link = made["id"].as_str().expect("an id").to_owned();
    let whom = gateway.call(&Call::get(&format!("/onboarding/get_token?invite_link={link}"))).await;
    assert_eq!(whom.json()["user_email"], "ana@example.com");
    let claim = |password: &str| {
        let body = json!({ "invitation_link": link, "user_id": "ana", "password": password });
        async move { gateway.call(&Call::post("/onboarding/claim_token", &body)).await }
    };
    assert_eq!(claim("short").await.status(), 400);
    let claimed = claim("a good password").await;
    let session = cookie(&claimed);
    assert_eq!(claim("another password").await.status(), 401);
    assert_eq!(ask(gateway, &session, "GET", "/audit", Value::Null).await.status(), 403);
    // A session is no key that bounds others by its end, and is in no list.
    let made = ask(gateway, &session, "POST", "/key/generate", json!({ "duration": "90d" })).await;
    assert_eq!(made.status(), 200, "{}", made.text());
    let keys = ask(gateway, &session, "GET", "/key/list", Value::Null).await.json();
    assert_eq!(keys["total_count"], 2, "{keys}");
    assert!(sign_in(gateway, json!({ "username": "Ana@example.com", "password": "a good password" })).await.is_ok());
    // A key does not become all that its user is.
    let change = json!({ "new_password": "taken over", "current_password": "a good password" });
    office.with(&key).refused("POST", "/user/password/change", change.clone(), 403).await;
    assert_eq!(ask(gateway, &session, "POST", "/user/password/change", change).await.status(), 200);
    assert_eq!(sign_in(gateway, json!({ "username": "ana", "password": "a good password" })).await, Err(401));
    for text in [gateway.log(), master.see("/audit?page_size=100").await.to_string()] {
        for secret in ["taken over", "argon2id", &link] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

/// What an administrator is told.
async fn ask_master(gateway: &Gateway, path: &str, body: Value) -> Value {
    let call = Call::post(path, &body).header("authorization", format!("Bearer {MASTER}"));
    let answer = gateway.call(&call).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn whoever_guesses_too_often_waits() {
    let office = Office::open("").await;
    for _ in 0..10 {
        assert_eq!(sign_in(&office.gateway, json!({ "username": "ana", "password": "guess" })).await, Err(401));
    }
    let answer = office.gateway.call(&Call::post("/v2/login", &json!({ "password": MASTER }))).await;
    assert_eq!(answer.status(), 429);
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn the_ui_is_there_with_guards_or_says_how_to_get_it() {
    let office = Office::open("").await;
    let page = office.gateway.call(&Call::get("/ui/keys")).await;
    assert_eq!((page.status(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(page.text().contains("Lockgate"));
    let elsewhere = office.gateway.call(&Call::get("/admin")).await;
    assert_eq!((elsewhere.status(), elsewhere.header("location")), (307, Some("/ui/")));
    let off = Gateway::start_with(&config(""), &[], &[("DISABLE_ADMIN_UI", "true")]).await;
    assert_eq!(off.call(&Call::get("/ui/")).await.status(), 404);
    assert_eq!(sign_in(&off, json!({ "password": MASTER })).await, Err(404));
}
