//! The items of a conversation.

use std::borrow::Cow;
use std::collections::HashSet;

use types::{Block, Chat, Fault, Message, Raw, Role, Source, ToolResult};

use super::super::super::{NAME, custom, seal};
use crate::json::{Doc, Writer};
use crate::openai::CallIds;
use crate::{Fit, media, turns};

/// An item as it goes over the wire.
pub(super) enum Item<'a> {
    Message { role: &'static str, parts: Vec<Part<'a>> },
    Call { id: Cow<'a, str>, name: &'a str, arguments: &'a str },
    Custom(custom::Call),
    Result { id: Cow<'a, str>, is_custom: bool, parts: Vec<Part<'a>> },
    Reasoning { id: &'a str, blob: &'a str },
    Raw(&'a Raw),
}

/// A part of a message or of what a tool says.
pub(super) enum Part<'a> {
    Text(Cow<'a, str>),
    Image { source: Link<'a>, detail: &'a str },
    File { source: Link<'a>, name: Option<&'a str> },
    Audio { data: &'a str, format: &'a str },
    Refusal(&'a str),
    Raw(&'a Raw),
}

/// Where something is.
pub(super) enum Link<'a> {
    Url(Cow<'a, str>),
    Data(String),
    Stored(&'a str),
}

/// Plans the items of all messages.
pub(super) fn plan<'a>(chat: &'a Chat, fit: &mut Fit) -> Result<Vec<Item<'a>>, Fault> {
    let mut planner =
        Planner { ids: CallIds::new(&chat.messages, false), customs: HashSet::new(), items: Vec::new(), fit };
    for message in &chat.messages {
        planner.message(message)?;
    }
    Ok(planner.items)
}

/// As in chats, no JSON is answered unless some message says "JSON".
pub(super) fn mention_json(items: &mut Vec<Item>) {
    let mentions = |part: &Part| matches!(part, Part::Text(text) if turns::mentions_json(text));
    let is_told = items.iter().any(|item| matches!(item, Item::Message { parts, .. } if parts.iter().any(mentions)));
    if !is_told {
        let parts = vec![Part::Text(Cow::Borrowed(turns::JSON_HINT))];
        items.insert(0, Item::Message { role: "developer", parts });
    }
}

struct Planner<'a, 'f, 't> {
    ids: CallIds<'a>,
    /// Ids of calls of custom tools.
    customs: HashSet<String>,
    items: Vec<Item<'a>>,
    fit: &'f mut Fit<'t>,
}

impl<'a> Planner<'a, '_, '_> {
    fn message(&mut self, message: &'a Message) -> Result<(), Fault> {
        let role = match message.role {
            Role::System => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        // Results come right behind their calls, before what is said about them.
        for block in &message.blocks {
            if let Block::ToolResult(result) = block {
                self.result(result)?;
            }
        }
        let mut parts = Vec::new();
        for block in &message.blocks {
            let item = match block {
                Block::ToolResult(_) => continue,
                Block::Thinking { signature, .. } => {
                    // Reasoning of others means nothing here, and is not asked for.
                    let own = signature.as_deref().and_then(|proof| seal::open(proof, self.fit.target.issuer));
                    own.map(|(id, blob)| Item::Reasoning { id, blob })
                }
                Block::RedactedThinking { .. } => None,
                Block::ToolCall(call) => Some(Item::Call {
                    id: self.ids.call(&call.id, &call.name),
                    name: &call.name,
                    arguments: super::super::super::output::whole(&call.arguments),
                }),
                Block::Opaque { dialect: NAME, raw } if !is_part(raw) => Some(Item::Raw(raw)),
                block if let Some(call) = custom::call(block) => {
                    self.customs.insert(call.id.clone());
                    Some(Item::Custom(call))
                }
                // What was made is no part of what is said.
                Block::Image { .. } if message.role == Role::Assistant => {
                    self.fit.worse_without("images")?;
                    None
                }
                _ => {
                    parts.push(self.part(block)?);
                    None
                }
            };
            if let Some(item) = item {
                self.say(role, &mut parts);
                self.items.push(item);
            }
        }
        self.say(role, &mut parts);
        Ok(())
    }

    /// What was said so far becomes an item.
    fn say(&mut self, role: &'static str, parts: &mut Vec<Part<'a>>) {
        if !parts.is_empty() {
            self.items.push(Item::Message { role, parts: std::mem::take(parts) });
        }
    }

    fn result(&mut self, result: &'a ToolResult) -> Result<(), Fault> {
        self.fit.hint("cache_control", &result.cache);
        let is_custom = self.customs.contains(&result.call_id);
        let id = match is_custom {
            true => Cow::Borrowed(&*result.call_id),
            false => self.ids.result(&result.call_id, result.name.as_deref()),
        };
        let mut parts = result.blocks.iter().map(|block| self.part(block)).collect::<Result<Vec<_>, _>>()?;
        if result.is_error {
            match parts.iter_mut().find_map(|part| if let Part::Text(text) = part { Some(text) } else { None }) {
                Some(text) => text.to_mut().insert_str(0, "Error: "),
                None => parts.insert(0, Part::Text("Error: the tool failed".into())),
            }
        }
        self.items.push(Item::Result { id, is_custom, parts });
        Ok(())
    }

    fn part(&mut self, block: &'a Block) -> Result<Part<'a>, Fault> {
        let cache = match block {
            Block::Text(text) => text.cache,
            Block::Image { cache, .. } | Block::Document { cache, .. } => *cache,
            _ => None,
        };
        if !self.fit.dropped.iter().any(|name| name == "cache_control") {
            self.fit.hint("cache_control", &cache);
        }
        Ok(match block {
            Block::Text(text) => Part::Text(Cow::Borrowed(&text.text)),
            Block::Refusal(text) => Part::Refusal(text),
            Block::Image { source, detail, .. } => {
                Part::Image { source: self.picture(source)?, detail: detail.as_deref().unwrap_or("auto") }
            }
            Block::Document { source, name, .. } => match turns::document_text(source) {
                Some(text) => Part::Text(match name {
                    Some(name) => format!("{name}:\n{text}").into(),
                    None => text,
                }),
                None => Part::File { source: file(source), name: name.as_deref() },
            },
            Block::Audio { data, format } => Part::Audio { data, format },
            Block::Opaque { dialect: NAME, raw } => Part::Raw(raw),
            Block::Opaque { dialect, .. } => {
                return self.fit.refuse("messages", &format!("a content block of the {dialect} dialect"));
            }
            Block::ToolCall(_) | Block::ToolResult(_) | Block::Thinking { .. } | Block::RedactedThinking { .. } => {
                let message = "calls and reasoning belong into messages of the assistant, and results into the user's";
                return Err(Fault::invalid_param("messages", message));
            }
        })
    }

    fn picture(&self, source: &'a Source) -> Result<Link<'a>, Fault> {
        Ok(match source {
            Source::Base64 { media_type, data } => {
                Link::Data(media::data_url(media::sniff(data).unwrap_or(media_type), data))
            }
            Source::Url(url) => Link::Url(Cow::Borrowed(url)),
            Source::File(id) => Link::Stored(id),
            Source::PlainText(_) => return Err(Fault::invalid_param("messages", "a picture cannot be plain text")),
        })
    }
}

fn file(source: &Source) -> Link<'_> {
    match source {
        Source::Base64 { media_type, data } => Link::Data(media::data_url(media_type, data)),
        Source::Url(url) => Link::Url(Cow::Borrowed(url)),
        Source::File(id) => Link::Stored(id),
        Source::PlainText(text) => Link::Url(Cow::Borrowed(text)),
    }
}

/// Whether what only this API knows is a part of a message, not an item.
fn is_part(raw: &Raw) -> bool {
    let kind = |doc: Doc| doc.root().get("type")?.as_string();
    let kind = Doc::parse_head(raw.get().as_bytes()).ok().and_then(kind).unwrap_or_default();
    kind.starts_with("input_") || kind == "output_text" || kind == "refusal"
}

impl Item<'_> {
    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Item::Raw(raw) => w.raw(raw),
            Item::Message { role, parts } => w.object(|w| {
                w.str_field("type", "message");
                w.str_field("role", role);
                let from_model = *role == "assistant";
                w.key("content").array(|w| parts.iter().for_each(|part| w.object_or_raw(part, from_model)));
            }),
            Item::Call { id, name, arguments } => w.object(|w| {
                w.str_field("type", "function_call");
                w.str_field("call_id", id);
                w.str_field("name", name);
                w.str_field("arguments", arguments);
            }),
            Item::Custom(call) => w.object(|w| {
                w.str_field("type", "custom_tool_call");
                w.str_field("call_id", &call.id);
                w.str_field("name", &call.name);
                w.str_field("input", &call.input);
            }),
            Item::Result { id, is_custom, parts } => w.object(|w| {
                w.str_field("type", if *is_custom { "custom_tool_call_output" } else { "function_call_output" });
                w.str_field("call_id", id);
                match text_of(parts) {
                    Some(text) => w.str_field("output", &text),
                    None => w.key("output").array(|w| parts.iter().for_each(|part| w.object_or_raw(part, false))),
                }
            }),
            Item::Reasoning { id, blob } => w.object(|w| {
                w.str_field("type", "reasoning");
                w.str_field("id", id);
                w.key("summary").array(|_| {});
                w.str_field("encrypted_content", blob);
            }),
        }
    }
}

/// What a tool said, if that is all text.
fn text_of(parts: &[Part]) -> Option<String> {
    let text = |part: &Part| if let Part::Text(text) = part { Some(text.to_string()) } else { None };
    parts.iter().map(text).collect::<Option<Vec<_>>>().map(|texts| texts.join("\n"))
}

/// Writes parts.
trait WriteParts {
    fn object_or_raw(&mut self, part: &Part, from_model: bool);
}

impl WriteParts for Writer<'_> {
    fn object_or_raw(&mut self, part: &Part, from_model: bool) {
        match part {
            Part::Raw(raw) => self.raw(raw),
            other => self.object(|w| fields(w, other, from_model)),
        }
    }
}

fn fields(w: &mut Writer, part: &Part, from_model: bool) {
    match part {
        Part::Text(text) => {
            w.str_field("type", if from_model { "output_text" } else { "input_text" });
            w.str_field("text", text);
            if from_model {
                w.key("annotations").array(|_| {});
            }
        }
        Part::Refusal(text) => {
            w.str_field("type", "refusal");
            w.str_field("refusal", text);
        }
        Part::Image { source, detail } => {
            w.str_field("type", "input_image");
            match source {
                Link::Url(url) => w.str_field("image_url", url),
                Link::Data(url) => w.str_field("image_url", url),
                Link::Stored(id) => w.str_field("file_id", id),
            }
            w.str_field("detail", detail);
        }
        Part::File { source, name } => {
            w.str_field("type", "input_file");
            match source {
                Link::Url(url) => w.str_field("file_url", url),
                Link::Data(data) => {
                    w.str_field("filename", name.unwrap_or("document.pdf"));
                    w.str_field("file_data", data);
                }
                Link::Stored(id) => w.str_field("file_id", id),
            }
        }
        Part::Audio { data, format } => {
            w.str_field("type", "input_audio");
            w.key("input_audio").object(|w| {
                w.str_field("data", data);
                w.str_field("format", format);
            });
        }
        // It is written whole.
        Part::Raw(_) => {}
    }
}
