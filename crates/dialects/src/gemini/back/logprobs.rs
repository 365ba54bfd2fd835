//! Gemini's `logprobsResult` in OpenAI's shape.

use types::Raw;

use crate::json::{Json, Writer};

/// `{"content":[...]}` with one entry per chosen token; `None` if there are none.
pub(super) fn read(candidate: Json) -> Option<Raw> {
    let result = candidate.get_some("logprobsResult")?;
    let chosen = result.get_some("chosenCandidates")?;
    let mut tops = result.get_some("topCandidates").into_iter().flat_map(|tops| tops.items());
    let bytes = Writer::document(|w| {
        w.key("content").array(|w| {
            for token in chosen.items() {
                let top = tops.next().and_then(|top| top.get("candidates"));
                w.object(|w| {
                    entry(token, w);
                    w.key("top_logprobs").array(|w| {
                        for token in top.into_iter().flat_map(|top| top.items()) {
                            w.object(|w| entry(token, w));
                        }
                    });
                });
            }
        });
    });
    Some(Raw::new(String::from_utf8_lossy(&bytes)))
}

fn entry(token: Json, w: &mut Writer) {
    let text = token.get("token").and_then(|text| text.as_str()).unwrap_or_default();
    // A certain token has probability 1 and logarithm 0, which the wire leaves out.
    let logprob = token.get("logProbability").filter(|number| number.as_f64().is_some());
    w.str_field("token", &text);
    w.key("logprob").json(logprob.map_or("0", |number| number.raw()));
    w.key("bytes").array(|w| text.bytes().for_each(|byte| w.display(byte)));
}
