//! What Cohere's errors mean.

use types::*;

use crate::{Back, Cohere};

#[test]
fn status_and_words_tell_kind_and_side() {
    use FaultKind::*;
    use Side::*;
    for (status, message, kind, side, told) in [
        (400, "invalid request: temperature must be between 0 and 1 inclusive", InvalidRequest, Caller, 400),
        (400, "too many tokens: total number of tokens in the prompt cannot exceed 4081", ContextWindow, Caller, 400),
        (400, "too many tokens: size limit exceeded by 11326 tokens.", ContextWindow, Caller, 400),
        (400, "too many tokens: max tokens must be less than or equal to 4096", InvalidRequest, Caller, 400),
        (400, "blocked output: please use a different prompt", ContentPolicy, Caller, 400),
        (401, "invalid api token", Authentication, Provider, 502),
        (402, "Please add or update your payment method", Payment, Provider, 502),
        (403, "not allowed", Permission, Provider, 502),
        (404, "model 'command-x' not found", NotFound, Provider, 404),
        (413, "request body too large", TooLarge, Caller, 413),
        (422, "invalid request", InvalidRequest, Caller, 422),
        (429, "You are using a Trial key, which is limited to 10 API calls / minute.", RateLimit, Provider, 429),
        (498, "The request contains a deny-listed token.", ContentPolicy, Caller, 400),
        (499, "request cancelled", Upstream, Provider, 499),
        (500, "internal server error", Upstream, Provider, 500),
        (501, "not implemented", Upstream, Provider, 501),
        (503, "service unavailable", Overloaded, Provider, 503),
        (504, "gateway timeout", Timeout, Provider, 504),
    ] {
        let body = serde_json::json!({ "id": "x", "message": message }).to_string();
        let fault = Cohere.read_fault(status, body.as_bytes());
        assert_eq!((fault.kind, fault.side, fault.status()), (kind, side, told), "{message}");
        assert_eq!(fault.message, message);
    }
}

#[test]
fn the_fixture_is_a_prompt_that_is_too_long() {
    let fault = Cohere.read_fault(400, include_bytes!("../../../fixtures/cohere/error.json"));
    assert_eq!((fault.kind, fault.side), (FaultKind::ContextWindow, Side::Caller));
}

#[test]
fn other_shapes_of_errors_are_read_too() {
    let nested = Cohere.read_fault(404, br#"{"error":{"message":"no such model"}}"#);
    assert_eq!((nested.kind, nested.message.as_str()), (FaultKind::NotFound, "no such model"));
    for body in ["", "404 page not found", "{}", "[]", r#"{"message":7}"#] {
        let fault = Cohere.read_fault(502, body.as_bytes());
        let expected = (FaultKind::Upstream, "the provider answered with status 502");
        assert_eq!((fault.kind, fault.message.as_str()), expected, "{body}");
    }
}
