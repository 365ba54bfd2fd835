//! OpenAI's Responses API (wire.md 2.8, 8.7), for callers over any provider and of providers that have it. It says the same as
//! a chat in other words: items instead of messages, and an answer that repeats what was asked. What is kept between two calls
//! is kept by the provider that made it, or else by the gateway (`kept.rs`), never here.

mod back;
mod custom;
mod fault;
mod input;
mod issued;
pub mod kept;
mod output;
mod replay;
mod request;
pub(crate) mod seal;
mod stream;
mod tools;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use bytes::BytesMut;
use types::{Answer, Fault, Operation, Request};

use crate::json::{Doc, Edit, Json, Object};
use crate::{Front, Issued, OpenAi, Stamp, StreamWriter, typed};

/// Name of the dialect.
const NAME: &str = "responses";

/// Field with the id of an answer that a conversation goes on from.
const ISSUED: &str = "previous_response_id";

/// Field that bounds an answer.
const BOUND: &str = "max_output_tokens";

/// OpenAI's Responses API.
pub struct Responses;

impl Front for Responses {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        let doc = Doc::parse(body)?;
        let chat = Box::new(request::read(typed::object(doc.root())?)?);
        Ok(match operation {
            Operation::CountTokens => Request::CountTokens(chat),
            _ => Request::Chat(chat),
        })
    }

    fn output_bound(&self, root: Json) -> Option<u64> {
        root.get_some(BOUND)?.as_u64()
    }

    fn answers(&self, _root: Json) -> u64 {
        1
    }

    fn bounded(&self, _: Operation, _root: Json, tokens: u64) -> Edit {
        Edit::Set(BOUND.to_owned(), tokens.to_string())
    }

    fn echo(&self, root: Json, keeps: bool) -> Option<Rc<str>> {
        Some(request::echo(root, keeps).into())
    }

    fn issued(&self, body: &Object) -> Option<Issued> {
        issued::by(body)
    }

    fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        output::write(operation, answer, stamp)
    }

    fn stream_writer(&self, _: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        Box::new(stream::Events::new(stamp))
    }

    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        OpenAi.write_fault(fault, status)
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        fault::write_event(fault, out);
    }

    fn heartbeat(&self) -> &'static str {
        ": ka\n\n"
    }

    fn call_type(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::CountTokens => "acount_tokens",
            Operation::Compact => "acompact_responses",
            _ => "aresponses",
        }
    }

    fn status(&self, fault: &Fault) -> u16 {
        Front::status(&OpenAi, fault)
    }
}
