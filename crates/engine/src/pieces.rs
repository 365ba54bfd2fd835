//! What calls consume beside tokens, foreseen from what they ask for: money is held by it, and what a provider does not
//! state is booked by it. Rather too much than too little: unknown is never zero.

use std::sync::Arc;

use dialects::json::Json;
use policy::price::Tariff;
use policy::text_tokens;
use types::{Operation, Usage};

use crate::ask::Ask;

/// Documents that are one search at Cohere.
const PER_SEARCH: u64 = 100;
/// Tokens, query included, behind which a document counts as one more; half of them, for what a query may take.
const PER_DOCUMENT: u64 = 250;

/// Width and height of a picture of which nobody says how large it is: the largest of the usual ones.
const USUAL_SIZE: (u64, u64) = (1024, 1536);
/// Pixels of a small picture, and the tokens that it has by its quality. The best counts where nobody says which.
const SMALL: u64 = 1024 * 1024;
const QUALITIES: [(&str, u64); 3] = [("low", 272), ("medium", 1_056), ("standard", 1_056)];
const BEST: u64 = 4_160;
/// Tokens of a picture that is shown before it is done.
const PARTIAL: u64 = 100;
/// Tokens of a picture that is read, and of one that is read closely.
const READ: u64 = 1_100;
const READ_CLOSELY: u64 = 6_400;

/// Milliseconds that it takes to say a character, and tokens of sound in a second of it.
const MS_PER_CHARACTER: u64 = 80;
const SPOKEN_PER_SECOND: u64 = 25;

/// Bytes of a second of a recording that is kept with care for its size: what is kept otherwise is shorter.
const BYTES_PER_SECOND: u64 = 4_000;
/// Bytes that a second of a WAV file may have.
const PLAUSIBLE: std::ops::RangeInclusive<u64> = 1_000..=400_000;
/// Tokens of a second that is listened to, and of what is said in it.
const HEARD_PER_SECOND: u64 = 15;
const WRITTEN_PER_SECOND: u64 = 6;

/// What `ask` will probably consume beside its input.
pub(crate) fn foreseen(ask: &Ask) -> Usage {
    match ask.operation {
        Operation::Rerank => {
            let documents = ask.body.with(documents);
            let searches = documents.saturating_add(ask.input_estimate() / PER_DOCUMENT).div_ceil(PER_SEARCH).max(1);
            Usage { queries: Some(searches), ..Usage::default() }
        }
        Operation::Image | Operation::ImageEdit | Operation::ImageVariation => drawn(ask),
        Operation::Speech => {
            let characters = ask.body.with(|root| text(root, "input")).chars().count() as u64;
            let audio_ms = characters.saturating_mul(MS_PER_CHARACTER);
            let output = Some(audio_ms.saturating_mul(SPOKEN_PER_SECOND).div_ceil(1000));
            let (characters, audio_ms) = (Some(characters), Some(audio_ms));
            Usage { characters, audio_ms, output, audio_output: output, ..Usage::default() }
        }
        Operation::Transcription | Operation::Translation => {
            let audio_ms = recorded(ask);
            let output = Some(audio_ms.saturating_mul(WRITTEN_PER_SECOND).div_ceil(1000));
            Usage { audio_input: Some(heard(audio_ms)), audio_ms: Some(audio_ms), output, ..Usage::default() }
        }
        _ => Usage::default(),
    }
}

/// About how many tokens its input has, if that is not plain from the length of its body.
pub(crate) fn input_tokens(ask: &Ask) -> Option<u64> {
    let written = || policy::estimate_body_tokens(ask.body.bytes());
    match ask.operation {
        Operation::Rerank => {
            // The query is read with each document.
            let (query, documents) = ask.body.with(|root| (text_tokens(&text(root, "query")), documents(root)));
            Some(written().saturating_add(query.saturating_mul(documents)))
        }
        Operation::ImageEdit | Operation::ImageVariation => {
            let closely = ask.body.with(|root| root.get_some("input_fidelity").is_some_and(|word| word.is("high")));
            let each = if closely { READ_CLOSELY } else { READ };
            Some(written().saturating_add(files(ask).saturating_mul(each)))
        }
        Operation::Transcription | Operation::Translation => Some(written().saturating_add(heard(recorded(ask)))),
        _ => None,
    }
}

/// The tariff of what `ask` wants, where that depends on more than the model.
pub(crate) fn tariff(ask: &Ask, tariff: Arc<Tariff>) -> Arc<Tariff> {
    match tariff.pictures.is_empty() {
        true => tariff,
        false => ask.body.with(|root| tariff.of_picture(&text(root, "quality"), size(root))),
    }
}

/// Width and height of the pictures that are wanted, if somebody says.
fn size(root: Json) -> Option<(u64, u64)> {
    let size = text(root, "size");
    let (wide, high) = size.split_once('x')?;
    Some((wide.parse().ok()?, high.parse().ok()?))
}

fn text(root: Json, name: &str) -> String {
    root.get_some(name).and_then(|text| text.as_string()).unwrap_or_default()
}

fn documents(root: Json) -> u64 {
    let list = root.get_some("documents");
    list.and_then(|list| list.inside(|list| list.items().count() as u64)).unwrap_or(0)
}

fn files(ask: &Ask) -> u64 {
    ask.form.iter().flat_map(|form| form.files()).count() as u64
}

fn drawn(ask: &Ask) -> Usage {
    let (size, quality, partial) = ask.body.with(|root| {
        let partial = root.get_some("partial_images").and_then(|count| count.as_u64());
        (size(root), text(root, "quality"), partial.unwrap_or(0))
    });
    let (wide, high) = size.unwrap_or(USUAL_SIZE);
    let (pixels, pictures) = (wide.saturating_mul(high), ask.answers());
    let small = QUALITIES.iter().find(|(name, _)| *name == quality).map_or(BEST, |(_, tokens)| *tokens);
    let each = pixels.saturating_mul(small).div_ceil(SMALL).saturating_add(partial.saturating_mul(PARTIAL));
    let output = Some(pictures.saturating_mul(each));
    Usage {
        images_made: Some(pictures),
        pixels: Some(pictures.saturating_mul(pixels)),
        images_read: Some(files(ask)).filter(|files| *files > 0),
        output,
        image_output: output,
        ..Usage::default()
    }
}

/// About how long a recording is, milliseconds: a WAV file says how many bytes a second has.
fn recorded(ask: &Ask) -> u64 {
    let length = |(_, bytes): (&str, &[u8])| {
        let rate = bytes.starts_with(b"RIFF").then(|| bytes.get(28..32)).flatten();
        let rate = rate.and_then(|rate| Some(u32::from_le_bytes(rate.try_into().ok()?))).unwrap_or(0);
        let rate = Some(u64::from(rate)).filter(|rate| PLAUSIBLE.contains(rate)).unwrap_or(BYTES_PER_SECOND);
        (bytes.len() as u64).saturating_mul(1000).div_ceil(rate)
    };
    ask.form.iter().flat_map(|form| form.files()).map(length).fold(0, u64::saturating_add)
}

fn heard(audio_ms: u64) -> u64 {
    audio_ms.saturating_mul(HEARD_PER_SECOND).div_ceil(1000)
}

#[cfg(test)]
mod tests;
