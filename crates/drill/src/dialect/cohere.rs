//! Cohere's own API, version 2: chats, vectors, and rankings, which are made as those of others are.

mod chat;
mod embed;
mod failure;
mod fields;
mod messages;
mod reply;
mod stream;
mod tools;

#[cfg(test)]
mod tests;

use super::{Dialect, Failure, Incoming, Work, Writer, bearer, openai};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::Turn;
use crate::server::Head;
use serde_json::Value;

/// The Cohere dialect.
pub(crate) struct Cohere;

impl Dialect for Cohere {
    fn id_header(&self) -> &'static str {
        "x-debug-trace-id"
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        bearer(head)
    }

    fn wrong_key(&self, given: Option<&str>) -> Problem {
        match given {
            Some(_) => Problem::new(Trouble::InvalidKey),
            None => Problem { message: Some("no api key supplied".to_owned()), ..Problem::new(Trouble::InvalidKey) },
        }
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("model is required")
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        match incoming.op {
            Op::Chat => Work::talk(chat::read(incoming)?),
            Op::Rerank => openai::rerank::answer(incoming).map(Work::Json),
            _ => embed::answer(incoming).map(Work::Json),
        }
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        failure::failure(problem, model)
    }

    fn whole(&self, turn: &Turn) -> Value {
        reply::whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        Box::new(stream::Stream::new(turn))
    }

    fn stream_type(&self, _: &Turn) -> &'static str {
        "text/event-stream"
    }
}
