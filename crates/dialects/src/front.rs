//! What a dialect must be able to do to serve callers.

use std::fmt;
use std::rc::Rc;

use bytes::BytesMut;
use types::{Answer, Event, Fault, Operation, Request};

use crate::Issued;
use crate::json::{Edit, Json, Object};
use crate::realtime::Errand;

/// Fields that bound an answer in OpenAI's words and Anthropic's, in the order in which they count.
const BOUNDS: [&str; 2] = ["max_completion_tokens", "max_tokens"];

/// A dialect that callers speak. Reading is strict about types and tolerant about unknown fields (they are kept
/// as extras); writing cannot fail.
pub trait Front: Send + Sync {
    /// Short name: `openai`, `anthropic`. Equal to the name of the [`crate::Back`] of the same dialect.
    fn name(&self) -> &'static str;

    /// Content type of a streamed answer.
    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    /// Whether an answer is streamed if the caller says nothing about it.
    fn streams_unasked(&self) -> bool {
        false
    }

    /// Whether parameters stand at the top of a body, where a deployment's own are added.
    fn has_flat_params(&self) -> bool {
        true
    }

    /// Another spelling of the name of a model, tried if nobody has the one that was asked for.
    fn other_name(&self, _model: &str) -> Option<String> {
        None
    }

    /// The caller's bound of each answer, tokens. Only the head of the body behind `root` is noted.
    fn output_bound(&self, root: Json) -> Option<u64> {
        let count = |name: &str| root.get_some(name).and_then(|value| value.as_u64());
        BOUNDS.iter().find_map(|name| count(name))
    }

    /// How many answers the caller wants.
    fn answers(&self, root: Json) -> u64 {
        root.get_some("n").and_then(|n| n.as_u64()).unwrap_or(1)
    }

    /// The change of the body that bounds each answer to so many `tokens`.
    fn bounded(&self, operation: Operation, root: Json, tokens: u64) -> Edit {
        let name = BOUNDS.into_iter().find(|name| root.get_some(name).is_some());
        let name = name.unwrap_or(if operation == Operation::Chat { BOUNDS[0] } else { BOUNDS[1] });
        Edit::Set(name.to_owned(), tokens.to_string())
    }

    /// Whether the caller has nothing to say to the model and only wants it to be ready.
    fn asks_nothing(&self, _operation: Operation, _root: Json) -> bool {
        false
    }

    /// Whether the caller says something to be answered, as opposed to a text to be gone on with. Only the head of the body
    /// behind `root` is noted.
    fn converses(&self, operation: Operation, _root: Json) -> bool {
        operation == Operation::Chat
    }

    /// What of OpenAI's Realtime API is asked for, if it is that.
    fn realtime(&self) -> Option<Errand> {
        None
    }

    /// The field with the messages of a conversation.
    fn conversation(&self) -> &'static str {
        "messages"
    }

    /// What of the request its answer repeats, if it repeats anything: a JSON object, which goes into the [`Stamp`]. `keeps`
    /// says whether answers are kept here that are to be. Only the head of the body behind `root` is noted.
    fn echo(&self, _root: Json, _keeps: bool) -> Option<Rc<str>> {
        None
    }

    /// What a request brings back that a provider of this very dialect gave out, if anything.
    fn issued(&self, _body: &Object) -> Option<Issued> {
        None
    }

    /// Decodes a request body.
    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault>;

    /// Encodes a whole answer.
    fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut;

    /// Content type of a whole answer that was encoded here.
    fn answer_type(&self, _operation: Operation, _stamp: &Stamp) -> &'static str {
        "application/json"
    }

    /// Begins to encode a streamed answer.
    fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter>;

    /// Encodes a fault as the body of an error answer. `status` is the HTTP status it is sent with.
    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut;

    /// Encodes a fault as the last event of a stream that has already begun, framing included.
    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut);

    /// What is sent during silence so that nobody on the way gives the connection up; framing included.
    /// Empty if the dialect has no harmless filler.
    fn heartbeat(&self) -> &'static str;

    /// What the log calls an operation in this dialect, in the incumbent's words.
    fn call_type(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Chat => "acompletion",
            Operation::Completion => "atext_completion",
            Operation::Embedding => "aembedding",
            Operation::CountTokens => "acount_tokens",
            Operation::Compact => "acompact_responses",
            Operation::Moderation => "amoderation",
            Operation::Rerank => "arerank",
            Operation::Image => "aimage_generation",
            Operation::ImageEdit => "aimage_edit",
            Operation::ImageVariation => "aimage_variation",
            Operation::Speech => "aspeech",
            Operation::Transcription => "atranscription",
            Operation::Translation => "atranslation",
            Operation::PassThrough => "pass_through_endpoint",
        }
    }

    /// Header in which callers look for the id of their call.
    fn id_header(&self) -> &'static str {
        "x-request-id"
    }

    /// HTTP status for a fault, where the dialect has its own idea (Anthropic's 529).
    fn status(&self, fault: &Fault) -> u16 {
        fault.status()
    }
}

/// What the gateway adds to an answer that the provider did not say, or not in this dialect's form.
#[derive(Clone, Debug, Default)]
pub struct Stamp {
    /// Random part of ids made here: at least 20 letters and digits.
    pub id: String,
    /// Unix seconds.
    pub created: u64,
    /// When the call began, milliseconds since 1970.
    pub began_ms: i64,
    /// What time it is meanwhile.
    pub clock: Clock,
    /// What [`Front::echo`] found.
    pub echo: Option<Rc<str>>,
    /// Model name to show if the provider gave none.
    pub model: String,
    /// Whether the caller asked for the usage event of a stream.
    pub stream_usage: bool,
    /// Whether the caller asked for embedding vectors as base64 (OpenAI's `encoding_format`).
    pub base64_vectors: bool,
    /// The form in which the caller wants sound or what was said (OpenAI's `response_format`).
    pub form: Option<Rc<str>>,
    /// Estimate of the input tokens, for dialects that state them before the provider does.
    pub input_estimate: u64,
}

/// A clock, for dialects that say with each piece of an answer when it was written. None at all stands still at 1970.
#[derive(Clone, Default)]
pub struct Clock(Option<Rc<dyn Fn() -> i64>>);

impl Clock {
    /// A clock that shows what `now` says: milliseconds since 1970.
    pub fn new(now: Rc<dyn Fn() -> i64>) -> Self {
        Clock(Some(now))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.0.as_ref().map_or(0, |now| now())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now_ms()).finish()
    }
}

/// Encodes the events of one stream. Events come in the order that [`types::Event`] promises.
pub trait StreamWriter {
    /// Appends the wire form of `event`, framing included; may append nothing, or more than one wire event.
    fn write(&mut self, event: Event, out: &mut BytesMut);

    /// The answer as far as it is there, marked as one that was given up, for dialects whose callers can ask for an answer
    /// again: nothing if it has not begun, or has failed.
    fn given_up(&self) -> Option<BytesMut> {
        None
    }
}
