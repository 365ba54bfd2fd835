//! Faults within streams.

use bytes::BytesMut;
use types::Fault;

use super::stream::event;
use crate::json::Writer;
use crate::openai::fault_code;

/// Writes what an answer says of its failure.
pub(super) fn fields(w: &mut Writer, fault: &Fault) {
    w.str_field("code", fault_code(fault));
    w.str_field("message", &fault.message);
}

/// Writes the event of a fault that comes before anything is known of an answer, or behind what is known.
pub(super) fn write_event(fault: &Fault, out: &mut BytesMut) {
    event(out, "error", |w| {
        w.num_field("sequence_number", 0);
        fields(w, fault);
        match &fault.param {
            Some(param) => w.str_field("param", param),
            None => w.key("param").null(),
        }
    });
}
