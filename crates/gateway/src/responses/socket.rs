//! The Responses API over a WebSocket: one connection, on which a caller asks as often as it likes by `response.create`
//! and gets the events of a stream as messages. Each of these is a call like any other, so that every provider answers
//! them; what differs is the way. Calls of one lane (`stream_id`) come one after another, those of different lanes at the
//! same time. Source: the types of OpenAI's own SDK (3.51), `responses_client_event` and `responses_server_event`.

mod lane;
mod memory;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dialects::json::{Edit, Json, Object, Writer};
use dialects::websocket::{Decoder, Message, code};
use dialects::{Stamp, kept};
use engine::realtime::SessionBounds;
use engine::realtime::side::{End, Side, Stream};
use engine::{Call, Stranger, note_refusal, refuse_call};
use http::header::{CONNECTION, HeaderName, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use types::{Fault, FaultKind, Operation, Side as Whose};

use super::{NAME, PREVIOUS, front};
use crate::door::handshake::{self, Handshake, Leaving};
use crate::door::routes::Route;
use crate::door::{Door, OutBody, admit, answer_call, intake, response};
use lane::{Lane, Waiting};
use memory::Memory;

/// Lanes at a time, and calls that wait in all of them together.
const MOST_LANES: usize = 16;
const MOST_WAITING: usize = 64;
/// Longest name of a lane.
const LONGEST_NAME: usize = 256;
/// How long answers may still take when the gateway goes down or the connection has lasted long enough.
const FINISHING: Duration = Duration::from_secs(60);
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What belongs to a connection and not to a call: the calls of one connection are told apart.
const OF_CONNECTION: [HeaderName; 3] = [CONNECTION, UPGRADE, HeaderName::from_static("x-litellm-call-id")];

/// Whether a request wants a WebSocket for calls of this kind.
pub fn is_wanted(route: &Route, parts: &Parts) -> bool {
    let creates = route.front.name() == NAME && route.operation == Operation::Chat;
    creates && parts.method == Method::GET && handshake::is_wanted(&parts.headers)
}

/// Answers the handshake, and lays down what goes on behind it.
pub async fn answer(
    door: &Rc<Door>,
    peer: SocketAddr,
    mut parts: Parts,
    body: Incoming,
    leaving: Leaving,
) -> Response<OutBody> {
    intake::discard(&door.stop, body);
    let id = door.gate.call_id(&parts.headers);
    handshake::take_protocols(&mut parts);
    let setup = door.live.setup();
    let refused = |caller, ip, fault: &Fault| {
        let stranger = Stranger { id: id.clone(), front: front(), operation: Operation::Chat, ip: Some(ip) };
        note_refusal(&door.gate, stranger, caller, fault);
        response(refuse_call(front(), &id, fault))
    };
    let (caller, ip) = match admit(door, &setup, peer, &parts).await {
        Ok(admitted) => admitted,
        Err(fault) => return refused(None, peer.ip(), &fault),
    };
    let handshake = match Handshake::of(&mut parts) {
        Ok(handshake) => handshake,
        Err(fault) => return handshake::refused(refused(Some(caller), ip, &fault)),
    };
    OF_CONNECTION.iter().for_each(|name| drop(parts.headers.remove(name)));
    let (door, bounds) = (door.clone(), setup.sessions);
    handshake.agree(HeaderMap::new(), None, &leaving, async move |stream| {
        let asker = Rc::new(Asker { door, peer, parts });
        Session::new(asker, stream, bounds).run().await;
    })
}

/// Whoever asks on a connection.
struct Asker {
    door: Rc<Door>,
    peer: SocketAddr,
    /// The handshake: every call of the connection shows its key.
    parts: Parts,
}

impl Asker {
    /// Has a call answered, or only `noted`. The key is looked at each time: it may have been blocked since the handshake.
    async fn ask(self: Rc<Self>, body: Bytes, noted: bool) -> Response<OutBody> {
        let Asker { door, peer, parts } = &*self;
        let (id, setup) = (door.gate.call_id(&parts.headers), door.live.setup());
        let (caller, ip) = match admit(door, &setup, *peer, parts).await {
            Ok((caller, ip)) => (caller, Some(ip)),
            Err(fault) => {
                let stranger =
                    Stranger { id: id.clone(), front: front(), operation: Operation::Chat, ip: Some(peer.ip()) };
                note_refusal(&door.gate, stranger, None, &fault);
                return response(refuse_call(front(), &id, &fault));
            }
        };
        if noted {
            return self.note(&body);
        }
        let headers = parts.headers.clone();
        let (front, operation, path_stream) = (front(), Operation::Chat, Some(true));
        let call = Call { id, front, operation, path_model: None, path_stream, headers, body, caller, ip };
        answer_call(door, setup, call).await
    }

    /// The answer to a call without an answer: the stream of one in which nothing is said.
    fn note(&self, body: &Bytes) -> Response<OutBody> {
        let echo = |root: Json| (front().echo(root, false), root.get_some("model").and_then(|model| model.as_string()));
        // It was read before it got its place.
        let asked = Object::parse(body.clone()).map(|body| body.with(echo));
        let (echo, model) = asked.unwrap_or_default();
        let gate = &self.door.gate;
        let stamp = Stamp {
            id: gate.dice.borrow_mut().id(),
            created: ((gate.unix_ms)() / 1000).max(0) as u64,
            model: model.unwrap_or_default(),
            echo,
            ..Stamp::default()
        };
        Response::new(OutBody::whole(kept::events(&kept::noted(&stamp)).concat().into()))
    }

    /// Largest body of a call, bytes.
    fn most_bytes(&self) -> usize {
        self.door.live.setup().intake.max_body_bytes
    }

    /// Whether answers are kept for whoever goes on from them.
    fn keeps(&self) -> bool {
        self.door.live.setup().intake.keeps_responses
    }
}

/// A connection.
struct Session<S> {
    asker: Rc<Asker>,
    caller: Side<Stream<S>>,
    lanes: VecDeque<Lane>,
    memory: Memory,
    bounds: SessionBounds,
    began: Instant,
    /// When somebody last said something.
    talked: Instant,
    /// When what is still answered is given up, and why nothing more is asked.
    closing: Option<(Instant, Ending)>,
}

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The caller closed it, or is gone.
    Caller,
    /// The gateway goes down.
    Stop,
    /// It has lasted long enough.
    Expired,
    /// Nobody has said anything for too long.
    Idle,
    /// What came is not what may come.
    Wrong(u16, &'static str),
}

impl Ending {
    /// Code and reason of the last message.
    fn close(self) -> Option<(u16, &'static str)> {
        match self {
            Ending::Caller => None,
            Ending::Stop => Some((code::AWAY, "the gateway goes down")),
            Ending::Expired => Some((code::NORMAL, "the connection has lasted as long as the gateway lets one last")),
            Ending::Idle => Some((code::NORMAL, "nobody has said anything for too long")),
            Ending::Wrong(code, why) => Some((code, why)),
        }
    }
}

/// What has come.
enum Step {
    Heard(Result<Message, End>),
    /// An event of an answer.
    Said(Bytes),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(asker: Rc<Asker>, stream: S, bounds: SessionBounds) -> Self {
        let now = Instant::now();
        let caller = Side::new(Stream(stream), Decoder::of_client(bounds.message_bytes), None);
        let (lanes, memory) = (VecDeque::new(), Memory::new(bounds.message_bytes));
        Session { asker, caller, lanes, memory, bounds, began: now, talked: now, closing: None }
    }

    async fn run(mut self) {
        let ending = self.go_on().await;
        // Answers that nobody hears any more end here, and are paid for as far as they came.
        self.lanes.clear();
        if ending == Ending::Expired {
            self.say_fault(&expired());
        }
        let close = ending.close().map(|(code, why)| (code, why.to_owned()));
        self.caller.say(&Message::Close(close));
        let _ = timeout(LAST_WORDS, poll_fn(|cx| self.caller.poll_ended(cx, ending == Ending::Caller))).await;
    }

    async fn go_on(&mut self) -> Ending {
        let stop = self.asker.door.stop.clone();
        let mut stop = pin!(stop.told());
        loop {
            if let Some((at, ending)) = self.closing
                && (self.lanes.is_empty() || at <= Instant::now())
            {
                return ending;
            }
            let (next, open) = (self.next_look(), self.closing.is_none());
            let step = tokio::select! {
                biased;
                step = poll_fn(|cx| self.poll_step(cx)) => step,
                () = &mut stop, if open => {
                    self.closing = Some((Instant::now() + FINISHING, Ending::Stop));
                    continue;
                }
                () = sleep_until(next) => match self.look() {
                    Some(ending) => return ending,
                    None => continue,
                },
            };
            match step {
                Step::Said(event) => self.say(event),
                Step::Heard(Ok(Message::Text(event))) => self.heard(event),
                Step::Heard(Ok(Message::Ping(bytes))) => self.caller.answer(bytes),
                Step::Heard(Ok(Message::Pong(_))) => {}
                Step::Heard(Ok(Message::Close(_)) | Err(End::Gone)) => return Ending::Caller,
                Step::Heard(Ok(Message::Binary(_))) => {
                    return Ending::Wrong(code::UNSUPPORTED, "events are texts: no binary messages are taken");
                }
                Step::Heard(Err(End::Violation(violation))) => return Ending::Wrong(violation.code, violation.why),
            }
        }
    }

    /// Writes what waits, and while the caller takes it goes on with the answers, and reads what else it wants.
    fn poll_step(&mut self, cx: &mut Context) -> Poll<Step> {
        if let Poll::Ready(Err(end)) = self.caller.poll_flush(cx) {
            return Poll::Ready(Step::Heard(Err(end)));
        }
        if !self.caller.has_room() {
            return Poll::Pending;
        }
        for _ in 0..self.lanes.len() {
            // Each in its turn: a lane with much to say does not keep the others from speaking.
            let Some(mut lane) = self.lanes.pop_front() else { break };
            match lane.poll_event(cx, &mut self.memory) {
                Poll::Ready(Some(event)) => {
                    self.lanes.push_back(lane);
                    return Poll::Ready(Step::Said(event));
                }
                Poll::Ready(None) => {}
                Poll::Pending => self.lanes.push_back(lane),
            }
        }
        self.caller.poll_message(cx).map(Step::Heard)
    }

    fn say(&mut self, event: Bytes) {
        self.talked = Instant::now();
        self.caller.say(&Message::Text(event));
    }

    fn say_fault(&mut self, fault: &Fault) {
        self.say(lane::refusal(fault, None));
    }

    /// Takes a caller's event.
    fn heard(&mut self, event: Bytes) {
        self.talked = Instant::now();
        let lane = match Object::parse(event) {
            Ok(event) => match event.with(Wanted::read) {
                Ok(wanted) => {
                    let name = wanted.lane.clone();
                    self.take(event, wanted).map_err(|fault| (fault, name))
                }
                Err(refused) => return self.say(refused),
            },
            Err(fault) => Err((fault, None)),
        };
        if let Err((fault, name)) = lane {
            self.say(lane::refusal(&fault, name.as_deref()));
        }
    }

    /// Puts a call into its lane.
    fn take(&mut self, event: Object, wanted: Wanted) -> Result<(), Fault> {
        if self.closing.is_some() {
            return Err(expired());
        }
        let keeps = self.asker.keeps();
        let mut edits = vec![
            Edit::Remove("type".to_owned()),
            Edit::Remove("stream_id".to_owned()),
            Edit::Remove("generate".to_owned()),
            Edit::Set("stream".to_owned(), "true".to_owned()),
        ];
        let known = wanted.previous.as_deref().and_then(|previous| self.memory.find(previous));
        let input = event.with(|root| root.get_some("input").map(|input| kept::items_of(input).into_owned()));
        let mut input = input.unwrap_or_else(|| "[]".to_owned());
        if let Some(known) = known {
            input = kept::joined(&[known, &input]);
            edits.push(Edit::Remove(PREVIOUS.to_owned()));
            edits.push(Edit::Set("input".to_owned(), input.clone()));
        }
        // What is kept nowhere is gone on from by what the connection remembers.
        let remembered = (wanted.forgets || wanted.noted || !keeps).then_some(input);
        let body = Bytes::from(event.splice(&edits).concat());
        if body.len() > self.asker.most_bytes() {
            let message = "the conversation has grown longer than a request may be";
            return Err(Fault::new(FaultKind::TooLarge, Whose::Caller, message));
        }
        let (calls, bytes) = self
            .lanes
            .iter()
            .map(Lane::waiting)
            .fold((0, 0), |(calls, bytes), waiting| (calls + waiting.0, bytes + waiting.1));
        let is_full = calls >= MOST_WAITING || calls > 0 && bytes + body.len() > self.bounds.message_bytes;
        let lane = self.lanes.iter().position(|lane| lane.name == wanted.lane);
        if is_full || lane.is_none() && self.lanes.len() >= MOST_LANES {
            let message = format!(
                "a connection has at most {MOST_LANES} answers under way, and {MOST_WAITING} calls that wait, together no \
                 larger than the largest message: ask again later"
            );
            return Err(Fault::new(FaultKind::RateLimit, Whose::Caller, message));
        }
        let at = lane.unwrap_or_else(|| {
            self.lanes.push_back(Lane::new(self.asker.clone(), wanted.lane));
            self.lanes.len() - 1
        });
        self.lanes[at].ask(Waiting { body, remembered, noted: wanted.noted });
        Ok(())
    }

    /// When there is something to be looked at next.
    fn next_look(&self) -> Instant {
        let total = self.began + self.bounds.total;
        let idle = self.lanes.is_empty().then(|| self.talked + self.bounds.idle);
        let ends = match &self.closing {
            Some((at, _)) => *at,
            None => idle.map_or(total, |idle| idle.min(total)),
        };
        ends.min(self.caller.next_look())
    }

    /// Looks whether the caller is gone, or the time is over.
    fn look(&mut self) -> Option<Ending> {
        let now = Instant::now();
        if self.caller.is_gone(now) {
            return Some(Ending::Caller);
        }
        if self.closing.is_none() && now >= self.began + self.bounds.total {
            self.closing = Some((now + FINISHING, Ending::Expired));
        }
        (self.lanes.is_empty() && now >= self.talked + self.bounds.idle).then_some(Ending::Idle)
    }
}

/// What a `response.create` wants beside an answer.
struct Wanted {
    lane: Option<String>,
    previous: Option<String>,
    /// Whether its answer must not be kept.
    forgets: bool,
    /// Whether it only says what later calls go on from (`generate: false`).
    noted: bool,
}

impl Wanted {
    /// Reads an event; the error is the event that refuses it.
    fn read(root: Json) -> Result<Self, Bytes> {
        let text = |name: &str| root.get_some(name).and_then(|value| value.as_string());
        let flag = |name: &str| root.get_some(name).and_then(|value| value.as_bool());
        let lane = text("stream_id");
        let refused = |fault: Fault| Err(lane::refusal(&fault, lane.as_deref()));
        if lane.as_ref().is_some_and(|name| name.len() > LONGEST_NAME) {
            let message = format!("'stream_id' has more than {LONGEST_NAME} bytes");
            return Err(lane::refusal(&Fault::invalid_param("stream_id", message), None));
        }
        match text("type").as_deref() {
            Some("response.create") => {}
            Some("response.steer") => return Err(unsteerable(root)),
            Some(other) => {
                let message = format!("'{other}' is no event of this API: it takes response.create");
                return refused(Fault::invalid_param("type", message));
            }
            None => {
                return refused(Fault::invalid_param("type", "an event must have a 'type', such as response.create"));
            }
        }
        if flag("background") == Some(true) {
            let message = "a WebSocket has no answers in the background: ask for them by POST /v1/responses";
            return refused(Fault::invalid_param("background", message));
        }
        let (forgets, noted) = (flag("store") == Some(false), flag("generate") == Some(false));
        Ok(Wanted { previous: text(PREVIOUS), forgets, noted, lane })
    }
}

/// What answers input for an answer that is under way: providers of other dialects have nothing like it.
fn unsteerable(root: Json) -> Bytes {
    Writer::document(|w| {
        w.str_field("type", "response.steer.failed");
        w.num_field("sequence_number", 0);
        w.key("error").object(|w| {
            w.str_field("type", "invalid_request_error");
            w.str_field("code", "steering_not_supported");
            w.str_field("message", "answers cannot be steered through this gateway");
        });
        w.key("steer").object(|w| {
            for name in ["input", PREVIOUS] {
                if let Some(value) = root.get_some(name) {
                    w.key(name).json(value.raw());
                }
            }
        });
    })
    .freeze()
}

/// The time of a connection is over: OpenAI's own word for it.
fn expired() -> Fault {
    let message = "the connection ends: open another one";
    Fault { code: Some("websocket_connection_limit_reached".to_owned()), ..Fault::invalid(message) }
}
