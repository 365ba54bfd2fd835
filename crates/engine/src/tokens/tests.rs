use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;

const NOW_MS: i64 = 1_000_000_000;

/// A key, and what its owner publishes.
fn key(kid: &str) -> (EncodingKey, Value) {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let key = EncodingKey::from_ec_der(pkcs8.as_ref());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    (key, serde_json::to_value(jwk).unwrap())
}

fn keys(list: &[&Value]) -> KeySet {
    KeySet::parse(json!({ "keys": list }).to_string().as_bytes()).unwrap()
}

fn sign(key: &EncodingKey, kid: Option<&str>, claims: Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
    encode(&header, &claims, key).unwrap()
}

fn claims(value: Value) -> Claims {
    Claims(value.as_object().unwrap().clone())
}

#[test]
fn a_token_is_checked_with_the_key_that_it_names() {
    let ((one, public), (two, other)) = (key("one"), key("two"));
    let set = keys(&[&public, &other]);
    let good = json!({ "exp": NOW_MS / 1000 + 60, "iss": "us", "aud": ["a", "b"] });
    let check = |token: &str, issuer: Option<&str>, audience: &str| {
        let audiences = [audience.to_owned()];
        check(token, &set, Expected { issuer, audiences: &audiences }, NOW_MS).map(|_| ())
    };
    assert_eq!(check(&sign(&one, Some("one"), good.clone()), Some("us"), "b"), Ok(()));
    assert_eq!(check(&sign(&two, None, good.clone()), None, "a"), Ok(()), "all keys are tried where none is named");
    assert_eq!(check(&sign(&two, Some("one"), good.clone()), None, "a"), Err(Flaw::Signature));
    assert_eq!(check(&sign(&one, Some("three"), good.clone()), None, "a"), Err(Flaw::UnknownKey));
    assert_eq!(check(&sign(&one, Some("one"), good.clone()), Some("them"), "a"), Err(Flaw::Issuer));
    assert_eq!(check(&sign(&one, Some("one"), good), None, "c"), Err(Flaw::Audience));
    for (end, flaw) in
        [(json!(NOW_MS / 1000 - 60), Flaw::Expired), (json!("soon"), Flaw::Endless), (json!(-1e300), Flaw::Endless)]
    {
        assert_eq!(check(&sign(&one, Some("one"), json!({ "exp": end, "aud": "a" })), None, "a"), Err(flaw), "{end}");
    }
    for wrong in ["", "a", "a.b", "a.b.c", "a.b.c.d", "....", "eyJhbGciOiJub25lIn0.e30.", "ü.ü.ü"] {
        assert!(check(wrong, None, "a").is_err(), "{wrong}");
    }
}

#[test]
fn only_keys_for_signatures_that_nobody_shares_are_taken() {
    let (_, public) = key("one");
    let mut for_others = public.clone();
    for_others["use"] = json!("enc");
    let secret = json!({ "kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "s" });
    let strange = json!({ "kty": "new", "kid": "n" });
    for list in [vec![&for_others], vec![&secret], vec![&strange], vec![]] {
        assert!(KeySet::parse(json!({ "keys": list }).to_string().as_bytes()).is_err(), "{list:?}");
    }
    assert_eq!(keys(&[&secret, &strange, &public, &for_others]).named(None).count(), 1);
    for wrong in ["", "[]", "{}", r#"{"keys":{}}"#] {
        assert!(KeySet::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn claims_are_found_by_name_or_by_way() {
    let said = claims(json!({
        "sub": " ana ", "https://acme.example/groups": ["a", 7, null, ""], "a": { "b": { "c": "deep" } },
        "scope": "one two", "nothing": null, "long": "x".repeat(300), "bad": "a\nb",
    }));
    assert_eq!(said.text("sub").as_deref(), Some("ana"));
    assert_eq!(said.list("https://acme.example/groups"), ["a", "7"]);
    assert_eq!(said.text("a.b.c").as_deref(), Some("deep"));
    assert_eq!(said.words("scope"), ["one", "two"]);
    for name in ["nothing", "long", "bad", "a.b", "a.x", "", "."] {
        assert_eq!(said.text(name), None, "{name}");
    }
}

#[test]
fn a_source_is_asked_for_unknown_keys_a_few_times_and_forgets_what_is_too_old() {
    let sources = Sources::default();
    let source = sources.of("https://issuer.example/keys");
    assert!(std::sync::Arc::ptr_eq(&source, &sources.of("https://issuer.example/keys")));
    let asked = (0..10).filter(|_| source.ask(NOW_MS)).count();
    assert!(asked == 3 && !source.is_due(NOW_MS) && source.is_due(NOW_MS + 30_000));
    let before = sources.epoch().load(std::sync::atomic::Ordering::Relaxed);
    source.put(keys(&[&key("one").1]), NOW_MS);
    assert!(source.is_fresh(1000, NOW_MS + 999) && !source.is_fresh(1000, NOW_MS + 1000));
    source.forget(5000, NOW_MS + 4000);
    assert!(source.keys().is_some());
    source.forget(5000, NOW_MS + 6000);
    assert!(source.keys().is_none());
    assert_eq!(sources.epoch().load(std::sync::atomic::Ordering::Relaxed), before + 2);
}

#[test]
fn what_a_token_stands_for_is_as_the_rules_say() {
    let names = ClaimNames { user_id: Some("sub".into()), team_id: Some("team".into()), ..ClaimNames::default() };
    let rules = Tokens {
        names: names.clone(),
        admin_scope: "admin".into(),
        admin_routes: vec!["management_routes".into()],
        team_routes: vec!["llm_api_routes".into()],
        default_team: Some("home".into()),
        user_roles: vec!["staff".into()],
        ..Tokens::default()
    };
    let names = ClaimNames { user_roles: Some("roles".into()), ..names };
    let of = |value: Value| Holder::of(&rules, &claims(value), &names);
    let holder = of(json!({ "sub": "ana", "roles": ["staff"], "exp": 5 })).unwrap();
    assert_eq!(
        (holder.team_ids(), holder.routes, holder.expires_ms),
        (vec!["home".to_owned()], vec!["llm_api_routes".to_owned()], 5000)
    );
    assert!(of(json!({ "sub": "ana", "roles": "guests" })).is_err());
    let admin = of(json!({ "sub": "ana", "scope": "x admin" })).unwrap();
    assert!(admin.is_admin && admin.routes == ["management_routes"]);
    assert!(!of(json!({ "sub": "ana", "roles": "staff", "scope": "administrator" })).unwrap().is_admin);
}
