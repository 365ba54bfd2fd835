//! Models on Bedrock that are not Anthropic's: what proves their reasoning is no signature of Claude's, and they take none
//! back. So it is left out of what they said, lest it reach Anthropic as one of theirs.

use types::{Answer, Block, Delta, Event, Fault, Operation, Request, Usage};

use super::Bedrock;
use crate::json::Object;
use crate::{Back, Framing, Glance, Outgoing, Splice, StreamReader, Target};

/// Converse, with a model whose proofs are nobody's.
pub(super) struct Others;

impl Back for Others {
    fn name(&self) -> &'static str {
        Bedrock.name()
    }

    fn framing(&self) -> Framing {
        Bedrock.framing()
    }

    fn listing(&self) -> &'static str {
        Bedrock.listing()
    }

    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String> {
        Bedrock.path(operation, model, stream)
    }

    fn splice(&self, operation: Operation, body: &Object, target: &Target) -> Option<Splice> {
        Bedrock.splice(operation, body, target)
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        Bedrock.write_request(request, target)
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        let mut answer = Bedrock.read_answer(operation, body)?;
        if let Answer::Chat(chat) = &mut answer {
            for choice in &mut chat.choices {
                choice.blocks.retain(|block| !matches!(block, Block::RedactedThinking { .. }));
                choice.blocks.iter_mut().for_each(|block| {
                    if let Block::Thinking { signature, .. } = block {
                        *signature = None;
                    }
                });
            }
        }
        Ok(answer)
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        Bedrock.glance_answer(operation, body)
    }

    fn stream_reader(&self, operation: Operation) -> Box<dyn StreamReader> {
        Box::new(Reader(Bedrock.stream_reader(operation)))
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        Bedrock.read_fault(status, body)
    }

    fn fault_header(&self) -> Option<&'static str> {
        Bedrock.fault_header()
    }

    fn read_named_fault(&self, status: u16, name: &str, body: &[u8]) -> Fault {
        Bedrock.read_named_fault(status, name, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        Bedrock.glance(event, known)
    }
}

/// Leaves proofs out.
struct Reader(Box<dyn StreamReader>);

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let before = out.len();
        let read = self.0.read(data, out);
        let is_proof = |event: &Event| {
            matches!(event, Event::Delta { delta: Delta::Signature(_) | Delta::RedactedThinking(_), .. })
        };
        let mut at = 0;
        out.retain(|event| {
            at += 1;
            at <= before || !is_proof(event)
        });
        read
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        self.0.finish(out);
    }
}
