//! The Responses API of providers that have it. Only callers who speak it get there, so that what they say passes as it is;
//! the answer is read where somebody must know what it says.

mod answer;
mod glance;
mod stream;

#[cfg(test)]
mod tests;

use types::{Answer, Fault, FaultKind, Operation, Request, Side, Usage};

use super::{NAME, Responses, issued};
use crate::json::Object;
use crate::openai::proofs;
use crate::{Back, Glance, Issuer, OpenAi, Outgoing, Splice, StreamReader, Target};

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
            _ => None,
        }
    }

    fn write_request(&self, _: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let message = format!("{} gets requests of this API only as they were written", target.name);
        Err(Fault::new(FaultKind::Internal, Side::Gateway, message))
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
