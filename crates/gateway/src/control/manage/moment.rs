//! Moments as the incumbent writes them: ISO 8601 in UTC, microseconds unless they are zero.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Now, in milliseconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// A moment in milliseconds since 1970, as it is shown.
pub fn shown(ms: i64) -> Value {
    let moment = Timestamp::from_millisecond(ms).unwrap_or_default();
    let format = if ms % 1000 == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%6fZ" };
    Value::String(moment.strftime(format).to_string())
}

/// The same for a moment that may be missing.
pub fn shown_or_null(ms: Option<i64>) -> Value {
    ms.map_or(Value::Null, shown)
}

/// Reads a moment: with an offset, without one (then it is UTC), or a date alone. Milliseconds since 1970.
pub fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    let exact = text.parse::<Timestamp>().ok();
    let moment =
        exact.or_else(|| text.parse::<DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok().map(|it| it.timestamp()));
    moment.map(Timestamp::as_millisecond)
}

/// `seconds` after `ms`; the end of the calendar if that is later.
pub fn after(ms: i64, seconds: u64) -> i64 {
    let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    Timestamp::from_millisecond(ms)
        .ok()
        .and_then(|from| from.checked_add(span).ok())
        .unwrap_or(Timestamp::MAX)
        .as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read_as_the_incumbent_does() {
        assert_eq!(shown(1_728_412_224_637), "2024-10-08T18:30:24.637000Z");
        assert_eq!(shown(1_728_412_224_000), "2024-10-08T18:30:24Z");
        for text in ["2024-10-08T18:30:24Z", "2024-10-08T20:30:24+02:00", "2024-10-08T18:30:24", "2024-10-08 18:30:24"]
        {
            assert_eq!(read(text), Some(1_728_412_224_000), "{text}");
        }
        assert_eq!(read("2024-10-08"), Some(1_728_345_600_000));
        for wrong in ["", "tomorrow", "2024-13-01", "1e9"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(after(0, 30), 30_000);
        assert!(after(0, u64::MAX) > 200_000_000_000_000);
    }
}
