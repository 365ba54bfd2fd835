//! What Gemini's errors mean.

use std::time::Duration;

use types::*;

use crate::{Back, Gemini};

fn error(status: u16, word: &str, message: &str, details: &str) -> Fault {
    let body =
        format!(r#"{{"error":{{"code":{status},"message":"{message}","status":"{word}","details":[{details}]}}}}"#);
    let fault = Gemini.read_fault(status, body.as_bytes());
    let wrapped = Gemini.read_fault(status, format!("[{body}]\n").as_bytes());
    assert_eq!(fault, wrapped);
    fault
}

#[test]
fn errors_tell_kind_and_side() {
    use FaultKind::*;
    use Side::*;
    for (status, word, message, kind, side) in [
        (400, "INVALID_ARGUMENT", "Unknown name", InvalidRequest, Caller),
        (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", Authentication, Provider),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", Permission, Provider),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            ContextWindow,
            Caller,
        ),
        (400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", TooLarge, Caller),
        (401, "UNAUTHENTICATED", "x", Authentication, Provider),
        (403, "PERMISSION_DENIED", "x", Permission, Provider),
        (404, "NOT_FOUND", "models/x is not found", NotFound, Provider),
        (413, "", "x", TooLarge, Caller),
        (429, "RESOURCE_EXHAUSTED", "x", RateLimit, Provider),
        (500, "INTERNAL", "x", Upstream, Provider),
        (503, "UNAVAILABLE", "The model is overloaded.", Overloaded, Provider),
        (504, "DEADLINE_EXCEEDED", "x", Timeout, Provider),
    ] {
        let fault = error(status, word, message, "");
        assert_eq!((fault.kind, fault.side), (kind, side), "{status} {message}");
        assert_eq!((fault.message.as_str(), fault.upstream_status), (message, Some(status)));
        assert_eq!(fault.code, None, "the word says no more than the kind");
    }
}

#[test]
fn details_tell_when_to_come_back_and_what_was_wrong() {
    let quota = r#"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}"#;
    let fault = error(429, "RESOURCE_EXHAUSTED", "quota", quota);
    assert_eq!(fault.retry_after, Some(Duration::from_millis(34_500)));
    let invalid = r#"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}"#;
    let fault = error(400, "INVALID_ARGUMENT", "bad key", invalid);
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Authentication, Some("API_KEY_INVALID")));
    assert_eq!(fault.status(), 502);
    for delay in ["34", "-1s", "NaNs", "infs", "1e300s", "s", ""] {
        let fault = error(429, "RESOURCE_EXHAUSTED", "quota", &format!(r#"{{"retryDelay":"{delay}"}}"#));
        assert_eq!(fault.retry_after, None, "{delay}");
    }
}

#[test]
fn keys_in_messages_are_not_handed_on() {
    let message = "Consumer 'api_key:AIzaSy-A_b9' has been suspended, AIzaB";
    let fault = error(403, "PERMISSION_DENIED", message, "");
    assert_eq!(fault.message, "Consumer 'api_key:(key)' has been suspended, (key)");
}

#[test]
fn bodies_that_are_no_errors_leave_the_status() {
    for body in ["", "<html>Bad gateway</html>", "{}", "[]", "7", r#"{"error":7}"#, r#"{"error":{"message":{}}}"#] {
        let fault = Gemini.read_fault(502, body.as_bytes());
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (FaultKind::Upstream, "the provider answered with status 502")
        );
    }
}
