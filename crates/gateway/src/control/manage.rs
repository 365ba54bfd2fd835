//! The management API: keys, users, teams and all the rest, as the incumbent's users script against them. Reads come
//! from memory; a change is planned over what is there and written through ([`draft`]); every handler asks itself
//! whether its caller may ([`rights`]). To add a path: a line in [`ROUTES`] and a handler.

mod access_groups;
pub mod accounts;
mod actor;
mod addresses;
mod alerts;
mod audit;
mod behalf;
mod budgets;
mod credentials;
mod customers;
mod draft;
mod drills;
mod feedback;
mod form;
mod guardrails;
pub mod invitations;
mod keys;
mod loops;
mod models;
mod moment;
mod organizations;
mod page;
mod pass_throughs;
mod passwords;
mod people;
mod projects;
mod record;
mod refusal;
mod reports;
mod reseal;
mod rights;
mod secret;
pub mod sessions;
mod spend;
mod tags;
mod teams;
mod users;
mod visit;
mod whoami;

use std::future::{Ready, ready};
use std::pin::Pin;

use axum::Router;
use axum::routing::{MethodFilter, on};
use serde_json::json;

use super::openapi::Endpoint;
use crate::config::Management;
pub use behalf::{on_behalf, sees_all};
pub use form::{Field, Form, Reads, Tables, Takes, optional, required};
pub use people::find_user;
pub use refusal::Refusal;
pub use secret::random;
use visit::Visit;
pub use visit::{Answer, Desk, answer};
pub use whoami::who;

/// What answers a request.
type Handler = fn(Visit) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// One path and method.
struct Row {
    method: MethodFilter,
    /// The method's name.
    name: &'static str,
    path: &'static str,
    /// What it is for, in one line.
    summary: &'static str,
    handler: Handler,
    /// What the handler reads.
    reads: Reads,
}

/// Declares the rows: `GET "/key/info" "Show a key" => keys::info [keys::INFO_FORM]`.
macro_rules! rows {
    ($($method:ident $path:literal $summary:literal => $handler:path $([$reads:path])?),* $(,)?) => {
        &[$(Row {
            method: MethodFilter::$method,
            name: stringify!($method),
            path: $path,
            summary: $summary,
            handler: |visit| Box::pin($handler(visit)),
            reads: reads!($($reads)?),
        }),*]
    };
}

macro_rules! reads {
    () => {
        Reads::Nothing
    };
    ($reads:path) => {
        $reads
    };
}

/// All paths.
#[rustfmt::skip]
const ROUTES: &[Row] = rows![
    POST "/key/generate" "Make a key" => keys::generate [keys::GENERATE_FORM],
    POST "/key/service-account/generate" "Make a key of a team that belongs to no user"
        => keys::generate_for_service [keys::GENERATE_FORM],
    POST "/key/update" "Change a key" => keys::update [keys::UPDATE_FORM],
    POST "/key/bulk_update" "Change several keys" => keys::bulk_update [keys::BULK_UPDATE_FORM],
    POST "/team/key/bulk_update" "Change keys of a team" => keys::team_bulk_update [keys::TEAM_BULK_UPDATE_FORM],
    POST "/key/delete" "Delete keys, by secret, hash or alias" => keys::delete [keys::DELETE_FORM],
    GET "/key/info" "Show a key; the caller's own if none is named" => keys::info [keys::INFO_FORM],
    POST "/v2/key/info" "Show several keys" => keys::infos [keys::INFOS_FORM],
    GET "/key/list" "List keys, page by page" => keys::list [keys::LIST_FORM],
    GET "/key/aliases" "List aliases of keys" => keys::aliases [keys::LIST_FORM],
    POST "/key/regenerate" "Give a key a new secret" => keys::regenerate [keys::REGENERATE_FORM],
    POST "/key/{key}/regenerate" "Give the key in the path a new secret"
        => keys::regenerate_named [keys::REGENERATE_NAMED_FORM],
    POST "/key/{key}/reset_spend" "Set what a key has spent" => keys::reset_spend [keys::RESET_SPEND_FORM],
    POST "/key/block" "Block a key" => keys::block [keys::BLOCK_FORM],
    POST "/key/unblock" "Unblock a key" => keys::unblock [keys::BLOCK_FORM],
    POST "/key/health" "Say whether the caller's key works" => keys::health,

    POST "/user/new" "Make a user, and a key for them" => users::create [users::CREATE_FORM],
    POST "/user/update" "Change a user" => users::update [users::UPDATE_FORM],
    POST "/user/bulk_update" "Change several users" => users::bulk_update [users::BULK_UPDATE_FORM],
    POST "/user/delete" "Delete users" => users::delete [users::DELETE_FORM],
    GET "/user/info" "Show a user with keys and teams" => users::info [users::INFO_FORM],
    GET "/v2/user/info" "Show a user alone" => users::info_flat [users::INFO_FORM],
    GET "/user/list" "List users, page by page" => users::list [users::LIST_FORM],
    GET "/user/filter/ui" "Find users by id or email" => users::filter [users::FILTER_FORM],
    GET "/user/available_roles" "List the roles that users can have" => users::roles,

    POST "/user/password/change" "Change a user's password" => passwords::change [passwords::CHANGE_FORM],
    POST "/logout" "End the session of a browser" => sessions::sign_out,
    POST "/invitation/new" "Invite a user to choose a password" => invitations::create [invitations::CREATE_FORM],
    GET "/invitation/info" "Show an invitation" => invitations::info [invitations::INFO_FORM],
    POST "/invitation/update" "Change an invitation" => invitations::update [invitations::UPDATE_FORM],
    POST "/invitation/delete" "Delete an invitation" => invitations::delete [invitations::DELETE_FORM],

    POST "/team/new" "Make a team" => teams::create [teams::CREATE_FORM],
    POST "/team/update" "Change a team" => teams::update [teams::UPDATE_FORM],
    PATCH "/team/{team_id}" "Change the team in the path" => teams::patch [teams::PATCH_FORM],
    POST "/team/delete" "Delete teams" => teams::delete [teams::DELETE_FORM],
    POST "/team/block" "Block a team" => teams::block [teams::BLOCK_FORM],
    POST "/team/unblock" "Unblock a team" => teams::unblock [teams::BLOCK_FORM],
    POST "/team/model/add" "Let a team use more models" => teams::add_models [teams::MODELS_FORM],
    POST "/team/model/delete" "Take models from a team" => teams::remove_models [teams::MODELS_FORM],
    GET "/team/info" "Show a team with its members and keys" => teams::info [teams::INFO_FORM],
    GET "/team/list" "List teams" => teams::list [teams::LIST_FORM],
    GET "/v2/team/list" "List teams, page by page" => teams::list_pages [teams::LIST_PAGES_FORM],
    GET "/team/filter/ui" "Find teams by id or alias" => teams::filter [teams::LIST_PAGES_FORM],
    GET "/team/available" "List teams that the caller may join" => teams::available,
    GET "/team/permissions_list" "Show what members of a team may do with keys"
        => teams::permissions_list [teams::PERMISSIONS_LIST_FORM],
    POST "/team/permissions_update" "Set what members of a team may do with keys"
        => teams::permissions_update [teams::PERMISSIONS_UPDATE_FORM],
    POST "/team/permissions_bulk_update" "Set what members of several teams may do with keys"
        => teams::permissions_bulk_update [teams::PERMISSIONS_BULK_UPDATE_FORM],
    POST "/team/member_add" "Add members to a team" => teams::add_member [teams::ADD_MEMBER_FORM],
    POST "/team/bulk_member_add" "Add many members to a team" => teams::add_many [teams::ADD_MANY_FORM],
    POST "/team/member_update" "Change a member of a team" => teams::update_member [teams::UPDATE_MEMBER_FORM],
    POST "/team/member_delete" "Remove a member from a team" => teams::remove_member [teams::REMOVE_MEMBER_FORM],
    GET "/team/{team_id}/members/me" "Show the caller as a member of a team" => teams::membership_of_mine,
    POST "/team/{team_id}/member/{user_id}/reset_spend" "Set what a member of a team has spent"
        => teams::reset_spend [teams::RESET_SPEND_FORM],
    POST "/team/{team_id}/member/{user_id}/reset_budget" "Set what a member of a team has spent"
        => teams::reset_spend [teams::RESET_SPEND_FORM],

    POST "/project/new" "Make a project" => projects::create [projects::CREATE_FORM],
    POST "/project/update" "Change a project" => projects::update [projects::UPDATE_FORM],
    DELETE "/project/delete" "Delete projects" => projects::delete [projects::DELETE_FORM],
    GET "/project/info" "Show a project" => projects::info [projects::INFO_FORM],
    GET "/project/list" "List projects" => projects::list [projects::LIST_FORM],

    POST "/organization/new" "Make an organization" => organizations::create [organizations::CREATE_FORM],
    PATCH "/organization/update" "Change an organization" => organizations::update [organizations::UPDATE_FORM],
    PATCH "/v2/organization/{organization_id}" "Change the organization in the path"
        => organizations::patch [organizations::PATCH_FORM],
    DELETE "/organization/delete" "Delete organizations" => organizations::delete [organizations::DELETE_FORM],
    GET "/organization/list" "List organizations" => organizations::list [organizations::LIST_FORM],
    GET "/organization/info" "Show an organization with its members and teams"
        => organizations::info [organizations::INFO_FORM],
    POST "/organization/info" "Show several organizations" => organizations::infos [organizations::INFOS_FORM],
    POST "/organization/member_add" "Add members to an organization"
        => organizations::add_member [organizations::ADD_MEMBER_FORM],
    PATCH "/organization/member_update" "Change a member of an organization"
        => organizations::update_member [organizations::UPDATE_MEMBER_FORM],
    DELETE "/organization/member_delete" "Remove a member from an organization"
        => organizations::remove_member [organizations::REMOVE_MEMBER_FORM],

    POST "/customer/new" "Make a customer" => customers::create [customers::CHANGE_FORM],
    POST "/end_user/new" "Make a customer" => customers::create [customers::CHANGE_FORM],
    POST "/customer/update" "Change a customer" => customers::update [customers::CHANGE_FORM],
    POST "/end_user/update" "Change a customer" => customers::update [customers::CHANGE_FORM],
    POST "/customer/delete" "Delete customers" => customers::delete [customers::IDS_FORM],
    POST "/end_user/delete" "Delete customers" => customers::delete [customers::IDS_FORM],
    POST "/customer/block" "Block customers" => customers::block [customers::IDS_FORM],
    POST "/end_user/block" "Block customers" => customers::block [customers::IDS_FORM],
    POST "/customer/unblock" "Unblock customers" => customers::unblock [customers::IDS_FORM],
    POST "/end_user/unblock" "Unblock customers" => customers::unblock [customers::IDS_FORM],
    GET "/customer/info" "Show a customer" => customers::info [customers::INFO_FORM],
    GET "/end_user/info" "Show a customer" => customers::info [customers::INFO_FORM],
    GET "/customer/list" "List customers" => customers::list,
    GET "/end_user/list" "List customers" => customers::list,

    POST "/budget/new" "Make a budget" => budgets::create [budgets::CREATE_FORM],
    POST "/budget/update" "Change a budget" => budgets::update [budgets::UPDATE_FORM],
    POST "/budget/delete" "Delete a budget that nobody has" => budgets::delete [budgets::DELETE_FORM],
    POST "/budget/info" "Show several budgets" => budgets::infos [budgets::INFOS_FORM],
    GET "/budget/list" "List budgets" => budgets::list,
    GET "/budget/settings" "Show the fields of a budget with their values"
        => budgets::settings [budgets::SETTINGS_FORM],

    POST "/tag/new" "Make a tag" => tags::create [tags::CHANGE_FORM],
    POST "/tag/update" "Change a tag" => tags::update [tags::CHANGE_FORM],
    POST "/tag/delete" "Delete a tag" => tags::delete [tags::DELETE_FORM],
    POST "/tag/info" "Show several tags" => tags::infos [tags::INFOS_FORM],
    GET "/tag/list" "List tags" => tags::list,

    POST "/access_group/new" "Make an access group" => access_groups::create [access_groups::CREATE_FORM],
    GET "/access_group/list" "List access groups" => access_groups::list,
    GET "/access_group/{access_group}/info" "Show an access group" => access_groups::info,
    PUT "/access_group/{access_group}/update" "Set the models of an access group"
        => access_groups::update [access_groups::UPDATE_FORM],
    DELETE "/access_group/{access_group}/delete" "Delete an access group" => access_groups::delete,

    POST "/model/new" "Add a deployment of a model" => models::create [models::CREATE_FORM],
    POST "/model/update" "Change a deployment" => models::update [models::UPDATE_FORM],
    PATCH "/model/{model_id}/update" "Change the deployment in the path" => models::patch [models::UPDATE_FORM],
    POST "/model/delete" "Delete a deployment" => models::delete [models::DELETE_FORM],
    POST "/model/block" "Block a deployment" => models::block [models::DELETE_FORM],
    POST "/model/unblock" "Unblock a deployment" => models::unblock [models::DELETE_FORM],
    GET "/model/info" "List deployments with prices and abilities" => models::list [models::LIST_FORM],
    GET "/v1/model/info" "List deployments with prices and abilities" => models::list [models::LIST_FORM],
    GET "/v2/model/info" "List deployments, page by page" => models::list_pages [models::LIST_PAGES_FORM],
    GET "/model_group/info" "List model groups with prices, limits and abilities"
        => models::groups [models::GROUPS_FORM],

    GET "/guardrails/list" "List guardrails" => guardrails::list,
    GET "/v2/guardrails/list" "List guardrails" => guardrails::list,
    POST "/guardrails/apply_guardrail" "Show what a guardrail makes of a text" => guardrails::apply [guardrails::APPLY_FORM],

    POST "/credentials/migrate-encryption" "Seal all secrets with the present salt key" => reseal::migrate,
    GET "/credentials/migrate-encryption/check" "Count secrets that another key has sealed" => reseal::check,
    POST "/credentials" "Keep a credential" => credentials::create [credentials::CREATE_FORM],
    GET "/credentials" "List credentials" => credentials::list,
    GET "/credentials/by_name/{*credential_name}" "Show a credential" => credentials::by_name,
    GET "/credentials/by_model/{model_id}" "Show the credential of a deployment" => credentials::by_model,
    PATCH "/credentials/{*credential_name}" "Change a credential" => credentials::update [credentials::UPDATE_FORM],
    DELETE "/credentials/{*credential_name}" "Delete a credential" => credentials::delete,

    GET "/config/pass_through_endpoint" "List paths that are passed on, or show one"
        => pass_throughs::list [pass_throughs::LIST_FORM],
    GET "/config/pass_through_endpoint/team/{team_id}" "List paths that are passed on for a team"
        => pass_throughs::of_team [pass_throughs::LIST_FORM],
    POST "/config/pass_through_endpoint" "Have a path passed on" => pass_throughs::create [pass_throughs::CREATE_FORM],
    POST "/config/pass_through_endpoint/{endpoint_id}" "Change a path that is passed on"
        => pass_throughs::update [pass_throughs::UPDATE_FORM],
    DELETE "/config/pass_through_endpoint" "Have a path passed on no longer"
        => pass_throughs::delete [pass_throughs::DELETE_FORM],

    GET "/spend/keys" "List keys, the dearest first" => reports::key_rows,
    GET "/spend/users" "List users with what they spent" => reports::user_rows [reports::USER_ROWS_FORM],
    GET "/spend/tags" "List tags with what was spent for them" => reports::tag_rows [reports::TAG_ROWS_FORM],
    POST "/spend/calculate" "Calculate what a call or an answer costs" => reports::calculate [reports::CALCULATE_FORM],
    POST "/cost/estimate" "Estimate what calls of a model cost, by day and month"
        => reports::estimate [reports::ESTIMATE_FORM],
    GET "/spend/logs" "Sum up calls by day, or list them" => reports::calls [reports::CALLS_FORM],
    GET "/spend/logs/v2" "Find calls in the log" => reports::log_pages [reports::LOG_FORM],
    GET "/spend/logs/ui" "Find calls in the log" => reports::log_pages [reports::LOG_FORM],
    GET "/spend/logs/ui/{request_id}" "Show a call of the log" => reports::logged_call,
    GET "/spend/logs/session/ui" "Find the calls of a session in the log"
        => reports::log_of_session [reports::LOG_FORM],
    GET "/global/spend" "Show what was spent in all" => reports::total,
    GET "/global/spend/logs" "Sum up spend by day" => reports::logs [reports::LIMITED_FORM],
    GET "/global/spend/keys" "List the keys that spent most" => reports::keys_total [reports::LIMITED_FORM],
    GET "/global/spend/models" "List the models that cost most" => reports::models [reports::LIMITED_FORM],
    GET "/global/spend/provider" "Sum up spend by provider" => reports::providers [reports::DATED_FORM],
    GET "/provider/budgets" "Show the budgets of providers" => reports::provider_budgets,
    GET "/router/experiments" "Compare the arms of experiments" => reports::experiments [reports::EXPERIMENTS_FORM],
    GET "/global/spend/teams" "Sum up spend by team and day" => reports::teams_total,
    GET "/global/spend/tags" "Sum up spend by tag" => reports::tags_total [reports::TAGS_TOTAL_FORM],
    GET "/global/spend/all_tag_names" "List tags that calls had" => reports::tag_names,
    GET "/global/spend/report" "Sum up spend by day and team, customer, key or user"
        => reports::report [reports::REPORT_FORM],
    POST "/global/spend/end_users" "List the customers that spent most"
        => reports::customers_total [reports::CUSTOMERS_TOTAL_FORM],
    POST "/global/spend/reset" "Set the spend of all keys and teams to zero" => reports::reset,
    POST "/global/spend/refresh" "Do nothing: sums are always fresh" => reports::refresh,
    GET "/global/all_end_users" "List customers that called" => reports::customer_names,
    GET "/key/spend/report" "Report what a key spent" => reports::key_report [reports::WHOSE_FORM],
    GET "/user/spend/report" "Report what a user spent" => reports::user_report [reports::WHOSE_FORM],
    GET "/team/spend/report" "Report what a team spent" => reports::team_report [reports::WHOSE_FORM],
    GET "/organization/spend/report" "Report what an organization spent"
        => reports::organization_report [reports::WHOSE_FORM],
    GET "/tag/distinct" "List tags that calls had" => reports::distinct_tags,
    GET "/tag/summary" "Sum up calls by tag" => reports::tag_summary [reports::TAG_SUMMARY_FORM],
    GET "/tag/dau" "Count users by tag and day" => reports::active_daily [reports::ACTIVE_FORM],
    GET "/tag/wau" "Count users by tag and week" => reports::active_weekly [reports::ACTIVE_FORM],
    GET "/tag/mau" "Count users by tag and month" => reports::active_monthly [reports::ACTIVE_FORM],
    POST "/v1/feedback" "Give a score to an answer" => feedback::give [feedback::GIVE_FORM],
    POST "/feedback" "Give a score to an answer" => feedback::give [feedback::GIVE_FORM],
    POST "/drill/start" "Begin a drill on a share of a key's calls" => drills::start [drills::START_FORM],
    POST "/drill/stop" "End the drill" => drills::stop,
    GET "/drill" "Report on the drill" => drills::report,
    GET "/drill/list" "List drills of the past" => drills::list [drills::LIST_FORM],
    GET "/global/activity" "Count calls and tokens by day" => reports::activity [reports::DATED_FORM],
    GET "/global/activity/model" "Count calls and tokens by model and day"
        => reports::activity_by_model [reports::DATED_FORM],
    GET "/global/activity/cache_hits" "Count answers that came from a cache"
        => reports::cache_hits [reports::DATED_FORM],
    GET "/global/activity/exceptions" "Count faults of a model group by day"
        => reports::exceptions [reports::EXCEPTIONS_FORM],
    GET "/global/activity/exceptions/deployment" "Count faults of a model group by deployment and day"
        => reports::exceptions_by_deployment [reports::EXCEPTIONS_FORM],
    GET "/usage" "Sum up spend, calls and tokens by what one wants to compare" => reports::usage [reports::USAGE_FORM],
    GET "/user/daily/activity" "Sum up days of users, page by page" => reports::users [reports::DAILY_FORM],
    GET "/user/daily/activity/aggregated" "Sum up days of users, all at once"
        => reports::users_all [reports::DAILY_FORM],
    GET "/user/daily/activity/export" "Export days of users as CSV" => reports::users_csv [reports::DAILY_FORM],
    GET "/team/daily/activity" "Sum up days of teams, page by page" => reports::teams [reports::DAILY_FORM],
    GET "/team/daily/activity/aggregated" "Sum up days of teams, all at once"
        => reports::teams_all [reports::DAILY_FORM],
    GET "/team/daily/activity/export" "Export days of teams as CSV" => reports::teams_csv [reports::DAILY_FORM],
    GET "/organization/daily/activity" "Sum up days of organizations, page by page"
        => reports::organizations [reports::DAILY_FORM],
    GET "/organization/daily/activity/aggregated" "Sum up days of organizations, all at once"
        => reports::organizations_all [reports::DAILY_FORM],
    GET "/organization/daily/activity/export" "Export days of organizations as CSV"
        => reports::organizations_csv [reports::DAILY_FORM],
    GET "/customer/daily/activity" "Sum up days of customers, page by page" => reports::customers [reports::DAILY_FORM],
    GET "/customer/daily/activity/aggregated" "Sum up days of customers, all at once"
        => reports::customers_all [reports::DAILY_FORM],
    GET "/customer/daily/activity/export" "Export days of customers as CSV"
        => reports::customers_csv [reports::DAILY_FORM],
    GET "/end_user/daily/activity" "Sum up days of customers, page by page" => reports::customers [reports::DAILY_FORM],
    GET "/end_user/daily/activity/aggregated" "Sum up days of customers, all at once"
        => reports::customers_all [reports::DAILY_FORM],
    GET "/end_user/daily/activity/export" "Export days of customers as CSV"
        => reports::customers_csv [reports::DAILY_FORM],
    GET "/tag/daily/activity" "Sum up days of tags, page by page" => reports::tags [reports::DAILY_FORM],
    GET "/tag/daily/activity/aggregated" "Sum up days of tags, all at once" => reports::tags_all [reports::DAILY_FORM],
    GET "/tag/daily/activity/export" "Export days of tags as CSV" => reports::tags_csv [reports::DAILY_FORM],

    GET "/loops" "List keys that run in circles" => loops::list,
    POST "/loops/release" "Forget what a key has called, and let it call again" => loops::release [loops::RELEASE_FORM],
    GET "/get/allowed_ips" "List addresses that may call" => addresses::list,
    POST "/add/allowed_ip" "Let an address call" => addresses::add [addresses::ADDRESS_FORM],
    POST "/delete/allowed_ip" "Let an address call no longer" => addresses::delete [addresses::ADDRESS_FORM],

    GET "/alerts" "List alerts of late" => alerts::list,
    POST "/alerts/report" "Send the spend report" => alerts::report [alerts::REPORT_FORM],
    GET "/alerting/settings" "Show channels and thresholds of alerts" => alerts::settings,
    GET "/health/services" "Send a test to a channel of alerts" => alerts::test [alerts::TEST_FORM],

    GET "/audit" "List changes of objects" => audit::list [audit::LIST_FORM],
    GET "/audit/{id}" "Show a change" => audit::one,
    GET "/routes" "List the paths of the management API" => routes,
];

/// All paths, for the router of the control plane.
pub fn router() -> Router<Desk> {
    ROUTES.iter().fold(Router::new(), |router, row| {
        let (handler, reads) = (row.handler, row.reads);
        router.route(row.path, on(row.method, move |visit: Visit| handler(visit.reading(reads))))
    })
}

/// All paths, for the description of the API.
pub fn endpoints() -> impl Iterator<Item = Endpoint> {
    ROUTES.iter().map(|row| Endpoint {
        method: row.name,
        path: row.path.to_owned(),
        summary: row.summary.to_owned(),
        reads: row.reads,
        is_open: false,
    })
}

/// `GET /routes`: all paths of the management API.
fn routes(_visit: Visit) -> Ready<Answer> {
    let rows = ROUTES.iter().map(|row| json!({ "path": row.path, "methods": [row.name] }));
    ready(answer(json!({ "routes": rows.collect::<Vec<_>>() })))
}

/// What the operator wants new keys, users and teams to have, and cannot be: the setting, and what is wrong.
pub fn misfits(management: &Management) -> Vec<(&'static str, String)> {
    let settings = [
        ("default_key_generate_params", keys::misfit(&management.keys.defaults)),
        ("upperbound_key_generate_params", keys::misfit(&management.keys.bounds)),
        ("default_internal_user_params", users::misfit(&management.users.defaults)),
        ("default_team_params", teams::misfit(&management.team_defaults)),
    ];
    settings.into_iter().filter_map(|(name, why)| Some((name, why?))).collect()
}
