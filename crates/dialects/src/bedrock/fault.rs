//! Bedrock's errors, as the answer to a request or inside of a stream. Their names say what they are; the message says
//! the rest, but for those about signatures, which repeat what was signed.

use types::{Fault, FaultKind};

use crate::json::Doc;
use crate::phrases;
use crate::upstream::{fault_of_status, side};

/// Names of errors with the statuses they stand for, and what they are. Streams write them with a small first letter.
const NAMES: [(&str, u16, FaultKind); 23] = [
    ("ValidationException", 400, FaultKind::InvalidRequest),
    ("ServiceQuotaExceededException", 400, FaultKind::RateLimit),
    ("ConflictException", 409, FaultKind::Upstream),
    ("AccessDeniedException", 403, FaultKind::Permission),
    ("UnrecognizedClientException", 403, FaultKind::Authentication),
    ("InvalidSignatureException", 403, FaultKind::Authentication),
    ("SignatureDoesNotMatch", 403, FaultKind::Authentication),
    ("IncompleteSignatureException", 403, FaultKind::Authentication),
    ("MissingAuthenticationTokenException", 403, FaultKind::Authentication),
    ("ExpiredTokenException", 403, FaultKind::Authentication),
    ("ResourceNotFoundException", 404, FaultKind::NotFound),
    ("ModelTimeoutException", 408, FaultKind::Timeout),
    ("ThrottlingException", 429, FaultKind::RateLimit),
    ("ModelNotReadyException", 429, FaultKind::Overloaded),
    ("ModelErrorException", 424, FaultKind::Upstream),
    ("ModelStreamErrorException", 424, FaultKind::Upstream),
    // SageMaker's own.
    ("ValidationError", 400, FaultKind::InvalidRequest),
    ("ModelError", 424, FaultKind::Upstream),
    ("InternalFailure", 500, FaultKind::Upstream),
    ("ServiceUnavailable", 503, FaultKind::Overloaded),
    ("InternalServerException", 500, FaultKind::Upstream),
    ("ServiceUnavailableException", 503, FaultKind::Overloaded),
    ("RequestEntityTooLargeException", 413, FaultKind::TooLarge),
];

/// What is said about the gateway's own credential.
const OURS: &str = "the provider refused the gateway's credential";
/// Words of errors about a credential that no name says, in small letters.
const ABOUT_CREDENTIALS: [&str; 4] = ["security token", "signature", "credential", "api key"];

/// Decodes an error answer with this status; `name` is what its header says it is, if it has one.
pub(crate) fn read(status: u16, name: &str, body: &[u8]) -> Fault {
    let doc = Doc::parse(body).ok();
    let field = |names: [&str; 2]| {
        let root = doc.as_ref()?.root();
        names.iter().find_map(|name| root.get_some(name)?.as_string())
    };
    let own = field(["__type", "code"]).unwrap_or_default();
    let name = if name.is_empty() { &own } else { name };
    let said = field(["message", "Message"]).unwrap_or_default();
    Fault { upstream_status: Some(status), ..of(name, Some(status), &said) }
}

/// The fault of an exception inside of a stream.
pub(crate) fn in_stream(name: &str, payload: &[u8]) -> Fault {
    let said = Doc::parse(payload).ok().and_then(|doc| doc.root().get_some("message")?.as_string());
    of(name, None, &said.unwrap_or_default())
}

/// The fault of an error of this name.
pub(crate) fn of(name: &str, status: Option<u16>, said: &str) -> Fault {
    // `aws.protocoltests#ValidationException:http://...`
    let name = name.split(':').next().unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or_default().trim();
    let known = NAMES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
    let status = status.or(known.map(|(_, status, _)| *status)).unwrap_or(500);
    let mut fault = fault_of_status(status, said);
    if let Some((_, _, kind)) = known {
        fault.kind = *kind;
    }
    let lower = said.to_ascii_lowercase();
    let of_credential = known.is_none() && ABOUT_CREDENTIALS.iter().any(|word| lower.contains(word));
    match fault.kind {
        FaultKind::InvalidRequest => fault.kind = phrases::kind_of(said).unwrap_or(fault.kind),
        FaultKind::Permission if of_credential => fault.kind = FaultKind::Authentication,
        _ => {}
    }
    if fault.kind == FaultKind::Authentication {
        fault.message = OURS.to_owned();
    }
    // What it says is no mistake of the caller's must not look like one.
    fault.status = match (fault.kind, status) {
        (FaultKind::RateLimit, 400) => Some(429),
        (FaultKind::Upstream, 424) => Some(502),
        _ => None,
    };
    fault.side = side(fault.kind);
    fault.upstream_status = None;
    fault
}
