//! Pictures made from a text, or from others, for callers whose provider speaks another dialect.

use bytes::BytesMut;
use types::{Pictures, Picturing, Source, Usage};

use super::media::size_of;
use crate::Stamp;
use crate::json::{Json, Writer};
use crate::media::source_from_url;
use crate::typed::{Wrong, count, each, field, flag, required, text};

/// Fields that are understood here. Files are in no object: whoever has the form adds them.
const KNOWN: [&str; 12] = [
    "model",
    "prompt",
    "n",
    "size",
    "quality",
    "response_format",
    "stream",
    "user",
    "image",
    "image[]",
    "images",
    "mask",
];

/// Reads a request.
pub(super) fn read_request(root: Json) -> Result<Picturing, Wrong> {
    let size = |value: Json| match &*text(value)? {
        "auto" => Ok(None),
        size => size_of(size).map(Some).ok_or_else(|| Wrong::new("must be a size such as 1024x1024, or auto")),
    };
    Ok(Picturing {
        model: field(root, "model", text)?.unwrap_or_default(),
        prompt: required(root, "prompt", text)?,
        images: field(root, "images", |list| each(list, image))?.unwrap_or_default(),
        has_mask: root.get_some("mask").is_some(),
        n: field(root, "n", count)?,
        size: field(root, "size", size)?.flatten(),
        quality: field(root, "quality", text)?,
        wants_urls: field(root, "response_format", text)?.is_some_and(|format| format == "url"),
        stream: field(root, "stream", flag)?.unwrap_or(false),
        user: field(root, "user", text)?,
        extras: root.beside(&KNOWN),
    })
}

/// A picture in a request without files: `{"image_url": "data:..."}`.
fn image(value: Json) -> Result<(String, String), Wrong> {
    match source_from_url(&required(value, "image_url", text)?) {
        Source::Base64 { media_type, data } => Ok((media_type, data)),
        _ => Err(Wrong::new("must be a data: URL here: addresses are not fetched")),
    }
}

/// Encodes an answer.
pub(super) fn write_answer(answer: &Pictures, stamp: &Stamp) -> BytesMut {
    let Usage { input, output, image_input, image_output, .. } = answer.usage;
    Writer::document(|w| {
        w.num_field("created", stamp.created);
        w.key("data").array(|w| {
            answer.pictures.iter().for_each(|(_, data)| w.object(|w| w.str_field("b64_json", data)));
        });
        if let Some((kind, _)) = answer.pictures.first() {
            w.str_field("output_format", kind.strip_prefix("image/").unwrap_or(kind));
        }
        let Some(total) = answer.usage.total() else { return };
        let details = |w: &mut Writer, name: &str, all: Option<u64>, images: Option<u64>| {
            let images = images.unwrap_or(0);
            w.key(name).object(|w| {
                w.num_field("text_tokens", all.unwrap_or(0).saturating_sub(images));
                w.num_field("image_tokens", images);
            });
        };
        w.key("usage").object(|w| {
            w.num_field("input_tokens", input.unwrap_or(0));
            details(w, "input_tokens_details", input, image_input);
            w.num_field("output_tokens", output.unwrap_or(0));
            details(w, "output_tokens_details", output, image_output);
            w.num_field("total_tokens", total);
        });
    })
}
