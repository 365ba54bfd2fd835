//! OpenAI's Responses API: items instead of messages, an answer that repeats itself at the end of its stream.

mod reply;
mod request;
mod stream;

#[cfg(test)]
mod tests;

use super::openai::OpenAi;
use super::{Dialect, Failure, Incoming, Work, Writer};
use crate::problem::Problem;
use crate::route::Op;
use crate::script::Turn;
use crate::server::Head;
use serde_json::Value;

/// The Responses dialect. Keys and errors are those of OpenAI's other dialect.
pub(crate) struct Responses;

impl Dialect for Responses {
    fn id_header(&self) -> &'static str {
        OpenAi.id_header()
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        OpenAi.key(head)
    }

    fn wrong_key(&self, given: Option<&str>) -> Problem {
        OpenAi.wrong_key(given)
    }

    fn no_model(&self) -> Problem {
        OpenAi.no_model()
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        match incoming.op {
            Op::Kept => reply::kept(&incoming.head.method, incoming.model).map(Work::Json),
            Op::Compact => reply::compacted(incoming.body, &request::read(incoming)?).map(Work::Json),
            _ => Work::talk(request::read(incoming)?),
        }
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        OpenAi.failure(problem, model)
    }

    fn whole(&self, turn: &Turn) -> Value {
        reply::whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        Box::new(stream::Stream::new(turn))
    }

    fn stream_type(&self, _: &Turn) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
}
