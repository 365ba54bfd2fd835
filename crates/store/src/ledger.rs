//! Booking: an attempt's row, the sums it counts for and the daily roll-ups are written in one transaction, once per
//! attempt id. So every sum that is shown anywhere is the sum of what was booked, and no report scans the ledger.

mod daily;
mod faults;
mod period;
mod retention;
pub(crate) mod rollup;
mod spend;

use std::collections::HashSet;
use std::sync::Arc;

use types::Usd;

use crate::clock::{REHEARSALS, SPEND, now, tick};
use crate::db::{Db, Row, Tx, Value, insert, insert_returning, values};
use crate::spool::body_of;
use crate::{Entry, Problem, Result, Status, audit};

pub(crate) use daily::DAILY_SUMS;
pub use period::ends_at;
pub(crate) use retention::{delete, forget, forget_windows};
pub use spend::{Sum, Sums};
pub(crate) use spend::{adjust, changed, hold};

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
    /// The body of its row, if that is written already.
    pub body: Option<&'a Arc<str>>,
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
    book_within(&mut db.begin().await?, &[Line { entry: &entry, body: None }], Rows::Told).await?;
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
    audit::note_verdicts(tx, &new).await?;
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

/// Columns of which an entry is read.
pub(crate) const ENTRY: &str = "body, attempt_id, call_id, session_id, status, started_at, key_hash, user_id, team_id, \
    organization_id, customer_id, model_group, model, cost_nanousd";

/// The entry of a row that has these columns from `at` on; `None` if only a newer version understands it.
pub(crate) fn entry(row: &Row, at: usize) -> Result<Option<Entry>> {
    let (text, maybe) = (|column| row.text(at + column), |column| row.maybe_text(at + column));
    let (body, status) = (serde_json::from_str(&text(0)?).ok(), Status::named(&text(4)?));
    let Some((body, status)) = body.zip(status) else { return Ok(None) };
    Ok(Some(Entry {
        attempt_id: text(1)?,
        call_id: text(2)?,
        session_id: maybe(3)?,
        status,
        started_at: row.int(at + 5)?,
        key: text(6)?,
        user_id: maybe(7)?,
        team_id: maybe(8)?,
        organization_id: maybe(9)?,
        customer_id: maybe(10)?,
        model_group: text(11)?,
        model: text(12)?,
        cost: row.maybe_int(at + 13)?.map(Usd::from_nanos),
        ..body
    }))
}

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

/// Names that many rows have: they are in memory once.
#[derive(Default)]
struct Names(foldhash::HashSet<Arc<str>>);

impl Names {
    fn get(&mut self, name: &str) -> Value {
        let known = self.0.get(name).cloned();
        known
            .unwrap_or_else(|| {
                let new = Arc::<str>::from(name);
                self.0.insert(new.clone());
                new
            })
            .into()
    }

    fn find(&mut self, name: &Option<String>) -> Value {
        name.as_deref().map_or(Value::Text(None), |name| self.get(name))
    }
}

fn rows(lines: &[Line<'_>]) -> Result<Vec<Vec<Value>>> {
    let (mut names, now) = (Names::default(), now());
    lines.iter().map(|line| row(*line, &mut names, now)).collect()
}

fn row(Line { entry, body }: Line<'_>, names: &mut Names, now: i64) -> Result<Vec<Value>> {
    let broken = |why: String| Problem::Broken(format!("an entry cannot be written: {why}"));
    let body = match body {
        Some(body) => body.clone(),
        None => {
            let json = serde_json::to_string(entry).map_err(|error| broken(error.to_string()))?;
            body_of(&json).ok_or_else(|| broken("it has no kind".to_owned()))?
        }
    };
    Ok(values![
        &*entry.attempt_id,
        &*entry.call_id,
        entry.session_id.as_deref(),
        names.get(entry.status.name()),
        entry.started_at,
        now,
        names.get(&entry.key),
        names.find(&entry.user_id),
        names.find(&entry.team_id),
        names.find(&entry.organization_id),
        names.find(&entry.customer_id),
        names.get(&entry.model_group),
        names.get(&entry.model),
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
