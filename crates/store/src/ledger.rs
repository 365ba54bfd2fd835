//! Booking: an attempt's row, the sums it counts for and the daily roll-ups are written in one transaction, once per
//! attempt id. So every sum that is shown anywhere is the sum of what was booked, and no report scans the ledger.

mod daily;
mod period;
mod retention;
mod spend;

use std::collections::{BTreeMap, HashSet};

use types::Usd;

use crate::clock::{REHEARSALS, SPEND, now, tick};
use crate::db::{Db, Tx, Value, insert, values};
use crate::{Entry, Problem, Result, Status};

pub(crate) use daily::DAILY_SUMS;
pub use period::ends_at;
pub(crate) use retention::{forget, forget_windows};
pub use spend::{Sum, Sums};
pub(crate) use spend::{adjust, changed};

/// What came of booking: attempts by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// Those that were not booked before.
    pub new: Vec<String>,
    /// Those that were, and of which nothing was changed.
    pub known: Vec<String>,
}

/// Books what is settled among `entries`.
pub(crate) async fn book(db: &Db, entries: &[Entry]) -> Result<Booked> {
    let mut tx = db.begin().await?;
    let booked = book_within(&mut tx, entries).await?;
    tx.commit().await?;
    Ok(booked)
}

/// Whether a harmless entry could be booked: it is, and then that is undone; and a commit must succeed too.
pub(crate) async fn rehearse(db: &Db) -> Result<()> {
    let id = format!("rehearsal-{}", now());
    let entry = Entry { attempt_id: id, status: Status::Success, cost: Some(Usd::from_nanos(1)), ..Entry::default() };
    book_within(&mut db.begin().await?, &[entry]).await?;
    let mut tx = db.begin().await?;
    tick(&mut tx, REHEARSALS).await?;
    tx.commit().await
}

async fn book_within(tx: &mut Tx, entries: &[Entry]) -> Result<Booked> {
    // In one order everywhere, so that replicas which book the same wait for each other in turn.
    let mut settled: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.status != Status::Open) {
        settled.entry(&entry.attempt_id).or_insert(entry);
    }
    let new = insert_rows(tx, settled.values().copied()).await?;
    let (new, known): (BTreeMap<&str, &Entry>, BTreeMap<&str, &Entry>) =
        settled.into_iter().partition(|(id, _)| new.contains(*id));
    if !new.is_empty() {
        // Whoever books at the same time waits here, so that nobody can wait for us behind it.
        let tick = tick(tx, SPEND).await?;
        spend::book(tx, tick, new.values().copied()).await?;
        daily::book(tx, new.values().copied()).await?;
    }
    let ids = |entries: BTreeMap<&str, &Entry>| entries.into_keys().map(str::to_owned).collect();
    Ok(Booked { new: ids(new), known: ids(known) })
}

/// Columns of the ledger.
const LEDGER: &str = "lockgate_ledger (attempt_id, call_id, session_id, status, started_at, booked_at, key_hash, \
    user_id, team_id, organization_id, customer_id, model_group, model, cost_nanousd, body)";

/// Writes the rows that are not there yet; the ids of those.
async fn insert_rows(tx: &mut Tx, entries: impl Iterator<Item = &Entry>) -> Result<HashSet<String>> {
    let now = now();
    let rows: Result<Vec<Vec<Value>>> = entries.map(|entry| row(entry, now)).collect();
    let tail = "ON CONFLICT (attempt_id) DO NOTHING RETURNING attempt_id";
    insert(tx, LEDGER, tail, rows?).await?.iter().map(|row| row.text(0)).collect()
}

fn row(entry: &Entry, now: i64) -> Result<Vec<Value>> {
    let body = serde_json::to_string(entry).map_err(|error| Problem::Broken(error.to_string()))?;
    Ok(values![
        &*entry.attempt_id,
        &*entry.call_id,
        entry.session_id.clone(),
        entry.status.name(),
        entry.started_at,
        now,
        &*entry.key,
        entry.user_id.clone(),
        entry.team_id.clone(),
        entry.organization_id.clone(),
        entry.customer_id.clone(),
        &*entry.model_group,
        &*entry.model,
        entry.cost.map(Usd::nanos),
        body,
    ])
}

/// A sum so large that nothing is added to it any more: it would overflow, and then nothing could be booked at all.
const FULL: i64 = 4_000_000_000_000_000_000;

/// The part of an upsert that adds what is `excluded` to a column of `table`.
fn added(table: &str, column: &str) -> String {
    format!("{column} = {table}.{column} + CASE WHEN {table}.{column} > {FULL} THEN 0 ELSE excluded.{column} END")
}

#[cfg(test)]
mod tests;
