//! The log of calls, the models and deployments behind them, and what becomes of calls.

use super::super::shape::Shape::{
    Any, Count, Either, Flag, ListOf, MapOf, Maybe, Moment, Named, Number, Object, OneOf, Text,
};
use super::super::shape::{Kind, Part, Shape, has, kind, may_have};
use super::{COUNT_OR_NULL, MAP, MAP_OR_NULL, MOMENT_OR_NULL, NUMBER_OR_NULL, TEXT_OR_NULL, TEXTS};

/// A call.
pub const CALL: Kind = kind(
    "Call",
    "A call, as the log has it",
    &[&[
        has("request_id", Text),
        has("litellm_call_id", Text),
        has("session_id", TEXT_OR_NULL),
        has("call_type", Text),
        has("api_key", Text),
        has("spend", Number),
        has("total_tokens", Count),
        has("prompt_tokens", Count),
        has("completion_tokens", Count),
        has("startTime", Moment),
        has("endTime", MOMENT_OR_NULL),
        has("completionStartTime", MOMENT_OR_NULL),
        has("request_duration_ms", COUNT_OR_NULL),
        has("model", Text),
        has("model_id", Text),
        has("model_group", Text),
        has("custom_llm_provider", Text),
        has("api_base", Text),
        has("user", TEXT_OR_NULL),
        has("team_id", TEXT_OR_NULL),
        has("organization_id", TEXT_OR_NULL),
        has("end_user", TEXT_OR_NULL),
        has("requester_ip_address", TEXT_OR_NULL),
        has("cache_hit", OneOf(&["True", "False"])),
        has("cache_key", TEXT_OR_NULL),
        has("request_tags", TEXTS),
        has("metadata", Named(&CALL_METADATA)),
        // What was said, where that is kept: nothing, or what caller and provider wrote in their dialects.
        has("messages", Any),
        has("response", Any),
        has("proxy_server_request", Any),
        has("status", OneOf(&["success", "failure"])),
        has("mcp_namespaced_tool_name", TEXT_OR_NULL),
        has("agent_id", TEXT_OR_NULL),
        has("outcome", Text),
        has("stream", Flag),
        has("status_code", Count),
        has("attempts", Count),
        has("fallbacks", Count),
        has("queue_ms", Count),
        has("overhead_ms", Number),
        has("first_token_ms", COUNT_OR_NULL),
        has("route", TEXT_OR_NULL),
        has("guardrails", ListOf(&Named(&VERDICT))),
        // What the provider did not get of it.
        has("dropped_params", TEXTS),
        // Of a realtime session, both ways.
        may_have("events", Count),
        may_have("story", Object(&[&[has("attempts", ListOf(&Named(&ATTEMPT))), has("spend", Number)]])),
        // Whether something of what was said is missing, for it was too long.
        may_have("content_cut", Flag),
    ]],
);

const CALL_METADATA: Kind = kind(
    "CallMetadata",
    "Whose call it was, and what it cost",
    &[&[
        has("user_api_key", Text),
        has("user_api_key_alias", TEXT_OR_NULL),
        has("user_api_key_user_id", TEXT_OR_NULL),
        has("user_api_key_user_email", TEXT_OR_NULL),
        has("user_api_key_team_id", TEXT_OR_NULL),
        has("user_api_key_team_alias", TEXT_OR_NULL),
        has("user_api_key_org_id", TEXT_OR_NULL),
        has("requester_ip_address", TEXT_OR_NULL),
        has("status", Text),
        has(
            "cost_breakdown",
            Object(&[&[
                has("input_cost", Number),
                has("output_cost", Number),
                has("tool_usage_cost", Number),
                has("total_cost", NUMBER_OR_NULL),
            ]]),
        ),
        has("usage_object", Named(&USAGE_OBJECT)),
        may_have("energy_wh", Number),
        may_have("saved_cache_cost", NUMBER_OR_NULL),
        may_have("semantic_similarity", NUMBER_OR_NULL),
        may_have("error_information", Named(&ERROR_INFORMATION)),
        // What the caller said of the call.
        may_have("spend_logs_metadata", Any),
    ]],
);

const USAGE_OBJECT: Kind = kind(
    "UsageObject",
    "Tokens; `estimated` where no provider told them",
    &[&[
        has("prompt_tokens", COUNT_OR_NULL),
        has("completion_tokens", COUNT_OR_NULL),
        may_have("total_tokens", COUNT_OR_NULL),
        has("cache_read_input_tokens", COUNT_OR_NULL),
        has("cache_creation_input_tokens", COUNT_OR_NULL),
        has("reasoning_tokens", COUNT_OR_NULL),
        has("estimated", Flag),
    ]],
);

const ERROR_INFORMATION: Kind = kind(
    "ErrorInformation",
    "What went wrong",
    &[&[has("error_code", Text), has("error_class", Text), has("error_message", Text)]],
);

const VERDICT: Kind = kind(
    "Verdict",
    "What a guardrail said to a call",
    &[&[
        has("name", Text),
        has("mode", Text),
        has("verdict", Text),
        // What was found, and how often.
        has("found", ListOf(&ListOf(&Either(&[Text, Count])))),
        has("took_us", Count),
    ]],
);

const ATTEMPT: Kind = kind(
    "Attempt",
    "One try of one deployment",
    &[&[
        has("attempt_id", Text),
        has("outcome", Text),
        has("started_at", Moment),
        has("first_token_at", MOMENT_OR_NULL),
        has("ended_at", MOMENT_OR_NULL),
        has("offset_ms", Count),
        has("duration_ms", COUNT_OR_NULL),
        has("first_token_ms", COUNT_OR_NULL),
        has("model", Text),
        has("model_id", Text),
        has("custom_llm_provider", Text),
        has("api_base", Text),
        has("spend", NUMBER_OR_NULL),
        has("energy_wh", NUMBER_OR_NULL),
        has("cost_lines", MapOf(&Number)),
        has("usage", Named(&USAGE_OBJECT)),
        has("error", Maybe(&Named(&ERROR_INFORMATION))),
    ]],
);

/// A page of the log.
pub const CALL_PAGE: Kind = kind(
    "CallPage",
    "A page of the log. Behind a cursor nothing is counted; `complete` says whether the page is as full as it can be, or \
     the time for it was over",
    &[&[
        has("data", ListOf(&Named(&CALL))),
        has("next_cursor", TEXT_OR_NULL),
        has("complete", Flag),
        may_have("total", Count),
        may_have("total_is_exact", Flag),
        may_have("page", Count),
        may_have("total_pages", Count),
        may_have("page_size", Count),
    ]],
);

/// A day of the log.
pub const DAY_OF_CALLS: Shape = Object(&[&[
    has("startTime", Text),
    has("spend", Number),
    has("api_keys", MapOf(&Number)),
    has("models", MapOf(&Number)),
    has("users", MapOf(&Number)),
]]);

const DEPLOYMENT_PARTS: &[Part] = &[
    has("model_name", Text),
    has("litellm_params", Named(&PARAMS)),
    has("model_info", Named(&MODEL_INFO)),
    has("blocked", Flag),
];

const PARAMS: Kind = Kind {
    name: "DeploymentParams",
    about: "What the configuration says of a deployment, without secrets",
    parts: &[&[has("model", Text), may_have("api_base", Any), may_have("rpm", Any), may_have("tpm", Any)]],
    others: Some(Any),
};

const MODEL_INFO: Kind = Kind {
    name: "ModelInfo",
    about: "What is known of the model of a deployment, in the names of the price map",
    parts: &[&[
        has("id", Text),
        has("db_model", Flag),
        may_have("mode", TEXT_OR_NULL),
        may_have("litellm_provider", TEXT_OR_NULL),
        may_have("max_input_tokens", COUNT_OR_NULL),
        may_have("max_output_tokens", COUNT_OR_NULL),
        may_have("input_cost_per_token", NUMBER_OR_NULL),
        may_have("output_cost_per_token", NUMBER_OR_NULL),
        may_have("team_id", TEXT_OR_NULL),
    ]],
    others: Some(Any),
};

/// A deployment that is served.
pub const DEPLOYMENT: Kind = kind("Deployment", "A deployment, with prices and abilities", &[DEPLOYMENT_PARTS]);
/// A deployment of the database.
pub const ADDED: Kind = kind(
    "AddedDeployment",
    "A deployment that was added by this API",
    &[
        DEPLOYMENT_PARTS,
        &[
            has("model_id", Text),
            has("created_at", Moment),
            has("created_by", TEXT_OR_NULL),
            has("updated_at", Moment),
            has("updated_by", TEXT_OR_NULL),
        ],
    ],
);

/// A model group.
pub const MODEL_GROUP: Kind = kind(
    "ModelGroup",
    "All deployments under one name",
    &[&[
        has("model_group", Text),
        has("providers", TEXTS),
        has("max_input_tokens", COUNT_OR_NULL),
        has("max_output_tokens", COUNT_OR_NULL),
        has("input_cost_per_token", NUMBER_OR_NULL),
        has("output_cost_per_token", NUMBER_OR_NULL),
        has("mode", TEXT_OR_NULL),
        has("tpm", COUNT_OR_NULL),
        has("rpm", COUNT_OR_NULL),
        has("itpm", COUNT_OR_NULL),
        has("otpm", COUNT_OR_NULL),
        has("supports_parallel_function_calling", Flag),
        has("supports_vision", Flag),
        has("supports_web_search", Flag),
        has("supports_url_context", Flag),
        has("supports_reasoning", Flag),
        has("supports_function_calling", Flag),
        has("supported_openai_params", Maybe(&TEXTS)),
        has("configurable_clientside_auth_params", Maybe(&TEXTS)),
        has("is_public_model_group", Flag),
        has("health_status", TEXT_OR_NULL),
    ]],
);

/// A model that can be called. OpenAI's clients and Anthropic's find here what they know.
pub const MODEL: Kind = kind(
    "Model",
    "A model that can be called, in OpenAI's words or in Anthropic's",
    &[&[
        has("id", Text),
        may_have("object", Text),
        may_have("created", Count),
        may_have("owned_by", Text),
        may_have("type", Text),
        may_have("display_name", Text),
        may_have("created_at", Moment),
    ]],
);

/// Models that can be called.
pub const MODELS: Shape = Object(&[&[
    may_have("object", Text),
    has("data", ListOf(&Named(&MODEL))),
    may_have("has_more", Flag),
    may_have("first_id", TEXT_OR_NULL),
    may_have("last_id", TEXT_OR_NULL),
]]);

/// The last look at a deployment. Without details it has two fields.
pub const HEALTH: Kind = kind(
    "Health",
    "The last look at a deployment; without details there are two fields",
    &[&[
        has("model", Text),
        has("model_id", Text),
        may_have("model_name", Text),
        may_have("api_base", Text),
        may_have("checked_by", OneOf(&["completion", "listing"])),
        may_have("checked_at", Moment),
        may_have("response_time_ms", Count),
        may_have("error", TEXT_OR_NULL),
        may_have("rests_for_ms", Count),
        may_have("calls_under_way", Count),
        may_have("calls_this_minute", Object(&[&[has("succeeded", Count), has("failed", Count)]])),
    ]],
);

/// A look at a deployment.
pub const HEALTH_CHECK: Kind = kind(
    "HealthCheck",
    "A look at a deployment",
    &[&[
        has("model_name", Text),
        has("model_id", Text),
        has("status", OneOf(&["healthy", "unhealthy"])),
        has("healthy_count", Count),
        has("unhealthy_count", Count),
        has("error_message", TEXT_OR_NULL),
        has("response_time_ms", Count),
        has("checked_by", OneOf(&["completion", "listing"])),
        has("checked_at", Moment),
    ]],
);

/// `POST /utils/route`
pub const EXPLANATION: Kind = kind(
    "Explanation",
    "What would become of a call, and why",
    &[&[
        has("model", Text),
        has("router", MAP_OR_NULL),
        has("input_tokens", COUNT_OR_NULL),
        has("payers", ListOf(&Named(&PAYER))),
        has("groups", ListOf(&Named(&GROUP_LOOK))),
        has("chosen", TEXT_OR_NULL),
        has(
            "upstream_request",
            Maybe(&Object(&[&[
                has("url", Text),
                has("headers", MAP),
                has("body", Any),
                has("dropped_params", TEXTS),
                has("held", NUMBER_OR_NULL),
            ]])),
        ),
        has("error", Maybe(&Named(&REFUSAL))),
    ]],
);

const PAYER: Kind = kind(
    "Payer",
    "Somebody who pays for a call, and what they have left",
    &[&[
        has("type", Text),
        has("name", TEXT_OR_NULL),
        has("limits", ListOf(&Object(&[&[has("limit_type", Text), has("limit", Any), has("remaining", Any)]]))),
        has(
            "budgets",
            ListOf(&Object(&[&[
                has("max_budget", Number),
                has("budget_duration", TEXT_OR_NULL),
                has("spend", Number),
                has("held", Number),
                has("remaining", Number),
            ]])),
        ),
    ]],
);

const GROUP_LOOK: Kind = kind(
    "GroupLook",
    "A model group that a call would try",
    &[&[
        has("model_group", Text),
        has("strategy", Text),
        has("candidates", ListOf(&Named(&CANDIDATE))),
        has("messages_left_out", Count),
        has("error", Maybe(&Named(&REFUSAL))),
    ]],
);

const CANDIDATE: Kind = kind(
    "Candidate",
    "A deployment that could serve a call; the lowest score is best, the chance is that of being picked",
    &[&[
        has("model_id", Text),
        has("model", Text),
        has("chosen", Flag),
        has("kept", Flag),
        has("reason", Maybe(&Named(&REASON))),
        has("score", NUMBER_OR_NULL),
        has("chance", Number),
        has("calls_under_way", Count),
        has("rests_for_ms", Count),
        has("expected", MAP),
        may_have("left", ListOf(&Any)),
    ]],
);

const REASON: Kind = Kind {
    name: "Reason",
    about: "Why a deployment gets no call",
    parts: &[&[has("type", OneOf(&["tags", "region", "issuer", "context", "rest", "order", "limit", "budget"]))]],
    others: Some(Any),
};

const REFUSAL: Kind = kind(
    "Refusal",
    "What a caller would be told",
    &[&[
        has("message", Text),
        has("code", TEXT_OR_NULL),
        has("param", TEXT_OR_NULL),
        has("status", Count),
        has("retry_after_ms", COUNT_OR_NULL),
    ]],
);

/// An experiment.
pub const EXPERIMENT: Kind = kind(
    "Experiment",
    "Models among which calls are split, compared",
    &[&[
        has("experiment", Text),
        has(
            "arms",
            ListOf(&Object(&[&[
                has("model", Text),
                has("weight", COUNT_OR_NULL),
                has("attempts", Count),
                has("answers", Count),
                has("faults", Count),
                has("fault_rate", NUMBER_OR_NULL),
                has("spend", Number),
                has("spend_per_answer", NUMBER_OR_NULL),
                has("prompt_tokens", Count),
                has("completion_tokens", Count),
                has("mean_duration_ms", NUMBER_OR_NULL),
                has("mean_first_token_ms", NUMBER_OR_NULL),
                has("feedback", Count),
                has("good", Count),
                has("bad", Count),
                has("mean_score", NUMBER_OR_NULL),
            ]])),
        ),
    ]],
);

/// What a drill has found so far. Before the first one there are but the faults that there could be.
pub const DRILL: Kind = kind(
    "Drill",
    "What a drill found; before the first one, which faults there could be",
    &[&[
        has("running", Flag),
        has("drills", ListOf(&Named(&FINDING))),
        may_have("faults", TEXTS),
        may_have("id", Text),
        may_have("drilled", Text),
        may_have("most_calls_lost", COUNT_OR_NULL),
        may_have("what_to_change", TEXTS),
        may_have("ended_because", TEXT_OR_NULL),
        may_have("started_at", Moment),
    ]],
);

const FINDING: Kind = kind(
    "DrillFinding",
    "What calls noticed of one fault of one deployment",
    &[&[
        has("model", Text),
        has("deployment", Text),
        has("deployment_id", Text),
        has("fault", Text),
        has("drilled", Flag),
        has("calls", Count),
        has("calls_lost", Count),
        has("calls_broken_off", Count),
        has("attempts_at_it", Count),
        has("detected_after_ms", COUNT_OR_NULL),
        has("recovered_after_ms", COUNT_OR_NULL),
        has("passed_over", Flag),
        has("extra_cost_usd_per_1000_calls", NUMBER_OR_NULL),
        has("money_at_risk_usd_per_1000_calls", NUMBER_OR_NULL),
    ]],
);
