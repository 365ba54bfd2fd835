//! Decoding content: strings, and lists of blocks.

use types::{Block, CacheMark, Fault, Source, Text, ToolCall, ToolResult};

use super::At;
use crate::anthropic::{ids, words};
use crate::json::{Json, Kind};

/// Where a block stands: not every kind may stand everywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Top-level instructions, or a system message.
    System,
    /// A message of the user.
    User,
    /// A message of the model.
    Assistant,
    /// The answer of a tool.
    Result,
}

/// Decodes `content`: a string, or a list of blocks.
pub(super) fn content(json: Json, at: &At, place: Place) -> Result<Vec<Block>, Fault> {
    match json.kind() {
        Kind::String => Ok(vec![Block::text(at.string(json)?)]),
        Kind::Array => {
            let mut out = Vec::new();
            at.list(json, |item, at| block(item, at, place, &mut out))?;
            Ok(out)
        }
        kind => Err(at.fault(format_args!("expected a string or a list of blocks, got {}", kind.describe()))),
    }
}

fn block(json: Json, at: &At, place: Place, out: &mut Vec<Block>) -> Result<(), Fault> {
    let kind = at.required_string(json, "type")?;
    if !may_stand(&kind, place) {
        return Err(at.fault(format_args!("a block of type '{kind}' cannot stand here")));
    }
    let block = match kind.as_str() {
        "text" => text(json, at)?,
        "image" => image(json, at)?,
        "document" => document(json, at, out)?,
        "tool_use" if is_direct(json) => tool_use(json, at)?,
        "tool_result" => tool_result(json, at)?,
        "thinking" => thinking(json, at)?,
        "redacted_thinking" => Block::RedactedThinking { data: at.required_string(json, "data")? },
        _ => opaque(json),
    };
    out.push(block);
    Ok(())
}

fn may_stand(kind: &str, place: Place) -> bool {
    match kind {
        "text" => true,
        _ if place == Place::System => false,
        "image" | "document" => place != Place::Assistant,
        "tool_result" => place == Place::User,
        "tool_use" | "thinking" | "redacted_thinking" => place == Place::Assistant,
        _ => true,
    }
}

fn opaque(json: Json) -> Block {
    Block::Opaque { dialect: words::DIALECT, raw: json.to_raw() }
}

fn cache(json: Json, at: &At) -> Result<Option<CacheMark>, Fault> {
    json.get_some("cache_control")
        .map(|control| {
            At::Field(at, "cache_control").expect(control, Kind::Object)?;
            Ok(words::cache_mark(control))
        })
        .transpose()
}

fn text(json: Json, at: &At) -> Result<Block, Fault> {
    let citations = json.get("citations").filter(|list| list.items().next().is_some());
    Ok(Block::Text(Text {
        text: at.required_string(json, "text")?,
        cache: cache(json, at)?,
        citations: citations.map(|list| list.to_raw()),
        signature: None,
    }))
}

fn image(json: Json, at: &At) -> Result<Block, Fault> {
    let inner = At::Field(at, "source");
    let object = at.required(json, "source")?;
    let source = match inner.required_string(object, "type")?.as_str() {
        "base64" => base64(object, &inner)?,
        "url" => Source::Url(inner.required_string(object, "url")?),
        "file" => Source::File(inner.required_string(object, "file_id")?),
        other => return Err(inner.fault(format_args!("unknown type of image source '{other}'"))),
    };
    Ok(Block::Image { source, detail: None, cache: cache(json, at)? })
}

fn base64(object: Json, at: &At) -> Result<Source, Fault> {
    Ok(Source::Base64 {
        media_type: at.required_string(object, "media_type")?,
        data: at.required_string(object, "data")?,
    })
}

/// A document. Its `context` is for the model to read, so it goes in front as a text of its own.
fn document(json: Json, at: &At, out: &mut Vec<Block>) -> Result<Block, Fault> {
    let inner = At::Field(at, "source");
    let object = at.required(json, "source")?;
    let source = match inner.required_string(object, "type")?.as_str() {
        "base64" => base64(object, &inner)?,
        "text" => Source::PlainText(inner.required_string(object, "data")?),
        "url" => Source::Url(inner.required_string(object, "url")?),
        "file" => Source::File(inner.required_string(object, "file_id")?),
        "content" => match plain_content(object, &inner)? {
            Some(text) => Source::PlainText(text),
            None => return Ok(opaque(json)),
        },
        other => return Err(inner.fault(format_args!("unknown type of document source '{other}'"))),
    };
    let (name, cache) = (at.optional_string(json, "title")?, cache(json, at)?);
    if let Some(context) = at.optional_string(json, "context")? {
        out.push(Block::text(context));
    }
    Ok(Block::Document { source, name, cache })
}

/// The text of a document that the caller cut into blocks; `None` if there are pictures among them.
fn plain_content(object: Json, at: &At) -> Result<Option<String>, Fault> {
    let blocks = content(at.required(object, "content")?, &At::Field(at, "content"), Place::Result)?;
    let texts = blocks.into_iter().map(|block| match block {
        Block::Text(text) => Some(text.text),
        _ => None,
    });
    Ok(texts.collect::<Option<Vec<_>>>().map(|texts| texts.join("\n\n")))
}

/// Whether the model called the tool itself. Calls made by other tools, or by parts of a toolset, belong to
/// constructs that only Anthropic knows.
fn is_direct(json: Json) -> bool {
    let caller = json.get_some("caller").and_then(|caller| caller.get("type"));
    caller.is_none_or(|kind| kind.is("direct")) && json.get_some("toolset_name").is_none()
}

fn tool_use(json: Json, at: &At) -> Result<Block, Fault> {
    let input = at.required(json, "input")?;
    At::Field(at, "input").expect(input, Kind::Object)?;
    let id = at.required_string(json, "id")?;
    let (id, signature) = ids::split_signature(&id);
    Ok(Block::ToolCall(ToolCall {
        id: id.to_owned(),
        name: at.required_string(json, "name")?,
        arguments: input.raw().to_owned(),
        signature,
    }))
}

fn tool_result(json: Json, at: &At) -> Result<Block, Fault> {
    let id = at.required_string(json, "tool_use_id")?;
    let blocks = match json.get_some("content") {
        Some(value) => content(value, &At::Field(at, "content"), Place::Result)?,
        None => Vec::new(),
    };
    Ok(Block::ToolResult(ToolResult {
        call_id: ids::split_signature(&id).0.to_owned(),
        name: None,
        blocks,
        is_error: at.optional_bool(json, "is_error")?.unwrap_or(false),
        cache: cache(json, at)?,
    }))
}

/// Thinking. An empty signature is one of ours (see the stream writer): no proof of anything.
fn thinking(json: Json, at: &At) -> Result<Block, Fault> {
    let signature = at.optional_string(json, "signature")?;
    Ok(Block::Thinking {
        text: at.required_string(json, "thinking")?,
        signature: signature.filter(|signature| !signature.is_empty()),
    })
}
