//! OpenAI's chat completions, old completions, embeddings and model list, and the habits of servers that
//! imitate them where a knob asks for it.

mod audio;
mod embed;
mod failure;
mod fields;
mod images;
mod messages;
mod moderate;
mod reply;
mod request;
pub(super) mod rerank;
mod stream;
mod text;
mod tools;

#[cfg(test)]
mod tests;

use super::{CREATED, Dialect, Failure, Incoming, Work, Writer, bearer};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Shape, Turn};
use crate::server::Head;
use serde_json::{Value, json};

/// The OpenAI dialect.
pub(crate) struct OpenAi;

impl Dialect for OpenAi {
    fn id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn has_choices(&self) -> bool {
        true
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        bearer(head).or_else(|| head.header("api-key"))
    }

    fn wrong_key(&self, given: Option<&str>) -> Problem {
        match given {
            Some(key) => Problem { message: Some(format!("Incorrect API key provided: {key}.")), ..invalid_key() },
            None => Problem { message: Some("You didn't provide an API key.".to_owned()), ..invalid_key() },
        }
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("you must provide a model parameter")
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        match incoming.op {
            Op::Chat => Work::talk(request::read(incoming)?),
            Op::Text => Work::talk(text::read(incoming)?),
            Op::Embed => embed::answer(incoming).map(Work::Json),
            Op::Image | Op::ImageEdit | Op::ImageVariation => images::answer(incoming),
            Op::Speak => audio::speak(incoming),
            Op::WriteDown => audio::write_down(incoming),
            Op::Moderate => moderate::answer(incoming).map(Work::Json),
            Op::Rerank => rerank::answer(incoming).map(Work::Json),
            _ => Ok(Work::Json(models(incoming.models))),
        }
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        failure::failure(problem, model)
    }

    fn whole(&self, turn: &Turn) -> Value {
        match turn.ask.shape {
            Shape::Text => text::whole(turn),
            _ => reply::whole(turn),
        }
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        match turn.ask.shape {
            Shape::Text => Box::new(text::TextStream::new(turn)),
            _ => Box::new(stream::ChatStream::new(turn)),
        }
    }

    fn stream_type(&self, _: &Turn) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
}

fn invalid_key() -> Problem {
    Problem::new(Trouble::InvalidKey)
}

fn models(names: &[String]) -> Value {
    let one = |name: &String| json!({ "id": name, "object": "model", "created": CREATED, "owned_by": "drill" });
    json!({ "object": "list", "data": names.iter().map(one).collect::<Vec<_>>() })
}
