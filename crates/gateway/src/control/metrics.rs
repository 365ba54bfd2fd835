//! `/metrics`, for Prometheus: for whoever sees everything, for addresses that the operator names, or for everybody if the
//! operator wants that.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, header::CONTENT_TYPE};
use axum::response::IntoResponse;
use types::{Fault, FaultKind, Side};

use super::{caller, fault, manage};
use crate::live::Live;
use crate::metrics;

/// `GET /metrics`
pub async fn page(State(live): State<Arc<Live>>, request: Request) -> Response<Body> {
    if let Err(denied) = may_see(&live, &request) {
        return fault(&denied);
    }
    let page = tokio::task::spawn_blocking(move || live.metrics.page(&live)).await;
    match page {
        Ok(page) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response(),
        Err(_) => fault(&Fault::new(FaultKind::Internal, Side::Gateway, "the metrics cannot be told")),
    }
}

fn may_see(live: &Live, request: &Request) -> Result<(), Fault> {
    let rules = live.management().metrics.clone();
    if rules.open || live.setup().doorway.routes.is_public(request.uri().path()) {
        return Ok(());
    }
    if let Some(peer) = request.extensions().get::<SocketAddr>() {
        let address = live.setup().doorway.address(peer.ip(), request.headers())?;
        if rules.allowed.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
    }
    // Without a master key everybody is an administrator, and sees this too.
    match manage::sees_all(live, &*caller(live, request)?) {
        true => Ok(()),
        false => Err(Fault::new(FaultKind::Permission, Side::Caller, "The metrics are for administrators.")),
    }
}
