//! What Converse takes of a conversation: bytes but no addresses, and nothing that is Anthropic's own.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::Fault;

use crate::anthropic::write::media::Media;
use crate::anthropic::write::pieces::Piece;
use crate::anthropic::write::tools::{Item, Plan};
use crate::{Fit, turns};

/// Kinds of documents, by their types.
const DOCUMENTS: [(&str, &str); 11] = [
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
    ("application/csv", "csv"),
];

/// Longest name of a document.
const LONGEST_NAME: usize = 200;

/// Refuses what cannot be said, so that printing cannot fail.
pub(super) fn check(pieces: &[Piece], fit: &Fit) -> Result<(), Fault> {
    for piece in pieces {
        match piece {
            Piece::Image { source: Media::Base64 { .. }, .. } => {}
            Piece::Image { .. } => return Err(turns::address_refused("an image", fit.target.name)),
            Piece::Document { source: Media::Url(_) | Media::File(_), .. } => {
                return Err(turns::address_refused("a document", fit.target.name));
            }
            Piece::Document { source, .. } if document(source).is_none() => {
                return fit.refuse("messages", "a document of this type");
            }
            Piece::ToolResult { content, .. } => check(content, fit)?,
            Piece::Raw(_) => return fit.refuse("messages", "a content block of another provider"),
            _ => {}
        }
    }
    Ok(())
}

/// Takes out the tools that are Anthropic's own.
pub(super) fn check_tools(plan: &mut Plan, fit: &mut Fit) -> Result<(), Fault> {
    let before = plan.tools.len();
    plan.tools.retain(|tool| matches!(tool, Item::Function { .. }));
    match plan.tools.len() < before {
        true => fit.worse_without("tools (of another provider)"),
        false => Ok(()),
    }
}

/// Whether it is a call or the result of one.
pub(super) fn is_of_tool(piece: &Piece) -> bool {
    matches!(piece, Piece::ToolUse { .. } | Piece::ToolResult { .. })
}

/// A document's format and its bytes in base64.
pub(super) fn document<'m>(source: &'m Media) -> Option<(&'static str, Cow<'m, str>)> {
    let format = |of: &str| {
        let of = of.split(';').next().unwrap_or(of).trim();
        DOCUMENTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(of)).map(|(_, format)| *format)
    };
    match source {
        Media::Base64 { media_type, data } => Some((format(media_type)?, Cow::Borrowed(data))),
        Media::Office { media_type, data } => Some((format(media_type)?, Cow::Borrowed(data))),
        Media::Text(text) => Some(("txt", Cow::Owned(STANDARD.encode(text.as_bytes())))),
        Media::Url(_) | Media::File(_) => None,
    }
}

/// The name of the document with this number, as Converse takes it: without a number no two would differ.
pub(super) fn document_name(title: Option<&str>, number: usize) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-()[] ".contains(c);
    let title = title.unwrap_or_default().chars().map(|c| if allowed(c) { c } else { ' ' }).take(LONGEST_NAME);
    let words: Vec<String> = title.collect::<String>().split_whitespace().map(str::to_owned).collect();
    let name = words.join(" ");
    match (name.is_empty(), number) {
        (true, number) => format!("document {number}"),
        (false, 1) => name,
        (false, number) => format!("{name} {number}"),
    }
}

/// The format of a picture.
pub(super) fn image(media_type: &str) -> &str {
    media_type.strip_prefix("image/").unwrap_or(media_type)
}
