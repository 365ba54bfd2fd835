use types::FaultKind;

use super::*;

const REST: u64 = 5_000;

fn refused() -> Fault {
    Fault::provider(FaultKind::Connect, "")
}

/// A breaker that has just opened, at `now`.
fn opened(now: u64) -> Breaker {
    let mut breaker = Breaker::default();
    for _ in 0..2 {
        breaker.failed(&RestRules::default(), &refused(), true, now);
    }
    assert_eq!(breaker.admits(now), Admission::Rests(REST));
    breaker
}

#[test]
fn after_a_rest_one_call_at_a_time_tries_whether_all_is_well() {
    let rules = RestRules::default();
    let mut breaker = opened(0);
    assert_eq!(breaker.admits(REST), Admission::Trial);
    breaker.begin_trial(&rules, REST);
    assert_eq!(breaker.admits(REST + 1), Admission::Rests(REST - 1));
    breaker.succeeded(REST + 2);
    assert_eq!(breaker.admits(REST + 2), Admission::Open);
}

#[test]
fn a_trial_that_fails_is_followed_by_another_rest_whatever_the_fault() {
    let rules = RestRules::default();
    let mut breaker = opened(0);
    breaker.begin_trial(&rules, REST);
    breaker.failed(&rules, &Fault::provider(FaultKind::Upstream, ""), true, REST + 100);
    assert_eq!(breaker.admits(REST + 100), Admission::Rests(REST));
}

#[test]
fn a_trial_without_a_result_keeps_others_away_for_a_rest_at_most() {
    let rules = RestRules::default();
    let mut breaker = opened(0);
    breaker.begin_trial(&rules, REST);
    assert_eq!(breaker.admits(2 * REST), Admission::Trial);
    breaker.begin_trial(&rules, 2 * REST);
    breaker.give_up_trial();
    assert_eq!(breaker.admits(2 * REST + 1), Admission::Trial);
}

#[test]
fn a_dead_deployment_gets_one_call_per_rest_and_is_back_within_one() {
    let rules = RestRules::default();
    let mut breaker = Breaker::default();
    let (mut tried, mut calls) = (0, 0);
    // Ten calls a second; it is dead for a minute.
    for now in (0..60_000).step_by(100) {
        calls += 1;
        if breaker.admits(now) != Admission::Open && !matches!(breaker.admits(now), Admission::Trial) {
            continue;
        }
        tried += 1;
        breaker.begin_trial(&rules, now);
        breaker.failed(&rules, &refused(), true, now);
    }
    assert!(tried * 50 <= calls * 2, "{tried} of {calls}");
    let back = (60_000..).step_by(100).find(|now| breaker.admits(*now) == Admission::Trial).unwrap();
    assert!(back <= 60_000 + REST, "{back}");
}

#[test]
fn nobody_rests_without_an_alternative() {
    let mut breaker = Breaker::default();
    for now in 0..100 {
        breaker.failed(&RestRules::default(), &refused(), false, now);
        assert_eq!(breaker.admits(now), Admission::Open);
    }
}

#[test]
fn a_shorter_rest_never_cuts_a_longer_one() {
    let asks = |s| Fault { retry_after: Some(Duration::from_secs(s)), ..Fault::provider(FaultKind::RateLimit, "") };
    let mut breaker = Breaker::default();
    breaker.failed(&RestRules::default(), &asks(60), true, 0);
    breaker.failed(&RestRules::default(), &asks(1), true, 10);
    assert_eq!((breaker.rest_left(10), breaker.asked_rest_left(10)), (59_990, 59_990));
}

#[test]
fn faults_are_counted_by_the_minute_and_in_a_row() {
    let (rules, fault) = (RestRules::default(), Fault::provider(FaultKind::Upstream, ""));
    let mut breaker = Breaker::default();
    (0..1000).for_each(|now| breaker.succeeded(now));
    for fault_number in 1..=5 {
        assert_eq!(breaker.admits(2_000), Admission::Open, "after {fault_number} faults");
        breaker.failed(&rules, &fault, true, 2_000);
    }
    assert_eq!(breaker.admits(2_000), Admission::Rests(REST), "it was well often, but not lately");
}

#[test]
fn who_is_found_well_may_be_tried_at_once_unless_the_provider_wants_peace() {
    let mut breaker = opened(0);
    breaker.found_well(10);
    assert_eq!(breaker.admits(10), Admission::Trial);
    let mut breaker = Breaker::default();
    let wait = Some(Duration::from_millis(300));
    let busy = Fault { retry_after: wait, ..Fault::provider(FaultKind::RateLimit, "") };
    breaker.failed(&RestRules::default(), &busy, true, 0);
    breaker.found_well(10);
    assert_eq!(breaker.admits(10), Admission::Rests(290));
    let mut well = Breaker::default();
    well.found_well(10);
    assert_eq!(well.admits(10), Admission::Open);
}

#[test]
fn who_is_found_ill_rests_until_it_is_found_well() {
    let mut breaker = Breaker::default();
    breaker.found_ill(Duration::from_secs(600), 0);
    assert_eq!(breaker.admits(1_000), Admission::Rests(599_000));
    breaker.found_well(2_000);
    assert_eq!(breaker.admits(2_000), Admission::Trial);
    breaker.succeeded(2_001);
    assert_eq!((breaker.admits(2_001), breaker.recent(2_001)), (Admission::Open, (1, 0)));
    assert_eq!(breaker.recent(70_000), (0, 0), "another minute has begun");
}

#[test]
fn a_look_that_misled_is_not_believed_until_a_call_succeeds() {
    let rules = RestRules { cooldown: Duration::from_secs(600), ..RestRules::default() };
    let mut breaker = Breaker::default();
    (0..2).for_each(|now| breaker.failed(&rules, &refused(), true, now));
    breaker.found_well(10);
    assert_eq!(breaker.admits(10), Admission::Trial);
    breaker.begin_trial(&rules, 10);
    breaker.failed(&rules, &refused(), true, 20);
    breaker.found_well(30);
    assert_eq!(breaker.admits(30), Admission::Rests(599_990), "it could not see what is wrong");
    breaker.succeeded(700_000);
    (0..2).for_each(|now| breaker.failed(&rules, &refused(), true, 700_001 + now));
    breaker.found_well(700_010);
    assert_eq!(breaker.admits(700_010), Admission::Trial);
}

/// What a deployment goes through, each of it a tenth of a second after what came before.
enum Fate {
    /// A stream opens.
    Opens,
    /// One comes to its end.
    Ends,
    /// The end of one that tries whether all is well.
    TrialEnds,
    /// One breaks, a second after it opened.
    Cut,
    /// A whole answer comes.
    Whole,
    /// Nobody is there.
    Refused,
}

/// Whether a deployment rests after all of that.
fn check(fates: &[Fate], rests: bool, what: &str) {
    let (rules, mut breaker, mut now) = (RestRules::default(), Breaker::default(), 0);
    let broken = Fault::provider(FaultKind::Cut, "");
    for fate in fates {
        now += 100;
        match fate {
            Fate::Opens => breaker.opened(),
            Fate::Ends => breaker.ended(false, now),
            Fate::TrialEnds => breaker.ended(true, now),
            Fate::Cut => breaker.broke_off(&rules, &broken, 1_000, true, now),
            Fate::Whole => breaker.succeeded(now),
            Fate::Refused => breaker.failed(&rules, &refused(), true, now),
        }
    }
    assert_eq!(matches!(breaker.admits(now), Admission::Rests(_)), rests, "{what}");
}

#[test]
fn what_shows_that_calls_are_answered_does_not_show_that_streams_are_whole() {
    use Fate::*;
    let cuts = || [Opens, Cut, Opens, Cut, Opens, Cut, Opens, Cut, Opens, Cut];
    let after = |more: &[fn() -> Fate]| cuts().into_iter().chain(more.iter().map(|fate| fate())).collect::<Vec<_>>();
    check(&cuts(), true, "each stream opens, and each one breaks");
    check(&after(&[|| Opens]), true, "one that opens may break like the others");
    check(&after(&[|| Ends]), true, "one that opened long ago says nothing about those that open now");
    check(&after(&[|| Opens, || TrialEnds]), false, "one that tried was whole");
    check(&after(&[|| Whole]), false, "who can answer in one piece may do so");
    check(&after(&[|| Whole, || Cut]), true, "but the next stream that breaks is the sixth one in a row");
    check(
        &[Ends, Ends, Ends, Ends, Cut, Cut, Cut, Cut, Ends, Cut],
        false,
        "after a whole stream they are counted anew",
    );
    check(&[Refused, Ends, Refused], true, "a stream that ends does not show that calls are answered");
    check(&[Refused, Opens, Refused], false, "one that opens does");
    check(&[Refused, Refused, Opens], false, "and who only refused calls is well if one opens");
    check(&[Ends, Ends, Ends, Ends, Cut, Cut, Cut, Cut], false, "half of the streams may break");
    check(&[Ends, Ends, Cut, Cut, Cut], true, "more than half must not");
}

#[test]
fn a_stream_that_outlives_all_that_broke_ends_the_trial_but_the_next_break_begins_another_rest() {
    let (rules, broken) = (RestRules::default(), Fault::provider(FaultKind::Cut, ""));
    let mut breaker = Breaker::default();
    [300, 900, 20, 500, 10].iter().for_each(|lived| breaker.broke_off(&rules, &broken, *lived, true, 0));
    assert_eq!((breaker.admits(0), breaker.longest_cut()), (Admission::Rests(REST), 900));
    breaker.begin_trial(&rules, REST);
    breaker.opened();
    assert_eq!(breaker.admits(REST), Admission::Rests(REST));
    breaker.outlived();
    assert_eq!(breaker.admits(REST), Admission::Open);
    breaker.broke_off(&rules, &broken, 2_000, true, REST);
    assert_eq!(breaker.admits(REST), Admission::Rests(REST));
    breaker.ended(true, REST);
    assert_eq!((breaker.admits(REST), breaker.longest_cut()), (Admission::Open, 0));
}
