//! Reading streamed answers: pieces as they come, and what came in none of them from the item when it is whole.

use types::{Block, Delta, Event, Fault};

use super::answer::{self, blocks, is_call, named, one};
use super::logprobs;
use crate::StreamReader;
use crate::json::Json;
use crate::openai::{fault_said, usage_of};
use crate::upstream::{self, malformed};

/// Most calls that are followed in one answer.
const MAX_CALLS: usize = 1024;

/// Decodes one stream.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    ended: bool,
    /// Calls by the place of their item, and whether anything of their arguments came.
    calls: Vec<(u64, bool)>,
    /// The pieces of reasoning that came, so that a blank line stands between them.
    thoughts: Option<(u64, u64)>,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let data = data.trim_ascii();
        if self.ended || data == b"[DONE]" {
            return Ok(());
        }
        if data.is_empty() {
            out.push(Event::Ping);
            return Ok(());
        }
        let doc = upstream::parse(data)?;
        let root = doc.root();
        let kind = root.get("type").and_then(|kind| kind.as_string()).unwrap_or_default();
        self.event(&kind, root, out)
    }

    /// A stream that is whole says so itself.
    fn finish(&mut self, _: &mut Vec<Event>) {}
}

impl Reader {
    fn event(&mut self, kind: &str, root: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        let text = |name: &str| root.get(name).and_then(|value| value.as_string());
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => self.start(root, out),
            "response.output_item.added" => return self.added(root, out),
            "response.output_text.delta" => {
                self.say(text("delta").map(Delta::Text), out);
                self.say(logprobs::of([root].into_iter()).map(Delta::Logprobs), out);
            }
            "response.refusal.delta" => self.say(text("delta").map(Delta::Refusal), out),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => self.think(root, out),
            "response.output_text.annotation.added" => {
                let raw = root.get_some("annotation").map(|annotation| one(annotation.to_raw()));
                self.say(raw.map(Delta::Citations), out);
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.argue(root, text("delta").unwrap_or_default(), out);
            }
            "response.output_item.done" => self.done(root, out),
            "response.completed" | "response.incomplete" | "response.failed" => self.end(root, out)?,
            "error" => {
                self.ended = true;
                out.push(Event::Error(Box::new(fault_said(root))));
            }
            // What only says how far something is, or repeats what came.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, root: Json, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.started, true) {
            let said = |name: &str| root.get("response").and_then(|response| response.get(name)?.as_string());
            out.push(Event::Start { id: said("id").unwrap_or_default(), model: said("model").unwrap_or_default() });
        }
    }

    fn say(&mut self, delta: Option<Delta>, out: &mut Vec<Event>) {
        let Some(delta) = delta else { return };
        // Of a server that never says that it begins.
        if !std::mem::replace(&mut self.started, true) {
            out.push(Event::Start { id: String::new(), model: String::new() });
        }
        out.push(Event::Delta { choice: 0, delta });
    }

    /// A call is announced with its name; of everything else nothing is known yet.
    fn added(&mut self, root: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        let Some(item) = root.get_some("item") else { return Ok(()) };
        let text = |name: &str| item.get(name).and_then(|value| value.as_string());
        if !is_call(item) {
            return Ok(());
        }
        if self.calls.len() == MAX_CALLS {
            return Err(malformed("the provider's answer has more calls than anybody follows"));
        }
        let index = self.calls.len() as u32;
        self.calls.push((place(root), false));
        let (id, name) = (text("call_id").unwrap_or_default(), named(item));
        let start = match item.get("type").is_some_and(|kind| kind.is("custom_tool_call")) {
            true => Delta::CustomStart { index, id, name },
            false => Delta::ToolStart { index, id, name, signature: None },
        };
        self.say(Some(start), out);
        Ok(())
    }

    fn argue(&mut self, root: Json, fragment: String, out: &mut Vec<Event>) {
        let Some(index) = self.calls.iter().position(|(own, _)| *own == place(root)) else { return };
        self.calls[index].1 = true;
        self.say(Some(Delta::ToolArguments { index: index as u32, fragment }), out);
    }

    fn think(&mut self, root: Json, out: &mut Vec<Event>) {
        let number = |name: &str| root.get(name).and_then(|value| value.as_u64());
        let at = (place(root), number("summary_index").or_else(|| number("content_index")).unwrap_or_default());
        let text = root.get("delta").and_then(|delta| delta.as_string()).unwrap_or_default();
        let parted = self.thoughts.replace(at).is_some_and(|before| before != at);
        self.say(Some(Delta::Thinking(if parted { format!("\n\n{text}") } else { text })), out);
    }

    /// An item is whole: of calls without any pieces, and of pictures, all comes now.
    fn done(&mut self, root: Json, out: &mut Vec<Event>) {
        let Some(item) = root.get_some("item") else { return };
        let call = self.calls.iter().position(|(own, has_arguments)| *own == place(root) && !has_arguments);
        if let Some(index) = call {
            let said = item.get_some("arguments").or(item.get_some("input")).and_then(|said| said.as_string());
            let fragment = said.filter(|said| !said.is_empty());
            self.say(fragment.map(|fragment| Delta::ToolArguments { index: index as u32, fragment }), out);
            return;
        }
        for block in blocks(item) {
            match block {
                Block::Thinking { signature: Some(proof), .. } => self.say(Some(Delta::Signature(proof)), out),
                picture @ Block::Image { .. } => self.say(Some(Delta::Block(picture)), out),
                _ => {}
            }
        }
    }

    fn end(&mut self, root: Json, out: &mut Vec<Event>) -> Result<(), Fault> {
        self.ended = true;
        let response = root.get_some("response").ok_or_else(|| malformed("the provider's answer has no end"))?;
        if let Err(fault) = answer::check(response) {
            out.push(Event::Error(Box::new(fault)));
            return Ok(());
        }
        self.start(root, out);
        out.extend(usage_of(response).map(Event::Usage));
        let finish = answer::finish(response, !self.calls.is_empty());
        out.push(Event::Finish { choice: 0, finish, stop_sequence: None });
        out.push(Event::End);
        Ok(())
    }
}

/// Where the item stands that an event is about.
fn place(root: Json) -> u64 {
    root.get("output_index").and_then(|index| index.as_u64()).unwrap_or_default()
}
