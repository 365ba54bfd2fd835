//! Cohere's native dialect (`/v2/chat`, `/v2/embed`, `/v2/rerank`), which we speak to Cohere and to its models on
//! machines of one's own: the list of what it can do, each in a file of its own (wire.md 7, 8.6).

mod answer;
mod citations;
mod embed;
mod fault;
mod finish;
mod logprobs;
mod messages;
mod request;
mod settings;
mod stream;
mod tools;
mod usage;

use bytes::BytesMut;
use types::{Answer, Fault, Operation, Request, Usage};

use crate::json::Object;
use crate::turns::completion_as_chat;
use crate::{Back, Fit, Glance, Outgoing, Quirks, RerankForm, Splice, StreamReader, Target, lacking, names, upstream};

/// Name of the dialect.
const NAME: &str = "cohere";

/// The Cohere dialect.
pub struct Cohere;

impl Back for Cohere {
    fn name(&self) -> &'static str {
        NAME
    }

    fn listing(&self) -> &'static str {
        "/v1/models"
    }

    fn path(&self, operation: Operation, _: &str, _: bool) -> Option<String> {
        let path = match operation {
            Operation::Chat => "/v2/chat",
            Operation::Embedding => "/v2/embed",
            Operation::Rerank => "/v2/rerank",
            _ => return None,
        };
        Some(path.to_owned())
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        // Its own API wants documents in one way alone, whatever row leads to it.
        let quirks = Quirks { rerank: RerankForm::Cohere, ..*target.quirks };
        let target = Target { quirks: &quirks, ..*target };
        let mut fit = Fit::new(&target);
        let request = names::fit(request, tools::NAMES, &mut fit.amends);
        let body: BytesMut = match &*request {
            Request::Chat(chat) => request::chat(chat, &mut fit)?,
            Request::Completion(completion) => request::chat(&completion_as_chat(completion, &mut fit)?, &mut fit)?,
            Request::Embedding(embedding) => embed::write(embedding, &mut fit)?,
            Request::Rerank(rerank) => crate::rerank::write_request(rerank, &mut fit)?,
            Request::CountTokens(_) => return fit.refuse("messages", "a token count"),
            _ => return Err(lacking(request.operation())),
        };
        Ok(fit.outgoing(body))
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        let doc = upstream::parse(body)?;
        let root = doc.root();
        match operation {
            Operation::Chat | Operation::Completion => answer::read(root).map(|answer| Answer::Chat(Box::new(answer))),
            Operation::Embedding => embed::read(root).map(|answer| Answer::Embedding(Box::new(answer))),
            Operation::Rerank => crate::rerank::read_answer(root).map(|answer| Answer::Ranking(Box::new(answer))),
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
        fault::read(status, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        stream::glance(event, known)
    }
}

#[cfg(test)]
mod tests;
