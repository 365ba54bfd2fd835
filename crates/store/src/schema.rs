//! The tables, and how they come about. Each step only adds (tables, columns with a default, indexes), so that the
//! version before it runs on beside it during a rolling upgrade. All names begin with `lockgate_`: other programs'
//! tables in the same database are never touched.

use crate::Result;
use crate::clock::now;
use crate::db::{Db, PAUSE, Problem, TRIES, values};

/// The steps, oldest first. A step that was released is never changed again.
const STEPS: &[&str] = &[
    include_str!("schema/0001_objects.sql"),
    include_str!("schema/0002_ledger.sql"),
    include_str!("schema/0003_audit.sql"),
    include_str!("schema/0004_faults.sql"),
    include_str!("schema/0005_drills.sql"),
    include_str!("schema/0006_feedback.sql"),
    include_str!("schema/0007_log.sql"),
    include_str!("schema/0008_contents.sql"),
    include_str!("schema/0009_rollup.sql"),
    include_str!("schema/0010_savings.sql"),
    include_str!("schema/0011_responses.sql"),
    include_str!("schema/0012_assets.sql"),
    include_str!("schema/0013_held.sql"),
];

/// Takes the steps that are missing.
pub(crate) async fn migrate(db: &Db) -> Result<()> {
    db.prepare().await?;
    let mut tried = 0;
    loop {
        match take_steps(db).await {
            // Two replicas created the same table at once: one of them has, and the other only has to look again.
            Err(Problem::Broken(_)) if tried < TRIES => tried += 1,
            result => return result,
        }
        tokio::time::sleep(PAUSE * tried).await;
    }
}

async fn take_steps(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.run(
        "CREATE TABLE IF NOT EXISTS lockgate_schema (version BIGINT PRIMARY KEY, taken_at BIGINT NOT NULL)",
        Vec::new(),
    )
    .await?;
    let rows = tx.rows("SELECT COALESCE(MAX(version), 0) FROM lockgate_schema", Vec::new()).await?;
    let taken = rows.first().map_or(Ok(0), |row| row.int(0))?;
    for (version, step) in (1..).zip(STEPS).skip_while(|(version, _)| *version <= taken) {
        for statement in step.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
            tx.run(statement, Vec::new()).await?;
        }
        tx.run("INSERT INTO lockgate_schema (version, taken_at) VALUES ($1, $2)", values![version, now()]).await?;
    }
    tx.commit().await
}
