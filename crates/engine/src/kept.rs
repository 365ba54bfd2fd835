//! Answers that their provider keeps: they are asked for again, deleted and given up at the account that made them, with its
//! credential, and for nobody who may not call the model.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dialects::sse::{self, Splitter};
use dialects::{Back, Framing, Issuer};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use providers::http::{self as upstream, Body};
use tokio::time::timeout;
use types::{Fault, FaultKind, Operation};

use crate::{Caller, Deployment, Gate, Sent, Setup};

/// The dialect of answers that are kept.
const DIALECT: &str = "responses";

/// What is wanted of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Inquiry<'a> {
    /// The method of the request.
    pub method: &'static str,
    /// Who gave the id out: what comes back has the same mark.
    pub issuer: Issuer,
    /// The provider's own id of the answer.
    pub id: &'a str,
    /// What stands behind the id in the path.
    pub behind: &'a str,
    /// The query.
    pub query: Option<&'a str>,
}

/// What the provider says.
#[derive(Debug)]
pub enum Found {
    /// Its answer.
    Whole(Bytes),
    /// The events of one, as they come.
    Stream(Box<Pieces>),
}

/// A stream of an answer that a provider keeps. Dropping it closes the upstream connection.
pub struct Pieces {
    body: Body,
    splitter: Splitter,
    back: &'static dyn Back,
    issuer: Issuer,
    deployment: Arc<Deployment>,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Pieces").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Pieces {
    /// The next events that are whole, marked; `None` at the end. A provider that is silent for too long is a fault.
    pub async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        let next = self.read().await;
        next.map_err(|fault| self.deployment.without_credential(fault)).transpose()
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if let Some(batch) = self.splitter.next_batch()? {
                return Ok(Some(marked_events(self.back, &batch, self.issuer)));
            }
            let piece = timeout(self.deployment.limits.idle, self.body.piece()).await;
            let silent = |_| Fault::provider(FaultKind::Timeout, "the provider fell silent within its answer");
            match piece.map_err(silent)?.transpose()? {
                Some(piece) => self.splitter.feed(piece),
                None => {
                    // An event without its line end may be whole all the same.
                    let rest = self.splitter.leftover();
                    return Ok((!rest.is_empty()).then(|| marked_events(self.back, &rest, self.issuer)));
                }
            }
        }
    }
}

/// The deployment at which `issuer` is understood, of those that the caller may call.
pub fn keeper(setup: &Setup, caller: &Caller, issuer: Issuer) -> Option<Arc<Deployment>> {
    let behind_patterns = setup.patterns.iter().map(|pattern| &pattern.group);
    let groups = setup.groups.values().chain(behind_patterns);
    let reached = groups.filter(|group| caller.reaches(setup, &group.name));
    let mut speaking = reached.flat_map(|group| &group.deployments).filter(|one| one.speaks(DIALECT).is_some());
    speaking.find(|one| one.issuer().understands(issuer)).cloned()
}

/// Asks a deployment about an answer that it keeps. The answer is the provider's own, but for the marks. A stream is there as
/// soon as its head is, and comes as the provider sends it.
pub async fn inquire(
    gate: &Gate,
    setup: &Setup,
    deployment: &Arc<Deployment>,
    what: Inquiry<'_>,
) -> Result<Found, Fault> {
    let asked = timeout(deployment.limits.of(false), ask(gate, setup, deployment, what)).await;
    let late = |_| Fault::provider(FaultKind::Timeout, "the provider did not answer in time");
    asked.map_err(late).and_then(|asked| asked).map_err(|fault| deployment.without_credential(fault))
}

async fn ask(gate: &Gate, setup: &Setup, deployment: &Arc<Deployment>, what: Inquiry<'_>) -> Result<Found, Fault> {
    let nowhere = || Fault::new(FaultKind::NotFound, types::Side::Gateway, "nobody keeps this answer");
    let back = deployment.speaks(DIALECT).ok_or_else(nowhere)?;
    let path = path(deployment, back, what).ok_or_else(nowhere)?;
    let mut headers: HeaderMap = deployment.headers.clone();
    deployment.sign_in(&mut headers, Sent { method: what.method, path: &path, body: &[] }).await?;
    let call = upstream::Call {
        endpoint: &deployment.endpoint,
        method: what.method,
        path: &path,
        headers: &headers,
        body: &[],
        connect_timeout: deployment.limits.connect,
        claim: None,
        sent: None,
    };
    let reply = gate.wire.call(deployment, call).await?;
    let status = reply.status;
    let is_stream =
        reply.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if is_stream && (200..300).contains(&status) {
        let (body, splitter, issuer) = (reply.body, Splitter::new(Framing::Sse), what.issuer);
        let pieces = Pieces { body, splitter, back, issuer, deployment: deployment.clone() };
        return Ok(Found::Stream(Box::new(pieces)));
    }
    let body = reply.body.collect(setup.intake.max_answer_bytes).await?;
    match status {
        200..=299 => Ok(Found::Whole(Deployment::marked_as(back, body, what.issuer))),
        404 => Err(nowhere()),
        400.. => Err(Fault { upstream_status: Some(status), ..back.read_fault(status, &body) }),
        _ => Err(Fault::provider(FaultKind::Malformed, "the provider answered with a redirect")),
    }
}

/// Whole events of a stream with their marks.
fn marked_events(back: &dyn Back, body: &[u8], issuer: Issuer) -> Bytes {
    let mut marked = BytesMut::with_capacity(body.len());
    for event in sse::events(Framing::Sse, body) {
        match sse::data(Framing::Sse, event) {
            Cow::Borrowed(data) if !data.is_empty() => {
                let start = data.as_ptr().addr() - event.as_ptr().addr();
                marked.extend_from_slice(&event[..start]);
                marked.extend_from_slice(&Deployment::marked_as(back, Bytes::copy_from_slice(data), issuer));
                marked.extend_from_slice(&event[start + data.len()..]);
            }
            _ => marked.extend_from_slice(event),
        }
    }
    marked.freeze()
}

/// The path of what is wanted: behind that of new answers, before its query.
fn path(deployment: &Deployment, back: &dyn Back, what: Inquiry) -> Option<String> {
    let path = deployment.path(back, Operation::Chat, &deployment.model, false)?;
    let (path, own) = path.split_once('?').map_or((&*path, None), |(path, own)| (path, Some(own)));
    let query: Vec<&str> = own.into_iter().chain(what.query).filter(|query| !query.is_empty()).collect();
    let (base, id, behind) = (&deployment.endpoint.base_path, what.id, what.behind);
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("{base}{path}/{id}{behind}{mark}{}", query.join("&")))
}

#[cfg(test)]
mod tests {
    use dialects::Responses;

    use super::*;
    use crate::rig;

    #[test]
    fn an_answer_is_asked_for_behind_the_path_of_new_ones() {
        let deployment = Deployment { beside: Some(&Responses), ..rig::deployment("a") };
        let at = |behind, query| {
            let what = Inquiry { method: "GET", issuer: deployment.issuer(), id: "resp_1", behind, query };
            path(&deployment, &Responses, what).unwrap()
        };
        assert_eq!(at("", None), "/responses/resp_1");
        assert_eq!(at("/input_items", Some("limit=3")), "/responses/resp_1/input_items?limit=3");
    }

    #[test]
    fn only_an_account_that_made_it_keeps_an_answer() {
        let native = Arc::new(Deployment { beside: Some(&Responses), ..rig::deployment("a") });
        let setup = rig::setup([("native", vec![native.clone()]), ("plain", vec![Arc::new(rig::deployment("b"))])]);
        let admin = Caller::admin();
        assert_eq!(keeper(&setup, &admin, native.issuer()).map(|one| one.id.clone()).as_deref(), Some("a"));
        let stranger = Issuer { account: 1, deployment: 2 };
        assert!(keeper(&setup, &admin, stranger).is_none());
    }
}
