//! The handshake that makes a WebSocket of a connection (RFC 6455, section 4.2). Whatever is wrong with it is refused
//! before the connection is anything but HTTP.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::realtime::accepting;
use http::header::{AUTHORIZATION, CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use types::Fault;

use super::{OutBody, routes, status};

/// What goes on on a connection that has left HTTP behind.
type Rest = Pin<Box<dyn Future<Output = ()>>>;

/// Where that is laid down until the last answer is written.
#[derive(Clone, Default)]
pub struct Leaving(Rc<RefCell<Option<Rest>>>);

impl Leaving {
    /// What goes on, if anything does.
    pub fn take(&self) -> Option<Rest> {
        self.0.take()
    }
}

/// Headers of the handshake.
const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const PROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");

/// What browsers say in the place of a protocol, for they can set no headers.
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// A request for a WebSocket that is as it should be.
pub struct Handshake {
    accept: HeaderValue,
    upgrade: OnUpgrade,
}

impl Handshake {
    /// What is wrong with a request that asks for a WebSocket, if anything is.
    pub fn of(parts: &mut Parts) -> Result<Self, Fault> {
        let accept = check(&parts.headers)?;
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        let upgrade = upgrade.ok_or_else(|| Fault::invalid("this connection cannot become a WebSocket"))?;
        Ok(Handshake { accept, upgrade })
    }

    /// The answer that agrees, with these headers beside its own and the protocol that is spoken, if one was named. What
    /// goes on behind it is laid down in `leaving`.
    pub fn agree<F>(
        self,
        headers: HeaderMap,
        protocol: Option<&'static str>,
        leaving: &Leaving,
        goes_on: impl FnOnce(TokioIo<Upgraded>) -> F + 'static,
    ) -> Response<OutBody>
    where
        F: Future<Output = ()>,
    {
        let Handshake { accept, upgrade } = self;
        let mut switching = status(StatusCode::SWITCHING_PROTOCOLS);
        *switching.headers_mut() = headers;
        switching.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        switching.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        switching.headers_mut().insert(ACCEPT, accept);
        protocol.map(|name| switching.headers_mut().insert(PROTOCOL, HeaderValue::from_static(name)));
        *leaving.0.borrow_mut() = Some(Box::pin(async move {
            // A caller who is gone by now leaves something that is dropped, and ends with that.
            if let Ok(stream) = upgrade.await {
                goes_on(TokioIo::new(stream)).await;
            }
        }));
        switching
    }
}

/// Whether somebody wants a WebSocket.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    names(headers, UPGRADE, "websocket")
}

/// A refusal, which says how a WebSocket is asked for where that was not known.
pub fn refused(mut refusal: Response<OutBody>) -> Response<OutBody> {
    if refusal.status() == StatusCode::UPGRADE_REQUIRED {
        refusal.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        refusal.headers_mut().insert(VERSION, HeaderValue::from_static("13"));
    }
    refusal
}

/// Takes out the protocols that a request names. One of them may be a key, and so may be what the address says: it
/// becomes the header in which others show it.
pub fn take_protocols(parts: &mut Parts) -> Vec<String> {
    let lists = parts.headers.get_all(PROTOCOL).iter().filter_map(|list| list.to_str().ok());
    let named: Vec<String> = lists.flat_map(|list| list.split(',')).map(|name| name.trim().to_owned()).collect();
    parts.headers.remove(PROTOCOL);
    let query = parts.uri.query();
    let key = named.iter().find_map(|name| name.strip_prefix(KEY_PROTOCOL)).map(str::to_owned);
    let key = key.or_else(|| ["api_key", "api-key"].iter().find_map(|name| routes::parameter(query, name)));
    if let Some(Ok(mut key)) = key.map(|key| HeaderValue::try_from(format!("Bearer {key}"))) {
        key.set_sensitive(true);
        parts.headers.entry(AUTHORIZATION).or_insert(key);
    }
    named
}

fn names(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
}

/// Whether the request is a handshake; what answers its key.
fn check(headers: &HeaderMap) -> Result<HeaderValue, Fault> {
    let needed = |message: &str| {
        let status = Some(StatusCode::UPGRADE_REQUIRED.as_u16());
        Fault { status, ..Fault::invalid(message) }
    };
    if !names(headers, CONNECTION, "upgrade") || !is_wanted(headers) {
        return Err(needed("this path is for WebSockets: the request must ask for an upgrade"));
    }
    if headers.get(VERSION).is_none_or(|version| version != "13") {
        return Err(needed("only version 13 of WebSockets is spoken here"));
    }
    let key = headers.get(KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let accept = STANDARD.decode(key).ok().filter(|key| key.len() == 16);
    let accept = accept.and_then(|_| HeaderValue::try_from(accepting(key)).ok());
    accept.ok_or_else(|| Fault::invalid("sec-websocket-key must be 16 bytes in base64"))
}
