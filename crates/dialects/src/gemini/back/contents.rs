//! The conversation as Gemini wants it: instructions apart, turns of user and model strictly alternating, the
//! results of one step together and in the order of their calls.

use std::borrow::Cow;

use types::{Block, Fault, Message, Role, Source, Text, ToolCall, ToolResult};

use super::family::Family;
use super::media::Media;
use super::turn::{self, MODEL, Part, Turn, USER};
use crate::Fit;
use crate::json::Writer;
use crate::turns::{self, Calls};

/// A conversation, ready to be written.
pub(super) struct Contents<'a> {
    system: Vec<Cow<'a, str>>,
    turns: Vec<Turn<'a>>,
}

impl<'a> Contents<'a> {
    /// Arranges `messages` for a model of `family`.
    pub(super) fn of(messages: &'a [Message], family: &Family, fit: &mut Fit) -> Result<Self, Fault> {
        let mut reader = Reader { family, calls: Calls::default(), turns: Vec::new() };
        let leading = messages.iter().take_while(|message| message.role == Role::System).count();
        let mut system = Vec::new();
        fit.hint("name", &messages.iter().find_map(|message| message.name.as_ref()));
        for (at, message) in messages.iter().enumerate() {
            match message.role {
                Role::System if at < leading && family.has_system() => system_texts(message, &mut system)?,
                Role::System => reader.late_system(message)?,
                Role::User => reader.message(USER, &message.blocks, fit)?,
                Role::Assistant => reader.message(MODEL, &message.blocks, fit)?,
            }
        }
        let mut turns = reader.turns;
        if turns.is_empty() && !system.is_empty() {
            // Gemini answers no instruction without a question: the instruction is the question then.
            let parts = system.drain(..).map(|text| Part::Text { text, signature: None }).collect();
            turns.push(Turn { role: USER, parts });
        }
        begin_with_user(&mut turns, fit)?;
        for turn in &mut turns {
            turn.arrange(family);
        }
        Ok(Contents { system, turns })
    }

    /// Every call must be answered in the turn behind it, and nothing else may be: Gemini counts, and says no more
    /// than that the numbers differ.
    pub(super) fn check_calls(&self) -> Result<(), Fault> {
        let mut open: Vec<&ToolCall> = Vec::new();
        for turn in &self.turns {
            for (id, name) in turn.parts.iter().filter_map(Part::answers) {
                let answered = |call: &&ToolCall| if id.is_empty() { call.name == name } else { call.id == id };
                match open.iter().position(answered) {
                    Some(at) => drop(open.remove(at)),
                    None => {
                        return Err(unpaired(format!("tool result '{id}' ({name}) answers no tool call before it")));
                    }
                }
            }
            all_answered(&open)?;
            open.extend(turn.parts.iter().filter_map(Part::call));
        }
        all_answered(&open)
    }

    /// Writes the fields `systemInstruction` and `contents`.
    pub(super) fn write(&self, w: &mut Writer) {
        if !self.system.is_empty() {
            w.key("systemInstruction").object(|w| {
                w.key("parts").array(|w| {
                    self.system.iter().for_each(|text| w.object(|w| w.str_field("text", text)));
                });
            });
        }
        w.key("contents").array(|w| {
            for turn in &self.turns {
                w.object(|w| {
                    w.str_field("role", turn.role);
                    w.key("parts").array(|w| turn.parts.iter().for_each(|part| part.write(w)));
                });
            }
        });
    }
}

/// Collects turns.
struct Reader<'a, 'f> {
    family: &'f Family<'f>,
    calls: Calls<'a>,
    turns: Vec<Turn<'a>>,
}

impl<'a> Reader<'a, '_> {
    /// Adds a part to the turn of `role`: the last one, if it is theirs.
    fn push(&mut self, role: &'static str, part: Part<'a>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => turn.parts.push(part),
            _ => self.turns.push(Turn { role, parts: vec![part] }),
        }
    }

    fn late_system(&mut self, message: &'a Message) -> Result<(), Fault> {
        let mut texts = Vec::new();
        system_texts(message, &mut texts)?;
        for text in texts {
            let text = Cow::Owned(turns::operator_note(&text));
            self.push(USER, Part::Text { text, signature: None });
        }
        Ok(())
    }

    fn message(&mut self, role: &'static str, blocks: &'a [Block], fit: &mut Fit) -> Result<(), Fault> {
        for block in blocks {
            match block {
                Block::ToolCall(call) => {
                    self.calls.note(call);
                    let part =
                        Part::Call { call, args: turns::arguments_object(call)?, signature: call.signature.as_deref() };
                    self.push(role, part);
                }
                Block::ToolResult(result) => self.result(result, fit)?,
                // Reasoning of others means nothing to Gemini, and its own returns as signatures of calls and texts.
                Block::Thinking { .. } | Block::RedactedThinking { .. } => {}
                Block::Opaque { dialect: "gemini", raw } => self.push(role, Part::Raw(raw.get())),
                Block::Opaque { dialect, .. } => fit.worse_without(&format!("messages.content ({dialect} block)"))?,
                block => {
                    if let Some(part) = plain_part(block, fit)? {
                        self.push(role, part);
                    }
                }
            }
        }
        Ok(())
    }

    fn result(&mut self, result: &'a ToolResult, fit: &mut Fit) -> Result<(), Fault> {
        let Some(name) = self.calls.name_of(result) else {
            let message = format!("tool result '{}' answers no tool call of the conversation", result.call_id);
            return Err(Fault::invalid_param("messages", message));
        };
        let mut texts = Vec::new();
        let mut media = Vec::new();
        for block in &result.blocks {
            match plain_part(block, fit)? {
                Some(Part::Text { text, .. }) => texts.push(text),
                Some(Part::Media(one)) => media.push(one),
                _ => {}
            }
        }
        let beside = if self.family.is_third() { Vec::new() } else { std::mem::take(&mut media) };
        let part = Part::Result {
            id: &result.call_id,
            name,
            position: self.calls.position(&result.call_id),
            response: turn::response(&texts.join("\n"), result.is_error),
            media,
        };
        self.push(USER, part);
        for one in beside {
            self.push(USER, Part::Media(one));
        }
        Ok(())
    }
}

/// Text and media, wherever they stand; empty texts, which Gemini refuses, are nothing.
fn plain_part<'a>(block: &'a Block, fit: &mut Fit) -> Result<Option<Part<'a>>, Fault> {
    let target = fit.target.name;
    let text = |text: Cow<'a, str>| (!text.is_empty()).then_some(Part::Text { text, signature: None });
    Ok(match block {
        Block::Text(Text { text: words, signature: Some(signature), .. }) => {
            Some(Part::Text { text: Cow::Borrowed(words), signature: Some(signature) })
        }
        Block::Text(Text { text: words, .. }) | Block::Refusal(words) => text(Cow::Borrowed(words)),
        Block::Image { source, .. } => Some(Part::Media(Media::of(source, "an image", target)?)),
        Block::Audio { data, format } => Some(Part::Media(Media::audio(data, format))),
        Block::Document { source: Source::PlainText(words), .. } => text(Cow::Borrowed(words)),
        Block::Document { source, .. } => Some(Part::Media(Media::of(source, "a document", target)?)),
        Block::Opaque { dialect, .. } => {
            fit.worse_without(&format!("tool result ({dialect} block)"))?;
            None
        }
        _ => None,
    })
}

/// The texts of a system message.
fn system_texts<'a>(message: &'a Message, out: &mut Vec<Cow<'a, str>>) -> Result<(), Fault> {
    for block in &message.blocks {
        match block {
            Block::Text(text) if text.text.is_empty() => {}
            Block::Text(text) => out.push(Cow::Borrowed(&text.text)),
            _ => return Err(Fault::invalid_param("messages", "a system message can hold only text")),
        }
    }
    Ok(())
}

fn all_answered(open: &[&ToolCall]) -> Result<(), Fault> {
    let unanswered = |call: &&ToolCall| {
        unpaired(format!("tool call '{}' ({}) has no result in the message after it", call.id, call.name))
    };
    open.first().map_or(Ok(()), |call| Err(unanswered(call)))
}

fn unpaired(message: String) -> Fault {
    Fault::invalid_param("messages", message)
}

/// Gemini wants a user to speak first. An empty word of theirs changes nothing, but it is put in only where the
/// caller agreed to such things.
fn begin_with_user(turns: &mut Vec<Turn>, fit: &mut Fit) -> Result<(), Fault> {
    let message = match turns.first() {
        Some(first) if first.role == USER => return Ok(()),
        Some(_) if fit.target.drop_params => {
            let text = Cow::Borrowed(" ");
            turns.insert(0, Turn { role: USER, parts: vec![Part::Text { text, signature: None }] });
            return Ok(());
        }
        Some(_) => format!(
            "the conversation must begin with a user message for {}; set drop_params to have an empty one put before it",
            fit.target.name
        ),
        None => "the messages have no content".to_owned(),
    };
    Err(Fault::invalid_param("messages", message))
}
