//! What a streamed answer said, put together of its events as they pass, and no longer than what is kept of it. Only
//! streams whose content is kept have one.

use std::rc::Rc;

use dialects::{Front, Stamp, StreamReader};
use types::{Answer, Block, Choice, Delta, Event, Finish, Operation, Response, Text, ToolCall, Usage};

use crate::record::Record;

/// Most answers in one stream that are told apart.
const MOST_CHOICES: usize = 16;

/// What was said so far.
pub(crate) struct Transcript {
    record: Rc<Record>,
    front: &'static dyn Front,
    operation: Operation,
    stamp: Stamp,
    /// Decodes what passes as it is.
    reader: Option<Box<dyn StreamReader>>,
    events: Vec<Event>,
    response: Response,
    /// For each answer, the calls of tools by their index in the stream, and where they are.
    calls: Vec<(u32, usize, usize)>,
    /// Bytes that may still come.
    left: usize,
    cut: bool,
}

impl Transcript {
    /// Of an answer to `record`'s call in the dialect of its caller; of which at most `bytes` are kept.
    pub fn new(
        record: Rc<Record>,
        front: &'static dyn Front,
        operation: Operation,
        stamp: Stamp,
        bytes: usize,
    ) -> Self {
        Transcript {
            record,
            front,
            operation,
            stamp,
            reader: None,
            events: Vec::new(),
            response: Response::default(),
            calls: Vec::new(),
            left: bytes,
            cut: false,
        }
    }

    /// From now on nobody else decodes events.
    pub fn go_on(&mut self, reader: Box<dyn StreamReader>) {
        self.reader = Some(reader);
    }

    /// Takes in the data of an event that nobody else decodes.
    pub fn read(&mut self, data: &[u8]) {
        let Some(reader) = self.reader.as_mut().filter(|_| !self.cut) else { return };
        // What is wrong with the stream is the business of whoever delivers it.
        self.cut |= reader.read(data, &mut self.events).is_err();
        self.take_events();
    }

    fn take_events(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        events.drain(..).for_each(|event| self.note(&event));
        self.events = events;
    }

    /// Takes in an event.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Start { id, model } => {
                self.response.id.clone_from(id);
                self.response.model.clone_from(model);
            }
            Event::Delta { choice, delta } if !self.cut => self.delta(*choice as usize, delta),
            Event::Finish { choice, finish, stop_sequence } => {
                if let Some(choice) = self.choice(*choice as usize) {
                    choice.finish = *finish;
                    choice.stop_sequence.clone_from(stop_sequence);
                }
            }
            _ => {}
        }
    }

    fn choice(&mut self, index: usize) -> Option<&mut Choice> {
        let choices = &mut self.response.choices;
        while choices.len() <= index && index < MOST_CHOICES {
            let (blocks, finish) = (Vec::new(), Finish::Stop);
            choices.push(Choice { blocks, finish, stop_sequence: None, logprobs: None });
        }
        choices.get_mut(index)
    }

    /// As much of a text as may still come.
    fn fitted<'t>(&mut self, text: &'t str) -> &'t str {
        let fitted = &text[..text.floor_char_boundary(self.left)];
        self.cut |= fitted.len() < text.len();
        self.left -= fitted.len();
        fitted
    }

    fn delta(&mut self, index: usize, delta: &Delta) {
        let bytes = match delta {
            Delta::Text(text) | Delta::Thinking(text) | Delta::Refusal(text) => self.fitted(text),
            Delta::ToolArguments { fragment, .. } => self.fitted(fragment),
            Delta::ToolStart { name, .. } | Delta::CustomStart { name, .. } => self.fitted(name),
            // Proofs, probabilities, sources and pictures are not what was said.
            _ => return,
        };
        let call = match delta {
            Delta::ToolArguments { index: call, .. } => {
                self.calls.iter().find(|(known, at, _)| (*known, *at) == (*call, index)).map(|(_, _, block)| *block)
            }
            _ => None,
        };
        let Some(choice) = self.choice(index) else { return };
        match (delta, choice.blocks.last_mut()) {
            (Delta::Text(_), Some(Block::Text(text))) => text.text.push_str(bytes),
            (Delta::Text(_), _) => choice.blocks.push(Block::Text(Text { text: bytes.to_owned(), ..Text::default() })),
            (Delta::Thinking(_), Some(Block::Thinking { text, .. })) => text.push_str(bytes),
            (Delta::Thinking(_), _) => choice.blocks.push(Block::Thinking { text: bytes.to_owned(), signature: None }),
            (Delta::Refusal(_), Some(Block::Refusal(text))) => text.push_str(bytes),
            (Delta::Refusal(_), _) => choice.blocks.push(Block::Refusal(bytes.to_owned())),
            (Delta::ToolStart { index: call, id, .. } | Delta::CustomStart { index: call, id, .. }, _) => {
                let block = choice.blocks.len();
                let (id, name, arguments) = (id.clone(), bytes.to_owned(), String::new());
                choice.blocks.push(Block::ToolCall(ToolCall { id, name, arguments, signature: None }));
                self.calls.push((*call, index, block));
            }
            (Delta::ToolArguments { .. }, _) => {
                if let Some(Block::ToolCall(call)) = call.and_then(|block| choice.blocks.get_mut(block)) {
                    call.arguments.push_str(bytes);
                }
            }
            _ => {}
        }
    }

    /// Nothing more comes: the record gets what there is.
    pub fn end(mut self, usage: Usage) {
        if let Some(mut reader) = self.reader.take() {
            reader.finish(&mut self.events);
            self.take_events();
        }
        self.response.usage = usage;
        let answer = Answer::Chat(Box::new(self.response));
        let bytes = self.front.write_answer(self.operation, &answer, &self.stamp).freeze();
        self.record.said(bytes, self.cut);
    }
}

#[cfg(test)]
mod tests;
