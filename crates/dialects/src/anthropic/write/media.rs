//! Pictures and documents: what Anthropic takes, by what the bytes are and not by what the caller calls them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::{Fault, Source};

use crate::Fit;
use crate::media::sniff;

/// Kinds of pictures that Anthropic takes.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Where Anthropic finds the bytes of a picture or document.
pub(crate) enum Media<'a> {
    /// Inline base64.
    Base64 { media_type: &'static str, data: &'a str },
    /// Inline text.
    Text(Cow<'a, str>),
    /// Inline base64 of another kind of document, where the target takes such.
    Office { media_type: &'a str, data: &'a str },
    /// An address on the web.
    Url(&'a str),
    /// An id of Anthropic's Files API.
    File(&'a str),
}

/// The source of a picture.
pub(crate) fn image<'a>(source: &'a Source, fit: &Fit) -> Result<Media<'a>, Fault> {
    match source {
        Source::Base64 { media_type, data } => match image_type(media_type, data) {
            Some(media_type) => Ok(Media::Base64 { media_type, data }),
            None => fit.refuse("messages", &format!("an image of type '{}'", shown(media_type))),
        },
        Source::PlainText(_) => fit.refuse("messages", "an image made of text"),
        Source::Url(url) => web(url, fit),
        Source::File(id) => file(id, fit),
    }
}

/// The source of a document: a PDF or text.
pub(crate) fn document<'a>(source: &'a Source, fit: &Fit) -> Result<Media<'a>, Fault> {
    match source {
        Source::Base64 { media_type, data } if is_pdf(media_type, data) => {
            Ok(Media::Base64 { media_type: "application/pdf", data })
        }
        Source::Base64 { media_type, data } if fit.target.quirks.office_documents && media_type != "text/plain" => {
            Ok(Media::Office { media_type, data })
        }
        Source::Base64 { media_type, data } if media_type.starts_with("text/") => text(data),
        Source::Base64 { media_type, .. } => {
            fit.refuse("messages", &format!("a document of type '{}'", shown(media_type)))
        }
        Source::PlainText(text) => Ok(Media::Text(Cow::Borrowed(text))),
        Source::Url(url) => web(url, fit),
        Source::File(id) => file(id, fit),
    }
}

/// Whether a document is really a picture.
pub(crate) fn is_image(source: &Source) -> bool {
    matches!(source, Source::Base64 { media_type, data } if image_type(media_type, data).is_some())
}

/// The type of a picture: what its first bytes say, or what the caller says if they say nothing.
fn image_type(declared: &str, data: &str) -> Option<&'static str> {
    let declared = if declared == "image/jpg" { "image/jpeg" } else { declared };
    let real = sniff(data).unwrap_or(declared);
    IMAGES.iter().find(|known| known.eq_ignore_ascii_case(real)).copied()
}

fn is_pdf(declared: &str, data: &str) -> bool {
    sniff(data).map_or(declared == "application/pdf", |real| real == "application/pdf")
}

fn text<'a>(data: &str) -> Result<Media<'a>, Fault> {
    let text = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match text {
        Some(text) => Ok(Media::Text(Cow::Owned(text))),
        None => Err(Fault::invalid_param("messages", "a text document is not base64 of UTF-8 text")),
    }
}

fn web<'a>(url: &'a str, fit: &Fit) -> Result<Media<'a>, Fault> {
    let is_web = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if is_web("https://") || is_web("http://") {
        return Ok(Media::Url(url));
    }
    let scheme: String = url.chars().take(12).collect();
    fit.refuse("messages", &format!("a file address that begins with '{scheme}'"))
}

/// Ids of OpenAI's file store (`file-...`) mean nothing to Anthropic (`file_...`).
fn file<'a>(id: &'a str, fit: &Fit) -> Result<Media<'a>, Fault> {
    if id.starts_with("file_") {
        return Ok(Media::File(id));
    }
    fit.refuse("messages", &format!("the uploaded file '{}'", shown(id)))
}

/// The beginning of a caller's word, for messages.
fn shown(word: &str) -> String {
    word.chars().take(80).collect()
}
