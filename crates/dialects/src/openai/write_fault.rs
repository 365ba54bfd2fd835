//! Writing faults in OpenAI's form: `{"error": {message, type, param, code}}`.

use bytes::BytesMut;
use types::{Fault, FaultKind, Side};

use super::OpenAi;
use super::wire::data;
use crate::Front;
use crate::json::Writer;

/// `type` of each kind, and the code that clients know it by. The types are the ones that LiteLLM's clients are
/// used to, the codes are OpenAI's.
fn words(kind: FaultKind) -> (&'static str, Option<&'static str>) {
    use FaultKind::*;
    match kind {
        InvalidRequest | TooLarge => ("invalid_request_error", None),
        Unsupported => ("invalid_request_error", Some("unsupported_parameter")),
        ContextWindow => ("invalid_request_error", Some("context_length_exceeded")),
        ContentPolicy => ("invalid_request_error", Some("content_filter")),
        NotFound => ("invalid_request_error", None),
        Authentication => ("authentication_error", Some("invalid_api_key")),
        Permission => ("permission_error", None),
        Payment => ("insufficient_quota", Some("insufficient_quota")),
        Budget | ModelBudget => ("budget_exceeded", None),
        RateLimit => ("rate_limit_error", Some("rate_limit_exceeded")),
        NoDeployment => ("rate_limit_error", None),
        Timeout => ("timeout_error", None),
        Overloaded | Connect | Cut | Malformed | Upstream | Unavailable | Internal => ("internal_server_error", None),
    }
}

/// Encodes a fault as a body.
pub(super) fn write(fault: &Fault, status: u16) -> BytesMut {
    Writer::document(|w| fields(w, fault, status))
}

/// Encodes a fault as the last event of a stream. Nothing comes behind it, not even `[DONE]`.
pub(super) fn write_stream(fault: &Fault, out: &mut BytesMut) {
    data(out, |w| fields(w, fault, OpenAi.status(fault)));
}

/// Type and code of a fault, in OpenAI's words or the provider's own.
fn named(fault: &Fault, status: u16) -> (&'static str, Option<&str>) {
    let (kind, known_code) = match is_our_credential(fault) {
        true => ("internal_server_error", None),
        // A conflict, say: nothing is wrong with us.
        false if fault.kind == FaultKind::Upstream && status < 500 => words(FaultKind::InvalidRequest),
        // The incumbent's own refusals have the status as their code.
        false => fault.label.map_or(words(fault.kind), |label| (label, None)),
    };
    let model_code = (fault.kind == FaultKind::NotFound && is_about_model(fault)).then_some("model_not_found");
    // Clients act on these two, so no other provider's word may stand in for them.
    let known_by_kind = matches!(fault.kind, FaultKind::ContextWindow | FaultKind::ContentPolicy);
    let own_code = fault.code.as_deref().filter(|_| !is_our_credential(fault) && !known_by_kind);
    (kind, own_code.or(model_code).or(known_code))
}

/// The one word that a fault has where there is room for no more: its code, or else its type.
pub(crate) fn code(fault: &Fault) -> &str {
    match named(fault, OpenAi.status(fault)) {
        (_, Some(code)) => code,
        ("internal_server_error", None) => "server_error",
        (kind, None) => kind,
    }
}

/// Writes the `error` field.
pub(crate) fn fields(w: &mut Writer, fault: &Fault, status: u16) {
    let (kind, code) = named(fault, status);
    w.key("error").object(|w| {
        w.str_field("message", &fault.message);
        w.str_field("type", kind);
        match &fault.param {
            Some(param) => w.str_field("param", param),
            None => w.key("param").null(),
        }
        match code {
            Some(code) => w.str_field("code", code),
            // LiteLLM's habit, which its clients rely on.
            None => w.str_field("code", &status.to_string()),
        }
    });
}

/// The provider refuses *our* key or account: the caller's own is fine, and must not seem to be refused.
pub(super) fn is_our_credential(fault: &Fault) -> bool {
    use FaultKind::*;
    fault.side == Side::Provider && matches!(fault.kind, Authentication | Permission | Payment)
}

fn is_about_model(fault: &Fault) -> bool {
    fault.side == Side::Provider || fault.param.as_deref() == Some("model")
}
