//! Who has a budget or limits, and what is left of them; who there is at all. As many are told of as [`MOST`] says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use policy::Span;
use store::Directory;
use store::records::Allowance;
use types::Usd;

use super::text::{Braces, Page};
use crate::books::unix_ms;
use crate::live::Live;

/// Most keys, teams, users, organizations and customers, of each of them, whose budgets and limits are told; and limits of
/// keys and of projects for single models.
const MOST: usize = 1_000;
/// Milliseconds in an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// Somebody with a budget or limits.
struct Payer {
    kind: &'static str,
    subject: String,
    labels: String,
    allowance: Allowance,
}

/// Limits of somebody for one model.
struct ModelLimits {
    subject: String,
    labels: String,
    rpm: Option<u64>,
    tpm: Option<u64>,
}

/// What the directory says, copied, so that nobody waits for it while a page is written.
#[derive(Default)]
struct Known {
    payers: Vec<Payer>,
    keys: Vec<ModelLimits>,
    projects: Vec<ModelLimits>,
    members: BTreeMap<String, f64>,
    users: usize,
    teams: usize,
}

/// Writes all of them.
pub fn write(page: &mut Page, live: &Live) {
    if let Some(books) = &live.books {
        let known = Known::of(&books.registry.read());
        write_payers(page, live, &known.payers);
        write_models(page, live, &known);
        page.many("litellm_team_members_metric", "members of a team", "gauge", &known.members);
        page.one("litellm_total_users", "users", "gauge", known.users as f64);
        page.one("litellm_teams_count", "teams", "gauge", known.teams as f64);
    }
    let held: Usd = live.meters.held();
    page.one(
        "lockgate_held_usd",
        "dollars held for attempts under way, at everybody who pays",
        "gauge",
        held.dollars(),
    );
}

impl Known {
    fn of(directory: &Directory) -> Self {
        let keys = directory.keys.iter().flat_map(|(id, held)| {
            let key = &held.record;
            let labels = || named(["hashed_api_key", "api_key_alias"], id, &key.key_alias);
            model_limits(&key.allowance).map(move |(model, rpm, tpm)| {
                let subject = format!("model:key:{}|{model}", key.counted_as(id));
                ModelLimits { subject, labels: labels().and("model", model).and("model_id", "").into_text(), rpm, tpm }
            })
        });
        let projects = directory.projects.iter().flat_map(|(id, held)| {
            let labels = || named(["project_id", "project_alias"], id, &held.record.project_alias);
            model_limits(&held.record.allowance).map(move |(model, rpm, tpm)| {
                let subject = format!("model:project:{id}|{model}");
                ModelLimits { subject, labels: labels().and("requested_model", model).into_text(), rpm, tpm }
            })
        });
        let mut members = HashMap::<&str, u64>::new();
        for (_, held) in directory.team_members.iter() {
            *members.entry(&held.record.team_id).or_default() += 1;
        }
        let members = members.into_iter().filter_map(|(id, count)| {
            let alias = &directory.teams.get(id)?.record.team_alias;
            Some((named(["team", "team_alias"], id, alias).into_text(), count as f64))
        });
        Known {
            payers: payers(directory),
            keys: keys.take(MOST).collect(),
            projects: projects.take(MOST).collect(),
            members: members.take(MOST).collect(),
            users: directory.users.len(),
            teams: directory.teams.len(),
        }
    }
}

fn named(names: [&str; 2], id: &str, alias: &Option<String>) -> Braces {
    Braces::default().and(names[0], id).and(names[1], alias.as_deref().unwrap_or_default())
}

/// The models that somebody has limits for: requests and tokens of a minute.
fn model_limits(allowance: &Allowance) -> impl Iterator<Item = (&str, Option<u64>, Option<u64>)> {
    let Allowance { model_rpm_limit, model_tpm_limit, model_max_budget, .. } = allowance;
    let models: BTreeSet<&String> =
        model_rpm_limit.keys().chain(model_tpm_limit.keys()).chain(model_max_budget.keys()).collect();
    let limits = models.into_iter().map(|model| {
        let budget = model_max_budget.get(model);
        let rpm = model_rpm_limit.get(model).copied().or(budget.and_then(|budget| budget.rpm_limit));
        let tpm = model_tpm_limit.get(model).copied().or(budget.and_then(|budget| budget.tpm_limit));
        (&**model, rpm, tpm)
    });
    limits.filter(|(_, rpm, tpm)| rpm.is_some() || tpm.is_some())
}

/// Those with budgets or limits. The directory is held no longer than that takes.
fn payers(directory: &Directory) -> Vec<Payer> {
    let merged = |allowance: &Allowance| match allowance.budget_id.as_deref().and_then(|id| directory.budgets.get(id)) {
        Some(shared) => allowance.over(&shared.record.allowance),
        None => allowance.clone(),
    };
    let payer = |kind, subject: String, labels: Braces, allowance: &Allowance| {
        let allowance = merged(allowance);
        let limited = allowance.max_budget.is_some() || allowance.rpm_limit.is_some() || allowance.tpm_limit.is_some();
        limited.then(|| Payer { kind, subject, labels: labels.into_text(), allowance })
    };
    let keys = directory.keys.iter().filter_map(|(id, held)| {
        let key = &held.record;
        let labels = named(["hashed_api_key", "api_key_alias"], id, &key.key_alias);
        payer("api_key", format!("key:{}", key.counted_as(id)), labels, &key.allowance)
    });
    let teams = directory.teams.iter().filter_map(|(id, held)| {
        let labels = named(["team", "team_alias"], id, &held.record.team_alias);
        payer("team", format!("team:{id}"), labels, &held.record.allowance)
    });
    let organizations = directory.organizations.iter().filter_map(|(id, held)| {
        let labels = named(["org_id", "org_alias"], id, &held.record.organization_alias);
        payer("org", format!("organization:{id}"), labels, &held.record.allowance)
    });
    let users = directory.users.iter().filter_map(|(id, held)| {
        payer("user", format!("user:{id}"), Braces::default().and("user", id), &held.record.allowance)
    });
    let customers = directory.customers.iter().filter_map(|(id, held)| {
        payer("customer", format!("customer:{id}"), Braces::default().and("end_user", id), &held.record.allowance)
    });
    let (keys, teams, users) = (keys.take(MOST), teams.take(MOST), users.take(MOST));
    keys.chain(teams).chain(organizations.take(MOST)).chain(users).chain(customers.take(MOST)).collect()
}

fn write_payers(page: &mut Page, live: &Live, payers: &[Payer]) {
    let now_ms = unix_ms();
    let mut samples: BTreeMap<String, (&str, BTreeMap<String, f64>)> = BTreeMap::new();
    let mut put = |name: String, help: &'static str, labels: String, value: f64| {
        samples.entry(name).or_insert((help, BTreeMap::new())).1.insert(labels, value);
    };
    for Payer { kind, subject, labels, allowance } in payers {
        if let Some(budget) = allowance.max_budget {
            let extra =
                allowance.temp_budget_increase.filter(|_| allowance.temp_budget_expiry.is_some_and(|end| end > now_ms));
            let budget = budget + extra.unwrap_or_default();
            let span = allowance.budget_duration.as_deref().and_then(Span::parse);
            let left = budget - live.meters.spent(subject, span, now_ms);
            put(format!("litellm_remaining_{kind}_budget_metric"), "dollars left", labels.clone(), left.dollars());
            put(format!("litellm_{kind}_max_budget_metric"), "dollars of the budget", labels.clone(), budget.dollars());
            if span.is_some() {
                let end_ms = live.meters.window(span, now_ms).end.saturating_mul(1000);
                let hours = end_ms.saturating_sub(now_ms) as f64 / HOUR_MS;
                put(
                    format!("litellm_{kind}_budget_remaining_hours_metric"),
                    "hours until it begins anew",
                    labels.clone(),
                    hours,
                );
            }
        }
        let (requests, tokens) = live.meters.used(subject, now_ms.max(0) as u64);
        for (what, limit, used) in
            [("requests", allowance.rpm_limit, requests), ("tokens", allowance.tpm_limit, tokens)]
        {
            if let (Some(limit), "api_key" | "team") = (limit, *kind) {
                let labels = format!("{labels},rate_limit_type=\"{what}\"");
                let name = |part: &str| format!("litellm_{kind}_rate_limit_{part}_metric");
                put(name("allowed"), "limit of a minute", labels.clone(), limit as f64);
                put(name("used"), "used of it", labels.clone(), used as f64);
                put(name("remaining"), "left of it", labels, limit.saturating_sub(used) as f64);
            }
        }
    }
    for (name, (help, samples)) in &samples {
        page.many(name, help, "gauge", samples);
    }
}

fn write_models(page: &mut Page, live: &Live, known: &Known) {
    let now_ms = unix_ms().max(0) as u64;
    let mut samples = <[BTreeMap<String, f64>; 4]>::default();
    let [requests_left, tokens_left, allowed, used] = &mut samples;
    for ModelLimits { subject, labels, rpm, tpm } in &known.keys {
        let (requests, tokens) = live.meters.used(subject, now_ms);
        requests_left.extend(rpm.map(|limit| (labels.clone(), limit.saturating_sub(requests) as f64)));
        tokens_left.extend(tpm.map(|limit| (labels.clone(), limit.saturating_sub(tokens) as f64)));
    }
    for ModelLimits { subject, labels, rpm, tpm } in &known.projects {
        let (requests, tokens) = live.meters.used(subject, now_ms);
        for (what, limit, count) in [("requests", rpm, requests), ("tokens", tpm, tokens)] {
            let Some(limit) = limit else { continue };
            let labels = format!("{labels},rate_limit_type=\"{what}\"");
            allowed.insert(labels.clone(), *limit as f64);
            used.insert(labels, count as f64);
        }
    }
    let what = [
        ("litellm_remaining_api_key_requests_for_model", "requests of a minute that a key has left for a model"),
        ("litellm_remaining_api_key_tokens_for_model", "tokens of a minute that a key has left for a model"),
        ("litellm_project_model_rate_limit_allowed_metric", "limit of a minute for a model"),
        ("litellm_project_model_rate_limit_used_metric", "used of it"),
    ];
    what.iter().zip(&samples).for_each(|((name, help), samples)| page.many(name, help, "gauge", samples));
}
