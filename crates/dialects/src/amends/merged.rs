//! Reasoning as a part of the text, between `<think>` and `</think>`: for callers that know no other place for it.

use types::{Block, Delta, Event, Response, Text};

const OPENING: &str = "<think>";
const CLOSING: &str = "</think>";

/// Makes the reasoning of a whole answer the beginning of its text. Proofs of it are left out: nobody gives them back.
pub(super) fn merge(response: &mut Response) {
    for choice in &mut response.choices {
        let mut thought = String::new();
        choice.blocks.retain(|block| match block {
            Block::Thinking { text, .. } => {
                thought.push_str(text);
                false
            }
            Block::RedactedThinking { .. } => false,
            _ => true,
        });
        if thought.is_empty() {
            continue;
        }
        let thought = format!("{OPENING}{thought}{CLOSING}");
        match choice.blocks.first_mut() {
            Some(Block::Text(first)) => first.text.insert_str(0, &thought),
            _ => choice.blocks.insert(0, Block::Text(Text { text: thought, ..Text::default() })),
        }
    }
}

/// The same for a stream.
#[derive(Default)]
pub(super) struct Merging {
    /// Those that are reasoning. Readers bound how many there are.
    thinking: Vec<u32>,
}

impl Merging {
    /// Adds to `out` what `event` becomes.
    pub(super) fn turn(&mut self, event: Event, out: &mut Vec<Event>) {
        let (Event::Delta { choice, .. } | Event::Finish { choice, .. }) = event else { return out.push(event) };
        let was_thinking = self.thinking.contains(&choice);
        let say = |text| Event::Delta { choice, delta: Delta::Text(text) };
        match event {
            Event::Delta { delta: Delta::Thinking(text) | Delta::Text(text), .. } if text.is_empty() => {}
            Event::Delta { delta: Delta::Thinking(text), .. } if was_thinking => out.push(say(text)),
            Event::Delta { delta: Delta::Thinking(text), .. } => {
                self.thinking.push(choice);
                out.push(say(format!("{OPENING}{text}")));
            }
            Event::Delta { delta: Delta::Signature(_) | Delta::RedactedThinking(_), .. } => {}
            event => {
                if was_thinking {
                    self.thinking.retain(|one| *one != choice);
                    out.push(say(CLOSING.to_owned()));
                }
                out.push(event);
            }
        }
    }
}
