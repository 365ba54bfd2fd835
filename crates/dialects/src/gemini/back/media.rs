//! Pictures, sound and documents on their way to Gemini, which takes bytes, and addresses only of its own stores.

use std::borrow::Cow;

use types::{Fault, FaultKind, Source};

use crate::{json::Writer, media::sniff, turns};

/// Where the Files API keeps what was uploaded; the request names a file by its full address.
const FILES_API: &str = "https://generativelanguage.googleapis.com/v1beta/";

/// Addresses that Gemini resolves itself: Cloud Storage, the Files API, YouTube.
const RESOLVED: [&str; 6] = [
    "gs://",
    "https://generativelanguage.googleapis.com/",
    "https://www.youtube.com/",
    "https://youtube.com/",
    "https://m.youtube.com/",
    "https://youtu.be/",
];

/// Bytes or a place to find them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Media<'a> {
    Inline { mime: Cow<'a, str>, data: &'a str },
    File { uri: Cow<'a, str> },
}

impl<'a> Media<'a> {
    /// Media for `source`. `what` names it in a refusal, `target` the model.
    pub(super) fn of(source: &'a Source, what: &str, target: &str) -> Result<Self, Fault> {
        match source {
            Source::Base64 { media_type, data } => {
                Ok(Media::Inline { mime: Cow::Borrowed(real_type(media_type, data)), data })
            }
            Source::Url(url) | Source::File(url) if is_resolved(url) => Ok(Media::File { uri: Cow::Borrowed(url) }),
            Source::File(id) if id.starts_with("files/") => {
                Ok(Media::File { uri: Cow::Owned(format!("{FILES_API}{id}")) })
            }
            Source::Url(_) | Source::PlainText(_) => Err(turns::address_refused(what, target)),
            Source::File(_) => Err(Fault {
                kind: FaultKind::Unsupported,
                ..Fault::invalid_param("messages", format!("{what} names a file that is not one of {target}'s"))
            }),
        }
    }

    /// Sound, in OpenAI's words for its format.
    pub(super) fn audio(data: &'a str, format: &str) -> Self {
        let mime = match format {
            "pcm16" => Cow::Borrowed("audio/L16;rate=24000"),
            _ => Cow::Owned(format!("audio/{format}")),
        };
        Media::Inline { mime, data }
    }

    /// Writes the field that holds it.
    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Media::Inline { mime, data } => w.key("inlineData").object(|w| {
                w.str_field("mimeType", mime);
                w.str_field("data", data);
            }),
            Media::File { uri } => w.key("fileData").object(|w| {
                w.opt_str("mimeType", mime_of_name(uri));
                w.str_field("fileUri", uri);
            }),
        }
    }
}

/// The declared type, unless the bytes say otherwise: pictures are often declared as what they are not. The
/// beginnings of other bytes prove nothing, but for those of a PDF.
fn real_type<'a>(declared: &'a str, data: &str) -> &'a str {
    match sniff(data) {
        Some(real) if declared.starts_with("image/") || real == "application/pdf" => real,
        _ => declared,
    }
}

fn is_resolved(url: &str) -> bool {
    RESOLVED.iter().any(|start| url.starts_with(start))
}

/// What a file's name says it is: Cloud Storage objects must be declared.
fn mime_of_name(uri: &str) -> Option<&'static str> {
    const ENDINGS: [(&str, &str); 13] = [
        (".png", "image/png"),
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".webp", "image/webp"),
        (".heic", "image/heic"),
        (".gif", "image/gif"),
        (".pdf", "application/pdf"),
        (".txt", "text/plain"),
        (".mp3", "audio/mp3"),
        (".wav", "audio/wav"),
        (".mp4", "video/mp4"),
        (".mov", "video/mov"),
        (".webm", "video/webm"),
    ];
    let name = uri.to_ascii_lowercase();
    ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, mime)| *mime)
}
