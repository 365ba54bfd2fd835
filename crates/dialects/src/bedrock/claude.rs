//! Claude by its own API on Bedrock (`InvokeModel`): Anthropic's bodies without a model, and its events in frames.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::{Answer, Event, Fault, Operation, Request, Usage};

use super::{LISTING, family, fault, segment};
use crate::frames::{self, Frame};
use crate::json::Object;
use crate::upstream::{self, malformed};
use crate::{Anthropic, Back, Framing, Glance, Outgoing, Quirks, Splice, StreamReader, Target};

/// The version that Bedrock's bodies have: models of before know no other (wire.md 3).
const VERSION: &str = "bedrock-2023-05-31";

/// Claude by `InvokeModel` (`/model/{id}/invoke`).
pub struct BedrockClaude;

impl Back for BedrockClaude {
    fn name(&self) -> &'static str {
        "bedrock_anthropic"
    }

    fn framing(&self) -> Framing {
        Framing::Frames
    }

    /// There is none at this address: the list of calls in the background costs nothing either.
    fn listing(&self) -> &'static str {
        LISTING
    }

    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String> {
        let verb = if stream { "invoke-with-response-stream" } else { "invoke" };
        let model = segment(family::bare_name(model));
        (operation == Operation::Chat).then(|| format!("/model/{model}/{verb}"))
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    /// Whether it streams is said in the path alone.
    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let quirks = Quirks { body_version: Some(VERSION), ..*target.quirks };
        let target = Target { quirks: &quirks, version: None, ..*target };
        let request = match request {
            Request::Chat(chat) if chat.stream => {
                let mut chat = chat.clone();
                chat.stream = false;
                Cow::Owned(Request::Chat(chat))
            }
            Request::Completion(completion) if completion.settings.stream => {
                let mut completion = completion.clone();
                completion.settings.stream = false;
                Cow::Owned(Request::Completion(completion))
            }
            request => Cow::Borrowed(request),
        };
        let outgoing = Anthropic.write_request(&request, &target)?;
        Ok(Outgoing { headers: Vec::new(), ..outgoing })
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        Anthropic.read_answer(operation, body)
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        Anthropic.glance_answer(operation, body)
    }

    fn stream_reader(&self, operation: Operation) -> Box<dyn StreamReader> {
        Box::new(Reader { inner: Anthropic.stream_reader(operation), failed: false })
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
        match inside(event) {
            Ok(Inside::Event(event)) => Anthropic.glance(&event, known),
            Ok(Inside::Nothing) => Glance::default(),
            Ok(Inside::Failure(fault)) | Err(fault) => Glance::failed(fault),
        }
    }
}

/// What a frame holds.
enum Inside {
    /// An event of Anthropic's.
    Event(Vec<u8>),
    /// Something that is not for us.
    Nothing,
    /// What went wrong at Bedrock.
    Failure(Fault),
}

fn inside(frame: &[u8]) -> Result<Inside, Fault> {
    match frames::read(frame)? {
        Frame::Event("chunk", payload) => {
            let doc = upstream::parse(payload)?;
            let bytes = doc.root().get_some("bytes").and_then(|bytes| bytes.as_str());
            let event = bytes.and_then(|bytes| STANDARD.decode(bytes.as_bytes()).ok());
            event.map(Inside::Event).ok_or_else(|| malformed("the provider sent a frame without an event"))
        }
        Frame::Event(..) => Ok(Inside::Nothing),
        Frame::Exception(name, payload) => Ok(Inside::Failure(fault::in_stream(name, payload))),
        Frame::Error(code, message) => Ok(Inside::Failure(fault::of(code, None, message))),
    }
}

/// Hands what is in frames to the reader of Anthropic's events.
struct Reader {
    inner: Box<dyn StreamReader>,
    failed: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        if self.failed {
            return Ok(());
        }
        match inside(data)? {
            Inside::Event(event) => self.inner.read(&event, out),
            Inside::Nothing => Ok(()),
            Inside::Failure(fault) => {
                self.failed = true;
                // What follows the end of an answer is nobody's concern.
                if !matches!(out.last(), Some(Event::End)) {
                    out.push(Event::Error(Box::new(fault)));
                }
                Ok(())
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        if !self.failed {
            self.inner.finish(out);
        }
    }
}
