//! One try of one deployment: the handshake, or a secret for it.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use dialects::json::Edit;
use dialects::realtime::{Errand, path, rename, rename_at_top};
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::http as upstream;
use providers::http::Tunnel;
use store::Entry;
use types::{Fault, FaultKind, Operation, Usage, Usd};

use super::handshake;
use super::tab::{LEAST, name_at};
use crate::attempt::{Attempt, Opened, Opening};
use crate::booking::{Booking, Order};
use crate::letter::forwarded;
use crate::seat::Seat;
use crate::{Deployment, Sent, trace};

/// A session that a provider has agreed to.
pub(crate) struct Agreed {
    pub tunnel: Tunnel,
    pub billed: Billed,
}

/// Who serves it, and how it is booked.
pub(crate) struct Billed {
    pub seat: Rc<Seat>,
    pub deployment: Arc<Deployment>,
    /// The model as the provider calls it.
    pub model: String,
    /// The session in the books, if any are kept.
    pub entry: Option<Box<Entry>>,
}

/// Tries a deployment.
pub(crate) async fn attempt(attempt: &Attempt<'_>, errand: Errand) -> Result<Opened, Fault> {
    let deployment = attempt.deployment;
    let model = deployment.upstream_model(attempt.star);
    let speaks = deployment.back.name() == attempt.ask.front.name();
    let chats = deployment.path(deployment.back, Operation::Chat, &model, false).filter(|_| speaks);
    let Some(chats) = chats else {
        let fault = Fault::unsupported("model", &deployment.name);
        return Err(Fault { message: format!("realtime sessions are not offered by {}", deployment.name), ..fault });
    };
    let writes_down = attempt.ask.body.with(|root| root.get("intent").is_some_and(|intent| intent.is("transcription")));
    let path = path(errand, &format!("{}{chats}", deployment.endpoint.base_path), &model, writes_down);
    match errand {
        Errand::Session => session(attempt, model, &path).await,
        Errand::Secret(_) => attempt.in_time(pin!(secret(attempt, &model, &path))).await,
    }
}

async fn session(attempt: &Attempt<'_>, model: String, path: &str) -> Result<Opened, Fault> {
    let Attempt { gate, setup, seat, deployment, .. } = *attempt;
    // Who has no money for a first response gets no session.
    let ask = &attempt.ask.estimated(LEAST)?;
    let order = Order { gate, setup, seat, ask, deployment, model: &model };
    let mut booking = Booking::unbounded(&order).await?;
    booking.open().await;
    let shaken = attempt.in_time(pin!(shake_hands(attempt, path, &booking))).await;
    let reply = match shaken {
        Ok(reply) => reply,
        Err(fault) => {
            booking.fail(&fault);
            return Err(fault);
        }
    };
    let Some(tunnel) = reply.body.into_tunnel() else {
        let fault = Fault::provider(FaultKind::Malformed, "the provider's session has a length");
        booking.fail(&fault);
        return Err(fault);
    };
    seat.opened();
    let mut entry = booking.into_entry();
    if let (Some(entry), Some(ledger)) = (&mut entry, &gate.ledger) {
        // What has cost nothing yet must not be booked as if it had, should we not live to see more.
        entry.usage = Usage { input: Some(0), output: Some(0), ..Usage::default() };
        (entry.cost, entry.estimated) = (Some(Usd::ZERO), false);
        ledger.open(entry).await;
    }
    let agreed = Agreed { tunnel, billed: Billed { seat: seat.clone(), deployment: deployment.clone(), model, entry } };
    Ok(attempt.opened(reply.headers, Vec::new(), Opening::Session(Box::new(agreed))))
}

async fn shake_hands(attempt: &Attempt<'_>, path: &str, booking: &Booking) -> Result<upstream::Reply, Fault> {
    let mut headers = headers(attempt);
    let key = {
        let mut dice = attempt.gate.dice.borrow_mut();
        handshake::key([dice.bits(), dice.bits()])
    };
    let shown = HeaderValue::from_str(&key).map_err(|_| Fault::invalid("no key"))?;
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(HeaderName::from_static("sec-websocket-version"), HeaderValue::from_static("13"));
    headers.insert(HeaderName::from_static("sec-websocket-key"), shown);
    if let Some(aside) = booking.aside() {
        trace::pass_on(aside, &attempt.setup.telemetry, &mut headers);
    }
    let reply = send(attempt, "GET", path, headers, &[]).await?;
    attempt.deployment.health.quota.note(&reply.headers);
    let says = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
    match reply.status {
        101 if says("sec-websocket-accept") != Some(&*handshake::accepting(&key)) => {
            Err(Fault::provider(FaultKind::Malformed, "the provider accepted another handshake than ours"))
        }
        101 if says("sec-websocket-extensions").is_some() || says("sec-websocket-protocol").is_some() => {
            Err(Fault::provider(FaultKind::Malformed, "the provider wants an extension that nobody offered"))
        }
        101 => Ok(reply),
        200..=299 => Err(Fault::provider(FaultKind::Malformed, "the provider has no sessions at this address")),
        _ => Err(attempt.refusal(reply).await),
    }
}

/// A secret with which somebody else may open a session. It costs nothing.
async fn secret(attempt: &Attempt<'_>, model: &str, path: &str) -> Result<Opened, Fault> {
    let ask = attempt.ask;
    let naming = |name: &str| match name == ask.model {
        true => Some(model.to_owned()),
        false => name_at(attempt.setup, attempt.deployment, name),
    };
    let named: Vec<Edit> = ask.body.with(|root| {
        let top = || root.get_some("model").map(|_| Edit::Set("model".to_owned(), dialects::json::string(model)));
        rename(root, model, &naming).or_else(top).into_iter().chain(rename_at_top(root, &naming)).collect()
    });
    let edits: Vec<Edit> = ask.edits(attempt.deployment).into_iter().chain(named).collect();
    let reply = send(attempt, "POST", path, headers(attempt), &ask.spliced(&edits)).await?;
    if !(200..300).contains(&reply.status) {
        return Err(attempt.refusal(reply).await);
    }
    let bytes = reply.body.collect(attempt.setup.intake.max_answer_bytes).await?;
    attempt.seat.succeeded();
    Ok(attempt.opened(reply.headers, Vec::new(), Opening::Whole(bytes)))
}

fn headers(attempt: &Attempt<'_>) -> HeaderMap {
    let mut headers = attempt.deployment.headers.clone();
    for (name, value) in attempt.deployment.back.default_headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    for (name, value) in forwarded(attempt.ask.front, &attempt.ask.headers) {
        headers.insert(HeaderName::from_static(name), value.clone());
    }
    headers
}

async fn send(
    attempt: &Attempt<'_>,
    method: &'static str,
    path: &str,
    mut headers: HeaderMap,
    body: &[bytes::Bytes],
) -> Result<upstream::Reply, Fault> {
    let deployment = attempt.deployment;
    deployment.sign_in(&mut headers, Sent { method, path, body }).await?;
    let call = upstream::Call {
        endpoint: &deployment.endpoint,
        method,
        path,
        headers: &headers,
        body,
        connect_timeout: deployment.limits.connect,
        claim: attempt.seat.claim(),
        sent: None,
    };
    attempt.gate.wire.call(deployment, call).await
}
