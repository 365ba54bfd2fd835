//! `router_settings`.

use super::Kind::*;
use super::{Key, Table, later, moot, on};

/// How deployments are chosen and what happens when they fail.
pub static ROUTER: Table = Table { name: "router_settings", keys: &[CHOICE, FAULTS, CHECKS, STATE], open: false };

/// Retries by kind of fault.
pub static RETRY_POLICY: Table = Table { name: "retry_policy", keys: &[RETRIES], open: false };

/// How many calls may be trying again at once.
pub static RETRY_BUDGET: Table = Table { name: "retry_budget", keys: &[RETRY_SHARE], open: false };

#[rustfmt::skip]
const RETRY_SHARE: &[Key] = &[
    on("budget_percent", Count, "percent of the calls in flight; 20 unless given"),
    on("min_retry_concurrency", Count, "so many in any case; 10 unless given"),
];

/// Faults that are allowed by kind.
pub static ALLOWED_FAILS: Table = Table { name: "allowed_fails_policy", keys: &[FAILS], open: false };

/// The long form of an alias.
pub static ALIAS: Table = Table { name: "model_group_alias.*", keys: &[ALIAS_ENTRY], open: false };

/// A router: a name that stands for the model that fits a call.
pub static ROUTER_ENTRY: Table = Table { name: "routers.*", keys: &[ROUTES], open: false };

/// A rule of a router.
pub static ROUTE_RULE: Table = Table { name: "routers.*.rules[]", keys: &[ROUTE], open: false };

/// When a rule of a router holds.
pub static ROUTE_WHEN: Table = Table { name: "routers.*.rules[].when", keys: &[CONDITIONS], open: false };

#[rustfmt::skip]
const ROUTES: &[Key] = &[
    on("rules", List, "rules in the order in which they are asked: the first one that holds and has a model left that the caller may use decides"),
    on("default", Text, "group of the calls for which no rule holds"),
    on("embedding_model", Name, "group that makes vectors of texts, for rules with `examples`"),
    on("embedding_timeout", Seconds, "seconds that a call waits for the vector of its text; 1 unless given"),
    on("tier_boundaries", Map, "where the tiers of difficulty begin: `{simple_medium: 0.15, medium_complex: 0.35, complex_reasoning: 0.6}` unless given"),
];

#[rustfmt::skip]
const ROUTE: &[Key] = &[
    on("name", Text, "its name in `x-lockgate-route`; otherwise its number"),
    on("when", Map, "conditions, all of which must hold; a rule without one always holds"),
    on("model", Text, "the group that gets the call"),
    on("split", Map, "weights by group, instead of `model`; a user stays with the same group"),
    on("experiment", Text, "name of the split: each call gets the tag `experiment:NAME:GROUP`, by which reports tell the arms apart; otherwise the name of the rule"),
    on("max_price", Money, "most dollars for a million tokens of input and a million of output together: groups that cost more, or nobody knows what, are left out"),
    on("escalate", Texts, "groups that are asked, one after another, when an answer fails a check"),
    on("checks", Texts, "what an answer must pass: `empty`, `refusal`, `schema`; all of them unless given; of streams only `empty` is looked at"),
];

#[rustfmt::skip]
const CONDITIONS: &[Key] = &[
    on("intent", Texts, "what the prompt wants: `code`, `reasoning`, `extraction`, `classification`, `chat`"),
    on("tier", Texts, "how difficult it is: `simple`, `medium`, `complex`, `reasoning`"),
    on("words", Texts, "words or phrases in the user's last message"),
    on("examples", Texts, "sentences like which the user's last message is: of several rules with examples the nearest one holds (`docs/routing.md`)"),
    on("similarity", Number, "how near the message must be to one of them, from 0 to 1; 0.5 unless given"),
    on("min_tokens", Count, "input of at least so many tokens, by estimate"),
    on("max_tokens", Count, "input of at most so many tokens, by estimate"),
    on("language", Texts, "language of the user's last message: `en`, `de`, `fr`, `es`, `it`, `pt`, `nl`, `pl`, `zh`, `ja`, `ko`, `ru`, `ar`, `he`, `el`, `hi`, `th`"),
    on("tools", Flag, "whether tools come along"),
    on("images", Flag, "whether pictures come along"),
    on("schema", Flag, "whether the answer must be JSON"),
    on("metadata", Map, "fields of the request's metadata and the value of each"),
    on("tags", Texts, "tags of the request, the key, the team or the project"),
    on("keys", Texts, "alias or hash of the key"),
    on("teams", Texts, "alias or id of the team"),
    on("hours", Texts, "spans such as `22:00-06:00`"),
    on("days", Texts, "`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`"),
    on("timezone", Text, "time zone of hours and days; UTC unless given"),
];

/// What a provider may cost.
pub static PROVIDER_BUDGET: Table = Table { name: "provider_budget_config.*", keys: &[BUDGET_ENTRY], open: false };

/// An engine on a machine of one's own.
pub static NODE: Table = Table { name: "nodes[]", keys: &[NODE_ENTRY], open: false };

#[rustfmt::skip]
const NODE_ENTRY: &[Key] = &[
    on("api_base", Name, "its address, as in `litellm_params`"),
    on("slots", Count, "calls at a time for each loaded model (`OLLAMA_NUM_PARALLEL`); otherwise the `max_parallel_requests` of its deployments, otherwise 1"),
    on("max_loaded_models", Count, "models in memory at a time (`OLLAMA_MAX_LOADED_MODELS`); 3 unless given where `vram` is, otherwise 1"),
    on("vram", Text, "memory for models, such as `24GB`"),
    on("load_timeout", Limit, "seconds that a load may take; 600 unless given"),
    on("mac", Name, "hardware address, to wake it by wake-on-LAN"),
    on("wake_address", Text, "where the packet goes, by UDP; `255.255.255.255:9` unless given"),
    on("wake_seconds", Limit, "seconds that it takes to wake up; 60 unless given"),
];

/// Redis.
pub static COORDINATION: Table = Table { name: "coordination_redis", keys: &[REDIS], open: false };

#[rustfmt::skip]
pub(super) const REDIS: &[Key] = &[
    on("url", Secret, "address: `redis://:password@host:6379/0`, `rediss://` with TLS"),
    on("host", Name, "the same in parts"),
    on("port", Text, "6379 unless given"),
    on("username", Name, "user"),
    on("password", Secret, "password"),
    on("db", Text, "number of the database"),
    on("ssl", Text, "whether it speaks TLS"),
    on("startup_nodes", List, "nodes of a cluster, instead of a host: `[{host: 10.0.0.1, port: 6379}]`"),
    on("redis_startup_nodes", List, "other name of `startup_nodes`"),
    on("sentinel_nodes", List, "sentinels, instead of a host: `[[10.0.0.1, 26379]]`"),
    on("service_name", Name, "name of the master among sentinels"),
    on("sentinel_username", Name, "user of the sentinels themselves"),
    on("sentinel_password", Secret, "password of the sentinels themselves"),
    later("aws_iam_*", Any, "sign-in with AWS IAM"),
];

/// Settings of a strategy.
pub static STRATEGY_ARGS: Table = Table { name: "routing_strategy_args", keys: &[ARGS], open: false };

/// A name for several groups.
pub static ROUTING_GROUP: Table = Table { name: "routing_groups[]", keys: &[GROUP], open: false };

#[rustfmt::skip]
const ARGS: &[Key] = &[
    on("ttl", Seconds, "seconds for which a measurement of speed counts; 3600 unless given"),
    on("lowest_latency_buffer", Number, "how much slower than the quickest is as good: 0.5 is half as slow again; 0 unless given"),
    moot("max_latency_list_size", Count, "measurements that are kept", "a running mean needs none of them"),
    later("ttft_percentile", Number, "a percentile instead of the mean"),
    later("confidence_threshold_*", Number, "thresholds of `lar1`"),
];

#[rustfmt::skip]
const GROUP: &[Key] = &[
    on("group_name", Name, "what callers ask for"),
    on("models", Texts, "the groups"),
    on("routing_strategy", Text, "how a deployment is chosen; `priority` goes by `model_priorities`"),
    on("routing_strategy_args", Map, "settings of the strategy"),
    on("model_priorities", Map, "number by group: the lowest comes first, equals share"),
];

#[rustfmt::skip]
const CHOICE: &[Key] = &[
    on("routing_strategy", Text, "how a deployment is chosen within a group: `simple-shuffle` (by weight, unless given), `least-busy`, `latency-based-routing` (one call in about fifty asks one again that was slow), `usage-based-routing`, `usage-based-routing-v2`, `cost-based-routing`"),
    on("routing_strategy_args", Map, "settings of the strategy: `ttl` and `lowest_latency_buffer`"),
    on("routing_groups", List, "names for several groups together, with a strategy of their own"),
    later("weights", Map, "weights by group and deployment"),
    on("routers", Map, "names such as `auto` that stand for the model that fits a call: see `routers.*` below"),
    on("model_group_alias", Map, "other names of groups: `alias: group` or `alias: {model: group, hidden: true}`"),
    later("default_litellm_params", Map, "parameters of all deployments"),
    on("default_max_parallel_requests", Count, "most calls at a time of each deployment, unless it says so itself"),
    on("default_priority", Count, "priority of requests that name none (`priority`, or the header `x-litellm-priority`): lower numbers come first where calls wait; 0 unless given"),
    moot("polling_interval", Number, "how often queued requests are looked at", "whoever waits is told when its turn comes"),
    on("nodes", List, "engines on machines of your own: see `nodes[]` below and `docs/local-engines.md` (only here)"),
    on("queue_size", Count, "most calls that wait for a place at a model's deployments; 1000 unless given (only here)"),
    on("queue_timeout", Limit, "seconds that a call waits for a place; 5 unless given, and 600 at engines of your own (only here)"),
    on("enable_tag_filtering", Flag, "chooses deployments by the tags of the request, the key, the team and the project: see `docs/routing.md`"),
    on("tag_filtering_match_any", OnFlag, "whether one tag in common is enough; otherwise a deployment needs all tags of the request"),
    on("tag_routing_prefix", Text, "what may stand before a tag to say that it is meant for routing"),
];

#[rustfmt::skip]
const FAULTS: &[Key] = &[
    on("num_retries", Count, "tries after the first one, within a group; 2 unless given"),
    on("max_retries", Count, "other name of `num_retries`"),
    on("retry_after", Seconds, "shortest pause before the same deployment is tried again"),
    on("retry_policy", Map, "tries after the first one by kind of fault, e.g. `TimeoutErrorRetries: 3`"),
    on("model_group_retry_policy", Map, "`retry_policy` of single groups"),
    on("timeout", Limit, "seconds a call may take, unless its deployment says otherwise"),
    on("stream_timeout", Limit, "seconds until the first content of a stream, and of silence within it"),
    on("fallbacks", Any, "groups that stand in: `- group: [other, another]` or `group: [other, another]`; `\"*\"` is every group"),
    on("context_window_fallbacks", Any, "the same when the input is too long for the group"),
    on("content_policy_fallbacks", Any, "the same when the provider refuses the content"),
    on("default_fallbacks", Texts, "groups that stand in for every group"),
    on("max_fallbacks", Count, "most groups that are tried after the first; 5 unless given"),
    on("max_attempts", Count, "most attempts of one call with all retries, fallbacks and escalations; 12 unless given"),
    on("max_cost_per_request", Money, "most dollars that all attempts of one call may cost together: answers are bounded to it; no bound unless given"),
    on("retry_budget", Map, "how many calls may be trying the same deployment again at once: `{budget_percent: 20, min_retry_concurrency: 10}` unless given, percent of the calls in flight there and so many in any case"),
    on("allowed_fails", Count, "faults per minute after which a deployment rests; otherwise the share of faults decides"),
    on("allowed_fails_policy", Map, "the same by kind of fault, e.g. `TimeoutErrorAllowedFails: 3`: where it names the kind, it decides alone"),
    on("cooldown_time", Seconds, "seconds a deployment rests, unless the provider says how long; 5 unless given"),
    on("disable_cooldowns", Flag, "deployments never rest"),
    moot("enable_fallbacks", Flag, "fallbacks", "fallbacks are always on; `fallbacks` says which"),
    moot("enable_weighted_failover", Flag, "tries another deployment after a fault", "that is always done"),
    later("enable_mid_stream_fallback_continuation", Flag, "goes on with a broken stream elsewhere"),
    later("fallback_on_unsupported_params", OnFlag, "unsupported parameters lead to a fallback"),
];

#[rustfmt::skip]
const CHECKS: &[Key] = &[
    on("enable_pre_call_checks", Flag, "leaves out deployments whose context window (`max_input_tokens`) is too small for a call (`docs/routing.md`)"),
    on("context_truncation", Any, "what becomes of calls that are too long for their group: `refuse`, `drop_oldest`, `keep_last` or `middle_out`, for all groups or by group: `{my-model: drop_oldest}`"),
    on("optional_pre_call_checks", Texts, "`enforce_model_rate_limits`: `rpm` and `tpm` of deployments are limits; `session_affinity`, `prompt_caching`, `deployment_affinity`: calls of one session, conversation or key stay with one deployment (`docs/routing.md`); budgets of deployments always hold, and what a provider keeps or has encrypted always goes back to it; others have no effect yet"),
    moot("deployment_affinity_ttl_seconds", Seconds, "how long a caller stays with a deployment", "nothing is remembered: calls stay where they are as long as their deployment is there"),
    on("model_group_affinity_config", Map, "the three affinities by group: `group: [session_affinity]`; groups that it names heed no others"),
    moot("session_affinity_repin_on_failover", Flag, "stays with the stand-in after a fault", "a session returns when its deployment is well again"),
    later("enable_health_check_routing", Flag, "leaves out deployments that failed a health check"),
    later("health_check_*", Any, "how long health checks count"),
    on("provider_budget_config", Map, "most spend by provider: `openai: {budget_limit: 100, time_period: 1d}`"),
    moot("ignore_invalid_deployments", OnFlag, "leaves out entries with mistakes", "mistakes are reported instead"),
];

#[rustfmt::skip]
const STATE: &[Key] = &[
    on("redis_url", Secret, "Redis by way of which replicas share limits and budgets, unless `coordination_redis` says another"),
    on("redis_host", Name, "the same in parts"),
    on("redis_port", Text, "its port; 6379 unless given"),
    on("redis_password", Secret, "its password"),
    on("redis_username", Name, "its user"),
    on("redis_db", Text, "number of its database"),
    on("redis_ssl", Text, "whether it speaks TLS"),
    on("redis_startup_nodes", List, "nodes of a cluster, instead of a host"),
    on("redis_sentinel_nodes", List, "sentinels, instead of a host"),
    on("redis_service_name", Name, "name of the master among sentinels"),
    on("redis_sentinel_username", Name, "user of the sentinels themselves"),
    on("redis_sentinel_password", Secret, "password of the sentinels themselves"),
    later("cache_responses", Flag, "keeps answers"),
    later("cache_kwargs", Map, "settings of that cache"),
    later("caching_groups", List, "groups that share answers"),
    moot("client_ttl", Seconds, "how long HTTP clients are kept", "connections are kept as long as they are used"),
    later("assistants_config", Map, "the Assistants API"),
    later("alerting_config", Map, "alerts of the router"),
    later("guardrail_list", List, "guardrails of the router"),
    later("search_tools", List, "search tools of the router"),
    moot("plugins", List, "Python plugins", "there is no Python here"),
    moot("set_verbose", Flag, "logs more", "start with --debug"),
    moot("debug_level", Text, "logs more", "start with --debug"),
];

#[rustfmt::skip]
const RETRIES: &[Key] = &[
    on("BadRequestErrorRetries", Count, "requests that are not understood"),
    on("AuthenticationErrorRetries", Count, "keys that are missing or wrong"),
    on("TimeoutErrorRetries", Count, "answers that do not come in time"),
    on("RateLimitErrorRetries", Count, "too many requests or tokens"),
    on("ContentPolicyViolationErrorRetries", Count, "content that the provider refuses"),
    on("InternalServerErrorRetries", Count, "providers that fail, break off or answer nonsense"),
    on("ServiceUnavailableErrorRetries", Count, "providers that are overloaded"),
    on("NotFoundErrorRetries", Count, "models that do not exist"),
    on("DefaultRetries", Count, "every other kind that a retry can help"),
];

/// Why mistakes of callers are not counted.
const HARMLESS: &str = "a caller's mistake harms no deployment";

#[rustfmt::skip]
const FAILS: &[Key] = &[
    on("AuthenticationErrorAllowedFails", Count, "keys of ours that the provider refuses"),
    on("TimeoutErrorAllowedFails", Count, "answers that do not come in time"),
    on("RateLimitErrorAllowedFails", Count, "too many requests or tokens"),
    on("InternalServerErrorAllowedFails", Count, "providers that fail, break off or answer nonsense"),
    on("BadGatewayErrorAllowedFails", Count, "providers that cannot be reached"),
    on("ServiceUnavailableErrorAllowedFails", Count, "providers that are overloaded"),
    on("NotFoundErrorAllowedFails", Count, "models that do not exist"),
    moot("BadRequestErrorAllowedFails", Count, "requests that are not understood", HARMLESS),
    moot("ContentPolicyViolationErrorAllowedFails", Count, "content that the provider refuses", HARMLESS),
];

#[rustfmt::skip]
const BUDGET_ENTRY: &[Key] = &[
    on("budget_limit", Money, "most spend"),
    on("time_period", Text, "window: `30s`, `5m`, `24h`, `7d`, `30d`, `1mo`; for ever, unless given"),
    on("max_budget", Money, "the same as `budget_limit`"),
    on("budget_duration", Text, "the same as `time_period`"),
];

#[rustfmt::skip]
const ALIAS_ENTRY: &[Key] = &[
    on("model", Name, "the group"),
    on("hidden", Flag, "served, but not listed"),
];
