//! What each path answers when it has done what it was asked: a list of shapes. Handlers write their answers themselves;
//! that these are so is what the integration tests check, with each answer that they get.

mod calls;
mod money;
mod people;
mod system;

use super::shape::Shape::{
    self, Any, Count, Either, Flag, ListOf, MapOf, Maybe, Media, Moment, Named, Number, Object, Text,
};
use super::shape::{Part, has, may_have};
use calls::{
    ADDED, CALL, CALL_PAGE, DAY_OF_CALLS, DEPLOYMENT, DRILL, EXPERIMENT, EXPLANATION, HEALTH, HEALTH_CHECK, MODEL,
    MODEL_GROUP, MODELS,
};
use money::{ACTIVE, ACTIVITY, BUDGET, DAILY, DAY_REPORTS, EXCEPTIONS, KEY_REPORTS, SETTING, USAGE};
use people::{
    CHANGED_MEMBERSHIP, CUSTOMER, INVITATION, ISSUED_KEY, KEY_INFO, KEY_ROW, LISTED_KEY, MEMBERSHIP, NEW_USER,
    ORGANIZATION, ORGANIZATION_MEMBER, ORGANIZATION_ROW, PROJECT, SESSION, SOMEBODY, TAG, TEAM, USER,
};
use system::{
    ALERTING, AUDIT_ENTRY, CACHE_PING, CACHE_STATS, CHECKED, CREDENTIAL, ESTIMATE, GUARDRAIL, LOOP, NODES,
    PASS_THROUGH, SEALED,
};

const TEXTS: Shape = ListOf(&Text);
const MAP: Shape = MapOf(&Any);
const TEXT_OR_NULL: Shape = Maybe(&Text);
const COUNT_OR_NULL: Shape = Maybe(&Count);
const NUMBER_OR_NULL: Shape = Maybe(&Number);
const MOMENT_OR_NULL: Shape = Maybe(&Moment);
const MAP_OR_NULL: Shape = Maybe(&MAP);

/// It is done, and what there is to say of it.
const SAID: &[Part] = &[may_have("status", Text), may_have("success", Flag), may_have("message", Text)];
const DONE: Shape = Object(&[SAID]);
/// A page of a list.
const PAGE: &[Part] = &[has("total", Count), has("page", Count), has("page_size", Count), has("total_pages", Count)];
const PAGE_OF_KEYS: &[Part] = &[has("total_count", Count), has("current_page", Count), has("total_pages", Count)];
/// What each of several changes came to.
const EACH_KEY: Shape = Object(&[&[
    has("total_requested", Count),
    has("successful_updates", ListOf(&Object(&[&[has("key", Text), has("key_info", Named(&KEY_ROW))]]))),
    has("failed_updates", ListOf(&Any)),
]]);
const ACCESS_GROUP: &[Part] = &[has("access_group", Text), has("model_names", TEXTS)];
const TEAM_AND_MORE: Shape = Shape::And(
    &TEAM,
    &[&[
        may_have("keys", ListOf(&Named(&KEY_ROW))),
        may_have("team_memberships", ListOf(&Object(&[MEMBERSHIP]))),
        may_have("members_count", Count),
    ]],
);

/// Methods and paths that answer alike, and what.
type Line = (&'static [&'static str], Shape);

#[rustfmt::skip]
const LINES: &[Line] = &[
    (&["POST /key/generate", "POST /key/service-account/generate", "POST /key/regenerate", "POST /key/{key}/regenerate"],
        Named(&ISSUED_KEY)),
    (&["POST /key/update", "POST /key/block", "POST /key/unblock"], Named(&KEY_ROW)),
    (&["POST /key/bulk_update", "POST /team/key/bulk_update"], EACH_KEY),
    (&["POST /key/delete"], Object(&[&[has("deleted_keys", TEXTS)]])),
    (&["GET /key/info"], Object(&[&[has("key", Text), has("info", Named(&KEY_INFO))]])),
    (&["POST /v2/key/info"], Object(&[&[has("key", TEXTS), has("info", ListOf(&Named(&KEY_ROW)))]])),
    (&["GET /key/list"],
        Object(&[&[has("keys", ListOf(&Either(&[Named(&LISTED_KEY), Text])))], PAGE_OF_KEYS])),
    (&["GET /key/aliases"], Object(&[&[has("aliases", TEXTS), has("size", Count)], PAGE_OF_KEYS])),
    (&["POST /key/health"], Object(&[&[has("key", Text), has("logging_callbacks", Any)]])),
    (&["POST /key/{key}/reset_spend"],
        Object(&[&[
            has("key_hash", Text), has("spend", Number), has("previous_spend", Number), has("max_budget", NUMBER_OR_NULL),
            has("budget_reset_at", MOMENT_OR_NULL),
        ]])),
    (&["GET /spend/keys"], ListOf(&Named(&KEY_ROW))),
    (&["GET /loops"], Object(&[&[has("data", ListOf(&Named(&LOOP)))]])),
    (&["POST /loops/release"], Object(&[&[has("released", Flag)]])),

    (&["POST /user/new"], Named(&NEW_USER)),
    (&["POST /user/update"], Object(&[&[has("user_id", Text), has("data", Named(&USER))]])),
    (&["POST /user/bulk_update"],
        Object(&[&[
            has("results", ListOf(&Object(&[&[
                has("user_id", TEXT_OR_NULL), has("user_email", TEXT_OR_NULL), has("success", Flag),
                has("error", TEXT_OR_NULL), has("updated_user", Maybe(&Named(&USER))),
            ]]))),
            has("total_requested", Count), has("successful_updates", Count), has("failed_updates", Count),
        ]])),
    (&["POST /user/delete"], Count),
    (&["GET /user/info"],
        Object(&[&[
            has("user_id", TEXT_OR_NULL), has("user_info", Maybe(&Named(&USER))), has("keys", ListOf(&Named(&KEY_ROW))),
            has("teams", ListOf(&Named(&TEAM))),
        ]])),
    (&["GET /v2/user/info"], Named(&USER)),
    (&["GET /user/list"], Object(&[&[has("users", ListOf(&Named(&USER)))], PAGE])),
    (&["GET /user/filter/ui", "GET /spend/users"], ListOf(&Named(&USER))),
    (&["GET /user/available_roles"], MapOf(&Object(&[&[has("description", Text), has("ui_label", Text)]]))),
    (&["POST /user/password/change"], Object(&[&[has("user_id", Text), has("message", Text)]])),
    (&["POST /invitation/new", "GET /invitation/info", "POST /invitation/update", "POST /invitation/delete"],
        Named(&INVITATION)),
    (&["GET /onboarding/get_token"], Object(&[&[has("user_id", Text), has("user_email", TEXT_OR_NULL)]])),
    (&["POST /onboarding/claim_token"], Object(&[&[has("redirect_url", Text), has("user_id", Text)]])),
    (&["POST /v2/login"], Object(&[&[has("redirect_url", Text)]])),
    (&["POST /logout"], DONE),
    (&["GET /session"], Named(&SESSION)),

    (&["POST /team/new", "POST /team/block", "POST /team/unblock", "POST /team/member_delete",
        "POST /team/model/add", "POST /team/model/delete", "POST /team/permissions_update"],
        Named(&TEAM)),
    (&["POST /team/member_add"],
        Shape::And(&TEAM, &[&[
            has("updated_users", ListOf(&SOMEBODY)), has("updated_team_memberships", ListOf(&Object(&[MEMBERSHIP]))),
        ]])),
    (&["POST /team/update", "PATCH /team/{team_id}"], Object(&[&[has("team_id", Text), has("data", Named(&TEAM))]])),
    (&["POST /team/delete"], Object(&[&[has("deleted_teams", TEXTS)]])),
    (&["GET /team/info"],
        Object(&[&[
            has("team_id", Text), has("team_info", Named(&TEAM)), has("keys", ListOf(&Named(&KEY_ROW))),
            has("team_memberships", ListOf(&Object(&[MEMBERSHIP]))),
        ]])),
    (&["GET /team/list"], ListOf(&TEAM_AND_MORE)),
    (&["GET /team/filter/ui"], ListOf(&Named(&TEAM))),
    (&["GET /v2/team/list"], Object(&[&[has("teams", ListOf(&TEAM_AND_MORE))], PAGE])),
    (&["GET /team/available"],
        ListOf(&Object(&[&[
            has("team_id", Text), has("team_alias", TEXT_OR_NULL), has("models", TEXTS), has("members_with_roles", ListOf(&MAP)),
        ]]))),
    (&["POST /team/bulk_member_add"],
        Object(&[&[
            has("team_id", Text),
            has("results", ListOf(&Object(&[&[
                has("user_id", TEXT_OR_NULL), has("user_email", TEXT_OR_NULL), has("success", Flag),
                has("error", TEXT_OR_NULL), has("updated_user", Maybe(&SOMEBODY)),
                has("updated_team_membership", Maybe(&Object(&[MEMBERSHIP]))),
            ]]))),
            has("total_requested", Count), has("successful_additions", Count), has("failed_additions", Count),
            has("updated_team", Maybe(&Named(&TEAM))),
        ]])),
    (&["POST /team/member_update"], Object(&[MEMBERSHIP, CHANGED_MEMBERSHIP])),
    (&["GET /team/{team_id}/members/me", "POST /team/{team_id}/member/{user_id}/reset_budget"], MAP),
    (&["POST /team/{team_id}/member/{user_id}/reset_spend"],
        Object(&[&[has("team_id", Text), has("user_id", Text), has("spend", Number), has("previous_spend", Number)]])),
    (&["GET /team/permissions_list"],
        Object(&[&[has("team_id", Text), has("team_member_permissions", TEXTS), has("all_available_permissions", TEXTS)]])),
    (&["POST /team/permissions_bulk_update"],
        Object(&[&[has("message", Text), has("teams_updated", Count), has("permissions_appended", TEXTS)]])),

    (&["POST /project/new", "POST /project/update", "GET /project/info"], Named(&PROJECT)),
    (&["GET /project/list", "DELETE /project/delete"], ListOf(&Named(&PROJECT))),

    (&["POST /organization/new"], Named(&ORGANIZATION_ROW)),
    (&["PATCH /organization/update", "PATCH /v2/organization/{organization_id}", "GET /organization/info"],
        Named(&ORGANIZATION)),
    (&["GET /organization/list"], ListOf(&Named(&ORGANIZATION))),
    (&["POST /organization/info"], ListOf(&Named(&ORGANIZATION))),
    (&["DELETE /organization/delete"], ListOf(&Named(&ORGANIZATION_ROW))),
    (&["POST /organization/member_add"],
        Object(&[&[
            has("organization_id", Text), has("updated_users", ListOf(&SOMEBODY)),
            has("updated_organization_memberships", ListOf(&Named(&ORGANIZATION_MEMBER))),
        ]])),
    (&["PATCH /organization/member_update", "DELETE /organization/member_delete"], Named(&ORGANIZATION_MEMBER)),

    (&["POST /customer/new", "POST /end_user/new", "POST /customer/update", "POST /end_user/update",
        "GET /customer/info", "GET /end_user/info"], Named(&CUSTOMER)),
    (&["GET /customer/list", "GET /end_user/list"], ListOf(&Named(&CUSTOMER))),
    (&["POST /customer/block", "POST /end_user/block", "POST /customer/unblock", "POST /end_user/unblock"],
        Object(&[&[has("blocked_users", ListOf(&Named(&CUSTOMER)))]])),
    (&["POST /customer/delete", "POST /end_user/delete"], Object(&[&[has("deleted_customers", Count), has("message", Text)]])),

    (&["POST /budget/new", "POST /budget/update", "POST /budget/delete"], Named(&BUDGET)),
    (&["POST /budget/info", "GET /budget/list"], ListOf(&Named(&BUDGET))),
    (&["GET /budget/settings", "GET /alerting/settings"], ListOf(&Named(&SETTING))),

    (&["POST /tag/new", "POST /tag/update"], Object(&[&[has("message", Text), has("tag", Named(&TAG))]])),
    (&["POST /tag/delete", "POST /model/delete"], DONE),
    (&["POST /tag/info"], MapOf(&Named(&TAG))),
    (&["GET /tag/list"], ListOf(&Named(&TAG))),

    (&["POST /access_group/new", "PUT /access_group/{access_group}/update"],
        Object(&[ACCESS_GROUP, &[has("models_updated", Count)]])),
    (&["GET /access_group/list"],
        Object(&[&[has("access_groups", ListOf(&Object(&[ACCESS_GROUP, &[has("deployment_count", Count)]])))]])),
    (&["GET /access_group/{access_group}/info"], Object(&[ACCESS_GROUP, &[has("deployment_count", Count)]])),
    (&["DELETE /access_group/{access_group}/delete"],
        Object(&[&[has("access_group", Text), has("models_updated", Count), has("message", Text)]])),

    (&["POST /model/new", "POST /model/update", "PATCH /model/{model_id}/update", "POST /model/block", "POST /model/unblock"],
        Named(&ADDED)),
    (&["GET /model/info", "GET /v1/model/info"], Object(&[&[has("data", ListOf(&Named(&DEPLOYMENT)))]])),
    (&["GET /v2/model/info"], Object(&[&[has("data", ListOf(&Named(&DEPLOYMENT))), has("size", Count)], PAGE_OF_KEYS])),
    (&["GET /model_group/info"], Object(&[&[has("data", ListOf(&Named(&MODEL_GROUP)))]])),
    (&["GET /models", "GET /v1/models"], MODELS),
    (&["GET /models/{id}", "GET /v1/models/{id}"], Named(&MODEL)),
    (&["GET /v1beta/models", "GET /v1beta/models/{id}", "GET /api/tags", "POST /api/show", "GET /api/ps", "GET /api/version"],
        MAP),

    (&["GET /guardrails/list", "GET /v2/guardrails/list"], Object(&[&[has("guardrails", ListOf(&Named(&GUARDRAIL)))]])),
    (&["POST /guardrails/apply_guardrail"], Object(&[&[has("response_text", Text)]])),

    (&["POST /credentials", "PATCH /credentials/{credential_name}", "DELETE /credentials/{credential_name}"], DONE),
    (&["GET /credentials"], Object(&[&[has("success", Flag), has("credentials", ListOf(&Named(&CREDENTIAL)))]])),
    (&["GET /credentials/by_name/{credential_name}", "GET /credentials/by_model/{model_id}"], Named(&CREDENTIAL)),
    (&["POST /credentials/migrate-encryption"],
        Object(&[&[
            has("status", Text), has("credentials_migrated", Count), has("models_migrated", Count),
            has("pass_through_endpoints_migrated", Count),
        ]])),
    (&["GET /credentials/migrate-encryption/check"],
        Object(&[&[has("credentials", SEALED), has("models", SEALED), has("pass_through_endpoints", SEALED)]])),
    (&["GET /config/pass_through_endpoint", "GET /config/pass_through_endpoint/team/{team_id}",
        "POST /config/pass_through_endpoint", "POST /config/pass_through_endpoint/{endpoint_id}",
        "DELETE /config/pass_through_endpoint"],
        Object(&[&[has("endpoints", ListOf(&Named(&PASS_THROUGH)))]])),

    (&["GET /spend/logs"], ListOf(&Either(&[Named(&CALL), DAY_OF_CALLS]))),
    (&["GET /spend/logs/v2", "GET /spend/logs/ui", "GET /spend/logs/session/ui"], Named(&CALL_PAGE)),
    (&["GET /spend/logs/ui/{request_id}"], Named(&CALL)),
    (&["GET /spend/tags"],
        ListOf(&Object(&[&[has("individual_request_tag", Text), has("log_count", Count), has("total_spend", Number)]]))),
    (&["POST /spend/calculate"], Object(&[&[has("cost", NUMBER_OR_NULL)]])),
    (&["POST /cost/estimate"], ESTIMATE),
    (&["GET /usage"], Named(&USAGE)),
    (&["GET /global/spend"], Object(&[&[has("spend", Number), has("max_budget", NUMBER_OR_NULL)]])),
    (&["GET /global/spend/logs"], ListOf(&Object(&[&[has("date", Text), has("spend", Number)]]))),
    (&["GET /global/spend/keys"],
        ListOf(&Object(&[&[
            has("api_key", Text), has("key_alias", TEXT_OR_NULL), has("key_name", TEXT_OR_NULL), has("total_spend", Number),
        ]]))),
    (&["GET /global/spend/models"], ListOf(&Object(&[&[has("model", Text), has("total_spend", Number)]]))),
    (&["GET /global/spend/provider"], ListOf(&Object(&[&[has("provider", Text), has("spend", Number)]]))),
    (&["GET /global/spend/teams"],
        Object(&[&[
            has("daily_spend", ListOf(&MAP)), has("teams", TEXTS),
            has("total_spend_per_team", ListOf(&Object(&[&[has("team_id", Text), has("total_spend", Number)]]))),
        ]])),
    (&["GET /global/spend/tags"],
        Object(&[&[has("spend_per_tag", ListOf(&Object(&[&[has("name", Text), has("spend", Number), has("log_count", Count)]])))]])),
    (&["GET /global/spend/all_tag_names"], Object(&[&[has("tag_names", TEXTS)]])),
    (&["GET /global/spend/report"], Either(&[DAY_REPORTS, KEY_REPORTS])),
    (&["POST /global/spend/end_users"],
        ListOf(&Object(&[&[has("end_user", Text), has("total_count", Count), has("total_spend", Number)]]))),
    (&["POST /global/spend/reset"], DONE),
    (&["POST /global/spend/refresh"], Object(&[SAID, &[has("refreshed_at", Moment)]])),
    (&["GET /global/all_end_users"], Object(&[&[has("end_users", TEXTS)]])),
    (&["GET /key/spend/report", "GET /user/spend/report"], KEY_REPORTS),
    (&["GET /team/spend/report", "GET /organization/spend/report"], DAY_REPORTS),
    (&["GET /global/activity"], Object(&[ACTIVITY])),
    (&["GET /global/activity/model"], ListOf(&Object(&[ACTIVITY, &[has("model", Text)]]))),
    (&["GET /global/activity/cache_hits"], ListOf(&MAP)),
    (&["GET /global/activity/exceptions"], Object(&[EXCEPTIONS])),
    (&["GET /global/activity/exceptions/deployment"], ListOf(&Object(&[EXCEPTIONS, &[has("api_base", Text)]]))),
    (&["GET /tag/distinct"], Object(&[&[has("results", ListOf(&Object(&[&[has("tag", Text)]])))]])),
    (&["GET /tag/summary"],
        Object(&[&[has("results", ListOf(&Object(&[&[
            has("tag", Text), has("unique_users", Count), has("total_requests", Count), has("successful_requests", Count),
            has("failed_requests", Count), has("total_tokens", Count), has("total_spend", Number),
        ]])))]])),
    (&["GET /tag/dau", "GET /tag/wau", "GET /tag/mau"], ACTIVE),
    (&[
        "GET /user/daily/activity", "GET /user/daily/activity/aggregated", "GET /team/daily/activity",
        "GET /team/daily/activity/aggregated", "GET /organization/daily/activity",
        "GET /organization/daily/activity/aggregated", "GET /customer/daily/activity",
        "GET /customer/daily/activity/aggregated", "GET /end_user/daily/activity",
        "GET /end_user/daily/activity/aggregated", "GET /tag/daily/activity", "GET /tag/daily/activity/aggregated",
    ], Named(&DAILY)),
    (&[
        "GET /user/daily/activity/export", "GET /team/daily/activity/export", "GET /organization/daily/activity/export",
        "GET /customer/daily/activity/export", "GET /end_user/daily/activity/export", "GET /tag/daily/activity/export",
    ], Media("text/csv")),
    (&["GET /provider/budgets"],
        Object(&[&[has("providers", MapOf(&Object(&[&[
            has("budget_limit", NUMBER_OR_NULL), has("time_period", TEXT_OR_NULL), has("spend", Number),
            has("remaining", NUMBER_OR_NULL), has("budget_reset_at", MOMENT_OR_NULL),
        ]])))]])),

    (&["GET /router/experiments"], Object(&[&[has("experiments", ListOf(&Named(&EXPERIMENT)))]])),
    (&["POST /v1/feedback", "POST /feedback"],
        Object(&[&[
            has("status", Text), has("call_id", Text), may_have("experiment", Text), may_have("model", Text),
            may_have("reason", Text),
        ]])),
    (&["POST /drill/start", "POST /drill/stop", "GET /drill"], Named(&DRILL)),
    (&["GET /drill/list"], Object(&[&[has("reports", ListOf(&Named(&DRILL)))]])),
    (&["POST /utils/route"], Named(&EXPLANATION)),
    (&["POST /utils/transform_request"],
        Object(&[&[
            has("raw_request_api_base", TEXT_OR_NULL), has("raw_request_body", Any), has("raw_request_headers", MAP_OR_NULL),
            has("error", TEXT_OR_NULL),
        ]])),
    (&["POST /utils/token_counter"],
        Object(&[&[
            has("total_tokens", Count), has("request_model", Text), has("model_used", TEXT_OR_NULL),
            has("tokenizer_type", Text), has("original_response", Any), has("error", Any),
        ]])),

    (&["GET /nodes"], Named(&NODES)),
    (&["POST /nodes/load", "POST /nodes/unload", "POST /nodes/wake"],
        Object(&[&[has("status", Text), may_have("model", Text), may_have("api_base", Text)]])),

    (&["GET /cache/ping"], CACHE_PING),
    (&["GET /cache/stats"], Named(&CACHE_STATS)),
    (&["POST /cache/delete", "POST /cache/flushall"], Object(&[&[has("status", Text), has("deleted", Count)]])),
    (&["GET /cache/redis/info"], Object(&[&[has("num_clients", Count), has("info", MAP)]])),

    (&["GET /health"],
        Object(&[&[
            has("healthy_endpoints", ListOf(&Named(&HEALTH))), has("unhealthy_endpoints", ListOf(&Named(&HEALTH))),
            has("healthy_count", Count), has("unhealthy_count", Count),
        ]])),
    (&["GET /health/latest"],
        Object(&[&[has("total_models", Count), has("latest_health_checks", MapOf(&Named(&HEALTH_CHECK)))]])),
    (&["GET /health/history"],
        Object(&[&[
            has("health_checks", ListOf(&Named(&HEALTH_CHECK))), has("total_records", Count), has("limit", Count),
            has("offset", Count),
        ]])),
    (&["GET /health/liveliness", "GET /health/liveness"], Text),
    (&["GET /health/readiness"], Object(&[&[has("status", Text), has("db", Text), may_have("redis", Text)]])),
    (&["GET /health/services"], DONE),
    (&["GET /metrics"], Media("text/plain")),

    (&["GET /alerts"], Named(&ALERTING)),
    (&["POST /alerts/report"], Object(&[&[has("status", Text), has("report", MAP)]])),
    (&["GET /audit"], Object(&[&[has("audit_logs", ListOf(&Named(&AUDIT_ENTRY)))], PAGE])),
    (&["GET /audit/{id}"], Named(&AUDIT_ENTRY)),
    (&["GET /get/allowed_ips"], Object(&[&[has("data", TEXTS)]])),
    (&["POST /add/allowed_ip", "POST /delete/allowed_ip"], DONE),
    (&["GET /routes"], Object(&[&[has("routes", ListOf(&Object(&[&[has("path", Text), has("methods", TEXTS)]])))]])),
    (&["POST /config/reload"], Object(&[&[has("status", Text), has("findings", TEXTS)]])),
    (&["POST /config/check"], Named(&CHECKED)),
    (&["GET /openapi.json"], MAP),
];

/// What a path answers; `None` where that is up to a provider, or to the dialect of the caller.
pub fn of(method: &str, path: &str) -> Option<&'static Shape> {
    let is = |one: &str| one.split_once(' ') == Some((method, path));
    LINES.iter().find(|(paths, _)| paths.iter().any(|one| is(one))).map(|(_, shape)| shape)
}

/// All shapes that any path answers.
pub fn all() -> impl Iterator<Item = &'static Shape> {
    LINES.iter().map(|(_, shape)| shape)
}

/// The paths that are listed.
#[cfg(test)]
pub fn paths() -> impl Iterator<Item = &'static str> {
    LINES.iter().flat_map(|(paths, _)| paths.iter().copied())
}
