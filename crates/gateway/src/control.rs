//! The control plane: everything that is not a model call, on threads of its own. Workers hand requests over through
//! a bounded channel, so a slow admin page never delays a model call.

mod arrivals;
mod cache;
mod cors;
mod health;
mod manage;
mod metrics;
mod models;
mod nodes;
mod ollama;
mod openapi;
mod order;
mod sign_in;
mod sso;
mod system;
mod ui;
mod utils;

pub use cors::Cors;
pub use manage::misfits;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use bytes::Bytes;
use dialects::Front;
use engine::{Caller, Content, Identity, refuse};
use tokio::sync::{mpsc, oneshot};
use tower_service::Service;
use types::{Fault, FaultKind, Side};

use crate::door::routes;
use crate::live::Live;
use manage::Desk;

/// Requests that may wait for the control plane.
const QUEUE: usize = 256;

/// What a worker wants from the control plane, and the way back.
pub enum Errand {
    /// A request to be answered.
    Request(Box<http::Request<Body>>, oneshot::Sender<Response<Body>>),
    /// A token that somebody calls with of whom something is not known yet.
    Token(String, oneshot::Sender<()>),
    /// Something to be done in the database.
    Work(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// The workers' end of the channel.
pub struct Bridge(mpsc::Sender<Errand>);

/// A channel to the control plane, and its far end for [`serve`].
pub fn bridge() -> (Bridge, mpsc::Receiver<Errand>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Bridge(sender), receiver)
}

impl Bridge {
    /// Has a request answered.
    pub async fn call(&self, request: http::Request<Bytes>, peer: SocketAddr) -> Response<Body> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(peer);
        let (answer, answered) = oneshot::channel();
        match self.0.try_send(Errand::Request(Box::new(request), answer)) {
            Ok(()) => answered.await.unwrap_or_else(|_| unavailable()),
            Err(_) => unavailable(),
        }
    }

    /// Has something done where the database is; `None` if there is no room for it.
    pub async fn work<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        let errand = async move { drop(done.send(work.await)) };
        self.0.try_send(Errand::Work(Box::pin(errand))).ok()?;
        result.await.ok()
    }

    /// Has done what a token needs before it can count, as far as that can be done.
    pub async fn introduce(&self, token: String) {
        let (done, introduced) = oneshot::channel();
        if self.0.try_send(Errand::Token(token, done)).is_ok() {
            // Whether it counts now is seen by whoever looks.
            let _ = introduced.await;
        }
    }
}

fn unavailable() -> Response<Body> {
    fault(&Fault::new(FaultKind::Unavailable, Side::Gateway, "the gateway is too busy for this request"))
}

/// Answers requests until the last worker is gone.
pub async fn serve(live: Arc<Live>, mut errands: mpsc::Receiver<Errand>) {
    let desk = Desk::new(live);
    let router = router(desk.clone());
    while let Some(errand) = errands.recv().await {
        let (desk, mut router) = (desk.clone(), router.clone());
        // A caller that is gone needs no answer.
        tokio::spawn(async move {
            match errand {
                Errand::Request(request, answer) => {
                    let response: Result<Response<Body>, Infallible> = router.call(*request).await;
                    let Ok(response) = response;
                    let _ = answer.send(response);
                }
                Errand::Work(work) => work.await,
                Errand::Token(token, done) => {
                    arrivals::introduce(&desk, &token).await;
                    let _ = done.send(());
                }
            }
        });
    }
}

fn router(desk: Desk) -> Router {
    let guarded = Router::new()
        .route("/models", get(models::list))
        .route("/v1/models", get(models::list))
        .route("/models/{*id}", get(models::one))
        .route("/v1/models/{*id}", get(models::one))
        .route("/config/reload", post(system::reload))
        .route("/config/check", post(system::check))
        .route("/v1beta/models", get(models::list))
        .route("/v1beta/models/{*id}", get(models::one))
        .route("/api/tags", get(ollama::tags))
        .route("/api/show", post(ollama::show))
        .route("/api/ps", get(ollama::loaded))
        .route("/api/{what}", any(ollama::not_here))
        .route("/nodes", get(nodes::list))
        .route("/nodes/load", post(nodes::load))
        .route("/nodes/unload", post(nodes::unload))
        .route("/nodes/wake", post(nodes::wake))
        .route("/cache/ping", get(cache::ping))
        .route("/cache/stats", get(cache::stats))
        .route("/cache/delete", post(cache::delete))
        .route("/cache/flushall", post(cache::flush))
        .route("/cache/redis/info", get(cache::info))
        .route("/health", get(health::now))
        .route("/health/latest", get(health::latest))
        .route("/health/history", get(health::history))
        .route("/utils/route", post(utils::route))
        .route("/utils/transform_request", post(utils::transform))
        .route("/utils/token_counter", post(utils::count))
        .route_layer(from_fn_with_state(desk.live.clone(), authenticate));
    Router::new()
        .merge(guarded)
        .merge(manage::router())
        .merge(sign_in::router())
        .merge(sso::router())
        .merge(ui::router())
        .merge(openapi::router())
        .route("/", get(openapi::root))
        .route("/api/version", get(ollama::version))
        .route("/health/liveliness", get(system::liveliness))
        .route("/health/liveness", get(system::liveliness))
        .route("/health/readiness", get(system::readiness))
        .route("/metrics", get(metrics::page))
        .route("/metrics/", get(metrics::page))
        .fallback(system::not_found)
        .method_not_allowed_fallback(system::wrong_method)
        .with_state(desk)
}

/// Lets callers in, and tells the handler who they are.
async fn authenticate(State(live): State<Arc<Live>>, mut request: Request, next: Next) -> Response<Body> {
    match caller(&live, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(denied) => fault_for(front_of(&request), &denied),
    }
}

/// Who asks, if they may ask from where they are, and for this.
fn caller<B>(live: &Live, request: &http::Request<B>) -> Result<Arc<Caller>, Fault> {
    let (setup, path) = (live.setup(), request.uri().path());
    if let Some(peer) = request.extensions().get::<SocketAddr>() {
        setup.doorway.address(peer.ip(), request.headers())?;
    }
    let found = setup.doorway.caller(path, find(live, request.headers()), Arc::default)?;
    setup.doorway.open(path, &found)?;
    Ok(found)
}

fn find(live: &Live, headers: &HeaderMap) -> Result<Arc<Caller>, Fault> {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let access = &live.setup().access;
    let found = match (access.identify(headers)?, &live.books, &access.tokens) {
        (Identity::Admin, ..) => Caller::admin(),
        (Identity::Key(hash), Some(books), _) => Caller::find(&books.registry, &live.meters, &hash, now_ms)?,
        (Identity::Token(token), Some(books), Some(tokens)) => {
            let holder = tokens.holder(&token, now_ms)?;
            Caller::holding(&books.registry, &live.meters, (tokens, holder), now_ms)?
        }
        (Identity::Key(_) | Identity::Token(_), ..) => return Err(Caller::unknown()),
    };
    access.vouch(&found)?;
    Ok(Arc::new(found))
}

/// What belongs to the gateway as a whole is for administrators.
fn only_admins(caller: &Caller) -> Result<(), Fault> {
    let message = "Admin-only endpoint. Not allowed to access this.";
    if caller.is_admin { Ok(()) } else { Err(Fault::new(FaultKind::Permission, Side::Caller, message)) }
}

/// The dialect in which a caller expects errors.
fn front_of(request: &Request) -> &'static dyn Front {
    routes::front_of(request.uri().path(), request.headers())
}

fn fault(fault: &Fault) -> Response<Body> {
    fault_for(dialects::FRONTS[0], fault)
}

fn fault_for(front: &dyn Front, fault: &Fault) -> Response<Body> {
    let reply = refuse(front, fault);
    let body = match reply.content {
        Content::Whole(bytes) => bytes,
        Content::Stream(_) => Bytes::new(),
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, reply.headers, body).into_response()
}
