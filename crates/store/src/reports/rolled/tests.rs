use super::*;

fn number(day: &str) -> i64 {
    day::parse(day).unwrap()
}

fn days(from: &str, to: &str) -> Vec<i64> {
    (number(from)..=number(to)).collect()
}

fn over_of(days: &[i64], months: &[&str]) -> Option<(String, Vec<String>)> {
    let over = over(days, &months.iter().map(|month| (*month).to_owned()).collect())?;
    let text = |days: &RangeInclusive<i64>| format!("{}..{}", day::text(*days.start()), day::text(*days.end()));
    let months = over.months.map_or("none".to_owned(), |(first, last)| format!("{first}..{last}"));
    assert!(over.around.iter().all(|around| over.days.contains(around.start()) && over.days.contains(around.end())));
    Some((months, over.around.iter().map(text).collect()))
}

#[test]
fn whole_months_are_read_as_months_and_the_days_around_them_as_days() {
    let year = days("2025-11-29", "2026-11-27");
    let closed: Vec<String> = (1..=10).map(|month| format!("2026-{month:02}")).collect();
    let mut months: Vec<&str> = closed.iter().map(String::as_str).collect();
    months.insert(0, "2025-12");
    let edges = vec!["2025-11-29..2025-11-30".to_owned(), "2026-11-01..2026-11-27".to_owned()];
    assert_eq!(over_of(&year, &months), Some(("2025-12..2026-10".to_owned(), edges)));
    // A month that something was booked for late is read day by day, and all behind it.
    months.retain(|month| *month != "2026-03");
    let edges = vec!["2025-11-29..2025-11-30".to_owned(), "2026-03-01..2026-11-27".to_owned()];
    assert_eq!(over_of(&year, &months), Some(("2025-12..2026-02".to_owned(), edges)));
    let exact = days("2026-01-01", "2026-02-28");
    assert_eq!(over_of(&exact, &["2026-01", "2026-02"]), Some(("2026-01..2026-02".to_owned(), vec![])));
    let edges = vec!["2026-01-01..2026-02-28".to_owned()];
    assert_eq!(over_of(&exact, &[]), Some(("none".to_owned(), edges)));
}

#[test]
fn the_longest_time_without_a_gap_is_read_so_and_a_short_one_is_not() {
    let mut closed = days("2026-01-01", "2026-06-30");
    closed.retain(|day| *day != number("2026-02-10"));
    let edges = vec!["2026-02-11..2026-06-30".to_owned()];
    assert_eq!(over_of(&closed, &[]), Some(("none".to_owned(), edges)));
    assert_eq!(over_of(&days("2026-01-01", "2026-01-31"), &["2026-01"]), None);
    assert_eq!(over_of(&[], &[]), None);
}
