//! Vectors of Amazon's models, one text at a time, and of Cohere's, each in its maker's own form.

use bytes::BytesMut;
use types::{Embedding, Embeddings, Fault, Usage};

use crate::fields::Fields;
use crate::json::{Json, Kind, Writer};
use crate::{Fit, cl100k, turns, upstream};

/// Encodes a request for vectors.
pub(super) fn write(embedding: &Embedding, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let texts = cl100k::texts(&embedding.input)?;
    let mut fields = Fields::default();
    if fit.target.model.contains("cohere.") {
        fields.strings("texts", &texts);
        fields.str("input_type", embedding.input_type.as_deref().unwrap_or("search_document"));
        fields.opt_num("output_dimension", embedding.dimensions);
    } else {
        let [text] = &texts[..] else {
            return fit.refuse("input", "more than one text at a time");
        };
        fields.str("inputText", text);
        fields.opt_num("dimensions", embedding.dimensions);
        fit.hint("input_type", &embedding.input_type);
    }
    for (name, raw) in &embedding.extras {
        match name.as_str() {
            "normalize" | "truncate" | "embeddingTypes" => fields.raw(name, raw),
            hint if turns::is_hint(hint, raw) => fit.hint(hint, &Some(())),
            other => fit.worse_without(other)?,
        }
    }
    fit.hint("user", &embedding.user);
    Ok(Writer::document(|w| fields.write_into(w)))
}

/// Decodes an answer with vectors.
pub(super) fn read(root: Json) -> Result<Embeddings, Fault> {
    let usage = Usage { input: upstream::count(root.get("inputTextTokenCount")), ..Usage::default() };
    if let Some(vector) = root.get_some("embedding") {
        return Ok(Embeddings { vectors: vec![upstream::vector(vector)?], usage, ..Embeddings::default() });
    }
    // By type, where several were asked for.
    let found = root.get_some("embeddings").and_then(|found| match found.kind() {
        Kind::Object => found.get("float"),
        _ => Some(found),
    });
    let found = found.ok_or_else(|| upstream::malformed("the provider's answer has no vectors"))?;
    let vectors = found.items().map(upstream::vector).collect::<Result<_, _>>()?;
    Ok(Embeddings { vectors, usage, ..Embeddings::default() })
}
