//! The content parts of a planned message: pictures and documents as OpenAI takes them, and cache markers.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use types::{CacheMark, Fault, Raw, Source};

use crate::{Fit, media};

/// A content part as it goes over the wire.
pub(super) enum Part<'a> {
    Text {
        text: Cow<'a, str>,
        cache: Option<CacheMark>,
    },
    Image {
        url: Cow<'a, str>,
        detail: Option<&'a str>,
        cache: Option<CacheMark>,
    },
    Audio {
        data: &'a str,
        format: &'a str,
    },
    File {
        file: FileRef<'a>,
        cache: Option<CacheMark>,
    },
    /// A part that only OpenAI understands.
    Raw(&'a Raw),
}

/// A file within the request, or in the provider's store.
pub(super) enum FileRef<'a> {
    Inline { name: &'a str, data_url: String },
    Stored(&'a str),
}

impl<'a> Part<'a> {
    /// Plain text.
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Part::Text { text: text.into(), cache: None }
    }

    pub(super) fn text_mut(&mut self) -> Option<&mut Cow<'a, str>> {
        match self {
            Part::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Marks the part as the end of a cacheable prefix, unless it is marked already.
    pub(super) fn set_cache(&mut self, mark: Option<CacheMark>) {
        match self {
            Part::Text { cache, .. } | Part::Image { cache, .. } | Part::File { cache, .. } => *cache = cache.or(mark),
            Part::Audio { .. } | Part::Raw(_) => {}
        }
    }
}

/// The marker, if the server takes any; otherwise it is a hint that gets lost.
pub(super) fn mark(fit: &mut Fit, cache: Option<CacheMark>) -> Option<CacheMark> {
    let quirks = fit.target.quirks;
    if quirks.cache_control || quirks.cache_breakpoints {
        return cache;
    }
    if !fit.dropped.iter().any(|name| name == "cache_control") {
        fit.hint("cache_control", &cache);
    }
    None
}

/// A picture, inline or by address. The declared type often lies, so the first bytes decide.
pub(super) fn image<'a>(
    fit: &mut Fit,
    source: &'a Source,
    detail: Option<&'a str>,
    cache: Option<CacheMark>,
) -> Result<Part<'a>, Fault> {
    let url = match source {
        Source::Base64 { media_type, data } => {
            Cow::Owned(media::data_url(media::sniff(data).unwrap_or(media_type), data))
        }
        Source::Url(url) => Cow::Borrowed(url.as_str()),
        Source::File(_) => return fit.refuse("messages", "a picture from another provider's file store"),
        Source::PlainText(_) => return Err(Fault::invalid_param("messages", "a picture cannot be plain text")),
    };
    Ok(Part::Image { url, detail, cache: mark(fit, cache) })
}

/// A document: texts become text, other files go along as files.
pub(super) fn document<'a>(
    fit: &mut Fit,
    source: &'a Source,
    name: Option<&'a str>,
    cache: Option<CacheMark>,
) -> Result<Part<'a>, Fault> {
    let cache = mark(fit, cache);
    let file = match source {
        Source::PlainText(text) => {
            return Ok(Part::Text { text: titled(name, text), cache });
        }
        Source::Base64 { media_type, data } => match text_of(media_type, data) {
            Some(text) => {
                let text = Cow::Owned(titled(name, &text).into_owned());
                return Ok(Part::Text { text, cache });
            }
            None => {
                FileRef::Inline { name: name.unwrap_or("document.pdf"), data_url: media::data_url(media_type, data) }
            }
        },
        Source::File(id) => FileRef::Stored(id),
        Source::Url(_) => return fit.refuse("messages", "a document by its address"),
    };
    Ok(Part::File { file, cache })
}

/// The text of an inline document, if it is one.
fn text_of(media_type: &str, data: &str) -> Option<String> {
    media_type.starts_with("text/").then_some(())?;
    String::from_utf8(BASE64_STANDARD.decode(data).ok()?).ok()
}

fn titled<'a>(name: Option<&str>, text: &'a str) -> Cow<'a, str> {
    match name {
        Some(name) => Cow::Owned(format!("{name}:\n{text}")),
        None => Cow::Borrowed(text),
    }
}
