//! The management API: keys, users, teams and all the rest, as the incumbent's users script against them. Reads come
//! from memory; a change is planned over what is there and written through ([`draft`]); every handler asks itself
//! whether its caller may ([`rights`]). To add a path: a line in [`ROUTES`] and a handler.

mod access_groups;
mod actor;
mod addresses;
mod audit;
mod behalf;
mod budgets;
mod credentials;
mod customers;
mod draft;
mod drills;
mod feedback;
mod form;
pub mod invitations;
mod keys;
mod models;
mod moment;
mod organizations;
mod page;
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

use crate::config::Management;
pub use behalf::{on_behalf, sees_all};
pub use form::{Field, Form, Takes, optional};
pub use people::find_user;
pub use refusal::Refusal;
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
    handler: Handler,
}

/// Declares the rows: `GET "/key/info" => keys::info`.
macro_rules! rows {
    ($($method:ident $path:literal => $handler:path),* $(,)?) => {
        &[$(Row { method: MethodFilter::$method, name: stringify!($method), path: $path, handler: |visit| Box::pin($handler(visit)) }),*]
    };
}

/// All paths.
#[rustfmt::skip]
const ROUTES: &[Row] = rows![
    POST "/key/generate" => keys::generate,
    POST "/key/service-account/generate" => keys::generate_for_service,
    POST "/key/update" => keys::update,
    POST "/key/bulk_update" => keys::bulk_update,
    POST "/team/key/bulk_update" => keys::team_bulk_update,
    POST "/key/delete" => keys::delete,
    GET "/key/info" => keys::info,
    POST "/v2/key/info" => keys::infos,
    GET "/key/list" => keys::list,
    GET "/key/aliases" => keys::aliases,
    POST "/key/regenerate" => keys::regenerate,
    POST "/key/{key}/regenerate" => keys::regenerate_named,
    POST "/key/{key}/reset_spend" => keys::reset_spend,
    POST "/key/block" => keys::block,
    POST "/key/unblock" => keys::unblock,
    POST "/key/health" => keys::health,

    POST "/user/new" => users::create,
    POST "/user/update" => users::update,
    POST "/user/bulk_update" => users::bulk_update,
    POST "/user/delete" => users::delete,
    GET "/user/info" => users::info,
    GET "/v2/user/info" => users::info_flat,
    GET "/user/list" => users::list,
    GET "/user/filter/ui" => users::filter,
    GET "/user/available_roles" => users::roles,

    POST "/user/password/change" => passwords::change,
    POST "/logout" => sessions::sign_out,
    POST "/invitation/new" => invitations::create,
    GET "/invitation/info" => invitations::info,
    POST "/invitation/update" => invitations::update,
    POST "/invitation/delete" => invitations::delete,

    POST "/team/new" => teams::create,
    POST "/team/update" => teams::update,
    PATCH "/team/{team_id}" => teams::patch,
    POST "/team/delete" => teams::delete,
    POST "/team/block" => teams::block,
    POST "/team/unblock" => teams::unblock,
    POST "/team/model/add" => teams::add_models,
    POST "/team/model/delete" => teams::remove_models,
    GET "/team/info" => teams::info,
    GET "/team/list" => teams::list,
    GET "/v2/team/list" => teams::list_pages,
    GET "/team/filter/ui" => teams::filter,
    GET "/team/available" => teams::available,
    GET "/team/permissions_list" => teams::permissions_list,
    POST "/team/permissions_update" => teams::permissions_update,
    POST "/team/permissions_bulk_update" => teams::permissions_bulk_update,
    POST "/team/member_add" => teams::add_member,
    POST "/team/bulk_member_add" => teams::add_many,
    POST "/team/member_update" => teams::update_member,
    POST "/team/member_delete" => teams::remove_member,
    GET "/team/{team_id}/members/me" => teams::membership_of_mine,
    POST "/team/{team_id}/member/{user_id}/reset_spend" => teams::reset_spend,
    POST "/team/{team_id}/member/{user_id}/reset_budget" => teams::reset_spend,

    POST "/project/new" => projects::create,
    POST "/project/update" => projects::update,
    DELETE "/project/delete" => projects::delete,
    GET "/project/info" => projects::info,
    GET "/project/list" => projects::list,

    POST "/organization/new" => organizations::create,
    PATCH "/organization/update" => organizations::update,
    PATCH "/v2/organization/{organization_id}" => organizations::patch,
    DELETE "/organization/delete" => organizations::delete,
    GET "/organization/list" => organizations::list,
    GET "/organization/info" => organizations::info,
    POST "/organization/info" => organizations::infos,
    POST "/organization/member_add" => organizations::add_member,
    PATCH "/organization/member_update" => organizations::update_member,
    DELETE "/organization/member_delete" => organizations::remove_member,

    POST "/customer/new" => customers::create,
    POST "/end_user/new" => customers::create,
    POST "/customer/update" => customers::update,
    POST "/end_user/update" => customers::update,
    POST "/customer/delete" => customers::delete,
    POST "/end_user/delete" => customers::delete,
    POST "/customer/block" => customers::block,
    POST "/end_user/block" => customers::block,
    POST "/customer/unblock" => customers::unblock,
    POST "/end_user/unblock" => customers::unblock,
    GET "/customer/info" => customers::info,
    GET "/end_user/info" => customers::info,
    GET "/customer/list" => customers::list,
    GET "/end_user/list" => customers::list,

    POST "/budget/new" => budgets::create,
    POST "/budget/update" => budgets::update,
    POST "/budget/delete" => budgets::delete,
    POST "/budget/info" => budgets::infos,
    GET "/budget/list" => budgets::list,
    GET "/budget/settings" => budgets::settings,

    POST "/tag/new" => tags::create,
    POST "/tag/update" => tags::update,
    POST "/tag/delete" => tags::delete,
    POST "/tag/info" => tags::infos,
    GET "/tag/list" => tags::list,

    POST "/access_group/new" => access_groups::create,
    GET "/access_group/list" => access_groups::list,
    GET "/access_group/{access_group}/info" => access_groups::info,
    PUT "/access_group/{access_group}/update" => access_groups::update,
    DELETE "/access_group/{access_group}/delete" => access_groups::delete,

    POST "/model/new" => models::create,
    POST "/model/update" => models::update,
    PATCH "/model/{model_id}/update" => models::patch,
    POST "/model/delete" => models::delete,
    POST "/model/block" => models::block,
    POST "/model/unblock" => models::unblock,
    GET "/model/info" => models::list,
    GET "/v1/model/info" => models::list,
    GET "/v2/model/info" => models::list_pages,
    GET "/model_group/info" => models::groups,

    POST "/credentials/migrate-encryption" => reseal::migrate,
    GET "/credentials/migrate-encryption/check" => reseal::check,
    POST "/credentials" => credentials::create,
    GET "/credentials" => credentials::list,
    GET "/credentials/by_name/{*credential_name}" => credentials::by_name,
    GET "/credentials/by_model/{model_id}" => credentials::by_model,
    PATCH "/credentials/{*credential_name}" => credentials::update,
    DELETE "/credentials/{*credential_name}" => credentials::delete,

    GET "/spend/keys" => reports::key_rows,
    GET "/spend/users" => reports::user_rows,
    GET "/spend/tags" => reports::tag_rows,
    POST "/spend/calculate" => reports::calculate,
    POST "/cost/estimate" => reports::estimate,
    GET "/spend/logs" => reports::calls,
    GET "/spend/logs/v2" => reports::log_pages,
    GET "/spend/logs/ui" => reports::log_pages,
    GET "/spend/logs/ui/{request_id}" => reports::logged_call,
    GET "/spend/logs/session/ui" => reports::log_of_session,
    GET "/global/spend" => reports::total,
    GET "/global/spend/logs" => reports::logs,
    GET "/global/spend/keys" => reports::keys_total,
    GET "/global/spend/models" => reports::models,
    GET "/global/spend/provider" => reports::providers,
    GET "/provider/budgets" => reports::provider_budgets,
    GET "/router/experiments" => reports::experiments,
    GET "/global/spend/teams" => reports::teams_total,
    GET "/global/spend/tags" => reports::tags_total,
    GET "/global/spend/all_tag_names" => reports::tag_names,
    GET "/global/spend/report" => reports::report,
    POST "/global/spend/end_users" => reports::customers_total,
    POST "/global/spend/reset" => reports::reset,
    POST "/global/spend/refresh" => reports::refresh,
    GET "/global/all_end_users" => reports::customer_names,
    GET "/key/spend/report" => reports::key_report,
    GET "/user/spend/report" => reports::user_report,
    GET "/team/spend/report" => reports::team_report,
    GET "/organization/spend/report" => reports::organization_report,
    GET "/tag/distinct" => reports::distinct_tags,
    GET "/tag/summary" => reports::tag_summary,
    GET "/tag/dau" => reports::active_daily,
    GET "/tag/wau" => reports::active_weekly,
    GET "/tag/mau" => reports::active_monthly,
    POST "/v1/feedback" => feedback::give,
    POST "/feedback" => feedback::give,
    POST "/drill/start" => drills::start,
    POST "/drill/stop" => drills::stop,
    GET "/drill" => drills::report,
    GET "/drill/list" => drills::list,
    GET "/global/activity" => reports::activity,
    GET "/global/activity/model" => reports::activity_by_model,
    GET "/global/activity/cache_hits" => reports::cache_hits,
    GET "/global/activity/exceptions" => reports::exceptions,
    GET "/global/activity/exceptions/deployment" => reports::exceptions_by_deployment,
    GET "/usage" => reports::usage,
    GET "/user/daily/activity" => reports::users,
    GET "/user/daily/activity/aggregated" => reports::users_all,
    GET "/user/daily/activity/export" => reports::users_csv,
    GET "/team/daily/activity" => reports::teams,
    GET "/team/daily/activity/aggregated" => reports::teams_all,
    GET "/team/daily/activity/export" => reports::teams_csv,
    GET "/organization/daily/activity" => reports::organizations,
    GET "/organization/daily/activity/aggregated" => reports::organizations_all,
    GET "/organization/daily/activity/export" => reports::organizations_csv,
    GET "/customer/daily/activity" => reports::customers,
    GET "/customer/daily/activity/aggregated" => reports::customers_all,
    GET "/customer/daily/activity/export" => reports::customers_csv,
    GET "/end_user/daily/activity" => reports::customers,
    GET "/end_user/daily/activity/aggregated" => reports::customers_all,
    GET "/end_user/daily/activity/export" => reports::customers_csv,
    GET "/tag/daily/activity" => reports::tags,
    GET "/tag/daily/activity/aggregated" => reports::tags_all,
    GET "/tag/daily/activity/export" => reports::tags_csv,

    GET "/get/allowed_ips" => addresses::list,
    POST "/add/allowed_ip" => addresses::add,
    POST "/delete/allowed_ip" => addresses::delete,

    GET "/audit" => audit::list,
    GET "/audit/{id}" => audit::one,
    GET "/routes" => routes,
];

/// All paths, for the router of the control plane.
pub fn router() -> Router<Desk> {
    ROUTES.iter().fold(Router::new(), |router, row| {
        let handler = row.handler;
        router.route(row.path, on(row.method, move |visit: Visit| handler(visit)))
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
