//! What a message becomes on its way to Anthropic: content that is known to be acceptable, borrowed from the
//! request wherever possible. Everything that can be refused is refused here, so that printing cannot fail.

use std::borrow::Cow;

use types::{Block, CacheMark, Fault, Message, Raw, Role, Source, Text, ToolCall, ToolResult};

use super::media::{self, Media};
use crate::Fit;
use crate::anthropic::{citations, ids, words};
use crate::responses::seal;
use crate::turns::arguments_object;

/// A block as Anthropic takes it.
pub(crate) enum Piece<'a> {
    /// Text that is not blank.
    Text { text: Cow<'a, str>, cache: Option<CacheMark>, citations: Option<&'a Raw> },
    /// A picture.
    Image { source: Media<'a>, cache: Option<CacheMark> },
    /// A document.
    Document { source: Media<'a>, title: Option<&'a str>, cache: Option<CacheMark> },
    /// A call; `id` is what it is sent under, `input` the text of a JSON object.
    ToolUse { call: &'a ToolCall, id: Cow<'a, str>, input: Cow<'a, str> },
    /// The answer to a call; `id` is what the call is sent under.
    ToolResult { result: &'a ToolResult, id: Cow<'a, str>, content: Vec<Piece<'a>> },
    /// Reasoning with its proof.
    Thinking { text: &'a str, signature: &'a str },
    /// Unreadable reasoning.
    RedactedThinking(&'a str),
    /// A block that is Anthropic's own.
    Raw(&'a Raw),
}

impl<'a> Piece<'a> {
    /// Text without marks.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Piece::Text { text: text.into(), cache: None, citations: None }
    }

    /// Whether it is reasoning, readable or not.
    pub(crate) fn is_thinking(&self) -> bool {
        matches!(self, Piece::Thinking { .. } | Piece::RedactedThinking(_))
    }
}

/// The content of one message. Blank texts are left out, because Anthropic refuses them.
pub(crate) fn of<'a>(message: &'a Message, fit: &mut Fit) -> Result<Vec<Piece<'a>>, Fault> {
    let mut pieces = Vec::with_capacity(message.blocks.len());
    for block in &message.blocks {
        let piece = match message.role {
            Role::System => system(block, fit)?,
            Role::User => user(block, fit)?,
            Role::Assistant => assistant(block, fit)?,
        };
        pieces.extend(piece);
    }
    // Thinking comes first. Where the model thought between calls of Anthropic's own tools it already does,
    // and the order is part of what the signatures prove.
    if !pieces.first().is_some_and(Piece::is_thinking) {
        pieces.sort_by_key(|piece| !piece.is_thinking());
    }
    Ok(pieces)
}

fn system<'a>(block: &'a Block, fit: &Fit) -> Result<Option<Piece<'a>>, Fault> {
    match block {
        Block::Text(text) => Ok(written(text, false)),
        Block::Opaque { dialect: words::DIALECT, raw } => Ok(Some(Piece::Raw(raw))),
        _ => fit.refuse("messages", "anything but text in a system message"),
    }
}

fn user<'a>(block: &'a Block, fit: &Fit) -> Result<Option<Piece<'a>>, Fault> {
    Ok(match block {
        Block::Text(text) => written(text, false),
        Block::Refusal(text) => not_blank(text).map(Piece::text),
        Block::Image { source, cache, .. } => Some(picture(source, *cache, fit)?),
        Block::Document { source, name, cache } => Some(document(source, name.as_deref(), *cache, fit)?),
        Block::ToolResult(result) => Some(tool_result(result, fit)?),
        Block::Audio { .. } => return fit.refuse("messages", "audio input"),
        Block::Opaque { dialect: words::DIALECT, raw } => Some(Piece::Raw(raw)),
        Block::Opaque { .. } => return fit.refuse("messages", "a content block of another provider"),
        Block::ToolCall(_) => return Err(Fault::invalid_param("messages", "a user message cannot call tools")),
        Block::Thinking { .. } | Block::RedactedThinking { .. } => None,
    })
}

fn assistant<'a>(block: &'a Block, fit: &mut Fit) -> Result<Option<Piece<'a>>, Fault> {
    Ok(match block {
        Block::Text(text) => written(text, true),
        Block::Refusal(text) => not_blank(text).map(Piece::text),
        Block::ToolCall(call) => Some(tool_use(call)?),
        Block::Thinking { text, signature } => signature
            .as_deref()
            .filter(|signature| !signature.is_empty() && !seal::is_closed(signature))
            .map(|signature| Piece::Thinking { text, signature }),
        Block::RedactedThinking { data } => Some(Piece::RedactedThinking(data)),
        Block::Opaque { dialect: words::DIALECT, raw } => Some(Piece::Raw(raw)),
        Block::ToolResult(_) => {
            return Err(Fault::invalid_param("messages", "an assistant message cannot hold tool results"));
        }
        Block::Image { .. } | Block::Audio { .. } | Block::Document { .. } | Block::Opaque { .. } => {
            fit.worse_without("messages (media of an earlier answer)")?;
            None
        }
    })
}

fn written(text: &Text, may_cite: bool) -> Option<Piece<'_>> {
    let citations = text.citations.as_ref().filter(|raw| may_cite && citations::are_genuine(raw));
    not_blank(&text.text).map(|words| Piece::Text { text: words.into(), cache: text.cache, citations })
}

fn not_blank(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

fn picture<'a>(source: &'a Source, cache: Option<CacheMark>, fit: &Fit) -> Result<Piece<'a>, Fault> {
    Ok(Piece::Image { source: media::image(source, fit)?, cache })
}

/// A document, or the picture that the caller sent as a file.
fn document<'a>(
    source: &'a Source,
    title: Option<&'a str>,
    cache: Option<CacheMark>,
    fit: &Fit,
) -> Result<Piece<'a>, Fault> {
    if media::is_image(source) {
        return picture(source, cache, fit);
    }
    Ok(Piece::Document { source: media::document(source, fit)?, title: title.and_then(not_blank), cache })
}

fn tool_result<'a>(result: &'a ToolResult, fit: &Fit) -> Result<Piece<'a>, Fault> {
    let mut content = Vec::with_capacity(result.blocks.len());
    for block in &result.blocks {
        if matches!(block, Block::ToolResult(_)) {
            return Err(Fault::invalid_param("messages", "a tool result cannot hold another one"));
        }
        content.extend(user(block, fit)?);
    }
    Ok(Piece::ToolResult { result, id: Cow::Borrowed(&result.call_id), content })
}

fn tool_use(call: &ToolCall) -> Result<Piece<'_>, Fault> {
    ids::check_tool_name(&call.name)?;
    Ok(Piece::ToolUse { call, id: Cow::Borrowed(&call.id), input: arguments_object(call)? })
}
