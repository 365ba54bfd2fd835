//! Calls that are passed on: their keys, and their bodies as they come.

use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use engine::{Caller, PassBody, PassCall, PassContent, PassReply, Passage, note_refused_pass, pass_on, refuse_call};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use providers::http::Upload;
use tokio::time::{Instant, Sleep, sleep};
use types::{Fault, FaultKind, Side};

use super::{Door, OutBody, find, intake, response, routes};
use crate::responses;

/// Methods that are passed on.
const METHODS: [(Method, &str); 5] = [
    (Method::GET, "GET"),
    (Method::POST, "POST"),
    (Method::PUT, "PUT"),
    (Method::PATCH, "PATCH"),
    (Method::DELETE, "DELETE"),
];

/// The passage that a request goes through, and what stands behind its prefix. What the operator declares comes before
/// the gateway's own calls, and these before the providers' prefixes.
pub fn passage(door: &Door, path: &str) -> Option<(Arc<Passage>, String)> {
    let setup = door.live.setup();
    let (passage, rest) = setup.passages.find(path)?;
    let is_ours = || routes::find(path, None).is_some() || responses::meant(path).is_some();
    (passage.built_in.is_none() || !is_ours()).then(|| (passage.clone(), rest.to_owned()))
}

/// Passes a request on.
pub async fn call(
    door: &Rc<Door>,
    peer: SocketAddr,
    (passage, rest): (Arc<Passage>, String),
    parts: Parts,
    body: Incoming,
) -> Response<OutBody> {
    let gate = &door.gate;
    let id = gate.call_id(&parts.headers);
    let front = passage.front(parts.method.as_str(), &rest);
    let refused = |fault: &Fault| response(refuse_call(front, &id, fault));
    let known = METHODS.iter().find(|(method, name)| *method == parts.method && passage.takes_method(name));
    let Some((_, method)) = known else {
        intake::discard(&door.stop, body);
        let mut response = refused(&routes::wrong_method(&parts.method, parts.uri.path()));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        let takes = METHODS.iter().map(|(_, name)| *name).filter(|name| passage.takes_method(name));
        if let Ok(allowed) = HeaderValue::try_from(takes.collect::<Vec<_>>().join(", ")) {
            response.headers_mut().insert(ALLOW, allowed);
        }
        return response;
    };
    let setup = door.live.setup();
    let path = parts.uri.path();
    let found = find(door, &setup, &parts.headers).await;
    let keyed = found.is_ok();
    let admitted = setup.doorway.address(peer.ip(), &parts.headers).and_then(|ip| {
        let found = if passage.is_open { Ok(found.unwrap_or_default()) } else { found };
        let caller: Arc<Caller> = setup.doorway.caller(path, found, Arc::default)?;
        passage.open(path, &caller, setup.doorway.open(path, &caller))?;
        Ok((caller, ip))
    });
    let (caller, ip) = match admitted {
        Ok(admitted) => admitted,
        Err(denied) => {
            intake::discard(&door.stop, body);
            note_refused_pass(gate, (&id, front, peer.ip()), None, &denied);
            return refused(&denied);
        }
    };
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let body = match passage.wants_whole(method, &rest, kind) {
        true => match intake::read(&door.stop, &parts.headers, body, setup.intake.max_body_bytes).await {
            Ok(body) => PassBody::Whole(body),
            Err(fault) => {
                note_refused_pass(gate, (&id, front, ip), Some(caller), &fault);
                return refused(&fault);
            }
        },
        false => PassBody::Stream(Box::new(Piecewise::new(body, parts.headers.get(CONTENT_LENGTH)))),
    };
    let query = parts.uri.query().map(str::to_owned);
    let headers = parts.headers;
    let call = PassCall { id, passage, method, rest, query, headers, body, caller, keyed, ip: Some(ip) };
    response_of(pass_on(gate, call).await)
}

/// The answer to a call that was passed on.
pub fn response_of(reply: PassReply) -> Response<OutBody> {
    let body = match reply.content {
        PassContent::Whole(bytes) => OutBody::whole(bytes),
        PassContent::Relay(relay) => OutBody::relay(relay),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = reply.headers;
    response
}

/// A body of a request that goes on as it comes.
pub struct Piecewise {
    body: Incoming,
    length: Option<u64>,
    pause: Pin<Box<Sleep>>,
}

impl Piecewise {
    /// A body that says that it has so many bytes.
    pub fn new(body: Incoming, length: Option<&HeaderValue>) -> Self {
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        Piecewise { length: length.or(body.size_hint().exact()), body, pause: Box::pin(sleep(intake::PAUSE)) }
    }
}

impl Upload for Piecewise {
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn poll_piece(&mut self, cx: &mut Context) -> Poll<Option<Result<Bytes, Fault>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.pause.as_mut().poll(cx));
                let message = "the request body did not arrive in time";
                return Poll::Ready(Some(Err(Fault::new(FaultKind::Timeout, Side::Caller, message))));
            };
            self.pause.as_mut().reset(Instant::now() + intake::PAUSE);
            match frame {
                None => return Poll::Ready(None),
                Some(Err(_)) => return Poll::Ready(Some(Err(Fault::invalid("the request body was cut off")))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
