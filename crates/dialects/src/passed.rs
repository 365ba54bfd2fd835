//! Calls that are passed on as they are: what a caller asks of a provider's own API is looked at in the provider's
//! dialect, and goes on unread.

use std::rc::Rc;

use bytes::BytesMut;
use types::{Answer, Fault, Operation, Request};

use crate::json::{Edit, Json};
use crate::{Anthropic, Front, Gemini, OpenAi, Reranking, Responses, Stamp, StreamWriter};

/// A dialect whose requests pass as they are. Where another one's own looks at the bounds of answers, it does so.
pub struct Passed {
    name: &'static str,
    inner: &'static dyn Front,
    /// Where the bound of an answer stands, if not where the dialect has it: an object, and a field in it.
    bound: Option<(&'static str, &'static str)>,
    /// What the log calls it.
    call_type: &'static str,
}

/// What the log calls a call that is passed on.
const PASSED_ON: &str = "pass_through_endpoint";

/// What is known of calls that are passed on, by the dialect of the provider.
static PASSED: &[Passed] = &[
    Passed::of("openai", &OpenAi),
    Passed::of("anthropic", &Anthropic),
    Passed::of("responses", &Responses),
    Passed::of("gemini", &Gemini),
    Passed::of("rerank", &Reranking),
    Passed { name: "bedrock", inner: &OpenAi, bound: Some(("inferenceConfig", "maxTokens")), call_type: PASSED_ON },
    Passed::thing("acreate_file"),
    Passed::thing("afile_retrieve"),
    Passed::thing("afile_content"),
    Passed::thing("afile_delete"),
    Passed::thing("acreate_batch"),
    Passed::thing("aretrieve_batch"),
    Passed::thing("acancel_batch"),
];

/// The front of calls that are passed on in this dialect; OpenAI's, if there is no such.
pub fn passed(name: &str) -> &'static Passed {
    PASSED.iter().find(|passed| passed.name == name).unwrap_or(&PASSED[0])
}

impl Passed {
    const fn of(name: &'static str, inner: &'static dyn Front) -> Self {
        Passed { name, inner, bound: None, call_type: PASSED_ON }
    }

    /// Files and batches, in OpenAI's words; they go by what the log calls them.
    const fn thing(call_type: &'static str) -> Self {
        Passed { name: call_type, inner: &OpenAi, bound: None, call_type }
    }
}

impl Front for Passed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn output_bound(&self, root: Json) -> Option<u64> {
        match self.bound {
            Some((object, field)) => root.get_some(object)?.inside(|object| object.get_some(field)?.as_u64())?,
            None => self.inner.output_bound(root),
        }
    }

    fn answers(&self, root: Json) -> u64 {
        self.inner.answers(root)
    }

    fn bounded(&self, operation: Operation, root: Json, tokens: u64) -> Edit {
        match self.bound {
            Some((object, field)) => Edit::set_inside(root, object, field, tokens),
            None => self.inner.bounded(operation, root, tokens),
        }
    }

    fn echo(&self, root: Json, keeps: bool) -> Option<Rc<str>> {
        self.inner.echo(root, keeps)
    }

    fn conversation(&self) -> &'static str {
        self.inner.conversation()
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        self.inner.read_request(operation, body)
    }

    fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        self.inner.write_answer(operation, answer, stamp)
    }

    fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        self.inner.stream_writer(operation, stamp)
    }

    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        self.inner.write_fault(fault, status)
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        self.inner.write_stream_fault(fault, out);
    }

    /// Nothing is added to what the provider says.
    fn heartbeat(&self) -> &'static str {
        ""
    }

    fn call_type(&self, _: Operation) -> &'static str {
        self.call_type
    }

    fn id_header(&self) -> &'static str {
        self.inner.id_header()
    }

    fn status(&self, fault: &Fault) -> u16 {
        self.inner.status(fault)
    }
}
