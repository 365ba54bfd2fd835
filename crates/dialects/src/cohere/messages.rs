//! The conversation as Cohere wants it: instructions first, results of tools as messages of their own, pictures by
//! their address or as data URIs.

use std::borrow::Cow;

use types::{Block, Fault, Message, Role, Source, ToolCall, ToolResult};

use crate::Fit;
use crate::json::Writer;
use crate::turns;

/// One message of `/v2/chat`.
#[derive(Default)]
pub(super) struct Said<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
    /// What the model thought before it called tools.
    plan: Vec<&'a str>,
    calls: Vec<(&'a ToolCall, Cow<'a, str>)>,
    /// Id of the call that is answered.
    answers: Option<&'a str>,
}

/// A piece of what is said.
enum Part<'a> {
    Text(Cow<'a, str>),
    /// An address or a data URI, and how closely it is to be looked at.
    Image(Cow<'a, str>, Option<&'a str>),
}

/// Arranges a conversation.
pub(super) fn arrange<'a>(messages: &'a [Message], fit: &mut Fit) -> Result<Vec<Said<'a>>, Fault> {
    fit.hint("name", &messages.iter().find_map(|message| message.name.as_ref()));
    let leading = messages.iter().take_while(|message| message.role == Role::System).count();
    let mut out: Vec<Said> = Vec::with_capacity(messages.len());
    if leading > 0 {
        // Some models take instructions as the very first message alone, and one of them.
        let mut said = Said::by("system");
        let blocks = messages[..leading].iter().flat_map(|message| &message.blocks);
        blocks.into_iter().try_for_each(|block| said.add(block, fit))?;
        out.push(said);
    }
    for message in &messages[leading..] {
        match message.role {
            Role::System => late_system(message, fit, &mut out)?,
            Role::User => user(message, fit, &mut out)?,
            Role::Assistant => out.push(assistant(message, fit)?),
        }
    }
    Ok(out)
}

/// An instruction in the middle of a conversation stays where it was given.
fn late_system<'a>(message: &'a Message, fit: &mut Fit, out: &mut Vec<Said<'a>>) -> Result<(), Fault> {
    if fit.target.abilities().system_anywhere {
        let mut said = Said::by("system");
        message.blocks.iter().try_for_each(|block| said.add(block, fit))?;
        out.push(said);
        return Ok(());
    }
    let mut said = Said::by("user");
    for block in &message.blocks {
        match block {
            Block::Text(text) => said.parts.push(Part::Text(Cow::Owned(turns::operator_note(&text.text)))),
            block => said.add(block, fit)?,
        }
    }
    out.push(said);
    Ok(())
}

fn user<'a>(message: &'a Message, fit: &mut Fit, out: &mut Vec<Said<'a>>) -> Result<(), Fault> {
    let mut said = Said::by("user");
    let mut results = false;
    for block in &message.blocks {
        match block {
            Block::ToolResult(result) => {
                results = true;
                let (told, shown) = answer(result, fit)?;
                out.push(told);
                // Results of tools are words: what they show is shown behind them.
                said.parts.extend(shown);
            }
            block => said.add(block, fit)?,
        }
    }
    // A message of results alone is said with them; any other stays, even if it says nothing.
    if !(results && said.parts.is_empty()) {
        out.push(said);
    }
    Ok(())
}

/// The message with the result of a tool, and the pictures that it brought.
fn answer<'a>(result: &'a ToolResult, fit: &mut Fit) -> Result<(Said<'a>, Vec<Part<'a>>), Fault> {
    let mut said = Said { answers: Some(&result.call_id), ..Said::by("tool") };
    for block in &result.blocks {
        said.add(block, fit)?;
    }
    let (shown, told) = said.parts.into_iter().partition(|part| matches!(part, Part::Image(..)));
    said.parts = told;
    Ok((said, shown))
}

fn assistant<'a>(message: &'a Message, fit: &mut Fit) -> Result<Said<'a>, Fault> {
    let mut said = Said::by("assistant");
    for block in &message.blocks {
        match block {
            Block::ToolCall(call) => said.calls.push((call, turns::arguments_object(call)?)),
            Block::Thinking { text, .. } if !text.is_empty() => said.plan.push(text),
            block => said.add(block, fit)?,
        }
    }
    Ok(said)
}

impl<'a> Said<'a> {
    fn by(role: &'static str) -> Self {
        Said { role, ..Said::default() }
    }

    fn add(&mut self, block: &'a Block, fit: &mut Fit) -> Result<(), Fault> {
        match block {
            Block::Text(text) => self.parts.push(Part::Text(Cow::Borrowed(&text.text))),
            Block::Refusal(text) => self.parts.push(Part::Text(Cow::Borrowed(text))),
            Block::Image { .. } if matches!(self.role, "system" | "assistant") => {
                return fit.refuse("messages", "an image that is not the user's");
            }
            Block::Image { source, detail, .. } => {
                let address = match source {
                    Source::Base64 { media_type, data } => Cow::Owned(format!("data:{media_type};base64,{data}")),
                    Source::Url(url) => Cow::Borrowed(url.as_str()),
                    Source::PlainText(_) | Source::File(_) => {
                        return fit.refuse("messages", "an image from a file store");
                    }
                };
                let known = |word: &&str| ["auto", "low", "high"].contains(word);
                self.parts.push(Part::Image(address, detail.as_deref().filter(known)));
            }
            Block::Document { source, .. } => match turns::document_text(source) {
                Some(text) => self.parts.push(Part::Text(text)),
                None => return fit.refuse("messages", "a document that is not plain text"),
            },
            Block::Audio { .. } => return fit.refuse("messages", "audio input"),
            Block::Opaque { dialect, .. } => fit.worse_without(&format!("messages.content ({dialect} block)"))?,
            Block::Thinking { .. } | Block::RedactedThinking { .. } | Block::ToolCall(_) | Block::ToolResult(_) => {}
        }
        Ok(())
    }

    /// Writes the message.
    pub(super) fn write(&self, w: &mut Writer) {
        w.object(|w| {
            w.str_field("role", self.role);
            if let Some(id) = self.answers {
                w.str_field("tool_call_id", id);
            }
            match &self.parts[..] {
                // The plan alone goes with the calls; a message that says nothing says so.
                [] if !self.calls.is_empty() => {}
                [] => w.str_field("content", ""),
                // A string here would have to be JSON.
                parts if self.answers.is_some() => {
                    w.key("content").array(|w| parts.iter().for_each(|part| part.write(w)))
                }
                [Part::Text(text)] => w.str_field("content", text),
                parts => w.key("content").array(|w| parts.iter().for_each(|part| part.write(w))),
            }
            if self.calls.is_empty() {
                // What led to an answer is of no use behind it.
                return;
            }
            if !self.plan.is_empty() {
                w.str_field("tool_plan", &self.plan.concat());
            }
            w.key("tool_calls").array(|w| self.calls.iter().for_each(|(call, args)| write_call(call, args, w)));
        });
    }
}

impl Part<'_> {
    fn write(&self, w: &mut Writer) {
        w.object(|w| match self {
            Part::Text(text) => {
                w.str_field("type", "text");
                w.str_field("text", text);
            }
            Part::Image(url, detail) => {
                w.str_field("type", "image_url");
                w.key("image_url").object(|w| {
                    w.str_field("url", url);
                    w.opt_str("detail", *detail);
                });
            }
        });
    }
}

fn write_call(call: &ToolCall, args: &str, w: &mut Writer) {
    w.object(|w| {
        w.str_field("id", &call.id);
        w.str_field("type", "function");
        w.key("function").object(|w| {
            w.str_field("name", &call.name);
            w.str_field("arguments", args);
        });
    });
}
