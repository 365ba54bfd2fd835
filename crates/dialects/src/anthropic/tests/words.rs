//! Short ways to say requests, and what is sent for them.

use types::{Block, FunctionTool, Message, Reasoning, Role, Tool, ToolCall, ToolResult};

use super::*;

pub(super) fn system(text: &str) -> Message {
    say(Role::System, text)
}

pub(super) fn user(text: &str) -> Message {
    say(Role::User, text)
}

pub(super) fn model(text: &str) -> Message {
    say(Role::Assistant, text)
}

pub(super) fn say(role: Role, text: &str) -> Message {
    of(role, vec![Block::text(text)])
}

pub(super) fn of(role: Role, blocks: Vec<Block>) -> Message {
    Message::new(role, blocks)
}

pub(super) fn call(id: &str, arguments: &str) -> Block {
    let (id, name, arguments) = (id.to_owned(), "f".to_owned(), arguments.to_owned());
    Block::ToolCall(ToolCall { id, name, arguments, signature: None })
}

pub(super) fn result(id: &str) -> Block {
    let blocks = vec![Block::text(format!("r-{id}"))];
    Block::ToolResult(ToolResult { call_id: id.to_owned(), name: None, blocks, is_error: false, cache: None })
}

pub(super) fn function(name: &str) -> Tool {
    Tool::Function(FunctionTool { name: name.to_owned(), ..FunctionTool::default() })
}

pub(super) fn chat(messages: Vec<Message>) -> Chat {
    Chat { messages, ..Chat::default() }
}

pub(super) fn hello() -> Chat {
    chat(vec![user("hi")])
}

pub(super) fn thinking(effort: Effort) -> Option<Reasoning> {
    Some(Reasoning { effort: Some(effort), ..Reasoning::default() })
}

/// What is sent for `chat`, hints noted but nothing else lost.
pub(super) fn sent(chat: Chat, abilities: Abilities) -> Value {
    send_chat(chat, abilities, false).unwrap().0
}

/// The messages that are sent for these.
pub(super) fn turns(messages: Vec<Message>, abilities: Abilities) -> Value {
    sent(chat(messages), abilities)["messages"].take()
}

pub(super) fn refusal(chat: Chat, abilities: Abilities) -> Fault {
    let fault = send_chat(chat, abilities, false).unwrap_err();
    assert_eq!(fault.status(), 400);
    fault
}
