//! Sums of long times, from roll-ups of what is over.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use types::day;

use super::activity::{ActivityFilter, By};
use crate::Result;
use crate::db::{Db, Filter, values};
use crate::ledger::DAILY_SUMS;
use crate::ledger::rollup::{DAY, MONTH, TOLD, month};

/// Fewer days than this are summed from the daily roll-ups.
const LONG_DAYS: i64 = 32;

/// A time that is over, as it is read from roll-ups: days since 1970.
#[derive(Debug, PartialEq, Eq)]
struct Over {
    /// All of it.
    days: RangeInclusive<i64>,
    /// The whole months in it, and the days around them; without months all is days.
    months: Option<(String, String)>,
    around: Vec<RangeInclusive<i64>>,
}

/// What stands for the daily roll-ups in a question for sums `by` something, with its values in `filter`; `None` if
/// they themselves are asked: about somebody, or a short time, or by several things at once.
pub(super) async fn source(db: &Db, asked: &ActivityFilter, by: &[By], filter: &mut Filter) -> Result<Option<String>> {
    let by_day = by.contains(&By::Day);
    let told: Vec<&str> = by.iter().filter(|by| **by != By::Day).map(|by| by.name()).collect();
    let told = match told[..] {
        [] => "",
        [told] => told,
        _ => return Ok(None),
    };
    let alone = asked.ids.is_none() && asked.keys.is_none() && asked.model.is_none();
    if !alone || !TOLD.contains(&(asked.of.name(), told)) {
        return Ok(None);
    }
    let closed = |span| async move {
        let sql = "SELECT period FROM lockgate_closed WHERE span = $1 ORDER BY period";
        db.rows(sql, values![span]).await?.iter().map(|row| row.text(0)).collect::<Result<Vec<String>>>()
    };
    let within = |day: &String| {
        asked.from.as_ref().is_none_or(|from| day >= from) && asked.to.as_ref().is_none_or(|to| day <= to)
    };
    let days: Vec<i64> =
        closed(DAY).await?.iter().filter(|day| within(day)).filter_map(|day| day::parse(day)).collect();
    let months = if by_day { BTreeSet::new() } else { closed(MONTH).await?.into_iter().collect() };
    Ok(over(&days, &months).map(|over| over.source(asked, told, filter)))
}

/// The longest time without a gap in `days`, which are in order.
fn over(days: &[i64], months: &BTreeSet<String>) -> Option<Over> {
    let runs = days.chunk_by(|one, next| next - one == 1);
    let longest = runs.max_by_key(|run| run.len()).filter(|run| run.len() as i64 >= LONG_DAYS)?;
    let (first, last) = (*longest.first()?, *longest.last()?);
    // Whole months from the first one that begins in it.
    let start = |day: i64| day::parse(&format!("{}-01", month(&day::text(day))));
    let mut begin = start(first)?;
    if begin < first {
        begin = start(begin + 31)?;
    }
    let mut end = begin;
    while let Some(next) = start(end + 31).filter(|next| *next <= last + 1)
        && months.contains(month(&day::text(end)))
    {
        end = next;
    }
    let whole = (end > begin).then(|| (month(&day::text(begin)).to_owned(), month(&day::text(end - 1)).to_owned()));
    let around = match whole {
        Some(_) => vec![first..=begin - 1, end..=last],
        None => vec![first..=last],
    };
    Some(Over {
        days: first..=last,
        months: whole,
        around: around.into_iter().filter(|days| !days.is_empty()).collect(),
    })
}

impl Over {
    /// A table of its own with the columns of the daily roll-ups that are asked for.
    fn source(&self, asked: &ActivityFilter, told: &str, filter: &mut Filter) -> String {
        let sums = DAILY_SUMS.join(", ");
        let kind = asked.of.name();
        let named = |column: &str, filter: &mut Filter| match &asked.named {
            Some(names) if !told.is_empty() => {
                let names: Vec<String> = names.iter().map(|name| filter.value(&**name)).collect();
                let names = if names.is_empty() { "NULL".to_owned() } else { names.join(", ") };
                format!(" AND {column} IN ({names})")
            }
            _ => String::new(),
        };
        let name = |column: &str| if told.is_empty() { String::new() } else { format!("{column} AS {told}, ") };
        let rolled = |span: &str, filter: &mut Filter, first: &str, last: &str| {
            let (first, last, named) = (filter.value(first), filter.value(last), named("name", filter));
            format!(
                "SELECT period AS day, {}{sums} FROM lockgate_rollup WHERE kind = '{kind}' AND told = '{told}'
                 AND span = '{span}' AND period >= {first} AND period <= {last}{named}",
                name("name")
            )
        };
        let months = self.months.iter().map(|(first, last)| rolled(MONTH, filter, first, last)).collect::<Vec<_>>();
        let days =
            self.around.iter().map(|days| rolled(DAY, filter, &day::text(*days.start()), &day::text(*days.end())));
        let mut parts: Vec<String> = months.into_iter().chain(days.collect::<Vec<_>>()).collect();
        // What is not over, before and behind it.
        let (first, last) = (day::text(*self.days.start()), day::text(*self.days.end()));
        for (bound, edge, asked, other) in [("<", first, &asked.from, ">="), (">", last, &asked.to, "<=")] {
            let edge = filter.value(edge);
            let also =
                asked.as_ref().map(|day| format!(" AND day {other} {}", filter.value(&**day))).unwrap_or_default();
            let named = named(told, filter);
            parts.push(format!(
                "SELECT day, {}{sums} FROM lockgate_daily WHERE kind = '{kind}' AND day {bound} {edge}{also}{named}",
                name(told)
            ));
        }
        format!("({}) AS parts", parts.join(" UNION ALL "))
    }
}

#[cfg(test)]
mod tests;
