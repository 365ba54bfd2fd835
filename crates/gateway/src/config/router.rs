//! `router_settings`, and what `litellm_settings` says about the same things: there the router's word wins.

use std::sync::Arc;
use std::time::Duration;

use engine::Queueing;
use policy::{RetryBudget, RetryPolicy, Rules, TagRules, TryBounds};
use types::FaultKind;

use super::affinity;
use super::bounds::Shared;
use super::fallbacks::{self, Chain};
use super::keys::{ALIAS, RETRY_BUDGET, RETRY_POLICY};
use super::models::Defaults;
use super::report::{Notes, Place};
use super::rest;
use super::routing::{self, Declared};
use super::section::{Section, scalar, shown};
use super::spending::amount;
use super::strategy::{self, RoutingGroup};
use super::tree::{Node, Value};
use super::truncation;

/// Silence after which a stream gets a sign of life, unless somebody says otherwise.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What holds for all groups.
pub struct Router {
    /// What to do when things go wrong.
    pub rules: Rules,
    /// The fallbacks in `rules`, with their places.
    pub chains: Vec<Chain>,
    /// Other names of groups.
    pub aliases: Vec<Alias>,
    /// Groups of groups.
    pub routing_groups: Vec<RoutingGroup>,
    /// Names that stand for the model that fits a call.
    pub routers: Vec<Declared>,
    /// What holds for deployments that say nothing.
    pub defaults: Defaults,
    /// How calls wait.
    pub queueing: Queueing,
    /// Silence after which a stream gets a sign of life.
    pub heartbeat: Duration,
}

/// Another name of a group.
pub struct Alias {
    /// The name.
    pub name: String,
    /// The group.
    pub target: String,
    /// Whether it is served but not listed.
    pub hidden: bool,
    /// Where it was written.
    pub place: Place,
    /// Its path.
    pub path: String,
}

/// Reads both sections.
pub fn read(router: &Section, library: &Section, notes: &mut Notes) -> Router {
    let strategy = strategy::read(router, notes).unwrap_or_default();
    let chains = fallbacks::read(router, library, notes);
    let retries =
        router.small("num_retries").or_else(|| router.small("max_retries")).or_else(|| library.small("num_retries"));
    let usual = Rules::default();
    let rest = Arc::new(rest::read(router, library, notes));
    let mut rules = Rules {
        strategy,
        tags: tags(router),
        affinity: affinity::read(router),
        group_affinity: affinity::of_groups(router, notes),
        retries: retries.unwrap_or(usual.retries),
        retry_policy: retry_policy(router.node("retry_policy"), &router.at("retry_policy"), notes),
        min_pause: router.seconds("retry_after").unwrap_or(usual.min_pause),
        max_fallbacks: either(router, library, |section| section.small("max_fallbacks")).unwrap_or(usual.max_fallbacks),
        bounds: bounds(router, notes),
        rest: rest.clone(),
        pre_call_checks: router.flag("enable_pre_call_checks").unwrap_or(false),
        truncation: truncation::read(router, notes),
        ..usual
    };
    for (group, node) in entries(router.node("model_group_retry_policy")) {
        let path = format!("{}.{group}", router.at("model_group_retry_policy"));
        rules.group_retry_policy.insert(group.to_owned(), retry_policy(Some(node), &path, notes));
    }
    fallbacks::apply(&chains, &mut rules);
    let beats = ["sse_keepalive_ping_interval_seconds", "anthropic_sse_ping_interval_seconds"];
    Router {
        rules,
        chains,
        aliases: aliases(router, notes),
        routing_groups: strategy::routing_groups(router, notes),
        routers: routing::rules(router, notes),
        defaults: Defaults {
            timeout: router.seconds("timeout").or_else(|| library.seconds("request_timeout")),
            stream_timeout: router.seconds("stream_timeout"),
            drop_params: library.flag("drop_params").unwrap_or(false),
            strict: library.flag("strict").unwrap_or(false),
            bounds: Shared::read(router, notes),
            rest,
        },
        queueing: queueing(router),
        heartbeat: beats.into_iter().filter_map(|name| library.seconds(name)).min().unwrap_or(HEARTBEAT),
    }
}

fn queueing(router: &Section) -> Queueing {
    let usual = Queueing::default();
    Queueing {
        size: router.count("queue_size").map_or(usual.size, |size| usize::try_from(size).unwrap_or(usize::MAX)),
        timeout: router.seconds("queue_timeout"),
        priority: router.small("default_priority").map_or(usual.priority, i64::from),
    }
}

/// What bounds trying again.
fn bounds(router: &Section, notes: &mut Notes) -> TryBounds {
    let usual = TryBounds::default();
    let (node, path) = (router.node("retry_budget"), router.at("retry_budget"));
    let retries = Section::read(node, &path, &RETRY_BUDGET, notes);
    TryBounds {
        // Without one attempt there is no answer.
        attempts: router.small("max_attempts").unwrap_or(usual.attempts).max(1),
        cost: amount(router, "max_cost_per_request"),
        retries: RetryBudget {
            percent: retries.small("budget_percent").unwrap_or(usual.retries.percent),
            least: retries.small("min_retry_concurrency").unwrap_or(usual.retries.least),
        },
    }
}

fn tags(router: &Section) -> TagRules {
    let usual = TagRules::default();
    TagRules {
        enabled: router.flag("enable_tag_filtering").unwrap_or(usual.enabled),
        match_any: router.flag("tag_filtering_match_any").unwrap_or(usual.match_any),
        prefix: router.text("tag_routing_prefix").unwrap_or_default().to_owned(),
    }
}

/// What the router says, else what the library says.
fn either<T>(router: &Section, library: &Section, read: impl Fn(&Section) -> Option<T>) -> Option<T> {
    read(router).or_else(|| read(library))
}

/// The class of a retry policy that speaks of all kinds that no other key names.
const DEFAULT: &str = "Default";

/// The kinds of fault that a class of the incumbent's errors means.
pub fn kinds(class: &str) -> &'static [FaultKind] {
    use FaultKind::*;
    match class {
        "BadRequestError" => &[InvalidRequest, Unsupported, TooLarge, ContextWindow],
        "AuthenticationError" => &[Authentication, Permission],
        "TimeoutError" => &[Timeout],
        "RateLimitError" => &[RateLimit],
        "ContentPolicyViolationError" => &[ContentPolicy],
        "InternalServerError" => &[Upstream, Malformed, Cut],
        "BadGatewayError" => &[Connect],
        "ServiceUnavailableError" => &[Overloaded],
        "NotFoundError" => &[NotFound],
        // Only kinds that a retry can help: a caller's mistake stays one.
        DEFAULT => &[RateLimit, Overloaded, Connect, Timeout, Cut, Malformed, Upstream],
        _ => &[],
    }
}

fn retry_policy(node: Option<&Node>, path: &str, notes: &mut Notes) -> RetryPolicy {
    let section = Section::read(node, path, &RETRY_POLICY, notes);
    let mut policy = RetryPolicy::new();
    // The default comes first, so that keys that name a kind replace it.
    let mut classes: Vec<&str> = RETRY_POLICY.names().map(|key| key.trim_end_matches("Retries")).collect();
    classes.sort_by_key(|class| *class != DEFAULT);
    for class in classes {
        if let Some(retries) = section.small(&format!("{class}Retries")) {
            policy.extend(kinds(class).iter().map(|kind| (*kind, retries)));
        }
    }
    policy
}

fn aliases(router: &Section, notes: &mut Notes) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for (name, node) in entries(router.node("model_group_alias")) {
        let path = format!("{}.{name}", router.at("model_group_alias"));
        let alias = |target: &str, hidden, path| Alias {
            name: name.to_owned(),
            target: target.to_owned(),
            hidden,
            place: node.place,
            path,
        };
        match (&node.value, scalar(node)) {
            (_, Some(scalar)) => aliases.push(alias(&scalar.text, false, path)),
            (Value::Map(_), _) => {
                let section = Section::read(Some(node), &path, &ALIAS, notes);
                match section.text("model") {
                    Some(target) => aliases.push(alias(target, section.flag("hidden").unwrap_or(false), path)),
                    None => section.missing("model", "model: my-group", notes),
                }
            }
            _ => {
                let message = format!("expected the name of a group, found {}", shown(node, false));
                notes.error(node.place, &path, message, format!("write e.g. {name}: my-group"));
            }
        }
    }
    aliases
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    let entries: &[(String, Node)] = match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    };
    entries.iter().map(|(name, node)| (name.as_str(), node))
}

#[cfg(test)]
mod tests;
