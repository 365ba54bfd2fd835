//! The way into the database.

use std::time::Duration;

use types::Usd;

use crate::db::Db;
use crate::objects::{self, Changes, Object, Write};
use crate::{Booked, Entry, Result, StoreUrl, Sums, ledger, schema};

/// How long a connection, a statement or a commit may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
}

impl Store {
    /// Prepares access without any: a database that is away now may be back later.
    pub fn new(url: &StoreUrl) -> Self {
        Store { db: Db::new(url, DEADLINE) }
    }

    /// Brings the tables up to date. Must have succeeded once before anything else is done.
    pub async fn migrate(&self) -> Result<()> {
        schema::migrate(&self.db).await
    }

    /// Carries out all `writes`, or none of them, and returns what is there afterwards.
    pub async fn write(&self, writes: Vec<Write>) -> Result<Vec<Object>> {
        let mut tx = self.db.begin().await?;
        let written = objects::write(&mut tx, writes).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// What changed behind version `since`.
    pub async fn changes(&self, since: i64) -> Result<Changes> {
        objects::changes(&self.db, since).await
    }

    /// Books what is settled among `entries`: rows, sums and roll-ups, each attempt once however often it comes.
    pub async fn book(&self, entries: &[Entry]) -> Result<Booked> {
        ledger::book(&self.db, entries).await
    }

    /// Adds `delta`, which may be negative, to what a subject has spent in a period; the new sum.
    pub async fn adjust(&self, subject: &str, period: &str, delta: Usd) -> Result<Usd> {
        let mut tx = self.db.begin().await?;
        let spend = ledger::add(&mut tx, subject, period, delta).await?;
        tx.commit().await?;
        Ok(spend)
    }

    /// Deletes up to `most` rows of attempts that were sent and booked before a time; says how many there were. Their
    /// spend stays in all sums.
    pub async fn forget(&self, before_ms: i64, most: i64) -> Result<usize> {
        ledger::forget(&self.db, before_ms, most).await
    }

    /// Deletes up to `most` sums of windows that ended before a time; says how many there were.
    pub async fn forget_windows(&self, before_ms: i64, most: i64) -> Result<usize> {
        ledger::forget_windows(&self.db, before_ms, most).await
    }

    /// The sums of spend that changed behind `since`; all of them behind zero.
    pub async fn spend(&self, since: i64) -> Result<Sums> {
        ledger::changed(&self.db, since).await
    }
}

#[cfg(test)]
mod tests;
