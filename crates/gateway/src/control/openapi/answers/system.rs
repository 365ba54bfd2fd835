//! The gateway itself and the machines behind it.

use super::super::shape::Shape::{Any, Count, Flag, ListOf, MapOf, Maybe, Moment, Named, Number, Object, OneOf, Text};
use super::super::shape::{Kind, Shape, has, kind, may_have};
use super::{COUNT_OR_NULL, MAP, MAP_OR_NULL, MOMENT_OR_NULL, NUMBER_OR_NULL, TEXT_OR_NULL, TEXTS};

/// `GET /cache/stats`
pub const CACHE_STATS: Kind = kind(
    "CacheStats",
    "What the cache has, and what it saved; `is_there` says whether the place beside memory answers, null if there is none",
    &[&[
        has("cache_type", OneOf(&["local", "redis", "disk", "s3", "gcs"])),
        has("is_there", Maybe(&Flag)),
        has("entries", Count),
        has("bytes", Count),
        has("max_bytes", Count),
        has("hits", Count),
        has("misses", Count),
        has("saved", Number),
        has("hits_without_price", Count),
        has("semantic", Maybe(&Named(&SEMANTIC))),
    ]],
);

const SEMANTIC: Kind = kind(
    "SemanticCache",
    "Questions that are compared by what they mean",
    &[&[
        has("model", Text),
        has("embedder_rests", Flag),
        has("entries", Count),
        has("max_entries", Count),
        has("bytes", Count),
        has("max_bytes", Count),
        has("groups", ListOf(&Named(&SEMANTIC_GROUP))),
    ]],
);

const SEMANTIC_GROUP: Kind = kind(
    "SemanticGroup",
    "How alike questions of a model group must be, and how often audits found that an answer did not fit; the rate is null \
     as long as there was none",
    &[&[
        has("model_group", Text),
        has("configured_threshold", Number),
        has("threshold", Number),
        has("hits", Count),
        has("misses", Count),
        has("audits", Count),
        has("false_hits", Count),
        has("false_hit_rate", NUMBER_OR_NULL),
    ]],
);

/// `GET /cache/ping`
pub const CACHE_PING: Shape = Object(&[&[
    has("status", Text),
    has("cache_type", Text),
    has("ping_response", Flag),
    has("set_cache_response", Text),
    has("litellm_cache_params", MAP),
]]);

/// A guardrail.
pub const GUARDRAIL: Kind = kind(
    "Guardrail",
    "What calls and answers are looked over for",
    &[&[
        has("guardrail_name", Text),
        has("guardrail_definition_location", Text),
        has("litellm_params", Object(&[&[has("guardrail", Text), has("mode", TEXTS), has("default_on", Flag)]])),
        has("guardrail_info", MAP_OR_NULL),
    ]],
);

/// A key that runs in circles.
pub const LOOP: Kind = kind(
    "Loop",
    "A key that runs in circles: what tripped it, and what is done",
    &[&[
        has("token", Text),
        has("key_alias", TEXT_OR_NULL),
        has("key_name", TEXT_OR_NULL),
        has("user_id", TEXT_OR_NULL),
        has("team_id", TEXT_OR_NULL),
        has("cause", OneOf(&["same", "alike", "burst"])),
        has("action", OneOf(&["off", "alert", "slow", "block"])),
        has("calls", Count),
        has("limit", Count),
        has("since", Moment),
        has("last", Moment),
        has("blocked_until", MOMENT_OR_NULL),
    ]],
);

/// A change.
pub const AUDIT_ENTRY: Kind = kind(
    "AuditEntry",
    "A change of an object: by whom, from what, to what",
    &[&[
        has("id", Text),
        has("updated_at", Moment),
        has("changed_by", TEXT_OR_NULL),
        has("changed_by_api_key", TEXT_OR_NULL),
        has("action", Text),
        has("table_name", Text),
        has("object_id", Text),
        has("before_value", MAP_OR_NULL),
        has("updated_values", MAP_OR_NULL),
    ]],
);

/// `GET /alerts`
pub const ALERTING: Kind = kind(
    "Alerting",
    "Channels that alerts go to",
    &[&[
        has("channels", ListOf(&Named(&ALERT_CHANNEL))),
        has("alert_types", TEXTS),
        has("mail", Flag),
        has("base_url", TEXT_OR_NULL),
    ]],
);

const ALERT_CHANNEL: Kind = kind(
    "AlertChannel",
    "A channel that alerts go to",
    &[&[
        has("channel", Count),
        has("service", OneOf(&["slack", "discord", "teams", "webhook", "email"])),
        has("host", Text),
        has("to", Maybe(&TEXTS)),
        has("alert_types", TEXTS),
        has("last_sent_at", MOMENT_OR_NULL),
        has("last_error", TEXT_OR_NULL),
    ]],
);

/// `GET /nodes`
pub const NODES: Kind = kind(
    "Nodes",
    "Machines that run models, the one this is, and who waits",
    &[&[has("nodes", ListOf(&Named(&NODE))), has("host", Named(&HOST)), has("queues", ListOf(&Named(&QUEUE)))]],
);

const NODE: Kind = kind(
    "Node",
    "A machine that runs models",
    &[&[
        has("api_base", Text),
        has("status", OneOf(&["asleep", "out", "loading", "busy", "idle"])),
        has("slots", Count),
        has("max_loaded_models", Count),
        may_have("vram_bytes", Count),
        has("running", Count),
        may_have("out_for_ms", Count),
        has("loaded", ListOf(&Named(&LOADED))),
        may_have("loading", Named(&LOADED)),
        has("is_this_machine", Flag),
        may_have("watts", Number),
        may_have("watts_from", OneOf(&["measured", "declared"])),
    ]],
);

const LOADED: Kind = kind(
    "Loaded",
    "A model in the memory of a node",
    &[&[has("model", Text), has("num_ctx", Count), has("vram_bytes", Count), has("running", Count)]],
);

const QUEUE: Kind = kind(
    "Queue",
    "Calls that wait for a place of a model group, or for a model of nodes",
    &[&[
        may_have("model", Text),
        may_have("model_group", Text),
        has("waiting", Count),
        has(
            "calls",
            ListOf(&Object(&[&[
                has("priority", Count),
                has("position", Count),
                may_have("expected_ms", Count),
                may_have("waited_ms", Count),
            ]])),
        ),
    ]],
);

const HOST: Kind = kind(
    "Host",
    "The machine that the gateway runs on; what is not known is not there",
    &[&[
        may_have("memory_bytes", Count),
        may_have("memory_available_bytes", Count),
        may_have("processors", Count),
        may_have("load", Number),
        may_have("watts", Number),
        may_have("energy_wh", Number),
        has("gpus", ListOf(&Named(&GPU))),
    ]],
);

const GPU: Kind = kind(
    "Gpu",
    "A graphics processor; what is not known is not there",
    &[&[
        may_have("name", Text),
        may_have("vram_bytes", Count),
        may_have("vram_used_bytes", Count),
        may_have("watts", Number),
        may_have("temperature_celsius", Count),
        may_have("busy_percent", Count),
    ]],
);

/// `POST /config/check`
pub const CHECKED: Kind = kind(
    "CheckedConfig",
    "What is found in a configuration, and what a reload of it would change",
    &[&[
        has("valid", Flag),
        has("findings", TEXTS),
        may_have(
            "changes",
            ListOf(&Object(&[&[has("path", Text), may_have("before", Text), may_have("after", Text)]])),
        ),
    ]],
);

/// A credential.
pub const CREDENTIAL: Kind = kind(
    "Credential",
    "A credential for providers; secrets are stars",
    &[&[has("credential_name", Text), has("credential_values", MapOf(&Any)), has("credential_info", MAP)]],
);

/// A path that is passed on.
pub const PASS_THROUGH: Kind = kind(
    "PassThroughEndpoint",
    "A path that is passed on; headers, and other secrets, are stars",
    &[&[
        has("id", Text),
        has("path", Text),
        has("target", Text),
        has("headers", MapOf(&Text)),
        has("default_query_params", MAP),
        has("include_subpath", Flag),
        has("auth", Flag),
        has("forward_headers", Flag),
        has("cost_per_request", NUMBER_OR_NULL),
        has("methods", Maybe(&TEXTS)),
        has("timeout", NUMBER_OR_NULL),
        has("guardrails", Any),
        has("is_from_config", Flag),
        may_have("created_at", Moment),
        may_have("created_by", TEXT_OR_NULL),
        may_have("updated_at", Moment),
        may_have("updated_by", TEXT_OR_NULL),
    ]],
);

/// How many secrets another key has sealed.
pub const SEALED: Shape = Object(&[&[has("total", Count), has("to_migrate", Count), has("unreadable", Count)]]);

/// `POST /cost/estimate`
pub const ESTIMATE: Shape = Object(&[&[
    has("model", Text),
    has("input_tokens", Count),
    has("output_tokens", Count),
    has("cost_per_request", Number),
    has("input_cost_per_request", Number),
    has("output_cost_per_request", Number),
    has("margin_cost_per_request", Number),
    has("num_requests_per_day", COUNT_OR_NULL),
    has("num_requests_per_month", COUNT_OR_NULL),
    has("total_cost", NUMBER_OR_NULL),
    has("daily_cost", NUMBER_OR_NULL),
    has("monthly_cost", NUMBER_OR_NULL),
]]);
