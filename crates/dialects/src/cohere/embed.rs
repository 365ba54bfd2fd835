//! Vectors: `/v2/embed`.

use bytes::BytesMut;
use types::{Embedding, Embeddings, Fault, FaultKind};

use super::usage;
use crate::fields::Fields;
use crate::json::{Doc, Json, Kind, Writer};
use crate::{Fit, cl100k, turns, upstream};

/// More texts in one call are refused by Cohere.
const MAX_TEXTS: usize = 96;

/// What vectors are for, in the words of others (Google's, Voyage's) and in Cohere's.
const TASKS: [(&str, &str); 10] = [
    ("RETRIEVAL_QUERY", "search_query"),
    ("QUESTION_ANSWERING", "search_query"),
    ("FACT_VERIFICATION", "search_query"),
    ("CODE_RETRIEVAL_QUERY", "search_query"),
    ("query", "search_query"),
    ("RETRIEVAL_DOCUMENT", "search_document"),
    ("document", "search_document"),
    ("CLASSIFICATION", "classification"),
    ("CLUSTERING", "clustering"),
    ("SEMANTIC_SIMILARITY", "clustering"),
];

/// What they are for if nobody says it.
const USUAL_TASK: &str = "search_document";

/// Encodes a request for vectors. They are asked for as numbers, whatever form the caller wants: how Cohere packs them
/// otherwise is not told in every detail.
pub(super) fn write(embedding: &Embedding, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let texts = cl100k::texts(&embedding.input)?;
    if texts.len() > MAX_TEXTS {
        let message = format!("{} takes at most {MAX_TEXTS} texts in one call, not {}", fit.target.name, texts.len());
        return Err(Fault { kind: FaultKind::Unsupported, ..Fault::invalid_param("input", message) });
    }
    let mut fields = Fields::default();
    let mut task = embedding.input_type.clone();
    fields.opt_num("output_dimension", embedding.dimensions);
    for (name, raw) in &embedding.extras {
        match name.as_str() {
            "truncate" | "max_tokens" | "priority" => fields.raw(name, raw),
            "taskType" | "task_type" => {
                task = task.or_else(|| Doc::parse(raw.get().as_bytes()).ok()?.root().as_string());
            }
            hint if turns::is_hint(hint, raw) => fit.hint(hint, &Some(())),
            other => fit.worse_without(other)?,
        }
    }
    fit.hint("user", &embedding.user);
    let task = task.as_deref().unwrap_or(USUAL_TASK);
    let own = TASKS.iter().find(|(other, _)| *other == task).map_or(task, |(_, own)| own);
    Ok(Writer::document(|w| {
        w.str_field("model", fit.target.model);
        w.str_field("input_type", own);
        w.key("texts").array(|w| texts.iter().for_each(|text| w.string(text)));
        w.key("embedding_types").array(|w| w.string("float"));
        fields.write_into(w);
    }))
}

/// Decodes vectors: by type, or in the list that was the answer before there were types.
pub(super) fn read(root: Json) -> Result<Embeddings, Fault> {
    let found = root.get_some("embeddings").and_then(|found| match found.kind() {
        Kind::Object => found.get_some("float"),
        _ => Some(found),
    });
    let found = found.filter(|found| found.kind() == Kind::Array);
    let found = found.ok_or_else(|| upstream::malformed("the provider's answer has no embeddings"))?;
    Ok(Embeddings {
        vectors: found.items().map(upstream::vector).collect::<Result<_, _>>()?,
        usage: root.get_some("meta").map(usage::read).unwrap_or_default(),
        ..Embeddings::default()
    })
}
