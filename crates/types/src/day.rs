//! Days and moments in UTC as people and reports write them: `2026-11-28`, `2026-11-28T13:45:00.250Z`.

/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

/// Days since 1970 at a time in milliseconds since 1970.
pub fn number(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS)
}

/// A day by its number, years from 0 to 9999. (The calendar repeats every 400 years; counted from March, the months'
/// lengths repeat every five months, and the day that may be missing is the last of the year.)
pub fn text(number: i64) -> String {
    let from_march = number.clamp(-719_528, 2_932_896) + 719_468;
    let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + i64::from(month <= 2))
}

/// The number of a day that [`text`] writes; `None` if it is none.
pub fn parse(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, of_month) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + of_month - 1;
    let number = era * 146_097 + day - 719_468;
    // There is no 31st of February, and no other way to write a day.
    (self::text(number) == text).then_some(number)
}

/// A moment in milliseconds since 1970, as RFC 3339 writes it.
pub fn moment(at_ms: i64) -> String {
    let within = at_ms.rem_euclid(DAY_MS);
    let (seconds, ms) = (within / 1000, within % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z", text(number(at_ms)))
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
            assert_eq!(parse(name), Some(number.clamp(-719_528, 2_932_896)));
        }
        assert!((-719_528..2_932_896).step_by(97).all(|number| parse(&text(number)) == Some(number)));
        for wrong in ["", "2026", "2026-11", "2026-02-30", "2026-13-01", "2026-1-01", "2026-11-28T", "-1-01-01"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!((number(-1), number(DAY_MS - 1), number(DAY_MS)), (-1, 0, 1));
    }

    #[test]
    fn moments_are_written_to_the_millisecond() {
        assert_eq!(moment(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(moment(1_795_873_500_250), "2026-11-28T13:45:00.250Z");
        assert_eq!(moment(-1), "1969-12-31T23:59:59.999Z");
    }
}
