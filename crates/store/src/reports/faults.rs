//! How often a model group failed, by day and address, from the daily roll-ups.

use crate::Result;
use crate::db::{Db, values};

/// Which faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultFilter {
    /// Of this model group.
    pub model_group: String,
    /// With this status.
    pub status: u16,
    /// From this day on: `2026-11-28`.
    pub from: String,
    /// Up to the end of this day.
    pub to: String,
}

/// Faults of a day at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The day: `2026-11-28`.
    pub day: String,
    /// Where the deployment is.
    pub api_base: String,
    /// How many.
    pub count: i64,
}

/// Faults by day and address, the oldest day first: `most` rows.
pub(super) async fn list(db: &Db, filter: &FaultFilter, most: i64) -> Result<Vec<Faults>> {
    let sql = "SELECT day, api_base, faults FROM lockgate_daily_faults
        WHERE model_group = $1 AND status = $2 AND day >= $3 AND day <= $4 ORDER BY day, api_base LIMIT $5";
    let FaultFilter { model_group, status, from, to } = filter;
    let rows = db.rows(sql, values![&**model_group, i64::from(*status), &**from, &**to, most]).await?;
    let read = |row: &crate::db::Row| Ok(Faults { day: row.text(0)?, api_base: row.text(1)?, count: row.int(2)? });
    rows.iter().map(read).collect()
}
