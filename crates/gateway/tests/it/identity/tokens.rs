//! Tokens in the place of keys: whom they stand for, who pays, and what does not count; on SQLite and on Postgres.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::issuer::{Issuer, Signer, now, unsigned};
use crate::client::{Answer, Call};
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Person};
use crate::servers::Postgres;

/// Whom tokens are for.
const AUDIENCE: &str = "api://lockgate";

/// A gateway that takes the tokens of an issuer.
struct House {
    gateway: Gateway,
    issuer: Issuer,
    signer: Signer,
}

impl House {
    /// With these rules, and a model that costs a cent for each token.
    async fn open(rules: &str, url: Option<&str>) -> Self {
        let signer = Signer::rsa("first");
        let issuer = Issuer::start(&signer).await;
        let keys = format!("{}/keys", issuer.url());
        let price = "input_cost_per_token: 0.01, output_cost_per_token: 0.01";
        let config = format!(
            "model_list:\n  - {{model_name: demo, litellm_params: {{model: mock/demo, {price}}}}}\n  \
             - {{model_name: other, litellm_params: {{model: mock/demo, {price}}}}}\n\
             general_settings:\n  master_key: {MASTER}\n  enable_jwt_auth: true\n{rules}"
        );
        let mut env = vec![("JWT_PUBLIC_KEY_URL", &*keys), ("JWT_AUDIENCE", AUDIENCE)];
        env.extend(url.map(|url| ("DATABASE_URL", url)));
        let gateway = Gateway::start_with(&config, &[], &env).await;
        House { gateway, issuer, signer }
    }

    fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    /// A token for us with these claims.
    fn token(&self, claims: Value) -> String {
        self.signer.sign(&self.issuer.claims(AUDIENCE, claims))
    }

    /// Calls a model.
    async fn call(&self, token: &str, model: &str) -> Answer {
        let body = json!({ "model": model, "max_tokens": 5, "messages": [{ "role": "user", "content": "Hello!" }] });
        let call = Call::post("/v1/chat/completions", &body).header("authorization", format!("Bearer {token}"));
        self.gateway.call(&call).await
    }

    async fn calls(&self, claims: Value, model: &str) -> Result<(), (u16, String)> {
        let answer = self.call(&self.token(claims), model).await;
        let message = || answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        if answer.status() == 200 { Ok(()) } else { Err((answer.status(), message())) }
    }

    /// Waits until somebody has spent something.
    async fn spent(&self, path: &str, place: &str) -> f64 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let spent = self.master().see(path).await.pointer(place).and_then(Value::as_f64).unwrap_or_default();
            if spent > 0.0 {
                return spent;
            }
            assert!(Instant::now() < deadline, "nothing is booked at {path}");
        }
    }
}

fn refused(outcome: Result<(), (u16, String)>, status: u16, part: &str) {
    let (found, message) = outcome.expect_err(part);
    assert!(found == status && message.contains(part), "{found} {message}, not {status} {part}");
}

/// A user and a team that come with a token, and pay for what they call.
async fn a_token_stands_for_its_user_and_team(url: Option<&str>) {
    let rules = "  litellm_jwtauth: {user_id_jwt_field: sub, user_email_jwt_field: email, team_id_jwt_field: team, \
                 org_id_jwt_field: org, end_user_id_jwt_field: customer, user_id_upsert: true, team_id_upsert: true}\n";
    let house = House::open(rules, url).await;
    let master = house.master();
    master.done("POST", "/customer/new", json!({ "user_id": "shop" })).await;
    let claims = json!({ "sub": "ana", "email": "ana@example.com", "team": "red", "customer": "shop" });
    assert_eq!(house.calls(claims.clone(), "demo").await, Ok(()));
    let user = master.see("/user/info?user_id=ana").await;
    assert_eq!(user["user_info"]["user_email"], "ana@example.com");
    assert!(house.spent("/team/info?team_id=red", "/team_info/spend").await > 0.0);
    assert!(house.spent("/customer/info?end_user_id=shop", "/spend").await > 0.0);
    // The team's budget holds for all of its tokens.
    master.done("POST", "/team/update", json!({ "team_id": "red", "max_budget": 0.01 })).await;
    refused(house.calls(claims.clone(), "demo").await, 422, "Team=red");
    refused(house.calls(json!({ "sub": "ben", "team": "red" }), "demo").await, 422, "Team=red");
    // So do its models, and its end.
    master.done("POST", "/team/update", json!({ "team_id": "red", "max_budget": 100, "models": ["other"] })).await;
    refused(house.calls(claims.clone(), "demo").await, 403, "not available");
    assert_eq!(house.calls(claims.clone(), "other").await, Ok(()));
    master.done("POST", "/team/block", json!({ "team_id": "red" })).await;
    refused(house.calls(claims.clone(), "other").await, 401, "blocked");
    master.done("POST", "/team/unblock", json!({ "team_id": "red" })).await;
    master.done("POST", "/user/update", json!({ "user_id": "ana", "blocked": true })).await;
    refused(house.calls(claims, "other").await, 401, "User=ana is blocked");
    // An organization must be there: nobody makes one by a token.
    refused(
        house.calls(json!({ "sub": "ben", "team": "red", "org": "nowhere" }), "other").await,
        401,
        "Organization=nowhere",
    );
}

#[tokio::test]
async fn a_token_stands_for_its_user_and_team_whose_budgets_hold_on_sqlite() {
    a_token_stands_for_its_user_and_team(None).await;
}

#[tokio::test]
async fn a_token_stands_for_its_user_and_team_whose_budgets_hold_on_postgres() {
    let server = Postgres::start();
    a_token_stands_for_its_user_and_team(Some(&server.url)).await;
}

#[tokio::test]
async fn a_user_without_a_team_pays_alone_and_only_those_are_added_whom_the_operator_lets() {
    let rules = "  litellm_jwtauth: {user_id_jwt_field: sub, user_email_jwt_field: email, user_id_upsert: true, \
                 user_allowed_email_domain: example.com}\n";
    let house = House::open(rules, None).await;
    let ana = json!({ "sub": "ana", "email": "ana@example.com" });
    assert_eq!(house.calls(ana.clone(), "demo").await, Ok(()));
    house.master().done("POST", "/user/update", json!({ "user_id": "ana", "max_budget": 0.01 })).await;
    refused(house.calls(ana.clone(), "demo").await, 422, "User=ana over budget");
    refused(house.calls(json!({ "sub": "eve", "email": "eve@evil.example" }), "demo").await, 401, "doesn't exist");
    refused(house.calls(json!({ "email": "ana@example.com" }), "demo").await, 401, "names no user");
    // Somebody who has an account already is found by a mail address that is proven, and only so.
    let known = json!({ "user_id": "of-ours", "user_email": "cleo@example.com", "auto_create_key": false });
    house.master().done("POST", "/user/new", known).await;
    let cleo = |proven: bool| json!({ "sub": "cleo", "email": "cleo@example.com", "email_verified": proven });
    refused(house.calls(cleo(false), "demo").await, 401, "doesn't exist");
    let who = Person::of(&house.gateway, house.token(cleo(true))).see("/user/info").await;
    assert_eq!(who["user_id"], "of-ours");
    // A token may do what its user may, and nothing else.
    let token = house.token(ana);
    let me = Person::of(&house.gateway, token.clone());
    assert_eq!(me.see("/user/info").await["user_id"], "ana");
    me.refused("GET", "/audit", Value::Null, 403).await;
    me.refused("POST", "/user/password/change", json!({ "new_password": "taken over" }), 403).await;
    for text in [house.gateway.log(), house.master().see("/audit?page_size=100").await.to_string()] {
        assert!(!text.contains(token.rsplit('.').next().expect("a signature")));
    }
}

#[tokio::test]
async fn a_token_counts_only_whole_from_its_issuer_for_us_and_while_it_is_good() {
    let house = House::open("  litellm_jwtauth: {user_id_jwt_field: sub}\n", None).await;
    house.master().done("POST", "/user/new", json!({ "user_id": "ana", "auto_create_key": false })).await;
    assert_eq!(house.calls(json!({ "sub": "ana" }), "demo").await, Ok(()));
    for (lie, part) in [
        (json!({ "sub": "ana", "exp": now() - 60 }), "expired"),
        (json!({ "sub": "ana", "exp": null }), "does not say when it expires"),
        (json!({ "sub": "ana", "nbf": now() + 300 }), "not valid yet"),
        (json!({ "sub": "ana", "aud": "api://other" }), "somebody else"),
        (json!({ "sub": "ana", "aud": null }), "somebody else"),
        (json!({ "sub": "nobody" }), "doesn't exist"),
    ] {
        refused(house.calls(lie, "demo").await, 401, part);
    }
    let claims = house.issuer.claims(AUDIENCE, json!({ "sub": "ana" }));
    let good = house.signer.sign(&claims);
    let (body, signature) = good.rsplit_once('.').expect("a signature");
    let other = house.signer.sign(&house.issuer.claims(AUDIENCE, json!({ "sub": "ben" })));
    let swapped = format!("{body}.{}", other.rsplit('.').next().expect("a signature"));
    let changed = format!("{body}.{}", signature.chars().rev().collect::<String>());
    for (token, part) in [
        (Signer::rsa("first").sign(&claims), "signature is wrong"),
        (Signer::ec("first").sign(&claims), "algorithm"),
        (house.signer.public_as_secret().sign(&claims), "algorithm"),
        (unsigned(&claims), "algorithm"),
        (swapped, "signature is wrong"),
        (changed, "signature is wrong"),
        ("a.b.c".to_owned(), "no JSON web token"),
        (house.signer.called("unheard-of").sign(&claims), "does not publish"),
    ] {
        let answer = house.call(&token, "demo").await;
        let text = answer.text();
        assert!(answer.status() == 401 && text.contains(part), "{part}: {text}");
        assert!(!text.contains(&token), "{text}");
    }
    // Without the rules nobody takes tokens at all.
    let plain = Gateway::start(&crate::manage::config("")).await;
    let answer = plain.call(&Call::get("/v1/models").header("authorization", format!("Bearer {good}"))).await;
    assert!(answer.status() == 401 && answer.text().contains("Virtual Key expected"), "{}", answer.text());
}

#[tokio::test]
async fn keys_of_the_issuer_come_and_go_and_are_not_asked_for_without_end() {
    let house = House::open("  litellm_jwtauth: {user_id_jwt_field: sub, user_id_upsert: true}\n", None).await;
    assert_eq!(house.calls(json!({ "sub": "ana" }), "demo").await, Ok(()));
    let second = Signer::ec("second");
    house.issuer.publish(&[&second]);
    let claims = house.issuer.claims(AUDIENCE, json!({ "sub": "ana" }));
    let answer = house.call(&second.sign(&claims), "demo").await;
    assert_eq!(answer.status(), 200, "a new key is found at once: {}", answer.text());
    // What the old key signed counts no more, even what was remembered.
    refused(house.calls(json!({ "sub": "ana" }), "demo").await, 401, "does not publish");
    let asked = house.issuer.asked("/keys");
    for flood in 0..50 {
        let answer = house.call(&second.called(&format!("kid-{flood}")).sign(&claims), "demo").await;
        assert_eq!(answer.status(), 401);
    }
    assert!(house.issuer.asked("/keys") <= asked + 3, "{} questions", house.issuer.asked("/keys") - asked);
}

#[tokio::test]
async fn one_of_several_teams_pays_that_may_call_the_model() {
    let rules = "  litellm_jwtauth: {user_id_jwt_field: sub, team_ids_jwt_field: org.groups, user_id_upsert: true, \
                 enforce_team_based_model_access: true}\n";
    let house = House::open(rules, None).await;
    for (team, model) in [("red", "demo"), ("blue", "other")] {
        house.master().done("POST", "/team/new", json!({ "team_id": team, "models": [model] })).await;
    }
    let claims = |groups: &[&str]| json!({ "sub": "ana", "org": { "groups": groups } });
    assert_eq!(house.calls(claims(&["gone", "red", "blue"]), "other").await, Ok(()));
    assert!(house.spent("/team/info?team_id=blue", "/team_info/spend").await > 0.0);
    assert_eq!(house.master().see("/team/info?team_id=red").await["team_info"]["spend"], 0.0);
    assert_eq!(house.calls(claims(&["red", "blue"]), "demo").await, Ok(()));
    refused(house.calls(claims(&["red"]), "other").await, 403, "not available");
    refused(house.calls(claims(&[]), "other").await, 403, "None of this token's teams");
    let token = house.token(claims(&["red", "blue"]));
    let models = Person::of(&house.gateway, token).see("/v1/models").await;
    assert_eq!(models["data"].as_array().map(Vec::len), Some(2), "{models}");
}

#[tokio::test]
async fn scopes_and_roles_say_what_a_token_may_do() {
    let rules = "  litellm_jwtauth:\n    user_id_jwt_field: sub\n    user_id_upsert: true\n    \
                 roles_jwt_field: roles\n    object_id_jwt_field: oid\n    enforce_scope_based_access: true\n    \
                 role_mappings: [{role: consumer, internal_role: team}]\n    \
                 scope_mappings: [{scope: small, models: [demo]}, {scope: all, models: [demo, other]}]\n  \
                 role_permissions: [{role: team, models: [demo], routes: [/v1/chat/completions]}]\n";
    let house = House::open(rules, None).await;
    assert_eq!(house.calls(json!({ "sub": "ana", "scope": "small x" }), "demo").await, Ok(()));
    refused(house.calls(json!({ "sub": "ana", "scope": ["small"] }), "other").await, 403, "not available");
    assert_eq!(house.calls(json!({ "sub": "ana", "scope": ["small", "all"] }), "other").await, Ok(()));
    refused(house.calls(json!({ "sub": "ana" }), "demo").await, 403, "not available");
    // A role makes the object a team, with what teams may do.
    house.master().done("POST", "/team/new", json!({ "team_id": "crew" })).await;
    let crew = json!({ "oid": "crew", "roles": ["consumer"], "scope": "all" });
    assert_eq!(house.calls(crew.clone(), "demo").await, Ok(()));
    refused(house.calls(crew.clone(), "other").await, 403, "not available");
    let token = house.token(crew);
    Person::of(&house.gateway, token).refused("GET", "/team/info?team_id=crew", Value::Null, 403).await;
    // Administrators manage, and do not call models.
    let admin = json!({ "sub": "root", "scope": "litellm_proxy_admin" });
    refused(house.calls(admin.clone(), "demo").await, 403, "not allowed to call this route");
    let token = house.token(admin);
    Person::of(&house.gateway, token).done("POST", "/key/generate", json!({})).await;
}

#[tokio::test]
async fn roles_and_teams_follow_the_token_where_the_operator_wants_it() {
    let rules = "  litellm_jwtauth:\n    user_id_jwt_field: sub\n    team_ids_jwt_field: groups\n    user_id_upsert: true\n    \
                 sync_user_role_and_teams: true\n    roles_jwt_field: roles\n    \
                 jwt_litellm_role_map: [{jwt_role: 'admin-*', litellm_role: proxy_admin_viewer}, {jwt_role: '*', litellm_role: internal_user}]\n    \
                 issuers: [{issuer: 'https://unused.example', jwks_url: 'http://127.0.0.1:9/keys', audience: x}]\n";
    let house = House::open(rules, None).await;
    for team in ["red", "blue"] {
        house.master().done("POST", "/team/new", json!({ "team_id": team })).await;
    }
    assert_eq!(house.calls(json!({ "sub": "ana", "groups": ["red"], "roles": ["staff"] }), "demo").await, Ok(()));
    let see = || async { house.master().see("/user/info?user_id=ana").await["user_info"].clone() };
    let user = see().await;
    assert_eq!((&user["user_role"], &user["teams"]), (&json!("internal_user"), &json!(["red"])));
    assert_eq!(house.calls(json!({ "sub": "ana", "groups": ["blue"], "roles": ["admin-eu"] }), "demo").await, Ok(()));
    let user = see().await;
    assert_eq!((&user["user_role"], &user["teams"]), (&json!("proxy_admin_viewer"), &json!(["blue"])));
}
