//! Whole answers, and what they share with the pieces of a stream.

use bytes::BytesMut;
use types::{Answer, Block, Embeddings, Finish, Operation, Raw, Response, Usage};

use super::parts;
use crate::Stamp;
use crate::json::{Doc, Json, Writer};

/// Encodes an answer.
pub(super) fn write(_: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
    match answer {
        Answer::Chat(response) => chat(response, stamp),
        Answer::Embedding(embeddings) => vectors(embeddings),
        Answer::TokenCount(count) => Writer::document(|w| w.num_field("totalTokens", *count)),
        // No request of this dialect leads here.
        _ => Writer::document(|_| {}),
    }
}

fn chat(response: &Response, stamp: &Stamp) -> BytesMut {
    Writer::document(|w| {
        w.key("candidates").array(|w| {
            for (index, choice) in response.choices.iter().enumerate() {
                let logprobs = choice.logprobs.as_ref();
                candidate(w, index as u32, &choice.blocks, Some(choice.finish), logprobs);
            }
        });
        tail(w, &response.usage, &response.id, &response.model, stamp);
    })
}

/// Writes one of the answers, or a piece of it.
pub(super) fn candidate(w: &mut Writer, index: u32, blocks: &[Block], finish: Option<Finish>, logprobs: Option<&Raw>) {
    w.object(|w| {
        w.key("content").object(|w| {
            w.key("parts").array(|w| blocks.iter().for_each(|block| parts::write(w, block)));
            w.str_field("role", "model");
        });
        w.opt_str("finishReason", finish.map(reason));
        w.num_field("index", index);
        if let Some(raw) = logprobs {
            write_logprobs(w, raw);
        }
    });
}

/// Writes what stands behind the answers.
pub(super) fn tail(w: &mut Writer, usage: &Usage, id: &str, model: &str, stamp: &Stamp) {
    if usage.total().is_some() {
        w.key("usageMetadata").object(|w| counts(w, usage));
    }
    w.str_field("modelVersion", if model.is_empty() { &stamp.model } else { model });
    w.str_field("responseId", if id.is_empty() { &stamp.id } else { id });
}

/// Thoughts are no part of what Google counts as the answer.
fn counts(w: &mut Writer, usage: &Usage) {
    w.opt_num("promptTokenCount", usage.input);
    w.opt_num("candidatesTokenCount", usage.output.map(|all| all.saturating_sub(usage.reasoning.unwrap_or(0))));
    w.opt_num("thoughtsTokenCount", usage.reasoning.filter(|count| *count > 0));
    w.opt_num("cachedContentTokenCount", usage.cache_read.filter(|count| *count > 0));
    w.opt_num("totalTokenCount", usage.total());
}

fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::ContentFilter => "SAFETY",
    }
}

/// Log probabilities, from OpenAI's list of tokens with their alternatives.
fn write_logprobs(w: &mut Writer, raw: &Raw) {
    let Ok(doc) = Doc::parse(raw.get().as_bytes()) else { return };
    let tokens: Vec<Json> = doc.root().get_some("content").into_iter().flat_map(|list| list.items()).collect();
    let one = |w: &mut Writer, token: Json| {
        w.object(|w| {
            w.str_field("token", &token.get("token").and_then(|text| text.as_string()).unwrap_or_default());
            if let Some(number) = token.get_some("logprob") {
                w.key("logProbability").json(number.raw());
            }
        });
    };
    w.key("logprobsResult").object(|w| {
        w.key("chosenCandidates").array(|w| tokens.iter().for_each(|token| one(w, *token)));
        w.key("topCandidates").array(|w| {
            for token in &tokens {
                let others = token.get_some("top_logprobs").into_iter().flat_map(|list| list.items());
                w.object(|w| w.key("candidates").array(|w| others.for_each(|other| one(w, other))));
            }
        });
    });
}

/// Vectors of `batchEmbedContents`.
fn vectors(embeddings: &Embeddings) -> BytesMut {
    Writer::document(|w| {
        w.key("embeddings").array(|w| embeddings.vectors.iter().for_each(|vector| w.object(|w| values(w, vector))));
    })
}

/// The only vector of `embedContent`.
pub(super) fn write_vector(answer: &Answer) -> BytesMut {
    let vector = match answer {
        Answer::Embedding(embeddings) => embeddings.vectors.first(),
        _ => None,
    };
    Writer::document(|w| w.key("embedding").object(|w| values(w, vector.map_or(&[], Vec::as_slice))))
}

fn values(w: &mut Writer, vector: &[f32]) {
    w.key("values").array(|w| {
        vector.iter().for_each(|number| match number.is_finite() {
            true => w.display(number),
            false => w.null(),
        })
    });
}
