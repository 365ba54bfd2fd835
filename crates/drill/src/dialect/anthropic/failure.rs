//! Anthropic's errors: `{"type":"error","error":{type,message},"request_id"}`.

use crate::dialect::Failure;
use crate::knobs::Trouble;
use crate::problem::Problem;
use serde_json::json;

pub(super) fn failure(problem: &Problem, model: &str) -> Failure {
    let (status, kind, message) = usual(problem);
    let message = problem.message.clone().unwrap_or_else(|| message.replace("{model}", model));
    let error = json!({ "type": kind, "message": message });
    Failure { status, body: json!({ "type": "error", "error": error, "request_id": "req_drill" }) }
}

fn usual(problem: &Problem) -> (u16, &'static str, &'static str) {
    const INVALID: &str = "invalid_request_error";
    let (status, kind, message) = match problem.kind {
        Trouble::BadRequest => (400, INVALID, "Invalid request."),
        Trouble::Unsupported => (400, INVALID, "This model does not support a parameter of the request."),
        Trouble::InvalidKey => (401, "authentication_error", "invalid x-api-key"),
        Trouble::Billing => (402, "billing_error", "There is a problem with your billing."),
        Trouble::Permission => (403, "permission_error", "Your API key does not have permission to use this model."),
        Trouble::NotFound => (404, "not_found_error", "model: {model}"),
        Trouble::Conflict => (409, "conflict_error", "The resource was changed by another request."),
        Trouble::TooLarge => (413, "request_too_large", "Request exceeds the maximum size"),
        Trouble::Unprocessable => (422, INVALID, "The request could not be processed."),
        Trouble::RateLimit => (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
        Trouble::InsufficientQuota => (
            400,
            INVALID,
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
        ),
        Trouble::ContextLength => (400, INVALID, "prompt is too long: 200001 tokens > 200000 maximum"),
        Trouble::ContentPolicy => (400, INVALID, "Output blocked by content filtering policy"),
        Trouble::Server | Trouble::BadGateway => (500, "api_error", "Internal server error"),
        Trouble::Overloaded => (529, "overloaded_error", "Overloaded"),
        Trouble::Timeout => (504, "timeout_error", "Request timed out."),
    };
    // A status of its own keeps the kind's words, except 503, which is no overload at Anthropic.
    match problem.status {
        Some(503) => (503, "api_error", "Service unavailable"),
        Some(own) => (own, kind, message),
        None => (status, kind, message),
    }
}
