//! Claude by `InvokeModel`: the mock Anthropic's bodies without a model, and its events in frames.

use super::failure::in_frame;
use super::{Bedrock, frame};
use crate::dialect::anthropic::Anthropic;
use crate::dialect::{Dialect, Failure, Incoming, Work, Writer};
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Step, Turn};
use crate::server::Head;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Claude on Bedrock by its own API.
pub(crate) struct Claude;

impl Dialect for Claude {
    fn id_header(&self) -> &'static str {
        Bedrock.id_header()
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        Bedrock.key(head)
    }

    fn wrong_key(&self, given: Option<&str>) -> Problem {
        Bedrock.wrong_key(given)
    }

    fn no_model(&self) -> Problem {
        Bedrock.no_model()
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        super::signed(incoming.head)?;
        if incoming.body.get("stream").is_some() {
            return Err(Problem::refuse("stream: Extra inputs are not permitted"));
        }
        let work = Anthropic.read(incoming)?;
        Ok(match work {
            Work::Talk(mut ask) => {
                ask.stream = incoming.op == Op::ChatStream;
                Work::Talk(ask)
            }
            other => other,
        })
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        Bedrock.failure(problem, model)
    }

    fn whole(&self, turn: &Turn) -> Value {
        Anthropic.whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        Box::new(Framed { inner: Anthropic.writer(turn), events: Vec::new() })
    }

    fn stream_type(&self, turn: &Turn) -> &'static str {
        Bedrock.stream_type(turn)
    }
}

/// Puts the events of another writer into frames.
struct Framed<'a> {
    inner: Box<dyn Writer + 'a>,
    events: Vec<u8>,
}

impl Writer for Framed<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        self.inner.step(step, &mut self.events);
        let events = std::mem::take(&mut self.events);
        let lines = events.split(|byte| *byte == b'\n');
        let data = lines.filter_map(|line| line.strip_prefix(b"data: "));
        data.for_each(|data| chunk(data.trim_ascii_end(), out));
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        let payload = json!({ "message": failure.body["message"] }).to_string();
        frame::exception(&in_frame(&failure), payload.as_bytes(), out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        chunk(garbage.as_bytes(), out);
    }
}

fn chunk(data: &[u8], out: &mut Vec<u8>) {
    let payload = json!({ "bytes": STANDARD.encode(data), "p": "abcd" }).to_string();
    frame::event("chunk", payload.as_bytes(), out);
}
