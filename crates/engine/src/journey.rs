//! The story of a request.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use dialects::{Clock, Front, Stamp};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, sleep};
use types::{Fault, FaultKind};

use crate::ask::Ask;
use crate::attempt::{Opened, Opening};
use crate::attempts::{self, Outcome};
use crate::cache::{self, Hit, Looked, Recording};
use crate::defect::caught_in;
use crate::deliver::{Delivery, Service};
use crate::guards;
use crate::ledger::Durable;
use crate::loops::break_loop;
use crate::meaning;
use crate::note::{Note, Tally, write_cost, write_id, write_key, write_queue, write_source};
use crate::pass::Pass;
use crate::record::Record;
use crate::route::Route;
use crate::{Call, Caller, Content, Gate, Reply, Setup};

/// Serves one call, from the caller's bytes to the caller's bytes. Every fault becomes an answer in the caller's
/// dialect, a panic too; dropping the future, or the streamed answer, gives the call up and closes its upstream
/// connection.
pub async fn serve(gate: &Rc<Gate>, call: Call) -> Reply {
    let (front, id) = (call.front, call.id.clone());
    let setup = (gate.setup)();
    let record = Record::begin(gate, &setup, &call);
    let reply = caught_in(pin!(Journey::begin(gate, setup, &call, record.clone()).run(call))).await;
    reply.flatten().unwrap_or_else(|fault| {
        let mut reply = refuse_call(front, &id, &fault);
        if let Some(record) = &record {
            record.refuse(&fault);
            record.guarding().iter().for_each(|guarding| guarding.write(&mut reply.headers));
        }
        reply
    })
}

/// The answer to a call that a fault becomes in the caller's dialect: with the ids that every answer to a call has.
pub fn refuse_call(front: &dyn Front, id: &str, fault: &Fault) -> Reply {
    let mut reply = refuse(front, fault);
    write_id(&mut reply.headers, id, front.id_header());
    reply
}

/// An answer to a call that the engine has no other part in: with the ids that every answer to a call has.
pub fn answer_call(front: &dyn Front, id: &str, body: Bytes) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    write_id(&mut headers, id, front.id_header());
    Reply { status: 200, headers, content: Content::Whole(body) }
}

/// The answer that a fault becomes in the caller's dialect.
pub fn refuse(front: &dyn Front, fault: &Fault) -> Reply {
    let status = front.status(fault);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = fault.retry_after {
        // Rounded up: a caller that comes back a moment too early is refused again.
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1000) as u64));
    }
    Reply { status, headers, content: Content::Whole(front.write_fault(fault, status).freeze()) }
}

/// Headers that an answer has at most, usually: more cost a move of all of them.
const HEADERS: usize = 48;

/// Step 1, behind the reading: a call for a router gets its model, and nobody gets a model that is not for them.
pub(crate) fn steer(
    setup: &Setup,
    caller: &Caller,
    ask: &mut Ask,
    vector: Option<&[f32]>,
    now_ms: i64,
    call_id: &str,
) -> Result<(), Fault> {
    if let Some(route) = Route::find(setup, caller, ask, vector, now_ms.div_euclid(1000), call_id)? {
        ask.model = route.chosen().to_owned();
        ask.route = Some(Rc::new(route));
    }
    match ask.route {
        Some(_) => Ok(()),
        None => caller.may_reach(setup, &ask.model),
    }
}

/// Steps 1 and 2, behind the reading, of a call with this id and record.
pub(crate) async fn admit(
    gate: &Rc<Gate>,
    setup: &Setup,
    caller: &Arc<Caller>,
    ask: &mut Ask,
    (call_id, record): (&str, Option<&Rc<Record>>),
) -> Result<Rc<Pass>, Fault> {
    ask.spell(setup);
    ask.stream_usage.get_or_insert(setup.always_stream_usage);
    let caller = &caller.paying_for(setup, &ask.model);
    check_stand_ins(setup, caller, ask)?;
    let (loops, rules) = (&gate.keyring.meters().loops, &setup.spending.runaway);
    break_loop(loops, rules, caller, ask, (gate.unix_ms)()).await?;
    let vector = meaning::of(gate, setup, caller, ask, call_id).await;
    steer(setup, caller, ask, vector.as_deref(), (gate.unix_ms)(), call_id)?;
    Pass::admit(gate, setup, caller.clone(), ask, call_id, record).await
}

/// A refusal by a budget has the status that the operator wants.
pub(crate) fn as_configured(setup: &Setup, fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Budget | FaultKind::ModelBudget => Fault { status: Some(setup.spending.status), ..fault },
        _ => fault,
    }
}

/// Whether the caller may have the stand-ins that it names.
pub(crate) fn check_stand_ins(setup: &Setup, caller: &Caller, ask: &Ask) -> Result<(), Fault> {
    ask.wishes.fallbacks.iter().try_for_each(|name| caller.may_reach(setup, name))
}

/// What a call carries along.
struct Journey {
    gate: Rc<Gate>,
    setup: Arc<Setup>,
    began: Instant,
    call_id: String,
    record: Option<Rc<Record>>,
    /// What takes its answer down, if it may be given again.
    recording: Option<Rc<Recording>>,
}

/// The attempts of a call, to be waited for here or by the delivery.
pub(crate) type Attempts = Pin<Box<dyn Future<Output = Result<Opened, Fault>>>>;

impl Journey {
    fn begin(gate: &Rc<Gate>, setup: Arc<Setup>, call: &Call, record: Option<Rc<Record>>) -> Self {
        Journey { gate: gate.clone(), setup, began: Instant::now(), call_id: call.id.clone(), record, recording: None }
    }

    async fn run(mut self, call: Call) -> Result<Reply, Fault> {
        let caller = call.caller.clone();
        let mut ask = Ask::read(call.forced(&self.setup))?;
        let admitted = match guards::before(&self.setup, &caller, &mut ask) {
            Ok(()) => admit(&self.gate, &self.setup, &caller, &mut ask, (&self.call_id, self.record.as_ref())).await,
            Err(fault) => Err(fault),
        };
        let admitted = match admitted {
            Ok(pass) => guards::remote::before(&self.gate, &mut ask, &self.call_id).await.map(|()| pass),
            Err(fault) => Err(fault),
        };
        if let Some(record) = &self.record {
            record.understood(&self.setup, &ask, admitted.as_deref().ok());
        }
        let (ask, pass) = (Rc::new(ask), admitted?);
        // In a box: a stream that waits needs no room for it.
        if self.setup.cache.is_some()
            && let Some(reply) = Box::pin(self.kept(&ask, &pass)).await?
        {
            return Ok(reply);
        }
        let told = Rc::new(Cell::new(Tally::default()));
        let attempts = self.attempts(&ask, &pass, &told);
        let mut attempts = guards::remote::beside(&ask, self.record.as_ref(), attempts);
        let heartbeat = ask.wishes.heartbeat.unwrap_or(self.setup.heartbeat);
        // A stream that is silent for long gets its headers, and signs of life, before anything is decided.
        let early = ask.stream && !ask.front.heartbeat().is_empty() && !ask.operation.is_media();
        tokio::select! {
            // What is there needs no sign of life.
            biased;
            opened = &mut attempts => {
                let (reply, durable) = self.reply(&ask, &pass, opened, told.get());
                if let Some(durable) = durable {
                    // Nobody gets to see an answer that could still be forgotten.
                    durable.await;
                }
                Ok(reply)
            }
            () = sleep(heartbeat), if early => {
                let delivery = Delivery::waiting(attempts, self.service(&ask));
                let headers = self.headers(&ask, &pass, None, Tally::default());
                Ok(Reply { status: 200, headers, content: Content::Stream(delivery) })
            }
        }
    }

    /// The answer that was kept from an earlier call, if there is one; otherwise this one's is to be kept.
    async fn kept(&mut self, ask: &Rc<Ask>, pass: &Pass) -> Result<Option<Reply>, Fault> {
        match cache::look(&self.gate, &self.setup, ask, pass).await? {
            Looked::Hit(hit) => {
                guards::remote::during(ask, self.record.as_ref()).await?;
                return Ok(Some(self.again(ask, pass, &hit)));
            }
            Looked::Miss(recording) => self.recording = recording,
        }
        Ok(None)
    }

    /// The same, and the log's entry of it.
    fn again(&self, ask: &Ask, pass: &Pass, hit: &Hit) -> Reply {
        let mut headers = self.headers(ask, pass, None, Tally::default());
        hit.write(&mut headers);
        let content = match ask.stream {
            true => Content::Stream(Delivery::replaying(hit.body(), self.service(ask))),
            false => Content::Whole(hit.body()),
        };
        if let Some(record) = &self.record {
            if !ask.stream && record.keeps().is_some() && ask.operation.is_readable() {
                record.said(hit.body(), false);
            }
            record.answered_again(hit.entry());
        }
        Reply { status: 200, headers, content }
    }

    /// Plan and attempts, as a future that owns what it needs.
    fn attempts(&self, ask: &Rc<Ask>, pass: &Rc<Pass>, told: &Rc<Cell<Tally>>) -> Attempts {
        let (gate, setup) = (self.gate.clone(), self.setup.clone());
        let (ask, pass, told) = (ask.clone(), pass.clone(), told.clone());
        let began_ms = pass.now_ms();
        let stamp = Stamp {
            id: gate.dice.borrow_mut().id(),
            created: (began_ms / 1000).max(0) as u64,
            began_ms,
            clock: Clock::new(gate.unix_ms.clone()),
            model: ask.model.clone(),
            stream_usage: ask.stream_usage == Some(true),
            base64_vectors: ask.base64_vectors,
            form: ask.answer_form.clone(),
            echo: ask.body.with(|root| ask.front.echo(root, setup.intake.keeps_responses)),
            ..Stamp::default()
        };
        Box::pin(async move {
            let outcome = attempts::run(&gate, &setup, &pass, &ask, &stamp, 0).await;
            let Outcome { result, tally } = attempts::escalate(&gate, &setup, &pass, &ask, &stamp, outcome).await;
            told.set(tally);
            if let Some(record) = &pass.record {
                match &result {
                    Err(fault) => record.refuse(&as_configured(&setup, fault.clone())),
                    Ok(Opened { receipt: None, answer: Opening::Whole(_), .. }) => record.answered_for_nothing(),
                    Ok(_) => {}
                }
            }
            result
        })
    }

    /// The answer, and what to wait for before anybody sees it.
    fn reply(&self, ask: &Ask, pass: &Pass, opened: Result<Opened, Fault>, tally: Tally) -> (Reply, Option<Durable>) {
        let opened = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                let mut reply = refuse(ask.front, &as_configured(&self.setup, fault));
                pass.write_limits(&mut reply.headers);
                write_key(&mut reply.headers, pass);
                write_queue(&mut reply.headers, pass);
                self.note(ask, tally, None).write(&mut reply.headers);
                return (reply, None);
            }
        };
        let headers = self.headers(ask, pass, Some(&opened), tally);
        self.recording.iter().for_each(|recording| recording.opened(&opened));
        let mut durable = None;
        let content = match opened.answer {
            Opening::Whole(bytes) => {
                if let (Some(recording), Some(receipt)) = (&self.recording, &opened.receipt) {
                    recording.whole(&opened.deployment, receipt, &bytes);
                }
                durable = opened.receipt.and_then(|receipt| receipt.durable);
                Content::Whole(bytes)
            }
            Opening::Stream(flow, body) => Content::Stream(Delivery::flowing(flow, body, self.service(ask))),
            Opening::Session(_) => Content::Whole(Bytes::new()),
        };
        (Reply { status: 200, headers, content }, durable)
    }

    fn service(&self, ask: &Ask) -> Service {
        Service {
            front: ask.front,
            heartbeat: ask.wishes.heartbeat.unwrap_or(self.setup.heartbeat),
            patience: self.setup.spending.patience,
            recording: self.recording.clone(),
        }
    }

    fn headers(&self, ask: &Ask, pass: &Pass, opened: Option<&Opened>, tally: Tally) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        let own_type = opened.filter(|_| ask.operation.is_media()).and_then(|opened| opened.headers.get(CONTENT_TYPE));
        if let Some(kind) = own_type {
            headers.insert(CONTENT_TYPE, kind.clone());
        } else if ask.stream {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(ask.front.stream_type()));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        } else {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(opened) = opened {
            write_source(&mut headers, &opened.deployment, &opened.headers, &opened.dropped);
            write_cost(&mut headers, opened);
        }
        self.recording.iter().for_each(|recording| recording.write(&mut headers));
        pass.write_limits(&mut headers);
        write_key(&mut headers, pass);
        write_queue(&mut headers, pass);
        ask.guarding.iter().for_each(|guarding| guarding.write(&mut headers));
        self.note(ask, tally, opened).write(&mut headers);
        headers
    }

    fn note<'a>(&'a self, ask: &'a Ask, tally: Tally, opened: Option<&'a Opened>) -> Note<'a> {
        Note {
            call_id: &self.call_id,
            id_header: ask.front.id_header(),
            group: opened
                .map_or_else(|| ask.route.as_deref().map_or(&*ask.model, Route::model), |opened| &opened.group),
            route: ask.route.as_deref(),
            answered: opened.map(|opened| opened.deployment.name.as_str()),
            tally,
            elapsed: self.began.elapsed(),
        }
    }
}
