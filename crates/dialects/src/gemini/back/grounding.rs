//! Where a grounded answer has its facts from: Google's grounding metadata as OpenAI's annotations.

use types::Raw;

use crate::json::{Json, Writer};

/// How much text of an answer was seen: Google counts its positions in bytes, OpenAI in characters, and which
/// character a byte belongs to is only known without the text if both counts are equal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    bytes: usize,
    characters: usize,
}

impl Extent {
    pub(super) fn add(&mut self, text: &str) {
        self.bytes += text.len();
        self.characters += text.chars().count();
    }
}

/// Number of searches that were run.
pub(super) fn searches(candidate: Json) -> Option<u64> {
    let queries = candidate.get_some("groundingMetadata")?.get_some("webSearchQueries")?;
    Some(queries.items().count() as u64)
}

/// The list of annotations for an answer of this extent; `None` if it names no source.
pub(super) fn annotations(metadata: Json, extent: Extent) -> Option<Raw> {
    let sources: Vec<Json> =
        metadata.get_some("groundingChunks")?.items().filter_map(|chunk| chunk.get_some("web")).collect();
    if sources.is_empty() {
        return None;
    }
    let supports = metadata.get_some("groundingSupports");
    let mut bytes = bytes::BytesMut::new();
    Writer::new(&mut bytes).array(|w| match supports {
        None => sources.iter().for_each(|source| annotation(*source, (0, extent.characters), w)),
        Some(supports) => {
            for support in supports.items() {
                let range = range(support, extent);
                for index in support.get("groundingChunkIndices").into_iter().flat_map(|list| list.items()) {
                    let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
                    if let Some(source) = index.and_then(|index| sources.get(index)) {
                        annotation(*source, range, w);
                    }
                }
            }
        }
    });
    (bytes.len() > "[]".len()).then(|| Raw::new(String::from_utf8_lossy(&bytes)))
}

/// The supported part of the text, or all of it where positions cannot be told.
fn range(support: Json, extent: Extent) -> (usize, usize) {
    let position = |name| support.get("segment")?.get(name)?.as_u64();
    let end = position("endIndex").and_then(|end| usize::try_from(end).ok());
    let start = usize::try_from(position("startIndex").unwrap_or(0)).ok();
    match (start, end) {
        (Some(start), Some(end)) if extent.bytes == extent.characters && start <= end && end <= extent.bytes => {
            (start, end)
        }
        _ => (0, extent.characters),
    }
}

fn annotation(source: Json, (start, end): (usize, usize), w: &mut Writer) {
    let text = |name| source.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    w.object(|w| {
        w.str_field("type", "url_citation");
        w.key("url_citation").object(|w| {
            w.num_field("start_index", start);
            w.num_field("end_index", end);
            w.str_field("url", &text("uri"));
            w.str_field("title", &text("title"));
        });
    });
}
