//! Roll-ups of days and months that are over, by one thing at a time: a year of a busy gateway is a million daily
//! roll-ups, and a few thousand of these. They are made of the daily ones when a day is over, and made anew when
//! something is booked for it later.

use std::collections::BTreeSet;

use types::day;

use super::DAILY_SUMS;
use crate::Result;
use crate::clock::{SPEND, tick};
use crate::db::{Db, Tx, values};

/// What is told apart, by kind: the column of the daily roll-ups, or nothing.
pub(crate) const TOLD: [(&str, &str); 16] = [
    ("gateway", ""),
    ("gateway", "key_hash"),
    ("gateway", "model_group"),
    ("gateway", "model"),
    ("gateway", "provider"),
    ("gateway", "call_type"),
    ("user", ""),
    ("user", "id"),
    ("team", ""),
    ("team", "id"),
    ("organization", ""),
    ("organization", "id"),
    ("customer", ""),
    ("customer", "id"),
    ("tag", ""),
    ("tag", "id"),
];

/// A roll-up of a day.
pub(crate) const DAY: &str = "day";
/// A roll-up of a month.
pub(crate) const MONTH: &str = "month";

/// Most days back from now that are closed: ten years.
const MOST_DAYS: i64 = 3660;

/// The month of a day: `2026-11` of `2026-11-28`.
pub(crate) fn month(day: &str) -> &str {
    day.get(..7).unwrap_or(day)
}

/// Something is booked for these days: those that are closed are not any more.
pub(super) async fn reopen(tx: &mut Tx, days: &BTreeSet<i64>, today: i64) -> Result<()> {
    for number in days.iter().filter(|number| **number < today) {
        let day = day::text(*number);
        let sql =
            "DELETE FROM lockgate_closed WHERE (span = 'day' AND period = $1) OR (span = 'month' AND period = $2)";
        tx.run(sql, values![&*day, month(&day)]).await?;
    }
    Ok(())
}

/// Closes the oldest day before `today` (days since 1970) that is open, or else the oldest such month, and what is
/// empty before it. Says whether there was one.
pub(crate) async fn close(db: &Db, today: i64) -> Result<bool> {
    let mut tx = db.begin().await?;
    // Nobody books meanwhile.
    tick(&mut tx, SPEND).await?;
    let days = closed(&mut tx, DAY).await?;
    let Some(oldest) = first(&mut tx, DAY, "").await? else { return Ok(false) };
    let known = (1..=MOST_DAYS).map(|ago| day::text(today - ago)).take_while(|day| *day >= oldest);
    let mut open: Vec<String> = known.filter(|day| !days.contains(day)).collect();
    open.reverse();
    let mut span = DAY;
    if open.is_empty() {
        let (months, now) = (closed(&mut tx, MONTH).await?, day::text(today));
        open = days
            .iter()
            .map(|day| month(day))
            .filter(|one| *one != month(&now) && !months.contains(*one))
            .map(str::to_owned)
            .collect();
        open.dedup();
        span = MONTH;
    }
    let Some(begin) = open.first() else { return Ok(false) };
    let full = first(&mut tx, span, begin).await?;
    for period in open {
        let is_full = full.as_ref().is_some_and(|full| period >= *full);
        if is_full {
            roll_up(&mut tx, span, &period).await?;
        }
        let sql = "INSERT INTO lockgate_closed (span, period) VALUES ($1, $2) ON CONFLICT (span, period) DO NOTHING";
        tx.run(sql, values![span, &*period]).await?;
        if is_full {
            break;
        }
    }
    tx.commit().await.map(|()| true)
}

/// The first day or month from `from` on in which there is something.
async fn first(tx: &mut Tx, span: &str, from: &str) -> Result<Option<String>> {
    let sql = match span {
        MONTH => {
            "SELECT MIN(period) FROM lockgate_rollup WHERE kind = 'gateway' AND told = '' AND span = 'day' AND period >= $1"
        }
        _ => "SELECT MIN(day) FROM lockgate_daily WHERE kind = 'gateway' AND day >= $1",
    };
    let from = if span == MONTH { format!("{from}-01") } else { from.to_owned() };
    let rows = tx.rows(sql, values![&*from]).await?;
    let first = rows.first().map_or(Ok(None), |row| row.maybe_text(0))?;
    Ok(first.map(|first| if span == MONTH { month(&first).to_owned() } else { first }))
}

async fn closed(tx: &mut Tx, span: &str) -> Result<BTreeSet<String>> {
    let rows = tx.rows("SELECT period FROM lockgate_closed WHERE span = $1", values![span]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Makes the roll-ups of a day out of the daily ones, and those of a month out of its days'.
async fn roll_up(tx: &mut Tx, span: &str, period: &str) -> Result<()> {
    let columns = DAILY_SUMS.join(", ");
    let sums = DAILY_SUMS.map(|column| format!("CAST(SUM({column}) AS BIGINT)")).join(", ");
    let (first, last) = match span {
        MONTH => (format!("{period}-01"), format!("{period}-31")),
        _ => (period.to_owned(), period.to_owned()),
    };
    for (kind, told) in TOLD {
        let gone = "DELETE FROM lockgate_rollup WHERE kind = $1 AND told = $2 AND span = $3 AND period = $4";
        tx.run(gone, values![kind, told, span, period]).await?;
        let (source, at, name) = match (span, told) {
            (MONTH, _) => ("lockgate_rollup WHERE kind = $1 AND told = $2 AND span = 'day'", "period", "name"),
            (_, told) => ("lockgate_daily WHERE kind = $1", "day", told),
        };
        let (name, group) = if name.is_empty() { ("''", "kind") } else { (name, name) };
        let sql = format!(
            "INSERT INTO lockgate_rollup (kind, told, span, name, period, {columns})
             SELECT $1, $2, $3, {name}, $4, {sums} FROM {source} AND {at} >= $5 AND {at} <= $6
             GROUP BY {group}"
        );
        tx.run(sql, values![kind, told, span, period, &*first, &*last]).await?;
    }
    Ok(())
}
