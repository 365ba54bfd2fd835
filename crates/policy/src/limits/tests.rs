use super::*;

const NONE: Limits = Limits { rpm: None, tpm: None, tpd: None, parallel: None };

fn short(result: Result<(), Short>) -> Option<(Dimension, Option<u64>)> {
    result.err().map(|short| (short.dimension, short.wait_ms))
}

#[test]
fn requests_are_limited_within_any_minute_and_the_wait_is_right() {
    let limits = Limits { rpm: Some(2), ..NONE };
    let mut usage = Usage::default();
    for now in [0, 30_000] {
        assert_eq!(usage.room(&limits, &NONE, 5, now), Ok(()));
        usage.take(&limits, 5, now);
    }
    assert_eq!(short(usage.room(&limits, &NONE, 5, 30_000)), Some((Dimension::Requests, Some(31_000))));
    assert_eq!(usage.room(&limits, &NONE, 5, 61_000), Ok(()));
}

#[test]
fn tokens_are_counted_as_they_were_in_truth() {
    let limits = Limits { tpm: Some(100), ..NONE };
    let mut usage = Usage::default();
    let taken = usage.take(&limits, 90, 0);
    assert_eq!(short(usage.room(&limits, &NONE, 20, 0)), Some((Dimension::Tokens, Some(61_000))));
    usage.give_back(taken, 10, 1_000);
    assert_eq!(usage.room(&limits, &NONE, 20, 1_000), Ok(()));
    assert_eq!(usage.remaining(&limits, 1_000), (None, Some(90)));
}

#[test]
fn a_call_that_can_never_fit_is_told_no_wait() {
    let limits = Limits { tpm: Some(100), rpm: Some(0), ..NONE };
    assert_eq!(short(Usage::default().room(&limits, &NONE, 500, 0)), Some((Dimension::Requests, None)));
    let limits = Limits { tpm: Some(100), ..NONE };
    assert_eq!(short(Usage::default().room(&limits, &NONE, 500, 0)), Some((Dimension::Tokens, None)));
}

#[test]
fn a_limit_that_was_overrun_holds_even_for_calls_without_tokens() {
    let limits = Limits { tpm: Some(100), ..NONE };
    let mut usage = Usage::default();
    let taken = usage.take(&limits, 1, 0);
    usage.give_back(taken, 500, 10);
    assert!(usage.room(&limits, &NONE, 0, 10).is_err());
}

#[test]
fn calls_at_a_time_are_given_back() {
    let limits = Limits { parallel: Some(1), ..NONE };
    let mut usage = Usage::default();
    let taken = usage.take(&limits, 0, 0);
    assert_eq!(short(usage.room(&limits, &NONE, 0, 0)), Some((Dimension::Parallel, None)));
    usage.give_back(taken, 0, 5);
    assert_eq!(usage.room(&limits, &NONE, 0, 5), Ok(()));
    assert!(usage.is_idle(5));
}

#[test]
fn a_limit_that_comes_while_calls_run_counts_them() {
    let mut usage = Usage::default();
    let taken = usage.take(&NONE, 0, 0);
    let limits = Limits { parallel: Some(1), ..NONE };
    assert!(usage.room(&limits, &NONE, 0, 0).is_err());
    usage.give_back(taken, 0, 0);
    assert!(usage.room(&limits, &NONE, 0, 0).is_ok());
}

#[test]
fn a_share_is_as_good_as_a_limit_and_says_what_is_missing() {
    let limits = Limits { rpm: Some(10), parallel: Some(4), ..NONE };
    let mut usage = Usage::default();
    let shares = Limits { rpm: Some(1), parallel: Some(3), ..NONE };
    let taken = usage.take(&limits, 0, 0);
    let short = usage.room(&limits, &shares, 0, 0).unwrap_err();
    assert_eq!((short.dimension, short.limit, short.missing), (Dimension::Requests, 10, Some(1)));
    let none = usage.room(&limits, &Limits { rpm: Some(9), parallel: Some(1), ..NONE }, 0, 0).unwrap_err();
    assert_eq!((none.dimension, none.missing), (Dimension::Parallel, Some(1)));
    usage.give_back(taken, 0, 1);
    assert_eq!(usage.used(Dimension::Requests, 1), 1);
    assert_eq!(
        usage.room(&Limits { rpm: Some(1), ..NONE }, &NONE, 0, 1).unwrap_err().missing,
        None,
        "the limit itself"
    );
}
