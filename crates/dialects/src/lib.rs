//! Wire formats: bytes in, words of `types` out, and back. No I/O, no clock, no randomness.
//!
//! A dialect may serve a *front* (callers speak it to us), a *back* (we speak it to providers), or both. The two
//! lists [`FRONTS`] and [`BACKS`] are all there is: adding a name enrols the dialect everywhere, tests included.
//! Where front and back are the same dialect the engine splices bytes and never comes here for translation.

mod amends;
mod anthropic;
mod back;
mod bedrock;
mod cl100k;
mod clouds;
mod cohere;
mod fields;
mod fit;
mod form;
mod frames;
mod front;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod gemini;
#[cfg(test)]
mod hostile;
pub mod json;
mod local_engine;
pub mod media;
mod names;
mod ollama;
mod openai;
mod passed;
mod phrases;
#[cfg(test)]
mod prices;
pub mod realtime;
mod rerank;
mod responses;
pub mod sse;
#[cfg(test)]
mod tests;
mod think;
#[cfg(test)]
mod trial;
mod turns;
mod typed;
mod upstream;
mod voices;
pub mod websocket;

pub use amends::Amends;
pub use anthropic::Anthropic;
pub use back::{Back, Glance, Issued, Issuer, Outgoing, Quirks, RerankForm, Splice, StreamReader, Target, VectorForm};
pub use bedrock::{Bedrock, BedrockClaude};
pub use clouds::{Fim, SageMaker, Watsonx};
pub use cohere::Cohere;
pub use fit::Fit;
pub(crate) use fit::lacking;
pub use form::Form;
pub use front::{Clock, Front, Stamp, StreamWriter};
pub use gemini::{Gemini, GeminiArray, GeminiVector};
pub use local_engine::{Errand, LocalEngine, Running};
pub use ollama::{OldEmbeddings, Ollama};
pub use openai::{OpenAi, spell_out};
pub use passed::{Passed, passed};
pub use rerank::Reranking;
pub use responses::{Responses, kept};
pub use voices::{Deepgram, ElevenLabs};

/// How a dialect cuts a streamed body into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON text per line.
    Lines,
    /// Amazon's binary frames (`application/vnd.amazon.eventstream`), each with headers of its own.
    Frames,
}

/// Dialects that callers may speak to us.
pub static FRONTS: &[&dyn Front] =
    &[&OpenAi, &Anthropic, &Responses, &Gemini, &GeminiArray, &GeminiVector, &Ollama, &OldEmbeddings, &Reranking];

/// Dialects that we speak to providers.
pub static BACKS: &[&dyn Back] = &[
    &OpenAi,
    &Anthropic,
    &Gemini,
    &Ollama,
    &Responses,
    &Bedrock,
    &BedrockClaude,
    &Watsonx,
    &SageMaker,
    &Fim,
    &Cohere,
    &Deepgram,
    &ElevenLabs,
];
