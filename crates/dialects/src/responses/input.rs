//! Reading `input`: items of a conversation, which become its messages. What the model did in one turn (thinking, saying,
//! calling) are several items here and one message there; so are the results of its calls.

use types::{Block, Message, Role, Source, Text, ToolCall, ToolResult};

use super::tools::BuiltIn;
use super::{NAME, tools};
use crate::json::{Doc, Json, Kind, string};
use crate::media;
use crate::openai::{arguments, proofs};
use crate::typed::{Place, Wrong, each, field, items, object, required, text};

/// Begins what is sealed where a model's reasoning cannot be read at all.
pub(super) const REDACTED: &str = "redacted.";

/// Reads `instructions`.
pub(super) fn instructions(value: Json) -> Result<Vec<Block>, Wrong> {
    match value.kind() {
        Kind::Array => Ok(read(value)?.into_iter().flat_map(|message| message.blocks).collect()),
        _ => content(value),
    }
}

/// Reads `input`.
pub(super) fn read(value: Json) -> Result<Vec<Message>, Wrong> {
    if value.kind() == Kind::String {
        return Ok(vec![Message::new(Role::User, content(value)?)]);
    }
    let mut conversation = Conversation::default();
    for (index, item) in items(value)?.enumerate() {
        conversation.add(item).at(index)?;
    }
    Ok(conversation.messages)
}

/// What the last message is, and so what belongs to it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    #[default]
    Other,
    /// The model's, which more of its items belong to.
    Model,
    /// Results of tools, which more results belong to.
    Results,
}

#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    turn: Turn,
}

impl Conversation {
    fn add(&mut self, item: Json) -> Result<(), Wrong> {
        let kind = field(object(item)?, "type", text)?;
        match kind.as_deref() {
            None | Some("message") => self.message(item)?,
            Some("reasoning") => {
                let blocks = reasoning(item)?;
                self.put(Turn::Model, blocks);
            }
            Some("function_call") => {
                let name = required(item, "name", text)?;
                let namespace = field(item, "namespace", text)?;
                let arguments = item.get_some("arguments").map(arguments).unwrap_or_default();
                self.call(item, tools::full_name(namespace.as_deref(), &name), arguments)?;
            }
            Some("custom_tool_call") => {
                let (name, said) = (required(item, "name", text)?, required(item, "input", text)?);
                let namespace = field(item, "namespace", text)?;
                let arguments = format!("{{\"{}\":{}}}", tools::INPUT, string(&said));
                self.call(item, tools::full_name(namespace.as_deref(), &name), arguments)?;
            }
            Some(kind @ ("local_shell_call" | "apply_patch_call")) => {
                let built_in = if kind == "local_shell_call" { BuiltIn::LocalShell } else { BuiltIn::ApplyPatch };
                let wanted = required(item, built_in.wanted().0, |wanted| Ok(object(wanted)?.raw().to_owned()))?;
                self.call(item, built_in.name().to_owned(), wanted)?;
            }
            Some(
                kind @ ("function_call_output"
                | "custom_tool_call_output"
                | "local_shell_call_output"
                | "apply_patch_call_output"),
            ) => {
                // The shell's own has the id of the call in another place.
                let own = if kind == "local_shell_call_output" && item.get_some("call_id").is_none() {
                    "id"
                } else {
                    "call_id"
                };
                let result = ToolResult {
                    call_id: proofs::split(required(item, own, text)?).0,
                    name: field(item, "name", text)?,
                    blocks: field(item, "output", content)?.unwrap_or_default(),
                    is_error: false,
                    cache: None,
                };
                self.put(Turn::Results, vec![Block::ToolResult(result)]);
            }
            Some("item_reference") => {
                let problem = "refers to an item of an earlier answer, and none is kept here: send the item itself";
                return Err(Wrong::new(problem));
            }
            // What only OpenAI's own servers do and understand.
            Some(_) => self.put(Turn::Model, vec![Block::Opaque { dialect: NAME, raw: item.to_raw() }]),
        }
        Ok(())
    }

    fn message(&mut self, item: Json) -> Result<(), Wrong> {
        let blocks = required(item, "content", content)?;
        let role = match &*required(item, "role", text)? {
            "assistant" => {
                self.put(Turn::Model, blocks);
                return Ok(());
            }
            "user" => Role::User,
            "system" | "developer" => Role::System,
            _ => return Err(Wrong::new("must be one of user, assistant, system, developer")).within("role"),
        };
        self.turn = Turn::Other;
        self.messages.push(Message::new(role, blocks));
        Ok(())
    }

    fn call(&mut self, item: Json, name: String, arguments: String) -> Result<(), Wrong> {
        let (id, signature) = proofs::split(required(item, "call_id", text)?);
        self.put(Turn::Model, vec![Block::ToolCall(ToolCall { id, name, arguments, signature })]);
        Ok(())
    }

    fn put(&mut self, turn: Turn, blocks: Vec<Block>) {
        match self.messages.last_mut().filter(|_| self.turn == turn) {
            Some(open) => open.blocks.extend(blocks),
            None => {
                let role = if turn == Turn::Model { Role::Assistant } else { Role::User };
                self.messages.push(Message::new(role, blocks));
            }
        }
        self.turn = turn;
    }
}

/// Content: a text, or a list of parts.
fn content(value: Json) -> Result<Vec<Block>, Wrong> {
    let mut blocks = match value.kind() {
        Kind::String => vec![Block::text(text(value)?)],
        _ => each(value, part)?,
    };
    blocks.retain(|block| !matches!(block, Block::Text(text) if text.text.is_empty()));
    Ok(blocks)
}

fn part(value: Json) -> Result<Block, Wrong> {
    match &*required(object(value)?, "type", text)? {
        "input_text" | "text" | "output_text" => {
            Ok(Block::Text(Text { text: required(value, "text", text)?, ..Text::default() }))
        }
        "refusal" => required(value, "refusal", text).map(Block::Refusal),
        "input_image" => Ok(Block::Image {
            source: match field(value, "image_url", text)? {
                Some(url) => media::source_from_url(&url),
                None => Source::File(required(value, "file_id", text)?),
            },
            detail: field(value, "detail", text)?,
            cache: None,
        }),
        "input_file" => {
            Ok(Block::Document { source: file(value)?, name: field(value, "filename", text)?, cache: None })
        }
        "input_audio" => required(value, "input_audio", |audio| {
            Ok(Block::Audio { data: required(object(audio)?, "data", text)?, format: required(audio, "format", text)? })
        }),
        _ => Ok(Block::Opaque { dialect: NAME, raw: value.to_raw() }),
    }
}

/// A file by its bytes (a data URL, by rule, or bare base64, by habit), by its address, or by its id.
fn file(value: Json) -> Result<Source, Wrong> {
    if let Some(data) = field(value, "file_data", text)? {
        return match media::source_from_url(&data) {
            Source::Url(data) => match media::sniff(&data) {
                Some(kind) => Ok(Source::Base64 { media_type: kind.to_owned(), data }),
                None => {
                    Err(Wrong::new("must be a data URL such as data:application/pdf;base64,...")).within("file_data")
                }
            },
            inline => Ok(inline),
        };
    }
    match field(value, "file_url", text)? {
        Some(url) => Ok(Source::Url(url)),
        None => required(value, "file_id", text).map(Source::File),
    }
}

/// A model's reasoning: what can be read of it, and the seal that goes back to whoever set it. Seals that are not ours are
/// of OpenAI's own models, and say nothing to others.
fn reasoning(item: Json) -> Result<Vec<Block>, Wrong> {
    let texts = |name: &str| {
        let list = item.get_some(name).into_iter().flat_map(|list| list.items());
        let texts: Vec<String> = list.filter_map(|part| part.get("text")?.as_string()).collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    };
    let said = texts("content").or_else(|| texts("summary")).unwrap_or_default();
    let sealed = field(item, "encrypted_content", text)?;
    let seal = sealed.filter(|seal| seal.starts_with(proofs::MARK)).and_then(proofs::unmarked);
    Ok(match seal {
        Some(seal) => match seal.strip_prefix(REDACTED) {
            Some(data) => vec![Block::RedactedThinking { data: data.to_owned() }],
            None => vec![Block::Thinking { text: said, signature: Some(seal) }],
        },
        None if said.is_empty() => Vec::new(),
        None => vec![Block::Thinking { text: said, signature: None }],
    })
}

/// The text that a custom tool was called with, from the arguments of the function that stands for it.
pub(super) fn custom_input(arguments: &str) -> String {
    let said = |doc: Doc| doc.root().get(tools::INPUT)?.as_string();
    Doc::parse(arguments.as_bytes()).ok().and_then(said).unwrap_or_else(|| arguments.to_owned())
}
