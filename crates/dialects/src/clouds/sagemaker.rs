//! Endpoints of Amazon SageMaker whose containers speak OpenAI's dialect: bodies are OpenAI's, requests are signed, and a
//! stream's bytes come in Amazon's frames, cut wherever that suits.

use bytes::Bytes;
use types::{Answer, Event, Fault, Operation, Request, Usage};

use crate::bedrock::{fault, segment};
use crate::frames::{self, Frame};
use crate::json::Object;
use crate::sse::{self, Splitter};
use crate::{Back, Framing, Glance, OpenAi, Outgoing, Splice, StreamReader, Target};

/// `InvokeEndpoint` (`/endpoints/{name}/invocations`).
pub struct SageMaker;

impl Back for SageMaker {
    fn name(&self) -> &'static str {
        "sagemaker"
    }

    fn framing(&self) -> Framing {
        Framing::Frames
    }

    /// There is no list: whether the service is there is all that can be asked at no cost.
    fn listing(&self) -> &'static str {
        "/ping"
    }

    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String> {
        let verb = if stream { "invocations-response-stream" } else { "invocations" };
        (operation == Operation::Chat).then(|| format!("/endpoints/{}/{verb}", segment(model)))
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        OpenAi.write_request(request, target)
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        OpenAi.read_answer(operation, body)
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        OpenAi.glance_answer(operation, body)
    }

    fn stream_reader(&self, operation: Operation) -> Box<dyn StreamReader> {
        let inner = OpenAi.stream_reader(operation);
        Box::new(Reader { inner, events: Splitter::new(Framing::Sse), failed: false })
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

    /// No caller speaks it, so nothing passes untouched but what is looked at for failures.
    fn glance(&self, event: &[u8], _: &Usage) -> Glance {
        match part(event) {
            Ok(_) => Glance::default(),
            Err(fault) => Glance::failed(fault),
        }
    }
}

/// The bytes of the container's answer that a frame holds.
fn part(frame: &[u8]) -> Result<&[u8], Fault> {
    match frames::read(frame)? {
        Frame::Event("PayloadPart", payload) => Ok(payload),
        Frame::Event(..) => Ok(&[]),
        Frame::Exception(name, payload) => Err(fault::in_stream(name, payload)),
        Frame::Error(code, message) => Err(fault::of(code, None, message)),
    }
}

/// Hands the events that are in frames to the reader of OpenAI's.
struct Reader {
    inner: Box<dyn StreamReader>,
    events: Splitter,
    failed: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        if self.failed {
            return Ok(());
        }
        let payload = match part(data) {
            Ok(payload) => payload,
            Err(fault) => {
                self.failed = true;
                // What follows the end of an answer is nobody's concern.
                if !matches!(out.last(), Some(Event::End)) {
                    out.push(Event::Error(Box::new(fault)));
                }
                return Ok(());
            }
        };
        self.events.feed(Bytes::copy_from_slice(payload));
        while let Some(batch) = self.events.next_batch()? {
            for event in sse::events(Framing::Sse, &batch) {
                let data = sse::data(Framing::Sse, event);
                if !data.is_empty() {
                    self.inner.read(&data, out)?;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        if !self.failed {
            self.inner.finish(out);
        }
    }
}
