use bytes::Bytes;
use dialects::FRONTS;
use http::HeaderMap;
use jiff::tz::TimeZone;

use super::*;
use crate::rig::{deployment, setup};
use crate::{Call, Caller, Deployment, Keyring, Meters};

fn terms() -> SemanticTerms {
    let group_thresholds = [("strict".to_owned(), 0.99)].into();
    SemanticTerms { model: "vectors".to_owned(), group_thresholds, ..SemanticTerms::default() }
}

#[test]
fn what_a_customer_says_leaves_its_region_for_no_vector() {
    let located =
        |id: &str, region: Option<&str>| Arc::new(Deployment { region: region.map(str::to_owned), ..deployment(id) });
    let call = Call {
        id: "call".to_owned(),
        front: FRONTS[0],
        operation: types::Operation::Chat,
        path_model: None,
        path_stream: None,
        headers: HeaderMap::new(),
        body: Bytes::from_static(br#"{"model":"demo","messages":[{"role":"user","content":"hi"}]}"#),
        caller: Arc::new(Caller::admin()),
        ip: None,
    };
    let caller = call.caller.clone();
    let ask = Ask::read(call).unwrap();
    for (regions, allowed, expected) in [
        (&[Some("eu-west-1")][..], None, true),
        (&[None], None, true),
        (&[Some("eu-west-1"), Some("europe-west4")], Some("eu"), true),
        (&[Some("eu-west-1"), Some("us-east-1")], Some("eu"), false),
        (&[None], Some("eu"), false),
    ] {
        let vectors = regions.iter().enumerate().map(|(at, region)| located(&at.to_string(), *region)).collect();
        let setup = setup([("demo", vec![]), ("vectors", vectors)]);
        let keyring = Keyring::new(None, Arc::new(Meters::new(TimeZone::UTC)));
        let mut pass = Pass::draw(&keyring, Rc::new(|| 0), &setup, caller.clone(), &ask, "call").unwrap();
        pass.region = allowed.map(str::to_owned);
        assert_eq!(may_be_sent(&setup, &pass, "vectors"), expected, "{regions:?} {allowed:?}");
        assert!(!may_be_sent(&setup, &pass, "nobody"), "whom nobody knows gets nothing");
    }
}

#[test]
fn a_reload_keeps_what_is_known_unless_vectors_would_be_others() {
    let lore = Lore::default();
    let first = lore.of(&terms());
    assert!(Arc::ptr_eq(&first, &lore.of(&SemanticTerms { threshold: 0.5, audit: 1.0, ..terms() })));
    for other in [
        SemanticTerms { model: "others".to_owned(), ..terms() },
        SemanticTerms { entries: 5, ..terms() },
        SemanticTerms { bytes: 5, ..terms() },
    ] {
        assert!(!Arc::ptr_eq(&first, &lore.of(&other)));
    }
}

#[test]
fn each_group_has_a_threshold_of_its_own_that_audits_raise() {
    let (terms, meanings) = (terms(), Lore::default().of(&terms()));
    for group in ["strict", "lax"] {
        meanings.note(group, |tally| tally.hits += 3);
    }
    meanings.note("lax", |tally| {
        (tally.audits, tally.false_hits) = (4, 1);
        tally.strictness = tally.strictness.after(true, 0.02);
    });
    let view = meanings.view(&terms, 0);
    let (strict, lax) = (view.groups["strict"], view.groups["lax"]);
    assert_eq!((strict.configured, strict.threshold, strict.audits), (0.99, 0.99, 0));
    assert!(lax.configured == 0.95 && lax.threshold > 0.96 && lax.threshold < 0.97, "{lax:?}");
    assert_eq!((lax.hits, lax.audits, lax.false_hits), (3, 4, 1));
}

#[test]
fn who_fails_rests_and_places_are_bounded() {
    let meanings = Lore::default().of(&terms());
    assert!(!meanings.rests(0));
    meanings.rest(1_000);
    assert!(meanings.rests(5_999) && !meanings.rests(6_000));
    let place = || Place::take(&meanings, |meanings| &meanings.auditing, 2);
    let (one, other) = (place(), place());
    assert!(one.is_some() && other.is_some() && place().is_none());
    drop(one);
    assert!(place().is_some());
    drop(other);
    assert_eq!(meanings.auditing.load(Relaxed), 0);
}
