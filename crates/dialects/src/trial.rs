//! What the tests of several backs need: short ways to say a conversation, and streams cut wherever they can be.

use bytes::Bytes;
use serde_json::Value;
use types::{
    Block, Chat, Event, Fault, FunctionTool, Message, ModelFacts, Operation, Raw, Request, Role, Source, Tool,
    ToolCall, ToolResult,
};

use crate::sse::{Splitter, data, events as events_in};
use crate::{Back, Issuer, Outgoing, Quirks, Target};

/// A model that a request goes to.
#[derive(Clone, Default)]
pub struct Upstream {
    pub model: String,
    pub facts: ModelFacts,
    pub quirks: Quirks,
    pub drop_params: bool,
    pub num_ctx: Option<u32>,
    pub issuer: Option<Issuer>,
}

impl Upstream {
    pub fn new(model: &str) -> Self {
        Upstream { model: model.to_owned(), ..Upstream::default() }
    }

    /// The same, where what the target cannot honour is dropped.
    pub fn dropping(mut self) -> Self {
        self.drop_params = true;
        self
    }

    pub fn write(&self, back: &dyn Back, request: &Request) -> Result<Outgoing, Fault> {
        let name = format!("{}/{}", back.name(), self.model);
        back.write_request(request, &self.target(&name))
    }

    /// What a writer knows of it, by this name.
    pub fn target<'t>(&'t self, name: &'t str) -> Target<'t> {
        Target {
            model: &self.model,
            name,
            facts: &self.facts,
            quirks: &self.quirks,
            drop_params: self.drop_params,
            version: None,
            num_ctx: self.num_ctx,
            issuer: self.issuer,
        }
    }
}

/// A question with something about it.
pub fn asking(change: impl FnOnce(&mut Chat)) -> Chat {
    let mut chat = chat(vec![user("hi")]);
    change(&mut chat);
    chat
}

/// What a chat becomes: the body, and what was left out.
pub fn sent(back: &dyn Back, chat: Chat, upstream: &Upstream) -> Result<(Value, Vec<String>), Fault> {
    let outgoing = upstream.write(back, &Request::Chat(Box::new(chat)))?;
    Ok((serde_json::from_slice(&outgoing.body).expect("the body is JSON"), outgoing.dropped))
}

/// `param` is refused, and dropped where the caller agreed to that: the body without it.
pub fn worse_without(back: &dyn Back, model: &str, param: &str, change: impl Fn(&mut Chat)) -> Value {
    let fault = sent(back, asking(&change), &Upstream::new(model)).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some(param));
    let name = format!("{}/{model}", back.name());
    assert!(fault.message.contains(&name) && fault.message.contains("drop_params"), "{fault}");
    let (body, dropped) = sent(back, asking(&change), &Upstream::new(model).dropping()).unwrap();
    assert_eq!(dropped, [param]);
    body
}

pub fn message(role: Role, blocks: Vec<Block>) -> Message {
    Message::new(role, blocks)
}

pub fn system(text: &str) -> Message {
    message(Role::System, vec![Block::text(text)])
}

pub fn user(text: &str) -> Message {
    message(Role::User, vec![Block::text(text)])
}

pub fn assistant(text: &str) -> Message {
    message(Role::Assistant, vec![Block::text(text)])
}

pub fn call(id: &str, name: &str, arguments: &str) -> Block {
    signed_call(id, name, arguments, None)
}

pub fn signed_call(id: &str, name: &str, arguments: &str, signature: Option<&str>) -> Block {
    Block::ToolCall(ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        signature: signature.map(str::to_owned),
    })
}

pub fn result(id: &str, blocks: Vec<Block>) -> Block {
    Block::ToolResult(ToolResult { call_id: id.to_owned(), name: None, blocks, is_error: false, cache: None })
}

pub fn image(source: Source) -> Block {
    Block::Image { source, detail: None, cache: None }
}

pub fn document(source: Source) -> Block {
    Block::Document { source, name: None, cache: None }
}

pub fn base64(media_type: &str, data: &str) -> Source {
    Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
}

pub fn function(name: &str, parameters: Option<&str>) -> Tool {
    Tool::Function(FunctionTool {
        name: name.to_owned(),
        description: Some(format!("does {name}")),
        parameters: parameters.map(Raw::new),
        strict: Some(true),
        ..FunctionTool::default()
    })
}

/// A chat of these messages.
pub fn chat(messages: Vec<Message>) -> Chat {
    Chat { model: "asked-for".to_owned(), messages, ..Chat::default() }
}

pub fn extras(fields: &[(&str, &str)]) -> types::Extras {
    fields.iter().map(|(name, raw)| ((*name).to_owned(), Raw::new(*raw))).collect()
}

/// All events of a streamed body that came in these pieces.
pub fn events_of(back: &dyn Back, operation: Operation, pieces: &[&[u8]]) -> Vec<Event> {
    let mut splitter = Splitter::new(back.framing());
    let mut reader = back.stream_reader(operation);
    let mut out = Vec::new();
    for piece in pieces {
        splitter.feed(Bytes::copy_from_slice(piece));
        let batch = splitter.next_batch().unwrap().unwrap_or_default();
        for event in events_in(back.framing(), &batch) {
            reader.read(&data(back.framing(), event), &mut out).unwrap();
        }
    }
    reader.finish(&mut out);
    out
}

/// The events of a body, having checked that they are the same wherever the network cuts it.
pub fn events(back: &dyn Back, body: &str) -> Vec<Event> {
    let whole = events_of(back, Operation::Chat, &[body.as_bytes()]);
    for at in 1..body.len() {
        let (left, right) = body.as_bytes().split_at(at);
        assert_eq!(events_of(back, Operation::Chat, &[left, right]), whole, "cut at {at}");
    }
    let single: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
    assert_eq!(events_of(back, Operation::Chat, &single), whole, "byte by byte");
    whole
}

/// The events in short words, one per line.
pub fn told(events: &[Event]) -> String {
    use types::Delta::*;
    let line = |event: &Event| match event {
        Event::Start { id, model } => format!("start {id} {model}"),
        Event::Delta { choice, delta } => {
            let what = match delta {
                Text(text) => format!("text {text:?}"),
                Thinking(text) => format!("thinking {text:?}"),
                Signature(text) => format!("signature {text}"),
                ToolStart { index, id, name, signature } => {
                    format!("call {index} {id} {name} {}", signature.as_deref().unwrap_or("-"))
                }
                ToolArguments { index, fragment } => format!("arguments {index} {fragment}"),
                Logprobs(raw) => format!("logprobs {raw:?}"),
                Citations(raw) => format!("citations {raw:?}"),
                Block(block) => format!("block {block:?}"),
                other => format!("{other:?}"),
            };
            format!("{choice}: {what}")
        }
        Event::Usage(usage) => format!("usage {:?}/{:?}", usage.input, usage.output),
        Event::Finish { choice, finish, .. } => format!("{choice}: finish {finish:?}"),
        Event::Ping => "ping".to_owned(),
        Event::End => "end".to_owned(),
        Event::Error(fault) => format!("error {:?} {:?} {}", fault.kind, fault.side, fault.message),
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}
