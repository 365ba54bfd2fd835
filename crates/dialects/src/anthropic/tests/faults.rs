//! Faults, told and understood.

use bytes::BytesMut;
use serde_json::json;
use types::{FaultKind, Side};

use super::*;

#[test]
fn faults_are_told_in_anthropics_words() {
    for (fault, status, kind) in [
        (Fault::invalid("m"), 400, "invalid_request_error"),
        (Fault::new(FaultKind::Authentication, Side::Caller, "m"), 401, "authentication_error"),
        (Fault::new(FaultKind::Payment, Side::Caller, "m"), 402, "billing_error"),
        (Fault::new(FaultKind::Permission, Side::Caller, "m"), 403, "permission_error"),
        (Fault::new(FaultKind::NotFound, Side::Caller, "m"), 404, "not_found_error"),
        (Fault::new(FaultKind::TooLarge, Side::Caller, "m"), 413, "request_too_large"),
        (Fault::new(FaultKind::RateLimit, Side::Gateway, "m"), 429, "rate_limit_error"),
        (Fault::new(FaultKind::Internal, Side::Gateway, "m"), 500, "api_error"),
        (Fault::provider(FaultKind::Authentication, "m"), 502, "api_error"),
        (Fault::provider(FaultKind::Connect, "m"), 502, "api_error"),
        (Fault::provider(FaultKind::Timeout, "m"), 504, "timeout_error"),
        (Fault { upstream_status: Some(408), ..Fault::provider(FaultKind::Timeout, "m") }, 504, "timeout_error"),
        (Fault::provider(FaultKind::Overloaded, "m"), 529, "overloaded_error"),
        (Fault { upstream_status: Some(503), ..Fault::provider(FaultKind::Overloaded, "m") }, 529, "overloaded_error"),
        (Fault::new(FaultKind::Unavailable, Side::Gateway, "m"), 529, "overloaded_error"),
    ] {
        assert_eq!(Anthropic.status(&fault), status, "{fault:?}");
        let expected = json!({"type": "error", "error": {"type": kind, "message": "m"}});
        assert_eq!(json(&Anthropic.write_fault(&fault, status)), expected, "{fault:?}");
        let mut event = BytesMut::new();
        Anthropic.write_stream_fault(&fault, &mut event);
        let text = String::from_utf8(event.to_vec()).unwrap();
        let data = text.strip_prefix("event: error\ndata: ").and_then(|rest| rest.strip_suffix("\n\n")).unwrap();
        assert_eq!(json(data.as_bytes()), expected);
    }
}

#[test]
fn a_conversation_that_is_too_long_is_called_that() {
    let told = |message: &str| {
        let fault = Fault::new(FaultKind::ContextWindow, Side::Caller, message);
        json(&Anthropic.write_fault(&fault, 400))["error"]["message"].take()
    };
    assert_eq!(told("9 tokens > 8"), "prompt is too long: 9 tokens > 8");
    assert_eq!(told("Prompt is too long!"), "Prompt is too long!");
    let coded = Fault { code: Some("c".to_owned()), ..Fault::invalid("m") };
    assert_eq!(json(&Anthropic.write_fault(&coded, 400))["error"]["details"], json!({"error_code": "c"}));
}

#[test]
fn faults_of_providers_are_understood() {
    let body = |kind: &str, message: &str| {
        json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "r"}).to_string()
    };
    let invalid = |message: &str| body("invalid_request_error", message);
    for (status, body, kind, side) in [
        (529, body("overloaded_error", "m"), FaultKind::Overloaded, Side::Provider),
        (429, body("rate_limit_error", "m"), FaultKind::RateLimit, Side::Provider),
        (401, body("authentication_error", "m"), FaultKind::Authentication, Side::Provider),
        (403, body("permission_error", "m"), FaultKind::Permission, Side::Provider),
        (402, body("billing_error", "m"), FaultKind::Payment, Side::Provider),
        (404, body("not_found_error", "model: x"), FaultKind::NotFound, Side::Provider),
        (413, body("request_too_large", "m"), FaultKind::TooLarge, Side::Caller),
        (500, body("api_error", "m"), FaultKind::Upstream, Side::Provider),
        (504, body("timeout_error", "m"), FaultKind::Timeout, Side::Provider),
        (400, invalid("messages.0: bad"), FaultKind::InvalidRequest, Side::Caller),
        (400, invalid("prompt is too long: 215000 tokens > 200000 maximum"), FaultKind::ContextWindow, Side::Caller),
        (
            400,
            invalid("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
            FaultKind::ContextWindow,
            Side::Caller,
        ),
        (400, invalid("Your credit balance is too low to access the API"), FaultKind::Payment, Side::Provider),
        (400, invalid("Output blocked by content filtering policy"), FaultKind::ContentPolicy, Side::Caller),
        (502, "<html><body>Bad gateway</body></html>".to_owned(), FaultKind::Upstream, Side::Provider),
        (403, "<!doctype html>".to_owned(), FaultKind::Permission, Side::Provider),
        (503, String::new(), FaultKind::Overloaded, Side::Provider),
        (409, body("conflict_error", "m"), FaultKind::Upstream, Side::Provider),
        (429, r#"{"error":"slow down"}"#.to_owned(), FaultKind::RateLimit, Side::Provider),
        (404, r#"{"detail":"Not Found"}"#.to_owned(), FaultKind::NotFound, Side::Provider),
        (400, r#"{"error":{"message":"m","type":"x","code":"c"}}"#.to_owned(), FaultKind::InvalidRequest, Side::Caller),
        (500, "[1,null]".to_owned(), FaultKind::Upstream, Side::Provider),
    ] {
        let fault = Anthropic.read_fault(status, body.as_bytes());
        assert_eq!((fault.kind, fault.side, fault.upstream_status), (kind, side, Some(status)), "{body}");
        assert!(!fault.message.is_empty() && !fault.message.contains('<'), "{}", fault.message);
    }
}

#[test]
fn messages_are_kept_short_and_free_of_credentials() {
    let body = json!({"error": {"type": "authentication_error", "message": "invalid x-api-key sk-ant-123"}});
    assert!(!Anthropic.read_fault(401, body.to_string().as_bytes()).message.contains("sk-ant"));
    let long = json!({"error": {"type": "api_error", "message": "é".repeat(100_000)}});
    assert_eq!(Anthropic.read_fault(500, long.to_string().as_bytes()).message.chars().count(), 2000);
    let coded = json!({"error": {"type": "api_error", "message": "m", "details": {"error_code": "c1"}}});
    assert_eq!(Anthropic.read_fault(500, coded.to_string().as_bytes()).code.as_deref(), Some("c1"));
}

#[test]
fn the_heartbeat_is_an_event_of_the_format() {
    assert_eq!(Anthropic.heartbeat(), "event: ping\ndata: {\"type\": \"ping\"}\n\n");
}
