use std::sync::Arc;

use store::records::Role;
use store::{Kind, Object};

use super::*;

fn key(text: &str) -> Key {
    serde_json::from_str(text).unwrap()
}

/// One with a shared budget.
fn directory() -> Directory {
    let body = Some(r#"{"max_budget":5,"rpm_limit":3}"#.to_owned());
    let mut directory = Directory::default();
    directory.take(&[Object { kind: Kind::Budget, id: "b".to_owned(), version: 1, body }]);
    directory
}

#[test]
fn a_key_is_looser_where_a_bound_is_gone_or_higher() {
    for (from, to, expected) in [
        ("{}", "{}", vec![]),
        ("{}", r#"{"max_budget":5,"models":["a"],"expires":5,"blocked":true}"#, vec![]),
        (r#"{"max_budget":5}"#, r#"{"max_budget":5}"#, vec![]),
        (r#"{"max_budget":5}"#, r#"{"max_budget":4}"#, vec![]),
        (r#"{"max_budget":5}"#, r#"{"max_budget":6}"#, vec!["max_budget"]),
        (r#"{"max_budget":5}"#, "{}", vec!["max_budget"]),
        (r#"{"max_budget":5}"#, r#"{"max_budget":5,"budget_duration":"1d"}"#, vec!["budget_duration"]),
        (r#"{"max_budget":5,"budget_duration":"30d"}"#, r#"{"max_budget":5}"#, vec![]),
        (
            r#"{"max_budget":5,"budget_duration":"30d"}"#,
            r#"{"max_budget":5,"budget_duration":"1s"}"#,
            vec!["budget_duration"],
        ),
        (r#"{"budget_id":"b"}"#, "{}", vec!["max_budget", "budget_id", "rpm_limit"]),
        (r#"{"budget_id":"b"}"#, r#"{"budget_id":"b","max_budget":6}"#, vec!["max_budget"]),
        (r#"{"budget_id":"b"}"#, r#"{"budget_id":"b","max_budget":4,"rpm_limit":9}"#, vec!["rpm_limit"]),
        (r#"{"budget_id":"b"}"#, r#"{"budget_id":"b","max_budget":4,"rpm_limit":3}"#, vec![]),
        (r#"{"rpm_limit":5,"tpm_limit":5}"#, r#"{"rpm_limit":6,"tpm_limit":5}"#, vec!["rpm_limit"]),
        ("{}", r#"{"temp_budget_increase":1,"temp_budget_expiry":9}"#, vec!["temp_budget_increase"]),
        (
            r#"{"budget_limits":[{"budget_duration":"1d","max_budget":1}]}"#,
            r#"{"budget_limits":[{"budget_duration":"1d","max_budget":2}]}"#,
            vec!["budget_limits"],
        ),
        (
            r#"{"model_max_budget":{"a":{"budget_limit":1,"time_period":"1d"}}}"#,
            r#"{"model_max_budget":{"a":{"budget_limit":1,"time_period":"1h"}}}"#,
            vec!["model_max_budget"],
        ),
        (r#"{"model_rpm_limit":{"a":1}}"#, r#"{"model_rpm_limit":{"b":1}}"#, vec!["model_rpm_limit"]),
        (r#"{"models":["a","b"]}"#, r#"{"models":["a"]}"#, vec![]),
        (r#"{"models":["a","b"]}"#, r#"{"models":["a","c"]}"#, vec!["models"]),
        (r#"{"models":["a","b"]}"#, "{}", vec!["models"]),
        (r#"{"allowed_routes":["llm_api_routes"]}"#, r#"{"allowed_routes":["/v1/messages"]}"#, vec![]),
        (r#"{"allowed_routes":["llm_api_routes"]}"#, r#"{"allowed_routes":["/*"]}"#, vec!["allowed_routes"]),
        (r#"{"expires":5}"#, r#"{"expires":6}"#, vec!["duration"]),
        (r#"{"blocked":true}"#, "{}", vec!["blocked"]),
        ("{}", r#"{"permissions":{"get_spend_routes":true}}"#, vec!["permissions"]),
        (r#"{"permissions":{"get_spend_routes":true}}"#, "{}", vec![]),
        (r#"{"metadata":{"guardrails":["pii"]}}"#, r#"{"metadata":{}}"#, vec!["guardrails"]),
        ("{}", r#"{"metadata":{"disable_global_guardrails":true}}"#, vec!["disable_global_guardrails"]),
        (r#"{"organization_id":"o"}"#, "{}", vec!["organization_id"]),
    ] {
        assert_eq!(loosened(&key(from), &key(to), &directory()), expected, "{from} {to}");
    }
}

#[test]
fn a_new_key_gets_the_limits_of_the_one_that_makes_it() {
    let own = r#"{"max_budget":5,"budget_duration":"30d","models":["a","b"],"rpm_limit":9,"expires":100,"metadata":{"tags":["t"]}}"#;
    let actor = Actor { key: Some(Arc::new(key(own))), role: Some(Role::InternalUser), ..Actor::default() };
    let mut made = key(r#"{"models":["a"],"metadata":{"tags":["mine"]}}"#);
    within(&actor, &mut made, &directory()).unwrap();
    let expected = r#"{"max_budget":5,"budget_duration":"30d","models":["a"],"rpm_limit":9,"expires":100,"metadata":{"tags":["mine","t"]}}"#;
    assert_eq!(made, key(expected));
    for more in [r#"{"max_budget":6}"#, r#"{"models":["c"]}"#, r#"{"expires":101}"#, r#"{"permissions":{"x":true}}"#] {
        assert!(within(&actor, &mut key(more), &directory()).is_err(), "{more}");
    }
    let admin = Actor { role: Some(Role::ProxyAdmin), ..actor };
    let mut free = key("{}");
    within(&admin, &mut free, &directory()).unwrap();
    assert_eq!(free, key("{}"));
}

#[test]
fn who_has_a_key_may_only_tighten_it_and_who_manages_it_stays_within_their_own() {
    let own = key(r#"{"models":["a","b"]}"#);
    let actor = Actor { key: Some(Arc::new(own)), role: Some(Role::InternalUser), ..Actor::default() };
    let (small, large) = (key(r#"{"models":["a"],"max_budget":1}"#), key(r#"{"models":["a"],"max_budget":2}"#));
    assert!(keeps_within(&actor, false, &large, &small, &directory()).is_ok());
    assert!(keeps_within(&actor, false, &small, &large, &directory()).is_err());
    assert!(keeps_within(&actor, true, &small, &large, &directory()).is_ok());
    let foreign = key(r#"{"models":["c"],"max_budget":1}"#);
    assert!(keeps_within(&actor, true, &small, &foreign, &directory()).is_err());
    let renamed = key(r#"{"models":["c"],"max_budget":1,"key_alias":"new"}"#);
    assert!(keeps_within(&actor, true, &foreign, &renamed, &directory()).is_ok(), "it was wider already");
    assert!(
        keeps_within(&actor, true, &foreign, &key(r#"{"models":["c","d"],"max_budget":1}"#), &directory()).is_err()
    );
}
