use super::*;

#[test]
fn the_lists_of_fields_are_sorted_for_the_search_in_them() {
    assert!(GATEWAY_FIELDS.is_sorted());
    assert!(CONNECTION_FIELDS.is_sorted());
}

#[test]
fn tags_within_the_metadata_reach_no_provider() {
    let check = |metadata: &str, expected: Option<Edit>| {
        let body = Object::parse(Bytes::from(format!(r#"{{"metadata":{metadata}}}"#))).unwrap();
        assert_eq!(body.with(without_tags), expected, "{metadata}");
    };
    let set = |text: &str| Some(Edit::Set("metadata".to_owned(), text.to_owned()));
    check(r#"{"tags":["a"]}"#, Some(Edit::Remove("metadata".to_owned())));
    check(r#"{"a":"b\u0041", "tags": ["a"], "c" : {"d":[1]}}"#, set(r#"{"a":"b\u0041","c":{"d":[1]}}"#));
    check(r#"{"tags":"a, b"}"#, None);
    check(r#"{"a":"b"}"#, None);
    check("null", None);
    check("[1]", None);
}
