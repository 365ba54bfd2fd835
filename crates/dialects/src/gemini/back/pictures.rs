//! Pictures: Gemini's own models answer with them in a chat, Imagen has a method of its own.

use bytes::BytesMut;
use types::{Block, Fault, FaultKind, Finish, Pictures, Picturing, Source, Usage};

use super::media::Media;
use super::{answer, family};
use crate::Fit;
use crate::json::{Json, Writer};
use crate::upstream::malformed;

/// Shapes of pictures, and their widths and heights. Imagen has only the first ones.
const SHAPES: [(&str, u64, u64); 10] = [
    ("1:1", 1, 1),
    ("3:4", 3, 4),
    ("4:3", 4, 3),
    ("9:16", 9, 16),
    ("16:9", 16, 9),
    ("2:3", 2, 3),
    ("3:2", 3, 2),
    ("4:5", 4, 5),
    ("5:4", 5, 4),
    ("21:9", 21, 9),
];
const OF_IMAGEN: usize = 5;

/// Longer sides, pixels, from which on pictures are ordered larger than usual.
const LARGE: [(u64, &str); 2] = [(3_000, "4K"), (1_800, "2K")];

/// Whether a model makes nothing but pictures.
pub(super) fn is_imagen(model: &str) -> bool {
    family::bare_name(model).starts_with("imagen")
}

/// Encodes a request.
pub(super) fn write(picturing: &Picturing, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let imagen = is_imagen(fit.target.model);
    if picturing.stream {
        return fit.refuse("stream", "a picture that comes in events");
    }
    if !imagen && picturing.n.is_some_and(|n| n > 1) {
        return fit.refuse("n", "several pictures in one call");
    }
    if picturing.has_mask {
        return fit.refuse("mask", "a mask");
    }
    if picturing.wants_urls {
        fit.worse_without("response_format")?;
    }
    fit.hint("quality", &picturing.quality);
    fit.hint("user", &picturing.user);
    for (name, _) in &picturing.extras {
        fit.worse_without(name)?;
    }
    let shape = picturing.size.map(|size| shape(size, imagen));
    let large = picturing.size.and_then(|(wide, high)| LARGE.iter().find(|(from, _)| wide.max(high) >= *from));
    let large = large.map(|(_, name)| *name);
    Ok(Writer::document(|w| match imagen {
        true => {
            w.key("instances").array(|w| w.object(|w| w.str_field("prompt", &picturing.prompt)));
            w.key("parameters").object(|w| {
                w.num_field("sampleCount", picturing.n.unwrap_or(1));
                w.opt_str("aspectRatio", shape);
                w.opt_str("sampleImageSize", large);
            });
        }
        false => {
            w.key("contents").array(|w| {
                w.object(|w| {
                    w.str_field("role", "user");
                    w.key("parts").array(|w| {
                        w.object(|w| w.str_field("text", &picturing.prompt));
                        for (kind, data) in &picturing.images {
                            w.object(|w| Media::Inline { mime: kind.as_str().into(), data }.write(w));
                        }
                    });
                });
            });
            w.key("generationConfig").object(|w| {
                w.key("responseModalities").array(|w| ["TEXT", "IMAGE"].iter().for_each(|kind| w.string(kind)));
                if shape.is_some() {
                    w.key("imageConfig").object(|w| {
                        w.opt_str("aspectRatio", shape);
                        w.opt_str("imageSize", large);
                    });
                }
            });
        }
    }))
}

/// The shape that is closest to a size.
fn shape((wide, high): (u64, u64), imagen: bool) -> &'static str {
    let known = if imagen { &SHAPES[..OF_IMAGEN] } else { &SHAPES[..] };
    let wanted = (wide.max(1) as f64 / high.max(1) as f64).ln();
    let distance = |(_, wide, high): &(&str, u64, u64)| (wanted - (*wide as f64 / *high as f64).ln()).abs();
    let closest = known.iter().min_by(|one, other| distance(one).total_cmp(&distance(other)));
    closest.map_or(SHAPES[0].0, |(name, ..)| name)
}

/// Decodes an answer of either kind.
pub(super) fn read(root: Json) -> Result<Pictures, Fault> {
    if let Some(list) = root.get_some("predictions") {
        let picture = |item: Json| {
            let kind = item.get("mimeType").and_then(|kind| kind.as_string()).unwrap_or_else(|| "image/png".to_owned());
            Some((kind, item.get_some("bytesBase64Encoded")?.as_string()?))
        };
        let pictures: Vec<_> = list.items().filter_map(picture).collect();
        let usage = Usage { images_made: Some(pictures.len() as u64), ..Usage::default() };
        return if pictures.is_empty() { Err(withheld()) } else { Ok(Pictures { pictures, usage }) };
    }
    // Imagen answers with nothing at all where it withholds everything.
    if root.get_some("candidates").is_none() && root.fields().next().is_none() {
        return Err(withheld());
    }
    let answer = answer::read(root)?;
    let is_withheld = answer.choices.iter().any(|choice| choice.finish == Finish::ContentFilter);
    let blocks = answer.choices.into_iter().flat_map(|choice| choice.blocks);
    let picture = |block: Block| match block {
        Block::Image { source: Source::Base64 { media_type, data }, .. } => Some((media_type, data)),
        _ => None,
    };
    let pictures: Vec<_> = blocks.filter_map(picture).collect();
    match pictures.is_empty() {
        true if is_withheld => Err(withheld()),
        true => Err(malformed("the provider's answer has no picture")),
        false => {
            let made = (answer.usage.output.is_none()).then_some(pictures.len() as u64);
            Ok(Pictures { pictures, usage: Usage { images_made: made, ..answer.usage } })
        }
    }
}

fn withheld() -> Fault {
    Fault::provider(FaultKind::ContentPolicy, "the provider withholds the pictures")
}

#[cfg(test)]
mod tests;
