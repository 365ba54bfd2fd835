//! Calls of targets that cannot be told to call a tool, but whose every word can be forced into a schema (Ollama): that
//! of the arguments, so that what the model writes is the call.

use types::{Answer, Block, Delta, Event, Fault, Finish, FunctionTool, Response, ToolCall};

use crate::json::{Doc, Writer};
use crate::upstream::malformed;

/// Most text of a call that is held back until it says which tool it calls, bytes.
const MAX_TEXT: usize = 1 << 20;

/// What the text that the target was made to write means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Forced {
    /// The arguments of this tool.
    Arguments(String),
    /// An object with a tool's `name` and its `arguments`.
    Call,
}

impl Forced {
    /// How one of `tools` is called: the schema that the answer is forced into, and what the model is told, which sees
    /// nothing of schemas. `tools` are not empty.
    pub(crate) fn of(tools: &[(&FunctionTool, impl AsRef<str>)]) -> (Self, String, String) {
        let described = |tool: &FunctionTool, schema: &str| match &tool.description {
            Some(description) => format!("`{}` ({description}), arguments: {schema}", tool.name),
            None => format!("`{}`, arguments: {schema}", tool.name),
        };
        if let [(tool, schema)] = tools {
            let schema = schema.as_ref();
            let told =
                format!("Call this function by answering with its arguments as JSON: {}", described(tool, schema));
            return (Forced::Arguments(tool.name.clone()), schema.to_owned(), told);
        }
        let schema = Writer::document(|w| {
            w.key("anyOf")
                .array(|w| tools.iter().for_each(|(tool, schema)| write_call(&tool.name, schema.as_ref(), w)));
        });
        let functions: Vec<String> = tools.iter().map(|(tool, schema)| described(tool, schema.as_ref())).collect();
        let told = format!(
            "Call one of these functions by answering with its name and arguments as JSON, such as \
             {{\"name\": ..., \"arguments\": {{...}}}}:\n{}",
            functions.join("\n")
        );
        (Forced::Call, String::from_utf8_lossy(&schema).into_owned(), told)
    }

    /// Name and arguments of the call that `text` is; `None` if it is none.
    fn read(&self, text: &str) -> Option<(String, String)> {
        let text = text.trim();
        match self {
            Forced::Arguments(name) => (!text.is_empty()).then(|| (name.clone(), text.to_owned())),
            Forced::Call => {
                let doc = Doc::parse(text.as_bytes()).ok()?;
                let name = doc.root().get_some("name")?.as_string()?;
                let arguments = doc.root().get_some("arguments").map_or("{}", |arguments| arguments.raw());
                Some((name, arguments.to_owned()))
            }
        }
    }

    /// Makes the texts of a whole answer a call, if they are one and the model called nothing by itself.
    pub(super) fn call(&self, answer: &mut Answer) {
        let Answer::Chat(response) = answer else { return };
        let Response { choices, .. } = &mut **response;
        for choice in choices {
            if choice.blocks.iter().any(|block| matches!(block, Block::ToolCall(_))) {
                continue;
            }
            let texts = choice.blocks.iter().filter_map(|block| match block {
                Block::Text(text) => Some(text.text.as_str()),
                _ => None,
            });
            let Some((name, arguments)) = self.read(&texts.collect::<String>()) else { continue };
            choice.blocks.retain(|block| !matches!(block, Block::Text(_)));
            choice.blocks.push(Block::ToolCall(ToolCall { id: String::new(), name, arguments, signature: None }));
            finish_with_call(&mut choice.finish);
        }
    }
}

fn write_call(name: &str, schema: &str, w: &mut Writer) {
    w.object(|w| {
        w.str_field("type", "object");
        w.key("properties").object(|w| {
            w.key("name").object(|w| w.str_field("const", name));
            w.key("arguments").json(schema);
        });
        w.key("required").array(|w| ["name", "arguments"].iter().for_each(|name| w.string(name)));
    });
}

/// A model that was done has called; one that met a bound has not come to the end of its call.
fn finish_with_call(finish: &mut Finish) {
    if *finish == Finish::Stop {
        *finish = Finish::ToolCalls;
    }
}

/// Makes the texts of a stream a call: such targets give one answer at a time.
pub(super) struct Calling {
    forced: Forced,
    /// What was written of a call whose tool is not known yet.
    text: String,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has been said.
    Silent,
    /// What is said is a call.
    Calls,
    /// The model called a tool by itself, or wrote what is no call: all passes.
    Passes,
}

impl Calling {
    pub(super) fn new(forced: Forced) -> Self {
        Calling { forced, text: String::new(), state: State::Silent }
    }

    /// Adds to `out` what `event` means.
    pub(super) fn turn(&mut self, event: Event, out: &mut Vec<Event>) {
        match event {
            Event::Delta { choice, delta: Delta::Text(text) } if self.state != State::Passes => {
                self.hear(choice, text, out);
            }
            Event::Delta { delta: Delta::ToolStart { .. } | Delta::ToolArguments { .. }, .. }
                if self.state == State::Calls => {}
            Event::Delta { delta: Delta::ToolStart { .. }, .. } => {
                self.state = State::Passes;
                out.push(event);
            }
            Event::Finish { choice, mut finish, stop_sequence } => {
                if self.state == State::Calls && self.ends_call(choice, out) {
                    finish_with_call(&mut finish);
                }
                out.push(Event::Finish { choice, finish, stop_sequence });
            }
            event => out.push(event),
        }
    }

    fn hear(&mut self, choice: u32, mut fragment: String, out: &mut Vec<Event>) {
        if self.state == State::Silent {
            fragment.drain(..fragment.len() - fragment.trim_start().len());
            if fragment.is_empty() {
                return;
            }
            self.state = State::Calls;
            if let Forced::Arguments(name) = &self.forced {
                out.push(start(choice, name.clone()));
            }
        }
        match self.forced {
            Forced::Arguments(_) => {
                out.push(Event::Delta { choice, delta: Delta::ToolArguments { index: 0, fragment } });
            }
            Forced::Call if self.text.len() + fragment.len() > MAX_TEXT => {
                let fault: Fault = malformed("the provider wrote a call that has no end");
                out.push(Event::Error(Box::new(fault)));
            }
            Forced::Call => self.text.push_str(&fragment),
        }
    }

    /// Tells the call that was held back; `false` if it was none, and is told as the text that it is.
    fn ends_call(&mut self, choice: u32, out: &mut Vec<Event>) -> bool {
        if self.forced != Forced::Call {
            return true;
        }
        let text = std::mem::take(&mut self.text);
        let Some((name, fragment)) = self.forced.read(&text) else {
            out.push(Event::Delta { choice, delta: Delta::Text(text) });
            return false;
        };
        out.push(start(choice, name));
        out.push(Event::Delta { choice, delta: Delta::ToolArguments { index: 0, fragment } });
        true
    }
}

fn start(choice: u32, name: String) -> Event {
    Event::Delta { choice, delta: Delta::ToolStart { index: 0, id: String::new(), name, signature: None } }
}
