//! Where an answer has its facts from: Cohere's citations as OpenAI's annotations, as far as their sources have an
//! address. Documents of the caller's own and results of tools without one have no word there.

use bytes::BytesMut;
use types::Raw;

use crate::json::{Doc, Json, Kind, Writer};

/// The list of annotations for these citations, which may be one alone; `None` if no source has an address. `offset` says
/// where the text of a piece of content begins in the whole answer, in characters; `None` if it is no text.
pub(super) fn annotations(citations: Json, offset: impl Fn(u64) -> Option<u64>) -> Option<Raw> {
    let list = match citations.kind() {
        Kind::Array => citations.items().collect(),
        _ => vec![citations],
    };
    let mut bytes = BytesMut::new();
    Writer::new(&mut bytes).array(|w| {
        for citation in list {
            let of_words = citation.get_some("type").is_none_or(|kind| kind.is("TEXT_CONTENT"));
            let index = citation.get_some("content_index").and_then(|index| index.as_u64());
            let Some(start) = offset(index.unwrap_or(0)).filter(|_| of_words) else { continue };
            let place = |name| citation.get_some(name).and_then(|place| place.as_u64()).unwrap_or(0);
            let span = (start.saturating_add(place("start")), start.saturating_add(place("end")));
            let sources = citation.get_some("sources").into_iter().flat_map(|sources| sources.items());
            sources.for_each(|source| annotation(source, span, w));
        }
    });
    (bytes.len() > "[]".len()).then(|| Raw::new(String::from_utf8_lossy(&bytes)))
}

fn annotation(source: Json, (start, end): (u64, u64), w: &mut Writer) {
    let Some(document) = source.get_some("document").or_else(|| source.get_some("tool_output")) else { return };
    let Some((url, title)) = address(document).or_else(|| inner_address(document)) else { return };
    w.object(|w| {
        w.str_field("type", "url_citation");
        w.key("url_citation").object(|w| {
            w.num_field("start_index", start);
            w.num_field("end_index", end);
            w.str_field("url", &url);
            w.str_field("title", &title);
        });
    });
}

/// Address and title of a document.
fn address(document: Json) -> Option<(String, String)> {
    let text = |name: &str| document.get_some(name).and_then(|value| value.as_string());
    let url = text("url").filter(|url| url.starts_with("http://") || url.starts_with("https://"))?;
    Some((url, text("title").unwrap_or_default()))
}

/// The same of a document whose content came as JSON in a text.
fn inner_address(document: Json) -> Option<(String, String)> {
    let content = document.get_some("content")?.as_string()?;
    let doc = Doc::parse_answer(content.as_bytes()).ok()?;
    address(doc.root())
}
