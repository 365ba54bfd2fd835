//! Gemini's API for callers, over any provider. Its model stands in the path, with the method behind a colon; fields
//! may be written in two ways. There are two forms of streams, and two ways to ask for vectors: each is a front.

mod answer;
mod fault;
mod object;
mod parts;
mod request;
mod schema;
mod stream;
#[cfg(test)]
mod tests;

use bytes::BytesMut;
use types::{Answer, Fault, FaultKind, Operation, Request, Side};

use super::{Gemini, NAME};
use crate::json::{Doc, Edit, Json};
use crate::{Front, Stamp, StreamWriter, lacking, typed};
use object::Either;
use stream::{Events, Form};

/// The object of the settings, with the bound of an answer.
const CONFIG: &str = "generationConfig";
const BOUND: &str = "maxOutputTokens";

impl Front for Gemini {
    fn name(&self) -> &'static str {
        NAME
    }

    fn has_flat_params(&self) -> bool {
        false
    }

    fn conversation(&self) -> &'static str {
        "contents"
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        let doc = Doc::parse(body)?;
        let root = typed::object(doc.root())?;
        Ok(match operation {
            Operation::Chat | Operation::Completion => Request::Chat(Box::new(request::chat(root)?)),
            Operation::CountTokens => Request::CountTokens(Box::new(request::counted(root)?)),
            Operation::Embedding => Request::Embedding(Box::new(request::embeddings(root)?)),
            other => return Err(lacking(other)),
        })
    }

    fn output_bound(&self, root: Json) -> Option<u64> {
        config(root, |config| config.either(BOUND)?.as_u64())
    }

    fn answers(&self, root: Json) -> u64 {
        config(root, |config| config.either("candidateCount")?.as_u64()).unwrap_or(1)
    }

    fn bounded(&self, _: Operation, root: Json, tokens: u64) -> Edit {
        // In the caller's own spelling, so that it is not there twice.
        let (object, bound) = (object::snake(CONFIG), object::snake(BOUND));
        let object = if root.get_some(&object).is_some() { &object } else { CONFIG };
        let has_bound = config(root, |config| config.get(&bound).map(|_| ())).is_some();
        Edit::set_inside(root, object, if has_bound { &bound } else { BOUND }, tokens)
    }

    fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        answer::write(operation, answer, stamp)
    }

    fn stream_writer(&self, _: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        Box::new(Events::new(stamp, Form::Events))
    }

    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        fault::write(fault, status)
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        Form::Events.fault(fault, true, out);
    }

    fn heartbeat(&self) -> &'static str {
        ": ka\n\n"
    }

    fn call_type(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Chat | Operation::Completion => "agenerate_content",
            Operation::Embedding => "aembedding",
            _ => "acount_tokens",
        }
    }

    fn status(&self, fault: &Fault) -> u16 {
        match fault.kind {
            FaultKind::Overloaded => 503,
            FaultKind::Payment if fault.side != Side::Provider => 429,
            _ => fault.status(),
        }
    }
}

/// Looks into the settings of a body of which only the head was noted.
fn config<T>(root: Json, look: impl FnOnce(Json) -> Option<T>) -> Option<T> {
    root.either(CONFIG)?.inside(look)?
}

/// The fronts that differ from [`Gemini`] in one thing only.
macro_rules! like_gemini {
    ($(#[$doc:meta])* $front:ident, $name:literal, { $($own:item)* }) => {
        $(#[$doc])*
        pub struct $front;

        impl Front for $front {
            fn name(&self) -> &'static str {
                $name
            }

            fn conversation(&self) -> &'static str {
                Gemini.conversation()
            }

            fn output_bound(&self, root: Json) -> Option<u64> {
                Gemini.output_bound(root)
            }

            fn answers(&self, root: Json) -> u64 {
                Gemini.answers(root)
            }

            fn bounded(&self, operation: Operation, root: Json, tokens: u64) -> Edit {
                Gemini.bounded(operation, root, tokens)
            }

            fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
                Gemini.write_fault(fault, status)
            }

            fn call_type(&self, operation: Operation) -> &'static str {
                Gemini.call_type(operation)
            }

            fn status(&self, fault: &Fault) -> u16 {
                Front::status(&Gemini, fault)
            }

            $($own)*
        }
    };
}

like_gemini! {
    /// Streams as an array of answers, which is what callers get who do not ask for events (`alt=sse`).
    GeminiArray, "gemini_array", {
        fn stream_type(&self) -> &'static str {
            "application/json"
        }

        fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
            Front::read_request(&Gemini, operation, body)
        }

        fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
            Gemini.write_answer(operation, answer, stamp)
        }

        fn stream_writer(&self, _: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
            Box::new(Events::new(stamp, Form::Array))
        }

        fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
            Form::Array.fault(fault, true, out);
        }

        /// Blank space means nothing in JSON, but a fault that comes first would have to open the array.
        fn heartbeat(&self) -> &'static str {
            ""
        }
    }
}

like_gemini! {
    /// One text, one vector (`embedContent`).
    GeminiVector, "gemini_vector", {
        fn read_request(&self, _: Operation, body: &[u8]) -> Result<Request, Fault> {
            let doc = Doc::parse(body)?;
            Ok(Request::Embedding(Box::new(request::embedding(typed::object(doc.root())?)?)))
        }

        fn write_answer(&self, _: Operation, answer: &Answer, _: &Stamp) -> BytesMut {
            answer::write_vector(answer)
        }

        fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
            Gemini.stream_writer(operation, stamp)
        }

        fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
            Gemini.write_stream_fault(fault, out);
        }

        fn heartbeat(&self) -> &'static str {
            ""
        }
    }
}
