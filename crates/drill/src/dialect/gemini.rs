//! Google's generateContent: whole, as server-sent events or as a JSON array; token counting, embeddings and
//! the model list. Field names are taken in camelCase and in snake_case, as the API does.

mod contents;
mod embed;
mod failure;
mod fields;
mod images;
mod parts;
mod reply;
mod request;
mod sound;
mod stream;
mod tools;

#[cfg(test)]
mod tests;

use super::{Dialect, Failure, Incoming, Work, Writer, bearer, hash};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Shape, Turn};
use crate::server::Head;
use serde_json::{Value, json};

/// The Gemini dialect.
pub(crate) struct Gemini;

impl Dialect for Gemini {
    fn id_header(&self) -> &'static str {
        "x-goog-request-id"
    }

    fn has_choices(&self) -> bool {
        true
    }

    fn tells_blocked(&self) -> bool {
        true
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        head.header("x-goog-api-key").or_else(|| head.query("key")).or_else(|| bearer(head))
    }

    /// A wrong API key is a bad request at Google; only a wrong access token is unauthenticated.
    fn wrong_key(&self, given: Option<&str>) -> Problem {
        match given {
            Some(_) => Problem::refuse("API key not valid. Please pass a valid API key.").code("API_KEY_INVALID"),
            None => {
                let text = "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.";
                Problem { message: Some(text.to_owned()), ..Problem::new(Trouble::Permission) }
            }
        }
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("* GenerateContentRequest.model: model is not specified")
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        match incoming.op {
            Op::Models => Ok(Work::Json(models(incoming.models))),
            Op::Embed | Op::EmbedOther => embed::answer(incoming).map(Work::Json),
            Op::Image => images::predict(incoming).map(Work::Json),
            Op::Chat if images::are_wanted(incoming.body) => images::draw(incoming).map(Work::Json),
            Op::Chat if sound::is_wanted(incoming.body) => sound::speak(incoming).map(Work::Json),
            Op::Count => request::count(incoming).map(Work::Json),
            _ => Work::talk(request::read(incoming)?),
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

    fn stream_type(&self, turn: &Turn) -> &'static str {
        if turn.ask.shape == Shape::Array { "application/json; charset=UTF-8" } else { "text/event-stream" }
    }
}

fn models(names: &[String]) -> Value {
    let methods = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"];
    let one = |name: &String| {
        json!({
            "name": format!("models/{name}"),
            "displayName": name,
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": methods,
        })
    };
    json!({ "models": names.iter().map(one).collect::<Vec<_>>() })
}

/// The signature the mock gives a part: a function's name for calls, `text` for text.
fn signature(what: &str) -> String {
    encode(&format!("drill-thought-{:016x}", hash(&["gemini", what])))
}

/// Whether a signature that came back is one the mock gives that part, or Google's documented way around.
fn is_signature(given: &str, what: &str) -> bool {
    given == signature(what) || given == encode("skip_thought_signature_validator")
}

fn encode(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
