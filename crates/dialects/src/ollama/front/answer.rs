//! Whole answers.

use bytes::BytesMut;
use types::{Answer, Block, Embeddings, Operation, Response, ToolCall};

use super::line::{self, Said};
use crate::Stamp;
use crate::json::Writer;

/// Encodes an answer.
pub(super) fn write(operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
    match answer {
        Answer::Chat(response) => chat(operation, response, stamp),
        Answer::Embedding(embeddings) => vectors(embeddings, stamp),
        Answer::TokenCount(count) => Writer::document(|w| w.num_field("prompt_eval_count", *count)),
        // No request of this dialect leads here.
        _ => Writer::document(|_| {}),
    }
}

fn chat(operation: Operation, response: &Response, stamp: &Stamp) -> BytesMut {
    let choice = response.choices.first();
    let (mut text, mut thinking, mut calls) = (String::new(), String::new(), Vec::<ToolCall>::new());
    for block in choice.iter().flat_map(|choice| &choice.blocks) {
        match block {
            Block::Text(part) => text.push_str(&part.text),
            Block::Refusal(part) => text.push_str(part),
            Block::Thinking { text: part, .. } => thinking.push_str(part),
            Block::ToolCall(call) => calls.push(call.clone()),
            _ => {}
        }
    }
    let mut out = BytesMut::new();
    line::write(&mut out, |w| {
        line::begin(w, operation, stamp, &Said { text: &text, thinking: &thinking, calls: &calls, at: None });
        if let Some(logprobs) = choice.and_then(|choice| choice.logprobs.as_ref()) {
            line::logprobs(w, logprobs);
        }
        line::end(w, choice.map(|choice| choice.finish), stamp, None, &response.usage);
    });
    out
}

/// Vectors of `/api/embed`.
fn vectors(embeddings: &Embeddings, stamp: &Stamp) -> BytesMut {
    Writer::document(|w| {
        w.str_field("model", &stamp.model);
        w.key("embeddings").array(|w| embeddings.vectors.iter().for_each(|vector| numbers(w, vector)));
        w.opt_num("prompt_eval_count", embeddings.usage.input);
    })
}

/// The only vector of `/api/embeddings`.
pub(super) fn write_vector(answer: &Answer) -> BytesMut {
    let vector = match answer {
        Answer::Embedding(embeddings) => embeddings.vectors.first(),
        _ => None,
    };
    Writer::document(|w| numbers(w.key("embedding"), vector.map_or(&[], Vec::as_slice)))
}

/// JSON has no word for what is no number.
fn numbers(w: &mut Writer, vector: &[f32]) {
    w.array(|w| {
        vector.iter().for_each(|number| match number.is_finite() {
            true => w.display(number),
            false => w.null(),
        })
    });
}
