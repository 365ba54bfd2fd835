//! The log: a row for each call, found by whatever is known of it. However many rows there are, and however few of them
//! fit, a page is there in time: the rows are gone through in slices, along the index that says most about what is looked
//! for, and where the time is over the next page goes on.

use std::time::Duration;

use tokio::time::Instant;

use super::logs::{LogFilter, Owner, Position, TABLE, conditions};
use crate::db::{Db, Filter, Row, Value};
use crate::ledger::{ENTRY, entry};
use crate::{Entry, Result};

/// Which part of what is found, and how long may be looked for it.
#[derive(Clone, Debug)]
pub struct Search {
    /// Behind this one.
    pub after: Option<Position>,
    /// How many are passed over: the cheaper way to go far is `after`.
    pub skip: i64,
    /// How many at the most.
    pub most: i64,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
    /// How long to look. A slice that was begun is gone through.
    pub patience: Duration,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Calls {
    /// What stands for the calls. Rows that only a newer version understands are left out.
    pub entries: Vec<Entry>,
    /// Where to go on; `None` if that was all.
    pub next: Option<Position>,
    /// Whether the page is as full as it can be; else the time was over before.
    pub complete: bool,
}

/// Rows of the first slice. The next ones are larger while that goes quickly.
const FIRST_SLICE: i64 = 1_000;
/// Rows of the largest.
const LARGEST_SLICE: i64 = 64_000;
/// What a slice may take for the next one to be larger.
const QUICK: Duration = Duration::from_millis(40);
/// Most owners whose rows are looked for one by one; those of more are looked for among all.
const MOST_WAYS: usize = 8;
/// How long after a row was written it is shown to who follows the log where others may have written earlier ones that
/// cannot be seen yet, in milliseconds.
const SETTLED_MS: i64 = 500;
/// Rows among which those that fit are looked for at once by who follows the log.
const FOLLOWED: i64 = 5_000;

/// A column with an index, and what must be in it.
type Column = (&'static str, String);

/// Calls in pages.
pub(super) async fn search(db: &Db, filter: &LogFilter, search: &Search) -> Result<Calls> {
    if filter.within.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Calls { complete: true, ..Calls::default() });
    }
    let ways = ways(filter);
    let until = Instant::now() + search.patience;
    let [way] = &ways[..] else { return search_many(db, filter, search, &ways).await };
    let mut slices = Slices::new(db, filter, way, search);
    let (mut skip, mut found) = (search.skip, Vec::new());
    while let Some(slice) = slices.next().await? {
        if skip > 0 {
            let there = slices.count(&slice).await?;
            if there <= skip {
                skip -= there;
                if slices.is_late(until) {
                    break;
                }
                continue;
            }
        }
        let wanted = search.most - found.len() as i64;
        let rows = slices.rows(&slice, skip, wanted).await?;
        skip = 0;
        let full = rows.len() as i64 == wanted;
        found.extend(rows);
        if full {
            let next = found.last().map(|(position, _)| position.clone());
            return Ok(page(found, next, true));
        }
        if slices.is_late(until) {
            break;
        }
    }
    let next = slices.rest();
    let complete = next.is_none();
    Ok(page(found, next, complete))
}

/// The same along several ways, each of which may lead to the same rows: what they have found together, as far as all of
/// them have looked.
async fn search_many(db: &Db, filter: &LogFilter, wish: &Search, ways: &[Option<Column>]) -> Result<Calls> {
    let needed = wish.skip.saturating_add(wish.most);
    let mut found: Vec<(Position, Option<Entry>)> = Vec::new();
    let mut horizon: Option<Position> = None;
    let is_before = |one: &Position, other: &Position| match wish.oldest_first {
        true => key(one) < key(other),
        false => key(one) > key(other),
    };
    for way in ways {
        let share = wish.patience / ways.len() as u32;
        let until = Instant::now() + share;
        let mut slices = Slices::new(db, filter, way, wish);
        let mut own = Vec::new();
        let mut end = None;
        while let Some(slice) = slices.next().await? {
            own.extend(slices.rows(&slice, 0, needed - own.len() as i64).await?);
            if own.len() as i64 >= needed {
                end = own.last().map(|(position, _): &(Position, _)| position.clone());
                break;
            }
            if slices.is_late(until) {
                end = slices.rest();
                break;
            }
        }
        found.extend(own);
        horizon = match (horizon, end) {
            (Some(one), Some(other)) => Some(if is_before(&one, &other) { one } else { other }),
            (one, other) => one.or(other),
        };
    }
    found.sort_by(|one, other| match wish.oldest_first {
        true => key(&one.0).cmp(&key(&other.0)),
        false => key(&other.0).cmp(&key(&one.0)),
    });
    found.dedup_by(|one, other| one.0 == other.0);
    // Behind where one way ended there may be rows of its own among those of the others.
    found.retain(|(position, _)| horizon.as_ref().is_none_or(|end| position == end || is_before(position, end)));
    let found: Vec<_> = found.into_iter().skip(usize::try_from(wish.skip).unwrap_or(usize::MAX)).collect();
    let full = found.len() as i64 >= wish.most;
    let found: Vec<_> = found.into_iter().take(usize::try_from(wish.most).unwrap_or(usize::MAX)).collect();
    let last = found.last().map(|(position, _)| position.clone());
    match (full, horizon) {
        (true, _) => Ok(page(found, last, true)),
        (false, Some(end)) => Ok(page(found, Some(end), false)),
        (false, None) => Ok(page(found, None, true)),
    }
}

fn key(position: &Position) -> (i64, &str) {
    (position.started_at, &position.attempt_id)
}

fn page(found: Vec<(Position, Option<Entry>)>, next: Option<Position>, complete: bool) -> Calls {
    Calls { entries: found.into_iter().filter_map(|(_, entry)| entry).collect(), next, complete }
}

/// How many calls meet the filter; and whether they are all of them.
pub(super) async fn count(db: &Db, filter: &LogFilter, bound: i64, patience: Duration) -> Result<(i64, bool)> {
    if filter.within.as_ref().is_some_and(Vec::is_empty) {
        return Ok((0, true));
    }
    let until = Instant::now() + patience;
    // Who may see what several others pay for has it counted among everything: nothing must count twice.
    let way = match &ways(filter)[..] {
        [way] => way.clone(),
        _ => None,
    };
    let all = Search { after: None, skip: 0, most: 0, oldest_first: false, patience };
    let mut slices = Slices::new(db, filter, &way, &all);
    let mut total = 0;
    while let Some(slice) = slices.next().await? {
        total += slices.count(&slice).await?;
        if total > bound {
            return Ok((bound, false));
        }
        if slices.is_late(until) {
            return Ok((total, slices.rest().is_none()));
        }
    }
    Ok((total, true))
}

/// The ways along which rows are looked for: the column that says most, or one for each owner, or none.
fn ways(filter: &LogFilter) -> Vec<Option<Column>> {
    if filter.request_id.is_some() {
        return vec![None];
    }
    let named = [
        ("session_id", &filter.session_id),
        ("key_hash", &filter.key),
        ("user_id", &filter.user_id),
        ("customer_id", &filter.customer_id),
        ("team_id", &filter.team_id),
        ("organization_id", &filter.organization_id),
        ("model_group", &filter.model_group),
    ];
    let mut named = named.into_iter().filter_map(|(column, value)| Some((column, value.clone()?)));
    if let Some(column) = named.next() {
        return vec![Some(column)];
    }
    match filter.within.as_deref() {
        Some(owners) if (1..=MOST_WAYS).contains(&owners.len()) => {
            let column = |owner: &Owner| {
                let (column, id) = owner.column();
                Some((column, id.to_owned()))
            };
            owners.iter().map(column).collect()
        }
        _ => vec![None],
    }
}

/// Times between which rows were sent: from the first on, and before the second.
#[derive(Clone, Copy)]
struct Slice {
    from: i64,
    to: i64,
}

/// Goes through the rows along one way.
struct Slices<'a> {
    db: &'a Db,
    filter: &'a LogFilter,
    way: &'a Option<Column>,
    /// Behind this row.
    after: Option<&'a Position>,
    oldest_first: bool,
    /// What is left to go through; `None` if nothing is.
    left: Option<Slice>,
    /// Rows of the next slice.
    size: i64,
    began: Instant,
}

impl<'a> Slices<'a> {
    fn new(db: &'a Db, filter: &'a LogFilter, way: &'a Option<Column>, search: &'a Search) -> Self {
        let mut left = Slice { from: filter.from.unwrap_or(i64::MIN), to: filter.to.unwrap_or(i64::MAX) };
        if let Some(after) = &search.after {
            match search.oldest_first {
                true => left.from = left.from.max(after.started_at),
                false => left.to = left.to.min(after.started_at.saturating_add(1)),
            }
        }
        let size = FIRST_SLICE.max(search.most.saturating_mul(2)).min(LARGEST_SLICE);
        let (after, oldest_first) = (search.after.as_ref(), search.oldest_first);
        Slices { db, filter, way, after, oldest_first, left: Some(left), size, began: Instant::now() }
    }

    /// The next slice: about as many rows as go quickly.
    async fn next(&mut self) -> Result<Option<Slice>> {
        let Some(left) = self.left.filter(|left| left.from < left.to) else {
            self.left = None;
            return Ok(None);
        };
        self.began = Instant::now();
        if self.filter.request_id.is_some() {
            // Ids have indexes of their own: there is nothing to be gone through.
            self.left = None;
            return Ok(Some(left));
        }
        let (sql, values) = self.edge(left);
        let edge = self.db.rows(sql, values).await?.first().map(|row| row.int(0)).transpose()?;
        let (slice, rest) = match (edge, self.oldest_first) {
            (None, _) => (left, None),
            (Some(edge), false) => (Slice { from: edge, ..left }, Some(Slice { to: edge, ..left })),
            (Some(edge), true) => {
                let edge = edge.saturating_add(1);
                (Slice { to: edge, ..left }, Some(Slice { from: edge, ..left }))
            }
        };
        self.left = rest;
        Ok(Some(slice))
    }

    /// Whether no time is left; the next slice is larger if there was more than enough.
    fn is_late(&mut self, until: Instant) -> bool {
        if self.began.elapsed() < QUICK {
            self.size = (self.size * 2).min(LARGEST_SLICE);
        }
        self.left.is_some() && Instant::now() >= until
    }

    /// Where to go on behind the last slice.
    fn rest(&self) -> Option<Position> {
        let left = self.left.filter(|left| left.from < left.to)?;
        let started_at = if self.oldest_first { left.from } else { left.to };
        Some(Position { started_at, attempt_id: String::new() })
    }

    /// The question where a slice ends, which an index answers alone.
    fn edge(&self, left: Slice) -> (String, Vec<Value>) {
        let mut conditions = self.along(left);
        let skip = conditions.value(self.size - 1);
        let order = if self.oldest_first { "ASC" } else { "DESC" };
        let sql = format!(
            "SELECT started_at FROM {TABLE}{} ORDER BY started_at {order} LIMIT 1 OFFSET {skip}",
            conditions.sql()
        );
        (sql, conditions.into_values())
    }

    /// The question for the rows of a slice.
    fn page(&self, slice: &Slice, skip: i64, most: i64) -> (String, Vec<Value>) {
        let mut conditions = self.conditions(slice);
        let order = if self.oldest_first { "ASC" } else { "DESC" };
        let (most, skip) = (conditions.value(most), conditions.value(skip));
        let sql = format!(
            "SELECT started_at, {ENTRY} FROM {TABLE}{} ORDER BY started_at {order}, attempt_id {order}
             LIMIT {most} OFFSET {skip}",
            conditions.sql()
        );
        (sql, conditions.into_values())
    }

    /// The conditions of one way alone: what the index has.
    fn along(&self, slice: Slice) -> Filter {
        let mut conditions = Filter::default();
        if let Some((column, value)) = self.way {
            conditions.and(&format!("{column} = {{}}"), &**value);
        } else if self.filter.failed {
            conditions.and_plain("status <> 'success'");
        }
        // Without an end it is looked for from the end of the index on.
        conditions.and_if("started_at >= {}", Some(slice.from).filter(|from| *from > i64::MIN));
        conditions.and_if("started_at < {}", Some(slice.to).filter(|to| *to < i64::MAX));
        conditions
    }

    /// All conditions.
    fn conditions(&self, slice: &Slice) -> Filter {
        let (from, to) = (Some(slice.from).filter(|from| *from > i64::MIN), Some(slice.to).filter(|to| *to < i64::MAX));
        let mut conditions = conditions(&LogFilter { from, to, ..self.filter.clone() });
        if let Some((column, value)) = self.way {
            conditions.and(&format!("{column} = {{}}"), &**value);
        }
        conditions.and_plain("is_call = 1");
        if let Some(after) = self.after {
            let than = if self.oldest_first { ">" } else { "<" };
            let (at, id) = (conditions.value(after.started_at), conditions.value(&*after.attempt_id));
            conditions.and_plain(&format!("(started_at, attempt_id) {than} ({at}, {id})"));
        }
        conditions
    }

    async fn count(&self, slice: &Slice) -> Result<i64> {
        let conditions = self.conditions(slice);
        let sql = format!("SELECT COUNT(*) FROM {TABLE}{}", conditions.sql());
        self.db.rows(sql, conditions.into_values()).await?.first().map_or(Ok(0), |row| row.int(0))
    }

    async fn rows(&self, slice: &Slice, skip: i64, most: i64) -> Result<Vec<(Position, Option<Entry>)>> {
        let (sql, values) = self.page(slice, skip, most);
        self.db.rows(sql, values).await?.iter().map(found).collect()
    }
}

/// A row: its place, and what it says.
fn found(row: &Row) -> Result<(Position, Option<Entry>)> {
    let position = Position { started_at: row.int(0)?, attempt_id: row.text(2)? };
    Ok((position, entry(row, 1)?))
}

/// Calls in the order in which they were booked. Places are those of booking here.
pub(super) async fn since(db: &Db, filter: &LogFilter, after: &Position, most: i64, now_ms: i64) -> Result<Calls> {
    let settled = if db.is_file() { now_ms } else { now_ms.saturating_sub(SETTLED_MS) };
    let edge = "SELECT booked_at FROM lockgate_ledger WHERE booked_at >= $1 AND booked_at < $2
        ORDER BY booked_at LIMIT 1 OFFSET $3";
    let values: Vec<Value> = vec![after.started_at.into(), settled.into(), FOLLOWED.into()];
    let edge = db.rows(edge, values).await?.first().map(|row| row.int(0)).transpose()?;
    let to = edge.map_or(settled, |edge| edge.saturating_add(1));
    let mut conditions = conditions(filter);
    conditions.and_plain("is_call = 1");
    conditions.and("booked_at >= {}", after.started_at);
    conditions.and("booked_at < {}", to);
    let (at, id) = (conditions.value(after.started_at), conditions.value(&*after.attempt_id));
    conditions.and_plain(&format!("(booked_at, attempt_id) > ({at}, {id})"));
    let limit = conditions.value(most);
    let sql = format!(
        "SELECT booked_at, {ENTRY} FROM {TABLE}{} ORDER BY booked_at, attempt_id LIMIT {limit}",
        conditions.sql()
    );
    let rows: Result<Vec<_>> = db.rows(sql, conditions.into_values()).await?.iter().map(found).collect();
    let rows = rows?;
    let last = rows.last().map(|(position, _)| position.clone());
    let full = rows.len() as i64 == most;
    let next = match (full, edge) {
        (false, Some(edge)) => Some(Position { started_at: edge.saturating_add(1), attempt_id: String::new() }),
        _ => last.or_else(|| Some(after.clone())),
    };
    Ok(page(rows, next, !full && edge.is_none()))
}

/// All rows of a call.
pub(super) async fn story(db: &Db, filter: &LogFilter, most: i64) -> Result<Vec<Entry>> {
    let mut conditions = conditions(filter);
    let most = conditions.value(most);
    let sql = format!(
        "SELECT started_at, {ENTRY} FROM {TABLE}{} ORDER BY is_call DESC, started_at, attempt_id LIMIT {most}",
        conditions.sql()
    );
    let rows: Result<Vec<_>> = db.rows(sql, conditions.into_values()).await?.iter().map(found).collect();
    Ok(rows?.into_iter().filter_map(|(_, entry)| entry).collect())
}

#[cfg(test)]
mod tests;
