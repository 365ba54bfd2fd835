//! Bedrock's errors: `{"message"}`, and a name, which real answers have in a header and frames in theirs.

use crate::dialect::Failure;
use crate::knobs::Trouble;
use crate::problem::Problem;
use serde_json::json;

pub(super) fn failure(problem: &Problem, model: &str) -> Failure {
    let (status, name, message) = usual(problem.kind);
    let message = problem.message.clone().unwrap_or_else(|| message.replace("{model}", model));
    Failure { status: problem.status.unwrap_or(status), body: json!({ "__type": name, "message": message }) }
}

fn usual(kind: Trouble) -> (u16, &'static str, &'static str) {
    const INVALID: &str = "ValidationException";
    match kind {
        Trouble::BadRequest => (400, INVALID, "The request is invalid."),
        Trouble::Unprocessable => (422, INVALID, "The request could not be processed."),
        Trouble::Unsupported => (400, INVALID, "This model doesn't support a field of the request."),
        Trouble::InvalidKey => {
            (403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        }
        Trouble::Billing | Trouble::Permission => {
            (403, "AccessDeniedException", "You don't have access to the model with the specified model ID.")
        }
        Trouble::NotFound => (404, "ResourceNotFoundException", "Could not resolve the foundation model {model}."),
        Trouble::Conflict => (409, "ConflictException", "The resource was changed by another request."),
        Trouble::TooLarge => (413, "RequestEntityTooLargeException", "The request is too large."),
        Trouble::RateLimit => (429, "ThrottlingException", "Too many requests, please wait before trying again."),
        Trouble::InsufficientQuota => {
            (400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account.")
        }
        Trouble::ContextLength => (400, INVALID, "Input is too long for requested model."),
        Trouble::ContentPolicy => (400, INVALID, "Output blocked by content filtering policy"),
        Trouble::Server => (500, "InternalServerException", "An internal server error occurred."),
        Trouble::BadGateway => (502, "InternalServerException", "Bad gateway."),
        Trouble::Overloaded => (503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
        Trouble::Timeout => (408, "ModelTimeoutException", "The model took too long to answer."),
    }
}

/// The name of a failure in the headers of a frame.
pub(super) fn in_frame(failure: &Failure) -> String {
    let name = failure.body["__type"].as_str().unwrap_or("InternalServerException");
    let known = [
        "InternalServerException",
        "ModelStreamErrorException",
        "ValidationException",
        "ThrottlingException",
        "ServiceUnavailableException",
    ];
    let name = if known.contains(&name) { name } else { "ModelStreamErrorException" };
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_ascii_lowercase())
}
