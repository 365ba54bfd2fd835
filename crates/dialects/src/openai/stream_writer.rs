//! Writing streamed chat answers in the order that strict clients expect (wire.md 2.5): role, content, an empty
//! chunk with the finish reason, the counts if they were asked for, `[DONE]`.

use bytes::BytesMut;
use types::{Block, Delta, Event, Finish, Operation, Usage};

use super::ids::CALL_IDS;
use super::wire::{Head, call_id, data};
use super::write_answer::{audio_fields, image, signature, splice_items, thinking_block};
use super::{NAME, lines, usage, words, write_fault, write_messages};
use crate::json::Writer;
use crate::{Stamp, StreamWriter};

/// Longest reasoning text that is kept for its signature, in bytes.
const MAX_THINKING: usize = 4 << 20;

/// Encodes one stream.
pub(super) struct ChatWriter {
    stamp: Stamp,
    head: Head,
    choices: Vec<Choice>,
    usage: Usage,
    closed: bool,
}

/// What was written of one of the answers.
#[derive(Default)]
struct Choice {
    index: u32,
    calls: Vec<Call>,
    /// The reasoning since the last signature: it is repeated with its signature as one block, which clients
    /// can send back as it is.
    thinking: String,
}

/// A call as far as it was written.
struct Call {
    index: u32,
    has_arguments: bool,
    /// Whether it is of a tool that takes any text.
    is_custom: bool,
}

impl StreamWriter for ChatWriter {
    fn write(&mut self, event: Event, out: &mut BytesMut) {
        if self.closed {
            return;
        }
        match event {
            Event::Start { id, model } => {
                self.head = Head::new(Operation::Chat, &self.stamp, &id, 0, &model);
                self.choice(0, out);
            }
            Event::Delta { choice, delta } => self.delta(choice, delta, out),
            Event::Usage(usage) => self.usage.update(&usage),
            Event::Finish { choice, finish, .. } => self.finish(choice, finish, out),
            Event::Ping => {}
            Event::End => self.end(out),
            Event::Error(fault) => {
                self.closed = true;
                write_fault::write_stream(&fault, out);
            }
        }
    }
}

impl ChatWriter {
    pub(super) fn new(stamp: Stamp) -> Self {
        ChatWriter {
            head: Head::new(Operation::Chat, &stamp, "", 0, ""),
            stamp,
            choices: Vec::new(),
            usage: Usage::default(),
            closed: false,
        }
    }

    /// The state of an answer; the first time, its role chunk is written.
    fn choice(&mut self, index: u32, out: &mut BytesMut) -> usize {
        if let Some(at) = self.choices.iter().position(|choice| choice.index == index) {
            return at;
        }
        self.choices.push(Choice { index, ..Choice::default() });
        self.chunk(index, None, out, |w| {
            w.str_field("role", "assistant");
            w.str_field("content", "");
            w.key("refusal").null();
        });
        self.choices.len() - 1
    }

    fn chunk(&self, choice: u32, finish: Option<Finish>, out: &mut BytesMut, delta: impl FnOnce(&mut Writer)) {
        self.chunk_with(choice, finish, out, |w| w.key("delta").object(delta));
    }

    fn chunk_with(&self, choice: u32, finish: Option<Finish>, out: &mut BytesMut, fill: impl FnOnce(&mut Writer)) {
        data(out, |w| {
            self.head.write(w, "chat.completion.chunk");
            w.key("choices").array(|w| {
                w.object(|w| {
                    w.num_field("index", choice);
                    fill(w);
                    w.key("finish_reason");
                    match finish {
                        Some(finish) => w.string(words::finish_word(finish)),
                        None => w.null(),
                    }
                });
            });
            if self.stamp.stream_usage {
                w.key("usage").null();
            }
        });
    }

    fn delta(&mut self, index: u32, delta: Delta, out: &mut BytesMut) {
        let at = self.choice(index, out);
        match delta {
            Delta::Text(text) => self.chunk(index, None, out, |w| w.str_field("content", &text)),
            Delta::Thinking(text) => {
                self.choices[at].think(&text);
                self.chunk(index, None, out, |w| w.str_field("reasoning_content", &text));
            }
            Delta::Signature(signature) => {
                let block = Block::Thinking {
                    text: std::mem::take(&mut self.choices[at].thinking),
                    signature: Some(signature),
                };
                self.thinking_block(index, &block, out);
            }
            Delta::RedactedThinking(data) => self.thinking_block(index, &Block::RedactedThinking { data }, out),
            Delta::Refusal(text) => self.chunk(index, None, out, |w| w.str_field("refusal", &text)),
            Delta::ToolStart { index: call, id, name, signature } => {
                self.choices[at].calls.push(Call { index: call, has_arguments: false, is_custom: false });
                let id = self.call_id(index, call, &id);
                self.call_start(index, call, &id, &name, signature.as_deref(), out);
            }
            Delta::CustomStart { index: call, id, name } => {
                self.choices[at].calls.push(Call { index: call, has_arguments: false, is_custom: true });
                let id = self.call_id(index, call, &id);
                self.custom_start(index, call, &id, &name, out);
            }
            Delta::ToolArguments { index: call, fragment } => match self.choices[at].has_arguments(call) {
                true => self.custom_text(index, call, &fragment, out),
                false => self.arguments(index, call, &fragment, out),
            },
            Delta::Logprobs(raw) => self.chunk_with(index, None, out, |w| {
                w.key("delta").object(|_| {});
                w.key("logprobs").raw(&raw);
            }),
            Delta::Citations(raw) => {
                self.chunk(index, None, out, |w| w.key("annotations").array(|w| splice_items(w, &raw)));
            }
            Delta::Block(block) => self.block(index, block, out),
        }
    }

    fn thinking_block(&self, choice: u32, block: &Block, out: &mut BytesMut) {
        self.chunk(choice, None, out, |w| w.key("thinking_blocks").array(|w| thinking_block(w, block)));
    }

    fn call(&self, choice: u32, call: u32, out: &mut BytesMut, fill: impl FnOnce(&mut Writer)) {
        self.chunk(choice, None, out, |w| {
            w.key("tool_calls").array(|w| {
                w.object(|w| {
                    w.num_field("index", call);
                    fill(w);
                });
            });
        });
    }

    /// The id of a call, made if the provider gave none.
    fn call_id(&self, choice: u32, call: u32, id: &str) -> String {
        match id {
            "" => call_id(&self.stamp, choice as usize, call as usize),
            id => CALL_IDS.fit(id).into_owned(),
        }
    }

    /// The published types of chunks know no custom tools (wire.md 2.5); whole answers do, and this is their form.
    fn custom_start(&self, choice: u32, call: u32, id: &str, name: &str, out: &mut BytesMut) {
        self.call(choice, call, out, |w| {
            w.str_field("id", id);
            w.str_field("type", "custom");
            w.key("custom").object(|w| {
                w.str_field("name", name);
                w.str_field("input", "");
            });
        });
    }

    fn custom_text(&self, choice: u32, call: u32, fragment: &str, out: &mut BytesMut) {
        self.call(choice, call, out, |w| w.key("custom").object(|w| w.str_field("input", fragment)));
    }

    fn call_start(&self, choice: u32, call: u32, id: &str, name: &str, proof: Option<&str>, out: &mut BytesMut) {
        self.call(choice, call, out, |w| {
            w.str_field("id", id);
            w.str_field("type", "function");
            w.key("function").object(|w| {
                w.str_field("name", name);
                w.str_field("arguments", "");
            });
            signature(w, proof);
        });
    }

    fn arguments(&self, choice: u32, call: u32, fragment: &str, out: &mut BytesMut) {
        self.call(choice, call, out, |w| {
            w.key("function").object(|w| w.str_field("arguments", fragment));
        });
    }

    /// A block that comes at once. What other dialects keep to themselves stays hidden.
    fn block(&mut self, index: u32, block: Block, out: &mut BytesMut) {
        match block {
            Block::Text(text) if text.text.is_empty() => {}
            Block::Text(text) => self.delta(index, Delta::Text(text.text), out),
            Block::Image { source, .. } => {
                self.chunk(index, None, out, |w| w.key("images").array(|w| image(w, &source)));
            }
            Block::Audio { data, .. } => {
                let stamp = &self.stamp;
                self.chunk(index, None, out, |w| w.key("audio").object(|w| audio_fields(w, &data, stamp)));
            }
            Block::Opaque { dialect: NAME, raw } if lines::kind_of(&raw).is_empty() => {
                self.chunk(index, None, out, |w| write_messages::splice_fields(w, raw.get()));
            }
            _ => {}
        }
    }

    fn finish(&mut self, index: u32, finish: Finish, out: &mut BytesMut) {
        let at = self.choice(index, out);
        let calls = std::mem::take(&mut self.choices[at].calls);
        for call in calls.iter().filter(|call| !call.has_arguments && !call.is_custom) {
            // Clients parse what they put together, and no text at all does not parse.
            self.arguments(index, call.index, "{}", out);
        }
        let finish = words::with_calls(finish, !calls.is_empty());
        self.chunk(index, Some(finish), out, |_| {});
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.closed = true;
        if self.stamp.stream_usage && self.usage.total().is_some() {
            data(out, |w| {
                self.head.write(w, "chat.completion.chunk");
                w.key("choices").array(|_| {});
                usage::write(w, &self.usage);
                usage::write_tier(w, &self.usage);
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl Choice {
    fn think(&mut self, text: &str) {
        if self.thinking.len() + text.len() <= MAX_THINKING {
            self.thinking.push_str(text);
        }
    }

    /// Something of what a call says is there; whether that is the text of a custom tool.
    fn has_arguments(&mut self, call: u32) -> bool {
        let own = self.calls.iter_mut().rev().find(|own| own.index == call);
        own.is_some_and(|own| {
            own.has_arguments = true;
            own.is_custom
        })
    }
}
