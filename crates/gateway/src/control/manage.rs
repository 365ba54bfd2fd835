//! The management API: keys, users, teams and all the rest, as the incumbent's users script against them. Reads come
//! from memory; a change is planned over what is there and written through ([`draft`]); every handler asks itself
//! whether its caller may ([`rights`]). To add a path: a line in [`ROUTES`] and a handler.

#![allow(dead_code, unused_imports, reason = "users and teams use the rest")]

mod actor;
mod draft;
mod form;
mod keys;
mod moment;
mod page;
mod record;
mod refusal;
mod rights;
mod secret;
mod spend;
mod visit;

use std::pin::Pin;

use axum::Router;
use axum::routing::{MethodFilter, on};

pub use actor::Actor;
pub use refusal::Refusal;
pub use visit::{Answer, Desk, Visit};

/// What answers a request.
type Handler = fn(Visit) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// One path and method.
struct Row {
    method: MethodFilter,
    path: &'static str,
    handler: Handler,
}

/// Declares the rows: `GET "/key/info" => keys::info`.
macro_rules! rows {
    ($($method:ident $path:literal => $handler:path),* $(,)?) => {
        &[$(Row { method: MethodFilter::$method, path: $path, handler: |visit| Box::pin($handler(visit)) }),*]
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
    POST "/key/block" => keys::block,
    POST "/key/unblock" => keys::unblock,
    POST "/key/health" => keys::health,
];

/// All paths, for the router of the control plane.
pub fn router() -> Router<Desk> {
    ROUTES.iter().fold(Router::new(), |router, row| {
        let handler = row.handler;
        router.route(row.path, on(row.method, move |visit: Visit| handler(visit)))
    })
}
