//! OpenAI's dialect (chat completions, text completions, embeddings), which callers speak to us and which we speak
//! to OpenAI and to the many servers that imitate it (wire.md 2). Its Responses API is a dialect of its own.

mod answer;
mod assistant;
mod call_reader;
mod completion_writer;
mod completions;
mod embeddings;
mod extras;
mod faults;
mod glance;
mod ids;
mod line_parts;
mod lines;
mod media;
mod messages;
mod parts;
mod pictures;
pub(crate) mod proofs;
mod request;
mod sound;
mod splice;
mod stream_reader;
mod stream_writer;
mod tools;
mod usage;
mod wire;
mod words;
mod write_answer;
mod write_fault;
mod write_messages;
mod write_request;
mod write_tools;

pub(crate) use assistant::arguments;
pub use embeddings::spell_out;
pub(crate) use faults::{said as fault_said, within as fault_within};
pub(crate) use ids::{CallIds, TOOL_NAMES};
pub(crate) use request::{Newer, setting};
pub(crate) use tools::{choice, definition};
pub(crate) use usage::read_of as usage_of;
pub(crate) use wire::call_id;
pub(crate) use write_fault::{code as fault_code, fields as fault_fields};

use std::borrow::Cow;

use bytes::BytesMut;
use types::{Answer, Fault, FaultKind, Operation, Request, Side, Usage};

use crate::json::{Doc, Object};
use crate::typed;
use crate::{
    Back, Fit, Front, Glance, Outgoing, Splice, Stamp, StreamReader, StreamWriter, Target, lacking, names, rerank,
};

/// Name of the dialect.
pub(crate) const NAME: &str = "openai";

/// OpenAI's dialect.
pub struct OpenAi;

impl Front for OpenAi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        let doc = Doc::parse(body)?;
        let root = typed::object(doc.root())?;
        Ok(match operation {
            Operation::Chat => Request::Chat(Box::new(request::read(root)?)),
            Operation::CountTokens => Request::CountTokens(Box::new(request::read(root)?)),
            Operation::Completion => Request::Completion(Box::new(completions::read_request(root)?)),
            Operation::Embedding => Request::Embedding(Box::new(embeddings::read_request(root)?)),
            Operation::Image | Operation::ImageEdit => Request::Image(Box::new(pictures::read_request(root)?)),
            Operation::Speech => Request::Speech(Box::new(sound::read_speech(root)?)),
            Operation::Transcription => Request::Transcription(Box::new(sound::read_recording(root, false)?)),
            Operation::Translation => Request::Transcription(Box::new(sound::read_recording(root, true)?)),
            other => return Err(lacking(other)),
        })
    }

    fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        write_answer::write(operation, answer, stamp)
    }

    fn answer_type(&self, operation: Operation, stamp: &Stamp) -> &'static str {
        sound::answer_type(operation, stamp.form.as_deref())
    }

    fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        match operation {
            Operation::Completion => Box::new(completion_writer::CompletionWriter::new(stamp)),
            Operation::Transcription => Box::new(sound::HeardWriter::default()),
            _ => Box::new(stream_writer::ChatWriter::new(stamp)),
        }
    }

    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        write_fault::write(fault, status)
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        write_fault::write_stream(fault, out);
    }

    fn heartbeat(&self) -> &'static str {
        ": ka\n\n"
    }

    fn status(&self, fault: &Fault) -> u16 {
        match fault.kind {
            // OpenAI's own answer to an empty account.
            FaultKind::Payment if fault.side != Side::Provider => 429,
            // 529 is Anthropic's own word.
            FaultKind::Overloaded => 503,
            _ => fault.status(),
        }
    }
}

impl Back for OpenAi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn listing(&self) -> &'static str {
        "/models"
    }

    fn path(&self, operation: Operation, _model: &str, _stream: bool) -> Option<String> {
        let path = match operation {
            Operation::Chat => "/chat/completions",
            Operation::Completion => "/completions",
            Operation::Embedding => "/embeddings",
            Operation::Moderation => "/moderations",
            Operation::Rerank => "/rerank",
            Operation::Image => "/images/generations",
            Operation::ImageEdit => "/images/edits",
            Operation::ImageVariation => "/images/variations",
            Operation::Speech => "/audio/speech",
            Operation::Transcription => "/audio/transcriptions",
            Operation::Translation => "/audio/translations",
            Operation::CountTokens | Operation::Compact | Operation::PassThrough => return None,
        };
        Some(path.to_owned())
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let mut fit = Fit::new(target);
        let request = match request.dialect() {
            // Servers like OpenAI have rules of their own, and the caller speaks to them in their own words.
            NAME => Cow::Borrowed(request),
            _ => names::fit(request, TOOL_NAMES, &mut fit.amends),
        };
        let body = match &*request {
            Request::Chat(chat) => write_request::write(chat, &mut fit)?,
            Request::Completion(completion) => completions::write_request(completion, &mut fit)?,
            Request::Embedding(embedding) => embeddings::write_request(embedding, &mut fit)?,
            Request::Rerank(request) => rerank::write_request(request, &mut fit)?,
            // Between servers of this dialect pictures and sound pass as they are asked for.
            _ => return Err(lacking(request.operation())),
        };
        Ok(fit.outgoing(body))
    }

    fn splice(&self, operation: Operation, body: &Object, target: &Target) -> Option<Splice> {
        splice::splice(operation, body, target)
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        answer::read(operation, body)
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        match operation.is_media() {
            true => media::glance_answer(operation, body),
            false => glance::glance_answer(operation, body),
        }
    }

    fn stream_reader(&self, operation: Operation) -> Box<dyn StreamReader> {
        match operation.is_media() {
            true => Box::new(media::Reader::default()),
            false => Box::new(stream_reader::Reader::default()),
        }
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        faults::read(status, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        glance::glance(event, known)
    }

    fn glance_media(&self, event: &[u8], known: &Usage) -> Glance {
        media::glance(event, known)
    }
}

#[cfg(test)]
mod tests;
