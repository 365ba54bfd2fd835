//! Log probabilities: every piece of text is a token of the same probability, and its alternatives are the
//! piece with a mark, each less probable than the one before.

use serde_json::{Value, json};

/// Log probability of every token.
pub(super) const CHOSEN: f64 = -0.125;

/// Most tokens of one answer that get their probabilities in one piece of JSON.
pub(super) const MOST: usize = 10_000;

/// The token and `top - 1` alternatives, most probable first.
pub(super) fn candidates(piece: &str, top: usize) -> impl Iterator<Item = (String, f64)> + '_ {
    let mark = move |rank: usize| {
        if rank == 0 { piece.to_owned() } else { format!("{piece}~{rank}") }
    };
    (0..top).map(move |rank| (mark(rank), CHOSEN - rank as f64))
}

/// One token's entry as OpenAI and Ollama write it.
pub(super) fn entry(piece: &str, top: usize) -> Value {
    let one = |token: String, logprob: f64| json!({ "token": token, "logprob": logprob, "bytes": token.as_bytes() });
    let mut entry = one(piece.to_owned(), CHOSEN);
    entry["top_logprobs"] = candidates(piece, top).map(|(token, logprob)| one(token, logprob)).collect();
    entry
}
