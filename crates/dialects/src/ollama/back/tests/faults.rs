//! What Ollama's errors mean.

use types::*;

use crate::{Back, Ollama};

#[test]
fn sentences_tell_kind_and_side() {
    use FaultKind::*;
    use Side::*;
    for (status, message, kind, side, param) in [
        (404, "model 'llama9' not found", NotFound, Provider, None),
        (400, "model \"x\" not found, try pulling it first", NotFound, Provider, None),
        (400, "\"gemma:2b\" does not support thinking", Unsupported, Caller, Some("reasoning_effort")),
        (400, "registry.ollama.ai/library/x:1b does not support tools", Unsupported, Caller, Some("tools")),
        (400, "x does not support insert", Unsupported, Caller, Some("suffix")),
        (400, "\"all-minilm\" does not support chat", Unsupported, Caller, None),
        (400, "invalid options: num_ctx", InvalidRequest, Caller, None),
        (400, "the input length exceeds the context length", ContextWindow, Caller, None),
        (500, "the input length exceeds the context length", ContextWindow, Caller, None),
        (500, "request (9000 tokens) exceeds the available context size (4096 tokens)", ContextWindow, Caller, None),
        (401, "unauthorized", Authentication, Provider, None),
        (403, "this model requires a subscription, upgrade for access", Permission, Provider, None),
        (429, "you have reached your weekly usage limit", RateLimit, Provider, None),
        (500, "model requires more system memory (9 GiB) than is available", Upstream, Provider, None),
        (502, "upstream", Upstream, Provider, None),
        (503, "server busy, please try again.  maximum pending requests exceeded", Overloaded, Provider, None),
    ] {
        let body = serde_json::json!({ "error": message }).to_string();
        let fault = Ollama.read_fault(status, body.as_bytes());
        assert_eq!((fault.kind, fault.side), (kind, side), "{message}");
        assert_eq!((fault.message.as_str(), fault.param.as_deref()), (message, param));
        let expected = if side == Caller { 400 } else { fault.status() };
        assert_eq!(fault.status(), expected, "{message}");
    }
}

#[test]
fn other_shapes_of_errors_are_read_too() {
    let nested = Ollama.read_fault(404, br#"{"error":{"message":"model 'x' not found","code":404}}"#);
    assert_eq!((nested.kind, nested.message.as_str()), (FaultKind::NotFound, "model 'x' not found"));
    for body in ["", "404 page not found", "{}", "[]", r#"{"error":7}"#] {
        let fault = Ollama.read_fault(502, body.as_bytes());
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (FaultKind::Upstream, "the provider answered with status 502")
        );
    }
}
