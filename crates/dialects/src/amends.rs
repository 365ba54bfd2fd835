//! What an answer needs before the caller whose request was changed for a target may have it: the own names of tools,
//! the mark of the account on its proofs, and calls as they were asked for.

mod forced;
mod merged;

use std::collections::HashMap;

use types::{Answer, Block, Delta, Event, Fault, Response};

use forced::Calling;
pub(crate) use forced::Forced;
use merged::{Merging, merge};

use crate::responses::seal;
use crate::{Issuer, StreamReader};

/// What is done to the answer of one request. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amends {
    /// The caller's own name for what was sent.
    names: HashMap<String, String>,
    /// Whose mark goes on encrypted reasoning.
    issuer: Option<Issuer>,
    /// The caller takes one call at a time, and the target could not be told so: what it calls beside the first is left
    /// out. A model that still wants the others asks again when it has the result.
    one_call: bool,
    /// The caller demands a call, which the target was made to write as text.
    forced: Option<Forced>,
    /// Reasoning is for the caller a part of the text.
    merges_thinking: bool,
}

impl Amends {
    /// A tool of the caller's was sent by another name.
    pub(crate) fn renamed(&mut self, own: String, sent: String) {
        self.names.entry(sent).or_insert(own);
    }

    /// What the answer holds of encrypted reasoning is understood by this account alone.
    pub(crate) fn seal_by(&mut self, issuer: Option<Issuer>) {
        self.issuer = issuer;
    }

    /// Whether the caller gets the first call alone.
    pub(crate) fn one_call(&mut self, wanted: bool) {
        self.one_call = wanted;
    }

    /// What the target writes is a call.
    pub(crate) fn force(&mut self, forced: Forced) {
        self.forced = Some(forced);
    }

    /// Whether reasoning is a part of the text, between `<think>` and `</think>`.
    pub fn merge_thinking(&mut self, wanted: bool) {
        self.merges_thinking = wanted;
    }

    /// Amends a whole answer.
    pub fn amend(&self, answer: &mut Answer) {
        self.forced.iter().for_each(|forced| forced.call(answer));
        if let Answer::Chat(response) = answer {
            if self.one_call {
                only_first_calls(response);
            }
            if self.merges_thinking {
                merge(response);
            }
            let blocks = response.choices.iter_mut().flat_map(|choice| &mut choice.blocks);
            blocks.for_each(|block| self.amend_block(block));
        }
    }

    /// A reader of the answer's stream whose events are amended.
    pub fn amending(mut self, reader: Box<dyn StreamReader>) -> Box<dyn StreamReader> {
        if self == Amends::default() {
            return reader;
        }
        let calling = self.forced.take().map(Calling::new);
        let merging = self.merges_thinking.then(Merging::default);
        Box::new(Amending { amends: self, reader, calling, merging, first_calls: Vec::new() })
    }

    fn restore(&self, name: &mut String) {
        if let Some(own) = self.names.get(name) {
            name.clone_from(own);
        }
    }

    fn mark(&self, proof: &mut String) {
        self.issuer.iter().for_each(|issuer| seal::mark(proof, *issuer));
    }

    fn amend_block(&self, block: &mut Block) {
        match block {
            Block::ToolCall(call) => self.restore(&mut call.name),
            Block::Thinking { signature: Some(proof), .. } => self.mark(proof),
            _ => {}
        }
    }

    fn amend_event(&self, event: &mut Event) {
        match event {
            Event::Delta { delta: Delta::ToolStart { name, .. }, .. } => self.restore(name),
            Event::Delta { delta: Delta::Block(block), .. } => self.amend_block(block),
            Event::Delta { delta: Delta::Signature(proof), .. } => self.mark(proof),
            _ => {}
        }
    }
}

fn only_first_calls(response: &mut Response) {
    for choice in &mut response.choices {
        let mut has_called = false;
        choice.blocks.retain(|block| !matches!(block, Block::ToolCall(_)) || !std::mem::replace(&mut has_called, true));
    }
}

struct Amending {
    amends: Amends,
    reader: Box<dyn StreamReader>,
    /// Makes texts calls, where they are.
    calling: Option<Calling>,
    /// Makes reasoning text, where it is wanted.
    merging: Option<Merging>,
    /// The first call of each choice that has called: choice and index of the call.
    first_calls: Vec<(u32, u32)>,
}

impl Amending {
    /// Amends what was read behind the first `before` events.
    fn amend(&mut self, before: usize, out: &mut Vec<Event>) {
        if let Some(calling) = &mut self.calling {
            out.split_off(before).into_iter().for_each(|event| calling.turn(event, out));
        }
        if let Some(merging) = &mut self.merging {
            out.split_off(before).into_iter().for_each(|event| merging.turn(event, out));
        }
        if self.amends.one_call {
            let mut at = 0;
            out.retain(|event| {
                at += 1;
                at <= before || self.is_wanted(event)
            });
        }
        out[before..].iter_mut().for_each(|event| self.amends.amend_event(event));
    }

    /// Whether an event belongs to no call, or to the first one of its choice. Readers bound the number of choices.
    fn is_wanted(&mut self, event: &Event) -> bool {
        let Event::Delta { choice, delta: Delta::ToolStart { index, .. } | Delta::ToolArguments { index, .. } } = event
        else {
            return true;
        };
        match self.first_calls.iter().find(|(of, _)| of == choice) {
            Some((_, first)) => first == index,
            None => {
                self.first_calls.push((*choice, *index));
                true
            }
        }
    }
}

impl StreamReader for Amending {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let before = out.len();
        let result = self.reader.read(data, out);
        self.amend(before, out);
        result
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        let before = out.len();
        self.reader.finish(out);
        self.amend(before, out);
    }
}

#[cfg(test)]
mod tests;
