//! Sources of a text: Anthropic's `citations` and the vocabulary's, which are OpenAI's `annotations`.
//!
//! Only web sources have a word in both; places inside the caller's own documents have none in OpenAI's and are
//! left out on the way there.

use std::ops::Range;

use bytes::BytesMut;
use types::Raw;

use crate::json::{Doc, Json, Writer};

/// The web sources among Anthropic's `citations` as OpenAI annotations; `span` is the cited text's place in the
/// whole answer, in characters. `None` if there is no web source.
pub(super) fn to_annotations<'d>(citations: impl Iterator<Item = Json<'d>>, span: Range<usize>) -> Option<Raw> {
    let mut out = BytesMut::new();
    let mut any = false;
    Writer::new(&mut out).array(|w| {
        for citation in citations {
            let Some(url) = web_address(citation) else { continue };
            any = true;
            w.object(|w| {
                w.str_field("type", "url_citation");
                w.key("url_citation").object(|w| {
                    w.num_field("start_index", span.start);
                    w.num_field("end_index", span.end);
                    w.str_field("url", &url);
                    let title = citation.get("title").and_then(|title| title.as_str());
                    w.str_field("title", title.as_deref().unwrap_or_default());
                });
            });
        }
    });
    any.then(|| Raw::new(String::from_utf8_lossy(&out).into_owned()))
}

fn web_address(citation: Json) -> Option<String> {
    let named = |name: &str| citation.get(name).and_then(|value| value.as_string());
    named("url").or_else(|| named("source").filter(|source| source.starts_with("http")))
}

/// Anthropic's citations for OpenAI annotations, each as JSON text. `encrypted_index` is the provider's handle
/// on its own search result: ours is empty, which tells it apart should it come back.
pub(super) fn from_annotations(annotations: &Raw) -> Vec<String> {
    let Ok(doc) = Doc::parse(annotations.get().as_bytes()) else {
        return Vec::new();
    };
    let cited = doc.root().one_or_many().filter_map(|item| item.get("url_citation"));
    cited
        .map(|source| {
            let named = |name: &str| source.get(name).and_then(|value| value.as_string()).unwrap_or_default();
            let citation = Writer::document(|w| {
                w.str_field("type", "web_search_result_location");
                w.str_field("cited_text", "");
                w.str_field("url", &named("url"));
                w.str_field("title", &named("title"));
                w.str_field("encrypted_index", "");
            });
            String::from_utf8_lossy(&citation).into_owned()
        })
        .collect()
}

/// Whether `citations` of an earlier turn are Anthropic's own and may go back: not another dialect's, and not
/// made by [`from_annotations`].
pub(super) fn are_genuine(citations: &Raw) -> bool {
    Doc::parse(citations.get().as_bytes()).is_ok_and(|doc| {
        let genuine = |item: Json| {
            item.get("type").and_then(|kind| kind.as_str()).is_some_and(|kind| kind.ends_with("_location"))
                && !item.get("encrypted_index").is_some_and(|index| index.is(""))
        };
        doc.root().items().next().is_some() && doc.root().items().all(genuine)
    })
}
