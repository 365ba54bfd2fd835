//! Days in UTC as people and reports write them: `2026-11-28`.

/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

/// Days since 1970 at a time in milliseconds since 1970.
pub(crate) fn number(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS)
}

/// A day by its number, years from 0 to 9999. (The calendar repeats every 400 years; counted from March, the months'
/// lengths repeat every five months, and the day that may be missing is the last of the year.)
pub(crate) fn text(number: i64) -> String {
    let from_march = number.clamp(-719_528, 2_932_896) + 719_468;
    let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + i64::from(month <= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_named_as_in_the_calendar() {
        let days = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_785, "2026-11-28"),
            (-25_509, "1900-02-28"),
            (-25_508, "1900-03-01"),
            (2_932_896, "9999-12-31"),
            (i64::MAX, "9999-12-31"),
            (i64::MIN, "0000-01-01"),
        ];
        for (number, name) in days {
            assert_eq!(text(number), name, "{number}");
        }
        assert_eq!((number(-1), number(DAY_MS - 1), number(DAY_MS)), (-1, 0, 1));
    }
}
