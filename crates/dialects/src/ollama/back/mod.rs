//! Talking to Ollama: the list of what the dialect can do, each in a file of its own.

mod answer;
mod embed;
mod fault;
mod glance;
mod line;
mod messages;
mod options;
mod request;
mod schema;
mod stream;

use types::{Answer, Fault, Operation, Request, Usage};

pub(super) use request::is_cloud;

use super::Ollama;
use crate::{Back, Fit, Framing, Glance, LocalEngine, Outgoing, StreamReader, Target, lacking, upstream};

impl Back for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn listing(&self) -> &'static str {
        "/api/tags"
    }

    fn path(&self, operation: Operation, _: &str, _: bool) -> Option<String> {
        let path = match operation {
            Operation::Chat => "/api/chat",
            Operation::Completion => "/api/generate",
            Operation::Embedding => "/api/embed",
            _ => return None,
        };
        Some(path.to_owned())
    }

    fn local_engine(&self) -> Option<&'static dyn LocalEngine> {
        Some(&Ollama)
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let mut fit = Fit::new(target);
        let body = match request {
            Request::Chat(chat) => request::chat(chat, &mut fit)?,
            Request::Completion(completion) => request::generate(completion, &mut fit)?,
            Request::Embedding(embedding) => embed::write(embedding, &mut fit)?,
            Request::CountTokens(_) => return fit.refuse("messages", "a token count"),
            _ => return Err(lacking(request.operation())),
        };
        Ok(fit.outgoing(body))
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        let doc = upstream::parse(body)?;
        let root = doc.root();
        if let Some(error) = root.get_some("error") {
            return Err(fault::in_band(error));
        }
        match operation {
            Operation::Embedding => embed::read(root).map(|answer| Answer::Embedding(Box::new(answer))),
            _ => answer::read(root).map(|answer| Answer::Chat(Box::new(answer))),
        }
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        glance::glance_answer(operation, body)
    }

    fn stream_reader(&self, _: Operation) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        fault::read(status, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        glance::glance(event, known)
    }
}

#[cfg(test)]
mod tests;
