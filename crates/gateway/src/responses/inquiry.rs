//! What is asked about answers that are kept: to see them and what they answer, to delete them, to give them up.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::json::Writer;
use dialects::kept;
use engine::{
    Caller, Found as Kept, Inquiry, Stranger, answer_call, inquire, keeper, note_answer, note_refusal, refuse_call,
};
use http::header::{ALLOW, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use store::CANCELLING;
use tokio::time::{sleep, timeout};
use types::{Fault, FaultKind, Operation, Side};

use super::shelf::{self, Found, Name};
use super::{following, front, items};
use crate::door::routes::{parameter, wrong_method};
use crate::door::{Door, OutBody, admit, intake, response};

/// What stands before an id.
pub const PREFIXES: [&str; 3] = ["/v1/responses/", "/responses/", "/openai/v1/responses/"];
/// Longest id that is looked for.
const MAX_ID: usize = 512;
/// How long somebody waits until an answer is given up that another replica makes, and how often is looked in between.
const GIVING_UP: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What is asked, by the end of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Answer,
    Cancel,
    Items,
}

/// A path of an answer that is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Meant {
    id: String,
    what: What,
}

/// Which answer a path means, and what of it, if it means one.
pub fn meant(path: &str) -> Option<Meant> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let rest = PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let (id, what) = match rest.split_once('/') {
        None => (rest, What::Answer),
        Some((id, "cancel")) => (id, What::Cancel),
        Some((id, "input_items")) => (id, What::Items),
        Some(_) => return None,
    };
    let id = percent_decode_str(id).decode_utf8().ok()?.into_owned();
    (!id.is_empty() && id.len() <= MAX_ID && id != "compact").then_some(Meant { id, what })
}

/// Answers what is asked about an answer that is kept.
pub async fn answer(
    door: &Rc<Door>,
    peer: SocketAddr,
    parts: &Parts,
    body: Incoming,
    meant: Meant,
) -> Response<OutBody> {
    // Nothing of what is said here counts.
    intake::discard(&door.stop, body);
    let gate = &door.gate;
    let id = gate.call_id(&parts.headers);
    let stranger = |ip| Stranger { id: id.clone(), front: front(), operation: Operation::Chat, ip: Some(ip) };
    let refused = |fault: &Fault| response(refuse_call(front(), &id, fault));
    let methods: &[Method] = match meant.what {
        What::Answer => &[Method::GET, Method::DELETE],
        What::Items => &[Method::GET],
        What::Cancel => &[Method::POST],
    };
    if !methods.contains(&parts.method) {
        let mut response = refused(&wrong_method(&parts.method, parts.uri.path()));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        response.headers_mut().extend(HeaderValue::from_str(&allowed).ok().map(|allowed| (ALLOW, allowed)));
        return response;
    }
    let setup = door.live.setup();
    let (caller, ip) = match admit(door, &setup, peer, parts).await {
        Ok(admitted) => admitted,
        Err(denied) => {
            note_refusal(gate, stranger(peer.ip()), None, &denied);
            return refused(&denied);
        }
    };
    let asked =
        Asked { door, call_id: &id, caller: &caller, meant: &meant, method: &parts.method, query: parts.uri.query() };
    match asked.answer().await {
        Ok(answer) => {
            note_answer(gate, stranger(ip), caller.clone());
            answer
        }
        Err(fault) => {
            note_refusal(gate, stranger(ip), Some(caller.clone()), &fault);
            refused(&fault)
        }
    }
}

/// What somebody asks about an answer.
struct Asked<'a> {
    door: &'a Rc<Door>,
    call_id: &'a str,
    caller: &'a Arc<Caller>,
    meant: &'a Meant,
    method: &'a Method,
    query: Option<&'a str>,
}

impl Asked<'_> {
    async fn answer(&self) -> Result<Response<OutBody>, Fault> {
        let name = Name { id: self.meant.id.clone(), owner: self.caller.keeper() };
        let live = &self.door.live;
        let found = shelf::find(live, &name.id, &name.owner).await?.ok_or_else(|| self.not_found())?;
        if found.is_elsewhere() {
            return self.elsewhere(&name).await;
        }
        match (self.meant.what, self.method) {
            (What::Items, _) => Ok(self.json(items::page(&name.id, &found.input, self.query)?.into())),
            (What::Cancel, _) => self.cancel(&name, found).await,
            (What::Answer, &Method::DELETE) => self.delete(&name).await,
            (What::Answer, _) if parameter(self.query, "stream").as_deref() == Some("true") => {
                self.stream(&name, found)
            }
            (What::Answer, _) => Ok(self.json(found.response.into())),
        }
    }

    fn json(&self, body: Bytes) -> Response<OutBody> {
        response(answer_call(front(), self.call_id, body))
    }

    fn not_found(&self) -> Fault {
        let message = format!("Response with id '{}' not found.", self.meant.id);
        Fault { param: Some("id".to_owned()), ..Fault::new(FaultKind::NotFound, Side::Caller, message) }
    }

    async fn delete(&self, name: &Name) -> Result<Response<OutBody>, Fault> {
        let live = &self.door.live;
        if let Some(job) = live.shelf.jobs.get(name) {
            job.forget();
            live.shelf.jobs.remove(name);
        }
        if !shelf::delete(live, name).await? {
            return Err(self.not_found());
        }
        let deleted = Writer::document(|w| {
            w.str_field("id", &name.id);
            w.str_field("object", "response");
            w.key("deleted").display(true);
        });
        Ok(self.json(deleted.freeze()))
    }

    async fn cancel(&self, name: &Name, mut found: Found) -> Result<Response<OutBody>, Fault> {
        let live = &self.door.live;
        if !items::is_background(&found.response) {
            let message = "Only responses that are made in the background can be cancelled.";
            return Err(Fault::invalid_param("id", message));
        }
        if found.is_open() {
            let given_up = async {
                match live.shelf.jobs.get(name) {
                    Some(job) => {
                        job.cancel();
                        job.over().await;
                    }
                    None => self.cancel_elsewhere(name).await?,
                }
                Ok::<_, Fault>(())
            };
            // What takes longer is given up all the same, a little later.
            timeout(GIVING_UP, given_up).await.unwrap_or(Ok(()))?;
            found = shelf::find(live, &name.id, &name.owner).await?.ok_or_else(|| self.not_found())?;
        }
        Ok(self.json(found.response.into()))
    }

    /// Another replica makes the answer, and hears of it by way of the database.
    async fn cancel_elsewhere(&self, name: &Name) -> Result<(), Fault> {
        let (live, wanted) = (&self.door.live, name.clone());
        shelf::in_books(
            live,
            move |store| async move { store.turn_response(&wanted.id, &wanted.owner, CANCELLING).await },
        )
        .await?;
        while shelf::find(live, &name.id, &name.owner).await?.is_some_and(|found| found.is_open()) {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// The events of an answer, behind the one that the caller has had last.
    fn stream(&self, name: &Name, found: Found) -> Result<Response<OutBody>, Fault> {
        let from = match parameter(self.query, "starting_after").map(|text| text.parse::<usize>()) {
            None => 0,
            Some(Ok(last)) => last.saturating_add(1),
            Some(Err(_)) => return Err(Fault::invalid_param("starting_after", "'starting_after' must be a number")),
        };
        let live = &self.door.live;
        Ok(match live.shelf.jobs.get(name) {
            Some(job) if job.is_streamed => following::job(self.call_id, job, from),
            _ if found.is_open() => following::awaited(self.call_id, live.clone(), name.clone(), &found, from),
            _ => following::told(self.call_id, found.response.as_bytes(), from),
        })
    }

    /// Its provider keeps it.
    async fn elsewhere(&self, name: &Name) -> Result<Response<OutBody>, Fault> {
        let setup = self.door.live.setup();
        let (issuer, id) = kept::issuer_of(&name.id).ok_or_else(|| self.not_found())?;
        let deployment = keeper(&setup, self.caller, issuer).ok_or_else(|| self.not_found())?;
        let (method, behind) = match (self.meant.what, self.method) {
            (What::Cancel, _) => ("POST", "/cancel"),
            (What::Items, _) => ("GET", "/input_items"),
            (What::Answer, &Method::DELETE) => ("DELETE", ""),
            (What::Answer, _) => ("GET", ""),
        };
        let what = Inquiry { method, issuer, id: &id, behind, query: self.query };
        let found = match inquire(&self.door.gate, &setup, &deployment, what).await {
            Ok(found) => found,
            Err(fault) if fault.kind == FaultKind::NotFound => return Err(self.not_found()),
            Err(fault) => return Err(fault),
        };
        if method == "DELETE" {
            shelf::delete(&self.door.live, name).await?;
        }
        Ok(match found {
            Kept::Whole(body) => self.json(body),
            Kept::Stream(pieces) => following::relayed(self.call_id, pieces),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_an_answer_or_something_of_it() {
        let check = |path: &str, expected: Option<(&str, What)>| {
            let expected = expected.map(|(id, what)| Meant { id: id.to_owned(), what });
            assert_eq!(meant(path), expected, "{path}");
        };
        check("/v1/responses/resp_1", Some(("resp_1", What::Answer)));
        check("/responses/resp_1/", Some(("resp_1", What::Answer)));
        check("/openai/v1/responses/resp%5F1/cancel", Some(("resp_1", What::Cancel)));
        check("/v1/responses/resp_1/input_items", Some(("resp_1", What::Items)));
        for path in ["/v1/responses", "/v1/responses/", "/v1/responses/a/b", "/v1/responses/compact", "/v1/x/resp_1"] {
            check(path, None);
        }
        check(&format!("/v1/responses/{}", "x".repeat(600)), None);
    }
}
