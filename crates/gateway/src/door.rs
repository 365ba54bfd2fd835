//! Between HTTP and the engine: which path means what, bodies in, bodies out.

mod body;
pub mod files;
pub mod handshake;
pub mod intake;
mod passing;
pub mod realtime;
pub mod routes;
pub mod session;

pub use body::OutBody;
pub use handshake::Leaving;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use engine::{Call, Caller, Content, Gate, Reply, Setup, Stranger, note_refusal, refuse, refuse_call, serve};
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use types::Fault;

use crate::live::Live;
use crate::responses::{self, socket};
use crate::stop::Stop;
use routes::Route;

/// One worker's way in.
pub struct Door {
    /// The way into the engine.
    pub gate: Rc<Gate>,
    /// The same for calls that take part in a drill.
    pub drill_gate: Rc<Gate>,
    /// What the threads share.
    pub live: Arc<Live>,
    /// Hears when the gateway goes down.
    pub stop: Stop,
}

/// Answers one HTTP request. What goes on when the connection has left HTTP is laid down in `leaving`.
pub async fn handle(
    door: Rc<Door>,
    peer: SocketAddr,
    request: Request<Incoming>,
    leaving: Leaving,
) -> Result<Response<OutBody>, Infallible> {
    let cors = door.live.cors.headers(request.headers());
    let mut response = match (request.method(), cors.is_some()) {
        (&Method::OPTIONS, true) => status(StatusCode::NO_CONTENT),
        _ => answer(&door, peer, request, leaving).await,
    };
    if let Some(cors) = cors {
        response.headers_mut().extend(cors);
    }
    Ok(response)
}

/// Refuses a request that came in the clear to a gateway that serves HTTPS.
pub async fn refuse_plain(door: Rc<Door>, request: Request<Incoming>) -> Result<Response<OutBody>, Infallible> {
    let (parts, body) = request.into_parts();
    intake::discard(&door.stop, body);
    let fault = Fault::invalid("this port serves HTTPS: write https:// in the address");
    Ok(response(match routes::find(parts.uri.path(), parts.uri.query()) {
        Some(route) => refuse_call(route.front, &door.gate.call_id(&parts.headers), &fault),
        None => refuse(routes::front_of(parts.uri.path(), &parts.headers), &fault),
    }))
}

async fn answer(door: &Rc<Door>, peer: SocketAddr, request: Request<Incoming>, leaving: Leaving) -> Response<OutBody> {
    let (mut parts, body) = request.into_parts();
    if let Some(asked) = realtime::find(parts.uri.path()) {
        return Box::pin(realtime::answer(door, peer, asked, (parts, body), leaving)).await;
    }
    let files = files::meaning(&parts.method, parts.uri.path());
    let passage = if files.is_some() { None } else { passing::passage(door, parts.uri.path()) };
    take_key(&mut parts, passage.as_ref().is_some_and(|(passage, _)| passage.has_key_in_query()));
    session::take(&mut parts);
    if let Some(job) = files {
        return Box::pin(files::call(door, peer, job, parts, body)).await;
    }
    if let Some(passage) = passage {
        return Box::pin(passing::call(door, peer, passage, parts, body)).await;
    }
    match routes::find(parts.uri.path(), parts.uri.query()) {
        Some(route) if socket::is_wanted(&route, &parts) => {
            Box::pin(socket::answer(door, peer, parts, body, leaving)).await
        }
        Some(route) => model_call(door, peer, route, parts, body).await,
        None => match responses::meant(parts.uri.path()) {
            Some(meant) => Box::pin(responses::answer(door, peer, &parts, body, meant)).await,
            None => control_call(door, peer, parts, body).await,
        },
    }
}

/// Some of Google's clients show their key in the address: it counts like the header in which others show it.
fn take_key(parts: &mut Parts, is_googles: bool) {
    let given = routes::parameter(parts.uri.query(), "key");
    let given = given.filter(|_| is_googles || routes::is_geminis(parts.uri.path()));
    if let Some(mut key) = given.and_then(|key| HeaderValue::try_from(key).ok()) {
        key.set_sensitive(true);
        parts.headers.entry("x-goog-api-key").or_insert(key);
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
    let Route { front, operation, path_model, path_stream } = route;
    let gate = &door.gate;
    let id = gate.call_id(&parts.headers);
    let refused = |fault: &Fault| response(refuse_call(front, &id, fault));
    let stranger = |ip| Stranger { id: id.clone(), front, operation, ip: Some(ip) };
    if parts.method != Method::POST {
        intake::discard(&door.stop, body);
        let mut response = refused(&routes::wrong_method(&parts.method, parts.uri.path()));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let setup = door.live.setup();
    // Nobody gets to fill our memory who may not call at all.
    let (caller, ip) = match admit(door, &setup, peer, &parts).await {
        Ok(admitted) => admitted,
        Err(denied) => {
            intake::discard(&door.stop, body);
            note_refusal(gate, stranger(peer.ip()), None, &denied);
            return refused(&denied);
        }
    };
    let body = match intake::read(&door.stop, &parts.headers, body, setup.intake.max_body_bytes).await {
        Ok(body) => body,
        Err(fault) => {
            note_refusal(gate, stranger(ip), Some(caller), &fault);
            return refused(&fault);
        }
    };
    let ip = Some(ip);
    let headers = parts.headers;
    let call = Call { id: id.clone(), front, operation, path_model, path_stream, headers, body, caller, ip };
    answer_call(door, setup, call).await
}

/// Answers a call whose caller and body are known.
pub async fn answer_call(door: &Rc<Door>, setup: Arc<Setup>, call: Call) -> Response<OutBody> {
    if responses::is_concerned(&setup, &call) {
        // In a box: other calls need no room for it.
        return Box::pin(responses::serve(door, setup, call)).await;
    }
    drop(setup);
    response(run(door, call).await)
}

/// Has the engine serve a call.
pub async fn run(door: &Door, call: Call) -> Reply {
    let drill = door.live.drills.taking(&call.caller, || door.gate.roll());
    // One place for both: whoever waits here needs room for one journey.
    let reply = serve(if drill.is_some() { &door.drill_gate } else { &door.gate }, call).await;
    drill.iter().for_each(|drill| drill.note_call());
    reply
}

/// What the log knows of a call that the engine does not get.
pub fn stranger(call: &Call) -> Stranger {
    Stranger { id: call.id.clone(), front: call.front, operation: call.operation, ip: call.ip }
}

/// Who calls and from which address, if they may call from there, and this.
pub async fn admit(
    door: &Door,
    setup: &Setup,
    peer: SocketAddr,
    parts: &Parts,
) -> Result<(Arc<Caller>, IpAddr), Fault> {
    let path = parts.uri.path();
    let ip = setup.doorway.address(peer.ip(), &parts.headers)?;
    let caller = setup.doorway.caller(path, find(door, setup, &parts.headers).await, Arc::default)?;
    setup.doorway.open(path, &caller)?;
    Ok((caller, ip))
}

/// Who calls. Whoever comes with a token for the first time may have to be introduced; nobody else waits here.
async fn find(door: &Door, setup: &Setup, headers: &HeaderMap) -> Result<Arc<Caller>, Fault> {
    let (keyring, now_ms) = (&door.gate.keyring, || (door.gate.unix_ms)());
    if let Some(token) = keyring.newcomer(&setup.access, headers, now_ms()) {
        door.live.control.introduce(token).await;
    }
    keyring.find(&setup.access, headers, now_ms())
}

/// A call that the control plane serves, on its own threads.
async fn control_call(door: &Rc<Door>, peer: SocketAddr, parts: Parts, body: Incoming) -> Response<OutBody> {
    let limit = match find(door, &door.live.setup(), &parts.headers).await {
        Ok(_) => intake::MAX_CONTROL_BODY,
        Err(_) => intake::MAX_STRANGERS_BODY,
    };
    match intake::read(&door.stop, &parts.headers, body, limit).await {
        Ok(body) => door.live.control.call(Request::from_parts(parts, body), peer).await.map(OutBody::control),
        Err(fault) => response(refuse(routes::front_of(parts.uri.path(), &parts.headers), &fault)),
    }
}

/// An answer as HTTP has it.
pub fn response(reply: Reply) -> Response<OutBody> {
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
