//! Planning the messages of a request to an OpenAI-like server: which of our messages become which of its, and
//! what it cannot be told. The plan borrows from the request; [`super::write_messages`] puts it into bytes.

use std::borrow::Cow;

use types::{Block, Chat, Fault, Message, Raw, Role, Source, ToolResult};

use super::NAME;
use super::ids::CallIds;
use super::line_parts::{Part, document, image, mark};
use crate::json::Doc;
use crate::{Fit, Quirks, turns};

/// A message as it goes over the wire.
#[derive(Default)]
pub(super) struct Line<'a> {
    pub(super) role: &'static str,
    pub(super) name: Option<&'a str>,
    pub(super) parts: Vec<Part<'a>>,
    pub(super) calls: Vec<Call<'a>>,
    /// The call that a tool message answers.
    pub(super) call_id: Option<Cow<'a, str>>,
    /// Reasoning of an earlier turn, for servers that want it back.
    pub(super) reasoning: Option<String>,
    pub(super) refusal: Option<String>,
    /// Objects whose fields belong to the message itself.
    pub(super) fields: Vec<&'a Raw>,
    /// Fields that only this dialect knows.
    pub(super) extras: &'a [(String, Raw)],
}

/// A call in an assistant message.
pub(super) enum Call<'a> {
    Function {
        id: Cow<'a, str>,
        name: &'a str,
        arguments: &'a str,
    },
    /// A call of a custom tool, as OpenAI wrote it.
    Custom(&'a Raw),
}

/// Plans all messages of a chat.
pub(super) fn plan<'a>(chat: &'a Chat, fit: &mut Fit) -> Result<Vec<Line<'a>>, Fault> {
    let mut planner = Planner {
        ids: CallIds::new(&chat.messages, fit.target.quirks.short_call_ids),
        lines: Vec::with_capacity(chat.messages.len()),
        fit,
    };
    for message in &chat.messages {
        match message.role {
            Role::System => planner.system(message)?,
            Role::User => planner.user(message)?,
            Role::Assistant => planner.assistant(message)?,
        }
        // The last line is what the message says itself: results of tools come before it.
        if let Some(line) = planner.lines.last_mut().filter(|_| chat.dialect == NAME) {
            line.extras = &message.extras;
        }
    }
    Ok(planner.lines)
}

struct Planner<'a, 'f, 't> {
    ids: CallIds<'a>,
    lines: Vec<Line<'a>>,
    fit: &'f mut Fit<'t>,
}

impl<'a> Planner<'a, '_, '_> {
    fn system(&mut self, message: &'a Message) -> Result<(), Fault> {
        let mut line =
            Line { role: system_role(self.fit.target.quirks), name: message.name.as_deref(), ..Line::default() };
        for block in &message.blocks {
            match block {
                Block::Text(_) => line.parts.push(self.part(block)?),
                _ => return self.fit.refuse("messages", "anything but text in a system message"),
            }
        }
        self.lines.push(line);
        Ok(())
    }

    /// Tool results become messages of their own, before what the user says: OpenAI wants them right behind the
    /// calls. What a tool message cannot hold is shown by the user instead.
    fn user(&mut self, message: &'a Message) -> Result<(), Fault> {
        let mut said = Vec::new();
        let mut shown = Vec::new();
        let mut has_results = false;
        for block in &message.blocks {
            match block {
                Block::ToolResult(result) => {
                    has_results = true;
                    self.result(result, &mut shown)?;
                }
                _ => said.push(self.part(block)?),
            }
        }
        shown.append(&mut said);
        if !shown.is_empty() || !has_results {
            self.lines.push(Line { role: "user", name: message.name.as_deref(), parts: shown, ..Line::default() });
        }
        Ok(())
    }

    fn result(&mut self, result: &'a ToolResult, shown: &mut Vec<Part<'a>>) -> Result<(), Fault> {
        let id = self.ids.result(&result.call_id, result.name.as_deref());
        let mut parts = Vec::new();
        for block in &result.blocks {
            let part = self.part(block)?;
            if matches!(part, Part::Text { .. }) {
                parts.push(part);
                continue;
            }
            let what = if matches!(part, Part::Image { .. }) { "image" } else { "file" };
            parts.push(Part::text(format!("[{what}: see the next user message]")));
            shown.push(Part::text(format!("The {what} that tool call {id} returned:")));
            shown.push(part);
        }
        if result.is_error {
            mark_as_error(&mut parts);
        }
        if let Some(last) = parts.last_mut() {
            last.set_cache(mark(self.fit, result.cache));
        }
        self.lines.push(Line { role: "tool", parts, call_id: Some(id), ..Line::default() });
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message) -> Result<(), Fault> {
        let mut line = Line { role: "assistant", name: message.name.as_deref(), ..Line::default() };
        let quirks = self.fit.target.quirks;
        for block in &message.blocks {
            match block {
                Block::Thinking { text, .. } if quirks.keep_reasoning => {
                    line.reasoning.get_or_insert_default().push_str(text);
                }
                // Proofs and blobs mean nothing to another provider, and few servers take reasoning back.
                Block::Thinking { .. } | Block::RedactedThinking { .. } => {}
                Block::ToolCall(call) => line.calls.push(Call::Function {
                    id: self.ids.call(&call.id, &call.name),
                    name: &call.name,
                    arguments: &call.arguments,
                }),
                Block::Refusal(text) if !quirks.string_content => {
                    line.refusal.get_or_insert_default().push_str(text);
                }
                Block::Image { .. } => self.fit.worse_without("images")?,
                Block::Opaque { dialect: NAME, raw } => opaque(raw, &mut line),
                _ => line.parts.push(self.part(block)?),
            }
        }
        if quirks.keep_reasoning && !line.calls.is_empty() {
            // Such servers refuse calls without the field, even where the reasoning was never disclosed.
            line.reasoning.get_or_insert_default();
        }
        self.lines.push(line);
        Ok(())
    }

    /// A block that is content in OpenAI's sense.
    fn part(&mut self, block: &'a Block) -> Result<Part<'a>, Fault> {
        if self.fit.target.quirks.string_content && !is_textual(block) {
            return self.fit.refuse("messages", "any content but text");
        }
        match block {
            Block::Text(text) => Ok(Part::Text { text: Cow::Borrowed(&text.text), cache: mark(self.fit, text.cache) }),
            Block::Refusal(text) => Ok(Part::text(text.as_str())),
            Block::Image { source, detail, cache } => image(self.fit, source, detail.as_deref(), *cache),
            Block::Audio { data, format } => Ok(Part::Audio { data, format }),
            Block::Document { source, name, cache } => document(self.fit, source, name.as_deref(), *cache),
            Block::Opaque { dialect: NAME, raw } => Ok(Part::Raw(raw)),
            Block::Opaque { dialect, raw } => {
                let why = format!("a content block '{}' of the {dialect} dialect", kind_of(raw));
                self.fit.refuse("messages", &why)
            }
            Block::ToolCall(_) | Block::ToolResult(_) => Err(Fault::invalid_param(
                "messages",
                "tool calls belong into assistant messages, and tool results into user messages",
            )),
            Block::Thinking { text, .. } => Ok(Part::text(text.as_str())),
            Block::RedactedThinking { .. } => {
                self.fit.refuse("messages", "redacted reasoning outside of an assistant message")
            }
        }
    }
}

/// Newer OpenAI models call the operator "developer"; almost nobody else knows the word (wire.md 10, trap 53).
fn system_role(quirks: &Quirks) -> &'static str {
    if quirks.developer_role { "developer" } else { "system" }
}

/// OpenAI refuses JSON mode unless some message says "JSON" (wire.md 10, trap 55). Other dialects have no such
/// rule, so the word is added for their callers: to the instructions, where it keeps its place in every turn.
pub(super) fn mention_json(lines: &mut Vec<Line>, quirks: &Quirks) {
    let mentions = |part: &Part| match part {
        Part::Text { text, .. } => turns::mentions_json(text),
        _ => false,
    };
    if lines.iter().flat_map(|line| &line.parts).any(mentions) {
        return;
    }
    let hint = Part::text(turns::JSON_HINT);
    match lines.first_mut() {
        Some(first) if first.role == system_role(quirks) => first.parts.push(hint),
        _ => lines.insert(0, Line { role: system_role(quirks), parts: vec![hint], ..Line::default() }),
    }
}

/// What only OpenAI understands: a call, a field of the message, or a content part.
fn opaque<'a>(raw: &'a Raw, line: &mut Line<'a>) {
    match kind_of(raw).as_str() {
        "custom" => line.calls.push(Call::Custom(raw)),
        "" => line.fields.push(raw),
        _ => line.parts.push(Part::Raw(raw)),
    }
}

/// The `type` of an unread block, or nothing.
pub(super) fn kind_of(raw: &Raw) -> String {
    let kind = |doc: Doc| doc.root().get("type")?.as_string();
    Doc::parse_head(raw.get().as_bytes()).ok().and_then(kind).unwrap_or_default()
}

fn is_textual(block: &Block) -> bool {
    match block {
        Block::Image { .. } | Block::Audio { .. } | Block::Opaque { .. } => false,
        Block::Document { source, .. } => matches!(source, Source::PlainText(_)),
        _ => true,
    }
}

/// OpenAI's tool messages cannot say that the tool failed, so the text does.
fn mark_as_error(parts: &mut Vec<Part>) {
    match parts.iter_mut().find_map(Part::text_mut) {
        Some(text) => text.to_mut().insert_str(0, "Error: "),
        None => parts.insert(0, Part::text("Error: the tool failed")),
    }
}
