//! A lane of a connection: calls that are answered one after another, each event as it comes.

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use dialects::json::{self, Doc, Json, Writer};
use dialects::sse::{Splitter, data, events};
use dialects::{Framing, kept};
use engine::{Content, refuse_call};
use http::Response;
use http_body::Body;
use types::Fault;

use super::memory::Memory;
use super::{Asker, front};
use crate::door::OutBody;

/// Events that end an answer and show it whole.
const LAST: [&str; 2] = ["response.completed", "response.incomplete"];
/// Longest refusal that is read.
const LONGEST_REFUSAL: usize = 1 << 20;

/// Calls under one `stream_id`, or under none.
pub struct Lane {
    pub name: Option<String>,
    asker: Rc<Asker>,
    waiting: VecDeque<Waiting>,
    state: State,
}

/// A call that waits for its turn.
pub struct Waiting {
    pub body: Bytes,
    /// What is to be remembered of it, with its answer: its input.
    pub remembered: Option<String>,
    /// Whether it is only noted.
    pub noted: bool,
}

enum State {
    Idle,
    Asked(Pin<Box<dyn Future<Output = Response<OutBody>>>>, Option<String>),
    Answered(Box<Answer>),
}

/// An answer on its way.
struct Answer {
    body: OutBody,
    /// The status, if it is no answer but a refusal.
    refused: Option<u16>,
    splitter: Splitter,
    /// Events that are here and were not told yet, with their framing.
    here: Bytes,
    refusal: BytesMut,
    remembered: Option<String>,
}

impl Lane {
    pub fn new(asker: Rc<Asker>, name: Option<String>) -> Self {
        Lane { name, asker, waiting: VecDeque::new(), state: State::Idle }
    }

    /// Calls that wait, and the bytes of their bodies.
    pub fn waiting(&self) -> (usize, usize) {
        (self.waiting.len(), self.waiting.iter().map(|call| call.body.len()).sum())
    }

    /// Adds a call.
    pub fn ask(&mut self, call: Waiting) {
        self.waiting.push_back(call);
    }

    /// The next event; `None` when all calls are answered. Every answer is remembered in `memory` that is to be.
    pub fn poll_event(&mut self, cx: &mut Context, memory: &mut Memory) -> Poll<Option<Bytes>> {
        loop {
            match &mut self.state {
                State::Idle => {
                    let Some(call) = self.waiting.pop_front() else { return Poll::Ready(None) };
                    let answer = Box::pin(self.asker.clone().ask(call.body, call.noted));
                    self.state = State::Asked(answer, call.remembered);
                }
                State::Asked(answer, remembered) => {
                    let response = ready!(answer.as_mut().poll(cx));
                    self.state = State::Answered(Box::new(Answer::new(response, remembered.take())));
                }
                State::Answered(answer) => match ready!(answer.poll_event(cx, memory)) {
                    Some(event) => return Poll::Ready(Some(in_lane(event, self.name.as_deref()))),
                    None => self.state = State::Idle,
                },
            }
        }
    }
}

impl Answer {
    fn new(response: Response<OutBody>, remembered: Option<String>) -> Self {
        let status = response.status().as_u16();
        Answer {
            refused: (status != 200).then_some(status),
            body: response.into_body(),
            splitter: Splitter::new(Framing::Sse),
            here: Bytes::new(),
            refusal: BytesMut::new(),
            remembered,
        }
    }

    fn poll_event(&mut self, cx: &mut Context, memory: &mut Memory) -> Poll<Option<Bytes>> {
        loop {
            if let Some(event) = self.next_event(memory) {
                return Poll::Ready(Some(event));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let piece = frame.into_data().unwrap_or_default();
                    match self.refused {
                        None => self.splitter.feed(piece),
                        Some(_) if self.refusal.len() + piece.len() > LONGEST_REFUSAL => {}
                        Some(_) => self.refusal.extend_from_slice(&piece),
                    }
                    match self.splitter.next_batch() {
                        Ok(batch) => self.here = batch.unwrap_or_default(),
                        Err(fault) => return Poll::Ready(Some(refusal(&fault, None))),
                    }
                }
                // A stream that breaks off says why before that.
                Some(Err(_)) | None => {
                    let end = self.refused.take().map(|status| refused(status, &self.refusal));
                    return Poll::Ready(end);
                }
            }
        }
    }

    /// The next event that is here.
    fn next_event(&mut self, memory: &mut Memory) -> Option<Bytes> {
        loop {
            let length = events(Framing::Sse, &self.here).next()?.len();
            let event = self.here.split_to(length);
            let data = data(Framing::Sse, &event);
            if data.is_empty() || &*data == b"[DONE]" {
                continue;
            }
            let mut read = |root: Json| {
                let kind = root.get_some("type").and_then(|kind| kind.as_string()).unwrap_or_default();
                if kind == "error" && root.get_some("error").is_none() {
                    return Some(flat_error(root));
                }
                if LAST.contains(&&*kind)
                    && let Some(input) = self.remembered.take()
                    && let Some(answer) = root.get_some("response")
                    && let Some(id) = answer.get_some("id").and_then(|id| id.as_string())
                {
                    let output = answer.get_some("output").map_or("[]", |output| output.raw());
                    memory.keep(id, kept::joined(&[&input, output]));
                }
                None
            };
            let changed = Doc::parse_answer(&data).ok().and_then(|doc| read(doc.root()));
            return Some(changed.unwrap_or_else(|| Bytes::copy_from_slice(&data)));
        }
    }
}

/// The event with the name of its lane.
fn in_lane(event: Bytes, name: Option<&str>) -> Bytes {
    let (Some(name), Some(rest)) = (name, event.strip_prefix(b"{")) else { return event };
    let mut out = BytesMut::with_capacity(event.len() + name.len() + 16);
    out.extend_from_slice(b"{\"stream_id\":");
    out.extend_from_slice(json::string(name).as_bytes());
    out.extend_from_slice(if rest.first() == Some(&b'}') { b"" } else { b"," });
    out.extend_from_slice(rest);
    out.freeze()
}

/// An error within a stream has its fields beside its type; here they are in an object of their own.
fn flat_error(root: Json) -> Bytes {
    Writer::document(|w| {
        w.str_field("type", "error");
        w.key("error").object(|w| {
            w.str_field("type", "server_error");
            for name in ["code", "message", "param"] {
                if let Some(value) = root.get_some(name) {
                    w.key(name).json(value.raw());
                }
            }
        });
        if let Some(number) = root.get_some("sequence_number") {
            w.key("sequence_number").json(number.raw());
        }
    })
    .freeze()
}

/// The event for an answer that is none: its status, and what its body says.
fn refused(status: u16, body: &[u8]) -> Bytes {
    let doc = Doc::parse_answer(body).ok();
    let error = doc.as_ref().and_then(|doc| doc.root().get_some("error"));
    Writer::document(|w| {
        w.str_field("type", "error");
        w.num_field("status", status);
        match error {
            Some(error) => w.key("error").json(error.raw()),
            None => w.key("error").object(|w| {
                w.str_field("type", "server_error");
                w.str_field("message", "the call was refused without a reason that can be read");
            }),
        }
    })
    .freeze()
}

/// The event that refuses an event of this lane.
pub fn refusal(fault: &Fault, lane: Option<&str>) -> Bytes {
    let reply = refuse_call(front(), "", fault);
    let event = match &reply.content {
        Content::Whole(body) => refused(reply.status, body),
        Content::Stream(_) => refused(reply.status, b""),
    };
    in_lane(event, lane)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use types::{FaultKind, Side};

    use super::*;

    fn shown(event: &Bytes) -> Value {
        serde_json::from_slice(event).unwrap()
    }

    #[test]
    fn events_bear_the_name_of_their_lane() {
        let event = Bytes::from_static(b"{\"type\":\"x\"}");
        assert_eq!(in_lane(event.clone(), None), event);
        assert_eq!(shown(&in_lane(event, Some("a \"b\""))), json!({ "stream_id": "a \"b\"", "type": "x" }));
        assert_eq!(shown(&in_lane(Bytes::from_static(b"{}"), Some("a"))), json!({ "stream_id": "a" }));
    }

    #[test]
    fn a_refusal_is_an_event_with_its_status() {
        let fault = Fault::invalid_param("generate", "no");
        let event = shown(&refusal(&fault, Some("a")));
        assert_eq!(
            (&event["type"], &event["status"], &event["stream_id"]),
            (&json!("error"), &json!(400), &json!("a"))
        );
        assert_eq!((&event["error"]["param"], &event["error"]["message"]), (&json!("generate"), &json!("no")));
        assert_eq!(shown(&refused(502, b"<html>"))["status"], 502);
        let full = Fault::new(FaultKind::RateLimit, Side::Caller, "later");
        assert_eq!(shown(&refusal(&full, None))["status"], 429);
    }

    #[test]
    fn an_error_within_a_stream_has_the_form_of_sockets() {
        let flat = br#"{"type":"error","code":"cut","message":"broke off","param":null,"sequence_number":7}"#;
        let event = shown(&flat_error(Doc::parse_answer(flat).unwrap().root()));
        let error = json!({ "type": "server_error", "code": "cut", "message": "broke off" });
        assert_eq!(event, json!({ "type": "error", "error": error, "sequence_number": 7 }));
    }
}
