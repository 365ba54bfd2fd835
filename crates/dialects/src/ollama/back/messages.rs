//! The conversation as Ollama wants it: content as one string, pictures as bare base64 beside it, results of tools
//! as messages of their own, arguments as objects.

use std::borrow::Cow;

use types::{Block, Fault, Message, Role, Source, ToolCall, ToolResult};

use crate::Fit;
use crate::json::Writer;
use crate::turns::{self, Calls};

/// One message of `/api/chat`.
#[derive(Default)]
pub(super) struct Said<'a> {
    role: &'static str,
    texts: Vec<Cow<'a, str>>,
    images: Vec<&'a str>,
    thinking: Vec<&'a str>,
    calls: Vec<(&'a ToolCall, Cow<'a, str>)>,
    /// Name of the tool and id of the call that is answered.
    answers: Option<(Option<&'a str>, &'a str)>,
}

/// Arranges a conversation.
pub(super) fn arrange<'a>(messages: &'a [Message], fit: &mut Fit) -> Result<Vec<Said<'a>>, Fault> {
    let mut calls = Calls::default();
    let mut out = Vec::with_capacity(messages.len());
    fit.hint("name", &messages.iter().find_map(|message| message.name.as_ref()));
    for message in messages {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let mut said = Said::by(role);
        let mut results = false;
        for block in &message.blocks {
            match block {
                Block::ToolCall(call) => {
                    calls.note(call);
                    said.calls.push((call, turns::arguments_object(call)?));
                }
                Block::ToolResult(result) => {
                    results = true;
                    if !said.is_empty() {
                        out.push(std::mem::replace(&mut said, Said::by(role)));
                    }
                    out.push(answer(result, &calls, fit)?);
                }
                block => said.add(block, fit)?,
            }
        }
        // A message of results alone is said with them; any other stays, even if it says nothing.
        if !(results && said.is_empty()) {
            out.push(said);
        }
    }
    Ok(out)
}

/// Tells the model something beside what it was told at the beginning.
pub(super) fn instruct(messages: &mut Vec<Said<'_>>, instruction: String) {
    if messages.first().is_none_or(|first| first.role != "system") {
        messages.insert(0, Said::by("system"));
    }
    messages[0].texts.push(Cow::Owned(instruction));
}

/// The message with the result of a tool.
fn answer<'a>(result: &'a ToolResult, calls: &Calls<'a>, fit: &mut Fit) -> Result<Said<'a>, Fault> {
    let mut said = Said::by("tool");
    for block in &result.blocks {
        said.add(block, fit)?;
    }
    said.answers = Some((calls.name_of(result), &result.call_id));
    Ok(said)
}

impl<'a> Said<'a> {
    fn by(role: &'static str) -> Self {
        Said { role, ..Said::default() }
    }

    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.images.is_empty() && self.thinking.is_empty() && self.calls.is_empty()
    }

    fn add(&mut self, block: &'a Block, fit: &mut Fit) -> Result<(), Fault> {
        let target = fit.target.name;
        match block {
            Block::Text(text) => self.texts.push(Cow::Borrowed(&text.text)),
            Block::Refusal(text) => self.texts.push(Cow::Borrowed(text)),
            Block::Thinking { text, .. } if text.is_empty() => {}
            Block::Thinking { text, .. } => self.thinking.push(text),
            Block::Image { source: Source::Base64 { data, .. }, .. } => self.images.push(data),
            Block::Image { source: Source::Url(_), .. } => return Err(turns::address_refused("an image", target)),
            Block::Image { .. } => return fit.refuse("messages", "an image from a file store"),
            Block::Document { source, .. } => match turns::document_text(source) {
                Some(text) => self.texts.push(text),
                None => return fit.refuse("messages", "a document that is not plain text"),
            },
            Block::Audio { .. } => return fit.refuse("messages", "audio input"),
            Block::Opaque { dialect, .. } => fit.worse_without(&format!("messages.content ({dialect} block)"))?,
            Block::RedactedThinking { .. } | Block::ToolCall(_) | Block::ToolResult(_) => {}
        }
        Ok(())
    }

    /// Writes the message.
    pub(super) fn write(&self, w: &mut Writer) {
        // The model's own words were one text before they were cut; what others say comes in paragraphs.
        let between = if self.role == "assistant" { "" } else { "\n" };
        w.object(|w| {
            w.str_field("role", self.role);
            match &self.texts[..] {
                [text] => w.str_field("content", text),
                texts => w.str_field("content", &texts.join(between)),
            }
            if !self.images.is_empty() {
                w.key("images").array(|w| self.images.iter().for_each(|image| w.string(image)));
            }
            if !self.thinking.is_empty() {
                w.str_field("thinking", &self.thinking.concat());
            }
            if !self.calls.is_empty() {
                w.key("tool_calls").array(|w| self.calls.iter().for_each(|(call, args)| write_call(call, args, w)));
            }
            if let Some((name, call_id)) = self.answers {
                w.opt_str("tool_name", name);
                w.opt_str("tool_call_id", Some(call_id).filter(|id| !id.is_empty()));
            }
        });
    }
}

fn write_call(call: &ToolCall, args: &str, w: &mut Writer) {
    w.object(|w| {
        w.opt_str("id", Some(&*call.id).filter(|id| !id.is_empty()));
        w.key("function").object(|w| {
            w.str_field("name", &call.name);
            w.key("arguments").json(args);
        });
    });
}
