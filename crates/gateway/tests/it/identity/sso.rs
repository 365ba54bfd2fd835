//! Sign-in by SSO: who gets in, as what, and what does not count.

use serde_json::{Value, json};

use super::issuer::{CLIENT, Issuer, SECRET, Signer, fields, nothing, now};
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person, config};

/// The name of the cookie of a sign-in that is on its way.
const FLOW: &str = "lockgate_sso=";
/// The name of the cookie of a session.
const SESSION: &str = "lockgate_session=";

/// A gateway that signs people in by an issuer.
struct House {
    gateway: Gateway,
    issuer: Issuer,
    signer: Signer,
}

impl House {
    async fn open(settings: &str, more: &[(&str, &str)]) -> Self {
        let signer = Signer::ec("first");
        let issuer = Issuer::start(&signer).await;
        let url = issuer.url();
        let usual = [
            ("GENERIC_CLIENT_ID", CLIENT),
            ("GENERIC_CLIENT_SECRET", SECRET),
            ("GENERIC_ISSUER", &*url),
            ("GENERIC_USER_ID_ATTRIBUTE", "sub"),
        ];
        let mut env: Vec<(&str, &str)> =
            usual.into_iter().filter(|(name, _)| !more.iter().any(|(own, _)| own == name)).collect();
        env.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let gateway = Gateway::start_with(&config(settings), &[], &env).await;
        House { gateway, issuer, signer }
    }

    fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    /// Goes to the provider; what the gateway's cookie is then, and where the provider sends the browser.
    async fn begin(&self) -> (String, String) {
        let begun = self.gateway.call(&Call::get("/sso/key/generate")).await;
        assert_eq!(begun.status(), 303, "{}", begun.text());
        let (cookie, place) = (set(&begun, FLOW).expect("a cookie"), at(&begun));
        let path = place.strip_prefix(&self.issuer.url()).expect("the way leads to the issuer");
        let back = Call::get(path).send(self.issuer.addr).await;
        (cookie, at(&back).strip_prefix("http://gateway").expect("the way leads back").to_owned())
    }

    /// Comes back.
    async fn end(&self, cookie: &str, path: &str) -> Answer {
        self.gateway.call(&Call::get(path).header("cookie", cookie).header("sec-fetch-site", "cross-site")).await
    }

    /// All of it: the session, or the code of the trouble.
    async fn sign_in(&self) -> Result<String, String> {
        let (cookie, path) = self.begin().await;
        outcome(&self.end(&cookie, &path).await)
    }

    /// Who is signed in.
    async fn who(&self, session: &str) -> Value {
        let call = Call::get("/session").header("cookie", session).header("sec-fetch-site", "same-origin");
        self.gateway.call(&call).await.json()
    }
}

fn at(answer: &Answer) -> String {
    answer.header("location").unwrap_or_else(|| panic!("it leads nowhere: {}", answer.text())).to_owned()
}

/// The cookie with this name that an answer sets to something.
fn set(answer: &Answer, name: &str) -> Option<String> {
    let lines = answer.head.headers.iter().filter(|(known, _)| known == "set-cookie");
    let line =
        lines.map(|(_, line)| line).find(|line| line.starts_with(name) && !line.starts_with(&format!("{name};")))?;
    let lax = if name == FLOW { "SameSite=Lax" } else { "SameSite=Strict" };
    assert!(line.contains("HttpOnly") && line.contains(lax), "{line}");
    Some(line.split(';').next().expect("a cookie has a value").to_owned())
}

fn outcome(answer: &Answer) -> Result<String, String> {
    assert_eq!(answer.status(), 303, "{}", answer.text());
    let place = at(answer);
    match place.strip_prefix("/ui/?sso_error=") {
        Some(code) => {
            assert!(set(answer, SESSION).is_none());
            Err(code.to_owned())
        }
        None => {
            assert_eq!(place, "/ui/");
            Ok(set(answer, SESSION).expect("a session"))
        }
    }
}

fn ana() -> Value {
    json!({ "sub": "ana", "email": "ana@example.com", "email_verified": true, "name": "Ana" })
}

#[tokio::test]
async fn who_signs_in_for_the_first_time_gets_an_account_and_later_it_follows_the_provider() {
    let settings = "general_settings:\n  litellm_jwtauth: {team_ids_jwt_field: groups, sync_user_role_and_teams: true}\nlitellm_settings:\n  default_internal_user_params: {max_budget: 5}\n";
    let roles = r#"{'proxy_admin': ['admins'], 'internal_user': ['staff']}"#;
    let house = House::open(settings, &[("GENERIC_ROLE_MAPPINGS_ROLES", roles)]).await;
    let master = house.master();
    for team in ["red", "blue"] {
        master.done("POST", "/team/new", json!({ "team_id": team })).await;
    }
    house.issuer.person(ana());
    // Groups may be in the userinfo alone.
    house.issuer.say(json!({ "groups": ["staff", "red", "nowhere"] }));
    let session = house.sign_in().await.expect("ana may sign in");
    let who = house.who(&session).await;
    assert_eq!(
        (&who["user_id"], &who["user_role"], &who["user_alias"]),
        (&json!("ana"), &json!("internal_user"), &json!("Ana"))
    );
    assert_eq!(who["teams"][0]["team_id"], "red");
    let user = master.see("/user/info?user_id=ana").await;
    assert_eq!((&user["user_info"]["max_budget"], &user["user_info"]["sso_user_id"]), (&json!(5.0), &json!("ana")));
    house.issuer.say(json!({ "groups": ["admins", "blue"] }));
    let who = house.who(&house.sign_in().await.expect("ana may sign in")).await;
    assert_eq!(
        (&who["user_role"], &who["teams"][0]["team_id"], who["teams"].as_array().map(Vec::len)),
        (&json!("proxy_admin"), &json!("blue"), Some(1))
    );
    // Who is in no group any more is no administrator any more, in no browser.
    house.issuer.say(json!({ "groups": [] }));
    house.sign_in().await.expect("ana may sign in");
    assert_eq!(house.who(&session).await["user_role"], "internal_user_viewer");
    let audit = master.see("/audit?page_size=100").await.to_string();
    for text in [house.gateway.log(), audit, house.gateway.call(&Call::get("/session")).await.text()] {
        for secret in [SECRET, "canary-code", "canary-access-token"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

/// Tells lies, of which none counts, and the truth, which does.
async fn lie(lies: &[Value]) {
    let house = House::open("", &[]).await;
    house.issuer.person(ana());
    for lie in lies {
        house.issuer.lie(lie.clone());
        assert_eq!(house.sign_in().await.err().as_deref(), Some("rejected"), "{lie}");
    }
    house.issuer.lie(nothing());
    house.sign_in().await.expect("the truth counts");
}

#[tokio::test]
async fn an_id_token_counts_from_its_issuer_for_us_and_for_this_sign_in() {
    lie(&[
        json!({ "iss": "https://elsewhere.example" }),
        json!({ "iss": null }),
        json!({ "aud": "somebody-else" }),
        json!({ "aud": [CLIENT, "somebody-else"] }),
        json!({ "azp": "somebody-else" }),
        json!({ "nonce": "of another sign-in" }),
        json!({ "nonce": null }),
    ])
    .await;
}

#[tokio::test]
async fn an_id_token_counts_while_it_is_good_and_for_whom_userinfo_is_about() {
    lie(&[
        json!({ "exp": now() - 60 }),
        json!({ "exp": null }),
        json!({ "nbf": now() + 300 }),
        json!({ "sub": "ben" }),
    ])
    .await;
}

#[tokio::test]
async fn an_id_token_counts_with_a_signature_that_proves_something() {
    let house = House::open("", &[]).await;
    house.issuer.person(ana());
    for signer in [Signer::ec("first"), Signer::rsa("first"), house.signer.public_as_secret()] {
        house.issuer.sign_with(&signer);
        assert_eq!(house.sign_in().await.err().as_deref(), Some("rejected"));
    }
    house.issuer.sign_with(&house.signer);
    house.issuer.signs(false);
    assert_eq!(house.sign_in().await.err().as_deref(), Some("rejected"), "alg none");
    house.issuer.signs(true);
    house.sign_in().await.expect("the truth counts");
}

#[tokio::test]
async fn a_sign_in_is_for_the_browser_that_began_it_and_ends_once() {
    let house = House::open("", &[]).await;
    house.issuer.person(ana());
    let (cookie, path) = house.begin().await;
    assert_eq!(outcome(&house.end("other=1", &path).await), Err("expired".to_owned()), "another browser");
    let (other, _) = house.begin().await;
    assert_eq!(outcome(&house.end(&other, &path).await), Err("expired".to_owned()), "another sign-in");
    let changed = path.replace("state=", "state=x");
    assert_eq!(outcome(&house.end(&cookie, &changed).await), Err("expired".to_owned()), "another state");
    let (fresh, way) = house.begin().await;
    assert_eq!(
        outcome(&house.end(&fresh, &format!("{way}&iss=https%3A%2F%2Felsewhere.example")).await),
        Err("rejected".to_owned())
    );
    assert!(outcome(&house.end(&cookie, &path).await).is_ok());
    assert_eq!(outcome(&house.end(&cookie, &path).await), Err("expired".to_owned()), "replayed");
    let state = fields(path.split_once('?').expect("there is a query").1)["state"].clone();
    let no = format!("/sso/callback?error=access_denied&state={state}");
    assert_eq!(outcome(&house.end(&cookie, &no).await), Err("expired".to_owned()));
    let (cookie, path) = house.begin().await;
    let state = fields(path.split_once('?').expect("there is a query").1)["state"].clone();
    let no = format!("/sso/callback?error=access_denied&state={state}&next=https%3A%2F%2Fevil.example");
    assert_eq!(outcome(&house.end(&cookie, &no).await), Err("denied".to_owned()));
}

#[tokio::test]
async fn keys_that_nobody_knows_are_asked_for_but_not_without_end() {
    let house = House::open("", &[]).await;
    house.issuer.person(ana());
    house.sign_in().await.expect("ana may sign in");
    // The issuer has a new key.
    let second = Signer::rsa("second");
    house.issuer.publish(&[&second]);
    house.issuer.sign_with(&second);
    house.sign_in().await.expect("a new key is found");
    let asked = house.issuer.asked("/keys");
    for kid in ["third", "fourth", "fifth", "sixth", "seventh", "eighth"] {
        house.issuer.sign_with(&second.called(kid));
        assert_eq!(house.sign_in().await.err().as_deref(), Some("rejected"));
    }
    assert!(house.issuer.asked("/keys") <= asked + 3, "asked again and again");
}

#[tokio::test]
async fn only_those_sign_in_whom_the_operator_lets() {
    let house =
        House::open("", &[("ALLOWED_EMAIL_DOMAINS", "example.com, example.org"), ("PROXY_ADMIN_ID", "ana")]).await;
    let master = house.master();
    for (person, code) in [
        (json!({ "sub": "eve", "email": "eve@evil.example" }), "domain"),
        (json!({ "sub": "eve", "email": "eve@notexample.com" }), "domain"),
        (json!({ "sub": "eve", "email": "eve@example.com@evil.example" }), "domain"),
        (json!({ "sub": "eve", "email": "eve@example.com", "email_verified": false }), "domain"),
        (json!({ "sub": "eve" }), "domain"),
    ] {
        house.issuer.person(person.clone());
        assert_eq!(house.sign_in().await.err().as_deref(), Some(code), "{person}");
    }
    house.issuer.person(ana());
    let session = house.sign_in().await.expect("ana may sign in");
    assert_eq!(house.who(&session).await["user_role"], "proxy_admin");
    // Somebody who was invited is found by a mail address that is theirs, but not twice.
    master
        .done(
            "POST",
            "/user/new",
            json!({ "user_id": "of-ours", "user_email": "cleo@example.org", "user_role": "internal_user" }),
        )
        .await;
    house.issuer.person(json!({ "sub": "cleo", "email": "Cleo@Example.org", "email_verified": true }));
    let session = house.sign_in().await.expect("cleo may sign in");
    assert_eq!(house.who(&session).await["user_id"], "of-ours");
    house.issuer.person(json!({ "sub": "another-cleo", "email": "cleo@example.org", "email_verified": true }));
    assert_eq!(house.sign_in().await.err().as_deref(), Some("taken"));
    house.issuer.person(json!({ "sub": "default_user_id", "email": "root@example.org", "email_verified": true }));
    assert_eq!(house.sign_in().await.err().as_deref(), Some("taken"));
    master.done("POST", "/user/update", json!({ "user_id": "of-ours", "blocked": true })).await;
    house.issuer.person(json!({ "sub": "cleo", "email": "cleo@example.org", "email_verified": true }));
    assert_eq!(house.sign_in().await.err().as_deref(), Some("blocked"));
    assert_eq!(house.who(&session).await["signed_in"], false);
}

#[tokio::test]
async fn the_incumbents_settings_without_an_issuer_work_as_they_are() {
    let signer = Signer::ec("first");
    let issuer = Issuer::start(&signer).await;
    let url = issuer.url();
    let (authorize, token, userinfo) = (format!("{url}/authorize"), format!("{url}/token"), format!("{url}/userinfo"));
    let env = [
        ("GENERIC_CLIENT_ID", CLIENT),
        ("GENERIC_CLIENT_SECRET", SECRET),
        ("GENERIC_AUTHORIZATION_ENDPOINT", &*authorize),
        ("GENERIC_TOKEN_ENDPOINT", &*token),
        ("GENERIC_USERINFO_ENDPOINT", &*userinfo),
        ("GENERIC_USER_ROLE_ATTRIBUTE", "custom.role"),
        ("PROXY_BASE_URL", "http://gateway/"),
        ("AUTO_REDIRECT_UI_LOGIN_TO_SSO", "true"),
        ("PROXY_LOGOUT_URL", "https://example.com/bye"),
    ];
    let settings = "general_settings:\n  disable_password_login_when_sso_enabled: true\n";
    let gateway = Gateway::start_with(&config(settings), &[], &env).await;
    let house = House { gateway, issuer, signer };
    let shown = house.who("a=b").await["sso"].clone();
    assert_eq!(
        (&shown["at_once"], &shown["logout_url"], &shown["path"]),
        (&json!(true), &json!("https://example.com/bye"), &json!("/sso/key/generate"))
    );
    house.issuer.person(json!({ "sub": "1", "preferred_username": "dan", "email": "dan@example.com", "custom": { "role": "proxy_admin_viewer" } }));
    let session = house.sign_in().await.expect("dan may sign in");
    let who = house.who(&session).await;
    assert_eq!((&who["user_id"], &who["user_role"]), (&json!("dan"), &json!("proxy_admin_viewer")));
    house.issuer.lie(json!({ "nonce": "another" }));
    assert_eq!(house.sign_in().await.err().as_deref(), Some("rejected"));
    // Passwords do not count beside it; the master key does.
    let master = house.master();
    master.done("POST", "/user/new", json!({ "user_id": "pat", "auto_create_key": false })).await;
    for (words, status) in
        [(json!({ "username": "pat", "password": "any password" }), 401), (json!({ "password": MASTER }), 200)]
    {
        assert_eq!(house.gateway.call(&Call::post("/v2/login", &words)).await.status(), status, "{words}");
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_apart_from_one_that_says_no() {
    let house = House::open("", &[("GENERIC_ISSUER", "http://127.0.0.1:9")]).await;
    let answer = house.gateway.call(&Call::get("/sso/key/generate")).await;
    assert_eq!(outcome(&answer), Err("unreachable".to_owned()));
    let without = Gateway::start_with(&config(""), &[], &[]).await;
    assert_eq!(outcome(&without.call(&Call::get("/sso/key/generate")).await), Err("unset".to_owned()));
}

#[tokio::test]
async fn the_administrator_of_the_environment_can_be_kept_out_of_the_ui() {
    let settings = "general_settings:\n  disable_env_credential_login: true\n";
    let env = [("UI_USERNAME", "root"), ("UI_PASSWORD", "a good password")];
    let gateway = Gateway::start_with(&config(settings), &[], &env).await;
    for words in [json!({ "password": MASTER }), json!({ "username": "root", "password": "a good password" })] {
        assert_eq!(gateway.call(&Call::post("/v2/login", &words)).await.status(), 401, "{words}");
    }
    Person::of(&gateway, MASTER).see("/key/list").await;
}
