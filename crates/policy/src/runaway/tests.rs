use super::*;

const RULES: RunawayRules = RunawayRules {
    breaking: Breaking::Alert,
    same: 10,
    within_ms: 10_000,
    burst: 5,
    burst_floor: 50,
    delay_ms: 1_000,
    block_ms: 60_000,
};

/// A call that says this, and something else than all others in its last message.
fn note(trail: &mut Trail, whole: u64, rules: &RunawayRules, now_ms: i64) -> Verdict {
    trail.note(whole, || None, rules, now_ms)
}

/// Calls that are all the same, so many milliseconds apart; the number of the first that is noticed.
fn noticed(rules: &RunawayRules, apart_ms: i64, calls: i64) -> Option<i64> {
    let mut trail = Trail::default();
    (1..=calls).find(|call| note(&mut trail, 7, rules, call * apart_ms) != Verdict::Goes)
}

#[test]
fn the_same_call_too_often_in_a_time_is_noticed_and_a_slow_repetition_is_not() {
    assert_eq!(noticed(&RULES, 0, 100), Some(11));
    assert_eq!(noticed(&RULES, 100, 100), Some(12), "one runs out within a second");
    assert_eq!(noticed(&RULES, 1_000, 10_000), None, "ten in ten seconds are what is allowed");
    assert_eq!(noticed(&RULES, 60_000, 10_000), None);
}

#[test]
fn calls_in_between_hide_nothing() {
    let mut trail = Trail::default();
    let mut noticed = 0;
    for round in 0..30 {
        for other in 0..20 {
            assert_eq!(note(&mut trail, 1_000 + round * 20 + other, &RULES, round as i64), Verdict::Goes);
        }
        noticed += usize::from(note(&mut trail, 7, &RULES, round as i64) != Verdict::Goes);
    }
    assert_eq!(noticed, 20);
}

#[test]
fn calls_that_differ_in_numbers_or_in_what_was_said_before_are_alike() {
    let mut trail = Trail::default();
    let texts =
        (0..30).map(|turn| format!("Tool failed at 12:{turn:02}:07 with id 4f{turn}: file not found, try again"));
    let alike = texts.map(|text| without_numbers(text.as_bytes()));
    let verdicts: Vec<Verdict> =
        alike.enumerate().map(|(turn, last)| trail.note(turn as u64, || Some(last), &RULES, 0)).collect();
    // Nobody looks at messages before there are many calls.
    assert!(verdicts[..15].iter().all(|verdict| *verdict == Verdict::Goes), "{verdicts:?}");
    let expected = |verdict: &Verdict| matches!(verdict, Verdict::Noticed(Trip { cause: Cause::Alike, limit: 10, .. }));
    assert!(verdicts[15..].iter().all(expected), "{verdicts:?}");
}

#[test]
fn texts_that_say_something_else_are_not_alike() {
    let same = [("call 17 of 30", "call 18 of 30"), ("a  b", "a b"), ("at 2026-11-29T03:00Z", "at 2027-01-01T00:01Z")];
    let other = [("ab c", "a bc"), ("Grüße", "Gruesse"), ("", "a"), ("yes", "no"), ("日本", "日中")];
    let hash = |text: &str| without_numbers(text.as_bytes());
    same.iter().for_each(|(one, two)| assert_eq!(hash(one), hash(two), "{one} {two}"));
    other.iter().for_each(|(one, two)| assert_ne!(hash(one), hash(two), "{one} {two}"));
}

#[test]
fn a_burst_is_one_beside_what_a_key_usually_calls() {
    let calls = |trail: &mut Trail, minute: i64, calls: u64| -> Vec<Verdict> {
        (0..calls).map(|call| note(trail, minute as u64 * 1_000_000 + call, &RULES, minute * 60_000)).collect()
    };
    let mut trail = Trail::default();
    for minute in 0..10 {
        assert!(calls(&mut trail, minute, 20).iter().all(|verdict| *verdict == Verdict::Goes));
    }
    let burst = calls(&mut trail, 10, 120);
    assert_eq!(burst.iter().position(|verdict| *verdict != Verdict::Goes), Some(100), "five times twenty");
    let mut quiet = Trail::default();
    (0..10).for_each(|minute| drop(calls(&mut quiet, minute, 1)));
    let floor = calls(&mut quiet, 10, 60);
    assert_eq!(floor.iter().position(|verdict| *verdict != Verdict::Goes), Some(50), "few are never too many");
    assert!(calls(&mut Trail::default(), 0, 10_000).iter().all(|verdict| *verdict == Verdict::Goes), "nobody knows it");
}

#[test]
fn whoever_is_slowed_waits_the_longer_the_further_it_goes() {
    let rules = RunawayRules { breaking: Breaking::Slow, ..RULES };
    let mut trail = Trail::default();
    let waits: Vec<u64> = (0..30)
        .map(|_| match note(&mut trail, 7, &rules, 0) {
            Verdict::Waits(_, wait) => wait,
            _ => 0,
        })
        .collect();
    assert_eq!((&waits[..10], waits[10], waits[14], waits[19], waits[29]), (&[0; 10][..], 100, 500, 1_000, 1_000));
}

#[test]
fn whoever_is_blocked_has_another_chance_when_it_is_over() {
    let rules = RunawayRules { breaking: Breaking::Block, ..RULES };
    let mut trail = Trail::default();
    let refused = (0..12).map(|call| note(&mut trail, 7, &rules, call)).collect::<Vec<_>>();
    assert_eq!(refused[9], Verdict::Goes);
    assert!(matches!(refused[10], Verdict::Refused(Trip { cause: Cause::Same, .. }, 60_000)));
    assert!(matches!(refused[11], Verdict::Refused(_, 59_999)), "{:?}", refused[11]);
    assert!(matches!(note(&mut trail, 8, &rules, 30_000), Verdict::Refused(..)), "whatever else it asks");
    assert!(trail.trip(30_000).is_some());
    assert_eq!(note(&mut trail, 7, &rules, 60_010), Verdict::Goes);
    assert_eq!(trail.trip(60_010), None);
    let mut lenient = Trail::default();
    (0..12).for_each(|call| _ = note(&mut lenient, 7, &rules, call));
    assert_eq!(note(&mut lenient, 8, &RULES, 30_000), Verdict::Goes, "the rules are others now");
}

#[test]
fn a_trip_is_told_of_until_it_has_not_come_again_for_a_while() {
    let mut trail = Trail::default();
    (0..12).for_each(|call| _ = note(&mut trail, 7, &RULES, call));
    assert_eq!(trail.trip(12).map(|trip| (trip.since_ms, trip.last_ms, trip.calls)), Some((10, 11, 12)));
    assert!(trail.trip(OVER_MS).is_some());
    assert_eq!(trail.trip(OVER_MS + 12), None);
    assert!(!trail.is_over(OVER_MS + 12) && trail.is_over(4_000_000));
}

#[test]
fn a_wish_changes_what_it_names_and_cannot_make_a_rule_that_one_call_breaks() {
    let wish = RunawayWish { breaking: Some(Breaking::Block), same: Some(5), ..RunawayWish::default() };
    assert_eq!(RULES.with(&wish), RunawayRules { breaking: Breaking::Block, same: 5, ..RULES });
    let nothing = RunawayWish { same: Some(0), within_ms: Some(0), burst: Some(0), ..RunawayWish::default() };
    assert_eq!(RULES.with(&nothing), RunawayRules { same: 2, within_ms: 1_000, burst: 2, ..RULES });
    assert!(Breaking::ALL.into_iter().all(|breaking| Breaking::find(breaking.name()) == Some(breaking)));
}
