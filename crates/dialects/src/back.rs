//! What a dialect must be able to do to talk to providers.

use std::fmt;

use bytes::Bytes;
use types::{Abilities, Answer, Event, Fault, ModelFacts, Operation, Request, Usage};

use crate::json::{self, Edit, Json, Object};
use crate::{Amends, Framing, LocalEngine};

/// A dialect that providers speak. Reading is tolerant: what a provider sends may be slightly off its format
/// (wire.md 2.9) and is used as far as it makes sense.
pub trait Back: Send + Sync {
    /// Short name: `openai`, `anthropic`, `gemini`, `ollama`.
    fn name(&self) -> &'static str;

    /// The same dialect as this upstream model speaks it, where what it says is to be read in another way.
    fn of_model(&self, model: &str) -> Option<&'static dyn Back> {
        let _ = model;
        None
    }

    /// How streamed answers are framed.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// Headers that every request carries unless something better is known.
    fn default_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Path of the list of models, behind the base path: asking for it costs nothing and loads no model.
    fn listing(&self) -> &'static str;

    /// Path behind the base URL for an operation on the upstream model, with a leading slash. `None` if the
    /// dialect has no such operation and a bridge must do (a completion as a chat, a count as an estimate).
    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String>;

    /// Whether what it answers for an operation is bytes that callers get as they come, unless it comes in events.
    fn answers_bytes(&self, operation: Operation) -> bool {
        operation.is_raw()
    }

    /// How engines are managed that speak this dialect and load models when they are needed.
    fn local_engine(&self) -> Option<&'static dyn LocalEngine> {
        None
    }

    /// Encodes a request for `target`. What the target cannot express is dropped if that only makes the answer
    /// worse and `target.drop_params` is set, and refused with a 400 otherwise.
    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault>;

    /// What must change in a request that arrived in this very dialect before it goes to `target`: at least the
    /// model. `None` if the change goes deeper than single fields, so that the request must be decoded after all.
    fn splice(&self, operation: Operation, body: &Object, target: &Target) -> Option<Splice> {
        let _ = (operation, body);
        Some(Splice::of(target))
    }

    /// Whether it gives anything out that only its own account understands.
    fn gives_out(&self) -> bool {
        false
    }

    /// Where marks go into a whole answer, or an event of one, that passes through untouched, so that what it gives out
    /// finds its way back to `issuer` ([`crate::Front::issued`]): places in `data`, in order, and what stands there.
    fn marks(&self, data: &[u8], issuer: Issuer) -> Vec<(usize, String)> {
        let _ = (data, issuer);
        Vec::new()
    }

    /// Decodes a whole answer.
    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault>;

    /// Looks whether a whole answer that passes through untouched is one, and what it consumed: the same that
    /// reading it would tell, at the price of one look at every byte.
    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault>;

    /// Begins to decode a streamed answer.
    fn stream_reader(&self, operation: Operation) -> Box<dyn StreamReader>;

    /// Decodes an error answer: kind, side, message, code. `status` is the HTTP status (400 to 599).
    fn read_fault(&self, status: u16, body: &[u8]) -> Fault;

    /// The header that names an error, if a header does.
    fn fault_header(&self) -> Option<&'static str> {
        None
    }

    /// Decodes an error answer whose header says that it is this error.
    fn read_named_fault(&self, status: u16, name: &str, body: &[u8]) -> Fault {
        let _ = name;
        self.read_fault(status, body)
    }

    /// Looks at one complete event (SSE `data`, or a line) of a stream that passes through untouched,
    /// as cheaply as possible: most events are plain text and need no parsing. `known` is what earlier events of the
    /// stream told of its consumption.
    fn glance(&self, event: &[u8], known: &Usage) -> Glance;

    /// The same of a stream of pictures or sound.
    fn glance_media(&self, event: &[u8], known: &Usage) -> Glance {
        self.glance(event, known)
    }
}

/// Where a request goes, as far as its wire form depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The upstream model.
    pub model: &'a str,
    /// `provider/model`, for messages to the caller.
    pub name: &'a str,
    /// What is known about the model.
    pub facts: &'a ModelFacts,
    /// What the provider does differently from its dialect.
    pub quirks: &'a Quirks,
    /// Whether parameters that the target cannot honour are dropped instead of refused.
    pub drop_params: bool,
    /// The version of the dialect that a caller who speaks it asks for (Anthropic's `anthropic-version`): it goes on
    /// with the request.
    pub version: Option<&'a str>,
    /// The context that a local engine must serve it with, tokens, whatever the request says; `None` if nobody manages
    /// that.
    pub num_ctx: Option<u32>,
    /// Whom it takes back from what it gave out; `None` if nobody knows.
    pub issuer: Option<Issuer>,
}

/// Who gave something out that only the same account understands: a deployment, and the account behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The account: an address and a credential.
    pub account: u32,
    /// The deployment: what it does with another credential later is as good.
    pub deployment: u32,
}

/// Something that was given out and is brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// By whom it was given out.
    pub by: Issuer,
    /// Whether it stands for something that is kept there, so that nobody else can go on.
    pub is_kept: bool,
}

impl Issuer {
    /// Whether what the other one gave out is understood.
    pub fn understands(self, other: Self) -> bool {
        self.account == other.account || self.deployment == other.deployment
    }

    /// Reads what [`fmt::Display`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = u64::from_str_radix(text, 16).ok().filter(|_| !text.starts_with('+'))?;
        Some(Issuer { account: (number >> 32) as u32, deployment: number as u32 })
    }
}

/// Sixteen hexadecimal digits.
impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:08x}", self.account, self.deployment)
    }
}

impl Target<'_> {
    /// What the model can do.
    pub fn abilities(&self) -> &Abilities {
        &self.facts.abilities
    }
}

/// What a provider does differently from its dialect: data of the provider table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Knows `max_tokens`, not `max_completion_tokens`.
    pub max_tokens: bool,
    /// Knows `max_completion_tokens`, not `max_tokens`.
    pub max_completion_tokens: bool,
    /// Takes message content only as a string, not as a list of parts.
    pub string_content: bool,
    /// Knows the `developer` role (OpenAI itself; most others know only `system`).
    pub developer_role: bool,
    /// Refuses `stream_options`.
    pub no_stream_options: bool,
    /// Must be told `store: false`.
    pub store_false: bool,
    /// Wants `reasoning_content` of earlier assistant turns back.
    pub keep_reasoning: bool,
    /// Calls the visible reasoning `reasoning` instead of `reasoning_content` in requests.
    pub reasoning_field: bool,
    /// Takes `top_k`, which OpenAI has not (most local servers do).
    pub top_k: bool,
    /// Takes Anthropic's `cache_control` on content parts and tools (routers in front of Claude).
    pub cache_control: bool,
    /// Takes OpenAI's `prompt_cache_breakpoint` on content parts (gpt-5.6 and later).
    pub cache_breakpoints: bool,
    /// Has the model in the path, and this as `anthropic_version` in the body (Claude on Vertex AI).
    pub body_version: Option<&'static str>,
    /// Takes documents of office programs and web pages beside PDFs and texts (Bedrock's Converse).
    pub office_documents: bool,
    /// Takes only tool-call ids of exactly nine letters and digits (Mistral).
    pub short_call_ids: bool,
    /// Embeds what comes as token ids, OpenAI's or its model's own; others take texts alone.
    pub token_ids: bool,
    /// How it wants documents that are to be ranked.
    pub rerank: RerankForm,
    /// How it is asked for vectors, where it speaks Gemini's dialect.
    pub vectors: VectorForm,
}

/// How vectors of Google's models are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VectorForm {
    /// All texts as requests of their own in one body (`:batchEmbedContents`): the Gemini API.
    #[default]
    Batch,
    /// All texts as instances (`:predict`): Vertex AI.
    Predict,
    /// One text per call (`:embedContent`): newer models on Vertex AI.
    Single,
}

/// How a provider wants documents that are to be ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RerankForm {
    /// As Jina and most servers: `top_n`, documents of any kind.
    #[default]
    Jina,
    /// As Cohere: texts alone, and a bound of each.
    Cohere,
    /// As Voyage: `top_k`, texts alone.
    Voyage,
}

/// What changes in a request that passes otherwise untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The changes.
    pub edits: Vec<Edit>,
    /// What the target cannot honour and is taken out, by the caller's names.
    pub dropped: Vec<String>,
}

impl Splice {
    /// Only the model changes.
    pub(crate) fn of(target: &Target) -> Self {
        Splice { edits: vec![Edit::Set("model".to_owned(), json::string(target.model))], dropped: Vec::new() }
    }

    /// Takes out the `names` that the request has.
    pub(crate) fn drop_given(&mut self, root: Json, names: &[&str]) {
        for name in names.iter().filter(|name| root.get(name).is_some()) {
            self.edits.push(Edit::Remove((*name).to_owned()));
            self.dropped.push((*name).to_owned());
        }
    }
}

/// An encoded request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// What of the request goes behind the operation's path: a segment, a query.
    pub behind: String,
    /// The body.
    pub body: Bytes,
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// What the target cannot express and was left out, by the caller's names.
    pub dropped: Vec<String>,
    /// What the answer needs before the caller may have it.
    pub amends: Amends,
}

/// Decodes the events of one stream.
pub trait StreamReader {
    /// Decodes one event: the `data` of a server-sent event, or a line.
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault>;

    /// The connection ended. Emits what is still due, with [`Event::End`] if the stream may end here;
    /// without it the stream counts as cut.
    fn finish(&mut self, out: &mut Vec<Event>);
}

/// What [`Back::glance`] saw in an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// What is known of the stream's consumption now, if the event says something of it.
    pub usage: Option<Usage>,
    /// Bytes of what the model wrote in this event, reasoning and calls included: where the provider's own counts
    /// never come, an estimate goes by them ([`types::Event::output_bytes`] says it of decoded events).
    pub output_bytes: usize,
    /// The event says that an answer ended, or that the stream does: the end of the connection is no cut then.
    pub end: bool,
    /// The event is the last one: nothing of interest comes behind it.
    pub over: bool,
    /// The event exists only to report usage: hidden from callers who did not ask for it.
    pub usage_only: bool,
    /// The provider reports a failure.
    pub fault: Option<Box<Fault>>,
}

impl Glance {
    /// The event is a failure.
    pub(crate) fn failed(fault: Fault) -> Self {
        Glance { fault: Some(Box::new(fault)), ..Glance::default() }
    }
}
