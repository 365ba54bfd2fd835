//! Cohere's log probabilities in OpenAI's shape: of each piece of text, which may be several tokens that only their ids
//! tell apart.

use types::Raw;

use crate::json::{Json, Kind, Writer};

/// `{"content":[...]}` with one entry per piece; `None` if there are none. A piece of several tokens is as probable as all
/// of them together.
pub(super) fn read(logprobs: Json) -> Option<Raw> {
    let list = match logprobs.kind() {
        Kind::Array => logprobs.items().collect(),
        _ => vec![logprobs],
    };
    let pieces: Vec<_> = list.into_iter().filter_map(|item| Some((item, sum(item)?))).collect();
    if pieces.is_empty() {
        return None;
    }
    let bytes = Writer::document(|w| {
        w.key("content").array(|w| {
            for (item, logprob) in &pieces {
                let text = item.get("text").and_then(|text| text.as_str()).unwrap_or_default();
                w.object(|w| {
                    w.str_field("token", &text);
                    w.num_field("logprob", logprob);
                    w.key("bytes").array(|w| text.bytes().for_each(|byte| w.display(byte)));
                    w.key("top_logprobs").array(|_| {});
                });
            }
        });
    });
    Some(Raw::new(String::from_utf8_lossy(&bytes)))
}

fn sum(item: Json) -> Option<f64> {
    let numbers = item.get_some("logprobs")?;
    let sum: f64 = numbers.items().filter_map(|number| number.as_f64()).sum();
    (numbers.items().next().is_some() && sum.is_finite()).then_some(sum)
}
