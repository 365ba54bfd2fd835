//! When the window of a sum ends, so that sums nobody asks for any more can go.

/// Milliseconds in a day.
const DAY: i64 = 86_400_000;

/// When the window `<duration>@<unix seconds of its start>` has ended for sure, in milliseconds since 1970; `None` for
/// a sum without end.
pub fn ends_at(period: &str) -> Option<i64> {
    let (duration, start) = period.split_once('@')?;
    let start = start.parse::<i64>().ok()?.saturating_mul(1000);
    let digits = duration.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(duration.len());
    let count = duration[..digits].parse::<i64>().unwrap_or(1);
    let unit = match &duration[digits..] {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => DAY,
        "w" => 7 * DAY,
        "mo" => 31 * DAY,
        _ => 366 * DAY,
    };
    // Thirty days may mean a month, and a day may have 25 hours.
    Some(start.saturating_add(unit.saturating_mul(count)).saturating_add(2 * DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_late_rather_than_early() {
        let ends = |period| ends_at(period).map(|end| end - 2 * DAY);
        assert_eq!(ends("total"), None);
        assert_eq!(ends("30s@100"), Some(130_000));
        assert_eq!(ends("5m@0"), Some(300_000));
        assert_eq!(ends("24h@0"), Some(DAY));
        assert_eq!(ends("1w@0"), Some(7 * DAY));
        assert_eq!(ends("2mo@0"), Some(62 * DAY));
        assert_eq!(ends("fortnight@0"), Some(366 * DAY));
        assert_eq!(ends("30d@tomorrow"), None);
        assert_eq!(ends_at("9223372036854775807d@9223372036854775807"), Some(i64::MAX));
    }
}
