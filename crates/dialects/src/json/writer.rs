//! Writing JSON text straight into the output buffer.

use std::fmt::{Display, Write};

use bytes::{BufMut, BytesMut};
use types::Raw;

use super::scan::plain_prefix;

/// Appends JSON to a buffer. Commas take care of themselves; brackets are balanced by closures.
pub struct Writer<'b> {
    out: &'b mut BytesMut,
    /// Nothing was written yet, and what stands in the buffer is another text.
    fresh: bool,
}

impl<'b> Writer<'b> {
    /// Writes at the end of `out`.
    pub fn new(out: &'b mut BytesMut) -> Self {
        Writer { out, fresh: false }
    }

    /// Writes a text of its own at the end of `out`, whatever stands before it.
    pub fn after(out: &'b mut BytesMut) -> Self {
        Writer { out, fresh: true }
    }

    /// One object as a text of its own.
    pub fn document(fill: impl FnOnce(&mut Writer)) -> BytesMut {
        let mut out = BytesMut::with_capacity(512);
        Writer::new(&mut out).object(fill);
        out
    }

    /// A comma is due unless something was just opened or named.
    fn separate(&mut self) {
        let fresh = std::mem::take(&mut self.fresh);
        if !fresh && !matches!(self.out.last(), None | Some(b'{' | b'[' | b':' | b',' | b' ' | b'\n')) {
            self.out.put_u8(b',');
        }
    }

    /// An object.
    pub fn object(&mut self, fill: impl FnOnce(&mut Writer)) {
        self.separate();
        self.out.put_u8(b'{');
        fill(self);
        self.out.put_u8(b'}');
    }

    /// An array.
    pub fn array(&mut self, fill: impl FnOnce(&mut Writer)) {
        self.separate();
        self.out.put_u8(b'[');
        fill(self);
        self.out.put_u8(b']');
    }

    /// The name of the field whose value is written next.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.string(name);
        self.out.put_u8(b':');
        self
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        self.separate();
        self.out.put_u8(b'"');
        escape(text, self.out);
        self.out.put_u8(b'"');
    }

    /// A number, or anything else whose `Display` is JSON.
    pub fn display(&mut self, value: impl Display) {
        self.separate();
        // Writing into a `BytesMut` cannot fail: it grows.
        let _ = write!(self.out, "{value}");
    }

    /// `null`.
    pub fn null(&mut self) {
        self.json("null");
    }

    /// A value as it was written elsewhere.
    pub fn raw(&mut self, raw: &Raw) {
        self.json(raw.get());
    }

    /// JSON text as it was written elsewhere.
    pub fn json(&mut self, text: &str) {
        self.separate();
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A string field.
    pub fn str_field(&mut self, name: &str, text: &str) {
        self.key(name).string(text);
    }

    /// A number or boolean field.
    pub fn num_field(&mut self, name: &str, value: impl Display) {
        self.key(name).display(value);
    }

    /// A number or boolean field, if there is a value.
    pub fn opt_num(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.num_field(name, value);
        }
    }

    /// A string field, if there is a value.
    pub fn opt_str(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.str_field(name, value);
        }
    }

    /// A raw field, if there is a value.
    pub fn opt_raw(&mut self, name: &str, value: Option<&Raw>) {
        if let Some(value) = value {
            self.key(name).raw(value);
        }
    }
}

fn escape(text: &str, out: &mut BytesMut) {
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        let [byte, behind @ ..] = special else { return };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        rest = behind;
    }
}
