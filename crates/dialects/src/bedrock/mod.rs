//! Amazon Bedrock's Converse: one form for the models of many makers, close to Anthropic's. A request is decided as one
//! for Anthropic is, and printed in Converse's words; streams come in binary frames ([`crate::frames`]).
//!
//! What a model can do is not known here but for three makers whose models differ in what they refuse; signatures of
//! requests are the business of whoever sends.

mod answer;
mod claude;
mod embed;
mod family;
pub(crate) mod fault;
mod finish;
mod others;
mod parts;
mod pictures;
mod print;
mod rerank;
mod stream;
mod usage;
mod write;

pub use claude::BedrockClaude;
use types::{Answer, Fault, Operation, Request, Usage};

use crate::json::Object;
use crate::{Back, Framing, Glance, Outgoing, Splice, StreamReader, Target, lacking, upstream};

/// Name of the dialect; also marks blocks that only this dialect understands.
const NAME: &str = "bedrock";

/// What is asked for to learn whether somebody is there.
const LISTING: &str = "/async-invoke?maxResults=1";

/// Converse (`/model/{id}/converse`), and vectors, rankings and pictures in the forms of those who made the models.
pub struct Bedrock;

impl Back for Bedrock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn framing(&self) -> Framing {
        Framing::Frames
    }

    fn of_model(&self, model: &str) -> Option<&'static dyn Back> {
        (!family::Family::of(model).is_claude()).then_some(&others::Others)
    }

    /// There is none at this address: the list of calls in the background costs nothing either.
    fn listing(&self) -> &'static str {
        LISTING
    }

    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String> {
        let model = family::bare_name(model);
        let verb = match (operation, stream) {
            (Operation::Chat, false) => "converse",
            (Operation::Chat, true) => "converse-stream",
            // Others refuse to count.
            (Operation::CountTokens, _) if family::Family::of(model).is_claude() => "count-tokens",
            (Operation::Embedding, _) => "invoke",
            (Operation::Image, _) if pictures::makes(model) => "invoke",
            (Operation::Rerank, _) if rerank::ranks(model) => "invoke",
            _ => return None,
        };
        Some(format!("/model/{}/{verb}", segment(model)))
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        write::request(request, target)
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        let doc = upstream::parse(body)?;
        let root = doc.root();
        match operation {
            Operation::Chat | Operation::Completion => answer::read(root).map(|answer| Answer::Chat(Box::new(answer))),
            Operation::Embedding => embed::read(root).map(|answer| Answer::Embedding(Box::new(answer))),
            Operation::Image => pictures::read(root).map(|answer| Answer::Pictures(Box::new(answer))),
            Operation::Rerank => crate::rerank::read_answer(root).map(|answer| Answer::Ranking(Box::new(answer))),
            Operation::CountTokens => upstream::count(root.get("inputTokens"))
                .map(Answer::TokenCount)
                .ok_or_else(|| upstream::malformed("the provider's token count has no number")),
            _ => Err(lacking(operation)),
        }
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        self.read_answer(operation, body).map(|answer| answer.usage())
    }

    fn stream_reader(&self, _: Operation) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        fault::read(status, "", body)
    }

    fn fault_header(&self) -> Option<&'static str> {
        Some("x-amzn-errortype")
    }

    fn read_named_fault(&self, status: u16, name: &str, body: &[u8]) -> Fault {
        fault::read(status, name, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        stream::glance(event, known)
    }
}

/// A name as one segment of a path: ARNs have slashes and colons.
pub(crate) fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests;
