use super::*;

#[test]
fn what_is_written_is_read_again_and_what_is_empty_is_not_written() {
    for entry in [samples::full("a", Status::Success), samples::usual("b", Status::Open), Entry::default()] {
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
    }
    let empty = serde_json::to_string(&Entry::default()).unwrap();
    assert_eq!(empty, r#"{"attempt_id":"","call_id":"","status":"open","started_at":0,"call_type":""}"#);
}

#[test]
fn another_version_may_know_more_fields_or_fewer() {
    let entry: Entry =
        serde_json::from_str(r#"{"attempt_id":"a","future":{"x":1},"usage":{"input":1,"new":2}}"#).unwrap();
    assert_eq!((&*entry.attempt_id, entry.usage.input), ("a", Some(1)));
}

#[test]
fn a_price_that_is_not_known_is_not_zero() {
    let unknown = Entry { cost: None, ..samples::full("a", Status::Success) };
    let nothing = Entry { cost: Some(Usd::ZERO), ..unknown.clone() };
    for entry in [unknown, nothing] {
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&json).unwrap().cost, entry.cost);
    }
}

#[test]
fn what_strangers_say_is_bounded() {
    let long = "ä\0".repeat(100_000);
    let mut bounded = Entry {
        customer_id: Some(long.clone()),
        tags: vec![long.clone(); 100],
        metadata: Some(long.clone()),
        usage: Usage { output: Some(u64::MAX), ..Usage::default() },
        cost: Some(Usd::MAX),
        ..samples::full("a", Status::Success)
    };
    assert!(!bounded.keep_in_bounds());
    assert!(bounded.clone().keep_in_bounds());
    assert!(serde_json::to_string(&bounded).unwrap().len() < 20_000);
    let customer = bounded.customer_id.unwrap();
    assert!(customer.len() <= LONGEST_NAME && !customer.contains('\0'));
    assert_eq!((bounded.metadata, bounded.usage.output), (None, Some(MOST_TOKENS)));
    assert_eq!(bounded.cost, Some(MOST_COST));
    let full = samples::full("a", Status::Success);
    let mut same = full.clone();
    assert!(same.keep_in_bounds());
    assert_eq!(same, full);
}
