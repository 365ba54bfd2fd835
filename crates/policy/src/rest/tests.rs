use types::FaultKind::*;

use super::*;

/// The faults came after all that was well.
fn check(rules: &RestRules, fault: Fault, good: u32, bad: u32, expected_s: Option<u64>) {
    check_streak(rules, fault, Tally { good, bad, streak: bad }, expected_s);
}

fn check_streak(rules: &RestRules, fault: Fault, tally: Tally, expected_s: Option<u64>) {
    let got = rest(rules, &fault, tally, true);
    assert_eq!(got, expected_s.map(Duration::from_secs), "{fault:?} after {tally:?}");
    assert_eq!(rest(rules, &fault, tally, false), None, "nothing rests without an alternative");
}

#[test]
fn a_deployment_rests_when_it_says_so_or_fails_too_often() {
    let rules = RestRules::default();
    let asks = |s| Fault { retry_after: Some(Duration::from_secs(s)), ..Fault::provider(RateLimit, "") };
    check(&rules, Fault::provider(RateLimit, ""), 0, 1, Some(5));
    check(&rules, asks(30), 100, 1, Some(30));
    check(&rules, asks(1_000_000), 100, 1, Some(3600));
    check(&rules, Fault::provider(Authentication, ""), 100, 1, Some(5));
    check(&rules, Fault::provider(Upstream, ""), 0, 1, None);
    check(&rules, Fault::provider(Upstream, ""), 2, 3, Some(5));
    check(&rules, Fault::provider(Upstream, ""), 3, 3, None);
    check(&rules, Fault::provider(Connect, ""), 0, 2, Some(5));
    check(&rules, Fault::provider(Connect, ""), 9, 2, Some(5));
    check_streak(&rules, Fault::provider(Connect, ""), Tally { good: 9, bad: 2, streak: 1 }, None);
    check(&rules, Fault::provider(Upstream, ""), 1000, 5, Some(5));
    check_streak(&rules, Fault::provider(Upstream, ""), Tally { good: 1000, bad: 50, streak: 4 }, None);
    check(&rules, Fault::invalid(""), 0, 100, None);
}

#[test]
fn the_operators_count_decides_where_it_is_set() {
    let rules = RestRules { allowed_fails: Some(3), cooldown: Duration::from_secs(60), ..RestRules::default() };
    check(&rules, Fault::provider(Upstream, ""), 0, 3, None);
    check(&rules, Fault::provider(Upstream, ""), 0, 4, Some(60));
    check(&rules, Fault::provider(RateLimit, ""), 0, 3, None);
    check(&RestRules { cooldowns: false, ..rules }, Fault::provider(Upstream, ""), 0, 9, None);
}

#[test]
fn the_operators_count_for_a_kind_of_fault_decides_alone() {
    let fails_by_kind = [(Authentication, 2), (Timeout, 3), (Upstream, 0)].into_iter().collect();
    let rules = RestRules { allowed_fails: Some(1), fails_by_kind, ..RestRules::default() };
    check(&rules, Fault::provider(Authentication, ""), 0, 2, None);
    check(&rules, Fault::provider(Authentication, ""), 0, 3, Some(5));
    check(&rules, Fault::provider(Timeout, ""), 0, 3, None);
    check(&rules, Fault::provider(Upstream, ""), 1000, 1, Some(5));
    check(&rules, Fault::provider(Malformed, ""), 0, 2, Some(5));
    check(&rules, Fault::invalid(""), 0, 100, None);
}
