//! What answers and chunks have in common: their head, the framing of chunks, and ids made here.

use bytes::{BufMut, BytesMut};
use types::Operation;

use crate::Stamp;
use crate::json::Writer;

/// The fields that every answer and every chunk begins with; constant over a stream.
pub(super) struct Head {
    id: String,
    created: String,
    model: String,
}

impl Head {
    /// The provider's id is kept if it looks like one of this dialect's, as are its clock and its model name.
    pub(super) fn new(operation: Operation, stamp: &Stamp, id: &str, created: u64, model: &str) -> Self {
        let prefix = match operation {
            Operation::Completion => "cmpl-",
            _ => "chatcmpl-",
        };
        Head {
            id: match id.starts_with(prefix) {
                true => id.to_owned(),
                false => format!("{prefix}{}", stamp.id),
            },
            created: if created == 0 { stamp.created } else { created }.to_string(),
            model: if model.is_empty() { &stamp.model } else { model }.to_owned(),
        }
    }

    pub(super) fn write(&self, w: &mut Writer, object: &str) {
        w.str_field("id", &self.id);
        w.str_field("object", object);
        w.key("created").json(&self.created);
        w.str_field("model", &self.model);
    }
}

/// Appends one event of a stream.
pub(super) fn data(out: &mut BytesMut, fill: impl FnOnce(&mut Writer)) {
    out.extend_from_slice(b"data: ");
    let start = out.len();
    Writer::new(out).object(fill);
    // Raw values may hold line breaks, which would end the event; outside of strings, a blank says the same.
    for byte in &mut out[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    out.put_slice(b"\n\n");
}

/// Id for a call to which the provider gave none.
pub(crate) fn call_id(stamp: &Stamp, choice: usize, index: usize) -> String {
    let random = stamp.id.get(..24).unwrap_or(&stamp.id);
    match choice {
        0 => format!("call_{random}{index}"),
        _ => format!("call_{random}{choice}_{index}"),
    }
}
