//! Booking: an attempt's row, the sums it counts for and the daily roll-ups are written in one transaction, once per
//! attempt id. So every sum that is shown anywhere is the sum of what was booked, and no report scans the ledger.

mod daily;
mod faults;
mod period;
mod retention;
mod spend;

use std::collections::HashSet;
use std::sync::Arc;

use types::Usd;

use crate::clock::{REHEARSALS, SPEND, now, tick};
use crate::db::{Db, Tx, Value, insert, insert_returning, values};
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

/// An entry to be booked.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub entry: &'a Entry,
    /// Its JSON, if that is written already: what it counts for may be missing, for nobody asks a row for that.
    pub json: Option<&'a Arc<str>>,
}

/// Books what is settled among `lines`.
pub(crate) async fn book(db: &Db, lines: &[Line<'_>]) -> Result<Booked> {
    // Nearly always nothing of it was booked before. Counting the rows that were written is cheaper than being told
    // which ones; only if some are missing it matters.
    let mut tx = db.begin().await?;
    if let Some(booked) = book_within(&mut tx, lines, Rows::Counted).await? {
        tx.commit().await?;
        return Ok(booked);
    }
    drop(tx);
    let mut tx = db.begin().await?;
    let booked = book_within(&mut tx, lines, Rows::Told).await?;
    tx.commit().await?;
    Ok(booked.unwrap_or_default())
}

/// Whether a harmless entry could be booked: it is, and then that is undone; and a commit must succeed too.
pub(crate) async fn rehearse(db: &Db) -> Result<()> {
    let id = format!("rehearsal-{}", now());
    let entry = Entry { attempt_id: id, status: Status::Success, cost: Some(Usd::from_nanos(1)), ..Entry::default() };
    book_within(&mut db.begin().await?, &[Line { entry: &entry, json: None }], Rows::Told).await?;
    let mut tx = db.begin().await?;
    tick(&mut tx, REHEARSALS).await?;
    tx.commit().await
}

/// How it is found out which rows were not there yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// By their number: all of them, or nobody knows which.
    Counted,
    /// By their ids.
    Told,
}

/// Books within a transaction; `None` if it is not known what was booked before, and all has to be undone.
async fn book_within(tx: &mut Tx, lines: &[Line<'_>], rows: Rows) -> Result<Option<Booked>> {
    // In one order everywhere, so that replicas which book the same wait for each other in turn.
    let mut settled: Vec<Line> = lines.iter().filter(|line| line.entry.status != Status::Open).copied().collect();
    settled.sort_by(|one, other| one.entry.attempt_id.cmp(&other.entry.attempt_id));
    settled.dedup_by(|later, earlier| later.entry.attempt_id == earlier.entry.attempt_id);
    let (new, known) = match rows {
        Rows::Counted => match insert_rows(tx, &settled).await? == settled.len() as u64 {
            true => (entries_of(&settled), Vec::new()),
            false => return Ok(None),
        },
        Rows::Told => {
            let ids = insert_rows_telling(tx, &settled).await?;
            entries_of(&settled).into_iter().partition(|entry| ids.contains(&entry.attempt_id))
        }
    };
    let attempts: Vec<&Entry> = new.iter().copied().filter(|entry| entry.is_attempt()).collect();
    if !attempts.is_empty() {
        // Whoever books at the same time waits here, so that nobody can wait for us behind it.
        let tick = tick(tx, SPEND).await?;
        spend::book(tx, tick, &attempts).await?;
        daily::book(tx, &attempts).await?;
        faults::book(tx, &attempts).await?;
    }
    let ids = |entries: Vec<&Entry>| entries.into_iter().map(|entry| entry.attempt_id.clone()).collect();
    Ok(Some(Booked { new: ids(new), known: ids(known) }))
}

fn entries_of<'a>(lines: &[Line<'a>]) -> Vec<&'a Entry> {
    lines.iter().map(|line| line.entry).collect()
}

/// Columns of the ledger.
const LEDGER: &str = "lockgate_ledger (attempt_id, call_id, session_id, status, started_at, booked_at, key_hash, \
    user_id, team_id, organization_id, customer_id, model_group, model, cost_nanousd, body, is_attempt, is_call, \
    duration_ms, code, fault, tags)";

/// What stands before, between and behind tags in their column: no tag has it.
pub(crate) const TAG_MARK: char = '\u{1f}';

/// Leaves rows alone that are there.
const ONCE: &str = "ON CONFLICT (attempt_id) DO NOTHING";

/// Writes the rows that are not there yet; how many those are.
async fn insert_rows(tx: &mut Tx, lines: &[Line<'_>]) -> Result<u64> {
    insert(tx, LEDGER, ONCE, rows(lines)?).await
}

/// The same; the ids of those.
async fn insert_rows_telling(tx: &mut Tx, lines: &[Line<'_>]) -> Result<HashSet<String>> {
    let tail = format!("{ONCE} RETURNING attempt_id");
    insert_returning(tx, LEDGER, &tail, rows(lines)?).await?.iter().map(|row| row.text(0)).collect()
}

fn rows(lines: &[Line<'_>]) -> Result<Vec<Vec<Value>>> {
    let now = now();
    lines.iter().map(|line| row(*line, now)).collect()
}

fn row(Line { entry, json }: Line<'_>, now: i64) -> Result<Vec<Value>> {
    let body = match json {
        Some(json) => json.clone(),
        None => serde_json::to_string(entry).map_err(|error| Problem::Broken(error.to_string()))?.into(),
    };
    Ok(values![
        &*entry.attempt_id,
        &*entry.call_id,
        entry.session_id.as_deref(),
        entry.status.name(),
        entry.started_at,
        now,
        &*entry.key,
        entry.user_id.as_deref(),
        entry.team_id.as_deref(),
        entry.organization_id.as_deref(),
        entry.customer_id.as_deref(),
        &*entry.model_group,
        &*entry.model,
        entry.cost.map(Usd::nanos),
        body,
        entry.is_attempt(),
        entry.is_call(),
        entry.ended_at.map(|end| end.saturating_sub(entry.received_at()).max(0)),
        i64::from(entry.code()),
        entry.fault.as_ref().map(|fault| format!("{} {}", fault.kind, fault.message)),
        tags(&entry.tags),
    ])
}

fn tags(tags: &[String]) -> Option<String> {
    if tags.is_empty() {
        return None;
    }
    let mut all = TAG_MARK.to_string();
    for tag in tags {
        all.extend(tag.chars().filter(|c| *c != TAG_MARK).chain([TAG_MARK]));
    }
    Some(all)
}

/// A sum so large that nothing is added to it any more: it would overflow, and then nothing could be booked at all.
const FULL: i64 = 4_000_000_000_000_000_000;

/// The part of an upsert that adds what is `excluded` to a column of `table`.
fn added(table: &str, column: &str) -> String {
    format!("{column} = {table}.{column} + CASE WHEN {table}.{column} > {FULL} THEN 0 ELSE excluded.{column} END")
}

#[cfg(test)]
mod tests;
