//! Ollama's native API: chat and generate, streamed by default, embeddings old and new, and the small
//! endpoints clients probe.

mod chat;
mod failure;
mod generate;
mod info;
mod options;
mod reply;
mod stream;

#[cfg(test)]
mod tests;

use super::{Dialect, Failure, Incoming, Work, Writer, bearer};
use crate::knobs::Trouble;
use crate::node::Wish;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::Turn;
use crate::server::Head;
use serde_json::Value;

/// The Ollama dialect.
pub(crate) struct Ollama;

impl Dialect for Ollama {
    fn id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        bearer(head)
    }

    fn wrong_key(&self, _: Option<&str>) -> Problem {
        Problem::new(Trouble::InvalidKey)
    }

    fn streams_by_default(&self) -> bool {
        true
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("model is required")
    }

    /// Ollama takes any body for JSON.
    fn check_head(&self, _: &Head) -> Result<(), Problem> {
        Ok(())
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        match incoming.op {
            Op::Chat => Work::talk(chat::read(incoming)?),
            Op::Text => Work::talk(generate::read(incoming)?),
            _ => info::answer(incoming).map(Work::Json),
        }
    }

    fn wish(&self, op: Op, model: &str, body: &Value) -> Option<Wish> {
        matches!(op, Op::Chat | Op::Text | Op::Embed).then(|| options::wish(op, model, body))
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
        "application/x-ndjson"
    }
}
