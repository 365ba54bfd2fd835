use super::*;

fn key(version: i64, alias: &str) -> Object {
    object(version, Some(&format!(r#"{{"key_alias":"{alias}","max_budget":0.25,"future":1}}"#)))
}

fn object(version: i64, body: Option<&str>) -> Object {
    Object { kind: Kind::Key, id: "k".to_owned(), version, body: body.map(str::to_owned) }
}

fn feed(objects: Vec<Object>, upto: i64) -> Changes {
    Changes { objects, upto, more: false }
}

fn alias(directory: &Directory) -> Option<String> {
    directory.keys.get("k").and_then(|held| held.record.key_alias.clone())
}

#[test]
fn the_feed_is_followed_and_own_writes_are_there_at_once() {
    let mut directory = Directory::default();
    assert!(directory.follow(feed(vec![key(1, "first")], 1)).is_empty());
    assert_eq!(alias(&directory).as_deref(), Some("first"));
    directory.take(&[key(2, "second")]);
    assert_eq!(alias(&directory).as_deref(), Some("second"));
    directory.follow(feed(vec![object(3, None)], 3));
    assert_eq!(alias(&directory), None);
}

#[test]
fn a_late_writer_brings_nothing_back() {
    let mut directory = Directory::default();
    directory.follow(feed(vec![key(1, "first"), object(3, None)], 3));
    directory.take(&[key(2, "second")]);
    assert_eq!(alias(&directory), None, "deleted by the feed");

    directory.take(&[object(6, None)]);
    directory.take(&[key(5, "fifth")]);
    assert_eq!(alias(&directory), None, "deleted by another of our writers");
    directory.follow(feed(vec![key(5, "fifth")], 5));
    assert_eq!(alias(&directory), None, "the feed is behind");
    directory.follow(feed(vec![object(6, None)], 6));
    directory.take(&[key(7, "seventh")]);
    assert_eq!(alias(&directory).as_deref(), Some("seventh"), "created again");
    assert!(directory.graves.is_empty());
}

#[test]
fn an_older_change_never_replaces_a_newer_one() {
    let mut directory = Directory::default();
    directory.take(&[key(9, "ninth")]);
    directory.follow(feed(vec![key(8, "eighth")], 8));
    assert_eq!(alias(&directory).as_deref(), Some("ninth"));
}

#[test]
fn a_record_that_cannot_be_read_is_told_and_taken_away() {
    let mut directory = Directory::default();
    directory.take(&[key(1, "first")]);
    let problems = directory.take(&[object(2, Some(r#"{"blocked":"maybe"}"#))]);
    assert_eq!(problems.len(), 1);
    assert_eq!(alias(&directory), None);
}

#[test]
fn unknown_fields_survive_and_usual_values_are_not_stored() {
    let mut directory = Directory::default();
    directory.take(&[key(1, "first")]);
    let record = &directory.keys["k"].record;
    assert_eq!(record.allowance.max_budget, types::Usd::from_dollars(0.25));
    let written = serde_json::to_value(&**record).unwrap();
    assert_eq!(
        written,
        serde_json::json!({"key_name": "", "key_alias": "first", "max_budget": 0.25, "created_at": 0, "updated_at": 0, "future": 1})
    );
}

#[test]
fn where_a_user_is_is_known_as_long_as_it_is_so() {
    let mut directory = Directory::default();
    let member = |kind, id: &str, version, body: Option<&str>| Object {
        kind,
        id: id.to_owned(),
        version,
        body: body.map(str::to_owned),
    };
    directory.take(&[
        member(Kind::TeamMember, "red/a/b", 1, Some("{}")),
        member(Kind::TeamMember, "blue/a/b", 2, Some("{}")),
        member(Kind::OrganizationMember, "acme/a/b", 3, Some("{}")),
    ]);
    let teams =
        |directory: &Directory, user: &str| directory.teams_of(user).map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(teams(&directory, "a/b"), ["blue/a/b", "red/a/b"]);
    assert_eq!((teams(&directory, "b").len(), directory.organizations_of("a/b").count()), (0, 1));
    directory.take(&[member(Kind::TeamMember, "red/a/b", 4, None)]);
    assert_eq!(teams(&directory, "a/b"), ["blue/a/b"]);
    directory.take(&[member(Kind::TeamMember, "red/a/b", 1, Some("{}"))]);
    assert_eq!(teams(&directory, "a/b"), ["blue/a/b"], "what is older changes nothing");
    directory.take(&[member(Kind::TeamMember, "blue/a/b", 5, None)]);
    assert_eq!(teams(&directory, "a/b").len(), 0);
}
