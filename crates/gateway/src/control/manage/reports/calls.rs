//! Single attempts, as the ledger has them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::reports::{ActivityFilter, By, LogFilter, LogPage, Order, logs_csv};
use store::{Entry, EntryFault, Status};
use types::Usd;

use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::moment;
use super::super::refusal::{Refusal, Result};
use super::super::visit::{Answer, Visit, answer, answer_csv};
use super::log::add_story;
use super::{DATES, DAY, MOST, bare, counted, days, key_of, owners, sees_all};

/// Most calls that are listed without pages.
const LIST: i64 = 1000;
/// Millijoules in a watt-hour.
const MJ_PER_WH: f64 = 3_600_000.0;
/// Largest page.
pub(super) const LARGEST: u64 = 1000;

pub(super) const FILTERS: &[Field] = &[
    optional("api_key", Takes::Text),
    optional("user_id", Takes::Text),
    optional("team_id", Takes::Text),
    optional("organization_id", Takes::Text),
    optional("end_user", Takes::Text),
    optional("model", Takes::Text),
    optional("model_group", Takes::Text),
    optional("request_id", Takes::Text),
    optional("session_id", Takes::Text),
    optional("status_filter", Takes::Text),
    optional("min_spend", Takes::Dollars),
    optional("max_spend", Takes::Dollars),
    optional("summarize", Takes::Flag),
    optional("format", Takes::OneOf(&["json", "csv"])),
    optional("page", Takes::Positive),
    optional("page_size", Takes::Positive),
    optional("sort_order", Takes::OneOf(&["asc", "desc"])),
];

/// What `calls` reads.
pub const CALLS_FORM: Reads = Reads::Query(&[FILTERS, DATES]);

/// `GET /spend/logs`: single attempts, or days if only dates are given.
pub async fn calls(visit: Visit) -> Answer {
    let form = visit.form()?;
    let single = form.has("request_id") || form.flag("summarize") == Some(false) || !form.has("start_date");
    if !single && sees_all(&visit) {
        return summary(&visit, &form).await;
    }
    let page = LogPage { after: None, skip: 0, most: LIST, oldest_first: false };
    let (entries, _) = visit.store().logs(&filter(&visit, &form)?, &page).await?;
    match form.text("format") {
        Some("csv") => answer_csv(logs_csv(&entries)),
        _ => answer(json!(rows(&visit, &entries)?)),
    }
}

/// Days, with what each key, user and model has spent.
async fn summary(visit: &Visit, form: &Form) -> Answer {
    let (from, to) = days(form)?;
    let key = counted(visit, form)?;
    let of = match form.text("user_id") {
        Some(id) => {
            ActivityFilter { of: store::reports::Of::User, ids: Some(vec![id.to_owned()]), ..Default::default() }
        }
        None => ActivityFilter::default(),
    };
    let filter = ActivityFilter { keys: key.map(|key| vec![key]), from: Some(from), to: Some(to), ..of };
    let by = [By::Day, By::Key, By::Model];
    let sums = visit.store().activity(&filter, &by, Order::Names, MOST).await?;
    let mut days = BTreeMap::<&str, (Usd, BTreeMap<&str, Usd>, BTreeMap<&str, Usd>)>::new();
    for sum in &sums {
        let [day, key, model] = &sum.names[..] else { continue };
        let (total, keys, models) = days.entry(day).or_default();
        *total += sum.metrics.spend;
        *keys.entry(key).or_default() += sum.metrics.spend;
        *models.entry(bare(model)).or_default() += sum.metrics.spend;
    }
    let dollars = |sums: &BTreeMap<&str, Usd>| -> Value {
        sums.iter().map(|(name, spend)| ((*name).to_owned(), json!(spend.dollars()))).collect()
    };
    let rows = days.iter().map(|(day, (total, keys, models))| {
        json!({
            "startTime": day,
            "spend": total.dollars(),
            "api_keys": dollars(keys),
            "models": dollars(models),
            "users": form.text("user_id").map_or(json!({}), |user| json!({ user: total.dollars() })),
        })
    });
    answer(Value::Array(rows.collect()))
}

/// What calls and attempts are looked for by.
pub(super) fn filter(visit: &Visit, form: &Form) -> Result<LogFilter> {
    let text = |name: &str| form.text(name).map(str::to_owned);
    let moment = |name: &str| form.get(name).and_then(Value::as_i64);
    let (status, failed) = match form.text("status_filter") {
        None => (None, false),
        Some("failure") => (None, true),
        Some("success") => (Some(Status::Success), false),
        Some(other) => return Err(Refusal::bad_param("status_filter", format!("there is no status {other}"))),
    };
    Ok(LogFilter {
        within: owners(visit)?,
        key: counted(visit, form)?,
        user_id: text("user_id"),
        team_id: text("team_id"),
        organization_id: text("organization_id"),
        customer_id: text("end_user"),
        model: text("model"),
        model_group: text("model_group"),
        status,
        failed,
        request_id: text("request_id"),
        session_id: text("session_id"),
        from: moment("start_date"),
        // A day is meant as a whole.
        to: moment("end_date").map(|end| if end % DAY == 0 { end + DAY } else { end + 1 }),
        min_spend: form.dollars("min_spend"),
        max_spend: form.dollars("max_spend"),
        ..LogFilter::default()
    })
}

/// The energy that an attempt took, if that is known.
pub(super) fn watt_hours(entry: &Entry) -> Option<f64> {
    Some(entry.energy_mj? as f64 / MJ_PER_WH)
}

/// Rows as the incumbent shows them, and what became of the calls.
pub(super) fn rows(visit: &Visit, entries: &[Entry]) -> Result<Vec<Value>> {
    visit.read(|directory| {
        let row = |entry: &Entry| {
            let team = entry.team_id.as_deref().and_then(|id| directory.teams.get(id));
            let user = entry.user_id.as_deref().and_then(|id| directory.users.get(id));
            let alias = entry.key_alias.clone().or_else(|| key_of(directory, &entry.key)?.key_alias.clone());
            let mut metadata = json!({
                "user_api_key": entry.key,
                "user_api_key_alias": alias,
                "user_api_key_user_id": entry.user_id,
                "user_api_key_user_email": user.and_then(|held| held.record.user_email.clone()),
                "user_api_key_team_id": entry.team_id,
                "user_api_key_team_alias": team.and_then(|held| held.record.team_alias.clone()),
                "user_api_key_org_id": entry.organization_id,
                "requester_ip_address": entry.ip,
                "status": status(entry),
                "cost_breakdown": {
                    "input_cost": (entry.lines.input + entry.lines.cache_read + entry.lines.cache_write).dollars(),
                    "output_cost": (entry.lines.output + entry.lines.reasoning).dollars(),
                    "tool_usage_cost": entry.lines.other.dollars(),
                    "total_cost": entry.cost.map(Usd::dollars),
                },
                "usage_object": {
                    "prompt_tokens": entry.usage.input,
                    "completion_tokens": entry.usage.output,
                    "total_tokens": entry.usage.total(),
                    "cache_read_input_tokens": entry.usage.cache_read,
                    "cache_creation_input_tokens": entry.usage.cache_write,
                    "reasoning_tokens": entry.usage.reasoning,
                    "estimated": entry.estimated,
                },
            });
            if let Some(wh) = watt_hours(entry) {
                metadata["energy_wh"] = json!(wh);
            }
            if entry.cache_hit {
                metadata["saved_cache_cost"] = json!(entry.saved.map(Usd::dollars));
            }
            if let Some(similarity) = entry.similarity {
                metadata["semantic_similarity"] = json!(similarity);
            }
            if let Some(fault) = &entry.fault {
                metadata["error_information"] = error(fault);
            }
            if let Some(own) = entry.metadata.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
                metadata["spend_logs_metadata"] = own;
            }
            let mut row = json!({
                "request_id": entry.attempt_id,
                "litellm_call_id": entry.call_id,
                "session_id": entry.session_id,
                "call_type": entry.call_type,
                "api_key": entry.key,
                "spend": entry.cost.unwrap_or_default().dollars(),
                "total_tokens": entry.usage.total().unwrap_or_default(),
                "prompt_tokens": entry.usage.input.unwrap_or_default(),
                "completion_tokens": entry.usage.output.unwrap_or_default(),
                "startTime": moment::shown(entry.started_at),
                "endTime": moment::shown_or_null(entry.ended_at),
                "completionStartTime": moment::shown_or_null(entry.first_token_at),
                "request_duration_ms": entry.ended_at.map(|end| end - entry.received_at()),
                "model": bare(&entry.model),
                "model_id": entry.deployment_id,
                "model_group": entry.model_group,
                "custom_llm_provider": entry.provider,
                "api_base": entry.api_base,
                "user": entry.user_id,
                "team_id": entry.team_id,
                "organization_id": entry.organization_id,
                "end_user": entry.customer_id,
                "requester_ip_address": entry.ip,
                "cache_hit": if entry.cache_hit { "True" } else { "False" },
                "cache_key": entry.cache_key,
                "request_tags": entry.tags,
                "metadata": metadata,
                "messages": {},
                "response": {},
                "proxy_server_request": {},
                "status": status(entry),
                "mcp_namespaced_tool_name": null,
                "agent_id": null,
            });
            add_story(&mut row, entry);
            row
        };
        Ok(entries.iter().map(row).collect())
    })
}

/// What went wrong, in the incumbent's form.
pub(super) fn error(fault: &EntryFault) -> Value {
    json!({ "error_code": fault.status.to_string(), "error_class": fault.kind, "error_message": fault.message })
}

/// How it ended, in ours.
pub(super) fn outcome(entry: &Entry) -> &'static str {
    entry.status.name()
}

/// In the incumbent's words: what was aborted or interrupted brought no whole answer.
fn status(entry: &Entry) -> &'static str {
    if entry.status == Status::Success { "success" } else { "failure" }
}
