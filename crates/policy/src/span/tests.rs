use super::*;

/// The window of `length` around `at`, both ends as a civil time in `zone`.
fn check(length: &str, at: &str, zone: &str, expected: (&str, &str)) {
    let zone = TimeZone::get(zone).unwrap();
    let at: Timestamp = at.parse().unwrap();
    let window = Span::parse(length).unwrap().window(at.as_second(), &zone);
    let shown =
        |second: i64| Timestamp::from_second(second).unwrap().to_zoned_datetime(zone.clone()).datetime().to_string();
    assert_eq!((&*shown(window.start), &*shown(window.end)), expected, "{length} at {at}");
    assert!((window.start..window.end).contains(&at.as_second()));
}

#[test]
fn windows_follow_the_calendar() {
    let at = "2026-11-28T13:45:07Z";
    check("30s", at, "UTC", ("2026-11-28T13:45:00", "2026-11-28T13:45:30"));
    check("5m", at, "UTC", ("2026-11-28T13:45:00", "2026-11-28T13:50:00"));
    check("1h", at, "UTC", ("2026-11-28T13:00:00", "2026-11-28T14:00:00"));
    check("8h", at, "UTC", ("2026-11-28T08:00:00", "2026-11-28T16:00:00"));
    check("24h", at, "UTC", ("2026-11-28T00:00:00", "2026-11-29T00:00:00"));
    check("1d", at, "UTC", ("2026-11-28T00:00:00", "2026-11-29T00:00:00"));
    check("7d", at, "UTC", ("2026-11-23T00:00:00", "2026-11-30T00:00:00"));
    check("1w", at, "UTC", ("2026-11-23T00:00:00", "2026-11-30T00:00:00"));
    check("30d", at, "UTC", ("2026-11-01T00:00:00", "2026-12-01T00:00:00"));
    check("1mo", at, "UTC", ("2026-11-01T00:00:00", "2026-12-01T00:00:00"));
    check("3mo", at, "UTC", ("2026-10-01T00:00:00", "2027-01-01T00:00:00"));
    check("12mo", at, "UTC", ("2026-01-01T00:00:00", "2027-01-01T00:00:00"));
}

#[test]
fn windows_begin_at_midnight_of_the_operators_zone_also_when_the_clock_changes() {
    check("1d", "2026-11-28T23:30:00Z", "Europe/Berlin", ("2026-11-29T00:00:00", "2026-11-30T00:00:00"));
    check("1d", "2026-03-29T10:00:00Z", "Europe/Berlin", ("2026-03-29T00:00:00", "2026-03-30T00:00:00"));
    check("30d", "2026-03-31T22:30:00Z", "Europe/Berlin", ("2026-04-01T00:00:00", "2026-05-01T00:00:00"));
    check("1d", "2026-11-28T04:00:00Z", "America/New_York", ("2026-11-27T00:00:00", "2026-11-28T00:00:00"));
}

#[test]
fn a_window_of_many_days_is_the_same_for_every_moment_in_it() {
    let zone = TimeZone::UTC;
    let span = Span::parse("14d").unwrap();
    let window = span.window(1_795_873_507, &zone);
    assert_eq!(window.end - window.start, 14 * 86_400);
    for at in [window.start, window.end - 1] {
        assert_eq!(span.window(at, &zone), window);
    }
    assert_eq!(span.window(window.end, &zone).start, window.end);
}

#[test]
fn what_is_no_length_is_none() {
    for text in [
        "",
        "d",
        "0d",
        "-1d",
        "1",
        "1y",
        "1.5h",
        "99999999999d",
        "4294967295w",
        "36526d",
        "1218mo",
        "1 d",
        "monthly",
        "1D",
    ] {
        assert_eq!(Span::parse(text), None, "{text}");
    }
    assert_eq!(Span::parse(" 48h "), Some(Span::Days(2)));
    assert_eq!(Span::parse("90m"), Some(Span::Seconds(5400)));
}

#[test]
fn no_length_and_no_moment_is_too_much() {
    for span in ["3155759999s", "36525d", "1217mo"].map(|text| Span::parse(text).unwrap()) {
        for at in [i64::MIN, 0, i64::MAX] {
            let _ = span.window(at, &TimeZone::UTC);
        }
    }
}
