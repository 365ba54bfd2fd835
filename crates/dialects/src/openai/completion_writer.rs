//! Writing streamed text completions: the chunks look like whole answers with a piece of the text.

use bytes::BytesMut;
use types::{Block, Delta, Event, Finish, Operation, Raw, Usage};

use super::completions::{finish_word, write_logprobs};
use super::wire::{Head, data};
use super::{usage, write_fault};
use crate::{Stamp, StreamWriter};

/// Encodes one stream.
pub(super) struct CompletionWriter {
    stamp: Stamp,
    head: Head,
    usage: Usage,
    closed: bool,
}

impl CompletionWriter {
    pub(super) fn new(stamp: Stamp) -> Self {
        CompletionWriter {
            head: Head::new(Operation::Completion, &stamp, "", 0, ""),
            stamp,
            usage: Usage::default(),
            closed: false,
        }
    }

    fn chunk(&self, choice: u32, text: &str, finish: Option<Finish>, logprobs: Option<&Raw>, out: &mut BytesMut) {
        data(out, |w| {
            self.head.write(w, "text_completion");
            w.key("choices").array(|w| {
                w.object(|w| {
                    w.str_field("text", text);
                    w.num_field("index", choice);
                    w.key("logprobs");
                    match logprobs {
                        Some(raw) => write_logprobs(w, raw.get()),
                        None => w.null(),
                    }
                    w.key("finish_reason");
                    match finish {
                        Some(finish) => w.string(finish_word(finish)),
                        None => w.null(),
                    }
                });
            });
            if self.stamp.stream_usage {
                w.key("usage").null();
            }
        });
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.closed = true;
        if self.stamp.stream_usage && self.usage.total().is_some() {
            data(out, |w| {
                self.head.write(w, "text_completion");
                w.key("choices").array(|_| {});
                usage::write(w, &self.usage);
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl StreamWriter for CompletionWriter {
    fn write(&mut self, event: Event, out: &mut BytesMut) {
        if self.closed {
            return;
        }
        match event {
            Event::Start { id, model } => {
                self.head = Head::new(Operation::Completion, &self.stamp, &id, 0, &model);
            }
            Event::Delta { choice, delta } => match delta {
                Delta::Text(text) => self.chunk(choice, &text, None, None, out),
                Delta::Block(Block::Text(text)) => self.chunk(choice, &text.text, None, None, out),
                Delta::Logprobs(raw) => self.chunk(choice, "", None, Some(&raw), out),
                // A completion has no room for anything but its text.
                _ => {}
            },
            Event::Finish { choice, finish, .. } => self.chunk(choice, "", Some(finish), None, out),
            Event::Usage(usage) => self.usage.update(&usage),
            Event::Ping => {}
            Event::End => self.end(out),
            Event::Error(fault) => {
                self.closed = true;
                write_fault::write_stream(&fault, out);
            }
        }
    }
}
