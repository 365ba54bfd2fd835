//! Embeddings: `batchEmbedContents` with one request per text; on Vertex AI `predict` with one instance per text, and
//! `embedContent` with the only one (wire.md 4.6).

use bytes::BytesMut;
use types::{Embedding, Embeddings, Fault, Raw, Usage};

use super::request::resource_name;
use crate::json::{Json, Writer};
use crate::{Fit, VectorForm, cl100k, turns, upstream};

/// What vectors are for, in the common words and in Google's.
const TASKS: [(&str, &str); 4] = [
    ("search_query", "RETRIEVAL_QUERY"),
    ("search_document", "RETRIEVAL_DOCUMENT"),
    ("classification", "CLASSIFICATION"),
    ("clustering", "CLUSTERING"),
];

/// Encodes a request for embedding vectors.
pub(super) fn write(embedding: &Embedding, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let texts = cl100k::texts(&embedding.input)?;
    let asked = Asked::of(embedding, fit)?;
    match fit.target.quirks.vectors {
        VectorForm::Batch => Ok(asked.batch(&texts, &resource_name(fit.target.model))),
        VectorForm::Predict => Ok(asked.instances(&texts)),
        VectorForm::Single => match &texts[..] {
            [text] => Ok(asked.single(text)),
            _ => fit.refuse("input", "more than one text at a time"),
        },
    }
}

/// What is asked for with every text.
#[derive(Default)]
struct Asked<'a> {
    task: Option<String>,
    title: Option<&'a Raw>,
    truncate: Option<&'a Raw>,
    dimensions: Option<u64>,
}

impl<'a> Asked<'a> {
    fn of(embedding: &'a Embedding, fit: &mut Fit) -> Result<Self, Fault> {
        let task = embedding.input_type.as_ref().map(|word| {
            let known = TASKS.iter().find(|(common, _)| common == word);
            crate::json::string(known.map_or(word.as_str(), |(_, google)| google))
        });
        let mut asked = Asked { task, dimensions: embedding.dimensions, ..Asked::default() };
        for (name, raw) in &embedding.extras {
            match name.as_str() {
                "taskType" | "task_type" => {
                    asked.task.get_or_insert_with(|| raw.get().to_owned());
                }
                "title" => asked.title = Some(raw),
                "autoTruncate" | "auto_truncate" if fit.target.quirks.vectors != VectorForm::Batch => {
                    asked.truncate = Some(raw);
                }
                hint if turns::is_hint(hint, raw) => fit.hint(hint, &Some(())),
                other => fit.worse_without(other)?,
            }
        }
        fit.hint("user", &embedding.user);
        Ok(asked)
    }

    /// The fields in the words that the API spells like this.
    fn write(&self, task: &str, w: &mut Writer) {
        if let Some(word) = &self.task {
            w.key(task).json(word);
        }
        if let Some(title) = self.title {
            w.key("title").raw(title);
        }
    }

    fn write_parameters(&self, w: &mut Writer) {
        w.opt_num("outputDimensionality", self.dimensions);
        if let Some(truncate) = self.truncate {
            w.key("autoTruncate").raw(truncate);
        }
    }

    fn batch(&self, texts: &[String], model: &str) -> BytesMut {
        Writer::document(|w| {
            w.key("requests").array(|w| {
                for text in texts {
                    w.object(|w| {
                        w.str_field("model", model);
                        content(text, w);
                        self.write("taskType", w);
                        self.write_parameters(w);
                    });
                }
            });
        })
    }

    fn instances(&self, texts: &[String]) -> BytesMut {
        Writer::document(|w| {
            w.key("instances").array(|w| {
                for text in texts {
                    w.object(|w| {
                        w.str_field("content", text);
                        self.write("task_type", w);
                    });
                }
            });
            if self.dimensions.is_some() || self.truncate.is_some() {
                w.key("parameters").object(|w| self.write_parameters(w));
            }
        })
    }

    fn single(&self, text: &str) -> BytesMut {
        Writer::document(|w| {
            content(text, w);
            if self.task.is_some() || self.title.is_some() || self.dimensions.is_some() || self.truncate.is_some() {
                w.key("embedContentConfig").object(|w| {
                    self.write("taskType", w);
                    self.write_parameters(w);
                });
            }
        })
    }
}

fn content(text: &str, w: &mut Writer) {
    w.key("content").object(|w| {
        w.key("parts").array(|w| w.object(|w| w.str_field("text", text)));
    });
}

/// Decodes embedding vectors, whichever way they were asked for. The API does not name the model, and not all versions
/// count tokens.
pub(super) fn read(root: Json) -> Result<Embeddings, Fault> {
    let values = |item: Json| match item.get("values") {
        Some(values) => upstream::vector(values),
        None => Err(upstream::malformed("the provider sent an embedding without values")),
    };
    let usage = |input| Usage { input, ..Usage::default() };
    if let Some(list) = root.get_some("predictions") {
        let mut tokens = Some(0u64);
        let mut vectors = Vec::new();
        for item in list.items() {
            let found = item.get_some("embeddings");
            let found = found.ok_or_else(|| upstream::malformed("the provider sent an embedding without values"))?;
            vectors.push(values(found)?);
            let counted = found.get_some("statistics").and_then(|counts| upstream::count(counts.get("token_count")));
            tokens = tokens.zip(counted).map(|(sum, more)| sum.saturating_add(more));
        }
        return Ok(Embeddings { model: String::new(), vectors, usage: usage(tokens) });
    }
    let input = root.get("usageMetadata").and_then(|usage| upstream::count(usage.get("promptTokenCount")));
    if let Some(only) = root.get_some("embedding") {
        return Ok(Embeddings { model: String::new(), vectors: vec![values(only)?], usage: usage(input) });
    }
    let Some(list) = root.get_some("embeddings") else {
        return Err(upstream::malformed("the provider's answer has no embeddings"));
    };
    let vectors = list.items().map(values).collect::<Result<_, _>>()?;
    Ok(Embeddings { model: String::new(), vectors, usage: usage(input) })
}
