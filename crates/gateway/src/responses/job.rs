//! An answer that is made in the background: the call goes on in the worker that took it, and whoever wants to know asks.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::json::{Doc, Edit, Json, Object, string};
use dialects::sse::{self, Splitter};
use dialects::{Framing, Stamp, kept};
use engine::{Call, Content, Delivery, answer_call};
use http::Response;
use memchr::memmem;
use tokio::task::spawn_local;
use tokio::time::sleep;
use types::Fault;

use super::jobs::Job;
use super::shelf::{INTERRUPTED, Name};
use super::{following, front, tap};
use crate::door::{Door, OutBody, response, run};

/// How long an answer may take.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long the events of a stream can still be had when it is over.
const AFTERLIFE: Duration = Duration::from_secs(300);

/// What came of an answer.
pub struct End {
    /// The answer.
    pub answer: Bytes,
    /// The event that shows it.
    kind: &'static str,
    /// Whether the stream has told it.
    pub is_told: bool,
}

impl End {
    /// The event that tells it, which has this number.
    pub fn event(&self, number: usize) -> Bytes {
        let (kind, answer) = (self.kind, String::from_utf8_lossy(&self.answer));
        let data = format!(r#"{{"type":"{kind}","sequence_number":{number},"response":{answer}}}"#);
        format!("event: {kind}\ndata: {}\n\n", data.replace(['\n', '\r'], " ")).into()
    }
}

/// Begins to make an answer, and says that it is being made.
pub async fn begin(
    door: &Rc<Door>,
    mut call: Call,
    body: &Object,
    model: String,
    stream: bool,
    owner: String,
) -> Result<Response<OutBody>, Fault> {
    let created_at = (door.gate.unix_ms)();
    let stamp = Stamp {
        id: door.gate.dice.borrow_mut().id(),
        created: (created_at / 1000).max(0) as u64,
        model,
        echo: body.with(|root| front().echo(root, true)),
        ..Stamp::default()
    };
    let name = Name { id: kept::own_id(&stamp), owner };
    let queued = kept::queued(&stamp).freeze();
    call.body = body.splice(&[Edit::Remove("background".to_owned())]).concat().into();
    let job = Arc::new(Job::new(name, created_at, call.body.clone(), queued.clone(), stream));
    let shelf = &door.live.shelf;
    shelf.jobs.add(job.clone())?;
    shelf.lay(job.fresh(changed(&queued, &[("status", r#""in_progress""#)]), None));
    let id = call.id.clone();
    spawn_local(make(door.clone(), call, job.clone()));
    Ok(match stream {
        true => following::job(&id, job, 0),
        false => response(answer_call(front(), &id, queued)),
    })
}

/// Makes an answer.
async fn make(door: Rc<Door>, call: Call, job: Arc<Job>) {
    let shelf = &door.live.shelf;
    let end = tokio::select! {
        biased;
        () = job.cancelled() => {
            let answer = changed(&job.queued, &[("status", r#""cancelled""#)]);
            End { answer, kind: "response.cancelled", is_told: false }
        }
        () = sleep(LONGEST) => broken(&job.queued, "server_error", "the answer took longer than an hour"),
        end = work(&door, call, &job) => end,
    };
    job.end(shelf, &end);
    shelf.jobs.tidy();
    if job.is_streamed {
        sleep(AFTERLIFE).await;
    }
    shelf.jobs.remove(&job.name);
}

async fn work(door: &Door, call: Call, job: &Job) -> End {
    let reply = run(door, call).await;
    match (reply.status, reply.content) {
        (200, Content::Whole(answer)) => made(job, &answer, false),
        (200, Content::Stream(delivery)) => listen(delivery, job).await,
        (_, Content::Whole(refusal)) => refused(job, &refusal),
        (_, Content::Stream(_)) => broken(&job.queued, "server_error", "the answer failed"),
    }
}

/// An answer that is whole, under the id that was given out.
fn made(job: &Job, answer: &Bytes, is_told: bool) -> End {
    let edits = [("id", &*string(&job.name.id)), ("background", "true")];
    End { answer: changed(answer, &edits), kind: "response.completed", is_told }
}

/// What a refusal says, as the failure of the answer.
fn refused(job: &Job, refusal: &[u8]) -> End {
    let said = Doc::parse_answer(refusal).ok().and_then(|doc| {
        let error = doc.root().get_some("error")?;
        let text = |name: &str| error.get_some(name).and_then(|value| value.as_string());
        Some((text("code").or_else(|| text("type"))?, text("message")?))
    });
    match said {
        Some((code, message)) => broken(&job.queued, &code, &message),
        None => broken(&job.queued, "server_error", "the answer failed"),
    }
}

/// Takes the events of a stream down.
async fn listen(mut delivery: Box<Delivery>, job: &Job) -> End {
    let mut splitter = Splitter::new(Framing::Sse);
    let mut given = None;
    while let Some(piece) = poll_fn(|cx| delivery.poll_piece(cx)).await {
        splitter.feed(piece);
        while let Ok(Some(batch)) = splitter.next_batch() {
            for event in sse::events(Framing::Sse, &batch) {
                // Signs of life are for whoever listens.
                if sse::data(Framing::Sse, event).is_empty() {
                    continue;
                }
                if given.is_none() {
                    given = kept::find_id(event).map(str::to_owned);
                }
                let event = renamed(event, given.as_deref(), &job.name.id);
                job.add(event.clone());
                if let Some(end) = last(job, &event) {
                    // It is booked when the stream has ended.
                    while poll_fn(|cx| delivery.poll_piece(cx)).await.is_some() {}
                    return end;
                }
            }
        }
    }
    broken(&job.queued, "server_error", "the answer broke off")
}

/// What came of the answer, if this event tells it.
fn last(job: &Job, event: &[u8]) -> Option<End> {
    let data = sse::data(Framing::Sse, event);
    let doc = Doc::parse_answer(&data).ok()?;
    let kind = doc.root().get_some("type")?.as_string()?;
    match &*kind {
        "response.completed" | "response.incomplete" | "response.failed" => {
            Some(made(job, &tap::answer_of(event)?, true))
        }
        "error" => {
            let text = |name: &str| doc.root().get_some(name).and_then(|value| value.as_string());
            let (code, message) = (text("code").unwrap_or_default(), text("message").unwrap_or_default());
            Some(End { is_told: true, ..broken(&job.queued, &code, &message) })
        }
        _ => None,
    }
}

/// An event of an answer that was `given` another id than it goes by.
fn renamed(event: &[u8], given: Option<&str>, id: &str) -> Bytes {
    let Some(given) = given.filter(|given| memmem::find(event, given.as_bytes()).is_some()) else {
        return Bytes::copy_from_slice(event);
    };
    let mut text = String::from_utf8_lossy(event).replace(&string(given), &string(id));
    text = text.replacen("\"background\":false", "\"background\":true", 1);
    text.into()
}

/// An answer that was never finished, for the gateway has ended.
pub fn interrupted(queued: &Bytes) -> End {
    broken(queued, "server_error", INTERRUPTED)
}

fn broken(answer: &Bytes, code: &str, message: &str) -> End {
    let error = format!(r#"{{"code":{},"message":{}}}"#, string(code), string(message));
    let answer = changed(answer, &[("status", r#""failed""#), ("error", &*error)]);
    End { answer, kind: "response.failed", is_told: false }
}

/// An answer that is still open as one that failed; one that says what it is stays as it is.
pub fn failed(answer: &str, why: &str) -> String {
    let is_open = |root: Json| root.get_some("status").is_some_and(|status| !status.is("failed"));
    let open = Doc::parse_answer(answer.as_bytes()).is_ok_and(|doc| is_open(doc.root()));
    match open {
        true => {
            let end = broken(&Bytes::copy_from_slice(answer.as_bytes()), "server_error", why);
            String::from_utf8_lossy(&end.answer).into_owned()
        }
        false => answer.to_owned(),
    }
}

/// An object with other values of some fields.
fn changed(object: &Bytes, fields: &[(&str, &str)]) -> Bytes {
    let edits: Vec<Edit> =
        fields.iter().map(|(name, value)| Edit::Set((*name).to_owned(), (*value).to_owned())).collect();
    // What is no object is nothing that could be changed.
    Object::parse(object.clone()).map_or_else(|_| object.clone(), |object| object.splice(&edits).concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_by_the_id_that_was_given_out_first() {
        let event = "event: response.created\ndata: {\"response\":{\"id\":\"resp_gwone\",\"background\":false}}\n\n";
        let given = kept::find_id(event.as_bytes());
        let now = renamed(event.as_bytes(), given, "resp_gwtwo");
        assert_eq!(now, event.replace("one", "two").replace("false", "true"));
        let delta = "data: {\"delta\":\"\\\"background\\\":false\"}\n\n";
        assert_eq!(renamed(delta.as_bytes(), given, "resp_gwtwo"), delta);
    }

    #[test]
    fn what_nobody_finishes_has_failed_and_what_failed_stays_as_it_is() {
        let failed_now = failed(r#"{"id":"a","status":"in_progress","error":null}"#, "gone");
        assert_eq!(failed_now, r#"{"id":"a","status":"failed","error":{"code":"server_error","message":"gone"}}"#);
        assert_eq!(failed(&failed_now, "another"), failed_now);
        assert_eq!(failed("nothing", "gone"), "nothing");
    }
}
