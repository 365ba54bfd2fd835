//! The way into the database.

use std::time::Duration;

use crate::db::Db;
use crate::objects::{self, Changes, Object, Write};
use crate::{Result, StoreUrl, schema};

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
}

#[cfg(test)]
mod tests;
