//! Short ways to ask Gemini something and look at what it is sent.

use serde_json::Value;
use types::*;

use crate::Gemini;
use crate::trial::{Upstream, chat, user};

pub fn try_body(chat: Chat, upstream: &Upstream) -> Result<(Value, Vec<String>), Fault> {
    let outgoing = upstream.write(&Gemini, &Request::Chat(Box::new(chat)))?;
    let body = serde_json::from_slice(&outgoing.body).expect("the body is JSON");
    Ok((body, outgoing.dropped))
}

pub fn body(chat: Chat, model: &str) -> Value {
    try_body(chat, &Upstream::new(model)).unwrap().0
}

/// The contents of a conversation sent to this model.
pub fn contents(messages: Vec<Message>, model: &str) -> Value {
    body(chat(messages), model)["contents"].take()
}

/// The settings of a chat that says "hi" and what else is set by `change`.
pub fn config(model: &str, change: impl FnOnce(&mut Chat)) -> Value {
    body(asking(change), model)["generationConfig"].take()
}

pub fn asking(change: impl FnOnce(&mut Chat)) -> Chat {
    let mut chat = chat(vec![user("hi")]);
    change(&mut chat);
    chat
}

pub fn refused(chat: Chat, model: &str) -> Fault {
    try_body(chat, &Upstream::new(model)).unwrap_err()
}

/// `param` is refused, and dropped where the caller agreed to that.
pub fn check_worse_without(model: &str, param: &str, change: impl Fn(&mut Chat)) {
    let fault = refused(asking(&change), model);
    assert_eq!(fault.param.as_deref(), Some(param));
    assert_eq!(fault.code.as_deref(), Some("unsupported_parameter"), "{param}");
    assert!(fault.message.contains("drop_params"), "{fault}");
    let (_, dropped) = try_body(asking(&change), &Upstream::new(model).dropping()).unwrap();
    assert_eq!(dropped, [param]);
}
