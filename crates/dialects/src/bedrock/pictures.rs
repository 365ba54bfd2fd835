//! Pictures of Amazon's models (Nova Canvas, Titan) and of Stability AI's, each in its maker's own form.

use bytes::BytesMut;
use types::{Fault, FaultKind, Pictures, Picturing, Usage};

use crate::Fit;
use crate::json::{Json, Writer};
use crate::upstream::malformed;

/// Shapes of Stability's pictures, and their widths and heights.
const SHAPES: [(&str, u64, u64); 9] = [
    ("1:1", 1, 1),
    ("16:9", 16, 9),
    ("21:9", 21, 9),
    ("2:3", 2, 3),
    ("3:2", 3, 2),
    ("4:5", 4, 5),
    ("5:4", 5, 4),
    ("9:16", 9, 16),
    ("9:21", 9, 21),
];

/// Whose pictures.
#[derive(Clone, Copy, PartialEq)]
enum Maker {
    Amazon,
    Stability,
}

fn maker(model: &str) -> Option<Maker> {
    let has = |word: &str| model.contains(word);
    match () {
        () if has("amazon.nova-canvas") || has("amazon.titan-image") => Some(Maker::Amazon),
        // Those of before had another form, and have ended.
        () if has("stability.") && !has("stable-diffusion-xl") => Some(Maker::Stability),
        () => None,
    }
}

/// Whether a model makes pictures.
pub(super) fn makes(model: &str) -> bool {
    maker(model).is_some()
}

/// Encodes a request.
pub(super) fn write(picturing: &Picturing, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let maker = maker(fit.target.model).unwrap_or(Maker::Amazon);
    if !picturing.images.is_empty() {
        return fit.refuse("image", "edits of pictures");
    }
    if picturing.stream {
        return fit.refuse("stream", "a picture that comes in events");
    }
    if maker == Maker::Stability && picturing.n.is_some_and(|n| n > 1) {
        return fit.refuse("n", "several pictures in one call");
    }
    if picturing.wants_urls {
        fit.worse_without("response_format")?;
    }
    fit.hint("user", &picturing.user);
    if maker == Maker::Stability {
        fit.hint("quality", &picturing.quality);
    }
    let mut own = Vec::new();
    for (name, value) in &picturing.extras {
        match (maker, name.as_str()) {
            (_, "seed") | (Maker::Amazon, "cfgScale") | (Maker::Stability, "negative_prompt" | "output_format") => {
                own.push((name, value));
            }
            _ => fit.worse_without(name)?,
        }
    }
    Ok(Writer::document(|w| match maker {
        Maker::Amazon => {
            w.str_field("taskType", "TEXT_IMAGE");
            w.key("textToImageParams").object(|w| w.str_field("text", &picturing.prompt));
            w.key("imageGenerationConfig").object(|w| {
                w.num_field("numberOfImages", picturing.n.unwrap_or(1));
                w.opt_num("width", picturing.size.map(|(wide, _)| wide));
                w.opt_num("height", picturing.size.map(|(_, high)| high));
                let quality = picturing.quality.as_deref().filter(|quality| *quality != "auto");
                let is_best = |quality: &str| ["high", "hd", "premium"].contains(&quality);
                w.opt_str("quality", quality.map(|quality| if is_best(quality) { "premium" } else { "standard" }));
                own.iter().for_each(|(name, value)| w.key(name).raw(value));
            });
        }
        Maker::Stability => {
            w.str_field("prompt", &picturing.prompt);
            w.opt_str("aspect_ratio", picturing.size.map(shape));
            own.iter().for_each(|(name, value)| w.key(name).raw(value));
        }
    }))
}

/// The shape that is closest to a size.
fn shape((wide, high): (u64, u64)) -> &'static str {
    let wanted = (wide.max(1) as f64 / high.max(1) as f64).ln();
    let distance = |(_, wide, high): &(&str, u64, u64)| (wanted - (*wide as f64 / *high as f64).ln()).abs();
    let closest = SHAPES.iter().min_by(|one, other| distance(one).total_cmp(&distance(other)));
    closest.map_or(SHAPES[0].0, |(name, ..)| name)
}

/// Decodes an answer of either maker. What is withheld is missing, or named.
pub(super) fn read(root: Json) -> Result<Pictures, Fault> {
    let withheld = || Fault::provider(FaultKind::ContentPolicy, "the provider withholds the pictures");
    let reasons = root.get_some("finish_reasons");
    let is_filtered = reasons.is_some_and(|reasons| reasons.items().any(|reason| !reason.is_null()));
    let list = root.get_some("images").map(|list| list.items().filter_map(|one| one.as_string()).collect::<Vec<_>>());
    let pictures = list.unwrap_or_default();
    match pictures.is_empty() {
        true if is_filtered || root.get_some("error").is_some() => Err(withheld()),
        true => Err(malformed("the provider's answer has no picture")),
        false => {
            let kind = |data: &str| crate::media::sniff(data).unwrap_or("image/png").to_owned();
            let pictures: Vec<_> = pictures.into_iter().map(|data| (kind(&data), data)).collect();
            let usage = Usage { images_made: Some(pictures.len() as u64), ..Usage::default() };
            Ok(Pictures { pictures, usage })
        }
    }
}
