//! Calls of a provider's own API that are passed on as they are: keyed, limited, paid for by the usage that their known
//! answers report, and otherwise untouched. One call goes to one deployment; nothing is tried again.

mod ahead;
mod bare;
mod fare;
mod guarded;
mod head;
mod known;
mod meter;
mod relay;

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::{Front, passed};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use policy::price::Pricing;
use providers::http as upstream;
use providers::http::{Endpoint, Upload};
use store::Entry;
use tokio::time::timeout;
use types::{Fault, FaultKind, Operation, Side, Usage, Usd};

use crate::ask::Ask;
use crate::caller::{denied, no_model};
use crate::defect::caught_in;
use crate::loops::break_loop;
use crate::note::{write_id, write_key};
use crate::pass::Pass;
use crate::record::{Record, Stranger, note_refusal};
use crate::seat::{NoSeat, Seat, Wish};
use crate::{Call, Caller, Deployment, FieldGuard, Gate, Sent, Setup, refuse_call};

pub use ahead::Ahead;
pub use relay::Relay;

use fare::Fare;
use guarded::Rewriting;
use head::Target;
use known::{Known, Meaning};
use meter::Meter;

/// All prefixes behind which calls are passed on.
#[derive(Clone, Default)]
pub struct Passages(Vec<Arc<Passage>>);

/// A prefix of paths, and where the calls behind it go.
pub struct Passage {
    /// The prefix, without a slash at its end.
    pub prefix: String,
    /// What the provider table says of it; `None` if the operator declared it.
    pub built_in: Option<providers::Passage>,
    /// Whether what stands behind the prefix goes on.
    pub subpaths: bool,
    /// Who lends the credential and the address: the first, unless the call names the model of another one.
    pub lenders: Vec<Arc<Deployment>>,
    /// What models cost that no lender is for.
    pub pricing: Option<Pricing>,
    /// Methods that are passed on; all, if there are none.
    pub methods: Vec<String>,
    /// Fields that queries get that lack them.
    pub query: Vec<(String, String)>,
    /// Whether the caller's own headers go on.
    pub forwards_headers: bool,
    /// What each call costs, if the operator says so.
    pub cost: Option<Usd>,
    /// Whether nobody needs a key.
    pub is_open: bool,
    /// How long a call may take until its answer begins.
    pub timeout: Option<Duration>,
    /// The guardrails that its calls have beside those that all have.
    pub guards: Vec<FieldGuard>,
    /// What is asked for, if that is more than a call that is passed on.
    pub thing: Option<&'static str>,
    /// What it costs at worst that is made and paid for later, if that is known.
    pub worst: Option<Usd>,
}

/// A call that is to be passed on.
pub struct PassCall {
    /// Its id: [`Gate::call_id`](crate::Gate::call_id).
    pub id: String,
    /// Where it goes through.
    pub passage: Arc<Passage>,
    /// The method.
    pub method: &'static str,
    /// What stands behind the prefix, as it was written.
    pub rest: String,
    /// The query.
    pub query: Option<String>,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: PassBody,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// Whether a key came along.
    pub keyed: bool,
    /// The caller's address.
    pub ip: Option<IpAddr>,
}

/// The body of a call that is passed on.
pub enum PassBody {
    /// All of it.
    Whole(Bytes),
    /// As it comes.
    Stream(Box<dyn Upload>),
}

/// The answer to a call that was passed on.
pub struct PassReply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub content: PassContent,
    /// Who pays for what it does not cost yet, as an entry of the books that has no cost.
    pub payer: Option<Box<Entry>>,
    /// What is held for that.
    pub ahead: Option<Ahead>,
}

impl PassReply {
    /// All of its body, if it is not longer than `limit` bytes.
    pub async fn collect(self, limit: usize) -> Result<(u16, Bytes), Fault> {
        let mut relay = match self.content {
            PassContent::Whole(bytes) => return Ok((self.status, bytes)),
            PassContent::Relay(relay) => relay,
        };
        let mut all = BytesMut::new();
        while let Some(piece) = poll_fn(|cx| relay.poll_piece(cx)).await {
            all.extend_from_slice(&piece);
            if all.len() > limit {
                let message = format!("the provider's answer is larger than {limit} bytes");
                return Err(Fault::provider(FaultKind::Malformed, message));
            }
        }
        match relay.is_broken() {
            true => Err(Fault::provider(FaultKind::Cut, "the provider's answer was cut off")),
            false => Ok((self.status, all.freeze())),
        }
    }
}

/// The body of such an answer.
pub enum PassContent {
    /// All of it.
    Whole(Bytes),
    /// As it comes. Dropping it gives the call up.
    Relay(Box<Relay>),
}

impl Passages {
    /// These, the longest prefix first.
    pub fn new(mut all: Vec<Passage>) -> Self {
        all.sort_by_key(|passage| std::cmp::Reverse(passage.prefix.len()));
        Passages(all.into_iter().map(Arc::new).collect())
    }

    /// Those that the operator declared.
    pub fn declared(&self) -> impl Iterator<Item = &Arc<Passage>> {
        self.0.iter().filter(|passage| passage.built_in.is_none())
    }

    /// What models of a provider cost that no deployment is for.
    pub fn pricing_of(&self, provider: &str) -> Option<&Pricing> {
        let of = |passage: &&Arc<Passage>| passage.built_in.is_some_and(|built_in| built_in.id == provider);
        self.0.iter().find(of)?.pricing.as_ref()
    }

    /// The passage that a path goes through, and what stands behind its prefix.
    pub fn find<'p>(&self, path: &'p str) -> Option<(&Arc<Passage>, &'p str)> {
        self.0.iter().find_map(|passage| {
            let rest = path.strip_prefix(&*passage.prefix)?;
            let fits =
                if passage.subpaths { rest.is_empty() || rest.starts_with('/') } else { matches!(rest, "" | "/") };
            fits.then_some((passage, if passage.subpaths { rest } else { "" }))
        })
    }
}

impl Passage {
    /// The passage of an operator's own: everything that goes through it has this address, these headers and this id.
    pub fn declared(prefix: String, id: String, endpoint: Endpoint, headers: HeaderMap) -> Self {
        Passage {
            prefix,
            built_in: None,
            subpaths: false,
            lenders: vec![Arc::new(bare::deployment(id, endpoint, headers))],
            pricing: None,
            methods: Vec::new(),
            query: Vec::new(),
            forwards_headers: false,
            cost: None,
            is_open: false,
            timeout: None,
            guards: Vec::new(),
            thing: None,
            worst: None,
        }
    }

    /// The way to one deployment, for what the log calls `thing`.
    pub fn to(deployment: Arc<Deployment>, thing: &'static str) -> Self {
        let (endpoint, id) = (deployment.endpoint.clone(), deployment.id.clone());
        let passage = Passage::declared(String::new(), id, endpoint, HeaderMap::new());
        Passage { lenders: vec![deployment], subpaths: true, thing: Some(thing), ..passage }
    }

    /// Whether the whole body must be there before it goes on: what is known is looked at, and so is what has to be
    /// signed.
    pub fn wants_whole(&self, method: &str, rest: &str, content_type: Option<&str>) -> bool {
        let is_plain = content_type.is_none_or(|kind| kind.contains("json"));
        is_plain
            || known::meaning(self.is_of_cohere(), method, rest).known.is_some()
            || self.lenders.iter().any(|lender| lender.signing.is_some())
    }

    /// Whether keys may stand in the query.
    pub fn has_key_in_query(&self) -> bool {
        self.built_in.is_some_and(|built_in| built_in.has_key_in_query())
    }

    /// The dialect in which its callers read refusals.
    pub fn front(&self, method: &str, rest: &str) -> &'static dyn Front {
        match known::meaning(self.is_of_cohere(), method, rest).known {
            _ if self.thing.is_some() => passed(self.thing.unwrap_or_default()),
            Some(known) => known.front,
            None => passed(self.lenders.first().map_or("openai", |lender| lender.back.name())),
        }
    }

    /// Whether `method` is passed on.
    pub fn takes_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|own| own == method)
    }

    /// Whether `caller` may go through it at `path`: `allowed` says what the rules for all paths say.
    pub fn open(&self, path: &str, caller: &Caller, allowed: Result<(), Fault>) -> Result<(), Fault> {
        let Some(key) = caller.key.as_deref() else { return allowed };
        let list = |name: &str| {
            let list = key.metadata.get(name).or_else(|| key.extra.get(name)).and_then(|list| list.as_array());
            list.into_iter().flatten().filter_map(|entry| entry.as_str())
        };
        let covers = |entry: &str| policy::routes::covers(entry, path) || path.starts_with(entry.trim_end_matches('*'));
        if list("denied_passthrough_routes").any(covers) {
            let message = format!("Access forbidden: Route {path} not allowed");
            return Err(denied(FaultKind::Permission, "auth_error", message));
        }
        let groups = ["llm_api_routes", "mapped_pass_through_routes"];
        let is_declared = self.built_in.is_none();
        let by_group = is_declared && key.allowed_routes.iter().any(|route| groups.contains(&route.as_str()));
        if by_group || list("allowed_passthrough_routes").any(covers) { Ok(()) } else { allowed }
    }

    fn is_of_cohere(&self) -> bool {
        self.built_in.is_none_or(|built_in| built_in.has_coheres)
    }

    /// The deployment through which a call of `model` goes.
    fn lender(&self, setup: &Setup, known: Option<&Known>, model: Option<&str>) -> Result<Arc<Deployment>, Fault> {
        let Some(first) = self.lenders.first() else {
            let provider = self.built_in.and_then(|built_in| built_in.provider());
            let variables = match provider.map(|provider| (provider.key_env, provider.key_parts)) {
                Some(([], [])) | None => "the credentials that it takes".to_owned(),
                Some(([], parts)) => parts.join(" and "),
                Some((keys, _)) => keys.join(" or "),
            };
            let id = self.built_in.map(|built_in| built_in.id).filter(|id| providers::find(id).is_some());
            let added = id.map(|id| format!("add a deployment of {id} to model_list, or ")).unwrap_or_default();
            let message = format!("nothing is configured behind {}: {added}set {variables}", self.prefix);
            return Err(Fault::new(FaultKind::NotFound, Side::Gateway, message));
        };
        let Some(model) = model else { return Ok(first.clone()) };
        if let Some(own) = self.lenders.iter().find(|lender| lender.model == model) {
            return Ok(own.clone());
        }
        let provider = first.provider;
        let priced = self.pricing.clone().or_else(|| priced_elsewhere(setup, known?, model));
        Ok(Arc::new(Deployment {
            name: format!("{provider}/{model}"),
            model: model.to_owned(),
            facts: policy::catalogue::facts(provider, model),
            pricing: priced.unwrap_or_else(|| first.pricing.clone()),
            ..Deployment::clone(first)
        }))
    }

    /// The name under which the caller may have `model`, or why it may not: that of a group that has it, or its own.
    fn name_of(&self, setup: &Setup, caller: &Caller, model: &str) -> Result<String, Fault> {
        let ours = |deployment: &Arc<Deployment>| {
            self.built_in.is_none_or(|built_in| built_in.takes(deployment.provider)) && deployment.model == model
        };
        let mut groups: Vec<&str> = setup
            .groups
            .values()
            .filter(|group| group.deployments.iter().any(ours))
            .map(|group| group.name.as_str())
            .collect();
        groups.sort_unstable();
        let long = self.built_in.map(|built_in| format!("{}/{model}", built_in.id));
        let names = [model].into_iter().chain(groups).chain(long.as_deref());
        let mut known = names.filter(|name| caller.reaches(setup, name));
        let first = known.next().map(str::to_owned);
        let group = known.find(|name| setup.groups.contains_key(*name)).map(str::to_owned);
        match first {
            Some(first) if setup.groups.contains_key(&first) => Ok(first),
            Some(first) => Ok(group.unwrap_or(first)),
            None => Err(no_model("key", model)),
        }
    }
}

/// What a model costs that an operator's own passage leads to: as any deployment has it, else as the maker of its
/// dialect does.
fn priced_elsewhere(setup: &Setup, known: &Known, model: &str) -> Option<Pricing> {
    let mut all = setup.groups.values().flat_map(|group| &group.deployments);
    if let Some(deployment) = all.find(|deployment| deployment.model == model) {
        return Some(deployment.pricing.clone());
    }
    let terms = policy::price::Terms { provider: known.maker.to_owned(), ..Default::default() };
    Some(Pricing::fixed(&terms, model))
}

/// Leaves the record of a call that was refused before it was passed on.
pub fn note_refused_pass(
    gate: &Rc<Gate>,
    call: (&str, &'static dyn Front, IpAddr),
    caller: Option<Arc<Caller>>,
    fault: &Fault,
) {
    let (id, front, ip) = call;
    let stranger = Stranger { id: id.to_owned(), front, operation: Operation::PassThrough, ip: Some(ip) };
    note_refusal(gate, stranger, caller, fault);
}

/// Passes a call on. Every fault of the gateway becomes an answer in the provider's dialect; what the provider says comes
/// back as it is. Dropping the future, or the answer's body, gives the call up.
pub async fn pass_on(gate: &Rc<Gate>, call: PassCall) -> PassReply {
    let (front, id) = (call.passage.front(call.method, &call.rest), call.id.clone());
    let setup = (gate.setup)();
    let reply = caught_in(pin!(run(gate, setup, call))).await;
    reply.flatten().unwrap_or_else(|fault| {
        let reply = refuse_call(front, &id, &fault);
        let crate::Content::Whole(body) = reply.content else { unreachable!("refusals are whole") };
        let (status, content) = (reply.status, PassContent::Whole(body));
        PassReply { status, headers: reply.headers, content, payer: None, ahead: None }
    })
}

async fn run(gate: &Rc<Gate>, setup: Arc<Setup>, mut call: PassCall) -> Result<PassReply, Fault> {
    let Meaning { known, model } = known::meaning(call.passage.is_of_cohere(), call.method, &call.rest);
    let whole = match &call.body {
        PassBody::Whole(body) => body.clone(),
        PassBody::Stream(_) => Bytes::new(),
    };
    let is_form = known.is_some_and(|known| known.operation.takes_forms());
    let in_body = || known::model_in(&whole).filter(|_| known.is_some() || call.passage.built_in.is_some());
    let model = model.or_else(in_body);
    let front = call.passage.front(call.method, &call.rest);
    let named = match &model {
        Some(model) => call.passage.name_of(&setup, &call.caller, model),
        None => Ok(String::new()),
    };
    let asked = Call {
        id: call.id.clone(),
        front,
        operation: guarded::operation(known.as_ref()),
        // In a form the model stands where only the form's reader finds it.
        path_model: match (&named, is_form) {
            (Ok(name), false) => Some(name.clone()),
            _ => model.clone().or((!is_form).then(String::new)),
        },
        path_stream: known.and_then(|known| known.stream),
        headers: call.headers.clone(),
        body: if known.is_some() || known::is_object(&whole) { whole } else { Bytes::from_static(b"{}") },
        caller: call.caller.clone(),
        ip: call.ip,
    };
    let record = Record::begin(gate, &setup, &asked);
    let refused = |fault: Fault| {
        record.iter().for_each(|record| record.refuse(&fault));
        fault
    };
    named.map_err(refused)?;
    head::check_path(&call.rest).map_err(refused)?;
    let mut ask = Ask::read(asked).map_err(refused)?;
    if is_form {
        // What stands in a form is known only now.
        ask.model = call.passage.name_of(&setup, &call.caller, &ask.model.clone()).map_err(refused)?;
    }
    let upstream_model = model.unwrap_or_else(|| ask.model.clone());
    let deployment = call.passage.lender(&setup, known.as_ref(), Some(&upstream_model)).map_err(refused)?;
    let admitted = admit(gate, &setup, &mut ask, &mut call, known.as_ref(), record.as_ref()).await;
    if let Some(record) = &record {
        record.understood(&setup, &ask, admitted.as_deref().ok());
    }
    let pass = admitted.map_err(refused)?;
    let wish = Wish { rest: &setup.rules.rest, alternative: false, lenient: true, anyway: true };
    let seat = Seat::take(&deployment, &pass, &ask, wish).map_err(|why| refused(full(&why)))?;
    let order = crate::booking::Order {
        gate,
        setup: &setup,
        seat: &seat,
        ask: &ask,
        deployment: &deployment,
        model: &upstream_model,
    };
    let mut fare = Fare::begin(&order, &call.passage, known.as_ref(), call.method).await.map_err(refused)?;
    if let Some(tokens) = fare.lowered() {
        // What is held must pay for the answer, so its bound is the one thing that changes.
        call.body = PassBody::Whole(ask.bounded(tokens).map_err(refused)?.body.bytes().clone());
    }
    let target = Target::of(&call, &deployment, &setup).map_err(refused)?;
    let mut headers = target.headers;
    let payer = fare.payer();
    fare.open().await;
    let limit = call.passage.timeout.or(ask.patience()).unwrap_or(deployment.limits.of(ask.stream));
    let own = Way { gate, deployment: &deployment, endpoint: &target.endpoint, path: &target.path };
    let sent = timeout(limit, send(own, call.method, &mut headers, &mut call.body, &seat)).await;
    let late = || Err(Fault::provider(FaultKind::Timeout, format!("the provider did not answer within {limit:?}")));
    let mut reply = match sent.unwrap_or_else(|_| late()) {
        Ok(reply) => reply,
        Err(fault) => {
            let fault = deployment.without_credential(fault);
            fare.fail(&fault);
            return Err(refused(fault));
        }
    };
    let mut out = head::answer_headers(&reply.headers);
    write_id(&mut out, &call.id, front.id_header());
    write_key(&mut out, &pass);
    pass.write_limits(&mut out);
    ask.guarding.iter().for_each(|guarding| guarding.write(&mut out));
    head::write_source(&mut out, &deployment, &target.endpoint);
    let status = reply.status;
    if status >= 400 {
        let fault = head::fault_of(status);
        fare.fail(&fault);
        record.iter().for_each(|record| record.refuse(&fault));
        let relay = Relay::new(reply.body, seat, deployment.limits.idle, None);
        return Ok(PassReply {
            status,
            headers: out,
            content: PassContent::Relay(Box::new(relay)),
            payer: None,
            ahead: None,
        });
    }
    let stream = known.filter(|_| status < 300).and_then(|known| Meter::of(&known, &ask, &reply.headers));
    let minding = guarded::minding(&ask, known.as_ref());
    let is_looked_at = known.is_some() || minding.is_some();
    if is_looked_at && stream.is_none() && head::is_json(&reply.headers) {
        let bytes = match reply.body.collect(setup.intake.max_answer_bytes).await {
            Ok(bytes) => bytes,
            Err(fault) => {
                fare.break_off(&fault, Usage::default(), 0);
                return Err(refused(fault));
            }
        };
        seat.succeeded();
        let usage = known.map_or_else(Usage::default, |known| known.reader.whole(known.operation, &bytes));
        let (written, mut bytes) = (bytes.len(), bytes);
        if let Some(guarding) = minding {
            out.remove(CONTENT_LENGTH);
            bytes = match guarded::whole(&guarding, bytes).await {
                Ok(bytes) => bytes,
                Err(fault) => {
                    // It was paid for all the same.
                    fare.break_off(&fault, usage, written);
                    return Err(refused(fault));
                }
            };
        }
        let receipt = fare.settle(usage, written);
        if let Some(cost) = receipt.cost {
            head::write_cost(&mut out, cost.total);
        }
        if let Some(durable) = receipt.durable {
            durable.await;
        }
        record.iter().for_each(|record| record.answered_for_nothing());
        return Ok(PassReply { status, headers: out, content: PassContent::Whole(bytes), payer: None, ahead: None });
    }
    let mut through = None;
    if let Some(guarding) = minding.filter(|_| !guarded::is_empty(status, &reply.headers)) {
        out.remove(CONTENT_LENGTH);
        let known = known.as_ref().zip(stream.as_ref());
        let rewriting =
            known.and_then(|(known, meter)| Some((known, Rewriting::of(gate, &guarding, &ask, known, meter)?)));
        let heard = match rewriting {
            Some((known, rewriting)) => {
                let limit = setup.intake.max_answer_bytes;
                let heard = Box::pin(Rewriting::heard(&guarding, known, &mut reply.body, limit)).await;
                heard.map(|heard| (rewriting, heard))
            }
            None => Err(guarding.unreadable("the answer is neither JSON nor a stream that could be looked over")),
        };
        match heard {
            Ok(heard) => through = Some(heard),
            Err(fault) => {
                fare.break_off(&fault, Usage::default(), 0);
                return Err(refused(fault));
            }
        }
    }
    let ahead = fare.ahead();
    let bill = Some((fare, stream, setup.spending.patience, front));
    let relay = Relay::new(reply.body, seat, deployment.limits.idle, bill).through(through);
    Ok(PassReply { status, headers: out, content: PassContent::Relay(Box::new(relay)), payer, ahead })
}

/// Looks the call over, and takes what it needs of all limits.
async fn admit(
    gate: &Rc<Gate>,
    setup: &Setup,
    ask: &mut Ask,
    call: &mut PassCall,
    known: Option<&Known>,
    record: Option<&Rc<Record>>,
) -> Result<Rc<Pass>, Fault> {
    let caller = call.caller.paying_for(setup, &ask.model);
    guarded::look_over((gate, setup, record), &caller, ask, call, known).await?;
    if known.is_some() {
        let (loops, rules) = (&gate.keyring.meters().loops, &setup.spending.runaway);
        break_loop(loops, rules, &caller, ask, (gate.unix_ms)()).await?;
    }
    Pass::admit(gate, setup, caller, ask, &call.id, record).await
}

/// The way to a provider.
struct Way<'a> {
    gate: &'a Gate,
    deployment: &'a Deployment,
    endpoint: &'a Endpoint,
    path: &'a str,
}

async fn send(
    way: Way<'_>,
    method: &'static str,
    headers: &mut HeaderMap,
    body: &mut PassBody,
    seat: &Seat,
) -> Result<upstream::Reply, Fault> {
    let Way { gate, deployment, endpoint, path } = way;
    let whole = match body {
        PassBody::Whole(bytes) => vec![bytes.clone()],
        PassBody::Stream(_) => Vec::new(),
    };
    deployment.sign_in_at(endpoint, headers, Sent { method, path, body: &whole }).await?;
    let call = upstream::Call {
        endpoint,
        method,
        path,
        headers,
        body: &whole,
        connect_timeout: deployment.limits.connect,
        claim: seat.claim(),
        sent: None,
    };
    match body {
        PassBody::Whole(_) => gate.wire.call(deployment, call).await,
        PassBody::Stream(upload) => gate.wire.upload(deployment, call, &mut **upload).await,
    }
}

fn full(why: &NoSeat) -> Fault {
    let (wait, what) = match why {
        NoSeat::Limit(short) => (short.wait_ms, "has reached its limit"),
        NoSeat::Budget(_) => (None, "has spent its budget"),
        NoSeat::Rests => (None, "rests after faults"),
    };
    let fault = Fault::new(FaultKind::NoDeployment, Side::Gateway, format!("the deployment behind this path {what}"));
    Fault { retry_after: wait.map(Duration::from_millis), ..fault }
}
