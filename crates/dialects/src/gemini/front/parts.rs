//! Contents of callers: turns of parts.

use types::{Block, Message, Role, Source, Text, ToolCall, ToolResult};

use super::super::NAME;
use super::object::Either;
use crate::json::{Json, Writer, compact};
use crate::turns::Unanswered;
use crate::typed::{Place, Wrong, each, field, flag, items, object, text};

/// Reads `contents`: a list of turns, or a single one.
pub(super) fn messages(contents: Json) -> Result<Vec<Message>, Wrong> {
    let mut unanswered = Unanswered::default();
    contents.one_or_many().enumerate().map(|(index, item)| turn(item, &mut unanswered).at(index)).collect()
}

/// Reads `systemInstruction`.
pub(super) fn system(content: Json) -> Result<Message, Wrong> {
    let blocks = match content.as_string() {
        Some(text) => vec![Block::text(text)],
        None => parts(content, &mut Unanswered::default())?,
    };
    Ok(Message::new(Role::System, blocks))
}

/// The texts of a content, as one.
pub(super) fn joined(content: Json) -> Result<String, Wrong> {
    let parts = object(content)?.read("parts", |parts| each(parts, |part| field(part, "text", text)))?;
    Ok(parts.into_iter().flatten().flatten().collect::<Vec<_>>().join("\n"))
}

fn turn(content: Json, unanswered: &mut Unanswered) -> Result<Message, Wrong> {
    let role = match field(object(content)?, "role", text)?.as_deref() {
        None | Some("" | "user" | "function") => Role::User,
        Some("model") => Role::Assistant,
        Some("system") => Role::System,
        Some(_) => return Err(Wrong::new("must be 'user' or 'model'")).within("role"),
    };
    Ok(Message::new(role, parts(content, unanswered)?))
}

fn parts(content: Json, unanswered: &mut Unanswered) -> Result<Vec<Block>, Wrong> {
    let Some(list) = object(content)?.either("parts") else { return Ok(Vec::new()) };
    let blocks = items(list).within("parts")?.enumerate().map(|(index, item)| part(item, unanswered).at(index));
    let blocks = blocks.collect::<Result<Vec<_>, _>>().within("parts")?;
    Ok(blocks.into_iter().flatten().collect())
}

/// One part; `None` if it says nothing.
fn part(part: Json, unanswered: &mut Unanswered) -> Result<Option<Block>, Wrong> {
    let signature = object(part)?.read("thoughtSignature", text)?;
    if let Some(call) = part.read("functionCall", call)? {
        let mut call = ToolCall { signature, ..call };
        unanswered.note(&mut call);
        return Ok(Some(Block::ToolCall(call)));
    }
    if let Some(response) = part.either("functionResponse") {
        return result(response, unanswered).within("functionResponse").map(Some);
    }
    if let Some(blob) = part.read("inlineData", inline)? {
        return Ok(Some(blob));
    }
    if let Some(file) = part.read("fileData", file)? {
        return Ok(Some(file));
    }
    match (field(part, "text", text)?, field(part, "thought", flag)?.unwrap_or(false)) {
        (Some(text), true) => Ok(Some(Block::Thinking { text, signature: None })),
        (Some(text), false) if text.is_empty() && signature.is_none() => Ok(None),
        (Some(text), false) => Ok(Some(Block::Text(Text { text, signature, ..Text::default() }))),
        (None, _) => Ok(Some(Block::Opaque { dialect: NAME, raw: part.to_raw() })),
    }
}

fn call(call: Json) -> Result<ToolCall, Wrong> {
    let id = field(object(call)?, "id", text)?.unwrap_or_default();
    let name = field(call, "name", text)?.unwrap_or_default();
    let arguments = field(call, "args", |args| Ok(compact(object(args)?.raw())))?;
    Ok(ToolCall { id, name, arguments: arguments.unwrap_or_else(|| "{}".to_owned()), signature: None })
}

/// What a tool answered: the text under the one key that Google's own clients use, or the object as it is.
fn result(response: Json, unanswered: &mut Unanswered) -> Result<Block, Wrong> {
    let id = field(object(response)?, "id", text)?;
    let (call_id, name) = unanswered.answered(id, field(response, "name", text)?);
    let said = field(response, "response", object)?;
    let only = |key: &str| said.filter(|said| said.fields().count() == 1).and_then(|said| said.get(key));
    let failed = only("error");
    let shown = failed.or_else(|| only("output")).or_else(|| only("result")).or(said);
    let text = shown.map(|value| value.as_string().unwrap_or_else(|| compact(value.raw()))).unwrap_or_default();
    let mut blocks = vec![Block::text(text)];
    let media = response.read("parts", |parts| each(parts, |part| object(part)?.read("inlineData", inline)))?;
    blocks.extend(media.into_iter().flatten().flatten());
    Ok(Block::ToolResult(ToolResult { call_id, name, blocks, is_error: failed.is_some(), cache: None }))
}

/// Bytes that came along.
fn inline(blob: Json) -> Result<Block, Wrong> {
    let media_type = object(blob)?.read("mimeType", text)?.unwrap_or_default();
    // Google's own clients write base64 as in addresses, which nobody else reads.
    let data = field(blob, "data", text)?.unwrap_or_default().replace('-', "+").replace('_', "/");
    Ok(match media_type.split_once('/') {
        Some(("audio", format)) => Block::Audio { data, format: format.trim_start_matches("x-").to_owned() },
        _ => of_type(&media_type.clone(), Source::Base64 { media_type, data }),
    })
}

/// Bytes that are somewhere else.
fn file(file: Json) -> Result<Block, Wrong> {
    let media_type = object(file)?.read("mimeType", text)?.unwrap_or_default();
    let address = file.read("fileUri", text)?.unwrap_or_default();
    Ok(of_type(&media_type, Source::Url(address)))
}

fn of_type(media_type: &str, source: Source) -> Block {
    match media_type.starts_with("image/") {
        true => Block::Image { source, detail: None, cache: None },
        false => Block::Document { source, name: None, cache: None },
    }
}

/// Writes a block of an answer as a part, if it can be said in one.
pub(super) fn write(w: &mut Writer, block: &Block) {
    match block {
        Block::Text(text) => w.object(|w| {
            w.str_field("text", &text.text);
            w.opt_str("thoughtSignature", text.signature.as_deref());
        }),
        Block::Refusal(text) => w.object(|w| w.str_field("text", text)),
        Block::Thinking { text, .. } if !text.is_empty() => w.object(|w| {
            w.str_field("text", text);
            w.num_field("thought", true);
        }),
        Block::ToolCall(call) => w.object(|w| write_call(w, call)),
        Block::Image { source: Source::Base64 { media_type, data }, .. } => w.object(|w| {
            w.key("inlineData").object(|w| {
                w.str_field("mimeType", media_type);
                w.str_field("data", data);
            });
        }),
        Block::Opaque { dialect: NAME, raw } => w.raw(raw),
        _ => {}
    }
}

/// Arguments are an object here. Text that is none stays to be seen by the tool, which will complain.
fn write_call(w: &mut Writer, call: &ToolCall) {
    w.key("functionCall").object(|w| {
        w.opt_str("id", Some(&*call.id).filter(|id| !id.is_empty()));
        w.str_field("name", &call.name);
        match crate::turns::object_text(&call.arguments) {
            Some(object) => w.key("args").json(&object),
            None => w.key("args").object(|w| w.str_field("arguments", &call.arguments)),
        }
    });
    w.opt_str("thoughtSignature", call.signature.as_deref());
}
