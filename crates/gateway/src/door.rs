//! Between HTTP and the engine: which path means what, bodies in, bodies out.

mod body;
mod intake;
pub mod routes;

pub use body::OutBody;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use engine::{Call, Content, Gate, Reply, refuse};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use types::{Fault, FaultKind, Side};

use crate::live::Live;
use routes::Route;

/// One worker's way in.
pub struct Door {
    /// The way into the engine.
    pub gate: Rc<Gate>,
    /// What the threads share.
    pub live: Arc<Live>,
}

/// Answers one HTTP request.
pub async fn handle(
    door: Rc<Door>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<OutBody>, Infallible> {
    let cors = door.live.cors.headers(request.headers());
    let mut response = match (request.method(), cors.is_some()) {
        (&Method::OPTIONS, true) => status(StatusCode::NO_CONTENT),
        _ => answer(&door, peer, request).await,
    };
    if let Some(cors) = cors {
        response.headers_mut().extend(cors);
    }
    Ok(response)
}

async fn answer(door: &Rc<Door>, peer: SocketAddr, request: Request<Incoming>) -> Response<OutBody> {
    let (parts, body) = request.into_parts();
    match routes::find(&parts.method, parts.uri.path()) {
        Some(route) => model_call(door, peer, route, parts, body).await,
        None => control_call(door, peer, parts, body).await,
    }
}

/// A call that the engine serves.
async fn model_call(
    door: &Rc<Door>,
    peer: SocketAddr,
    route: Route,
    parts: Parts,
    body: Incoming,
) -> Response<OutBody> {
    let setup = door.live.setup();
    // Nobody gets to fill our memory who may not call at all.
    let gate = &door.gate;
    let caller = match gate.keyring.find(&setup.access, &parts.headers, (gate.unix_ms)()) {
        Ok(caller) => caller,
        Err(denied) => {
            intake::discard(body);
            return response(refuse(route.front, &denied));
        }
    };
    let body = match intake::read(&parts.headers, body, setup.intake.max_body_bytes).await {
        Ok(body) => body,
        Err(fault) => return response(refuse(route.front, &fault)),
    };
    let Route { front, operation, path_model } = route;
    let ip = Some(peer.ip());
    let call = Call { front, operation, path_model, headers: parts.headers, body, caller, ip };
    // A defect of ours must not look like a broken connection, nor take others down.
    let served = catch(engine::serve(&door.gate, call)).await;
    response(served.unwrap_or_else(|| {
        refuse(front, &Fault::new(FaultKind::Internal, Side::Gateway, "the gateway failed to handle the request"))
    }))
}

/// A call that the control plane serves, on its own threads.
async fn control_call(door: &Rc<Door>, peer: SocketAddr, parts: Parts, body: Incoming) -> Response<OutBody> {
    match intake::read(&parts.headers, body, intake::MAX_CONTROL_BODY).await {
        Ok(body) => door.live.control.call(Request::from_parts(parts, body), peer).await.map(OutBody::control),
        Err(fault) => response(refuse(routes::default_front(), &fault)),
    }
}

fn response(reply: Reply) -> Response<OutBody> {
    let body = match reply.content {
        Content::Whole(bytes) => OutBody::whole(bytes),
        Content::Stream(delivery) => OutBody::stream(delivery),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = reply.headers;
    response
}

fn status(status: StatusCode) -> Response<OutBody> {
    let mut response = Response::new(OutBody::whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// Runs `future`; `None` if it panics. The panic hook has logged it by then.
async fn catch<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Some),
        Err(_) => std::task::Poll::Ready(None),
    })
    .await
}
