//! IBM's watsonx.ai: chats as OpenAI has them, but the model goes by another name, the path says whether the answer is
//! streamed, and a choice of tools in one word has a field of its own. A deployment (`deployment/ID`) is named in the path. Whose
//! project pays is said by whoever sends.

use types::{Answer, Fault, Operation, Request, Usage};

use super::edited;
use crate::json::{self, Doc, Edit, Object, Writer};
use crate::{Back, Glance, OpenAi, Outgoing, Splice, StreamReader, Target};

/// Beginning of a model that is a deployment of the operator's own.
const DEPLOYMENT: &str = "deployment/";

/// Chats of watsonx.ai (`/ml/v1/text/chat`).
pub struct Watsonx;

impl Back for Watsonx {
    fn name(&self) -> &'static str {
        "watsonx"
    }

    fn listing(&self) -> &'static str {
        "/ml/v1/foundation_model_specs"
    }

    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String> {
        if operation != Operation::Chat {
            return None;
        }
        let verb = if stream { "chat_stream" } else { "chat" };
        Some(match model.strip_prefix(DEPLOYMENT) {
            Some(id) => format!("/ml/v1/deployments/{}/text/{verb}", crate::bedrock::segment(id)),
            None => format!("/ml/v1/text/{verb}"),
        })
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let outgoing = OpenAi.write_request(request, target)?;
        let body = edited(outgoing.body, |body| body.with(|root| edits(root, target.model)))?;
        Ok(Outgoing { body, ..outgoing })
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        OpenAi.read_answer(operation, body)
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        OpenAi.glance_answer(operation, body)
    }

    fn stream_reader(&self, operation: Operation) -> Box<dyn StreamReader> {
        OpenAi.stream_reader(operation)
    }

    /// Errors come as a list: the first one says what it is.
    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        let doc = Doc::parse(body).ok();
        let first = doc.as_ref().and_then(|doc| doc.root().get_some("errors")?.items().next());
        match first {
            None => OpenAi.read_fault(status, body),
            Some(error) => {
                let text = |name: &str| error.get_some(name).and_then(|value| value.as_string()).unwrap_or_default();
                let like_openais = Writer::document(|w| {
                    w.key("error").object(|w| {
                        w.str_field("message", &text("message"));
                        w.str_field("code", &text("code"));
                    });
                });
                OpenAi.read_fault(status, &like_openais)
            }
        }
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        OpenAi.glance(event, known)
    }
}

/// What differs in a body.
fn edits(root: json::Json, model: &str) -> Vec<Edit> {
    let mut edits: Vec<Edit> = ["model", "stream", "stream_options"].map(|name| Edit::Remove(name.to_owned())).into();
    if !model.starts_with(DEPLOYMENT) {
        edits.push(Edit::Set("model_id".to_owned(), json::string(model)));
    }
    if let Some(word) = root.get_some("tool_choice").filter(|choice| choice.as_str().is_some()) {
        edits.push(Edit::Remove("tool_choice".to_owned()));
        edits.push(Edit::Set("tool_choice_option".to_owned(), word.raw().to_owned()));
    }
    edits
}
