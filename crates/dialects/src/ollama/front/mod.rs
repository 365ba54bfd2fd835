//! Ollama's API for callers, over any provider: what its own clients send, and what they expect to read. Answers come
//! as lines of JSON; a stream is what they get unless they say otherwise.

mod answer;
mod line;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use bytes::BytesMut;
use types::{Answer, Fault, FaultKind, Operation, Request};

use super::Ollama;
use crate::json::{Doc, Edit, Json, Kind, Writer};
use crate::{Front, Stamp, StreamWriter, lacking, typed};

/// The tag that a name without one stands for.
const LATEST: &str = ":latest";
/// The field that bounds an answer, in the object of the options.
const BOUND: &str = "num_predict";

impl Front for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn stream_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn streams_unasked(&self) -> bool {
        true
    }

    fn has_flat_params(&self) -> bool {
        false
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        let doc = Doc::parse(body)?;
        let root = typed::object(doc.root())?;
        Ok(match operation {
            Operation::Chat => Request::Chat(Box::new(request::chat(root)?)),
            Operation::CountTokens => Request::CountTokens(Box::new(request::chat(root)?)),
            Operation::Completion => request::generate(root)?,
            Operation::Embedding => Request::Embedding(Box::new(request::embed(root, "input")?)),
            other => return Err(lacking(other)),
        })
    }

    fn output_bound(&self, root: Json) -> Option<u64> {
        let options = root.get_some("options")?;
        options.inside(|options| options.get_some(BOUND)?.as_u64()).flatten().filter(|bound| *bound > 0)
    }

    fn bounded(&self, _: Operation, root: Json, tokens: u64) -> Edit {
        Edit::set_inside(root, "options", BOUND, tokens)
    }

    /// Ollama's clients ask for a model with nothing to say when they want it to be loaded.
    fn asks_nothing(&self, operation: Operation, root: Json) -> bool {
        let is_empty = |name: &str, empty: fn(Json) -> bool| {
            root.get_some(name).is_none_or(|value| value.inside(empty).unwrap_or(false))
        };
        let text = |value: Json| value.is("");
        match operation {
            Operation::Chat => is_empty("messages", |list| list.kind() == Kind::Array && list.items().next().is_none()),
            Operation::Completion => ["prompt", "suffix", "system"].into_iter().all(|name| is_empty(name, text)),
            _ => false,
        }
    }

    /// What is generated is an answer too, unless the caller has written all of the prompt, or shows something beside it.
    fn converses(&self, operation: Operation, root: Json) -> bool {
        let plain = || ["raw", "suffix", "images", "context"].iter().all(|name| root.get_some(name).is_none());
        operation == Operation::Chat || operation == Operation::Completion && plain()
    }

    fn other_name(&self, model: &str) -> Option<String> {
        Some(match model.strip_suffix(LATEST) {
            Some(plain) => plain.to_owned(),
            None => format!("{model}{LATEST}"),
        })
    }

    fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        answer::write(operation, answer, stamp)
    }

    fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        Box::new(stream::Lines::new(operation, stamp))
    }

    fn write_fault(&self, fault: &Fault, _status: u16) -> BytesMut {
        Writer::document(|w| w.str_field("error", &fault.message))
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        line::write(out, |w| w.str_field("error", &fault.message));
    }

    /// A line that says nothing breaks some clients.
    fn heartbeat(&self) -> &'static str {
        ""
    }

    fn status(&self, fault: &Fault) -> u16 {
        match fault.kind {
            // What Ollama says itself when its queue is full.
            FaultKind::Overloaded => 503,
            _ => fault.status(),
        }
    }
}

/// The older way to ask for a vector, `/api/embeddings`: one text, one vector.
pub struct OldEmbeddings;

impl Front for OldEmbeddings {
    fn name(&self) -> &'static str {
        "ollama_embeddings"
    }

    fn read_request(&self, _: Operation, body: &[u8]) -> Result<Request, Fault> {
        let doc = Doc::parse(body)?;
        Ok(Request::Embedding(Box::new(request::embed(typed::object(doc.root())?, "prompt")?)))
    }

    fn other_name(&self, model: &str) -> Option<String> {
        Ollama.other_name(model)
    }

    fn write_answer(&self, _: Operation, answer: &Answer, _: &Stamp) -> BytesMut {
        answer::write_vector(answer)
    }

    fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        Ollama.stream_writer(operation, stamp)
    }

    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        Ollama.write_fault(fault, status)
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        Ollama.write_stream_fault(fault, out);
    }

    fn heartbeat(&self) -> &'static str {
        ""
    }

    fn status(&self, fault: &Fault) -> u16 {
        Front::status(&Ollama, fault)
    }
}
