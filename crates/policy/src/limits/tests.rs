use super::*;

const NONE: Limits = Limits { rpm: None, rpd: None, tpm: None, tpd: None, itpm: None, otpm: None, parallel: None };

/// A call of which so many tokens count.
fn of(counted: u64) -> Tokens {
    Tokens { counted, ..Tokens::default() }
}

fn short(result: Result<(), Short>) -> Option<(Dimension, Option<u64>)> {
    result.err().map(|short| (short.dimension, short.wait_ms))
}

#[test]
fn requests_are_limited_within_any_minute_and_the_wait_is_right() {
    let limits = Limits { rpm: Some(2), ..NONE };
    let mut usage = Usage::default();
    for now in [0, 30_000] {
        assert_eq!(usage.room(&limits, &NONE, of(5), now), Ok(()));
        usage.take(&limits, of(5), now);
    }
    assert_eq!(short(usage.room(&limits, &NONE, of(5), 30_000)), Some((Dimension::Requests, Some(31_000))));
    assert_eq!(usage.room(&limits, &NONE, of(5), 61_000), Ok(()));
}

#[test]
fn tokens_are_counted_as_they_were_in_truth() {
    let limits = Limits { tpm: Some(100), ..NONE };
    let mut usage = Usage::default();
    let taken = usage.take(&limits, of(90), 0);
    assert_eq!(short(usage.room(&limits, &NONE, of(20), 0)), Some((Dimension::Tokens, Some(61_000))));
    usage.give_back(taken, of(10), 1_000);
    assert_eq!(usage.room(&limits, &NONE, of(20), 1_000), Ok(()));
    assert_eq!(usage.remaining(&limits, 1_000), (None, Some(90)));
}

#[test]
fn a_call_that_can_never_fit_is_told_no_wait() {
    let limits = Limits { tpm: Some(100), rpm: Some(0), ..NONE };
    assert_eq!(short(Usage::default().room(&limits, &NONE, of(500), 0)), Some((Dimension::Requests, None)));
    let limits = Limits { tpm: Some(100), ..NONE };
    assert_eq!(short(Usage::default().room(&limits, &NONE, of(500), 0)), Some((Dimension::Tokens, None)));
}

#[test]
fn a_limit_that_was_overrun_holds_even_for_calls_without_tokens() {
    let limits = Limits { tpm: Some(100), ..NONE };
    let mut usage = Usage::default();
    let taken = usage.take(&limits, of(1), 0);
    usage.give_back(taken, of(500), 10);
    assert!(usage.room(&limits, &NONE, of(0), 10).is_err());
}

#[test]
fn calls_at_a_time_are_given_back() {
    let limits = Limits { parallel: Some(1), ..NONE };
    let mut usage = Usage::default();
    let taken = usage.take(&limits, of(0), 0);
    assert_eq!(short(usage.room(&limits, &NONE, of(0), 0)), Some((Dimension::Parallel, None)));
    usage.give_back(taken, of(0), 5);
    assert_eq!(usage.room(&limits, &NONE, of(0), 5), Ok(()));
    assert!(usage.is_idle(5));
}

#[test]
fn a_limit_that_comes_while_calls_run_counts_them() {
    let mut usage = Usage::default();
    let taken = usage.take(&NONE, of(0), 0);
    let limits = Limits { parallel: Some(1), ..NONE };
    assert!(usage.room(&limits, &NONE, of(0), 0).is_err());
    usage.give_back(taken, of(0), 0);
    assert!(usage.room(&limits, &NONE, of(0), 0).is_ok());
}

#[test]
fn a_share_is_as_good_as_a_limit_and_says_what_is_missing() {
    let limits = Limits { rpm: Some(10), parallel: Some(4), ..NONE };
    let mut usage = Usage::default();
    let shares = Limits { rpm: Some(1), parallel: Some(3), ..NONE };
    let taken = usage.take(&limits, of(0), 0);
    let short = usage.room(&limits, &shares, of(0), 0).unwrap_err();
    assert_eq!((short.dimension, short.limit, short.missing), (Dimension::Requests, 10, Some(1)));
    let none = usage.room(&limits, &Limits { rpm: Some(9), parallel: Some(1), ..NONE }, of(0), 0).unwrap_err();
    assert_eq!((none.dimension, none.missing), (Dimension::Parallel, Some(1)));
    usage.give_back(taken, of(0), 1);
    assert_eq!(usage.used(Dimension::Requests, 1), 1);
    assert_eq!(
        usage.room(&Limits { rpm: Some(1), ..NONE }, &NONE, of(0), 1).unwrap_err().missing,
        None,
        "the limit itself"
    );
}

#[test]
fn input_output_and_requests_of_a_day_have_limits_of_their_own() {
    let mut usage = Usage::default();
    let limits = Limits { itpm: Some(100), otpm: Some(50), rpd: Some(3), ..NONE };
    let (foreseen, truth) = (Tokens { input: 60, output: 0, counted: 1 }, Tokens { input: 40, output: 50, counted: 1 });
    assert_eq!(usage.room(&limits, &NONE, foreseen, 0), Ok(()));
    let taken = usage.take(&limits, foreseen, 0);
    assert_eq!(short(usage.room(&limits, &NONE, foreseen, 0)), Some((Dimension::InputTokens, Some(61_000))));
    usage.give_back(taken, truth, 10);
    assert_eq!(short(usage.room(&limits, &NONE, foreseen, 10)), Some((Dimension::OutputTokens, Some(60_990))));
    for _ in 0..2 {
        usage.take(&limits, Tokens::default(), 70_000);
    }
    let refused = usage.room(&limits, &NONE, Tokens::default(), 200_000).unwrap_err();
    assert_eq!((refused.dimension, refused.limit), (Dimension::DayRequests, 3));
    assert!(refused.wait_ms > Some(80_000_000), "{refused:?}");
}

#[test]
fn a_throttled_limit_is_a_part_of_it_but_never_nothing_and_never_more() {
    let limits = Limits { rpm: Some(20), tpm: Some(1_000), rpd: Some(7), ..Limits::default() };
    let check = |share, rpm, tpm| {
        let throttled = limits.throttled(share);
        assert_eq!((throttled.rpm, throttled.tpm, throttled.rpd), (Some(rpm), Some(tpm), Some(7)), "{share}");
    };
    check(1.0, 20, 1_000);
    check(0.25, 5, 250);
    check(0.001, 1, 1);
    assert_eq!(Limits { rpm: Some(0), ..limits }.throttled(0.5).rpm, Some(0));
    assert_eq!(Limits::default().throttled(0.5), Limits::default());
}
