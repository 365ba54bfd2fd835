//! OpenAI's errors: `{"error":{message,type,param,code}}`.

use crate::dialect::Failure;
use crate::knobs::Trouble;
use crate::problem::Problem;
use serde_json::json;

pub(super) fn failure(problem: &Problem, model: &str) -> Failure {
    let (status, kind, code, message) = usual(problem.kind);
    let message = problem.message.clone().unwrap_or_else(|| message.replace("{model}", model));
    let param = problem.param.as_deref().or(match problem.kind {
        Trouble::ContextLength => Some("messages"),
        Trouble::NotFound => Some("model"),
        _ => None,
    });
    let error = json!({ "message": message, "type": kind, "param": param, "code": problem.code.or(code) });
    Failure { status: problem.status.unwrap_or(status), body: json!({ "error": error }) }
}

type Usual = (u16, &'static str, Option<&'static str>, &'static str);

/// Status, type, code and message of each kind.
fn usual(kind: Trouble) -> Usual {
    const INVALID: &str = "invalid_request_error";
    match kind {
        Trouble::BadRequest => (400, INVALID, None, "The request is invalid."),
        Trouble::InvalidKey => (401, INVALID, Some("invalid_api_key"), "Incorrect API key provided."),
        Trouble::Billing => (402, "billing_error", Some("billing_not_active"), "Your account is not active."),
        Trouble::Permission => (403, INVALID, Some("access_denied"), "You are not allowed to use this model."),
        Trouble::NotFound => (
            404,
            INVALID,
            Some("model_not_found"),
            "The model `{model}` does not exist or you do not have access to it.",
        ),
        Trouble::Conflict => (409, INVALID, None, "The resource was changed by another request."),
        Trouble::TooLarge => (413, INVALID, None, "The request is too large."),
        Trouble::Unprocessable => (422, INVALID, None, "The request could not be processed."),
        Trouble::RateLimit => {
            (429, "requests", Some("rate_limit_exceeded"), "Rate limit reached for {model}. Please try again later.")
        }
        Trouble::InsufficientQuota => (
            429,
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        Trouble::ContextLength => (
            400,
            INVALID,
            Some("context_length_exceeded"),
            "This model's maximum context length is 8192 tokens. Please reduce the length of the messages.",
        ),
        Trouble::ContentPolicy => (
            400,
            INVALID,
            Some("content_policy_violation"),
            "Your request was rejected as a result of our safety system.",
        ),
        Trouble::Unsupported => {
            (400, INVALID, Some("unsupported_parameter"), "Unsupported parameter for model {model}.")
        }
        Trouble::Server => {
            (500, "server_error", None, "The server had an error while processing your request. Sorry about that!")
        }
        Trouble::BadGateway => (502, "server_error", None, "Bad gateway."),
        Trouble::Overloaded => (
            503,
            "server_error",
            Some("engine_overloaded"),
            "The engine is currently overloaded, please try again later.",
        ),
        Trouble::Timeout => (504, "server_error", Some("timeout"), "The request timed out."),
    }
}
