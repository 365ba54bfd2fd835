//! How things stand now: deployments, queues, nodes, budgets and limits, the books.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Deployment, Group};
use policy::Span;
use store::Directory;
use store::records::Allowance;
use types::Usd;

use super::text::{Braces, Page};
use crate::books::unix_ms;
use crate::live::Live;

/// Most keys, teams, users and organizations, of each of them, whose budgets and limits are told.
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

/// Writes all of them.
pub fn write(page: &mut Page, live: &Live) {
    write_deployments(page, live);
    write_nodes(page, live);
    let payers = live.books.as_ref().map(|books| payers(&books.registry.read())).unwrap_or_default();
    write_payers(page, live, &payers);
    write_books(page, live);
    let version = Braces::default().and("version", env!("CARGO_PKG_VERSION")).into_text();
    page.many("lockgate_build_info", "the version that runs", "gauge", &BTreeMap::from([(version, 1.0)]));
}

fn groups(setup: &engine::Setup) -> impl Iterator<Item = &Arc<Group>> {
    setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group))
}

fn write_deployments(page: &mut Page, live: &Live) {
    let setup = live.setup();
    let (mut states, mut rests, mut flying, mut waiting) =
        <(BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>)>::default();
    for group in groups(&setup) {
        let queued: usize = group.lines.view(0).iter().map(|line| line.waiting).sum();
        waiting.insert(Braces::default().and("model_group", &group.name).into_text(), queued as f64);
        for deployment in &group.deployments {
            let labels = labels_of(deployment);
            let health = &deployment.health;
            let rest = health.rest_left().as_secs_f64();
            let (well, failed) = health.recent();
            // A whole outage while it rests; a partial one while some of its calls fail.
            let state = match (rest > 0.0, failed > 0 && failed >= well / 10) {
                (true, _) => 2.0,
                (false, true) => 1.0,
                (false, false) => 0.0,
            };
            states.insert(labels.clone(), state);
            rests.insert(labels.clone(), rest);
            flying.insert(labels, f64::from(health.busy()));
        }
    }
    page.one("litellm_in_flight_requests", "attempts under way", "gauge", flying.values().sum());
    page.many("litellm_deployment_state", "0 healthy, 1 partial outage, 2 complete outage", "gauge", &states);
    page.many("lockgate_breaker_rest_seconds", "how much longer a deployment gets no calls", "gauge", &rests);
    page.many("lockgate_deployment_in_flight", "attempts under way", "gauge", &flying);
    page.many("lockgate_queue_waiting", "calls that wait for a place", "gauge", &waiting);
}

fn labels_of(deployment: &Deployment) -> String {
    Braces::default()
        .and("litellm_model_name", &deployment.name)
        .and("model_id", &deployment.id)
        .and("api_base", &deployment.endpoint.url())
        .and("api_provider", deployment.provider)
        .into_text()
}

fn write_nodes(page: &mut Page, live: &Live) {
    let setup = live.setup();
    let views: Vec<_> = setup.fleets.iter().map(|fleet| fleet.view()).collect();
    let (mut up, mut running, mut loaded, mut used, mut vram) =
        <(BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>)>::default();
    let mut waiting = BTreeMap::new();
    for fleet in &views {
        for node in &fleet.nodes {
            let labels = Braces::default().and("node", &node.api_base).into_text();
            up.insert(labels.clone(), f64::from(u8::from(!node.is_asleep && node.rests_ms == 0)));
            running.insert(labels.clone(), node.running as f64);
            loaded.insert(labels.clone(), node.loaded.len() as f64);
            used.insert(labels.clone(), node.loaded.iter().map(|one| one.vram_bytes as f64).sum());
            if let Some(bytes) = node.vram_bytes {
                vram.insert(labels, bytes as f64);
            }
        }
        for model in &fleet.models {
            *waiting.entry(Braces::default().and("model", &model.model).into_text()).or_default() +=
                model.waiting as f64;
        }
    }
    page.many("lockgate_node_up", "1 if a node takes calls", "gauge", &up);
    page.many("lockgate_node_running", "calls that run on a node", "gauge", &running);
    page.many("lockgate_node_loaded_models", "models in a node's memory", "gauge", &loaded);
    page.many("lockgate_node_vram_used_bytes", "what they take of it", "gauge", &used);
    page.many("lockgate_node_vram_bytes", "a node's memory for models", "gauge", &vram);
    page.many("lockgate_node_queue_waiting", "calls that wait for a model on a node", "gauge", &waiting);
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
    let named = |names: [&str; 2], id: &str, alias: &Option<String>| {
        Braces::default().and(names[0], id).and(names[1], alias.as_deref().unwrap_or_default())
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
    let (keys, teams) = (keys.take(MOST), teams.take(MOST));
    keys.chain(teams).chain(organizations.take(MOST)).chain(users.take(MOST)).collect()
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
    let held: Usd = live.meters.held();
    page.one(
        "lockgate_held_usd",
        "dollars held for attempts under way, at everybody who pays",
        "gauge",
        held.dollars(),
    );
}

fn write_books(page: &mut Page, live: &Live) {
    let Some(books) = &live.books else { return };
    let state = books.state();
    page.one("lockgate_spool_waiting_bytes", "what is not in the database yet", "gauge", state.waiting as f64);
    page.one("lockgate_spool_written_bytes_total", "what was written to the spool", "counter", state.written as f64);
    page.one("lockgate_spool_lost_total", "attempts that the disk did not take", "counter", state.lost as f64);
    page.one(
        "lockgate_spool_healthy",
        "1 if the disk takes what calls cost",
        "gauge",
        f64::from(u8::from(state.healthy)),
    );
    page.one(
        "lockgate_ledger_lag_seconds",
        "since the ledger last had everything that it could",
        "gauge",
        state.lag.as_secs_f64(),
    );
    let current = books.registry.is_current();
    page.one("lockgate_database_connected", "1 if changes of keys are known", "gauge", f64::from(u8::from(current)));
    if let Some(replica) = &live.replica {
        page.one(
            "lockgate_redis_connected",
            "1 if replicas share limits",
            "gauge",
            f64::from(u8::from(replica.is_connected())),
        );
    }
}
