//! Streamed answers (wire.md 8.7 G): each item is announced, grows, and is shown once more when it is whole; so is the
//! answer. Texts are items of their own as soon as something else comes; calls stay open until the end, for their
//! arguments may come in any order.

use bytes::{BufMut, BytesMut};
use types::{Block, Delta, Event, Fault, FaultKind, Finish, Raw, Side, Source, Usage};

use super::fault;
use super::input::custom_input;
use super::output::{
    Body, Item, Kind, Part, Progress, Status, annotations, carried, item_id, redacted, summary, tokens, whole,
};
use super::tools::{Form, Offered};
use crate::json::Writer;
use crate::openai::proofs;
use crate::{Stamp, StreamWriter};

/// Bytes of an answer that its end can repeat. No model writes as much: it would have taken hours.
const MOST_REPEATED: usize = 8 << 20;

/// Appends an event.
pub(super) fn event(out: &mut BytesMut, kind: &str, fill: impl FnOnce(&mut Writer)) {
    out.put_slice(b"event: ");
    out.put_slice(kind.as_bytes());
    out.put_slice(b"\ndata: ");
    let start = out.len();
    Writer::new(out).object(|w| {
        w.str_field("type", kind);
        fill(w);
    });
    // Raw values may hold line breaks, which would end the event.
    out[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    out.put_slice(b"\n\n");
}

/// Encodes one stream.
pub(super) struct Events {
    stamp: Stamp,
    offered: Offered,
    model: String,
    items: Vec<Item>,
    /// Whether the last item is a message or a piece of reasoning that goes on.
    grows: bool,
    /// Indexes of calls among the model's, and where they stand among the items.
    calls: Vec<(u32, usize)>,
    usage: Usage,
    finish: Finish,
    number: u64,
    /// Bytes that the end must repeat.
    kept: usize,
    begun: bool,
    /// What became of it, once that is told.
    closed: Option<Status>,
}

impl Events {
    pub(super) fn new(stamp: Stamp) -> Self {
        let offered = Offered::of(stamp.echo.as_deref().unwrap_or_default());
        let (model, items, grows, calls, usage, finish) = Default::default();
        let (number, kept, begun, closed) = Default::default();
        Events { stamp, offered, model, items, grows, calls, usage, finish, number, kept, begun, closed }
    }

    fn say(&mut self, kind: &str, out: &mut BytesMut, fill: impl FnOnce(&mut Writer)) {
        let number = self.number;
        self.number += 1;
        event(out, kind, |w| {
            w.num_field("sequence_number", number);
            fill(w);
        });
    }

    /// Shows the answer as it is.
    fn show(&mut self, kind: &str, status: Status, fault: Option<&Fault>, out: &mut BytesMut) {
        let object = self.object(status, &[], fault);
        self.say(kind, out, |w| w.key("response").json(&String::from_utf8_lossy(&object)));
    }

    /// The answer as it is.
    fn object(&self, status: Status, cut: &[usize], fault: Option<&Fault>) -> BytesMut {
        let body = Body {
            stamp: &self.stamp,
            offered: &self.offered,
            model: &self.model,
            status,
            items: &self.items,
            cut,
            usage: &self.usage,
            fault,
        };
        Writer::document(|w| body.write(w))
    }

    fn begin(&mut self, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.begun, true) {
            self.show("response.created", Status::InProgress, None, out);
            self.show("response.in_progress", Status::InProgress, None, out);
        }
    }

    /// Shows an item, whole or at its beginning.
    fn show_item(&mut self, index: usize, over: bool, out: &mut BytesMut) {
        let (kind, progress) = match over {
            true => ("response.output_item.done", Progress::Over),
            false => ("response.output_item.added", Progress::Begun),
        };
        let object = Writer::document(|w| self.items[index].write(w, progress, &self.offered));
        self.say(kind, out, |w| {
            w.num_field("output_index", index);
            w.key("item").json(&String::from_utf8_lossy(&object));
        });
    }

    fn open(&mut self, kind: Kind, out: &mut BytesMut) -> usize {
        self.close(out);
        let index = self.items.len();
        self.grows = !matches!(kind, Kind::Call { .. } | Kind::Picture { .. });
        self.items.push(Item { id: item_id(&kind, &self.stamp, index), kind });
        self.show_item(index, false, out);
        index
    }

    /// Says something of the item at `index`.
    fn of_item(&mut self, kind: &str, index: usize, out: &mut BytesMut, fill: impl FnOnce(&mut Writer)) {
        let number = self.number;
        self.number += 1;
        event(out, kind, |w| {
            w.num_field("sequence_number", number);
            w.str_field("item_id", &self.items[index].id);
            w.num_field("output_index", index);
            fill(w);
        });
    }

    /// Shows the part that a message ends in, whole or at its beginning.
    fn show_part(&mut self, index: usize, over: bool, out: &mut BytesMut) {
        let Kind::Message(parts) = &self.items[index].kind else { return };
        let Some(part) = parts.last() else { return };
        let at = parts.len() - 1;
        let mut object = BytesMut::new();
        Writer::new(&mut object).object(|w| part.write(w, over));
        let kind = if over { "response.content_part.done" } else { "response.content_part.added" };
        self.of_item(kind, index, out, |w| {
            w.num_field("content_index", at);
            w.key("part").json(&String::from_utf8_lossy(&object));
        });
    }

    /// The message that is being written, ending in a part like `fresh`.
    fn message(&mut self, fresh: Part, out: &mut BytesMut) -> usize {
        let same = |part: &Part| std::mem::discriminant(part) == std::mem::discriminant(&fresh);
        let index = match self.items.last().map(|item| &item.kind) {
            Some(Kind::Message(parts)) if self.grows && parts.last().is_some_and(same) => return self.items.len() - 1,
            Some(Kind::Message(_)) if self.grows => {
                self.close_part(self.items.len() - 1, out);
                self.items.len() - 1
            }
            _ => self.open(Kind::Message(Vec::new()), out),
        };
        if let Kind::Message(parts) = &mut self.items[index].kind {
            parts.push(fresh);
        }
        self.show_part(index, false, out);
        index
    }

    fn text(&mut self, more: &str, out: &mut BytesMut) {
        let index = self.message(Part::text(), out);
        let mut at = 0;
        if let Kind::Message(parts) = &mut self.items[index].kind {
            at = parts.len() - 1;
            if let Some(Part::Text { text, .. }) = parts.last_mut() {
                text.push_str(more);
            }
        }
        self.of_item("response.output_text.delta", index, out, |w| {
            w.num_field("content_index", at);
            w.str_field("delta", more);
            w.key("logprobs").array(|_| {});
        });
    }

    fn refusal(&mut self, more: &str, out: &mut BytesMut) {
        let index = self.message(Part::Refusal(String::new()), out);
        let mut at = 0;
        if let Kind::Message(parts) = &mut self.items[index].kind {
            at = parts.len() - 1;
            if let Some(Part::Refusal(text)) = parts.last_mut() {
                text.push_str(more);
            }
        }
        self.of_item("response.refusal.delta", index, out, |w| {
            w.num_field("content_index", at);
            w.str_field("delta", more);
        });
    }

    /// The reasoning that is being written.
    fn reasoning(&mut self, out: &mut BytesMut) -> usize {
        match self.items.last().map(|item| &item.kind) {
            Some(Kind::Reasoning { seal: None, .. }) if self.grows => self.items.len() - 1,
            _ => self.open(Kind::Reasoning { text: String::new(), seal: None }, out),
        }
    }

    fn think(&mut self, more: &str, out: &mut BytesMut) {
        let index = self.reasoning(out);
        let mut is_first = false;
        if let Kind::Reasoning { text, .. } = &mut self.items[index].kind {
            is_first = text.is_empty();
            text.push_str(more);
        }
        if is_first {
            self.of_item("response.reasoning_summary_part.added", index, out, |w| {
                w.num_field("summary_index", 0);
                w.key("part").object(|w| summary(w, ""));
            });
        }
        self.of_item("response.reasoning_summary_text.delta", index, out, |w| {
            w.num_field("summary_index", 0);
            w.str_field("delta", more);
        });
    }

    fn seal(&mut self, proof: String, out: &mut BytesMut) {
        let index = self.reasoning(out);
        if let Kind::Reasoning { seal, .. } = &mut self.items[index].kind {
            *seal = Some(proof);
        }
    }

    fn cite(&mut self, more: Vec<Raw>, out: &mut BytesMut) {
        for raw in more {
            let index = self.message(Part::text(), out);
            let (mut at, mut number) = (0, 0);
            if let Kind::Message(parts) = &mut self.items[index].kind {
                at = parts.len() - 1;
                if let Some(Part::Text { annotations, .. }) = parts.last_mut() {
                    number = annotations.len();
                    annotations.push(raw.clone());
                }
            }
            self.of_item("response.output_text.annotation.added", index, out, |w| {
                w.num_field("content_index", at);
                w.num_field("annotation_index", number);
                w.key("annotation").raw(&raw);
            });
        }
    }

    fn argue(&mut self, call: u32, fragment: &str, out: &mut BytesMut) {
        let Some((_, index)) = self.calls.iter().rev().find(|(own, _)| *own == call).copied() else { return };
        let Kind::Call { name, arguments, .. } = &mut self.items[index].kind else { return };
        arguments.push_str(fragment);
        // The text of a tool that takes nothing else is known when all of it is there; and so is what a built-in one is to do.
        if self.offered.form_of(name) != Form::Function {
            return;
        }
        self.of_item("response.function_call_arguments.delta", index, out, |w| w.str_field("delta", fragment));
    }

    fn delta(&mut self, delta: Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) | Delta::Thinking(text) | Delta::Refusal(text) if text.is_empty() => {}
            Delta::Text(text) => self.text(&text, out),
            Delta::Refusal(text) => self.refusal(&text, out),
            Delta::Thinking(text) => self.think(&text, out),
            Delta::Signature(proof) => self.seal(proofs::marked(&proof), out),
            Delta::RedactedThinking(data) => {
                self.open(Kind::Reasoning { text: String::new(), seal: None }, out);
                self.seal(redacted(&data), out);
            }
            Delta::CustomStart { index, id, name } => {
                self.delta(Delta::ToolStart { index, id, name, signature: None }, out);
            }
            Delta::ToolStart { index, id, name, signature } => {
                let call_id = carried(&id, signature.as_deref(), &self.stamp, self.calls.len());
                let at = self.open(Kind::Call { call_id, name, arguments: String::new() }, out);
                self.calls.push((index, at));
            }
            Delta::ToolArguments { index, fragment } => self.argue(index, &fragment, out),
            Delta::Citations(raw) => self.cite(annotations(&raw), out),
            Delta::Logprobs(raw) => {
                if let Some(Kind::Message(parts)) = self.items.last_mut().map(|item| &mut item.kind)
                    && let Some(Part::Text { logprobs, .. }) = parts.last_mut()
                {
                    logprobs.extend(tokens(&raw));
                }
            }
            Delta::Block(Block::Image { source: Source::Base64 { data, .. }, .. }) => {
                let index = self.open(Kind::Picture { data }, out);
                self.show_item(index, true, out);
            }
            Delta::Block(_) => {}
        }
    }

    fn close_part(&mut self, index: usize, out: &mut BytesMut) {
        let Kind::Message(parts) = &self.items[index].kind else { return };
        let at = parts.len().saturating_sub(1);
        let (kind, name, said, tokens) = match parts.last() {
            Some(Part::Text { text, logprobs, .. }) => {
                ("response.output_text.done", "text", text.clone(), logprobs.clone())
            }
            Some(Part::Refusal(text)) => ("response.refusal.done", "refusal", text.clone(), Vec::new()),
            None => return,
        };
        self.of_item(kind, index, out, |w| {
            w.num_field("content_index", at);
            w.str_field(name, &said);
            if name == "text" {
                w.key("logprobs").array(|w| tokens.iter().for_each(|token| w.raw(token)));
            }
        });
        self.show_part(index, true, out);
    }

    /// Ends the item that is being written, unless it is a call.
    fn close(&mut self, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.grows, false) {
            return;
        }
        let index = self.items.len() - 1;
        match &self.items[index].kind {
            Kind::Reasoning { text, .. } if !text.is_empty() => {
                let text = text.clone();
                self.of_item("response.reasoning_summary_text.done", index, out, |w| {
                    w.num_field("summary_index", 0);
                    w.str_field("text", &text);
                });
                self.of_item("response.reasoning_summary_part.done", index, out, |w| {
                    w.num_field("summary_index", 0);
                    w.key("part").object(|w| summary(w, &text));
                });
            }
            _ => self.close_part(index, out),
        }
        self.show_item(index, true, out);
    }

    fn close_calls(&mut self, out: &mut BytesMut) {
        for (_, index) in std::mem::take(&mut self.calls) {
            let Kind::Call { name, arguments, .. } = &self.items[index].kind else { continue };
            let form = self.offered.form_of(name);
            if form == Form::Custom {
                let input = custom_input(arguments);
                self.of_item("response.custom_tool_call_input.delta", index, out, |w| w.str_field("delta", &input));
                self.of_item("response.custom_tool_call_input.done", index, out, |w| w.str_field("input", &input));
            } else if form == Form::Function {
                let (name, arguments) = (name.clone(), whole(arguments).to_owned());
                self.of_item("response.function_call_arguments.done", index, out, |w| {
                    w.str_field("name", &name);
                    w.str_field("arguments", &arguments);
                });
            }
            self.show_item(index, true, out);
        }
    }

    /// The answer is more than can be repeated.
    fn give_up(&mut self, out: &mut BytesMut) {
        let message = format!("the answer has more than {MOST_REPEATED} bytes, which cannot be repeated at its end");
        let fault = Fault::new(FaultKind::TooLarge, Side::Gateway, message);
        self.items.clear();
        self.calls.clear();
        self.grows = false;
        self.end(Status::Failed, Some(&fault), out);
    }

    fn end(&mut self, status: Status, fault: Option<&Fault>, out: &mut BytesMut) {
        self.begin(out);
        self.close(out);
        self.close_calls(out);
        self.closed = Some(status);
        self.show(status.event(), status, fault, out);
    }
}

/// Bytes of what an item keeps of a piece.
fn size(delta: &Delta) -> usize {
    match delta {
        Delta::Text(text) | Delta::Thinking(text) | Delta::Refusal(text) => text.len(),
        Delta::Signature(proof) | Delta::RedactedThinking(proof) => proof.len(),
        Delta::ToolStart { id, name, signature, .. } => {
            id.len() + name.len() + signature.as_ref().map_or(0, String::len)
        }
        Delta::CustomStart { id, name, .. } => id.len() + name.len(),
        Delta::ToolArguments { fragment, .. } => fragment.len(),
        Delta::Logprobs(raw) | Delta::Citations(raw) => raw.get().len(),
        Delta::Block(Block::Image { source: Source::Base64 { data, .. }, .. }) => data.len(),
        Delta::Block(_) => 0,
    }
}

impl StreamWriter for Events {
    fn write(&mut self, event: Event, out: &mut BytesMut) {
        if self.closed.is_some() {
            return;
        }
        match event {
            Event::Start { model, .. } => {
                self.model = model;
                self.begin(out);
            }
            // This dialect knows one answer.
            Event::Delta { choice: 0, delta } => {
                self.begin(out);
                self.kept += size(&delta);
                match self.kept > MOST_REPEATED {
                    true => self.give_up(out),
                    false => self.delta(delta, out),
                }
            }
            Event::Finish { choice: 0, finish, .. } => self.finish = finish,
            Event::Delta { .. } | Event::Finish { .. } | Event::Ping => {}
            Event::Usage(usage) => self.usage.update(&usage),
            Event::End => self.end(Status::Over(self.finish), None, out),
            Event::Error(fault) => match self.begun {
                true => self.end(Status::Failed, Some(&fault), out),
                false => {
                    self.closed = Some(Status::Failed);
                    fault::write_event(&fault, out);
                }
            },
        }
    }

    /// One whose end was written was made, whether its caller got it or not.
    fn given_up(&self) -> Option<BytesMut> {
        let status = self.closed.unwrap_or(Status::Cancelled);
        let open =
            self.calls.iter().map(|(_, index)| *index).chain(self.items.len().checked_sub(1).filter(|_| self.grows));
        let cut: Vec<usize> = open.collect();
        (self.begun && status != Status::Failed).then(|| self.object(status, &cut, None))
    }
}
