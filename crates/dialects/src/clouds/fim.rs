//! Mistral's way of filling a gap (`/fim/completions`): asked for as a completion with a suffix, and answered as a chat.

use types::{Answer, Fault, Operation, Request, Usage};

use crate::json::Object;
use crate::{Back, Glance, OpenAi, Outgoing, Splice, StreamReader, Target};

/// Completions that are answered as chats are.
pub struct Fim;

impl Back for Fim {
    fn name(&self) -> &'static str {
        "fim"
    }

    fn listing(&self) -> &'static str {
        OpenAi.listing()
    }

    fn path(&self, operation: Operation, _: &str, _: bool) -> Option<String> {
        (operation == Operation::Completion).then(|| "/fim/completions".to_owned())
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        OpenAi.write_request(request, target)
    }

    fn read_answer(&self, _: Operation, body: &[u8]) -> Result<Answer, Fault> {
        OpenAi.read_answer(Operation::Chat, body)
    }

    fn glance_answer(&self, _: Operation, body: &[u8]) -> Result<Usage, Fault> {
        OpenAi.glance_answer(Operation::Chat, body)
    }

    fn stream_reader(&self, _: Operation) -> Box<dyn StreamReader> {
        OpenAi.stream_reader(Operation::Chat)
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        OpenAi.read_fault(status, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        OpenAi.glance(event, known)
    }
}
