use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::{BACKS, Back, FRONTS, Front, Glance, Outgoing, StreamReader, Target};
use http::HeaderMap;
use jiff::tz::TimeZone;
use providers::http::{Body, Call as Upstream, Reply as Response};
use tokio::time::sleep;
use types::{Answer, Event, Operation, Request, Usage};

use super::*;
use crate::rig::{deployment, gate, setup, text};
use crate::{Call, Caller, Deployment, Meters, Reply, Wire, serve};

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

    fn listing(&self) -> &'static str {
        "/models"
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

async fn call(front: &'static dyn Front, defect: Defect, stream: bool) -> Reply {
    let back: &'static Brittle = Box::leak(Box::new(Brittle(defect)));
    let setup = setup([("demo", vec![Arc::new(Deployment { back, ..deployment("one") })])]);
    let gate = gate(setup, Rc::new(Brittle(defect)), Arc::new(Meters::new(TimeZone::UTC)), None);
    let body = match front.name() {
        "responses" => format!(r#"{{"model":"demo","stream":{stream},"input":"hello"}}"#),
        name if name.starts_with("gemini") => r#"{"contents":[{"parts":[{"text":"hello"}]}]}"#.to_owned(),
        _ => format!(
            r#"{{"model":"demo","stream":{stream},"max_tokens":9,"messages":[{{"role":"user","content":"hello"}}]}}"#
        ),
    };
    let (id, operation) = ("my-own-id".to_owned(), Operation::Chat);
    let (path_model, path_stream) = (Some("demo".to_owned()), Some(stream));
    let (headers, caller) = (HeaderMap::new(), Arc::new(Caller::admin()));
    let call = Call { id, front, operation, path_model, path_stream, headers, body: body.into(), caller, ip: None };
    serve(&gate, call).await
}

/// Fronts that have chats.
fn chatting() -> impl Iterator<Item = &'static dyn Front> {
    FRONTS.iter().copied().filter(|front| !["gemini_vector", "ollama_embeddings", "rerank"].contains(&front.name()))
}

/// What a stream of this dialect ends with when the gateway has a defect.
fn last_event(front: &dyn Front) -> String {
    let mut event = bytes::BytesMut::new();
    front.write_stream_fault(&caught::<()>(|| panic!("a defect")).unwrap_err(), &mut event);
    String::from_utf8(event.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_defect_before_the_answer_is_a_refusal_in_the_callers_words() {
    for front in chatting() {
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
    for front in chatting() {
        let intact = text(call(front, Defect::None, true).await).await;
        assert!(intact.contains("lorem") && !intact.contains("the gateway failed"), "{intact}");
        // Without a sign of life nothing is shown before the content: then it is a refusal.
        let waiting = Some((Defect::Waiting, front.heartbeat())).filter(|(_, beat)| !beat.is_empty());
        for (defect, before) in waiting.into_iter().chain([(Defect::Ending, "lorem")]) {
            let reply = call(front, defect, true).await;
            assert_eq!(reply.status, 200);
            let text = text(reply).await;
            assert!(text.contains(before), "{defect:?}: {text}");
            assert!(text.ends_with(&last_event(front)), "{defect:?}: {text}");
        }
    }
}
