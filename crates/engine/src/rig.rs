//! For tests: a gateway before providers that answer in memory, by a script. Time is tokio's, which tests pause.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::future::{poll_fn, ready};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use dialects::{BACKS, FRONTS};
use http::HeaderMap;
use jiff::tz::TimeZone;
use policy::price::{Origin, Pricing, Tariff};
use policy::{Member, Patterns, catalogue};
use providers::Auth;
use providers::http::{Client, Endpoint, Network};
use store::Entry;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};
use types::{ModelFacts, Operation};

use crate::{
    Access, Bounds, Call, Caller, ClientParams, Content, Deployment, Dice, Durable, Gate, Group, Health, Intake,
    Keyring, Ledger, Limits, Meters, Reply, Setup, Spending, Wire, serve,
};

/// A deployment without a limit or a price that speaks OpenAI's dialect.
pub fn deployment(id: &str) -> Deployment {
    Deployment {
        id: id.to_owned(),
        name: format!("rig/{id}"),
        provider: "rig",
        model: "demo".to_owned(),
        back: BACKS[0],
        beside: None,
        endpoint: Endpoint::parse("http://127.0.0.1:9").unwrap(),
        paths: Default::default(),
        access_token: None,
        stated: None,
        signing: None,
        replaced: None,
        auth: Auth::None,
        headers: HeaderMap::new(),
        facts: ModelFacts::default(),
        pricing: Pricing::fixed(&Default::default(), "demo"),
        quirks: Default::default(),
        drop_params: false,
        strict: false,
        merges_thinking: false,
        removed: Vec::new(),
        defaults: Vec::new(),
        member: Member::default(),
        region: None,
        tags: Vec::new(),
        tag_patterns: Patterns::default(),
        tag_filtering: None,
        limits: Limits::default(),
        bounds: Bounds::default(),
        retries: None,
        rest: None,
        canned: None,
        client_params: Vec::new(),
        node: None,
        gauge: None,
        health: Arc::new(Health::default()),
    }
}

/// What tokens of input and of output cost, picodollars.
pub fn priced(input: u64, output: u64) -> Pricing {
    Pricing::Fixed(Arc::new(Tariff::new(catalogue::PriceList::flat(input, output), Origin::Stated)))
}

/// A setup with these groups, where everybody may do everything.
pub fn setup<'n>(groups: impl IntoIterator<Item = (&'n str, Vec<Arc<Deployment>>)>) -> Setup {
    let group = |(name, deployments): (&str, Vec<Arc<Deployment>>)| {
        let group = Group { name: name.to_owned(), deployments, team: None, strategy: None, lines: Arc::default() };
        (name.to_owned(), Arc::new(group))
    };
    Setup {
        groups: groups.into_iter().map(group).collect(),
        patterns: Vec::new(),
        aliases: HashMap::new(),
        routers: HashMap::new(),
        access_groups: HashMap::new(),
        hidden: Vec::new(),
        queueing: Default::default(),
        rules: Arc::default(),
        access: Access::default(),
        doorway: Default::default(),
        guards_fallbacks: false,
        spending: Spending::default(),
        client_params: ClientParams::default(),
        intake: Intake::default(),
        sessions: Default::default(),
        pricing: Default::default(),
        guardrails: Default::default(),
        telemetry: Default::default(),
        cache: None,
        passages: Default::default(),
        files: Vec::new(),
        fleets: Vec::new(),
        heartbeat: Duration::from_secs(5),
        forced_models: Vec::new(),
        always_stream_usage: false,
    }
}

/// A gateway with this setup and way to providers. Its wall clock begins in 1970.
pub fn gate(setup: Setup, wire: Rc<dyn Wire>, meters: Arc<Meters>, ledger: Option<Rc<dyn Ledger>>) -> Rc<Gate> {
    let (setup, began) = (Arc::new(setup), Instant::now());
    Rc::new(Gate {
        wire,
        setup: Box::new(move || setup.clone()),
        dice: RefCell::new(Dice::new(7)),
        unix_ms: Rc::new(move || began.elapsed().as_millis() as i64),
        keyring: Keyring::new(None, meters),
        ledger,
    })
}

/// All of an answer's body.
pub async fn text(reply: Reply) -> String {
    let mut all = Vec::new();
    match reply.content {
        Content::Whole(bytes) => all.extend_from_slice(&bytes),
        Content::Stream(mut delivery) => {
            while let Some(piece) = poll_fn(|cx| delivery.poll_piece(cx)).await {
                all.extend_from_slice(&piece);
            }
        }
    }
    String::from_utf8(all).unwrap()
}

/// What a provider does.
#[derive(Clone)]
pub enum Act {
    /// It writes this.
    Write(String),
    /// It waits.
    Wait(Duration),
}

/// What a provider does with a request; then it closes the connection.
pub type Script = Vec<Act>;

/// A gateway with one model, `demo`, on one deployment.
pub struct Rig {
    gate: Rc<Gate>,
    pub meters: Arc<Meters>,
    /// Attempts as they were opened.
    pub opened: Rc<RefCell<Vec<Entry>>>,
    /// What was booked.
    pub entries: Rc<RefCell<Vec<Entry>>>,
    /// What stands for calls that no attempt tells of.
    pub told: Rc<RefCell<Vec<Entry>>>,
    provider: Arc<Provider>,
}

/// What the provider will do, and the bodies that it got.
#[derive(Default)]
struct Provider {
    scripts: Mutex<VecDeque<Script>>,
    bodies: Mutex<Vec<serde_json::Value>>,
}

/// A ledger without a disk.
struct Kept {
    opened: Rc<RefCell<Vec<Entry>>>,
    settled: Rc<RefCell<Vec<Entry>>>,
    told: Rc<RefCell<Vec<Entry>>>,
}

impl Rig {
    /// What everybody together may spend and ask; `deployment` and its provider, which follows `scripts` in turn.
    pub fn new(spending: Spending, deployment: Deployment, scripts: impl IntoIterator<Item = Script>) -> Self {
        Rig::of(Setup { spending, ..setup([("demo", vec![Arc::new(deployment)])]) }, scripts)
    }

    /// With this setup.
    pub fn of(setup: Setup, scripts: impl IntoIterator<Item = Script>) -> Self {
        let provider = Arc::new(Provider { scripts: Mutex::new(scripts.into_iter().collect()), ..Provider::default() });
        let (opened, entries, told) = (Rc::default(), Rc::default(), Rc::default());
        let meters = Arc::new(Meters::new(TimeZone::UTC));
        let kept = Kept { opened: Rc::clone(&opened), settled: Rc::clone(&entries), told: Rc::clone(&told) };
        let wire = Rc::new(Client::within(Rc::new(Within(provider.clone()))));
        let gate = gate(setup, wire, meters.clone(), Some(Rc::new(kept)));
        Rig { gate, meters, opened, entries, told, provider }
    }

    /// The answer to a chat with these fields beside the question.
    pub async fn ask(&self, fields: serde_json::Value) -> Reply {
        self.ask_with(fields, HeaderMap::new()).await
    }

    /// The same with these headers.
    pub async fn ask_with(&self, fields: serde_json::Value, headers: HeaderMap) -> Reply {
        let mut body = serde_json::json!({"model": "demo", "messages": [{"role": "user", "content": "hello"}]});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let (front, operation, caller) = (FRONTS[0], Operation::Chat, Arc::new(Caller::admin()));
        let (id, body) = ("call".to_owned(), Bytes::from(body.to_string()));
        serve(
            &self.gate,
            Call { id, front, operation, path_model: None, path_stream: None, headers, body, caller, ip: None },
        )
        .await
    }

    /// The answer to this body in the dialect of `front`, for a call of the admin or of somebody else.
    pub async fn say(&self, front: &'static dyn dialects::Front, body: serde_json::Value, caller: Caller) -> Reply {
        let (id, body, path_model) = ("call".to_owned(), Bytes::from(body.to_string()), Some("demo".to_owned()));
        let path_stream = body.windows(13).any(|text| text == b"\"stream\":true").then_some(true);
        let (operation, headers, caller) = (Operation::Chat, HeaderMap::new(), Arc::new(caller));
        serve(&self.gate, Call { id, front, operation, path_model, path_stream, headers, body, caller, ip: None }).await
    }

    /// The bodies that the provider got.
    pub fn bodies(&self) -> Vec<serde_json::Value> {
        self.provider.bodies.lock().unwrap().clone()
    }
}

impl Ledger for Kept {
    fn open(&self, entry: &Entry) -> Durable {
        self.opened.borrow_mut().push(entry.clone());
        Box::pin(ready(()))
    }

    fn settle(&self, entry: &Entry) -> Durable {
        self.settled.borrow_mut().push(entry.clone());
        Box::pin(ready(()))
    }

    fn tell(&self, entry: &Entry) {
        self.told.borrow_mut().push(entry.clone());
    }

    fn is_healthy(&self) -> bool {
        true
    }
}

/// The network in which the provider is.
struct Within(Arc<Provider>);

impl Network for Within {
    fn connect(&self, _: &Endpoint) -> Pin<Box<dyn Future<Output = io::Result<DuplexStream>>>> {
        let (ours, theirs) = duplex(64 << 10);
        tokio::spawn(self.0.clone().serve(theirs));
        Box::pin(ready(Ok(ours)))
    }
}

impl Provider {
    async fn serve(self: Arc<Self>, mut stream: DuplexStream) {
        let mut bytes = vec![0; 64 << 10];
        let count = stream.read(&mut bytes).await.unwrap();
        let request = String::from_utf8_lossy(&bytes[..count]);
        let body = request.split_once("\r\n\r\n").unwrap().1;
        self.bodies.lock().unwrap().push(serde_json::from_str(body).unwrap());
        let script = self.scripts.lock().unwrap().pop_front().expect("one script for each request");
        for act in script {
            match act {
                Act::Wait(time) => sleep(time).await,
                // Nobody need listen to the end.
                Act::Write(text) => _ = stream.write_all(text.as_bytes()).await,
            }
        }
    }
}

/// The beginning of a streamed answer that ends with the connection.
pub fn stream() -> Act {
    Act::Write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_owned())
}

/// The beginning of a streamed answer that is cut off if the connection ends.
pub fn cut_stream() -> Act {
    Act::Write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1000000\r\n\r\n".to_owned())
}

/// A piece of the answer with this index.
pub fn piece(index: u64, text: &str) -> Act {
    event(serde_json::json!({"choices": [{"index": index, "delta": {"content": text}, "finish_reason": null}]}))
}

/// The end of the answer with this index.
pub fn finish(index: u64) -> Act {
    event(serde_json::json!({"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}))
}

/// What the provider counted, and the end of the stream.
pub fn counted(input: u64, output: u64) -> Act {
    let usage = serde_json::json!({"prompt_tokens": input, "completion_tokens": output});
    let Act::Write(usage) = event(serde_json::json!({"choices": [], "usage": usage})) else { unreachable!() };
    Act::Write(format!("{usage}data: [DONE]\n\n"))
}

/// An event of a stream.
pub fn event(event: serde_json::Value) -> Act {
    Act::Write(format!("data: {event}\n\n"))
}
