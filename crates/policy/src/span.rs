//! Windows of budgets: which one a moment belongs to. They follow the calendar, as people who read bills expect: a
//! day begins at midnight, a week on Monday, a month on its first, in the time zone of the operator.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, ZonedDateTime};

/// The length of a window, as operators write it: `30s`, `5m`, `24h`, `7d`, `1w`, `30d`, `1mo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Seconds, from midnight on.
    Seconds(u32),
    /// Days; of seven, from Monday on; of thirty, calendar months, as at the incumbent.
    Days(u32),
    /// Months, counted from January.
    Months(u32),
}

/// Seconds in a day.
const DAY: u32 = 86_400;

/// The longest window, in seconds: a hundred years.
const LONGEST: u64 = 36_525 * 86_400;
/// A second in the year 9999, near the end of the calendar.
const LAST_SECOND: i64 = 253_370_764_800;

impl fmt::Display for Span {
    /// The same text for the same windows, however they were written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Seconds(seconds) => write!(f, "{seconds}s"),
            Span::Days(days) => write!(f, "{days}d"),
            Span::Months(months) => write!(f, "{months}mo"),
        }
    }
}

/// A window: seconds since 1970, `end` is the first second that does not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first second.
    pub start: i64,
    /// The first second behind it.
    pub end: i64,
}

impl Span {
    /// Reads a length; `None` if it is not one, or nothing, or more than a hundred years.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let number: u32 = text[..digits].parse().ok().filter(|number| *number > 0)?;
        let seconds = |each: u32| number.checked_mul(each);
        let span = match &text[digits..] {
            "s" => Some(Span::of_seconds(number)),
            "m" => seconds(60).map(Span::of_seconds),
            "h" => seconds(3600).map(Span::of_seconds),
            "d" => Some(Span::Days(number)),
            "w" => number.checked_mul(7).map(Span::Days),
            "mo" => Some(Span::Months(number)),
            _ => None,
        };
        span.filter(|span| span.seconds() <= LONGEST)
    }

    /// Whole days are days, however they were written: they begin at midnight in spite of daylight saving.
    fn of_seconds(seconds: u32) -> Self {
        if seconds.is_multiple_of(DAY) { Span::Days(seconds / DAY) } else { Span::Seconds(seconds) }
    }

    /// Its length in seconds, of a month thirty days: for telling people, not for reckoning.
    pub fn seconds(self) -> u64 {
        match self {
            Span::Seconds(seconds) => seconds.into(),
            Span::Days(days) => u64::from(days) * u64::from(DAY),
            Span::Months(months) => u64::from(months) * 30 * u64::from(DAY),
        }
    }

    /// The window that the moment `at` (seconds since 1970) belongs to.
    pub fn window(self, at: i64, zone: &TimeZone) -> Window {
        // Moments that no calendar has are its last or first ones.
        let at = at.clamp(-LAST_SECOND, LAST_SECOND);
        let now = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(zone.clone());
        let found = match self {
            Span::Seconds(length) => return clock_window(&now, at, i64::from(length)),
            // The incumbent's habit, and what people mean.
            Span::Days(30) => months(&now, 1),
            Span::Days(length) => days(&now, i64::from(length)),
            Span::Months(length) => months(&now, i64::from(length)),
        };
        // Beyond the calendar there is only one window.
        found.unwrap_or(Window { start: i64::MIN, end: i64::MAX })
    }
}

/// Aligned to midnight, where the length divides the day, and to 1970 otherwise.
fn clock_window(now: &ZonedDateTime, at: i64, length: i64) -> Window {
    let midnight = now.start_of_day().map_or(0, |midnight| midnight.timestamp().as_second());
    let origin = if i64::from(DAY) % length == 0 { midnight } else { 0 };
    let start = at - (at - origin).rem_euclid(length);
    Window { start, end: start + length }
}

fn days(now: &ZonedDateTime, length: i64) -> Option<Window> {
    // The first Monday of the calendar; weeks begin on Mondays, and other lengths somewhere for ever.
    let monday = Date::constant(1970, 1, 5);
    debug_assert_eq!(monday.weekday(), Weekday::Monday);
    let since = i64::from((now.date() - monday).get_days());
    let first = now.date().checked_sub(since.rem_euclid(length).days()).ok()?;
    between(first, first.checked_add(length.days()).ok()?, now)
}

fn months(now: &ZonedDateTime, length: i64) -> Option<Window> {
    let since = i64::from(now.year()) * 12 + i64::from(now.month()) - 1;
    let first = now.date().first_of_month().checked_sub(since.rem_euclid(length).months()).ok()?;
    between(first, first.checked_add(length.months()).ok()?, now)
}

fn between(first: Date, last: Date, now: &ZonedDateTime) -> Option<Window> {
    let second = |date: Date| Some(date.to_zoned_datetime(now.time_zone().clone()).ok()?.timestamp().as_second());
    Some(Window { start: second(first)?, end: second(last)? })
}

#[cfg(test)]
mod tests;
