//! The vendors' wire formats: each reads a request as strictly as its vendor does, and writes answers and
//! errors as its vendor does. One folder per dialect; what they have in common is here.

pub(crate) mod anthropic;
pub(crate) mod bedrock;
pub(crate) mod clouds;
pub(crate) mod cohere;
mod frame;
pub(crate) mod gemini;
mod logprobs;
pub(crate) mod ollama;
pub(crate) mod openai;
pub(crate) mod responses;
mod vector;
pub(crate) mod voices;

#[cfg(test)]
mod tests;

use crate::knobs::Knobs;
use crate::node::Wish;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Ask, Step, Turn};
use crate::server::Head;
use serde_json::{Map, Value};

/// Seconds since 1970 that all answers claim to have been made at, so that they are the same every time.
pub(crate) const CREATED: u64 = 1_767_225_600;
/// The same moment in RFC 3339.
pub(crate) const CREATED_TEXT: &str = "2026-01-01T00:00:00Z";

/// A request as a dialect gets to see it.
pub(crate) struct Incoming<'a> {
    pub(crate) op: Op,
    pub(crate) head: &'a Head,
    pub(crate) body: &'a Value,
    pub(crate) model: &'a str,
    pub(crate) knobs: &'a Knobs,
    /// The models the mock claims to have.
    pub(crate) models: &'a [String],
}

/// What a valid request amounts to.
pub(crate) enum Work {
    /// Text is to be generated.
    Talk(Box<Ask>),
    /// This JSON is the answer: listings, counts, embeddings.
    Json(Value),
    /// These pieces are, of this content type: sound, or events of it.
    Pieces(&'static str, Vec<Vec<u8>>),
}

impl Work {
    pub(crate) fn talk(ask: Ask) -> Result<Self, Problem> {
        Ok(Work::Talk(Box::new(ask)))
    }
}

/// An error in a vendor's words.
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// One vendor's wire format.
pub(crate) trait Dialect: Sync {
    /// Header that carries the vendor's request id.
    fn id_header(&self) -> &'static str;
    /// Whether an answer is a list of choices, which may be empty.
    fn has_choices(&self) -> bool {
        false
    }
    /// Whether a blocked prompt is told in an answer rather than by an error.
    fn tells_blocked(&self) -> bool {
        false
    }
    /// The key the caller sent, where the vendor looks for it.
    fn key<'a>(&self, head: &'a Head) -> Option<&'a str>;
    /// The refusal of a wrong or missing key.
    fn wrong_key(&self, given: Option<&str>) -> Problem;
    /// Whether a request that does not say so is answered with a stream.
    fn streams_by_default(&self) -> bool {
        false
    }
    /// The refusal of a request that names no model.
    fn no_model(&self) -> Problem;
    /// Checks the headers of a request with a body.
    fn check_head(&self, head: &Head) -> Result<(), Problem> {
        match head.header("content-type").map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
            Some(kind) if kind.eq_ignore_ascii_case("application/json") => Ok(()),
            Some(other) => {
                Err(Problem::refuse(format!("Unsupported content type '{other}': expected application/json.")))
            }
            None => Err(Problem::refuse("The content-type header is missing: expected application/json.")),
        }
    }
    /// Checks a request and takes from it what the answer depends on.
    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem>;
    /// What a request wants of the memory of an engine that loads models.
    fn wish(&self, _: Op, _model: &str, _body: &Value) -> Option<Wish> {
        None
    }
    /// An error's status and body.
    fn failure(&self, problem: &Problem, model: &str) -> Failure;
    /// The body of an answer that is not streamed.
    fn whole(&self, turn: &Turn) -> Value;
    /// The writer of a streamed answer.
    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a>;
    /// Content type of a streamed answer.
    fn stream_type(&self, turn: &Turn) -> &'static str;
}

/// Writes a streamed answer step by step.
pub(crate) trait Writer: Send {
    /// Appends what the stream says for this step, which may be nothing.
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>);
    /// Appends an error in the middle of the stream.
    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>);
    /// Appends one event whose data is `garbage`.
    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>);
}

/// Appends a string as JSON, quotes included.
fn quoted(text: &str, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail, and a str is always JSON.
    let _ = serde_json::to_writer(out, text);
}

/// Appends any value as JSON.
fn put(value: &Value, out: &mut Vec<u8>) {
    // As above: neither the Vec nor a Value can make this fail.
    let _ = serde_json::to_writer(out, value);
}

/// A field that is there and not null.
fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// The first field of an object that is not among the known ones.
fn unknown<'a>(object: &'a Map<String, Value>, known: &[&str]) -> Option<&'a str> {
    object.keys().map(String::as_str).find(|name| !known.contains(name))
}

/// Whether a name consists of letters, digits and `extra`, and is 1 to `most` long.
fn is_name(text: &str, extra: &str, most: usize) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
    !text.is_empty() && text.len() <= most && text.chars().all(good)
}

/// Whether text is base64 with the standard alphabet and padding.
fn is_base64(text: &str) -> bool {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

/// Whether text is base64 with either alphabet: Google takes both.
fn is_either_base64(text: &str) -> bool {
    is_base64(&text.replace('-', "+").replace('_', "/"))
}

/// FNV-1a, for signatures and vectors that are the same on every run.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The key after `Bearer` in the authorization header.
fn bearer(head: &Head) -> Option<&str> {
    let (scheme, key) = head.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
