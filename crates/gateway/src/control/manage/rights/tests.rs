use std::sync::Arc;

use store::{Kind, Object};

use super::*;

/// An organization with two teams, another one, and people everywhere.
fn directory() -> Directory {
    let objects = [
        (Kind::Organization, "acme", "{}"),
        (Kind::Organization, "other", "{}"),
        (
            Kind::Team,
            "red",
            r#"{"organization_id":"acme","team_member_permissions":["/key/generate","/key/list","/key/update"]}"#,
        ),
        (Kind::Team, "blue", r#"{"organization_id":"acme"}"#),
        (Kind::Team, "free", "{}"),
        (Kind::User, "viewer", r#"{"user_role":"proxy_admin_viewer"}"#),
        (Kind::User, "boss", r#"{"user_role":"internal_user"}"#),
        (Kind::User, "lead", "{}"),
        (Kind::User, "member", "{}"),
        (Kind::User, "plain", "{}"),
        (Kind::User, "guest", r#"{"user_role":"internal_user_viewer"}"#),
        (Kind::User, "admin", r#"{"user_role":"proxy_admin"}"#),
        (Kind::User, "both", "{}"),
        (Kind::TeamMember, "red/lead", r#"{"team_id":"red","user_id":"lead","role":"admin"}"#),
        (Kind::TeamMember, "red/member", r#"{"team_id":"red","user_id":"member"}"#),
        (Kind::TeamMember, "blue/member", r#"{"team_id":"blue","user_id":"member"}"#),
        (Kind::TeamMember, "red/guest", r#"{"team_id":"red","user_id":"guest","role":"admin"}"#),
        (
            Kind::OrganizationMember,
            "acme/boss",
            r#"{"organization_id":"acme","user_id":"boss","user_role":"org_admin"}"#,
        ),
        (Kind::OrganizationMember, "acme/member", r#"{"organization_id":"acme","user_id":"member"}"#),
        (Kind::OrganizationMember, "acme/admin", r#"{"organization_id":"acme","user_id":"admin"}"#),
        (Kind::OrganizationMember, "acme/both", r#"{"organization_id":"acme","user_id":"both"}"#),
        (Kind::OrganizationMember, "other/both", r#"{"organization_id":"other","user_id":"both"}"#),
        (Kind::User, "invited", "{}"),
        (Kind::OrganizationMember, "acme/invited", r#"{"organization_id":"acme","user_id":"invited","invited":true}"#),
    ];
    let mut directory = Directory::default();
    let object = |(version, (kind, id, body)): (i64, (Kind, &str, &str))| Object {
        kind,
        id: id.to_owned(),
        version,
        body: Some(body.to_owned()),
    };
    assert_eq!(directory.take(&(1..).zip(objects).map(object).collect::<Vec<_>>()), Vec::<String>::new());
    directory
}

fn actor(directory: &Directory, user: &str) -> Actor {
    if user == "master" {
        return Actor::new(&engine::Caller::admin(), directory);
    }
    let key = Key { user_id: Some(user.to_owned()), ..Key::default() };
    let role = directory.users.get(user).map(|held| held.record.user_role);
    Actor { key_hash: format!("key of {user}"), key: Some(Arc::new(key)), user_id: Some(user.to_owned()), role }
}

const EVERYBODY: [&str; 8] = ["master", "viewer", "boss", "lead", "member", "plain", "guest", "nobody"];

/// Who of everybody gets a wish.
fn check(wish: Wish, expected: &[&str]) {
    let directory = directory();
    let granted = EVERYBODY.into_iter().filter(|user| may(&actor(&directory, user), wish, &directory).is_ok());
    assert_eq!(granted.collect::<Vec<_>>(), expected, "{wish:?}");
}

fn key(user: Option<&str>, team: Option<&str>) -> Key {
    Key { user_id: user.map(str::to_owned), team_id: team.map(str::to_owned), ..Key::default() }
}

#[test]
fn keys_belong_to_their_users_and_to_whoever_manages_the_team() {
    check(Wish::SeeKey("k", &key(Some("plain"), None)), &["master", "viewer", "plain"]);
    check(Wish::SeeKey("k", &key(Some("guest"), None)), &["master", "viewer", "guest"]);
    check(Wish::SeeKey("k", &key(None, Some("red"))), &["master", "viewer", "boss", "lead"]);
    check(Wish::SeeKey("k", &key(None, Some("blue"))), &["master", "viewer", "boss", "member"]);
    check(Wish::SeeKey("k", &key(None, None)), &["master", "viewer"]);
    check(Wish::SeeKey("key of nobody", &key(None, None)), &["master", "viewer", "nobody"]);
    check(Wish::UseKey(&key(Some("plain"), None), "/key/update"), &["master", "plain"]);
    check(Wish::UseKey(&key(Some("guest"), None), "/key/delete"), &["master"]);
    check(Wish::UseKey(&key(Some("member"), None), "/key/delete"), &["master", "boss", "member"]);
    check(Wish::UseKey(&key(Some("member"), Some("red")), "/key/update"), &["master", "boss", "lead", "member"]);
    check(Wish::UseKey(&key(Some("member"), Some("red")), "/key/delete"), &["master", "boss", "lead"]);
    check(Wish::UseKey(&key(Some("member"), Some("blue")), "/key/update"), &["master", "boss"]);
    check(Wish::UseKey(&key(None, Some("gone")), "/key/update"), &["master"]);
}

#[test]
fn keys_are_made_for_oneself_or_by_managers() {
    let create = |user, team| Wish::CreateKey { user, team, permission: "/key/generate" };
    check(create(Some("plain"), None), &["master", "plain"]);
    check(create(Some("member"), None), &["master", "boss", "member"]);
    check(create(Some("guest"), None), &["master"]);
    check(create(None, None), &["master"]);
    check(create(Some("member"), Some("red")), &["master", "boss", "lead", "member"]);
    check(create(Some("lead"), Some("red")), &["master", "boss", "lead"]);
    check(create(Some("plain"), Some("red")), &["master"]);
    check(create(Some("member"), Some("blue")), &["master", "boss"]);
    check(create(None, Some("red")), &["master", "boss", "lead", "member"]);
    check(create(None, Some("free")), &["master"]);
    let service = Wish::CreateKey { user: None, team: Some("red"), permission: "/key/service-account/generate" };
    check(service, &["master", "boss", "lead"]);
}

#[test]
fn only_who_manages_all_that_a_user_is_in_stands_for_them() {
    let directory = directory();
    for (user, expected) in [
        ("member", &["master", "boss", "member"][..]),
        ("lead", &["master", "lead"]),
        ("both", &["master"]),
        ("invited", &["master"]),
        ("admin", &["master"]),
    ] {
        let stand = EVERYBODY.into_iter().filter(|name| stands_for(&actor(&directory, name), user, &directory));
        assert_eq!(stand.collect::<Vec<_>>(), expected, "{user}");
    }
}

#[test]
fn users_are_managed_from_above() {
    check(Wish::SeeUser("plain"), &["master", "viewer", "plain"]);
    check(Wish::SeeUser("member"), &["master", "viewer", "boss", "member"]);
    check(Wish::SeeUser("both"), &["master", "viewer", "boss"]);
    check(Wish::ChangeSelf("plain"), &["master", "plain"]);
    check(Wish::ChangeSelf("guest"), &["master"]);
    check(Wish::ManageUser("plain"), &["master"]);
    check(Wish::ManageUser("member"), &["master", "boss"]);
    check(Wish::ManageUser("both"), &["master"]);
    check(Wish::ManageUser("boss"), &["master"]);
    check(Wish::SeeUser("invited"), &["master", "viewer"]);
    check(Wish::ManageUser("invited"), &["master"]);
    check(Wish::UseKey(&key(Some("invited"), None), "/key/regenerate"), &["master"]);
    check(Wish::SeeKey("k", &key(Some("member"), None)), &["master", "viewer", "boss", "member"]);
    check(Wish::ManageUser("admin"), &["master"]);
    check(Wish::CreateUser(&[]), &["master"]);
    check(Wish::CreateUser(&["acme".to_owned()]), &["master", "boss"]);
    check(Wish::CreateUser(&["acme".to_owned(), "other".to_owned()]), &["master"]);
}

#[test]
fn passwords_are_set_only_by_who_signed_in_and_stands_for_the_user() {
    check(Wish::SetPassword("plain"), &["master"]);
    let directory = directory();
    for (user, expected) in [
        ("plain", &["plain"][..]),
        ("member", &["boss", "member"]),
        ("both", &[]),
        ("admin", &[]),
        ("guest", &["guest"]),
    ] {
        let signed_in = |name: &&str| {
            let key = Key {
                user_id: Some((*name).to_owned()),
                session: Some(store::records::Session::User),
                ..Key::default()
            };
            let actor = Actor { key: Some(Arc::new(key)), ..actor(&directory, name) };
            may(&actor, Wish::SetPassword(user), &directory).is_ok()
        };
        let people = ["viewer", "boss", "lead", "member", "plain", "guest"];
        assert_eq!(people.into_iter().filter(signed_in).collect::<Vec<_>>(), expected, "{user}");
    }
}

#[test]
fn teams_and_organizations_have_their_own_admins() {
    check(Wish::SeeTeam("red"), &["master", "viewer", "boss", "lead", "member", "guest"]);
    check(Wish::SeeTeam("free"), &["master", "viewer"]);
    check(Wish::ManageTeam("red"), &["master", "boss", "lead"]);
    check(Wish::ManageTeam("blue"), &["master", "boss"]);
    check(Wish::ManageTeam("free"), &["master"]);
    check(Wish::EndTeam("red"), &["master", "boss"]);
    check(Wish::EndTeam("free"), &["master"]);
    check(Wish::CreateTeam(Some("acme")), &["master", "boss"]);
    check(Wish::CreateTeam(Some("other")), &["master"]);
    check(Wish::CreateTeam(None), &["master"]);
    check(Wish::SeeOrganization("acme"), &["master", "viewer", "boss", "member"]);
    check(Wish::SeeOrganization("other"), &["master", "viewer"]);
    check(Wish::ManageOrganization("acme"), &["master", "boss"]);
    check(Wish::ManageOrganization("other"), &["master"]);
    check(Wish::SeeAll, &["master", "viewer"]);
    check(Wish::ManageAll, &["master"]);
}

#[test]
fn a_key_without_a_user_sees_itself_and_its_team() {
    let directory = directory();
    let key = Arc::new(key(None, Some("red")));
    let actor = Actor { key_hash: "k".to_owned(), key: Some(key.clone()), ..Actor::default() };
    let granted = |wish| may(&actor, wish, &directory).is_ok();
    assert!(granted(Wish::SeeKey("k", &key)) && granted(Wish::SeeTeam("red")));
    assert!(!granted(Wish::SeeKey("other", &key)) && !granted(Wish::SeeTeam("blue")));
    assert!(!granted(Wish::UseKey(&key, "/key/update")) && !granted(Wish::ManageAll));
}
