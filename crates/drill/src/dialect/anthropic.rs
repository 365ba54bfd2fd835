//! Anthropic's Messages API: messages, streamed or not, token counting and the model list.

mod blocks;
mod failure;
mod messages;
mod reply;
mod request;
mod schema;
mod settings;
mod stream;
mod tools;

#[cfg(test)]
mod tests;

use super::{CREATED_TEXT, Dialect, Failure, Incoming, Work, Writer, bearer, hash};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::Turn;
use crate::server::Head;
use serde_json::{Value, json};

/// The Anthropic dialect.
pub(crate) struct Anthropic;

impl Dialect for Anthropic {
    fn id_header(&self) -> &'static str {
        "request-id"
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        head.header("x-api-key").or_else(|| bearer(head))
    }

    fn wrong_key(&self, given: Option<&str>) -> Problem {
        let text = if given.is_some() { "invalid x-api-key" } else { "x-api-key header is required" };
        Problem { message: Some(text.to_owned()), ..Problem::new(Trouble::InvalidKey) }
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("model: Field required")
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        let version = request::version(incoming.head, incoming.body)?;
        match incoming.op {
            Op::Models => Ok(Work::Json(models(incoming.models))),
            Op::Count => {
                let words = request::count(incoming, version)?;
                Ok(Work::Json(json!({ "input_tokens": words })))
            }
            _ => Work::talk(request::read(incoming, version)?),
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
        "text/event-stream; charset=utf-8"
    }
}

fn models(names: &[String]) -> Value {
    let one = |name: &String| json!({ "type": "model", "id": name, "display_name": name, "created_at": CREATED_TEXT });
    json!({
        "data": names.iter().map(one).collect::<Vec<_>>(),
        "has_more": false,
        "first_id": names.first(),
        "last_id": names.last(),
    })
}

/// The signature the mock gives a thinking block, and the only one it takes back with that text.
fn signature(thinking: &str) -> String {
    use base64::Engine;
    let text = format!("drill-thinking-{:016x}", hash(&["anthropic", thinking]));
    base64::engine::general_purpose::STANDARD.encode(text)
}
