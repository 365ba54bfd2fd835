//! Why the management API does not do what it was asked, in the incumbent's words and shapes: programs act on them.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use store::Problem;
use types::Fault;

/// After how many seconds to try again when the database is away.
const RETRY_SECONDS: u64 = 5;

/// Why something is not done.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    status: StatusCode,
    body: Value,
    retry_after: Option<u64>,
}

/// The result of handling a request.
pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    fn new(status: StatusCode, kind: &str, param: Option<&str>, message: impl Into<String>) -> Self {
        let code = status.as_str();
        let error = json!({ "message": message.into(), "type": kind, "param": param, "code": code });
        Refusal { status, body: json!({ "error": error }), retry_after: None }
    }

    /// The body is no JSON.
    pub fn no_json(why: impl std::fmt::Display) -> Self {
        let message = format!("Invalid JSON payload: {why}");
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_request_error", Some("request_body"), message)
    }

    /// Values of the wrong type, in the words of the incumbent's framework.
    pub fn invalid(details: Vec<Value>) -> Self {
        Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, body: json!({ "detail": details }), retry_after: None }
    }

    /// What was asked makes no sense.
    pub fn bad(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "bad_request_error", None, message)
    }

    /// The value of `param` makes no sense.
    pub fn bad_param(param: &str, message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "bad_request_error", Some(param), message)
    }

    /// Nobody is known who shows this.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::UNAUTHORIZED, "auth_error", None, message)
    }

    /// Somebody failed too often, and waits.
    pub fn too_often(seconds: u64) -> Self {
        let message = format!("Too many failures to sign in: wait {seconds} seconds.");
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "auth_error", None, message);
        Refusal { retry_after: Some(seconds), ..refusal }
    }

    /// The caller may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::FORBIDDEN, "auth_error", None, message)
    }

    /// A team's members may not do this.
    pub fn no_permission(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::FORBIDDEN, "team_member_permission_error", None, message)
    }

    /// Somebody is in the team already.
    pub fn already_member(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "team_member_already_in_team", Some("user_id"), message)
    }

    /// There is nothing like this.
    pub fn not_found(param: &str, message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::NOT_FOUND, "not_found_error", Some(param), message)
    }

    /// It exists already, or somebody else was faster.
    pub fn conflict(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::CONFLICT, "bad_request_error", None, message)
    }

    /// Nothing is kept here.
    pub fn no_database() -> Self {
        let message = "No connected db. Keys and spend are not kept here: remove `database_url: none`.";
        Refusal::new(StatusCode::BAD_REQUEST, "no_db_connection", None, message)
    }

    /// The database is away: whatever is missing in memory may well be there.
    pub fn away() -> Self {
        let message = "The database is away; please try again.";
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no_db_connection", None, message);
        Refusal { retry_after: Some(RETRY_SECONDS), ..refusal }
    }

    /// Somebody else whom it takes did not do their part.
    pub fn not_taken(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_GATEWAY, "channel_error", None, message)
    }

    /// A defect of ours, which the log tells more about.
    pub fn internal() -> Self {
        let message = "The gateway failed to do this; its log says why.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", None, message)
    }

    /// Whether something was not found.
    pub fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// Values of wrong types, in the words of the incumbent's framework.
    #[cfg(test)]
    pub fn details(&self) -> &[Value] {
        self.body["detail"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The message alone.
    pub fn message(&self) -> String {
        if let Value::String(message) = &self.body["error"]["message"] {
            return message.clone();
        }
        let details = self.body["detail"].as_array().into_iter().flatten().map(|detail| {
            let place = detail["loc"].as_array().into_iter().flatten().skip(1);
            let place = place.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
            format!("{}: {}", place.collect::<Vec<_>>().join("."), detail["msg"].as_str().unwrap_or_default())
        });
        details.collect::<Vec<_>>().join("; ")
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = Refusal::new(status, fault.label.unwrap_or("auth_error"), fault.param.as_deref(), fault.message);
        Refusal { retry_after: fault.retry_after.map(|wait| wait.as_secs()), ..refusal }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Away(_) => Refusal::away(),
            Problem::Conflict(why) => Refusal::conflict(why),
            Problem::Broken(why) => {
                tracing::error!("the database refuses a change: {why}");
                Refusal::internal()
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let body = self.body.to_string();
        let mut response = (self.status, [(CONTENT_TYPE, "application/json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
