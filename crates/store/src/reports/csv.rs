//! Tables as CSV (RFC 4180), for spreadsheets.

use super::{Activity, By, Metrics};
use crate::Entry;

/// A column: its name, and what of a row is in it.
type Column<T> = (&'static str, fn(&T) -> Cell);

/// Columns of a table of attempts.
const LOGS: &[Column<Entry>] = &[
    ("attempt_id", |entry| text(&entry.attempt_id)),
    ("call_id", |entry| text(&entry.call_id)),
    ("session_id", |entry| maybe(&entry.session_id)),
    ("status", |entry| text(entry.status.name())),
    ("started_at_ms", |entry| plain(Some(entry.started_at))),
    ("first_token_at_ms", |entry| plain(entry.first_token_at)),
    ("ended_at_ms", |entry| plain(entry.ended_at)),
    ("call_type", |entry| text(&entry.call_type)),
    ("stream", |entry| plain(Some(entry.stream))),
    ("key_hash", |entry| text(&entry.key)),
    ("key_alias", |entry| maybe(&entry.key_alias)),
    ("user_id", |entry| maybe(&entry.user_id)),
    ("team_id", |entry| maybe(&entry.team_id)),
    ("organization_id", |entry| maybe(&entry.organization_id)),
    ("customer_id", |entry| maybe(&entry.customer_id)),
    ("tags", |entry| text(&entry.tags.join(" "))),
    ("model_group", |entry| text(&entry.model_group)),
    ("model", |entry| text(&entry.model)),
    ("provider", |entry| text(&entry.provider)),
    ("deployment_id", |entry| text(&entry.deployment_id)),
    ("prompt_tokens", |entry| plain(entry.usage.input)),
    ("completion_tokens", |entry| plain(entry.usage.output)),
    ("cache_read_tokens", |entry| plain(entry.usage.cache_read)),
    ("reasoning_tokens", |entry| plain(entry.usage.reasoning)),
    ("estimated", |entry| plain(Some(entry.estimated))),
    ("cache_hit", |entry| plain(Some(entry.cache_hit))),
    ("spend_usd", |entry| plain(entry.cost)),
    ("fault", |entry| maybe(&entry.fault.as_ref().map(|fault| format!("{} {}", fault.status, fault.message)))),
];

/// Columns of a table of sums, behind what they are of.
const SUMS: &[Column<Metrics>] = &[
    ("spend_usd", |metrics| plain(Some(metrics.spend))),
    ("requests", |metrics| plain(Some(metrics.requests))),
    ("successes", |metrics| plain(Some(metrics.successes))),
    ("failures", |metrics| plain(Some(metrics.failures))),
    ("prompt_tokens", |metrics| plain(Some(metrics.prompt_tokens))),
    ("completion_tokens", |metrics| plain(Some(metrics.completion_tokens))),
    ("cache_read_tokens", |metrics| plain(Some(metrics.cache_read_tokens))),
    ("cache_creation_tokens", |metrics| plain(Some(metrics.cache_creation_tokens))),
    ("reasoning_tokens", |metrics| plain(Some(metrics.reasoning_tokens))),
    ("cache_hits", |metrics| plain(Some(metrics.cache_hits))),
    ("unpriced", |metrics| plain(Some(metrics.unpriced))),
];

/// Attempts as a table.
pub fn logs_csv(entries: &[Entry]) -> String {
    let mut table = Table::new(LOGS.iter().map(|(name, _)| *name));
    entries.iter().for_each(|entry| table.row(LOGS.iter().map(|(_, cell)| cell(entry))));
    table.0
}

/// Sums as a table: first what they are of.
pub fn activity_csv(by: &[By], activity: &[Activity]) -> String {
    let mut table = Table::new(by.iter().map(|by| by.name()).chain(SUMS.iter().map(|(name, _)| *name)));
    for Activity { names, metrics } in activity {
        table.row(names.iter().map(|name| text(name)).chain(SUMS.iter().map(|(_, cell)| cell(metrics))));
    }
    table.0
}

/// What stands in a cell, quoted where that is needed.
struct Cell(String);

/// Something that is written as it is.
fn plain(value: Option<impl ToString>) -> Cell {
    Cell(value.map_or_else(String::new, |value| value.to_string()))
}

fn maybe(value: &Option<String>) -> Cell {
    text(value.as_deref().unwrap_or_default())
}

/// Something that a stranger may have written.
fn text(value: &str) -> Cell {
    // A spreadsheet would take it for a formula, and carry it out.
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !value.contains([',', '"', '\n', '\r']) {
        return Cell(value.to_owned());
    }
    Cell(format!("\"{}{}\"", if formula { "'" } else { "" }, value.replace('"', "\"\"")))
}

struct Table(String);

impl Table {
    fn new(columns: impl Iterator<Item = &'static str>) -> Self {
        let mut table = Table(String::new());
        table.row(columns.map(|name| Cell(name.to_owned())));
        table
    }

    fn row(&mut self, cells: impl Iterator<Item = Cell>) {
        for (column, Cell(text)) in cells.enumerate() {
            self.0.push_str(if column > 0 { "," } else { "" });
            self.0.push_str(&text);
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use types::Usd;

    use super::*;
    use crate::Status;
    use crate::entry::samples::full;

    #[test]
    fn what_strangers_wrote_stays_one_harmless_cell() {
        let cells = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\nbye", "\"say \"\"hi\"\"\nbye\""),
            ("=1+1", "\"'=1+1\""),
            ("-1", "\"'-1\""),
            ("", ""),
        ];
        for (value, cell) in cells {
            assert_eq!(text(value).0, cell);
        }
    }

    #[test]
    fn tables_have_a_head_and_a_row_for_each_line() {
        let csv = logs_csv(&[full("a", Status::Failure)]);
        let (head, row) = csv.split_once("\r\n").unwrap();
        assert!(head.starts_with("attempt_id,call_id,session_id,status,"), "{head}");
        assert!(row.starts_with("a,call-a,session,failure,1793491200000,"), "{row}");
        assert!(row.ends_with(",0.001234567,\"529 the provider\nis busy\"\r\n"), "{row}");
        let metrics = Metrics { spend: Usd::from_nanos(5), requests: 2, ..Metrics::default() };
        let activity = Activity { names: vec!["2026-11-01".to_owned()], metrics };
        let csv = activity_csv(&[By::Day], &[activity]);
        let (head, row) = csv.split_once("\r\n").unwrap();
        assert_eq!((&head[..28], &row[..24]), ("day,spend_usd,requests,succe", "2026-11-01,0.000000005,2"));
    }
}
