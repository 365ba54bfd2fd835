//! A streamed answer of Gemini: every event is a whole answer with the newest piece in it. Nothing marks the last
//! one, and usage or a signature may come after the reason to finish: so finishes wait for the end of the
//! connection (wire.md 9C).

use std::collections::BTreeMap;

use types::{Block, Delta, Event, Fault, Finish, Raw, Usage};

use super::answer::count_searches;
use super::finish::{self, Produced};
use super::grounding::{self, Extent};
use super::part::{self, CallIds};
use super::{fault, logprobs, usage};
use crate::json::{Doc, Json};
use crate::{StreamReader, upstream};

/// Gemini gives at most 8 candidates; an index far beyond is not its format.
const MAX_CANDIDATES: u64 = 64;

/// Decodes one stream.
#[derive(Default)]
pub(super) struct Reader {
    /// Set by the first event.
    ids: Option<CallIds>,
    candidates: BTreeMap<u32, Candidate>,
    usage: Usage,
    /// The prompt, or what was made of it so far, was blocked.
    blocked: bool,
    /// A fault was reported, or the end.
    over: bool,
}

#[derive(Default)]
struct Candidate {
    calls: u32,
    produced: Produced,
    extent: Extent,
    /// The newest grounding metadata.
    grounding: Option<Raw>,
    finish: Option<Finish>,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        if self.over || data.trim_ascii().is_empty() {
            return Ok(());
        }
        let doc = upstream::parse(data)?;
        let root = fault::unwrapped(doc.root());
        if let Some(error) = root.get_some("error") {
            self.fail(fault::in_band(error), out);
            return Ok(());
        }
        let mut ids = self.ids.take().unwrap_or_else(|| start(root, out));
        let mut usage = root.get_some("usageMetadata").map(usage::read).unwrap_or_default();
        let mut result = Ok(());
        for candidate in root.get("candidates").into_iter().flat_map(|list| list.items()) {
            count_searches(candidate, &mut usage);
            result = result.and(self.candidate(candidate, &mut ids, out));
        }
        self.ids = Some(ids);
        self.blocked |= finish::is_blocked(root);
        self.report(&usage, out);
        if let Err(fault) = result {
            self.fail(fault, out);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        if self.over {
            return;
        }
        if self.blocked {
            if self.candidates.is_empty() {
                self.candidates.insert(0, Candidate::default());
            }
            for candidate in self.candidates.values_mut() {
                candidate.finish.get_or_insert(Finish::ContentFilter);
            }
        }
        let finishes: Option<Vec<_>> =
            self.candidates.iter().map(|(choice, own)| Some((*choice, own.finish?))).collect();
        let Some(finishes) = finishes.filter(|finishes| !finishes.is_empty()) else {
            return;
        };
        for (choice, candidate) in &self.candidates {
            out.extend(candidate.citations().map(|sources| delta(*choice, Delta::Citations(sources))));
        }
        out.extend(finishes.into_iter().map(|(choice, finish)| Event::Finish { choice, finish, stop_sequence: None }));
        out.push(Event::End);
        self.over = true;
    }
}

impl Reader {
    fn candidate(&mut self, candidate: Json, ids: &mut CallIds, out: &mut Vec<Event>) -> Result<(), Fault> {
        let index = match candidate.get("index").and_then(|index| index.as_u64()).unwrap_or(0) {
            index @ 0..MAX_CANDIDATES => index as u32,
            _ => {
                return Err(upstream::malformed("the provider sent more candidates than anyone asked for"));
            }
        };
        let own = self.candidates.entry(index).or_default();
        let parts = candidate.get("content").and_then(|content| content.get("parts"));
        for block in parts.into_iter().flat_map(|parts| parts.items()).filter_map(|item| part::read(item, ids)) {
            own.block(index, block, out);
        }
        out.extend(logprobs::read(candidate).map(|raw| delta(index, Delta::Logprobs(raw))));
        if let Some(grounding) = candidate.get_some("groundingMetadata") {
            own.grounding = Some(grounding.to_raw());
        }
        if let Some(finish) = finish::of_candidate(candidate, own.produced) {
            own.finish = Some(finish?);
        }
        Ok(())
    }

    /// Reports token counts that changed.
    fn report(&mut self, usage: &Usage, out: &mut Vec<Event>) {
        let before = self.usage;
        self.usage.update(usage);
        if self.usage != before {
            out.push(Event::Usage(self.usage));
        }
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.over = true;
        out.push(Event::Error(Box::new(fault)));
    }
}

impl Candidate {
    /// Emits what a part says.
    fn block(&mut self, choice: u32, block: Block, out: &mut Vec<Event>) {
        self.produced.note(&block);
        match block {
            Block::Text(mut text) => {
                self.extent.add(&text.text);
                let words = std::mem::take(&mut text.text);
                if !words.is_empty() {
                    out.push(delta(choice, Delta::Text(words)));
                }
                // There is no event for the signature of a text: it follows as an empty text that has one.
                if text.signature.is_some() {
                    out.push(delta(choice, Delta::Block(Block::Text(text))));
                }
            }
            Block::Thinking { text, .. } => out.push(delta(choice, Delta::Thinking(text))),
            Block::ToolCall(call) => {
                let index = self.calls;
                self.calls += 1;
                let begin = Delta::ToolStart { index, id: call.id, name: call.name, signature: call.signature };
                let fragment = call.arguments;
                out.push(delta(choice, begin));
                out.push(delta(choice, Delta::ToolArguments { index, fragment }));
            }
            block => out.push(delta(choice, Delta::Block(block))),
        }
    }

    fn citations(&self) -> Option<Raw> {
        let doc = Doc::parse(self.grounding.as_ref()?.get().as_bytes()).ok()?;
        grounding::annotations(doc.root(), self.extent)
    }
}

/// The first event names answer and model.
fn start(root: Json, out: &mut Vec<Event>) -> CallIds {
    let text = |name| root.get(name).and_then(|value| value.as_string()).unwrap_or_default();
    let id = text("responseId");
    let ids = CallIds::new(&id);
    out.push(Event::Start { id, model: text("modelVersion") });
    ids
}

fn delta(choice: u32, delta: Delta) -> Event {
    Event::Delta { choice, delta }
}
