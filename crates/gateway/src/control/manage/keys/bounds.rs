//! Nobody gives a key more than they have: not to a new key, and not to one of theirs that somebody else has limited.

use std::collections::BTreeMap;

use policy::routes;
use serde_json::{Value, json};
use store::Directory;
use store::records::{Allowance, Fields, Key, ModelBudget};
use types::Usd;

use super::super::actor::Actor;
use super::super::refusal::{Refusal, Result};

/// Metadata that holds somebody back: what is in these lists must stay.
const STICKY: [&str; 4] = ["guardrails", "policies", "enforced_params", "tags"];
/// Metadata that only administrators switch on.
const FREEING: [&str; 2] = ["disable_global_guardrails", "allowed_passthrough_routes"];

/// Metadata that only administrators change: it can hold somebody back, and be taken away.
const GUARDING: &str = "loop_breaker";

/// Gives a new key the limits of the key it is made with, where nothing else was asked for, and refuses what goes
/// beyond them.
pub fn within(actor: &Actor, key: &mut Key, directory: &Directory) -> Result<()> {
    let Some(own) = bounding(actor).filter(|_| !actor.is_admin()) else { return Ok(()) };
    inherit(own, key);
    refuse(&loosened(own, key, directory), "a key may have no more than the one that makes it")
}

/// Refuses a change of a key that goes beyond what `actor` has, or, if it does not manage the key, beyond what the key
/// had before.
pub fn keeps_within(actor: &Actor, manages: bool, before: &Key, after: &Key, directory: &Directory) -> Result<()> {
    if actor.is_admin() {
        return Ok(());
    }
    if !manages {
        refuse(&loosened(before, after, directory), "only an administrator may loosen this")?;
    }
    let Some(own) = bounding(actor) else { return Ok(()) };
    let (already, further) = (loosened(own, before, directory), loosened(before, after, directory));
    let kept = |field: &&str| already.contains(field) && !further.contains(field);
    let more: Vec<_> = loosened(own, after, directory).into_iter().filter(|field| !kept(field)).collect();
    refuse(&more, "a key may have no more than the one that changes it")
}

/// Whether `actor` manages the key, rather than just having it.
pub fn manages(actor: &Actor, key: &Key, directory: &Directory) -> bool {
    match &key.team_id {
        Some(team) => actor.manages_team(directory, team),
        None => actor.is_admin() || key.user_id.as_deref().is_some_and(|user| !actor.is(user)),
    }
}

/// The key that bounds what `actor` gives: a session was not made for something, and its end bounds nothing.
fn bounding(actor: &Actor) -> Option<&Key> {
    actor.key.as_deref().filter(|key| key.session.is_none())
}

fn refuse(fields: &[&str], why: &str) -> Result<()> {
    match fields.first() {
        Some(field) => Err(Refusal::forbidden(format!("{field}: {why}"))),
        None => Ok(()),
    }
}

fn inherit(own: &Key, key: &mut Key) {
    let (from, to) = (&own.allowance, &mut key.allowance);
    if to.max_budget.is_none() {
        to.max_budget = from.max_budget;
        to.budget_duration = to.budget_duration.take().or_else(|| from.budget_duration.clone());
    }
    to.budget_id = to.budget_id.take().or_else(|| from.budget_id.clone());
    for (to, from) in [
        (&mut to.tpm_limit, from.tpm_limit),
        (&mut to.rpm_limit, from.rpm_limit),
        (&mut to.tpd_limit, from.tpd_limit),
        (&mut to.max_parallel_requests, from.max_parallel_requests),
    ] {
        *to = to.or(from);
    }
    if to.budget_limits.is_empty() {
        to.budget_limits = from.budget_limits.clone();
    }
    for (model, budget) in &from.model_max_budget {
        to.model_max_budget.entry(model.clone()).or_insert_with(|| budget.clone());
    }
    for (to, from) in
        [(&mut to.model_rpm_limit, &from.model_rpm_limit), (&mut to.model_tpm_limit, &from.model_tpm_limit)]
    {
        for (model, limit) in from {
            to.entry(model.clone()).or_insert(*limit);
        }
    }
    for (to, from) in [
        (&mut key.models, &own.models),
        (&mut key.allowed_routes, &own.allowed_routes),
        (&mut key.allowed_cache_controls, &own.allowed_cache_controls),
    ] {
        if to.is_empty() {
            to.clone_from(from);
        }
    }
    key.expires = key.expires.or(own.expires);
    key.project_id = key.project_id.take().or_else(|| own.project_id.clone());
    if let Some(rules) = own.metadata.get(GUARDING) {
        key.metadata.entry(GUARDING).or_insert_with(|| rules.clone());
    }
    for name in STICKY {
        let kept = texts(&own.metadata, name);
        if kept.is_empty() {
            continue;
        }
        let mut all = texts(&key.metadata, name);
        all.extend(kept.into_iter().filter(|text| !all.contains(text)).collect::<Vec<_>>());
        key.metadata.insert(name.to_owned(), json!(all));
    }
}

/// The fields in which `to` is held back less than `from`. What a shared budget sets counts as well.
pub fn loosened(from: &Key, to: &Key, directory: &Directory) -> Vec<&'static str> {
    let mut fields = loosened_allowance(&whole(&from.allowance, directory), &whole(&to.allowance, directory));
    let mut note = |loose: bool, field| {
        if loose {
            fields.push(field);
        }
    };
    let names = |from: &[String], to: &[String]| {
        !from.is_empty() && (to.is_empty() || to.iter().any(|name| !from.contains(name)))
    };
    note(names(&from.models, &to.models), "models");
    note(names(&from.allowed_cache_controls, &to.allowed_cache_controls), "allowed_cache_controls");
    let routes = !from.allowed_routes.is_empty()
        && (to.allowed_routes.is_empty()
            || to.allowed_routes.iter().any(|entry| !routes::includes(&from.allowed_routes, entry)));
    note(routes, "allowed_routes");
    note(higher(from.expires, to.expires), "duration");
    note(from.blocked && !to.blocked, "blocked");
    let granted =
        |(name, value): (&String, &Value)| from.permissions.get(name) != Some(value) && *value != json!(false);
    note(to.permissions.iter().any(granted), "permissions");
    note(from.organization_id.is_some() && from.organization_id != to.organization_id, "organization_id");
    note(from.project_id.is_some() && from.project_id != to.project_id, "project_id");
    for name in STICKY {
        let kept = texts(&to.metadata, name);
        note(texts(&from.metadata, name).iter().any(|text| !kept.contains(text)), name);
    }
    for name in FREEING {
        let frees =
            |key: &Key| key.metadata.get(name).is_some_and(|value| *value != json!(false) && *value != json!([]));
        note(frees(to) && from.metadata.get(name) != to.metadata.get(name), name);
    }
    note(from.metadata.get(GUARDING) != to.metadata.get(GUARDING), GUARDING);
    fields
}

/// The allowance together with the shared budget that it refers to.
fn whole(allowance: &Allowance, directory: &Directory) -> Allowance {
    let shared = allowance.budget_id.as_deref().and_then(|id| directory.budgets.get(id));
    shared.map_or_else(|| allowance.clone(), |held| allowance.over(&held.record.allowance))
}

fn loosened_allowance(from: &Allowance, to: &Allowance) -> Vec<&'static str> {
    let windows = from.budget_limits.iter().any(|window| {
        let same = to.budget_limits.iter().find(|other| other.budget_duration == window.budget_duration);
        same.is_none_or(|other| higher(window.max_budget, other.max_budget))
    });
    let addition = to.temp_budget_increase.unwrap_or(Usd::ZERO) > Usd::ZERO
        && (from.temp_budget_increase, from.temp_budget_expiry) != (to.temp_budget_increase, to.temp_budget_expiry);
    let all = [
        ("max_budget", higher(from.max_budget, to.max_budget)),
        (
            "budget_duration",
            from.max_budget.is_some() && to.budget_duration.is_some() && from.budget_duration != to.budget_duration,
        ),
        ("budget_id", from.budget_id.is_some() && from.budget_id != to.budget_id),
        ("budget_limits", windows),
        ("temp_budget_increase", addition),
        ("tpm_limit", higher(from.tpm_limit, to.tpm_limit)),
        ("rpm_limit", higher(from.rpm_limit, to.rpm_limit)),
        ("tpd_limit", higher(from.tpd_limit, to.tpd_limit)),
        ("max_parallel_requests", higher(from.max_parallel_requests, to.max_parallel_requests)),
        (
            "model_max_budget",
            from.model_max_budget.iter().any(|(model, budget)| model_loosened(budget, to.model_max_budget.get(model))),
        ),
        ("model_rpm_limit", limits_loosened(&from.model_rpm_limit, &to.model_rpm_limit)),
        ("model_tpm_limit", limits_loosened(&from.model_tpm_limit, &to.model_tpm_limit)),
    ];
    all.into_iter().filter(|(_, loose)| *loose).map(|(field, _)| field).collect()
}

/// Whether a bound is gone, or higher.
fn higher<T: PartialOrd>(from: Option<T>, to: Option<T>) -> bool {
    from.is_some_and(|from| to.is_none_or(|to| to > from))
}

fn limits_loosened(from: &BTreeMap<String, u64>, to: &BTreeMap<String, u64>) -> bool {
    from.iter().any(|(model, limit)| higher(Some(limit), to.get(model)))
}

fn model_loosened(from: &ModelBudget, to: Option<&ModelBudget>) -> bool {
    let Some(to) = to else { return true };
    higher(from.budget_limit, to.budget_limit)
        || from.budget_limit.is_some() && to.time_period.is_some() && from.time_period != to.time_period
        || higher(from.tpm_limit, to.tpm_limit)
        || higher(from.rpm_limit, to.rpm_limit)
}

fn texts(metadata: &Fields, name: &str) -> Vec<String> {
    let list = metadata.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests;
