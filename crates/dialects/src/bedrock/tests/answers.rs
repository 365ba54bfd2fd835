//! What is understood of whole answers, and of errors.

use super::*;

fn read(content: &str, more: &str) -> Result<types::Response, Fault> {
    let body = format!(r#"{{"output":{{"message":{{"role":"assistant","content":[{content}]}}}}{more}}}"#);
    match Bedrock.read_answer(Operation::Chat, body.as_bytes())? {
        Answer::Chat(response) => Ok(*response),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_has_thoughts_words_and_calls_in_order() {
    let content = r#"{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"cmVk"}},
        {"text":"well"},{"toolUse":{"toolUseId":"t1","name":"look","input":{"z":1.0}}},{"citationsContent":{"content":[{"text":"cited"}],"citations":[]}},
        {"toolUse":{"toolUseId":"t2","name":"json_tool_call","input":{"a":1}}},{"guardContent":{}}"#;
    let response = read(content, r#","stopReason":"tool_use","usage":{"inputTokens":5,"outputTokens":7}"#).unwrap();
    let told: Vec<String> = response.choices[0]
        .blocks
        .iter()
        .map(|block| match block {
            Block::Thinking { text, signature } => format!("thinks {text} {signature:?}"),
            Block::RedactedThinking { data } => format!("redacted {data}"),
            Block::Text(text) => format!("says {}", text.text),
            Block::ToolCall(call) => format!("calls {} {} {}", call.id, call.name, call.arguments),
            Block::Opaque { dialect, raw } => format!("{dialect} {raw:?}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "thinks hm Some(\"c2ln\")",
            "redacted cmVk",
            "says well",
            "calls t1 look {\"z\":1.0}",
            "says cited",
            "says {\"a\":1}",
            "bedrock {\"guardContent\":{}}",
        ]
    );
    assert_eq!(response.choices[0].finish, Finish::ToolCalls);
    assert_eq!((response.usage.input, response.usage.output), (Some(5), Some(7)));
}

#[test]
fn what_was_cached_is_a_part_of_the_input() {
    let usage = r#","stopReason":"end_turn","serviceTier":{"type":"priority"},"usage":{"inputTokens":5,"outputTokens":7,"totalTokens":62,
        "cacheReadInputTokens":20,"cacheWriteInputTokens":30,"cacheDetails":[{"ttl":"5m","inputTokens":20},{"ttl":"1h","inputTokens":10}]}"#;
    let usage = read(r#"{"text":"x"}"#, usage).unwrap().usage;
    assert_eq!((usage.input, usage.output, usage.total()), (Some(55), Some(7), Some(62)));
    assert_eq!((usage.cache_read, usage.cache_write, usage.cache_write_long), (Some(20), Some(20), Some(10)));
    assert_eq!(usage.tier, Some(types::Tier::Priority));
    let unknown = read(r#"{"text":"x"}"#, "").unwrap().usage;
    assert_eq!(unknown, Usage::default(), "unknown is never zero");
}

#[test]
fn an_answer_says_why_it_ended() {
    let text = r#"{"text":"x"}"#;
    for (reason, expected) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("guardrail_intervened", Finish::ContentFilter),
        ("content_filtered", Finish::ContentFilter),
        ("malformed_tool_use", Finish::Stop),
        ("something_new", Finish::Stop),
        ("tool_use", Finish::Stop),
    ] {
        let found = read(text, &format!(r#","stopReason":"{reason}""#)).unwrap().choices.remove(0);
        assert_eq!(found.finish, expected, "{reason}");
    }
    let fault = read("", r#","stopReason":"malformed_model_output""#).unwrap_err();
    assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider));
    let matched = r#","stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"}"#;
    assert_eq!(read(text, matched).unwrap().choices[0].stop_sequence.as_deref(), Some("END"));
    for wrong in ["{}", r#"{"output":{}}"#, "[]", "<html>"] {
        assert_eq!(Bedrock.read_answer(Operation::Chat, wrong.as_bytes()).unwrap_err().kind, FaultKind::Malformed);
    }
}

#[test]
fn errors_are_what_their_names_say() {
    use FaultKind::*;
    for (status, name, said, kind, side, seen) in [
        (400, "ValidationException", "bad", InvalidRequest, Side::Caller, 400),
        (400, "ValidationException", "Input is too long for requested model.", ContextWindow, Side::Caller, 400),
        (400, "ServiceQuotaExceededException", "quota", RateLimit, Side::Provider, 429),
        (403, "AccessDeniedException", "no access to the model", Permission, Side::Provider, 502),
        (
            403,
            "UnrecognizedClientException:http://x",
            "The security token is invalid",
            Authentication,
            Side::Provider,
            502,
        ),
        (403, "", "The security token included in the request is expired", Authentication, Side::Provider, 502),
        (404, "ResourceNotFoundException", "no such model", NotFound, Side::Provider, 404),
        (408, "ModelTimeoutException", "slow", Timeout, Side::Provider, 408),
        (424, "ModelErrorException", "odd", Upstream, Side::Provider, 502),
        (429, "ThrottlingException", "Too many tokens", RateLimit, Side::Provider, 429),
        (429, "ModelNotReadyException", "wait", Overloaded, Side::Provider, 429),
        (500, "InternalServerException", "oops", Upstream, Side::Provider, 500),
        (503, "ServiceUnavailableException", "busy", Overloaded, Side::Provider, 503),
        (502, "", "", Upstream, Side::Provider, 502),
    ] {
        let body = format!(r#"{{"message":"{said}"}}"#);
        let fault = Bedrock.read_named_fault(status, name, body.as_bytes());
        assert_eq!((fault.kind, fault.side, fault.status()), (kind, side, seen), "{name} {said}");
    }
    let by_type = Bedrock.read_fault(400, br#"{"__type":"com.amazon#ThrottlingException","message":"m"}"#);
    assert_eq!(by_type.kind, RateLimit);
}

#[test]
fn an_error_about_a_signature_repeats_nothing_that_was_signed() {
    let said = "The request signature we calculated does not match. The Canonical String should have been 'x-amz-security-token:canary'";
    for name in ["InvalidSignatureException", "SignatureDoesNotMatch", ""] {
        let fault = Bedrock.read_named_fault(403, name, format!(r#"{{"message":"{said}"}}"#).as_bytes());
        assert!(fault.kind == FaultKind::Authentication && !fault.message.contains("canary"), "{}", fault.message);
    }
}
