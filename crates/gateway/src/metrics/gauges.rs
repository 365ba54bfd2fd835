//! How things stand now: deployments, queues, nodes, the books. Whoever pays is in `payers`.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::cache::GroupView;
use engine::{Deployment, Group};

use super::payers;
use super::text::{Braces, Page};
use crate::books::unix_ms;
use crate::host::{Facts, Gpu};
use crate::live::Live;

/// Millijoules in a watt-hour.
const MJ_PER_WH: f64 = 3_600_000.0;

/// Writes all of them.
pub fn write(page: &mut Page, live: &Live) {
    write_deployments(page, live);
    write_room(page, live);
    write_nodes(page, live);
    write_host(page, &live.host.facts());
    payers::write(page, live);
    write_loops(page, live);
    write_semantic(page, live);
    write_books(page, live);
    let version = Braces::default().and("version", env!("CARGO_PKG_VERSION")).into_text();
    page.many("lockgate_build_info", "the version that runs", "gauge", &BTreeMap::from([(version, 1.0)]));
}

/// All model groups.
pub fn groups(setup: &engine::Setup) -> impl Iterator<Item = &Arc<Group>> {
    setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group))
}

fn write_deployments(page: &mut Page, live: &Live) {
    let setup = live.setup();
    let (mut states, mut rests, mut flying, mut waiting, mut energies) =
        <(BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>)>::default();
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
            if health.energy_mj() > 0 {
                energies.insert(labels.clone(), health.energy_mj() as f64 / MJ_PER_WH);
            }
            rests.insert(labels.clone(), rest);
            flying.insert(labels, f64::from(health.busy()));
        }
    }
    page.one("litellm_in_flight_requests", "attempts under way", "gauge", flying.values().sum());
    page.many("litellm_deployment_state", "0 healthy, 1 partial outage, 2 complete outage", "gauge", &states);
    page.many("lockgate_breaker_rest_seconds", "how much longer a deployment gets no calls", "gauge", &rests);
    page.many("lockgate_deployment_in_flight", "attempts under way", "gauge", &flying);
    page.many(
        "lockgate_deployment_energy_wh_total",
        "watt-hours that calls took on hardware of your own, as far as that is known",
        "counter",
        &energies,
    );
    page.many("lockgate_queue_waiting", "calls that wait for a place", "gauge", &waiting);
}

/// What deployments may be asked, what their providers say is left of that, and how often they had to rest.
fn write_room(page: &mut Page, live: &Live) {
    let (setup, now_ms) = (live.setup(), unix_ms());
    let (mut limits, mut left) = <([BTreeMap<_, _>; 2], [BTreeMap<_, _>; 2])>::default();
    let (mut rests, mut budgets) = <(BTreeMap<_, _>, BTreeMap<_, _>)>::default();
    for group in groups(&setup) {
        for deployment in &group.deployments {
            let (own, quota, bounds) = (labels_of(deployment), &deployment.health.quota, &deployment.bounds);
            let labels = format!("{own},{}", Braces::default().and("model_group", &group.name).into_text());
            let put = |all: &mut [BTreeMap<_, _>; 2], values: [Option<u64>; 2]| {
                for (all, value) in all.iter_mut().zip(values) {
                    all.extend(value.map(|value| (labels.clone(), value as f64)));
                }
            };
            put(&mut limits, [bounds.limits.rpm, bounds.limits.tpm]);
            put(&mut left, [quota.requests(), quota.tokens()]);
            for (status, times) in deployment.health.rests() {
                rests.insert(format!("{own},exception_status=\"{status}\""), times as f64);
            }
            for budget in &bounds.provider_budgets {
                let spent = live.meters.spent(&format!("provider:{}", deployment.provider), budget.span, now_ms);
                let provider = Braces::default().and("api_provider", deployment.provider).into_text();
                budgets.insert(provider, (budget.limit - spent).dollars());
            }
        }
    }
    let [requests, tokens] = &limits;
    page.many("litellm_deployment_rpm_limit", "requests that it may have in a minute", "gauge", requests);
    page.many("litellm_deployment_tpm_limit", "tokens that it may have in a minute", "gauge", tokens);
    let [requests, tokens] = &left;
    page.many("litellm_remaining_requests_metric", "requests that the provider says are left", "gauge", requests);
    page.many("litellm_remaining_tokens_metric", "tokens that the provider says are left", "gauge", tokens);
    page.many("litellm_deployment_cooled_down_total", "rests that began after faults of calls", "counter", &rests);
    page.many("litellm_provider_remaining_budget_metric", "dollars left of a provider's budget", "gauge", &budgets);
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

/// The GPUs of this machine; what one does not say of itself is not there.
fn write_host(page: &mut Page, facts: &Facts) {
    let gpus = facts.gpus.iter().enumerate().map(|(index, gpu)| {
        let labels =
            Braces::default().and("gpu", &index.to_string()).and("name", gpu.name.as_deref().unwrap_or_default());
        (labels.into_text(), gpu)
    });
    let gpus: Vec<_> = gpus.collect();
    let mut put = |name: &str, help: &'static str, what: &dyn Fn(&Gpu) -> Option<f64>| {
        let known = gpus.iter().filter_map(|(labels, gpu)| Some((labels.clone(), what(gpu)?)));
        page.many(name, help, "gauge", &known.collect());
    };
    put("lockgate_gpu_watts", "what a GPU takes", &|gpu| Some(gpu.milliwatts? as f64 / 1000.0));
    put("lockgate_gpu_temperature_celsius", "its temperature", &|gpu| Some(f64::from(gpu.celsius?)));
    put("lockgate_gpu_vram_bytes", "its memory", &|gpu| Some(gpu.memory_bytes? as f64));
    put("lockgate_gpu_vram_used_bytes", "what is used of it", &|gpu| Some(gpu.used_bytes? as f64));
    put("lockgate_gpu_busy_ratio", "share of the time in which it works", &|gpu| {
        Some(f64::from(gpu.busy_percent?) / 100.0)
    });
    if let Some(energy) = facts.energy_mj {
        let help = "watt-hours that the GPUs of this machine took since the start";
        page.one("lockgate_host_energy_wh_total", help, "counter", energy as f64 / MJ_PER_WH);
    }
}

fn write_loops(page: &mut Page, live: &Live) {
    let seen = live.meters.loops.calls().filter(|(.., calls)| *calls > 0);
    let samples = seen.map(|(cause, breaking, calls)| {
        let braces = Braces::default().and("cause", cause.name()).and("action", breaking.name());
        (braces.into_text(), calls as f64)
    });
    let help = "calls that were among too many of a key that runs in circles";
    page.many("lockgate_loop_breaker_calls_total", help, "counter", &samples.collect());
}

fn write_semantic(page: &mut Page, live: &Live) {
    let Some(view) = live.setup().cache.as_ref().and_then(|cache| cache.semantic(unix_ms())) else { return };
    let mut put = |name: &str, help: &'static str, kind: &'static str, what: &dyn Fn(&GroupView) -> f64| {
        let labels = |name: &str| Braces::default().and("model_group", name).into_text();
        let samples = view.groups.iter().map(|(name, group)| (labels(name), what(group)));
        page.many(name, help, kind, &samples.collect());
    };
    let counted = "counter";
    put(
        "lockgate_semantic_cache_hits_total",
        "calls that got the answer to a question which means the same",
        counted,
        &|group| group.hits as f64,
    );
    put("lockgate_semantic_cache_misses_total", "calls whose questions were compared in vain", counted, &|group| {
        group.misses as f64
    });
    put("lockgate_semantic_cache_audits_total", "such hits that were asked anew", counted, &|group| {
        group.audits as f64
    });
    put("lockgate_semantic_cache_false_hits_total", "those whose answers said something else", counted, &|group| {
        group.false_hits as f64
    });
    put("lockgate_semantic_cache_threshold", "how much alike questions must be now", "gauge", &|group| {
        f64::from(group.threshold)
    });
    page.one("lockgate_semantic_cache_entries", "questions that are known", "gauge", view.entries as f64);
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
