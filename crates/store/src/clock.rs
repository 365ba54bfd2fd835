//! Counters that give changes an order. A change takes the next number inside its own transaction and holds the
//! counter's row until it commits: numbers become visible in the order they were taken, so that whoever has read up
//! to one number never misses a smaller one.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::db::{Tx, values};
use crate::{Problem, Result};

/// The counter of changes of objects.
pub(crate) const OBJECTS: &str = "objects";
/// The counter of changes of sums.
pub(crate) const SPEND: &str = "spend";

/// The counter of the audit.
pub(crate) const AUDIT: &str = "audit";
/// A counter of nothing, which shows that something can be written.
pub(crate) const REHEARSALS: &str = "rehearsals";

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// The next number of a counter.
pub(crate) async fn tick(tx: &mut Tx, counter: &str) -> Result<i64> {
    ticks(tx, counter, 1).await
}

/// The same, so many at once; the last of them.
pub(crate) async fn ticks(tx: &mut Tx, counter: &str, count: i64) -> Result<i64> {
    let rows = tx
        .rows(
            "INSERT INTO lockgate_clock (name, tick) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET tick = lockgate_clock.tick + excluded.tick RETURNING tick",
            values![counter, count],
        )
        .await?;
    rows.first().ok_or_else(|| Problem::Broken("a counter did not count".to_owned()))?.int(0)
}
