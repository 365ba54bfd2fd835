//! Encoding a stream for a caller (wire.md 9B).
//!
//! Anthropic's blocks come strictly one after the other, while other providers let calls overlap: a call that
//! begins before the arguments of the one before are complete waits, and so does everything behind it.

use std::collections::VecDeque;

use bytes::BytesMut;
use types::{Block, Delta, Event, Finish, Usage};

use super::part::{Arguments, Fragment, Part, event};
use crate::anthropic::{answer, citations, faults, ids, usage, words};
use crate::{Stamp, StreamWriter};

/// Most bytes that wait. Beyond it blocks are closed as they are: only a stream that never completes its first
/// call gets there.
const MAX_WAITING: usize = 16 << 20;

/// What a waiting block is reckoned to cost beside its content; bounds their number, for they are searched.
const BLOCK_COST: usize = 64 << 10;

/// State of one stream.
pub(in crate::anthropic) struct Writer {
    stamp: Stamp,
    started: bool,
    ended: bool,
    /// Index of the open block, or of the next one.
    index: usize,
    open: Option<Part>,
    /// Blocks behind an open call whose arguments are not complete.
    waiting: VecDeque<(Part, Vec<Fragment>)>,
    waiting_bytes: usize,
    has_calls: bool,
    usage: Usage,
    finish: Finish,
    stop_sequence: Option<String>,
}

impl StreamWriter for Writer {
    fn write(&mut self, event: Event, out: &mut BytesMut) {
        if self.ended {
            return;
        }
        match event {
            Event::Start { id, model } => self.start(&id, &model, out),
            Event::Delta { choice: 0, delta } => {
                self.start("", "", out);
                self.delta(delta, out);
            }
            Event::Usage(usage) => self.usage.update(&usage),
            Event::Finish { choice: 0, finish, stop_sequence } => {
                self.flush(out);
                (self.finish, self.stop_sequence) = (finish, stop_sequence);
            }
            // There is room for one answer only.
            Event::Delta { .. } | Event::Finish { .. } => {}
            Event::Ping => super::part::event(out, "ping", |_| {}),
            Event::End => self.end(out),
            Event::Error(fault) => {
                self.ended = true;
                faults::write_event(&fault, out);
            }
        }
    }
}

impl Writer {
    /// Begins a stream.
    pub(in crate::anthropic) fn new(stamp: Stamp) -> Self {
        Writer {
            stamp,
            started: false,
            ended: false,
            index: 0,
            open: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            has_calls: false,
            usage: Usage::default(),
            finish: Finish::Stop,
            stop_sequence: None,
        }
    }

    fn start(&mut self, id: &str, model: &str, out: &mut BytesMut) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        event(out, "message_start", |w| {
            w.key("message").object(|w| {
                answer::head(id, model, &self.stamp, w);
                w.key("content").array(|_| {});
                w.key("stop_reason").null();
                w.key("stop_sequence").null();
                w.key("usage").object(|w| usage::write(w, &self.usage, self.stamp.input_estimate));
            });
        });
    }

    fn delta(&mut self, delta: Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) | Delta::Refusal(text) => self.add(Fragment::Text(text), out),
            Delta::Thinking(text) => self.add(Fragment::Thinking(text), out),
            Delta::Signature(text) => self.add(Fragment::Signature(text), out),
            Delta::RedactedThinking(data) => self.place(Part::Whole(Block::RedactedThinking { data }), out),
            Delta::ToolStart { index, id, name, signature } => {
                let id = self.id_of(id, index as usize);
                let id = ids::with_signature(&ids::CALL_IDS.fit(&id), signature.as_deref());
                self.has_calls = true;
                self.place(Part::Tool { call: index, id, name, arguments: Arguments::default() }, out);
            }
            Delta::CustomStart { index, id, name } => {
                self.delta(Delta::ToolStart { index, id, name, signature: None }, out);
            }
            Delta::ToolArguments { index, fragment } => {
                self.add(Fragment::Arguments { call: index, json: fragment }, out)
            }
            Delta::Citations(annotations) => {
                for citation in citations::from_annotations(&annotations) {
                    self.add(Fragment::Citation(citation), out);
                }
            }
            Delta::Block(block) if answer::has_word(&block) => self.whole(block, out),
            Delta::Block(_) | Delta::Logprobs(_) => {}
        }
    }

    fn whole(&mut self, mut block: Block, out: &mut BytesMut) {
        if let Block::ToolCall(call) = &mut block {
            self.has_calls = true;
            call.id = self.id_of(std::mem::take(&mut call.id), self.index + self.waiting.len());
        }
        self.place(Part::Whole(block), out);
    }

    /// The id of a call, made here if the provider gave none.
    fn id_of(&self, id: String, number: usize) -> String {
        if id.is_empty() { answer::made_id(&self.stamp, number) } else { id }
    }

    /// Adds a fragment to the block it belongs to, which may have to be begun. A fragment of a block that is
    /// closed has nowhere to go.
    fn add(&mut self, fragment: Fragment, out: &mut BytesMut) {
        if fragment.len() == 0 {
            return;
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.takes(&fragment)) {
            open.note(&fragment);
            fragment.write(self.index, out);
            self.advance(out);
        } else if let Some((part, fragments)) = waiting_for(&mut self.waiting, &fragment) {
            part.note(&fragment);
            self.waiting_bytes += fragment.len();
            fragments.push(fragment);
            self.bound(out);
        } else if let Some(part) = fragment.opens() {
            self.place(part, out);
            self.add(fragment, out);
        }
    }

    /// Begins a block, now or when the open one is complete.
    fn place(&mut self, part: Part, out: &mut BytesMut) {
        if self.open.as_ref().is_none_or(Part::may_close) {
            self.open_block(part, out);
        } else {
            self.waiting.push_back((part, Vec::new()));
            self.waiting_bytes += BLOCK_COST;
            self.bound(out);
        }
    }

    fn open_block(&mut self, part: Part, out: &mut BytesMut) {
        self.close_block(out);
        part.write_start(self.index, out);
        self.open = Some(part);
    }

    fn close_block(&mut self, out: &mut BytesMut) {
        if let Some(part) = self.open.take() {
            part.write_stop(self.index, out);
            self.index += 1;
        }
    }

    /// Lets waiting blocks out as long as the open one is complete.
    fn advance(&mut self, out: &mut BytesMut) {
        while !self.waiting.is_empty() && self.open.as_ref().is_none_or(Part::may_close) {
            self.open_next(out);
        }
    }

    fn open_next(&mut self, out: &mut BytesMut) {
        let Some((part, fragments)) = self.waiting.pop_front() else {
            return;
        };
        self.open_block(part, out);
        for fragment in &fragments {
            fragment.write(self.index, out);
            self.waiting_bytes -= fragment.len();
        }
        self.waiting_bytes -= BLOCK_COST;
    }

    /// Closes everything.
    fn flush(&mut self, out: &mut BytesMut) {
        while !self.waiting.is_empty() {
            self.open_next(out);
        }
        self.close_block(out);
    }

    fn bound(&mut self, out: &mut BytesMut) {
        if self.waiting_bytes > MAX_WAITING {
            self.flush(out);
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.start("", "", out);
        self.flush(out);
        let stop_sequence = self.stop_sequence.as_deref();
        event(out, "message_delta", |w| {
            w.key("delta").object(|w| {
                w.str_field("stop_reason", words::stop_reason(self.finish, stop_sequence, self.has_calls));
                match stop_sequence {
                    Some(sequence) => w.str_field("stop_sequence", sequence),
                    None => w.key("stop_sequence").null(),
                }
            });
            w.key("usage").object(|w| usage::write(w, &self.usage, self.stamp.input_estimate));
        });
        event(out, "message_stop", |_| {});
        self.ended = true;
    }
}

/// The waiting block that `fragment` belongs to. Calls are known by their index; text and thinking only go on
/// where they stopped.
fn waiting_for<'w>(
    waiting: &'w mut VecDeque<(Part, Vec<Fragment>)>,
    fragment: &Fragment,
) -> Option<&'w mut (Part, Vec<Fragment>)> {
    match fragment {
        Fragment::Arguments { .. } => waiting.iter_mut().find(|(part, _)| part.takes(fragment)),
        _ => waiting.back_mut().filter(|(part, _)| part.takes(fragment)),
    }
}
