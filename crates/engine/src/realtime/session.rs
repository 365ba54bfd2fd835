//! A session from its first message to its last: what one side says goes on to the other as soon as it is there and the
//! other has taken what came before.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use dialects::Front;
use dialects::realtime::{News, wish};
use dialects::websocket::{Decoder, Message, code};
use http::HeaderMap;
use providers::http::Tunnel;
use store::Status;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use types::{Fault, FaultKind, Side as Whose};

use super::SessionBounds;
use super::attempt::Agreed;
use super::side::{End, Side, Stream};
use super::tab::Tab;
use crate::ask::Ask;
use crate::dice::Dice;
use crate::note::write_id;
use crate::pass::Pass;
use crate::{Gate, Setup};

/// How long the last words may take, and the other side's.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long a response may still go on when the gateway goes down.
const FINISHING: Duration = Duration::from_secs(10);

/// A session that a provider has agreed to.
pub struct Session {
    front: &'static dyn Front,
    id: String,
    bounds: SessionBounds,
    /// Silence of the provider while it writes.
    silence: Duration,
    masks: Dice,
    tunnel: Tunnel,
    tab: Tab,
}

/// How a session ended.
enum Ending {
    /// The caller closed it, or went away without a word.
    Caller(Option<Close>),
    /// The provider did.
    Provider(Option<Close>),
    /// The gateway does, for a reason that the caller is told, with this code.
    Ours(Fault, u16),
    /// The gateway goes down.
    Stop,
}

/// What a closing message says.
type Close = Option<(u16, String)>;

/// What has come.
enum Step {
    Caller(Result<Message, End>),
    Provider(Result<Message, End>),
}

/// A session whose two sides are connected.
struct Relay<S> {
    caller: Side<Stream<S>>,
    provider: Side<Tunnel>,
    front: &'static dyn Front,
    bounds: SessionBounds,
    silence: Duration,
    tab: Tab,
    began: Instant,
    /// When somebody last said something.
    talked: Instant,
    /// Whose turn it is to be looked at first.
    turn: bool,
    /// When the gateway stops waiting for a response, if it goes down.
    stops: Option<Instant>,
}

impl Session {
    pub(crate) fn new(gate: &Rc<Gate>, setup: &Arc<Setup>, (ask, pass): (Rc<Ask>, Rc<Pass>), agreed: Agreed) -> Self {
        let Agreed { tunnel, billed } = agreed;
        let silence = billed.deployment.limits.idle;
        let masks = Dice::new(gate.dice.borrow_mut().bits());
        let (front, id, bounds) = (ask.front, pass.call_id.clone(), setup.sessions);
        let tab = Tab::new(gate, setup, (ask, pass), billed);
        Session { front, id, bounds, silence, masks, tunnel, tab }
    }

    /// What the answer to the caller's handshake says of it.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        write_id(&mut headers, &self.id, self.front.id_header());
        headers
    }

    /// Goes on between the caller's `stream` and the provider until one of both ends it, or it must end. `stop` resolves
    /// when the gateway goes down.
    pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, stop: impl Future<Output = ()>) {
        let Session { front, bounds, silence, masks, tunnel, tab, .. } = self;
        let most = bounds.message_bytes;
        let now = Instant::now();
        let mut relay = Relay {
            caller: Side::new(Stream(stream), Decoder::of_client(most), None),
            provider: Side::new(tunnel, Decoder::of_server(most), Some(masks)),
            front,
            bounds,
            silence,
            tab,
            began: now,
            talked: now,
            turn: false,
            stops: None,
        };
        let ending = relay.go_on(stop).await;
        relay.end(ending).await;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Relay<S> {
    async fn go_on(&mut self, stop: impl Future<Output = ()>) -> Ending {
        let mut stop = pin!(stop);
        if let Err(fault) = self.tab.hold().await {
            return Ending::Ours(fault, code::POLICY);
        }
        loop {
            if self.stops.is_some_and(|at| !self.tab.is_busy() || at <= Instant::now()) {
                return Ending::Stop;
            }
            let next = self.next_look();
            let stopping = self.stops.is_some();
            let step = tokio::select! {
                biased;
                step = poll_fn(|cx| self.poll_step(cx)) => step,
                () = &mut stop, if !stopping => {
                    self.stops = Some(Instant::now() + FINISHING);
                    continue;
                }
                () = sleep_until(next) => match self.look() {
                    Some(ending) => return ending,
                    None => continue,
                },
            };
            let went = match step {
                Step::Caller(Ok(message)) => self.of_caller(message).await,
                Step::Provider(Ok(message)) => self.of_provider(message).await,
                Step::Caller(Err(End::Gone)) => Err(Ending::Caller(None)),
                Step::Provider(Err(End::Gone)) => Err(Ending::Provider(None)),
                Step::Caller(Err(End::Violation(violation))) => {
                    Err(Ending::Ours(Fault::invalid(violation.why), violation.code))
                }
                Step::Provider(Err(End::Violation(violation))) => Err(broken(violation.why)),
            };
            if let Err(ending) = went {
                return ending;
            }
        }
    }

    /// Writes to both, and reads from each while the other takes what comes of it.
    fn poll_step(&mut self, cx: &mut Context) -> Poll<Step> {
        let Relay { caller, provider, turn, .. } = self;
        if let Poll::Ready(Err(end)) = caller.poll_flush(cx) {
            return Poll::Ready(Step::Caller(Err(end)));
        }
        if let Poll::Ready(Err(end)) = provider.poll_flush(cx) {
            return Poll::Ready(Step::Provider(Err(end)));
        }
        *turn = !*turn;
        for callers in [*turn, !*turn] {
            let step = match callers {
                true if provider.has_room() => caller.poll_message(cx).map(Step::Caller),
                false if caller.has_room() => provider.poll_message(cx).map(Step::Provider),
                _ => Poll::Pending,
            };
            if step.is_ready() {
                return step;
            }
        }
        Poll::Pending
    }

    async fn of_caller(&mut self, message: Message) -> Result<(), Ending> {
        let event = match message {
            Message::Text(event) => event,
            Message::Ping(bytes) => {
                self.caller.answer(bytes);
                return Ok(());
            }
            Message::Pong(_) => return Ok(()),
            Message::Close(close) => return Err(Ending::Caller(Some(close))),
            Message::Binary(_) => {
                let fault = Fault::invalid("events are texts: a session takes no binary messages");
                return Err(Ending::Ours(fault, code::UNSUPPORTED));
            }
        };
        self.talked = Instant::now();
        self.tab.events += 1;
        let naming = |name: &str| self.tab.name_of(name);
        match wish(event, self.tab.terms.heard, &self.tab.model, &naming) {
            Ok(wish) => {
                self.tab.said(wish.tokens);
                // A response may begin at any time, behind the one that is written: what is held must pay for it.
                if !self.tab.is_busy() && self.tab.owes() {
                    self.tab.hold().await.map_err(|fault| Ending::Ours(fault, code::POLICY))?;
                }
                self.provider.say(&Message::Text(wish.event));
            }
            Err(fault) if self.caller.has_room() => self.tell(&fault),
            // Who sends nonsense and hears no answer to it has nothing to say.
            Err(fault) => return Err(Ending::Ours(fault, code::POLICY)),
        }
        Ok(())
    }

    async fn of_provider(&mut self, message: Message) -> Result<(), Ending> {
        let event = match message {
            Message::Text(event) => event,
            Message::Ping(bytes) => {
                self.provider.answer(bytes);
                return Ok(());
            }
            Message::Pong(_) => return Ok(()),
            Message::Close(close) => return Err(Ending::Provider(Some(close))),
            Message::Binary(_) => return Err(broken("a binary message")),
        };
        self.talked = Instant::now();
        self.tab.events += 1;
        let news = News::read(&event, self.tab.terms.spoken).map_err(|_| broken("an event that is no JSON"))?;
        let unpaid = |fault: Fault| Ending::Ours(fault, code::POLICY);
        let spent = matches!(news, News::Done { .. } | News::Transcribed(_));
        match news {
            News::Terms(terms) => self.tab.terms = terms,
            News::Begun(response) => self.tab.begun(response).await.map_err(unpaid)?,
            News::Written { response, tokens, sound } => {
                self.tab.written(&response, tokens, sound).await.map_err(unpaid)?;
            }
            News::Done { response, usage, failed } => self.tab.done(&response, usage, failed).await.map_err(unpaid)?,
            News::Transcribed(usage) => self.tab.transcribed(usage).await.map_err(unpaid)?,
            News::Other => {}
        }
        self.caller.say(&Message::Text(event));
        if spent {
            self.tab.hold().await.map_err(unpaid)?;
        }
        Ok(())
    }

    /// When there is something to be looked at next.
    fn next_look(&self) -> Instant {
        let silence = self.tab.is_busy().then(|| self.provider.heard + self.silence);
        let sides = [self.caller.next_look(), self.provider.next_look()];
        let ends = [self.began + self.bounds.total, self.talked + self.bounds.idle];
        let all = sides.into_iter().chain(ends).chain(silence).chain(self.stops);
        all.min().unwrap_or(self.began + self.bounds.total)
    }

    /// Looks whether anybody is gone, or the time is over.
    fn look(&mut self) -> Option<Ending> {
        let now = Instant::now();
        let over = |code: &str, message: &str| {
            let fault = Fault::new(FaultKind::Timeout, Whose::Caller, message);
            Some(Ending::Ours(Fault { code: Some(code.to_owned()), ..fault }, code::NORMAL))
        };
        if now >= self.began + self.bounds.total {
            return over("session_expired", "the session has lasted as long as the gateway lets one last");
        }
        if now >= self.talked + self.bounds.idle {
            return over("session_idle", "nobody has said anything for too long");
        }
        if self.tab.is_busy() && now >= self.provider.heard + self.silence {
            let fault = Fault::provider(FaultKind::Timeout, "the provider fell silent in the middle of a response");
            return Some(Ending::Ours(fault, code::INTERNAL));
        }
        if self.caller.is_gone(now) {
            return Some(Ending::Caller(None));
        }
        self.provider.is_gone(now).then_some(Ending::Provider(None))
    }

    /// Tells the caller of a fault, by an event.
    fn tell(&mut self, fault: &Fault) {
        let mut event = BytesMut::new();
        self.front.write_stream_fault(&self.tab.deployment.without_credential(fault.clone()), &mut event);
        self.caller.say(&Message::Text(event.freeze()));
    }

    /// Ends both sides, each as it should.
    async fn end(mut self, ending: Ending) {
        let by_caller = matches!(ending, Ending::Caller(_));
        let cut = || Fault::provider(FaultKind::Cut, "the provider closed the connection");
        let away = || Some((code::AWAY, String::new()));
        let (to_caller, to_provider) = match &ending {
            Ending::Caller(Some(close)) => (Some(close.clone()), Some(close.clone())),
            Ending::Caller(None) => (None, Some(away())),
            Ending::Provider(Some(close)) => (Some(close.clone()), Some(close.clone())),
            Ending::Provider(None) => {
                self.tell(&cut());
                (Some(Some((code::INTERNAL, cut().message))), None)
            }
            Ending::Ours(fault, code) => {
                self.tell(fault);
                (Some(Some((*code, fault.message.clone()))), Some(away()))
            }
            Ending::Stop => (Some(Some((code::AWAY, "the gateway goes down".to_owned()))), Some(away())),
        };
        let (status, fault) = match ending {
            Ending::Caller(None) => (Status::Aborted, None),
            Ending::Provider(None) => (Status::Failure, Some(cut())),
            Ending::Provider(Some(Some((code, _)))) if !matches!(code, code::NORMAL | code::AWAY) => {
                let message = format!("the provider closed the session with code {code}");
                (Status::Failure, Some(Fault::provider(FaultKind::Upstream, message)))
            }
            Ending::Ours(fault, code) if code != code::NORMAL => {
                let status = if fault.side == Whose::Provider { Status::Failure } else { Status::Aborted };
                (status, Some(fault))
            }
            _ => (Status::Success, None),
        };
        self.tab.ended(fault.as_ref());
        self.tab.close(status, fault.as_ref());
        let close = |close: Option<Close>| close.map(Message::Close);
        close(to_caller).iter().for_each(|close| self.caller.say(close));
        close(to_provider).iter().for_each(|close| self.provider.say(close));
        // Both hear the end before their connections go; a caller who did not ask for it may have words under way.
        let _ = timeout(LAST_WORDS, poll_fn(|cx| self.poll_ended(cx, by_caller))).await;
    }

    /// Writes the last words to both, and reads until the caller has heard them, unless it spoke its own first.
    fn poll_ended(&mut self, cx: &mut Context, by_caller: bool) -> Poll<()> {
        let provider = self.provider.poll_flush(cx);
        let caller = self.caller.poll_ended(cx, by_caller);
        if provider.is_ready() && caller.is_ready() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The provider sent what no session has.
fn broken(what: &str) -> Ending {
    Ending::Ours(Fault::provider(FaultKind::Malformed, format!("the provider sent {what}")), code::INTERNAL)
}
