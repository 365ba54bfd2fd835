//! Google's errors: `{"error":{code,message,status,details}}`.

use crate::dialect::Failure;
use crate::knobs::Trouble;
use crate::problem::Problem;
use serde_json::{Value, json};

pub(super) fn failure(problem: &Problem, model: &str) -> Failure {
    let (usual_status, name, message) = usual(problem.kind);
    let status = problem.status.unwrap_or(usual_status);
    let message = problem.message.clone().unwrap_or_else(|| message.replace("{model}", model));
    let mut error = json!({ "code": status, "message": message, "status": name });
    let details = details(problem);
    if !details.is_empty() {
        error["details"] = Value::Array(details);
    }
    Failure { status, body: json!({ "error": error }) }
}

fn details(problem: &Problem) -> Vec<Value> {
    let mut details = Vec::new();
    if let Some(reason) = problem.code {
        details.push(json!({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com" }));
    }
    if let Some(seconds) = problem.retry_after {
        details
            .push(json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s") }));
    }
    if let (Trouble::BadRequest, Some(field)) = (problem.kind, &problem.param) {
        let violation = json!({ "field": field, "description": problem.message });
        details.push(json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation] }));
    }
    details
}

fn usual(kind: Trouble) -> (u16, &'static str, &'static str) {
    const INVALID: &str = "INVALID_ARGUMENT";
    match kind {
        Trouble::BadRequest => (400, INVALID, "Request contains an invalid argument."),
        Trouble::Unsupported => (400, "FAILED_PRECONDITION", "The model does not support this request."),
        Trouble::InvalidKey => (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
        ),
        Trouble::Billing => (403, "PERMISSION_DENIED", "This API method requires billing to be enabled."),
        Trouble::Permission => (403, "PERMISSION_DENIED", "The caller does not have permission"),
        Trouble::NotFound => (
            404,
            "NOT_FOUND",
            "models/{model} is not found for API version v1beta, or is not supported for generateContent.",
        ),
        Trouble::Conflict => (409, "ABORTED", "The operation was aborted."),
        Trouble::TooLarge => (413, INVALID, "Request payload size exceeds the limit."),
        Trouble::Unprocessable => (422, INVALID, "The request could not be processed."),
        Trouble::RateLimit => (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        Trouble::InsufficientQuota => {
            (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.")
        }
        Trouble::ContextLength => {
            (400, INVALID, "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).")
        }
        Trouble::ContentPolicy => (400, INVALID, "The request was blocked by the content policy."),
        Trouble::Server => (500, "INTERNAL", "An internal error has occurred."),
        Trouble::BadGateway => (502, "UNAVAILABLE", "Bad gateway."),
        Trouble::Overloaded => (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        Trouble::Timeout => (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    }
}
