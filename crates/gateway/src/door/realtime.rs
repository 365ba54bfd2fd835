//! The way in to OpenAI's Realtime API: a handshake that makes a WebSocket of the connection, and secrets with which
//! browsers may make one. Whatever is wrong is refused before the connection is anything but HTTP.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use dialects::json::Writer;
use dialects::realtime::{CLIENT_SECRET, OLD_SESSION, Realtime, SESSION, TRANSCRIPTION};
use engine::realtime::{Sealed, open, secret};
use engine::{Call, Caller, Setup, Stranger, note_refusal, refuse_call};
use http::header::{ALLOW, AUTHORIZATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use types::{Fault, FaultKind, Operation, Side};

use super::handshake::{self, Handshake, Leaving};
use super::{Door, OutBody, admit, intake, response, routes};
use crate::seal::Seal;

/// Paths, and what is asked for there.
pub const PATHS: &[(&str, &Realtime)] = &[
    ("/v1/realtime", &SESSION),
    ("/realtime", &SESSION),
    ("/openai/v1/realtime", &SESSION),
    ("/v1/realtime/client_secrets", &CLIENT_SECRET),
    ("/realtime/client_secrets", &CLIENT_SECRET),
    ("/openai/v1/realtime/client_secrets", &CLIENT_SECRET),
    ("/v1/realtime/sessions", &OLD_SESSION),
    ("/realtime/sessions", &OLD_SESSION),
    ("/openai/v1/realtime/sessions", &OLD_SESSION),
    ("/v1/realtime/transcription_sessions", &TRANSCRIPTION),
    ("/realtime/transcription_sessions", &TRANSCRIPTION),
    ("/openai/v1/realtime/transcription_sessions", &TRANSCRIPTION),
];

/// The end of paths by which calls over WebRTC are made.
const CALLS: &str = "/realtime/calls";

/// The header of a handshake that asks for the API's first version.
const BETA: HeaderName = HeaderName::from_static("openai-beta");

/// The protocol that is spoken, and what browsers say in the same place, for they can set no headers.
const SPOKEN: &str = "realtime";
const BETA_PROTOCOL: &str = "openai-beta.realtime-v1";

/// What a secret of ours begins with, and a sealed text.
const SECRET: &str = "ek_";
const SEALED: &str = "v2:gcm:";

/// What is asked for.
#[derive(Clone, Copy)]
pub enum Asked {
    /// This.
    Here(&'static Realtime),
    /// A call that would go past the gateway.
    Call,
}

/// What a path asks for, if it is one of these.
pub fn find(path: &str) -> Option<Asked> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if !path.contains("/realtime") {
        return None;
    }
    let known = PATHS.iter().find(|(known, _)| *known == path).map(|(_, front)| Asked::Here(front));
    let called = path.strip_prefix("/openai/v1").or(path.strip_prefix("/v1")).unwrap_or(path);
    known.or_else(|| (called == CALLS || called.starts_with("/realtime/calls/")).then_some(Asked::Call))
}

/// Answers a request, and lays down what goes on behind the answer.
pub async fn answer(
    door: &Rc<Door>,
    peer: SocketAddr,
    asked: Asked,
    (mut parts, body): (Parts, Incoming),
    leaving: Leaving,
) -> Response<OutBody> {
    let front = match asked {
        Asked::Here(front) => front,
        Asked::Call => &SESSION,
    };
    let id = door.gate.call_id(&parts.headers);
    let method = if front.0 == SESSION.0 && matches!(asked, Asked::Here(_)) { Method::GET } else { Method::POST };
    if parts.method != method {
        intake::discard(&door.stop, body);
        let mut refused = response(refuse_call(front, &id, &routes::wrong_method(&parts.method, parts.uri.path())));
        *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        let allowed = HeaderValue::from_static(if method == Method::GET { "GET" } else { "POST" });
        refused.headers_mut().insert(ALLOW, allowed);
        return refused;
    }
    let is_named = take_protocols(&mut parts);
    let setup = door.live.setup();
    let visitor = match visit(door, &setup, peer, &parts).await {
        Ok(visitor) => visitor,
        Err(denied) => {
            intake::discard(&door.stop, body);
            note_refusal(&door.gate, stranger(&id, front, peer.ip()), None, &denied);
            return response(refuse_call(front, &id, &denied));
        }
    };
    let refused = |fault: &Fault| {
        note_refusal(&door.gate, stranger(&id, front, visitor.ip), Some(visitor.caller.clone()), fault);
        response(refuse_call(front, &id, fault))
    };
    if matches!(asked, Asked::Call) {
        intake::discard(&door.stop, body);
        return refused(&no_calls());
    }
    let ip = Some(visitor.ip);
    let call = |path_model, headers, body| Call {
        id: id.clone(),
        front,
        operation: Operation::Chat,
        path_model,
        path_stream: Some(true),
        headers,
        body,
        caller: visitor.caller.clone(),
        ip,
    };
    if method == Method::POST {
        let body = match intake::read(&door.stop, &parts.headers, body, setup.intake.max_body_bytes).await {
            Ok(body) => body,
            Err(fault) => return refused(&fault),
        };
        let identity = match setup.access.identify(&parts.headers) {
            Ok(identity) => identity,
            Err(fault) => return refused(&fault),
        };
        let seal = door.live.management().seal.clone();
        let close = |sealed: &Sealed| show(seal.as_ref()?, sealed);
        return response(secret(&door.gate, call(None, parts.headers, body), identity, close).await);
    }
    let handshake = match Handshake::of(&mut parts) {
        Ok(handshake) => handshake,
        Err(fault) => return handshake::refused(refused(&fault)),
    };
    let model = visitor.sealed.as_ref().map(|sealed| sealed.model.clone());
    let body = question(parts.uri.query());
    match open(&door.gate, call(model, parts.headers, body), visitor.sealed.clone()).await {
        Err(reply) => response(*reply),
        Ok(session) => {
            let (stop, headers) = (door.stop.clone(), session.headers());
            let goes_on = async move |stream| session.run(stream, stop.told()).await;
            handshake.agree(headers, is_named.then_some(SPOKEN), &leaving, goes_on)
        }
    }
}

fn stranger(id: &str, front: &'static Realtime, ip: IpAddr) -> Stranger {
    Stranger { id: id.to_owned(), front, operation: Operation::Chat, ip: Some(ip) }
}

/// Who calls.
struct Visitor {
    caller: Arc<Caller>,
    ip: IpAddr,
    /// What was in the secret that was shown, if one was.
    sealed: Option<Sealed>,
}

/// Who calls, by a key or by a secret that somebody with a key had made.
async fn visit(door: &Door, setup: &Setup, peer: SocketAddr, parts: &Parts) -> Result<Visitor, Fault> {
    let shown = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(shown) = shown.filter(|shown| shown.starts_with(SECRET)) else {
        let (caller, ip) = admit(door, setup, peer, parts).await?;
        return Ok(Visitor { caller, ip, sealed: None });
    };
    let ip = setup.doorway.address(peer.ip(), &parts.headers)?;
    let now_ms = (door.gate.unix_ms)();
    let sealed = door.live.management().seal.as_ref().and_then(|seal| unseal(seal, shown)).filter(|_| {
        // A secret opens sessions, and nothing else.
        parts.method == Method::GET
    });
    let sealed = sealed.filter(|sealed| now_ms < sealed.until.saturating_mul(1000)).ok_or_else(|| Fault {
        code: Some("invalid_api_key".to_owned()),
        ..unknown("the client secret is wrong, or has expired")
    })?;
    let caller = door.gate.keyring.find_identity(&setup.access, sealed.identity.clone(), now_ms)?;
    setup.doorway.open(parts.uri.path(), &caller)?;
    Ok(Visitor { caller, ip, sealed: Some(sealed) })
}

fn unknown(message: &str) -> Fault {
    Fault::new(FaultKind::Authentication, Side::Caller, message)
}

/// A secret as callers see it: of letters that may stand in the name of a protocol.
fn show(seal: &Seal, sealed: &Sealed) -> Option<String> {
    let closed = seal.close(&sealed.write()).ok()?;
    Some(format!("{SECRET}{}", closed.strip_prefix(SEALED)?.trim_end_matches('=')))
}

fn unseal(seal: &Seal, shown: &str) -> Option<Sealed> {
    let text = shown.strip_prefix(SECRET)?;
    let padding = "=".repeat(text.len().next_multiple_of(4) - text.len());
    Sealed::read(&seal.open(&format!("{SEALED}{text}{padding}")).ok()?)
}

/// Takes out what stands in the place of protocols, and in the address, and is no protocol. Whether the one that is spoken
/// is named.
fn take_protocols(parts: &mut Parts) -> bool {
    let named = handshake::take_protocols(parts);
    if named.iter().any(|name| name == BETA_PROTOCOL) {
        parts.headers.entry(BETA).or_insert(HeaderValue::from_static("realtime=v1"));
    }
    named.iter().any(|name| name == SPOKEN)
}

/// What the address asks for, as other calls say it in a body.
fn question(query: Option<&str>) -> Bytes {
    let model = ["model", "deployment"].iter().find_map(|name| routes::parameter(query, name));
    let intent = routes::parameter(query, "intent");
    Writer::document(|w| {
        w.opt_str("model", model.as_deref());
        w.opt_str("intent", intent.as_deref());
    })
    .freeze()
}

/// Sound that goes past the gateway is counted by nobody.
fn no_calls() -> Fault {
    let message = "calls over WebRTC go past the gateway, which could neither count nor limit them: open a session over a \
                   WebSocket at /v1/realtime instead";
    Fault { code: Some("unsupported_endpoint".to_owned()), ..Fault::invalid(message) }
}
