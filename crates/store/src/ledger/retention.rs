//! What is old goes in small steps, so that nobody waits long for it. Sums without end and roll-ups stay.

use crate::Result;
use crate::db::{Db, values};

/// Deletes up to `most` rows of attempts that were sent before a time, and booked before it too: a row keeps its attempt
/// from being booked again for as long as the spool may still have it. Says how many there were.
pub(crate) async fn forget(db: &Db, before: i64, most: i64) -> Result<usize> {
    let sql = "DELETE FROM lockgate_ledger WHERE attempt_id IN (SELECT attempt_id FROM lockgate_ledger
        WHERE started_at < $1 AND booked_at < $1 ORDER BY started_at LIMIT $2) RETURNING started_at";
    delete(db, sql, before, most).await
}

/// Deletes up to `most` sums of windows that ended before a time; says how many there were.
pub(crate) async fn forget_windows(db: &Db, before: i64, most: i64) -> Result<usize> {
    let sql = "DELETE FROM lockgate_spend WHERE (subject, period) IN (SELECT subject, period FROM lockgate_spend
        WHERE ends_at < $1 ORDER BY ends_at LIMIT $2) RETURNING tick";
    delete(db, sql, before, most).await
}

/// Deletes what a statement names with a time and a number of rows, and returns a column of.
pub(crate) async fn delete(db: &Db, sql: &'static str, before: i64, most: i64) -> Result<usize> {
    let mut tx = db.begin().await?;
    let gone = tx.rows(sql, values![before, most]).await?.len();
    tx.commit().await?;
    Ok(gone)
}
