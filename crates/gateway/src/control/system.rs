//! About the gateway itself: alive, ready, reload.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header::CONTENT_TYPE};
use axum::response::IntoResponse;
use dialects::json::Writer;
use engine::Caller;
use types::{Fault, FaultKind, Side};

use super::{fault_for, front_of};
use crate::config::{Checked, Difference};
use crate::door::routes;
use crate::live::Live;

/// Who answers here.
pub async fn welcome() -> Response<Body> {
    let body = Writer::document(|w| {
        w.str_field("name", "lockgate");
        w.str_field("version", env!("CARGO_PKG_VERSION"));
        w.str_field("models", "/v1/models");
    });
    ([(CONTENT_TYPE, "application/json")], body.freeze()).into_response()
}

/// The process answers; the body is the incumbent's.
pub async fn liveliness() -> Response<Body> {
    ([(CONTENT_TYPE, "application/json")], "\"I'm alive!\"").into_response()
}

/// The gateway can serve calls. While it drains it no longer listens, so whoever gets an answer may call.
pub async fn readiness(State(live): State<Arc<Live>>) -> Response<Body> {
    let word = |connected| if connected { "connected" } else { "Not connected" };
    let body = Writer::document(|w| {
        w.str_field("status", "healthy");
        w.str_field("db", word(live.books.as_ref().is_some_and(|books| books.registry.is_current())));
        if let Some(replica) = &live.replica {
            w.str_field("redis", word(replica.is_connected()));
        }
    });
    ([(CONTENT_TYPE, "application/json")], body.freeze()).into_response()
}

/// Reads the configuration file again, and says what it found there.
pub async fn reload(State(live): State<Arc<Live>>, Extension(caller): Extension<Arc<Caller>>) -> Response<Body> {
    if let Err(denied) = super::only_admins(&caller) {
        return super::fault(&denied);
    }
    let reloaded = tokio::task::spawn_blocking(move || live.reload()).await;
    let (status, word, report) = match reloaded {
        Ok(Ok(report)) => (StatusCode::OK, "reloaded", report),
        Ok(Err(report)) => (StatusCode::UNPROCESSABLE_ENTITY, "unchanged", report),
        Err(_) => return super::fault(&Fault::new(FaultKind::Internal, Side::Gateway, "the reload failed")),
    };
    let body = Writer::document(|w| {
        w.str_field("status", word);
        w.key("findings").array(|w| report.findings.iter().for_each(|finding| w.string(&finding.to_string())));
    });
    (status, [(CONTENT_TYPE, "application/json")], body.freeze()).into_response()
}

/// Says what is found in the configuration file, or in the text that is sent, and what a reload of it would change.
/// Nothing is changed.
pub async fn check(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    draft: Bytes,
) -> Response<Body> {
    if let Err(denied) = super::only_admins(&caller) {
        return super::fault(&denied);
    }
    let checked = tokio::task::spawn_blocking(move || live.check((!draft.is_empty()).then_some(&*draft))).await;
    let Checked { valid, report, differences } = match checked {
        Ok(Some(checked)) => checked,
        Ok(None) => {
            let message = "there is no configuration file: the gateway was started without one";
            return super::fault(&Fault::new(FaultKind::NotFound, Side::Caller, message));
        }
        Err(_) => return super::fault(&Fault::new(FaultKind::Internal, Side::Gateway, "the check failed")),
    };
    let body = Writer::document(|w| {
        w.key("valid").display(valid);
        w.key("findings").array(|w| report.findings.iter().for_each(|finding| w.string(&finding.to_string())));
        w.key("changes").array(|w| {
            for Difference { path, before, after } in &differences {
                w.object(|w| {
                    w.str_field("path", path);
                    w.opt_str("before", before.as_deref());
                    w.opt_str("after", after.as_deref());
                });
            }
        });
    });
    ([(CONTENT_TYPE, "application/json")], body.freeze()).into_response()
}

/// Nothing is served under this path.
pub async fn not_found(request: Request) -> Response<Body> {
    let message = format!("nothing is served under {} {}", request.method(), request.uri().path());
    fault_for(front_of(&request), &Fault::new(FaultKind::NotFound, Side::Caller, message))
}

/// The path is right, the method is not.
pub async fn wrong_method(request: Request) -> Response<Body> {
    let fault = routes::wrong_method(request.method(), request.uri().path());
    let mut response = fault_for(front_of(&request), &fault);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
