//! Daily roll-ups of faults: how many attempts of a model group failed at an address, by the status of the fault.

use std::collections::BTreeMap;

use super::added;
use crate::db::{Tx, insert, values};
use types::day;

use crate::{Entry, Result};

/// The table of the roll-ups, and where its rows are.
const TABLE: &str = "lockgate_daily_faults";

/// Adds the faults of `entries` to the roll-ups.
pub(super) async fn book(tx: &mut Tx, entries: &[&Entry]) -> Result<()> {
    let mut faults: BTreeMap<(&str, i64, i64, &str), i64> = BTreeMap::new();
    for entry in entries {
        if let Some(fault) = &entry.fault {
            let key = (&*entry.model_group, i64::from(fault.status), day::number(entry.started_at), &*entry.api_base);
            *faults.entry(key).or_default() += 1;
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let table = format!("{TABLE} (model_group, status, day, api_base, faults)");
    let tail = format!("ON CONFLICT (model_group, status, day, api_base) DO UPDATE SET {}", added(TABLE, "faults"));
    let row = |((group, status, at, base), count): ((&str, i64, i64, &str), i64)| {
        values![group, status, day::text(at), base, count]
    };
    insert(tx, &table, &tail, faults.into_iter().map(row).collect()).await.map(drop)
}
