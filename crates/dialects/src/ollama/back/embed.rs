//! Embeddings: `/api/embed`.

use bytes::BytesMut;
use types::{Embedding, Embeddings, Fault, Usage};

use super::options::Settings;
use crate::json::{Json, Writer};
use crate::{Fit, cl100k, upstream};

/// Encodes a request for embedding vectors.
pub(super) fn write(embedding: &Embedding, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let texts = cl100k::texts(&embedding.input)?;
    let mut settings = Settings::within(fit);
    settings.top.opt_num("dimensions", embedding.dimensions);
    settings.extras(&embedding.extras, &[], fit)?;
    settings.uncut(&["truncate"], fit);
    fit.hint("user", &embedding.user);
    fit.hint("input_type", &embedding.input_type);
    Ok(Writer::document(|w| {
        w.str_field("model", fit.target.model);
        w.key("input").array(|w| texts.iter().for_each(|text| w.string(text)));
        settings.top.write_into(w);
        settings.options.write_as("options", w);
    }))
}

/// Decodes embedding vectors.
pub(super) fn read(root: Json) -> Result<Embeddings, Fault> {
    let usage = usage(root)?;
    let vectors = root.get("embeddings").into_iter().flat_map(|list| list.items());
    Ok(Embeddings {
        model: root.get("model").and_then(|model| model.as_string()).unwrap_or_default(),
        vectors: vectors.map(upstream::vector).collect::<Result<_, _>>()?,
        usage,
    })
}

/// What an answer consumed, if it is one: its head tells.
pub(super) fn usage(root: Json) -> Result<Usage, Fault> {
    if root.get_some("embeddings").is_none() {
        return Err(upstream::malformed("the provider's answer has no embeddings"));
    }
    Ok(Usage { input: upstream::count(root.get("prompt_eval_count")), ..Usage::default() })
}
