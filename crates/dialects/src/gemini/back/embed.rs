//! Embeddings: `batchEmbedContents`, one request per text.

use bytes::BytesMut;
use types::{Embedding, EmbeddingInput, Embeddings, Fault, Usage};

use super::request::resource_name;
use crate::fields::Fields;
use crate::json::{Json, Writer};
use crate::{Fit, turns, upstream};

/// What vectors are for, in the common words and in Google's.
const TASKS: [(&str, &str); 4] = [
    ("search_query", "RETRIEVAL_QUERY"),
    ("search_document", "RETRIEVAL_DOCUMENT"),
    ("classification", "CLASSIFICATION"),
    ("clustering", "CLUSTERING"),
];

/// Encodes a request for embedding vectors.
pub(super) fn write(embedding: &Embedding, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let EmbeddingInput::Texts(texts) = &embedding.input else {
        return fit.refuse("input", "input as token ids");
    };
    let model = resource_name(fit.target.model);
    let mut settings = Fields::default();
    if let Some(word) = &embedding.input_type {
        let known = TASKS.iter().find(|(common, _)| common == word);
        settings.str("taskType", known.map_or(word.as_str(), |(_, google)| google));
    }
    settings.opt_num("outputDimensionality", embedding.dimensions);
    for (name, raw) in &embedding.extras {
        match name.as_str() {
            "taskType" | "task_type" => settings.raw("taskType", raw),
            "title" => settings.raw("title", raw),
            hint if turns::is_hint(hint, raw) => fit.hint(hint, &Some(())),
            other => fit.worse_without(other)?,
        }
    }
    fit.hint("user", &embedding.user);
    Ok(Writer::document(|w| {
        w.key("requests").array(|w| {
            for text in texts {
                w.object(|w| {
                    w.str_field("model", &model);
                    w.key("content").object(|w| {
                        w.key("parts").array(|w| w.object(|w| w.str_field("text", text)));
                    });
                    settings.write_into(w);
                });
            }
        });
    }))
}

/// Decodes embedding vectors. The API does not name the model, and only newer versions count tokens.
pub(super) fn read(root: Json) -> Result<Embeddings, Fault> {
    let Some(list) = root.get_some("embeddings") else {
        return Err(upstream::malformed("the provider's answer has no embeddings"));
    };
    let vectors = list
        .items()
        .map(|item| match item.get("values") {
            Some(values) => upstream::vector(values),
            None => Err(upstream::malformed("the provider sent an embedding without values")),
        })
        .collect::<Result<_, _>>()?;
    let input = root.get("usageMetadata").and_then(|usage| upstream::count(usage.get("promptTokenCount")));
    Ok(Embeddings { model: String::new(), vectors, usage: Usage { input, ..Usage::default() } })
}
