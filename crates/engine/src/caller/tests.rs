use jiff::tz::TimeZone;
use store::{Kind, Object};

use super::*;

/// A directory with one object per line: kind, id, JSON.
fn directory(objects: &[(Kind, &str, &str)]) -> Directory {
    let mut directory = Directory::default();
    let object = |(version, (kind, id, body)): (i64, &(Kind, &str, &str))| Object {
        kind: *kind,
        id: (*id).to_owned(),
        version,
        body: Some((*body).to_owned()),
    };
    let objects: Vec<_> = (1..).zip(objects).map(object).collect();
    assert_eq!(directory.take(&objects), Vec::<String>::new());
    directory
}

fn resolve(objects: &[(Kind, &str, &str)], hash: &str, now_ms: i64) -> Result<Caller, Fault> {
    Caller::resolve(&directory(objects), &Meters::new(TimeZone::UTC), hash, now_ms)
}

fn label(result: Result<Caller, Fault>) -> &'static str {
    result.err().and_then(|fault| fault.label).unwrap_or("let in")
}

#[test]
fn a_key_is_let_in_or_refused_in_the_incumbents_words() {
    let keys = [
        (Kind::Key, "good", "{}"),
        (Kind::Key, "blocked", r#"{"blocked":true}"#),
        (Kind::Key, "expired", r#"{"expires":1000}"#),
        (Kind::Team, "t", r#"{"blocked":true}"#),
        (Kind::Key, "in blocked team", r#"{"team_id":"t"}"#),
        (Kind::RetiredKey, "old", r#"{"active":"good","revoke_at":2000}"#),
    ];
    assert_eq!(label(resolve(&keys, "good", 1000)), "let in");
    assert_eq!(label(resolve(&keys, "nobody's", 1000)), "token_not_found_in_db");
    assert_eq!(label(resolve(&keys, "blocked", 1000)), "auth_error");
    assert_eq!(label(resolve(&keys, "expired", 999)), "let in");
    assert_eq!(label(resolve(&keys, "expired", 1000)), "expired_key");
    assert_eq!(label(resolve(&keys, "in blocked team", 1000)), "auth_error");
    assert_eq!(resolve(&keys, "old", 1999).unwrap().key_hash, "good");
    assert_eq!(label(resolve(&keys, "old", 2000)), "token_not_found_in_db");
}

#[test]
fn every_level_has_its_say_about_models() {
    let objects = [
        (Kind::Organization, "o", r#"{"models":["a","b","c"]}"#),
        (Kind::Team, "t", r#"{"models":["a","b","d"],"organization_id":"o","model_aliases":{"nick":"b"}}"#),
        (Kind::User, "u", r#"{"models":["a"]}"#),
        (Kind::Key, "k", r#"{"team_id":"t","user_id":"u","models":["all-team-models"]}"#),
        (Kind::Key, "own", r#"{"user_id":"u"}"#),
    ];
    let team_key = resolve(&objects, "k", 0).unwrap();
    let may = |model: &str| team_key.may_call(model, &[]).err().and_then(|fault| fault.label);
    assert_eq!(may("b"), None, "the user's own list is for keys without a team");
    assert_eq!(may("c"), Some("team_model_access_denied"));
    assert_eq!(may("d"), Some("org_model_access_denied"));
    assert_eq!((team_key.alias("nick"), team_key.alias("b")), ("b", "b"));
    let own = resolve(&objects, "own", 0).unwrap();
    assert_eq!(own.may_call("b", &[]).unwrap_err().label, Some("user_model_access_denied"));
    assert!(Caller::admin().may_call("anything", &[]).is_ok());
}

#[test]
fn an_admins_key_may_do_no_more_than_it_was_made_for() {
    let objects = [
        (Kind::User, "root", r#"{"user_role":"proxy_admin","models":["a"]}"#),
        (Kind::Key, "narrow", r#"{"user_id":"root","models":["a"]}"#),
        (Kind::Key, "wide", r#"{"user_id":"root"}"#),
    ];
    let may = |hash: &str, model: &str| resolve(&objects, hash, 0).unwrap().may_call(model, &[]).is_ok();
    assert_eq!((may("narrow", "a"), may("narrow", "b"), may("wide", "b")), (true, false, true));
}

#[test]
fn everybody_who_pays_has_an_account() {
    let objects = [
        (Kind::Budget, "shared", r#"{"max_budget":7}"#),
        (Kind::Organization, "o", r#"{"budget_id":"shared"}"#),
        (Kind::Team, "t", r#"{"max_budget":5,"organization_id":"o"}"#),
        (Kind::TeamMember, "t/u", r#"{"max_budget":2}"#),
        (Kind::User, "u", r#"{"max_budget":3}"#),
        (Kind::Key, "k", r#"{"team_id":"t","user_id":"u","rpm_limit":5,"key_alias":"mine"}"#),
        (Kind::Key, "own", r#"{"user_id":"u"}"#),
        (Kind::OrganizationMember, "o/u", r#"{"max_budget":1}"#),
    ];
    let subjects = |hash: &str| {
        let caller = resolve(&objects, hash, 0).unwrap();
        caller.accounts.iter().map(|account| account.meter.subject.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(subjects("k"), ["key:k", "team:t", "member:t/u", "organization:o", "organization_member:o/u"]);
    assert_eq!(subjects("own"), ["user:u"]);
}

#[test]
fn a_caller_is_resolved_anew_when_something_of_it_ends() {
    let addition = r#"{"expires":5000,"max_budget":1,"temp_budget_increase":1,"temp_budget_expiry":3000}"#;
    let resolved = |now| resolve(&[(Kind::Key, "k", addition)], "k", now).unwrap().valid_until;
    assert_eq!((resolved(0), resolved(3000)), (Some(3000), Some(5000)));
}

#[test]
fn an_old_secret_is_looked_at_again_when_its_grace_is_over() {
    let objects =
        [(Kind::Key, "new", r#"{"expires":9000}"#), (Kind::RetiredKey, "old", r#"{"active":"new","revoke_at":2000}"#)];
    let until = |hash| resolve(&objects, hash, 0).unwrap().valid_until;
    assert_eq!((until("old"), until("new")), (Some(2000), Some(9000)));
}

#[test]
fn all_team_models_are_none_without_a_team() {
    let objects = [
        (Kind::Key, "alone", r#"{"models":["all-team-models"]}"#),
        (Kind::Key, "in", r#"{"models":["all-team-models"],"team_id":"t"}"#),
        (Kind::Team, "t", r#"{"models":["a"]}"#),
    ];
    let may = |hash: &str, model: &str| resolve(&objects, hash, 0).unwrap().may_call(model, &[]).is_ok();
    assert_eq!((may("alone", "a"), may("in", "a"), may("in", "b")), (false, true, false));
}

#[test]
fn lists_of_models_may_name_access_groups() {
    let objects = [
        (Kind::Team, "t", r#"{"models":["cheap","c"]}"#),
        (Kind::Key, "k", r#"{"team_id":"t","models":["cheap","dear"]}"#),
    ];
    let caller = resolve(&objects, "k", 0).unwrap();
    let may = |model: &str, groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        caller.may_call(model, &groups).err().and_then(|fault| fault.label)
    };
    assert_eq!(may("a", &["cheap"]), None);
    assert_eq!(may("b", &["dear"]), Some("team_model_access_denied"));
    assert_eq!(may("c", &[]), Some("key_model_access_denied"));
    assert_eq!(may("d", &["other"]), Some("key_model_access_denied"));
}

#[test]
fn the_models_of_a_shared_budget_bind_whoever_has_it() {
    let objects = [
        (Kind::Budget, "b", r#"{"allowed_models":["a"]}"#),
        (Kind::Key, "k", r#"{"budget_id":"b"}"#),
        (Kind::Team, "t", r#"{"budget_id":"b"}"#),
        (Kind::Key, "in team", r#"{"team_id":"t"}"#),
        (Kind::User, "u", r#"{"budget_id":"b"}"#),
        (Kind::Key, "of user", r#"{"user_id":"u"}"#),
        (Kind::Team, "free", "{}"),
        (Kind::Key, "of user in team", r#"{"user_id":"u","team_id":"free"}"#),
    ];
    let refused =
        |hash: &str| resolve(&objects, hash, 0).unwrap().may_call("b", &[]).err().and_then(|fault| fault.label);
    assert_eq!(refused("k"), Some("key_model_access_denied"));
    assert_eq!(refused("in team"), Some("team_model_access_denied"));
    assert_eq!(refused("of user"), Some("user_model_access_denied"));
    assert_eq!(refused("of user in team"), None);
    assert!(resolve(&objects, "k", 0).unwrap().may_call("a", &[]).is_ok());
}

#[test]
fn a_users_limits_hold_for_keys_of_teams_too() {
    let objects = [
        (Kind::Team, "t", "{}"),
        (Kind::User, "u", r#"{"rpm_limit":1,"max_budget":1}"#),
        (Kind::Key, "k", r#"{"team_id":"t","user_id":"u"}"#),
        (Kind::Key, "own", r#"{"user_id":"u"}"#),
    ];
    let account = resolve(&objects, "k", 0).unwrap().user_in_team.unwrap();
    assert_eq!((&*account.meter.subject, account.terms.limits.rpm), ("user:u", Some(1)));
    assert!(resolve(&objects, "own", 0).unwrap().user_in_team.is_none(), "there it is among all accounts");
}

#[test]
fn a_key_whose_bounds_are_gone_is_refused() {
    let refused = |objects: &[(Kind, &str, &str)]| resolve(objects, "k", 0).err().map(|fault| fault.message);
    for (key, lost) in [
        (r#"{"team_id":"t"}"#, "Team=t"),
        (r#"{"organization_id":"o"}"#, "Organization=o"),
        (r#"{"budget_id":"b"}"#, "Budget=b"),
        (r#"{"user_id":"u"}"#, "Budget=of-user"),
    ] {
        let objects = [(Kind::Key, "k", key), (Kind::User, "u", r#"{"budget_id":"of-user"}"#)];
        let message = refused(&objects).unwrap_or_else(|| panic!("{key} is let in"));
        assert!(message.contains(lost), "{message}");
    }
    assert_eq!(refused(&[(Kind::Key, "k", r#"{"user_id":"nobody"}"#)]), None);
    let budget = [(Kind::Key, "k", r#"{"budget_id":"b"}"#), (Kind::Budget, "b", "{}")];
    assert_eq!(refused(&budget), None);
}

#[test]
fn a_rotated_key_goes_on_with_what_it_has_spent() {
    let objects = [(Kind::Key, "new", r#"{"max_budget":1,"counted_as":"old"}"#)];
    let caller = resolve(&objects, "new", 0).unwrap();
    assert_eq!((&*caller.key_hash, &*caller.accounts[0].meter.subject), ("new", "key:old"));
}

#[test]
fn a_teams_group_is_for_that_team_alone() {
    let group = |team: Option<&str>| Group {
        name: "g".to_owned(),
        deployments: Vec::new(),
        team: team.map(str::to_owned),
        strategy: None,
        lines: Arc::default(),
    };
    let objects = [(Kind::Team, "t", "{}"), (Kind::Key, "in", r#"{"team_id":"t"}"#), (Kind::Key, "out", "{}")];
    let may = |hash: &str, team| resolve(&objects, hash, 0).unwrap().may_use(&group(team), "g").is_ok();
    assert!(may("in", Some("t")) && may("in", None) && may("out", None));
    assert!(!may("out", Some("t")) && !may("in", Some("other")));
    assert!(Caller::admin().may_use(&group(Some("t")), "g").is_ok());
}
