//! The log: a row for each call, in pages, as it grows, and one call's whole story. Everybody sees what they pay for or
//! manage.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use store::reports::{Calls, LogFilter, Position, Search, logs_csv};
use store::{Entry, Said};
use types::Usd;

use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::moment;
use super::super::refusal::{Refusal, Result};
use super::super::visit::{Answer, Visit, answer, answer_csv};
use super::calls::{FILTERS, LARGEST, error, filter, outcome, rows, watt_hours};
use super::{DATES, bare, owners};
use crate::sinks::{messages, usage_object};

/// How long a page is looked for: what is not found by then is for the next page.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long calls are counted, and how many at the most: pages have numbers that far.
const COUNTING: Duration = Duration::from_millis(50);
const BOUND: i64 = 10_000;
/// Most attempts of a call that are shown.
const MOST_ATTEMPTS: i64 = 200;
/// Shortest and longest text that is looked for, bytes.
const TEXTS: std::ops::RangeInclusive<usize> = 2..=200;
/// Longest cursor, bytes.
const LONGEST_CURSOR: usize = 1024;

const SEARCH: &[Field] = &[
    optional("tag", Takes::Text),
    optional("text", Takes::Text),
    optional("status_code", Takes::Positive),
    optional("min_latency_ms", Takes::Positive),
    optional("max_latency_ms", Takes::Positive),
    optional("cursor", Takes::Text),
    optional("after", Takes::Text),
];

/// What `pages` and `session` read.
pub const LOG_FORM: Reads = Reads::Query(&[FILTERS, DATES, SEARCH]);

/// `GET /spend/logs/v2`, `GET /spend/logs/ui`: calls in pages, or those that came since a cursor.
pub async fn pages(visit: Visit) -> Answer {
    let form = visit.form()?;
    found(visit, form).await
}

/// `GET /spend/logs/session/ui`: the calls of a session.
pub async fn session(visit: Visit) -> Answer {
    let form = visit.form()?;
    if form.text("session_id").is_none() {
        return Err(Refusal::bad_param("session_id", "session_id is required"));
    }
    found(visit, form).await
}

async fn found(visit: Visit, form: Form) -> Answer {
    let size = form.count("page_size").unwrap_or(50);
    if size > LARGEST {
        return Err(Refusal::bad_param("page_size", format!("a page has at most {LARGEST} rows")));
    }
    let filter = searched(&visit, &form)?;
    if form.has("after") {
        return since(&visit, &form, &filter, size as i64).await;
    }
    let cursor = form.text("cursor").map(|text| place(text, "cursor")).transpose()?;
    let number = form.count("page").unwrap_or(1);
    let skip = i64::try_from((number - 1).saturating_mul(size)).unwrap_or(i64::MAX);
    let skip = if cursor.is_some() { 0 } else { skip };
    if skip >= BOUND {
        let message = format!("pages have numbers up to row {BOUND}; go on with the cursor that each of them has");
        return Err(Refusal::bad_param("page", message));
    }
    let oldest_first = form.text("sort_order") == Some("asc");
    let counted = cursor.is_none();
    // Counted first: what comes in between may be on the page, but nothing is counted that is not there.
    let total = match counted {
        true => Some(visit.store().count_calls(&filter, BOUND, COUNTING).await?),
        false => None,
    };
    let search = Search { after: cursor, skip, most: size as i64, oldest_first, patience: PATIENCE };
    let found = visit.store().calls(&filter, &search).await?;
    if form.text("format") == Some("csv") {
        return answer_csv(logs_csv(&found.entries));
    }
    let mut shown = shown(&visit, &found)?;
    if let Some((total, exact)) = total {
        shown["total"] = json!(total);
        shown["total_is_exact"] = json!(exact);
        shown["page"] = json!(number);
        shown["total_pages"] = json!((total as u64).div_ceil(size));
    }
    shown["page_size"] = json!(size);
    answer(shown)
}

/// What came since a cursor; `now` begins.
async fn since(visit: &Visit, form: &Form, filter: &LogFilter, most: i64) -> Answer {
    let now = moment::now();
    let after = match form.text("after") {
        Some("now") | None => Position { started_at: now, attempt_id: String::new() },
        Some(cursor) => place(cursor, "after")?,
    };
    let found = visit.store().calls_since(filter, &after, most, now).await?;
    answer(shown(visit, &found)?)
}

fn shown(visit: &Visit, found: &Calls) -> Result<Value> {
    Ok(json!({
        "data": rows(visit, &found.entries)?,
        "next_cursor": found.next.as_ref().map(cursor),
        "complete": found.complete,
    }))
}

/// `GET /spend/logs/ui/{request_id}`: one call with all of its attempts.
pub async fn call(visit: Visit) -> Answer {
    let id = visit.segment("request_id").to_owned();
    let not_found = || Refusal::not_found("request_id", "No call has this id");
    let of = |id: String| LogFilter { request_id: Some(id), ..LogFilter::default() };
    let theirs = LogFilter { within: owners(&visit)?, ..of(id) };
    let entries = visit.store().story(&theirs, MOST_ATTEMPTS).await?;
    let Some(first) = entries.first() else { return Err(not_found()) };
    // Whoever names an attempt wants to know about its call.
    let theirs = LogFilter { within: theirs.within, ..of(first.call_id.clone()) };
    let entries = match entries.len() {
        1 if first.call_id != first.attempt_id => visit.store().story(&theirs, MOST_ATTEMPTS).await?,
        _ => entries,
    };
    let Some(call) = entries.first() else { return Err(not_found()) };
    let Some(mut row) = rows(&visit, std::slice::from_ref(call))?.pop() else { return Err(not_found()) };
    let mut attempts: Vec<&Entry> = entries.iter().filter(|entry| entry.is_attempt()).collect();
    attempts.sort_by_key(|entry| entry.started_at);
    let spend: Usd = attempts.iter().filter_map(|entry| entry.cost).sum();
    let received_at = call.received_at();
    let attempts: Vec<Value> = attempts.into_iter().map(|entry| attempt(entry, received_at)).collect();
    row["story"] = json!({ "attempts": attempts, "spend": spend.dollars() });
    if let Some(said) = visit.store().content(&call.attempt_id).await? {
        add_content(&mut row, &said);
    }
    answer(row)
}

fn attempt(entry: &Entry, received_at: i64) -> Value {
    let lines = &entry.lines;
    json!({
        "attempt_id": entry.attempt_id,
        "outcome": entry.status.name(),
        "started_at": moment::shown(entry.started_at),
        "first_token_at": moment::shown_or_null(entry.first_token_at),
        "ended_at": moment::shown_or_null(entry.ended_at),
        "offset_ms": entry.started_at - received_at,
        "duration_ms": entry.ended_at.map(|end| end - entry.started_at),
        "first_token_ms": entry.first_token_at.map(|first| first - entry.started_at),
        "model": bare(&entry.model),
        "model_id": entry.deployment_id,
        "custom_llm_provider": entry.provider,
        "api_base": entry.api_base,
        "spend": entry.cost.map(Usd::dollars),
        "energy_wh": watt_hours(entry),
        "cost_lines": {
            "input": lines.input.dollars(),
            "cache_read": lines.cache_read.dollars(),
            "cache_write": lines.cache_write.dollars(),
            "output": lines.output.dollars(),
            "reasoning": lines.reasoning.dollars(),
            "other": lines.other.dollars(),
        },
        "usage": usage_object(entry),
        "error": entry.fault.as_ref().map(error),
    })
}

/// What was said in the call, where that is kept: in the incumbent's columns.
fn add_content(row: &mut Value, said: &Said) {
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    let request = json(&said.request);
    row["messages"] = messages(&request).clone();
    row["proxy_server_request"] = request;
    row["response"] = said.answer.as_deref().map_or(json!({}), json);
    row["content_cut"] = said.cut.into();
}

/// What a row of the log shows beside that of an attempt.
pub(super) fn add_story(row: &mut Value, entry: &Entry) {
    let story = entry.story.clone().unwrap_or_default();
    let received_at = entry.received_at();
    row["outcome"] = outcome(entry).into();
    row["stream"] = entry.stream.into();
    row["status_code"] = entry.code().into();
    row["attempts"] = story.attempts.into();
    row["fallbacks"] = story.fallbacks.into();
    row["queue_ms"] = story.queue_ms.into();
    row["overhead_ms"] = json!(story.overhead_us as f64 / 1000.0);
    row["first_token_ms"] = json!(entry.first_token_at.map(|first| first - received_at));
    row["route"] = json!(story.route);
    row["guardrails"] = json!(story.guardrails);
    row["dropped_params"] = json!(story.dropped);
    if story.events > 0 {
        row["events"] = story.events.into();
    }
}

fn searched(visit: &Visit, form: &Form) -> Result<LogFilter> {
    let text = |name: &str| form.text(name).map(str::to_owned);
    let count = |name: &str| form.count(name).map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    if text("text").is_some_and(|text| !TEXTS.contains(&text.len())) {
        let message = format!("a text has from {} to {} bytes", TEXTS.start(), TEXTS.end());
        return Err(Refusal::bad_param("text", message));
    }
    let code = form.count("status_code").map(u16::try_from).transpose();
    let code = code.map_err(|_| Refusal::bad_param("status_code", "this is no status of HTTP"))?;
    Ok(LogFilter {
        code,
        tag: text("tag"),
        text: text("text"),
        min_duration_ms: count("min_latency_ms"),
        max_duration_ms: count("max_latency_ms"),
        ..filter(visit, form)?
    })
}

/// A place as it is handed out.
fn cursor(position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", position.started_at, position.attempt_id))
}

fn place(cursor: &str, param: &'static str) -> Result<Position> {
    let wrong = || Refusal::bad_param(param, "this is no cursor that was handed out here");
    let bytes = (cursor.len() <= LONGEST_CURSOR).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
    let (at, id) = text.split_once('.').ok_or_else(wrong)?;
    if id.contains('\0') {
        return Err(wrong());
    }
    Ok(Position { started_at: at.parse().map_err(|_| wrong())?, attempt_id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_nothing_else_is_one() {
        let there = Position { started_at: -5, attempt_id: "an.id/ä".to_owned() };
        assert_eq!(place(&cursor(&there), "cursor").unwrap(), there);
        let forged = URL_SAFE_NO_PAD.encode("1.\0");
        for wrong in ["", "x", "????", &forged, &"A".repeat(LONGEST_CURSOR + 1)] {
            assert!(place(wrong, "cursor").is_err(), "{wrong}");
        }
    }
}
