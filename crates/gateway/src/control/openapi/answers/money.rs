//! Budgets, limits, and reports of what was spent.

use super::super::shape::Shape::{Any, Count, Flag, ListOf, MapOf, Maybe, Moment, Named, Number, Object, OneOf, Text};
use super::super::shape::{Kind, Part, Shape, has, kind, may_have};
use super::{COUNT_OR_NULL, MAP, MOMENT_OR_NULL, NUMBER_OR_NULL, TEXT_OR_NULL, TEXTS};

/// Budgets and limits, as keys, users, teams and others have them.
pub const ALLOWANCE: &[Part] = &[
    has("max_budget", NUMBER_OR_NULL),
    has("soft_budget", NUMBER_OR_NULL),
    has("budget_duration", TEXT_OR_NULL),
    has("budget_reset_at", MOMENT_OR_NULL),
    has("budget_id", TEXT_OR_NULL),
    has("tpm_limit", COUNT_OR_NULL),
    has("rpm_limit", COUNT_OR_NULL),
    has("tpd_limit", COUNT_OR_NULL),
    has("max_parallel_requests", COUNT_OR_NULL),
    has("model_max_budget", MapOf(&MODEL_BUDGET)),
    has("model_rpm_limit", Maybe(&COUNTS)),
    has("model_tpm_limit", Maybe(&COUNTS)),
    has("budget_limits", Maybe(&ListOf(&WINDOW))),
    has("litellm_budget_table", BUDGET_OR_NULL),
];

/// A number for each model.
pub const COUNTS: Shape = MapOf(&Count);
/// The budget that is referred to.
pub const BUDGET_OR_NULL: Shape = Maybe(&Named(&BUDGET));

const MODEL_BUDGET: Shape = Object(&[&[
    may_have("budget_limit", NUMBER_OR_NULL),
    may_have("time_period", TEXT_OR_NULL),
    may_have("tpm_limit", COUNT_OR_NULL),
    may_have("rpm_limit", COUNT_OR_NULL),
]]);

const WINDOW: Shape =
    Object(&[&[has("budget_duration", Text), has("max_budget", NUMBER_OR_NULL), has("reset_at", MOMENT_OR_NULL)]]);

/// A budget that several may share.
pub const BUDGET: Kind = kind(
    "Budget",
    "A budget, which several may share",
    &[&[
        has("budget_id", Text),
        has("max_budget", NUMBER_OR_NULL),
        has("soft_budget", NUMBER_OR_NULL),
        has("max_parallel_requests", COUNT_OR_NULL),
        has("tpm_limit", COUNT_OR_NULL),
        has("rpm_limit", COUNT_OR_NULL),
        has("tpd_limit", COUNT_OR_NULL),
        has("model_max_budget", MapOf(&MODEL_BUDGET)),
        has("budget_duration", TEXT_OR_NULL),
        has("budget_reset_at", MOMENT_OR_NULL),
        has("allowed_models", TEXTS),
        has("created_at", Moment),
        has("created_by", TEXT_OR_NULL),
        has("updated_at", Moment),
        has("updated_by", TEXT_OR_NULL),
    ]],
);

/// A field that can be set, with its value.
pub const SETTING: Kind = kind(
    "Setting",
    "A field that can be set, and its value",
    &[&[
        has("field_name", Text),
        has("field_type", Text),
        has("field_description", Text),
        has("field_value", Any),
        has("stored_in_db", Maybe(&Flag)),
        has("field_default_value", Any),
        may_have("premium_field", Flag),
    ]],
);

/// `GET /usage`
pub const USAGE: Kind = kind(
    "Usage",
    "Sums of what is compared, by day if that was asked for",
    &[&[
        has(
            "by",
            OneOf(&[
                "all",
                "model_group",
                "model",
                "provider",
                "call_type",
                "key",
                "user",
                "team",
                "organization",
                "customer",
                "tag",
            ]),
        ),
        has("rows", ListOf(&Named(&USAGE_ROW))),
        has("complete", Flag),
        // What the largest ones leave: how many others there are, and their days together.
        may_have("others", Object(&[&[has("count", Count), has("rows", ListOf(&Named(&USAGE_ROW)))]])),
    ]],
);

const USAGE_ROW: Kind = kind(
    "UsageRow",
    "Sums of one of what is compared. Calls without a price (`unpriced`) cost more than `spend` says; savings are what \
     answers had cost that were given again, and what models of one's own would have cost elsewhere, less what they did",
    &[&[
        has("day", TEXT_OR_NULL),
        has("name", Text),
        has("label", TEXT_OR_NULL),
        has("spend", Number),
        has("cache_savings", Number),
        has("local_savings", Number),
        has("unpriced", Count),
        has("requests", Count),
        has("successes", Count),
        has("failures", Count),
        has("cache_hits", Count),
        has("prompt_tokens", Count),
        has("completion_tokens", Count),
        has("cache_read_tokens", Count),
        has("reasoning_tokens", Count),
        has("timed", Count),
        has("duration_ms", Count),
        has("first_tokens", Count),
        has("first_token_ms", Count),
    ]],
);

const DAY_METRICS: Kind = kind(
    "DayMetrics",
    "Sums of a day",
    &[&[
        has("spend", Number),
        has("prompt_tokens", Count),
        has("completion_tokens", Count),
        has("cache_read_input_tokens", Count),
        has("cache_creation_input_tokens", Count),
        has("total_tokens", Count),
        has("successful_requests", Count),
        has("failed_requests", Count),
        has("api_requests", Count),
    ]],
);

const SHARE_OF_DAY: Kind = kind(
    "ShareOfDay",
    "What one of them had of a day",
    &[PART_OF_DAY, &[may_have("api_key_breakdown", MapOf(&Object(&[PART_OF_DAY])))]],
);
const PART_OF_DAY: &[Part] = &[has("metrics", Named(&DAY_METRICS)), has("metadata", MAP)];

/// Days of users, teams and others.
pub const DAILY: Kind = kind(
    "DailyActivity",
    "Sums by day, with who and what had which part",
    &[&[
        has(
            "results",
            ListOf(&Object(&[&[
                has("date", Text),
                has("metrics", Named(&DAY_METRICS)),
                has("breakdown", MapOf(&MapOf(&Named(&SHARE_OF_DAY)))),
            ]])),
        ),
        has("metadata", MapOf(&Any)),
    ]],
);

/// Reports of keys and users.
pub const KEY_REPORTS: Shape = ListOf(&Object(&[&[
    has("api_key", Text),
    has("total_cost", Number),
    has("total_input_tokens", Count),
    has("total_output_tokens", Count),
    has(
        "model_details",
        ListOf(&Object(&[&[
            has("model", Text),
            has("total_cost", Number),
            has("total_input_tokens", Count),
            has("total_output_tokens", Count),
        ]])),
    ),
    may_have("internal_user_id", Text),
]]));

/// Reports by day.
pub const DAY_REPORTS: Shape = ListOf(&Object(&[&[
    has("group_by_day", Text),
    may_have("teams", ListOf(&TEAM_REPORT)),
    may_have("organizations", ListOf(&TEAM_REPORT)),
    may_have("customers", ListOf(&TEAM_REPORT)),
]]));

const TEAM_REPORT: Shape = Object(&[&[
    may_have("team_name", Text),
    may_have("organization_name", Text),
    may_have("customer", Text),
    has("total_spend", Number),
    has(
        "metadata",
        ListOf(&Object(&[&[
            has("model", Text),
            has("spend", Number),
            has("total_tokens", Count),
            has("api_key", Text),
        ]])),
    ),
]]);

/// Requests and tokens by day.
pub const ACTIVITY: &[Part] = &[
    has("daily_data", ListOf(&Object(&[&[has("date", Text), has("api_requests", Count), has("total_tokens", Count)]]))),
    has("sum_api_requests", Count),
    has("sum_total_tokens", Count),
];

/// Calls that were held back for their number, by day.
pub const EXCEPTIONS: &[Part] = &[
    has("daily_data", ListOf(&Object(&[&[has("date", Text), has("num_rate_limit_exceptions", Count)]]))),
    has("sum_num_rate_limit_exceptions", Count),
];

/// Users of tags, by time.
pub const ACTIVE: Shape = Object(&[&[has(
    "results",
    ListOf(&Object(&[&[
        has("tag", Text),
        has("active_users", Count),
        has("date", Text),
        has("period_start", Text),
        has("period_end", Text),
    ]])),
)]]);
