//! Clouds around OpenAI's dialect: watsonx.ai with other names for a few fields, and endpoints of SageMaker with signed
//! requests and streams in frames.

use super::bedrock::{frame, signed_for};
use super::openai::OpenAi;
use super::{Dialect, Failure, Incoming, Work, Writer, bearer, field};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Step, Turn};
use crate::server::Head;
use serde_json::{Value, json};

/// Chats of watsonx.ai.
pub(crate) struct Watsonx;

impl Dialect for Watsonx {
    fn id_header(&self) -> &'static str {
        "x-global-transaction-id"
    }

    fn has_choices(&self) -> bool {
        true
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        bearer(head)
    }

    fn wrong_key(&self, _: Option<&str>) -> Problem {
        let text = "Failed to authenticate the request due to invalid token: Failed to parse and verify token";
        Problem { message: Some(text.to_owned()), ..Problem::new(Trouble::InvalidKey) }
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("model_id is missing")
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        if incoming.head.query("version").is_none() {
            return Err(Problem::refuse("The version query parameter is required."));
        }
        let mut body = incoming.body.clone();
        let Some(fields) = body.as_object_mut() else { return Err(Problem::refuse("Json document validation error")) };
        if let Some(name) = ["model", "stream", "stream_options"].into_iter().find(|name| fields.contains_key(*name)) {
            return Err(Problem::refuse(format!("Json document validation error: {name} is not known")));
        }
        let whose = [fields.remove("project_id"), fields.remove("space_id")];
        if whose.iter().flatten().count() != 1 && !incoming.head.path().contains("/deployments/") {
            return Err(Problem::refuse("either space_id or project_id has to be given"));
        }
        if field(incoming.body, "tool_choice").is_some_and(Value::is_string) {
            return Err(Problem::refuse("tool_choice must be an object"));
        }
        if let Some(word) = fields.remove("tool_choice_option") {
            fields.insert("tool_choice".to_owned(), word);
        }
        fields.remove("model_id");
        fields.insert("model".to_owned(), json!(incoming.model));
        streamed(incoming, &body)
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        let failure = OpenAi.failure(problem, model);
        let error = &failure.body["error"];
        let first = json!({ "code": error["code"], "message": error["message"] });
        let body = json!({ "errors": [first], "trace": "abcd", "status_code": failure.status });
        Failure { status: failure.status, body }
    }

    fn whole(&self, turn: &Turn) -> Value {
        OpenAi.whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        OpenAi.writer(turn)
    }

    fn stream_type(&self, turn: &Turn) -> &'static str {
        OpenAi.stream_type(turn)
    }
}

/// A chat of OpenAI's, streamed as the path says.
fn streamed(incoming: &Incoming<'_>, body: &Value) -> Result<Work, Problem> {
    let Incoming { head, model, knobs, models, .. } = *incoming;
    Ok(match OpenAi.read(&Incoming { op: Op::Chat, head, body, model, knobs, models })? {
        Work::Talk(mut ask) => {
            ask.stream = incoming.op == Op::ChatStream;
            Work::Talk(ask)
        }
        other => other,
    })
}

/// A container at an endpoint of SageMaker's.
pub(crate) struct SageMaker;

impl Dialect for SageMaker {
    fn id_header(&self) -> &'static str {
        "x-amzn-requestid"
    }

    fn has_choices(&self) -> bool {
        true
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        super::bedrock::Bedrock.key(head)
    }

    fn wrong_key(&self, given: Option<&str>) -> Problem {
        super::bedrock::Bedrock.wrong_key(given)
    }

    fn no_model(&self) -> Problem {
        OpenAi.no_model()
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        signed_for(incoming.head, "sagemaker")?;
        streamed(incoming, incoming.body)
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        super::bedrock::Bedrock.failure(problem, model)
    }

    fn whole(&self, turn: &Turn) -> Value {
        OpenAi.whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        Box::new(Framed { inner: OpenAi.writer(turn), bytes: Vec::new() })
    }

    fn stream_type(&self, _: &Turn) -> &'static str {
        "application/vnd.amazon.eventstream"
    }
}

/// Puts the bytes of another writer into frames, two for each step.
struct Framed<'a> {
    inner: Box<dyn Writer + 'a>,
    bytes: Vec<u8>,
}

impl Framed<'_> {
    fn cut(&mut self, out: &mut Vec<u8>) {
        let bytes = std::mem::take(&mut self.bytes);
        let (left, right) = bytes.split_at(bytes.len() / 2);
        [left, right].iter().filter(|part| !part.is_empty()).for_each(|part| frame::event("PayloadPart", part, out));
    }
}

impl Writer for Framed<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        self.inner.step(step, &mut self.bytes);
        self.cut(out);
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        let payload = json!({ "Message": failure.body["message"] }).to_string();
        frame::exception("ModelStreamError", payload.as_bytes(), out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        self.inner.garbage(garbage, &mut self.bytes);
        self.cut(out);
    }
}
