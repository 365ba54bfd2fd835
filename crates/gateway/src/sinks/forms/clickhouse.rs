//! A table of ClickHouse over its HTTP interface: it is made if it is not there, and gets a row for each call.

use std::rc::Rc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::super::post::Post;
use super::super::told::{Told, bare, status};
use super::post;
use crate::config::Address;

/// The columns of the table, and their types.
const COLUMNS: [(&str, &str); 32] = [
    ("id", "String"),
    ("call_id", "String"),
    ("trace_id", "String"),
    ("session_id", "String"),
    ("call_type", "LowCardinality(String)"),
    ("status", "LowCardinality(String)"),
    ("outcome", "LowCardinality(String)"),
    ("status_code", "UInt16"),
    ("stream", "Bool"),
    ("received_at", "DateTime64(3, 'UTC')"),
    ("ended_at", "DateTime64(3, 'UTC')"),
    ("seconds", "Float64"),
    ("first_token_seconds", "Nullable(Float64)"),
    ("model_group", "LowCardinality(String)"),
    ("model", "LowCardinality(String)"),
    ("provider", "LowCardinality(String)"),
    ("model_id", "LowCardinality(String)"),
    ("api_key_hash", "String"),
    ("api_key_alias", "String"),
    ("user_id", "String"),
    ("team_id", "String"),
    ("organization_id", "String"),
    ("end_user", "String"),
    ("tags", "Array(String)"),
    ("prompt_tokens", "UInt64"),
    ("completion_tokens", "UInt64"),
    ("cost_usd", "Float64"),
    ("attempts", "UInt32"),
    ("error_class", "String"),
    ("error_message", "String"),
    ("request", "String"),
    ("response", "String"),
];

/// The requests that tell of these calls. The table costs nothing where it is there already.
pub fn posts(address: &Address, table: &str, batch: &[Rc<Told>], contents: bool) -> [Vec<Post>; 2] {
    let columns: Vec<String> = COLUMNS.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    let make = format!(
        "CREATE TABLE IF NOT EXISTS {table} ({}) ENGINE = ReplacingMergeTree ORDER BY (received_at, id)",
        columns.join(", ")
    );
    let insert = format!("INSERT INTO {table} FORMAT JSONEachRow");
    let rows: String = batch.iter().map(|told| row(told, contents) + "\n").collect();
    [vec![query(address, &make, String::new(), 0)], vec![query(address, &insert, rows, batch.len())]]
}

fn query(address: &Address, sql: &str, body: String, calls: usize) -> Post {
    let mut post = post(address, body, calls);
    let sign = if post.path.contains('?') { '&' } else { '?' };
    post.path = format!("{}{sign}query={}", post.path, utf8_percent_encode(sql, NON_ALPHANUMERIC));
    post
}

fn row(told: &Told, contents: bool) -> String {
    let entry = &told.entry;
    let payload = told.payload(false);
    let said = told.said.as_ref().filter(|_| contents);
    let moment = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fault = entry.fault.clone().unwrap_or_default();
    json!({
        "id": entry.attempt_id,
        "call_id": entry.call_id,
        "trace_id": payload["trace_id"].as_str().unwrap_or_default(),
        "session_id": text(&entry.session_id),
        "call_type": entry.call_type,
        "status": status(entry),
        "outcome": entry.status.name(),
        "status_code": entry.code(),
        "stream": entry.stream,
        "received_at": moment(entry.received_at()),
        "ended_at": moment(entry.ended_at.unwrap_or(entry.started_at)),
        "seconds": told.seconds(),
        "first_token_seconds": entry.first_token_at.map(|at| (at - entry.received_at()) as f64 / 1000.0),
        "model_group": entry.model_group,
        "model": bare(entry),
        "provider": entry.provider,
        "model_id": entry.deployment_id,
        "api_key_hash": entry.key,
        "api_key_alias": text(&entry.key_alias),
        "user_id": text(&entry.user_id),
        "team_id": text(&entry.team_id),
        "organization_id": text(&entry.organization_id),
        "end_user": text(&entry.customer_id),
        "tags": entry.tags,
        "prompt_tokens": entry.usage.input.unwrap_or_default(),
        "completion_tokens": entry.usage.output.unwrap_or_default(),
        "cost_usd": entry.cost.unwrap_or_default().dollars(),
        "attempts": payload["metadata"]["attempts"],
        "error_class": fault.kind,
        "error_message": fault.message,
        "request": said.map(|said| said.request.to_string()).unwrap_or_default(),
        "response": said.and_then(|said| Some(said.answer.as_ref()?.to_string())).unwrap_or_default(),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_columns_of_the_table() {
        let told = Told { entry: Default::default(), team_alias: None, said: None };
        let row: serde_json::Value = serde_json::from_str(&row(&told, true)).unwrap();
        let mut columns = COLUMNS.map(|(name, _)| name);
        columns.sort_unstable();
        let mut names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, columns);
    }
}
