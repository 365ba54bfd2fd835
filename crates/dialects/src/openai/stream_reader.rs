//! Reading streamed answers, chunk by chunk, into events in the order that [`Event`] promises.
//!
//! Finishes are held back until the stream ends: some servers repeat the finish word on every chunk or send
//! content behind it, and the calls that turn "stop" into "tool_calls" may come late.

use types::{Block, Delta, Event, Fault, Usage};

use super::answer::{content_part, failed, images, malformed, matched_stop};
use super::call_reader::Calls;
use super::words::{self, Ending};
use super::{assistant, faults, messages, usage};
use crate::StreamReader;
use crate::json::{Doc, Json, Kind};

/// Most answers that are followed in one stream.
const MAX_CHOICES: usize = 256;

/// Decodes one stream.
#[derive(Default)]
pub(super) struct Reader {
    id: String,
    model: String,
    started: bool,
    ended: bool,
    choices: Vec<Choice>,
    /// What is known of the price, and what of it was passed on.
    usage: Usage,
    told: Usage,
}

/// One of the answers.
#[derive(Default)]
struct Choice {
    index: u32,
    calls: Calls,
    /// The finish word and the stop sequence that was met.
    finish: Option<(String, Option<String>)>,
    /// Whether reasoning text came since the last signature.
    has_open_thinking: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let data = data.trim_ascii();
        if self.ended {
            return Ok(());
        }
        if data.is_empty() {
            out.push(Event::Ping);
            return Ok(());
        }
        if data == b"[DONE]" {
            return self.done(out);
        }
        let doc = Doc::parse_answer(data).map_err(|_| malformed("contains a chunk that is not JSON"))?;
        self.chunk(doc.root(), out)
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        let is_complete = !self.choices.is_empty() && self.choices.iter().all(|choice| choice.finish.is_some());
        if !self.ended && is_complete {
            self.end(out);
        }
    }
}

impl Reader {
    fn chunk(&mut self, chunk: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        if chunk.kind() != Kind::Object {
            return Err(malformed("contains a chunk that is no object"));
        }
        if let Some(fault) = faults::within(chunk) {
            self.fail(fault, out);
            return Ok(());
        }
        take_once(&mut self.id, chunk.get("id"));
        take_once(&mut self.model, chunk.get("model"));
        let choices = chunk.get("choices").into_iter().flat_map(|list| list.items());
        for (position, item) in choices.enumerate() {
            self.start(out);
            self.choice(position, item, out)?;
            if self.ended {
                return Ok(());
            }
        }
        self.usage(chunk, out);
        Ok(())
    }

    /// The first chunk that says anything starts the answer: Azure sends one without id and model before.
    fn start(&mut self, out: &mut Vec<Event>) {
        if !self.started {
            self.started = true;
            out.push(Event::Start { id: self.id.clone(), model: self.model.clone() });
        }
    }

    /// Some servers repeat the counts on every chunk: only news are passed on. A chunk that only names the tier, as
    /// they all may, starts no answer.
    fn usage(&mut self, chunk: Json, out: &mut Vec<Event>) {
        let Some(said) = usage::read_of(chunk) else { return };
        self.usage.update(&said);
        if said.total().is_some() {
            self.start(out);
        }
        if self.started && self.told != self.usage {
            self.told = self.usage;
            out.push(Event::Usage(self.usage));
        }
    }

    fn choice(&mut self, position: usize, item: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        let index = item.get("index").and_then(|index| index.as_u64()).unwrap_or(position as u64);
        let index = u32::try_from(index).map_err(|_| malformed("contains a chunk with an absurd index"))?;
        let choice = self.choice_at(index)?;
        let mut deltas = Vec::new();
        let delta = item.get_some("delta").or_else(|| item.get_some("message"));
        match (delta, item.get("text")) {
            (Some(delta), _) => choice.delta(delta, &mut deltas)?,
            (None, Some(text)) => deltas.extend(text.as_string().map(Delta::Text)),
            (None, None) => {}
        }
        deltas.retain(|delta| !matches!(delta, Delta::Text(text) if text.is_empty()));
        deltas.extend(item.get_some("logprobs").map(|logprobs| Delta::Logprobs(logprobs.to_raw())));
        out.extend(deltas.into_iter().map(|delta| Event::Delta { choice: index, delta }));
        let word = item.get("finish_reason").and_then(|word| word.as_str()).unwrap_or_default();
        if word.is_empty() {
            return Ok(());
        }
        match words::ending(&word, false) {
            Ending::Done(_) => choice.finish = Some((word.into_owned(), matched_stop(item))),
            Ending::Failed => self.fail(failed(item, &word), out),
        }
        Ok(())
    }

    fn choice_at(&mut self, index: u32) -> Result<&mut Choice, Fault> {
        let known = self.choices.iter().position(|choice| choice.index == index);
        let at = match known {
            Some(at) => at,
            None if self.choices.len() == MAX_CHOICES => {
                return Err(malformed("has more choices than anybody asks for"));
            }
            None => {
                self.choices.push(Choice { index, ..Choice::default() });
                self.choices.len() - 1
            }
        };
        Ok(&mut self.choices[at])
    }

    fn done(&mut self, out: &mut Vec<Event>) -> Result<(), Fault> {
        if self.choices.is_empty() {
            return Err(malformed("ended before it began"));
        }
        self.end(out);
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        self.ended = true;
        for choice in &mut self.choices {
            choice.end(out);
        }
        out.push(Event::End);
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.ended = true;
        out.push(Event::Error(Box::new(fault)));
    }
}

impl Choice {
    fn delta(&mut self, delta: Json, out: &mut Vec<Delta>) -> Result<(), Fault> {
        self.thinking(delta, out);
        for part in delta.get_some("content").into_iter().flat_map(|content| content.one_or_many()) {
            self.content(part, out);
        }
        let refusal = delta.get("refusal").and_then(|refusal| refusal.as_string());
        out.extend(refusal.filter(|text| !text.is_empty()).map(Delta::Refusal));
        out.extend(images(delta).into_iter().map(Delta::Block));
        out.extend(delta.get_some("audio").map(messages::spoken).map(Delta::Block));
        out.extend(assistant::annotations(delta).map(Delta::Citations));
        self.calls.read(delta, out)
    }

    fn thinking(&mut self, delta: Json, out: &mut Vec<Delta>) {
        if let Some(text) = assistant::reasoning_text(delta) {
            self.has_open_thinking = true;
            out.push(Delta::Thinking(text));
        }
        for block in assistant::signed_blocks(delta) {
            self.signed(block, out);
        }
    }

    /// A block with its proof. Its text usually came before, as plain reasoning.
    fn signed(&mut self, block: Block, out: &mut Vec<Delta>) {
        match block {
            Block::Thinking { text, signature } => {
                if !self.has_open_thinking && !text.is_empty() {
                    self.has_open_thinking = signature.is_none();
                    out.push(Delta::Thinking(text));
                }
                if let Some(signature) = signature {
                    self.has_open_thinking = false;
                    out.push(Delta::Signature(signature));
                }
            }
            Block::RedactedThinking { data } => out.push(Delta::RedactedThinking(data)),
            _ => {}
        }
    }

    fn content(&mut self, part: Json, out: &mut Vec<Delta>) {
        match content_part(part) {
            Some(Block::Text(text)) => out.push(Delta::Text(text.text)),
            Some(Block::Refusal(text)) => out.push(Delta::Refusal(text)),
            Some(block @ Block::Thinking { .. }) => self.signed(block, out),
            Some(block) => out.push(Delta::Block(block)),
            None => {}
        }
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        let mut deltas = Vec::new();
        self.calls.end(&mut deltas);
        out.extend(deltas.into_iter().map(|delta| Event::Delta { choice: self.index, delta }));
        let (word, stop_sequence) = self.finish.take().unwrap_or_default();
        // Failures were reported when their word came.
        if let Ending::Done(finish) = words::ending(&word, self.calls.any()) {
            out.push(Event::Finish { choice: self.index, finish, stop_sequence });
        }
    }
}

/// Takes over the first value that is not empty.
fn take_once(slot: &mut String, value: Option<Json>) {
    if slot.is_empty()
        && let Some(text) = value.and_then(|value| value.as_string())
    {
        *slot = text;
    }
}
