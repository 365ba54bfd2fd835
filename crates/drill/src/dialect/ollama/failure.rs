//! Ollama's errors: `{"error":"text"}`.

use crate::dialect::Failure;
use crate::knobs::Trouble;
use crate::problem::Problem;
use serde_json::json;

pub(super) fn failure(problem: &Problem, model: &str) -> Failure {
    let (status, message) = usual(problem.kind);
    let message = problem.message.clone().unwrap_or_else(|| message.replace("{model}", model));
    let mut body = json!({ "error": message });
    if problem.kind == Trouble::InvalidKey {
        body["signin_url"] = json!("https://ollama.com/connect");
    }
    Failure { status: problem.status.unwrap_or(status), body }
}

fn usual(kind: Trouble) -> (u16, &'static str) {
    match kind {
        Trouble::BadRequest => (400, "invalid request"),
        Trouble::Unsupported => (400, "\"{model}\" does not support this request"),
        Trouble::InvalidKey => (401, "unauthorized"),
        Trouble::Billing => (402, "this model requires a subscription, upgrade for access"),
        Trouble::Permission => (403, "access to this model is forbidden"),
        Trouble::NotFound => (404, "model '{model}' not found"),
        Trouble::Conflict => (409, "conflict"),
        Trouble::TooLarge => (413, "request body too large"),
        Trouble::Unprocessable => (422, "the request could not be processed"),
        Trouble::RateLimit => (429, "too many requests"),
        Trouble::InsufficientQuota => (429, "you have reached your usage limit"),
        Trouble::ContextLength => (400, "the input length exceeds the context length"),
        Trouble::ContentPolicy => (400, "the request was blocked"),
        Trouble::Server => (500, "llama runner process has terminated: exit status 2"),
        Trouble::BadGateway => (502, "upstream request failed"),
        Trouble::Overloaded => (503, "server busy, please try again.  maximum pending requests exceeded"),
        Trouble::Timeout => (504, "timed out waiting for llama runner to start"),
    }
}
