use serde_json::{Value, json};

use super::*;

fn claims(value: Value) -> Claims {
    Claims(value.as_object().expect("claims are an object").clone())
}

#[test]
fn the_role_is_what_the_provider_says_in_our_words() {
    let sso = Sso { role: Some("role".to_owned()), admin_id: Some("root".to_owned()), ..Sso::default() };
    for (said, id, expected) in [
        (json!({ "role": "internal_user" }), "ana", Some(Role::InternalUser)),
        (json!({ "role": ["internal_user", "proxy_admin", "boss"] }), "ana", Some(Role::ProxyAdmin)),
        (json!({ "role": "org_admin" }), "ana", None),
        (json!({}), "ana", None),
        (json!({}), "root", Some(Role::ProxyAdmin)),
    ] {
        assert_eq!(role(&sso, &claims(said.clone()), id), expected, "{said} {id}");
    }
}

#[test]
fn a_mail_address_is_proven_by_who_could_know() {
    for (said, for_everybody, expected) in [
        (json!({}), false, true),
        (json!({}), true, false),
        (json!({ "email_verified": true }), true, true),
        (json!({ "email_verified": "true" }), true, true),
        (json!({ "email_verified": false }), false, false),
        (json!({ "email_verified": "no" }), false, false),
    ] {
        assert_eq!(is_proven(&claims(said.clone()), for_everybody), expected, "{said}");
    }
}
