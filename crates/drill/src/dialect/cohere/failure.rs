//! Cohere's errors: `{"id","message"}`.

use crate::dialect::Failure;
use crate::knobs::Trouble;
use crate::problem::Problem;
use serde_json::json;

pub(super) fn failure(problem: &Problem, model: &str) -> Failure {
    let (status, message) = usual(problem.kind);
    let message = problem.message.clone().unwrap_or_else(|| message.replace("{model}", model));
    Failure {
        status: problem.status.unwrap_or(status),
        body: json!({ "id": "00000000-0000-4000-8000-000000000000", "message": message }),
    }
}

fn usual(kind: Trouble) -> (u16, &'static str) {
    match kind {
        Trouble::BadRequest => (400, "invalid request"),
        Trouble::Unsupported => (400, "invalid request: model '{model}' does not support this request"),
        Trouble::InvalidKey => (401, "invalid api token"),
        Trouble::Billing => (402, "Please add or update your payment method at https://dashboard.cohere.com/billing"),
        Trouble::Permission => (403, "Your API key is not allowed to use this model"),
        Trouble::NotFound => (
            404,
            "model '{model}' not found, make sure the correct model ID was used and that you have access to the model.",
        ),
        Trouble::Conflict => (409, "conflict"),
        Trouble::TooLarge => (413, "request body too large"),
        Trouble::Unprocessable => (422, "the request could not be processed"),
        Trouble::RateLimit => (429, "You are past the per minute request limit, please wait and try again later."),
        Trouble::InsufficientQuota => (429, "You have reached the limit of your key for this month."),
        Trouble::ContextLength => (
            400,
            "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292. Try using a shorter prompt.",
        ),
        Trouble::ContentPolicy => (498, "The request contains a deny-listed token."),
        Trouble::Server => (500, "internal server error, this has been reported to our developers."),
        Trouble::BadGateway => (502, "bad gateway"),
        Trouble::Overloaded => (503, "upstream connect error or disconnect/reset before headers."),
        Trouble::Timeout => (504, "the request timed out"),
    }
}
