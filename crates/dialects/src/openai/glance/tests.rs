use types::{FaultKind, Usage};

use super::*;

#[test]
fn only_what_matters_is_seen() {
    let usage = Some(Usage { input: Some(1), output: Some(2), ..Usage::default() });
    let seen =
        |usage: Option<Usage>, end: bool, usage_only: bool| Glance { usage, end, usage_only, ..Glance::default() };
    let nothing = Glance::default();
    let said = |output_bytes| Glance { output_bytes, ..Glance::default() };
    for (data, expected) in [
        ("[DONE]", Glance { over: true, ..seen(None, true, false) }),
        (r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":null}],"usage":null}"#, said(2)),
        (r#"{"choices":[{"delta":{"content":"say \"error\" or \"usage\":{ now"}}]}"#, said(28)),
        (r#"{"choices":[{"delta":{"content":"x"},"error":null}],"error":null}"#, said(1)),
        (r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"error"}}]}}]}"#, said(5)),
        (r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, seen(None, true, false)),
        (r#"{"choices":[{"delta":{},"finish_reason": "length"}]}"#, seen(None, true, false)),
        (r#"{"choices":[{"delta":{},"finish_reason":""}]}"#, nothing.clone()),
        (r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, seen(usage, false, true)),
        (r#"{"choices":[],"usage": {"prompt_tokens":1,"completion_tokens":2}}"#, seen(usage, false, true)),
        (
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
            seen(usage, true, false),
        ),
        (
            r#"{"choices":[{"delta":{}}],"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}"#,
            seen(usage, false, false),
        ),
    ] {
        assert_eq!(glance(data.as_bytes(), &Usage::default()), expected, "{data}");
    }
}

#[test]
fn failures_are_seen() {
    for (data, kind) in [
        (r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#, FaultKind::RateLimit),
        (r#"{"object":"error","message":"m","code":503}"#, FaultKind::Overloaded),
        (r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#, FaultKind::Upstream),
        (r#"{"choices":[{"delta":{},"finish_reason":"network_error"}]}"#, FaultKind::Upstream),
        (r#"{"usage":{"prompt_tokens""#, FaultKind::Malformed),
        (r#"{"choices":[{"delta":{"content":"half a ch"#, FaultKind::Malformed),
    ] {
        let glance = glance(data.as_bytes(), &Usage::default());
        assert_eq!(glance.fault.map(|fault| fault.kind), Some(kind), "{data}");
        assert!(!glance.end);
    }
}
