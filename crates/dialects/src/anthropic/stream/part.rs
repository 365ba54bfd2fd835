//! A content block of a stream in the making: what it consists of, when it is over, and how it is written.

use bytes::{BufMut, BytesMut};
use types::Block;

use crate::anthropic::answer;
use crate::json::Writer;

/// A piece of a block.
pub(super) enum Fragment {
    /// Text.
    Text(String),
    /// A source of the text, as JSON.
    Citation(String),
    /// Reasoning.
    Thinking(String),
    /// The proof of the reasoning.
    Signature(String),
    /// Arguments of a call, by the call's index in the answer.
    Arguments { call: u32, json: String },
}

impl Fragment {
    /// Bytes of content, for bounds.
    pub(super) fn len(&self) -> usize {
        match self {
            Fragment::Text(text) | Fragment::Citation(text) | Fragment::Thinking(text) => text.len(),
            Fragment::Signature(text) | Fragment::Arguments { json: text, .. } => text.len(),
        }
    }

    /// The part that begins with this fragment, if one can.
    pub(super) fn opens(&self) -> Option<Part> {
        match self {
            Fragment::Text(_) => Some(Part::Text),
            Fragment::Thinking(_) | Fragment::Signature(_) => Some(Part::Thinking { signed: false }),
            Fragment::Citation(_) | Fragment::Arguments { .. } => None,
        }
    }

    /// Writes it as a `content_block_delta` of block `index`.
    pub(super) fn write(&self, index: usize, out: &mut BytesMut) {
        let (kind, field, text) = match self {
            Fragment::Text(text) => ("text_delta", "text", text),
            Fragment::Citation(json) => ("citations_delta", "citation", json),
            Fragment::Thinking(text) => ("thinking_delta", "thinking", text),
            Fragment::Signature(text) => ("signature_delta", "signature", text),
            Fragment::Arguments { json, .. } => ("input_json_delta", "partial_json", json),
        };
        event(out, "content_block_delta", |w| {
            w.num_field("index", index);
            w.key("delta").object(|w| {
                w.str_field("type", kind);
                match self {
                    Fragment::Citation(json) => w.key(field).json(json),
                    _ => w.str_field(field, text),
                }
            });
        });
    }
}

/// A block.
pub(super) enum Part {
    /// Text.
    Text,
    /// Reasoning; over once it is signed.
    Thinking { signed: bool },
    /// A call of a tool.
    Tool { call: u32, id: String, name: String, arguments: Arguments },
    /// A block that came at once.
    Whole(Block),
}

impl Part {
    /// Whether `fragment` belongs to it.
    pub(super) fn takes(&self, fragment: &Fragment) -> bool {
        match (self, fragment) {
            (Part::Text, Fragment::Text(_) | Fragment::Citation(_)) => true,
            (Part::Thinking { signed }, Fragment::Thinking(_) | Fragment::Signature(_)) => !signed,
            (Part::Tool { call: own, .. }, Fragment::Arguments { call, .. }) => own == call,
            _ => false,
        }
    }

    /// Notes that `fragment` was added.
    pub(super) fn note(&mut self, fragment: &Fragment) {
        match (self, fragment) {
            (Part::Thinking { signed }, Fragment::Signature(_)) => *signed = true,
            (Part::Tool { arguments, .. }, Fragment::Arguments { json, .. }) => arguments.feed(json),
            _ => {}
        }
    }

    /// Whether another block may follow without cutting this one off. Only calls can still be missing something
    /// when the next block shows up.
    pub(super) fn may_close(&self) -> bool {
        match self {
            Part::Tool { arguments, .. } => arguments.complete,
            _ => true,
        }
    }

    /// Writes its `content_block_start`.
    pub(super) fn write_start(&self, index: usize, out: &mut BytesMut) {
        event(out, "content_block_start", |w| {
            w.num_field("index", index);
            w.key("content_block");
            match self {
                Part::Whole(block) => answer::write_block(block, "", w),
                _ => w.object(|w| self.write_empty(w)),
            }
        });
    }

    fn write_empty(&self, w: &mut Writer) {
        match self {
            Part::Text => {
                w.str_field("type", "text");
                w.str_field("text", "");
            }
            Part::Thinking { .. } => {
                w.str_field("type", "thinking");
                w.str_field("thinking", "");
                w.str_field("signature", "");
            }
            Part::Tool { id, name, .. } => {
                w.str_field("type", "tool_use");
                w.str_field("id", id);
                w.str_field("name", name);
                w.key("input").object(|_| {});
            }
            Part::Whole(_) => {}
        }
    }

    /// Writes its `content_block_stop`. Thinking always ends with a signature; an empty one proves nothing, but
    /// callers wait for it.
    pub(super) fn write_stop(&self, index: usize, out: &mut BytesMut) {
        if matches!(self, Part::Thinking { signed: false }) {
            Fragment::Signature(String::new()).write(index, out);
        }
        event(out, "content_block_stop", |w| w.num_field("index", index));
    }
}

/// Watches the arguments of a call for the end of their JSON object.
#[derive(Default)]
pub(super) struct Arguments {
    depth: usize,
    in_string: bool,
    escaped: bool,
    complete: bool,
}

impl Arguments {
    fn feed(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.complete |= self.depth == 0;
                }
                _ => {}
            }
        }
    }
}

/// Writes an event whose data is an object with its name as `type`.
pub(super) fn event(out: &mut BytesMut, name: &str, fill: impl FnOnce(&mut Writer)) {
    out.put_slice(b"event: ");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\ndata: ");
    Writer::new(out).object(|w| {
        w.str_field("type", name);
        fill(w);
    });
    out.put_slice(b"\n\n");
}
