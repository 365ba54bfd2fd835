//! Rankings of Amazon's and Cohere's models, in their makers' own form.

use bytes::BytesMut;
use types::{Document, Fault, Rerank};

use crate::Fit;
use crate::json::Writer;

/// Whether a model ranks documents.
pub(super) fn ranks(model: &str) -> bool {
    ["amazon.rerank", "cohere.rerank"].iter().any(|start| model.contains(start))
}

/// Encodes a request.
pub(super) fn write(request: &Rerank, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let is_cohere = fit.target.model.contains("cohere.");
    let per_document = request.max_tokens_per_doc.filter(|_| is_cohere);
    if per_document.is_none() {
        fit.hint("max_tokens_per_doc", &request.max_tokens_per_doc);
    }
    if request.documents.iter().any(|one| matches!(one, Document::Other(_))) {
        return fit.refuse("documents", "a document without a text");
    }
    Ok(Writer::document(|w| {
        w.str_field("query", &request.query);
        w.key("documents").array(|w| {
            request.documents.iter().for_each(|document| match document {
                Document::Text(text) => w.string(text),
                Document::Other(raw) => w.raw(raw),
            });
        });
        w.opt_num("top_n", request.top_n);
        w.opt_num("max_tokens_per_doc", per_document);
        if is_cohere {
            w.num_field("api_version", 2);
        }
        request.extras.iter().for_each(|(name, value)| w.key(name).raw(value));
    }))
}
