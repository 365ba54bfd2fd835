//! Reports of drills on live calls, so that every replica shows them, and a restart loses none.

use crate::Result;
use crate::clock::now;
use crate::db::{Db, values};

/// Reports that are kept.
const MOST: i64 = 100;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillReport {
    /// The drill.
    pub id: String,
    /// When it was begun, milliseconds since 1970.
    pub started_at: i64,
    /// When it was kept last, by the clock of whoever did.
    pub kept_at: i64,
    /// What it has found, as JSON.
    pub report: String,
}

/// Keeps what a drill has found so far.
pub(crate) async fn keep(db: &Db, id: &str, started_at: i64, report: &str) -> Result<()> {
    let mut tx = db.begin().await?;
    let sql = "INSERT INTO lockgate_drills (id, started_at, kept_at, report) VALUES ($1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE SET kept_at = excluded.kept_at, report = excluded.report";
    tx.run(sql, values![id, started_at, now(), report]).await?;
    let old = "DELETE FROM lockgate_drills WHERE id NOT IN
        (SELECT id FROM lockgate_drills ORDER BY started_at DESC, id DESC LIMIT $1)";
    tx.run(old, values![MOST]).await?;
    tx.commit().await
}

/// The reports that were begun last, the newest first: `most` of them.
pub(crate) async fn list(db: &Db, most: i64) -> Result<Vec<DrillReport>> {
    let sql = "SELECT id, started_at, kept_at, report FROM lockgate_drills ORDER BY started_at DESC, id DESC LIMIT $1";
    let rows = db.rows(sql, values![most]).await?;
    let read = |row: &crate::db::Row| {
        let (id, started_at, kept_at) = (row.text(0)?, row.int(1)?, row.int(2)?);
        Ok(DrillReport { id, started_at, kept_at, report: row.text(3)? })
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreUrl};

    #[tokio::test]
    async fn the_newest_reports_are_kept_as_they_were_last() {
        let store = Store::new(&StoreUrl::Memory);
        store.migrate().await.unwrap();
        for number in 0..MOST + 5 {
            store.keep_drill(&format!("drill-{number:03}"), number, "{}").await.unwrap();
        }
        store.keep_drill("drill-104", 104, r#"{"drills":[]}"#).await.unwrap();
        let kept = store.drills(1_000).await.unwrap();
        assert_eq!((kept.len() as i64, &*kept[0].id, &*kept[0].report), (MOST, "drill-104", r#"{"drills":[]}"#));
        assert_eq!((&*kept[99].id, kept[99].started_at), ("drill-005", 5));
        assert_eq!(store.drills(1).await.unwrap().len(), 1);
    }
}
