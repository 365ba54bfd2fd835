//! Anthropic's Messages format, for callers and for providers.
//!
//! Requests are read in [`read`] and written in [`write`], whole answers in [`answer`], streamed ones in
//! [`stream`]. Which models take which fields is not known here: the catalogue says it through
//! [`types::Abilities`]. Betas and keys are headers and the business of whoever sends; of the version only matters
//! whether it knows sampling.

mod answer;
mod citations;
mod faults;
mod glance;
mod ids;
mod read;
mod schema;
pub(crate) mod stream;
mod usage;
pub(crate) mod words;
pub(crate) mod write;

#[cfg(test)]
mod tests;

use bytes::BytesMut;
use types::{Answer, Fault, Operation, Request, Usage};

use crate::json::{self, Edit, Object};
use crate::{Back, Front, Glance, Outgoing, Splice, Stamp, StreamReader, StreamWriter, Target};

/// The Messages API (`/v1/messages`, `/v1/messages/count_tokens`).
pub struct Anthropic;

impl Front for Anthropic {
    fn name(&self) -> &'static str {
        words::DIALECT
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        read::request(operation, body)
    }

    fn write_answer(&self, _operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        answer::write(answer, stamp)
    }

    fn stream_writer(&self, _operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::new(stamp))
    }

    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        faults::write(fault, status)
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        faults::write_event(fault, out);
    }

    fn heartbeat(&self) -> &'static str {
        "event: ping\ndata: {\"type\": \"ping\"}\n\n"
    }

    fn call_type(&self, operation: Operation) -> &'static str {
        if operation == Operation::Chat { "anthropic_messages" } else { "acount_tokens" }
    }

    fn id_header(&self) -> &'static str {
        "request-id"
    }

    fn status(&self, fault: &Fault) -> u16 {
        faults::status(fault)
    }
}

impl Back for Anthropic {
    fn name(&self) -> &'static str {
        words::DIALECT
    }

    fn listing(&self) -> &'static str {
        "/v1/models"
    }

    fn path(&self, operation: Operation, _model: &str, _stream: bool) -> Option<String> {
        match operation {
            Operation::Chat => Some("/v1/messages".to_owned()),
            Operation::CountTokens => Some("/v1/messages/count_tokens".to_owned()),
            _ => None,
        }
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        write::request(request, target)
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        answer::read(operation, body)
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        glance::glance_answer(operation, body)
    }

    fn stream_reader(&self, _operation: Operation) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        faults::read(status, body)
    }

    fn default_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[words::VERSION]
    }

    /// What our own writers put into an answer of another provider (an unsigned thought, say) this one would refuse.
    fn splice(&self, operation: Operation, body: &Object, target: &Target) -> Option<Splice> {
        if glance::holds_our_marks(body.bytes()) {
            return None;
        }
        let mut splice = Splice::of(target);
        if let Some(version) = target.quirks.body_version {
            // Tokens are counted at one path for all models.
            if operation != Operation::CountTokens {
                splice.edits = vec![Edit::Remove("model".to_owned())];
            }
            splice.edits.push(Edit::Default("anthropic_version".to_owned(), json::string(version)));
        }
        body.with(|root| splice.drop_given(root, write::unsampled(root, target)));
        Some(splice)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        glance::glance(event, known)
    }
}
