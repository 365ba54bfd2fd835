//! What calls did, under the incumbent's names: which metric has which labels, and what it is. To add one: a row.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use store::Directory;

use super::block::{Block, Count, Histogram, SHORT_TIMES, TIMES};
use super::labels::{Labels, OTHER};
use super::text::{Braces, Page};
use crate::live::Live;

/// A counter: its labels, the series that count for it, and what of them.
struct Counter {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static [&'static str]],
    counts: fn(&Labels) -> bool,
    of: fn(&Block) -> &Count,
    /// What a unit of the count is.
    unit: f64,
}

/// A histogram.
struct Times {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static [&'static str]],
    of: fn(&Block) -> &Histogram,
    bounds: &'static [u64],
}

const KEY: &[&str] = &["hashed_api_key", "api_key_alias"];
const TEAM: &[&str] = &["team", "team_alias"];
const ORG: &[&str] = &["org_id", "org_alias"];
const DEP: &[&str] = &["litellm_model_name", "model_id", "api_base", "api_provider"];
const EXC: &[&str] = &["exception_status", "exception_class"];
const MODEL: &[&str] = &["model", "user", "requested_model", "model_id", "api_provider"];
const CACHE: &[&str] = &["model", "user", "model_id", "api_provider"];
const CALL: &[&str] = &["requested_model", "user", "route", "model_id", "api_provider"];
const GROUP: &[&str] = &["model_group", "requested_model"];
const SOURCE: &[&str] = &["model_group", "model", "requested_model", "model_id", "api_provider"];

const fn counter(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static [&'static str]],
    counts: fn(&Labels) -> bool,
    of: fn(&Block) -> &Count,
) -> Counter {
    Counter { name, help, labels, counts, of, unit: 1.0 }
}

fn all(_: &Labels) -> bool {
    true
}

fn succeeded(labels: &Labels) -> bool {
    labels.succeeded
}

fn failed(labels: &Labels) -> bool {
    !labels.succeeded
}

#[rustfmt::skip]
const COUNTERS: &[Counter] = &[
    counter("litellm_proxy_total_requests_metric_total", "calls", &[KEY, TEAM, ORG, CALL, &["status_code"]], all, |block| &block.calls),
    counter("litellm_proxy_failed_requests_metric_total", "calls that brought no whole answer", &[KEY, TEAM, ORG, EXC, CALL], failed, |block| &block.calls),
    counter("litellm_requests_metric_total", "answers of providers", &[KEY, TEAM, ORG, MODEL], succeeded, |block| &block.attempts),
    Counter { unit: 1e-9, ..counter("litellm_spend_metric_total", "dollars", &[KEY, TEAM, ORG, MODEL], all, |block| &block.spend_nanousd) },
    counter("litellm_input_tokens_metric_total", "tokens of input", &[KEY, TEAM, ORG, MODEL], all, |block| &block.input),
    counter("litellm_output_tokens_metric_total", "tokens of output", &[KEY, TEAM, ORG, MODEL], all, |block| &block.output),
    counter("litellm_input_cached_tokens_metric_total", "tokens of input read from providers' caches", &[KEY, TEAM, MODEL], all, |block| &block.cache_read),
    counter("litellm_input_cache_creation_tokens_metric_total", "tokens of input written to providers' caches", &[KEY, TEAM, MODEL], all, |block| &block.cache_write),
    counter("litellm_input_audio_tokens_metric_total", "tokens of input that were audio", &[KEY, TEAM, MODEL], all, |block| &block.input_audio),
    counter("litellm_output_audio_tokens_metric_total", "tokens of output that were audio", &[KEY, TEAM, MODEL], all, |block| &block.output_audio),
    counter("litellm_provider_cache_read_input_tokens_metric_total", "tokens of input read from providers' caches", &[KEY, TEAM, CACHE], all, |block| &block.cache_read),
    counter("litellm_provider_cache_creation_input_tokens_metric_total", "tokens of input written to providers' caches", &[KEY, TEAM, CACHE], all, |block| &block.cache_write),
    counter("litellm_output_reasoning_tokens_metric_total", "tokens of reasoning", &[KEY, TEAM, MODEL], all, |block| &block.reasoning),
    counter("litellm_deployment_total_requests_total", "attempts", &[KEY, TEAM, DEP, GROUP], all, |block| &block.attempts),
    counter("litellm_deployment_success_responses_total", "attempts that brought an answer", &[KEY, TEAM, DEP, GROUP], succeeded, |block| &block.attempts),
    counter("litellm_deployment_failure_responses_total", "attempts that did not", &[KEY, TEAM, DEP, EXC, GROUP], failed, |block| &block.attempts),
    counter("litellm_llm_api_failed_requests_metric_total", "the same by model", &[KEY, TEAM, &["model", "user", "model_id"]], failed, |block| &block.attempts),
    counter("litellm_deployment_successful_fallbacks_total", "calls that another group answered", &[KEY, TEAM, EXC, &["requested_model", "fallback_model", "model_id"]], succeeded, |block| &block.fallbacks),
    counter("litellm_deployment_failed_fallbacks_total", "calls that no other group answered either", &[KEY, TEAM, EXC, &["requested_model", "fallback_model", "model_id"]], failed, |block| &block.fallbacks),
    counter("litellm_cache_hits_metric_total", "calls that got an answer which was kept from an earlier one", &[KEY, TEAM, CACHE], all, |block| &block.cache_hits),
    counter("litellm_cache_misses_metric_total", "calls that looked for one in vain", &[KEY, TEAM, CACHE], all, |block| &block.cache_misses),
    counter("litellm_cached_tokens_metric_total", "tokens of answers that were given again", &[KEY, TEAM, CACHE], all, |block| &block.cached_tokens),
    counter("lockgate_unpriced_attempts_total", "attempts whose price is not known", &[&["model_group", "model", "model_id", "api_provider"]], all, |block| &block.unpriced),
];

#[rustfmt::skip]
const TIMES_TAKEN: &[Times] = &[
    Times { name: "litellm_request_total_latency_metric", help: "seconds of calls", labels: &[TEAM, SOURCE], of: |block| &block.call_time, bounds: &TIMES },
    Times { name: "litellm_llm_api_latency_metric", help: "seconds of attempts", labels: &[TEAM, SOURCE], of: |block| &block.attempt_time, bounds: &TIMES },
    Times { name: "litellm_llm_api_time_to_first_token_metric", help: "seconds until streams have content", labels: &[TEAM, SOURCE], of: |block| &block.first_token_time, bounds: &TIMES },
    Times { name: "litellm_overhead_latency_metric", help: "seconds that the gateway takes", labels: &[DEP, &["model_group"]], of: |block| &block.overhead, bounds: &SHORT_TIMES },
    Times { name: "litellm_deployment_latency_per_output_token", help: "seconds for each token of output", labels: &[DEP, &["model_group"]], of: |block| &block.token_time, bounds: &SHORT_TIMES },
    Times { name: "litellm_request_queue_time_seconds", help: "seconds of waiting for a place", labels: &[&["requested_model", "model", "model_id", "api_provider"]], of: |block| &block.queue_time, bounds: &TIMES },
];

/// Input and output together.
const TOTAL: &str = "litellm_total_tokens_metric_total";

/// Names of those whom calls are counted for, by their ids.
#[derive(Default)]
struct Names {
    keys: HashMap<String, String>,
    teams: HashMap<String, String>,
    organizations: HashMap<String, String>,
}

impl Names {
    /// Copied, so that nobody waits for the directory while a page is written.
    fn of(sums: &HashMap<Arc<Labels>, Block>, directory: &Directory) -> Self {
        let mut names = Names::default();
        for labels in sums.keys() {
            if let Some(alias) = directory.keys.get(&labels.key).and_then(|held| held.record.key_alias.clone()) {
                names.keys.insert(labels.key.clone(), alias);
            }
            let team =
                labels.team.as_ref().and_then(|id| Some((id, directory.teams.get(id)?.record.team_alias.clone()?)));
            names.teams.extend(team.map(|(id, alias)| (id.clone(), alias)));
            let home = labels.organization.as_ref();
            let home =
                home.and_then(|id| Some((id, directory.organizations.get(id)?.record.organization_alias.clone()?)));
            names.organizations.extend(home.map(|(id, alias)| (id.clone(), alias)));
        }
        names
    }
}

/// Writes all of them.
pub fn write(page: &mut Page, sums: &HashMap<Arc<Labels>, Block>, live: &Live) {
    let names = live.books.as_ref().map(|books| Names::of(sums, &books.registry.read())).unwrap_or_default();
    for counter in COUNTERS {
        write_counter(page, counter, sums, &names, |block| (counter.of)(block).get());
    }
    let total = counter(TOTAL, "tokens", &[KEY, TEAM, ORG, MODEL], all, |block| &block.input);
    write_counter(page, &total, sums, &names, |block| block.input.get().saturating_add(block.output.get()));
    for times in TIMES_TAKEN {
        write_times(page, times, sums, &names);
    }
}

fn write_counter(
    page: &mut Page,
    counter: &Counter,
    sums: &HashMap<Arc<Labels>, Block>,
    names: &Names,
    count: impl Fn(&Block) -> u64,
) {
    let mut samples = BTreeMap::<String, u64>::new();
    for (labels, block) in sums.iter().filter(|(labels, _)| (counter.counts)(labels)) {
        let count = count(block);
        // Tokens of a kind that was never seen are none; whoever asks how many more there are must know that.
        if count > 0 || counter.name.contains("tokens") && labels.succeeded {
            let sum = samples.entry(braces(counter.labels, labels, names)).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    let samples = samples.into_iter().map(|(braces, count)| (braces, count as f64 * counter.unit)).collect();
    page.many(counter.name, counter.help, "counter", &samples);
}

fn write_times(page: &mut Page, times: &Times, sums: &HashMap<Arc<Labels>, Block>, names: &Names) {
    let mut samples = BTreeMap::<String, (Vec<u64>, u64)>::new();
    for (labels, block) in sums {
        let histogram = (times.of)(block);
        if histogram.count() > 0 {
            let (buckets, sum_us) = samples.entry(braces(times.labels, labels, names)).or_default();
            buckets.resize(times.bounds.len() + 1, 0);
            buckets.iter_mut().zip(histogram.buckets()).for_each(|(known, more)| *known += more);
            *sum_us += histogram.sum();
        }
    }
    write_histogram(page, times.name, times.help, times.bounds, samples);
}

/// A histogram of microseconds, as seconds: its buckets and its sum by their labels; nothing if there are none.
pub fn write_histogram(
    page: &mut Page,
    name: &str,
    help: &str,
    bounds_us: &[u64],
    samples: BTreeMap<String, (Vec<u64>, u64)>,
) {
    if samples.is_empty() {
        return;
    }
    page.head(name, help, "histogram");
    let [bucket, sum, count] = ["bucket", "sum", "count"].map(|part| format!("{name}_{part}"));
    for (braces, (buckets, sum_us)) in samples {
        let bounds = bounds_us.iter().map(|us| (*us as f64 / 1e6).to_string()).chain(["+Inf".to_owned()]);
        let mut all = 0;
        for (bound, so_many) in bounds.zip(buckets) {
            all += so_many;
            page.sample(&bucket, &format!("{braces},le=\"{bound}\""), all as f64);
        }
        page.sample(&sum, &braces, sum_us as f64 / 1e6);
        page.sample(&count, &braces, all as f64);
    }
}

fn braces(groups: &[&[&'static str]], labels: &Labels, names: &Names) -> String {
    let mut braces = Braces::default();
    for name in groups.iter().copied().flatten() {
        braces = braces.and(name, &value(name, labels, names));
    }
    braces.into_text()
}

fn value(name: &str, labels: &Labels, names: &Names) -> String {
    let maybe = |value: &Option<String>| value.clone().unwrap_or_default();
    let bare = || labels.model.split_once('/').map_or(&*labels.model, |(_, model)| model).to_owned();
    match name {
        "hashed_api_key" => labels.key.clone(),
        "api_key_alias" => names.keys.get(&labels.key).or(labels.key_alias.as_ref()).cloned().unwrap_or_default(),
        "team" => maybe(&labels.team),
        "team_alias" => alias(&labels.team, &names.teams),
        "org_id" => maybe(&labels.organization),
        "org_alias" => alias(&labels.organization, &names.organizations),
        "user" => maybe(&labels.user),
        "requested_model" | "model_group" => labels.group.clone(),
        "model" | "fallback_model" => bare(),
        "litellm_model_name" => labels.model.clone(),
        "model_id" => labels.deployment.clone(),
        "api_base" => labels.api_base.clone(),
        "api_provider" => labels.provider.clone(),
        "route" => labels.call_type.clone(),
        "status_code" | "exception_status" => match labels.code {
            0 => OTHER.to_owned(),
            code => code.to_string(),
        },
        _ => maybe(&labels.fault),
    }
}

fn alias(id: &Option<String>, aliases: &HashMap<String, String>) -> String {
    match id.as_deref() {
        Some(OTHER) => OTHER.to_owned(),
        Some(id) => aliases.get(id).cloned().unwrap_or_default(),
        None => String::new(),
    }
}
