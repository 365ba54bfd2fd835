//! One try of one deployment: encode, send, and wait until the answer has begun in earnest.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::Stamp;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use providers::http as upstream;
use providers::http::Body;
use tokio::time::sleep;
use types::{Answer, Fault, FaultKind, Operation, Request, Side};

use crate::ask::Ask;
use crate::booking::{Booking, Order, Receipt};
use crate::flow::Flow;
use crate::guards::{self, Guarding};
use crate::letter::{Encoded, Letter};
use crate::realtime::{self, Agreed};
use crate::record::Record;
use crate::seat::Seat;
use crate::transcript::Transcript;
use crate::{Deployment, Gate, Sent, Setup, trace};

/// Largest body of an error answer that is read.
const MAX_ERROR_BYTES: usize = 1 << 20;
/// How long the body of an error answer may take.
const ERROR_BODY_TIME: Duration = Duration::from_secs(10);

/// An answer that has begun.
pub(crate) struct Opened {
    /// The group that the deployment is of.
    pub group: String,
    pub deployment: Arc<Deployment>,
    /// The provider's headers.
    pub headers: HeaderMap,
    /// What the translation had to leave out.
    pub dropped: Vec<String>,
    /// What it cost, if it is whole.
    pub receipt: Option<Receipt>,
    /// The bound of the answer, if the budget made it smaller.
    pub lowered: Option<u64>,
    pub answer: Opening,
}

/// The answer itself.
pub(crate) enum Opening {
    /// All of it, in the caller's dialect.
    Whole(Bytes),
    /// Its first content, and the way to the rest.
    Stream(Box<Flow>, Body),
    /// A session that the provider has agreed to.
    Session(Box<Agreed>),
}

/// One try.
pub(crate) struct Attempt<'a> {
    pub gate: &'a Gate,
    pub setup: &'a Setup,
    pub seat: &'a Rc<Seat>,
    pub ask: &'a Ask,
    /// The group that the deployment is of, as it was asked for.
    pub group: &'a str,
    pub deployment: &'a Arc<Deployment>,
    /// What stands for the `*` of a wildcard group.
    pub star: Option<&'a str>,
    /// Ids and time for answers that are encoded here.
    pub stamp: &'a Stamp,
}

impl Attempt<'_> {
    /// Tries. The fault of a failed try is the provider's, unless the request does not fit the target at all.
    pub async fn run(self) -> Result<Opened, Fault> {
        if let Some(errand) = self.ask.front.realtime() {
            // In a box: other calls need no room for it.
            return Box::pin(realtime::attempt(&self, errand)).await;
        }
        if self.ask.operation == Operation::CountTokens {
            // Nobody asks money for counting.
            return match self.letter().encode()? {
                Some(encoded) => self.in_time(pin!(self.send(encoded, &mut None))).await,
                None => self.estimate(),
            };
        }
        let Attempt { gate, setup, seat, ask, deployment, .. } = self;
        if ask.front.name() != deployment.back.name() && ask.asks_nothing() {
            return Ok(self.ready());
        }
        let model = deployment.upstream_model(self.star);
        // In a box: it goes through many hands while the call waits.
        let booking = Box::new(Booking::begin(&Order { gate, setup, seat, ask, deployment, model: &model }).await?);
        match booking.lowered {
            None => self.booked(booking).await,
            // Boxed as well: few calls get less than they want.
            Some(tokens) => {
                let ask = Box::new(ask.bounded(tokens)?);
                Box::pin(Attempt { ask: &ask, ..self }.booked(booking)).await
            }
        }
    }

    async fn booked(self, mut booking: Box<Booking>) -> Result<Opened, Fault> {
        let Some(encoded) = self.letter().encode()? else { return self.estimate() };
        self.seat.pass().record.iter().for_each(|record| record.lose(&encoded.dropped));
        let lowered = booking.lowered;
        booking.open().await;
        let mut booking = Some(booking);
        let opened = self.in_time(pin!(self.send(encoded, &mut booking))).await;
        match opened {
            Ok(opened) => Ok(Opened { lowered, ..opened }),
            Err(fault) => {
                booking.into_iter().for_each(|booking| booking.fail(&fault));
                Err(fault)
            }
        }
    }

    /// The record of the call, if what is said in it is kept.
    fn kept(&self) -> Option<&Rc<Record>> {
        self.seat.pass().record.as_ref().filter(|record| record.keeps().is_some())
    }

    /// The guardrails that may have something to say to the answer. Vectors and counts say nothing.
    fn guarding(&self) -> Option<&Rc<Guarding>> {
        self.ask.guarding.as_ref().filter(|_| self.ask.operation.writes())
    }

    /// What guardrails say that are asked while the call is under way.
    async fn cleared(&self) -> Result<(), Fault> {
        match &self.ask.guarding {
            Some(guarding) => guarding.cleared().await,
            None => Ok(()),
        }
    }

    pub fn letter(&self) -> Letter<'_> {
        let num_ctx = self.seat.placement().and_then(|placement| Some(placement.started()?.num_ctx));
        Letter { ask: self.ask, deployment: self.deployment, star: self.star, num_ctx }
    }

    /// Bounds the time until an answer is there, or has begun.
    pub async fn in_time<T, F>(&self, opening: Pin<&mut F>) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let limit = self.ask.patience().unwrap_or(self.deployment.limits.of(self.ask.stream));
        let late = || Fault::provider(FaultKind::Timeout, format!("the provider did not answer within {limit:?}"));
        let over = async {
            // The time begins when the model is loaded; the load has a limit of its own.
            if let Some(placement) = self.seat.placement() {
                placement.loaded().await;
            }
            sleep(limit).await;
        };
        tokio::select! {
            biased;
            opened = opening => opened,
            () = over => Err(late()),
        }
    }

    fn estimate(self) -> Result<Opened, Fault> {
        let Request::CountTokens(chat) = &*self.ask.decoded(self.deployment)? else {
            return Err(self.letter().cannot(Operation::CountTokens));
        };
        let answer = Answer::TokenCount(policy::estimate_tokens(chat));
        let bytes = self.ask.front.write_answer(Operation::CountTokens, &answer, self.stamp).freeze();
        Ok(self.opened(HeaderMap::new(), Vec::new(), Opening::Whole(bytes)))
    }

    /// The answer to who only wants the model to be ready, of a provider whose models always are.
    fn ready(&self) -> Opened {
        let answer = self.ask.front.write_answer(self.ask.operation, &Answer::Chat(Box::default()), self.stamp);
        self.opened(HeaderMap::new(), Vec::new(), Opening::Whole(answer.freeze()))
    }

    /// For dialects that state the input tokens before the provider has.
    fn input_estimate(&self) -> u64 {
        match self.ask.decoded(self.deployment).as_deref() {
            Ok(Request::Chat(chat)) => policy::estimate_tokens(chat),
            _ => 0,
        }
    }

    pub fn opened(&self, headers: HeaderMap, mut dropped: Vec<String>, answer: Opening) -> Opened {
        if self.ask.left_out > 0 {
            dropped.push(format!("{} messages", self.ask.left_out));
        }
        let (group, deployment) = (self.group.to_owned(), self.deployment.clone());
        Opened { group, deployment, headers, dropped, receipt: None, lowered: None, answer }
    }

    /// Sends, and waits for the answer. The booking stays behind if there is none.
    async fn send(&self, encoded: Encoded, booking: &mut Option<Box<Booking>>) -> Result<Opened, Fault> {
        let deployment = self.deployment;
        let mut headers = self.letter().headers(&encoded)?;
        let path = format!("{}{}", deployment.endpoint.base_path, encoded.path);
        deployment.sign_in(&mut headers, Sent { method: "POST", path: &path, body: &encoded.body }).await?;
        if let Some(aside) = booking.as_ref().and_then(|booking| booking.aside()) {
            trace::pass_on(aside, &self.setup.telemetry, &mut headers);
        }
        let call = upstream::Call {
            endpoint: &deployment.endpoint,
            method: "POST",
            path: &path,
            headers: &headers,
            body: &encoded.body,
            connect_timeout: deployment.limits.connect,
            claim: self.seat.claim(),
            sent: None,
        };
        let reply = self.gate.wire.call(deployment, call).await?;
        deployment.health.quota.note(&reply.headers);
        match reply.status {
            // Not everybody streams pictures and sound who is asked to.
            200..=299 => {
                let events = !self.ask.operation.is_media() || has_events(&reply);
                let flows = self.ask.stream && events || self.ask.operation.is_media() && encoded.brings_bytes();
                // In boxes: whoever waits for the head of an answer needs no room for the rest of it.
                match flows {
                    true => Box::pin(self.open_stream(encoded, reply, booking)).await,
                    false => Box::pin(self.read_whole(encoded, reply, booking)).await,
                }
            }
            _ => Err(Box::pin(self.refusal(reply)).await),
        }
    }

    /// Reads an error answer.
    pub async fn refusal(&self, reply: upstream::Reply) -> Fault {
        if reply.status < 400 {
            let message = format!("the provider answered with a redirect (status {})", reply.status);
            return Fault::provider(FaultKind::Malformed, message);
        }
        let wait = retry_after(&reply.headers);
        let body = tokio::time::timeout(ERROR_BODY_TIME, reply.body.collect(MAX_ERROR_BYTES)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let back = self.deployment.back;
        let name = back.fault_header().and_then(|header| reply.headers.get(header)?.to_str().ok());
        let mut fault = match name {
            Some(name) => back.read_named_fault(reply.status, name, &body),
            None => back.read_fault(reply.status, &body),
        };
        fault.upstream_status = Some(reply.status);
        fault.retry_after = wait.or(fault.retry_after);
        fault
    }

    async fn read_whole(
        &self,
        encoded: Encoded,
        reply: upstream::Reply,
        booking: &mut Option<Box<Booking>>,
    ) -> Result<Opened, Fault> {
        let mut headers = reply.headers;
        let bytes = reply.body.collect(self.setup.intake.max_answer_bytes).await?;
        let back = encoded.back;
        let (usage, bytes) = match encoded.verbatim {
            true => {
                let usage = back.glance_answer(encoded.operation, &bytes)?;
                (usage, self.deployment.marked(back, bytes))
            }
            false => {
                let mut answer = back.read_answer(encoded.operation, &bytes)?;
                encoded.amends.amend(&mut answer);
                if self.ask.operation.is_media() {
                    let kind = self.ask.front.answer_type(self.ask.operation, self.stamp);
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
                }
                (answer.usage(), self.ask.front.write_answer(self.ask.operation, &answer, self.stamp).freeze())
            }
        };
        self.seat.succeeded();
        let guarding = self.guarding().map(|guarding| &**guarding);
        let looked = match (self.cleared().await, guarding) {
            (Ok(()), Some(guarding)) => guarding.look_over(bytes.clone()).await,
            (Ok(()), None) => Ok(bytes.clone()),
            (Err(fault), _) => Err(fault),
        };
        let bytes = match looked {
            Ok(bytes) => bytes,
            Err(fault) => {
                // It was paid for all the same.
                booking.take().map(|mut booking| booking.break_off(&fault, usage, bytes.len()));
                return Err(fault);
            }
        };
        if let Some(record) = self.kept().filter(|_| self.ask.operation.is_readable()) {
            record.said(bytes.clone(), false);
        }
        let receipt = booking.take().map(|mut booking| booking.settle(usage, bytes.len()));
        let bytes = guarding.map_or(bytes.clone(), |guarding| guarding.restored(bytes));
        Ok(Opened { receipt, ..self.opened(headers, encoded.dropped, Opening::Whole(bytes)) })
    }

    /// What a guardrail of ours withholds was paid for all the same.
    fn paid_for(&self, fault: &Fault, flow: &Flow, booking: &mut Option<Box<Booking>>) {
        if fault.side != Side::Provider
            && let Some(mut booking) = booking.take()
        {
            booking.break_off(fault, flow.usage, flow.written());
        }
    }

    /// Reads on until there is something to show: until then, a fault can lead to another attempt unseen.
    async fn open_stream(
        &self,
        encoded: Encoded,
        mut reply: upstream::Reply,
        booking: &mut Option<Box<Booking>>,
    ) -> Result<Opened, Fault> {
        let is_raw = encoded.brings_bytes() && !has_events(&reply);
        let reader = encoded.amends.amending(encoded.back.stream_reader(encoded.operation));
        let several = self.ask.answers() > 1;
        let guarding = self.guarding().filter(|_| !self.ask.may_share_answer());
        let reader = match guarding {
            Some(guarding) => guards::stream::reading(guarding, reader),
            None => reader,
        };
        let flow = match encoded.verbatim && guarding.is_none() {
            _ if is_raw => Flow::raw(self.deployment.clone()),
            true => {
                let (hides, operation) = (self.ask.stream_usage != Some(true), encoded.operation);
                Flow::verbatim(self.deployment.clone(), encoded.back, operation, reader, hides, several)
            }
            false => {
                let stamp = Stamp { input_estimate: self.input_estimate(), ..self.stamp.clone() };
                let write = |stamp| self.ask.front.stream_writer(self.ask.operation, stamp);
                let writer = match guarding {
                    Some(guarding) => guards::stream::writing(guarding, stamp, write),
                    None => write(stamp),
                };
                Flow::translate(self.deployment.clone(), reader, writer, several)
            }
        };
        let mut flow = Box::new(flow);
        if let Some(record) = self.kept().filter(|_| self.ask.operation.writes()) {
            let bytes = record.keeps().unwrap_or_default();
            let (front, operation) = (self.ask.front, self.ask.operation);
            flow.keep(Transcript::new(record.clone(), front, operation, self.stamp.clone(), bytes));
        }
        let mut early = match guarding.filter(|guarding| guarding.asks_about_answers()) {
            Some(guarding) => {
                let reader = encoded.back.stream_reader(encoded.operation);
                let framing = self.deployment.back.framing();
                let limit = self.setup.intake.max_answer_bytes;
                let heard = Box::pin(guarding.heard((reader, framing), &mut reply.body, limit)).await;
                VecDeque::from(heard.inspect_err(|fault| self.paid_for(fault, &flow, booking))?)
            }
            None => VecDeque::new(),
        };
        while !early.is_empty() || !flow.has_content && !flow.has_failed() {
            let piece = match early.pop_front() {
                Some(piece) => Some(Ok(piece)),
                None => reply.body.piece().await,
            };
            let over = piece.is_none();
            let result = match piece {
                Some(piece) => piece.and_then(|piece| flow.feed(piece)),
                None => flow.finish(),
            };
            match result {
                // Content that came together with the fault is shown before it: whether the network joined the two
                // must not decide what the caller sees.
                Err(fault) if flow.has_content => {
                    flow.fail(fault);
                    break;
                }
                Err(fault) => {
                    self.paid_for(&fault, &flow, booking);
                    return Err(fault);
                }
                Ok(()) if over => break,
                Ok(()) => {}
            }
        }
        self.seat.opened();
        self.cleared().await.inspect_err(|fault| self.paid_for(fault, &flow, booking))?;
        if let Some(mut booking) = booking.take() {
            booking.answered();
            flow.book(booking);
        }
        Ok(self.opened(reply.headers, encoded.dropped, Opening::Stream(flow, reply.body)))
    }
}

/// Whether an answer comes in events.
fn has_events(reply: &upstream::Reply) -> bool {
    let kind = reply.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// How long the provider asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok()).map(|millis| millis / 1000.0);
    let seconds = millis.or_else(|| text("retry-after")?.parse().ok());
    let from_seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    from_seconds.or_else(|| {
        let date = httpdate::parse_http_date(text("retry-after")?).ok()?;
        Some(date.duration_since(std::time::SystemTime::now()).unwrap_or_default())
    })
}
