use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::{BACKS, Back, FRONTS, Front, Glance, Outgoing, StreamReader, Target};
use http::HeaderMap;
use jiff::tz::TimeZone;
use policy::Member;
use providers::Auth;
use providers::http::{Body, Call as Upstream, Endpoint, Reply as Response};
use tokio::time::sleep;
use types::{Answer, Event, ModelFacts, Operation, Request, Usage};

use super::*;
use crate::{
    Access, Call, Caller, ClientParams, Content, Deployment, Dice, Gate, Group, Health, Intake, Keyring, Limits,
    Meters, Reply, Setup, Spending, Wire, serve,
};

/// Where the gateway has its defect.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    None,
    /// Before anything was answered.
    Sending,
    /// When the caller has its headers already, and nothing else yet.
    Waiting,
    /// Behind the content of a stream.
    Ending,
}

/// An OpenAI-compatible provider, and a gateway with a defect towards it.
struct Brittle(Defect);

impl Wire for Brittle {
    fn call<'a>(
        &'a self,
        _: &'a Deployment,
        _: Upstream<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Response, Fault>> + 'a>> {
        Box::pin(async {
            match self.0 {
                Defect::Sending => panic!("a defect before the answer"),
                Defect::Waiting => {
                    sleep(HEARTBEAT * 3).await;
                    panic!("a defect behind the headers")
                }
                Defect::Ending | Defect::None => {
                    Ok(Response { status: 200, headers: HeaderMap::new(), body: Body::whole(STREAM) })
                }
            }
        })
    }
}

impl Back for Brittle {
    fn name(&self) -> &'static str {
        "brittle"
    }

    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String> {
        BACKS[0].path(operation, model, stream)
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        BACKS[0].write_request(request, target)
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        BACKS[0].read_answer(operation, body)
    }

    fn stream_reader(&self, operation: Operation) -> Box<dyn StreamReader> {
        Box::new(Reader(BACKS[0].stream_reader(operation), self.0))
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        BACKS[0].read_fault(status, body)
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        BACKS[0].glance_answer(operation, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        BACKS[0].glance(event, known)
    }
}

struct Reader(Box<dyn StreamReader>, Defect);

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        self.0.read(data, out)
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        assert_ne!(self.1, Defect::Ending, "a defect behind the content");
        self.0.finish(out);
    }
}

const HEARTBEAT: Duration = Duration::from_secs(5);
const STREAM: Bytes = Bytes::from_static(
    b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lorem\"},\"finish_reason\":null}]}\n\n\
      data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
);

fn setup(back: &'static Brittle) -> Setup {
    let deployment = Deployment {
        id: "one".to_owned(),
        name: "brittle/demo".to_owned(),
        provider: "brittle",
        model: "demo".to_owned(),
        back,
        endpoint: Endpoint::parse("http://127.0.0.1:9").unwrap(),
        auth: Auth::None,
        headers: HeaderMap::new(),
        facts: ModelFacts::default(),
        pricing: policy::price::Pricing::fixed(&Default::default(), "demo"),
        quirks: Default::default(),
        drop_params: false,
        removed: Vec::new(),
        defaults: Vec::new(),
        member: Member::default(),
        limits: Limits::default(),
        bounds: Default::default(),
        retries: None,
        canned: None,
        client_params: Vec::new(),
        health: Arc::new(Health::default()),
    };
    let group = Group { name: "demo".to_owned(), deployments: vec![Arc::new(deployment)], team: None, strategy: None };
    Setup {
        groups: HashMap::from([("demo".to_owned(), Arc::new(group))]),
        patterns: Vec::new(),
        aliases: HashMap::new(),
        routers: HashMap::new(),
        access_groups: HashMap::new(),
        hidden: Vec::new(),
        rules: Arc::default(),
        access: Access::default(),
        doorway: Default::default(),
        spending: Spending::default(),
        client_params: ClientParams::default(),
        intake: Intake::default(),
        pricing: Default::default(),
        heartbeat: HEARTBEAT,
    }
}

async fn call(front: &'static dyn Front, defect: Defect, stream: bool) -> Reply {
    let back: &'static Brittle = Box::leak(Box::new(Brittle(defect)));
    let setup = Arc::new(setup(back));
    let gate = Rc::new(Gate {
        wire: Rc::new(Brittle(defect)),
        setup: Box::new(move || setup.clone()),
        dice: RefCell::new(Dice::new(7)),
        unix_ms: Rc::new(|| 0),
        keyring: Keyring::new(None, Arc::new(Meters::new(TimeZone::UTC))),
        ledger: None,
    });
    let body = format!(
        r#"{{"model":"demo","stream":{stream},"max_tokens":9,"messages":[{{"role":"user","content":"hello"}}]}}"#
    );
    let (id, operation) = ("my-own-id".to_owned(), Operation::Chat);
    let (path_model, headers, caller) = (None, HeaderMap::new(), Arc::new(Caller::admin()));
    let call = Call { id, front, operation, path_model, headers, body: body.into(), caller, ip: None };
    serve(&gate, call).await
}

/// All of an answer's body.
async fn text(reply: Reply) -> String {
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

/// What a stream of this dialect ends with when the gateway has a defect.
fn last_event(front: &dyn Front) -> String {
    let mut event = bytes::BytesMut::new();
    front.write_stream_fault(&caught::<()>(|| panic!("a defect")).unwrap_err(), &mut event);
    String::from_utf8(event.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_defect_before_the_answer_is_a_refusal_in_the_callers_words() {
    for front in FRONTS.iter().copied() {
        for stream in [false, true] {
            let reply = call(front, Defect::Sending, stream).await;
            assert_eq!(reply.status, 500);
            for header in ["x-litellm-call-id", front.id_header()] {
                assert_eq!(reply.headers[header], "my-own-id");
            }
            let text = text(reply).await;
            assert!(text.contains("the gateway failed") && !text.contains("a defect"), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_defect_in_a_stream_ends_it_with_an_error_event() {
    for front in FRONTS.iter().copied() {
        let intact = text(call(front, Defect::None, true).await).await;
        assert!(intact.contains("lorem") && !intact.contains("the gateway failed"), "{intact}");
        for (defect, before) in [(Defect::Waiting, front.heartbeat()), (Defect::Ending, "lorem")] {
            let reply = call(front, defect, true).await;
            assert_eq!(reply.status, 200);
            let text = text(reply).await;
            assert!(text.contains(before), "{defect:?}: {text}");
            assert!(text.ends_with(&last_event(front)), "{defect:?}: {text}");
        }
    }
}
