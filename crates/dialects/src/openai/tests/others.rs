//! Faults, and the small things of the contract.

use serde_json::json;

use super::*;

#[test]
fn failures_are_judged_by_code_status_and_words() {
    use FaultKind::*;
    use Side::{Caller, Provider};
    let openai = |message: &str, rest: &str| format!(r#"{{"error":{{"message":"{message}","param":null,{rest}}}}}"#);
    for (status, body, kind, side, code) in [
        (400, openai("bad", r#""type":"invalid_request_error","code":null"#), InvalidRequest, Caller, None),
        (400, openai("bad", r#""code":"unsupported_value""#), Unsupported, Caller, Some("unsupported_value")),
        (
            400,
            openai("x", r#""code":"context_length_exceeded""#),
            ContextWindow,
            Caller,
            Some("context_length_exceeded"),
        ),
        (
            400,
            openai("This model's maximum context length is 8192 tokens.", r#""code":400"#),
            ContextWindow,
            Caller,
            None,
        ),
        (
            400,
            openai("Input string too long for the context window", r#""code":"string_above_max_length""#),
            InvalidRequest,
            Caller,
            Some("string_above_max_length"),
        ),
        (413, openai("prompt is too long: 9 tokens", r#""code":"413""#), ContextWindow, Caller, None),
        (413, "".into(), TooLarge, Caller, None),
        (
            422,
            r#"{"detail":[{"loc":["body","messages",0],"msg":"field required"}]}"#.into(),
            InvalidRequest,
            Caller,
            None,
        ),
        (
            400,
            openai("filtered", r#""code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}"#),
            ContentPolicy,
            Caller,
            Some("content_filter"),
        ),
        (400, openai("Your request was rejected by our safety system.", r#""type":"x""#), ContentPolicy, Caller, None),
        (
            401,
            openai("Incorrect API key provided: sk-1***9", r#""code":"invalid_api_key""#),
            Authentication,
            Provider,
            Some("invalid_api_key"),
        ),
        (402, openai("Insufficient Balance", r#""type":"unknown_error""#), Payment, Provider, None),
        (403, openai("no", r#""code":null"#), Permission, Provider, None),
        (
            404,
            openai("The model 'x' does not exist", r#""code":"model_not_found""#),
            NotFound,
            Provider,
            Some("model_not_found"),
        ),
        (404, r#"{"detail":"Not Found"}"#.into(), NotFound, Provider, None),
        (404, r#"{"error":{"message":"No such File object: f","param":"id"}}"#.into(), NotFound, Caller, None),
        (404, openai("deployment", r#""code":"DeploymentNotFound""#), NotFound, Provider, Some("deploymentnotfound")),
        (408, "".into(), Timeout, Provider, None),
        (409, "{}".into(), Upstream, Provider, None),
        (
            429,
            openai("quota", r#""type":"insufficient_quota","code":"insufficient_quota""#),
            RateLimit,
            Provider,
            Some("insufficient_quota"),
        ),
        (
            429,
            openai("slow", r#""type":"tokens","code":"rate_limit_exceeded""#),
            RateLimit,
            Provider,
            Some("rate_limit_exceeded"),
        ),
        (
            429,
            r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#.into(),
            RateLimit,
            Provider,
            Some("resource_exhausted"),
        ),
        (500, r#"{"error":"boom"}"#.into(), Upstream, Provider, None),
        (502, "<html>Bad gateway from 10.0.0.1</html>".into(), Upstream, Provider, None),
        (503, r#"{"message":"no capacity"}"#.into(), Overloaded, Provider, None),
        (504, "upstream timeout".into(), Timeout, Provider, None),
        (529, "".into(), Overloaded, Provider, None),
    ] {
        let fault = OpenAi.read_fault(status, body.as_bytes());
        assert_eq!((fault.kind, fault.side, fault.code.as_deref()), (kind, side, code), "{status} {body}");
        assert_eq!(fault.upstream_status, Some(status));
        assert!(!fault.message.is_empty() && !fault.message.contains("sk-") && !fault.message.contains("10.0.0.1"));
    }
    let message = |status, body: &str| OpenAi.read_fault(status, body.as_bytes()).message;
    assert_eq!(message(502, "<html>"), "the provider answered status 502 without an explanation");
    assert_eq!(message(503, r#"{"message":"no capacity"}"#), "no capacity");
    assert_eq!(message(500, r#"{"error":"boom"}"#), "boom");
    assert_eq!(message(422, r#"{"detail":[{"loc":["body",0],"msg":"bad"}]}"#), "body.0: bad");
}

#[test]
fn faults_are_told_in_openais_form() {
    let told = |fault: &Fault| {
        let body = OpenAi.write_fault(fault, OpenAi.status(fault));
        let error = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["error"].clone();
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        (OpenAi.status(fault), text("type").unwrap(), text("code").unwrap(), text("param"))
    };
    let check = |fault: Fault, status: u16, kind: &str, code: &str, param: Option<&str>| {
        assert_eq!(told(&fault), (status, kind.into(), code.into(), param.map(str::to_owned)), "{fault:?}");
    };
    let caller = |kind| Fault::new(kind, Side::Caller, "m");
    let invalid = "invalid_request_error";
    let failed = "internal_server_error";
    check(Fault::invalid_param("n", "m"), 400, invalid, "400", Some("n"));
    check(Fault::unsupported("top_k", "x"), 400, invalid, "unsupported_parameter", Some("top_k"));
    check(caller(FaultKind::ContextWindow), 400, invalid, "context_length_exceeded", None);
    check(caller(FaultKind::ContentPolicy), 400, invalid, "content_filter", None);
    check(caller(FaultKind::Authentication), 401, "authentication_error", "invalid_api_key", None);
    check(caller(FaultKind::Permission), 403, "permission_error", "403", None);
    check(caller(FaultKind::Payment), 429, "insufficient_quota", "insufficient_quota", None);
    check(caller(FaultKind::RateLimit), 429, "rate_limit_error", "rate_limit_exceeded", None);
    check(caller(FaultKind::NotFound), 404, invalid, "404", None);
    let mut model = caller(FaultKind::NotFound);
    model.param = Some("model".into());
    check(model, 404, invalid, "model_not_found", Some("model"));
    check(Fault::provider(FaultKind::Timeout, "m"), 504, "timeout_error", "504", None);
    check(Fault::provider(FaultKind::Upstream, "m"), 502, failed, "502", None);
    check(OpenAi.read_fault(529, b""), 503, failed, "503", None);
    let key = br#"{"error":{"message":"bad key","code":"invalid_api_key"}}"#;
    check(OpenAi.read_fault(401, key), 502, failed, "502", None);
    let quota = br#"{"error":{"message":"empty","code":"insufficient_quota"}}"#;
    check(OpenAi.read_fault(429, quota), 429, "rate_limit_error", "insufficient_quota", None);
}

#[test]
fn the_dialect_is_listed_on_both_sides() {
    assert!(crate::FRONTS.iter().any(|front| front.name() == "openai"));
    assert!(crate::BACKS.iter().any(|back| back.name() == "openai"));
    for (operation, path) in [
        (Operation::Chat, Some("/chat/completions")),
        (Operation::Completion, Some("/completions")),
        (Operation::Embedding, Some("/embeddings")),
        (Operation::CountTokens, None),
    ] {
        assert_eq!(OpenAi.path(operation, "m", true).as_deref(), path);
    }
    let heartbeat = OpenAi.heartbeat();
    assert!(heartbeat.starts_with(':') && heartbeat.ends_with("\n\n"));
    let mut out = BytesMut::new();
    OpenAi.write_stream_fault(&Fault::invalid("m"), &mut out);
    let error = json!({"error": {"message": "m", "type": "invalid_request_error", "param": null, "code": "400"}});
    assert_eq!(chunks(std::str::from_utf8(&out).unwrap()), [error]);
}
