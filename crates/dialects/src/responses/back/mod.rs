//! The Responses API of providers that have it. What callers say who speak it passes as it is; chats in other words become
//! items of it where a model is to be had in no other way.

mod answer;
mod glance;
mod logprobs;
mod stream;
mod write;

#[cfg(test)]
mod tests;

use types::{Answer, Fault, Operation, Request, Usage};

use super::{NAME, Responses, issued};
use crate::json::Object;
use crate::openai::{TOOL_NAMES, proofs};
use crate::{Back, Fit, Glance, Issuer, OpenAi, Outgoing, Splice, StreamReader, Target, lacking, names, turns};

impl Back for Responses {
    fn name(&self) -> &'static str {
        NAME
    }

    fn listing(&self) -> &'static str {
        OpenAi.listing()
    }

    fn path(&self, operation: Operation, _model: &str, _stream: bool) -> Option<String> {
        match operation {
            Operation::Chat => Some("/responses".to_owned()),
            Operation::Compact => Some("/responses/compact".to_owned()),
            _ => None,
        }
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let mut fit = Fit::new(target);
        let request = names::fit(request, TOOL_NAMES, &mut fit.amends);
        fit.amends.seal_by(target.issuer);
        let body = match &*request {
            Request::Chat(chat) => write::write(chat, &mut fit)?,
            Request::Completion(completion) => {
                write::write(&turns::completion_as_chat(completion, &mut fit)?, &mut fit)?
            }
            other => return Err(lacking(other.operation())),
        };
        Ok(fit.outgoing(body))
    }

    /// Proofs that others gave are not for OpenAI, and reasoning of another account is not understood: such a conversation
    /// goes on in the words of chats.
    fn splice(&self, _: Operation, body: &Object, target: &Target) -> Option<Splice> {
        let is_foreign = memchr::memmem::find(body.bytes(), proofs::MARK.as_bytes()).is_some();
        let unmarked = issued::unmarked(body, target.issuer).filter(|_| !is_foreign)?;
        let mut splice = Splice::of(target);
        splice.edits.extend(unmarked);
        Some(splice)
    }

    fn gives_out(&self) -> bool {
        true
    }

    fn marks(&self, data: &[u8], issuer: Issuer) -> Vec<(usize, String)> {
        issued::marks(data, issuer)
    }

    fn read_answer(&self, _: Operation, body: &[u8]) -> Result<Answer, Fault> {
        answer::read(body)
    }

    fn glance_answer(&self, _: Operation, body: &[u8]) -> Result<Usage, Fault> {
        glance::whole(body)
    }

    fn stream_reader(&self, _: Operation) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        OpenAi.read_fault(status, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        glance::event(event, known)
    }
}
