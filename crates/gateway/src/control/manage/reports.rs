//! What was spent and asked: single calls, days, and sums over time. Administrators see everything; everybody else what
//! they pay for or manage.

mod calls;
mod cost;
mod daily;
mod experiments;
mod faults;
mod global;
mod log;
mod people;
mod provider_budgets;
mod rows;
mod usage;

use serde_json::{Value, json};
use store::Directory;
use store::reports::{Owner, day_of};

pub use calls::{CALLS_FORM, calls};
pub use cost::{CALCULATE_FORM, ESTIMATE_FORM, calculate, estimate};
pub use daily::{
    DAILY_FORM, customers, customers_all, customers_csv, organizations, organizations_all, organizations_csv, tags,
    tags_all, tags_csv, teams, teams_all, teams_csv, users, users_all, users_csv,
};
pub use experiments::{EXPERIMENTS_FORM, experiments};
pub use faults::{EXCEPTIONS_FORM, exceptions, exceptions_by_deployment};
pub use global::{
    CUSTOMERS_TOTAL_FORM, DATED_FORM, LIMITED_FORM, REPORT_FORM, TAGS_TOTAL_FORM, activity, activity_by_model,
    cache_hits, customer_names, customers_total, keys as keys_total, logs, models, providers, refresh, report, reset,
    tag_names, tags_total, teams as teams_total, total,
};
pub use log::{LOG_FORM, call as logged_call, pages as log_pages, session as log_of_session};
pub use people::{
    ACTIVE_FORM, TAG_SUMMARY_FORM, WHOSE_FORM, active_daily, active_monthly, active_weekly, distinct_tags, key_report,
    organization_report, tag_summary, team_report, user_report,
};
pub use provider_budgets::provider_budgets;
pub use rows::{TAG_ROWS_FORM, USER_ROWS_FORM, keys as key_rows, tags as tag_rows, users as user_rows};
pub use usage::{USAGE_FORM, usage};

use super::form::{Field, Form, Takes, optional};
use super::keys;
use super::moment;
use super::refusal::{Refusal, Result};
use super::visit::Visit;

/// Most days that are asked about at once.
const MOST_DAYS: i64 = 3660;
/// Most sums that are listed.
const MOST: i64 = 10_000;
/// Milliseconds in a day.
const DAY: i64 = 86_400_000;

/// From when to when.
const DATES: &[Field] = &[optional("start_date", Takes::Moment), optional("end_date", Takes::Moment)];

/// Whether the caller sees what everybody spends.
fn sees_all(visit: &Visit) -> bool {
    let permitted =
        |key: &std::sync::Arc<store::records::Key>| key.permissions.get("get_spend_routes") == Some(&json!(true));
    visit.actor.sees_everything() || visit.actor.key.as_ref().is_some_and(permitted)
}

/// Refuses whoever does not.
fn must_see_all(visit: &Visit) -> Result<()> {
    match sees_all(visit) {
        true => Ok(()),
        false => Err(Refusal::forbidden("Not allowed to look at what everybody spends.")),
    }
}

/// Whose spend the caller sees; `None` for everybody's.
fn owners(visit: &Visit) -> Result<Option<Vec<Owner>>> {
    if sees_all(visit) {
        return Ok(None);
    }
    let actor = &visit.actor;
    let counted = actor.key.as_deref().map(|key| key.counted_as(&actor.key_hash).to_owned());
    let own = [counted.map(Owner::Key), actor.user_id.clone().map(Owner::User)];
    let managed = visit.read(|directory| {
        let teams = managed_teams(visit, directory).into_iter().map(Owner::Team);
        let homes = directory.organizations.keys().filter(|id| actor.manages_organization(directory, id));
        Ok(teams.chain(homes.cloned().map(Owner::Organization)).collect::<Vec<_>>())
    })?;
    Ok(Some(own.into_iter().flatten().chain(managed).collect()))
}

fn managed_teams(visit: &Visit, directory: &Directory) -> Vec<String> {
    let managed = directory.teams.keys().filter(|id| visit.actor.manages_team(directory, id));
    managed.cloned().collect()
}

/// The first and the last day that a form asks about.
fn days(form: &Form) -> Result<(String, String)> {
    let moment = |name: &str| form.get(name).and_then(Value::as_i64);
    let (Some(from), Some(to)) = (moment("start_date"), moment("end_date")) else {
        return Err(Refusal::bad("Please provide start_date and end_date"));
    };
    if to < from {
        return Err(Refusal::bad_param("end_date", "end_date is before start_date"));
    }
    if (to - from) / DAY > MOST_DAYS {
        return Err(Refusal::bad_param("start_date", format!("at most {MOST_DAYS} days can be asked about at once")));
    }
    Ok((day_of(from), day_of(to)))
}

/// The last 30 days.
fn last_days() -> (String, String) {
    let now = moment::now();
    (day_of(now - 29 * DAY), day_of(now))
}

/// A model without the provider before it.
fn bare(model: &str) -> &str {
    model.split_once('/').map_or(model, |(_, model)| model)
}

/// The hash under which the key is counted that a form names by itself or by its hash.
fn counted(visit: &Visit, form: &Form) -> Result<Option<String>> {
    let Some(given) = form.text("api_key") else { return Ok(None) };
    visit.read(|directory| {
        let id = keys::id_of(given);
        Ok(Some(directory.keys.get(&id).map_or_else(|| id.clone(), |held| held.record.counted_as(&id).to_owned())))
    })
}

/// The name of a key by the hash under which it is counted, if it is still there.
fn key_of<'d>(directory: &'d Directory, counted: &str) -> Option<&'d store::records::Key> {
    if let Some(held) = directory.keys.get(counted) {
        return Some(&held.record);
    }
    let rotated = directory.keys.values().find(|held| held.record.counted_as.as_deref() == Some(counted));
    rotated.map(|held| &*held.record)
}
