//! Hours at which other prices hold.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Minutes in a day.
const DAY: u16 = 1440;

/// Hours at which other prices hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// When; one rule that holds is enough.
    pub rules: Vec<Rule>,
    /// Whose calendar says which day it is.
    pub calendar: TimeZone,
}

/// Hours of some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Minute of the day (UTC) with which they begin.
    pub start: u16,
    /// The first minute behind them: before `start` if they go on past midnight; the same for the whole day.
    pub end: u16,
    /// Days on which they hold: bit 0 is Monday.
    pub days: u8,
}

impl Rule {
    /// Every day of the week.
    pub const ALL_DAYS: u8 = 0b111_1111;

    /// Reads hours such as `22:00-06:30`.
    pub fn parse(hours: &str, days: u8) -> Option<Self> {
        let (start, end) = hours.split_once('-')?;
        Some(Rule { start: minute(start)?, end: minute(end)?, days })
    }

    /// Whether it contains a minute of a day.
    pub(crate) fn contains(self, minute: u16, day: u8) -> bool {
        let within = match self.start < self.end {
            true => (self.start..self.end).contains(&minute),
            false => minute >= self.start || minute < self.end,
        };
        within && self.days & (1 << day) != 0
    }
}

impl Hours {
    /// Whether they contain `at`, in seconds since 1970.
    pub fn contain(&self, at: i64) -> bool {
        let minute = (at.rem_euclid(86_400) / 60) as u16;
        let Ok(moment) = Timestamp::from_second(at) else { return false };
        let day = self.calendar.to_datetime(moment).weekday().to_monday_zero_offset() as u8;
        self.rules.iter().any(|rule| rule.contains(minute, day))
    }
}

/// The minute of the day that `HH:MM` stands for.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some((hours * 60 + minutes) % DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &[Rule], zone: &str, at: &str, expected: bool) {
        let hours = Hours { rules: rules.to_vec(), calendar: TimeZone::get(zone).unwrap() };
        let at: Timestamp = at.parse().unwrap();
        assert_eq!(hours.contain(at.as_second()), expected, "{at} {zone}");
    }

    #[test]
    fn a_rule_holds_from_its_first_minute_until_before_its_last() {
        let rules = [Rule::parse("16:30-18:00", Rule::ALL_DAYS).unwrap()];
        check(&rules, "UTC", "2026-11-02T16:29:59Z", false);
        check(&rules, "UTC", "2026-11-02T16:30:00Z", true);
        check(&rules, "UTC", "2026-11-02T17:59:59Z", true);
        check(&rules, "UTC", "2026-11-02T18:00:00Z", false);
    }

    #[test]
    fn hours_may_go_past_midnight_and_equal_ends_are_a_whole_day() {
        let night = [Rule::parse("22:00-06:00", Rule::ALL_DAYS).unwrap()];
        check(&night, "UTC", "2026-11-02T23:00:00Z", true);
        check(&night, "UTC", "2026-11-02T05:59:00Z", true);
        check(&night, "UTC", "2026-11-02T06:00:00Z", false);
        let weekend = [Rule::parse("00:00-00:00", 0b110_0000).unwrap()];
        check(&weekend, "UTC", "2026-11-07T12:00:00Z", true);
        check(&weekend, "UTC", "2026-11-06T12:00:00Z", false);
    }

    #[test]
    fn the_calendar_says_which_day_it_is() {
        let saturday = [Rule::parse("00:00-00:00", 0b010_0000).unwrap()];
        check(&saturday, "UTC", "2026-11-06T17:00:00Z", false);
        check(&saturday, "Asia/Shanghai", "2026-11-06T17:00:00Z", true);
    }

    #[test]
    fn what_is_no_hour_is_no_rule() {
        for bad in ["", "1-2", "24:00-25:00", "10:60-11:00", "a:b-c:d", "10:00", "-1:00-2:00"] {
            assert_eq!(Rule::parse(bad, 1), None, "{bad}");
        }
    }
}
