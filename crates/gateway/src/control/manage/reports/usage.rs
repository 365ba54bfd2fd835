//! `GET /usage`: sums by whatever one wants to compare, with the days or without, in rows: what the UI draws. Who sees
//! what is decided as for the daily reports.

use serde_json::{Value, json};
use store::Directory;
use store::reports::{Activity, By, Of, Order, activity_csv};

use super::super::form::{Field, Takes, optional};
use super::super::refusal::Result;
use super::super::visit::{Answer, Visit, answer, answer_csv};
use super::daily::filter;
use super::{DATES, MOST, bare, key_of};

/// What can be compared: its name, whose activity that is, and the column of it.
const COMPARED: [(&str, Of, Option<By>); 11] = [
    ("all", Of::User, None),
    ("model_group", Of::User, Some(By::ModelGroup)),
    ("model", Of::User, Some(By::Model)),
    ("provider", Of::User, Some(By::Provider)),
    ("call_type", Of::User, Some(By::CallType)),
    ("key", Of::User, Some(By::Key)),
    ("user", Of::User, Some(By::Id)),
    ("team", Of::Team, Some(By::Id)),
    ("organization", Of::Organization, Some(By::Id)),
    ("customer", Of::Customer, Some(By::Id)),
    ("tag", Of::Tag, Some(By::Id)),
];

const NAMES: &[&str] =
    &["all", "model_group", "model", "provider", "call_type", "key", "user", "team", "organization", "customer", "tag"];

const FIELDS: &[Field] = &[
    optional("by", Takes::OneOf(NAMES)),
    optional("days", Takes::Flag),
    optional("model", Takes::Text),
    optional("api_key", Takes::Text),
    optional("user_id", Takes::Text),
    optional("team_ids", Takes::Text),
    optional("organization_ids", Takes::Text),
    optional("end_user_ids", Takes::Text),
    optional("tags", Takes::Text),
    optional("format", Takes::OneOf(&["json", "csv"])),
];

/// `GET /usage`
pub async fn usage(visit: Visit) -> Answer {
    let form = visit.query(&[FIELDS, DATES])?;
    let by = form.text("by").unwrap_or("all");
    let (_, of, column) = COMPARED.into_iter().find(|(name, ..)| *name == by).unwrap_or(COMPARED[0]);
    let mut filter = filter(&visit, of, &form)?;
    // The daily reports take everybody's together for the gateway's; here users are told apart.
    if by == "user" {
        filter.of = Of::User;
    }
    let days = form.flag("days") == Some(true);
    let columns: Vec<By> = days.then_some(By::Day).into_iter().chain(column).collect();
    let order = if days { Order::Names } else { Order::Spend };
    let sums = visit.store().activity(&filter, &columns, order, MOST).await?;
    if form.text("format") == Some("csv") {
        return answer_csv(activity_csv(&columns, &sums));
    }
    let complete = (sums.len() as i64) < MOST;
    let rows: Result<Vec<Value>> =
        visit.read(|directory| Ok(sums.iter().map(|sum| row(sum, by, days, directory)).collect()));
    answer(json!({ "by": by, "rows": rows?, "complete": complete }))
}

fn row(sum: &Activity, by: &str, days: bool, directory: &Directory) -> Value {
    let mut names = sum.names.iter();
    let day = if days { names.next() } else { None };
    let name = names.next().map_or("", String::as_str);
    let metrics = &sum.metrics;
    json!({
        "day": day,
        "name": name,
        "label": label(by, name, directory),
        "spend": metrics.spend.dollars(),
        "unpriced": metrics.unpriced,
        "requests": metrics.requests,
        "successes": metrics.successes,
        "failures": metrics.failures,
        "cache_hits": metrics.cache_hits,
        "prompt_tokens": metrics.prompt_tokens,
        "completion_tokens": metrics.completion_tokens,
        "cache_read_tokens": metrics.cache_read_tokens,
        "reasoning_tokens": metrics.reasoning_tokens,
        "timed": metrics.timed,
        "duration_ms": metrics.duration_ms,
        "first_tokens": metrics.first_tokens,
        "first_token_ms": metrics.first_token_ms,
    })
}

/// What people call it, where that is not its name.
fn label(by: &str, name: &str, directory: &Directory) -> Option<String> {
    match by {
        "model" => Some(bare(name).to_owned()).filter(|bare| bare != name),
        "key" => match name.split_once(':') {
            Some(("session", user)) => Some(format!("{user} in the browser")),
            _ => key_of(directory, name).map(|key| key.key_alias.clone().unwrap_or_else(|| key.key_name.clone())),
        },
        "user" => {
            let user = &directory.users.get(name)?.record;
            user.user_alias.clone().or_else(|| user.user_email.clone())
        }
        "team" => directory.teams.get(name)?.record.team_alias.clone(),
        "organization" => directory.organizations.get(name)?.record.organization_alias.clone(),
        "customer" => directory.customers.get(name)?.record.alias.clone(),
        _ => None,
    }
}
