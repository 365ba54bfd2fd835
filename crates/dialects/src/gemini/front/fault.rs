//! Faults in Google's form.

use bytes::BytesMut;
use types::Fault;

use crate::json::Writer;

/// Google's word for a status.
fn word(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        408 | 504 => "DEADLINE_EXCEEDED",
        503 => "UNAVAILABLE",
        400..=499 => "INVALID_ARGUMENT",
        501 => "UNIMPLEMENTED",
        _ => "INTERNAL",
    }
}

/// Encodes a fault as a body.
pub(super) fn write(fault: &Fault, status: u16) -> BytesMut {
    Writer::document(|w| fields(w, fault, status))
}

/// The fields of such a body.
pub(super) fn fields(w: &mut Writer, fault: &Fault, status: u16) {
    w.key("error").object(|w| {
        w.num_field("code", status);
        w.str_field("message", &fault.message);
        w.str_field("status", word(status));
        if let Some(wait) = fault.retry_after {
            w.key("details").array(|w| {
                w.object(|w| {
                    w.str_field("@type", "type.googleapis.com/google.rpc.RetryInfo");
                    w.str_field("retryDelay", &format!("{}s", wait.as_millis().div_ceil(1000)));
                });
            });
        }
    });
}
